// SPDX-License-Identifier: GPL-2.0-only
/* Which VMs there are, with which disks and cgroups, and whose their cgroups are. */
#include "io_vms_host.h"

#define KTHREAD 0x00200000U

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

/* So many files of long names make any file system's folder larger, as one does of the kernel's. */
static void open_files(struct fixture *fixture, uint32_t pid)
{
	char name[256], path[384];

	for (int i = 0; i < 400; i++) {
		snprintf(name, sizeof(name), "%0200d", i);
		snprintf(path, sizeof(path), "%u/fd/%s", pid, name);
		fake_tree(&fixture->proc, path, "");
	}
}

/* What seems unchanged is looked at when a file was opened, when told, and after its time. */
static void test_rest(void **state)
{
	struct fixture *fixture = *state;
	struct io_vms *vms = &fixture->vms;

	vms->rest_ns = 60 * SEC;
	add_vm(fixture, 100, "web", "/", "");
	assert_int_equal(io_vms__refresh(vms, 100 * SEC), 1);
	assert_int_equal(io_vms__refresh(vms, 150 * SEC), 0);
	assert_int_equal(vms->count, 1);
	assert_int_equal(io_vms__refresh(vms, 160 * SEC), 1);
	io_vms__look_again(vms);
	assert_int_equal(io_vms__refresh(vms, 161 * SEC), 0); /* but not before it is due */
	assert_int_equal(io_vms__refresh(vms, 200 * SEC), 1);
	assert_int_equal(io_vms__refresh(vms, 250 * SEC), 0);
	open_files(fixture, 100);
	assert_int_equal(io_vms__refresh(vms, 251 * SEC), 1);
	assert_int_equal(io_vms__refresh(vms, 300 * SEC), 0);
	fake_proc__remove(&fixture->proc, 100);
	assert_int_equal(io_vms__refresh(vms, 301 * SEC), 1);
	assert_int_equal(vms->count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_finds),  TEST(test_no_controller), TEST(test_two_in_one),
		TEST(test_others), TEST(test_children),	     TEST(test_come_and_go),
		TEST(test_period), TEST(test_no_sysfs),	     TEST(test_filter),
		TEST(test_rest),
	};

	return cmocka_run_group_tests_name("io_vms", tests, NULL, NULL);
}
