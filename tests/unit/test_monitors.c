// SPDX-License-Identifier: GPL-2.0-only
/* The sockets given with --qmp: whose they are, what they count, and how they end. */
#include "unit.h"

#include <errno.h>

#include "base/units.h"
#include "disks/monitors.h"
#include "fake_qmp.h"

#define D1 "/machine/peripheral/d1/virtio-backend"
#define D10 "/machine/peripheral/d10/virtio-backend"
#define DRIVE(device, qdev, node)                                                                  \
	"{\"device\": \"" device "\", \"qdev\": \"" qdev                                           \
	"\", \"inserted\": {\"node-name\": \"" node "\", \"image\": {\"filename\": \"/" node       \
	"\", \"format\": \"raw\"}}}"
#define STATS(device, qdev, node, stats)                                                           \
	"{\"device\": \"" device "\", \"qdev\": \"" qdev "\", \"node-name\": \"" node              \
	"\", \"stats\": {" stats "}}"
#define READS(number)                                                                              \
	"\"rd_operations\": " number ", \"rd_total_time_ns\": " number "0, \"rd_bytes\": " number  \
	"00"
#define OTHERS                                                                                     \
	", \"wr_operations\": 3, \"wr_total_time_ns\": 33, \"wr_bytes\": 333, "                    \
	"\"unmap_operations\": 2, \"unmap_total_time_ns\": 22, \"unmap_bytes\": 222, "             \
	"\"flush_operations\": 1, \"flush_total_time_ns\": 11"
#define ANSWER(first, second, third) "{\"return\": [" first ", " second ", " third "]}\r\n"

static const char drives[] =
	ANSWER(DRIVE("disk0", D1, "#block1"), DRIVE("", D10, "root"), DRIVE("old", "", "#block3"));
static const char stats[] =
	ANSWER(STATS("", D10, "elsewhere", READS("7") OTHERS),
	       STATS("disk0", "", "#block1", READS("5")), STATS("", "", "other", READS("9")));

struct fixture {
	struct io_vms vms;
	struct live_vm list[2];
	struct vm registry[2];
	struct disks disks[2];
	struct fake_answer answers[4];
	struct fake_qmp fake;
	struct monitors monitors;
	struct vmm_snapshot snapshot;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->vms = (struct io_vms){ .list = fixture->list, .count = 2 };
	for (size_t i = 0; i < 2; i++) {
		fixture->registry[i].pid = i ? (uint32_t)getpid() : 1;
		fixture->list[i] = (struct live_vm){ .vm = &fixture->registry[i],
						     .disks = &fixture->disks[i] };
	}
	fixture->answers[0] = (struct fake_answer){ "query-blockstats", NULL, stats };
	fixture->answers[1] = (struct fake_answer){ "query-block", NULL, drives };
	fixture->answers[2] =
		(struct fake_answer){ "\"x-query-virtio\"", NULL, "{\"return\": []}\r\n" };
	fixture->fake = (struct fake_qmp){ .greeting = FAKE_GREETING,
					   .answer = fake_qmp__look_up,
					   .context = fixture->answers };
	fake_qmp__open(&fixture->fake);
	fixture->monitors.list[0].path = fixture->fake.path;
	fixture->monitors.count = 1;
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	monitors__close(&fixture->monitors);
	fake_qmp__close(&fixture->fake);
	list_free(&fixture->snapshot.flows);
	disk_ids__free(&fixture->vms.disk_ids);
	for (size_t i = 0; i < 2; i++)
		disks__free(&fixture->disks[i]);
	free(fixture);
	return 0;
}

static const struct vmm_flow *find_in(const struct vmm_snapshot *snapshot, uint32_t disk,
				      enum io_op op)
{
	for (size_t i = 0; i < snapshot->flows.count; i++) {
		const struct vmm_flow *flow = &snapshot->flows.list[i];

		if (flow->vm_pid == (uint32_t)getpid() && flow->backend == VMM_BY_QMP &&
		    flow->disk == disk && flow->op == op)
			return flow;
	}
	return NULL;
}

static const struct vmm_flow *find(const struct fixture *fixture, uint32_t disk, enum io_op op)
{
	return find_in(&fixture->snapshot, disk, op);
}

static void check(const struct vmm_flow *flow, uint64_t count, uint64_t ns, uint64_t bytes)
{
	assert_non_null(flow);
	assert_int_equal(flow->latency.count, count);
	assert_int_equal(flow->latency.sum_ns, ns);
	assert_int_equal(flow->bytes, bytes);
}

/* Reads as if QEMU had counted nothing when it was asked first. */
static void read_all_of(struct fixture *fixture, struct vmm_snapshot *snapshot)
{
	struct monitor *monitor = &fixture->monitors.list[0];

	assert_int_equal(monitors__read(&fixture->monitors, &fixture->vms, snapshot), 0);
	for (size_t i = 0; i < monitor->bases.count; i++)
		monitor->bases.list[i].count = monitor->bases.list[i].sum_ns =
			monitor->bases.list[i].bytes = 0;
	vmm_snapshot__clear(snapshot);
	assert_int_equal(monitors__read(&fixture->monitors, &fixture->vms, snapshot), 0);
}

static void test_counts(void **state)
{
	struct fixture *fixture = *state;
	const struct monitor *monitor = &fixture->monitors.list[0];

	monitors__refresh(&fixture->monitors, &fixture->vms);
	assert_int_equal(monitor->error, 0);
	assert_int_equal(monitor->vm_pid, getpid());
	assert_int_equal(monitor->ring_count, 0);
	assert_string_equal(monitor->rings_missing,
			    "none of its disks has a split virtqueue in use");
	assert_ptr_equal(monitors__find(&fixture->monitors, (uint32_t)getpid()), monitor);
	assert_null(monitors__find(&fixture->monitors, 1));
	assert_int_equal(fixture->disks[1].count, 2);
	read_all_of(fixture, &fixture->snapshot);
	/* By qdev, which is no other's beginning; by device. */
	check(find(fixture, 1, IO_READ), 7, 70, 700);
	check(find(fixture, 1, IO_WRITE), 3, 33, 333);
	check(find(fixture, 1, IO_DISCARD), 2, 22, 222);
	check(find(fixture, 1, IO_FLUSH), 1, 11, 0);
	check(find(fixture, 0, IO_READ), 5, 50, 500);
	/* What QEMU does not tell is not 0, and what is of no disk is nobody's. */
	assert_null(find(fixture, 0, IO_WRITE));
	assert_int_equal(fixture->snapshot.flows.count, 5);
	/* Read again: added to what is there. */
	vmm_snapshot__clear(&fixture->snapshot);
	assert_int_equal(monitors__read(&fixture->monitors, &fixture->vms, &fixture->snapshot), 0);
	assert_int_equal(fixture->snapshot.flows.count, 5);
}

/* Two backends of one disk: its requests are not counted twice. */
static void test_twice(void **state)
{
	struct fixture *fixture = *state;

	fixture->answers[1].text = ANSWER(DRIVE("", "scsi0", "nodea"), DRIVE("", "scsi1", "nodeb"),
					  DRIVE("", "", "nodec"));
	fixture->answers[0].text =
		ANSWER(STATS("", "scsi0", "nodea", READS("1")),
		       STATS("", "scsi0", "nodea", READS("2")), STATS("", "", "nodec", READS("3")));
	monitors__refresh(&fixture->monitors, &fixture->vms);
	read_all_of(fixture, &fixture->snapshot);
	check(find(fixture, 0, IO_READ), 1, 10, 100);
	assert_int_equal(fixture->snapshot.flows.count, 1);
}

/* -blockdev gives no device, and a device of SCSI is called by its id. */
static void test_node_name(void **state)
{
	struct fixture *fixture = *state;

	fixture->answers[1].text = ANSWER(DRIVE("", "scsi0", "nodea"), DRIVE("", "scsi1", "nodeb"),
					  DRIVE("", "", "nodec"));
	fixture->answers[0].text =
		ANSWER(STATS("", "scsi1", "nodeb", READS("2")),
		       STATS("", "scsi0", "nodea", READS("1")), STATS("", "", "nodec", READS("3")));
	monitors__refresh(&fixture->monitors, &fixture->vms);
	read_all_of(fixture, &fixture->snapshot);
	check(find(fixture, 0, IO_READ), 1, 10, 100);
	check(find(fixture, 1, IO_READ), 2, 20, 200);
	assert_int_equal(fixture->snapshot.flows.count, 2);
}

/* A path is no other's beginning, and none is nobody's. */
static void test_paths(void **state)
{
	struct fixture *fixture = *state;
	struct disk *disks;

	monitors__refresh(&fixture->monitors, &fixture->vms);
	disks = fixture->disks[1].list;
	disks[0].drive[0] = disks[1].drive[0] = '\0';
	strcpy(disks[0].qom_path, "/machine/peripheral/d1");
	strcpy(disks[1].qom_path, "/machine/peripheral/d10");
	read_all_of(fixture, &fixture->snapshot);
	check(find(fixture, 1, IO_READ), 7, 70, 700);
	assert_int_equal(fixture->snapshot.flows.count, 4);
	disks[0].qom_path[0] = '\0';
	read_all_of(fixture, &fixture->snapshot);
	assert_int_equal(fixture->snapshot.flows.count, 4);
}

/* Its neighbour is unplugged: a disk's counters stay its own, and no new disk gets the other's. */
static void test_unplugged(void **state)
{
	struct fixture *fixture = *state;
	struct vmm_snapshot before = { 0 };
	const struct vmm_flow *flow;

	monitors__refresh(&fixture->monitors, &fixture->vms);
	read_all_of(fixture, &before);
	disk_ids__begin(&fixture->vms.disk_ids);
	fixture->answers[1].text = "{\"return\": [" DRIVE("", D10, "root") "]}\r\n";
	monitors__refresh(&fixture->monitors, &fixture->vms);
	assert_int_equal(fixture->disks[1].count, 1);
	read_all_of(fixture, &fixture->snapshot);
	flow = find(fixture, fixture->disks[1].list[0].id, IO_READ);
	check(flow, 7, 70, 700);
	check(find_in(&before, flow->disk, IO_READ), 7, 70, 700);
	/* One of the old name in the old place is another disk. */
	disk_ids__begin(&fixture->vms.disk_ids);
	fixture->answers[1].text = drives;
	monitors__refresh(&fixture->monitors, &fixture->vms);
	read_all_of(fixture, &fixture->snapshot);
	assert_null(find(fixture, 0, IO_READ));
	check(find(fixture, 1, IO_READ), 7, 70, 700);
	check(find(fixture, 2, IO_READ), 5, 50, 500);
	list_free(&before.flows);
}

static void read_again(struct fixture *fixture, const char *text)
{
	fixture->answers[0].text = text;
	vmm_snapshot__clear(&fixture->snapshot);
	assert_int_equal(monitors__read(&fixture->monitors, &fixture->vms, &fixture->snapshot), 0);
}

#define DISK0(number) "{\"return\": [" STATS("disk0", "", "#block1", READS(number)) "]}\r\n"

/* A tool shows what has come since it started, and QEMU may have counted for a year. */
static void test_since(void **state)
{
	struct fixture *fixture = *state;
	struct monitor *monitor = &fixture->monitors.list[0];

	monitors__refresh(&fixture->monitors, &fixture->vms);
	read_again(fixture, DISK0("500"));
	check(find(fixture, 0, IO_READ), 0, 0, 0);
	read_again(fixture, DISK0("507"));
	check(find(fixture, 0, IO_READ), 7, 70, 700);
	/* Not asked for a while: it goes on. */
	read_again(fixture, NULL);
	assert_null(monitor->qmp);
	fixture->answers[0].text = stats;
	fake_qmp__close(&fixture->fake);
	fake_qmp__open(&fixture->fake);
	disk_ids__begin(&fixture->vms.disk_ids);
	monitors__refresh(&fixture->monitors, &fixture->vms);
	read_again(fixture, DISK0("520"));
	check(find(fixture, 0, IO_READ), 20, 200, 2000);
	/* QEMU counts anew, and so does the tool. */
	read_again(fixture, DISK0("30"));
	check(find(fixture, 0, IO_READ), 0, 0, 0);
	read_again(fixture, DISK0("31"));
	check(find(fixture, 0, IO_READ), 1, 10, 100);
	/* Nothing is kept of a disk that has gone. */
	assert_int_equal(monitor->bases.count, 1);
	read_again(fixture, "{\"return\": []}\r\n");
	assert_int_equal(monitor->bases.count, 0);
}

/* Whatever else it answers, in types that are none of QEMU's. */
static void test_nonsense(void **state)
{
	struct fixture *fixture = *state;

	monitors__refresh(&fixture->monitors, &fixture->vms);
	fixture->answers[0].text =
		"{\"return\": [1, null, {}, {\"qdev\": 5, \"stats\": []}, "
		"{\"device\": \"disk0\"}, {\"device\": \"disk0\", \"stats\": "
		"{\"rd_operations\": \"7\", \"rd_total_time_ns\": 1, \"wr_operations\": 1, "
		"\"flush_total_time_ns\": 5}}]}\r\n";
	assert_int_equal(monitors__read(&fixture->monitors, &fixture->vms, &fixture->snapshot), 0);
	assert_int_equal(fixture->snapshot.flows.count, 0);
	fixture->answers[0].text = "{\"return\": 5}\r\n";
	assert_int_equal(monitors__read(&fixture->monitors, &fixture->vms, &fixture->snapshot), 0);
	assert_int_equal(fixture->snapshot.flows.count, 0);
	assert_non_null(fixture->monitors.list[0].qmp);
}

static void test_refuses(void **state)
{
	struct fixture *fixture = *state;

	monitors__refresh(&fixture->monitors, &fixture->vms);
	fixture->answers[0].text = "{\"error\": {\"class\": \"GenericError\", \"desc\": \"\"}}";
	assert_int_equal(monitors__read(&fixture->monitors, &fixture->vms, &fixture->snapshot), 0);
	assert_int_equal(fixture->monitors.list[0].error, -EOPNOTSUPP);
	assert_null(fixture->monitors.list[0].qmp);
}

/* An old QEMU's disks are known, its rings are not. */
static void test_no_rings(void **state)
{
	struct fixture *fixture = *state;
	const struct monitor *monitor = &fixture->monitors.list[0];

	fixture->answers[2] = (struct fake_answer){ NULL };
	monitors__refresh(&fixture->monitors, &fixture->vms);
	assert_int_equal(monitor->error, 0);
	assert_non_null(monitor->qmp);
	assert_string_equal(monitor->rings_missing, "QEMU does not tell where the rings are (7.2)");
	assert_int_equal(fixture->disks[1].count, 2);
}

/* It ends between two readings, and is tried again. */
static void test_dies(void **state)
{
	struct fixture *fixture = *state;
	struct monitor *monitor = &fixture->monitors.list[0];

	monitors__refresh(&fixture->monitors, &fixture->vms);
	monitor->ring_count = 3;
	fixture->answers[0].text = NULL; /* hangs up */
	assert_int_equal(monitors__read(&fixture->monitors, &fixture->vms, &fixture->snapshot), 0);
	assert_int_equal(fixture->snapshot.flows.count, 0);
	assert_null(monitor->qmp);
	assert_int_equal(monitor->ring_count, 0);
	assert_true(monitor->error < 0);
	assert_null(monitors__find(&fixture->monitors, (uint32_t)getpid()));
	/* Nobody is asked any more. */
	assert_int_equal(monitors__read(&fixture->monitors, &fixture->vms, &fixture->snapshot), 0);
	fake_qmp__close(&fixture->fake);
	monitors__refresh(&fixture->monitors, &fixture->vms);
	assert_int_equal(monitor->error, -ENOENT);
	fixture->answers[0].text = stats;
	fake_qmp__open(&fixture->fake);
	monitors__refresh(&fixture->monitors, &fixture->vms);
	assert_int_equal(monitor->error, 0);
	assert_int_equal(monitors__read(&fixture->monitors, &fixture->vms, &fixture->snapshot), 0);
	assert_int_equal(fixture->snapshot.flows.count, 5);
}

static const char *answer_late(void *context, const char *line)
{
	usleep(300000);
	return fake_qmp__look_up(context, line);
}

/* Each answer comes in time, and all of them do not: it is left alone for longer and longer. */
static void test_slow(void **state)
{
	struct fixture *fixture = *state;
	struct monitor *monitor = &fixture->monitors.list[0];
	uint64_t begin = clock_monotonic_ns();

	fixture->monitors.started = true;
	fixture->fake.answer = answer_late;
	monitors__refresh(&fixture->monitors, &fixture->vms);
	assert_in_range((clock_monotonic_ns() - begin) / NSEC_PER_MSEC, 900, 1900);
	assert_int_equal(monitor->error, -ETIMEDOUT);
	assert_null(monitor->qmp);
	fake_qmp__close(&fixture->fake);
	/* Not tried: nobody is there. */
	monitors__refresh(&fixture->monitors, &fixture->vms);
	assert_int_equal(monitor->error, -ETIMEDOUT);
	monitors__refresh(&fixture->monitors, &fixture->vms);
	assert_int_equal(monitor->error, -ENOENT);
	fake_qmp__open(&fixture->fake);
	monitors__refresh(&fixture->monitors, &fixture->vms);
	assert_int_equal(monitor->error, -ETIMEDOUT);
	for (int i = 0; i < 2; i++) {
		monitors__refresh(&fixture->monitors, &fixture->vms);
		assert_int_equal(monitor->error, -ETIMEDOUT);
	}
	/* Once it answers, nothing is held against it. */
	fake_qmp__close(&fixture->fake);
	fixture->fake.answer = fake_qmp__look_up;
	fake_qmp__open(&fixture->fake);
	monitors__refresh(&fixture->monitors, &fixture->vms);
	assert_int_equal(monitor->error, 0);
	assert_int_equal(monitor->late, 0);
}

/* Somebody waits for the first answers: they may take longer than any later ones. */
static void test_slow_start(void **state)
{
	struct fixture *fixture = *state;
	uint64_t begin = clock_monotonic_ns();

	fixture->fake.answer = answer_late;
	monitors__refresh(&fixture->monitors, &fixture->vms);
	assert_true((clock_monotonic_ns() - begin) / NSEC_PER_MSEC > 1000);
	assert_int_equal(fixture->monitors.list[0].error, 0);
	monitors__refresh(&fixture->monitors, &fixture->vms);
	assert_int_equal(fixture->monitors.list[0].error, -ETIMEDOUT);
}

/* Where the start has failed already, nobody waits for another one. */
static void test_fails_at_start(void **state)
{
	struct fixture *fixture = *state;
	struct monitor *list = fixture->monitors.list;

	list[1].path = fixture->fake.path;
	list[0].path = "/nonexistent/socket";
	fixture->monitors.count = 2;
	monitors__refresh(&fixture->monitors, &fixture->vms);
	assert_int_equal(list[0].error, -ENOENT);
	assert_null(list[1].qmp);
	monitors__refresh(&fixture->monitors, &fixture->vms);
	assert_int_equal(list[0].error, -ENOENT);
	assert_non_null(list[1].qmp);
}

static void test_dies_while_asked(void **state)
{
	struct fixture *fixture = *state;
	struct monitor *monitor = &fixture->monitors.list[0];

	monitor->ring_count = 3;
	fixture->answers[1].text = NULL;
	monitors__refresh(&fixture->monitors, &fixture->vms);
	assert_null(monitor->qmp);
	assert_true(monitor->error < 0);
	assert_int_equal(monitor->ring_count, 0);
}

/* The process at the other end is no VM, or none any more. */
static void test_wrong_process(void **state)
{
	struct fixture *fixture = *state;
	struct monitor *monitor = &fixture->monitors.list[0];

	monitors__refresh(&fixture->monitors, &fixture->vms);
	fixture->vms.count = 1;
	assert_int_equal(monitors__read(&fixture->monitors, &fixture->vms, &fixture->snapshot), 0);
	assert_int_equal(fixture->snapshot.flows.count, 0);
	monitors__refresh(&fixture->monitors, &fixture->vms);
	assert_int_equal(monitor->error, -ESRCH);
	assert_null(monitor->qmp);
	assert_int_equal(fixture->disks[0].count, 0);
}

static void test_no_socket(void **state)
{
	struct fixture *fixture = *state;
	struct monitor *second = &fixture->monitors.list[1];

	second->path = "/nonexistent/socket";
	fixture->monitors.count = 2;
	monitors__refresh(&fixture->monitors, &fixture->vms);
	assert_int_equal(second->error, -ENOENT);
	assert_int_equal(fixture->monitors.list[0].error, 0);
	monitors__close(&fixture->monitors);
	assert_null(fixture->monitors.list[0].qmp);
}

/* The VM's PID is another one's: that one's memory has no such rings. */
static void test_reused(void **state)
{
	struct fixture *fixture = *state;

	fixture->registry[1].start_ns = 7;
	monitors__refresh(&fixture->monitors, &fixture->vms);
	assert_int_equal(fixture->monitors.list[0].error, 0);
	assert_int_equal(fixture->monitors.list[0].vm_start_ns, 7);
	monitors__refresh(&fixture->monitors, &fixture->vms);
	assert_int_equal(fixture->monitors.list[0].error, 0);
	fixture->registry[1].start_ns = 8;
	monitors__refresh(&fixture->monitors, &fixture->vms);
	assert_int_equal(fixture->monitors.list[0].error, -ESRCH);
	assert_int_equal(fixture->monitors.list[0].vm_start_ns, 7);
	assert_int_equal(fixture->monitors.list[0].ring_count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_counts),	   TEST(test_twice),	 TEST(test_node_name),
		TEST(test_paths),	   TEST(test_nonsense),	 TEST(test_refuses),
		TEST(test_no_rings),	   TEST(test_dies),	 TEST(test_dies_while_asked),
		TEST(test_wrong_process),  TEST(test_no_socket), TEST(test_unplugged),
		TEST(test_slow),	   TEST(test_reused),	 TEST(test_slow_start),
		TEST(test_fails_at_start), TEST(test_since),
	};

	return cmocka_run_group_tests_name("monitors", tests, NULL, NULL);
}
