// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints what kvmq-cpu would print of two snapshots in a text file:
 *
 *   test_golden FILE COLUMNS [OPTION...]
 *
 * COLUMNS is the width of the terminal, 0 for a pipe; OPTIONs are kvmq-cpu's own.
 * A line of FILE is a word and NAME=VALUE pairs; %HH in a value is a character,
 * # begins a comment. Times and durations are in ns.
 *
 *   host name= kernel= cpus=
 *   process pid= comm= start_ticks= [arguments=A|B|C] [cgroup=PATH]
 *   before time= realtime=        the first snapshot; then its lines
 *   after time= realtime=         the second one
 *     thread id= pid= start= tid= vcpu=N|- is_vcpu= comm= vm_comm= state= cpu=
 *            waiting= elapsed= run= wake= preempt= halt= block= waits_wake=
 *            waits_preempt= ended= max= throttled= throttling=1 if that is known
 *                                               what is left out is 0
 *     hist [wake=NS|preempt=NS] count=          of the last thread
 *     cost ... losses ...                       see the tables below
 *     blame victim=ID kind= tid= pid= comm= cgroup_id= cgroup= ns=     --blame's
 *     overlap pid= hazard= stalled= waiting1= waiting2= waiting64=     --overlap's
 *   event ...                     what --events would show between the two
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/cpu_report.h"
#include "cmd/tools.h"
#include "fake_proc.h"
#include "host/vm.h"
#include "pure.h"
#include "terminal.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Everything that the file says. */
struct scene {
	struct host host;
	struct fake_proc proc;
	struct view views[2];
	struct wait_event events[64];
	size_t event_count;
	int current; /* the snapshot that lines belong to, or -1 */
};

/* A process, a bucket: what a line says beside its target. */
struct extra {
	uint32_t pid;
	char comm[COMM_SIZE];
	uint64_t start_ticks;
	char arguments[512];
	char cgroup[256];
	uint64_t wake, preempt, count;
};

enum word_type { U32, U64, S32, FLAG, TEXT };

struct word {
	const char *name;
	enum word_type type;
	size_t offset, size;
};

#define WORD(type, of, name, member)                                                               \
	{                                                                                          \
		name, type, offsetof(of, member), sizeof(((of *)0)->member)                        \
	}

static const struct word host_fields[] = {
	WORD(TEXT, struct host, "name", name),
	WORD(TEXT, struct host, "kernel", kernel),
	WORD(U32, struct host, "cpus", cpus),
	{ 0 },
};

static const struct word extra_fields[] = {
	WORD(U32, struct extra, "pid", pid),
	WORD(TEXT, struct extra, "comm", comm),
	WORD(U64, struct extra, "start_ticks", start_ticks),
	WORD(TEXT, struct extra, "arguments", arguments),
	WORD(TEXT, struct extra, "cgroup", cgroup),
	WORD(U64, struct extra, "wake", wake),
	WORD(U64, struct extra, "preempt", preempt),
	WORD(U64, struct extra, "count", count),
	{ 0 },
};

static const struct word snapshot_fields[] = {
	WORD(U64, struct snapshot, "time", time_ns),
	WORD(U64, struct snapshot, "realtime", realtime_ns),
	WORD(U64, struct snapshot, "threads", losses.threads),
	WORD(U64, struct snapshot, "events", losses.events),
	WORD(U64, struct snapshot, "torn", losses.torn),
	WORD(U64, struct snapshot, "clock", losses.clock),
	WORD(U64, struct snapshot, "missed", losses.missed),
	WORD(U64, struct snapshot, "throttled", losses.throttled),
	WORD(U64, struct snapshot, "overlap", losses.overlap),
	WORD(U64, struct snapshot, "blame", losses.blame),
	WORD(U64, struct snapshot, "vm_switches", cost.vm_switches),
	WORD(U64, struct snapshot, "vm_sample_ns", cost.vm_sample_ns),
	WORD(U64, struct snapshot, "vm_samples", cost.vm_samples),
	WORD(U64, struct snapshot, "switches", cost.switches),
	WORD(U64, struct snapshot, "idle_switch_ps", cost.idle_switch_ps),
	WORD(U64, struct snapshot, "own_cpu_ns", cost.own_cpu_ns),
	{ 0 },
};

#define IDENTITY_FIELDS(of)                                                                        \
	WORD(U64, of, "id", identity.id), WORD(U64, of, "start", identity.vm_start_ns),            \
		WORD(U32, of, "pid", identity.vm_pid), WORD(U32, of, "tid", identity.tid),         \
		WORD(S32, of, "vcpu", identity.vcpu), WORD(FLAG, of, "is_vcpu", identity.is_vcpu), \
		WORD(TEXT, of, "comm", identity.comm), WORD(TEXT, of, "vm_comm", identity.vm_comm)

static const struct word thread_fields[] = {
	IDENTITY_FIELDS(struct thread_snapshot),
	WORD(U32, struct thread_snapshot, "state", state),
	WORD(U32, struct thread_snapshot, "cpu", cpu),
	WORD(U64, struct thread_snapshot, "waiting", waiting_ns),
	WORD(U64, struct thread_snapshot, "elapsed", figures.elapsed_ns),
	WORD(U64, struct thread_snapshot, "run", figures.run_ns),
	WORD(U64, struct thread_snapshot, "wake", figures.ready_ns[CAUSE_WAKE]),
	WORD(U64, struct thread_snapshot, "preempt", figures.ready_ns[CAUSE_PREEMPT]),
	WORD(U64, struct thread_snapshot, "throttled", figures.throttled_ns),
	WORD(FLAG, struct thread_snapshot, "throttling", throttling_known),
	WORD(U64, struct thread_snapshot, "halt", figures.halt_ns),
	WORD(U64, struct thread_snapshot, "block", figures.block_ns),
	WORD(U64, struct thread_snapshot, "waits_wake", figures.waits[CAUSE_WAKE]),
	WORD(U64, struct thread_snapshot, "waits_preempt", figures.waits[CAUSE_PREEMPT]),
	WORD(U64, struct thread_snapshot, "ended", figures.ended_ns),
	WORD(U64, struct thread_snapshot, "max", figures.max_ns),
	{ 0 },
};

static const struct word blame_fields[] = {
	WORD(U64, struct blame, "victim", victim),
	WORD(U32, struct blame, "kind", offender.kind),
	WORD(U32, struct blame, "tid", offender.tid),
	WORD(U32, struct blame, "pid", offender.vm_pid),
	WORD(TEXT, struct blame, "comm", offender.comm),
	WORD(U64, struct blame, "cgroup_id", offender.cgroup_id),
	WORD(TEXT, struct blame, "cgroup", offender.cgroup),
	WORD(U64, struct blame, "ns", ns),
	{ 0 },
};

static const struct word overlap_fields[] = {
	WORD(U32, struct overlap, "pid", vm_pid),
	WORD(U64, struct overlap, "hazard", hazard_ns),
	WORD(U64, struct overlap, "stalled", stalled_ns),
	WORD(U64, struct overlap, "waiting1", waiting_ns[0]),
	WORD(U64, struct overlap, "waiting2", waiting_ns[1]),
	WORD(U64, struct overlap, "waiting64", waiting_ns[63]),
	{ 0 },
};

static const struct word event_fields[] = {
	IDENTITY_FIELDS(struct wait_event),
	WORD(U64, struct wait_event, "time", time_ns),
	WORD(U64, struct wait_event, "queued", queued_rq),
	WORD(U64, struct wait_event, "run", run_rq),
	WORD(U64, struct wait_event, "wait", wait_ns),
	WORD(U64, struct wait_event, "throttled", throttled_ns),
	WORD(U32, struct wait_event, "cause", cause),
	WORD(U32, struct wait_event, "from", from_cpu),
	WORD(U32, struct wait_event, "to", to_cpu),
	WORD(U32, struct wait_event, "prev_tid", prev_tid),
	WORD(U32, struct wait_event, "prev_tgid", prev_tgid),
	WORD(TEXT, struct wait_event, "prev_comm", prev_comm),
	{ 0 },
};

static void __attribute__((noreturn)) die(const char *what, const char *text)
{
	fprintf(stderr, "test_golden: %s: '%s'\n", what, text);
	exit(2);
}

static void set_text(char *target, size_t size, const char *value)
{
	size_t length = 0;
	unsigned int code;

	for (; *value; value++) {
		if (length + 1 == size)
			die("too long", value);
		if (*value == '%' && sscanf(value + 1, "%2x", &code) == 1) {
			target[length++] = (char)code;
			value += 2;
		} else {
			target[length++] = *value;
		}
	}
	target[length] = '\0';
}

static void set_field(const struct word *field, void *target, const char *value)
{
	uint64_t number = (uint64_t)VCPU_UNKNOWN;
	char *end;

	target = (char *)target + field->offset;
	if (field->type == TEXT) {
		set_text(target, field->size, value);
		return;
	}
	if (strcmp(value, "-") != 0) {
		errno = 0;
		number = strtoull(value, &end, 10);
		if (errno || !*value || *end)
			die("no number", value);
	}
	if (field->type == FLAG)
		*(bool *)target = number;
	else
		memcpy(target, &number, field->size); /* little-endian hosts only */
}

/* Reads the rest of a line into target. */
static void set_fields(const struct word *fields, void *target, char **rest)
{
	char *pair;

	while ((pair = strtok_r(NULL, " \t\n", rest))) {
		const struct word *field = fields;
		char *value = strchr(pair, '=');

		if (!value)
			die("no NAME=VALUE", pair);
		*value++ = '\0';
		while (field->name && strcmp(field->name, pair))
			field++;
		if (!field->name)
			die("no such name here", pair);
		set_field(field, target, value);
	}
}

static struct snapshot *current(struct scene *scene, const char *word)
{
	if (scene->current < 0)
		die("stands before any snapshot", word);
	return &scene->views[scene->current].sched;
}

static void read_process(struct scene *scene, char **rest)
{
	struct extra extra = { 0 };
	char cgroup[300];

	set_fields(extra_fields, &extra, rest);
	snprintf(cgroup, sizeof(cgroup), "0::%s\n", extra.cgroup);
	fake_proc__add(&scene->proc, extra.pid, extra.comm, extra.start_ticks,
		       extra.arguments[0] ? extra.arguments : NULL,
		       extra.cgroup[0] ? cgroup : NULL);
}

static void read_hist(struct scene *scene, char **rest)
{
	struct snapshot *snapshot = current(scene, "hist");
	struct extra extra = { 0 };
	struct wait_hist *hist;

	if (!snapshot->threads.count)
		die("stands before any thread", "hist");
	hist = &snapshot->threads.list[snapshot->threads.count - 1].hist;
	set_fields(extra_fields, &extra, rest);
	hist->count[extra.wake ? CAUSE_WAKE : CAUSE_PREEMPT]
		   [hist_bucket(extra.wake + extra.preempt)] += (uint32_t)extra.count;
}

static void read_thread(struct scene *scene, char **rest)
{
	struct thread_snapshot *thread = list_add(&current(scene, "thread")->threads);

	if (!thread)
		die("no memory", "thread");
	*thread = (struct thread_snapshot){ .identity.is_vcpu = true };
	set_fields(thread_fields, thread, rest);
}

static void read_blame_line(struct scene *scene, char **rest)
{
	struct blame *blame = list_add(&current(scene, "blame")->blame);

	if (!blame)
		die("no memory", "blame");
	*blame = (struct blame){ 0 };
	set_fields(blame_fields, blame, rest);
}

static void read_overlap(struct scene *scene, char **rest)
{
	struct overlap *overlap = list_add(&current(scene, "overlap")->overlaps);

	if (!overlap)
		die("no memory", "overlap");
	*overlap = (struct overlap){ 0 };
	set_fields(overlap_fields, overlap, rest);
}

static void read_line(struct scene *scene, char *line)
{
	char *rest, *word = strtok_r(line, " \t\n", &rest);

	if (!word || *word == '#')
		return;
	if (!strcmp(word, "host")) {
		set_fields(host_fields, &scene->host, &rest);
	} else if (!strcmp(word, "process")) {
		read_process(scene, &rest);
	} else if (!strcmp(word, "before") || !strcmp(word, "after")) {
		scene->current = *word == 'a';
		set_fields(snapshot_fields, current(scene, word), &rest);
	} else if (!strcmp(word, "cost") || !strcmp(word, "losses")) {
		set_fields(snapshot_fields, current(scene, word), &rest);
	} else if (!strcmp(word, "thread")) {
		read_thread(scene, &rest);
	} else if (!strcmp(word, "blame")) {
		read_blame_line(scene, &rest);
	} else if (!strcmp(word, "overlap")) {
		read_overlap(scene, &rest);
	} else if (!strcmp(word, "hist")) {
		read_hist(scene, &rest);
	} else if (!strcmp(word, "event") && scene->event_count < LENGTH(scene->events)) {
		scene->events[scene->event_count].identity.is_vcpu = true;
		set_fields(event_fields, &scene->events[scene->event_count++], &rest);
	} else {
		die("no such line, or too many", word);
	}
}

static void read_scene(struct scene *scene, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[2048];

	if (!file)
		die(strerror(errno), path);
	while (fgets(line, sizeof(line), file))
		read_line(scene, line);
	fclose(file);
	snapshot__sort_blame(&scene->views[0].sched);
	snapshot__sort_blame(&scene->views[1].sched);
}

struct print {
	struct scene *scene;
	struct cpu_report *report;
};

static void show_wait(struct cpu_report *report, FILE *file, const struct scene *scene, size_t i,
		      struct vms *vms)
{
	const struct wait_event *event = &scene->events[i];
	const struct snapshot *after = &scene->views[1].sched;
	const struct vm *vm = vms__get(vms, &event->identity);
	const struct vm *other = vms__find(vms, event->prev_tgid);
	struct named_wait named = { { .boot_ns = after->realtime_ns - after->time_ns }, *event };

	if (vm)
		memcpy(named.names.vm, vm->name, sizeof(named.names.vm));
	if (other)
		memcpy(named.names.other_vm, other->name, sizeof(named.names.other_vm));
	cpu_report__print_wait(report, file, &named);
}

static int print_scene(void *context, FILE *file)
{
	static const struct vm_filter all;
	const struct print *print = context;
	struct scene *scene = print->scene;
	struct cpu_report *report = print->report;
	struct vms *vms = vms__new(scene->proc.path, &all);
	int error;

	scene->views[1].host = scene->host;
	scene->views[1].sched.end_ns = scene->views[1].sched.time_ns;
	vms__sweep(vms, &scene->views[0].sched);
	for (size_t i = 0; i < scene->event_count && report->options->events; i++)
		show_wait(report, file, scene, i, vms);
	vms__sweep(vms, &scene->views[1].sched);
	error = vms__fill(vms, &scene->views[1].sched);
	if (!error)
		error = cpu_report__print(report, file, &scene->views[0], &scene->views[1]);
	vms__free(vms);
	return error;
}

static int print_views(void *report, FILE *file, const struct view *before,
		       const struct view *after)
{
	return cpu_report__print(report, file, before, after);
}

int main(int argc, char **argv)
{
	static struct scene scene = { .current = -1 };
	struct cpu_report report;
	struct print print = { &scene, &report };
	struct options options;
	int status, columns;

	if (argc < 3) {
		fputs("usage: test_golden FILE COLUMNS [OPTION...]\n", stderr);
		return 2;
	}
	setenv("TZ", "UTC", 1);
	tzset();
	columns = atoi(argv[2]);
	if (options_parse(&options, &cpu_tool, argc - 2, argv + 2, &status) ||
	    cpu_report__init(&report, &options, &status))
		return status;
	fake_proc__open(&scene.proc);
	read_scene(&scene, argv[1]);
	status = columns ? terminal__print((uint16_t)columns, print_scene, &print)
			 : print_scene(&print, stdout);
	/* Also where it has no width. */
	status |= check_pure(print_views, &report, cpu_sets, scene.views);
	cpu_report__free(&report);
	snapshot__free(&scene.views[0].sched);
	snapshot__free(&scene.views[1].sched);
	fake_proc__close(&scene.proc);
	return status || fflush(stdout) ? 1 : 0;
}
