// SPDX-License-Identifier: GPL-2.0-only
/* What kvmq-numa remembers of each VM, and for how long. */
#include "fake_proc.h"
#include "host/numa_vms.h"
#include "unit.h"

#define SEC 1000000000ULL

struct fixture {
	struct fake_proc proc;
	struct vms *vms;
	struct numa_vms *numa_vms;
	struct snapshot snapshot;
	struct numa_snapshot numa;
	uint32_t asked[8]; /* whose memory, in this reading */
	size_t asked_count;
};

static size_t find_memory(void *context, const struct snapshot *snapshot, uint32_t pid,
			  const struct memory_range **ranges)
{
	static const struct memory_range range = { 0x7f0000000000, 0x7f0000400000 };
	struct fixture *fixture = context;

	assert_ptr_equal(snapshot, &fixture->snapshot);
	assert_true(fixture->asked_count < ARRAY_SIZE(fixture->asked));
	fixture->asked[fixture->asked_count++] = pid;
	*ranges = &range;
	return 1;
}

static int set_up(void **state)
{
	static const struct vm_filter all;
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct numa_vms_config config = {
		.residency = { .source = RESIDENCY_MAPS, .period_ns = 10 * SEC },
		.memory = find_memory,
		.context = fixture,
	};

	fake_proc__open(&fixture->proc);
	config.residency.proc = config.residency.cgroups = config.resctrl = fixture->proc.path;
	fixture->vms = vms__new(fixture->proc.path, &all);
	fixture->numa_vms = numa_vms__new(&config);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	numa_vms__free(fixture->numa_vms);
	vms__free(fixture->vms);
	numa_snapshot__free(&fixture->numa);
	snapshot__free(&fixture->snapshot);
	fake_proc__close(&fixture->proc);
	free(fixture);
	return 0;
}

/* A VM with so many pages on node 0. */
static void add_process(struct fixture *fixture, uint32_t pid, unsigned int pages)
{
	char name[64], text[128];

	fake_proc__add(&fixture->proc, pid, "vmm", pid, "vmm", NULL);
	snprintf(name, sizeof(name), "%u/status", pid);
	fake_tree(&fixture->proc, name,
		  "Name:\tvmm\nVmPin:\t0 kB\nVmRSS:\t4096 kB\nRssAnon:\t4096 kB\n"
		  "RssFile:\t0 kB\nRssShmem:\t0 kB\nHugetlbPages:\t0 kB\n");
	snprintf(name, sizeof(name), "%u/maps", pid);
	fake_tree(&fixture->proc, name, "7f0000000000-7f0000400000 rw-p 00000000 00:00 0\n");
	snprintf(name, sizeof(name), "%u/numa_maps", pid);
	snprintf(text, sizeof(text), "7f0000000000 default anon=%u N0=%u kernelpagesize_kB=4\n",
		 pages, pages);
	fake_tree(&fixture->proc, name, text);
}

static void add_vcpu(struct fixture *fixture, uint32_t pid, uint64_t start_ns, bool is_vcpu)
{
	struct thread_snapshot *thread = list_add(&fixture->snapshot.threads);

	*thread = (struct thread_snapshot){
		.identity = { .id = fixture->snapshot.threads.count,
			      .vm_pid = pid,
			      .vm_start_ns = start_ns,
			      .tid = pid + (uint32_t)fixture->snapshot.threads.count,
			      .is_vcpu = is_vcpu },
	};
}

static void read_at(struct fixture *fixture, uint64_t now_ns)
{
	fixture->snapshot.time_ns = now_ns;
	fixture->asked_count = 0;
	numa_snapshot__clear(&fixture->numa);
	assert_int_equal(
		numa_vms__read(fixture->numa_vms, &fixture->snapshot, fixture->vms, &fixture->numa),
		0);
}

static uint64_t bytes_of(const struct fixture *fixture, uint32_t pid)
{
	for (size_t i = 0; i < fixture->numa.vms.count; i++)
		if (fixture->numa.vms.list[i].pid == pid)
			return residency__total(&fixture->numa.vms.list[i].residency);
	fail_msg("no VM %u", pid);
	return 0;
}

/* Memory slots are asked for only when they are needed, and once for a VM. */
static void test_asks_when_due(void **state)
{
	struct fixture *fixture = *state;
	uint64_t cost;

	add_process(fixture, 200, 20);
	add_process(fixture, 100, 10);
	add_vcpu(fixture, 200, 1, true);
	add_vcpu(fixture, 100, 1, true);
	add_vcpu(fixture, 100, 1, true);
	add_vcpu(fixture, 300, 1, false); /* a thread beside no vCPU is no VM's */
	read_at(fixture, SEC);
	assert_int_equal(fixture->asked_count, 2);
	assert_int_equal(fixture->asked[0], 100);
	assert_int_equal(fixture->asked[1], 200);
	assert_int_equal(fixture->numa.vms.count, 2);
	assert_int_equal(bytes_of(fixture, 100), 10 * 4096);
	assert_int_equal(bytes_of(fixture, 200), 20 * 4096);
	assert_null(numa_snapshot__vm(&fixture->numa, 300, 1));
	cost = fixture->numa.residency_cost_ns;
	assert_true(cost > 0);
	read_at(fixture, 11 * SEC - 1);
	assert_int_equal(fixture->asked_count, 0);
	assert_int_equal(bytes_of(fixture, 100), 10 * 4096);
	assert_int_equal(fixture->numa.residency_cost_ns, cost);
	read_at(fixture, 11 * SEC);
	assert_int_equal(fixture->asked_count, 2);
	assert_true(fixture->numa.residency_cost_ns > cost);
}

static void test_forgets(void **state)
{
	struct fixture *fixture = *state;

	add_process(fixture, 100, 10);
	add_process(fixture, 200, 20);
	add_vcpu(fixture, 100, 1, true);
	add_vcpu(fixture, 200, 1, true);
	read_at(fixture, SEC);
	fixture->snapshot.threads.list[0] = fixture->snapshot.threads.list[1];
	fixture->snapshot.threads.count = 1;
	read_at(fixture, 2 * SEC);
	assert_int_equal(fixture->asked_count, 0);
	assert_int_equal(fixture->numa.vms.count, 1);
	assert_int_equal(bytes_of(fixture, 200), 20 * 4096);
	/* It is another one now, and not what was known of it. */
	add_vcpu(fixture, 100, 1, true);
	read_at(fixture, 3 * SEC);
	assert_int_equal(fixture->asked_count, 1);
}

static void test_pid_again(void **state)
{
	struct fixture *fixture = *state;

	add_process(fixture, 100, 10);
	add_vcpu(fixture, 100, 1, true);
	read_at(fixture, SEC);
	fake_proc__remove(&fixture->proc, 100);
	add_process(fixture, 100, 30);
	fixture->snapshot.threads.list[0].identity.vm_start_ns = 2;
	read_at(fixture, 2 * SEC);
	assert_int_equal(fixture->asked_count, 1);
	assert_int_equal(bytes_of(fixture, 100), 30 * 4096);
	assert_null(numa_snapshot__vm(&fixture->numa, 100, 1));
	assert_non_null(numa_snapshot__vm(&fixture->numa, 100, 2));
}

/* All VMs have one budget: each is read the more seldom, the more there are, up to a limit. */
static void test_one_budget(void **state)
{
	struct numa_vms_config config = { .residency = { .source = RESIDENCY_MAPS, .least_ns = 1 },
					  .budget = 1000000,
					  .memory = find_memory };
	struct fixture *fixture = *state;
	const struct residency *residency;

	config.residency.proc = config.residency.cgroups = config.resctrl = fixture->proc.path;
	config.context = fixture;
	numa_vms__free(fixture->numa_vms);
	fixture->numa_vms = numa_vms__new(&config);
	for (uint32_t pid = 100; pid < 103; pid++) {
		add_process(fixture, pid, 10);
		add_vcpu(fixture, pid, 1, true);
	}
	/* At first they are spread over the time that all take. */
	read_at(fixture, SEC);
	for (uint64_t i = 0; i < 3; i++) {
		residency = &fixture->numa.vms.list[i].residency;
		assert_int_equal(residency->period_ns,
				 residency->cost_ns * config.budget * (i + 1));
	}
	read_at(fixture, UINT64_MAX / 2);
	assert_int_equal(fixture->asked_count, 3);
	for (uint64_t i = 0; i < 3; i++) {
		residency = &fixture->numa.vms.list[i].residency;
		assert_int_equal(residency->period_ns, residency->cost_ns * config.budget * 3);
	}
	config.residency.most_ns = 5;
	numa_vms__free(fixture->numa_vms);
	fixture->numa_vms = numa_vms__new(&config);
	read_at(fixture, SEC);
	assert_int_equal(fixture->numa.vms.list[2].residency.period_ns, 5);
}

static void test_why_there_is_none(void **state)
{
	struct fixture *fixture = *state;

	add_vcpu(fixture, 100, 1, true); /* and no such process */
	read_at(fixture, SEC);
	assert_int_equal(bytes_of(fixture, 100), 0);
	assert_string_equal(numa_snapshot__vm(&fixture->numa, 100, 1)->residency_missing,
			    "its process has ended");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_asks_when_due),     TEST(test_forgets),    TEST(test_pid_again),
		TEST(test_why_there_is_none), TEST(test_one_budget),
	};

	return cmocka_run_group_tests_name("numa_vms", tests, NULL, NULL);
}
