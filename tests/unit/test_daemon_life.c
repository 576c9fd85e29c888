// SPDX-License-Identifier: GPL-2.0-only
/* Whatever happens to VMs, threads and parts, no counter that kvmqd shows goes down. */
#include "metrics_scene.h"

/* The counters of a random life, with all that may happen in it. */
struct life {
	uint64_t seed, next_id, since_ns;
	bool exits;
	struct {
		uint32_t pid; /* 0: not there */
		struct {
			uint64_t id; /* 0: not plugged */
			struct thread_snapshot thread;
			uint64_t guest_ms, exits;
		} vcpus[3];
	} vms[4];
};

static uint64_t chance(struct life *life, uint64_t limit)
{
	life->seed = life->seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (life->seed >> 33) % limit;
}

/* It runs, waits and halts; now and then a figure that went on was too large. */
static void live(struct life *life, struct thread_snapshot *thread)
{
	struct figures *figures = &thread->figures;
	uint64_t *parts[] = { &figures->run_ns, &figures->ready_ns[CAUSE_WAKE],
			      &figures->ready_ns[CAUSE_PREEMPT], &figures->halt_ns };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		uint64_t change = chance(life, 300) * MSEC;

		if (chance(life, 6))
			*parts[i] += change;
		else
			*parts[i] -= change / 4 < *parts[i] ? change / 4 : *parts[i];
	}
	figures->elapsed_ns = figures->run_ns + figures__ready(figures) + figures->halt_ns;
	figures->waits[CAUSE_WAKE] += chance(life, 9);
	figures->ended_ns += chance(life, 100) * MSEC;
	thread->hist.count[CAUSE_WAKE][chance(life, HIST_BUCKETS)] +=
		(uint32_t)chance(life, 1 << 30);
	if (!chance(life, 12)) {
		*figures = (struct figures){ .run_ns = MSEC, .elapsed_ns = MSEC };
		thread->hist = (struct wait_hist){ 0 };
	}
}

static void change_vms(struct life *life)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(life->vms); i++) {
		if (!chance(life, 8))
			life->vms[i].pid = life->vms[i].pid ? 0 : 10 + i;
		for (int j = 0; j < 3; j++) {
			if (chance(life, 10) && life->vms[i].vcpus[j].id && life->vms[i].pid)
				continue;
			memset(&life->vms[i].vcpus[j], 0, sizeof(life->vms[i].vcpus[j]));
			if (life->vms[i].pid && chance(life, 3))
				life->vms[i].vcpus[j].id = ++life->next_id;
		}
	}
	if (!chance(life, 5)) {
		life->exits = !life->exits;
		life->since_ns += 10;
	}
}

static int compare_threads(const void *left, const void *right)
{
	return compare_ids(left, right);
}

static void show(struct life *life, struct view *view)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(life->vms); i++) {
		uint32_t pid = life->vms[i].pid;

		if (pid)
			scene_vm(view, pid, i < 2 ? "web" : "db");
		for (int j = 0; j < 3 && pid; j++) {
			struct thread_snapshot *thread = &life->vms[i].vcpus[j].thread, *shown;
			uint64_t id = life->vms[i].vcpus[j].id;

			/* Some readings fail, and some threads end unseen. */
			if (!id || !chance(life, 9))
				continue;
			live(life, thread);
			shown = scene_vcpu(view, id, pid, j);
			shown->figures = thread->figures;
			shown->hist = thread->hist;
			shown->read_rq = view->sched.read_rq;
			shown->state = chance(life, 30) ? STATE_RUN : STATE_GONE;
			if (shown->state == STATE_GONE)
				life->vms[i].vcpus[j].id = 0;
			if (life->exits)
				add_exits(view, life->since_ns, id, chance(life, 500),
					  life->vms[i].vcpus[j].exits += chance(life, 50));
		}
	}
	list_sort(&view->sched.threads, compare_threads);
	list_sort(&view->exits.threads, compare_threads);
	for (size_t i = 0; i < view->sched.threads.count; i++)
		add_blame(view, OFFENDER_KERNEL, 0, "kworker", 7, chance(life, 1000));
}

static void test_random_life(void **state)
{
	struct scene *scene = *state;
	struct life life = { .seed = 1, .since_ns = 1 };
	char *before = NULL;

	for (int i = 0; i < 600; i++) {
		char *after, *copy;

		change_vms(&life);
		show(&life, next(scene));
		take(scene);
		after = text_of(scene->metrics, EXPOSITION_OPENMETRICS);
		copy = strdup(after);
		assert_non_null(copy);
		if (before)
			expect_growth(before, copy);
		else
			free(series_of(copy).lines);
		free(before);
		free(copy);
		before = after;
	}
	free(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random_life, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
