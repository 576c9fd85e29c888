// SPDX-License-Identifier: GPL-2.0-only
/* Who ran while others waited: the table of pairs that blame.bpf.h keeps. */
#include <errno.h>
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

/* Of a victim that has gone: its slot has been given back, and may be another's by now. */
static bool is_stale(const struct sched_probe *probe, const struct sched_blame_key *key)
{
	const struct sched_thread *thread;

	if (key->victim >= probe->slots_seen)
		return false;
	thread = slot_thread(probe, key->victim);
	return thread->generation != key->generation || thread->state == SCHED_FREE;
}

static int add_pairs(struct sched_probe *probe, struct snapshot *snapshot,
		     const struct sched_blame_key *keys, const struct sched_blame *values,
		     uint32_t count)
{
	int error = 0;

	for (uint32_t i = 0; i < count && !error; i++) {
		struct sched_blame_key *stale = NULL;

		if (is_stale(probe, &keys[i]))
			stale = list_add(&probe->stale_pairs);
		else if (is_wanted(probe, keys[i].victim, keys[i].generation))
			error = add_pair(snapshot, &keys[i], &values[i], values[i].ns);
		if (stale)
			*stale = keys[i];
	}
	return error;
}

/* Not while the table is read. What there was no memory for goes the next time. */
static void forget_stale(struct sched_probe *probe, int fd)
{
	for (size_t i = 0; i < probe->stale_pairs.count; i++)
		bpf_map_delete_elem(fd, &probe->stale_pairs.list[i]);
	list_clear(&probe->stale_pairs);
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

	while (!error && !last) {
		uint32_t count = BATCH;

		if (bpf_map_lookup_batch(fd, from, &token, keys, values, &count, NULL))
			error = -errno;
		last = error == -ENOENT;
		if (!error || last)
			error = add_pairs(probe, snapshot, keys, values, count);
		from = &token;
	}
	forget_stale(probe, fd);
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
	int error = read_pairs(probe, snapshot);

	return error ? error : read_waiters(probe, snapshot);
}

int add_blame_progress(const struct sched_progress *progress, struct snapshot *snapshot)
{
	if (!progress->blame_ns)
		return 0;
	return add_pair(snapshot, &progress->key, &progress->pair, progress->blame_ns);
}
