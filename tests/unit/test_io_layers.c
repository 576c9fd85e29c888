// SPDX-License-Identifier: GPL-2.0-only
/* The layers above the host's block layer: VMM, rings. */
#include "io_host.h"

static const struct io_row *disk_row(const struct io_host *host, const char *disk, enum io_op op)
{
	const struct io_row *row = find_row(host, IO_ROW_DISK, disk, op);

	assert_non_null(row);
	return row;
}

static void check_vmm(const struct io_row *row, uint64_t count, bool by_qmp)
{
	assert_true(row->known[IO_VMM]);
	assert_int_equal(row->vmm_by_qmp, by_qmp);
	assert_int_equal(row->spread_known[IO_VMM], !by_qmp);
	assert_int_equal(io_row__layer(row, IO_VMM)->count, count);
	assert_int_equal(row->vmm_requests, count);
	assert_int_equal(latency__mean(io_row__layer(row, IO_VMM)), count ? 50000 : 0);
}

/* One disk needs no proof, and gives figures where the host has none. */
static void test_one_disk(void **state)
{
	struct io_host *host = *state;
	const struct io_row *row;

	io_host__add_disk(io_host__add_vm(host, 100, "web", 7), "root", 0);
	add_vmm_growth(host, 100, 0xabc, DISK_NO_ID, IO_READ, 10);
	add_vmm(&host->after, 100, 0xabc, DISK_NO_ID, IO_WRITE, 3);
	add_vmm_growth(host, 300, 0xdef, DISK_NO_ID, IO_READ, 10); /* has gone */
	make_rows(host, BY_VM);
	row = disk_row(host, "root", IO_READ);
	check_vmm(row, 10, false);
	assert_true(row->figures_known && !row->on_host);
	assert_int_equal(row->interval.requests, 10);
	assert_int_equal(row->interval.bytes, 5120);
	assert_int_equal(row->total.requests, 510);
	assert_int_equal(row->total.bytes, 510 * 512);
	row = disk_row(host, "root", IO_WRITE); /* since it began */
	check_vmm(row, 3, false);
	assert_int_equal(row->interval.requests, 3);
	row = disk_row(host, "root", IO_ALL);
	check_vmm(row, 13, false);
	assert_int_equal(row->interval.requests, 13);
	assert_int_equal(host->rows.count, 3);
}

static void test_beside_the_host(void **state)
{
	struct io_host *host = *state;
	const struct io_row *row;

	io_host__add_disk(io_host__add_vm(host, 100, "web", 7), "root", SDA);
	add_growth(host, SDA, 100, 7, IO_READ, 4);
	add_vmm_growth(host, 100, 0xabc, DISK_NO_ID, IO_READ, 10);
	make_rows(host, BY_VM);
	row = disk_row(host, "root", IO_READ);
	check_vmm(row, 10, false);
	assert_int_equal(row->interval.requests, 4);
	assert_int_equal(row->interval.bytes, 4 * 4096);
	assert_int_equal(row->total.requests, 1004);
}

/* Of two disks one is unplugged: what was counted of it is not the other's. */
static void test_unplugged(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm = io_host__add_vm(host, 100, "web", 7);

	io_host__add_disk(vm, "b", 0)->id = 1;
	add_vmm_growth(host, 100, 0xa, DISK_NO_ID, IO_READ, 5); /* before it went */
	add_vmm_growth(host, 100, 0xb, DISK_NO_ID, IO_READ, 10);
	add_vmm_growth(host, 100, VMM_BY_QMP, 1, IO_READ, 10);
	add_vmm(&host->before, 100, VMM_BY_QMP, 0, IO_READ, 900);
	add_ring_growth(host, 100, 0, 0, 6);
	add_ring_growth(host, 100, 1, 0, 10);
	make_rows(host, BY_VM);
	check_vmm(disk_row(host, "b", IO_READ), 10, false);
	assert_int_equal(io_row__layer(disk_row(host, "b", IO_READ), IO_RING)->count, 10);
}

/* QEMU counts of the disk what the uprobe counts of the backend, and of no other disk. */
static void test_linked_by_growth(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm = io_host__add_vm(host, 100, "web", 7);

	io_host__add_disk(vm, "a", 0);
	io_host__add_disk(vm, "b", 0);
	add_vmm_growth(host, 100, 0xabc, DISK_NO_ID, IO_READ, 10);
	add_vmm_growth(host, 100, 0xdef, DISK_NO_ID, IO_READ, 20);
	add_vmm_growth(host, 100, 0xdef, DISK_NO_ID, IO_WRITE, 10);
	add_vmm_growth(host, 100, VMM_BY_QMP, 0, IO_READ, 20);
	add_vmm_growth(host, 100, VMM_BY_QMP, 1, IO_READ, 10);
	add_vmm_growth(host, 100, VMM_BY_QMP, 0, IO_WRITE, 10);
	add_vmm_growth(host, 100, VMM_BY_QMP, 1, IO_WRITE, 11);
	add_vmm_growth(host, 200, VMM_BY_QMP, 1, IO_READ, 10); /* another VM's */
	make_rows(host, BY_VM);
	check_vmm(disk_row(host, "a", IO_READ), 20, false);
	check_vmm(disk_row(host, "b", IO_READ), 10, false);
	check_vmm(disk_row(host, "a", IO_WRITE), 10, false);
	check_vmm(disk_row(host, "b", IO_WRITE), 11, true);
	assert_null(find_row(host, IO_ROW_VM, NULL, IO_READ));
	/* What QEMU alone knows leaves the sum without a distribution. */
	assert_true(disk_row(host, "a", IO_ALL)->spread_known[IO_VMM]);
	assert_false(disk_row(host, "b", IO_ALL)->spread_known[IO_VMM]);
}

static void test_ambiguous_growth(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm = io_host__add_vm(host, 100, "web", 7);
	const struct io_row *row;

	io_host__add_disk(vm, "a", 0);
	io_host__add_disk(vm, "b", 0);
	add_vmm_growth(host, 100, 0xabc, DISK_NO_ID, IO_READ, 10);
	add_vmm_growth(host, 100, 0xdef, DISK_NO_ID, IO_READ, 10);
	add_vmm_growth(host, 100, 0xdef, DISK_NO_ID, IO_WRITE, 0);
	add_vmm_growth(host, 100, VMM_BY_QMP, 0, IO_READ, 10);
	add_vmm_growth(host, 100, VMM_BY_QMP, 1, IO_READ, 10);
	add_vmm_growth(host, 100, VMM_BY_QMP, 0, IO_WRITE, 0);
	make_rows(host, BY_VM);
	check_vmm(disk_row(host, "a", IO_READ), 10, true);
	check_vmm(disk_row(host, "b", IO_READ), 10, true);
	check_vmm(disk_row(host, "a", IO_WRITE), 0, true);
	row = find_row(host, IO_ROW_VM, NULL, IO_READ);
	assert_non_null(row);
	check_vmm(row, 20, false);
	assert_null(row->device);
	/* Whose nothing it was does not matter. */
	assert_null(find_row(host, IO_ROW_VM, NULL, IO_WRITE));
}

/* Kinds of which there was none take no distribution from the others. */
static void test_empty_kinds(void **state)
{
	struct io_host *host = *state;

	io_host__add_disk(io_host__add_vm(host, 100, "web", 7), "root", 0);
	add_vmm_growth(host, 100, 0xabc, DISK_NO_ID, IO_READ, 10);
	add_vmm_growth(host, 100, VMM_BY_QMP, 0, IO_READ, 10);
	add_vmm_growth(host, 100, VMM_BY_QMP, 0, IO_WRITE, 0);
	make_rows(host, BY_VM);
	assert_true(disk_row(host, "root", IO_ALL)->spread_known[IO_VMM]);
	assert_false(disk_row(host, "root", IO_ALL)->vmm_by_qmp);
}

/* Beside what the block layer has seen nothing of the guest's is added up. */
static void test_sources(void **state)
{
	struct io_host *host = *state;
	const struct io_row *row;

	io_host__add_disk(io_host__add_vm(host, 100, "web", 7), "root", SDA)->direct = false;
	add_growth(host, SDA, 100, 7, IO_WRITE, 5);
	add_vmm_growth(host, 100, VMM_BY_QMP, 0, IO_READ, 1000);
	add_vmm_growth(host, 100, VMM_BY_QMP, 0, IO_WRITE, 80);
	make_rows(host, BY_VM);
	row = disk_row(host, "root", IO_READ);
	assert_true(row->figures_known && !row->on_host);
	assert_int_equal(row->interval.requests, 1000);
	row = disk_row(host, "root", IO_ALL);
	assert_true(row->on_host);
	assert_int_equal(row->interval.requests, 5);
	assert_int_equal(row->total.requests, 1005);
	assert_int_equal(row->vmm_requests, 1080);
}

/* QEMU has counted since it started: without an earlier reading that says nothing. */
static void test_qmp_without_before(void **state)
{
	struct io_host *host = *state;
	const struct io_row *row;

	io_host__add_disk(io_host__add_vm(host, 100, "web", 7), "root", 0);
	add_vmm(&host->after, 100, VMM_BY_QMP, 0, IO_READ, 123456);
	add_vmm(&host->before, 100, VMM_BY_QMP, 0, IO_WRITE, 500); /* another disk's, by then */
	add_vmm(&host->after, 100, VMM_BY_QMP, 0, IO_WRITE, 3);
	make_rows(host, BY_VM);
	for (int op = IO_READ; op <= IO_WRITE; op++) {
		row = disk_row(host, "root", (enum io_op)op);
		assert_false(row->known[IO_VMM] || row->figures_known);
		assert_int_equal(row->vmm_requests, 0);
	}
	assert_int_equal(host->rows.count, 2);
}

static void test_qmp_goes_down(void **state)
{
	struct io_host *host = *state;
	struct vmm_flow *before;

	io_host__add_disk(io_host__add_vm(host, 100, "web", 7), "root", 0);
	add_vmm(&host->after, 100, VMM_BY_QMP, 0, IO_READ, 10);
	before = add_vmm(&host->before, 100, VMM_BY_QMP, 0, IO_READ, 10);
	for (int i = 0; i < 3; i++) {
		before->latency.count = before->latency.sum_ns = before->bytes = 1;
		*(uint64_t *[]){ &before->latency.count, &before->latency.sum_ns,
				 &before->bytes }[i] = 1 << 30;
		make_rows(host, BY_VM);
		assert_false(disk_row(host, "root", IO_READ)->known[IO_VMM]);
	}
}

static void test_not_chosen(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm = io_host__add_vm(host, 100, "web", 7);

	io_host__add_disk(vm, "root", 0);
	vm->vm->chosen = false;
	add_vmm_growth(host, 100, VMM_BY_QMP, 0, IO_READ, 10);
	add_vmm_growth(host, 100, 0xabc, DISK_NO_ID, IO_READ, 10);
	add_ring_growth(host, 100, 0, 0, 10);
	make_rows(host, BY_VM);
	assert_int_equal(host->rows.count, 0);
}

/* All queues of a disk, and the only kind of request that there was. */
static void test_ring(void **state)
{
	struct io_host *host = *state;
	const struct io_row *row;

	io_host__add_disk(io_host__add_vm(host, 100, "web", 7), "root", SDA);
	add_growth(host, SDA, 100, 7, IO_READ, 10);
	add_growth(host, SDA, 100, 7, IO_WRITE, 0);
	add_ring_growth(host, 100, 0, 0, 4);
	add_ring_growth(host, 100, 0, 1, 6);
	add_ring_growth(host, 100, 5, 0, 6); /* no such disk */
	add_ring_growth(host, 300, 0, 0, 6); /* no such VM */
	make_rows(host, BY_VM);
	row = disk_row(host, "root", IO_READ);
	assert_true(row->known[IO_RING] && !row->spread_known[IO_RING]);
	assert_int_equal(io_row__layer(row, IO_RING)->count, 10);
	assert_int_equal(latency__mean(io_row__layer(row, IO_RING)), 70000);
	assert_false(disk_row(host, "root", IO_WRITE)->known[IO_RING]);
	assert_int_equal(io_row__layer(disk_row(host, "root", IO_ALL), IO_RING)->count, 10);
	assert_int_equal(host->rows.count, 3);
}

static void test_ring_of_two_kinds(void **state)
{
	struct io_host *host = *state;
	const struct io_row *row;

	io_host__add_disk(io_host__add_vm(host, 100, "web", 7), "root", SDA);
	add_growth(host, SDA, 100, 7, IO_READ, 10);
	add_growth(host, SDA, 100, 7, IO_WRITE, 1);
	add_ring_growth(host, 100, 0, 0, 11);
	make_rows(host, BY_VM);
	assert_false(disk_row(host, "root", IO_READ)->known[IO_RING]);
	assert_false(disk_row(host, "root", IO_WRITE)->known[IO_RING]);
	row = disk_row(host, "root", IO_ALL);
	assert_true(row->known[IO_RING]);
	assert_int_equal(latency__mean(io_row__layer(row, IO_RING)), 70000);
}

/* The ring is watched from now on. */
static void test_ring_without_before(void **state)
{
	struct io_host *host = *state;

	io_host__add_disk(io_host__add_vm(host, 100, "web", 7), "root", SDA);
	add_growth(host, SDA, 100, 7, IO_READ, 10);
	add_ring_growth(host, 100, 0, 0, 10);
	virtqueue_snapshot__clear(&host->before.io.queues);
	make_rows(host, BY_VM);
	assert_false(disk_row(host, "root", IO_READ)->known[IO_RING]);
	assert_int_equal(host->rows.count, 2);
}

/* The page cache served all reads: the ring's requests are not the host's writes. */
static void test_ring_of_cached(void **state)
{
	struct io_host *host = *state;
	const struct io_row *row;

	io_host__add_disk(io_host__add_vm(host, 100, "web", 7), "root", SDA)->direct = false;
	add_growth(host, SDA, 100, 7, IO_WRITE, 3);
	add_ring_growth(host, 100, 0, 0, 400);
	make_rows(host, BY_VM);
	assert_false(disk_row(host, "root", IO_WRITE)->known[IO_RING]);
	row = disk_row(host, "root", IO_ALL);
	assert_int_equal(io_row__layer(row, IO_RING)->count, 400);
	assert_int_equal(row->apart, APART_CACHED);
	/* QEMU knows better. */
	add_vmm_growth(host, 100, VMM_BY_QMP, 0, IO_READ, 400);
	make_rows(host, BY_VM);
	assert_false(disk_row(host, "root", IO_READ)->known[IO_RING]);
	add_vmm_growth(host, 100, VMM_BY_QMP, 0, IO_WRITE, 0);
	host->after.io.block.flows.list[0] = host->before.io.block.flows.list[0];
	make_rows(host, BY_VM);
	assert_int_equal(io_row__layer(disk_row(host, "root", IO_READ), IO_RING)->count, 400);
}

/* Nobody else has seen a request: it is still there. */
static void test_ring_alone(void **state)
{
	struct io_host *host = *state;

	io_host__add_disk(io_host__add_vm(host, 100, "web", 7), "root", 0);
	add_ring_growth(host, 100, 0, 0, 5);
	make_rows(host, BY_VM);
	assert_int_equal(io_row__layer(disk_row(host, "root", IO_ALL), IO_RING)->count, 5);
	assert_false(disk_row(host, "root", IO_ALL)->figures_known);
	assert_int_equal(host->rows.count, 3);
	host->after.io.queues.flows.list[0] = host->before.io.queues.flows.list[0];
	make_rows(host, BY_VM);
	assert_int_equal(host->rows.count, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, io_host__open, io_host__close)
	const struct CMUnitTest tests[] = {
		TEST(test_unplugged),
		TEST(test_one_disk),
		TEST(test_beside_the_host),
		TEST(test_linked_by_growth),
		TEST(test_ambiguous_growth),
		TEST(test_empty_kinds),
		TEST(test_sources),
		TEST(test_qmp_without_before),
		TEST(test_qmp_goes_down),
		TEST(test_not_chosen),
		TEST(test_ring),
		TEST(test_ring_of_two_kinds),
		TEST(test_ring_without_before),
		TEST(test_ring_of_cached),
		TEST(test_ring_alone),
	};

	return cmocka_run_group_tests_name("io_layers", tests, NULL, NULL);
}
