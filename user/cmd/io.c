// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-io: what does a guest wait for in I/O, layer by layer? */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/privileges.h"
#include "cli/options.h"
#include "cli/runner.h"
#include "cmd/io_guest.h"
#include "cmd/io_report.h"
#include "cmd/io_session.h"
#include "cmd/tools.h"

#define POLL_MS 50

struct io_tool {
	struct options options;
	struct io_session session;
	struct io_view views[2];
	unsigned int latest; /* which of the two */
	struct io_report report;
};

static void on_event(void *context, const struct io_event *event)
{
	struct io_tool *io = context;

	io_report__print_event(&io->report, stdout, &io->views[io->latest], event);
}

static int report_interval(void *context)
{
	struct io_tool *io = context;
	struct io_view *before = &io->views[io->latest], *after = &io->views[!io->latest];
	int error = io_session__poll(&io->session), unwritten;

	if (!error)
		error = io_session__read(&io->session, after);
	if (error)
		return error;
	io->latest = !io->latest;
	errno = 0;
	error = io_report__print(&io->report, stdout, before, after);
	unwritten = flush_output();
	if (unwritten)
		return unwritten;
	if (error)
		log_error("printing: %s: show fewer VMs", strerror(-error));
	return error;
}

static int poll_session(void *context)
{
	struct io_tool *io = context;
	int error;

	errno = 0;
	error = io_session__poll(&io->session);
	return error ? error : flush_output();
}

/* A monitor that has ended is connected to again, and so is the guest of a VM that starts later. */
static unsigned int needs(const struct options *options)
{
	return (options->io.vmm ? PRIVILEGE_ATTACH : 0) |
	       (options->io.qmp_count || options->io.with_guests ? PRIVILEGE_CONNECT : 0);
}

static int run(struct io_tool *io)
{
	const struct options *options = &io->options;
	struct run_steps steps = { .poll = poll_session,
				   .poll_ms = options->events || options->io.with_guests ? POLL_MS
											 : -1,
				   .report = report_interval,
				   .context = io };
	struct command command = { .gate = -1 };
	int status = STATUS_HOST;

	runner__prepare();
	if (options->command && command__prepare(&command, options->command))
		return STATUS_FAILED;
	if (!io_session__open(&io->session, options, on_event, io) &&
	    !privileges_drop(needs(options))) {
		status = STATUS_FAILED;
		block_probe__start(io->session.block);
		if (!io_session__read(&io->session, &io->views[0]))
			status = runner__run(options, &command, block_probe__fd(io->session.block),
					     &steps);
	}
	command__signal(&command, 0);
	io_session__close(&io->session);
	io_report__free(&io->report);
	for (int i = 0; i < 2; i++)
		io_view__free(&io->views[i]);
	return status;
}

int main(int argc, char **argv)
{
	static struct io_tool io;
	int status;

	if (options_parse(&io.options, &io_tool, argc, argv, &status) ||
	    io_report__init(&io.report, &io.options, &status))
		return status;
	return io.options.io.guest_report ? io_guest__run(&io.options) : run(&io);
}
