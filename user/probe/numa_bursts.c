// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hint faults come by the hundred: faults of one vCPU that follow each other closely are shown as
 * one event.
 */
#include "base/units.h"
#include "probe/numa_internal.h"

#define BURST_GAP_NS 10000000 /* a longer pause ends a burst */

static void end_burst(struct numa_probe *probe, struct numa_event *burst)
{
	if (burst->faults && burst->end_ns - burst->begin_ns >= probe->config.event_min_ns)
		probe->config.on_event(probe->config.context, burst);
	burst->faults = 0;
}

static void add_to_burst(struct numa_probe *probe, struct numa_event *burst,
			 const struct numa_event *event)
{
	if (burst->faults &&
	    (burst->identity.id != event->identity.id || burst->from != event->from ||
	     burst->to != event->to || event->begin_ns > burst->end_ns + BURST_GAP_NS))
		end_burst(probe, burst);
	if (!burst->faults) {
		*burst = *event;
		return;
	}
	burst->end_ns = event->end_ns;
	burst->faults += event->faults;
	burst->pages += event->pages;
}

static int32_t event_node(uint32_t node)
{
	return node < NODES_MAX ? (int32_t)node : NODE_NONE;
}

int handle_fault(void *context, void *data, size_t size)
{
	struct numa_probe *probe = context;
	const struct numa_fault_event *record = data;
	struct numa_event event = { .faults = 1 };

	if (size < sizeof(*record) ||
	    !record_identity(probe->sched, record->slot, record->generation, &event.identity))
		return 0;
	event.begin_ns = record->time_ns;
	event.end_ns = record->time_ns;
	event.pages = record->pages;
	if (record->remote) {
		event.kind = NUMA_FAULTS;
		event.from = event_node(record->node);
		event.to = NODE_NONE;
		add_to_burst(probe, &probe->bursts[record->slot].faults, &event);
	}
	if (record->migrated) {
		event.kind = NUMA_MIGRATE;
		event.from = event_node(record->from_node);
		event.to = event_node(record->to_node);
		add_to_burst(probe, &probe->bursts[record->slot].migrations, &event);
	}
	return 0;
}

/* A move takes no time, so it is shown unless a shortest time is given. */
int handle_move(void *context, void *data, size_t size)
{
	struct numa_probe *probe = context;
	const struct sched_move *record = data;
	struct numa_event event = { .kind = NUMA_MOVE };

	if (size < sizeof(*record) || probe->config.event_min_ns ||
	    !record_identity(probe->sched, record->slot, record->generation, &event.identity) ||
	    !event.identity.is_vcpu)
		return 0;
	event.begin_ns = record->time_ns;
	event.end_ns = record->time_ns;
	event.from = event_node(record->from_node);
	event.to = event_node(record->to_node);
	event.from_cpu = record->from_cpu;
	event.to_cpu = record->to_cpu;
	probe->config.on_event(probe->config.context, &event);
	return 0;
}

void numa_probe__flush(struct numa_probe *probe, bool all)
{
	uint64_t now = clock_monotonic_ns();

	for (uint32_t slot = 0; probe->bursts && slot < probe->sched->slots_seen; slot++) {
		struct bursts *bursts = &probe->bursts[slot];

		if (all || now > bursts->faults.end_ns + BURST_GAP_NS)
			end_burst(probe, &bursts->faults);
		if (all || now > bursts->migrations.end_ns + BURST_GAP_NS)
			end_burst(probe, &bursts->migrations);
	}
}
