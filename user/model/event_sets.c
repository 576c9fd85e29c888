// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sets of events. The thread may be gone when an event is read, so each event says whose it is.
 */
#include "model/view_sets.h"

#define GAUGE(name, item, member, type) FIELD_AS(name, item, member, type, FIELD_GAUGE)

#define NAMES(item)                                                                                \
	GAUGE("boot_ns", item, names.boot_ns, FIELD_U64), GAUGE("vm", item, names.vm, FIELD_TEXT), \
		GAUGE("other_vm", item, names.other_vm, FIELD_TEXT),                               \
		GAUGE("thread", item, event.identity.id, FIELD_U64),                               \
		GAUGE("vm_start_ns", item, event.identity.vm_start_ns, FIELD_U64),                 \
		GAUGE("vm_pid", item, event.identity.vm_pid, FIELD_U32),                           \
		GAUGE("tid", item, event.identity.tid, FIELD_U32),                                 \
		GAUGE("vcpu", item, event.identity.vcpu, FIELD_I32),                               \
		GAUGE("is_vcpu", item, event.identity.is_vcpu, FIELD_BOOL),                        \
		GAUGE("comm", item, event.identity.comm, FIELD_TEXT),                              \
		GAUGE("vm_comm", item, event.identity.vm_comm, FIELD_TEXT)

#define WAIT(member, type) GAUGE(#member, struct named_wait, event.member, type)

static const struct field wait_fields[] = {
	NAMES(struct named_wait),
	WAIT(time_ns, FIELD_U64),
	WAIT(queued_rq, FIELD_U64),
	WAIT(run_rq, FIELD_U64),
	WAIT(wait_ns, FIELD_U64),
	FIELD_CODE("cause", struct named_wait, event.cause, FIELD_U32, FIELD_GAUGE, CAUSES),
	WAIT(throttled_ns, FIELD_U64),
	WAIT(from_cpu, FIELD_U32),
	WAIT(to_cpu, FIELD_U32),
	WAIT(prev_tid, FIELD_U32),
	WAIT(prev_tgid, FIELD_U32),
	WAIT(prev_comm, FIELD_TEXT),
};

#define EXIT(name, member, type) GAUGE(name, struct named_exit, event.member, type)

static const struct field exit_fields[] = {
	NAMES(struct named_exit),
	FIELD_CODE("isa", struct named_exit, event.isa, FIELD_U32, FIELD_GAUGE, EXIT_ISAS),
	EXIT("code", code, FIELD_U32),
	EXIT("time_ns", time_ns, FIELD_U64),
	EXIT("end_ns", end_ns, FIELD_U64),
	EXIT("kernel_ns", handle_ns[EXIT_KERNEL], FIELD_U64),
	EXIT("user_ns", handle_ns[EXIT_USER], FIELD_U64),
	EXIT("kernel_block_ns", block_ns[EXIT_KERNEL], FIELD_U64),
	EXIT("user_block_ns", block_ns[EXIT_USER], FIELD_U64),
	EXIT("off_ns", off_ns, FIELD_U64),
	EXIT("rip", rip, FIELD_U64),
	EXIT("rip_known", rip_known, FIELD_BOOL),
};

#define BURST(name, member, type) GAUGE(name, struct named_burst, event.member, type)

static const struct field burst_fields[] = {
	NAMES(struct named_burst),
	FIELD_CODE("kind", struct named_burst, event.kind, FIELD_U32, FIELD_GAUGE,
		   NUMA_EVENT_KINDS),
	BURST("begin_ns", begin_ns, FIELD_U64),
	BURST("end_ns", end_ns, FIELD_U64),
	BURST("faults", faults, FIELD_U64),
	BURST("pages", pages, FIELD_U64),
	BURST("from_node", from, FIELD_I32),
	BURST("to_node", to, FIELD_I32),
	BURST("from_cpu", from_cpu, FIELD_U32),
	BURST("to_cpu", to_cpu, FIELD_U32),
};

const struct set wait_set = SET_OF_LIST("waits", waits, wait_fields, 0, .events = true);
const struct set exit_event_set =
	SET_OF_LIST("slow_exits", slow_exits, exit_fields, 0, .events = true);
const struct set burst_set = SET_OF_LIST("bursts", bursts, burst_fields, 0, .events = true);
