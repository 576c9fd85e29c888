/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMs of the host with their disks and cgroups. They are found in /proc, without a hook. The
 * list is refreshed as often as that costs at most half a per cent of a CPU.
 */
#ifndef KVMQ_IO_VMS_H
#define KVMQ_IO_VMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disks/device.h"
#include "disks/disk.h"
#include "disks/disk_ids.h"
#include "host/proc_view.h"
#include "host/vm.h"
#include "host/vm_scan.h"
#include "model/io_event.h"
#include "model/io_view.h"

/* A VM as it is now; in a view, it is a struct io_vm and its disks. */
struct live_vm {
	struct vm *vm;		    /* of the registry */
	struct disks *disks;	    /* owned */
	uint64_t cgroup_id;	    /* of its blk-cgroup; 0: the root, or none */
	char *cgroup;		    /* that one's path; NULL: none */
	bool cgroup_of_vms;	    /* another VM has the same */
	bool cgroup_of_others;	    /* other processes are in it, or may be */
	uint32_t uid;		    /* who started it */
	struct process_files files; /* before they were looked at; count 0: not known */
	bool kept;		    /* it seemed unchanged at the last look */
};

struct io_vms {
	const char *proc, *cgroups; /* folders to read from, borrowed */
	struct vms *registry;
	struct devices *devices;
	struct disk_ids disk_ids;
	LIST(struct live_vm); /* by ascending PID */
	LIST(struct device_user) users;
	LIST(struct device_holder) holders;
	LIST(struct cgroup_user) cgroup_users; /* all three as of io_vms__find_owners() */
	uint64_t next_ns;		       /* CLOCK_MONOTONIC of the next look */
	uint64_t rest_ns;   /* how long a look is good for if nothing seems to have changed */
	uint64_t rested_ns; /* CLOCK_MONOTONIC: up to then, it is */
	uint64_t whole_ns;  /* CLOCK_MONOTONIC: from then on, all is looked at, changed or not */
	struct scan_memory scanned;
	uint64_t budget_ns; /* CPU time of a look, beside finding the VMs */
	enum proc_view view;
	struct vm_refusals refusals; /* of the last look, those that took too long, too */
};

/* proc, cgroups and sys are "/proc", "/sys/fs/cgroup" and "/sys". 0 or -ENOMEM. */
int io_vms__init(struct io_vms *vms, const char *proc, const char *cgroups, const char *sys,
		 const struct vm_filter *filter);
void io_vms__free(struct io_vms *vms);

/*
 * Looks again, if it is due. With a rest_ns, that is when a VM has opened or closed a file, after
 * io_vms__look_again(), or when that time is over, or the longer one that keeps such looks below
 * 0.005 % of a CPU, up to ten minutes. What such a look finds unchanged (files by their number,
 * those of disks one by one) is as it was. It looks at all by a share of 0.002 %, and each ten
 * minutes.
 *
 * The time for the VMs of one user is limited: further ones are in the list without their disks,
 * and counted in refusals. Returns 1 if it looked, 0 if not, or -errno. Pointers into the list are
 * valid until then.
 */
int io_vms__refresh(struct io_vms *vms, uint64_t now_ns);

/* VMs have come or gone: they are looked at when that is due next, whatever rest_ns is. */
void io_vms__look_again(struct io_vms *vms);

#define IO_MISSING_SIZE 256

/* Why VMs of this host may be missing in the list; empty: none is. */
void io_vms__missing(const struct io_vms *vms, char *text, size_t size);

/* By PID, or NULL. */
struct live_vm *io_vms__find(const struct io_vms *vms, uint32_t pid);

/* Finds out whose devices and cgroups are, once the disks are known. 0 or -ENOMEM. */
int io_vms__find_owners(struct io_vms *vms);

/*
 * Which VM a flow's requests belong to: by the blk-cgroup, then by the process that submitted them,
 * then by the owner of the device. Fills in *vm for IO_OWNER_VM; for a shared cgroup, with one of
 * those that share it.
 */
enum io_owner io_vms__owner(const struct io_vms *vms, const struct block_flow *flow,
			    const struct live_vm **vm);

/* The only VM that has a whole device for a disk of its own, directly or through stacked ones; or
 * NULL. */
const struct live_vm *io_vms__device_owner(const struct io_vms *vms, uint32_t dev);

/*
 * Puts the VMs, their disks and the devices into a view, anew, and for everything that probes have
 * counted in it, which VM it belongs to. Returns 0 or -ENOMEM.
 */
int io_vms__describe(struct io_vms *vms, struct io_view *view);

/* Which VM the request of an event belongs to; view has been described since the last refresh. */
void io_vms__describe_event(const struct io_vms *vms, const struct io_view *view,
			    struct io_event *event);

#endif
