// SPDX-License-Identifier: GPL-2.0-only
/* The nodes of hosts of all shapes, and the snapshot that goes with them. */
#include "fake_proc.h"
#include "host/topology.h"
#include "model/numa.h"
#include "unit.h"

#include <sched.h>

static int set_up(void **state)
{
	struct fake_proc *sys = calloc(1, sizeof(*sys));

	fake_proc__open(sys);
	*state = sys;
	return 0;
}

static int tear_down(void **state)
{
	fake_proc__close(*state);
	free(*state);
	return 0;
}

static void add_node(const struct fake_proc *sys, int id, const char *cpus, unsigned int mib,
		     const char *distances)
{
	char name[128], text[256];

	snprintf(name, sizeof(name), "devices/system/node/node%d/cpulist", id);
	fake_tree(sys, name, cpus);
	snprintf(name, sizeof(name), "devices/system/node/node%d/meminfo", id);
	snprintf(text, sizeof(text), "Node %d MemTotal:       %u kB\nNode %d MemFree:  1 kB\n", id,
		 mib * 1024, id);
	fake_tree(sys, name, text);
	if (!distances)
		return;
	snprintf(name, sizeof(name), "devices/system/node/node%d/distance", id);
	fake_tree(sys, name, distances);
}

static void add_online(const struct fake_proc *sys, const char *nodes)
{
	fake_tree(sys, "devices/system/node/online", nodes);
}

static void test_two(void **state)
{
	struct topology topology;

	add_online(*state, "0-1\n");
	add_node(*state, 0, "0-3,8\n", 1024, "10 21\n");
	add_node(*state, 1, "4-7\n", 2048, "21 10\n");
	assert_int_equal(topology__read(&topology, ((struct fake_proc *)*state)->path), 0);
	assert_int_equal(topology.nodes.count, 2);
	assert_int_equal(nodes__limit(&topology.nodes), 2);
	assert_int_equal(topology.cpu_count, 9);
	assert_int_equal(topology.node_end, NODES_MAX); /* not known */
	assert_int_equal(nodes__find(&topology.nodes, 0)->cpus, 5);
	assert_int_equal(nodes__find(&topology.nodes, 1)->cpus, 4);
	assert_int_equal(nodes__find(&topology.nodes, 0)->memory_bytes, 1024ULL << 20);
	assert_int_equal(nodes__find(&topology.nodes, 1)->memory_bytes, 2048ULL << 20);
	assert_int_equal(nodes__find(&topology.nodes, 0)->distance[0], 10);
	assert_int_equal(nodes__find(&topology.nodes, 0)->distance[1], 21);
	assert_int_equal(topology__node_of(&topology, 3), 0);
	assert_int_equal(topology__node_of(&topology, 4), 1);
	assert_int_equal(topology__node_of(&topology, 8), 0);
	assert_int_equal(topology__node_of(&topology, 9), NODE_NONE);
	topology__free(&topology);
	assert_int_equal(topology__node_of(&topology, 0), NODE_NONE);
}

/* One with memory only, one with CPUs only, one that was taken out, and a hole in the CPUs. */
static void test_gaps(void **state)
{
	struct topology topology;

	add_online(*state, "0,2,63\n");
	add_node(*state, 0, "0-1\n", 64, "10 20 31\n");
	add_node(*state, 2, "\n", 128, "20 10 42\n");
	add_node(*state, 63, "6-7\n", 0, "31 42 10\n");
	assert_int_equal(topology__read(&topology, ((struct fake_proc *)*state)->path), 0);
	assert_int_equal(topology.nodes.count, 3);
	assert_int_equal(nodes__limit(&topology.nodes), 64);
	assert_null(nodes__find(&topology.nodes, 1));
	assert_null(nodes__find(&topology.nodes, 64));
	assert_int_equal(nodes__find(&topology.nodes, 2)->cpus, 0);
	assert_int_equal(nodes__find(&topology.nodes, 2)->memory_bytes, 128ULL << 20);
	assert_int_equal(nodes__find(&topology.nodes, 63)->cpus, 2);
	assert_int_equal(nodes__find(&topology.nodes, 63)->memory_bytes, 0);
	assert_int_equal(nodes__find(&topology.nodes, 0)->distance[1], 0);
	assert_int_equal(nodes__find(&topology.nodes, 0)->distance[2], 20);
	assert_int_equal(nodes__find(&topology.nodes, 2)->distance[63], 42);
	assert_int_equal(nodes__find(&topology.nodes, 63)->distance[0], 31);
	assert_int_equal(topology__node_of(&topology, 5), NODE_NONE);
	assert_int_equal(topology__node_of(&topology, 6), 63);
	topology__free(&topology);
}

static void test_no_distances(void **state)
{
	struct topology topology;

	add_online(*state, "0\n");
	add_node(*state, 0, "0\n", 64, NULL);
	fake_tree(*state, "devices/system/node/possible", "0,2-5\n");
	assert_int_equal(topology__read(&topology, ((struct fake_proc *)*state)->path), 0);
	assert_int_equal(nodes__find(&topology.nodes, 0)->distance[0], 0);
	assert_int_equal(topology.node_end, 6);
	topology__free(&topology);
}

static void test_without_numa(void **state)
{
	struct topology topology;

	fake_tree(*state, "devices/system/cpu/online", "0-2,5\n");
	assert_int_equal(topology__read(&topology, ((struct fake_proc *)*state)->path), 0);
	assert_int_equal(topology.nodes.count, 1);
	assert_int_equal(topology.node_end, 1);
	assert_int_equal(nodes__limit(&topology.nodes), 1);
	assert_int_equal(nodes__find(&topology.nodes, 0)->cpus, 4);
	assert_int_equal(nodes__find(&topology.nodes, 0)->memory_bytes, 0);
	assert_int_equal(nodes__find(&topology.nodes, 0)->distance[0], 10);
	assert_int_equal(topology__node_of(&topology, 5), 0);
	assert_int_equal(topology__node_of(&topology, 3), NODE_NONE);
	topology__free(&topology);
}

static void test_refused(void **state)
{
	static const struct {
		const char *online, *cpus;
		int error;
	} cases[] = {
		{ "0,64\n", "0\n", -ERANGE }, { "0-99999999999999999999\n", "0\n", -ERANGE },
		{ "0x\n", "0\n", -EINVAL },   { "\n", "0\n", -EINVAL },
		{ "0\n", "3-1\n", -EINVAL },  { "0\n", "1-\n", -EINVAL },
		{ "0\n", "-1\n", -EINVAL },   { "0\n", "0-4000000000\n", -ERANGE },
		{ "0-1\n", "0\n", -ENOENT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct topology topology;

		add_online(*state, cases[i].online);
		add_node(*state, 0, cases[i].cpus, 64, NULL);
		assert_int_equal(topology__read(&topology, ((struct fake_proc *)*state)->path),
				 cases[i].error);
		assert_null(topology.cpu_node);
	}
}

static void test_this_host(void **state)
{
	struct topology topology;

	(void)state;
	assert_int_equal(topology__read(&topology, "/sys"), 0);
	assert_in_range(topology__node_of(&topology, (uint32_t)sched_getcpu()), 0,
			nodes__limit(&topology.nodes) - 1);
	topology__free(&topology);
}

static void test_snapshot(void **state)
{
	struct numa_snapshot numa = { 0 };

	(void)state;
	assert_null(numa_snapshot__vm(&numa, 1, 0));
	for (uint32_t i = 0; i < 100; i++) {
		numa_snapshot__add(&numa)->id = i;
		list_add(&numa.vms)->pid = 2 * i + 1;
	}
	assert_int_equal(numa.threads.count, 100);
	assert_int_equal(numa.threads.list[99].id, 99);
	assert_int_equal(numa.threads.list[99].node, NODE_NONE);
	assert_int_equal(numa_snapshot__vm(&numa, 1, 0)->pid, 1);
	assert_int_equal(numa_snapshot__vm(&numa, 199, 0)->pid, 199);
	assert_null(numa_snapshot__vm(&numa, 2, 0));
	assert_null(numa_snapshot__vm(&numa, 201, 0));
	numa.threads.list[0].figures.moves = 5;
	strcpy(numa.vms.list[0].residency_missing, "gone");
	numa_snapshot__clear(&numa);
	assert_null(numa_snapshot__vm(&numa, 1, 0));
	assert_int_equal(numa_snapshot__add(&numa)->figures.moves, 0);
	assert_string_equal(numa_snapshot__add_vm(&numa)->residency_missing, "");
	numa_snapshot__free(&numa);
	assert_int_equal(numa.threads.capacity, 0);
}

/* Every member is a counter of 64 bits: none may be forgotten. */
static void test_add(void **state)
{
	union {
		struct numa_figures figures;
		uint64_t counters[sizeof(struct numa_figures) / sizeof(uint64_t)];
	} sum, more;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sum.counters); i++) {
		sum.counters[i] = i;
		more.counters[i] = 1000 * i + 1;
	}
	numa_figures__add(&sum.figures, &more.figures);
	for (size_t i = 0; i < ARRAY_SIZE(sum.counters); i++)
		assert_int_equal(sum.counters[i], 1001 * i + 1);
}

static void test_balancing(void **state)
{
	const struct fake_proc *proc = *state;

	assert_int_equal(balancing__read(proc->path), BALANCING_UNKNOWN);
	fake_tree(proc, "sys/kernel/numa_balancing", "0\n");
	assert_int_equal(balancing__read(proc->path), BALANCING_OFF);
	fake_tree(proc, "sys/kernel/numa_balancing", "2\n");
	assert_int_equal(balancing__read(proc->path), BALANCING_TIERING);
	fake_tree(proc, "sys/kernel/numa_balancing", "3\n");
	assert_int_equal(balancing__read(proc->path), BALANCING_ON);
}

/* One that has ended leaves the last of these files, and one may have but the tasks that ask for
 * it. */
static void test_sched_ext(void **state)
{
	const struct fake_proc *sys = *state;

	assert_false(sched_ext__has_all(sys->path));
	fake_tree(sys, "kernel/sched_ext/state", "enabled\n");
	assert_false(sched_ext__has_all(sys->path));
	fake_tree(sys, "kernel/sched_ext/switch_all", "0\n");
	assert_false(sched_ext__has_all(sys->path));
	fake_tree(sys, "kernel/sched_ext/switch_all", "1\n");
	assert_true(sched_ext__has_all(sys->path));
	fake_tree(sys, "kernel/sched_ext/state", "disabled\n");
	assert_false(sched_ext__has_all(sys->path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_two, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gaps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_distances, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_without_numa, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_balancing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sched_ext, set_up, tear_down),
		cmocka_unit_test(test_this_host),
		cmocka_unit_test(test_snapshot),
		cmocka_unit_test(test_add),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
