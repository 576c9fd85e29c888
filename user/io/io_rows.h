/* SPDX-License-Identifier: GPL-2.0-only */
/* The difference of two views as rows: a VM's disk, or a device of the host. */
#ifndef KVMQ_IO_ROWS_H
#define KVMQ_IO_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/group_by.h"
#include "model/pool.h"
#include "model/view.h"

/* What a request waits in, from the guest to the device. */
enum io_layer {
	IO_GUEST_QUEUE,
	IO_GUEST_DEVICE,
	IO_RING, /* GAVG: by Little's law, so without a distribution */
	IO_VMM,
	IO_THROTTLED,
	IO_QUEUE,
	IO_DEVICE,
	IO_LAYERS,
};

/* Why KAVG is n/a: GAVG and D are not of the same requests. */
enum io_apart {
	APART_NOT, /* the guest's requests are the host's */
	APART_UNKNOWN,
	APART_CACHED,	  /* the VMM's file is in the page cache */
	APART_FORMAT,	  /* not a raw image */
	APART_NETWORK,	  /* it is known to be on no device of this host */
	APART_VHOST_USER, /* another process's requests are taken for this disk's */
	APART_COUNT,	  /* not as many requests were seen on both sides */
	APART_SHARED,	  /* several of the VM's disks are on one device */
	APART_UNPLACED,	  /* on a device, but it is not known which */
	IO_APARTS,
};

/* Whose a row is. */
enum io_row_kind {
	IO_ROW_DISK,	/* a VM's disk */
	IO_ROW_VM,	/* a device with several of a VM's disks, or with none that is known */
	IO_ROW_UNKNOWN, /* a device, by one of several VMs */
	IO_ROW_DEVICE,	/* a device of the host */
	IO_ROW_GUEST,	/* a guest's own name for a disk that matches none of the VM's */
};

/* Counters of requests; grow only. */
struct io_figures {
	uint64_t requests; /* completed */
	uint64_t bytes;
	uint64_t issued; /* by the host */
	uint64_t requeued;
	uint64_t failed;
};

/* IO_OPS for op: all of them together. */
#define IO_ALL IO_OPS

/* It points into the later of the two views. */
struct io_row {
	enum io_row_kind kind;
	enum io_op op;
	const struct io_vm *vm;		   /* NULL: a device's */
	const struct io_disk *disk;	   /* NULL: none, or several */
	const struct io_guest_disk *guest; /* as the guest calls it; NULL: not known */
	uint32_t dev;			   /* of the host; 0: none */
	const char *device;		   /* its name, or those of all leaves; NULL: none */
	const char *scheduler;		   /* of the host's device; NULL: none */
	uint64_t elapsed_ns;
	bool on_host;	    /* figures are the block layer's; else the VMM's, else the guest's */
	bool figures_known; /* one of them has counted */
	bool vmm_by_qmp;
	enum io_apart apart;
	struct io_figures interval, total;
	uint64_t in_flight;	 /* issued by the host and not completed */
	uint64_t vmm_requests;	 /* in the interval, as the VMM counts */
	uint64_t report_age_ns;	 /* of the guest's; 0: none */
	uint64_t guest_rejected; /* reports of this guest that were refused */
	bool known[IO_LAYERS];
	bool spread_known[IO_LAYERS];	   /* and its distribution is */
	struct latency *layers[IO_LAYERS]; /* of the interval; NULL: no request */
};

/* Ordered by VM, disk and operation. One of zeros is empty. */
struct io_rows {
	LIST(struct io_row);
	struct pool pool; /* of their layers and names */
};

/*
 * By BY_VM: for each disk of each chosen VM its reads and writes, other kinds if there were any,
 * and all together if there was more than one kind; then what belongs to no known disk. By
 * BY_DEVICE: the same for each leaf device of the host. Depends on the two views alone. Returns 0
 * or -ENOMEM. The rows own memory: io_rows__free().
 */
int io_rows__make(struct io_rows *rows, enum group_by by, const struct view *before,
		  const struct view *after);
void io_rows__free(struct io_rows *rows);

/*
 * For people, before the rows are ordered: a place that did nothing in the interval keeps one row,
 * that of its reads. The row of all together goes if only one kind did something, unless only it
 * has the ring's figures.
 */
void io_rows__drop_idle(struct io_rows *rows);

/* Leaves out reads, writes and other kinds of a place that has a row of all together. */
void io_rows__keep_sums(struct io_rows *rows);

/* Whether two are of one VM's disk, or of one device. */
bool io_row__same_place(const struct io_row *a, const struct io_row *b);

/* A layer of the interval; of zeros, if there was no request. */
const struct latency *io_row__layer(const struct io_row *row, enum io_layer layer);

/* GAVG - D, if both are of the same requests. Returns whether it is known. */
bool io_row__kavg(const struct io_row *row, uint64_t *ns);

/* What a row is called: its VM or "unknown"; its disk; what the guest calls that; "read"... */
const char *io_row__vm(const struct io_row *row);
const char *io_row__disk(const struct io_row *row);
const char *io_row__guest_disk(const struct io_row *row);
const char *io_op__name(enum io_op op);

/* A word for JSON, NULL for APART_NOT; and a clause for people. */
const char *io_apart__name(enum io_apart apart);
const char *io_apart__clause(enum io_apart apart);

/* "gq", "gdev", "gavg", "vmm", "thr", "q", "d"; and as a column is headed. */
const char *io_layer__key(enum io_layer layer);
const char *io_layer__header(enum io_layer layer);

#endif
