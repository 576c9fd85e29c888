// SPDX-License-Identifier: GPL-2.0-only
/* The difference of two numa snapshots: shares, reasons and hints. */
#include "moment_vms.h"
#include "numa/numa_rows.h"
#include "source/home.h"

#include <math.h>

#define MIB (1ULL << 20)
#define SEC 1000000000ULL

struct fixture {
	struct snapshot before, after;
	struct numa_snapshot numa_before, numa_after;
	struct rows rows;
	struct numa_rows numa_rows;
	struct homes homes;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	for (uint32_t id = 0; id < 2; id++)
		*list_add(&fixture->numa_after.nodes) =
			(struct node){ id, 2, 1000 * MIB, { 10, 20 } };
	fixture->numa_after.page_bytes = 4096;
	fixture->before.time_ns = fixture->numa_before.time_ns = 10 * SEC;
	fixture->after.time_ns = fixture->after.end_ns = 11 * SEC;
	fixture->numa_after.time_ns = 11 * SEC;
	fixture->numa_after.balancing = BALANCING_ON;
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	homes__free(&fixture->homes);
	numa_rows__free(&fixture->numa_rows);
	rows__free(&fixture->rows);
	numa_snapshot__free(&fixture->numa_before);
	numa_snapshot__free(&fixture->numa_after);
	snapshot__free(&fixture->before);
	snapshot__free(&fixture->after);
	free(fixture);
	return 0;
}

/* A vCPU of VM 100 that ran so many ms on the two nodes, by the later snapshot or both. */
static struct numa_figures *add(struct fixture *fixture, uint64_t id, uint64_t ms0, uint64_t ms1)
{
	struct snapshot *snapshots[] = { &fixture->before, &fixture->after };
	struct numa_snapshot *numas[] = { &fixture->numa_before, &fixture->numa_after };
	struct numa_thread *numa = NULL;

	for (int i = 0; i < 2; i++) {
		struct thread_snapshot *thread = list_add(&snapshots[i]->threads);

		*thread = (struct thread_snapshot){
			.identity = { .id = id,
				      .vm_start_ns = 1,
				      .vm_pid = 100,
				      .tid = 100 + (uint32_t)id,
				      .vcpu = (int32_t)id - 1,
				      .is_vcpu = true,
				      .vm_comm = "vmm" },
			/* No less than on all nodes together. */
			.figures = { .elapsed_ns = (10 + i) * SEC, .run_ns = (i ? 100 : 5) * SEC },
		};
		numa = numa_snapshot__add(numas[i]);
		numa->id = id;
		numa->figures.run_ns[0] = 5 * SEC;
		numa->node = 0;
	}
	numa->figures.run_ns[0] += ms0 * 1000000;
	numa->figures.run_ns[1] += ms1 * 1000000;
	return &numa->figures;
}

static struct residency *add_vm(struct fixture *fixture, uint64_t mib0, uint64_t mib1)
{
	struct numa_vm *vm = numa_snapshot__add_vm(&fixture->numa_before);

	vm->pid = 100;
	vm->start_ns = 1;
	vm = numa_snapshot__add_vm(&fixture->numa_after);
	vm->pid = 100;
	vm->start_ns = 1;
	vm->residency = (struct residency){ .source = RESIDENCY_MAPS, .kinds_known = true };
	vm->residency.time_ns = 11 * SEC;
	vm->residency.bytes[0] = mib0 * MIB;
	vm->residency.bytes[1] = mib1 * MIB;
	vm->residency.kind_bytes[MEMORY_NORMAL] = (mib0 + mib1) * MIB;
	return &vm->residency;
}

static const struct numa_row *make(struct fixture *fixture, enum group_by by)
{
	const struct numa_moments moments = { &fixture->numa_before, &fixture->numa_after,
					      &fixture->after };

	fill_vms(&fixture->after, "/nonexistent");
	assert_int_equal(homes__fill(&fixture->homes, &fixture->numa_before, &fixture->numa_after,
				     &fixture->after),
			 0);
	assert_int_equal(rows__make(&fixture->rows, &fixture->before, &fixture->after, by), 0);
	assert_int_equal(numa_rows__make(&fixture->numa_rows, &fixture->rows, by, &moments), 0);
	return fixture->numa_rows.list;
}

static void test_expected_share(void **state)
{
	struct fixture *fixture = *state;
	const struct numa_row *rows;

	add(fixture, 1, 900, 0);
	add(fixture, 2, 0, 100);
	add_vm(fixture, 300, 100);
	rows = make(fixture, BY_VCPU);
	assert_int_equal(fixture->numa_rows.count, 2);
	assert_int_equal(rows[0].expected_remote_mpct, 25000);
	assert_int_equal(rows[1].expected_remote_mpct, 75000);
	assert_int_equal(rows[0].home, 0);
	assert_int_equal(rows[1].home, 1);
	rows = make(fixture, BY_VM);
	assert_int_equal(fixture->numa_rows.count, 1);
	assert_int_equal(rows[0].expected_remote_mpct, 30000);
	assert_int_equal(rows[0].interval.run_ns[0], SEC * 9 / 10);
	assert_int_equal(rows[0].total.run_ns[0], SEC * 109 / 10);
	assert_int_equal(rows[0].home, 0);
	assert_int_equal(rows[0].node, NODE_NONE);
}

static void test_not_known(void **state)
{
	struct fixture *fixture = *state;
	const struct numa_row *row;

	add(fixture, 1, 0, 0);
	row = make(fixture, BY_VM);
	assert_false(row->remote_known);
	assert_int_equal(row->home, NODE_NONE);
	assert_int_equal(numa_row__memory(row), 0);
	assert_false(row->migrations_known);
	add_vm(fixture, 1, 1);
	row = make(fixture, BY_VM);
	assert_false(row->remote_known); /* it did not run */
	fixture->numa_after.threads.list[0].figures.run_ns[1] += 5;
	assert_true(make(fixture, BY_VM)->remote_known);
}

static enum fault_reason reason_of(struct fixture *fixture)
{
	return make(fixture, BY_VM)->reason;
}

static void test_reasons(void **state)
{
	struct fixture *fixture = *state;
	struct numa_figures *figures = add(fixture, 1, 1000, 0);
	struct residency *residency = add_vm(fixture, 50, 50);

	assert_int_equal(reason_of(fixture), FAULTS_NO_SAMPLES);
	assert_true(make(fixture, BY_VM)->migrations_known);
	residency->pinned_bytes = 90 * MIB;
	assert_int_equal(reason_of(fixture), FAULTS_PINNED);
	residency->pinned_bytes = 89 * MIB;
	assert_int_equal(reason_of(fixture), FAULTS_NO_SAMPLES);
	residency->kind_bytes[MEMORY_NORMAL] = 0;
	residency->kind_bytes[MEMORY_BOUND] = 30;
	residency->kind_bytes[MEMORY_SHARED] = 20;
	assert_int_equal(reason_of(fixture), FAULTS_BOUND);
	residency->kind_bytes[MEMORY_SHARED] = 31;
	assert_int_equal(reason_of(fixture), FAULTS_SHARED);
	residency->kind_bytes[MEMORY_HUGETLB] = 32;
	assert_int_equal(reason_of(fixture), FAULTS_HUGETLB);
	assert_false(make(fixture, BY_VM)->migrations_known);
	residency->kinds_known = false;
	assert_int_equal(reason_of(fixture), FAULTS_NO_SAMPLES);
	fixture->numa_after.balancing = BALANCING_TIERING;
	assert_int_equal(reason_of(fixture), FAULTS_OFF);
	fixture->numa_after.sched_ext = true;
	assert_int_equal(reason_of(fixture), FAULTS_SCHED_EXT);
	strcpy(fixture->numa_after.faults_missing, "refused");
	assert_int_equal(reason_of(fixture), FAULTS_NO_HOOK);
	fixture->numa_after.nodes.count = 1;
	assert_int_equal(reason_of(fixture), FAULTS_ONE_NODE);
	assert_false(fixture->numa_rows.list->faults_seen);
	assert_true(fixture->numa_rows.list->migrations_seen);
	/* What was seen is shown, whatever it should have been. */
	figures->faults[FAULT_LOCAL] = 1;
	assert_int_equal(reason_of(fixture), FAULTS_KNOWN);
	for (int reason = FAULTS_ONE_NODE; reason < FAULT_REASONS; reason++) {
		assert_non_null(fault_reason__name((enum fault_reason)reason));
		assert_non_null(
			fault_reason__remedy((enum fault_reason)reason, &fixture->numa_after));
	}
	assert_non_null(strstr(fault_reason__remedy(FAULTS_OFF, &fixture->numa_after), "=3'"));
	fixture->numa_after.balancing = BALANCING_OFF;
	assert_non_null(strstr(fault_reason__remedy(FAULTS_OFF, &fixture->numa_after), "=1'"));
}

/* What came of hooks that were not attached all the time is not all of the interval's. */
static void test_attached_meanwhile(void **state)
{
	struct fixture *fixture = *state;

	add(fixture, 1, 1000, 0)->faults[FAULT_LOCAL] = 1;
	add_vm(fixture, 50, 50);
	fixture->numa_before.since_ns = fixture->numa_after.since_ns = 7;
	assert_int_equal(reason_of(fixture), FAULTS_KNOWN);
	assert_true(fixture->numa_rows.list->faults_seen);
	fixture->numa_before.since_ns = 0;
	assert_int_equal(reason_of(fixture), FAULTS_NO_HOOK);
	assert_false(fixture->numa_rows.list->faults_seen);
	assert_false(fixture->numa_rows.list->migrations_seen);
	assert_non_null(
		strstr(fault_reason__remedy(FAULTS_NO_HOOK, &fixture->numa_after), "meanwhile"));
}

static void test_spread_and_left(void **state)
{
	struct fixture *fixture = *state;
	struct numa_figures *figures = add(fixture, 1, 790, 210);
	struct residency *residency = add_vm(fixture, 100, 100);
	char text[64];

	assert_int_equal(make(fixture, BY_VM)->hint, HINT_SPREAD);
	assert_int_equal(make(fixture, BY_VCPU)->hint, HINT_NONE);
	figures->run_ns[0] = 5 * SEC + 890000000;
	figures->run_ns[1] = 110000000;
	assert_int_equal(make(fixture, BY_VM)->hint, HINT_NONE); /* 89 % */
	figures->run_ns[0] = 5 * SEC + 990000000;
	figures->run_ns[1] = 10000000;
	assert_int_equal(make(fixture, BY_VM)->hint, HINT_LEFT);
	assert_int_equal(fixture->numa_rows.list->hint_node, 1);
	numa_row__hint(fixture->numa_rows.list, text, sizeof(text));
	assert_string_equal(text, "memory left on node 1");
	residency->bytes[0] = 401 * MIB; /* 80.04 % */
	assert_int_equal(make(fixture, BY_VM)->hint, HINT_NONE);
}

/* What needs no residency is said without it. */
static void test_hints_without_residency(void **state)
{
	struct fixture *fixture = *state;
	struct residency *residency;

	add(fixture, 1, 790, 210)->migrated_to[0] = 1000;
	fixture->numa_after.threads.list[0].figures.migrated_from[0] = 1000;
	residency = add_vm(fixture, 0, 0);
	residency->source = RESIDENCY_AUTO;
	assert_int_equal(make(fixture, BY_VM)->hint, HINT_SPREAD);
	residency->source = RESIDENCY_MAPS;
	assert_int_equal(make(fixture, BY_VM)->hint, HINT_SPREAD);
	fixture->numa_after.threads.list[0].figures.run_ns[1] = 0;
	assert_int_equal(make(fixture, BY_VM)->hint, HINT_NONE);
	residency->size_bytes = 1001 * MIB;
	assert_int_equal(make(fixture, BY_VM)->hint, HINT_LARGER);
	fixture->numa_after.nodes.list[0].memory_bytes = 0;
	assert_int_equal(make(fixture, BY_VM)->hint, HINT_MEMORYLESS);
}

/* What was read before vCPUs came to their new home says nothing about it. */
static void test_left_is_newer_than_home(void **state)
{
	struct fixture *fixture = *state;
	struct numa_figures *figures = add(fixture, 1, 1000, 0);
	struct residency *residency = add_vm(fixture, 100, 0);

	assert_int_equal(make(fixture, BY_VM)->hint, HINT_NONE);
	figures->run_ns[0] = 5 * SEC;
	figures->run_ns[1] = 2 * SEC;
	fixture->numa_after.time_ns = 12 * SEC;
	assert_int_equal(make(fixture, BY_VM)->home, 1);
	assert_int_equal(fixture->numa_rows.list->hint, HINT_NONE);
	residency->time_ns = 12 * SEC;
	assert_int_equal(make(fixture, BY_VM)->hint, HINT_LEFT);
}

static void test_larger_and_memoryless(void **state)
{
	struct fixture *fixture = *state;
	struct residency *residency;

	add(fixture, 1, 1000, 0);
	residency = add_vm(fixture, 900, 100);
	assert_int_equal(make(fixture, BY_VM)->hint, HINT_NONE);
	residency->size_bytes = 1001 * MIB;
	assert_int_equal(make(fixture, BY_VM)->hint, HINT_LARGER);
	residency->size_bytes = 0; /* not known: what is resident does, too */
	residency->bytes[1] = 101 * MIB;
	assert_int_equal(make(fixture, BY_VM)->hint, HINT_LARGER);
	fixture->numa_after.nodes.list[0].memory_bytes = 0;
	assert_int_equal(make(fixture, BY_VM)->hint, HINT_MEMORYLESS);
	fixture->numa_after.nodes.count = 1;
	assert_int_equal(make(fixture, BY_VM)->hint, HINT_NONE);
}

static void test_thrashing(void **state)
{
	struct fixture *fixture = *state;
	struct numa_figures *figures = add(fixture, 1, 1000, 0);

	add_vm(fixture, 100, 0); /* 25600 pages */
	figures->migrated_to[0] = 205;
	figures->migrated_from[0] = 51;
	figures->faults[FAULT_REMOTE] = 1;
	assert_int_equal(make(fixture, BY_VM)->hint, HINT_NONE); /* 24.9 % away */
	figures->migrated_from[0] = 52;
	assert_int_equal(make(fixture, BY_VM)->hint, HINT_THRASHING);
	figures->migrated_to[0] = 203;
	assert_int_equal(make(fixture, BY_VM)->hint, HINT_NONE); /* under 1 % */
	figures->migrated_from[0] = 1000;
	assert_int_equal(make(fixture, BY_VM)->hint, HINT_NONE); /* it only leaves */
	figures->migrated_to[0] = 300;
	strcpy(fixture->numa_after.migrations_missing, "refused");
	assert_int_equal(make(fixture, BY_VM)->hint, HINT_NONE);
}

/* All pages of a very small VM are not worth a word. */
static void test_thrashing_of_few_pages(void **state)
{
	struct fixture *fixture = *state;
	struct numa_figures *figures = add(fixture, 1, 1000, 0);
	struct residency *residency = add_vm(fixture, 0, 0);

	residency->bytes[0] = 256 * 1024;
	figures->migrated_to[0] = 32;
	figures->migrated_from[0] = 31;
	assert_int_equal(make(fixture, BY_VM)->hint, HINT_NONE);
	figures->migrated_from[0] = 32;
	assert_int_equal(make(fixture, BY_VM)->hint, HINT_THRASHING);
}

static void test_bandwidth(void **state)
{
	struct fixture *fixture = *state;
	struct bandwidth *was, *is;

	add(fixture, 1, 1000, 0);
	add_vm(fixture, 1, 1);
	was = &fixture->numa_before.vms.list[0].bandwidth;
	is = &fixture->numa_after.vms.list[0].bandwidth;
	assert_false(make(fixture, BY_VM)->bandwidth_known);
	*was = (struct bandwidth){ true, 100, 50 };
	*is = (struct bandwidth){ true, 300, 100 };
	assert_true(make(fixture, BY_VM)->bandwidth_known);
	assert_int_equal(fixture->numa_rows.list->bandwidth.total_bytes, 200);
	assert_int_equal(fixture->numa_rows.list->bandwidth.local_bytes, 50);
	is->local_bytes = 49;
	assert_false(make(fixture, BY_VM)->bandwidth_known);
	is->local_bytes = 100;
	is->total_bytes = 99; /* a group has gone */
	assert_false(make(fixture, BY_VM)->bandwidth_known);
}

/* The vCPU that is new counts from zero; the one that has gone is in no row. */
static void test_comes_and_goes(void **state)
{
	struct fixture *fixture = *state;
	const struct numa_row *row;

	add(fixture, 1, 100, 0)->moves = 2;
	add(fixture, 2, 100, 0)->moves = 3;
	fixture->numa_after.threads.list[0].figures.moves = 2;
	fixture->numa_before.threads.list[0].id = 0;
	fixture->before.threads.list[0].identity.id = 0;
	fixture->after.threads.list[0].figures.elapsed_ns = SEC / 2;
	row = make(fixture, BY_VM);
	assert_int_equal(row->interval.moves, 5);
	assert_int_equal(row->interval.run_ns[0], 5 * SEC + 100000000 + 100000000);
}

/* What was shown as running before and was a wait is taken off where most of it was. */
static void test_run_shrinks(void **state)
{
	struct fixture *fixture = *state;

	add(fixture, 1, 600, 300);
	fixture->after.threads.list[0].figures.run_ns = 5 * SEC + 850000000;
	assert_int_equal(make(fixture, BY_VM)->interval.run_ns[0], 550000000);
	assert_int_equal(fixture->numa_rows.list->interval.run_ns[1], 300000000);
	fixture->after.threads.list[0].figures.run_ns = 5 * SEC + 200000000;
	assert_int_equal(make(fixture, BY_VM)->interval.run_ns[0], 0);
	assert_int_equal(fixture->numa_rows.list->interval.run_ns[1], 200000000);
}

static void test_interval_of_share(void **state)
{
	uint64_t low, high;

	(void)state;
	/* Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29. */
	share_interval(81 / 263.0, 263, &low, &high);
	assert_in_range(low, 25500, 25600);
	assert_in_range(high, 36600, 36700);
	share_interval(15 / 148.0, 148, &low, &high);
	assert_in_range(low, 6200, 6300);
	assert_in_range(high, 16000, 16100);
	share_interval(0, 20, &low, &high);
	assert_int_equal(low, 0);
	assert_in_range(high, 16100, 16200);
	share_interval(1 / 29.0, 29, &low, &high);
	assert_in_range(low, 600, 700);
	assert_in_range(high, 17100, 17200);
	share_interval(1, 5, &low, &high);
	assert_int_equal(high, 100000);
}

static double samples_of(uint64_t faults, uint64_t pages)
{
	const struct numa_figures figures = { .faults = { faults, 1 }, .pages = { pages, 1 } };

	return numa_figures__samples(&figures);
}

/* By the definition: the square of the sum of all weights, by the sum of their squares. */
static void test_samples(void **state)
{
	const struct numa_figures huge = { .faults = { 30, 10 }, .pages = { 30 * 512, 10 * 512 } };
	double samples = samples_of(3012, 3000 + 12 * 512);

	(void)state;
	assert_int_equal(samples_of(2000, 2000), 2001);
	assert_int_equal(numa_figures__samples(&huge), 40);
	assert_true(fabs(samples - 9145.0 * 9145.0 / (3001 + 12 * 512 * 512)) < 1e-6);
	/* What was counted while it was read. */
	assert_int_equal(samples_of(10, 0), 11);
	/* Of pages of 64 KiB a huge one has more. */
	assert_int_equal(samples_of(9, 9 * 8192), 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_expected_share),
		TEST(test_not_known),
		TEST(test_reasons),
		TEST(test_attached_meanwhile),
		TEST(test_spread_and_left),
		TEST(test_hints_without_residency),
		TEST(test_left_is_newer_than_home),
		TEST(test_larger_and_memoryless),
		TEST(test_thrashing),
		TEST(test_thrashing_of_few_pages),
		TEST(test_bandwidth),
		TEST(test_comes_and_goes),
		TEST(test_run_shrinks),
		TEST(test_interval_of_share),
		TEST(test_samples),
	};

	return cmocka_run_group_tests_name("numa_rows", tests, NULL, NULL);
}
