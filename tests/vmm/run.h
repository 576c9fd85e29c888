/* SPDX-License-Identifier: GPL-2.0-only */
/* The vCPU threads of one VM: start, pause, stop. */
#ifndef VMM_RUN_H
#define VMM_RUN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "machine.h"

struct run;

struct runner {
	struct run *run;
	struct vcpu *vcpu;
	pthread_t thread;
	atomic_int tid;
	bool outside; /* out of KVM_RUN for good; under run->lock */
	/* Written by the thread, read once it has ended. */
	uint64_t pio_exits;
	uint64_t mmio_exits;
};

struct run_config {
	const unsigned int *pins; /* vCPU i to the i-th CPU, in rotation */
	unsigned int pin_count;	  /* 0: not pinned */
	uint64_t exit_sleep_ns;	  /* for each exit to the VMM */
	uint64_t exit_work_ns;	  /* on a CPU, before that */
};

struct run {
	struct machine *machine;
	struct run_config config;
	struct runner runners[GUEST_VCPUS_MAX];
	unsigned int count;
	atomic_int phase;
	atomic_bool failed; /* a vCPU had an unexpected exit */
	int failed_fd;	    /* an eventfd that says so to poll() */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int outside; /* how many threads are */
};

/* Functions with a result return 0, or say what failed on standard error and return -1. */
int run_open(struct run *run, struct machine *machine, const struct run_config *config);
/* Starts threads for the machine's vCPUs that have none yet; the first ones together. */
int run_start(struct run *run);
/* Every guest has reached its loop. */
bool run_started(const struct run *run);
/* Returns with all threads asleep outside KVM_RUN; they stay there. */
void run_pause(struct run *run);
/* Ends all threads. The machine's vCPUs remain, to be looked at. */
void run_stop(struct run *run);
void run_close(struct run *run);

#endif
