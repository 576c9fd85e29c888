// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/row_metrics.h"

/* Whether a row is one thread, and not the sum of a VM. */
static bool is_thread(const struct row *row)
{
	return row->identity.tid;
}

struct value get_row_vm(const void *data)
{
	return text(((const struct row *)data)->vm->name);
}

struct value get_row_vm_pid(const void *data)
{
	return number(((const struct row *)data)->vm->pid);
}

struct value get_row_vm_uuid(const void *data)
{
	return text(((const struct row *)data)->vm->uuid);
}

struct value get_row_cgroup(const void *data)
{
	return text(((const struct row *)data)->vm->cgroup);
}

struct value get_row_vcpus(const void *data)
{
	return number(((const struct row *)data)->vm_vcpus);
}

/* A thread may have an empty name. */
struct value get_row_thread(const void *data)
{
	const struct row *row = data;

	return (struct value){ .known = is_thread(row), .text = row->identity.comm };
}

struct value get_row_vcpu(const void *data)
{
	const struct row *row = data;

	return known_if(is_thread(row) && row->identity.is_vcpu &&
				row->identity.vcpu != VCPU_UNKNOWN,
			(uint64_t)row->identity.vcpu);
}

struct value get_row_tid(const void *data)
{
	const struct row *row = data;

	return known_if(is_thread(row), row->identity.tid);
}

struct value get_row_cpu(const void *data)
{
	const struct row *row = data;

	return known_if(is_thread(row), row->cpu);
}

struct value row_rate(const struct row *row, uint64_t count)
{
	uint64_t vcpus = row->vcpus > 1 ? row->vcpus : 1;
	double seconds = (double)row->interval.elapsed_ns / (double)vcpus / 1e9;

	return known_if(row->interval.elapsed_ns,
			seconds > 0 ? (uint64_t)((double)count * 1000.0 / seconds + 0.5) : 0);
}

struct value row_share(const struct row *row, uint64_t ns)
{
	return known_if(row->interval.elapsed_ns, share_mpct(ns, row->interval.elapsed_ns));
}

ROW_FIGURE(extern, row_elapsed, figures->elapsed_ns)
ROW_FIGURE(extern, row_run, figures->run_ns)
ROW_FIGURE(extern, row_ready, figures__ready(figures))
ROW_FIGURE(extern, row_halt, figures->halt_ns)
ROW_FIGURE(extern, row_block, figures->block_ns)
ROW_SHARE(extern, row_run)
ROW_SHARE(extern, row_ready)
ROW_SHARE(extern, row_halt)
ROW_SHARE(extern, row_block)
