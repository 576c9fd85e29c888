// SPDX-License-Identifier: GPL-2.0-only
#include "exits/exit_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/buckets.h"

uint64_t reason_figures__count(const struct reason_figures *figures)
{
	return figures->count[EXIT_KERNEL] + figures->count[EXIT_USER];
}

uint64_t reason_figures__handle(const struct reason_figures *figures)
{
	return figures->handle_ns[EXIT_KERNEL] + figures->handle_ns[EXIT_USER];
}

static void take_off(struct exit_figures *figures, uint64_t ns)
{
	figure__take_off(&figures->poll_ns, &ns);
	figure__take_off(&figures->kvm_ns, &ns);
	figure__take_off(&figures->guest_ns, &ns);
	figure__take_off(&figures->vmm_ns, &ns);
}

/*
 * What goes on when a snapshot is taken is shown as it is so far. In the end it may be less, when a
 * halt's polling is known. What was shown stays so, and is subtracted where it turns up again.
 */
static void add_growth(struct exit_figures *sum, const struct exit_figures *before,
		       const struct exit_figures *after)
{
	uint64_t shrunk = 0, ignored = 0;
	struct exit_figures growth = {
		.guest_ns = figure__grown(before->guest_ns, after->guest_ns, &shrunk),
		.kvm_ns = figure__grown(before->kvm_ns, after->kvm_ns, &shrunk),
		.vmm_ns = figure__grown(before->vmm_ns, after->vmm_ns, &shrunk),
		.poll_ns = figure__grown(before->poll_ns, after->poll_ns, &shrunk),
		.exits = figure__grown(before->exits, after->exits, &ignored),
	};

	take_off(&growth, shrunk);
	sum->guest_ns += growth.guest_ns;
	sum->kvm_ns += growth.kvm_ns;
	sum->vmm_ns += growth.vmm_ns;
	sum->poll_ns += growth.poll_ns;
	sum->exits += growth.exits;
}

static void add_reason_figures(struct reason_figures *sum, const struct reason_figures *figures)
{
	for (int part = 0; part < EXIT_PARTS; part++) {
		sum->count[part] += figures->count[part];
		sum->handle_ns[part] += figures->handle_ns[part];
		sum->block_ns[part] += figures->block_ns[part];
	}
	if (figures->max_ns > sum->max_ns)
		sum->max_ns = figures->max_ns;
}

/* Two moments whose lists are walked through together, once. */
struct walk {
	const struct exit_snapshot *before, *after;
	enum group_by by;
	size_t old_thread, old_reason, reason;
};

/* The longest handling of the interval: exact if it is the longest so far. */
static uint64_t interval_max(const struct reason_snapshot *before,
			     const struct reason_snapshot *after)
{
	const struct exit_hist *old = &before->hist, *new = &after->hist;

	if (after->figures.max_ns > before->figures.max_ns)
		return after->figures.max_ns;
	for (uint32_t bucket = HIST_BUCKETS; bucket-- > 0;)
		if (new->count[EXIT_KERNEL][bucket] != old->count[EXIT_KERNEL][bucket] ||
		    new->count[EXIT_USER][bucket] != old->count[EXIT_USER][bucket])
			return bucket_middle(bucket) < after->figures.max_ns
				       ? bucket_middle(bucket)
				       : after->figures.max_ns;
	return 0;
}

static void add_growth_of(struct reason_row *sum, const struct reason_snapshot *before,
			  const struct reason_snapshot *after)
{
	const struct reason_figures *old = &before->figures, *new = &after->figures;
	struct reason_figures growth = { .max_ns = 0 };

	for (int part = 0; part < EXIT_PARTS; part++) {
		growth.count[part] = new->count[part] - old->count[part];
		growth.handle_ns[part] = new->handle_ns[part] - old->handle_ns[part];
		growth.block_ns[part] = new->block_ns[part] - old->block_ns[part];
	}
	add_reason_figures(&sum->interval, &growth);
}

static void add_growth_of_hist(struct reason_row *restrict sum,
			       const struct reason_snapshot *before,
			       const struct reason_snapshot *after)
{
	uint64_t max_ns = interval_max(before, after);

	for (int part = 0; part < EXIT_PARTS; part++)
		for (uint32_t bucket = 0; bucket < HIST_BUCKETS; bucket++)
			sum->hist.count[part][bucket] +=
				after->hist.count[part][bucket] - before->hist.count[part][bucket];
	if (max_ns > sum->interval.max_ns)
		sum->interval.max_ns = max_ns;
}

static struct reason_row *find_reason(struct exit_rows *exit_rows, const struct exit_row *row,
				      uint32_t code)
{
	for (size_t next = row->first_reason; next;) {
		struct reason_row *reason = &exit_rows->reasons.list[next - 1];

		if (reason->code == code)
			return reason;
		next = reason->next;
	}
	return NULL;
}

static struct reason_row *add_reason(struct exit_rows *exit_rows, struct exit_row *row,
				     uint32_t code, enum exit_isa isa)
{
	struct reason_row *reason = list_add(&exit_rows->reasons);

	if (!reason)
		return NULL;
	reason->code = code;
	exit_reason__name(reason->name, isa, code);
	reason->next = row->first_reason;
	row->first_reason = exit_rows->reasons.count;
	return reason;
}

/*
 * Those of a row for one reason become one; where each vCPU has a row, idle ones are of no use.
 * Most are idle, and their distributions are not looked at.
 */
static int fold_reason(struct exit_rows *exit_rows, const struct rows *rows, size_t place,
		       const struct walk *walk, const struct reason_snapshot *before,
		       const struct reason_snapshot *after)
{
	static const struct reason_snapshot none;
	struct exit_row *row = &exit_rows->list[place];
	struct reason_row *reason = find_reason(exit_rows, row, after->code);
	bool idle = before && !memcmp(&before->figures, &after->figures, sizeof(before->figures));

	if (!reason && walk->by != BY_VM && idle)
		return 0;
	if (!reason)
		reason = add_reason(exit_rows, row, after->code, walk->after->isa);
	if (!reason)
		return -ENOMEM;
	reason->row = &rows->list[place];
	add_reason_figures(&reason->total, &after->figures);
	if (idle)
		return 0;
	add_growth_of(reason, before ? before : &none, after);
	if (!exit_rows->brief)
		add_growth_of_hist(reason, before ? before : &none, after);
	return 0;
}

static int add_reasons(struct exit_rows *exit_rows, const struct rows *rows, size_t place,
		       struct walk *walk, uint64_t thread)
{
	const struct exit_snapshot *after = walk->after;
	int error = 0;

	/* vCPUs without a row are skipped. */
	while (walk->reason < after->reasons.count &&
	       after->reasons.list[walk->reason].thread < thread)
		walk->reason++;
	for (; walk->reason < after->reasons.count && !error; walk->reason++) {
		const struct reason_snapshot *reason = &after->reasons.list[walk->reason], *old;

		if (reason->thread != thread)
			break;
		old = list_next(&walk->before->reasons, &walk->old_reason, reason, compare_reasons);
		error = fold_reason(exit_rows, rows, place, walk, old, reason);
	}
	return error;
}

static int add_thread(struct exit_rows *exit_rows, const struct rows *rows, size_t place,
		      struct walk *walk, const struct exit_thread *thread)
{
	static const struct exit_figures none;
	struct exit_row *row = &exit_rows->list[place];
	const struct exit_thread *old =
		list_next(&walk->before->threads, &walk->old_thread, &thread->id, compare_ids);

	add_growth(&row->interval, old ? &old->figures : &none, &thread->figures);
	add_growth(&row->total, &none, &thread->figures);
	row->known &= thread->known;
	row->poll_known &= thread->poll_known && thread->known;
	return add_reasons(exit_rows, rows, place, walk, thread->id);
}

/*
 * A wait that went on at the earlier moment may have been shorter than was shown. The difference
 * was on the CPU, and has been shown already, so the parts of the row get no more than it ran.
 */
static void settle(struct exit_row *row)
{
	const struct exit_figures *parts = &row->interval;
	uint64_t sum = parts->guest_ns + parts->kvm_ns + parts->vmm_ns + parts->poll_ns;

	if (sum > row->row.interval.run_ns)
		take_off(&row->interval, sum - row->row.interval.run_ns);
}

static int compare_handling(const void *left, const void *right)
{
	const struct reason_row *a = *(struct reason_row *const *)left;
	const struct reason_row *b = *(struct reason_row *const *)right;
	uint64_t mine = reason_figures__handle(&a->interval);
	uint64_t other = reason_figures__handle(&b->interval);

	if (mine != other)
		return mine > other ? -1 : 1;
	return a->code < b->code ? -1 : a->code > b->code;
}

/* Puts the largest handling time first, and tells each reason the total. */
static void order_reasons(struct exit_row *row)
{
	if (row->reason_count)
		qsort(row->reasons, row->reason_count, sizeof(*row->reasons), compare_handling);
	for (size_t i = 0; i < row->reason_count; i++) {
		row->reasons[i]->row_handled = row->handled;
		row->reasons[i]->row_handle_ns = row->handle_ns;
	}
}

/* Gives each row its own, of which some have happened. */
static int give_reasons(struct exit_rows *exit_rows)
{
	if (list_reserve(&exit_rows->order, exit_rows->reasons.count))
		return -ENOMEM;
	for (size_t i = 0; i < exit_rows->count; i++) {
		struct exit_row *row = &exit_rows->list[i];
		struct reason_row *reason;

		if (!row->first_reason)
			continue;
		row->reasons = exit_rows->order.list + exit_rows->order.count;
		for (size_t next = row->first_reason; next; next = reason->next) {
			reason = &exit_rows->reasons.list[next - 1];
			if (!reason_figures__count(&reason->interval))
				continue;
			row->reasons[row->reason_count++] = reason;
			row->handled += reason_figures__count(&reason->interval);
			row->handle_ns += reason_figures__handle(&reason->interval);
		}
		exit_rows->order.count += row->reason_count;
		order_reasons(row);
	}
	return 0;
}

/* Without figures. */
static int begin_rows(struct exit_rows *exit_rows, const struct rows *rows, bool known)
{
	list_clear(exit_rows);
	list_clear(&exit_rows->reasons);
	list_clear(&exit_rows->order);
	if (list_reserve(exit_rows, rows->count))
		return -ENOMEM;
	for (size_t i = 0; i < rows->count; i++)
		*list_add(exit_rows) = (struct exit_row){ .row = rows->list[i],
							  .known = known,
							  .poll_known = known };
	return 0;
}

int exit_rows__make(struct exit_rows *exit_rows, const struct rows *rows, enum group_by by,
		    const struct exit_snapshot *before, const struct exit_snapshot *after,
		    const struct snapshot *snapshot)
{
	struct walk walk = { .before = before, .after = after, .by = by };
	bool known = !after->silent && !*after->missing && before->since_ns == after->since_ns;
	size_t next = 0, row;
	int error = 0;

	if (begin_rows(exit_rows, rows, known) ||
	    row_keys__fill(&exit_rows->keys, rows, by, snapshot))
		return -ENOMEM;
	for (size_t i = 0; i < after->threads.count && !error; i++) {
		const struct exit_thread *thread = &after->threads.list[i];
		const struct thread_snapshot *from =
			list_next(&snapshot->threads, &next, &thread->id, compare_ids);

		if (from && row_keys__find(&exit_rows->keys, &from->identity, &row))
			error = add_thread(exit_rows, rows, row, &walk, thread);
	}
	for (size_t i = 0; i < exit_rows->count; i++)
		settle(&exit_rows->list[i]);
	return error ? error : give_reasons(exit_rows);
}

void exit_rows__free(struct exit_rows *exit_rows)
{
	list_free(exit_rows);
	list_free(&exit_rows->reasons);
	list_free(&exit_rows->order);
	row_keys__free(&exit_rows->keys);
}
