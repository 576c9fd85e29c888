// SPDX-License-Identifier: GPL-2.0-only
/* Views of what VMs and block devices do. */
#include "base/privileges.h"
#include "base/units.h"
#include "host/host.h"
#include "source/io_session.h"
#include "source/source.h"

struct io_source {
	const struct event_sink *sink;
	struct host host;
	struct environment environment;
	struct io_session session;
};

static void on_event(void *context, const struct io_event *event)
{
	struct io_source *source = context;

	source->sink->take(source->sink->context, event);
}

static int open_source(void *data, const struct options *options, const struct event_sink *sink)
{
	struct io_source *source = data;

	source->sink = sink;
	host__read(&source->host);
	host__read_environment(&source->environment);
	return io_session__open(&source->session, options, on_event, source);
}

static const struct host *get_host(const void *data)
{
	const struct io_source *source = data;

	return &source->host;
}

/* Disks are looked up. A monitor that has ended is connected to again, and so is the guest of a VM
 * that starts later. */
static unsigned int needs(const struct options *options)
{
	return PRIVILEGE_LOOK_UP | (options->io.vmm ? PRIVILEGE_TRAP : 0) |
	       (options->io.qmp_count || options->io.with_guests ? PRIVILEGE_CONNECT : 0);
}

static bool is_silent(const struct options *options)
{
	return options->io.with_guests;
}

static int start(void *data)
{
	struct io_source *source = data;

	io_session__start(&source->session);
	return 0;
}

static int get_fd(const void *data)
{
	const struct io_source *source = data;

	return block_probe__fd(source->session.block);
}

static int poll_source(void *data)
{
	struct io_source *source = data;

	return io_session__poll(&source->session);
}

/* Reports that have come belong to this view, and the events to the one before. */
static int read_view(void *data, struct view *view)
{
	struct io_source *source = data;
	int error = source->session.latest ? io_session__poll(&source->session) : 0;

	if (error)
		return error;
	view->host = source->host;
	view->environment = source->environment;
	clock_both_ns(&view->sched.time_ns, &view->sched.realtime_ns);
	view->sched.cost.own_cpu_ns = clock_process_cpu_ns();
	error = io_session__read(&source->session, &view->io);
	list_clear(&view->shares.of);
	return error ? error : io_session__read_losses(&source->session, view);
}

static void close_source(void *data)
{
	struct io_source *source = data;

	io_session__close(&source->session);
}

const struct source_ops io_source = {
	.size = sizeof(struct io_source),
	.open = open_source,
	.host = get_host,
	.needs = needs,
	.is_silent = is_silent,
	.start = start,
	.fd = get_fd,
	.poll = poll_source,
	.read = read_view,
	.close = close_source,
};
