/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the VMs and the block devices of a host did, at one moment: monotonic counters with
 * identities. How they were read does not show. Times are ns; devices are dev_t as the kernel has
 * them (IO_DEV).
 */
#ifndef KVMQ_IO_H
#define KVMQ_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/latency.h"
#include "model/list.h"

/* The kernel's dev_t: include/linux/kdev_t.h */
#define IO_DEV(major, minor) ((uint32_t)(major) << 20 | (uint32_t)(minor))
#define IO_DEV_MAJOR(dev) ((dev) >> 20)
#define IO_DEV_MINOR(dev) ((dev)&0xfffff)

enum io_op {
	IO_READ,
	IO_WRITE,
	IO_DISCARD,
	IO_FLUSH,
	IO_OTHER,
	IO_OPS,
};

/* The layers in which a host request waits, in this order. */
enum host_layer {
	HOST_THROTTLED, /* held back by blk-throttle, before it is queued */
	HOST_QUEUE,	/* from the queuing of its first bio to its issue */
	HOST_DEVICE,	/* from issue to completion */
	HOST_LAYERS,
};

#define DISK_NO_ID UINT32_MAX
#define DISK_SEVERAL (UINT32_MAX - 1)

enum io_owner {
	IO_OWNER_HOST, /* no VM's */
	IO_OWNER_VM,
	IO_OWNER_UNKNOWN, /* one of several VMs': not guessed */
	IO_OWNERS,
};

/* Which VM a request on a device belongs to, by all that was known of the host at that moment. */
struct io_whose {
	uint64_t vm_start_ns; /* the VM's; if several share a cgroup, one of those */
	uint32_t vm_pid;      /* 0: none is known */
	uint32_t disk; /* id, if only one of its disks is there; DISK_SEVERAL; or DISK_NO_ID */
	enum io_owner owner;
	bool stacked; /* the device stands on others, where its requests are counted again */
};

/* Requests of one kind, on one device, by one owner. */
struct block_flow {
	uint64_t cgroup_id; /* of the blk-cgroup; 0: none */
	uint32_t dev;	    /* of the whole disk */
	uint32_t vm_pid;    /* the VM whose thread submitted them; else 0 */
	enum io_op op;
	struct io_whose whose; /* set by io_vms__describe(), not by a probe */
	uint64_t issued;       /* a request that is issued again after a requeue counts once */
	uint64_t completed;
	uint64_t bytes; /* completed */
	uint64_t requeued;
	uint64_t failed; /* completed with an error */
	struct latency layers[HOST_LAYERS];
};

/* What could not be counted, since the tool started. */
struct block_losses {
	uint64_t events;   /* not shown: the ring buffer was full */
	uint64_t flows;	   /* requests booked on nobody: the table of flows is full */
	uint64_t requests; /* not timed: the table of requests was full */
	uint64_t owners;   /* now: VMs, cgroups and devices that the tables have no room for */
	uint64_t early;	   /* completed, but issued before the tool started */
	uint64_t missed;   /* programs that did not run */
};

#define VMM_BY_QMP 0 /* a backend: QEMU's own counters, asked by QMP */

/* Requests as the VMM itself times them. */
struct vmm_flow {
	uint64_t vm_start_ns; /* set by io_vms__describe(), not by a probe */
	uint64_t backend;     /* which disk of the VMM: a number that stays the same */
	uint32_t vm_pid;
	uint32_t disk; /* its id; DISK_NO_ID: not known which */
	enum io_op op;
	uint64_t bytes;
	struct latency latency; /* without a distribution when it is from QMP */
};

/* One virtqueue, by Little's law. */
struct virtqueue_flow {
	uint64_t vm_start_ns;
	uint32_t vm_pid;
	uint32_t disk;	      /* its id */
	uint32_t queue;	      /* number of the queue */
	uint64_t requests;    /* that have left the ring */
	uint64_t integral_ns; /* requests in the ring x time */
	uint32_t in_flight;   /* now */
};

/* The block layer up to a moment. */
struct block_snapshot {
	struct block_losses losses;
	char throttling_missing[128]; /* why THR is not told from Q; empty: it is */
	uint64_t runs; /* of all programs, as the sampled ones tell, and the time in these */
	uint64_t samples;
	uint64_t sample_ns;
	LIST(struct block_flow) flows; /* ordered by dev, cgroup_id, vm_pid, op */
};

/* What VMMs have timed. */
struct vmm_snapshot {
	LIST(struct vmm_flow) flows;
	uint64_t lost; /* requests without a place: the table was full */
};

/* The rings that are watched. */
struct virtqueue_snapshot {
	LIST(struct virtqueue_flow) flows;
	uint64_t failed;  /* readings of a ring that failed */
	uint64_t skipped; /* because another CPU was reading it */
};

/* Of zeros before; of zeros again after. */
void block_snapshot__free(struct block_snapshot *snapshot);

/* Forget the flows and keep the memory. */
void block_snapshot__clear(struct block_snapshot *snapshot);
void vmm_snapshot__clear(struct vmm_snapshot *snapshot);
void virtqueue_snapshot__clear(struct virtqueue_snapshot *snapshot);

/* Orders the flows, and adds up those of the same key. */
void block_snapshot__sort(struct block_snapshot *snapshot);

#endif
