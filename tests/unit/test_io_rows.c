// SPDX-License-Identifier: GPL-2.0-only
/* Where the block layer's flows are shown: by VM and by device. */
#include "io_host.h"

static void check_figures(const struct io_row *row, uint64_t interval, uint64_t total)
{
	assert_non_null(row);
	assert_true(row->on_host && row->figures_known);
	assert_int_equal(row->interval.requests, interval);
	assert_int_equal(row->interval.bytes, interval * 4096);
	assert_int_equal(row->interval.issued, interval);
	assert_int_equal(row->total.requests, total);
	assert_int_equal(row->total.bytes, total * 4096);
}

static void test_disk(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm = io_host__add_vm(host, 100, "web", 7);
	const struct io_row *row;

	io_host__add_disk(vm, "root", SDA);
	add_growth(host, SDA, 100, 7, IO_READ, 10);
	add_growth(host, SDA, 100, 0, IO_READ, 5); /* the same disk, by another way */
	make_rows(host, BY_VM);
	assert_int_equal(host->rows.count, 2);
	row = find_row(host, IO_ROW_DISK, "root", IO_READ);
	check_figures(row, 15, 2015);
	assert_string_equal(io_row__vm(row), "web");
	assert_string_equal(row->device, "sda");
	assert_string_equal(row->scheduler, "none");
	assert_int_equal(row->elapsed_ns, 2 * SEC);
	for (int layer = 0; layer < HOST_LAYERS; layer++) {
		const struct latency *latency = io_row__layer(row, IO_THROTTLED + layer);

		assert_true(row->known[IO_THROTTLED + layer]);
		assert_true(row->spread_known[IO_THROTTLED + layer]);
		assert_int_equal(latency->count, 15);
		assert_int_equal(latency__mean(latency), (layer + 1) * 1000);
		assert_int_equal(latency->hist[hist_bucket((uint64_t)(layer + 1) * 1000)], 15);
	}
	assert_false(row->known[IO_VMM] || row->known[IO_RING] || row->known[IO_GUEST_QUEUE]);
	/* What the device has not seen of it did not happen. */
	row = find_row(host, IO_ROW_DISK, "root", IO_WRITE);
	assert_non_null(row);
	assert_true(row->on_host && row->figures_known);
	assert_int_equal(row->total.requests, 0);
	assert_false(row->known[IO_DEVICE]);
}

/* Only where the host would have seen each request, and known whose it is, none is 0. */
static void test_idle(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm = io_host__add_vm(host, 100, "web", 7);
	struct disk *disk = io_host__add_disk(vm, "root", SDA);

#define IS_KNOWN()                                                                                 \
	(make_rows(host, BY_VM), find_row(host, IO_ROW_DISK, "root", IO_READ)->figures_known)
	assert_true(IS_KNOWN());
	vm->cgroup_of_vms = true;
	assert_false(IS_KNOWN());
	vm->cgroup_of_vms = false;
	vm->cgroup_of_others = true; /* its threads are known all the same */
	assert_true(IS_KNOWN());
	disk->direct = false;
	assert_false(IS_KNOWN());
	vm->cgroup_of_others = false;
	disk->backing = DISK_VHOST_SCSI;
	assert_false(IS_KNOWN());
	disk->backing = DISK_FILE;
	disk->direct = false;
	assert_true(IS_KNOWN());
	vm->cgroup_id = 0; /* what the page cache writes is nobody's then */
	assert_false(IS_KNOWN());
	disk->direct = true;
	assert_true(IS_KNOWN());
	io_host__add_disk(vm, "data", SDA);
	assert_false(IS_KNOWN());
	vm->disks->count = 1;
	disk->dev = 0;
	assert_false(IS_KNOWN());
	disk->dev = SDB; /* which is not in sysfs */
	assert_false(IS_KNOWN());
	fake_tree(&host->sys, "block/zram0/dev", "251:0\n"); /* makes no requests */
	assert_int_equal(devices__read(host->vms.devices), 0);
	disk->dev = IO_DEV(251, 0);
	assert_false(IS_KNOWN());
#undef IS_KNOWN
}

/* What was there before, what is on its way, and what failed. */
static void test_other_figures(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm = io_host__add_vm(host, 100, "web", 7);
	struct block_flow *flow;
	const struct io_row *row;

	io_host__add_disk(vm, "root", SDA);
	flow = add_requests(&host->before, SDA, 100, 7, IO_READ, 10);
	flow->requeued = 2;
	flow->failed = 1;
	flow = add_requests(&host->after, SDA, 100, 7, IO_READ, 30);
	flow->issued = 34;
	flow->requeued = 5;
	flow->failed = 7;
	strcpy(host->after.io.block.throttling_missing, "why");
	make_rows(host, BY_VM);
	row = find_row(host, IO_ROW_DISK, "root", IO_READ);
	assert_int_equal(row->interval.requests, 20);
	assert_int_equal(row->interval.issued, 24);
	assert_int_equal(row->interval.requeued, 3);
	assert_int_equal(row->interval.failed, 6);
	assert_int_equal(row->total.issued, 34);
	assert_int_equal(row->total.requeued, 5);
	assert_int_equal(row->total.failed, 7);
	assert_int_equal(row->in_flight, 4);
	assert_false(row->known[IO_THROTTLED]);
	assert_true(row->known[IO_QUEUE] && row->known[IO_DEVICE]);
}

/* New flows have counted since they began; a flow that began anew, too. */
static void test_begins(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm = io_host__add_vm(host, 100, "web", 7);
	const struct io_row *row;

	io_host__add_disk(vm, "root", SDA);
	add_requests(&host->after, SDA, 100, 7, IO_READ, 10);
	add_requests(&host->before, SDA, 100, 7, IO_WRITE, 1000);
	add_requests(&host->after, SDA, 100, 7, IO_WRITE, 3);
	add_requests(&host->before, SDA, 100, 8, IO_WRITE, 99); /* has gone */
	make_rows(host, BY_VM);
	check_figures(find_row(host, IO_ROW_DISK, "root", IO_READ), 10, 10);
	row = find_row(host, IO_ROW_DISK, "root", IO_WRITE);
	check_figures(row, 3, 3);
	assert_int_equal(io_row__layer(row, IO_DEVICE)->count, 3);
	assert_int_equal(latency__mean(io_row__layer(row, IO_DEVICE)), 3000);
}

/* Whatever of it is the first to go down. */
static void test_begins_anew(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm = io_host__add_vm(host, 100, "web", 7);
	struct block_flow *flow;

	io_host__add_disk(vm, "root", SDA);
	for (int i = 0; i < 5; i++) {
		block_snapshot__clear(&host->before.io.block);
		block_snapshot__clear(&host->after.io.block);
		flow = add_requests(&host->after, SDA, 100, 7, IO_READ, 10);
		flow->requeued = flow->failed = 1;
		flow = add_requests(&host->before, SDA, 100, 7, IO_READ, 10);
		flow->completed = flow->issued = flow->bytes = 1;
		*(uint64_t *[]){ &flow->completed, &flow->issued, &flow->bytes, &flow->requeued,
				 &flow->failed }[i] = 1 << 20;
		make_rows(host, BY_VM);
		check_figures(find_row(host, IO_ROW_DISK, "root", IO_READ), 10, 10);
	}
}

/* All of them did: what was counted before is another's, and the interval is what was counted in.
 */
static void test_attached_meanwhile(void **state)
{
	struct io_host *host = *state;
	const struct io_row *row;

	io_host__add_disk(io_host__add_vm(host, 100, "web", 7), "root", SDA);
	add_requests(&host->before, SDA, 100, 7, IO_READ, 7);
	add_requests(&host->after, SDA, 100, 7, IO_READ, 10);
	host->before.io.since_ns = 5 * SEC;
	host->after.io.since_ns = 11 * SEC;
	make_rows(host, BY_VM);
	row = find_row(host, IO_ROW_DISK, "root", IO_READ);
	check_figures(row, 10, 10);
	assert_int_equal(row->elapsed_ns, SEC);
}

static void test_several_disks(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm = io_host__add_vm(host, 100, "web", 7);
	const struct io_row *row;

	io_host__add_device(host, "sdb", SDB, NULL);
	io_host__add_disk(vm, "a", SDA);
	io_host__add_disk(vm, "b", SDA);
	io_host__add_disk(vm, "c", SDB);
	add_growth(host, SDA, 100, 7, IO_READ, 10);
	add_growth(host, SDB, 100, 7, IO_READ, 3);
	add_growth(host, IO_DEV(8, 99), 100, 7, IO_WRITE, 4); /* no disk's, and not in sysfs */
	make_rows(host, BY_VM);
	row = find_row(host, IO_ROW_VM, NULL, IO_READ);
	check_figures(row, 10, 1010);
	assert_null(row->disk);
	assert_string_equal(row->device, "sda");
	assert_string_equal(io_row__vm(row), "web");
	check_figures(find_row(host, IO_ROW_DISK, "c", IO_READ), 3, 1003);
	assert_false(find_row(host, IO_ROW_DISK, "a", IO_READ)->figures_known);
	row = find_row(host, IO_ROW_VM, NULL, IO_WRITE);
	check_figures(row, 4, 1004);
	assert_string_equal(row->device, "8:99");
	assert_int_equal(host->rows.count, 8);
	/* Disks come in their order, then what is of none. */
	assert_string_equal(io_row__disk(&host->rows.list[0]), "a");
	assert_string_equal(io_row__disk(&host->rows.list[4]), "c");
	assert_int_equal(host->rows.list[6].kind, IO_ROW_VM);
}

/* One disk on two leaves: a mirror, whose own requests are not counted again. */
static void test_stacked(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm = io_host__add_vm(host, 100, "web", 7);
	const struct io_row *row;

	io_host__add_device(host, "sdb", SDB, NULL);
	io_host__add_device(host, "dm-0", DM0, "sda sdb");
	io_host__add_disk(vm, "root", DM0);
	add_growth(host, SDA, 100, 7, IO_WRITE, 10);
	add_growth(host, SDB, 100, 7, IO_WRITE, 12);
	add_growth(host, DM0, 100, 7, IO_WRITE, 10);
	add_growth(host, DM0, 100, 7, IO_READ, 6);
	make_rows(host, BY_VM);
	row = find_row(host, IO_ROW_DISK, "root", IO_WRITE);
	check_figures(row, 22, 2022);
	assert_string_equal(row->device, "sda+sdb");
	check_figures(find_row(host, IO_ROW_DISK, "root", IO_READ), 0, 0);
	make_rows(host, BY_DEVICE);
	check_figures(find_row(host, IO_ROW_DEVICE, NULL, IO_WRITE), 10, 1010);
	assert_int_equal(host->rows.count, 2);
}

/* Behind a loop device the leaf's requests are a kworker's: the loop device's are shown. */
static void test_stacked_alone(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm = io_host__add_vm(host, 100, "web", 7);

	io_host__add_device(host, "dm-0", DM0, "sda");
	io_host__add_disk(vm, "root", DM0);
	add_growth(host, DM0, 100, 7, IO_READ, 6);
	add_growth(host, DM0, 100, 7, IO_WRITE, 2);
	make_rows(host, BY_VM);
	check_figures(find_row(host, IO_ROW_DISK, "root", IO_READ), 6, 1006);
	check_figures(find_row(host, IO_ROW_DISK, "root", IO_WRITE), 2, 1002);
	check_figures(find_row(host, IO_ROW_DISK, "root", IO_ALL), 8, 2008);
	make_rows(host, BY_DEVICE);
	assert_int_equal(host->rows.count, 0);
}

/* A file system on a RAID of more disks than some lists have room for. */
static void test_many_leaves(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm = io_host__add_vm(host, 100, "web", 7);
	char names[512] = "", name[16];

	for (uint32_t i = 0; i < 24; i++) {
		snprintf(name, sizeof(name), "sd%c%c", 'c', 'a' + (int)i);
		io_host__add_device(host, name, IO_DEV(65, 16 * i), NULL);
		strcat(strcat(names, i ? " " : ""), name);
	}
	io_host__add_device(host, "md0", IO_DEV(9, 0), names);
	io_host__add_disk(vm, "root", IO_DEV(9, 0));
	add_growth(host, IO_DEV(65, 16 * 23), 100, 7, IO_READ, 6);
	make_rows(host, BY_VM);
	check_figures(find_row(host, IO_ROW_DISK, "root", IO_READ), 6, 1006);
	/* The names have as much room as they have. */
	assert_int_equal(strlen(find_row(host, IO_ROW_DISK, "root", IO_READ)->device), 63);
}

static void test_owners(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm = io_host__add_vm(host, 100, "web", 7);
	const struct io_row *row;

	vm->cgroup_of_others = true;
	io_host__add_vm(host, 200, "db", 8)->vm->chosen = false;
	add_growth(host, SDA, 0, 7, IO_READ, 1);    /* by the cgroup: one of several */
	add_growth(host, SDA, 100, 7, IO_WRITE, 2); /* its thread's */
	add_growth(host, SDA, 200, 8, IO_READ, 4);  /* not asked for */
	add_growth(host, SDA, 0, 0, IO_READ, 8);    /* the host's own */
	add_growth(host, SDA, 300, 0, IO_READ, 16); /* a VM's that is not known */
	make_rows(host, BY_VM);
	assert_int_equal(host->rows.count, 3);
	check_figures(find_row(host, IO_ROW_VM, NULL, IO_WRITE), 2, 1002);
	/* Two reasons not to know, two rows. */
	row = &host->rows.list[1];
	assert_int_equal(row->kind, IO_ROW_UNKNOWN);
	assert_string_equal(io_row__vm(row), "unknown");
	check_figures(row, 1, 1001);
	assert_int_equal(row->vm->pid, vm->vm->pid); /* one of those that share */
	row = &host->rows.list[2];
	assert_string_equal(io_row__vm(row), "unknown");
	assert_null(row->vm);
	check_figures(row, 16, 1016);
	make_rows(host, BY_DEVICE);
	check_figures(find_row(host, IO_ROW_DEVICE, NULL, IO_READ), 29, 4029);
	check_figures(find_row(host, IO_ROW_DEVICE, NULL, IO_WRITE), 2, 1002);
	row = find_row(host, IO_ROW_DEVICE, NULL, IO_ALL);
	check_figures(row, 31, 5031);
	assert_string_equal(row->device, "sda");
	assert_string_equal(io_row__vm(row), "");
	assert_string_equal(io_row__disk(row), "");
}

/* A VM's that has ended, on a device that is another one's now. */
static void test_ended(void **state)
{
	struct io_host *host = *state;
	const struct io_row *row;

	io_host__add_disk(io_host__add_vm(host, 100, "web", 7), "root", SDA);
	add_growth(host, SDA, 300, 0, IO_READ, 16);
	make_rows(host, BY_VM);
	row = find_row(host, IO_ROW_UNKNOWN, NULL, IO_READ);
	check_figures(row, 16, 1016);
	assert_null(row->vm);
}

/* Of those that share a cgroup, the one that is asked for: its row is not hidden with another's. */
static void test_shared_and_chosen(void **state)
{
	struct io_host *host = *state;
	struct live_vm *web = io_host__add_vm(host, 100, "web", 7);
	struct live_vm *db = io_host__add_vm(host, 200, "db", 7);

	web->cgroup_of_vms = db->cgroup_of_vms = true;
	web->vm->chosen = false;
	add_growth(host, SDA, 100, 7, IO_READ, 16);
	make_rows(host, BY_VM);
	check_figures(find_row(host, IO_ROW_UNKNOWN, NULL, IO_READ), 16, 1016);
	assert_int_equal(host->rows.list[0].vm->pid, db->vm->pid);
	db->vm->chosen = false;
	make_rows(host, BY_VM);
	assert_int_equal(host->rows.count, 0);
}

/* Whoever waits for a flush waits for one that is the kernel's own. */
static void test_flushes(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm = io_host__add_vm(host, 100, "web", 7);

	io_host__add_disk(vm, "root", SDA);
	add_growth(host, SDA, 100, 7, IO_FLUSH, 5);
	add_growth(host, SDA, 0, 0, IO_FLUSH, 3);
	add_growth(host, SDA, 0, 0, IO_WRITE, 2);
	make_rows(host, BY_VM);
	check_figures(find_row(host, IO_ROW_DISK, "root", IO_FLUSH), 5, 1005);
	check_figures(find_row(host, IO_ROW_DISK, "root", IO_WRITE), 2, 1002);
	make_rows(host, BY_DEVICE);
	check_figures(find_row(host, IO_ROW_DEVICE, NULL, IO_FLUSH), 3, 1003);
}

/* vhost-scsi's flushes are no thread's and no cgroup's. */
static void test_flushes_without_owner(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm = io_host__add_vm(host, 100, "web", 7);

	io_host__add_device(host, "sdb", SDB, NULL);
	io_host__add_disk(vm, "root", SDA);
	add_growth(host, SDA, 0, 0, IO_FLUSH, 3);
	add_growth(host, SDB, 100, 7, IO_FLUSH, 5);
	make_rows(host, BY_VM);
	check_figures(find_row(host, IO_ROW_DISK, "root", IO_FLUSH), 3, 1003);
}

/* A row of all where there was more than one kind, and rows of other kinds if there were any. */
static void test_all(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm = io_host__add_vm(host, 100, "web", 7);
	const struct io_row *row;

	io_host__add_disk(vm, "root", SDA);
	add_growth(host, SDA, 100, 7, IO_READ, 10);
	add_growth(host, SDA, 100, 7, IO_WRITE, 20);
	add_growth(host, SDA, 100, 7, IO_DISCARD, 0); /* once upon a time */
	add_requests(&host->after, SDA, 100, 7, IO_OTHER, 0);
	host->after.io.block.flows.list[0].issued += 2;
	host->after.io.block.flows.list[1].issued += 1;
	make_rows(host, BY_VM);
	assert_int_equal(host->rows.count, 4);
	for (int op = IO_READ; op <= IO_DISCARD; op++)
		assert_int_equal(host->rows.list[op].op, op);
	row = &host->rows.list[3];
	assert_int_equal(row->op, IO_ALL);
	assert_int_equal(row->interval.requests, 30);
	assert_int_equal(row->total.requests, 3030);
	assert_int_equal(row->interval.issued, 33);
	assert_int_equal(row->in_flight, 3);
	assert_int_equal(io_row__layer(row, IO_QUEUE)->count, 30);
	assert_int_equal(latency__mean(io_row__layer(row, IO_QUEUE)), 2000);
	assert_true(row->spread_known[IO_QUEUE]);
	assert_string_equal(row->device, "sda");
	assert_string_equal(io_op__name(row->op), "all");
}

/* Rows are made anew, in memory that is there. */
static void test_again(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm;

	make_rows(host, BY_VM);
	assert_int_equal(host->rows.count, 0);
	vm = io_host__add_vm(host, 100, "web", 7);
	for (int i = 0; i < 20; i++) {
		char name[16];

		snprintf(name, sizeof(name), "d%d", i);
		io_host__add_disk(vm, name, 0);
	}
	for (int i = 0; i < 3; i++) {
		make_rows(host, BY_VM);
		assert_int_equal(host->rows.count, 40);
	}
	vm->vm->chosen = false;
	make_rows(host, BY_VM);
	assert_int_equal(host->rows.count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, io_host__open, io_host__close)
	const struct CMUnitTest tests[] = {
		TEST(test_disk),
		TEST(test_idle),
		TEST(test_other_figures),
		TEST(test_begins),
		TEST(test_begins_anew),
		TEST(test_attached_meanwhile),
		TEST(test_several_disks),
		TEST(test_stacked),
		TEST(test_stacked_alone),
		TEST(test_many_leaves),
		TEST(test_owners),
		TEST(test_ended),
		TEST(test_shared_and_chosen),
		TEST(test_flushes),
		TEST(test_flushes_without_owner),
		TEST(test_all),
		TEST(test_again),
	};

	return cmocka_run_group_tests_name("io_rows", tests, NULL, NULL);
}
