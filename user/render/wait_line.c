// SPDX-License-Identifier: GPL-2.0-only
#include "render/wait_line.h"

#include "base/text.h"
#include "base/units.h"
#include "render/json.h"

static const char *const cause_names[] = { "wake", "preempt" };

void wait_line__print_header(FILE *file)
{
	fprintf(file, "%-15s %-16s %5s %8s %-7s %4s %4s %12s %s\n", "TIME", "VM", "VCPU", "TID",
		"CAUSE", "FROM", "TO", "WAIT(us)", "AFTER");
}

void wait_line__print(FILE *file, const struct named_wait *named, bool utc)
{
	const struct wait_event *event = &named->event;
	char time[32], vcpu[16] = "-", wait[24];

	format_clock(time, named->names.boot_ns + event->time_ns, utc);
	if (event->identity.is_vcpu && event->identity.vcpu != VCPU_UNKNOWN)
		snprintf(vcpu, sizeof(vcpu), "%d", event->identity.vcpu);
	format_fixed(wait, (event->wait_ns + 50) / 100, 1);
	fprintf(file, "%-15s ", time);
	text_put(file, named->names.vm, 16);
	fprintf(file, " %5s %8u %-7s %4u %4u %12s ", vcpu, event->identity.tid,
		cause_names[event->cause], event->from_cpu, event->to_cpu, wait);
	if (!event->prev_tid)
		text_line(file, "idle");
	else if (named->names.other_vm[0])
		text_line(file, "%s %s[%u]", named->names.other_vm, event->prev_comm,
			  event->prev_tid);
	else
		text_line(file, "%s[%u]", event->prev_comm, event->prev_tid);
}

json_t *wait_line__json(const struct named_wait *named)
{
	const struct wait_event *event = &named->event;
	const struct identity *identity = &event->identity;
	char time[32];

	format_time(time, sizeof(time), named->names.boot_ns + event->time_ns);
	return json_pack(
		"{s:s,s:s,s:o,s:I,s:o,s:I,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:I}", "schema",
		"kvmq.cpu.event/1", "time", time, "vm", json__text(named->names.vm), "vm_pid",
		(json_int_t)event->identity.vm_pid, "vcpu",
		identity->is_vcpu && identity->vcpu != VCPU_UNKNOWN ? json_integer(identity->vcpu)
								    : json_null(),
		"tid", (json_int_t)identity->tid, "cause", cause_names[event->cause], "wait_ns",
		(json_int_t)event->wait_ns, "queued_clock_ns", (json_int_t)event->queued_rq,
		"run_clock_ns", (json_int_t)event->run_rq, "from_cpu", (json_int_t)event->from_cpu,
		"to_cpu", (json_int_t)event->to_cpu, "after_tid", (json_int_t)event->prev_tid,
		"after_comm", json__text(event->prev_tid ? event->prev_comm : "idle"), "after_vm",
		json__text(named->names.other_vm[0] ? named->names.other_vm : NULL), "throttled_ns",
		(json_int_t)event->throttled_ns);
}
