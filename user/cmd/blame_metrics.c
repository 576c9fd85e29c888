// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/blame_metrics.h"

#include "cmd/values.h"
#include "sched/blame.h"

#define ALL (VCPU | VM | THREAD)

static struct value text(const char *value)
{
	return (struct value){ .known = value && *value, .text = value };
}

static struct value get_victim(const void *data)
{
	return text(((const struct blame_entry *)data)->victim->vm->name);
}

static struct value get_victim_vcpu(const void *data)
{
	const struct identity *identity = &((const struct blame_entry *)data)->victim->identity;

	return (struct value){ .known = identity->tid && identity->vcpu != VCPU_UNKNOWN,
			       .number = (uint64_t)identity->vcpu };
}

static struct value get_victim_thread(const void *data)
{
	return text(((const struct blame_entry *)data)->victim->identity.comm);
}

static struct value get_ns(const void *data)
{
	return number(((const struct blame_entry *)data)->ns);
}

static struct value get_total(const void *data)
{
	const struct blame_entry *entry = data;

	return (struct value){ .known = entry->offender.kind != OFFENDER_UNKNOWN,
			       .number = entry->total_ns };
}

static struct value get_share(const void *data)
{
	const struct blame_entry *entry = data;

	return (struct value){ .known = entry->ready_ns,
			       .number = share_mpct(entry->ns, entry->ready_ns) };
}

static struct value get_kind(const void *data)
{
	static const char *const names[] = {
		[OFFENDER_IDLE] = "idle",	    [OFFENDER_VCPU] = "vcpu",
		[OFFENDER_VM_THREAD] = "vm_thread", [OFFENDER_KERNEL] = "kernel",
		[OFFENDER_HOST] = "host",	    [OFFENDER_INTERRUPT] = "interrupt",
		[OFFENDER_THROTTLED] = "throttled", [OFFENDER_UNKNOWN] = "unknown",
	};
	const struct blame_entry *entry = data;

	if (entry->own)
		return text(entry->offender.kind == OFFENDER_VCPU ? "own_vcpu" : "own_thread");
	return text(names[entry->offender.kind]);
}

static struct value get_vm(const void *data)
{
	const struct blame_entry *entry = data;

	return text(entry->vm ? entry->vm->name : NULL);
}

static struct value get_vm_pid(const void *data)
{
	const struct blame_entry *entry = data;

	return (struct value){ .known = entry->offender.vm_pid, .number = entry->offender.vm_pid };
}

static struct value get_comm(const void *data)
{
	return text(((const struct blame_entry *)data)->offender.comm);
}

static struct value get_cgroup(const void *data)
{
	return text(((const struct blame_entry *)data)->offender.cgroup);
}

static struct value get_who(const void *data)
{
	const char *who = ((const struct blame_entry *)data)->who;

	return text(*who ? who : "-");
}

static struct value get_what(const void *data)
{
	static const char *const words[] = {
		[OFFENDER_IDLE] = "CPU idle or switching",
		[OFFENDER_VCPU] = "another VM's vCPUs",
		[OFFENDER_VM_THREAD] = "another VM's thread",
		[OFFENDER_KERNEL] = "kernel thread",
		[OFFENDER_HOST] = "host process",
		[OFFENDER_INTERRUPT] = "interrupts",
		[OFFENDER_THROTTLED] = "throttled: its cgroup's cpu.max",
		[OFFENDER_UNKNOWN] = "not known",
	};
	const struct blame_entry *entry = data;

	if (entry->own)
		return text(entry->offender.kind == OFFENDER_VCPU ? "its own vCPUs"
								  : "its own thread");
	return text(words[entry->offender.kind]);
}

static const struct metric list[] = {
	{ NULL, "VICTIM", UNIT_TEXT, ALL, "VM that waited", get_victim, NULL },
	{ NULL, "VCPU", UNIT_NUMBER, VCPU | THREAD, "its vCPU", get_victim_vcpu, NULL },
	{ NULL, "THREAD", UNIT_TEXT, THREAD, "its thread", get_victim_thread, NULL },
	{ "ns", "MS", UNIT_NS_AS_MS, ALL, "ready time in which the offender ran", get_ns,
	  get_total },
	{ "pct", "%OFRDY", UNIT_MPCT, ALL, "share of the victim's ready time", get_share, NULL },
	{ "kind", NULL, UNIT_TEXT, NEVER, "what kind of offender", get_kind, NULL },
	{ NULL, "WHO", UNIT_TEXT, ALL, "the offender", get_who, NULL },
	{ NULL, "WHAT", UNIT_TEXT, ALL, "what kind of offender", get_what, NULL },
	{ "vm", NULL, UNIT_TEXT, NEVER, "the offender's VM", get_vm, NULL },
	{ "vm_pid", NULL, UNIT_NUMBER, NEVER, "the offender's VM", get_vm_pid, NULL },
	{ "comm", NULL, UNIT_TEXT, NEVER, "the offender's thread or process", get_comm, NULL },
	{ "cgroup", NULL, UNIT_TEXT, NEVER, "a host process's cgroup", get_cgroup, NULL },
};

const struct metric_table blame_metrics = { list, sizeof(list) / sizeof(list[0]) };
