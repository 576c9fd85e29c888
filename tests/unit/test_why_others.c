// SPDX-License-Identifier: GPL-2.0-only
/* Rules of memory and I/O: user/why/rules_numa.c, rules_io.c. */
#include "why_parts.h"

/* ---- memory ---- */

static void test_left(void **state)
{
	static const struct {
		uint64_t near_mib, far_mib;
		const char *rule;
		enum why_level level;
	} cases[] = {
		{ 50, 50, "numa-left", WHY_ACT }, { 51, 49, "numa-left", WHY_LOOK },
		{ 81, 19, "not-host", WHY_OK },	  { 1, 33, "numa-left", WHY_ACT },
		{ 1, 31, "not-host", WHY_OK }, /* of some pages, caches hold what is used */
	};
	struct why_scene *scene = *state;
	struct numa_vm *vm = add_numa(scene, 500, 50);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		vm->residency.bytes[0] = cases[i].near_mib * MIB;
		vm->residency.bytes[1] = cases[i].far_mib * MIB;
		expect_verdict(judge(scene, 1), "web", cases[i].rule, cases[i].level);
	}
	vm->residency.bytes[1] = 99 * MIB;
	assert_string_equal(judge(scene, 1)->command, "migratepages 10 1 0");
	assert_string_equal(scene->why.verdicts.list[0].undo, "migratepages 10 0 1");
}

/* Who hardly runs does not suffer; and what is not known is no verdict. */
static void test_left_not(void **state)
{
	struct why_scene *scene = *state;
	struct numa_vm *vm = add_numa(scene, 99, 90);
	bool said = false;

	expect_verdict(judge(scene, 1), "web", "not-host", WHY_OK);
	memset(vm->residency.bytes, 0, sizeof(vm->residency.bytes));
	snprintf(vm->residency_missing, MISSING_SIZE, "not to be read");
	expect_verdict(judge(scene, 1), "web", "not-host", WHY_OK);
	for (size_t i = 0; i < scene->why.unasked.count; i++)
		said |= !strcmp(scene->why.unasked.list[i].why, "not to be read");
	assert_true(said);
}

/* It runs for run_ms on node 0, and for the rest of 500 ms on node 1. */
static void test_spread(void **state)
{
	static const struct {
		uint64_t run_ms, far_mib;
		const char *rule;
		enum why_level level;
	} cases[] = {
		{ 250, 50, "numa-spread", WHY_ACT },
		{ 300, 40, "numa-spread", WHY_LOOK }, /* 48 % */
		{ 399, 50, "numa-spread", WHY_ACT },
		{ 400, 10, "not-host", WHY_OK }, /* it keeps to node 0 */
	};
	struct why_scene *scene = *state;
	struct numa_vm *vm = add_numa(scene, 500, 0);
	struct numa_figures *figures = &scene->after.numa.threads.list[0].figures;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		figures->run_ns[0] = cases[i].run_ms * MSEC;
		figures->run_ns[1] = (500 - cases[i].run_ms) * MSEC;
		vm->residency.bytes[0] = (100 - cases[i].far_mib) * MIB;
		vm->residency.bytes[1] = cases[i].far_mib * MIB;
		expect_verdict(judge(scene, 1), "web", cases[i].rule, cases[i].level);
		assert_string_equal(scene->why.verdicts.list[0].command, "");
	}
}

/* Larger than the node of 1024 MiB; and on one that has no memory. */
static void test_larger(void **state)
{
	struct why_scene *scene = *state;
	struct numa_vm *vm = add_numa(scene, 500, 49);

	vm->residency.size_bytes = 1024 * MIB + 1;
	expect_verdict(judge(scene, 1), "web", "numa-larger", WHY_LOOK);
	assert_string_equal(scene->why.verdicts.list[0].summary,
			    "does not fit on node 0, and reaches to another one for 49.0 % of "
			    "memory");
	vm->residency.size_bytes = 1024 * MIB;
	expect_verdict(judge(scene, 1), "web", "numa-left", WHY_LOOK);
	scene->after.numa.nodes.list[0].memory_bytes = 0;
	vm->residency.bytes[0] = 0;
	vm->residency.bytes[1] = 100 * MIB;
	expect_verdict(judge(scene, 1), "web", "numa-larger", WHY_ACT);
	assert_string_equal(scene->why.verdicts.list[0].summary,
			    "runs on node 0, which has no memory, and reaches to another one for "
			    "100 % of memory");
}

/* Of 25,600 pages 1 % came or went, a quarter of that the other way. */
static void test_thrash(void **state)
{
	static const struct {
		uint64_t in, out;
		const char *rule;
		enum why_level level;
	} cases[] = {
		{ 128, 128, "numa-thrash", WHY_LOOK },
		{ 204, 52, "numa-thrash", WHY_LOOK },
		{ 128, 127, "not-host", WHY_OK },
		{ 240, 59, "not-host", WHY_OK },
	};
	struct why_scene *scene = *state;
	struct numa_figures *figures;

	add_numa(scene, 500, 0);
	scene->after.numa.page_bytes = 4096;
	figures = &scene->after.numa.threads.list[0].figures;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		figures->migrated_to[0] = cases[i].in;
		figures->migrated_from[0] = cases[i].out;
		expect_verdict(judge(scene, 1), "web", cases[i].rule, cases[i].level);
	}
}

/* ---- I/O ---- */

/* By which layer takes how many ms. */
static void test_layers(void **state)
{
	static const struct {
		uint64_t throttled, queue, device;
		const char *rule, *culprit;
		enum why_level level;
	} cases[] = {
		{ 0, 0, 50, "io-device", "sda", WHY_ACT },
		{ 0, 0, 49, "io-device", "sda", WHY_LOOK },
		{ 0, 0, 24, "not-host", "", WHY_OK },
		{ 0, 25, 24, "io-queue", "sda", WHY_ACT },
		{ 0, 5, 1, "io-queue", "sda", WHY_LOOK },
		{ 0, 4, 1, "not-host", "", WHY_OK },
		{ 0, 25, 26, "io-device", "sda", WHY_LOOK },
		{ 0, 60, 55, "io-queue", "sda", WHY_ACT }, /* which is all that is said */
		{ 1, 0, 1, "io-throttled", "", WHY_LOOK },
	};
	struct why_scene *scene = *state;
	struct block_flow *flow = add_web(scene);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		set_means(flow, cases[i].throttled, cases[i].queue, cases[i].device);
		expect_verdict(judge(scene, 1), "web", cases[i].rule, cases[i].level);
		assert_string_equal(scene->why.verdicts.list[0].culprit, cases[i].culprit);
	}
	/* A limit says nothing of the device behind it. */
	set_means(flow, 5, 60, 70);
	expect_verdict(judge(scene, 2), "web", "io-device", WHY_ACT);
	expect_verdict(&scene->why.verdicts.list[1], "web", "io-throttled", WHY_ACT);
}

/* Of two disks the one that is worse. */
static void test_disks(void **state)
{
	struct why_scene *scene = *state;
	struct block_flow *flows, *flow = add_web(scene);
	struct io_disk disk = scene->after.io.disks.list[0];
	struct io_leaf leaf = scene->after.io.leaves.list[0];
	struct block_flow other = *flow;

	disk.id = leaf.disk = other.whose.disk = 2;
	snprintf(disk.name, sizeof(disk.name), "data");
	*(struct io_disk *)list_add(&scene->after.io.disks) = disk;
	*(struct io_leaf *)list_add(&scene->after.io.leaves) = leaf;
	*(struct block_flow *)list_add(&scene->after.io.block.flows) = other;
	flows = scene->after.io.block.flows.list;
	set_means(&flows[0], 0, 0, 30);
	set_means(&flows[1], 0, 0, 60);
	expect_verdict(judge(scene, 1), "web", "io-device", WHY_ACT);
	assert_non_null(strstr(scene->why.verdicts.list[0].summary, "of disk data"));
	set_means(&flows[0], 0, 0, 70);
	expect_verdict(judge(scene, 1), "web", "io-device", WHY_ACT);
	assert_non_null(strstr(scene->why.verdicts.list[0].summary, "of disk root"));
}

/* Its start is known to the tick where its disks are, and to the ns where its threads are. */
static void test_start(void **state)
{
	struct why_scene *scene = *state;
	uint64_t *vm_ns, *thread_ns;

	set_means(add_web(scene), 0, 0, 50);
	vm_ns = &scene->after.sched.vms.list[0].start_ns;
	thread_ns = &scene->after.sched.threads.list[0].identity.vm_start_ns;
	*vm_ns = *thread_ns = 10 + 9999999;
	expect_verdict(judge(scene, 1), "web", "io-device", WHY_ACT);
	*vm_ns = *thread_ns = 10 + 10000000;
	expect_verdict(judge(scene, 1), "web", "not-host", WHY_OK);
}

static void test_io_max(void **state)
{
	struct why_scene *scene = *state;
	struct block_flow *flow = add_web(scene);
	struct cgroup_limit *limit = add_limit(&scene->after, 10, 1, "/vms", 100);

	snprintf(limit->io_max, sizeof(limit->io_max), "8:0 rbps=max wbps=max riops=9 wiops=max");
	set_means(flow, 5, 0, 1);
	expect_verdict(judge(scene, 1), "web", "io-throttled", WHY_ACT);
	assert_string_equal(
		scene->why.verdicts.list[0].command,
		"echo '8:0 rbps=max wbps=max riops=max wiops=max' > /sys/fs/cgroup/vms/io.max");
	assert_string_equal(
		scene->why.verdicts.list[0].undo,
		"echo '8:0 rbps=max wbps=max riops=9 wiops=max' > /sys/fs/cgroup/vms/io.max");
}

/* db has half of the device's time, at least. */
static void test_io_neighbour(void **state)
{
	struct why_scene *scene = *state;
	struct block_flow *other;
	const struct verdict *verdict;

	add_web(scene);
	add_vm(scene, 20, "db");
	add_vcpu(scene, 20, 0, 100, 0);
	add_limit(&scene->after, 20, 1, "/db", 100);
	other = add_disk(scene, 20, "db");
	set_means(&scene->after.io.block.flows.list[0], 0, 0, 50);
	set_means(other, 0, 0, 20);
	other->layers[HOST_DEVICE].count = 25;
	other->layers[HOST_DEVICE].sum_ns = 500 * MSEC;
	judge(scene, 2);
	verdict = verdict_of(scene, "web");
	expect_verdict(verdict, "web", "io-neighbour", WHY_ACT);
	assert_string_equal(verdict->culprit, "db");
	assert_string_equal(verdict->command,
			    "echo '8:0 riops=5 wiops=5' > /sys/fs/cgroup/db/io.max");
	/* A limit that is there is not put in another one's place. */
	snprintf(scene->after.limits.list[0].io_max, sizeof(scene->after.limits.list[0].io_max),
		 "8:0 rbps=max wbps=max riops=9 wiops=max");
	judge(scene, 2);
	assert_string_equal(verdict_of(scene, "web")->command, "");
	other->layers[HOST_DEVICE].sum_ns = 499 * MSEC;
	judge(scene, 2);
	expect_verdict(verdict_of(scene, "web"), "web", "io-device", WHY_ACT);
}

static void test_io_guest(void **state)
{
	static const struct {
		uint64_t queue, device;
		const char *rule;
		enum why_level level;
	} cases[] = {
		{ 25, 24, "io-guest", WHY_ACT }, { 24, 24, "io-guest", WHY_LOOK },
		{ 5, 1, "io-guest", WHY_LOOK },	 { 4, 1, "not-host", WHY_OK },
		{ 25, 26, "not-host", WHY_OK }, /* what is outside is the host's to tell */
		{ 0, 1, "not-host", WHY_OK },
	};
	struct why_scene *scene = *state;
	struct block_flow *flow = add_web(scene);
	bool said = false;

	set_means(flow, 0, 0, 1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		set_report(scene, cases[i].queue, cases[i].device);
		expect_verdict(judge(scene, 1), "web", cases[i].rule, cases[i].level);
	}
	/* A slow device makes it no shorter: both are heard. */
	set_report(scene, 80, 60);
	set_means(flow, 0, 0, 59);
	judge(scene, 2);
	expect_verdict(&scene->why.verdicts.list[0], "web", "io-guest", WHY_ACT);
	expect_verdict(&scene->why.verdicts.list[1], "web", "io-device", WHY_ACT);
	set_means(flow, 0, 0, 1);
	list_clear(&scene->after.io.guests);
	judge(scene, 1);
	for (size_t i = 0; i < scene->why.unasked.count; i++)
		said |= !strcmp(scene->why.unasked.list[i].rule->name, "io-guest");
	assert_true(said);
}

/* Why a rule could not be asked of the first VM, or NULL: it was. */
static const char *unasked(const struct why_scene *scene, const char *rule)
{
	for (size_t i = 0; i < scene->why.unasked.count; i++)
		if (!strcmp(scene->why.unasked.list[i].rule->name, rule))
			return scene->why.unasked.list[i].why;
	return NULL;
}

/* Its I/O thread waits so long, and the VMM takes so many ms beside the device's 1. */
static void test_io_vmm(void **state)
{
	static const struct {
		uint64_t wait_ms, vmm_ms;
		const char *rule;
		enum why_level level;
	} cases[] = {
		{ 100, 0, "io-vmm", WHY_LOOK }, /* nobody asked the VMM */
		{ 49, 0, "not-host", WHY_OK },	{ 100, 2, "io-vmm", WHY_ACT },
		{ 99, 2, "io-vmm", WHY_LOOK },	{ 49, 9, "not-host", WHY_OK },
		{ 100, 1, "not-host", WHY_OK },
	};
	struct why_scene *scene = *state;
	struct vmm_flow *flow = list_add(&scene->after.io.vmm.flows);
	struct figures *figures;

	set_means(add_web(scene), 0, 0, 1);
	expect_verdict(judge(scene, 1), "web", "not-host", WHY_OK);
	assert_string_equal(unasked(scene, "io-vmm"), "the VMM's threads were not followed");
	figures = add_other(scene, "IO iothread0");
	*flow = (struct vmm_flow){
		.vm_start_ns = 10, .vm_pid = 10, .backend = 5, .latency = { .count = 10 }
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		figures->ready_ns[CAUSE_PREEMPT] = cases[i].wait_ms * MSEC;
		flow->latency.sum_ns = 10 * cases[i].vmm_ms * MSEC;
		scene->after.io.vmm.flows.count = cases[i].vmm_ms > 0;
		expect_verdict(judge(scene, 1), "web", cases[i].rule, cases[i].level);
		assert_null(unasked(scene, "io-vmm"));
	}
	flow->latency.sum_ns = 10 * 5 * MSEC;
	assert_string_equal(judge(scene, 1)->summary,
			    "has its thread 'IO iothread0' wait 10.0 % of the time for a CPU: the "
			    "VMM adds 4.0 ms to each request of disk root");
	assert_string_equal(scene->why.verdicts.list[0].culprit, "its own vCPUs");
	/* The one that waits most counts. */
	add_vcpu(scene, 10, 2, 100, 0)->identity.is_vcpu = false;
	expect_verdict(judge(scene, 1), "web", "io-vmm", WHY_ACT);
	assert_non_null(strstr(scene->why.verdicts.list[0].summary, "'IO iothread0'"));
	/* Who does no I/O has no thread that it waits for. */
	scene->after.io.block.flows.list[0].completed = 0;
	scene->after.io.vmm.flows.count = 0;
	expect_verdict(judge(scene, 1), "web", "not-host", WHY_OK);
}

/* Two of one VM, by how much each hurts; of another kind each. */
static void test_together(void **state)
{
	struct why_scene *scene = *state;
	struct block_flow *flow = add_web(scene);

	set_means(flow, 0, 0, 60);
	scene->after.sched.threads.list[0].figures.ready_ns[CAUSE_PREEMPT] = 400 * MSEC;
	judge(scene, 2);
	expect_verdict(&scene->why.verdicts.list[0], "web", "io-device", WHY_ACT);
	expect_verdict(&scene->why.verdicts.list[1], "web", "cpu-crowded", WHY_ACT);
	scene->after.sched.threads.list[0].figures.ready_ns[CAUSE_PREEMPT] = 700 * MSEC;
	judge(scene, 2);
	expect_verdict(&scene->why.verdicts.list[0], "web", "cpu-crowded", WHY_ACT);
	expect_verdict(&scene->why.verdicts.list[1], "web", "io-device", WHY_ACT);
}

/* All memory remote is as bad as a third of the time. */
static void test_cost(void **state)
{
	struct why_scene *scene = *state;
	uint64_t *ready_ns;

	add_numa(scene, 500, 100);
	ready_ns = scene->after.sched.threads.list[0].figures.ready_ns;
	ready_ns[CAUSE_PREEMPT] = 333 * MSEC;
	expect_verdict(judge(scene, 2), "web", "numa-left", WHY_ACT);
	expect_verdict(&scene->why.verdicts.list[1], "web", "cpu-crowded", WHY_ACT);
	ready_ns[CAUSE_PREEMPT] = 334 * MSEC;
	expect_verdict(judge(scene, 2), "web", "cpu-crowded", WHY_ACT);
	expect_verdict(&scene->why.verdicts.list[1], "web", "numa-left", WHY_ACT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_left),   TEST(test_left_not),	    TEST(test_spread),
		TEST(test_larger), TEST(test_thrash),	    TEST(test_layers),
		TEST(test_disks),  TEST(test_cost),	    TEST(test_start),
		TEST(test_io_max), TEST(test_io_neighbour), TEST(test_io_guest),
		TEST(test_io_vmm), TEST(test_together),
	};

	return cmocka_run_group_tests_name("why_others", tests, NULL, NULL);
}
