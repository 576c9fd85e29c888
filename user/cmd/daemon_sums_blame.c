// SPDX-License-Identifier: GPL-2.0-only
/*
 * The K worst pairs of each VM. Who is among them may change, and a counter must not go down: a
 * pair counts from when it got a place, and what it had before stays with the others. It gets one
 * only if it is worth twice as much as the least, so that names change rarely, however long kvmqd
 * runs. One that has lost its place is remembered, and goes on from there if it comes back.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/daemon_sums_internal.h"

/* Entries of one offender, as labels have it: the name of a thread, or of a cgroup, is none. */
struct blame_candidate {
	const struct blame_entry *entry;
	uint64_t ns, total_ns;
};

static bool same_offender(const struct blame_entry *a, const struct blame_entry *b)
{
	return a->offender.kind == b->offender.kind && a->vm == b->vm &&
	       (a->offender.kind != OFFENDER_HOST || !strcmp(a->offender.comm, b->offender.comm));
}

/* All of a VM's vCPUs are one entry already, and most entries are such ones. */
static bool is_alone(const struct blame_entry *entry)
{
	return entry->offender.kind == OFFENDER_VCPU && entry->vm;
}

static int find_candidates(struct daemon_sums *sums, const struct why_vm *of)
{
	list_clear(&sums->candidates);
	for (size_t i = 0; i < of->blame_count; i++) {
		const struct blame_entry *entry = &of->blame[i];
		size_t j = is_alone(entry) ? sums->candidates.count : 0;

		while (j < sums->candidates.count &&
		       !same_offender(sums->candidates.list[j].entry, entry))
			j++;
		if (j == sums->candidates.count) {
			if (!list_add(&sums->candidates))
				return -ENOMEM;
			sums->candidates.list[j].entry = entry;
		}
		sums->candidates.list[j].ns += entry->ns;
		sums->candidates.list[j].total_ns += entry->total_ns;
	}
	return 0;
}

static struct pair_key key_of(const struct blame_entry *entry)
{
	return (struct pair_key){
		.kind = entry->offender.kind,
		.vm_start_ns = entry->vm ? entry->vm->start_ns : 0,
		.vm_pid = entry->vm ? entry->vm->pid : 0,
		.process = entry->offender.kind == OFFENDER_HOST ? entry->offender.comm : "",
	};
}

static struct pair_sums *add_pair(struct vm_sums *vm, const struct pair_key *key,
				  const struct blame_entry *entry)
{
	struct pair_sums *pair = list_add(&vm->pairs);

	if (!pair)
		return NULL;
	pair->kind = key->kind;
	pair->own = entry->own;
	pair->vm_start_ns = key->vm_start_ns;
	pair->vm_pid = key->vm_pid;
	snprintf(pair->process, sizeof(pair->process), "%s", key->process);
	if (entry->vm) {
		domain__copy(pair->domain, entry->vm);
		snprintf(pair->uuid, sizeof(pair->uuid), "%s", entry->vm->uuid);
	}
	return pair;
}

struct pair_sums *vm_sums__pair(struct vm_sums *vm, const struct pair_key *key)
{
	for (size_t i = 0; i < vm->pairs.count; i++) {
		struct pair_sums *pair = &vm->pairs.list[i];

		if (pair->kind == key->kind && pair->vm_pid == key->vm_pid &&
		    pair->vm_start_ns == key->vm_start_ns && !strcmp(pair->process, key->process))
			return pair;
	}
	return NULL;
}

/* Whether a pair worth so much gets a place; it may be another's. */
static bool take_place(struct vm_sums *vm, uint32_t places, uint64_t total_ns)
{
	struct pair_sums *least = NULL;
	uint32_t taken = 0;

	for (size_t i = 0; i < vm->pairs.count; i++) {
		struct pair_sums *pair = &vm->pairs.list[i];

		if (!pair->placed)
			continue;
		taken++;
		if (!least || pair->total_ns < least->total_ns)
			least = pair;
	}
	if (taken < places)
		return true;
	if (!least || total_ns / 2 <= least->total_ns)
		return false;
	least->placed = false;
	return true;
}

static int take_candidate(struct vm_sums *vm, const struct blame_candidate *candidate,
			  uint32_t places)
{
	bool is_somebody = candidate->entry->offender.kind != OFFENDER_UNKNOWN;
	struct pair_sums *pair;
	struct pair_key key;

	if (!candidate->ns)
		return 0;
	key = key_of(candidate->entry);
	pair = vm_sums__pair(vm, &key);
	if (!is_somebody ||
	    ((!pair || !pair->placed) && !take_place(vm, places, candidate->total_ns))) {
		vm->other_blame_ns += candidate->ns;
		return 0;
	}
	if (!pair)
		pair = add_pair(vm, &key, candidate->entry);
	if (!pair)
		return -ENOMEM;
	pair->placed = true;
	pair->ns += candidate->ns;
	/* Of a thread that has ended, no view has the total any more. */
	if (candidate->total_ns > pair->total_ns)
		pair->total_ns = candidate->total_ns;
	return 0;
}

/* A VM that has gone takes its series with it. */
static void drop_gone(struct vm_sums *vm, const struct snapshot *after)
{
	size_t kept = 0;

	for (size_t i = 0; i < vm->pairs.count; i++) {
		const struct pair_sums *pair = &vm->pairs.list[i];

		if (pair->vm_pid && !snapshot__vm(after, pair->vm_pid, pair->vm_start_ns))
			continue;
		if (kept != i)
			vm->pairs.list[kept] = *pair;
		kept++;
	}
	vm->pairs.count = kept;
}

int daemon_sums__take_blame(struct daemon_sums *sums, struct vm_sums *vm, const struct why_vm *of)
{
	int error;

	/* Who ran is not followed: that nobody is to blame would be wrong. */
	if (!of->facts->after->sched.blame.count)
		return 0;
	error = find_candidates(sums, of);
	drop_gone(vm, &of->facts->after->sched);
	for (size_t i = 0; i < sums->candidates.count && !error; i++)
		error = take_candidate(vm, &sums->candidates.list[i], sums->blame_pairs);
	return error;
}
