// SPDX-License-Identifier: GPL-2.0-only
/* Whose a request is: by its cgroup, its submitter, or its device and what stands on that. */
#include "io_vms_host.h"

#include <sys/sysmacros.h>

/* Whether a disk of the only VM stands on a leaf, as a view has it. */
static bool is_on(struct fixture *fixture, size_t disk, uint32_t leaf)
{
	struct io_view view = { 0 };
	bool found = false;

	for (size_t i = 0; i < fixture->vms.list[0].disks->count; i++)
		fixture->vms.list[0].disks->list[i].id = (uint32_t)i;
	assert_int_equal(io_vms__describe(&fixture->vms, &view), 0);
	for (size_t i = 0; i < view.leaves.count; i++)
		found |= view.leaves.list[i].disk == disk && view.leaves.list[i].dev == leaf;
	io_view__free(&view);
	return found;
}

/* By the cgroup, whatever else is said; then by the submitter; then by the device. */
static void test_order(void **state)
{
	struct fixture *fixture = *state;
	uint64_t id = add_cgroup(fixture, "/a", "100\n");
	struct block_flow flow = { .dev = SDA, .cgroup_id = id, .vm_pid = 200 };

	add_device(fixture, "sda", SDA, NULL);
	add_vm(fixture, 100, "web", "/a", "");
	add_vm(fixture, 200, "db", "/", "");
	add_vm(fixture, 300, "mail", "/", "");
	refresh(fixture);
	give_device(fixture, 300, SDA);
	check_owner(fixture, &flow, IO_OWNER_VM, 100);
	flow.cgroup_id = id + 100000;
	check_owner(fixture, &flow, IO_OWNER_VM, 200);
	flow.cgroup_id = 0;
	check_owner(fixture, &flow, IO_OWNER_VM, 200);
	flow.vm_pid = 0;
	check_owner(fixture, &flow, IO_OWNER_VM, 300);
	flow.dev = IO_DEV(8, 16);
	check_owner(fixture, &flow, IO_OWNER_HOST, 0);
	/* A VM's that is not known is not the host's. */
	flow.vm_pid = 999;
	check_owner(fixture, &flow, IO_OWNER_UNKNOWN, 0);
}

static uint32_t device_owner(struct fixture *fixture, uint32_t dev)
{
	const struct live_vm *vm;

	assert_int_equal(io_vms__find_owners(&fixture->vms), 0);
	vm = io_vms__device_owner(&fixture->vms, dev);
	return vm ? vm->vm->pid : 0;
}

static void test_devices(void **state)
{
	struct fixture *fixture = *state;

	add_device(fixture, "sda", SDA, NULL);
	add_device(fixture, "sdb", IO_DEV(8, 16), NULL);
	add_device(fixture, "dm-0", IO_DEV(253, 0), "sdb");
	add_device(fixture, "dm-1", IO_DEV(253, 1), "dm-0");
	add_device(fixture, "sdc", IO_DEV(8, 32), NULL);
	add_device(fixture, "dm-2", IO_DEV(253, 2), "sdc");
	add_device(fixture, "dm-3", IO_DEV(253, 3), "sdc");
	add_device(fixture, "sdd", IO_DEV(8, 48), NULL);
	add_device(fixture, "dm-4", IO_DEV(253, 4), "sdd");
	add_vm(fixture, 100, "web", "/", "");
	add_vm(fixture, 200, "db", "/", "");
	refresh(fixture);
	give_device(fixture, 100, SDA);
	give_device(fixture, 100, SDA); /* twice the same VM's is one VM's */
	give_device(fixture, 100, IO_DEV(253, 1));
	give_device(fixture, 100, IO_DEV(253, 2));
	give_device(fixture, 200, IO_DEV(8, 48));
	assert_int_equal(device_owner(fixture, SDA), 100);
	/* Through two that are stacked, one on the other. */
	assert_int_equal(device_owner(fixture, IO_DEV(8, 16)), 100);
	assert_int_equal(device_owner(fixture, IO_DEV(253, 0)), 100);
	assert_int_equal(device_owner(fixture, IO_DEV(253, 1)), 100);
	/* Another volume is on it. */
	assert_int_equal(device_owner(fixture, IO_DEV(8, 32)), 0);
	assert_int_equal(device_owner(fixture, IO_DEV(253, 2)), 100);
	/* The VM has it, and something else stands on it. */
	assert_int_equal(device_owner(fixture, IO_DEV(8, 48)), 0);
	give_device(fixture, 200, SDA);
	assert_int_equal(device_owner(fixture, SDA), 0);
	assert_int_equal(device_owner(fixture, IO_DEV(7, 7)), 0);
}

/* A file is not a device, whatever its file system is on; vhost-scsi's is one. */
static void test_backings(void **state)
{
	static const enum disk_backing backings[] = { DISK_UNKNOWN, DISK_FILE, DISK_NETWORK,
						      DISK_VHOST_USER };
	struct fixture *fixture = *state;
	struct disks *disks;

	add_device(fixture, "sda", SDA, NULL);
	add_vm(fixture, 100, "web", "/", "");
	refresh(fixture);
	give_device(fixture, 100, SDA);
	disks = get(fixture, 100)->disks;
	for (size_t i = 0; i < ARRAY_SIZE(backings); i++) {
		disks->list[0].backing = backings[i];
		assert_int_equal(device_owner(fixture, SDA), 0);
	}
	disks->list[0].backing = DISK_VHOST_SCSI;
	assert_int_equal(device_owner(fixture, SDA), 100);
}

/* A volume on a partition: the host's own file system may be on the next one. */
static void test_partition(void **state)
{
	struct fixture *fixture = *state;

	add_device(fixture, "sda", SDA, NULL);
	fake_tree(&fixture->sys, "block/sda/sda2/dev", "8:2\n");
	add_device(fixture, "dm-0", IO_DEV(253, 0), "sda2");
	add_vm(fixture, 100, "web", "/", "");
	refresh(fixture);
	give_device(fixture, 100, IO_DEV(253, 0));
	assert_int_equal(device_owner(fixture, IO_DEV(253, 0)), 100);
	assert_int_equal(device_owner(fixture, SDA), 0);
	assert_true(is_on(fixture, 0, SDA));
}

/* A loop device's file has a file system around it. */
static void test_loop(void **state)
{
	struct fixture *fixture = *state;
	char path[PATH_MAX];
	struct stat status;
	uint32_t dev;

	snprintf(path, sizeof(path), "%s/block/none", fixture->sys.path);
	assert_int_equal(stat(path, &status), 0);
	dev = IO_DEV(major(status.st_dev), minor(status.st_dev));
	add_device(fixture, "sda", dev, NULL);
	add_device(fixture, "loop0", IO_DEV(7, 0), NULL);
	fake_tree(&fixture->sys, "block/loop0/loop/backing_file", path);
	add_vm(fixture, 100, "web", "/", "");
	refresh(fixture);
	give_device(fixture, 100, IO_DEV(7, 0));
	assert_int_equal(device_owner(fixture, IO_DEV(7, 0)), 100);
	assert_int_equal(device_owner(fixture, dev), 0);
}

static void test_leaves(void **state)
{
	struct fixture *fixture = *state;

	add_device(fixture, "sda", SDA, NULL);
	add_device(fixture, "sdb", IO_DEV(8, 16), NULL);
	add_device(fixture, "dm-0", IO_DEV(253, 0), "sda");
	add_vm(fixture, 100, "web", "/", "");
	refresh(fixture);
	give_device(fixture, 100, IO_DEV(253, 0));
	give_device(fixture, 100, 0);
	assert_true(is_on(fixture, 0, SDA));
	assert_false(is_on(fixture, 0, IO_DEV(8, 16)));
	assert_false(is_on(fixture, 0, IO_DEV(253, 0)));
	assert_false(is_on(fixture, 1, 0));
}

/* Rings that stand on each other are no way up without end. */
static void test_circle(void **state)
{
	struct fixture *fixture = *state;

	add_device(fixture, "dm-0", IO_DEV(253, 0), "dm-1");
	add_device(fixture, "dm-1", IO_DEV(253, 1), "dm-0");
	refresh(fixture);
	assert_int_equal(device_owner(fixture, IO_DEV(253, 0)), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_order), TEST(test_devices), TEST(test_backings), TEST(test_partition),
		TEST(test_loop),  TEST(test_leaves),  TEST(test_circle),
	};

	return cmocka_run_group_tests_name("io_owners", tests, NULL, NULL);
}
