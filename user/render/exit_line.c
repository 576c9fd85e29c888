// SPDX-License-Identifier: GPL-2.0-only
#include "render/exit_line.h"

#include <inttypes.h>

#include "base/text.h"
#include "base/units.h"
#include "exits/exit_reason.h"
#include "render/json.h"

void exit_line__print_header(FILE *file)
{
	fprintf(file, "%-15s %-16s %5s %8s %-16s %-18s %10s %10s %10s %10s\n", "TIME", "VM", "VCPU",
		"TID", "REASON", "RIP", "KERNEL(us)", "USER(us)", "BLOCK(us)", "OFF(us)");
}

static void print_us(FILE *file, uint64_t ns)
{
	char text[24];

	format_fixed(text, (ns + 50) / 100, 1);
	fprintf(file, " %10s", text);
}

void exit_line__print(FILE *file, const struct named_exit *named, bool utc)
{
	const struct exit_event *event = &named->event;
	char time[32], vcpu[16] = "n/a", rip[24] = "n/a", reason[EXIT_REASON_SIZE];

	format_clock(time, named->names.boot_ns + event->time_ns, utc);
	exit_reason__name(reason, event->isa, event->code);
	if (event->identity.vcpu != VCPU_UNKNOWN)
		snprintf(vcpu, sizeof(vcpu), "%d", event->identity.vcpu);
	if (event->rip_known)
		snprintf(rip, sizeof(rip), "0x%" PRIx64, event->rip);
	fprintf(file, "%-15s ", time);
	text_put(file, named->names.vm, 16);
	fprintf(file, " %5s %8u %-16s %-18s", vcpu, event->identity.tid, reason, rip);
	print_us(file, event->handle_ns[EXIT_KERNEL]);
	print_us(file, event->handle_ns[EXIT_USER]);
	print_us(file, event->block_ns[EXIT_KERNEL] + event->block_ns[EXIT_USER]);
	print_us(file, event->off_ns);
	putc('\n', file);
}

json_t *exit_line__json(const struct named_exit *named)
{
	const struct exit_event *event = &named->event;
	const struct identity *identity = &event->identity;
	char time[32], rip[24], reason[EXIT_REASON_SIZE];

	format_time(time, sizeof(time), named->names.boot_ns + event->time_ns);
	exit_reason__name(reason, event->isa, event->code);
	/* As text: a JSON number need not hold 64 bits. */
	snprintf(rip, sizeof(rip), "0x%" PRIx64, event->rip);
	return json_pack(
		"{s:s,s:s,s:o,s:I,s:o,s:I,s:s,s:o,s:s?,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "schema",
		"kvmq.exit.event/1", "time", time, "vm", json__text(named->names.vm), "vm_pid",
		(json_int_t)event->identity.vm_pid, "vcpu",
		identity->vcpu != VCPU_UNKNOWN ? json_integer(identity->vcpu) : json_null(), "tid",
		(json_int_t)identity->tid, "reason", reason, "reason_code",
		event->code != EXIT_CODE_OTHER ? json_integer(event->code) : json_null(),
		"guest_rip", event->rip_known ? rip : NULL, "elapsed_ns",
		(json_int_t)(event->end_ns - event->time_ns), "handle_ns",
		(json_int_t)(event->handle_ns[EXIT_KERNEL] + event->handle_ns[EXIT_USER]),
		"kernel_ns", (json_int_t)event->handle_ns[EXIT_KERNEL], "user_ns",
		(json_int_t)event->handle_ns[EXIT_USER], "kernel_block_ns",
		(json_int_t)event->block_ns[EXIT_KERNEL], "user_block_ns",
		(json_int_t)event->block_ns[EXIT_USER], "off_cpu_ns", (json_int_t)event->off_ns);
}
