// SPDX-License-Identifier: GPL-2.0-only
/* How many cgroups are looked at to tell whether one is a VM's own: user/host/residency_cgroup.c.
 */
#include "base/units.h"
#include "fake_proc.h"
#include "host/residency_internal.h"
#include "unit.h"

#define PID 100
#define SCOPE "machine.slice/vm.scope"

static struct fake_proc proc, cgroups;

static int set_up(void **state)
{
	(void)state;
	fake_proc__open(&proc);
	fake_proc__open(&cgroups);
	fake_proc__add(&proc, PID, "vmm", 5, "vmm", NULL);
	fake_tree(&cgroups, "machine.slice/cgroup.procs", "1\n");
	fake_tree(&cgroups, SCOPE "/cgroup.procs", "100\n");
	fake_tree(&cgroups, SCOPE "/memory.numa_stat", "anon N0=1048576\nshmem N0=0\n");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fake_proc__close(&proc);
	fake_proc__close(&cgroups);
	return 0;
}

static int read_at(const char *cgroup)
{
	struct residency residency = { 0 };
	const struct residency_target target = { .proc = proc.path,
						 .cgroups = cgroups.path,
						 .cgroup = cgroup,
						 .pid = PID,
						 .memory.anon_bytes = 1048576 };

	return residency__read_cgroup(&residency, &target);
}

static void add_folders(const char *above, int count)
{
	char name[1100];

	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s/%d/cgroup.procs", above, i);
		fake_tree(&cgroups, name, "");
	}
}

/* A threaded child of each vCPU, on a large host. */
static void test_many(void **state)
{
	(void)state;
	add_folders(SCOPE, 1500);
	assert_int_equal(read_at("/" SCOPE), 0);
}

static void test_too_many(void **state)
{
	(void)state;
	add_folders(SCOPE, 2100);
	assert_int_equal(read_at("/" SCOPE), -EOPNOTSUPP);
}

/* Each level up is another walk: as many as may be in one are too many in all. */
static void test_deep(void **state)
{
	char name[1024] = SCOPE, file[1100];

	(void)state;
	for (int i = 0; i < 50; i++) {
		strcat(name, "/a");
		add_folders(name, 50);
		snprintf(file, sizeof(file), "%s/cgroup.procs", name);
		fake_tree(&cgroups, file, i == 49 ? "100\n" : "");
	}
	fake_tree(&cgroups, SCOPE "/cgroup.procs", "");
	snprintf(file, sizeof(file), "/%s", name);
	assert_int_equal(read_at(file), -EOPNOTSUPP);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_many),
		TEST(test_too_many),
		TEST(test_deep),
	};

	return cmocka_run_group_tests_name("residency_bounds", tests, NULL, NULL);
}
