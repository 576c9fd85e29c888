// SPDX-License-Identifier: GPL-2.0-only
/* Sums of exits by reason. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/daemon_sums_internal.h"

/* A reason that found no place stays among the others, so that no counter goes down. */
struct reason_sums *vm_sums__reason(struct vm_sums *vm, const char *name)
{
	struct reason_sums *reason;

	if (!strcmp(name, "other"))
		return &vm->other_reasons;
	for (size_t i = 0; i < vm->reasons.count; i++)
		if (!strcmp(vm->reasons.list[i].name, name))
			return &vm->reasons.list[i];
	reason = vm->reasons.count < REASON_SUMS ? list_add(&vm->reasons) : NULL;
	if (!reason)
		return &vm->other_reasons;
	snprintf(reason->name, sizeof(reason->name), "%s", name);
	return reason;
}

static void take_reason(struct vm_sums *vm, struct reason_marks *marks, enum exit_isa isa,
			const struct reason_snapshot *from)
{
	uint64_t count = reason_figures__count(&from->figures), handled_ns;
	char name[EXIT_REASON_SIZE];
	uint32_t coarse[COARSE_BUCKETS];
	struct reason_sums *reason;

	if (count == marks->count)
		return; /* most are rare */
	exit_reason__name(name, isa, from->code);
	reason = vm_sums__reason(vm, name);
	handled_ns = reason->handle_ns;
	sum__raise(&reason->count, &marks->count, count);
	sum__raise(&reason->handle_ns, &marks->handle_ns, reason_figures__handle(&from->figures));
	vm->handling.sum_ns += reason->handle_ns - handled_ns;
	coarse__counts(coarse, from->hist.count, EXIT_PARTS);
	for (int i = 0; i < COARSE_BUCKETS; i++) {
		vm->handling.counts[i] += (uint32_t)(coarse[i] - marks->hist[i]);
		marks->hist[i] = coarse[i];
	}
}

static int compare_keys(uint64_t a_thread, uint32_t a_code, uint64_t b_thread, uint32_t b_code)
{
	if (a_thread != b_thread)
		return a_thread < b_thread ? -1 : 1;
	return a_code < b_code ? -1 : a_code > b_code;
}

static int compare_marks(const void *left, const void *right)
{
	const struct reason_marks *a = left, *b = right;

	return compare_keys(a->thread, a->code, b->thread, b->code);
}

/* How far the reasons of a view are taken. */
struct taking {
	struct daemon_sums *sums;
	size_t known, mark; /* marks that were there, and the next one of these */
};

/* A vCPU whose reading failed has no reasons now, and has them again later. */
static void miss_next(struct taking *taking)
{
	struct daemon_sums *sums = taking->sums;
	struct reason_marks *marks = &sums->reasons.list[taking->mark++];

	marks->gone = !list_find(&sums->marks, &marks->thread, compare_ids);
}

/* The marks of a reason: they come in the order of thread and code. NULL: memory is short. */
static struct reason_marks *next_marks(struct taking *taking, const struct reason_snapshot *reason)
{
	struct daemon_sums *sums = taking->sums;
	struct reason_marks *marks;
	int order = -1;

	for (; taking->mark < taking->known; miss_next(taking)) {
		marks = &sums->reasons.list[taking->mark];
		order = compare_keys(marks->thread, marks->code, reason->thread, reason->code);
		if (order >= 0)
			break;
	}
	if (!order)
		return &sums->reasons.list[taking->mark++];
	marks = list_add(&sums->reasons);
	if (!marks)
		return NULL;
	marks->thread = reason->thread;
	marks->code = reason->code;
	return marks;
}

static struct vm_sums *vm_of(const struct daemon_sums *sums, const struct thread_snapshot *thread)
{
	return thread ? daemon_sums__vm(sums, thread->identity.vm_pid, thread->identity.vm_start_ns)
		      : NULL;
}

static bool goes(const void *item)
{
	const struct reason_marks *marks = item;

	return marks->gone;
}

/* Those that go, go; new ones stand at the end, and find their places. */
static void order_marks(struct daemon_sums *sums, size_t known)
{
	bool in_order = sums->reasons.count == known;

	list_drop(&sums->reasons, goes);
	if (!in_order)
		list_sort(&sums->reasons, compare_marks);
}

int daemon_sums__take_exits(struct daemon_sums *sums, const struct view *after)
{
	const struct exit_snapshot *exits = &after->exits;
	const struct thread_snapshot *thread = NULL, *last = NULL;
	struct taking taking = { .sums = sums };
	struct vm_sums *vm = NULL;
	size_t next = 0;
	int error = 0;

	if (!sums->exits_known)
		return 0;
	if (sums->exits_since_ns != exits->since_ns)
		list_clear(&sums->reasons); /* all are counted anew */
	sums->exits_since_ns = exits->since_ns;
	taking.known = sums->reasons.count;
	for (size_t i = 0; i < exits->reasons.count; i++) {
		const struct reason_snapshot *reason = &exits->reasons.list[i];
		struct reason_marks *marks;

		thread = list_next(&after->sched.threads, &next, &reason->thread, compare_ids);
		if (thread != last)
			vm = vm_of(sums, thread);
		last = thread;
		marks = vm ? next_marks(&taking, reason) : NULL;
		if (marks)
			take_reason(vm, marks, exits->isa, reason);
		else if (vm)
			error = -ENOMEM;
	}
	while (taking.mark < taking.known)
		miss_next(&taking);
	order_marks(sums, taking.known);
	return error;
}
