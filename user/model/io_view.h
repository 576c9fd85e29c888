/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is known of I/O at one moment, by value, as a part of a view: VMs with their disks, the
 * host's devices and what stands on what, what was counted, what guests have reported, and what is
 * missing and why. It has no pointers to the outside, and says which VM each request belongs to.
 *
 * The key of a VM is PID and start, that of a disk is its VM and its id (disks/disk_ids.h), that of
 * a device is its number. io_sets describes each list (model/set.h).
 */
#ifndef KVMQ_IO_VIEW_H
#define KVMQ_IO_VIEW_H

#include "model/io.h"
#include "model/io_event.h"
#include "model/io_sets.h"
#include "model/list.h"
#include "model/vm.h"

#define IO_REASON_SIZE 416
#define DISK_NAME_SIZE 64
#define DISK_PATH_SIZE 256
#define DEVICE_NAME_SIZE 32
#define GUEST_NAME_SIZE 32
#define GUEST_TEXT_SIZE 64
#define SCHEDULER_SIZE 16

struct io_vm {
	uint64_t start_ns;
	uint64_t cgroup_id; /* of its blk-cgroup; 0: the root, or none */
	uint32_t pid;
	uint32_t disks_left_out;  /* that there was no room for */
	uint32_t options_refused; /* that may have told of a disk and cannot be read */
	char name[VM_SHOWN_SIZE];
	char uuid[VM_UUID_SIZE];	 /* empty: it has none */
	char proxmox_id[VM_ID_SIZE];	 /* the same */
	char cgroup[VM_CGROUP_SIZE];	 /* path of the blk-cgroup; empty: none */
	char own_cgroup[VM_CGROUP_SIZE]; /* of its process, as that of struct vm */
	bool has_pid_added;		 /* to its name, as in struct vm */
	bool chosen;			 /* passes the filter */
	bool cgroup_of_vms;		 /* another VM has the same */
	bool cgroup_of_others;		 /* other processes are in it */
};

enum disk_backing {
	DISK_UNKNOWN,
	DISK_BLOCK,	 /* a block device of the host */
	DISK_FILE,	 /* a file on a file system of the host's devices */
	DISK_NETWORK,	 /* rbd, nbd, iscsi, nfs, http...: no request of this host's */
	DISK_VHOST_USER, /* another process serves it */
	DISK_VHOST_SCSI, /* the kernel serves it */
	DISK_BACKINGS,
};

/* "file", "device", "network", "vhost-user", "vhost-scsi" or "unknown". */
const char *disk_backing__name(enum disk_backing backing);

struct io_disk {
	uint64_t vm_start_ns;
	uint64_t size_bytes; /* of a raw file or device; 0: not known */
	uint32_t vm_pid;
	uint32_t id;
	uint32_t place; /* among its VM's: they are shown in the order of the command line */
	uint32_t dev; /* of the block device, or of the file's file system; 0: not known, or none */
	enum disk_backing backing;
	char name[DISK_NAME_SIZE];   /* the VMM's */
	char path[DISK_PATH_SIZE];   /* of the file or device, or the URL: without secrets */
	char format[16];	     /* "raw", "qcow2"...; empty: not known */
	char serial[DISK_NAME_SIZE]; /* as the guest sees it; empty: none */
	char address[16];	     /* of its PCI device in the guest; empty: not known */
	bool no_device;	 /* a file that is known to be on no block device of this host */
	bool direct;	 /* opened with O_DIRECT */
	bool shares;	 /* one of its leaves holds another disk of its VM, too */
	bool takes_bios; /* one of its leaves makes no requests: they are not counted */
};

/* A leaf device that a disk stands on. */
struct io_leaf {
	uint64_t vm_start_ns;
	uint32_t vm_pid;
	uint32_t disk;
	uint32_t place; /* among the disk's */
	uint32_t dev;
};

struct io_device {
	uint32_t dev; /* of the whole disk */
	char name[DEVICE_NAME_SIZE];
	char scheduler[SCHEDULER_SIZE]; /* empty: it has none */
	bool stacked;			/* it stands on others: no leaf */
	bool bio_based;			/* takes bios, makes no requests itself */
};

/* What came of a guest's reports. */
struct io_guest {
	uint64_t vm_start_ns;
	uint64_t received_ns; /* CLOCK_MONOTONIC of the last good one; 0: none yet */
	uint64_t rejected;
	uint64_t session; /* of the last good one, as the next are */
	uint64_t sequence;
	uint64_t losses;	 /* requests that the guest could not time */
	uint64_t disks_left_out; /* that the guest had no room for */
	uint64_t first_session;	 /* of the first one that came here of a session */
	uint32_t vm_pid;
	char rejected_reason[128]; /* of the last one that was refused; empty: none was */
	bool reported;
	bool has_first;
};

/* A disk in a report: the last one, or the first of its session that came here. */
struct io_guest_disk {
	uint64_t vm_start_ns;
	uint64_t size_bytes;
	uint32_t vm_pid;
	bool first;
	char name[GUEST_NAME_SIZE];
	char serial[GUEST_TEXT_SIZE];  /* empty: none */
	char address[GUEST_TEXT_SIZE]; /* of its PCI device, "0000:00:05.0"; empty: none */
	char scheduler[SCHEDULER_SIZE];
};

enum guest_layer {
	GUEST_QUEUE,  /* in the guest's scheduler: bio queued to issued */
	GUEST_DEVICE, /* issued to completed, as the guest's driver sees it */
	GUEST_LAYERS,
};

/* Its requests of one kind; without requests there is no item. */
struct io_guest_flow {
	uint64_t vm_start_ns;
	uint32_t vm_pid;
	enum io_op op;
	bool first;
	char disk[GUEST_NAME_SIZE];
	uint64_t requests; /* completed */
	uint64_t bytes;
	struct latency layers[GUEST_LAYERS];
};

/* Why something cannot be shown, in one clause each; empty: it can be. */
struct io_missing {
	char all[IO_REASON_SIZE]; /* nothing of I/O is looked at */
	char vms[IO_REASON_SIZE]; /* some VMs may exist that cannot be seen */
	char vmm[IO_REASON_SIZE]; /* figures of VMMs that were asked for, as the next are */
	char queues[IO_REASON_SIZE];
	char guests[IO_REASON_SIZE]; /* why vsock is not listened on */
};

struct io_view {
	uint64_t since_ns;	/* CLOCK_MONOTONIC: requests are counted since */
	uint64_t strangers;	/* connections that no VM could be found for */
	uint64_t unseen;	/* processes that could not be looked into */
	char unseen_words[128]; /* to stand behind their number */
	struct io_missing missing;
	LIST(struct io_vm) vms;		/* by pid, start_ns */
	LIST(struct io_disk) disks;	/* by VM, id */
	LIST(struct io_leaf) leaves;	/* by VM, disk, place */
	LIST(struct io_device) devices; /* by dev */
	struct block_snapshot block;
	/* By the same keys: what a flow had counted before its disk came, after another disk. */
	LIST(struct block_flow) block_bases;
	struct vmm_snapshot vmm; /* uprobe and QMP */
	struct virtqueue_snapshot queues;
	LIST(struct io_event) events;		/* since the view before, if they are kept */
	LIST(struct io_guest) guests;		/* by VM */
	LIST(struct io_guest_disk) guest_disks; /* by VM, first, name */
	LIST(struct io_guest_flow) guest_flows; /* by VM, first, disk, op */
};

/* Empties it and keeps the memory; gives the memory back, too. A view of zeros is empty. */
void io_view__clear(struct io_view *view);
void io_view__free(struct io_view *view);

/* Orders a list, which the functions below need. */
void io_view__sort(struct io_view *view, enum io_set set);

/* The item with the same keys; the first of those with the same first keys. NULL: there is none. */
const void *io_view__find(const struct io_view *view, enum io_set set, const void *item);
const void *io_view__find_part(const struct io_view *view, enum io_set set, uint32_t keys,
			       const void *item, size_t *count);

/* These return NULL if there is none. Of a VM: by its present PID. */
const struct io_vm *io_view__vm(const struct io_view *view, uint32_t pid);
const struct io_disk *io_view__disk(const struct io_view *view, const struct io_vm *vm,
				    uint32_t id);
const struct io_device *io_view__device(const struct io_view *view, uint32_t dev);
const struct io_guest *io_view__guest(const struct io_view *view, const struct io_vm *vm);

/* Those of a VM, a disk or a guest: a part of the list. Return the first of *count items. */
const struct io_disk *io_view__disks(const struct io_view *view, const struct io_vm *vm,
				     size_t *count);
const struct io_leaf *io_view__leaves(const struct io_view *view, const struct io_disk *disk,
				      size_t *count);
const struct io_guest_disk *io_view__guest_disks(const struct io_view *view,
						 const struct io_guest *guest, bool first,
						 size_t *count);

/* A guest's disk by its name, and what it did; NULL: it is not in the report. */
const struct io_guest_disk *io_view__guest_disk(const struct io_view *view,
						const struct io_guest *guest, bool first,
						const char *name);
const struct io_guest_flow *io_view__guest_flow(const struct io_view *view,
						const struct io_guest_disk *disk, enum io_op op);

#endif
