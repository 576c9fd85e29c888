// SPDX-License-Identifier: GPL-2.0-only
/* Block devices and what they stand on, in a folder that looks like /sys: user/disks/device.c. */
#include "unit.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include <linux/magic.h>

#include "disks/device.h"
#include "fake_proc.h"
#include "model/io.h"

static struct fake_proc sys;
static struct devices *devices;

/* A file of a device; the text gets a newline as sysfs has it. */
static void put(const char *device, const char *file, const char *text)
{
	char path[256], line[512];

	snprintf(path, sizeof(path), "block/%s/%s", device, file);
	snprintf(line, sizeof(line), "%s\n", text);
	fake_tree(&sys, path, line);
}

static void add_device(const char *name, const char *numbers, const char *sectors)
{
	put(name, "dev", numbers);
	put(name, "size", sectors);
	put(name, "removable", "0");
	put(name, "slaves/.keep", "");
}

static void add_queue(const char *name, const char *scheduler, const char *depth)
{
	put(name, "mq/0/cpu_list", "0");
	put(name, "queue/scheduler", scheduler);
	put(name, "queue/nr_requests", depth);
}

static void add_slave(const char *name, const char *slave)
{
	char path[64];

	snprintf(path, sizeof(path), "slaves/%s/dev", slave);
	put(name, path, "");
}

static int set_up(void **state)
{
	(void)state;
	fake_proc__open(&sys);
	add_device("sda", "8:0", "2097152");
	add_queue("sda", "none [mq-deadline] kyber bfq", "64");
	put("sda", "sda1/dev", "8:1");
	put("sda", "sda1/partition", "1");
	put("sda", "sda2/dev", "8:2");
	put("sda", "device/dev", "99:99"); /* as that of an NVMe disk leads to its controller */
	add_device("nvme0n1", "259:0", "1000");
	add_queue("nvme0n1", "[none] mq-deadline", "1023");
	put("nvme0n1", "nvme0n1p1/dev", "259:1");
	devices = devices__new(sys.path);
	assert_non_null(devices);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	devices__free(devices);
	fake_proc__close(&sys);
	return 0;
}

static const struct device *find(uint32_t major_number, uint32_t minor_number)
{
	return devices__find(devices, IO_DEV(major_number, minor_number));
}

/* The leaves as text, "sda nvme0n1"; "": not known. */
static const char *leaves(uint32_t major_number, uint32_t minor_number)
{
	static char text[128];
	const struct device *list[4];
	size_t count = devices__leaves(devices, IO_DEV(major_number, minor_number), list, 4);

	text[0] = '\0';
	for (size_t i = 0; i < count && i < 4; i++) {
		strcat(text, i ? " " : "");
		strcat(text, list[i]->name);
	}
	return text;
}

static void test_disks(void **state)
{
	const struct device *device;

	(void)state;
	assert_int_equal(devices__count(devices), 0);
	assert_null(find(8, 0));
	assert_int_equal(devices__read(devices), 0);
	assert_int_equal(devices__count(devices), 2);
	device = find(8, 0);
	assert_ptr_equal(device, devices__at(devices, 0));
	assert_int_equal(device->dev, IO_DEV(8, 0));
	assert_string_equal(device->name, "sda");
	assert_string_equal(device->scheduler, "mq-deadline");
	assert_int_equal(device->queue_depth, 64);
	assert_int_equal(device->size_bytes, 1ULL << 30);
	assert_false(device->bio_based);
	assert_string_equal(device->stacked_on, "");
	assert_int_equal(device->slave_count, 0);
	assert_string_equal(device->loop_file, "");
	assert_ptr_equal(find(8, 1), device);
	assert_ptr_equal(find(8, 2), device);
	assert_string_equal(find(259, 1)->name, "nvme0n1");
	assert_string_equal(find(259, 1)->scheduler, "none");
	assert_null(find(99, 99));
	assert_null(find(8, 3));
	assert_null(devices__find(devices, 0));
	assert_string_equal(leaves(8, 2), "sda");
	assert_string_equal(leaves(99, 99), "");
}

/* dm on a partition, md on dm and a disk, dm on md: each leaf counts once. */
static void test_stacks(void **state)
{
	const struct device *device;

	(void)state;
	add_device("dm-0", "253:0", "8");
	put("dm-0", "queue/scheduler", "none"); /* older kernels say so of any device */
	put("dm-0", "queue/nr_requests", "128");
	add_slave("dm-0", "sda2");
	add_device("md127", "9:127", "8");
	add_slave("md127", "dm-0");
	add_slave("md127", "nvme0n1p1");
	add_device("dm-1", "253:1", "8");
	add_slave("dm-1", "md127");
	add_slave("dm-1", "sda1");
	add_device("zram0", "254:0", "8");
	add_device("dm-2", "253:2", "8"); /* request-based: multipath */
	add_queue("dm-2", "[none]", "32");
	add_slave("dm-2", "sda");
	assert_int_equal(devices__read(devices), 0);
	device = find(253, 0);
	assert_true(device->bio_based);
	assert_string_equal(device->scheduler, "");
	assert_int_equal(device->queue_depth, 0);
	assert_string_equal(device->stacked_on, "sda2");
	assert_int_equal(device->slave_count, 1);
	assert_int_equal(device->slaves[0], IO_DEV(8, 0));
	assert_true(find(254, 0)->bio_based);
	assert_false(find(253, 2)->bio_based);
	assert_string_equal(find(9, 127)->stacked_on, "dm-0 nvme0n1p1");
	assert_string_equal(leaves(253, 0), "sda");
	assert_string_equal(leaves(9, 127), "nvme0n1 sda");
	assert_string_equal(leaves(253, 1), "sda nvme0n1");
	assert_string_equal(leaves(253, 2), "sda");
	assert_string_equal(leaves(254, 0), "zram0");
	/* Of something that has gone below, nothing is known but its name. */
	add_slave("dm-0", "sdz");
	assert_int_equal(devices__read(devices), 0);
	assert_string_equal(find(253, 0)->stacked_on, "sda2 sdz");
	assert_string_equal(leaves(253, 0), "");
	assert_string_equal(leaves(253, 1), "");
	assert_string_equal(leaves(253, 2), "sda");
}

/* Circles cannot be; and more slaves than there is room for are not known. */
static void test_broken_stacks(void **state)
{
	char name[32], dev[32];
	const struct device *list[2];

	(void)state;
	add_device("dm-0", "253:0", "8");
	add_device("dm-1", "253:1", "8");
	add_slave("dm-0", "dm-1");
	add_slave("dm-1", "dm-0");
	add_device("md0", "9:0", "8");
	add_device("md1", "9:1", "8");
	for (int i = 0; i <= DEVICE_SLAVES_MAX; i++) {
		snprintf(name, sizeof(name), "disk_of_a_raid%d", i);
		snprintf(dev, sizeof(dev), "66:%d", i);
		add_device(name, dev, "8");
		add_queue(name, "[none]", "8");
		add_slave("md1", name);
		if (i < DEVICE_SLAVES_MAX)
			add_slave("md0", name);
	}
	assert_int_equal(devices__read(devices), 0);
	assert_string_equal(leaves(253, 0), "");
	assert_int_equal(find(9, 0)->slave_count, DEVICE_SLAVES_MAX);
	assert_int_equal(strlen(find(9, 0)->stacked_on), sizeof(find(9, 0)->stacked_on) - 1);
	assert_int_equal(devices__leaves(devices, IO_DEV(9, 0), list, 2), DEVICE_SLAVES_MAX);
	assert_string_equal(list[1]->name, "disk_of_a_raid1");
	assert_int_equal(devices__leaves(devices, IO_DEV(9, 0), NULL, 0), DEVICE_SLAVES_MAX);
	assert_int_equal(devices__leaves(devices, IO_DEV(9, 1), list, 2), 0);
}

/* Makes a loop device of a file, and returns its leaves. */
static const char *loop_leaves(const char *path)
{
	put("loop0", "loop/backing_file", path);
	assert_int_equal(devices__read(devices), 0);
	assert_string_equal(find(7, 0)->loop_file, path);
	return leaves(7, 0);
}

/* This machine's own file systems stand in: the fake tree has the device of one of them. */
static void test_loop(void **state)
{
	char path[300], dev[32];
	struct stat stat_of;
	struct statfs fs;

	(void)state;
	add_device("loop0", "7:0", "8");
	add_queue("loop0", "[none]", "128");
	assert_int_equal(devices__read(devices), 0);
	assert_string_equal(leaves(7, 0), "loop0"); /* bound to nothing */
	assert_string_equal(loop_leaves("/nonexistent/a b"), "");
	assert_string_equal(loop_leaves("/gone (deleted)"), "");
	/* proc is no device's, and is not memory for files either. */
	assert_string_equal(loop_leaves("/proc/version"), "");
	fake_tree(&sys, "image", "x");
	snprintf(path, sizeof(path), "%s/image", sys.path);
	assert_int_equal(stat(path, &stat_of), 0);
	assert_int_equal(statfs(path, &fs), 0);
	if (fs.f_type == TMPFS_MAGIC) {
		assert_string_equal(loop_leaves(path), "loop0");
	} else if (major(stat_of.st_dev)) {
		assert_string_equal(loop_leaves(path), "");
		snprintf(dev, sizeof(dev), "%u:%u", major(stat_of.st_dev), minor(stat_of.st_dev));
		put("sda", "sda3/dev", dev);
		assert_string_equal(loop_leaves(path), "sda");
		assert_string_equal(find(7, 0)->stacked_on, "sda");
	}
	if (!statfs("/dev/shm", &fs) && fs.f_type == TMPFS_MAGIC) {
		snprintf(path, sizeof(path), "/dev/shm/kvmq-loop-%d", getpid());
		assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
		assert_string_equal(loop_leaves(path), "loop0");
		unlink(path);
	}
}

/* The paths of a multipath NVMe disk have no number; its head makes no requests. */
static void test_nvme_multipath(void **state)
{
	(void)state;
	add_device("nvme3n2", "259:7", "8");
	put("nvme3c1n2", "hidden", "1");
	put("nvme3c4n2", "hidden", "1");
	assert_int_equal(devices__read(devices), 0);
	assert_int_equal(devices__count(devices), 3);
	assert_true(find(259, 7)->bio_based);
	assert_string_equal(find(259, 7)->stacked_on, "nvme3c1n2 nvme3c4n2");
	assert_string_equal(leaves(259, 7), "");
	assert_string_equal(leaves(259, 0), "nvme0n1");
}

static void test_rereading(void **state)
{
	struct devices *none = devices__new("/nonexistent");
	char path[300];

	(void)state;
	assert_int_equal(devices__read(devices), 0);
	add_device("sdb", "8:16", "0");
	put("sdc", "dev", "garbage");
	fake_tree(&sys, "block/stray", "");
	assert_int_equal(devices__read(devices), 0);
	assert_int_equal(devices__count(devices), 3);
	snprintf(path, sizeof(path), "%s/block/sda/dev", sys.path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(devices__read(devices), 0);
	assert_int_equal(devices__count(devices), 2);
	assert_null(find(8, 1));
	assert_int_equal(devices__read(none), -ENOENT);
	assert_int_equal(devices__count(none), 0);
	devices__free(none);
	devices__free(NULL);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_disks), TEST(test_stacks),	     TEST(test_broken_stacks),
		TEST(test_loop),  TEST(test_nvme_multipath), TEST(test_rereading),
	};

	return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
