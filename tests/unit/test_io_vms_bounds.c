// SPDX-License-Identifier: GPL-2.0-only
/* What one user's processes and cgroups take of a look at the VMs is his, and nobody else's. */
#include "io_vms_host.h"

#include "base/units.h"

#define CROWD 120
#define CROWD_UID 1000
#define VICTIM 4000
#define VICTIM_UID 2000

static void add_vm_of(struct fixture *fixture, uint32_t pid, uint32_t uid, const char *arguments)
{
	char text[64];

	fake_proc__add(&fixture->proc, pid, "qemu-system-x86", pid, arguments, "0::/vms/a\n");
	snprintf(text, sizeof(text), "Name:\tq\nUid:\t%u\t0\t0\t0\n", uid);
	fake_file(&fixture->proc, pid, "status", text, strlen(text));
	fake_proc__add_fd(&fixture->proc, pid, 9, "anon_inode:kvm-vm");
}

/* He has many, they come first, and each takes long. */
static void add_crowd(struct fixture *fixture)
{
	static char text[200000];
	char *end = stpcpy(text, "kvm") + 1;

	for (int i = 0; i < 1000; i++) {
		end = stpcpy(end, "-blockdev") + 1;
		end += sprintf(end, "{\"driver\":\"file\",\"file\":\"/none/%d\"}", i) + 1;
	}
	for (uint32_t pid = 100; pid < 100 + CROWD; pid++) {
		add_vm_of(fixture, pid, CROWD_UID, "kvm");
		fake_file(&fixture->proc, pid, "cmdline", text, (size_t)(end - text));
	}
}

static void test_shares(void **state)
{
	static const char disks[] = "qemu|-drive|if=virtio,file=a.raw,format=raw|-hdb|b.raw";
	struct fixture *fixture = *state;
	const struct live_vm *victim;
	char text[IO_MISSING_SIZE];
	uint64_t ns;

	add_crowd(fixture);
	add_vm_of(fixture, VICTIM, VICTIM_UID, disks);
	fixture->vms.budget_ns = 20 * NSEC_PER_MSEC;
	ns = clock_process_cpu_ns();
	assert_int_equal(io_vms__refresh(&fixture->vms, 1), 1);
	assert_in_range(clock_process_cpu_ns() - ns, 0, NSEC_PER_SEC);
	assert_int_equal(fixture->vms.count, CROWD + 1);
	victim = io_vms__find(&fixture->vms, VICTIM);
	assert_int_equal(victim->disks->count, 2);
	assert_in_range(fixture->vms.refusals.cut, 1, CROWD);
	assert_int_equal(fixture->vms.refusals.count, fixture->vms.refusals.cut);
	assert_int_equal(fixture->vms.refusals.uid, CROWD_UID);
	assert_false(fixture->vms.refusals.mixed);
	io_vms__missing(&fixture->vms, text, sizeof(text));
	assert_non_null(strstr(text, "processes of user 1000 could not be looked into: too many"));
}

/* Whoever is alone may take all of it. */
static void test_alone(void **state)
{
	struct fixture *fixture = *state;

	add_vm_of(fixture, VICTIM, VICTIM_UID, "qemu|-drive|if=virtio,file=a.raw,format=raw");
	add_vm_of(fixture, VICTIM + 1, VICTIM_UID, "qemu|-drive|if=virtio,file=a.raw,format=raw");
	assert_int_equal(io_vms__refresh(&fixture->vms, 1), 1);
	assert_int_equal(fixture->vms.refusals.count, 0);
	assert_int_equal(fixture->vms.list[0].disks->count, 1);
	assert_int_equal(fixture->vms.list[1].disks->count, 1);
}

/* Below a cgroup that is a user's own he may make as many as he likes: then others may be in one.
 */
static void test_cgroups(void **state)
{
	struct fixture *fixture = *state;
	char name[64];

	fake_tree(&fixture->cgroups, "vms/a/io.stat", "");
	fake_tree(&fixture->cgroups, "vms/a/cgroup.procs", "4000\n");
	add_vm_of(fixture, VICTIM, VICTIM_UID, "qemu");
	for (int i = 0; i < 2100; i++) {
		if (i == 1500) {
			assert_int_equal(io_vms__refresh(&fixture->vms, 1), 1);
			assert_false(io_vms__find(&fixture->vms, VICTIM)->cgroup_of_others);
		}
		snprintf(name, sizeof(name), "vms/a/%d/cgroup.procs", i);
		fake_tree(&fixture->cgroups, name, "");
	}
	assert_int_equal(io_vms__refresh(&fixture->vms, fixture->vms.next_ns), 1);
	assert_true(io_vms__find(&fixture->vms, VICTIM)->cgroup_of_others);
}

/* A chain of them is followed up no further than anybody's is long. */
static void test_chain(void **state)
{
	struct fixture *fixture = *state;
	char path[4096] = "0::", *end = path + 3;

	fake_tree(&fixture->cgroups, "a/io.stat", "");
	for (int i = 0; i < 1000; i++)
		end = stpcpy(end, "/a");
	strcpy(end, "\n");
	add_vm_of(fixture, VICTIM, VICTIM_UID, "qemu");
	fake_file(&fixture->proc, VICTIM, "cgroup", path, strlen(path));
	assert_int_equal(io_vms__refresh(&fixture->vms, 1), 1);
	assert_int_equal(io_vms__find(&fixture->vms, VICTIM)->cgroup_id, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_shares),
		TEST(test_alone),
		TEST(test_cgroups),
		TEST(test_chain),
	};

	return cmocka_run_group_tests_name("io_vms_bounds", tests, NULL, NULL);
}
