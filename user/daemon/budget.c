// SPDX-License-Identifier: GPL-2.0-only
#include "daemon/budget.h"

#include "base/units.h"

#define SLOT_NS NSEC_PER_SEC
#define INTERVAL_MAX_NS (10 * NSEC_PER_SEC) /* coarser views are of little use */
#define MEAN_S 10.0			    /* of a rate */
#define VIEW_WEIGHT 0.25		    /* of the last view, among those that a mean is of */

/* Shares of the budget that a minute may cost, if things go on as they do. */
#define STAY 0.8
#define CHOOSE 0.7 /* where something is given up */
#define RETURN 0.6 /* where something comes back */
#define SOON 0.9   /* and any minute up to then, of which a part has passed */

#define PAUSE_NS NSEC_PER_SEC
#define TRIAL_NS NSEC_PER_SEC /* so long hooks are on trial, at its pauses */
#define TRIAL_PAUSE_NS (100 * NSEC_PER_MSEC)
#define TRIAL_S 0.4 /* how long hooks that cost far too much may run then */
#define AHEAD 2.0   /* pauses: what they bring comes before something is done about it */
#define REST_NS (20 * NSEC_PER_SEC) /* between two changes for the better */
#define HOLD_NS (30 * NSEC_PER_SEC) /* before hooks are tried again */
#define HOLD_MAX_NS (960 * NSEC_PER_SEC)
#define PROVED_NS (60 * NSEC_PER_SEC) /* hooks that stay for so long have come back */

const char *budget_level__name(enum budget_level level)
{
	static const char *const names[] = { [BUDGET_FULL] = "nothing is left out",
					     [BUDGET_SLOW] = "longer interval",
					     [BUDGET_NO_EXITS] = "exits off",
					     [BUDGET_NO_BLOCK] = "block off" };

	return names[level];
}

/* ns of CPU time that a minute may cost. */
static double limit(const struct budget *budget)
{
	return (double)budget->settings.mpct * (double)BUDGET_WINDOW_NS / 100000.0;
}

static unsigned int most_off(const struct budget *budget)
{
	return (unsigned int)budget->settings.exits + (unsigned int)budget->settings.block;
}

static bool has_exits(const struct budget *budget, const struct budget_choice *choice)
{
	return budget->settings.exits && choice->off < 1;
}

static bool has_block(const struct budget *budget, const struct budget_choice *choice)
{
	return budget->settings.block && choice->off < most_off(budget);
}

static uint64_t interval_of(const struct budget *budget, const struct budget_choice *choice)
{
	return budget->settings.interval_ns << choice->shift;
}

static unsigned int most_shift(const struct budget *budget)
{
	unsigned int shift = 0;

	while (budget->settings.interval_ns << (shift + 1) <= INTERVAL_MAX_NS)
		shift++;
	return shift;
}

/* ns per s if this was done, as far as it is known. */
static double cost_of(const struct budget *budget, const struct budget_choice *choice)
{
	double views = (double)NSEC_PER_SEC / (double)interval_of(budget, choice);

	return budget->switches.value + budget->other.value + budget->view_ns * views +
	       (has_exits(budget, choice) ? budget->exits.value : 0) +
	       (has_block(budget, choice) ? budget->block.value : 0);
}

static const struct budget_slot *slot_at(const struct budget *budget, size_t place)
{
	return &budget->slots[(budget->first + place) % BUDGET_SLOTS];
}

/*
 * The most that any minute would cost, up to one that begins now, if so much was spent at once and
 * then so much per s. It is most right before a slot leaves the minute, of which a part counts as
 * the whole.
 */
static double foresee(const struct budget *budget, double at_once, double per_s)
{
	double window_s = (double)BUDGET_WINDOW_NS / (double)NSEC_PER_SEC;
	double most = at_once + per_s * window_s, later = 0;

	for (size_t i = budget->count; i-- > 0;) {
		const struct budget_slot *slot = slot_at(budget, i);
		double age_s = (double)(budget->last.time_ns - slot->end_ns) / (double)NSEC_PER_SEC;
		double cost;

		later += (double)slot->ns;
		cost = later + at_once + per_s * (window_s - age_s);
		if (cost > most)
			most = cost;
	}
	return most;
}

/* Whether a minute of it costs no more than this share, and none until then much more. */
static bool fits(const struct budget *budget, const struct budget_choice *choice, double share)
{
	double per_s = cost_of(budget, choice);
	double minute = per_s * (double)BUDGET_WINDOW_NS / (double)NSEC_PER_SEC;

	return minute <= share * limit(budget) && foresee(budget, 0, per_s) <= SOON * limit(budget);
}

static bool is_same(const struct budget_choice *a, const struct budget_choice *b)
{
	return a->off == b->off && a->shift == b->shift;
}

static struct budget_choice cheapest(const struct budget *budget)
{
	return (struct budget_choice){ most_off(budget), most_shift(budget) };
}

/* The next one in the order of giving up; false: there is none. */
static bool next_choice(const struct budget *budget, struct budget_choice *choice)
{
	if (choice->shift < most_shift(budget)) {
		choice->shift++;
		return true;
	}
	if (choice->off == most_off(budget))
		return false;
	choice->off++;
	choice->shift = 0;
	return true;
}

static bool is_on_trial(const struct budget *budget)
{
	return budget->tried_ns && budget->last.time_ns - budget->tried_ns < TRIAL_NS;
}

/*
 * Whether all can go on: also if it has become worse just now, and gets cheaper only then. Of hooks
 * on trial little is known yet.
 */
static bool can_stay(const struct budget *budget, double last_per_s)
{
	const struct budget_choice least = cheapest(budget);
	double ahead_s = AHEAD * (double)budget__pause(budget) / (double)NSEC_PER_SEC;

	return foresee(budget, ahead_s * last_per_s, cost_of(budget, &least)) <= limit(budget) &&
	       (is_on_trial(budget) || fits(budget, &budget->choice, STAY));
}

/* Gives up as little as is enough, or all; in that case an attempt has failed. */
static void give_up(struct budget *budget)
{
	bool more;

	if (budget->tried_ns) {
		budget->hold_ns =
			budget->hold_ns < HOLD_MAX_NS / 2 ? 2 * budget->hold_ns : HOLD_MAX_NS;
		budget->tried_ns = 0;
	}
	do
		more = next_choice(budget, &budget->choice);
	while (more && !fits(budget, &budget->choice, CHOOSE));
}

/* Hooks that were given up, if a trial can be paid for by what they cost then; or after long. */
static bool try_hooks(struct budget *budget)
{
	const struct budget_choice before = budget->choice;
	struct budget_choice with = before;
	double cost = cost_of(budget, &before);
	uint64_t since_ns = budget->last.time_ns - budget->changed_ns;

	if (!before.off || since_ns < budget->hold_ns)
		return false;
	with.off--;
	if (since_ns < HOLD_MAX_NS &&
	    foresee(budget, TRIAL_S * (cost_of(budget, &with) - cost), cost) > SOON * limit(budget))
		return false;
	budget->choice = with;
	budget->tried_ns = budget->last.time_ns;
	/* What they cost is seen anew. */
	if (has_exits(budget, &before) != has_exits(budget, &with))
		budget->exits.seconds = 0;
	else
		budget->block.seconds = 0;
	return true;
}

static bool shorten_interval(struct budget *budget)
{
	struct budget_choice choice = budget->choice;

	if (!choice.shift || budget->last.time_ns - budget->changed_ns < REST_NS)
		return false;
	choice.shift--;
	if (!fits(budget, &choice, RETURN))
		return false;
	budget->choice = choice;
	return true;
}

static void choose(struct budget *budget, double last_per_s)
{
	if (budget->tried_ns && budget->last.time_ns - budget->tried_ns >= PROVED_NS) {
		budget->tried_ns = 0;
		budget->hold_ns = HOLD_NS;
	}
	if (!can_stay(budget, last_per_s))
		give_up(budget);
	else if (!try_hooks(budget))
		shorten_interval(budget);
	budget->held = foresee(budget, 0, cost_of(budget, &budget->choice)) <= limit(budget);
}

/* All since it was seen first; later on, the older a value is, the less it counts. */
static void update_rate(struct budget_rate *rate, uint64_t ns, double seconds)
{
	double value = (double)ns / seconds;

	if (rate->seconds <= 0)
		rate->value = value;
	rate->seconds += seconds;
	rate->value += (value - rate->value) * seconds / rate->seconds;
	if (rate->seconds > MEAN_S)
		rate->seconds = MEAN_S;
}

static void update_rates(struct budget *budget, const struct budget_sample *sample)
{
	const struct budget_sample *last = &budget->last;
	double seconds = (double)(sample->time_ns - last->time_ns) / (double)NSEC_PER_SEC;
	uint64_t views = sample->views - last->views;
	double view_ns;

	update_rate(&budget->switches, sample->switches_ns - last->switches_ns, seconds);
	update_rate(&budget->other, sample->other_ns - last->other_ns, seconds);
	/* Of hooks that are not there, it stays what they cost when they were. */
	if (budget__allows_exits(budget))
		update_rate(&budget->exits, sample->exits_ns - last->exits_ns, seconds);
	if (budget__allows_block(budget))
		update_rate(&budget->block, sample->block_ns - last->block_ns, seconds);
	if (!views)
		return;
	view_ns = (double)(sample->views_ns - last->views_ns) / (double)views;
	budget->view_ns = budget->view_ns > 0
				  ? budget->view_ns + (view_ns - budget->view_ns) * VIEW_WEIGHT
				  : view_ns;
}

static uint64_t spent(const struct budget_sample *sample)
{
	return sample->views_ns + sample->changes_ns + sample->other_ns + sample->switches_ns +
	       sample->exits_ns + sample->block_ns;
}

static void forget_old(struct budget *budget, uint64_t now_ns)
{
	while (budget->count && now_ns - slot_at(budget, 0)->end_ns >= BUDGET_WINDOW_NS) {
		budget->first = (budget->first + 1) % BUDGET_SLOTS;
		budget->count--;
	}
}

/* Samples that come faster share a slot: any two slots take more than SLOT_NS, so all have room. */
static void keep(struct budget *budget, uint64_t now_ns, uint64_t ns)
{
	struct budget_slot *newest = NULL;

	if (budget->count)
		newest = &budget->slots[(budget->first + budget->count - 1) % BUDGET_SLOTS];
	if (newest && (now_ns - newest->begin_ns <= SLOT_NS || budget->count == BUDGET_SLOTS)) {
		newest->ns += ns;
		newest->end_ns = now_ns;
		return;
	}
	newest = &budget->slots[(budget->first + budget->count++) % BUDGET_SLOTS];
	*newest = (struct budget_slot){ budget->last.time_ns, now_ns, ns };
}

void budget__init(struct budget *budget, const struct budget_settings *settings,
		  const struct budget_sample *sample)
{
	*budget = (struct budget){ .settings = *settings,
				   .held = true,
				   .last = *sample,
				   .changed_ns = sample->time_ns,
				   .hold_ns = HOLD_NS };
}

void budget__set(struct budget *budget, const struct budget_settings *settings)
{
	const struct budget_settings before = budget->settings;
	bool exits_off = before.exits && !has_exits(budget, &budget->choice);
	bool block_off = before.block && !has_block(budget, &budget->choice);

	budget->settings = *settings;
	budget->choice.off = settings->exits && exits_off;
	if (settings->block && block_off)
		budget->choice.off = most_off(budget);
	if (!before.exits)
		budget->exits = (struct budget_rate){ 0 };
	if (!before.block)
		budget->block = (struct budget_rate){ 0 };
	if (budget->choice.shift > most_shift(budget))
		budget->choice.shift = most_shift(budget);
}

bool budget__take(struct budget *budget, const struct budget_sample *sample)
{
	struct budget_choice before = budget->choice;
	uint64_t ns = spent(sample) - spent(&budget->last);
	double seconds = (double)(sample->time_ns - budget->last.time_ns) / (double)NSEC_PER_SEC;

	if (sample->time_ns <= budget->last.time_ns)
		return false;
	update_rates(budget, sample);
	forget_old(budget, sample->time_ns);
	keep(budget, sample->time_ns, ns);
	budget->last = *sample;
	choose(budget, (double)ns / seconds);
	if (is_same(&before, &budget->choice))
		return false;
	budget->changed_ns = sample->time_ns;
	return true;
}

uint64_t budget__pause(const struct budget *budget)
{
	return is_on_trial(budget) ? TRIAL_PAUSE_NS : PAUSE_NS;
}

enum budget_level budget__level(const struct budget *budget)
{
	if (!budget->choice.off)
		return budget->choice.shift ? BUDGET_SLOW : BUDGET_FULL;
	return has_block(budget, &budget->choice) || !budget->settings.block ? BUDGET_NO_EXITS
									     : BUDGET_NO_BLOCK;
}

uint64_t budget__interval(const struct budget *budget)
{
	return interval_of(budget, &budget->choice);
}

bool budget__allows_exits(const struct budget *budget)
{
	return has_exits(budget, &budget->choice);
}

bool budget__allows_block(const struct budget *budget)
{
	return has_block(budget, &budget->choice);
}

uint64_t budget__used_mpct(const struct budget *budget)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < budget->count; i++)
		ns += slot_at(budget, i)->ns;
	return ns * 100000 / BUDGET_WINDOW_NS;
}
