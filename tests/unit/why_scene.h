/* SPDX-License-Identifier: GPL-2.0-only */
/* Pairs of views, a second apart, as rules of user/why/ look at them. */
#ifndef KVMQ_WHY_SCENE_H
#define KVMQ_WHY_SCENE_H

#include "unit.h"

#include "cmd/why_page.h"
#include "model/view_sets.h"
#include "why/why.h"

#define MSEC 1000000ULL
#define SEC 1000000000ULL

struct why_scene {
	struct view before, after;
	struct why_settings settings;
	struct why why;
};

static inline int set_up(void **state)
{
	struct why_scene *scene = calloc(1, sizeof(*scene));

	if (!scene)
		return -1;
	scene->before.sched.time_ns = 100 * SEC;
	scene->after.sched.time_ns = scene->after.sched.end_ns = 101 * SEC;
	scene->after.host.cpus = 4;
	snprintf(scene->after.exits.missing, MISSING_SIZE, "no exits here");
	snprintf(scene->after.io.missing.all, IO_REASON_SIZE, "no disks here");
	why_settings__init(&scene->settings);
	*state = scene;
	return 0;
}

static inline int tear_down(void **state)
{
	struct why_scene *scene = *state;

	why__free(&scene->why);
	view__free(&scene->before);
	view__free(&scene->after);
	free(scene);
	return 0;
}

static inline void add_vm(struct why_scene *scene, uint32_t pid, const char *name)
{
	struct vm *vm = list_add(&scene->after.sched.vms);

	assert_non_null(vm);
	*vm = (struct vm){ .pid = pid, .start_ns = pid, .chosen = true };
	snprintf(vm->name, sizeof(vm->name), "%s", name);
}

/* A vCPU that began a second ago; the rest of that it was halted. In the order of pid and vcpu. */
static inline struct thread_snapshot *add_vcpu(struct why_scene *scene, uint32_t pid, int32_t vcpu,
					       uint64_t run_ms, uint64_t preempt_ms)
{
	struct thread_snapshot *thread = list_add(&scene->after.sched.threads);

	assert_non_null(thread);
	*thread = (struct thread_snapshot){
		.identity = { .id = (uint64_t)pid << 8 | (uint32_t)vcpu,
			      .vm_start_ns = pid,
			      .vm_pid = pid,
			      .tid = pid + 1 + (uint32_t)vcpu,
			      .vcpu = vcpu,
			      .is_vcpu = true },
		.throttling_known = true,
		.figures = { .elapsed_ns = SEC,
			     .run_ns = run_ms * MSEC,
			     .ready_ns = { 0, preempt_ms * MSEC },
			     .halt_ns = SEC - (run_ms + preempt_ms) * MSEC,
			     .waits = { 0, preempt_ms / 10 + 1 },
			     .ended_ns = preempt_ms * MSEC },
	};
	return thread;
}

/* How long a vCPU waited for another VM's vCPU, one of its own threads, or a process. */
static inline void add_blame(struct why_scene *scene, uint32_t pid, int32_t vcpu,
			     struct offender offender, uint64_t ms)
{
	struct blame *blame = list_add(&scene->after.sched.blame);

	assert_non_null(blame);
	*blame = (struct blame){ .victim = (uint64_t)pid << 8 | (uint32_t)vcpu,
				 .offender = offender,
				 .ns = ms * MSEC };
	snapshot__sort_blame(&scene->after.sched);
}

static inline struct offender vcpu_of(uint32_t pid)
{
	return (struct offender){ .kind = OFFENDER_VCPU, .tid = pid + 1, .vm_pid = pid };
}

static inline struct cgroup_limit *add_limit(struct view *view, uint32_t pid, uint32_t depth,
					     const char *path, uint32_t weight)
{
	struct cgroup_limit *limit = list_add(&view->limits);

	assert_non_null(limit);
	*limit = (struct cgroup_limit){ .vm_pid = pid,
					.vm_start_ns = pid,
					.depth = depth,
					.cpu_known = true,
					.cpu_weight = weight,
					.period_ns = 100 * MSEC };
	snprintf(limit->path, sizeof(limit->path), "%s", path);
	return limit;
}

static inline void expect_same(const struct verdict *brief, const struct verdict *full)
{
	assert_ptr_equal(brief->rule, full->rule);
	assert_ptr_equal(brief->vm->vm, full->vm->vm);
	assert_int_equal(brief->level, full->level);
	assert_int_equal(brief->severity, full->severity);
	assert_int_equal(brief->evidence_count, full->evidence_count);
	assert_string_equal(brief->summary, full->summary);
	assert_string_equal(brief->culprit, full->culprit);
	assert_string_equal(brief->remedy, full->remedy);
	assert_string_equal(brief->command, full->command);
	assert_string_equal(brief->undo, full->undo);
}

/* As kvmqd judges: without what only shows. */
static inline void check_brief(const struct why_scene *scene)
{
	struct why brief = { .facts.brief = true };

	assert_int_equal(why__make(&brief, &scene->before, &scene->after, &scene->settings), 0);
	assert_int_equal(brief.verdicts.count, scene->why.verdicts.count);
	assert_int_equal(brief.unasked.count, scene->why.unasked.count);
	for (size_t i = 0; i < brief.verdicts.count; i++)
		expect_same(&brief.verdicts.list[i], &scene->why.verdicts.list[i]);
	why__free(&brief);
}

/* The verdicts, of which there are so many. */
static inline const struct verdict *judge(struct why_scene *scene, size_t count)
{
	assert_int_equal(why__make(&scene->why, &scene->before, &scene->after, &scene->settings),
			 0);
	for (size_t i = 0; i < scene->why.verdicts.count && scene->why.verdicts.count != count; i++)
		fprintf(stderr, "%s: %s\n", scene->why.verdicts.list[i].vm->vm->name,
			scene->why.verdicts.list[i].rule->name);
	assert_int_equal(scene->why.verdicts.count, count);
	check_brief(scene);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < scene->why.verdicts.list[i].evidence_count; j++)
			assert_non_null(why_evidence__metric(
				&scene->why.verdicts.list[i].evidence[j])); /* or it aborts */
	return scene->why.verdicts.list;
}

/* The first one of a VM. */
static inline const struct verdict *verdict_of(const struct why_scene *scene, const char *vm)
{
	for (size_t i = 0; i < scene->why.verdicts.count; i++)
		if (!strcmp(scene->why.verdicts.list[i].vm->vm->name, vm))
			return &scene->why.verdicts.list[i];
	fail_msg("no verdict of %s", vm);
	return NULL;
}

static inline void expect_verdict(const struct verdict *verdict, const char *vm, const char *rule,
				  enum why_level level)
{
	assert_string_equal(verdict->vm->vm->name, vm);
	assert_string_equal(verdict->rule->name, rule);
	assert_int_equal(verdict->level, level);
	for (size_t i = 0; i < verdict->evidence_count; i++)
		assert_non_null(verdict->evidence[i].row);
}

#endif
