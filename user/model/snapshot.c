// SPDX-License-Identifier: GPL-2.0-only
#include "model/snapshot.h"

#include <stdlib.h>
#include <string.h>

#define MOST_SLOTS 65536 /* a thread's id begins with its slot's number */
#define FEW_PAIRS 32	 /* of a victim */

bool thread__is_older(const struct thread_snapshot *thread, uint64_t time_ns, uint64_t end_ns)
{
	return thread->figures.elapsed_ns > end_ns - time_ns;
}

int compare_overlaps(const void *left, const void *right)
{
	uint32_t a = ((const struct overlap *)left)->vm_pid;
	uint32_t b = ((const struct overlap *)right)->vm_pid;

	return a < b ? -1 : a > b;
}

const struct overlap *snapshot__overlap(const struct snapshot *snapshot, uint32_t vm_pid)
{
	const struct overlap wanted = { .vm_pid = vm_pid };
	const struct overlap *found = list_find(&snapshot->overlaps, &wanted, compare_overlaps);

	return found;
}

/* The first place whose VM is not before (pid, start_ns). */
static size_t vm_place(const struct snapshot *snapshot, uint32_t pid, uint64_t start_ns)
{
	const struct vm wanted = { .pid = pid, .start_ns = start_ns };
	size_t low = 0, high = snapshot->vms.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (vm__compare(&snapshot->vms.list[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct vm *snapshot__vm(const struct snapshot *snapshot, uint32_t pid, uint64_t start_ns)
{
	size_t place = vm_place(snapshot, pid, start_ns ? start_ns : UINT64_MAX);
	const struct vm *list = snapshot->vms.list;

	if (start_ns)
		return place < snapshot->vms.count && list[place].pid == pid &&
				       list[place].start_ns == start_ns
			       ? &list[place]
			       : NULL;
	/* The latest with this PID stands last. */
	return place && list[place - 1].pid == pid ? &list[place - 1] : NULL;
}

const struct vm *snapshot__vm_of(const struct snapshot *snapshot, const struct identity *thread)
{
	return snapshot__vm(snapshot, thread->vm_pid, thread->vm_start_ns);
}

uint64_t snapshot__threads_realtime_ns(const struct snapshot *snapshot)
{
	if (!snapshot->read_rq)
		return snapshot->realtime_ns;
	return snapshot->realtime_ns + (snapshot->end_ns - snapshot->time_ns) -
	       (snapshot->end_rq - snapshot->read_rq);
}

uint32_t offender__vhost_pid(const struct offender *offender)
{
	static const char prefix[] = "vhost-";

	if (offender->kind != OFFENDER_KERNEL ||
	    strncmp(offender->comm, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	return (uint32_t)strtoul(offender->comm + sizeof(prefix) - 1, NULL, 10);
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

int compare_blame(const void *left, const void *right)
{
	const struct blame *a = left, *b = right;
	int result = compare_numbers(a->victim, b->victim);

	if (!result)
		result = compare_numbers(a->offender.kind, b->offender.kind);
	if (!result)
		result = compare_numbers(a->offender.tid, b->offender.tid);
	if (!result)
		result = compare_numbers(a->offender.cgroup_id, b->offender.cgroup_id);
	/* A thread can change its name. */
	if (result || a->offender.tid)
		return result;
	return strcmp(a->offender.comm, b->offender.comm);
}

static uint32_t slot_of(const struct blame *pair)
{
	return (uint32_t)(pair->victim >> 32);
}

/* Where a pair is, and what mostly tells it from others of its victim. */
struct pair_place {
	uint64_t key;
	uint32_t place;
};

static struct pair_place place_of(const struct blame *pairs, uint32_t place)
{
	const struct offender *offender = &pairs[place].offender;

	return (struct pair_place){ (uint64_t)offender->kind << 32 | offender->tid, place };
}

static int compare_places(const void *left, const void *right, void *pairs)
{
	const struct pair_place *a = left, *b = right;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return compare_blame((const struct blame *)pairs + a->place,
			     (const struct blame *)pairs + b->place);
}

/* Few are in order sooner without a call for each two. */
static void order_places(struct pair_place *places, uint32_t count, struct blame *pairs)
{
	if (count > FEW_PAIRS) {
		qsort_r(places, count, sizeof(*places), compare_places, pairs);
		return;
	}
	for (uint32_t i = 1; i < count; i++) {
		struct pair_place place = places[i];
		uint32_t to = i;

		for (; to && compare_places(&places[to - 1], &place, pairs) > 0; to--)
			places[to] = places[to - 1];
		places[to] = place;
	}
}

/*
 * The places of pairs in their order. begins: of each slot and one more, zeros. There are thousands
 * of pairs, and few of each victim.
 */
static void order_pairs(struct blame *pairs, uint32_t count, uint32_t *begins, uint32_t slots,
			struct pair_place *order)
{
	for (uint32_t i = 0; i < count; i++)
		begins[slot_of(&pairs[i]) + 1]++;
	for (uint32_t i = 0; i < slots; i++)
		begins[i + 1] += begins[i];
	for (uint32_t i = 0; i < count; i++)
		order[begins[slot_of(&pairs[i])]++] = place_of(pairs, i);
	for (uint32_t i = 0, begin = 0; i < slots; begin = begins[i++])
		order_places(order + begin, begins[i] - begin, pairs);
}

/* Moves each pair to its place; order is of no use then. */
static void move_pairs(struct blame *pairs, uint32_t count, struct pair_place *order)
{
	for (uint32_t i = 0; i < count; i++) {
		struct blame first = pairs[i];
		uint32_t to = i, from;

		for (; (from = order[to].place) != i; to = from) {
			pairs[to] = pairs[from];
			order[to].place = to;
		}
		pairs[to] = first;
		order[to].place = to;
	}
}

static void sort_pairs(struct blame *pairs, uint32_t count)
{
	struct pair_place *order;
	uint32_t last = 0, *begins;

	for (uint32_t i = 0; i < count; i++)
		last = slot_of(&pairs[i]) > last ? slot_of(&pairs[i]) : last;
	begins = last < MOST_SLOTS ? calloc(last + 2, sizeof(*begins)) : NULL;
	order = calloc(count, sizeof(*order));
	if (begins && order) {
		order_pairs(pairs, count, begins, last + 1, order);
		move_pairs(pairs, count, order);
	} else {
		qsort(pairs, count, sizeof(*pairs), compare_blame);
	}
	free(begins);
	free(order);
}

void snapshot__sort_blame(struct snapshot *snapshot)
{
	size_t kept = 0;

	if (snapshot->blame.count)
		sort_pairs(snapshot->blame.list, (uint32_t)snapshot->blame.count);
	for (size_t i = 0; i < snapshot->blame.count; i++) {
		struct blame *pair = &snapshot->blame.list[i];

		if (kept && !compare_blame(&snapshot->blame.list[kept - 1], pair))
			snapshot->blame.list[kept - 1].ns += pair->ns;
		else
			snapshot->blame.list[kept++] = *pair;
	}
	snapshot->blame.count = kept;
}

void snapshot__clear(struct snapshot *snapshot)
{
	list_clear(&snapshot->threads);
	list_clear(&snapshot->vms);
	list_clear(&snapshot->overlaps);
	list_clear(&snapshot->blame);
}

void snapshot__free(struct snapshot *snapshot)
{
	list_free(&snapshot->threads);
	list_free(&snapshot->vms);
	list_free(&snapshot->overlaps);
	list_free(&snapshot->blame);
	*snapshot = (struct snapshot){ 0 };
}
