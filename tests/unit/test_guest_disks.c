// SPDX-License-Identifier: GPL-2.0-only
/* What a guest reports of its disks, from its own block layer and a tree like sysfs. */
#include "fake_proc.h"
#include "guests/guest_disks.h"
#include "unit.h"

struct fixture {
	struct fake_proc sys;
	struct devices *devices;
	struct block_snapshot block;
	struct guest_report *report;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fake_proc__open(&fixture->sys);
	fixture->devices = devices__new(fixture->sys.path);
	fixture->report = calloc(1, sizeof(*fixture->report));
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	devices__free(fixture->devices);
	block_snapshot__free(&fixture->block);
	free(fixture->report);
	fake_proc__close(&fixture->sys);
	free(fixture);
	return 0;
}

static void add_file(struct fixture *fixture, const char *disk, const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "block/%s/%s", disk, file);
	fake_tree(&fixture->sys, path, text);
}

static void add_disk(struct fixture *fixture, const char *name, unsigned int minor)
{
	char text[32];

	snprintf(text, sizeof(text), "254:%u\n", minor);
	add_file(fixture, name, "dev", text);
	add_file(fixture, name, "size", "2048\n");
	add_file(fixture, name, "mq/0", "");
	add_file(fixture, name, "queue/scheduler", "[mq-deadline] none\n");
}

static void add_flow(struct fixture *fixture, unsigned int minor, enum io_op op, uint64_t count)
{
	struct block_flow *flow = list_add(&fixture->block.flows);

	flow->dev = IO_DEV(254, minor);
	flow->op = op;
	flow->completed = count;
	flow->issued = count + 1;
	flow->bytes = count * 512;
	for (int layer = 0; layer < HOST_LAYERS; layer++)
		flow->layers[layer].count = count * 10 + (uint64_t)layer;
}

static const struct guest_report *fill(struct fixture *fixture)
{
	assert_int_equal(devices__read(fixture->devices), 0);
	guest_disks__fill(fixture->report, &fixture->block, fixture->devices, fixture->sys.path);
	return fixture->report;
}

static void test_flows(void **state)
{
	struct fixture *fixture = *state;
	const struct guest_disk *disk;

	add_disk(fixture, "vda", 0);
	add_disk(fixture, "vdb", 16);
	add_disk(fixture, "vdc", 32); /* makes no requests */
	add_flow(fixture, 0, IO_READ, 7);
	add_flow(fixture, 0, IO_FLUSH, 2);
	add_flow(fixture, 16, IO_WRITE, 5);
	add_flow(fixture, 16, IO_WRITE, 6);
	add_flow(fixture, 48, IO_WRITE, 1); /* has gone */
	assert_int_equal(fill(fixture)->disk_count, 2);
	disk = &fixture->report->disks[0];
	assert_string_equal(disk->name, "vda");
	assert_string_equal(disk->scheduler, "mq-deadline");
	assert_string_equal(disk->serial, "");
	assert_string_equal(disk->address, "");
	assert_int_equal(disk->size_bytes, 2048 * 512);
	assert_int_equal(disk->flows[IO_READ].requests, 7);
	assert_int_equal(disk->flows[IO_READ].bytes, 3584);
	assert_int_equal(disk->flows[IO_READ].layers[GUEST_QUEUE].count, 70 + HOST_QUEUE);
	assert_int_equal(disk->flows[IO_READ].layers[GUEST_DEVICE].count, 70 + HOST_DEVICE);
	assert_int_equal(disk->flows[IO_WRITE].requests, 0);
	assert_int_equal(disk->flows[IO_FLUSH].requests, 2);
	disk = &fixture->report->disks[1];
	assert_int_equal(disk->flows[IO_WRITE].requests, 11);
	assert_int_equal(disk->flows[IO_WRITE].layers[GUEST_QUEUE].count, 110 + 2 * HOST_QUEUE);
	/* Once more: counters are the snapshot's, and not a sum. */
	assert_int_equal(fill(fixture)->disk_count, 2);
	assert_int_equal(fixture->report->disks[0].flows[IO_READ].requests, 7);
	assert_int_equal(fixture->report->disks[1].flows[IO_WRITE].layers[GUEST_QUEUE].count,
			 110 + 2 * HOST_QUEUE);
}

static const char *serial_of(struct fixture *fixture, const char *file, const char *text)
{
	char path[512];

	add_disk(fixture, "sda", 0);
	add_file(fixture, "sda", file, text);
	block_snapshot__clear(&fixture->block);
	add_flow(fixture, 0, IO_READ, 1);
	memset(fixture->report, 0, sizeof(*fixture->report));
	fill(fixture);
	snprintf(path, sizeof(path), "%s/block/sda/%s", fixture->sys.path, file);
	assert_int_equal(unlink(path), 0);
	return fixture->report->disks[0].serial;
}

static void test_serials(void **state)
{
	struct fixture *fixture = *state;
	char path[PATH_MAX];
	FILE *file;

	assert_string_equal(serial_of(fixture, "serial", "root-1"), "root-1");
	assert_string_equal(serial_of(fixture, "device/serial", "  NVME 42   \n"), "NVME 42");
	assert_string_equal(serial_of(fixture, "serial", ""), "");
	add_file(fixture, "sda", "serial", "");
	assert_string_equal(serial_of(fixture, "device/serial", "next"), "next");
	assert_string_equal(serial_of(fixture, "serial",
				      "a\tb\x7f\xc3\xa4"
				      "c"),
			    "abc");
	assert_int_equal(strlen(serial_of(fixture, "serial",
					  "0123456789012345678901234567890123456789"
					  "0123456789012345678901234567890123456789")),
			 GUEST_TEXT_SIZE - 1);
	/* A page of four bytes and a text. */
	snprintf(path, sizeof(path), "%s/block/sda/device/vpd_pg80", fixture->sys.path);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite("\0\x80\0\x06 disk1", 1, 10, file), 10);
	fclose(file);
	memset(fixture->report, 0, sizeof(*fixture->report));
	assert_string_equal(fill(fixture)->disks[0].serial, "disk1");
	/* And one of four bytes alone. */
	file = fopen(path, "we");
	assert_int_equal(fwrite("\0\x80\0\0", 1, 4, file), 4);
	fclose(file);
	memset(fixture->report, 0, sizeof(*fixture->report));
	assert_string_equal(fill(fixture)->disks[0].serial, "");
}

static void link_device(struct fixture *fixture, const char *disk, const char *way)
{
	char path[512], target[512], *made;

	snprintf(path, sizeof(path), "devices/%s/made", way);
	fake_tree(&fixture->sys, path, "");
	snprintf(target, sizeof(target), "%s/devices/%s", fixture->sys.path, way);
	made = realpath(target, NULL);
	assert_non_null(made);
	snprintf(path, sizeof(path), "%s/block/%s/device", fixture->sys.path, disk);
	assert_int_equal(symlink(made, path), 0);
	free(made);
}

static void test_addresses(void **state)
{
	static const struct {
		const char *name, *way, *address;
	} disks[] = {
		{ "vda", "pci0000:00/0000:00:05.0/virtio2", "0000:00:05.0" },
		/* Behind a bridge it is the last one that counts. */
		{ "vdb", "pci0000:00/0000:00:02.1/0000:03:00.0/virtio3", "0000:03:00.0" },
		{ "sda", "pci0000:00/0000:00:1F.2/ata1/host0/target0:0:0/0:0:0:0", "0000:00:1F.2" },
		{ "vdf", "pci0000:00/0000:00:06.0/dead/virtio7", "0000:00:06.0" },
		{ "vdc", "platform/a003e00.virtio_mmio/virtio0", "" },
		{ "vdd", "pci0000:00/0000:00:0g.0/virtio5", "" },
		{ "vde", "pci0000:00/10000:00:05.0/virtio6", "" },
	};
	struct fixture *fixture = *state;
	const struct guest_report *report;

	for (unsigned int i = 0; i < ARRAY_SIZE(disks); i++) {
		add_disk(fixture, disks[i].name, i);
		link_device(fixture, disks[i].name, disks[i].way);
		add_flow(fixture, i, IO_READ, 1);
	}
	report = fill(fixture);
	assert_int_equal(report->disk_count, ARRAY_SIZE(disks));
	for (unsigned int i = 0; i < ARRAY_SIZE(disks); i++)
		assert_string_equal(report->disks[i].address, disks[i].address);
}

/* What is left out is counted, by disk. */
static void test_many(void **state)
{
	struct fixture *fixture = *state;
	const struct guest_report *report;
	char name[16];

	for (unsigned int i = 0; i < GUEST_DISKS_MAX + 3; i++) {
		snprintf(name, sizeof(name), "sd%u", i);
		add_disk(fixture, name, i);
		add_flow(fixture, i, IO_READ, i);
		add_flow(fixture, i, IO_WRITE, i);
	}
	report = fill(fixture);
	assert_int_equal(report->disk_count, GUEST_DISKS_MAX);
	assert_int_equal(report->disks_left_out, 3);
	assert_int_equal(report->losses, 0);
	assert_string_equal(report->disks[31].name, "sd31");
	fixture->block.flows.count = 4;
	report = fill(fixture);
	assert_int_equal(report->disks_left_out, 0);
}

/* A request to a stacked device is one to a leaf, too. */
static void test_stacked(void **state)
{
	struct fixture *fixture = *state;
	const struct guest_report *report;

	add_disk(fixture, "vda", 0);
	add_disk(fixture, "dm-0", 16);
	add_file(fixture, "dm-0", "slaves/vda", "");
	add_flow(fixture, 0, IO_READ, 1);
	add_flow(fixture, 16, IO_READ, 2);
	report = fill(fixture);
	assert_int_equal(report->disk_count, 1);
	assert_string_equal(report->disks[0].name, "vda");
	assert_int_equal(report->disks[0].flows[IO_READ].requests, 1);
}

static void test_losses(void **state)
{
	struct fixture *fixture = *state;

	add_disk(fixture, "vda", 0);
	fixture->block.losses = (struct block_losses){
		.events = 1, .flows = 10, .requests = 100, .early = 1000, .missed = 10000
	};
	assert_int_equal(fill(fixture)->losses, 10110);
	assert_int_equal(fixture->report->disk_count, 0);
}

/* Unplugged, and another one in its place. */
static void test_replaced(void **state)
{
	struct fixture *fixture = *state;
	const struct guest_report *report;
	char path[PATH_MAX];

	add_disk(fixture, "vda", 0);
	add_disk(fixture, "vdb", 16);
	add_file(fixture, "vdb", "serial", "one");
	add_flow(fixture, 0, IO_READ, 1);
	add_flow(fixture, 16, IO_READ, 2);
	assert_string_equal(fill(fixture)->disks[1].serial, "one");
	add_file(fixture, "vdb", "serial", "two");
	assert_string_equal(fill(fixture)->disks[1].serial, "one"); /* not asked again */
	add_file(fixture, "vdb", "size", "4096\n");
	assert_string_equal(fill(fixture)->disks[1].serial, "two");
	assert_int_equal(fixture->report->disks[1].size_bytes, 4096 * 512);
	snprintf(path, sizeof(path), "%s/block/vda", fixture->sys.path);
	nftw(path, fake_remove, 16, FTW_DEPTH | FTW_PHYS);
	report = fill(fixture);
	assert_int_equal(report->disk_count, 1);
	assert_string_equal(report->disks[0].name, "vdb");
	assert_int_equal(report->disks[0].flows[IO_READ].requests, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_flows),   TEST(test_serials), TEST(test_addresses), TEST(test_many),
		TEST(test_stacked), TEST(test_losses),	TEST(test_replaced),
	};

	return cmocka_run_group_tests_name("guest_disks", tests, NULL, NULL);
}
