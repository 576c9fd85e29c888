// SPDX-License-Identifier: GPL-2.0-only
/* vCPUs and VMs that come and go between the moments of a coarser tier: user/daemon/keeper.h. */
#include "keeper_views.h"

#define VMS 120
#define VCPUS 3
#define SECONDS 400
#define PLENTY (256ULL << 20)

/* When a VM was there, and until when each of its vCPUs was. */
struct life {
	uint64_t begin, end;
	uint64_t ends[VCPUS];
};

static struct life lives[VMS];

static uint64_t chance(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return *seed >> 20;
}

static void make_lives(uint64_t seed)
{
	for (size_t i = 0; i < VMS; i++) {
		struct life *life = &lives[i];

		life->begin = chance(&seed) % SECONDS;
		life->end = life->begin;
		for (size_t j = 0; j < VCPUS; j++) {
			life->ends[j] = life->begin + chance(&seed) % 30;
			if (chance(&seed) % 8 == 0)
				life->ends[j] = SECONDS + 1;
			life->end = life->ends[j] > life->end ? life->ends[j] : life->end;
		}
		life->end += chance(&seed) % 3;
	}
}

/* Of a vCPU, from its begin on. */
static uint64_t run_at(const struct life *life, size_t vcpu, uint64_t seconds)
{
	uint64_t end = seconds < life->ends[vcpu] ? seconds : life->ends[vcpu];

	return (end - life->begin + 1) * (1000 + vcpu);
}

static void add_vm(struct view *view, size_t i, uint64_t seconds)
{
	const struct life *life = &lives[i];
	struct vm *vm = list_add(&view->sched.vms);

	*vm = (struct vm){ .pid = (uint32_t)(100 + i), .start_ns = 7, .chosen = true };
	snprintf(vm->name, sizeof(vm->name), "vm%zu", i);
	for (size_t j = 0; j < VCPUS; j++) {
		struct thread_snapshot *thread;

		if (seconds > life->ends[j]) {
			vm->exited.run_ns += run_at(life, j, seconds);
			continue;
		}
		thread = list_add(&view->sched.threads);
		*thread = (struct thread_snapshot){
			.identity = { .id = i * VCPUS + j + 1,
				      .vm_pid = vm->pid,
				      .vm_start_ns = 7,
				      .is_vcpu = true,
				      .vcpu = (int32_t)j },
			.state = seconds == life->ends[j] ? STATE_GONE : STATE_RUN,
			.figures = { .run_ns = run_at(life, j, seconds) },
		};
		thread->hist.count[CAUSE_WAKE][j] = (uint32_t)(seconds - life->begin + 1);
	}
}

static void fill(struct view *view, uint64_t seconds)
{
	fill_view(view, seconds, 0);
	snapshot__clear(&view->sched);
	for (size_t i = 0; i < VMS; i++)
		if (seconds >= lives[i].begin && seconds <= lives[i].end)
			add_vm(view, i, seconds);
}

/* All that a VM's vCPUs have run, those that are there and those that have exited. */
static void expect_vm(const struct view *view, const struct vm *vm, uint64_t seconds)
{
	const struct life *life = &lives[vm->pid - 100];
	uint64_t run_ns = vm->exited.run_ns, known = 0;

	for (size_t i = 0; i < view->sched.threads.count; i++)
		if (view->sched.threads.list[i].identity.vm_pid == vm->pid)
			run_ns += view->sched.threads.list[i].figures.run_ns;
	for (size_t j = 0; j < VCPUS; j++)
		known += run_at(life, j, seconds);
	if (run_ns != known)
		fail_msg("%s at %llu: %llu instead of %llu", vm->name, (unsigned long long)seconds,
			 (unsigned long long)run_ns, (unsigned long long)known);
}

/* What all vCPUs have run from one moment to the next. */
static uint64_t grown(const struct view *before, const struct view *after)
{
	uint64_t run_ns = 0;

	for (size_t i = 0; i < after->sched.threads.count; i++) {
		const struct thread_snapshot *is = &after->sched.threads.list[i];
		const struct thread_snapshot *was =
			set__find(&thread_set, &before->sched.threads.all, is);

		run_ns += is->figures.run_ns - (was ? was->figures.run_ns : 0);
	}
	return run_ns;
}

/* Each moment is right, and nothing is missing between the first and the last. */
static void expect_all(uint64_t last)
{
	struct recording *recording = read_as("kvmq-cpu");
	struct view views[2] = { 0 };
	uint64_t run_ns = 0, known = 0, seconds = 0;
	size_t count = 0;

	for (; recording__next(recording, &views[count % 2]) == 1; count++) {
		const struct view *view = &views[count % 2];

		seconds = (view->sched.time_ns - BOOT_NS) / SECOND;
		for (size_t i = 0; i < view->sched.vms.count; i++)
			expect_vm(view, &view->sched.vms.list[i], seconds);
		run_ns += grown(&views[!(count % 2)], view);
	}
	recording__close(recording);
	for (size_t i = 0; i < VMS; i++)
		for (size_t j = 0; j < VCPUS && lives[i].begin <= last; j++)
			known += run_at(&lives[i], j, last);
	assert_int_equal(seconds, last);
	assert_int_equal(run_ns, known);
	view__free(&views[0]);
	view__free(&views[1]);
}

static void expect_with(uint64_t last, const char *sql)
{
	sqlite3 *db;
	char command[512];

	snprintf(command, sizeof(command), "cp %s %s.kept", path, path);
	assert_int_equal(system(command), 0);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	expect_all(last);
	snprintf(command, sizeof(command), "mv %s.kept %s", path, path);
	assert_int_equal(system(command), 0);
}

static const struct daemon_tier long_tiers[DAEMON_TIERS] = {
	{ SECOND, 60 * SECOND },
	{ 5 * SECOND, 180 * SECOND },
	{ 20 * SECOND, 3600 * SECOND },
};

static void test_totals(void **state)
{
	const struct recording_info info = keeper_info();

	(void)state;
	for (uint64_t round = 1; round <= 5; round++) {
		uint64_t last = (SECONDS - round * 20) / 20 * 20;
		struct keeper *keeper;
		struct view view = { 0 };

		make_lives(round);
		assert_int_equal(keeper__open(&keeper, path, long_tiers, PLENTY, &info), 0);
		for (uint64_t seconds = 0; seconds <= last; seconds++) {
			fill(&view, seconds);
			assert_int_equal(take_view(keeper, &view), 0);
		}
		keeper__close(keeper);
		assert_true(ask("SELECT min(id) FROM moments") > 1);
		assert_true(ask("SELECT min(id) FROM moments_1") > 1);
		expect_all(last);
		expect_with(last, "DELETE FROM moments; DELETE FROM moments_1");
		expect_with(last, "DELETE FROM moments");
		view__free(&view);
		unlink(path);
	}
}

/* Some pairs of each thread, which come, grow and go. */
static void fill_blame(struct view *view, uint64_t seconds)
{
	list_clear(&view->sched.blame);
	for (size_t i = 0; i < view->sched.threads.count; i++)
		for (uint32_t tid = 1; tid < 5; tid++)
			if ((i + tid + seconds / 40) % 3)
				*list_add(&view->sched.blame) = (struct blame){
					.victim = view->sched.threads.list[i].identity.id,
					.offender = { .kind = OFFENDER_HOST,
						      .tid = tid,
						      .comm = "a process",
						      .cgroup = "a.slice" },
					.ns = seconds / tid,
				};
}

static void write_as(const char *name)
{
	static const struct daemon_tier all[DAEMON_TIERS] = {
		{ SECOND, 3600 * SECOND },
		{ 5 * SECOND, 3600 * SECOND },
		{ 20 * SECOND, 3600 * SECOND },
	};
	const struct recording_info info = keeper_info();
	struct keeper *keeper;
	struct view view = { 0 };

	assert_int_equal(keeper__open(&keeper, path, all, PLENTY, &info), 0);
	for (uint64_t seconds = 0; seconds < 300; seconds++) {
		fill(&view, seconds);
		fill_blame(&view, seconds);
		assert_int_equal(take_view(keeper, &view), 0);
	}
	keeper__close(keeper);
	view__free(&view);
	assert_int_equal(rename(path, name), 0);
}

static int64_t count_differences(sqlite3 *db, const char *table)
{
	sqlite3_stmt *count;
	char sql[512];
	int64_t result;

	snprintf(sql, sizeof(sql),
		 "WITH a AS (SELECT * FROM main.%s), b AS (SELECT * FROM lent.%s) "
		 "SELECT (SELECT count(*) FROM (SELECT * FROM a EXCEPT SELECT * FROM b)) + "
		 "(SELECT count(*) FROM (SELECT * FROM b EXCEPT SELECT * FROM a))",
		 table, table);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &count, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(count), SQLITE_ROW);
	result = sqlite3_column_int64(count, 0);
	sqlite3_finalize(count);
	return result;
}

/* The same views give the same rows, whether or not they are lent. */
static void test_lent(void **state)
{
	char copied[160], other[160], sql[256];
	sqlite3_stmt *tables;
	sqlite3 *db;

	(void)state;
	snprintf(copied, sizeof(copied), "%s.copied", path);
	snprintf(other, sizeof(other), "%s.lent", path);
	make_lives(77);
	write_as(copied);
	lends = true;
	write_as(other);
	assert_int_equal(sqlite3_open(copied, &db), SQLITE_OK);
	snprintf(sql, sizeof(sql), "ATTACH '%s' AS lent", other);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT name FROM main.sqlite_master "
					    "WHERE type = 'table' AND name <> 'runs'",
					    -1, &tables, NULL),
			 SQLITE_OK);
	while (sqlite3_step(tables) == SQLITE_ROW)
		assert_int_equal(
			count_differences(db, (const char *)sqlite3_column_text(tables, 0)), 0);
	sqlite3_finalize(tables);
	sqlite3_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_totals, set_up, tear_down),
		LENT_TEST(test_totals),
		cmocka_unit_test_setup_teardown(test_lent, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("keeper exited", tests, NULL, NULL);
}
