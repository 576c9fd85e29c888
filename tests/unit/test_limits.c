// SPDX-License-Identifier: GPL-2.0-only
/* What the host's cgroups give a VM, and how much of its CPUs is used. */
#include "unit.h"

#include <unistd.h>

#include "fake_proc.h"
#include "host/host.h"
#include "host/limits.h"

static struct fake_proc proc;
static struct view view;
static struct kept_files files;

static int set_up(void **state)
{
	struct vm *vm;
	struct thread_snapshot *thread;

	(void)state;
	fake_proc__open(&proc);
	kept_files__init(&files);
	vm = list_add(&view.sched.vms);
	*vm = (struct vm){ .pid = 100, .start_ns = 7, .chosen = true };
	thread = list_add(&view.sched.threads);
	thread->identity = (struct identity){
		.id = 1, .vm_pid = 100, .vm_start_ns = 7, .tid = 103, .is_vcpu = true
	};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fake_proc__close(&proc);
	kept_files__free(&files);
	view__free(&view);
	return 0;
}

static void read_limits(void)
{
	char cgroups[512];

	snprintf(cgroups, sizeof(cgroups), "%s/groups", proc.path);
	assert_int_equal(limits__read(&view, &files, proc.path, cgroups), 0);
}

/* The vCPU's own cgroup counts, not that of the process; and those above, from the outermost. */
static void test_limits(void **state)
{
	const struct cgroup_limit *limits;

	(void)state;
	fake_tree(&proc, "100/cgroup", "0::/emulator\n");
	fake_tree(&proc, "103/cgroup", "0::/a.slice/vcpu0\n");
	fake_tree(&proc, "groups/a.slice/cpu.weight", "100\n");
	fake_tree(&proc, "groups/a.slice/cpu.max", "max 100000\n");
	fake_tree(&proc, "groups/a.slice/io.max", "8:0 rbps=1 wbps=max\n9:0 rbps=2\n");
	fake_tree(&proc, "groups/a.slice/vcpu0/cpu.weight", "10000\n");
	fake_tree(&proc, "groups/a.slice/vcpu0/cpu.max", "25000 50000\n");
	fake_tree(&proc, "groups/a.slice/vcpu0/cpu.stat",
		  "usage_usec 9\nnr_periods 5\nnr_throttled 3\nthrottled_usec 42\nburst_usec 1\n");
	read_limits();
	assert_int_equal(view.limits.count, 2);
	limits = view.limits.list;
	assert_string_equal(limits[0].path, "/a.slice");
	assert_int_equal(limits[0].depth, 1);
	assert_int_equal(limits[0].cpu_weight, 100);
	assert_true(limits[0].cpu_known);
	assert_int_equal(limits[0].quota_ns, 0);
	assert_string_equal(limits[0].io_max, "8:0 rbps=1 wbps=max;9:0 rbps=2");
	assert_string_equal(limits[1].path, "/a.slice/vcpu0");
	assert_int_equal(limits[1].depth, 2);
	assert_int_equal(limits[1].cpu_weight, 10000);
	assert_int_equal(limits[1].quota_ns, 25000000);
	assert_int_equal(limits[1].period_ns, 50000000);
	assert_int_equal(limits[1].periods, 5);
	assert_int_equal(limits[1].short_periods, 3);
	assert_int_equal(limits[1].throttled_ns, 42000);
	assert_string_equal(limits[1].io_max, "");
}

/* What two VMs have in common is read once, and is the same of both. */
static void test_in_common(void **state)
{
	struct vm *vm = list_add(&view.sched.vms);
	struct thread_snapshot *thread = list_add(&view.sched.threads);
	const struct cgroup_limit *limits;

	(void)state;
	*vm = (struct vm){ .pid = 200, .start_ns = 9, .chosen = true };
	thread->identity = (struct identity){
		.id = 2, .vm_pid = 200, .vm_start_ns = 9, .tid = 203, .is_vcpu = true
	};
	fake_tree(&proc, "103/cgroup", "0::/a.slice/one\n");
	fake_tree(&proc, "203/cgroup", "0::/a.slice/two\n");
	fake_tree(&proc, "groups/a.slice/cpu.weight", "300\n");
	fake_tree(&proc, "groups/a.slice/one/cpu.weight", "1\n");
	fake_tree(&proc, "groups/a.slice/two/cpu.weight", "2\n");
	read_limits();
	assert_int_equal(view.limits.count, 4);
	limits = view.limits.list;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(limits[2 * i].vm_pid, 100 * (i + 1));
		assert_int_equal(limits[2 * i].cpu_weight, 300);
		assert_int_equal(limits[2 * i + 1].vm_start_ns, 7 + 2 * i);
		assert_int_equal(limits[2 * i + 1].cpu_weight, i + 1);
	}
}

/* Not there, without the controllers, in the root, and not chosen. */
static void test_unknown(void **state)
{
	(void)state;
	read_limits();
	assert_int_equal(view.limits.count, 0);
	fake_tree(&proc, "103/cgroup", "0::/a\n");
	read_limits();
	assert_int_equal(view.limits.count, 1);
	assert_false(view.limits.list[0].cpu_known);
	assert_int_equal(view.limits.list[0].cpu_weight, 0);
	view.sched.vms.list[0].chosen = false;
	read_limits();
	assert_int_equal(view.limits.count, 0);
	view.sched.vms.list[0].chosen = true;
	fake_tree(&proc, "103/cgroup", "0::/\n");
	read_limits();
	assert_int_equal(view.limits.count, 0);
}

static void test_use(void **state)
{
	const uint64_t tick_ns = 1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK);
	struct host_counters counters = { .switches = 9 };

	(void)state;
	host__read_counters(&counters, proc.path);
	assert_false(counters.use.known);
	assert_int_equal(counters.switches, 0);
	fake_tree(&proc, "stat",
		  "cpu  1 2 4 8 16 32 64 128 256 512\ncpu0 1 1 1 1 1 1 1 1\nintr 5 6\nctxt 77\n");
	host__read_counters(&counters, proc.path);
	assert_true(counters.use.known);
	assert_int_equal(counters.use.busy_ns, 103 * tick_ns);
	assert_int_equal(counters.use.idle_ns, 24 * tick_ns);
	assert_int_equal(counters.use.stolen_ns, 128 * tick_ns);
	assert_int_equal(counters.switches, 77);
	fake_tree(&proc, "stat", "cpu  1 2 4\n");
	host__read_counters(&counters, proc.path);
	assert_false(counters.use.known);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_limits), TEST(test_in_common),
					    TEST(test_unknown), TEST(test_use) };

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
