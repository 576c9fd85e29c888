// SPDX-License-Identifier: GPL-2.0-only
/* Views of how long threads wait for a CPU: the sched probe; and the timeline of their states. */
#include <errno.h>
#include <string.h>

#include "source/session.h"
#include "source/source.h"
#include "timeline/timeline.h"

struct cpu_source {
	struct session_source base;
	const struct options *options;
	struct timeline *timeline; /* NULL: not wanted */
	bool begun;		   /* the timeline has */
};

static void on_wait(void *context, const struct wait_event *wait)
{
	struct cpu_source *cpu = context;
	struct named_wait event = { session__names(&cpu->base.session, &wait->identity), *wait };
	const struct vm *other = vms__find(cpu->base.session.vms, wait->prev_tgid);

	if (other)
		memcpy(event.names.other_vm, other->name, sizeof(event.names.other_vm));
	cpu->base.sink->take(cpu->base.sink->context, &event);
}

static void on_change(void *context, const struct state_change *change)
{
	struct cpu_source *cpu = context;

	timeline__change(cpu->timeline, change);
}

static const struct vm *find_vm(void *context, const struct identity *thread)
{
	struct cpu_source *cpu = context;

	return vms__get(cpu->base.session.vms, thread);
}

static int open_source(void *source, const struct options *options, const struct event_sink *sink)
{
	struct cpu_source *cpu = source;
	struct sched_probe_config config = {
		.events = options->events,
		.ready = true,
		.throttling = true,
		.event_min_ns = options->event_min_ns,
		.blame = options->cpu.blame,
		.overlap = options->cpu.overlap,
		.changes = options->cpu.timeline,
		.on_wait = on_wait,
		.on_change = on_change,
		.context = cpu,
	};

	cpu->options = options;
	return session_source__open(&cpu->base, options, sink, &config);
}

static int create(void *source)
{
	struct cpu_source *cpu = source;
	const char *path = cpu->options->cpu.timeline;

	return path ? timeline__open(&cpu->timeline, path, TIMELINE_LIMIT, &cpu->base.host, find_vm,
				     cpu)
		    : 0;
}

static bool is_silent(const struct options *options)
{
	return options->cpu.timeline;
}

static int poll_source(void *source)
{
	struct cpu_source *cpu = source;
	int error;

	if (cpu->timeline)
		timeline__forget_exited(cpu->timeline);
	error = session__poll(&cpu->base.session);
	if (error)
		return error;
	return cpu->timeline && timeline__check(cpu->timeline) ? -EIO : 0;
}

static int read_view(void *source, struct view *view)
{
	struct cpu_source *cpu = source;
	int error = session_source__read(&cpu->base, view);

	if (error || !cpu->timeline)
		return error;
	view->sched.losses.timeline += timeline__left_out(cpu->timeline);
	if (!cpu->begun)
		timeline__begin(cpu->timeline, &view->sched);
	cpu->begun = true;
	return 0;
}

/* Changes that came while the last view was read are drawn before the states that it shows. */
static int stop(void *source, const struct view *view)
{
	struct cpu_source *cpu = source;

	if (!cpu->timeline)
		return 0;
	sched_probe__poll(cpu->base.session.probe);
	return timeline__close(cpu->timeline, &view->sched,
			       sched_probe__lost_changes(cpu->base.session.probe));
}

static void close_source(void *source)
{
	struct cpu_source *cpu = source;

	session__close(&cpu->base.session);
}

const struct source_ops cpu_source = {
	.size = sizeof(struct cpu_source),
	.open = open_source,
	.create = create,
	.host = session_source__host,
	.is_silent = is_silent,
	.start = session_source__start,
	.fd = session_source__fd,
	.poll = poll_source,
	.read = read_view,
	.shown = session_source__shown,
	.stop = stop,
	.close = close_source,
};
