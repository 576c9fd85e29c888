// SPDX-License-Identifier: GPL-2.0-only
/* Whether the guest's requests are the host's, and what follows from it. */
#include "io_host.h"

/* Ten reads of a disk of its own, seen by the host and by the ring. */
static struct disk *add_one_to_one(struct io_host *host)
{
	struct disk *disk = io_host__add_disk(io_host__add_vm(host, 100, "web", 7), "root", SDA);

	add_growth(host, SDA, 100, 7, IO_READ, 100);
	add_ring_growth(host, 100, 0, 0, 100);
	return disk;
}

static enum io_apart apart_of(struct io_host *host)
{
	const struct io_row *row;
	uint64_t ns;

	make_rows(host, BY_VM);
	row = find_row(host, IO_ROW_DISK, "root", IO_READ);
	assert_non_null(row);
	if (row->apart != APART_NOT)
		assert_false(io_row__kavg(row, &ns));
	return row->apart;
}

static void test_not(void **state)
{
	struct io_host *host = *state;
	const struct io_row *row;
	uint64_t ns = 0;

	add_one_to_one(host);
	assert_int_equal(apart_of(host), APART_NOT);
	row = find_row(host, IO_ROW_DISK, "root", IO_READ);
	assert_true(io_row__kavg(row, &ns));
	assert_int_equal(ns, 67000);
}

static void test_unknown(void **state)
{
	struct io_host *host = *state;
	struct disk *disk = add_one_to_one(host);

	disk->backing = DISK_UNKNOWN;
	assert_int_equal(apart_of(host), APART_UNKNOWN);
	disk->backing = DISK_BLOCK;
	host->after.io.queues.flows.count = 0; /* nobody counts what the guest asks for */
	assert_int_equal(apart_of(host), APART_UNKNOWN);
	add_vmm_growth(host, 100, VMM_BY_QMP, 0, IO_READ, 100);
	assert_int_equal(apart_of(host), APART_NOT);
	host->after.io.block.flows.count = 0; /* nor the host */
	assert_int_equal(apart_of(host), APART_UNKNOWN);
}

/* Nothing came by since the start: the block layer has seen all of that, whoever counts, too. */
static void test_idle(void **state)
{
	struct io_host *host = *state;
	struct disk *disk = add_one_to_one(host);
	const struct io_row *row;

	host->before.io.block.flows.count = host->after.io.block.flows.count = 0;
	add_vmm(&host->before, 100, VMM_BY_QMP, 0, IO_READ, 0);
	add_vmm(&host->after, 100, VMM_BY_QMP, 0, IO_READ, 0);
	apart_of(host);
	row = find_row(host, IO_ROW_DISK, "root", IO_READ);
	assert_true(row->on_host && row->figures_known);
	assert_int_equal(row->total.requests, 0);
	/* From its cache nothing may ever come by. */
	disk->direct = false;
	apart_of(host);
	assert_false(find_row(host, IO_ROW_DISK, "root", IO_READ)->on_host);
	/* Where something came that the host has not seen, it is no zero. */
	disk->direct = true;
	host->after.io.vmm.flows.count = 0;
	add_vmm(&host->after, 100, VMM_BY_QMP, 0, IO_READ, 7);
	apart_of(host);
	row = find_row(host, IO_ROW_DISK, "root", IO_READ);
	assert_false(row->on_host);
	assert_int_equal(row->total.requests, 7);
}

/* What it stands on is not in sysfs. */
static void test_unknown_leaf(void **state)
{
	struct io_host *host = *state;
	struct disk *disk = add_one_to_one(host);

	io_host__add_device(host, "dm-0", DM0, "gone");
	disk->dev = DM0;
	host->before.io.block.flows.list[0].dev = host->after.io.block.flows.list[0].dev = DM0;
	assert_int_equal(apart_of(host), APART_UNKNOWN);
	assert_true(find_row(host, IO_ROW_DISK, "root", IO_READ)->on_host);
}

static void test_network(void **state)
{
	struct io_host *host = *state;
	struct disk *disk = add_one_to_one(host);

	disk->backing = DISK_NETWORK;
	assert_int_equal(apart_of(host), APART_NETWORK);
	disk->backing = DISK_FILE;
	disk->dev = 0;
	disk->no_device = true; /* on tmpfs */
	assert_int_equal(apart_of(host), APART_NETWORK);
}

/* That nobody can place a disk does not mean that it is on no device. */
static void test_unplaced(void **state)
{
	struct io_host *host = *state;
	struct disk *disk = add_one_to_one(host);

	disk->dev = 0;
	assert_int_equal(apart_of(host), APART_UNPLACED);
	disk->backing = DISK_FILE;
	assert_int_equal(apart_of(host), APART_UNPLACED);
	assert_string_equal(io_apart__name(APART_UNPLACED), "unplaced");
}

static void test_format_and_cache(void **state)
{
	struct io_host *host = *state;
	struct disk *disk = add_one_to_one(host);

	snprintf(disk->format, sizeof(disk->format), "qcow2");
	assert_int_equal(apart_of(host), APART_FORMAT);
	/* It may be anything then. */
	disk->format[0] = '\0';
	assert_int_equal(apart_of(host), APART_FORMAT);
	snprintf(disk->format, sizeof(disk->format), "raw");
	assert_int_equal(apart_of(host), APART_NOT);
	disk->direct = false;
	assert_int_equal(apart_of(host), APART_CACHED);
	disk->backing = DISK_VHOST_SCSI; /* which the kernel serves without a cache */
	assert_int_equal(apart_of(host), APART_NOT);
}

/* Wherever a path came from: what is shown of it is without secrets. */
static void test_path(void **state)
{
	struct io_host *host = *state;
	struct disk *disk = add_one_to_one(host);

	snprintf(disk->path, sizeof(disk->path), "https://u:secret@h/a?token=secret");
	make_rows(host, BY_VM);
	assert_string_equal(find_row(host, IO_ROW_DISK, "root", IO_READ)->disk->path,
			    "https://u:***@h/a?token=***");
}

static void test_shared(void **state)
{
	struct io_host *host = *state;
	struct disk *disk = add_one_to_one(host);

	io_host__add_device(host, "dm-0", DM0, "sda");
	io_host__add_disk(&host->list[0], "data", DM0);
	make_rows(host, BY_VM);
	assert_int_equal(find_row(host, IO_ROW_DISK, "root", IO_READ)->apart, APART_SHARED);
	/* Another VM's disk is no matter. */
	host->disks[0].count = 1;
	io_host__add_disk(io_host__add_vm(host, 200, "db", 8), "data", DM0);
	assert_int_equal(apart_of(host), APART_NOT);
	assert_string_equal(disk->name, "root");
}

/* Within 5 % and what is on its way. */
static void test_count(void **state)
{
	struct io_host *host = *state;
	struct virtqueue_flow *ring;

	add_one_to_one(host);
	ring = host->after.io.queues.flows.list;
	ring->requests += 6;
	assert_int_equal(apart_of(host), APART_NOT);
	ring->requests += 1; /* 107 above, 100 below: 5 and 1 are allowed */
	assert_int_equal(apart_of(host), APART_COUNT);
	host->after.io.block.flows.list[0].issued += 1;
	assert_int_equal(apart_of(host), APART_NOT);
	host->after.io.block.flows.list[0].issued -= 1;
	ring->requests -= 12; /* 95 and 100: 4 and 1 */
	assert_int_equal(apart_of(host), APART_NOT);
	ring->requests -= 1;
	assert_int_equal(apart_of(host), APART_COUNT);
}

/* Several disks on one device are no disk, and a device is nobody's. */
static void test_no_disk(void **state)
{
	struct io_host *host = *state;

	add_one_to_one(host);
	io_host__add_disk(&host->list[0], "data", SDA);
	make_rows(host, BY_VM);
	assert_int_equal(find_row(host, IO_ROW_VM, NULL, IO_READ)->apart, APART_UNKNOWN);
	make_rows(host, BY_DEVICE);
	assert_int_equal(find_row(host, IO_ROW_DEVICE, NULL, IO_READ)->apart, APART_UNKNOWN);
}

static void test_kavg(void **state)
{
	static const struct {
		uint64_t ring_count, ring_ns, device_count, device_ns;
		bool no_ring, no_device, known;
		uint64_t kavg_ns;
	} kavgs[] = {
		{ 2, 200, 4, 400, .known = true, .kavg_ns = 0 },
		{ 2, 200, 4, 404, .known = false }, /* less than nothing is not known */
		{ 2, 200, 0, 0, .known = false },
		{ 2, 200, 4, 40, .known = true, .kavg_ns = 90 },
		{ 2, 200, 4, 40, .no_ring = true },
		{ 2, 200, 4, 40, .no_device = true },
		{ 0, 0, 4, 0, .known = false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kavgs); i++) {
		struct latency ring = { .count = kavgs[i].ring_count, .sum_ns = kavgs[i].ring_ns };
		struct latency device = { .count = kavgs[i].device_count,
					  .sum_ns = kavgs[i].device_ns };
		struct io_row row = { .known = { [IO_RING] = !kavgs[i].no_ring,
						 [IO_DEVICE] = !kavgs[i].no_device },
				      .layers = { [IO_RING] = &ring, [IO_DEVICE] = &device } };
		uint64_t ns = 1;

		assert_int_equal(io_row__kavg(&row, &ns), kavgs[i].known);
		if (kavgs[i].known)
			assert_int_equal(ns, kavgs[i].kavg_ns);
	}
}

/* Each has its words, and no two the same. */
static void test_words(void **state)
{
	(void)state;
	assert_null(io_apart__name(APART_NOT));
	assert_null(io_apart__clause(APART_NOT));
	for (int i = APART_UNKNOWN; i < IO_APARTS; i++)
		for (int j = APART_UNKNOWN; j < i; j++) {
			assert_string_not_equal(io_apart__name((enum io_apart)i),
						io_apart__name((enum io_apart)j));
			assert_string_not_equal(io_apart__clause((enum io_apart)i),
						io_apart__clause((enum io_apart)j));
		}
	assert_string_equal(io_apart__name(APART_SHARED), "shared");
	assert_string_equal(io_apart__name(APART_CACHED), "cached");
	assert_string_equal(io_layer__key(IO_RING), "gavg");
	assert_string_equal(io_layer__key(IO_DEVICE), "d");
	assert_string_equal(io_layer__header(IO_GUEST_DEVICE), "gDEV");
	assert_string_equal(io_op__name(IO_FLUSH), "flush");
	assert_string_equal(io_op__name(IO_OTHER), "other");
	assert_string_equal(io_op__name(IO_ALL), "all");
}

/* By VM, by kind, disks in their order. */
static void test_order(void **state)
{
	struct io_host *host = *state;
	struct live_vm *web = io_host__add_vm(host, 100, "web", 7);
	struct live_vm *db = io_host__add_vm(host, 200, "db", 8);
	static const char *const wanted[] = { "web", "web", "web", "db", "db", "db", "unknown" };
	const struct io_row *rows;

	io_host__add_disk(web, "z", SDA);
	io_host__add_disk(db, "a", SDA);
	add_growth(host, SDA, 300, 0, IO_READ, 1);
	add_growth(host, SDB, 200, 8, IO_WRITE, 1);
	add_growth(host, SDB, 100, 7, IO_READ, 1);
	make_rows(host, BY_VM);
	rows = host->rows.list;
	assert_int_equal(host->rows.count, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		assert_string_equal(io_row__vm(&rows[i]), wanted[i]);
	assert_string_equal(io_row__disk(&rows[0]), "z");
	assert_int_equal(rows[0].op, IO_READ);
	assert_int_equal(rows[1].op, IO_WRITE);
	assert_int_equal(rows[2].kind, IO_ROW_VM);
	assert_string_equal(rows[2].device, "8:16");
	assert_int_equal(rows[5].kind, IO_ROW_VM);
}

/* What stays for people. */
static void test_drop_idle(void **state)
{
	struct io_host *host = *state;

	add_one_to_one(host);
	io_host__add_device(host, "sdb", SDB, NULL);
	io_host__add_disk(&host->list[0], "idle", SDB);
	make_rows(host, BY_VM);
	io_rows__drop_idle(&host->rows);
	assert_int_equal(host->rows.count, 2);
	assert_true(find_row(host, IO_ROW_DISK, "root", IO_READ)->known[IO_RING]);
	assert_non_null(find_row(host, IO_ROW_DISK, "idle", IO_READ));
	/* Two kinds, and all. */
	add_growth(host, SDA, 100, 7, IO_WRITE, 3);
	make_rows(host, BY_VM);
	io_rows__drop_idle(&host->rows);
	assert_int_equal(host->rows.count, 4);
	assert_non_null(find_row(host, IO_ROW_DISK, "root", IO_ALL));
}

/* What the ring alone has seen, and of which kind is not known, stays in the row of all. */
static void test_drop_idle_ring(void **state)
{
	struct io_host *host = *state;
	struct disk *disk = add_one_to_one(host);
	const struct io_row *row;

	disk->direct = false; /* the read on the host need not be the guest's */
	make_rows(host, BY_VM);
	io_rows__drop_idle(&host->rows);
	assert_int_equal(host->rows.count, 2);
	row = find_row(host, IO_ROW_DISK, "root", IO_ALL);
	assert_int_equal(io_row__layer(row, IO_RING)->count, 100);
	assert_false(find_row(host, IO_ROW_DISK, "root", IO_READ)->known[IO_RING]);
	/* Nothing else, and no row that says 0 beside it. */
	host->before.io.block.flows.count = host->after.io.block.flows.count = 0;
	make_rows(host, BY_VM);
	io_rows__drop_idle(&host->rows);
	assert_int_equal(host->rows.count, 1);
	assert_int_equal(host->rows.list[0].op, IO_ALL);
	assert_int_equal(io_row__layer(&host->rows.list[0], IO_RING)->count, 100);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, io_host__open, io_host__close)
	const struct CMUnitTest tests[] = {
		TEST(test_not),
		TEST(test_idle),
		TEST(test_unknown),
		TEST(test_unknown_leaf),
		TEST(test_unplaced),
		TEST(test_network),
		TEST(test_format_and_cache),
		TEST(test_path),
		TEST(test_shared),
		TEST(test_count),
		TEST(test_no_disk),
		cmocka_unit_test(test_kavg),
		cmocka_unit_test(test_words),
		TEST(test_order),
		TEST(test_drop_idle),
		TEST(test_drop_idle_ring),
	};

	return cmocka_run_group_tests_name("io_finish", tests, NULL, NULL);
}
