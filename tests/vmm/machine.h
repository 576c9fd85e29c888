/* SPDX-License-Identifier: GPL-2.0-only */
/* A virtual machine over /dev/kvm: its memory, tables and vCPUs. No threads. */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include <stdint.h>
#include <stdio.h>

#include "guest.h"
#include "memory.h"

struct kvm_cpuid2;
struct kvm_run;

/* What each vCPU does in a loop: burn, then the actions. */
struct workload {
	unsigned int actions; /* GUEST_HALT ... */
	uint64_t burn_us;
	uint64_t halt_us;  /* how long a GUEST_HALT lasts */
	unsigned int busy; /* so many vCPUs do so, the others halt */
};

struct vcpu {
	unsigned int index;
	int fd;
	struct kvm_run *run;
	volatile const struct guest_counters *counters; /* written by the guest */
};

struct machine {
	int kvm;
	int vm;
	int run_size;
	struct memory low;    /* from address 0: the guest's code and tables */
	struct memory memory; /* from GUEST_MEMORY; may be none */
	struct kvm_cpuid2 *cpuid;
	struct workload workload;
	struct vcpu vcpus[GUEST_VCPUS_MAX];
	unsigned int vcpu_count;
};

/* All return 0, or say what failed on standard error and return -1. */
int machine_open(struct machine *machine, const struct workload *workload,
		 const struct memory_config *memory);
/* Adds the vCPU with the next index; also while others run. */
int machine_add_vcpu(struct machine *machine);
/* Right for a machine whose opening failed, too. */
void machine_close(struct machine *machine);

/* Pages of its memory that hold what a vCPU writes to each: their guest address. */
uint64_t machine_touched(const struct machine *machine);

/* The hypercall instruction of this host's make of CPU, as an action. */
unsigned int machine_hypercall(void);

/* Writes " name=value" for each of the vCPU's KVM statistics that is a single number. */
int vcpu_print_stats(const struct vcpu *vcpu, FILE *out);

#endif
