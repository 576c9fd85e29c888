// SPDX-License-Identifier: GPL-2.0-only
#include "render/numa_line.h"

#include "base/text.h"
#include "base/units.h"
#include "render/json.h"

static const char *const kinds[] = {
	[NUMA_FAULTS] = "faults",
	[NUMA_MIGRATE] = "migrate",
	[NUMA_MOVE] = "move",
};

void numa_line__print_header(FILE *file)
{
	fprintf(file, "%-15s %-16s %5s %8s %-8s %-10s %-10s %8s %8s %12s\n", "TIME", "VM", "VCPU",
		"TID", "EVENT", "FROM", "TO", "FAULTS", "PAGES", "TIME(us)");
}

/* "node 1", or of a move, "1/cpu 17"; nothing where no node is meant. */
static void format_place(char text[24], const struct numa_event *event, int32_t node, uint32_t cpu)
{
	if (event->kind == NUMA_MOVE)
		snprintf(text, 24, "%d/cpu %u", node, cpu);
	else if (node != NODE_NONE)
		snprintf(text, 24, "node %d", node);
	else
		snprintf(text, 24, "-");
}

void numa_line__print(FILE *file, const struct named_burst *named, bool utc)
{
	const struct numa_event *event = &named->event;
	char time[32], vcpu[16] = "n/a", from[24], to[24], length[24];

	format_clock(time, named->names.boot_ns + event->begin_ns, utc);
	if (event->identity.vcpu != VCPU_UNKNOWN)
		snprintf(vcpu, sizeof(vcpu), "%d", event->identity.vcpu);
	format_place(from, event, event->from, event->from_cpu);
	format_place(to, event, event->to, event->to_cpu);
	fprintf(file, "%-15s ", time);
	text_put(file, named->names.vm, 16);
	fprintf(file, " %5s %8u %-8s %-10s %-10s", vcpu, event->identity.tid, kinds[event->kind],
		from, to);
	if (event->kind == NUMA_MOVE) {
		fprintf(file, " %8s %8s %12s\n", "-", "-", "-");
		return;
	}
	format_fixed(length, (event->end_ns - event->begin_ns + 50) / 100, 1);
	fprintf(file, " %8llu %8llu %12s\n", (unsigned long long)event->faults,
		(unsigned long long)event->pages, length);
}

static json_t *json_node(int32_t node)
{
	return node != NODE_NONE ? json_integer(node) : json_null();
}

json_t *numa_line__json(const struct named_burst *named)
{
	const struct numa_event *event = &named->event;
	const struct identity *identity = &event->identity;
	bool move = event->kind == NUMA_MOVE;
	char time[32];

	format_time(time, sizeof(time), named->names.boot_ns + event->begin_ns);
	return json_pack("{s:s,s:s,s:o,s:I,s:o,s:I,s:s,s:I,s:I,s:I,s:I,s:o,s:o,s:o,s:o}", "schema",
			 "kvmq.numa.event/1", "time", time, "vm", json__text(named->names.vm),
			 "vm_pid", (json_int_t)event->identity.vm_pid, "vcpu",
			 identity->vcpu != VCPU_UNKNOWN ? json_integer(identity->vcpu)
							: json_null(),
			 "tid", (json_int_t)identity->tid, "kind", kinds[event->kind],
			 "begin_clock_ns", (json_int_t)event->begin_ns, "duration_ns",
			 (json_int_t)(event->end_ns - event->begin_ns), "faults",
			 (json_int_t)event->faults, "pages", (json_int_t)event->pages, "from_node",
			 json_node(event->from), "to_node", json_node(event->to), "from_cpu",
			 move ? json_integer(event->from_cpu) : json_null(), "to_cpu",
			 move ? json_integer(event->to_cpu) : json_null());
}
