// SPDX-License-Identifier: GPL-2.0-only
/*
 * Serves the moments of a recording as kvmqd does, to one client after the other, until it is
 * ended; or writes what a client is sent into a file:
 *
 *   test_golden_feed TOOL RECORDING SOCKET [GROUP]
 *   test_golden_feed --bytes TOOL RECORDING FILE
 *
 * It says "ready" when it listens, and sends a moment when the client has all of the one before, so
 * that none is left out. The first one is there when a client comes, and when it goes the first one
 * is next again.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/feed.h"
#include "model/view_sets.h"
#include "recording/recording.h"
#include "wire/writer.h"

#define MOMENTS_MAX 16

struct moments {
	struct view views[MOMENTS_MAX];
	size_t count;
};

static const struct set *const *sets_of(const char *tool)
{
	static const struct {
		const char *name;
		const struct set *const *sets;
	} tools[] = { { "kvmq-cpu", cpu_sets },
		      { "kvmq-exit", exit_sets },
		      { "kvmq-numa", numa_sets },
		      { "kvmq-io", io_view_sets },
		      { "kvmq-why", all_sets } };

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (!strcmp(tools[i].name, tool))
			return tools[i].sets;
	log_error("%s: no tool that records", tool);
	exit(2);
}

static struct recording_info info_of(const char *tool)
{
	struct recording_info info = { .option = "--from",
				       .tool = tool,
				       .version = "1",
				       .boot_id = "boot",
				       .host = "kvm1",
				       .interval_ns = 1000000000,
				       .sets = sets_of(tool) };

	while (info.sets[info.set_count])
		info.set_count++;
	return info;
}

static int read_moments(struct moments *moments, const char *path,
			const struct recording_info *info)
{
	struct recording *recording;
	int got = recording__open(&recording, path, info);

	if (got)
		return got;
	while (moments->count < MOMENTS_MAX &&
	       (got = recording__next(recording, &moments->views[moments->count])) > 0)
		moments->count++;
	recording__close(recording);
	return got < 0 ? got : 0;
}

static int serve(struct feed *feed, const struct moments *moments)
{
	struct pollfd pollfd = { .fd = feed__fd(feed), .events = POLLIN };
	size_t sent = 1;
	int error = feed__send(feed, &moments->views[0]);

	while (!error && (poll(&pollfd, 1, -1) > 0 || errno == EINTR)) {
		struct feed_state state;

		error = feed__run(feed);
		feed__state(feed, &state);
		for (; !error && state.clients && !state.behind && sent < moments->count; sent++) {
			error = feed__send(feed, &moments->views[sent]);
			feed__state(feed, &state);
		}
		if (!error && !state.clients && sent > 1) {
			error = feed__send(feed, &moments->views[0]);
			sent = 1;
		}
	}
	return error;
}

static int put(FILE *file, struct wire_frame *frame)
{
	bool all = fwrite(frame->bytes, 1, frame->size, file) == frame->size;

	wire_frame__release(frame);
	return all ? 0 : -EIO;
}

static int write_bytes(const char *path, const struct moments *moments,
		       const struct recording_info *info)
{
	const struct wire_about about = { "1", "boot", "kvm1", info->interval_ns };
	struct wire_writer *writer = NULL;
	struct wire_frame *frame;
	FILE *file = fopen(path, "we");
	int error = file ? wire_writer__open(&writer, info->sets, info->set_count) : -errno;

	if (!error)
		error = wire_writer__tables(writer, &about, &frame);
	if (!error)
		error = put(file, frame);
	for (size_t i = 0; i < moments->count && !error; i++) {
		error = wire_writer__moment(writer, &moments->views[i], &frame);
		if (!error)
			error = put(file, frame);
	}
	wire_writer__close(writer);
	if (file && fclose(file))
		error = -EIO;
	return error;
}

int main(int argc, char **argv)
{
	static struct moments moments;
	bool bytes = argc == 5 && !strcmp(argv[1], "--bytes");
	const char *group = argc == 5 && !bytes ? argv[4] : "";
	struct recording_info info;
	struct feed *feed = NULL;
	int error;

	if (argc != 4 && argc != 5) {
		fputs("usage: test_golden_feed TOOL RECORDING SOCKET [GROUP], or --bytes TOOL "
		      "RECORDING FILE\n",
		      stderr);
		return 2;
	}
	argv += bytes;
	log_init("test_golden_feed", 0);
	info = info_of(argv[1]);
	error = read_moments(&moments, argv[2], &info);
	if (!error && !moments.count)
		error = -ENODATA;
	if (!error && bytes)
		error = write_bytes(argv[3], &moments, &info);
	else if (!error)
		error = feed__open(&feed, argv[3], group, &info);
	if (!error && feed) {
		puts("ready");
		fflush(stdout);
		error = serve(feed, &moments);
	}
	feed__close(feed);
	for (size_t i = 0; i < moments.count; i++)
		view__free(&moments.views[i]);
	return error ? 1 : 0;
}
