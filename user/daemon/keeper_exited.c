// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPUs that exited between two moments of a coarser tier: the recorder adds them to the second
 * one, so there they are not yet part of what has exited of their VM.
 */
#include <errno.h>

#include "daemon/keeper_internal.h"
#include "model/view_sets.h"

/* Of each tier. */
#define MOST_VMS 1024

bool keeper__is_finest(const struct keeper *keeper, uint32_t place)
{
	for (uint32_t i = 0; i < place; i++)
		if (kept_tier__is_written(&keeper->tiers[i]))
			return false;
	return true;
}

static struct exited_vm *get(struct kept_tier *tier, const struct vm *vm)
{
	struct exited_vm *entry;

	for (size_t i = 0; i < tier->exited.count; i++)
		if (!vm__compare(&tier->exited.list[i].vm, vm))
			return &tier->exited.list[i];
	entry = tier->exited.count < MOST_VMS ? list_add(&tier->exited) : NULL;
	if (entry)
		entry->vm = *vm;
	return entry;
}

/* A view counts as exited those that were gone in the view before. */
static void count_shown(struct kept_tier *tier, const struct snapshot *snapshot)
{
	for (size_t i = 0; i < tier->exited.count; i++) {
		struct exited_vm *entry = &tier->exited.list[i];
		const struct vm *vm = snapshot__vm(snapshot, entry->vm.pid, entry->vm.start_ns);

		if (!vm)
			continue; /* its last view is what is known */
		entry->vm = *vm;
		figures__add(&entry->counted, &entry->fresh);
		entry->fresh = (struct figures){ 0 };
	}
}

static void note_thread(struct keeper *keeper, const struct snapshot *snapshot,
			const struct thread_snapshot *thread)
{
	const struct vm *vm = snapshot__vm_of(snapshot, &thread->identity);

	for (uint32_t i = 0; vm && i < DAEMON_TIERS; i++) {
		struct kept_tier *tier = &keeper->tiers[i];
		struct exited_vm *entry = NULL;

		if (kept_tier__is_written(tier) && !keeper__is_finest(keeper, i))
			entry = get(tier, vm);
		if (entry)
			figures__add(&entry->fresh, &thread->figures);
	}
}

void keeper__note_exited(struct keeper *keeper, const struct view *view)
{
	const struct snapshot *snapshot = &view->sched;

	for (uint32_t i = 0; i < DAEMON_TIERS; i++)
		count_shown(&keeper->tiers[i], snapshot);
	for (size_t i = 0; i < snapshot->threads.count; i++) {
		const struct thread_snapshot *thread = &snapshot->threads.list[i];

		if (thread->state == STATE_GONE && thread->identity.is_vcpu)
			note_thread(keeper, snapshot, thread);
	}
}

static struct vm *find_or_add(struct kept_tier *tier, const struct vm *vm)
{
	struct vm *added;

	for (size_t i = 0; i < tier->vms.count; i++)
		if (!vm__compare(&tier->vms.list[i], vm))
			return &tier->vms.list[i];
	added = list_add(&tier->vms);
	if (added)
		*added = *vm;
	return added;
}

const struct view *keeper__settle(struct kept_tier *tier, const struct view *view)
{
	if (!tier->exited.count)
		return view;
	if (list_copy(&tier->vms, &view->sched.vms))
		return NULL;
	for (size_t i = 0; i < tier->exited.count; i++) {
		const struct exited_vm *entry = &tier->exited.list[i];
		const struct vm counted = { .exited = entry->counted };
		struct vm *vm = find_or_add(tier, &entry->vm);

		if (!vm)
			return NULL;
		set__subtract(&vm_exited_set, vm, &counted, vm);
	}
	tier->settled = *view;
	tier->settled.sched.vms.all = tier->vms.all;
	return &tier->settled;
}
