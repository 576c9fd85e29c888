/* SPDX-License-Identifier: GPL-2.0-only */
/* Metrics of struct row, the first member of several tools' rows, defined once for all. */
#ifndef KVMQ_ROW_METRICS_H
#define KVMQ_ROW_METRICS_H

#include "cmd/values.h"
#include "sched/rows.h"

/* get_NAME() of the interval's figures, and total_NAME() of all: a counter. */
#define ROW_FIGURE(storage, name, expression)                                                      \
	storage struct value get_##name(const void *row)                                           \
	{                                                                                          \
		const struct figures *figures = &((const struct row *)row)->interval;              \
		return number(expression);                                                         \
	}                                                                                          \
	storage struct value total_##name(const void *row)                                         \
	{                                                                                          \
		const struct figures *figures = &((const struct row *)row)->total;                 \
		return number(expression);                                                         \
	}

/* The share of the row's time that this counter is. */
#define ROW_SHARE(storage, name)                                                                   \
	storage struct value share_##name(const void *row)                                         \
	{                                                                                          \
		return row_share(row, get_##name(row).number);                                     \
	}

#define DECLARE_FIGURE(name)                                                                       \
	struct value get_##name(const void *row);                                                  \
	struct value total_##name(const void *row)

struct value get_row_vm(const void *data);
struct value get_row_vm_pid(const void *data);
struct value get_row_vm_uuid(const void *data);
struct value get_row_cgroup(const void *data);
struct value get_row_vcpus(const void *data);
struct value get_row_thread(const void *data);
struct value get_row_vcpu(const void *data);
struct value get_row_tid(const void *data);
struct value get_row_cpu(const void *data);
DECLARE_FIGURE(row_elapsed);
DECLARE_FIGURE(row_run);
DECLARE_FIGURE(row_ready);
DECLARE_FIGURE(row_halt);
DECLARE_FIGURE(row_block);
struct value share_row_run(const void *row);
struct value share_row_ready(const void *row);
struct value share_row_halt(const void *row);
struct value share_row_block(const void *row);

/* Entries of a table: whose a row is, and what it covers. */
#define ROW_IDENTITY                                                                               \
	LABEL("vm", "VM", TEXT, ALL, "name of the VM, or comm-PID", get_row_vm, "domain"),         \
		LABEL("vm_pid", "PID", NUMBER, NEVER, "process of the VM", get_row_vm_pid, NULL),  \
		LABEL("vm_uuid", "UUID", TEXT, NEVER, "UUID of the VM", get_row_vm_uuid, "uuid"),  \
		LABEL("cgroup", "CGROUP", TEXT, NEVER, "cgroup of the VM's process",               \
		      get_row_cgroup, NULL),                                                       \
		GAUGE("vcpus", "VCPUS", NUMBER, WIDE(VM), "vCPUs of the VM", get_row_vcpus),       \
		LABEL("thread", "THREAD", TEXT, THREAD, "name of the thread", get_row_thread,      \
		      "thread"),                                                                   \
		LABEL("vcpu", "VCPU", NUMBER, VCPU | WIDE(THREAD), "KVM's number of the vCPU",     \
		      get_row_vcpu, "vcpu"),                                                       \
		LABEL("tid", "TID", NUMBER, WIDE(VCPU) | THREAD, "thread on the host",             \
		      get_row_tid, NULL),                                                          \
		GAUGE("cpu", "CPU", NUMBER, WIDE(VCPU | THREAD),                                   \
		      "host CPU where it runs or ran last", get_row_cpu),                          \
		COUNTER("elapsed_ns", NULL, NS, NEVER, "run + ready + halt + block", row_elapsed)

#define ROW_RUN(usual)                                                                             \
	COUNTER("run_ns", NULL, NS, NEVER, "on a CPU", row_run),                                   \
		DERIVED("run_pct", "%RUN", MPCT, usual, "on a CPU", share_row_run)

#define ROW_READY                                                                                  \
	COUNTER("ready_ns", NULL, NS, NEVER, READY_HELP, row_ready),                               \
		DERIVED("ready_pct", "%RDY", MPCT, ALL, READY_HELP, share_row_ready)

#define ROW_HALT_BLOCK                                                                             \
	COUNTER("halt_ns", NULL, NS, NEVER, "the guest halted the vCPU", row_halt),                \
		DERIVED("halt_pct", "%HALT", MPCT, ALL, "the guest halted the vCPU",               \
			share_row_halt),                                                           \
		COUNTER("block_ns", NULL, NS, NEVER, BLOCK_HELP, row_block),                       \
		DERIVED("block_pct", "%BLOCK", MPCT, ALL, BLOCK_HELP, share_row_block)

#define READY_HELP "ready, but not on a CPU"
#define BLOCK_HELP "off the CPU and in no run queue for any other reason"

/* Per second of time, not of all vCPUs' time together, in 1/1000. */
struct value row_rate(const struct row *row, uint64_t count);

/* A share of a row's time. */
struct value row_share(const struct row *row, uint64_t ns);

#endif
