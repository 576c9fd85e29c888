// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each threshold of each rule: from there on it speaks, and right below it does not, or less loud.
 * The numbers are those that --explain documents: whoever changes one says so here, too.
 */
#include "why_parts.h"

static const struct offender own_thread = {
	.kind = OFFENDER_VM_THREAD, .tid = 11, .vm_pid = 10, .comm = "IO iothread1"
};

/* ---- CPU: in ms of a second, or in % of what was waited ---- */

/* web waits so long, and for that share of it somebody ran; for the rest its own vCPU, or db's. */
static void wait_for(struct why_scene *scene, uint64_t wait_ms, struct offender offender,
		     uint64_t share, struct offender other)
{
	add_vm(scene, 10, "web");
	add_vm(scene, 20, "db");
	add_vcpu(scene, 10, 0, 300, wait_ms);
	add_vcpu(scene, 20, 0, 500, 0);
	add_blame(scene, 10, 0, offender, wait_ms * share / 100);
	if (share < 100)
		add_blame(scene, 10, 0, other, wait_ms - wait_ms * share / 100);
}

static void neighbour(struct why_scene *scene, uint64_t wait_ms)
{
	wait_for(scene, wait_ms, vcpu_of(20), 100, vcpu_of(10));
}

static void neighbour_share(struct why_scene *scene, uint64_t share)
{
	wait_for(scene, 200, vcpu_of(20), share, (struct offender){ .kind = OFFENDER_UNKNOWN });
}

static void unlike_weights(struct why_scene *scene)
{
	add_limit(&scene->after, 10, 1, "/web", 50);
	add_limit(&scene->after, 20, 1, "/db", 51);
}

static void weight(struct why_scene *scene, uint64_t wait_ms)
{
	neighbour(scene, wait_ms);
	unlike_weights(scene);
}

static void weight_share(struct why_scene *scene, uint64_t share)
{
	neighbour_share(scene, share);
	unlike_weights(scene);
}

static void own(struct why_scene *scene, uint64_t wait_ms)
{
	wait_for(scene, wait_ms, own_thread, 100, own_thread);
}

static void own_share(struct why_scene *scene, uint64_t share)
{
	wait_for(scene, 200, own_thread, share, vcpu_of(20));
}

static void self(struct why_scene *scene, uint64_t wait_ms)
{
	wait_for(scene, wait_ms, vcpu_of(10), 100, vcpu_of(10));
}

static void self_share(struct why_scene *scene, uint64_t share)
{
	wait_for(scene, 200, vcpu_of(10), share, vcpu_of(20));
}

/* Nobody has most of it. */
static void crowded(struct why_scene *scene, uint64_t wait_ms)
{
	add_vm(scene, 10, "web");
	add_vcpu(scene, 10, 0, 300, wait_ms);
}

/* Of all CPUs' time so much was used. */
static void busy(struct why_scene *scene, uint64_t percent)
{
	crowded(scene, 200);
	scene->before.use = (struct host_use){ .known = true };
	scene->after.use = (struct host_use){ true, percent, 100 - percent, 0 };
}

static void full(struct why_scene *scene, uint64_t wait_ms)
{
	crowded(scene, wait_ms);
	scene->before.use = (struct host_use){ .known = true };
	scene->after.use = (struct host_use){ true, 100, 0, 0 };
}

static void throttled(struct why_scene *scene, uint64_t ms)
{
	struct figures *figures;

	add_vm(scene, 10, "web");
	figures = &add_vcpu(scene, 10, 0, 500, 0)->figures;
	figures->throttled_ns = ms * MSEC;
	figures->halt_ns -= ms * MSEC;
}

/* So many waits, of so many us each. */
static void wake(struct why_scene *scene, uint64_t waits, uint64_t us)
{
	struct figures *figures;

	add_vm(scene, 10, "web");
	figures = &add_vcpu(scene, 10, 0, 300, 0)->figures;
	figures->waits[CAUSE_WAKE] = waits;
	figures->waits[CAUSE_PREEMPT] = 0;
	figures->ready_ns[CAUSE_WAKE] = figures->ended_ns = waits * us * 1000;
}

static void wakes(struct why_scene *scene, uint64_t ms)
{
	wake(scene, 1000, ms);
}

static void wakes_rate(struct why_scene *scene, uint64_t waits)
{
	wake(scene, waits, 100);
}

static void wakes_mean(struct why_scene *scene, uint64_t us)
{
	wake(scene, 1000, us);
}

static void hazard(struct why_scene *scene, uint64_t ms)
{
	struct overlap *overlap = list_add(&scene->after.sched.overlaps);

	if (!scene->after.sched.vms.count)
		crowded(scene, 0);
	*overlap = (struct overlap){ .vm_pid = 10, .hazard_ns = ms * MSEC };
}

/* ---- exits: in ms of a second ---- */

static void spin(struct why_scene *scene, uint64_t rate, uint64_t hazard_ms)
{
	add_exits(scene, 700);
	add_reason(scene, PAUSE, rate);
	hazard(scene, hazard_ms);
}

static void spin_rate(struct why_scene *scene, uint64_t rate)
{
	spin(scene, rate, 30);
}

static void spin_hazard(struct why_scene *scene, uint64_t ms)
{
	spin(scene, 1000, ms);
}

static void in_vmm(struct why_scene *scene, uint64_t ms)
{
	add_exits(scene, 700)->vmm_ns = ms * MSEC;
	add_reason(scene, IO, 1000);
}

static void in_kvm(struct why_scene *scene, uint64_t ms)
{
	add_exits(scene, 700)->kvm_ns = ms * MSEC;
	add_reason(scene, IO, 1000);
}

/* ---- the guest: in ms of a second ---- */

/* What else there is to say of waits is not said. */
static void allow_waits(struct why_scene *scene)
{
	char error[256];

	assert_int_equal(
		why_settings__set(&scene->settings, "cpu-crowded=100", error, sizeof(error)), 0);
}

static void runs(struct why_scene *scene, uint64_t run_ms)
{
	add_vm(scene, 10, "web");
	add_vcpu(scene, 10, 0, run_ms, 0);
}

static void runs_and_waits(struct why_scene *scene, uint64_t wait_ms)
{
	add_vm(scene, 10, "web");
	add_vcpu(scene, 10, 0, 910, wait_ms);
	allow_waits(scene);
}

static void single(struct why_scene *scene, uint64_t run_ms)
{
	runs(scene, run_ms);
	add_vcpu(scene, 10, 1, 0, 0);
}

static void others(struct why_scene *scene, uint64_t run_ms)
{
	runs(scene, 1000);
	add_vcpu(scene, 10, 1, run_ms, 0);
}

/* ---- memory: in MiB of 1,000, in ms of a second, in MiB ---- */

static struct numa_vm *remote(struct why_scene *scene, uint64_t run_ms, uint64_t all_mib,
			      uint64_t remote_mib)
{
	struct numa_vm *vm = add_numa(scene, run_ms, 0);

	vm->residency.bytes[0] = (all_mib - remote_mib) * MIB;
	vm->residency.bytes[1] = remote_mib * MIB;
	return vm;
}

static void left(struct why_scene *scene, uint64_t mib)
{
	remote(scene, 500, 1000, mib);
}

static void left_run(struct why_scene *scene, uint64_t run_ms)
{
	remote(scene, run_ms, 600, 600);
}

static void left_memory(struct why_scene *scene, uint64_t mib)
{
	remote(scene, 500, mib, mib);
}

static void larger(struct why_scene *scene, uint64_t mib)
{
	remote(scene, 500, 1000, mib)->residency.size_bytes = 1025 * MIB;
}

static void larger_run(struct why_scene *scene, uint64_t run_ms)
{
	remote(scene, run_ms, 600, 600)->residency.size_bytes = 1025 * MIB;
}

static void larger_memory(struct why_scene *scene, uint64_t mib)
{
	remote(scene, 500, mib, mib)->residency.size_bytes = 1025 * MIB;
}

/* Of the run time so many thousandths are on node 1, where no memory is. */
static void spread_of(struct why_scene *scene, uint64_t run_ms, uint64_t part, uint64_t all_mib)
{
	uint64_t *run_ns;

	remote(scene, run_ms, all_mib, 0);
	run_ns = scene->after.numa.threads.list[0].figures.run_ns;
	run_ns[1] = run_ns[0] / 1000 * part;
	run_ns[0] -= run_ns[1];
}

static void spread(struct why_scene *scene, uint64_t part)
{
	spread_of(scene, 500, part, 600);
}

static void spread_run(struct why_scene *scene, uint64_t run_ms)
{
	spread_of(scene, run_ms, 500, 600);
}

static void spread_memory(struct why_scene *scene, uint64_t mib)
{
	spread_of(scene, 500, 500, 2 * mib);
}

/* ---- I/O: in ms of a request, in % of a device's time ---- */

static void io_max(struct why_scene *scene, uint64_t ms)
{
	set_means(add_web(scene), ms, 0, 1);
}

static void io_queue(struct why_scene *scene, uint64_t ms)
{
	set_means(add_web(scene), 0, ms, 1);
}

static void io_device(struct why_scene *scene, uint64_t ms)
{
	set_means(add_web(scene), 0, 0, ms);
}

static void io_guest(struct why_scene *scene, uint64_t ms)
{
	set_means(add_web(scene), 0, 0, 1);
	set_report(scene, ms, 1);
}

/* Of the device's time so much is db's. */
static void io_beside(struct why_scene *scene, uint64_t ms, uint64_t percent)
{
	struct latency *other;

	add_web(scene);
	add_vm(scene, 20, "db");
	add_vcpu(scene, 20, 0, 100, 0);
	other = &add_disk(scene, 20, "db")->layers[HOST_DEVICE];
	set_means(&scene->after.io.block.flows.list[0], 0, 0, ms);
	*other = (struct latency){ .count = 1000,
				   .sum_ns = 10 * ms * MSEC * percent / (100 - percent) };
}

static void io_neighbour(struct why_scene *scene, uint64_t ms)
{
	io_beside(scene, ms, 60);
}

static void io_neighbour_share(struct why_scene *scene, uint64_t percent)
{
	io_beside(scene, 60, percent);
}

/* Its I/O thread waits so long, in ms of a second, and its VMM adds so many ms to each request. */
static void io_vmm_of(struct why_scene *scene, uint64_t wait_ms, uint64_t added_ms)
{
	struct vmm_flow *flow = list_add(&scene->after.io.vmm.flows);

	set_means(add_web(scene), 0, 0, 1);
	add_other(scene, "IO iothread0")->ready_ns[CAUSE_PREEMPT] = wait_ms * MSEC;
	*flow = (struct vmm_flow){ .vm_start_ns = 10, .vm_pid = 10, .backend = 5 };
	flow->latency = (struct latency){ .count = 10, .sum_ns = 10 * (1 + added_ms) * MSEC };
}

static void io_vmm(struct why_scene *scene, uint64_t wait_ms)
{
	io_vmm_of(scene, wait_ms, 1);
}

static void io_vmm_added(struct why_scene *scene, uint64_t added_ms)
{
	io_vmm_of(scene, 100, added_ms);
}

/* What is said of web at a value, and at the one beyond which that is not so. */
static const struct limit {
	const char *rule, *threshold;
	void (*set)(struct why_scene *scene, uint64_t value);
	uint64_t at, beyond;
	enum why_level level;
	const char *other; /* rule that speaks beyond */
	enum why_level other_level;
} cases[] = {
#define OF(rule, set, unit)                                                                        \
	{ rule, "look", set, 5 * (unit), 5 * (unit)-1, WHY_LOOK, "not-host", WHY_OK },             \
	{                                                                                          \
		rule, "act", set, 10 * (unit), 10 * (unit)-1, WHY_ACT, rule, WHY_LOOK              \
	}
	{ "cpu-throttled", "look", throttled, 10, 9, WHY_LOOK, "not-host", WHY_OK },
	{ "cpu-throttled", "act", throttled, 100, 99, WHY_ACT, "cpu-throttled", WHY_LOOK },
	{ "cpu-wakes", "look", wakes, 50, 49, WHY_LOOK, "not-host", WHY_OK },
	{ "cpu-wakes", "rate", wakes_rate, 1000, 999, WHY_LOOK, "cpu-crowded", WHY_LOOK },
	{ "cpu-wakes", "mean", wakes_mean, 100, 101, WHY_LOOK, "cpu-crowded", WHY_ACT },
	OF("cpu-weight", weight, 10),
	{ "cpu-weight", "share", weight_share, 50, 49, WHY_ACT, "cpu-crowded", WHY_ACT },
	OF("cpu-own", own, 10),
	{ "cpu-own", "share", own_share, 50, 49, WHY_ACT, "cpu-neighbour", WHY_ACT },
	OF("cpu-self", self, 10),
	{ "cpu-self", "share", self_share, 50, 49, WHY_ACT, "cpu-neighbour", WHY_ACT },
	OF("cpu-neighbour", neighbour, 10),
	{ "cpu-neighbour", "share", neighbour_share, 50, 49, WHY_ACT, "cpu-crowded", WHY_ACT },
	OF("cpu-host", full, 10),
	{ "cpu-host", "busy", busy, 90, 89, WHY_ACT, "cpu-crowded", WHY_ACT },
	OF("cpu-crowded", crowded, 10),
	{ "cpu-vcpus", "look", hazard, 30, 29, WHY_LOOK, "not-host", WHY_OK },
	/* Below 20 % there is no hint, either: of left and of spread. */
	{ "numa-left", "look", left, 205, 200, WHY_LOOK, "not-host", WHY_OK },
	{ "numa-left", "act", left, 500, 499, WHY_ACT, "numa-left", WHY_LOOK },
	{ "numa-left", "run", left_run, 100, 99, WHY_ACT, "not-host", WHY_OK },
	{ "numa-left", "memory", left_memory, 32, 31, WHY_ACT, "not-host", WHY_OK },
	{ "numa-larger", "look", larger, 200, 199, WHY_LOOK, "not-host", WHY_OK },
	{ "numa-larger", "act", larger, 500, 499, WHY_ACT, "numa-larger", WHY_LOOK },
	{ "numa-larger", "run", larger_run, 100, 99, WHY_ACT, "not-host", WHY_OK },
	{ "numa-larger", "memory", larger_memory, 32, 31, WHY_ACT, "not-host", WHY_OK },
	{ "numa-spread", "look", spread, 205, 200, WHY_LOOK, "not-host", WHY_OK },
	{ "numa-spread", "act", spread, 500, 499, WHY_ACT, "numa-spread", WHY_LOOK },
	{ "numa-spread", "run", spread_run, 100, 99, WHY_ACT, "not-host", WHY_OK },
	{ "numa-spread", "memory", spread_memory, 32, 31, WHY_ACT, "not-host", WHY_OK },
	{ "io-throttled", "look", io_max, 1, 0, WHY_LOOK, "not-host", WHY_OK },
	{ "io-throttled", "act", io_max, 5, 4, WHY_ACT, "io-throttled", WHY_LOOK },
	OF("io-vmm", io_vmm, 10),
	{ "io-vmm", "added", io_vmm_added, 1, 0, WHY_ACT, "not-host", WHY_OK },
	{ "io-neighbour", "look", io_neighbour, 25, 24, WHY_LOOK, "not-host", WHY_OK },
	{ "io-neighbour", "act", io_neighbour, 50, 49, WHY_ACT, "io-neighbour", WHY_LOOK },
	{ "io-neighbour", "share", io_neighbour_share, 50, 49, WHY_ACT, "io-device", WHY_ACT },
	{ "io-queue", "look", io_queue, 5, 4, WHY_LOOK, "not-host", WHY_OK },
	{ "io-queue", "act", io_queue, 25, 24, WHY_ACT, "io-queue", WHY_LOOK },
	{ "io-device", "look", io_device, 25, 24, WHY_LOOK, "not-host", WHY_OK },
	{ "io-device", "act", io_device, 50, 49, WHY_ACT, "io-device", WHY_LOOK },
	{ "io-guest", "look", io_guest, 5, 4, WHY_LOOK, "not-host", WHY_OK },
	{ "io-guest", "act", io_guest, 25, 24, WHY_ACT, "io-guest", WHY_LOOK },
	{ "exit-spin", "look", spin_rate, 1000, 999, WHY_LOOK, "cpu-vcpus", WHY_LOOK },
	{ "exit-spin", "hazard", spin_hazard, 30, 29, WHY_LOOK, "not-host", WHY_OK },
	{ "exit-vmm", "look", in_vmm, 200, 199, WHY_LOOK, "not-host", WHY_OK },
	{ "exit-vmm", "act", in_vmm, 400, 399, WHY_ACT, "exit-vmm", WHY_LOOK },
	{ "exit-storm", "look", in_kvm, 250, 249, WHY_LOOK, "not-host", WHY_OK },
	{ "guest-saturated", "look", runs, 900, 899, WHY_LOOK, "not-host", WHY_OK },
	{ "guest-saturated", "wait", runs_and_waits, 49, 50, WHY_LOOK, "not-host", WHY_OK },
	{ "guest-single", "look", single, 900, 899, WHY_LOOK, "not-host", WHY_OK },
	{ "guest-single", "others", others, 200, 201, WHY_LOOK, "not-host", WHY_OK },
};

/* The first verdict of web in a fresh scene. */
static void expect_said(const struct limit *limit, uint64_t value, const char *rule,
			enum why_level level)
{
	const struct verdict *verdict;
	struct why_scene *scene;
	void *state = NULL;

	if (set_up(&state)) {
		fail_msg("no memory for a scene");
		return;
	}
	scene = state;
	limit->set(scene, value);
	assert_int_equal(why__make(&scene->why, &scene->before, &scene->after, &scene->settings),
			 0);
	verdict = verdict_of(scene, "web");
	if (strcmp(verdict->rule->name, rule) != 0 || verdict->level != level)
		fail_msg("%s.%s at %ju: %s, %s", limit->rule, limit->threshold, (uintmax_t)value,
			 verdict->rule->name, why_level__name(verdict->level));
	tear_down(&state);
}

static void test_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		expect_said(&cases[i], cases[i].at, cases[i].rule, cases[i].level);
		expect_said(&cases[i], cases[i].beyond, cases[i].other, cases[i].other_level);
	}
}

static size_t cases_of(const char *rule, const char *threshold)
{
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		count += !strcmp(cases[i].rule, rule) && !strcmp(cases[i].threshold, threshold);
	return count;
}

/* No threshold is without a case, and no case without a threshold. */
static void test_all(void **state)
{
	const struct why_rule *rule;
	size_t count = 0;

	(void)state;
	for (size_t i = 0; (rule = why_rule__at(i)); i++)
		for (int j = 0; j < RULE_THRESHOLDS && rule->thresholds[j].name; j++, count++)
			if (cases_of(rule->name, rule->thresholds[j].name) != 1)
				fail_msg("%zu cases of %s.%s",
					 cases_of(rule->name, rule->thresholds[j].name), rule->name,
					 rule->thresholds[j].name);
	assert_int_equal(count, ARRAY_SIZE(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_limits),
					    cmocka_unit_test(test_all) };

	return cmocka_run_group_tests_name("why_limits", tests, NULL, NULL);
}
