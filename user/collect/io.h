/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the VMs and the block devices of a host did, at one moment: monotonic counters with
 * identities, and no trace of how they were read. Times are ns, devices dev_t as the kernel
 * has them (IO_DEV).
 */
#ifndef KVMQ_IO_H
#define KVMQ_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/latency.h"

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

/* What a host request waits in, one after the other. */
enum host_layer {
	HOST_THROTTLED, /* held back by blk-throttle, before it is queued */
	HOST_QUEUE,	/* from the queuing of its first bio to its issue */
	HOST_DEVICE,	/* from issue to completion */
	HOST_LAYERS,
};

/* Requests of one kind, on one device, of one owner. */
struct block_flow {
	uint32_t dev;	    /* of the whole disk */
	uint32_t vm_pid;    /* whose thread submitted them, if that is a VM; else 0 */
	uint64_t cgroup_id; /* of the blk-cgroup; 0: none */
	enum io_op op;
	uint64_t issued; /* a request that is issued again after a requeue counts once */
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
	uint64_t early;	   /* completed, but issued before the tool started */
	uint64_t missed;   /* programs that did not run */
};

/* Requests as the VMM itself times them. */
struct vmm_flow {
	uint32_t vm_pid;
	uint64_t backend; /* which disk of the VMM: a number that stays the same; 0: by QMP */
	enum io_op op;
	uint64_t bytes;
	struct latency latency; /* without a distribution when it is from QMP */
};

/* One virtqueue, by Little's law. */
struct virtqueue_flow {
	uint32_t vm_pid;
	uint32_t disk;	      /* index in the VM's disks */
	uint32_t queue;	      /* number of the queue */
	uint64_t requests;    /* that have left the ring */
	uint64_t integral_ns; /* requests in the ring x time */
	uint32_t in_flight;   /* now */
};

#endif
