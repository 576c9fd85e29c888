/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside the sched probe: what sched.c (its life), sched_rings.c and sched_read.c share. */
#ifndef KVMQ_SCHED_INTERNAL_H
#define KVMQ_SCHED_INTERNAL_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/sched.h"
#include "probe/maps.h"
#include "probe/sched.h"
#include "sched.skel.h"

struct asked_vm {
	struct identity identity; /* of one of its vCPUs */
	bool wanted;
};

/* The table of pairs, which blame.bpf.h keeps, as user space knows it. */
struct known_pairs {
	struct shared_array table;
	uint64_t
		known[SCHED_BLAME_PAIRS / 64]; /* a bit for each place: it is in one of the lists */
	uint32_t words;			       /* of these that have been used */
	LIST(uint32_t) order;		       /* places of pairs in the order of compare_blame() */
	LIST(uint32_t) fresh;		       /* those that are not in order yet */
	LIST(uint32_t) leaving; /* of victims that have gone: given back at the next reading */
};

struct sched_probe {
	struct sched_probe_config config;
	struct sched_bpf *skeleton;
	struct ring_buffer *rings;
	struct shared_array threads, cpus, verdicts, progress, waiters, vm_tgids, nodes;
	struct shared_array vm_verdicts; /* enum sched_verdict by tgid, if there is a filter */
	uint32_t slots;			 /* in the tables */
	char *nodes_read;  /* by slot, as read with its thread: slot_nodes(); NULL: not counted */
	size_t nodes_size; /* of one: up to the last node that the host can have */
	struct overlap_probe *overlap; /* or NULL */
	bool throttling_known;	       /* the hooks are attached */
	bool looked;		       /* at all threads of the scan */
	uint32_t cpu_count;
	uint32_t slots_seen; /* slots beyond have not been used up to the last reading */
	uint64_t torn;
	uint64_t clock_offset; /* CLOCK_MONOTONIC minus the run queues' clock */
	uint64_t offset_time;  /* when that was measured; 0: not yet */
	uint64_t idle_switch_ps;
	uint32_t gone[SCHED_SLOTS]; /* read as exited: to be returned next time */
	uint32_t gone_count;
	struct known_pairs pairs;
	uint32_t known[SCHED_SLOTS]; /* generation that on_thread was asked about */
	uint32_t shown[SCHED_SLOTS]; /* generation that was last in a snapshot */
	uint64_t begin_rq;	/* when the reading of the last snapshot began; 0: there is none */
	struct asked_vm *asked; /* that the kernel has asked about, and that have not gone */
	size_t asked_count;
	/*
	 * Another probe keeps something for each slot: it is told, before the slot of a thread that
	 * has gone is given back, whose it was. Returns 0 or -errno. NULL: none does.
	 */
	int (*on_return)(void *context, uint32_t slot, const struct owner *owner);
	void *return_context;
};

/*
 * Makes the threads, their progress and their waits memory of ours, up to a slot: those up to
 * slots_seen are. Returns 0 or -errno.
 */
int map_slots(struct sched_probe *probe, uint32_t slot);

/* Of a slot that is mapped. */
static inline struct sched_thread *slot_thread(const struct sched_probe *probe, uint32_t slot)
{
	return (struct sched_thread *)probe->threads.data + slot;
}

/* Where a slot's thread has run, as read with it: of run_ns only the nodes that the host can have.
 */
static inline struct sched_nodes *slot_nodes(const struct sched_probe *probe, uint32_t slot)
{
	return (struct sched_nodes *)(probe->nodes_read + slot * probe->nodes_size);
}

/* Where a thread was when its books began: enum sched_place. */
uint32_t slot_place(const struct sched_probe *probe, uint32_t slot);

/* Asks, once for each thread, whether it is wanted, and tells the kernel. */
void meet_thread(struct sched_probe *probe, uint32_t slot, const struct sched_thread *thread);

bool is_wanted(const struct sched_probe *probe, uint32_t slot, uint32_t generation);

/*
 * Whose record it is that a ring buffer has brought: meets the thread, and fills in its
 * identity. False: a thread that has gone, or one that is not wanted.
 */
bool record_identity(struct sched_probe *probe, uint32_t slot, uint32_t generation,
		     struct identity *identity);

/* Opens the ring buffers; what they bring goes to the configuration's callbacks. Returns 0 or
 * -errno. */
int sched_rings__open(struct sched_probe *probe);

/*
 * How far the run queues' clock is from CLOCK_MONOTONIC now, for both sides. Returns 0 or
 * -errno.
 */
int measure_clock(struct sched_probe *probe);

/* Fills free_slots. Returns 0 or -errno. */
int shares__fill(struct sched_probe *probe);

/* Gives a slot back that has been cleared, and was of this thread. Returns 0 or -errno. */
int shares__give_back(const struct sched_probe *probe, uint32_t slot, uint32_t uid, uint32_t vm);

/* Answers the kernel whether a VM is wanted, by one of its vCPUs. */
void shares__answer(struct sched_probe *probe, const struct sched_news *item);

/* Tells on_exit of the VMs that have gone. */
void shares__forget_gone(struct sched_probe *probe);
void shares__free(struct sched_probe *probe);

/*
 * With --by thread, the kernel looks out for the other threads of this VM; with
 * --blame it names them as such, also those of a VM that is not wanted itself.
 */
void set_vm_bit(const struct sched_probe *probe, uint32_t tgid, bool value);

/* An on_thread for a probe that is only loaded to see whether it can be. */
bool want_nothing(void *context, const struct identity *identity);

void slot_identity(const struct sched_thread *thread, uint32_t slot, struct identity *identity);

/* The table of pairs of victim and offender, all of it free. Return 0 or -errno. */
int open_blame(struct sched_probe *probe);
void close_blame(struct sched_probe *probe);

/*
 * Reads who ran while others waited, in the order of compare_blame(), and forgets the pairs of
 * those that have gone. Returns 0 or -errno.
 */
int read_blame(struct sched_probe *probe, struct snapshot *snapshot);

/* Adds what a thread waits for at this moment and no table holds yet. */
int add_blame_progress(const struct sched_progress *progress, struct snapshot *snapshot);

/* A name may hold anything; what would reach the terminal as a command does not. */
void copy_comm(char *copy, const char *comm, size_t size);
enum state user_state(uint32_t state);

/* A copy of a slot as it was at one moment. False: it never held still. */
bool copy_thread(const struct sched_probe *probe, uint32_t slot, struct sched_thread *copy);

#endif
