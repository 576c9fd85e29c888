// SPDX-License-Identifier: GPL-2.0-only
#include "sched/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/buckets.h"

#define BUSY_MPCT 95000 /* of the time, run and ready together, of one that never rests */

uint64_t share_mpct(uint64_t part, uint64_t whole)
{
	if (!whole)
		return 0;
	return (uint64_t)((double)part * 100000.0 / (double)whole + 0.5);
}

/*
 * A wait that goes on when a snapshot is taken is shown as ready time up to then. The kernel may
 * count it shorter in the end: a wake-up on an idle CPU as 0, since the run queue's clock is not
 * updated in between (rq_clock_skip_update), and a wait without its moves between run queues. What
 * was shown as ready stays so, and is subtracted where it turns up again.
 */
static void settle(struct figures *figures, uint64_t shrunk)
{
	figure__take_off(&figures->halt_ns, &shrunk);
	figure__take_off(&figures->block_ns, &shrunk);
	figure__take_off(&figures->throttled_ns, &shrunk);
	figure__take_off(&figures->ready_ns[CAUSE_PREEMPT], &shrunk);
	figure__take_off(&figures->ready_ns[CAUSE_WAKE], &shrunk);
	figure__take_off(&figures->run_ns, &shrunk);
}

/* This is most of what rows cost; restrict lets the compiler take several at once. */
static void add_growth_of_hist(struct wait_hist *restrict sum, const struct wait_hist *before,
			       const struct wait_hist *after)
{
	for (int cause = 0; cause < CAUSES; cause++)
		for (uint32_t bucket = 0; bucket < HIST_BUCKETS; bucket++)
			sum->count[cause][bucket] +=
				after->count[cause][bucket] - before->count[cause][bucket];
}

/* Whether an octave of buckets is the same: a compiler compares all of them at once. */
static bool is_equal(const struct wait_hist *before, const struct wait_hist *after, uint32_t first)
{
	for (int cause = 0; cause < CAUSES; cause++)
		if (memcmp(&before->count[cause][first], &after->count[cause][first],
			   HIST_SUB * sizeof(after->count[0][0])) != 0)
			return false;
	return true;
}

/* The highest bucket that has changed, or HIST_BUCKETS: none. */
static uint32_t highest_change(const struct wait_hist *before, const struct wait_hist *after)
{
	uint32_t end = HIST_BUCKETS;

	while (end && is_equal(before, after, end - HIST_SUB))
		end -= HIST_SUB;
	for (uint32_t bucket = end; bucket-- > 0;)
		for (int cause = 0; cause < CAUSES; cause++)
			if (before->count[cause][bucket] != after->count[cause][bucket])
				return bucket;
	return HIST_BUCKETS;
}

/* The longest wait of the interval, from the counters and the histogram. */
static uint64_t interval_max(const struct thread_snapshot *before,
			     const struct thread_snapshot *after)
{
	uint32_t bucket;
	uint64_t ns;

	if (!before || after->figures.max_ns > before->figures.max_ns)
		return after->figures.max_ns;
	bucket = highest_change(&before->hist, &after->hist);
	ns = bucket < HIST_BUCKETS ? bucket_middle(bucket) : 0;
	if (bucket == HIST_BUCKETS || ns < after->waiting_ns)
		return after->waiting_ns;
	return ns < after->figures.max_ns ? ns : after->figures.max_ns;
}

static void subtract(struct row *row, const struct thread_snapshot *before,
		     const struct thread_snapshot *after)
{
	static const struct figures zero;
	const struct figures *old = before ? &before->figures : &zero;
	const struct figures *new = &after->figures;
	struct figures *result = &row->interval;
	uint64_t shrunk = 0, ignored = 0;

	row->total = *new;
	result->elapsed_ns = figure__grown(old->elapsed_ns, new->elapsed_ns, &ignored);
	result->run_ns = figure__grown(old->run_ns, new->run_ns, &shrunk);
	result->halt_ns = figure__grown(old->halt_ns, new->halt_ns, &shrunk);
	result->block_ns = figure__grown(old->block_ns, new->block_ns, &shrunk);
	for (int cause = 0; cause < CAUSES; cause++) {
		result->ready_ns[cause] =
			figure__grown(old->ready_ns[cause], new->ready_ns[cause], &shrunk);
		result->waits[cause] =
			figure__grown(old->waits[cause], new->waits[cause], &ignored);
	}
	result->throttled_ns = figure__grown(old->throttled_ns, new->throttled_ns, &shrunk);
	result->ended_ns = figure__grown(old->ended_ns, new->ended_ns, &ignored);
	settle(result, shrunk);
}

static void add_row(struct row *sum, const struct row *row)
{
	figures__add(&sum->interval, &row->interval);
	figures__add(&sum->total, &row->total);
	sum->vcpus += row->vcpus;
	if (row->worst_ready_mpct > sum->worst_ready_mpct) {
		sum->worst_ready_mpct = row->worst_ready_mpct;
		sum->worst_vcpu = row->worst_vcpu;
		sum->cpu = row->cpu;
	}
}

static void fill_row(struct row *row, const struct thread_snapshot *before,
		     const struct thread_snapshot *after, const struct vm *vm)
{
	row->vm = vm;
	row->identity = after->identity;
	row->cpu = after->cpu;
	row->vcpus = after->identity.is_vcpu;
	row->worst_vcpu = after->identity.vcpu;
	subtract(row, before, after);
	row->worst_ready_mpct =
		share_mpct(figures__ready(&row->interval), row->interval.elapsed_ns);
}

/* Gives each row the sums of its VM; rows of one VM are adjacent. */
static void share_vm_sums(struct rows *rows)
{
	size_t begin, end;

	for (begin = 0; begin < rows->count; begin = end) {
		uint64_t ready_ns = 0;
		uint32_t vcpus = 0;

		for (end = begin; end < rows->count && rows->list[end].vm == rows->list[begin].vm;
		     end++) {
			if (rows->list[end].vcpus)
				ready_ns += figures__ready(&rows->list[end].interval);
			vcpus += rows->list[end].vcpus;
		}
		for (size_t i = begin; i < end; i++) {
			rows->list[i].vm_ready_ns = ready_ns;
			rows->list[i].vm_vcpus = vcpus;
		}
	}
}

/* Whether a vCPU wanted to run for practically all of the interval. */
static bool never_rested(const struct row *row)
{
	const struct figures *figures = &row->interval;

	return row->vcpus && figures->elapsed_ns &&
	       share_mpct(figures->run_ns + figures__ready(figures), figures->elapsed_ns) >=
		       BUSY_MPCT;
}

/* How far apart the siblings of one VM are that never rested. */
static void find_lag(struct row *sum, const struct row *rows, size_t count)
{
	uint64_t least = UINT64_MAX, most = 0, busy = 0;

	for (const struct row *row = rows; row < rows + count; row++) {
		if (!never_rested(row))
			continue;
		busy++;
		least = row->interval.run_ns < least ? row->interval.run_ns : least;
		most = row->interval.run_ns > most ? row->interval.run_ns : most;
	}
	sum->lag_known = busy > 1;
	sum->lag_ns = sum->lag_known ? most - least : 0;
}

static void find_overlap(struct row *row, const struct snapshot *before,
			 const struct snapshot *after)
{
	static const struct overlap zero;
	const struct overlap *old = snapshot__overlap(before, row->vm->pid);

	row->overlap = snapshot__overlap(after, row->vm->pid);
	row->overlap_before = old ? old : &zero;
	row->wall_ns = after->time_ns - before->time_ns;
}

/* Adds the rows of each VM up, which share its distribution. sums may be the same rows. */
static void add_vms(struct rows *sums, const struct rows *rows, const struct snapshot *before,
		    const struct snapshot *after)
{
	size_t count = rows->count, begin, end;

	sums->count = 0;
	for (begin = 0; begin < count; begin = end) {
		const struct row *first = &rows->list[begin];
		struct row sum = *first;

		for (end = begin + 1; end < count && rows->list[end].vm == first->vm; end++)
			;
		find_lag(&sum, first, end - begin);
		for (size_t i = begin + 1; i < end; i++)
			add_row(&sum, &rows->list[i]);
		sum.identity.tid = 0; /* a sum is no thread */
		figures__add(&sum.total, &sum.vm->exited);
		find_overlap(&sum, before, after);
		sums->list[sums->count++] = sum;
	}
}

/*
 * Whether the books of a thread began anew after before was read: a switch was not seen
 * (losses.missed), and what was known of the thread until then is useless.
 */
static bool begun_anew(const struct thread_snapshot *before, const struct thread_snapshot *after)
{
	return after->read_rq > before->read_rq + after->figures.elapsed_ns;
}

/* What a row is made of. */
struct row_place {
	const struct thread_snapshot *thread, *old;
	const struct vm *vm;
	uint64_t order; /* of places, but for the TID */
};

/* False: a thread has no row. last: the VM of the one before, or NULL. */
static bool find_place(struct row_place *place, const struct snapshot *before,
		       const struct snapshot *after, const struct vm *last)
{
	const struct thread_snapshot *old = place->old, *thread = place->thread;

	place->vm = snapshot__vm_again(after, &thread->identity, last);
	if (!place->vm || (!old && thread__is_older(thread, before->time_ns, after->end_ns)))
		return false;
	if (old && begun_anew(old, thread))
		place->old = NULL;
	return true;
}

static void make_row(struct row *row, const struct row_place *place)
{
	*row = (struct row){ .throttling_known = place->thread->throttling_known };
	fill_row(row, place->old, place->thread, place->vm);
}

bool row__make(struct row *row, const struct snapshot *before, const struct snapshot *after,
	       const struct thread_snapshot *old, const struct thread_snapshot *thread)
{
	struct row_place place = { .thread = thread, .old = old };

	if (!find_place(&place, before, after, NULL))
		return false;
	make_row(row, &place);
	row->interval.max_ns = interval_max(place.old, thread);
	return true;
}

static int compare_names(const void *left, const void *right, void *vms)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	int names = strcmp(((const struct vm *)vms)[a].name, ((const struct vm *)vms)[b].name);

	return names ? names : a < b ? -1 : a > b;
}

/* Where each VM is in the order of names: behind their list in that order. NULL: no memory. */
static const uint32_t *order_vms(struct rows *rows, const struct snapshot *after)
{
	uint32_t count = (uint32_t)after->vms.count, *order, *places;

	if (list_reserve(&rows->vms, 2 * (size_t)count + 1))
		return NULL;
	order = rows->vms.list;
	places = order + count;
	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	if (count)
		qsort_r(order, count, sizeof(*order), compare_names, after->vms.list);
	for (uint32_t i = 0; i < count; i++)
		places[order[i]] = i;
	return places;
}

/* By VM, vCPUs before other threads, and number. */
static uint64_t order_of(uint32_t vm, const struct identity *thread)
{
	return (uint64_t)vm << 33 | (uint64_t)!thread->is_vcpu << 32 |
	       ((uint32_t)thread->vcpu ^ 1U << 31);
}

static int compare_places(const void *left, const void *right)
{
	const struct row_place *a = left, *b = right;
	uint32_t a_tid, b_tid;

	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	a_tid = a->thread->identity.tid;
	b_tid = b->thread->identity.tid;
	return a_tid < b_tid ? -1 : a_tid > b_tid;
}

static int find_places(struct rows *rows, const struct snapshot *before,
		       const struct snapshot *after, bool threads)
{
	const uint32_t *vms = order_vms(rows, after);
	const struct vm *last = NULL;
	size_t next = 0;

	list_clear(&rows->places);
	if (!vms || list_reserve(&rows->places, after->threads.count))
		return -ENOMEM;
	for (size_t i = 0; i < after->threads.count; i++) {
		struct row_place *place = &rows->places.list[rows->places.count];

		place->thread = &after->threads.list[i];
		place->old = list_next(&before->threads, &next, &place->thread->identity.id,
				       compare_ids);
		if ((!place->thread->identity.is_vcpu && !threads) ||
		    !find_place(place, before, after, last))
			continue;
		last = place->vm;
		place->order = order_of(vms[last - after->vms.list], &place->thread->identity);
		rows->places.count++;
	}
	list_sort(&rows->places, compare_places);
	return 0;
}

/* Whose distribution a row shows. */
enum hist_of { HIST_OF_NONE, HIST_OF_ROW, HIST_OF_VM };

/* One of zeros for each. */
static int begin_hists(struct rows *rows, enum hist_of hist_of, const struct snapshot *after)
{
	size_t hists = hist_of == HIST_OF_ROW  ? rows->places.count
		       : hist_of == HIST_OF_VM ? after->vms.count
					       : 0;

	if (list_reserve(&rows->hists, hists))
		return -ENOMEM;
	if (hists)
		memset(rows->hists.list, 0, hists * sizeof(*rows->hists.list));
	return 0;
}

static void make_hist(struct row *row, struct wait_hist *hist, const struct row_place *place)
{
	static const struct wait_hist none;

	row->hist = hist;
	add_growth_of_hist(hist, place->old ? &place->old->hist : &none, &place->thread->hist);
}

static int make_rows(struct rows *rows, const struct snapshot *before, const struct snapshot *after,
		     bool threads, enum hist_of hist_of)
{
	if (rows->brief)
		hist_of = HIST_OF_NONE;
	list_clear(rows);
	if (find_places(rows, before, after, threads) || begin_hists(rows, hist_of, after) ||
	    list_reserve(rows, rows->places.count))
		return -ENOMEM;
	for (size_t i = 0; i < rows->places.count; i++) {
		const struct row_place *place = &rows->places.list[i];
		struct row *row = &rows->list[i];

		make_row(row, place);
		if (!rows->brief)
			row->interval.max_ns = interval_max(place->old, place->thread);
		if (hist_of == HIST_OF_ROW)
			make_hist(row, &rows->hists.list[i], place);
		else if (hist_of == HIST_OF_VM)
			make_hist(row, &rows->hists.list[place->vm - after->vms.list], place);
	}
	rows->count = rows->places.count;
	share_vm_sums(rows);
	return 0;
}

int rows__make(struct rows *rows, const struct snapshot *before, const struct snapshot *after,
	       enum group_by by)
{
	if (make_rows(rows, before, after, by == BY_THREAD, by == BY_VM ? HIST_OF_VM : HIST_OF_ROW))
		return -ENOMEM;
	if (by == BY_VM)
		add_vms(rows, rows, before, after);
	return 0;
}

int rows__make_both(struct rows *vms, struct rows *vcpus, const struct snapshot *before,
		    const struct snapshot *after)
{
	if (make_rows(vcpus, before, after, false, HIST_OF_VM) ||
	    list_reserve(vms, after->vms.count))
		return -ENOMEM;
	add_vms(vms, vcpus, before, after);
	return 0;
}

uint64_t rows__longest_wait(const struct rows *rows, const struct row *row)
{
	const struct row_place *place = &rows->places.list[row - rows->list];

	return interval_max(place->old, place->thread);
}

void rows__free(struct rows *rows)
{
	list_free(rows);
	list_free(&rows->hists);
	list_free(&rows->places);
	list_free(&rows->vms);
}
