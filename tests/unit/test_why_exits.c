// SPDX-License-Identifier: GPL-2.0-only
/* Rules of exits: user/why/rules_exit.c. */
#include "why_parts.h"

/* Two nodes, and its memory, 100 MiB, on the one that it runs on. */
static struct numa_figures *add_nodes(struct why_scene *scene)
{
	struct numa_thread *thread;
	struct numa_vm *vm;

	for (uint32_t id = 0; id < 2; id++) {
		struct node *node = list_add(&scene->after.numa.nodes);

		*node = (struct node){ .id = id, .cpus = 2, .memory_bytes = 1 << 30 };
	}
	scene->after.numa.page_bytes = 4096;
	vm = numa_snapshot__add_vm(&scene->after.numa);
	vm->pid = vm->start_ns = 10;
	vm->home = 0;
	vm->residency = (struct residency){ .source = RESIDENCY_MAPS, .kinds_known = true };
	vm->residency.bytes[0] = 100 << 20;
	thread = numa_snapshot__add(&scene->after.numa);
	thread->id = 10 << 8;
	thread->node = thread->home = 0;
	thread->figures.run_ns[0] = 700 * MSEC;
	return &thread->figures;
}

/* The last figure of this key in a verdict. */
static uint64_t figure_of(const struct verdict *verdict, const char *key)
{
	for (size_t i = verdict->evidence_count; i > 0; i--) {
		const struct evidence *evidence = &verdict->evidence[i - 1];
		struct value value;

		if (strcmp(evidence->key, key) != 0)
			continue;
		value = why_evidence__metric(evidence)->get(evidence->row);
		assert_true(value.known);
		return value.number;
	}
	fail_msg("no figure %s", key);
	return 0;
}

static void test_handling(void **state)
{
	static const struct {
		uint64_t vmm_ms, kvm_ms;
		const char *rule, *culprit;
		enum why_level level;
	} cases[] = {
		{ 400, 0, "exit-vmm", "io", WHY_ACT },	  { 399, 0, "exit-vmm", "io", WHY_LOOK },
		{ 200, 0, "exit-vmm", "io", WHY_LOOK },	  { 199, 0, "not-host", "", WHY_OK },
		{ 0, 250, "exit-storm", "io", WHY_LOOK }, { 0, 249, "not-host", "", WHY_OK },
		{ 200, 700, "exit-vmm", "io", WHY_LOOK },
	};
	struct why_scene *scene = *state;
	struct exit_figures *figures = add_exits(scene, 700);

	add_reason(scene, IO, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		figures->vmm_ns = cases[i].vmm_ms * MSEC;
		figures->kvm_ns = cases[i].kvm_ms * MSEC;
		expect_verdict(judge(scene, 1), "web", cases[i].rule, cases[i].level);
		assert_string_equal(scene->why.verdicts.list[0].culprit, cases[i].culprit);
	}
	assert_int_equal(figure_of(judge(scene, 1), "handle_pct"), 100000); /* of one reason */
}

static void test_spin(void **state)
{
	struct why_scene *scene = *state;
	struct overlap *overlap = list_add(&scene->after.sched.overlaps);
	struct exit_figures *figures = add_exits(scene, 700);
	struct reason_figures *pause;

	overlap->vm_pid = 10;
	overlap->hazard_ns = 30 * MSEC;
	add_reason(scene, PAUSE, 1000);
	pause = &scene->after.exits.reasons.list[0].figures;
	expect_verdict(judge(scene, 2), "web", "exit-spin", WHY_LOOK);
	assert_int_equal(figure_of(scene->why.verdicts.list, "exits_per_s"), 1000000);
	/* hazard alone is cpu-vcpus */
	expect_verdict(&scene->why.verdicts.list[1], "web", "cpu-vcpus", WHY_LOOK);
	/* So many that they take the time in KVM: why they are there comes first. */
	figures->kvm_ns = pause->handle_ns[EXIT_KERNEL] = 600 * MSEC;
	expect_verdict(judge(scene, 3), "web", "exit-spin", WHY_LOOK);
	expect_verdict(&scene->why.verdicts.list[1], "web", "exit-storm", WHY_LOOK);
	figures->kvm_ns = 0;
	pause->count[EXIT_KERNEL] = 999;
	expect_verdict(judge(scene, 1), "web", "cpu-vcpus", WHY_LOOK);
	/* nor do they say anything where vCPUs have the CPU together */
	pause->count[EXIT_KERNEL] = 1000;
	overlap->hazard_ns = 29 * MSEC;
	expect_verdict(judge(scene, 1), "web", "not-host", WHY_OK);
}

/* What was not counted is nothing to speak of: PAUSE exits, hazard, and the reasons of exits. */
static void test_not_counted(void **state)
{
	struct why_scene *scene = *state;
	struct exit_figures *figures = add_exits(scene, 700);
	struct overlap *overlap;

	figures->kvm_ns = 600 * MSEC;
	expect_verdict(judge(scene, 1), "web", "not-host", WHY_OK);
	figures->kvm_ns = 0;
	add_reason(scene, PAUSE, 2000);
	expect_verdict(judge(scene, 1), "web", "not-host", WHY_OK);
	scene->after.exits.reasons.list[0].code = IO;
	overlap = list_add(&scene->after.sched.overlaps);
	*overlap = (struct overlap){ .vm_pid = 10, .hazard_ns = 30 * MSEC };
	expect_verdict(judge(scene, 1), "web", "cpu-vcpus", WHY_LOOK);
	/* Counted anew since */
	scene->after.exits.reasons.list[0].code = PAUSE;
	expect_verdict(judge(scene, 2), "web", "exit-spin", WHY_LOOK);
	overlap = list_add(&scene->before.sched.overlaps);
	*overlap = (struct overlap){ .vm_pid = 10, .hazard_ns = 31 * MSEC };
	expect_verdict(judge(scene, 1), "web", "not-host", WHY_OK);
}

/* Why a holder is off the CPU comes before what that leads to. */
static void test_spin_behind(void **state)
{
	struct why_scene *scene = *state;
	struct overlap *overlap = list_add(&scene->after.sched.overlaps);
	struct exit_figures *exits = add_exits(scene, 700);
	struct figures *figures;

	overlap->vm_pid = 10;
	overlap->hazard_ns = 200 * MSEC;
	add_reason(scene, PAUSE, 1000);
	figures = &scene->after.sched.threads.list[0].figures;
	figures->ready_ns[CAUSE_PREEMPT] = 49 * MSEC;
	expect_verdict(judge(scene, 2), "web", "exit-spin", WHY_LOOK);
	expect_verdict(&scene->why.verdicts.list[1], "web", "cpu-vcpus", WHY_LOOK);
	figures->ready_ns[CAUSE_PREEMPT] = 50 * MSEC;
	expect_verdict(judge(scene, 2), "web", "cpu-crowded", WHY_LOOK);
	expect_verdict(&scene->why.verdicts.list[1], "web", "exit-spin", WHY_LOOK);
	/* Where that is to be acted on, it is first as it is. */
	figures->ready_ns[CAUSE_PREEMPT] = 100 * MSEC;
	exits->vmm_ns = 200 * MSEC;
	expect_verdict(judge(scene, 3), "web", "cpu-crowded", WHY_ACT);
	expect_verdict(&scene->why.verdicts.list[1], "web", "exit-spin", WHY_LOOK);
	expect_verdict(&scene->why.verdicts.list[2], "web", "exit-vmm", WHY_LOOK);
}

/* But not before what has another cause. */
static void test_spin_before(void **state)
{
	struct why_scene *scene = *state;
	struct overlap *overlap = list_add(&scene->after.sched.overlaps);
	struct residency *residency;

	add_exits(scene, 700);
	add_nodes(scene);
	residency = &scene->after.numa.vms.list[0].residency;
	residency->bytes[0] = 140 << 20;
	residency->bytes[1] = 60 << 20;
	*overlap = (struct overlap){ .vm_pid = 10, .hazard_ns = 200 * MSEC };
	add_reason(scene, PAUSE, 1000);
	expect_verdict(judge(scene, 3), "web", "exit-spin", WHY_LOOK);
	expect_verdict(&scene->why.verdicts.list[1], "web", "cpu-vcpus", WHY_LOOK);
	expect_verdict(&scene->why.verdicts.list[2], "web", "numa-left", WHY_LOOK);
}

/* 60 % of its time in page faults, of which hint faults are a part. */
static void test_balancing(void **state)
{
	struct why_scene *scene = *state;
	struct exit_figures *figures = add_exits(scene, 700);
	struct numa_figures *numa;
	struct reason_figures *faults;

	figures->kvm_ns = 600 * MSEC;
	add_reason(scene, IO, 300);
	add_reason(scene, NPF, 1000);
	faults = &scene->after.exits.reasons.list[1].figures;
	faults->handle_ns[EXIT_KERNEL] = 600 * MSEC;
	expect_verdict(judge(scene, 1), "web", "exit-storm", WHY_LOOK);
	assert_non_null(strstr(scene->why.verdicts.list[0].remedy, "balloon"));
	numa = add_nodes(scene);
	expect_verdict(judge(scene, 1), "web", "exit-storm", WHY_LOOK);
	assert_non_null(strstr(scene->why.verdicts.list[0].remedy, "balloon"));
	numa->faults[FAULT_LOCAL] = 300;
	numa->faults[FAULT_REMOTE] = 200;
	expect_verdict(judge(scene, 1), "web", "exit-storm", WHY_LOOK);
	assert_non_null(strstr(scene->why.verdicts.list[0].remedy, "NUMA balancing"));
	/* They are there because it thrashes; what is left is worth a look by itself. */
	numa->migrated_to[0] = numa->migrated_from[0] = 128;
	expect_verdict(judge(scene, 2), "web", "numa-thrash", WHY_LOOK);
	expect_verdict(&scene->why.verdicts.list[1], "web", "exit-storm", WHY_LOOK);
	assert_int_equal(scene->why.verdicts.list[1].severity, 30000);
	numa->faults[FAULT_LOCAL] = 800;
	expect_verdict(judge(scene, 1), "web", "numa-thrash", WHY_LOOK);
	assert_int_equal(scene->why.verdicts.list[0].severity, 60000);
	/* Some come from the VMM itself: there is no more than all of them. */
	numa->faults[FAULT_LOCAL] = 1800;
	expect_verdict(judge(scene, 1), "web", "numa-thrash", WHY_LOOK);
	assert_int_equal(scene->why.verdicts.list[0].severity, 60000);
	numa->faults[FAULT_LOCAL] = 800;
	/* and others are not theirs */
	faults->handle_ns[EXIT_KERNEL] = 350 * MSEC;
	expect_verdict(judge(scene, 2), "web", "numa-thrash", WHY_LOOK);
	expect_verdict(&scene->why.verdicts.list[1], "web", "exit-storm", WHY_LOOK);
	assert_string_equal(scene->why.verdicts.list[1].culprit, "io");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_handling),    TEST(test_spin),
					    TEST(test_not_counted), TEST(test_spin_behind),
					    TEST(test_spin_before), TEST(test_balancing) };

	return cmocka_run_group_tests_name("why_exits", tests, NULL, NULL);
}
