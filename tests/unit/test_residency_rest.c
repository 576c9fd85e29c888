// SPDX-License-Identifier: GPL-2.0-only
/* What the next reading of a VM's residency takes over from the last one, and when it is. */
#include "base/units.h"
#include "fake_proc.h"
#include "host/residency.h"
#include "unit.h"

#define PID 100
#define MIB (1024 * 1024)

struct fixture {
	struct fake_proc proc;
	struct residency_config config;
	struct residency_reader *reader;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fake_proc__open(&fixture->proc);
	fixture->config = (struct residency_config){ .proc = fixture->proc.path,
						     .cgroups = fixture->proc.path,
						     .least_ns = 1 };
	fake_proc__add(&fixture->proc, PID, "vmm", 5000, "vmm", NULL);
	fake_tree(&fixture->proc, "100/status",
		  "Name:\tvmm\nVmPin:\t0 kB\nVmRSS:\t4096 kB\nRssAnon:\t4096 kB\n"
		  "RssFile:\t0 kB\nRssShmem:\t0 kB\nHugetlbPages:\t0 kB\n");
	fake_tree(&fixture->proc, "100/maps", "7f0000000000-7f0040000000 rw-s 00000000 00:00 0\n");
	fake_tree(&fixture->proc, "100/numa_maps",
		  "7f0000000000 default N0=1024 kernelpagesize_kB=4\n");
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	residency_reader__free(fixture->reader);
	fake_proc__close(&fixture->proc);
	free(fixture);
	return 0;
}

static const struct residency *read_at(struct fixture *fixture, uint64_t now_ns)
{
	assert_true(residency_reader__due(fixture->reader, now_ns));
	return residency_reader__read(fixture->reader, now_ns, NULL, 0, NULL);
}

static void test_budget(void **state)
{
	struct fixture *fixture = *state;
	const struct residency *residency;

	fixture->reader = residency_reader__new(&fixture->config, PID);
	residency = read_at(fixture, 1);
	assert_int_equal(residency->period_ns, RESIDENCY_BUDGET * residency->cost_ns);
	residency_reader__set_budget(fixture->reader, 7);
	residency = read_at(fixture, UINT64_MAX / 2);
	assert_int_equal(residency->period_ns, 7 * residency->cost_ns);
	residency_reader__free(fixture->reader);
	fixture->config.most_ns = 3;
	fixture->reader = residency_reader__new(&fixture->config, PID);
	assert_int_equal(read_at(fixture, 1)->period_ns, 3);
	assert_false(residency_reader__due(fixture->reader, 3));
}

/* A device of VFIO is looked for again when a file was opened or closed, or after long. */
static void test_vfio(void **state)
{
	struct fixture *fixture = *state;

	fixture->config.period_ns = 1;
	fixture->reader = residency_reader__new(&fixture->config, PID);
	fake_proc__add_fd(&fixture->proc, PID, 3, "/dev/vfio/12");
	fake_proc__set_files(&fixture->proc, PID, 1);
	assert_int_equal(read_at(fixture, NSEC_PER_SEC)->pinned_bytes, 4 * MIB);
	fake_proc__replace_fd(&fixture->proc, PID, 3, "/dev/null");
	fake_proc__set_files(&fixture->proc, PID, 1);
	assert_int_equal(read_at(fixture, 2 * NSEC_PER_SEC)->pinned_bytes, 4 * MIB);
	fake_proc__set_files(&fixture->proc, PID, 2);
	assert_int_equal(read_at(fixture, 3 * NSEC_PER_SEC)->pinned_bytes, 0);
	fake_proc__replace_fd(&fixture->proc, PID, 3, "/dev/vfio/12");
	fake_proc__set_files(&fixture->proc, PID, 2);
	assert_int_equal(read_at(fixture, 4 * NSEC_PER_SEC)->pinned_bytes, 0);
	assert_int_equal(read_at(fixture, 604 * NSEC_PER_SEC)->pinned_bytes, 4 * MIB);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_budget),
		TEST(test_vfio),
	};

	return cmocka_run_group_tests_name("residency_rest", tests, NULL, NULL);
}
