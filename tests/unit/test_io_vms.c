// SPDX-License-Identifier: GPL-2.0-only
/* Which VMs there are, with which disks and cgroups, and whose a request is. */
#include "disks/io_vms.h"

#include <sys/sysmacros.h>

#include "fake_proc.h"
#include "unit.h"

#define SEC 1000000000ULL
#define SDA IO_DEV(8, 0)
#define KTHREAD 0x00200000U

struct fixture {
	struct fake_proc proc, cgroups, sys;
	struct io_vms vms;
	bool opened;
	uint64_t now_ns;
};

static void open_vms(struct fixture *fixture, const struct vm_filter *filter)
{
	assert_int_equal(io_vms__init(&fixture->vms, fixture->proc.path, fixture->cgroups.path,
				      fixture->sys.path, filter),
			 0);
}

static int set_up(void **state)
{
	static const struct vm_filter all;
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fake_proc__open(&fixture->proc);
	fake_proc__open(&fixture->cgroups);
	fake_proc__open(&fixture->sys);
	fake_proc__add(&fixture->proc, 1, "init", 1, "init", NULL);
	fake_tree(&fixture->sys, "block/none", "");
	open_vms(fixture, &all);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	io_vms__free(&fixture->vms);
	fake_proc__close(&fixture->proc);
	fake_proc__close(&fixture->cgroups);
	fake_proc__close(&fixture->sys);
	free(fixture);
	return 0;
}

static void add_vm(struct fixture *fixture, uint32_t pid, const char *name, const char *cgroup,
		   const char *more)
{
	char arguments[512], text[256];

	snprintf(arguments, sizeof(arguments), "qemu-system-x86_64|-name|%s%s", name, more);
	snprintf(text, sizeof(text), "0::%s\n", cgroup);
	fake_proc__add(&fixture->proc, pid, "qemu-system-x86", pid, arguments, text);
	fake_proc__add_fd(&fixture->proc, pid, 9, "anon_inode:kvm-vm");
}

static void add_cgroup_file(struct fixture *fixture, const char *name, const char *text)
{
	fake_tree(&fixture->cgroups, name + 1, text);
}

/* Whose io controller is on. */
static uint64_t add_cgroup(struct fixture *fixture, const char *name, const char *procs)
{
	char path[512];
	struct stat status;

	snprintf(path, sizeof(path), "%s/io.stat", name);
	add_cgroup_file(fixture, path, "");
	snprintf(path, sizeof(path), "%s/cgroup.procs", name);
	add_cgroup_file(fixture, path, procs);
	snprintf(path, sizeof(path), "%s%s", fixture->cgroups.path, name);
	assert_int_equal(stat(path, &status), 0);
	return status.st_ino;
}

static void add_device(struct fixture *fixture, const char *name, uint32_t dev, const char *slave)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "block/%s/dev", name);
	snprintf(text, sizeof(text), "%u:%u\n", IO_DEV_MAJOR(dev), IO_DEV_MINOR(dev));
	fake_tree(&fixture->sys, path, text);
	if (!slave)
		return;
	snprintf(path, sizeof(path), "block/%s/slaves/%s", name, slave);
	fake_tree(&fixture->sys, path, "");
}

static void refresh(struct fixture *fixture)
{
	fixture->now_ns = fixture->vms.next_ns + SEC;
	assert_int_equal(io_vms__refresh(&fixture->vms, fixture->now_ns), 1);
}

static const struct live_vm *get(const struct fixture *fixture, uint32_t pid)
{
	const struct live_vm *vm = io_vms__find(&fixture->vms, pid);

	assert_non_null(vm);
	return vm;
}

static void give_device(const struct fixture *fixture, uint32_t pid, uint32_t dev)
{
	struct disks *disks = get(fixture, pid)->disks;

	*list_add(disks) = (struct disk){ .dev = dev, .backing = DISK_BLOCK };
}

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

static void check_owner(struct fixture *fixture, const struct block_flow *flow, enum io_owner owner,
			uint32_t pid)
{
	const struct live_vm *vm;

	assert_int_equal(io_vms__find_owners(&fixture->vms), 0);
	assert_int_equal(io_vms__owner(&fixture->vms, flow, &vm), owner);
	assert_int_equal(vm ? vm->vm->pid : 0, pid);
}

static void test_finds(void **state)
{
	struct fixture *fixture = *state;
	uint64_t id = add_cgroup(fixture, "/machine.slice/web", "100\n");

	add_vm(fixture, 200, "db", "/", "");
	add_vm(fixture, 100, "web", "/machine.slice/web/libvirt/emulator",
	       "|-drive|if=virtio,file=a.raw,format=raw,id=root");
	fake_proc__add(&fixture->proc, 300, "bash", 1, "bash", "0::/\n");
	refresh(fixture);
	assert_int_equal(fixture->vms.count, 2);
	assert_int_equal(fixture->vms.list[0].vm->pid, 100);
	assert_string_equal(get(fixture, 100)->vm->name, "web");
	assert_true(get(fixture, 100)->vm->chosen);
	assert_int_equal(get(fixture, 100)->disks->count, 1);
	assert_int_equal(get(fixture, 100)->cgroup_id, id);
	assert_string_equal(get(fixture, 100)->cgroup, "/machine.slice/web");
	assert_string_equal(get(fixture, 200)->vm->name, "db");
	assert_int_equal(get(fixture, 200)->cgroup_id, 0);
	assert_null(get(fixture, 200)->cgroup);
	assert_null(io_vms__find(&fixture->vms, 300));
}

/* The root's io.stat is that of all. */
static void test_no_controller(void **state)
{
	struct fixture *fixture = *state;

	add_cgroup_file(fixture, "/io.stat", "");
	add_cgroup_file(fixture, "/a/b/cgroup.procs", "100\n");
	add_vm(fixture, 100, "web", "/a/b", "");
	refresh(fixture);
	assert_int_equal(get(fixture, 100)->cgroup_id, 0);
	assert_null(get(fixture, 100)->cgroup);
}

static void test_two_in_one(void **state)
{
	struct fixture *fixture = *state;
	struct block_flow flow = { .dev = SDA };

	flow.cgroup_id = add_cgroup(fixture, "/vms", "100\n200\n");
	add_cgroup(fixture, "/own", "300\n");
	add_vm(fixture, 100, "web", "/vms", "");
	add_vm(fixture, 200, "db", "/vms", "");
	add_vm(fixture, 300, "mail", "/own", "");
	refresh(fixture);
	assert_true(get(fixture, 100)->cgroup_of_vms && get(fixture, 200)->cgroup_of_vms);
	assert_false(get(fixture, 300)->cgroup_of_vms || get(fixture, 300)->cgroup_of_others);
	check_owner(fixture, &flow, IO_OWNER_UNKNOWN, 100);
	flow.vm_pid = 200; /* whoever submits, and where its processes cannot be read */
	add_cgroup(fixture, "/vms", "");
	refresh(fixture);
	assert_true(get(fixture, 100)->cgroup_of_others);
	check_owner(fixture, &flow, IO_OWNER_UNKNOWN, 100);
	/* One that goes leaves it to the other. */
	fake_proc__remove(&fixture->proc, 100);
	add_cgroup(fixture, "/vms", "200\n");
	refresh(fixture);
	assert_false(get(fixture, 200)->cgroup_of_vms || get(fixture, 200)->cgroup_of_others);
	flow.vm_pid = 0;
	check_owner(fixture, &flow, IO_OWNER_VM, 200);
}

static void add_kernel_thread(struct fixture *fixture, uint32_t pid)
{
	char name[32], text[128];

	snprintf(name, sizeof(name), "%u/stat", pid);
	snprintf(text, sizeof(text),
		 "%u (vhost-100) S 2 0 0 0 -1 %u 0 0 0 0 0 0 0 0 20 0 1 0 5 0\n", pid, KTHREAD);
	fake_tree(&fixture->proc, name, text);
}

static void test_others(void **state)
{
	struct fixture *fixture = *state;
	struct block_flow flow = { .dev = SDA };

	flow.cgroup_id = add_cgroup(fixture, "/a", "100\n101\n");
	add_kernel_thread(fixture, 101);
	add_vm(fixture, 100, "web", "/a", "");
	refresh(fixture);
	assert_false(get(fixture, 100)->cgroup_of_others);
	check_owner(fixture, &flow, IO_OWNER_VM, 100);
	fake_proc__add(&fixture->proc, 102, "bash", 1, "bash", "0::/a\n");
	add_cgroup(fixture, "/a", "100\n101\n102\n");
	refresh(fixture);
	assert_true(get(fixture, 100)->cgroup_of_others);
	assert_false(get(fixture, 100)->cgroup_of_vms);
	check_owner(fixture, &flow, IO_OWNER_UNKNOWN, 100);
	/* It has the device, and the others may read it. */
	add_device(fixture, "sda", SDA, NULL);
	refresh(fixture);
	give_device(fixture, 100, SDA);
	check_owner(fixture, &flow, IO_OWNER_UNKNOWN, 100);
	/* Its own threads are known by their process. */
	flow.vm_pid = 100;
	check_owner(fixture, &flow, IO_OWNER_VM, 100);
}

/* libvirt's layout: threads in children, of which cgroup.procs cannot be read. */
static void test_children(void **state)
{
	struct fixture *fixture = *state;

	add_cgroup(fixture, "/m/web.scope", "100\n");
	add_cgroup_file(fixture, "/m/web.scope/libvirt/emulator/cgroup.threads", "100\n");
	add_cgroup_file(fixture, "/m/web.scope/libvirt/vcpu0/cgroup.threads", "104\n");
	add_vm(fixture, 100, "web", "/m/web.scope/libvirt/emulator", "");
	refresh(fixture);
	assert_string_equal(get(fixture, 100)->cgroup, "/m/web.scope");
	assert_false(get(fixture, 100)->cgroup_of_others);
	/* A process of its own, as deep. */
	add_cgroup_file(fixture, "/m/web.scope/libvirt/helper/cgroup.procs", "105\n");
	refresh(fixture);
	assert_true(get(fixture, 100)->cgroup_of_others);
	/* One beside the VM's cgroup is none in it. */
	add_cgroup_file(fixture, "/m/web.scope/libvirt/helper/cgroup.procs", "");
	add_cgroup_file(fixture, "/m/cgroup.procs", "106\n");
	add_cgroup_file(fixture, "/m/db.scope/cgroup.procs", "107\n");
	refresh(fixture);
	assert_false(get(fixture, 100)->cgroup_of_others);
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

static void test_come_and_go(void **state)
{
	struct fixture *fixture = *state;

	add_vm(fixture, 100, "web", "/", "");
	refresh(fixture);
	for (int i = 0; i < 5; i++) { /* more than the registry keeps those that have gone */
		refresh(fixture);
		assert_int_equal(fixture->vms.count, 1);
		assert_string_equal(get(fixture, 100)->vm->name, "web");
	}
	add_vm(fixture, 50, "db", "/", "");
	refresh(fixture);
	assert_int_equal(fixture->vms.list[0].vm->pid, 50);
	fake_proc__remove(&fixture->proc, 100);
	refresh(fixture);
	assert_int_equal(fixture->vms.count, 1);
	assert_null(io_vms__find(&fixture->vms, 100));
	/* Its PID is another one's now. */
	fake_proc__add(&fixture->proc, 100, "qemu-system-x86", 777, "qemu-system-x86_64|-name|new",
		       "0::/\n");
	fake_proc__add_fd(&fixture->proc, 100, 9, "anon_inode:kvm-vm");
	refresh(fixture);
	assert_string_equal(get(fixture, 100)->vm->name, "new");
	fake_proc__remove(&fixture->proc, 50);
	fake_proc__remove(&fixture->proc, 100);
	refresh(fixture);
	for (int i = 0; i < 3; i++)
		refresh(fixture);
	assert_null(vms__find(fixture->vms.registry, 50));
	assert_int_equal(fixture->vms.count, 0);
}

static void test_period(void **state)
{
	struct fixture *fixture = *state;
	uint64_t next;

	assert_int_equal(io_vms__refresh(&fixture->vms, 1000), 1);
	next = fixture->vms.next_ns;
	assert_true(next >= 1000 + 2 * SEC);
	add_vm(fixture, 100, "web", "/", "");
	assert_int_equal(io_vms__refresh(&fixture->vms, next - 1), 0);
	assert_int_equal(fixture->vms.count, 0);
	assert_int_equal(io_vms__refresh(&fixture->vms, next), 1);
	assert_int_equal(fixture->vms.count, 1);
}

static void test_no_sysfs(void **state)
{
	struct fixture *fixture = *state;
	char path[PATH_MAX];

	add_vm(fixture, 100, "web", "/", "");
	refresh(fixture);
	snprintf(path, sizeof(path), "%s/block", fixture->sys.path);
	nftw(path, fake_remove, 16, FTW_DEPTH | FTW_PHYS);
	assert_int_equal(io_vms__refresh(&fixture->vms, fixture->vms.next_ns), -ENOENT);
	assert_int_equal(fixture->vms.count, 0);
}

static void test_filter(void **state)
{
	static const char *const names[] = { "db" };
	static const struct vm_filter filter = { .names = names, .name_count = 1 };
	struct fixture *fixture = *state;

	io_vms__free(&fixture->vms);
	open_vms(fixture, &filter);
	add_vm(fixture, 100, "web", "/", "");
	add_vm(fixture, 200, "db", "/", "");
	refresh(fixture);
	/* The other one's requests must not be taken for anybody else's. */
	assert_false(get(fixture, 100)->vm->chosen);
	assert_true(get(fixture, 200)->vm->chosen);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_finds),	TEST(test_no_controller), TEST(test_two_in_one),
		TEST(test_others),	TEST(test_children),	  TEST(test_order),
		TEST(test_devices),	TEST(test_backings),	  TEST(test_partition),
		TEST(test_loop),	TEST(test_leaves),	  TEST(test_circle),
		TEST(test_come_and_go), TEST(test_period),	  TEST(test_no_sysfs),
		TEST(test_filter),
	};

	return cmocka_run_group_tests_name("io_vms", tests, NULL, NULL);
}
