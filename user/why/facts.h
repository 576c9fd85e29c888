/* SPDX-License-Identifier: GPL-2.0-only */
/* What the rules look at: the rows of all tools, put together by VM. */
#ifndef KVMQ_WHY_FACTS_H
#define KVMQ_WHY_FACTS_H

#include "exits/exit_rows.h"
#include "io/io_rows.h"
#include "model/view.h"
#include "numa/numa_rows.h"
#include "sched/blame.h"
#include "sched/rows.h"

struct why_facts;

/* All that is known of a VM in an interval. Shares are in 1/1000 %. */
struct why_vm {
	const struct why_facts *facts;
	const struct vm *vm;
	const struct row *row;	 /* of all vCPUs */
	const struct row *vcpus; /* one by one */
	size_t vcpu_count;
	const struct exit_row *exits;	 /* NULL: not looked at */
	const struct numa_row *numa;	 /* the same */
	const struct blame_entry *blame; /* the greatest first */
	size_t blame_count;
	const struct row *worst; /* vCPU that waited most, throttling apart */
	uint64_t wait_mpct;	 /* and so much of the time it did */
	uint64_t blamed_ns;	 /* of all waits, throttling apart */
	struct row other;	 /* of its threads that are no vCPUs, that which waited most; */
	uint64_t other_mpct;	 /* and so much of the time it did; 0: none waited */
	bool others_seen;	 /* false: these threads were not followed */
};

struct why_facts {
	const struct view *before, *after;
	struct rows vms, vcpus; /* rows__make_both() */
	struct exit_rows exits;
	struct numa_rows numa;
	struct blame_list blame;
	struct io_rows disks;	   /* one row for each disk of a VM, */
	struct io_rows operations; /* which has their layers, too: one for each operation */
	LIST(struct why_vm) list;
	LIST(uint32_t) places; /* there, of a VM of the later snapshot */
	/*
	 * Set by who makes them, and shows no row: these are without distributions, totals of nodes
	 * and longest waits. Verdicts are the same, and so are their texts.
	 */
	bool brief;
	bool busy_known;
	uint64_t busy_mpct; /* of all CPUs' time */
};

/* Returns 0 or -ENOMEM. */
int why_facts__make(struct why_facts *facts, const struct view *before, const struct view *after);
void why_facts__free(struct why_facts *facts);

/* The cgroups of a VM, from the outermost on. */
const struct cgroup_limit *why_vm__limits(const struct why_vm *vm, size_t *count);

/* What the same one was before; NULL: it was not there. */
const struct cgroup_limit *why_vm__limit_before(const struct why_vm *vm,
						const struct cgroup_limit *limit);

/* That one of a process, or NULL. */
const struct why_vm *why_facts__vm(const struct why_facts *facts, const struct vm *vm);

/* Its exits for a reason, by the names that SVM and VMX have for it, as exit_row has them; NULL: it
 * had none. Its exits must have been looked at. */
struct reason_row *const *why_vm__reason(const struct why_vm *vm, const char *svm, const char *vmx);

/* Its exits for memory that KVM has not mapped, or not so; NULL: it had none, or they are not
 * known. */
struct reason_row *const *why_vm__page_faults(const struct why_vm *vm);

/*
 * Time in KVM because NUMA balancing had unmapped memory: of its page faults as large a part as
 * hint faults are of them; 0 where either is not known.
 */
uint64_t why_vm__balancing_ns(const struct why_vm *vm);

/* Time on a CPU of all the time of its vCPUs, or of one. */
uint64_t row__run_mpct(const struct row *row);

#endif
