/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a host looks like at one moment: monotonic counters with identities. How they were read does
 * not show. Everything that is shown is made from the difference of two of these. Durations and
 * times are in ns.
 */
#ifndef KVMQ_SNAPSHOT_H
#define KVMQ_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/hist.h"
#include "model/figures.h"
#include "model/list.h"
#include "model/vm.h"

#define COMM_SIZE 16
#define CGROUP_SIZE 32
#define VCPU_UNKNOWN (-1)
#define MISSING_SIZE 160 /* of a clause that says why something is n/a */

enum state {
	STATE_RUN,
	STATE_READY,
	STATE_HALT,
	STATE_BLOCK,
	STATE_GONE, /* exited; it is in no later snapshot */
};

/*
 * Which thread, of which VM. A VM is a process; its start tells it from a later process with the
 * same PID.
 */
struct identity {
	uint64_t id;	      /* unique for as long as the tool runs */
	uint64_t vm_start_ns; /* 0: not known */
	uint32_t vm_pid;
	uint32_t tid;
	int32_t vcpu;
	bool is_vcpu;
	char comm[COMM_SIZE];
	char vm_comm[COMM_SIZE]; /* of the VM's process, or the thread's own for vhost */
};

struct wait_hist {
	uint32_t count[CAUSES][HIST_BUCKETS]; /* modulo 2^32 */
};

struct thread_snapshot {
	struct identity identity;
	enum state state;
	uint32_t cpu;
	uint64_t waiting_ns;   /* age of the wait that is going on, or 0 */
	bool throttling_known; /* figures.throttled_ns is told from other ready time */
	uint64_t since_rq;     /* in this state since, by the scheduler's clock */
	uint64_t read_rq;      /* up to here: the snapshot's read_rq, or since_rq if later */
	struct figures figures;
	struct wait_hist hist;
};

/* Who ran while a thread waited. */
enum offender_kind {
	OFFENDER_IDLE, /* nobody: the CPU was idle, or switched */
	OFFENDER_VCPU,
	OFFENDER_VM_THREAD, /* of a VM: emulator, I/O, vhost */
	OFFENDER_KERNEL,    /* a kernel thread */
	OFFENDER_HOST,	    /* any other process */
	OFFENDER_INTERRUPT, /* interrupts, or time that an outer host took */
	OFFENDER_THROTTLED, /* its own cgroup's bandwidth; not in a snapshot */
	OFFENDER_UNKNOWN,   /* the rest; not in a snapshot */
};

struct offender {
	enum offender_kind kind;
	uint32_t tid;
	uint32_t vm_pid;	  /* of a VM's thread; else 0 */
	uint64_t cgroup_id;	  /* of a host process */
	char comm[COMM_SIZE];	  /* of the thread; of a host process, the process */
	char cgroup[CGROUP_SIZE]; /* of a host process: the last folder of its path */
};

/* How long one thread has waited for another. */
struct blame {
	uint64_t victim; /* id of its identity */
	struct offender offender;
	uint64_t ns;
};

#define SNAPSHOT_WAITING 64 /* so many waiting, or more, are not told apart */

/* What the vCPUs of one VM did at the same time. */
struct overlap {
	uint32_t vm_pid;
	uint64_t hazard_ns;  /* at least one waited while a sibling was on a CPU */
	uint64_t stalled_ns; /* at least one waited, and none was on a CPU */
	uint64_t waiting_ns[SNAPSHOT_WAITING]; /* element i: i + 1 of them waited */
};

/* What could not be counted, since the tool started. */
struct losses {
	uint64_t threads;   /* not tracked: the table is full */
	uint64_t events;    /* not shown: the ring buffer was full */
	uint64_t torn;	    /* readings given up: the thread switched all the time */
	uint64_t clock;	    /* waits that were longer than the time since they began */
	uint64_t missed;    /* switches not seen, made up for from the kernel's books */
	uint64_t throttled; /* throttling that could not be told from waiting */
	uint64_t overlap;   /* changes of state that were noticed late */
	uint64_t timeline;  /* slices missing in --timeline: the buffer or the file was full */
	uint64_t blame;	    /* waits booked on nobody: a full list or table */
};

/* What looking costs, since the tool started. */
struct cost {
	uint64_t vm_switches;  /* hook runs for a thread of a VM */
	uint64_t vm_sample_ns; /* time in the sampled ones of these */
	uint64_t vm_samples;
	uint64_t switches;	 /* of the whole host */
	uint64_t idle_switch_ps; /* ps of a hook run for any other task; 0: not known */
	uint64_t own_cpu_ns;	 /* this process */
};

struct snapshot {
	uint64_t time_ns;     /* CLOCK_MONOTONIC when reading began */
	uint64_t end_ns;      /* and when it ended */
	uint64_t read_rq;     /* threads were read at this time, by the scheduler's clock */
	uint64_t end_rq;      /* the same by the scheduler's clock */
	uint64_t realtime_ns; /* time of day when reading began */
	struct losses losses;
	struct cost cost;
	uint32_t other_vcpus; /* that the filter leaves out */
	uint32_t other_vms;
	LIST(struct thread_snapshot) threads; /* by ascending id */
	LIST(struct vm) vms;		      /* of all threads and offenders: by vm__compare() */
	LIST(struct overlap) overlaps;	      /* by PID; none unless asked for */
	LIST(struct blame) blame;	      /* by compare_blame(); the same */
};

/* An order of overlaps by PID. */
int compare_overlaps(const void *left, const void *right);

/*
 * Whether a thread of a snapshot that ended at end_ns existed already at time_ns of an earlier
 * snapshot that lacks it: it could not be read then.
 */
bool thread__is_older(const struct thread_snapshot *thread, uint64_t time_ns, uint64_t end_ns);

/* The overlap of a VM, or NULL. */
const struct overlap *snapshot__overlap(const struct snapshot *snapshot, uint32_t vm_pid);

/*
 * The VM with a PID and a start. If the start is 0, which is not known, the latest with that PID.
 * NULL: there is none.
 */
const struct vm *snapshot__vm(const struct snapshot *snapshot, uint32_t pid, uint64_t start_ns);

/* The VM of a thread. */
const struct vm *snapshot__vm_of(const struct snapshot *snapshot, const struct identity *thread);

/* The same, sooner if it is the one that was found last, which may be NULL: most threads stand by
 * VM. */
const struct vm *snapshot__vm_again(const struct snapshot *snapshot, const struct identity *thread,
				    const struct vm *last);

/* The PID in the name of a vhost kernel thread; 0: this offender is no such thread. */
uint32_t offender__vhost_pid(const struct offender *offender);

/* Orders the pairs, and adds up those that are equal. */
void snapshot__sort_blame(struct snapshot *snapshot);

/*
 * The time of day at which the threads were read, in ns: other things are read before them. Without
 * threads, realtime_ns.
 */
uint64_t snapshot__threads_realtime_ns(const struct snapshot *snapshot);

/* An order of pairs; 0: the same victim and offender. */
int compare_blame(const void *left, const void *right);

/* Empties its lists; keeps their memory. */
void snapshot__clear(struct snapshot *snapshot);

void snapshot__free(struct snapshot *snapshot);

#endif
