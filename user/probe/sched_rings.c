// SPDX-License-Identifier: GPL-2.0-only
/* The sched probe's ring buffers: new threads, waits and states. */
#include <errno.h>

#include "probe/sched_internal.h"

static int handle_news(void *context, void *data, size_t size)
{
	struct sched_probe *probe = context;
	const struct sched_news *item = data;
	struct sched_thread copy;
	int error;

	if (size < sizeof(*item))
		return 0;
	if (item->slot == SCHED_NO_SLOT)
		shares__answer(probe, item);
	if (item->slot >= probe->slots)
		return 0;
	error = map_slots(probe, item->slot);
	if (!error && copy_thread(probe, item->slot, &copy) && copy.generation == item->generation)
		meet_thread(probe, item->slot, &copy);
	return error;
}

static int handle_event(void *context, void *data, size_t size)
{
	struct sched_probe *probe = context;
	const struct sched_event *event = data;
	struct wait_event wait;

	if (size < sizeof(*event) ||
	    !record_identity(probe, event->slot, event->generation, &wait.identity))
		return 0;
	wait.time_ns = event->time_ns;
	wait.queued_rq = event->queued_rq;
	wait.run_rq = event->run_rq;
	wait.wait_ns = event->wait_ns;
	wait.throttled_ns = event->throttled_ns;
	wait.cause = event->cause == SCHED_WAKE ? CAUSE_WAKE : CAUSE_PREEMPT;
	wait.from_cpu = event->from_cpu;
	wait.to_cpu = event->to_cpu;
	wait.prev_tid = event->prev_tid;
	wait.prev_tgid = event->prev_tgid;
	copy_comm(wait.prev_comm, event->prev_comm, COMM_SIZE);
	probe->config.on_wait(probe->config.context, &wait);
	return 0;
}

/*
 * On a kernel that hides some switches, a run that ends with an arrival had ended before. The
 * kernel side counts the time until the wait as blocked.
 */
static enum state ended_state(const struct sched_change *record)
{
	if (record->state == SCHED_RUN && record->next == SCHED_RUN)
		return STATE_BLOCK;
	return user_state(record->state);
}

static int handle_change(void *context, void *data, size_t size)
{
	struct sched_probe *probe = context;
	const struct sched_change *record = data;
	struct state_change change;

	if (size < sizeof(*record) ||
	    !record_identity(probe, record->slot, record->generation, &change.identity))
		return 0;
	change.state = ended_state(record);
	change.begin_rq = record->begin_rq;
	change.end_rq = record->end_rq;
	change.queued_rq = record->queued_rq;
	change.wait_ns = record->wait_ns;
	change.cpu = record->cpu;
	change.kvm_run = record->kvm_run;
	change.exited = record->next == SCHED_GONE;
	change.other_tid = record->other_tid;
	change.other_tgid = record->other_tgid;
	copy_comm(change.other_comm, record->other_comm, COMM_SIZE);
	probe->config.on_change(probe->config.context, &change);
	return 0;
}

int sched_rings__open(struct sched_probe *probe)
{
	const struct sched_bpf *skeleton = probe->skeleton;
	int error;

	probe->rings = ring_buffer__new(bpf_map__fd(skeleton->maps.news), handle_news, probe, NULL);
	if (!probe->rings)
		return -errno;
	error = ring_buffer__add(probe->rings, bpf_map__fd(skeleton->maps.events), handle_event,
				 probe);
	if (!error)
		error = ring_buffer__add(probe->rings, bpf_map__fd(skeleton->maps.changes),
					 handle_change, probe);
	return error;
}
