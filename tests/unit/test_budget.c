// SPDX-License-Identifier: GPL-2.0-only
/* kvmqd's budget on hosts that are made up: user/daemon/budget.c. */
#include "unit.h"

#include "daemon/budget.h"

#define SEC 1000000000ULL
#define MS 1e6 /* ns per s: 0.1 % of a CPU */
#define BEGIN_NS (5000 * SEC)
#define SECONDS_MAX 3600
#define STEPS_MAX (2 * SECONDS_MAX)

/* What a host costs at a second, in ns per s, if it is looked at. */
struct load {
	double switches, exits, block, other;
	double view_ns; /* of each view */
};

struct host {
	struct load (*load)(unsigned int second);
	struct budget_settings settings;
	struct budget budget;
	struct budget_sample sample;
	uint64_t next_view_ns;
	size_t steps; /* between samples */
	double spent[STEPS_MAX];
	uint64_t begin_ns[STEPS_MAX];
	unsigned int second;
	enum budget_level level[SECONDS_MAX]; /* at the end of each second */
	uint64_t interval[SECONDS_MAX];
	double worst_minute; /* ns */
};

static const struct budget_settings usual = {
	.mpct = 1000, .interval_ns = SEC, .exits = true, .block = true
};

static double limit(const struct host *host)
{
	return (double)host->settings.mpct * 600000.0;
}

static struct host *begin(struct load (*load)(unsigned int second),
			  const struct budget_settings *settings)
{
	struct host *host = calloc(1, sizeof(*host));

	assert_non_null(host);
	host->load = load;
	host->settings = *settings;
	host->sample.time_ns = BEGIN_NS;
	host->next_view_ns = BEGIN_NS + settings->interval_ns;
	budget__init(&host->budget, settings, &host->sample);
	return host;
}

static double total(const struct budget_sample *sample)
{
	return (double)(sample->views_ns + sample->other_ns + sample->switches_ns +
			sample->exits_ns + sample->block_ns);
}

/* Each minute that ends with a step. */
static void look_at_minute(struct host *host)
{
	double sum = 0;

	for (size_t i = host->steps;
	     i-- > 0 && host->sample.time_ns - host->begin_ns[i] <= BUDGET_WINDOW_NS;)
		sum += host->spent[i];
	if (sum > host->worst_minute)
		host->worst_minute = sum;
}

static void pass_step(struct host *host, uint64_t ns)
{
	struct load load = host->load(host->second);
	struct budget_sample *sample = &host->sample;
	double before = total(sample), share = (double)ns / (double)SEC;

	assert_true(host->steps < STEPS_MAX);
	host->begin_ns[host->steps] = sample->time_ns;
	sample->time_ns += ns;
	sample->switches_ns += (uint64_t)(load.switches * share);
	sample->other_ns += (uint64_t)(load.other * share);
	if (budget__allows_exits(&host->budget))
		sample->exits_ns += (uint64_t)(load.exits * share);
	if (budget__allows_block(&host->budget))
		sample->block_ns += (uint64_t)(load.block * share);
	while (sample->time_ns >= host->next_view_ns) {
		sample->views++;
		sample->views_ns += (uint64_t)load.view_ns;
		host->next_view_ns += budget__interval(&host->budget);
	}
	host->spent[host->steps++] = total(sample) - before;
	look_at_minute(host);
	if (budget__take(&host->budget, sample))
		host->next_view_ns = sample->time_ns + budget__interval(&host->budget);
}

/* With samples as they are wanted. */
static void pass_second(struct host *host)
{
	uint64_t end_ns = BEGIN_NS + (host->second + 1) * SEC;

	while (host->sample.time_ns < end_ns)
		pass_step(host, budget__pause(&host->budget));
	host->level[host->second] = budget__level(&host->budget);
	host->interval[host->second] = budget__interval(&host->budget);
	host->second++;
}

static void run(struct host *host, unsigned int seconds)
{
	assert_true(host->second + seconds <= SECONDS_MAX);
	while (seconds--)
		pass_second(host);
	if (host->worst_minute > limit(host))
		fail_msg("a minute cost %.1f ms of %.1f ms", host->worst_minute / 1e6,
			 limit(host) / 1e6);
}

/* The first second from since on that this holds in; fails if it is later than the last. */
static unsigned int when(const struct host *host, enum budget_level level, unsigned int since,
			 unsigned int last)
{
	unsigned int second = since;

	while (second < host->second && host->level[second] != level)
		second++;
	if (second > last || second >= host->second)
		fail_msg("'%s' not before second %u", budget_level__name(level), last);
	return second;
}

static unsigned int changes(const struct host *host, unsigned int since)
{
	unsigned int count = 0;

	for (unsigned int i = since + 1; i < host->second; i++)
		count += host->level[i] != host->level[i - 1] ||
			 host->interval[i] != host->interval[i - 1];
	return count;
}

static struct load idle(unsigned int second)
{
	(void)second;
	return (struct load){ .switches = 0.3 * MS, .other = 0.2 * MS, .view_ns = 2 * MS };
}

static void test_idle(void **state)
{
	struct host *host = begin(idle, &usual);

	(void)state;
	run(host, 600);
	assert_int_equal(changes(host, 0), 0);
	assert_int_equal(host->level[599], BUDGET_FULL);
	assert_true(host->budget.held);
	assert_int_equal(budget__used_mpct(&host->budget), 250);
	free(host);
}

/* 5 % of a CPU, for a minute. */
static struct load exit_storm(unsigned int second)
{
	struct load load = idle(second);

	load.exits = second >= 120 && second < 180 ? 50 * MS : 0.5 * MS;
	return load;
}

static void test_exit_storm(void **state)
{
	struct host *host = begin(exit_storm, &usual);

	(void)state;
	run(host, 900);
	when(host, BUDGET_NO_EXITS, 120, 125);
	for (unsigned int i = 0; i < 120; i++)
		assert_int_equal(host->level[i], BUDGET_FULL);
	/* It was tried meanwhile, and is back soon after it has ended, for good. */
	assert_int_equal(changes(host, when(host, BUDGET_FULL, 181, 330)), 0);
	assert_int_equal(host->level[899], BUDGET_FULL);
	assert_int_equal(host->interval[899], SEC);
	free(host);
}

/* Hardly more than the budget, or all of a CPU's tenth at once. */
static double storm_ms;
static unsigned int storm_begin;

static struct load any_storm(unsigned int second)
{
	struct load load = idle(second);

	load.exits = second >= storm_begin ? storm_ms * MS : 0;
	return load;
}

static void test_storms_of_any_size(void **state)
{
	(void)state;
	storm_ms = 1;
	for (int size = 0; size < 15; size++) {
		for (storm_begin = 0; storm_begin < 70; storm_begin += 23) {
			struct host *host = begin(any_storm, &usual);

			run(host, 1800);
			assert_true(host->budget.held);
			free(host);
		}
		storm_ms *= 1.5;
	}
}

/* A storm of 5 s each 20 s, and then of 100 s each 200 s: tried ever more rarely. */
static struct load storms(unsigned int second)
{
	struct load load = idle(second);
	bool storm = second < 1800 ? second % 20 < 5 : second % 200 < 100;

	load.exits = storm ? 60 * MS : 0.2 * MS;
	return load;
}

static void test_storms(void **state)
{
	struct host *host = begin(storms, &usual);

	(void)state;
	run(host, 3600);
	assert_true(changes(host, 0) < 80);
	free(host);
}

/* Guests that do ever more I/O: first the interval, then exits, then block. */
static struct load drift(unsigned int second)
{
	double share = second / 3600.0;

	return (struct load){ .switches = (0.3 + 2 * share) * MS,
			      .exits = 4 * share * MS,
			      .block = 8 * share * MS,
			      .other = 0.2 * MS,
			      .view_ns = (2 + 2 * share) * MS };
}

static void test_drift(void **state)
{
	struct host *host = begin(drift, &usual);
	unsigned int slow, no_exits;

	(void)state;
	run(host, 3600);
	slow = when(host, BUDGET_SLOW, 0, 3600);
	no_exits = when(host, BUDGET_NO_EXITS, 0, 3600);
	when(host, BUDGET_NO_BLOCK, 0, 3600);
	assert_true(slow < no_exits);
	assert_true(no_exits < when(host, BUDGET_NO_BLOCK, 0, 3600));
	assert_true(host->interval[slow] == 2 * SEC);
	free(host);
}

/* Many vCPUs: a view each second is too dear, by far or just so. */
static double view_ms;

static struct load many_vcpus(unsigned int second)
{
	(void)second;
	return (struct load){ .switches = 2 * MS, .other = 0.2 * MS, .view_ns = view_ms * MS };
}

static void test_dear_views(void **state)
{
	(void)state;
	view_ms = 6.5;
	for (int cost = 0; cost < 6; cost++) {
		struct host *host = begin(many_vcpus, &usual);

		run(host, 1200);
		assert_int_equal(host->level[1199], BUDGET_SLOW);
		assert_int_equal(host->interval[1199], 2 * SEC);
		assert_true(changes(host, 0) <= 3);
		free(host);
		view_ms += 0.5;
	}
}

/* Switches alone take more: all is given up that can be, and that it is not enough is said. */
static struct load switches(unsigned int second)
{
	struct load load = idle(second);

	load.switches = (second >= 100 && second < 400 ? 20 : 1) * MS;
	return load;
}

static void test_not_held(void **state)
{
	struct host *host = begin(switches, &usual);

	(void)state;
	while (host->second < 200)
		pass_second(host);
	assert_int_equal(host->level[199], BUDGET_NO_BLOCK);
	assert_int_equal(host->interval[199], 8 * SEC);
	assert_false(host->budget.held);
	assert_true(budget__used_mpct(&host->budget) > 1900);
	while (host->second < 1200)
		pass_second(host);
	assert_true(host->budget.held);
	assert_int_equal(host->level[1199], BUDGET_FULL);
	assert_int_equal(host->interval[1199], SEC);
	free(host);
}

/* A flood of those that ask for metrics costs the daemon itself. */
static struct load scrapes(unsigned int second)
{
	struct load load = idle(second);

	load.other = second >= 60 && second < 90 ? 6 * MS : 0.2 * MS;
	return load;
}

static void test_own_cost(void **state)
{
	struct host *host = begin(scrapes, &usual);

	(void)state;
	run(host, 600);
	assert_int_equal(host->level[599], BUDGET_FULL);
	free(host);
}

/* What is turned off by settings cannot be given up, and comes back as it was. */
static void test_settings(void **state)
{
	struct budget_settings settings = usual;
	struct host *host = begin(exit_storm, &settings);

	(void)state;
	run(host, 130);
	assert_int_equal(host->level[129], BUDGET_NO_EXITS);
	settings.exits = false;
	budget__set(&host->budget, &settings);
	assert_int_equal(budget__level(&host->budget), BUDGET_FULL);
	assert_true(budget__allows_block(&host->budget));
	settings.exits = true;
	settings.interval_ns = 5 * SEC;
	budget__set(&host->budget, &settings);
	assert_true(budget__allows_exits(&host->budget));
	assert_int_equal(budget__interval(&host->budget), 5 * SEC);
	run(host, 10);
	assert_int_equal(host->level[139], BUDGET_NO_EXITS);
	free(host);
}

static struct load block_storm(unsigned int second)
{
	struct load load = idle(second);

	load.block = second >= 60 ? 50 * MS : 0;
	return load;
}

/* With block alone there is one level less. */
static void test_block_alone(void **state)
{
	struct budget_settings settings = { .mpct = 1000, .interval_ns = SEC, .block = true };
	struct host *host = begin(block_storm, &settings);

	(void)state;
	run(host, 600);
	when(host, BUDGET_NO_BLOCK, 60, 65);
	for (unsigned int i = 0; i < host->second; i++)
		assert_int_not_equal(host->level[i], BUDGET_NO_EXITS);
	free(host);
}

/* Samples that come late, or four a second, are of the same minute. */
static void test_samples(void **state)
{
	struct budget_sample sample = { .time_ns = SEC };
	struct budget budget;

	(void)state;
	budget__init(&budget, &usual, &sample);
	for (int i = 0; i < 400; i++) {
		sample.time_ns += SEC / 4;
		sample.other_ns += (uint64_t)(0.25 * MS);
		budget__take(&budget, &sample);
	}
	assert_in_range(budget__used_mpct(&budget), 95, 102);
	sample.time_ns += 30 * SEC;
	sample.other_ns += (uint64_t)(30 * MS);
	budget__take(&budget, &sample);
	assert_in_range(budget__used_mpct(&budget), 95, 102);
	assert_false(budget__take(&budget, &sample));
	sample.time_ns += 300 * SEC;
	budget__take(&budget, &sample);
	assert_int_equal(budget__used_mpct(&budget), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_exit_storm),
		cmocka_unit_test(test_storms_of_any_size),
		cmocka_unit_test(test_storms),
		cmocka_unit_test(test_drift),
		cmocka_unit_test(test_dear_views),
		cmocka_unit_test(test_not_held),
		cmocka_unit_test(test_own_cost),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_block_alone),
		cmocka_unit_test(test_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
