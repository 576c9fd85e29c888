// SPDX-License-Identifier: GPL-2.0-only
/* What is looked at again of VMs that seem unchanged, and when. */
#include "io_vms_host.h"

#define REST (60 * SEC)
#define NEVER UINT64_MAX

static const char drive[] = "|-drive|if=virtio,format=raw,id=root,file=";

static void rest(struct fixture *fixture)
{
	fixture->vms.rest_ns = REST;
	fake_proc__add(&fixture->proc, (uint32_t)getpid(), "kvmqd", 1, NULL, NULL);
	fake_proc__add_fd(&fixture->proc, (uint32_t)getpid(), 3, "/dev/null");
}

/* A VM with a disk in a file of the folder. */
static void add_vm_with_disk(struct fixture *fixture, uint32_t pid, const char *name)
{
	char text[400];

	fake_tree(&fixture->proc, name, "12345678");
	snprintf(text, sizeof(text), "%s%s", drive, fake_path(&fixture->proc, name));
	add_vm(fixture, pid, "web", "/", text);
	fake_proc__add_fd(&fixture->proc, pid, 12, fake_path(&fixture->proc, name));
	fake_proc__set_files(&fixture->proc, pid, 1);
}

static void add_to_cmdline(struct fixture *fixture, uint32_t pid)
{
	char text[] = "qemu|-hda|/a.raw|-hdb|/b.raw";

	for (size_t i = 0; i < sizeof(text); i++)
		if (text[i] == '|')
			text[i] = '\0';
	fake_file(&fixture->proc, pid, "cmdline", text, sizeof(text));
}

/* When the last look is over, whatever it cost on this machine. */
static void look(struct fixture *fixture, uint64_t whole_ns)
{
	const struct io_vms *vms = &fixture->vms;

	fixture->vms.whole_ns = whole_ns;
	fixture->now_ns = vms->rested_ns > vms->next_ns ? vms->rested_ns : vms->next_ns;
	assert_int_equal(io_vms__refresh(&fixture->vms, fixture->now_ns), 1);
}

static void look_at_changes(struct fixture *fixture)
{
	look(fixture, NEVER);
}

static void test_kept(void **state)
{
	struct fixture *fixture = *state;
	uint32_t id;

	rest(fixture);
	add_vm_with_disk(fixture, 100, "a.img");
	add_vm_with_disk(fixture, 200, "b.img");
	refresh(fixture);
	id = get(fixture, 100)->disks->list[0].id;
	add_to_cmdline(fixture, 100);
	look_at_changes(fixture);
	look_at_changes(fixture);
	assert_int_equal(fixture->vms.count, 2);
	assert_int_equal(get(fixture, 100)->disks->count, 1);
	assert_int_equal(get(fixture, 100)->disks->list[0].id, id);
	/* It has opened a file. */
	fake_proc__set_files(&fixture->proc, 100, 2);
	fixture->now_ns = fixture->vms.next_ns;
	assert_int_equal(io_vms__refresh(&fixture->vms, fixture->now_ns), 1);
	assert_int_equal(get(fixture, 100)->disks->count, 2);
	assert_int_equal(get(fixture, 200)->disks->count, 1);
	/* A whole look does not ask whether it seems unchanged. */
	add_to_cmdline(fixture, 200);
	look_at_changes(fixture);
	assert_int_equal(get(fixture, 200)->disks->count, 1);
	look(fixture, 0);
	assert_int_equal(get(fixture, 200)->disks->count, 2);
	assert_true(fixture->vms.whole_ns >= fixture->now_ns + REST);
	assert_int_equal(fixture->vms.rested_ns, fixture->now_ns + REST);
}

/* The file of a disk that was opened instead of another, and one that has become larger. */
static void test_same_number(void **state)
{
	struct fixture *fixture = *state;

	rest(fixture);
	add_vm_with_disk(fixture, 100, "a.img");
	refresh(fixture);
	assert_int_equal(get(fixture, 100)->disks->list[0].size_bytes, 8);
	fake_tree(&fixture->proc, "a.img", "123456789");
	look_at_changes(fixture);
	assert_int_equal(get(fixture, 100)->disks->list[0].size_bytes, 9);
	fake_tree(&fixture->proc, "new.img", "123456789");
	fake_proc__replace_fd(&fixture->proc, 100, 12, fake_path(&fixture->proc, "new.img"));
	fake_proc__set_files(&fixture->proc, 100, 1);
	add_to_cmdline(fixture, 100);
	look_at_changes(fixture);
	assert_int_equal(get(fixture, 100)->disks->count, 2);
}

/* Another process with the same PID, and one that has gone. */
static void test_another(void **state)
{
	struct fixture *fixture = *state;

	rest(fixture);
	add_vm_with_disk(fixture, 100, "a.img");
	add_vm_with_disk(fixture, 200, "b.img");
	refresh(fixture);
	fake_proc__remove(&fixture->proc, 100);
	add_vm_with_disk(fixture, 100, "c.img");
	add_to_cmdline(fixture, 100);
	fake_proc__set_files(&fixture->proc, 100, 2); /* a folder may get the number of another */
	fake_proc__remove(&fixture->proc, 200);
	look_at_changes(fixture);
	assert_int_equal(fixture->vms.count, 1);
	assert_int_equal(get(fixture, 100)->disks->count, 2);
}

/* Who comes into a VM's cgroup is seen, whatever else is as it was. */
static void test_cgroup(void **state)
{
	struct fixture *fixture = *state;

	rest(fixture);
	add_cgroup(fixture, "/a", "100\n");
	add_vm(fixture, 100, "web", "/a", "");
	fake_proc__set_files(&fixture->proc, 100, 1);
	refresh(fixture);
	assert_false(get(fixture, 100)->cgroup_of_others);
	look_at_changes(fixture);
	assert_string_equal(get(fixture, 100)->cgroup, "/a");
	assert_false(get(fixture, 100)->cgroup_of_others);
	fake_proc__add(&fixture->proc, 102, "bash", 1, "bash", "0::/a\n");
	add_cgroup(fixture, "/a", "100\n102\n");
	look_at_changes(fixture);
	assert_true(get(fixture, 100)->kept);
	assert_true(get(fixture, 100)->cgroup_of_others);
}

/* What there was no time for is not taken for known. */
static void test_left_out(void **state)
{
	struct fixture *fixture = *state;
	uint64_t budget_ns = fixture->vms.budget_ns;

	rest(fixture);
	add_vm_with_disk(fixture, 100, "a.img");
	fixture->vms.budget_ns = 0;
	refresh(fixture);
	assert_int_equal(get(fixture, 100)->disks->count, 0);
	assert_int_equal(fixture->vms.refusals.cut, 1);
	fixture->vms.budget_ns = budget_ns;
	look_at_changes(fixture);
	assert_int_equal(get(fixture, 100)->disks->count, 1);
	assert_int_equal(fixture->vms.refusals.cut, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_kept),   TEST(test_same_number), TEST(test_another),
		TEST(test_cgroup), TEST(test_left_out),
	};

	return cmocka_run_group_tests_name("io_vms_rest", tests, NULL, NULL);
}
