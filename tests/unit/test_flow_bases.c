// SPDX-License-Identifier: GPL-2.0-only
/*
 * Disks that are plugged and unplugged: no counter of one is ever another's, wherever it was
 * counted: user/disks/flow_bases.c and the rows.
 */
#include "io_host.h"

#include "disks/flow_bases.h"

static struct flow_bases bases;

/* A moment: the disk with this id is alone on sda, where so many requests were made in all. */
static void look(struct io_host *host, struct view *view, uint32_t id, uint64_t requests)
{
	host->disks[0].list[0].id = id;
	snprintf(host->disks[0].list[0].name, DISK_NAME_SIZE, "disk%u", id);
	io_view__clear(&view->io);
	view->sched.time_ns = requests;
	add_requests(view, SDA, 100, 7, IO_READ, requests);
	describe(host, &view->io, host->guests_after);
	assert_int_equal(flow_bases__update(&bases, &view->io), 0);
}

static void check(struct io_host *host, const struct view *before, const struct view *after,
		  uint64_t interval, uint64_t total)
{
	const struct io_row *row;

	assert_int_equal(io_rows__make(&host->rows, BY_VM, before, after), 0);
	row = &host->rows.list[0];
	assert_ptr_equal(row->disk, &after->io.disks.list[0]);
	assert_int_equal(row->op, IO_READ);
	assert_int_equal(row->interval.requests, interval);
	assert_int_equal(row->interval.bytes, interval * 4096);
	assert_int_equal(row->total.requests, total);
	assert_int_equal(row->total.issued, total);
	for (int layer = IO_THROTTLED; layer <= IO_DEVICE; layer++) {
		assert_true(row->known[layer]);
		assert_int_equal(io_row__layer(row, (enum io_layer)layer)->count, interval);
	}
}

static int set_up(void **state)
{
	struct io_host *host;

	io_host__open(state);
	host = *state;
	io_host__add_disk(io_host__add_vm(host, 100, "web", 7), "root", SDA);
	return 0;
}

static int tear_down(void **state)
{
	flow_bases__free(&bases);
	return io_host__close(state);
}

/* The next view, and rows of it and of the one before, whatever is between them. */
static void test_replaced(void **state)
{
	struct io_host *host = *state;
	struct view views[5] = { 0 };

	look(host, &views[0], 1, 1000);
	look(host, &views[1], 1, 1010);
	look(host, &views[2], 2, 1050); /* whose these 40 were, nobody knows */
	look(host, &views[3], 2, 1053);
	look(host, &views[4], 2, 1060);
	check(host, &views[0], &views[1], 10, 1010);
	check(host, &views[1], &views[2], 0, 0);
	check(host, &views[2], &views[3], 3, 3);
	check(host, &views[3], &views[4], 7, 10);
	check(host, &views[0], &views[4], 10, 10); /* a coarser step of a recording */
	check(host, &views[0], &views[3], 3, 3);
	for (size_t i = 0; i < ARRAY_SIZE(views); i++)
		view__free(&views[i]);
}

/* Of two disks on one device, one goes: what both have done is not the other's. */
static void test_shared(void **state)
{
	struct io_host *host = *state;
	struct view views[4] = { 0 };

	look(host, &views[0], 1, 10);
	io_host__add_disk(&host->list[0], "data", SDA)->id = 2;
	look(host, &views[1], 1, 20);
	assert_int_equal(views[1].io.block.flows.list[0].whose.disk, DISK_SEVERAL);
	assert_int_equal(io_rows__make(&host->rows, BY_VM, &views[0], &views[1]), 0);
	/* The VM's on the device, whichever disk of its. */
	assert_int_equal(find_row(host, IO_ROW_VM, NULL, IO_READ)->interval.requests, 10);
	assert_int_equal(find_row(host, IO_ROW_VM, NULL, IO_READ)->total.requests, 20);
	host->disks[0].count = 1;
	look(host, &views[2], 1, 50);
	look(host, &views[3], 1, 54);
	check(host, &views[1], &views[2], 0, 0);
	check(host, &views[2], &views[3], 4, 4);
	for (size_t i = 0; i < ARRAY_SIZE(views); i++)
		view__free(&views[i]);
}

/* One whose place is not known for a while is still the same; and a slot is used again. */
static void test_same(void **state)
{
	struct io_host *host = *state;
	struct view views[5] = { 0 };

	look(host, &views[0], 1, 10);
	host->disks[0].list[0].dev = 0;
	look(host, &views[1], 1, 20);
	host->disks[0].list[0].dev = SDA;
	look(host, &views[2], 1, 30);
	check(host, &views[1], &views[2], 10, 30);
	look(host, &views[3], 2, 40);
	look(host, &views[4], 2, 5);
	check(host, &views[3], &views[4], 5, 5);
	for (size_t i = 0; i < ARRAY_SIZE(views); i++)
		view__free(&views[i]);
}

/* QEMU's counters and rings are a disk's by its id, and a guest's by its own reports. */
static void test_other_layers(void **state)
{
	struct io_host *host = *state;

	host->disks[0].list[0].id = 1;
	host->disks[0].list[0].dev = 0;
	add_vmm(&host->before, 100, VMM_BY_QMP, 1, IO_READ, 500);
	add_vmm(&host->after, 100, VMM_BY_QMP, 2, IO_READ, 900);
	*list_add(&host->before.io.queues.flows) =
		(struct virtqueue_flow){ .vm_pid = 100, .disk = 1, .requests = 500 };
	*list_add(&host->after.io.queues.flows) =
		(struct virtqueue_flow){ .vm_pid = 100, .disk = 2, .requests = 900 };
	describe(host, &host->before.io, host->guests_before);
	host->disks[0].list[0].id = 2;
	describe(host, &host->after.io, host->guests_after);
	assert_int_equal(io_rows__make(&host->rows, BY_VM, &host->before, &host->after), 0);
	assert_int_equal(host->rows.count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(host->rows.list[i].disk->id, 2);
		assert_false(host->rows.list[i].known[IO_VMM] || host->rows.list[i].known[IO_RING]);
		assert_false(host->rows.list[i].figures_known);
	}
}

/* Another VM with the PID of one that has gone. */
static void test_other_vm(void **state)
{
	struct io_host *host = *state;

	host->disks[0].list[0].dev = 0;
	add_vmm(&host->before, 100, 0xabc, DISK_NO_ID, IO_READ, 500);
	add_vmm(&host->after, 100, 0xabc, DISK_NO_ID, IO_READ, 600);
	add_ring_growth(host, 100, 0, 0, 100);
	describe(host, &host->before.io, host->guests_before);
	host->registry[0].start_ns = 77;
	describe(host, &host->after.io, host->guests_after);
	assert_int_equal(io_rows__make(&host->rows, BY_VM, &host->before, &host->after), 0);
	assert_int_equal(find_row(host, IO_ROW_DISK, "root", IO_READ)->interval.requests, 600);
	assert_false(find_row(host, IO_ROW_DISK, "root", IO_READ)->known[IO_RING]);
	assert_null(find_row(host, IO_ROW_DISK, "root", IO_ALL));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_replaced),	 TEST(test_shared),   TEST(test_same),
		TEST(test_other_layers), TEST(test_other_vm),
	};

	return cmocka_run_group_tests_name("flow_bases", tests, NULL, NULL);
}
