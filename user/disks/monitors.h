/* SPDX-License-Identifier: GPL-2.0-only */
/* The QMP sockets that were given with --qmp: what QEMU counts and where its rings are. */
#ifndef KVMQ_MONITORS_H
#define KVMQ_MONITORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disks/io_vms.h"
#include "disks/rings.h"
#include "model/io.h"

#define MONITORS_MAX 64
#define MONITORS_START_MS 5000U

/* What QEMU had counted of a disk when it was asked first. */
struct monitor_base {
	uint32_t disk; /* its id */
	enum io_op op;
	bool is_there; /* in the answer that is being read */
	uint64_t count, sum_ns, bytes;
};

struct monitor {
	const char *path;     /* borrowed */
	struct qmp *qmp;      /* NULL: not connected */
	uint32_t vm_pid;      /* at the other end */
	uint64_t vm_start_ns; /* of its VM, which may have gone since; 0: not known yet */
	struct ring rings[RINGS_MAX];
	size_t ring_count;
	const char *rings_missing;	 /* why there are none; NULL: there are */
	LIST(struct monitor_base) bases; /* they stay when the connection ends */
	int error;			 /* -errno of the last try; 0: it is connected */
	unsigned int late;		 /* how often in a row it did not answer in time */
	unsigned int pause;		 /* refreshes until it is tried again */
};

struct monitors {
	struct monitor list[MONITORS_MAX];
	size_t count;
	bool started; /* each has been asked, or the one that failed */
};

/*
 * Connects to the monitors that are not connected, and asks each for its VM's disks and rings. vms
 * is fresh. A monitor that fails keeps its error and is tried again at the next refresh; one that
 * does not answer within a second, later and later. The first time each has MONITORS_START_MS, and
 * nothing is asked after one that fails.
 */
void monitors__refresh(struct monitors *monitors, struct io_vms *vms);

/*
 * Adds what QEMU has counted for each disk (query-blockstats) since it was asked first to a
 * snapshot, as backend VMM_BY_QMP. Returns 0 or -ENOMEM; a monitor that does not answer is closed.
 */
int monitors__read(struct monitors *monitors, const struct io_vms *vms,
		   struct vmm_snapshot *snapshot);

/* The monitor of a VM, or NULL. */
const struct monitor *monitors__find(const struct monitors *monitors, uint32_t vm_pid);

void monitors__close(struct monitors *monitors);

#endif
