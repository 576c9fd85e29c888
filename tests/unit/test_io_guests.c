// SPDX-License-Identifier: GPL-2.0-only
/* What guests report, beside what the host has seen of their disks. */
#include "io_host.h"

static struct guest_report *new_report(uint64_t session, uint64_t sequence)
{
	struct guest_report *report = calloc(1, sizeof(*report));

	report->session = session;
	report->sequence = sequence;
	return report;
}

static struct guest_disk *add_disk(struct guest_report *report, const char *name, uint64_t reads)
{
	struct guest_disk *disk = &report->disks[report->disk_count++];
	struct guest_flow *flow = &disk->flows[IO_READ];

	snprintf(disk->name, sizeof(disk->name), "%s", name);
	flow->requests = reads;
	flow->bytes = reads * 1024;
	time_requests(&flow->layers[GUEST_QUEUE], reads, 500);
	time_requests(&flow->layers[GUEST_DEVICE], reads, 80000);
	return disk;
}

/* A guest that has made reads requests more in the interval. */
static void add_guest_growth(struct io_host *host, const char *name, uint64_t reads)
{
	struct guest *guest = &host->guests_before[0];

	guest->vm_pid = 100;
	guest->report = new_report(1, 7);
	add_disk(guest->report, name, 1000);
	guest = &host->guests_after[0];
	guest->vm_pid = 100;
	guest->received_ns = host->after.sched.time_ns - SEC / 2;
	guest->report = new_report(1, 8);
	add_disk(guest->report, name, 1000 + reads);
}

static struct guest_disk *guest_disk_of(struct io_host *host)
{
	return &host->guests_after[0].report->disks[0];
}

static void check_guest(const struct io_row *row, uint64_t reads)
{
	assert_non_null(row);
	assert_true(row->known[IO_GUEST_QUEUE] && row->known[IO_GUEST_DEVICE]);
	assert_true(row->spread_known[IO_GUEST_QUEUE] && row->spread_known[IO_GUEST_DEVICE]);
	assert_int_equal(io_row__layer(row, IO_GUEST_QUEUE)->count, reads);
	assert_int_equal(latency__mean(io_row__layer(row, IO_GUEST_QUEUE)), reads ? 500 : 0);
	assert_int_equal(io_row__layer(row, IO_GUEST_DEVICE)->count, reads);
	assert_int_equal(latency__mean(io_row__layer(row, IO_GUEST_DEVICE)), reads ? 80000 : 0);
}

static const struct io_row *make_read_row(struct io_host *host, const char *disk)
{
	make_rows(host, BY_VM);
	return find_row(host, IO_ROW_DISK, disk, IO_READ);
}

static void test_beside_the_host(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm = io_host__add_vm(host, 100, "web", 7);
	const struct io_row *row;

	snprintf(io_host__add_disk(vm, "root", SDA)->serial, DISK_NAME_SIZE, "one");
	add_growth(host, SDA, 100, 7, IO_READ, 6);
	add_guest_growth(host, "vda", 10);
	strcpy(guest_disk_of(host)->serial, "one");
	strcpy(host->guests_before[0].report->disks[0].serial, "one");
	strcpy(guest_disk_of(host)->scheduler, "bfq");
	host->guests_after[0].rejected = 3;
	row = make_read_row(host, "root");
	check_guest(row, 10);
	assert_int_equal(row->interval.requests, 6);
	assert_string_equal(io_row__guest_disk(row), "vda");
	assert_string_equal(row->guest->scheduler, "bfq");
	assert_string_equal(io_row__disk(row), "root");
	assert_int_equal(row->report_age_ns, SEC / 2);
	assert_int_equal(row->guest_rejected, 3);
	/* Its writes are known to be none; of other kinds there is no row. */
	row = find_row(host, IO_ROW_DISK, "root", IO_WRITE);
	check_guest(row, 0);
	assert_int_equal(host->rows.count, 2);
}

/* Where nobody else counts, the guest does. */
static void test_alone(void **state)
{
	struct io_host *host = *state;
	const struct io_row *row;

	io_host__add_disk(io_host__add_vm(host, 100, "web", 7), "root", 0);
	add_guest_growth(host, "vda", 10);
	guest_disk_of(host)->flows[IO_FLUSH].requests = 4;
	row = make_read_row(host, "root"); /* not the same by anything */
	assert_false(row->known[IO_GUEST_QUEUE] || row->figures_known);
	row = find_row(host, IO_ROW_GUEST, "vda", IO_READ);
	check_guest(row, 10);
	assert_true(row->figures_known && !row->on_host);
	assert_int_equal(row->interval.requests, 10);
	assert_int_equal(row->interval.bytes, 10240);
	assert_int_equal(row->total.requests, 1010);
	assert_int_equal(row->total.bytes, 1010 * 1024);
	assert_string_equal(io_row__vm(row), "web");
	assert_int_equal(find_row(host, IO_ROW_GUEST, "vda", IO_FLUSH)->total.requests, 4);
	row = find_row(host, IO_ROW_GUEST, "vda", IO_ALL);
	assert_int_equal(row->interval.requests, 14);
	assert_string_equal(io_row__guest_disk(row), "vda");
	assert_int_equal(host->rows.count, 6);
}

static void test_serial(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm = io_host__add_vm(host, 100, "web", 7);
	struct disk *a = io_host__add_disk(vm, "a", 0), *b = io_host__add_disk(vm, "b", 0);

	add_guest_growth(host, "vda", 10);
	strcpy(a->serial, "one");
	strcpy(a->address, "00:05.0");
	a->size_bytes = guest_disk_of(host)->size_bytes = 1 << 20;
	strcpy(b->serial, "two");
	strcpy(guest_disk_of(host)->address, "0000:00:05.0");
	strcpy(guest_disk_of(host)->serial, "two"); /* before address and size */
	assert_non_null(make_read_row(host, "b"));
	assert_true(find_row(host, IO_ROW_DISK, "b", IO_READ)->known[IO_GUEST_QUEUE]);
	assert_false(find_row(host, IO_ROW_DISK, "a", IO_READ)->known[IO_GUEST_QUEUE]);
}

/* 20 bytes of a UUID reach the guest; what is shorter and begins alike is another one. */
static void test_long_serial(void **state)
{
	struct io_host *host = *state;
	struct disk *disk = io_host__add_disk(io_host__add_vm(host, 100, "web", 7), "root", 0);

	add_guest_growth(host, "vda", 10);
	strcpy(disk->serial, "3f2a6c1e-90b4-4d7e-8a51-7c0de0f1a2b3");
	strcpy(guest_disk_of(host)->serial, "3f2a6c1e-90b4-4d7e-8");
	assert_true(make_read_row(host, "root")->known[IO_GUEST_QUEUE]);
	strcpy(guest_disk_of(host)->serial, "3f2a6c1e-90b4-4d7e-");
	assert_false(make_read_row(host, "root")->known[IO_GUEST_QUEUE]);
	strcpy(guest_disk_of(host)->serial, "3f2a6c1e-90b4-4d7e-8b"); /* has room for more */
	assert_false(make_read_row(host, "root")->known[IO_GUEST_QUEUE]);
	strcpy(guest_disk_of(host)->serial, "3f2a6c1e-90b4-4d7e-9");
	assert_false(make_read_row(host, "root")->known[IO_GUEST_QUEUE]);
}

static void test_address(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm = io_host__add_vm(host, 100, "web", 7);
	struct disk *disk;

	io_host__add_disk(vm, "none", 0)->size_bytes = 4096; /* its address is not known */
	disk = io_host__add_disk(vm, "root", 0);
	strcpy(disk->address, "01:05.0");
	add_guest_growth(host, "vda", 10);
	guest_disk_of(host)->size_bytes = 4096;
	strcpy(guest_disk_of(host)->address, "0000:01:05.0"); /* before size */
	assert_true(make_read_row(host, "root")->known[IO_GUEST_QUEUE]);
	strcpy(guest_disk_of(host)->address, "0000:02:05.0");
	assert_false(make_read_row(host, "root")->known[IO_GUEST_QUEUE]);
	strcpy(guest_disk_of(host)->address, "5.0");
	assert_false(make_read_row(host, "root")->known[IO_GUEST_QUEUE]);
}

/* Only the only one of its size, in the VMM and in the guest. */
static void test_size(void **state)
{
	struct io_host *host = *state;
	struct live_vm *vm = io_host__add_vm(host, 100, "web", 7);
	struct disk *a = io_host__add_disk(vm, "a", 0), *b = io_host__add_disk(vm, "b", 0);
	struct guest_disk *disk;

	add_guest_growth(host, "vda", 10);
	disk = guest_disk_of(host);
	assert_false(make_read_row(host, "a")->known[IO_GUEST_QUEUE]); /* of no size */
	a->size_bytes = disk->size_bytes = 1 << 20;
	b->size_bytes = 1 << 21;
	assert_true(make_read_row(host, "a")->known[IO_GUEST_QUEUE]);
	b->size_bytes = 1 << 20;
	assert_false(make_read_row(host, "a")->known[IO_GUEST_QUEUE]);
	b->size_bytes = 0;
	add_disk(host->guests_after[0].report, "vdb", 5)->size_bytes = 1 << 20;
	assert_false(make_read_row(host, "a")->known[IO_GUEST_QUEUE]);
	host->guests_after[0].report->disk_count = 1;
	/* The serial numbers say that they are two. */
	strcpy(a->serial, "one");
	assert_true(make_read_row(host, "a")->known[IO_GUEST_QUEUE]);
	strcpy(disk->serial, "two");
	assert_false(make_read_row(host, "a")->known[IO_GUEST_QUEUE]);
}

static struct guest_disk *set_up_sessions(struct io_host *host)
{
	struct disk *disk = io_host__add_disk(io_host__add_vm(host, 100, "web", 7), "root", 0);

	add_guest_growth(host, "vda", 10);
	disk->size_bytes = guest_disk_of(host)->size_bytes = 1 << 20;
	return guest_disk_of(host);
}

/* The guest's tool began anew, and so did its counters. */
static void test_session_restarts(void **state)
{
	struct io_host *host = *state;

	set_up_sessions(host)->flows[IO_READ].requests = 3;
	guest_disk_of(host)->flows[IO_READ].layers[GUEST_QUEUE].count = 3;
	host->guests_after[0].report->session = 2;
	make_read_row(host, "root");
	assert_int_equal(find_row(host, IO_ROW_DISK, "root", IO_READ)->interval.requests, 3);
}

/* It has counted for long: what of that is of the interval nobody knows. */
static void test_first_report(void **state)
{
	struct io_host *host = *state;
	const struct io_row *row;

	set_up_sessions(host);
	free(host->guests_before[0].report);
	host->guests_before[0].report = NULL;
	row = make_read_row(host, "root");
	assert_false(row->known[IO_GUEST_QUEUE] || row->figures_known);
	assert_string_equal(io_row__guest_disk(row), "vda");
	host->guests_before[0].vm_pid = 0;
	assert_false(make_read_row(host, "root")->known[IO_GUEST_QUEUE]);
	/* Its session's first is all that there is. */
	host->guests_after[0].report->sequence = 1;
	check_guest(make_read_row(host, "root"), 1010);
	/* Or the first that came here was kept. */
	host->guests_after[0].report->sequence = 9;
	host->guests_after[0].first = new_report(1, 4);
	add_disk(host->guests_after[0].first, "vda", 800);
	check_guest(make_read_row(host, "root"), 210);
	host->guests_after[0].first->session = 3;
	assert_false(make_read_row(host, "root")->known[IO_GUEST_QUEUE]);
}

/* A disk that was not in the report before has counted since. */
static void test_new_disk(void **state)
{
	struct io_host *host = *state;
	struct guest_disk *disk = set_up_sessions(host);

	strcpy(disk->name, "vdb");
	check_guest(make_read_row(host, "root"), 1010);
}

/* Nothing new has come: nothing was done, and the age says how long ago that was. */
static void test_silent(void **state)
{
	struct io_host *host = *state;

	set_up_sessions(host);
	free(host->guests_after[0].report);
	host->guests_after[0].report = new_report(1, 7);
	add_disk(host->guests_after[0].report, "vda", 1000)->size_bytes = 1 << 20;
	check_guest(make_read_row(host, "root"), 0);
	assert_int_equal(find_row(host, IO_ROW_DISK, "root", IO_READ)->report_age_ns, SEC / 2);
}

/* Behind the page cache the guest alone knows what its ring was full of. */
static void test_ring(void **state)
{
	struct io_host *host = *state;

	set_up_sessions(host);
	host->disks[0].list[0].direct = false;
	add_ring_growth(host, 100, 0, 0, 10);
	assert_int_equal(io_row__layer(make_read_row(host, "root"), IO_RING)->count, 10);
	guest_disk_of(host)->flows[IO_WRITE] = guest_disk_of(host)->flows[IO_READ];
	assert_false(make_read_row(host, "root")->known[IO_RING]);
}

static void test_nobody(void **state)
{
	struct io_host *host = *state;
	const struct io_row *row;

	set_up_sessions(host);
	host->guests_after[0].vm_pid = 200; /* no VM */
	row = make_read_row(host, "root");
	assert_false(row->known[IO_GUEST_QUEUE]);
	assert_int_equal(row->report_age_ns, 0);
	io_host__add_vm(host, 200, "db", 8)->vm->chosen = false;
	make_rows(host, BY_VM);
	assert_int_equal(host->rows.count, 2);
	/* Refused from the beginning: no report, and that is told. */
	host->guests_after[0].vm_pid = 100;
	free(host->guests_after[0].report);
	host->guests_after[0].report = NULL;
	host->guests_after[0].received_ns = 0;
	host->guests_after[0].rejected = 9;
	row = make_read_row(host, "root");
	assert_int_equal(row->guest_rejected, 9);
	assert_int_equal(row->report_age_ns, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, io_host__open, io_host__close)
	const struct CMUnitTest tests[] = {
		TEST(test_beside_the_host),  TEST(test_alone),	      TEST(test_serial),
		TEST(test_long_serial),	     TEST(test_address),      TEST(test_size),
		TEST(test_session_restarts), TEST(test_first_report), TEST(test_new_disk),
		TEST(test_silent),	     TEST(test_nobody),	      TEST(test_ring),
	};

	return cmocka_run_group_tests_name("io_guests", tests, NULL, NULL);
}
