/* SPDX-License-Identifier: GPL-2.0-only */
/* What kvmq-io watches: VMs with their disks, the probes, monitors and guests' reports. */
#ifndef KVMQ_IO_SESSION_H
#define KVMQ_IO_SESSION_H

#include "disks/flow_bases.h"
#include "disks/monitors.h"
#include "guests/guest_link.h"
#include "model/io_event.h"
#include "model/io_view.h"
#include "model/options.h"
#include "probe/block.h"
#include "probe/virtqueue.h"
#include "probe/vmm.h"
#include "source/session.h"

struct io_session {
	uint64_t since_ns; /* CLOCK_MONOTONIC: requests are counted since */
	struct session_filter filter;
	const struct options *options;
	bool detached; /* from the block layer, until io_session__attach(): set before open */
	struct io_vms vms;
	struct block_probe *block;
	struct vmm_probe *vmm;		/* NULL: not asked for */
	struct virtqueue_probe *queues; /* NULL: no monitor was given, or n/a */
	struct guest_links *links;	/* NULL: not asked for */
	struct flow_bases flow_bases;
	struct monitors monitors;
	struct io_missing missing; /* its vms apart, which a view has at once */
	void (*on_event)(void *context, const struct io_event *event);
	void *context;
	const struct io_view *latest; /* read last, borrowed: events are of its VMs */
};

/*
 * Opens what options ask for; events go to on_event, once a view was read. Returns 0 or -errno
 * after one line on standard error. io_session__close() also takes one that was not opened.
 */
int io_session__open(struct io_session *session, const struct options *options,
		     void (*on_event)(void *context, const struct io_event *event), void *context);
void io_session__close(struct io_session *session);

/* Requests count from now on. */
void io_session__start(struct io_session *session);

/*
 * Attaches what was opened detached, or was detached: 0 or -errno after one line. Counting begins
 * anew at io_session__start(). From io_session__detach() on the hooks at the block layer cost
 * nothing, and nothing may be read.
 */
int io_session__attach(struct io_session *session);
void io_session__detach(struct io_session *session);

/*
 * Reads all there is of I/O into a part of a view, which is to be there up to the next one. Returns
 * 0 or -errno after one line.
 */
int io_session__read(struct io_session *session, struct io_view *view);

/*
 * Adds to a view that was read whose the losses of the tables of I/O are. Returns 0 or -errno after
 * one line.
 */
int io_session__read_losses(const struct io_session *session, struct view *view);

/* Takes events and reports of guests. Returns 0 or -errno after one line. */
int io_session__poll(struct io_session *session);

#endif
