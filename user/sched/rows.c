// SPDX-License-Identifier: GPL-2.0-only
#include "sched/rows.h"

#include <errno.h>
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

/* These two are most of what rows cost; restrict lets the compiler take several at once. */
static void subtract_hist(struct wait_hist *restrict result, const struct wait_hist *before,
			  const struct wait_hist *after)
{
	if (!before) {
		*result = *after;
		return;
	}
	for (int cause = 0; cause < CAUSES; cause++)
		for (uint32_t bucket = 0; bucket < HIST_BUCKETS; bucket++)
			result->count[cause][bucket] =
				after->count[cause][bucket] - before->count[cause][bucket];
}

static void add_hist(struct wait_hist *restrict sum, const struct wait_hist *hist)
{
	for (int cause = 0; cause < CAUSES; cause++)
		for (uint32_t bucket = 0; bucket < HIST_BUCKETS; bucket++)
			sum->count[cause][bucket] += hist->count[cause][bucket];
}

/* The longest wait of the interval, from the counters and the histogram. */
static uint64_t interval_max(const struct row *row, const struct thread_snapshot *before,
			     const struct thread_snapshot *after)
{
	if (!before || after->figures.max_ns > before->figures.max_ns)
		return after->figures.max_ns;
	for (uint32_t bucket = HIST_BUCKETS; bucket-- > 0;) {
		if (!row->hist->count[CAUSE_WAKE][bucket] &&
		    !row->hist->count[CAUSE_PREEMPT][bucket])
			continue;
		if (bucket_middle(bucket) < after->waiting_ns)
			break;
		return bucket_middle(bucket) < after->figures.max_ns ? bucket_middle(bucket)
								     : after->figures.max_ns;
	}
	return after->waiting_ns;
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
	subtract_hist(row->hist, before ? &before->hist : NULL, &after->hist);
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
	result->max_ns = interval_max(row, before, after);
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

static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	int names = strcmp(a->vm->name, b->vm->name);

	if (names)
		return names;
	if (a->vm != b->vm)
		return a->vm < b->vm ? -1 : 1;
	if (a->identity.is_vcpu != b->identity.is_vcpu)
		return a->identity.is_vcpu ? -1 : 1;
	if (a->identity.vcpu != b->identity.vcpu)
		return a->identity.vcpu < b->identity.vcpu ? -1 : 1;
	return a->identity.tid < b->identity.tid ? -1 : a->identity.tid > b->identity.tid;
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

bool row__make(struct row *row, struct wait_hist *hist, const struct snapshot *before,
	       const struct snapshot *after, const struct thread_snapshot *old,
	       const struct thread_snapshot *thread)
{
	const struct vm *vm = snapshot__vm_of(after, &thread->identity);

	if (!vm || (!old && thread__is_older(thread, before->time_ns, after->end_ns)))
		return false;
	if (old && begun_anew(old, thread))
		old = NULL;
	*row = (struct row){ .hist = hist, .throttling_known = thread->throttling_known };
	fill_row(row, old, thread, vm);
	return true;
}

/* Whose distribution a row shows. */
enum hist_of { HIST_OF_ROW, HIST_OF_VM };

/* One for each row, or one of zeros for each VM. */
static int reserve(struct rows *rows, enum hist_of hist_of, const struct snapshot *after)
{
	size_t hists = hist_of == HIST_OF_VM ? after->vms.count : after->threads.count;

	list_clear(rows);
	if (list_reserve(rows, after->threads.count) || list_reserve(&rows->hists, hists))
		return -ENOMEM;
	if (hist_of == HIST_OF_VM && hists)
		memset(rows->hists.list, 0, hists * sizeof(*rows->hists.list));
	return 0;
}

static int make_rows(struct rows *rows, const struct snapshot *before, const struct snapshot *after,
		     bool threads, enum hist_of hist_of)
{
	struct wait_hist own = { .count = { { 0 } } };
	size_t place = 0;

	if (reserve(rows, hist_of, after))
		return -ENOMEM;
	for (size_t i = 0; i < after->threads.count; i++) {
		const struct thread_snapshot *thread = &after->threads.list[i], *old;
		struct row *row = &rows->list[rows->count];

		old = list_next(&before->threads, &place, &thread->identity.id, compare_ids);
		if ((!thread->identity.is_vcpu && !threads) ||
		    !row__make(row, hist_of == HIST_OF_VM ? &own : &rows->hists.list[rows->count],
			       before, after, old, thread))
			continue;
		rows->count++;
		if (hist_of == HIST_OF_ROW)
			continue;
		row->hist = &rows->hists.list[row->vm - after->vms.list];
		add_hist(row->hist, &own);
	}
	list_sort(rows, compare_rows);
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

void rows__free(struct rows *rows)
{
	list_free(rows);
	list_free(&rows->hists);
}
