/* SPDX-License-Identifier: GPL-2.0-only */
/* The disks of a VM: what the guest sees, and the file or device of the host behind it. */
#ifndef KVMQ_DISK_H
#define KVMQ_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disks/qmp.h"
#include "model/io_view.h"
#include "model/list.h"

#define DISKS_MAX 64

/* Identifies a file, whatever its name is. */
struct file_identity {
	uint32_t dev; /* of its file system; of a device: its own */
	uint64_t inode;
	bool block;
};

/* The open file of a VMM that a disk is in, as it was when it was found. */
struct disk_opened {
	bool known;
	int fd;
	struct file_identity identity;
	uint64_t size_bytes;
};

struct disk {
	uint32_t id;		     /* of disk_ids.h; DISK_NO_ID: none yet */
	char name[DISK_NAME_SIZE];   /* the VMM's: device id, else drive id, else "virtio0" */
	char drive[DISK_NAME_SIZE];  /* id of the drive or block node behind it, for QMP */
	char path[DISK_PATH_SIZE];   /* of the file or device; or the URL */
	char format[16];	     /* "raw", "qcow2"...; empty: not known */
	char serial[DISK_NAME_SIZE]; /* as the guest sees it; empty: none */
	char address[16]; /* of its PCI device in the guest, "00:05.0"; empty: not known */
	char qom_path[DISK_PATH_SIZE]; /* of the device in QEMU, from QMP; empty: not known */
	enum disk_backing backing;
	uint32_t dev; /* of the block device, or of the file's file system; 0: not known, or none */
	bool no_device; /* a file that is known to be on no block device of this host */
	bool direct;	/* opened with O_DIRECT: a guest's request is a request of the host's */
	uint64_t size_bytes; /* of a raw file or device; 0: not known */
	struct disk_opened opened;
};

/*
 * Disks of one VM, in the order of the VMM's command line. All zeros is an empty list. Functions
 * that fill it replace what is there. It ends with disks__free().
 */
struct disks {
	LIST(struct disk); /* DISKS_MAX at most: a host may have thousands of VMs */
	size_t left_out;   /* that did not fit */
	size_t refused;	   /* options that may have told of one and cannot be read */
	const char *proc;  /* where they were read, borrowed; NULL: from no process */
	uint32_t pid;
};

/*
 * Reads the disks on a command line (NUL after each argument, the form of /proc/PID/cmdline), in
 * the syntax of the program that comes first: QEMU's -drive, -blockdev (either syntax), -hda and so
 * on, an image alone, -device virtio-blk-*, scsi-*, ide-*, nvme, usb-storage, vhost-scsi-*,
 * vhost-user-blk-*; what cloud-hypervisor, crosvm and kvmtool call --disk, --block, -d... No I/O
 * here: backing is what the text says, dev is 0. A URL's path has no secrets.
 */
void disks__from_cmdline(struct disks *disks, const char *cmdline, size_t size);

/*
 * Reads the disks of a process: its command line, then /proc/PID/fd and fdinfo for what is really
 * open (through the VM's own root: /proc/PID/root), which fills dev, direct and size_bytes. A
 * hot-plugged disk is on no command line: a fd counts as one if it is a block device, or a regular
 * file with an image's name that is open for reading and writing. Returns 0 or -errno (-ESRCH: it
 * has gone; -E2BIG: too many arguments or files); then with the disks of the command line as far as
 * it was read.
 */
int disks__read(struct disks *disks, const char *proc, uint32_t pid);

/* Whether the files that they were found in are still open, at the same places, and as large. */
bool disks__have_same_files(const struct disks *disks);

/*
 * Corrects the disks by QMP: disks that were plugged in or out meanwhile, drive, qom_path, format,
 * size, address, and the file that is the active layer now. Returns 0 or -errno.
 */
int disks__ask(struct disks *disks, struct qmp *qmp);

void disks__free(struct disks *disks);

/* By its id, or NULL. */
const struct disk *disks__find(const struct disks *disks, uint32_t id);

#endif
