// SPDX-License-Identifier: GPL-2.0-only
/* Who offends, each once; and where things are. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sched/blame_internal.h"

#define PLACES_FIRST 64
#define WHO_SIZE (VM_SHOWN_SIZE + COMM_SIZE + CGROUP_SIZE)

int blame_places__clear(struct blame_places *places)
{
	if (!places->count) {
		if (list_reserve(places, PLACES_FIRST))
			return -ENOMEM;
		places->count = PLACES_FIRST;
	}
	memset(places->list, 0, places->count * sizeof(*places->list));
	return 0;
}

static int grow_places(struct blame_places *places)
{
	if (list_reserve(places, places->count * 2))
		return -ENOMEM;
	places->count *= 2;
	memset(places->list, 0, places->count * sizeof(*places->list));
	return 0;
}

int blame_places__add(struct blame_places *places, size_t count, const struct blame_list *blame,
		      uint32_t (*hash_of)(const struct blame_list *blame, size_t thing))
{
	size_t thing = count - 1, at;

	if (2 * count > places->count) {
		if (grow_places(places))
			return -ENOMEM;
		thing = 0;
	}
	for (; thing < count; thing++) {
		at = hash_of(blame, thing) & (places->count - 1);
		while (places->list[at])
			at = (at + 1) & (places->count - 1);
		places->list[at] = (uint32_t)thing + 1;
	}
	return 0;
}

int blame_order__begin(struct blame_list *blame, size_t count)
{
	if (list_reserve(&blame->order, count))
		return -ENOMEM;
	blame->order.count = count;
	for (size_t i = 0; i < count; i++)
		blame->order.list[i] = (uint32_t)i;
	return 0;
}

void blame_order__sort(struct blame_list *blame, size_t begin, size_t end,
		       int (*compare)(const void *left, const void *right, void *blame))
{
	if (end > begin)
		qsort_r(blame->order.list + begin, end - begin, sizeof(*blame->order.list), compare,
			blame);
}

/* An offender as its group has it; length: of its comm, so much of it counts. */
static void generalise(struct blame_group *group, const struct offender *offender,
		       const struct snapshot *after)
{
	uint32_t owner = offender->kind == OFFENDER_KERNEL ? offender__vhost_pid(offender) : 0;
	const char *slash;

	group->offender.kind = offender->kind;
	group->offender.vm_pid = offender->vm_pid;
	group->offender.cgroup_id = offender->cgroup_id;
	group->length = 0;
	if (owner && snapshot__vm(after, owner, 0)) {
		group->offender.kind = OFFENDER_VM_THREAD;
		group->offender.vm_pid = owner;
	}
	if (group->offender.kind == OFFENDER_VCPU)
		return;
	group->length = strnlen(offender->comm, COMM_SIZE - 1);
	if (group->offender.kind != OFFENDER_KERNEL)
		return;
	slash = memchr(offender->comm, '/', group->length);
	if (slash)
		group->length = (size_t)(slash - offender->comm);
}

void blame_groups__draw_key(struct blame_list *blame)
{
	if (blame->key)
		return;
	/* A kernel that has no random numbers yet has just started. */
	if (getrandom(&blame->key, sizeof(blame->key), GRND_NONBLOCK) != sizeof(blame->key))
		blame->key = GOLDEN_RATIO;
	blame->key |= 1;
}

static uint32_t hash_of_offender(uint64_t key, const struct blame_group *group, const char *comm)
{
	uint64_t hash = group->offender.kind;

	hash = hash * key + group->offender.vm_pid;
	hash = hash * key + group->offender.cgroup_id;
	for (size_t i = 0; i < group->length; i++)
		hash = hash * key + (unsigned char)comm[i];
	return mix(hash);
}

static uint32_t hash_of_group(const struct blame_list *blame, size_t group)
{
	return hash_of_offender(blame->key, &blame->groups.list[group],
				blame->groups.list[group].offender.comm);
}

/* general: of the offender, without its names. */
static int add_group(struct blame_list *blame, const struct blame_group *general,
		     const struct offender *offender)
{
	struct blame_group *group = list_add(&blame->groups);

	if (!group)
		return -ENOMEM;
	group->offender.kind = general->offender.kind;
	group->offender.vm_pid = general->offender.vm_pid;
	group->offender.cgroup_id = general->offender.cgroup_id;
	group->length = general->length;
	memcpy(group->offender.comm, offender->comm, group->length);
	memcpy(group->offender.cgroup, offender->cgroup, sizeof(group->offender.cgroup));
	return blame_places__add(&blame->group_places, blame->groups.count, blame, hash_of_group);
}

int blame_groups__find(struct blame_list *blame, const struct offender *offender,
		       const struct snapshot *after, uint32_t *number)
{
	size_t mask = blame->group_places.count - 1, at;
	struct blame_group general;

	generalise(&general, offender, after);
	at = hash_of_offender(blame->key, &general, offender->comm) & mask;
	for (; blame->group_places.list[at]; at = (at + 1) & mask) {
		const struct blame_group *group;

		*number = blame->group_places.list[at] - 1;
		group = &blame->groups.list[*number];
		if (group->offender.kind == general.offender.kind &&
		    group->offender.vm_pid == general.offender.vm_pid &&
		    group->offender.cgroup_id == general.offender.cgroup_id &&
		    group->length == general.length &&
		    (!general.length ||
		     !memcmp(group->offender.comm, offender->comm, general.length)))
			return 0;
	}
	*number = (uint32_t)blame->groups.count;
	return add_group(blame, &general, offender);
}

/* NULL: no memory. */
static const char *name_group(struct blame_list *blame, const struct blame_group *group)
{
	const struct offender *offender = &group->offender;
	const char *vm = group->vm ? group->vm->name : "-";
	char gone[VM_SHOWN_SIZE], who[WHO_SIZE], *copy;
	size_t size;

	if (!group->vm && offender->vm_pid) {
		snprintf(gone, sizeof(gone), "a VM that has gone (%u)", offender->vm_pid);
		vm = gone;
	}
	if (offender->kind == OFFENDER_VM_THREAD)
		snprintf(who, sizeof(who), "%s: %s", vm, offender->comm);
	else if (offender->cgroup[0])
		snprintf(who, sizeof(who), "%s (%s)", offender->comm, offender->cgroup);
	else
		snprintf(who, sizeof(who), "%s", offender->comm[0] ? offender->comm : vm);
	size = strlen(who) + 1;
	copy = pool__take(&blame->texts, size);
	return copy ? memcpy(copy, who, size) : NULL;
}

static int compare_offenders(const struct offender *a, const struct offender *b)
{
	int result = compare_numbers(a->kind, b->kind);

	if (!result)
		result = compare_numbers(a->vm_pid, b->vm_pid);
	if (!result)
		result = compare_numbers(a->cgroup_id, b->cgroup_id);
	return result ? result : strcmp(a->comm, b->comm);
}

static int compare_groups(const void *left, const void *right, void *blame)
{
	const struct blame_group *groups = ((const struct blame_list *)blame)->groups.list;

	return compare_offenders(&groups[*(const uint32_t *)left].offender,
				 &groups[*(const uint32_t *)right].offender);
}

int blame_groups__finish(struct blame_list *blame, const struct snapshot *after)
{
	if (blame_order__begin(blame, blame->groups.count))
		return -ENOMEM;
	blame_order__sort(blame, 0, blame->order.count, compare_groups);
	for (size_t i = 0; i < blame->order.count; i++) {
		struct blame_group *group = &blame->groups.list[blame->order.list[i]];

		group->order = (uint32_t)i;
		if (group->who)
			continue;
		if (group->offender.vm_pid)
			group->vm = snapshot__vm(after, group->offender.vm_pid, 0);
		group->who = name_group(blame, group);
		if (!group->who)
			return -ENOMEM;
	}
	return 0;
}
