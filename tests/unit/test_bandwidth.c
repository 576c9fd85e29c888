// SPDX-License-Identifier: GPL-2.0-only
/* Whose resctrl's groups are, and what they count: nothing twice, nothing half. */
#include "fake_proc.h"
#include "host/bandwidth.h"
#include "unit.h"

struct fixture {
	struct fake_proc proc, root;
	struct bandwidth_groups *groups;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fake_proc__open(&fixture->proc);
	fake_proc__open(&fixture->root);
	fixture->groups = bandwidth_groups__new(fixture->root.path, fixture->proc.path);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	bandwidth_groups__free(fixture->groups);
	fake_proc__close(&fixture->proc);
	fake_proc__close(&fixture->root);
	free(fixture);
	return 0;
}

static void add_thread(const struct fixture *fixture, uint32_t pid, uint32_t tid)
{
	char name[64], text[64];

	snprintf(text, sizeof(text), "Name:\tvmm\nTgid:\t%u\nPid:\t%u\n", pid, tid);
	snprintf(name, sizeof(name), "%u/status", tid);
	fake_tree(&fixture->proc, name, text);
	snprintf(name, sizeof(name), "%u/task/%u/comm", pid, tid);
	fake_tree(&fixture->proc, name, "vmm\n");
}

/* group ends with a slash, or is empty for the root. */
static void add_group(const struct fixture *fixture, const char *group, const char *tasks)
{
	char name[256];

	snprintf(name, sizeof(name), "%stasks", group);
	fake_tree(&fixture->root, name, tasks);
}

static void add_counters(const struct fixture *fixture, const char *group, const char *domain,
			 const char *total, const char *local)
{
	char name[256];

	snprintf(name, sizeof(name), "%smon_data/%s/mbm_total_bytes", group, domain);
	fake_tree(&fixture->root, name, total);
	snprintf(name, sizeof(name), "%smon_data/%s/mbm_local_bytes", group, domain);
	fake_tree(&fixture->root, name, local);
}

static struct bandwidth scan_and_read(const struct fixture *fixture, uint32_t pid)
{
	assert_int_equal(bandwidth_groups__scan(fixture->groups), 0);
	return bandwidth_groups__read(fixture->groups, pid);
}

static void two_vms(const struct fixture *fixture)
{
	add_thread(fixture, 100, 100);
	add_thread(fixture, 100, 101);
	add_thread(fixture, 200, 200);
	add_group(fixture, "", "1\n100\n101\n200\n");
	add_counters(fixture, "", "mon_L3_00", "9999\n", "9999\n");
	fake_tree(&fixture->root, "info/L3_MON/mon_features",
		  "llc_occupancy\nmbm_total_bytes\nmbm_local_bytes\n");
}

static void test_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct bandwidth bandwidth = scan_and_read(fixture, 100);

	assert_false(bandwidth.known);
	assert_false(bandwidth_groups__available(fixture->groups));
	bandwidth_groups__free(NULL);
}

static void test_available(void **state)
{
	struct fixture *fixture = *state;

	fake_tree(&fixture->root, "info/L3_MON/mon_features", "llc_occupancy\n");
	assert_false(bandwidth_groups__available(fixture->groups));
	fake_tree(&fixture->root, "info/L3_MON/mon_features",
		  "llc_occupancy\nmbm_total_bytes\nmbm_total_bytes_config\nmbm_local_bytes\n");
	assert_true(bandwidth_groups__available(fixture->groups));
}

/* The root's own figures are nobody's, even if it has one process alone. */
static void test_root(void **state)
{
	struct fixture *fixture = *state;

	two_vms(fixture);
	add_group(fixture, "", "100\n101\n");
	assert_false(scan_and_read(fixture, 100).known);
}

static void test_monitoring_groups(void **state)
{
	struct fixture *fixture = *state;
	struct bandwidth bandwidth;

	two_vms(fixture);
	add_group(fixture, "mon_groups/a/", "100\n");
	add_counters(fixture, "mon_groups/a/", "mon_L3_00", "1000\n", "600\n");
	add_counters(fixture, "mon_groups/a/", "mon_L3_01", "30\n", "10\n");
	add_counters(fixture, "mon_groups/a/", "mon_MB_00", "7\n", "7\n");
	add_group(fixture, "mon_groups/b/", "101\n");
	add_counters(fixture, "mon_groups/b/", "mon_L3_00", "5\n", "5\n");
	add_group(fixture, "mon_groups/c/", "200\n");
	add_counters(fixture, "mon_groups/c/", "mon_L3_00", "80\n", "0\n");
	bandwidth = scan_and_read(fixture, 100);
	assert_true(bandwidth.known);
	assert_int_equal(bandwidth.total_bytes, 1035);
	assert_int_equal(bandwidth.local_bytes, 615);
	bandwidth = bandwidth_groups__read(fixture->groups, 200);
	assert_true(bandwidth.known);
	assert_int_equal(bandwidth.total_bytes, 80);
	assert_int_equal(bandwidth.local_bytes, 0);
	assert_false(bandwidth_groups__read(fixture->groups, 300).known);
}

/* A control group's counters hold those of its monitoring groups. */
static void test_nested(void **state)
{
	struct fixture *fixture = *state;
	struct bandwidth bandwidth;

	two_vms(fixture);
	add_group(fixture, "web/", "100\n101\n");
	add_counters(fixture, "web/", "mon_L3_00", "500\n", "400\n");
	add_group(fixture, "web/mon_groups/vcpu0/", "101\n");
	add_counters(fixture, "web/mon_groups/vcpu0/", "mon_L3_00", "300\n", "300\n");
	bandwidth = scan_and_read(fixture, 100);
	assert_true(bandwidth.known);
	assert_int_equal(bandwidth.total_bytes, 500);
	assert_int_equal(bandwidth.local_bytes, 400);
}

/* Of a control group that VMs share, the monitoring groups tell. */
static void test_shared(void **state)
{
	struct fixture *fixture = *state;

	two_vms(fixture);
	add_group(fixture, "gold/", "100\n101\n200\n");
	add_counters(fixture, "gold/", "mon_L3_00", "500\n", "400\n");
	assert_false(scan_and_read(fixture, 100).known);
	add_group(fixture, "gold/mon_groups/web/", "100\n101\n");
	add_counters(fixture, "gold/mon_groups/web/", "mon_L3_00", "300\n", "200\n");
	assert_int_equal(scan_and_read(fixture, 100).total_bytes, 300);
	assert_false(bandwidth_groups__read(fixture->groups, 200).known);
	add_group(fixture, "gold/mon_groups/web/", "100\n101\n200\n");
	assert_false(scan_and_read(fixture, 100).known);
}

/* Threads that ended after the kernel listed them are nobody's; so is a group of none. */
static void test_gone(void **state)
{
	struct fixture *fixture = *state;

	two_vms(fixture);
	add_group(fixture, "mon_groups/a/", "98\n100\n99\n101\n");
	add_counters(fixture, "mon_groups/a/", "mon_L3_00", "7\n", "1\n");
	add_group(fixture, "mon_groups/empty/", "");
	add_counters(fixture, "mon_groups/empty/", "mon_L3_00", "7\n", "1\n");
	assert_int_equal(scan_and_read(fixture, 100).total_bytes, 7);
	assert_false(bandwidth_groups__read(fixture->groups, 0).known);
}

static void test_unavailable(void **state)
{
	static const char *const bad[] = { "Unavailable\n", "Error\n", "Unassigned\n", "" };
	struct fixture *fixture = *state;

	two_vms(fixture);
	add_group(fixture, "web/", "100\n");
	assert_false(scan_and_read(fixture, 100).known);
	add_counters(fixture, "web/", "mon_MB_00", "10\n", "10\n");
	assert_false(scan_and_read(fixture, 100).known);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		add_counters(fixture, "web/", "mon_L3_00", "10\n", "10\n");
		add_counters(fixture, "web/", "mon_L3_01", "10\n", "10\n");
		assert_true(scan_and_read(fixture, 100).known);
		add_counters(fixture, "web/", "mon_L3_01", bad[i], "10\n");
		assert_false(scan_and_read(fixture, 100).known);
		add_counters(fixture, "web/", "mon_L3_01", "10\n", bad[i]);
		assert_false(scan_and_read(fixture, 100).known);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_available, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_root, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_monitoring_groups, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nested, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_shared, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unavailable, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
