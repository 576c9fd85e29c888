// SPDX-License-Identifier: GPL-2.0-only
/* HOME: the node with most run time of late, with hysteresis. */
#include "source/home.h"
#include "unit.h"

#define SEC 1000000000ULL

static int tear_down(void **state)
{
	homes__free(*state);
	return 0;
}

static struct homes *fresh(void **state)
{
	static struct homes homes;

	*state = &homes;
	return &homes;
}

/* One second in which it ran so many ms on nodes 0 and 1. */
static const struct home *second(struct homes *homes, uint64_t key, uint64_t at, uint64_t ms0,
				 uint64_t ms1)
{
	const uint64_t run[NODES_MAX] = { ms0 * 1000000, ms1 * 1000000 };

	return homes__feed(homes, (struct home_key){ .id = key }, run, SEC, at * SEC);
}

static void test_none_until_it_runs(void **state)
{
	struct homes *homes = fresh(state);

	assert_int_equal(second(homes, 1, 1, 0, 0)->node, NODE_NONE);
	assert_int_equal(second(homes, 1, 2, 0, 5)->node, 1);
	assert_int_equal(homes->list[0].since_ns, 0);
	assert_int_equal(second(homes, 1, 3, 0, 0)->node, 1);
}

/* A quarter more than what is there must come, and that counts half as much each 10 s. */
static void test_hysteresis(void **state)
{
	struct homes *homes = fresh(state);

	assert_int_equal(second(homes, 1, 1, 1000, 0)->node, 0);
	assert_int_equal(second(homes, 1, 2, 0, 1000)->node, 0); /* 933 and 1000 */
	assert_int_equal(homes->list[0].since_ns, 0);
	assert_int_equal(second(homes, 1, 3, 0, 1000)->node, 1); /* 871 and 1933 */
	assert_int_equal(homes->list[0].since_ns, 3 * SEC);
	/* To and fro: it stays. */
	for (uint64_t at = 4; at < 40; at++)
		assert_int_equal(second(homes, 1, at, at % 2 * 1000, (at + 1) % 2 * 1000)->node, 1);
	assert_int_equal(homes->list[0].since_ns, 3 * SEC);
}

/* Nodes that the host cannot have are not looked at. */
static void test_few_nodes(void **state)
{
	struct homes *homes = fresh(state);

	homes->node_end = 1;
	assert_int_equal(second(homes, 1, 1, 0, 5)->node, NODE_NONE);
	assert_int_equal(second(homes, 1, 2, 1, 5)->node, 0);
	homes__free(homes);
	homes->node_end = 2;
	assert_int_equal(second(homes, 1, 3, 0, 1000)->node, 1);
	homes__free(homes);
	homes->node_end = 0;
	assert_int_equal(second(homes, 1, 4, 0, 1000)->node, 1);
}

static void test_half_life(void **state)
{
	struct homes *homes = fresh(state);
	const uint64_t none[NODES_MAX] = { 0 };

	second(homes, 1, 1, 1000, 0);
	homes__feed(homes, (struct home_key){ .id = 1 }, none, 10 * SEC, 11 * SEC);
	assert_true(homes->list[0].run_ns[0] > 0.4999e9 && homes->list[0].run_ns[0] < 0.5001e9);
}

static void test_apart_and_forgotten(void **state)
{
	struct homes *homes = fresh(state);

	for (uint64_t key = 40; key > 0; key--)
		assert_int_equal(second(homes, key, 1, key % 2 * 10, (key + 1) % 2 * 10)->node,
				 key % 2 ? 0 : 1);
	assert_int_equal(homes->count, 40);
	for (uint64_t key = 1; key <= 40; key += 3)
		second(homes, key, 2, 0, 0);
	homes__sweep(homes, 2 * SEC);
	assert_int_equal(homes->count, 14);
	for (size_t i = 0; i < homes->count; i++) {
		assert_int_equal(homes->list[i].key.id, 1 + 3 * i);
		assert_int_equal(homes->list[i].node, homes->list[i].key.id % 2 ? 0 : 1);
	}
}

struct moment {
	struct snapshot snapshot;
	struct numa_snapshot numa;
};

/* A vCPU of VM 100 or 200 that has been there for so long, and ran ms on two nodes. */
static void add_thread(struct moment *moment, uint64_t id, uint32_t vm_pid, uint64_t elapsed_ns,
		       uint64_t ms0, uint64_t ms1)
{
	struct thread_snapshot *thread = list_add(&moment->snapshot.threads);
	struct numa_thread *numa = numa_snapshot__add(&moment->numa);

	thread->identity = (struct identity){
		.id = id, .vm_pid = vm_pid, .vm_start_ns = vm_pid, .is_vcpu = true
	};
	thread->figures.elapsed_ns = elapsed_ns;
	numa->id = id;
	numa->figures.run_ns[0] = ms0 * 1000000;
	numa->figures.run_ns[1] = ms1 * 1000000;
}

static void add_vms(struct moment *moment)
{
	for (uint32_t pid = 100; pid <= 200; pid += 100) {
		struct numa_vm *vm = numa_snapshot__add_vm(&moment->numa);

		vm->pid = pid;
		vm->start_ns = pid;
	}
	moment->snapshot.end_ns = moment->snapshot.time_ns = moment->numa.time_ns;
}

/* A VM's home is of all its vCPUs; what a vCPU ran while nobody could read it is in none. */
static void test_fill(void **state)
{
	struct homes *homes = fresh(state);
	struct moment before = { .numa.time_ns = SEC }, after = { .numa.time_ns = 2 * SEC };
	const struct numa_thread *threads;

	add_thread(&before, 1, 100, 5 * SEC, 5000, 0);
	add_thread(&before, 2, 100, 5 * SEC, 5000, 0);
	add_vms(&before);
	add_thread(&after, 1, 100, 6 * SEC, 5300, 0);
	add_thread(&after, 2, 100, 6 * SEC, 5000, 400);
	add_thread(&after, 3, 200, SEC / 2, 0, 10);
	add_thread(&after, 4, 200, 6 * SEC, 5000, 0);
	add_vms(&after);
	assert_int_equal(homes__fill(homes, &before.numa, &after.numa, &after.snapshot), 0);
	threads = after.numa.threads.list;
	assert_int_equal(threads[0].home, 0);
	assert_int_equal(threads[1].home, 1);
	assert_int_equal(threads[2].home, 1);
	assert_int_equal(threads[3].home, NODE_NONE);
	assert_int_equal(after.numa.vms.list[0].home, 1);
	assert_int_equal(after.numa.vms.list[1].home, 1);
	assert_int_equal(after.numa.vms.list[0].home_since_ns, 0);
	/* Then the first VM goes to the other node. */
	before.numa.time_ns = 3 * SEC;
	before.numa.threads.list[0].figures.run_ns[0] += 9 * SEC;
	assert_int_equal(homes__fill(homes, &after.numa, &before.numa, &before.snapshot), 0);
	assert_int_equal(before.numa.vms.list[0].home, 0);
	assert_int_equal(before.numa.vms.list[0].home_since_ns, 3 * SEC);
	assert_int_equal(homes->count, 4); /* two vCPUs are gone */
	snapshot__free(&before.snapshot);
	snapshot__free(&after.snapshot);
	numa_snapshot__free(&before.numa);
	numa_snapshot__free(&after.numa);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_none_until_it_runs, tear_down),
		cmocka_unit_test_teardown(test_hysteresis, tear_down),
		cmocka_unit_test_teardown(test_few_nodes, tear_down),
		cmocka_unit_test_teardown(test_half_life, tear_down),
		cmocka_unit_test_teardown(test_apart_and_forgotten, tear_down),
		cmocka_unit_test_teardown(test_fill, tear_down),
	};

	return cmocka_run_group_tests_name("home", tests, NULL, NULL);
}
