// SPDX-License-Identifier: GPL-2.0-only
/* Which incidents begin: user/daemon/flight.c. */
#include "why_scene.h"

#include "daemon/flight.h"

struct flying {
	struct why_scene *scene;
	struct flight flight;
	struct flight_settings settings;
};

static int begin(void **state)
{
	struct flying *flying = calloc(1, sizeof(*flying));
	void *scene = NULL;

	if (!flying || set_up(&scene)) {
		free(flying);
		return -1;
	}
	flying->scene = scene;
	flying->scene->why.facts.brief = true; /* as kvmqd has it */
	flying->settings = (struct flight_settings){ .wait_limit_ns = 100 * MSEC, .per_day = 20 };
	*state = flying;
	return 0;
}

static int end(void **state)
{
	struct flying *flying = *state;
	void *scene = flying->scene;

	flight__free(&flying->flight);
	free(flying);
	return tear_down(&scene);
}

static struct thread_snapshot *vcpu_at(struct flying *flying, size_t place)
{
	return &flying->scene->after.sched.threads.list[place];
}

/* So much of the time, and at most so long at once, which the thread's counters say. */
static void wait_for(struct flying *flying, size_t place, uint64_t ms, uint64_t longest_ms)
{
	struct figures *figures = &vcpu_at(flying, place)->figures;

	figures->halt_ns += figures->ready_ns[CAUSE_PREEMPT];
	figures->ready_ns[CAUSE_PREEMPT] = ms * MSEC;
	figures->halt_ns -= ms * MSEC;
	figures->max_ns = longest_ms * MSEC;
}

/* An interval of a second that ends so much later. Returns how many incidents begin. */
static size_t judge_after(struct flying *flying, uint64_t seconds)
{
	struct view *before = &flying->scene->before, *after = &flying->scene->after;
	struct why *why = &flying->scene->why;

	before->sched.time_ns += seconds * SEC;
	after->sched.time_ns = after->sched.end_ns = before->sched.time_ns + SEC;
	before->sched.realtime_ns = 1000 * SEC + before->sched.time_ns;
	after->sched.realtime_ns = 1000 * SEC + after->sched.time_ns;
	assert_int_equal(why__make(why, before, after, &flying->scene->settings), 0);
	assert_int_equal(flight__take(&flying->flight, why, &flying->settings), 0);
	return flying->flight.incidents.count;
}

/* So many intervals of a second, one after the other; in the last one incidents may begin. */
static size_t judge_for(struct flying *flying, unsigned int seconds)
{
	while (--seconds)
		assert_int_equal(judge_after(flying, 1), 0);
	return judge_after(flying, 1);
}

static const struct incident *incident_at(const struct flying *flying, size_t place)
{
	assert_true(place < flying->flight.incidents.count);
	return &flying->flight.incidents.list[place];
}

static void add_web(struct flying *flying)
{
	add_vm(flying->scene, 10, "web");
	add_vcpu(flying->scene, 10, 0, 300, 0);
}

/* A rule that holds for ten seconds is one incident; after a minute without, it is another. */
static void test_rule(void **state)
{
	struct flying *flying = *state;

	add_web(flying);
	assert_int_equal(judge_after(flying, 10), 0);
	wait_for(flying, 0, 200, 5);
	assert_int_equal(judge_for(flying, 9), 0);
	assert_int_equal(judge_for(flying, 1), 1);
	assert_string_equal(incident_at(flying, 0)->vm, "web");
	assert_string_equal(incident_at(flying, 0)->rule, "cpu-crowded");
	assert_non_null(strstr(incident_at(flying, 0)->verdict, "waits 20.0 % of the time"));
	assert_int_equal(incident_at(flying, 0)->until_ns, (1000 + 121) * SEC);
	assert_int_equal(incident_at(flying, 0)->since_ns, (1000 + 111) * SEC);
	assert_int_equal(judge_for(flying, 100), 0);
	wait_for(flying, 0, 0, 5);
	assert_int_equal(judge_for(flying, 50), 0);
	wait_for(flying, 0, 200, 5);
	assert_int_equal(judge_for(flying, 30), 0);
	wait_for(flying, 0, 0, 5);
	assert_int_equal(judge_for(flying, 62), 0);
	wait_for(flying, 0, 200, 5);
	assert_int_equal(judge_for(flying, 10), 1);
}

/* It may rest for some seconds meanwhile, and no more. */
static void test_gaps(void **state)
{
	struct flying *flying = *state;

	add_web(flying);
	assert_int_equal(judge_after(flying, 10), 0);
	for (unsigned int rest = 4; rest >= 3; rest--) {
		wait_for(flying, 0, 200, 5);
		assert_int_equal(judge_for(flying, 6), 0);
		wait_for(flying, 0, 0, 5);
		assert_int_equal(judge_for(flying, rest), 0);
		wait_for(flying, 0, 200, 5);
		assert_int_equal(judge_for(flying, 1), rest == 3);
	}
}

/* Long intervals of a daemon over its budget. */
static void test_long_intervals(void **state)
{
	struct flying *flying = *state;

	add_web(flying);
	assert_int_equal(judge_after(flying, 10), 0);
	wait_for(flying, 0, 200, 5);
	flying->scene->before.sched.time_ns += 10 * SEC;
	flying->scene->after.sched.time_ns = flying->scene->before.sched.time_ns + 8 * SEC;
	for (int i = 0; i < 2; i++) {
		struct why *why = &flying->scene->why;

		assert_int_equal(why__make(why, &flying->scene->before, &flying->scene->after,
					   &flying->scene->settings),
				 0);
		assert_int_equal(flight__take(&flying->flight, why, &flying->settings), 0);
		assert_int_equal(flying->flight.incidents.count, i == 1);
		flying->scene->before.sched.time_ns += 8 * SEC;
		flying->scene->after.sched.time_ns += 8 * SEC;
	}
}

/* What is only to be looked at is no incident. */
static void test_look(void **state)
{
	struct flying *flying = *state;

	add_web(flying);
	assert_int_equal(judge_after(flying, 10), 0);
	wait_for(flying, 0, 60, 5);
	assert_int_equal(judge_for(flying, 30), 0);
	assert_int_equal(flying->scene->why.verdicts.list[0].level, WHY_LOOK);
}

/* Nobody knows when that began which holds at the start. */
static void test_from_the_start(void **state)
{
	struct flying *flying = *state;

	add_web(flying);
	wait_for(flying, 0, 200, 150);
	assert_int_equal(judge_for(flying, 30), 0);
}

/* One wait of a VM that hardly waits: at once. */
static void test_wait(void **state)
{
	struct flying *flying = *state;

	add_web(flying);
	add_vcpu(flying->scene, 10, 1, 300, 0);
	assert_int_equal(judge_after(flying, 10), 0);
	wait_for(flying, 0, 0, 100);
	assert_int_equal(judge_after(flying, 1), 0);
	wait_for(flying, 1, 0, 132);
	assert_int_equal(judge_after(flying, 1), 1);
	assert_string_equal(incident_at(flying, 0)->rule, "wait");
	assert_string_equal(incident_at(flying, 0)->verdict,
			    "vCPU 1 waited 132.0 ms for a CPU, over the limit of 100 ms");
	assert_int_equal(judge_after(flying, 1), 0);
	flying->settings.wait_limit_ns = 0;
	assert_int_equal(judge_after(flying, 100), 0);
	flying->settings.wait_limit_ns = 131 * MSEC;
	assert_int_equal(judge_after(flying, 1), 1);
}

/* Of several that begin at once, a VM has the worst alone; another VM has its own. */
static void test_one_of_each(void **state)
{
	struct flying *flying = *state;

	add_web(flying);
	add_vm(flying->scene, 20, "db");
	add_vcpu(flying->scene, 20, 0, 300, 0);
	assert_int_equal(judge_after(flying, 10), 0);
	wait_for(flying, 0, 200, 5);
	wait_for(flying, 1, 400, 5);
	assert_int_equal(judge_for(flying, 9), 0);
	wait_for(flying, 0, 200, 150);
	wait_for(flying, 1, 400, 150);
	assert_int_equal(judge_for(flying, 1), 2);
	assert_string_equal(incident_at(flying, 0)->vm, "db");
	assert_string_equal(incident_at(flying, 0)->rule, "cpu-crowded");
	assert_string_equal(incident_at(flying, 1)->vm, "web");
	assert_string_equal(incident_at(flying, 1)->rule, "cpu-crowded");
	assert_int_equal(judge_for(flying, 20), 0);
}

/* Not more than so many in any 24 hours, whatever happens. */
static void test_per_day(void **state)
{
	struct flying *flying = *state;
	size_t first_day = 0, second_day = 0;

	add_web(flying);
	flying->settings.per_day = 3;
	judge_after(flying, 10);
	for (int i = 0; i < 48; i++) {
		wait_for(flying, 0, 0, 150);
		*(i < 24 ? &first_day : &second_day) += judge_after(flying, 1700);
		wait_for(flying, 0, 0, 5);
		judge_after(flying, 1700);
	}
	assert_int_equal(first_day, 3);
	assert_int_equal(second_day, 3);
	assert_int_equal(flying->flight.left_out, 42);
	assert_true(flying->flight.begins.count <= 3);
	assert_true(flying->flight.held.count <= 1);
}

/* Where the host stalls, the worst have half of what is left of the day, and the next one is told.
 */
static void test_stall(void **state)
{
	struct flying *flying = *state;

	for (uint32_t i = 0; i < 8; i++) {
		add_vm(flying->scene, 10 + i, "web");
		add_vcpu(flying->scene, 10 + i, 0, 300, 0);
	}
	flying->settings.per_day = 5;
	assert_int_equal(judge_after(flying, 10), 0);
	for (size_t i = 0; i < 7; i++)
		wait_for(flying, i, 0, 150 + i);
	assert_int_equal(judge_after(flying, 1), 3);
	for (size_t i = 0; i < 3; i++) {
		char longest[32];

		snprintf(longest, sizeof(longest), "waited %zu.0 ms", 156 - i);
		assert_non_null(strstr(incident_at(flying, i)->verdict, longest));
	}
	assert_int_equal(flying->flight.left_out, 4);
	wait_for(flying, 7, 0, 150);
	assert_int_equal(judge_after(flying, 1), 1);
	for (size_t left = 2; left-- > 0;) {
		for (size_t i = 0; i < 8; i++)
			wait_for(flying, i, 0, 5);
		assert_int_equal(judge_after(flying, 100), 0);
		for (size_t i = 0; i < 8; i++)
			wait_for(flying, i, 0, 150);
		assert_int_equal(judge_after(flying, 1), left);
	}
}

/* Another VM with the PID of one that has gone. */
static void test_same_pid(void **state)
{
	struct flying *flying = *state;

	add_web(flying);
	assert_int_equal(judge_after(flying, 10), 0);
	wait_for(flying, 0, 0, 150);
	assert_int_equal(judge_after(flying, 1), 1);
	flying->scene->after.sched.vms.list[0].start_ns = 11;
	vcpu_at(flying, 0)->identity.vm_start_ns = 11;
	assert_int_equal(judge_after(flying, 1), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rule),	TEST(test_gaps),	   TEST(test_long_intervals),
		TEST(test_look),	TEST(test_from_the_start), TEST(test_wait),
		TEST(test_one_of_each), TEST(test_per_day),	   TEST(test_stall),
		TEST(test_same_pid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
