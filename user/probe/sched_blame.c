// SPDX-License-Identifier: GPL-2.0-only
/* Who ran while others waited: the table of pairs that blame.bpf.h keeps. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probe/sched_internal.h"

#define BATCH 256

static enum offender_kind user_kind(const struct sched_blame_key *key,
				    const struct sched_blame *value)
{
	switch (key->kind) {
	case SCHED_BLAME_VM:
		return value->is_vcpu ? OFFENDER_VCPU : OFFENDER_VM_THREAD;
	case SCHED_BLAME_KERNEL:
		return OFFENDER_KERNEL;
	case SCHED_BLAME_HOST:
		return OFFENDER_HOST;
	default:
		return OFFENDER_IDLE;
	}
}

static int add_pair(struct snapshot *snapshot, const struct sched_blame_key *key,
		    const struct sched_blame *value, uint64_t ns)
{
	struct blame *blame = list_add(&snapshot->blame);

	if (!blame)
		return -ENOMEM;
	*blame = (struct blame){
		.victim = (uint64_t)key->victim << 32 | key->generation,
		.offender = { .kind = user_kind(key, value) },
		.ns = ns,
	};
	switch (blame->offender.kind) {
	case OFFENDER_VCPU:
	case OFFENDER_VM_THREAD:
		blame->offender.tid = value->tid;
		blame->offender.vm_pid = value->tgid;
		copy_comm(blame->offender.comm, value->comm, COMM_SIZE);
		break;
	case OFFENDER_HOST:
		blame->offender.cgroup_id = key->id;
		copy_comm(blame->offender.cgroup, value->cgroup, CGROUP_SIZE);
		copy_comm(blame->offender.comm, key->comm, COMM_SIZE);
		break;
	case OFFENDER_KERNEL:
		copy_comm(blame->offender.comm, key->comm, COMM_SIZE);
		break;
	default:
		break;
	}
	return 0;
}

static int add_pairs(struct sched_probe *probe, struct snapshot *snapshot,
		     const struct sched_blame_key *keys, const struct sched_blame *values,
		     uint32_t count)
{
	int error = 0;

	for (uint32_t i = 0; i < count && !error; i++) {
		if (probe->pair_count < SCHED_BLAME_PAIRS)
			probe->pairs[probe->pair_count++] = keys[i];
		if (is_wanted(probe, keys[i].victim, keys[i].generation))
			error = add_pair(snapshot, &keys[i], &values[i], values[i].ns);
	}
	return error;
}

/* Reads the table in batches. If it changes meanwhile, an entry may come twice. */
static int read_pairs(struct sched_probe *probe, struct snapshot *snapshot)
{
	static struct sched_blame_key keys[BATCH];
	static struct sched_blame values[BATCH];
	int fd = bpf_map__fd(probe->skeleton->maps.blame), error = 0;
	void *from = NULL;
	uint32_t token;
	bool last = false;

	probe->pair_count = 0;
	while (!error && !last) {
		uint32_t count = BATCH;

		if (bpf_map_lookup_batch(fd, from, &token, keys, values, &count, NULL))
			error = -errno;
		last = error == -ENOENT;
		if (!error || last)
			error = add_pairs(probe, snapshot, keys, values, count);
		from = &token;
	}
	return error;
}

/* What a victim waited for that is booked on nobody. */
static int add_nobody(struct snapshot *snapshot, uint64_t victim, enum offender_kind kind,
		      uint64_t ns)
{
	struct blame *blame = ns ? list_add(&snapshot->blame) : NULL;

	if (!ns)
		return 0;
	if (!blame)
		return -ENOMEM;
	*blame = (struct blame){ .victim = victim, .offender = { .kind = kind }, .ns = ns };
	return 0;
}

static int read_waiters(struct sched_probe *probe, struct snapshot *snapshot)
{
	const struct sched_waiter *waiter = probe->waiters.data;
	int error = 0;

	for (uint32_t slot = 0; slot < probe->slots_seen && !error; slot++, waiter++) {
		uint64_t victim = (uint64_t)slot << 32 | waiter->generation;

		if (!is_wanted(probe, slot, waiter->generation))
			continue;
		error = add_nobody(snapshot, victim, OFFENDER_IDLE, waiter->idle_ns);
		if (!error)
			error = add_nobody(snapshot, victim, OFFENDER_INTERRUPT,
					   waiter->interrupt_ns);
	}
	return error;
}

int read_blame(struct sched_probe *probe, struct snapshot *snapshot)
{
	int error;

	if (!probe->pairs)
		probe->pairs = calloc(SCHED_BLAME_PAIRS, sizeof(*probe->pairs));
	if (!probe->pairs)
		return -ENOMEM;
	error = read_pairs(probe, snapshot);
	return error ? error : read_waiters(probe, snapshot);
}

int add_blame_progress(const struct sched_progress *progress, struct snapshot *snapshot)
{
	if (!progress->blame_ns)
		return 0;
	return add_pair(snapshot, &progress->key, &progress->pair, progress->blame_ns);
}

void forget_blame(struct sched_probe *probe, uint32_t slot, uint32_t generation)
{
	int fd = bpf_map__fd(probe->skeleton->maps.blame);

	for (uint32_t i = 0; i < probe->pair_count; i++) {
		const struct sched_blame_key *key = &probe->pairs[i];

		if (key->victim == slot && key->generation == generation)
			bpf_map_delete_elem(fd, key);
	}
}
