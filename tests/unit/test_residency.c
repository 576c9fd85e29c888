// SPDX-License-Identifier: GPL-2.0-only
/* Which source a VM's residency comes from, and how often. */
#include "base/units.h"
#include "fake_proc.h"
#include "host/residency.h"
#include "unit.h"

#include <pthread.h>

#define PID 100
#define KIB 1024ULL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define SCOPE "/machine.slice/vm.scope"
#define EMULATOR SCOPE "/libvirt/emulator"

struct fixture {
	struct fake_proc proc, cgroups;
	struct residency_config config;
	struct residency_reader *reader;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fake_proc__open(&fixture->proc);
	fake_proc__open(&fixture->cgroups);
	fixture->config = (struct residency_config){
		.proc = fixture->proc.path,
		.cgroups = fixture->cgroups.path,
	};
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	residency_reader__free(fixture->reader);
	fake_proc__close(&fixture->proc);
	fake_proc__close(&fixture->cgroups);
	free(fixture);
	return 0;
}

static const struct residency *read_at(struct fixture *fixture, uint32_t pid, uint64_t now_ns,
				       const char *cgroup)
{
	if (!fixture->reader)
		fixture->reader = residency_reader__new(&fixture->config, pid);
	assert_non_null(fixture->reader);
	return residency_reader__read(fixture->reader, now_ns, NULL, 0, cgroup);
}

static void set_status(const struct fixture *fixture, uint32_t pid, uint64_t anon_bytes,
		       uint64_t shmem_bytes, uint64_t hugetlb_bytes, uint64_t pinned_bytes)
{
	char name[64], text[512];

	snprintf(name, sizeof(name), "%u/status", pid);
	snprintf(text, sizeof(text),
		 "Name:\tvmm\nVmPin:\t%8llu kB\nVmRSS:\t%8llu kB\nRssAnon:\t%8llu kB\n"
		 "RssFile:\t       0 kB\nRssShmem:\t%8llu kB\nHugetlbPages:\t%8llu kB\n",
		 pinned_bytes / KIB, (anon_bytes + shmem_bytes) / KIB, anon_bytes / KIB,
		 shmem_bytes / KIB, hugetlb_bytes / KIB);
	fake_tree(&fixture->proc, name, text);
}

static void set_maps(const struct fixture *fixture, uint32_t pid)
{
	char name[64];

	snprintf(name, sizeof(name), "%u/maps", pid);
	fake_tree(&fixture->proc, name, "7f0000000000-7f0040000000 rw-s 00000000 00:00 0 /ram\n");
	snprintf(name, sizeof(name), "%u/numa_maps", pid);
	fake_tree(&fixture->proc, name,
		  "7f0000000000 default file=/ram N0=256 N1=768 kernelpagesize_kB=4\n");
}

static void add_process(const struct fixture *fixture, uint64_t anon_bytes)
{
	fake_proc__add(&fixture->proc, PID, "vmm", 5000, "vmm", NULL);
	set_status(fixture, PID, anon_bytes, 0, 0, 0);
	set_maps(fixture, PID);
}

static void set_processes(const struct fixture *fixture, const char *cgroup, const char *pids)
{
	char name[256];

	snprintf(name, sizeof(name), "%s/cgroup.procs", cgroup + 1);
	fake_tree(&fixture->cgroups, name, pids);
}

/* anon holds some of each node's bytes, shmem the rest. */
static void set_numa_stat(const struct fixture *fixture, const char *cgroup, uint64_t node0,
			  uint64_t node1)
{
	char name[256], text[512];

	snprintf(name, sizeof(name), "%s/memory.numa_stat", cgroup + 1);
	snprintf(text, sizeof(text),
		 "anon N0=%llu N1=%llu\nfile N0=999999999999 N1=9\nkernel_stack N0=16384 N1=0\n"
		 "shmem N0=1048576 N1=2097152\nanon_thp N0=4096 N1=4096\n",
		 (unsigned long long)(node0 - MIB), (unsigned long long)(node1 - 2 * MIB));
	fake_tree(&fixture->cgroups, name, text);
}

/* As libvirt makes it: the process is below the VM's cgroup, and another VM beside that. */
static void add_cgroups(const struct fixture *fixture, uint64_t node0, uint64_t node1)
{
	set_processes(fixture, "/machine.slice", "");
	set_processes(fixture, "/machine.slice/a.scope", "200\n");
	set_processes(fixture, "/machine.slice/z.scope", "300\n");
	set_processes(fixture, SCOPE, "");
	set_processes(fixture, SCOPE "/libvirt", "");
	set_processes(fixture, EMULATOR, "100\n");
	set_processes(fixture, SCOPE "/libvirt/vcpu0", "100\n");
	set_numa_stat(fixture, SCOPE, node0, node1);
	set_numa_stat(fixture, SCOPE "/libvirt", 5 * MIB, 5 * MIB);
	set_numa_stat(fixture, "/machine.slice", node0 + 7 * MIB, node1);
}

static void test_maps(void **state)
{
	struct fixture *fixture = *state;
	const struct residency *residency;
	uint64_t before = clock_monotonic_ns();

	add_process(fixture, 4 * MIB);
	add_cgroups(fixture, 2 * MIB, 2 * MIB);
	residency = read_at(fixture, PID, 1000, EMULATOR);
	assert_int_equal(residency_reader__error(fixture->reader), 0);
	assert_int_equal(residency->source, RESIDENCY_MAPS);
	assert_false(residency->split);
	assert_int_equal(residency->bytes[0], MIB);
	assert_int_equal(residency->bytes[1], 3 * MIB);
	assert_true(residency->kinds_known);
	assert_int_equal(residency->kind_bytes[MEMORY_SHARED], 4 * MIB);
	assert_int_equal(residency->error_mpct, 0);
	assert_int_equal(residency->size_bytes, 0);
	assert_int_equal(residency->pinned_bytes, 0);
	assert_true(residency->cost_ns > 0);
	assert_true(residency->period_ns >= NSEC_PER_SEC);
	assert_in_range(residency->time_ns, before, clock_monotonic_ns());
}

static void test_kept(void **state)
{
	struct fixture *fixture = *state;
	const struct residency *residency;
	uint64_t period = 3600 * NSEC_PER_SEC; /* whatever it costs here */

	add_process(fixture, 4 * MIB);
	fixture->config.least_ns = period;
	residency = read_at(fixture, PID, 1000, NULL);
	assert_int_equal(residency->period_ns, period);
	fake_tree(&fixture->proc, "100/numa_maps",
		  "7f0000000000 default N2=1 kernelpagesize_kB=4\n");
	assert_false(residency_reader__due(fixture->reader, 1000 + period - 1));
	residency = read_at(fixture, PID, 1000 + period - 1, NULL);
	assert_int_equal(residency->bytes[1], 3 * MIB);
	assert_true(residency_reader__due(fixture->reader, 1000 + period));
	residency = read_at(fixture, PID, 1000 + period, NULL);
	assert_int_equal(residency->bytes[1], 0);
	assert_int_equal(residency->bytes[2], 4 * KIB);
}

static void test_period_given(void **state)
{
	struct fixture *fixture = *state;

	add_process(fixture, 4 * MIB);
	fixture->config.period_ns = 5000;
	assert_int_equal(read_at(fixture, PID, 1000, NULL)->period_ns, 5000);
	assert_false(residency_reader__due(fixture->reader, 5999));
	assert_true(residency_reader__due(fixture->reader, 6000));
}

/* Too much for numa_maps even once: 1.07 s. */
static void test_cgroup(void **state)
{
	struct fixture *fixture = *state;
	const struct residency *residency;

	add_process(fixture, 128 * GIB);
	set_status(fixture, PID, 120 * GIB, 8 * GIB, 0, 0);
	add_cgroups(fixture, 100 * GIB, 28 * GIB);
	residency = read_at(fixture, PID, 1000, EMULATOR);
	assert_int_equal(residency->source, RESIDENCY_CGROUP);
	assert_false(residency->split);
	assert_int_equal(residency->bytes[0], 100 * GIB);
	assert_int_equal(residency->bytes[1], 28 * GIB);
	assert_int_equal(residency->bytes[2], 0);
	assert_false(residency->kinds_known);
	assert_int_equal(residency->kind_bytes[MEMORY_SHARED], 0);
}

/* Not too much once; then it is known to be cheap here, and stays so while it does not grow. */
static void test_measured(void **state)
{
	struct fixture *fixture = *state;
	const struct residency *residency;
	uint64_t now = 1000;

	add_process(fixture, 64 * GIB);
	add_cgroups(fixture, 32 * GIB, 32 * GIB);
	residency = read_at(fixture, PID, now, EMULATOR);
	assert_int_equal(residency->source, RESIDENCY_CGROUP);
	assert_true(residency->kinds_known);
	assert_int_equal(residency->kind_bytes[MEMORY_SHARED], 4 * MIB);
	now += residency->period_ns;
	residency = read_at(fixture, PID, now, EMULATOR);
	assert_int_equal(residency->source, RESIDENCY_MAPS);
	now += residency->period_ns;
	set_status(fixture, PID, 80 * GIB, 0, 0, 0);
	add_cgroups(fixture, 40 * GIB, 40 * GIB);
	residency = read_at(fixture, PID, now, EMULATOR);
	assert_int_equal(residency->source, RESIDENCY_CGROUP);
	assert_true(residency->kinds_known);
}

static void expect_no_cgroup(struct fixture *fixture, const char *cgroup)
{
	const struct residency *residency;

	residency_reader__free(fixture->reader);
	fixture->reader = NULL;
	fixture->config.source = RESIDENCY_CGROUP;
	residency = read_at(fixture, PID, 1000, cgroup);
	assert_int_equal(residency->source, RESIDENCY_AUTO);
	assert_int_equal(residency__total(residency), 0);
	assert_int_equal(residency_reader__error(fixture->reader), -EOPNOTSUPP);
	residency_reader__free(fixture->reader);
	fixture->reader = NULL;
	fixture->config.source = RESIDENCY_AUTO;
	residency = read_at(fixture, PID, 1000, cgroup);
	assert_int_equal(residency->source, RESIDENCY_MAPS);
	assert_int_equal(residency__total(residency), 4 * MIB);
	assert_int_equal(residency_reader__error(fixture->reader), 0);
}

static void expect_cgroup(struct fixture *fixture, const char *cgroup)
{
	residency_reader__free(fixture->reader);
	fixture->reader = NULL;
	assert_int_equal(read_at(fixture, PID, 1000, cgroup)->source, RESIDENCY_CGROUP);
}

/* The VM's own cgroup and no other, or else numa_maps, whatever that costs. */
static void test_foreign_cgroups(void **state)
{
	struct fixture *fixture = *state;

	add_process(fixture, 128 * GIB);
	add_cgroups(fixture, 100 * GIB, 28 * GIB);
	expect_cgroup(fixture, EMULATOR);
	expect_cgroup(fixture, SCOPE);
	expect_no_cgroup(fixture, NULL);
	expect_no_cgroup(fixture, "");
	expect_no_cgroup(fixture, "/");
	expect_no_cgroup(fixture, "/../x");
	expect_no_cgroup(fixture, "/machine.slice");
	expect_no_cgroup(fixture, "/machine.slice/none");
	set_processes(fixture, SCOPE "/libvirt/vcpu0", "100\n101\n");
	expect_no_cgroup(fixture, EMULATOR);
	set_processes(fixture, SCOPE "/libvirt/vcpu0", "100\n");
	expect_cgroup(fixture, EMULATOR);
	set_processes(fixture, SCOPE "/swtpm", "");
	set_processes(fixture, SCOPE "/swtpm/deep", "100\n101\n");
	expect_no_cgroup(fixture, EMULATOR);
	set_processes(fixture, SCOPE "/swtpm/deep", "100\n");
	expect_cgroup(fixture, EMULATOR);
	/* A thread of the kernel's, which works for the VM, and one that only looks like it. */
	set_processes(fixture, SCOPE "/swtpm/deep", "100\n102\n");
	fake_tree(&fixture->proc, "102/stat", "102 (vhost-100) x) S 2 0 0 0 -1 2129984 0 0 0");
	expect_cgroup(fixture, EMULATOR);
	fake_tree(&fixture->proc, "102/stat", "102 (vhost-100) S 2 0 0 0 -1 4194560 2129984 0 0");
	expect_no_cgroup(fixture, EMULATOR);
	/* Of another PID namespace. */
	set_processes(fixture, SCOPE, "0\n");
	expect_no_cgroup(fixture, EMULATOR);
}

/* With nobody beside it, all above it but the root is the VM's, too. */
static void test_never_root(void **state)
{
	struct fixture *fixture = *state;

	add_process(fixture, 128 * GIB);
	set_processes(fixture, "/vm", "100\n");
	fake_tree(&fixture->cgroups, "cgroup.procs", "100\n");
	fake_tree(&fixture->cgroups, "memory.numa_stat", "anon N0=1\nshmem N0=0\n");
	set_numa_stat(fixture, "/vm", 100 * GIB, 28 * GIB);
	expect_cgroup(fixture, "/vm");
}

static void test_cgroup_disagrees(void **state)
{
	const uint64_t batches =
		64 * (uint64_t)sysconf(_SC_PAGESIZE) * (uint64_t)sysconf(_SC_NPROCESSORS_CONF);
	const uint64_t most = 2 * GIB + batches;
	struct fixture *fixture = *state;

	add_process(fixture, 100 * GIB);
	add_cgroups(fixture, 50 * GIB, 50 * GIB + most);
	expect_cgroup(fixture, EMULATOR);
	add_cgroups(fixture, 50 * GIB, 50 * GIB + most + 4 * KIB);
	expect_no_cgroup(fixture, EMULATOR);
	add_cgroups(fixture, 50 * GIB, 50 * GIB - most);
	expect_cgroup(fixture, EMULATOR);
	add_cgroups(fixture, 50 * GIB, 50 * GIB - most - 4 * KIB);
	expect_no_cgroup(fixture, EMULATOR);
	add_cgroups(fixture, 50 * GIB, 50 * GIB);
	set_status(fixture, PID, 100 * GIB, 0, 2 * MIB, 0);
	expect_no_cgroup(fixture, EMULATOR);
	set_status(fixture, PID, 100 * GIB, 0, 0, 0);
	fake_tree(&fixture->cgroups, SCOPE "/memory.numa_stat", "anon N0=107374182400\n");
	expect_no_cgroup(fixture, EMULATOR);
}

/* A file that takes more than 1 ms to read, whatever the machine: 0.1 % of more than 1 s. */
static void make_long(const struct fake_proc *proc, const char *name, const char *begin,
		      const char *line, int count)
{
	struct memory memory;
	FILE *file = memory_open(&memory);

	fputs(begin, file);
	for (int i = 0; i < count; i++)
		fputs(line, file);
	fake_tree(proc, name, memory_close(&memory));
	free(memory.text);
}

static void test_budget(void **state)
{
	struct fixture *fixture = *state;
	const struct residency *residency;

	add_process(fixture, 4 * MIB);
	make_long(&fixture->proc, "100/numa_maps", "", "7f0000000000 default\n", 100000);
	residency = read_at(fixture, PID, 1000, NULL);
	assert_true(residency->cost_ns > NSEC_PER_MSEC);
	assert_int_equal(residency->period_ns, residency->cost_ns * RESIDENCY_BUDGET);
}

/* Kinds are read beside another source, by half of the budget, and it has the other half. */
static void test_budget_of_kinds(void **state)
{
	struct fixture *fixture = *state;
	const struct residency *residency;
	uint64_t first_cost, now = 1000;

	add_process(fixture, 4 * MIB);
	add_cgroups(fixture, 2 * MIB, 2 * MIB);
	make_long(&fixture->proc, "100/numa_maps", "7f0000000000 bind:0 N0=3 kernelpagesize_kB=4\n",
		  "7f0000001000 default\n", 400000);
	make_long(&fixture->cgroups, SCOPE "/memory.numa_stat",
		  "anon N0=2097152 N1=2097152\nshmem N0=0\n", "another N0=0\n", 100000);
	fixture->config.source = RESIDENCY_CGROUP;
	residency = read_at(fixture, PID, now, EMULATOR);
	assert_int_equal(residency->source, RESIDENCY_CGROUP);
	assert_int_equal(residency->kind_bytes[MEMORY_BOUND], 12 * KIB);
	assert_true(residency->period_ns > NSEC_PER_SEC);
	first_cost = residency->cost_ns;
	assert_true(residency->period_ns < 2 * RESIDENCY_BUDGET * (first_cost - NSEC_PER_MSEC));
	set_maps(fixture, PID);
	residency = read_at(fixture, PID, now += residency->period_ns, EMULATOR);
	assert_int_equal(residency->kind_bytes[MEMORY_BOUND], 12 * KIB);
	assert_true(residency->kinds_known);
	assert_int_equal(residency->period_ns, 2 * RESIDENCY_BUDGET * residency->cost_ns);
	residency = read_at(fixture, PID, now + 2 * RESIDENCY_BUDGET * first_cost, EMULATOR);
	assert_int_equal(residency->kind_bytes[MEMORY_BOUND], 0);
	assert_int_equal(residency->kind_bytes[MEMORY_SHARED], 4 * MIB);
}

static void test_ended(void **state)
{
	struct fixture *fixture = *state;
	const struct residency *residency = read_at(fixture, PID, 1000, NULL);

	assert_int_equal(residency->source, RESIDENCY_AUTO);
	assert_int_equal(residency_reader__error(fixture->reader), -ESRCH);
	assert_int_equal(residency->period_ns, NSEC_PER_SEC);
	assert_false(residency_reader__due(fixture->reader, 1001));
	add_process(fixture, 4 * MIB);
	residency = read_at(fixture, PID, 1000 + NSEC_PER_SEC, NULL);
	assert_int_equal(residency->source, RESIDENCY_MAPS);
	assert_int_equal(residency_reader__error(fixture->reader), 0);
	fake_tree(&fixture->proc, "100/status", "Name:\tvmm\nState:\tZ (zombie)\n");
	residency = read_at(fixture, PID, 1000000 * NSEC_PER_SEC, NULL);
	assert_int_equal(residency->source, RESIDENCY_AUTO);
	assert_int_equal(residency__total(residency), 0);
	assert_int_equal(residency_reader__error(fixture->reader), -ESRCH);
	residency_reader__free(NULL);
}

static void *end_while_read(void *context)
{
	static const char line[] = "7f0000000000 default anon=1 N0=1 kernelpagesize_kB=4\n";
	struct fixture *fixture = context;
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/100/numa_maps", fixture->proc.path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	fake_tree(&fixture->proc, "100/status", "Name:\tvmm\nState:\tZ (zombie)\n");
	if (write(fd, line, sizeof(line) - 1) < 0)
		fake_fail(path);
	close(fd);
	return NULL;
}

/* What it showed before it ended is a part. */
static void test_ended_meanwhile(void **state)
{
	struct fixture *fixture = *state;
	const struct residency *residency;
	char path[PATH_MAX];
	pthread_t thread;

	add_process(fixture, 4 * MIB);
	snprintf(path, sizeof(path), "%s/100/numa_maps", fixture->proc.path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(pthread_create(&thread, NULL, end_while_read, fixture), 0);
	residency = read_at(fixture, PID, 1000, NULL);
	pthread_join(thread, NULL);
	assert_int_equal(residency->source, RESIDENCY_AUTO);
	assert_int_equal(residency__total(residency), 0);
	assert_int_equal(residency_reader__error(fixture->reader), -ESRCH);
}

static void test_pinned(void **state)
{
	static const struct {
		const char *target;
		uint64_t bytes;
	} cases[] = {
		{ "/dev/kvm", 8 * KIB },	  { "/dev/vfio/12", 4 * MIB },
		{ "/dev/null", 8 * KIB },	  { "anon_inode:[vfio-device]", 4 * MIB },
		{ "/dev/vfiox", 8 * KIB },	  { "/dev/iommu", 4 * MIB },
		{ "anon_inode:kvm-vm", 8 * KIB }, { "/dev/vfio/devices/vfio0", 4 * MIB },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		residency_reader__free(fixture->reader);
		fixture->reader = residency_reader__new(&fixture->config, PID);
		add_process(fixture, 4 * MIB);
		set_status(fixture, PID, 4 * MIB, 0, 0, 8 * KIB);
		fake_proc__add_fd(&fixture->proc, PID, 3, "/dev/null");
		fake_proc__add_fd(&fixture->proc, PID, 4, cases[i].target);
		assert_int_equal(read_at(fixture, PID, 1, NULL)->pinned_bytes, cases[i].bytes);
		fake_proc__remove(&fixture->proc, PID);
	}
}

static void test_sizes_and_names(void **state)
{
	static const struct memory_range ranges[] = { { 0x7f0000000000, 0x7f0000100000 },
						      { 0x7f0000200000, 0x7f0000201000 } };
	struct fixture *fixture = *state;
	const struct residency *residency;

	add_process(fixture, 4 * MIB);
	fixture->reader = residency_reader__new(&fixture->config, PID);
	residency = residency_reader__read(fixture->reader, 1000, ranges, 2, NULL);
	assert_int_equal(residency->size_bytes, MIB + 4 * KIB);
	assert_true(residency->split);
	assert_string_equal(residency_source__name(RESIDENCY_MAPS), "maps");
	assert_string_equal(residency_source__name(RESIDENCY_CGROUP), "cgroup");
	assert_string_equal(residency_source__name(RESIDENCY_SAMPLE), "sample");
	assert_null(residency_source__name(RESIDENCY_AUTO));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_maps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_period_given, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cgroup, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_measured, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_foreign_cgroups, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_never_root, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cgroup_disagrees, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_budget, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_budget_of_kinds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ended, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ended_meanwhile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pinned, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sizes_and_names, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
