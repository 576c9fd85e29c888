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

static int compare_marks(const struct reason_marks *marks, const struct reason_snapshot *reason)
{
	if (marks->thread != reason->thread)
		return marks->thread < reason->thread ? -1 : 1;
	return marks->code < reason->code ? -1 : marks->code > reason->code;
}

/* A vCPU whose reading failed has no reasons now, and has them again later. There is room. */
static void keep_marks(struct daemon_sums *sums, const struct reason_marks *old)
{
	if (list_find(&sums->marks, &old->thread, compare_ids))
		*list_add(&sums->reasons) = *old;
}

/* The marks of a reason: they come in the order of thread and code. There is room. */
static struct reason_marks *next_marks(struct daemon_sums *sums, size_t *place,
				       const struct reason_snapshot *reason)
{
	const struct reason_marks *old = sums->old_reasons.list;
	struct reason_marks *marks;

	for (; *place < sums->old_reasons.count && compare_marks(&old[*place], reason) < 0;
	     (*place)++)
		keep_marks(sums, &old[*place]);
	marks = list_add(&sums->reasons);
	if (*place < sums->old_reasons.count && !compare_marks(&old[*place], reason))
		*marks = old[(*place)++];
	marks->thread = reason->thread;
	marks->code = reason->code;
	return marks;
}

static struct vm_sums *vm_of(const struct daemon_sums *sums, const struct thread_snapshot *thread)
{
	return thread ? daemon_sums__vm(sums, thread->identity.vm_pid, thread->identity.vm_start_ns)
		      : NULL;
}

static int exchange_lists(struct daemon_sums *sums, size_t more)
{
	struct list reasons = sums->reasons.all;

	list_clear(&sums->old_reasons);
	if (list_reserve(&sums->old_reasons, reasons.count + more))
		return -ENOMEM;
	sums->reasons.all = sums->old_reasons.all;
	sums->old_reasons.all = reasons;
	return 0;
}

int daemon_sums__take_exits(struct daemon_sums *sums, const struct view *after)
{
	const struct exit_snapshot *exits = &after->exits;
	size_t place = 0, next = 0;

	if (!sums->exits_known)
		return 0;
	if (sums->exits_since_ns != exits->since_ns)
		list_clear(&sums->reasons); /* all are counted anew */
	sums->exits_since_ns = exits->since_ns;
	if (exchange_lists(sums, exits->reasons.count))
		return -ENOMEM;
	for (size_t i = 0; i < exits->reasons.count; i++) {
		const struct reason_snapshot *reason = &exits->reasons.list[i];
		const struct thread_snapshot *thread =
			list_next(&after->sched.threads, &next, &reason->thread, compare_ids);
		struct vm_sums *vm = vm_of(sums, thread);

		if (vm)
			take_reason(vm, next_marks(sums, &place, reason), exits->isa, reason);
	}
	for (; place < sums->old_reasons.count; place++)
		keep_marks(sums, &sums->old_reasons.list[place]);
	return 0;
}
