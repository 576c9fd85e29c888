// SPDX-License-Identifier: GPL-2.0-only
/* Snapshots of I/O: lists that grow, are ordered, looked up and used again. */
#include "model/io.h"
#include "unit.h"

static struct block_flow *add(struct block_snapshot *snapshot, uint32_t dev, uint64_t cgroup_id,
			      uint32_t vm_pid, enum io_op op, uint64_t count)
{
	struct block_flow *flow = list_add(&snapshot->flows);

	flow->dev = dev;
	flow->cgroup_id = cgroup_id;
	flow->vm_pid = vm_pid;
	flow->op = op;
	flow->completed = count;
	return flow;
}

static void test_dev(void **state)
{
	uint32_t dev = IO_DEV(259, 300000);

	(void)state;
	assert_int_equal(IO_DEV(8, 1), 0x800001);
	assert_int_equal(IO_DEV_MAJOR(dev), 259);
	assert_int_equal(IO_DEV_MINOR(dev), 300000);
}

static void test_sorts(void **state)
{
	struct block_snapshot snapshot = { 0 };
	const struct block_flow *flows;

	(void)state;
	block_snapshot__sort(&snapshot);
	assert_int_equal(snapshot.flows.count, 0);
	add(&snapshot, 2, 1, 1, IO_READ, 1);
	add(&snapshot, 1, 1ULL << 40, 1, IO_READ, 2);
	add(&snapshot, 1, 1, 2, IO_READ, 3);
	add(&snapshot, 1, 1, 1, IO_WRITE, 4);
	add(&snapshot, 1, 1, 1, IO_READ, 5);
	block_snapshot__sort(&snapshot);
	flows = snapshot.flows.list;
	assert_int_equal(snapshot.flows.count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(flows[i].completed, 5 - i);
	block_snapshot__free(&snapshot);
}

/* A slot that is about to be given back, and its successor. */
static void test_adds_up(void **state)
{
	struct block_snapshot snapshot = { 0 };
	struct block_flow *flow;

	(void)state;
	for (uint64_t i = 1; i <= 3; i++) {
		flow = add(&snapshot, 1, 7, 9, IO_WRITE, i);
		flow->issued = i * 10;
		flow->bytes = i * 100;
		flow->requeued = i * 1000;
		flow->failed = i * 10000;
		for (int layer = 0; layer < HOST_LAYERS; layer++)
			flow->layers[layer].count = i * 100000 + (uint64_t)layer;
		add(&snapshot, 1, 7, 9 + (uint32_t)i, IO_WRITE, 100);
	}
	block_snapshot__sort(&snapshot);
	assert_int_equal(snapshot.flows.count, 4);
	flow = snapshot.flows.list;
	assert_int_equal(flow->completed, 6);
	assert_int_equal(flow->issued, 60);
	assert_int_equal(flow->bytes, 600);
	assert_int_equal(flow->requeued, 6000);
	assert_int_equal(flow->failed, 60000);
	for (int layer = 0; layer < HOST_LAYERS; layer++)
		assert_int_equal(flow->layers[layer].count, 600000 + 3 * layer);
	for (size_t i = 1; i < 4; i++) {
		assert_int_equal(snapshot.flows.list[i].vm_pid, 9 + i);
		assert_int_equal(snapshot.flows.list[i].completed, 100);
	}
	block_snapshot__free(&snapshot);
}

/* What is used again begins with nothing of what was before. */
static void test_clears(void **state)
{
	struct block_snapshot block = { 0 };
	struct vmm_snapshot vmm = { 0 };
	struct virtqueue_snapshot queues = { 0 };
	const void *memory;

	(void)state;
	for (int i = 0; i < 100; i++) {
		list_add(&block.flows)->bytes = 1;
		list_add(&vmm.flows)->bytes = 1;
		list_add(&queues.flows)->requests = 1;
	}
	block.losses.early = vmm.lost = queues.failed = queues.skipped = 1;
	strcpy(block.throttling_missing, "why");
	memory = block.flows.list;
	block_snapshot__clear(&block);
	vmm_snapshot__clear(&vmm);
	virtqueue_snapshot__clear(&queues);
	assert_int_equal(block.flows.count + vmm.flows.count + queues.flows.count, 0);
	assert_int_equal(block.losses.early + vmm.lost + queues.failed + queues.skipped, 0);
	assert_string_equal(block.throttling_missing, "");
	assert_ptr_equal(block.flows.list, memory);
	assert_true(block.flows.capacity >= 100 && vmm.flows.capacity >= 100 &&
		    queues.flows.capacity >= 100);
	assert_int_equal(list_add(&block.flows)->bytes, 0);
	assert_int_equal(list_add(&vmm.flows)->bytes, 0);
	assert_int_equal(list_add(&queues.flows)->requests, 0);
	block_snapshot__free(&block);
	list_free(&vmm.flows);
	list_free(&queues.flows);
	assert_null(block.flows.list);
	assert_int_equal(block.flows.capacity + vmm.flows.capacity + queues.flows.capacity, 0);
	block_snapshot__free(&block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dev),
		cmocka_unit_test(test_sorts),
		cmocka_unit_test(test_adds_up),

		cmocka_unit_test(test_clears),
	};

	return cmocka_run_group_tests_name("io", tests, NULL, NULL);
}
