/* SPDX-License-Identifier: GPL-2.0-only */
/* A slow request of the host's. */
#ifndef KVMQ_IO_EVENT_H
#define KVMQ_IO_EVENT_H

#include <stdint.h>

#include "model/io.h"
#include "model/snapshot.h"

struct io_event {
	uint64_t time_ns; /* CLOCK_MONOTONIC of its completion */
	uint32_t dev;
	enum io_op op;
	uint64_t sector; /* UINT64_MAX: none, of a flush */
	uint32_t bytes;
	int error; /* 0 or -errno of the block layer's status */
	uint32_t vm_pid;
	uint64_t cgroup_id;
	struct io_whose whose; /* set by io_vms__describe_event(), not by the probe */
	uint32_t tid;	       /* of the thread that submitted it; 0: not known */
	char comm[COMM_SIZE];
	uint64_t layers_ns[HOST_LAYERS];
	bool known[HOST_LAYERS];
};

#endif
