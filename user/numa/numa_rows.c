// SPDX-License-Identifier: GPL-2.0-only
#include "numa/numa_rows.h"

#include <errno.h>
#include <math.h>
#include <string.h>

uint64_t numa_figures__run(const struct numa_figures *figures)
{
	uint64_t sum = 0;

	for (int node = 0; node < NODES_MAX; node++)
		sum += figures->run_ns[node];
	return sum;
}

uint64_t numa_row__memory(const struct numa_row *row)
{
	return row->vm && row->vm->residency.source ? residency__total(&row->vm->residency) : 0;
}

/* A going-on run is on the node where it is seen, and may end as a shorter one. */
static uint64_t grown(uint64_t before, uint64_t after)
{
	return after > before ? after - before : 0;
}

/* On most hosts, nearly all of the arrays are of nodes that there are not. */
static void add_growth_by_node(uint64_t sum[NODES_MAX], const uint64_t before[NODES_MAX],
			       const uint64_t after[NODES_MAX], uint32_t nodes)
{
	for (uint32_t node = 0; node < nodes; node++)
		sum[node] += grown(before[node], after[node]);
}

static void add_growth(struct numa_figures *sum, const struct numa_figures *before,
		       const struct numa_figures *after, uint32_t nodes)
{
	sum->moves += grown(before->moves, after->moves);
	sum->own_faults += grown(before->own_faults, after->own_faults);
	sum->own_pages += grown(before->own_pages, after->own_pages);
	for (int place = 0; place < FAULT_PLACES; place++) {
		sum->faults[place] += grown(before->faults[place], after->faults[place]);
		sum->pages[place] += grown(before->pages[place], after->pages[place]);
	}
	add_growth_by_node(sum->run_ns, before->run_ns, after->run_ns, nodes);
	add_growth_by_node(sum->migrated_to, before->migrated_to, after->migrated_to, nodes);
	add_growth_by_node(sum->migrated_from, before->migrated_from, after->migrated_from, nodes);
}

/* How many there were, by their ids, at either moment. */
static uint32_t count_nodes(const struct numa_moments *moments)
{
	uint32_t before = nodes__limit(&moments->before->nodes);
	uint32_t after = nodes__limit(&moments->after->nodes);
	uint32_t count = before > after ? before : after;

	return count && count < NODES_MAX ? count : NODES_MAX;
}

static void add_thread(struct numa_row *row, const struct numa_thread *old,
		       const struct numa_thread *thread, uint32_t nodes, bool brief)
{
	static const struct numa_figures none;

	add_growth(&row->interval, old ? &old->figures : &none, &thread->figures, nodes);
	if (!brief)
		numa_figures__add(&row->total, &thread->figures);
	row->node = thread->node;
	row->home = thread->home;
}

/*
 * The share of accesses that would be remote if each went to any of the VM's pages alike,
 * from where its vCPUs run: of all pairs of a moment and a page, those on two nodes. It is
 * the same for one vCPU and for the sum of several.
 */
static void find_expected(struct numa_row *row)
{
	uint64_t run = numa_figures__run(&row->interval), memory = numa_row__memory(row);
	double local = 0;

	row->remote_known = run && memory;
	if (!row->remote_known)
		return;
	for (int node = 0; node < NODES_MAX; node++)
		if (row->interval.run_ns[node])
			local += (double)row->interval.run_ns[node] / (double)run *
				 (double)row->vm->residency.bytes[node] / (double)memory;
	row->expected_remote_mpct = local < 1 ? (uint64_t)((1 - local) * 100000.0 + 0.5) : 0;
}

/* The kind of memory that most of it is, if none of it takes hint faults. */
static enum fault_reason blind_memory(const struct residency *residency)
{
	static const enum fault_reason kinds[MEMORY_KINDS] = {
		[MEMORY_HUGETLB] = FAULTS_HUGETLB,
		[MEMORY_BOUND] = FAULTS_BOUND,
		[MEMORY_SHARED] = FAULTS_SHARED,
	};
	const uint64_t *bytes = residency->kind_bytes;
	int most = MEMORY_HUGETLB;

	if (!residency->kinds_known || bytes[MEMORY_NORMAL])
		return FAULTS_KNOWN;
	for (int kind = MEMORY_HUGETLB; kind < MEMORY_KINDS; kind++)
		if (bytes[kind] > bytes[most])
			most = kind;
	return bytes[most] ? kinds[most] : FAULTS_KNOWN;
}

/* The hooks at hint faults were there all the time. */
static bool saw_all(const struct numa_moments *moments)
{
	return moments->before->since_ns == moments->after->since_ns;
}

static enum fault_reason find_reason(const struct numa_row *row, const struct numa_moments *moments)
{
	const struct residency *residency = row->vm ? &row->vm->residency : NULL;
	uint64_t memory = numa_row__memory(row);
	enum fault_reason blind;

	if (saw_all(moments) &&
	    (row->interval.faults[FAULT_LOCAL] || row->interval.faults[FAULT_REMOTE]))
		return FAULTS_KNOWN;
	if (moments->after->nodes.count < 2)
		return FAULTS_ONE_NODE;
	if (*moments->after->faults_missing || !saw_all(moments))
		return FAULTS_NO_HOOK;
	if (moments->after->sched_ext)
		return FAULTS_SCHED_EXT;
	if (moments->after->balancing == BALANCING_OFF ||
	    moments->after->balancing == BALANCING_TIERING)
		return FAULTS_OFF;
	blind = residency ? blind_memory(residency) : FAULTS_KNOWN;
	if (blind)
		return blind;
	if (memory && share_mpct(residency->pinned_bytes, memory) >= PINNED_MPCT)
		return FAULTS_PINNED;
	return FAULTS_NO_SAMPLES;
}

/* Pages have moved, or could have. */
static bool knows_migrations(const struct numa_row *row)
{
	return row->home != NODE_NONE && row->migrations_seen &&
	       (row->reason == FAULTS_KNOWN || row->reason == FAULTS_NO_SAMPLES);
}

static bool thrashes(const struct numa_row *row, uint64_t memory)
{
	uint64_t in, out, pages;

	if (!row->migrations_known || !row->moment->page_bytes)
		return false;
	pages = memory / row->moment->page_bytes;
	in = row->interval.migrated_to[row->home];
	out = row->interval.migrated_from[row->home];
	return in + out >= HINT_MOVED_PAGES && share_mpct(in + out, pages) >= HINT_MOVED_MPCT &&
	       share_mpct(out, in) >= HINT_AWAY_MPCT && share_mpct(in, out) >= HINT_AWAY_MPCT;
}

/* The node that holds most of the memory that is not on HOME. */
static int32_t other_node(const struct numa_row *row)
{
	const uint64_t *bytes = row->vm->residency.bytes;
	int32_t most = NODE_NONE;

	for (int32_t node = 0; node < NODES_MAX; node++)
		if (node != row->home && bytes[node] &&
		    (most == NODE_NONE || bytes[node] > bytes[most]))
			most = node;
	return most;
}

/* The greatest share of the run time that is on one node. */
static uint64_t most_run(const struct numa_row *row, uint64_t run)
{
	uint64_t most = 0;

	for (int node = 0; node < NODES_MAX; node++)
		if (row->interval.run_ns[node] > most)
			most = row->interval.run_ns[node];
	return share_mpct(most, run);
}

/* Whether vCPUs keep to HOME, and the memory was looked at after they came there. */
static bool is_left_behind(const struct numa_row *row, uint64_t run, uint64_t memory)
{
	return memory &&
	       share_mpct(row->vm->residency.bytes[row->home], memory) < HINT_LOCAL_MPCT &&
	       share_mpct(row->interval.run_ns[row->home], run) >= HINT_SETTLED_MPCT &&
	       row->vm->residency.time_ns >= row->vm->home_since_ns;
}

static void find_hint(struct numa_row *row)
{
	const struct node *node = nodes__find(&row->moment->nodes, (uint32_t)row->home);
	uint64_t run = numa_figures__run(&row->interval), memory = numa_row__memory(row), size;

	row->hint_node = row->home;
	if (!node || !run || row->moment->nodes.count < 2)
		return;
	size = row->vm ? row->vm->residency.size_bytes : 0;
	if (!node->memory_bytes) {
		row->hint = HINT_MEMORYLESS;
	} else if ((memory > size ? memory : size) > node->memory_bytes) {
		row->hint = HINT_LARGER;
	} else if (thrashes(row, memory)) {
		row->hint = HINT_THRASHING;
	} else if (most_run(row, run) < HINT_SPREAD_MPCT) {
		row->hint = HINT_SPREAD;
	} else if (is_left_behind(row, run, memory)) {
		row->hint = HINT_LEFT;
		row->hint_node = other_node(row);
	}
}

static void find_bandwidth(struct numa_row *row, const struct numa_snapshot *before)
{
	const struct numa_vm *old =
		numa_snapshot__vm(before, row->row.vm->pid, row->row.vm->start_ns);
	const struct bandwidth *was, *is;

	if (!row->vm || !old)
		return;
	was = &old->bandwidth;
	is = &row->vm->bandwidth;
	/* Less than before: a group has gone, or come with a counter of its own. */
	row->bandwidth_known = was->known && is->known && is->total_bytes >= was->total_bytes &&
			       is->local_bytes >= was->local_bytes;
	if (!row->bandwidth_known)
		return;
	row->bandwidth.total_bytes = is->total_bytes - was->total_bytes;
	row->bandwidth.local_bytes = is->local_bytes - was->local_bytes;
}

/*
 * A run that is shown may turn out to have been shorter, and is then taken off the row's run
 * time (rows.c): so it is here, from where most of it was.
 */
static void settle_run(struct numa_row *row)
{
	uint64_t *run = row->interval.run_ns, sum = numa_figures__run(&row->interval);

	while (sum > row->row.interval.run_ns) {
		uint64_t excess = sum - row->row.interval.run_ns;
		int most = 0;

		for (int node = 0; node < NODES_MAX; node++)
			if (run[node] > run[most])
				most = node;
		excess = excess < run[most] ? excess : run[most];
		run[most] -= excess;
		sum -= excess;
	}
}

static void finish_row(struct numa_row *row, enum group_by by, const struct numa_moments *moments)
{
	const struct vm *vm = row->row.vm;

	settle_run(row);
	row->moment = moments->after;
	row->vm = numa_snapshot__vm(moments->after, vm->pid, vm->start_ns);
	if (by == BY_VM) {
		row->node = NODE_NONE;
		row->home = row->vm ? row->vm->home : NODE_NONE;
	}
	find_expected(row);
	row->reason = find_reason(row, moments);
	row->faults_seen = !*moments->after->faults_missing && saw_all(moments);
	row->migrations_seen = !*moments->after->migrations_missing && saw_all(moments);
	row->migrations_known = knows_migrations(row);
	if (by != BY_VM)
		return;
	find_hint(row);
	find_bandwidth(row, moments->before);
}

static void fold_threads(struct numa_rows *numa_rows, const struct numa_moments *moments)
{
	uint32_t nodes = count_nodes(moments);
	size_t place = 0, next = 0, row;

	for (size_t i = 0; i < moments->after->threads.count; i++) {
		const struct numa_thread *thread = &moments->after->threads.list[i], *old;
		const struct thread_snapshot *from;

		from = list_next(&moments->snapshot->threads, &next, &thread->id, compare_ids);
		old = list_next(&moments->before->threads, &place, &thread->id, compare_ids);
		if (from && row_keys__find(&numa_rows->keys, &from->identity, &row))
			add_thread(&numa_rows->list[row], old, thread, nodes, numa_rows->brief);
	}
}

/* Nodes were not looked at before: what has grown since then is not known. */
static bool began_anew(const struct numa_moments *moments)
{
	return !moments->before->time_ns && !saw_all(moments);
}

int numa_rows__make(struct numa_rows *numa_rows, const struct rows *rows, enum group_by by,
		    const struct numa_moments *moments)
{
	list_clear(numa_rows);
	if (list_reserve(numa_rows, rows->count) ||
	    row_keys__fill(&numa_rows->keys, rows, by, moments->snapshot))
		return -ENOMEM;
	for (size_t i = 0; i < rows->count; i++)
		*list_add(numa_rows) = (struct numa_row){ .row = rows->list[i],
							  .node = NODE_NONE,
							  .home = NODE_NONE };
	if (!began_anew(moments))
		fold_threads(numa_rows, moments);
	for (size_t i = 0; i < rows->count; i++)
		finish_row(&numa_rows->list[i], by, moments);
	return 0;
}

void numa_rows__free(struct numa_rows *numa_rows)
{
	list_free(numa_rows);
	row_keys__free(&numa_rows->keys);
}

/* The most that one fault maps: a huge page of 2 MiB, of pages of 4 KiB. */
#define FAULT_PAGES_MAX 512.0

/*
 * Kish's effective size (1965): the square of the sum of weights by the sum of their squares.
 * Only the first is counted. The other is greatest where each fault is of one page or of as
 * many as there can be, so samples are rather too few than too many.
 */
double numa_figures__samples(const struct numa_figures *figures)
{
	double faults = (double)(figures->faults[FAULT_LOCAL] + figures->faults[FAULT_REMOTE]);
	double pages = (double)(figures->pages[FAULT_LOCAL] + figures->pages[FAULT_REMOTE]);
	double huge = (pages - faults) / (FAULT_PAGES_MAX - 1), samples;

	/* A fault may be counted, and its pages in the next interval. */
	if (pages <= faults)
		return faults;
	samples = pages * pages / (faults - huge + huge * FAULT_PAGES_MAX * FAULT_PAGES_MAX);
	return samples < faults ? samples : faults;
}

#define NORMAL_975 1.959964 /* of the standard normal distribution */

void share_interval(double share, double samples, uint64_t *low_mpct, uint64_t *high_mpct)
{
	double z2 = NORMAL_975 * NORMAL_975;
	double middle = (share + z2 / (2 * samples)) / (1 + z2 / samples);
	double half = NORMAL_975 / (1 + z2 / samples) *
		      sqrt(share * (1 - share) / samples + z2 / (4 * samples * samples));
	double low = middle - half, high = middle + half;

	*low_mpct = low > 0 ? (uint64_t)(low * 100000.0 + 0.5) : 0;
	*high_mpct = high < 1 ? (uint64_t)(high * 100000.0 + 0.5) : 100000;
}
