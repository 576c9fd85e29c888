/* SPDX-License-Identifier: GPL-2.0-only */
/* Moments with VMs that come and go, and the series that kvmqd shows of them. */
#ifndef KVMQ_METRICS_SCENE_H
#define KVMQ_METRICS_SCENE_H

#include "unit.h"

#include "cmd/daemon_metrics.h"
#include "model/view_sets.h"

#define SEC 1000000000ULL
#define MSEC 1000000ULL

static inline struct vm *scene_vm(struct view *view, uint32_t pid, const char *name)
{
	struct vm *vm = list_add(&view->sched.vms);

	assert_non_null(vm);
	*vm = (struct vm){ .pid = pid, .start_ns = pid, .chosen = true };
	snprintf(vm->name, sizeof(vm->name), "%s", name);
	snprintf(vm->uuid, sizeof(vm->uuid), "%08x-0000-0000-0000-000000000000", pid);
	return vm;
}

/* A vCPU; to be added in the order of ids. */
static inline struct thread_snapshot *scene_vcpu(struct view *view, uint64_t id, uint32_t pid,
						 int32_t vcpu)
{
	struct thread_snapshot *thread = list_add(&view->sched.threads);

	assert_non_null(thread);
	*thread = (struct thread_snapshot){ .identity = { .id = id,
							  .vm_start_ns = pid,
							  .vm_pid = pid,
							  .tid = (uint32_t)id,
							  .vcpu = vcpu,
							  .is_vcpu = true } };
	return thread;
}

/* The text of the latest moment, ended by a NUL; free() it. */
static inline char *text_of(struct daemon_metrics *metrics, enum exposition_format format)
{
	const char *text;
	uint64_t moment;
	size_t size;

	assert_int_equal(daemon_metrics__text(metrics, format, &text, &size, &moment), 0);
	return strndup(text, size);
}

/* The value of a series, as it stands before the blank; NULL: there is none. Static memory. */
static inline const char *value_in(const char *text, const char *series)
{
	static char value[64];
	size_t length = strlen(series);

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, series, length) != 0 || line[length] != ' ')
			continue;
		snprintf(value, sizeof(value), "%.*s", (int)strcspn(line + length + 1, "\n"),
			 line + length + 1);
		return value;
	}
	return NULL;
}

static inline void expect_series(const char *text, const char *series, const char *wanted)
{
	const char *value = value_in(text, series);

	if (!value || strcmp(value, wanted) != 0)
		fail_msg("%s: %s instead of %s", series, value ? value : "nothing", wanted);
}

static inline void expect_none(const char *text, const char *series)
{
	const char *value = value_in(text, series);

	if (value)
		fail_msg("%s: %s instead of nothing", series, value);
}

/* A line's series: its length, 0: it is none. */
static inline size_t series_length(const char *line)
{
	const char *end = *line == '#' ? NULL : strrchr(line, ' ');

	return end ? (size_t)(end - line) : 0;
}

static inline bool is_counter(const char *line, size_t length)
{
	size_t name = strcspn(line, "{ ");
	static const char *const ends[] = { "_total", "_count", "_sum", "_bucket" };

	(void)length;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (name > strlen(ends[i]) &&
		    !strncmp(line + name - strlen(ends[i]), ends[i], strlen(ends[i])))
			return true;
	return false;
}

static inline int compare_lines(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

struct series_list {
	char **lines;
	size_t count;
};

/* The lines of a text in order; it is cut to pieces. */
static inline struct series_list series_of(char *text)
{
	struct series_list list = { .count = 0 };
	char *save = NULL;

	list.lines = calloc(count_lines(text) + 1, sizeof(*list.lines));
	assert_non_null(list.lines);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		size_t length = series_length(line);

		if (!length)
			continue;
		line[length] = '\0'; /* the number is behind it */
		list.lines[list.count++] = line;
	}
	qsort(list.lines, list.count, sizeof(*list.lines), compare_lines);
	return list;
}

static inline double number_of(const char *line)
{
	return strtod(line + strlen(line) + 1, NULL);
}

/* No series is there twice, and no counter is below what it was; both texts are cut to pieces. */
static inline void expect_growth(char *before, char *after)
{
	struct series_list was = series_of(before), is = series_of(after);

	for (size_t i = 1; i < is.count; i++)
		if (!strcmp(is.lines[i - 1], is.lines[i]))
			fail_msg("%s: twice", is.lines[i]);
	for (size_t i = 0; i < was.count; i++) {
		char **found = bsearch(&was.lines[i], is.lines, is.count, sizeof(*is.lines),
				       compare_lines);

		if (found && is_counter(*found, 0) && number_of(*found) < number_of(was.lines[i]))
			fail_msg("%s: from %s down to %s", *found,
				 was.lines[i] + strlen(was.lines[i]) + 1,
				 *found + strlen(*found) + 1);
	}
	free(was.lines);
	free(is.lines);
}

struct scene {
	struct daemon_metrics *metrics;
	struct view views[2];
	size_t count; /* of moments so far */
	struct why why;
	struct why_settings rules;
};

static const struct daemon_figures own_figures = { .interval_ns = SEC };

static inline int set_up(void **state)
{
	const struct daemon_metrics_config config = { 100000, 2, false };
	struct scene *scene = calloc(1, sizeof(*scene));

	if (!scene || daemon_metrics__open(&scene->metrics, &config))
		return -1;
	why_settings__init(&scene->rules);
	*state = scene;
	return 0;
}

static inline int tear_down(void **state)
{
	struct scene *scene = *state;

	daemon_metrics__close(scene->metrics);
	why__free(&scene->why);
	view__free(&scene->views[0]);
	view__free(&scene->views[1]);
	free(scene);
	return 0;
}

/* The next moment, a second after the one before, without anything in it. */
static inline struct view *next(struct scene *scene)
{
	struct view *view = &scene->views[scene->count++ % 2];

	view__free(view);
	view->sched.time_ns = view->sched.end_ns = scene->count * SEC;
	view->sched.read_rq = scene->count * SEC;
	snprintf(view->exits.missing, MISSING_SIZE, "no exits here");
	snprintf(view->io.missing.all, IO_REASON_SIZE, "no disks here");
	return view;
}

static inline void take(struct scene *scene)
{
	const struct view *after = &scene->views[(scene->count - 1) % 2];
	const struct view *before = scene->count > 1 ? &scene->views[scene->count % 2] : NULL;

	scene->why.facts.brief = true; /* as kvmqd has it */
	if (before)
		assert_int_equal(why__make(&scene->why, before, after, &scene->rules), 0);
	assert_int_equal(daemon_metrics__take(scene->metrics, after, before ? &scene->why : NULL,
					      &own_figures),
			 0);
}

/* A vCPU that has run for so long of elapsed_ms, and waited for the rest. */
static inline struct thread_snapshot *add_vcpu(struct view *view, uint64_t id, uint32_t pid,
					       int32_t vcpu, uint64_t run_ms, uint64_t elapsed_ms)
{
	struct thread_snapshot *thread = scene_vcpu(view, id, pid, vcpu);

	thread->read_rq = view->sched.read_rq;
	thread->figures.elapsed_ns = elapsed_ms * MSEC;
	thread->figures.run_ns = run_ms * MSEC;
	thread->figures.ready_ns[CAUSE_PREEMPT] = (elapsed_ms - run_ms) * MSEC;
	return thread;
}

/* One exit of a vCPU for a reason. */
static inline void add_exits(struct view *view, uint64_t since_ns, uint64_t id, uint64_t guest_ms,
			     uint64_t exits)
{
	struct exit_thread *thread = exit_snapshot__add(&view->exits);
	struct reason_snapshot *reason = exit_snapshot__add_reason(&view->exits, id, 0x78);

	assert_true(thread && reason);
	*view->exits.missing = '\0';
	view->exits.since_ns = since_ns;
	view->exits.isa = EXIT_ISA_SVM;
	*thread = (struct exit_thread){
		.id = id, .known = true, .figures = { .guest_ns = guest_ms * MSEC, .exits = exits }
	};
	reason->figures.count[EXIT_KERNEL] = exits;
	reason->figures.handle_ns[EXIT_KERNEL] = exits * MSEC;
	reason->hist.count[EXIT_KERNEL][hist_bucket(MSEC)] = (uint32_t)exits;
}

static inline void add_blame(struct view *view, enum offender_kind kind, uint32_t vm_pid,
			     const char *comm, uint32_t tid, uint64_t ms)
{
	struct blame *blame = list_add(&view->sched.blame);

	assert_non_null(blame);
	*blame = (struct blame){ .victim = 1,
				 .offender = { .kind = kind, .tid = tid, .vm_pid = vm_pid },
				 .ns = ms * MSEC };
	snprintf(blame->offender.comm, COMM_SIZE, "%s", comm);
	snapshot__sort_blame(&view->sched);
}

#endif
