/* SPDX-License-Identifier: GPL-2.0-only */
/* What kvmq-io watches: VMs with their disks, the probes, monitors and guests' reports. */
#ifndef KVMQ_IO_SESSION_H
#define KVMQ_IO_SESSION_H

#include "cli/options.h"
#include "disks/monitors.h"
#include "guests/guest_link.h"
#include "io/io_rows.h"
#include "probe/block.h"
#include "probe/virtqueue.h"
#include "probe/vmm.h"
#include "source/session.h"

#define MISSING_SIZE (VM_SHOWN_SIZE + 160)

struct io_session {
	struct session_filter filter;
	const struct options *options;
	struct io_vms vms;
	struct block_probe *block;
	struct vmm_probe *vmm;		/* NULL: not asked for */
	struct virtqueue_probe *queues; /* NULL: no monitor was given, or n/a */
	struct guest_links *links;	/* NULL: not asked for */
	struct monitors monitors;
	uint64_t boot_ns;
	char vmm_missing[MISSING_SIZE]; /* why; empty: it is not */
	char queues_missing[MISSING_SIZE];
	const char *guests_missing;
};

/*
 * Opens what options ask for; events go to on_event. Returns 0 or -errno after one line on
 * standard error. io_session__close() also takes one that was not opened.
 */
int io_session__open(struct io_session *session, const struct options *options,
		     void (*on_event)(void *context, const struct io_event *event), void *context);
void io_session__close(struct io_session *session);

/* Reads all there is into a view. Returns 0 or -errno after one line. */
int io_session__read(struct io_session *session, struct io_view *view);

/* Takes events and reports of guests. Returns 0 or -errno after one line. */
int io_session__poll(struct io_session *session);

#endif
