// SPDX-License-Identifier: GPL-2.0-only
/* A host of many disks: what rows of them cost. */
#include "unit.h"

#include "base/units.h"
#include "io/io_rows.h"

#define VMS 400
#define DISKS 64
#define REQUESTS 1000

static void add_reads(struct io_view *view, uint32_t pid, uint32_t disk, uint64_t requests)
{
	struct block_flow *flow = list_add(&view->block.flows);

	flow->dev = IO_DEV(259, disk);
	flow->vm_pid = pid;
	flow->whose = (struct io_whose){ .owner = IO_OWNER_VM, .vm_pid = pid, .disk = disk };
	flow->issued = flow->completed = requests;
	for (int layer = 0; layer < HOST_LAYERS; layer++) {
		flow->layers[layer].count = requests;
		flow->layers[layer].sum_ns = requests * 1000;
		flow->layers[layer].hist[hist_bucket(1000)] = (uint32_t)requests;
	}
}

static void add_disk(struct io_view *view, uint32_t pid, uint32_t place, uint64_t requests)
{
	uint32_t id = (uint32_t)view->disks.count, dev = IO_DEV(259, id);
	struct io_disk *disk = list_add(&view->disks);
	struct io_device *device = list_add(&view->devices);

	disk->vm_pid = pid;
	disk->id = id;
	disk->place = place;
	disk->dev = dev;
	disk->backing = DISK_BLOCK;
	disk->direct = true;
	snprintf(disk->name, sizeof(disk->name), "d%u", place);
	snprintf(disk->format, sizeof(disk->format), "raw");
	*list_add(&view->leaves) = (struct io_leaf){ .vm_pid = pid, .disk = id, .dev = dev };
	device->dev = dev;
	snprintf(device->name, sizeof(device->name), "nvme%un1", id);
	add_reads(view, pid, id, requests);
}

static void fill(struct view *view, uint64_t time_ns, uint64_t requests)
{
	view->sched.time_ns = time_ns;
	for (uint32_t pid = 1; pid <= VMS; pid++) {
		struct io_vm *vm = list_add(&view->io.vms);

		vm->pid = pid;
		vm->chosen = true;
		snprintf(vm->name, sizeof(vm->name), "vm%u", pid);
		for (uint32_t place = 0; place < DISKS; place++)
			add_disk(&view->io, pid, place, requests);
	}
	for (int set = IO_SET_VMS; set < IO_SETS; set++)
		io_view__sort(&view->io, (enum io_set)set);
}

/* All of them busy: in less than a second, where one that looks through all rows takes a minute. */
static void test_many(void **state)
{
	struct view before = { 0 }, after = { 0 };
	struct io_rows rows = { 0 };
	uint64_t begin;

	(void)state;
	fill(&before, 10, REQUESTS);
	fill(&after, 11, REQUESTS * 2);
	begin = clock_thread_cpu_ns();
	assert_int_equal(io_rows__make(&rows, BY_VM, &before, &after), 0);
	assert_int_equal(rows.count, VMS * DISKS * 2);
	io_rows__drop_idle(&rows);
	assert_true(clock_thread_cpu_ns() - begin < NSEC_PER_SEC);
	assert_int_equal(rows.count, VMS * DISKS);
	for (size_t i = 0; i < rows.count; i++) {
		const struct io_row *row = &rows.list[i];

		assert_int_equal(row->vm->pid, i / DISKS + 1);
		assert_int_equal(row->disk->place, i % DISKS);
		assert_int_equal(row->interval.requests, REQUESTS);
	}
	io_rows__free(&rows);
	view__free(&before);
	view__free(&after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests_name("io_scale", tests, NULL, NULL);
}
