// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/blame_metrics.h"

#include <string.h>

#include "cmd/values.h"

static struct value get_victim(const void *data)
{
	return text(((const struct blame_entry *)data)->victim->vm->name);
}

static struct value get_victim_vcpu(const void *data)
{
	const struct identity *identity = &((const struct blame_entry *)data)->victim->identity;

	return known_if(identity->tid && identity->vcpu != VCPU_UNKNOWN, (uint64_t)identity->vcpu);
}

static struct value get_victim_thread(const void *data)
{
	return text(((const struct blame_entry *)data)->victim->identity.comm);
}

static struct value get_ns(const void *data)
{
	return number(((const struct blame_entry *)data)->ns);
}

static struct value total_ns(const void *data)
{
	const struct blame_entry *entry = data;

	return known_if(entry->offender.kind != OFFENDER_UNKNOWN, entry->total_ns);
}

static struct value get_share(const void *data)
{
	const struct blame_entry *entry = data;

	return known_if(entry->ready_ns, share_mpct(entry->ns, entry->ready_ns));
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

	return known_if(entry->offender.vm_pid, entry->offender.vm_pid);
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

const char *blame_entry__label(const struct blame_entry *entry)
{
	bool has_name = entry->who[0] && strcmp(entry->who, "-") != 0;

	return entry->own || !has_name ? get_what(entry).text : entry->who;
}

static const struct metric list[] = {
	LABEL(NULL, "VICTIM", TEXT, ALL, "VM that waited", get_victim, "domain"),
	LABEL(NULL, "VCPU", NUMBER, VCPU | THREAD, "its vCPU", get_victim_vcpu, "vcpu"),
	LABEL(NULL, "THREAD", TEXT, THREAD, "its thread", get_victim_thread, "thread"),
	COUNTER("ns", "MS", NS_AS_MS, ALL, "ready time in which the offender ran", ns),
	DERIVED("pct", "%OFRDY", MPCT, ALL, "share of the victim's ready time", get_share),
	LABEL("kind", NULL, TEXT, NEVER, "what kind of offender", get_kind, "kind"),
	LABEL(NULL, "WHO", TEXT, ALL, "the offender", get_who, "offender"),
	NOTE(NULL, "WHAT", ALL, "what kind of offender", get_what),
	LABEL("vm", NULL, TEXT, NEVER, "the offender's VM", get_vm, NULL),
	LABEL("vm_pid", NULL, NUMBER, NEVER, "the offender's VM", get_vm_pid, NULL),
	LABEL("comm", NULL, TEXT, NEVER, "the offender's thread or process", get_comm, NULL),
	LABEL("cgroup", NULL, TEXT, NEVER, "a host process's cgroup", get_cgroup, NULL),
};

const struct metric_table blame_metrics = { list, LENGTH(list) };
