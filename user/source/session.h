/* SPDX-License-Identifier: GPL-2.0-only */
/* What every tool that watches VMs has: its VMs and the sched probe. */
#ifndef KVMQ_SESSION_H
#define KVMQ_SESSION_H

#include <stdbool.h>

#include "host/host.h"
#include "host/vm.h"
#include "model/options.h"
#include "model/view.h"
#include "probe/sched.h"
#include "source/source.h"

/* Which VMs are wanted. */
struct session_filter {
	struct vm_filter vms; /* points into the options and the next */
	struct cgroup_filter cgroup;
};

struct session {
	struct session_filter filter;
	struct vms *vms;
	struct sched_probe *probe;
	struct host_counters counters;	  /* as of the last reading */
	uint64_t boot_ns;		  /* time of day at which CLOCK_MONOTONIC was 0 */
	struct sched_probe_config config; /* as it was given */
};

/*
 * Checks privileges and options against the host, and opens the probe; the session
 * sets what of config is about threads and the filter. Nothing is counted before
 * sched_probe__start(). Returns 0 or -errno after one line on standard error.
 * session__close() also takes one that was not opened.
 */
int session__open(struct session *session, const struct options *options,
		  const struct sched_probe_config *config);
void session__close(struct session *session);

/* Reads all there is of threads into a view, and whose its losses are. Returns 0 or -errno after
 * one line. */
int session__read(struct session *session, struct view *view);

/* Names the VMs whose losses these are, and orders them. */
void session__name_losses(const struct session *session, struct share_losses *losses);

/* This snapshot was shown: those that exited in it count as gone from the next on. */
void session__shown(struct session *session, const struct snapshot *snapshot);

/* What an event of this thread is recorded with; of no VM that is known the name is empty. */
struct event_names session__names(const struct session *session, const struct identity *identity);

/* What every tool asks before it opens anything: privileges, BTF. 0, or -errno after one line. */
int session__check_host(void);

/*
 * Reads --vm and --cgroup: one that can match nothing is refused. options are borrowed. Returns 0,
 * or -errno after one line; free with session_filter__free() in any case.
 */
int session_filter__read(struct session_filter *filter, const struct options *options);
void session_filter__free(struct session_filter *filter);

/* 0, or -ENOENT after one line: /proc does not show the processes of this host. */
int session__check_processes(void);

/*
 * 0, or -ENOENT after one line: one of --vm is no VM of this host, or cannot be seen. -EINTR,
 * without a line: a signal has come before all were looked at.
 */
int session__check_filter(const struct vms *vms);

/* Handles new threads and events. Returns 0 or -errno after one line. */
int session__poll(struct session *session);

/* What begins each source that has a session, so that these functions can be its own. */
struct session_source {
	const struct event_sink *sink;
	struct host host;
	struct environment environment;
	struct session session;
};

/* What open() begins with: sink stays up to the end. Returns 0 or -errno after one line. */
int session_source__open(struct session_source *source, const struct options *options,
			 const struct event_sink *sink, const struct sched_probe_config *config);

/* What read() begins with: the host, and what the sched probe has. 0 or -errno after one line. */
int session_source__read(struct session_source *source, struct view *view);

/* What the functions of these names in struct source_ops are to do. */
const struct host *session_source__host(const void *source);
int session_source__start(void *source);
int session_source__fd(const void *source);
int session_source__poll(void *source);
void session_source__shown(void *source, const struct view *view);

#endif
