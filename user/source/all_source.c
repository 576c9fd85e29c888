// SPDX-License-Identifier: GPL-2.0-only
#include "source/all_source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/privileges.h"
#include "host/host.h"
#include "host/limits.h"
#include "source/exit_session.h"
#include "source/io_session.h"
#include "source/numa_session.h"
#include "source/session.h"

struct all_source {
	struct session_source base;
	const struct options *options;
	struct exit_session exits;
	struct numa_session numa;
	struct io_session io;
	struct kept_files limits; /* of cgroups */
	bool io_open;
	unsigned int parts; /* that are looked at */
	uint64_t vms_seen;  /* a number that other VMs hardly have */
	/* Why a part is not looked at, if not for lack of interest: NULL. */
	const char *exits_off, *numa_off, *io_off;
	/* Why a part is missing; empty: it is not. */
	char exits_missing[MISSING_SIZE];
	char numa_missing[MISSING_SIZE];
	char io_missing[IO_REASON_SIZE];
};

/* The line that an error would have been; 0, or -EINTR: the tool is to end. */
static int say_missing(char *text, size_t size, int error)
{
	if (error == -EINTR)
		return error;
	if (error == -ENOMEM)
		snprintf(text, size, "memory is short");
	else
		snprintf(text, size, "%s", error ? log_kept() : "");
	return 0;
}

static int open_exits(struct all_source *source, bool detached)
{
	int error;

	log_keep_errors(true);
	error = exit_session__open(&source->exits, &source->base.session, source->options, NULL,
				   detached);
	log_keep_errors(false);
	return say_missing(source->exits_missing, sizeof(source->exits_missing), error);
}

/* Without topology the session does not count nodes. */
static int open_numa(struct all_source *source, bool detached)
{
	int error;

	if (*source->numa_missing)
		return 0;
	log_keep_errors(true);
	error = numa_session__open(&source->numa, &source->base.session, source->options, NULL,
				   detached);
	log_keep_errors(false);
	if (error)
		numa_session__close(&source->numa);
	return say_missing(source->numa_missing, sizeof(source->numa_missing), error);
}

static void ignore_event(void *context, const struct io_event *event)
{
	(void)context;
	(void)event;
}

static bool looks_at_io(const struct all_source *source)
{
	return source->io_open && !source->io.detached;
}

static void close_io(struct all_source *source)
{
	io_session__close(&source->io);
	source->io = (struct io_session){ 0 };
	source->io_open = false;
}

/* Programs can be loaded now alone: later there is no privilege for that. */
static int open_io(struct all_source *source, bool detached)
{
	int error;

	source->io.detached = detached;
	log_keep_errors(true);
	error = io_session__open(&source->io, source->options, ignore_event, NULL);
	log_keep_errors(false);
	if (error)
		close_io(source);
	source->io_open = !error;
	return say_missing(source->io_missing, sizeof(source->io_missing), error);
}

static int read_topology(struct all_source *source)
{
	int error;

	log_keep_errors(true);
	error = numa_session__read_topology(&source->numa);
	log_keep_errors(false);
	return say_missing(source->numa_missing, sizeof(source->numa_missing), error);
}

static int open_source(void *data, const struct options *options, const struct event_sink *sink)
{
	struct all_source *source = data;
	struct sched_probe_config config = { .ready = true,
					     .throttling = true,
					     .blame = options->cpu.blame,
					     .overlap = options->cpu.overlap };
	int error;

	source->base.sink = sink;
	source->options = options;
	source->parts = PARTS_ALL & ~options->detached;
	kept_files__init(&source->limits);
	host__read(&source->base.host);
	host__read_environment(&source->base.environment);
	error = read_topology(source);
	config.nodes = *source->numa_missing ? 0 : source->numa.topology.node_end;
	if (!error)
		error = session__open(&source->base.session, options, &config);
	if (!error)
		error = open_exits(source, options->detached & PART_EXITS);
	if (!error)
		error = open_numa(source, options->detached & PART_NUMA);
	return error ? error : open_io(source, options->detached & PART_IO);
}

static unsigned int needs(const struct options *options)
{
	return (options->detached ? PRIVILEGE_ATTACH : 0) | io_source.needs(options);
}

static bool is_silent(const struct options *options)
{
	return io_source.is_silent(options);
}

/* The second probe first: it must see all of a thread whose books have begun. */
static int start(void *data)
{
	struct all_source *source = data;
	int error = 0;

	if (source->exits.probe && !(source->options->detached & PART_EXITS))
		error = kvm_probe__start(source->exits.probe);
	if (!error)
		error = session_source__start(source);
	if (!error && looks_at_io(source))
		io_session__start(&source->io);
	return error;
}

static int want_exits(struct all_source *source, bool wanted)
{
	int error;

	if (!source->exits.probe)
		return 0;
	if (!wanted) {
		kvm_probe__detach(source->exits.probe);
		return 0;
	}
	error = kvm_probe__attach(source->exits.probe);
	if (error)
		log_error("attaching to kvm_entry and kvm_exit: %s: %s", strerror(-error),
			  remedy(error, "start again"));
	return error;
}

static int want_io(struct all_source *source, bool wanted)
{
	int error;

	if (!source->io_open || looks_at_io(source) == wanted)
		return 0;
	if (!wanted) {
		io_session__detach(&source->io);
		return 0;
	}
	log_keep_errors(true);
	error = io_session__attach(&source->io);
	log_keep_errors(false);
	if (error)
		close_io(source);
	else
		io_session__start(&source->io);
	return say_missing(source->io_missing, sizeof(source->io_missing), error);
}

int all_source__want(void *data, unsigned int parts)
{
	struct all_source *source = data;
	int error = want_exits(source, parts & PART_EXITS);

	source->parts = parts;
	if (source->numa.probe && parts & PART_NUMA)
		numa_session__attach(&source->numa);
	else if (source->numa.probe)
		numa_session__detach(&source->numa);
	return error ? error : want_io(source, parts & PART_IO);
}

void all_source__say_why(void *data, unsigned int parts, const char *why)
{
	struct all_source *source = data;

	if (parts & PART_EXITS)
		source->exits_off = why;
	if (parts & PART_NUMA)
		source->numa_off = why;
	if (parts & PART_IO)
		source->io_off = why;
}

int all_source__read_costs(void *data, struct hook_costs *costs)
{
	struct all_source *source = data;

	*costs = (struct hook_costs){ .switches = sched_probe__cost(source->base.session.probe) };
	if (source->io_open)
		costs->block = block_probe__cost(source->io.block);
	return source->exits.probe ? kvm_probe__read_cost(source->exits.probe, &costs->exits) : 0;
}

static const char *not_looked_at(const char *why)
{
	return why ? why : "its hooks are not attached";
}

static int poll_source(void *data)
{
	struct all_source *source = data;
	int error = session_source__poll(source);

	return error || !looks_at_io(source) ? error : io_session__poll(&source->io);
}

static int read_exits(struct all_source *source, struct view *view)
{
	int error;

	if (source->exits.probe) {
		error = exit_session__read(&source->exits, view);
		if (*view->exits.missing)
			snprintf(view->exits.missing, MISSING_SIZE, "%s",
				 not_looked_at(source->exits_off));
		return error;
	}
	exit_snapshot__clear(&view->exits);
	snprintf(view->exits.missing, MISSING_SIZE, "%s", source->exits_missing);
	return 0;
}

/* What nobody looks at has no threads: of each there is as much as of its waits. */
static int read_numa(struct all_source *source, struct view *view)
{
	const char *missing =
		source->numa.probe ? not_looked_at(source->numa_off) : source->numa_missing;

	if (source->numa.probe && source->parts & PART_NUMA)
		return numa_session__read(&source->numa, view);
	source->numa.latest = NULL;
	numa_snapshot__free(&view->numa);
	snprintf(view->numa.faults_missing, MISSING_SIZE, "%s", missing);
	snprintf(view->numa.migrations_missing, MISSING_SIZE, "%s", missing);
	return 0;
}

static bool knows_all(const struct io_vms *vms, const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->vms.count; i++)
		if (!io_vms__find(vms, snapshot->vms.list[i].pid))
			return false;
	return true;
}

/* Threads tell first which VMs there are; but at first, those were just looked at. */
static void tell_vms(struct all_source *source, const struct snapshot *snapshot)
{
	uint64_t seen = snapshot->vms.count, before = source->vms_seen;

	for (size_t i = 0; i < snapshot->vms.count; i++)
		seen = seen * 0x9e3779b97f4a7c15ULL + snapshot->vms.list[i].pid +
		       snapshot->vms.list[i].start_ns;
	source->vms_seen = seen;
	if (seen != before && (before || !knows_all(&source->io.vms, snapshot)))
		io_vms__look_again(&source->io.vms);
}

static int read_io(struct all_source *source, struct view *view)
{
	tell_vms(source, &view->sched);
	if (looks_at_io(source))
		return io_session__read(&source->io, &view->io);
	io_view__clear(&view->io);
	snprintf(view->io.missing.all, IO_REASON_SIZE, "%s",
		 source->io_open ? not_looked_at(source->io_off) : source->io_missing);
	return 0;
}

static int read_view(void *data, struct view *view)
{
	struct all_source *source = data;
	int error = looks_at_io(source) ? io_session__poll(&source->io) : 0;

	if (!error)
		error = session__read(&source->base.session, view);
	view->host = source->base.host;
	view->environment = source->base.environment;
	view->use = source->base.session.counters.use;
	if (!error)
		error = limits__read(view, &source->limits, "/proc", "/sys/fs/cgroup");
	if (!error)
		error = read_exits(source, view);
	if (!error)
		error = read_numa(source, view);
	if (!error)
		error = read_io(source, view);
	return error || !source->io_open ? error : io_session__read_losses(&source->io, view);
}

static void close_source(void *data)
{
	struct all_source *source = data;

	io_session__close(&source->io);
	exit_session__close(&source->exits);
	numa_session__close(&source->numa);
	session__close(&source->base.session);
	kept_files__free(&source->limits);
}

const struct source_ops all_source = {
	.size = sizeof(struct all_source),
	.open = open_source,
	.host = session_source__host,
	.needs = needs,
	.is_silent = is_silent,
	.start = start,
	.fd = session_source__fd,
	.poll = poll_source,
	.read = read_view,
	.shown = session_source__shown,
	.close = close_source,
};
