/* SPDX-License-Identifier: GPL-2.0-only */
/* How sums are taken: for daemon_sums*.c only. */
#ifndef KVMQ_DAEMON_SUMS_INTERNAL_H
#define KVMQ_DAEMON_SUMS_INTERNAL_H

#include "cmd/daemon_sums.h"

/* What is not seen for longer has gone: a reading may fail once, or twice. */
#define MISSED_MAX 2

#define MARKS_GONE UINT32_MAX

/* The highest that views have shown of each counter of a thread. */
struct thread_marks {
	uint64_t id;
	uint64_t read_rq;	 /* when the thread was read */
	uint64_t exits_since_ns; /* exits are counted since */
	uint64_t vm_start_ns;
	uint32_t vm_pid;
	uint32_t missed; /* moments since it was seen; MARKS_GONE: they go */
	uint64_t high[VCPU_SUMS];
	uint32_t waits[COARSE_BUCKETS]; /* modulo 2^32 */
};

/* The same of a thread's exits for one reason. */
struct reason_marks {
	uint64_t thread;
	uint32_t code;
	bool gone;		       /* its thread is: they go */
	uint32_t hist[COARSE_BUCKETS]; /* modulo 2^32 */
	uint64_t count, handle_ns;
};

/* Adds to a sum what a value is above the highest one so far. */
void sum__raise(uint64_t *sum, uint64_t *high, uint64_t value);

/* A VM's name as a label, which holds no PID: "-1234" at its end, if that is the VM's, goes. */
void domain__copy(char domain[VM_SHOWN_SIZE], const struct vm *vm);

/* One more VM, without a name. NULL: memory is short. */
struct vm_sums *daemon_sums__add_vm(struct daemon_sums *sums, uint32_t pid, uint64_t start_ns);

/* Takes what a VM is called. */
void vm_sums__name(struct vm_sums *vm, const struct vm *from);

/* The sums of a vCPU, made if there are none. NULL: memory is short. */
struct vcpu_sums *vm_sums__vcpu(struct vm_sums *vm, int32_t vcpu);

/* The sums of exits for that reason, or of the others: never NULL. */
struct reason_sums *vm_sums__reason(struct vm_sums *vm, const char *name);

/* What tells one pair of a VM from another; process: empty, or borrowed. */
struct pair_key {
	enum offender_kind kind;
	uint64_t vm_start_ns;
	uint32_t vm_pid;
	const char *process;
};

/* The pair of that offender, NULL: there is none. */
struct pair_sums *vm_sums__pair(struct vm_sums *vm, const struct pair_key *key);

/* Adds the counters of one that has gone. 0, or -ENOMEM: then some of them are lost. */
int vm_sums__inherit(struct vm_sums *heir, const struct vm_sums *gone);

/* Of vCPUs, whose VMs are seen then. 0 or -ENOMEM. */
int daemon_sums__take_threads(struct daemon_sums *sums, const struct view *after);

/* Of exits by reason; threads have been taken. 0 or -ENOMEM. */
int daemon_sums__take_exits(struct daemon_sums *sums, const struct view *after);

/* Of what the rules look at: nodes, blame, and verdicts. 0 or -ENOMEM. */
int daemon_sums__take_why(struct daemon_sums *sums, const struct why *why);

/* Of disks, from rows of each operation. 0 or -ENOMEM. */
int daemon_sums__take_io(struct daemon_sums *sums, const struct io_rows *rows);

/* Who ran while a VM's vCPUs waited. 0 or -ENOMEM. */
int daemon_sums__take_blame(struct daemon_sums *sums, struct vm_sums *vm, const struct why_vm *of);

#endif
