// SPDX-License-Identifier: GPL-2.0-only
/* Where virtqueues are, by answers that QEMU 7.2 and 10.0 gave: user/disks/rings.c. */
#include "unit.h"

#include <errno.h>

#include "disks/rings.h"
#include "fake_qmp.h"

#define BLK0 "/machine/peripheral/virtio-disk0/virtio-backend"
#define BLK1 "/machine/peripheral-anon/device[0]/virtio-backend"
#define SCSI "/machine/peripheral/scsihw0/virtio-backend"

#define STATUS(transports, unknown)                                                                \
	"{\"return\": {\"device-endian\": \"little\", \"bus-name\": \"\", \"name\": "              \
	"\"virtio-blk\", \"started\": true, \"device-id\": 2, \"num-vqs\": 2, "                    \
	"\"guest-features\": {\"unknown-dev-features\": " unknown                                  \
	", \"dev-features\": [], \"transports\": [\"VIRTIO_RING_F_EVENT_IDX: Used & avail. "       \
	"event fields enabled\"" transports                                                        \
	"]}, \"host-features\": {\"transports\": [\"VIRTIO_F_RING_PACKED: x\"]}, "                 \
	"\"vhost-started\": false}}\r\n"

#define QUEUE(desc, avail, used, size)                                                             \
	"{\"return\": {\"signalled-used\": 900, \"inuse\": 0, \"name\": \"virtio-blk\", "          \
	"\"vring-align\": 4096, \"vring-desc\": " desc                                             \
	", \"signalled-used-valid\": true, \"vring-num-default\": 256, \"vring-avail\": " avail    \
	", \"queue-index\": 0, \"last-avail-idx\": 900, \"vring-used\": " used                     \
	", \"used-idx\": 900, \"shadow-avail-idx\": 900, \"vring-num\": " size "}}\r\n"

#define HVA(address)                                                                               \
	"{\"return\": \"Host virtual address for 0x1 (pc.ram) is " address "\\r\\n\"}\r\n"

#define ERROR                                                                                      \
	"{\"error\": {\"class\": \"GenericError\", \"desc\": \"Invalid virtqueue number 2\"}}\r\n"

/* The table that a test asks from: what it changes, then what is usual. */
#define TABLE_SIZE 32
static struct fake_answer table[TABLE_SIZE];
static struct disks disks;
static struct ring rings[RINGS_MAX];

static void add(const char *command, const char *argument, const char *text)
{
	struct fake_answer *answer = table;

	while (answer->command)
		answer++;
	assert_true(answer < table + TABLE_SIZE - 1);
	*answer = (struct fake_answer){ command, argument, text };
}

/* Two virtio-blk devices and a controller, with two queues each. */
static void add_usual(void)
{
	add("\"x-query-virtio\"", NULL,
	    "{\"return\": [{\"name\": \"virtio-blk\", \"path\": \"" BLK1
	    "\"}, {\"name\": \"virtio-scsi\", \"path\": \"" SCSI
	    "\"}, {\"name\": \"virtio-net\", \"path\": "
	    "\"/machine/peripheral/net0/virtio-backend\"}, "
	    "{\"name\": \"virtio-blk\", \"path\": \"" BLK0 "\"}]}\r\n");
	add("x-query-virtio-status", NULL, STATUS("", "1099511627776"));
	add("gpa2hva 0x247f002", NULL, HVA("0x7f4d8a27f002"));
	add("gpa2hva 0x247f242", NULL, HVA("0x7f4d8a27f242"));
	add("gpa2hva 0x247d002", NULL, HVA("0x7f4d8a27d002"));
	add("gpa2hva 0x247d242", NULL, HVA("0x7f4d8a27d242"));
	add("queue-status", "\"queue\":0", QUEUE("38264832", "38268928", "38269504", "256"));
	add("queue-status", "\"queue\":1", QUEUE("38256640", "38260736", "38261312", "128"));
	add("queue-status", SCSI "\",\"queue\":2", QUEUE("38264832", "38268928", "38269504", "64"));
	add("qom-get", "/machine/peripheral/scsi0\"",
	    "{\"return\": \"/machine/peripheral/scsihw0/virtio-backend/scsihw0.0\"}\r\n");
	add("qom-get", "/machine/peripheral/scsi1\"",
	    "{\"return\": \"/machine/peripheral/scsihw0/virtio-backend/scsihw0.0\"}\r\n");
}

static void add_disk(const char *qom_path)
{
	struct disk *disk = list_add(&disks);

	disk->id = (uint32_t)disks.count - 1;
	strcpy(disk->qom_path, qom_path);
}

static int set_up(void **state)
{
	(void)state;
	memset(table, 0, sizeof(table));
	list_clear(&disks);
	return 0;
}

static int ask_with(const char *(*answer)(void *context, const char *line))
{
	struct fake_qmp fake = { .greeting = FAKE_GREETING, .answer = answer, .context = table };
	struct qmp *qmp = NULL;
	int count;

	memset(rings, 0, sizeof(rings));
	fake_qmp__open(&fake);
	assert_int_equal(qmp__open(&qmp, fake.path, 3000), 0);
	count = rings__ask(rings, &disks, qmp);
	qmp__close(qmp);
	fake_qmp__close(&fake);
	return count;
}

static int ask(void)
{
	return ask_with(fake_qmp__look_up);
}

static void check(int index, uint32_t disk, uint32_t queue, uint32_t size, uint64_t avail,
		  uint64_t used)
{
	assert_int_equal(rings[index].disk, disk);
	assert_int_equal(rings[index].queue, queue);
	assert_int_equal(rings[index].size, size);
	assert_int_equal(rings[index].avail, avail);
	assert_int_equal(rings[index].used, used);
}

static void test_blk(void **state)
{
	(void)state;
	add_usual();
	add_disk("");
	add_disk(BLK0);
	assert_int_equal(ask(), 2);
	check(0, 1, 0, 256, 0x7f4d8a27f002, 0x7f4d8a27f242);
	check(1, 1, 1, 128, 0x7f4d8a27d002, 0x7f4d8a27d242);
	add_disk(BLK1);
	assert_int_equal(ask(), 4);
	assert_int_equal(rings[0].disk, 2);
	assert_int_equal(rings[2].disk, 1);
}

/* The first two queues of a controller carry no requests; one of two disks tells nothing. */
static void test_scsi(void **state)
{
	(void)state;
	add_usual();
	add_disk("/machine/peripheral/scsi0");
	assert_int_equal(ask(), 1);
	check(0, 0, 2, 64, 0x7f4d8a27f002, 0x7f4d8a27f242);
	add_disk("/machine/peripheral/scsi1");
	assert_int_equal(ask(), 0);
	add_disk(BLK0);
	assert_int_equal(ask(), 2);
	assert_int_equal(rings[0].disk, 2);
}

/* Rings that have no indices, or are not where their addresses say. */
static void test_unreadable(void **state)
{
	static const char *const statuses[] = {
		STATUS(", \"VIRTIO_F_RING_PACKED: Device supports packed VQ layout\"", "0"),
		STATUS("", "17179869184"),
		STATUS(", \"VIRTIO_F_IOMMU_PLATFORM: Device can be used on IOMMU platform\"", "0"),
		STATUS("", "8589934592"),
		"{\"return\": {\"device-endian\": \"big\"}}\r\n",
		"{\"return\": {}}\r\n",
		"{\"return\": 1}\r\n",
		ERROR,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		set_up(NULL);
		add("x-query-virtio-status", BLK0, statuses[i]);
		add_usual();
		add_disk(BLK0);
		add_disk(BLK1);
		assert_int_equal(ask(), 2);
		assert_int_equal(rings[0].disk, 1);
	}
}

/* A queue that is not set up, or whose memory is none, costs only itself. */
static void test_unused(void **state)
{
	static const char *const queues[] = {
		QUEUE("0", "0", "0", "256"),
		QUEUE("0", "4096", "8192", "256"),
		QUEUE("38264832", "0", "38269504", "256"),
		QUEUE("38264832", "38268928", "0", "256"),
		QUEUE("38264832", "38268928", "38269504", "0"),
		QUEUE("38264832", "38268928", "38269504", "65536"),
		QUEUE("38264832", "38268928", "-1", "256"),
		QUEUE("\"x\"", "[]", "{}", "null"),
		"{\"return\": []}\r\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(queues); i++) {
		set_up(NULL);
		add("queue-status", "\"queue\":0", queues[i]);
		add("gpa2hva 0x1\"", NULL,
		    "{\"return\": \"Memory at address 0x1 is not RAM\"}\r\n");
		add_usual();
		add_disk(BLK0);
		assert_int_equal(ask(), 1);
		assert_int_equal(rings[0].queue, 1);
	}
	set_up(NULL);
	add("gpa2hva 0x247f242", NULL, "{\"return\": 7}\r\n");
	add_usual();
	add_disk(BLK0);
	assert_int_equal(ask(), 1);
}

/* A disk has all of its rings or none, and no QEMU has queues without end. */
static void test_many(void **state)
{
	(void)state;
	add("queue-status", BLK1, QUEUE("38264832", "38268928", "38269504", "256"));
	add_usual();
	add_disk(BLK0);
	add_disk(BLK1);
	assert_int_equal(ask(), 2);
	assert_int_equal(rings[0].disk, 0);
	set_up(NULL);
	add("queue-status", BLK1, QUEUE("0", "0", "0", "0"));
	add_usual();
	add_disk(BLK1);
	assert_int_equal(ask(), 0);
}

static int asked; /* how often for the state of a device */

static const char *count_status(void *context, const char *line)
{
	asked += strstr(line, "x-query-virtio-status") != NULL;
	return fake_qmp__look_up(context, line);
}

/* One device that QEMU lists over and over is asked once. */
static void test_repeated(void **state)
{
	static char list[100000];
	char *end = stpcpy(list, "{\"return\": [");

	(void)state;
	for (int i = 0; i < 1000; i++)
		end += sprintf(end, "%s{\"name\": \"virtio-blk\", \"path\": \"" BLK0 "\"}",
			       i ? ", " : "");
	strcpy(end, "]}\r\n");
	add("\"x-query-virtio\"", NULL, list);
	add_usual();
	add_disk(BLK0);
	asked = 0;
	assert_int_equal(ask_with(count_status), 2);
	assert_int_equal(asked, 1);
}

static void test_errors(void **state)
{
	(void)state;
	add_disk(BLK0);
	assert_int_equal(ask(), -EOPNOTSUPP); /* before 7.2 */
	add("queue-status", "\"queue\":1", "garbage");
	add_usual();
	assert_int_equal(ask(), -EPROTO);
	set_up(NULL);
	add("gpa2hva", NULL, NULL);
	add_usual();
	add_disk(BLK0);
	assert_int_equal(ask(), -EPIPE);
	set_up(NULL);
	add("qom-get", NULL, NULL);
	add_usual();
	add_disk("/machine/peripheral/scsi0");
	assert_int_equal(ask(), -EPIPE);
	set_up(NULL);
	add("\"x-query-virtio\"", NULL, "{\"return\": [1, {}, {\"path\": \"\"}, {\"path\": []}]}");
	add_disk(BLK0);
	assert_int_equal(ask(), 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, set_up)
	const struct CMUnitTest tests[] = {
		TEST(test_blk),	 TEST(test_scsi),   TEST(test_unreadable), TEST(test_unused),
		TEST(test_many), TEST(test_errors), TEST(test_repeated),
	};

	return cmocka_run_group_tests_name("rings", tests, NULL, NULL);
}
