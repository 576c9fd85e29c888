// SPDX-License-Identifier: GPL-2.0-only
/* Rules of CPU time and of the guest itself: user/why/rules_cpu.c, rules_guest.c. */
#include "why_scene.h"

/* web waits so long, mostly for db, or for somebody else. */
static void add_two(struct why_scene *scene, uint64_t wait_ms)
{
	add_vm(scene, 10, "web");
	add_vm(scene, 20, "db");
	add_vcpu(scene, 10, 0, 300, wait_ms);
	add_vcpu(scene, 20, 0, 500, 0);
}

static void test_neighbour(void **state)
{
	struct why_scene *scene = *state;
	const struct verdict *verdicts;

	add_two(scene, 412);
	add_blame(scene, 10, 0, vcpu_of(20), 363);
	add_blame(scene, 10, 0, (struct offender){ .kind = OFFENDER_KERNEL, .comm = "kworker/0" },
		  49);
	verdicts = judge(scene, 2);
	expect_verdict(&verdicts[0], "web", "cpu-neighbour", WHY_ACT);
	assert_string_equal(verdicts[0].culprit, "db");
	assert_string_equal(
		verdicts[0].summary,
		"waits 41.2 % of the time for a CPU: 88.1 % of it while db's vCPUs ran");
	assert_string_equal(verdicts[0].command, "");
	assert_string_equal(verdicts[0].evidence[0].key, "ready_pct");
	expect_verdict(&verdicts[1], "db", "not-host", WHY_OK);
}

/* At each threshold, and right below. */
static void test_neighbour_thresholds(void **state)
{
	static const struct {
		uint64_t wait_ms, other_ms;
		const char *rule;
		enum why_level level;
	} cases[] = {
		{ 100, 50, "cpu-neighbour", WHY_ACT }, { 99, 50, "cpu-neighbour", WHY_LOOK },
		{ 50, 25, "cpu-neighbour", WHY_LOOK }, { 49, 49, "not-host", WHY_OK },
		{ 100, 49, "cpu-crowded", WHY_ACT },
	};
	struct why_scene *scene = *state;

	add_two(scene, 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct figures *figures = &scene->after.sched.threads.list[0].figures;

		figures->ready_ns[CAUSE_PREEMPT] = cases[i].wait_ms * MSEC;
		list_clear(&scene->after.sched.blame);
		add_blame(scene, 10, 0, vcpu_of(20), cases[i].other_ms);
		judge(scene, 2);
		expect_verdict(verdict_of(scene, "web"), "web", cases[i].rule, cases[i].level);
	}
}

static void test_process(void **state)
{
	struct why_scene *scene = *state;
	const struct verdict *verdicts;

	add_two(scene, 200);
	add_limit(&scene->after, 10, 1, "/machine.slice", 100);
	add_blame(scene, 10, 0,
		  (struct offender){ .kind = OFFENDER_HOST,
				     .comm = "backup",
				     .cgroup = "cron.service",
				     .cgroup_id = 7 },
		  200);
	verdicts = judge(scene, 2);
	expect_verdict(&verdicts[0], "web", "cpu-neighbour", WHY_ACT);
	assert_string_equal(verdicts[0].culprit, "backup (cron.service)");
	assert_string_equal(verdicts[0].command,
			    "systemctl set-property --runtime machine.slice CPUWeight=200");
	assert_string_equal(verdicts[0].undo,
			    "systemctl set-property --runtime machine.slice CPUWeight=100");
	/* There is no more than 10000. */
	scene->after.limits.list[0].cpu_weight = 5001;
	assert_string_equal(judge(scene, 2)->command,
			    "systemctl set-property --runtime machine.slice CPUWeight=10000");
	scene->after.limits.list[0].cpu_weight = 10000;
	assert_string_equal(judge(scene, 2)->command, "");
}

static void test_weight(void **state)
{
	struct why_scene *scene = *state;
	const struct verdict *verdicts;

	add_two(scene, 200);
	add_limit(&scene->after, 10, 1, "/vms", 100);
	add_limit(&scene->after, 10, 2, "/vms/it's web", 50);
	add_limit(&scene->after, 20, 1, "/vms", 100);
	add_limit(&scene->after, 20, 2, "/vms/db", 51);
	add_blame(scene, 10, 0, vcpu_of(20), 200);
	verdicts = judge(scene, 2);
	expect_verdict(&verdicts[0], "web", "cpu-weight", WHY_ACT);
	assert_string_equal(verdicts[0].culprit, "db");
	assert_string_equal(verdicts[0].command,
			    "echo 51 > '/sys/fs/cgroup/vms/it'\\''s web/cpu.weight'");
	assert_string_equal(verdicts[0].undo,
			    "echo 50 > '/sys/fs/cgroup/vms/it'\\''s web/cpu.weight'");
	/* A sched_ext scheduler may not heed it. */
	strcpy(scene->after.environment.sched_ext, "simple");
	verdicts = judge(scene, 2);
	expect_verdict(&verdicts[0], "web", "cpu-neighbour", WHY_ACT);
	assert_string_equal(verdicts[0].remedy,
			    "move one of the two, or pin them to different CPUs");
	assert_string_equal(verdicts[0].command, "");
	*scene->after.environment.sched_ext = '\0';
	/* Alike: it is a neighbour as any other. What may not be pasted is no command. */
	scene->after.limits.list[1].cpu_weight = 51;
	scene->after.limits.list[1].path[5] = '\n';
	verdicts = judge(scene, 2);
	expect_verdict(&verdicts[0], "web", "cpu-neighbour", WHY_ACT);
	assert_string_equal(verdicts[0].command, "");
}

/* Time without bandwidth is not a neighbour's, and the cgroup above is found. */
static void test_throttled(void **state)
{
	struct why_scene *scene = *state;
	struct thread_snapshot *thread;
	const struct verdict *verdicts;

	add_vm(scene, 10, "web");
	thread = add_vcpu(scene, 10, 0, 500, 0);
	thread->figures.throttled_ns = 100 * MSEC;
	thread->figures.halt_ns -= 100 * MSEC;
	add_limit(&scene->before, 10, 1, "/vms.slice", 100);
	add_limit(&scene->before, 10, 2, "/vms.slice/web", 100);
	add_limit(&scene->after, 10, 1, "/vms.slice", 100)->quota_ns = 50 * MSEC;
	add_limit(&scene->after, 10, 2, "/vms.slice/web", 100)->quota_ns = 60 * MSEC;
	scene->after.limits.list[0].throttled_ns = 90 * MSEC;
	scene->after.limits.list[1].throttled_ns = 10 * MSEC;
	verdicts = judge(scene, 1);
	expect_verdict(&verdicts[0], "web", "cpu-throttled", WHY_ACT);
	assert_string_equal(verdicts[0].culprit, "/vms.slice (cpu.max: 50 % of a CPU)");
	assert_string_equal(verdicts[0].command,
			    "systemctl set-property --runtime vms.slice CPUQuota=60%");
	assert_string_equal(verdicts[0].undo,
			    "systemctl set-property --runtime vms.slice CPUQuota=50%");
	thread->figures.throttled_ns = 99 * MSEC;
	expect_verdict(judge(scene, 1), "web", "cpu-throttled", WHY_LOOK);
	/* It would have used 91 times as much; no more than 8 times is given at once. */
	thread->figures.run_ns = 10 * MSEC;
	thread->figures.throttled_ns = 900 * MSEC;
	assert_string_equal(judge(scene, 1)->command,
			    "systemctl set-property --runtime vms.slice CPUQuota=410%");
	thread->figures.throttled_ns = 9 * MSEC;
	expect_verdict(judge(scene, 1), "web", "not-host", WHY_OK);
	/* n/a is no 0, but nothing to speak of either. */
	thread->figures.throttled_ns = 100 * MSEC;
	thread->throttling_known = false;
	expect_verdict(judge(scene, 1), "web", "not-host", WHY_OK);
}

static void test_libvirt(void **state)
{
	struct why_scene *scene = *state;
	struct thread_snapshot *thread;
	const struct verdict *verdicts;

	add_vm(scene, 10, "web");
	memcpy(scene->after.sched.vms.list[0].uuid, "8a1f7c3e-5b2d-4c6a-9e0f-112233445566", 37);
	thread = add_vcpu(scene, 10, 0, 500, 0);
	thread->figures.throttled_ns = 500 * MSEC;
	add_limit(&scene->before, 10, 3, "/machine.slice/web.scope/libvirt/vcpu0", 100);
	*add_limit(&scene->after, 10, 3, "/machine.slice/web.scope/libvirt/vcpu0", 100) =
		(struct cgroup_limit){ .vm_pid = 10,
				       .vm_start_ns = 10,
				       .depth = 3,
				       .quota_ns = 50 * MSEC,
				       .period_ns = 100 * MSEC,
				       .throttled_ns = 1,
				       .path = "/machine.slice/web.scope/libvirt/vcpu0" };
	verdicts = judge(scene, 1);
	assert_string_equal(verdicts[0].command,
			    "virsh schedinfo --domain 8a1f7c3e-5b2d-4c6a-9e0f-112233445566 --live "
			    "--set vcpu_quota=100000");
}

static void test_own(void **state)
{
	struct why_scene *scene = *state;
	const struct offender thread = {
		.kind = OFFENDER_VM_THREAD, .tid = 11, .vm_pid = 10, .comm = "IO iothread1"
	};

	add_two(scene, 100);
	add_blame(scene, 10, 0, thread, 60);
	add_blame(scene, 10, 0, vcpu_of(20), 40);
	expect_verdict(judge(scene, 2), "web", "cpu-own", WHY_ACT);
	assert_string_equal(scene->why.verdicts.list[0].culprit, "web: IO iothread1");
}

static void test_self(void **state)
{
	struct why_scene *scene = *state;

	add_vm(scene, 10, "web");
	add_vcpu(scene, 10, 0, 500, 100);
	add_vcpu(scene, 10, 1, 500, 50);
	add_blame(scene, 10, 0, vcpu_of(10), 100);
	expect_verdict(judge(scene, 1), "web", "cpu-self", WHY_ACT);
}

/* Short waits at wake-ups, and many of them: the same ready time as of a crowded host. */
static void test_wakes(void **state)
{
	struct why_scene *scene = *state;
	struct figures *figures;

	add_vm(scene, 10, "old");
	figures = &add_vcpu(scene, 10, 0, 300, 0)->figures;
	figures->ready_ns[CAUSE_WAKE] = 100 * MSEC;
	figures->waits[CAUSE_WAKE] = 999;
	figures->waits[CAUSE_PREEMPT] = 1;
	figures->ended_ns = 100 * MSEC;
	expect_verdict(judge(scene, 1), "old", "cpu-wakes", WHY_LOOK);
	figures->waits[CAUSE_PREEMPT] = 0; /* 999 a second */
	expect_verdict(judge(scene, 1), "old", "cpu-crowded", WHY_ACT);
	figures->waits[CAUSE_WAKE] = 1000;
	figures->ended_ns = 100 * MSEC + 1000; /* the mean is above 100 us */
	expect_verdict(judge(scene, 1), "old", "cpu-crowded", WHY_ACT);
}

/* As short, but somebody took the CPU; and one that has not ended, of which no mean is known. */
static void test_no_wakes(void **state)
{
	struct why_scene *scene = *state;
	struct figures *figures;

	add_vm(scene, 10, "old");
	figures = &add_vcpu(scene, 10, 0, 300, 0)->figures;
	figures->ready_ns[CAUSE_WAKE] = 49 * MSEC;
	figures->ready_ns[CAUSE_PREEMPT] = 50 * MSEC;
	figures->waits[CAUSE_PREEMPT] = 2000;
	figures->ended_ns = 99 * MSEC;
	expect_verdict(judge(scene, 1), "old", "cpu-crowded", WHY_LOOK);
	figures->ready_ns[CAUSE_WAKE] = 50 * MSEC;
	expect_verdict(judge(scene, 1), "old", "cpu-wakes", WHY_LOOK);
	figures->waits[CAUSE_PREEMPT] = 0;
	figures->ended_ns = 0;
	expect_verdict(judge(scene, 1), "old", "cpu-crowded", WHY_ACT);
}

static void test_host(void **state)
{
	struct why_scene *scene = *state;

	add_two(scene, 100);
	scene->before.use = (struct host_use){ .known = true };
	scene->after.use = (struct host_use){ true, 90, 10, 0 };
	add_blame(scene, 10, 0, vcpu_of(20), 40);
	add_blame(scene, 10, 0, vcpu_of(10), 30);
	expect_verdict(judge(scene, 2), "web", "cpu-host", WHY_ACT);
	assert_string_equal(scene->why.verdicts.list[0].culprit, "several; most of all db");
	scene->after.use.busy_ns = 89;
	scene->after.use.idle_ns = 11;
	expect_verdict(judge(scene, 2), "web", "cpu-crowded", WHY_ACT);
	/* Counted anew since: how much it was is not known. */
	scene->before.use.busy_ns = 100;
	expect_verdict(judge(scene, 2), "web", "cpu-crowded", WHY_ACT);
}

static void test_vcpus(void **state)
{
	struct why_scene *scene = *state;
	struct overlap *overlap;

	add_vm(scene, 10, "wide");
	add_vcpu(scene, 10, 0, 300, 49);
	overlap = list_add(&scene->after.sched.overlaps);
	*overlap = (struct overlap){ .vm_pid = 10, .hazard_ns = 30 * MSEC };
	expect_verdict(judge(scene, 1), "wide", "cpu-vcpus", WHY_LOOK);
	overlap->hazard_ns = 29 * MSEC;
	expect_verdict(judge(scene, 1), "wide", "not-host", WHY_OK);
	/* Counted anew since: how much it was is not known. */
	overlap = list_add(&scene->before.sched.overlaps);
	*overlap = (struct overlap){ .vm_pid = 10, .hazard_ns = 30 * MSEC };
	expect_verdict(judge(scene, 1), "wide", "not-host", WHY_OK);
}

/* A vCPU that is held back waits while another runs, too: that is its limit's doing. */
static void test_vcpus_throttled(void **state)
{
	struct why_scene *scene = *state;
	struct overlap *overlap;
	struct figures *figures;

	add_vm(scene, 10, "wide");
	figures = &add_vcpu(scene, 10, 0, 300, 20)->figures;
	figures->throttled_ns = 20 * MSEC;
	overlap = list_add(&scene->after.sched.overlaps);
	*overlap = (struct overlap){ .vm_pid = 10, .hazard_ns = 49 * MSEC };
	expect_verdict(judge(scene, 1), "wide", "cpu-throttled", WHY_LOOK);
	overlap->hazard_ns = 50 * MSEC;
	expect_verdict(judge(scene, 2), "wide", "cpu-throttled", WHY_LOOK);
	expect_verdict(&scene->why.verdicts.list[1], "wide", "cpu-vcpus", WHY_LOOK);
}

static void test_guest(void **state)
{
	struct why_scene *scene = *state;

	add_vm(scene, 10, "busy");
	add_vcpu(scene, 10, 0, 900, 0);
	add_vcpu(scene, 10, 1, 900, 0);
	expect_verdict(judge(scene, 1), "busy", "guest-saturated", WHY_LOOK);
	scene->after.sched.threads.list[1].figures.run_ns = 200 * MSEC;
	expect_verdict(judge(scene, 1), "busy", "guest-single", WHY_LOOK);
	scene->after.sched.threads.list[1].figures.run_ns = 201 * MSEC;
	expect_verdict(judge(scene, 1), "busy", "not-host", WHY_OK);
	/* Not where something else was found. */
	for (size_t vcpu = 0; vcpu < 2; vcpu++) {
		struct figures *figures = &scene->after.sched.threads.list[vcpu].figures;

		figures->run_ns = 900 * MSEC;
		figures->throttled_ns = 10 * MSEC;
	}
	expect_verdict(judge(scene, 1), "busy", "cpu-throttled", WHY_LOOK);
	scene->after.sched.threads.list[1].figures.run_ns = 200 * MSEC;
	expect_verdict(judge(scene, 1), "busy", "cpu-throttled", WHY_LOOK);
}

/* What was not looked at is said, and is no verdict. */
static void test_not_looked_at(void **state)
{
	struct why_scene *scene = *state;
	size_t io = 0, blame = 0;

	add_two(scene, 100);
	expect_verdict(judge(scene, 2), "web", "cpu-crowded", WHY_ACT);
	for (size_t i = 0; i < scene->why.unasked.count; i++) {
		const struct unasked *unasked = &scene->why.unasked.list[i];

		io += !strcmp(unasked->why, "no disks here");
		blame += !strcmp(unasked->why, "who ran was not followed");
	}
	assert_int_equal(io, 2 * 6);
	assert_int_equal(blame, 4);
}

/* The worst VM first, then its other verdicts; all of one level by how bad they are. */
static void test_order(void **state)
{
	struct why_scene *scene = *state;
	const struct verdict *verdicts;
	struct figures *figures;

	add_vm(scene, 10, "a");
	add_vm(scene, 20, "b");
	add_vm(scene, 30, "c");
	add_vcpu(scene, 10, 0, 300, 60);
	figures = &add_vcpu(scene, 20, 0, 300, 300)->figures;
	figures->throttled_ns = 20 * MSEC;
	figures->halt_ns -= 20 * MSEC;
	add_vcpu(scene, 30, 0, 300, 200);
	verdicts = judge(scene, 4);
	expect_verdict(&verdicts[0], "b", "cpu-crowded", WHY_ACT);
	expect_verdict(&verdicts[1], "b", "cpu-throttled", WHY_LOOK);
	expect_verdict(&verdicts[2], "c", "cpu-crowded", WHY_ACT);
	expect_verdict(&verdicts[3], "a", "cpu-crowded", WHY_LOOK);
}

/* Those of one VM stay together. */
static void test_alike(void **state)
{
	struct why_scene *scene = *state;
	const struct verdict *verdicts;

	for (uint32_t pid = 10; pid <= 20; pid += 10) {
		struct figures *figures;

		add_vm(scene, pid, pid == 10 ? "a" : "b");
		figures = &add_vcpu(scene, pid, 0, 300, 60)->figures;
		figures->throttled_ns = 20 * MSEC;
		figures->halt_ns -= 20 * MSEC;
	}
	verdicts = judge(scene, 4);
	expect_verdict(&verdicts[0], "a", "cpu-crowded", WHY_LOOK);
	expect_verdict(&verdicts[1], "a", "cpu-throttled", WHY_LOOK);
	expect_verdict(&verdicts[2], "b", "cpu-crowded", WHY_LOOK);
	expect_verdict(&verdicts[3], "b", "cpu-throttled", WHY_LOOK);
}

/* A rule says all that --explain shows, and there is room for its threshold's values. */
static void test_table(void **state)
{
	const struct why_rule *rule;
	size_t count = 0;

	(void)state;
	for (; (rule = why_rule__at(count)); count++) {
		assert_non_null(rule->says);
		assert_non_null(rule->condition);
		assert_non_null(rule->judge);
		assert_int_equal(why_rule__find(rule->name, strlen(rule->name)), (int)count);
		for (int i = 0; i < RULE_THRESHOLDS && rule->thresholds[i].name; i++)
			assert_non_null(rule->thresholds[i].source);
	}
	assert_in_range(count, 1, RULES_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_neighbour),
		TEST(test_neighbour_thresholds),
		TEST(test_process),
		TEST(test_weight),
		TEST(test_throttled),
		TEST(test_libvirt),
		TEST(test_own),
		TEST(test_self),
		TEST(test_wakes),
		TEST(test_no_wakes),
		TEST(test_host),
		TEST(test_vcpus),
		TEST(test_vcpus_throttled),
		TEST(test_guest),
		TEST(test_not_looked_at),
		TEST(test_order),
		TEST(test_alike),
		TEST(test_table),
	};

	return cmocka_run_group_tests_name("why_cpu", tests, NULL, NULL);
}
