/* SPDX-License-Identifier: GPL-2.0-only */
/* The nodes of a view: the numa probe beside a session, and where memory is. */
#ifndef KVMQ_NUMA_SESSION_H
#define KVMQ_NUMA_SESSION_H

#include "host/numa_vms.h"
#include "host/topology.h"
#include "model/options.h"
#include "probe/numa.h"
#include "source/home.h"
#include "source/session.h"
#include "source/source.h"

struct numa_session {
	const struct session *session;
	const struct event_sink *sink;
	bool events;
	struct topology topology;
	struct numa_probe *probe; /* NULL: not open */
	struct numa_vms *vms;
	struct homes homes;
	const struct view *latest; /* that was read, borrowed; NULL: none yet */
};

/* Before the session is opened, which has to count nodes. Returns 0 or -errno after one line. */
int numa_session__read_topology(struct numa_session *numa);

/*
 * Opens it beside an open session that counts nodes. sink takes the events that options ask for;
 * NULL: none are wanted. detached: as in struct numa_probe_config, and residency is not read.
 * Returns 0 or -errno after one line. numa_session__close() takes one of zeros, too, and comes
 * before session__close().
 */
int numa_session__open(struct numa_session *numa, const struct session *session,
		       const struct options *options, const struct event_sink *sink, bool detached);
void numa_session__close(struct numa_session *numa);

/* Like numa_probe__attach() and numa_probe__detach(); also start and stop reading residency. */
void numa_session__attach(struct numa_session *numa);
void numa_session__detach(struct numa_session *numa);

/* Sends events that have ended. To be called after the session was polled. */
void numa_session__flush(struct numa_session *numa, bool all);

/*
 * Reads the nodes of a view whose threads have just been read; the view has to stay until the next
 * call. Returns 0 or -errno after one line.
 */
int numa_session__read(struct numa_session *numa, struct view *view);

#endif
