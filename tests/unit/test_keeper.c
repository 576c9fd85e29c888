// SPDX-License-Identifier: GPL-2.0-only
/* What the daemon keeps, for how long, and in how many bytes: user/daemon/keeper.h. */
#include "keeper_views.h"

#include <errno.h>

#include "recording/room.h"

#define PLENTY (256ULL << 20)
#define MOST 2000

/* The moments are as fine as they are to be at each age, and every figure is right. */
static void test_tiers(void **state)
{
	static uint64_t seconds[MOST];
	struct keeper *keeper = open_keeper(PLENTY);
	struct keeper_state is;
	size_t count, fine = 0, middle = 0;

	(void)state;
	take_all(keeper, 0, 1000);
	keeper__state(keeper, &is);
	assert_int_equal(is.moments[0], 1000);
	assert_int_equal(is.moments[1], 200);
	assert_int_equal(is.moments[2], 50);
	assert_int_equal(is.dropped + is.failed + is.set_aside, 0);
	assert_string_equal(is.error, "");
	count = read_all(seconds, MOST);
	assert_int_equal(seconds[count - 1], 999);
	for (size_t i = 1; i < count; i++) {
		uint64_t step = seconds[i] - seconds[i - 1];

		assert_true(step == 1 || step == 5 || step == 20);
		/* Never coarser again. */
		assert_true(i < 2 || step <= seconds[i - 1] - seconds[i - 2]);
		fine += step == 1;
		middle += step == 5;
	}
	/* What is kept, and at most one block more: 10 s, 20 s and 60 s. */
	assert_in_range(fine, 29, 42);
	assert_in_range(999 - seconds[0], 280, 400);
	assert_in_range(fine + 5 * middle, 85, 125);
	assert_in_range(ask("SELECT count(*) FROM moments_2"), 15, 20);
	keeper__close(keeper);
	assert_int_equal(read_all(seconds, MOST), count);
}

/* Views that come a little early or late miss no moment, and make none twice. */
static void test_jitter(void **state)
{
	struct keeper *keeper = open_keeper(PLENTY);
	struct keeper_state is;
	struct view view = { 0 };

	(void)state;
	for (uint64_t seconds = 0; seconds < 200; seconds++) {
		fill_view(&view, seconds, 0);
		view.sched.time_ns += seconds % 3 * 30000000;
		assert_int_equal(take_view(keeper, &view), 0);
	}
	keeper__state(keeper, &is);
	assert_int_equal(is.moments[0], 200);
	assert_int_equal(is.moments[1], 40);
	assert_int_equal(is.moments[2], 10);
	keeper__close(keeper);
	view__free(&view);
}

/* Setting the clock by an hour, either way, neither deletes nor keeps anything. */
static void test_clock(void **state)
{
	static uint64_t seconds[MOST];
	static const int64_t shifts[] = { 0, 3600000000000, -3600000000000, 0 };
	struct keeper *keeper = open_keeper(PLENTY);
	struct view view = { 0 };
	size_t count;

	(void)state;
	for (uint64_t i = 0; i < 400; i++) {
		fill_view(&view, i, shifts[i / 100]);
		assert_int_equal(take_view(keeper, &view), 0);
		if (i % 100 > 1)
			continue;
		count = (size_t)ask("SELECT count(*) FROM moments");
		assert_in_range(count, i >= 100 ? 30 : 1, 45);
	}
	assert_true(read_all(seconds, MOST) > 40);
	assert_in_range(399 - seconds[0], 280, 400);
	keeper__close(keeper);
	view__free(&view);
}

/* After a reboot, only the time of day tells how old moments are: not if it was wrong then. */
static void test_reboot(void **state)
{
	const int64_t year_ns = 365LL * 86400 * (int64_t)SECOND;
	struct recording_info info = keeper_info();
	struct keeper *keeper = open_keeper(PLENTY);

	(void)state;
	take_all(keeper, 0, 100);
	keeper__close(keeper);
	/* A year later: nothing of it is young enough. */
	info.boot_id = "boot-2";
	assert_int_equal(keeper__open(&keeper, path, lab_tiers, PLENTY, &info), 0);
	take_shifted(keeper, 0, 50, year_ns);
	assert_int_equal(ask("SELECT count(*) FROM moments WHERE run = 1"), 0);
	assert_int_equal(ask("SELECT count(*) FROM moments_2 WHERE run = 1"), 0);
	assert_int_equal(ask("SELECT count(*) FROM runs"), 1);
	keeper__close(keeper);
	/* That clock was a year ahead: it counts as young now, but not for ever. */
	info.boot_id = "boot-3";
	assert_int_equal(keeper__open(&keeper, path, lab_tiers, PLENTY, &info), 0);
	take_all(keeper, 0, 80);
	assert_int_equal(ask("SELECT count(*) FROM moments_1 WHERE run = 2"), 10);
	take_all(keeper, 80, 500);
	assert_int_equal(ask("SELECT count(*) FROM moments_2 WHERE run = 2"), 0);
	assert_int_equal(ask("SELECT count(*) FROM runs"), 1);
	keeper__close(keeper);
}

/* The limit holds after each call; the finest moments go first, and what is left is right. */
static void test_limit(void **state)
{
	static uint64_t seconds[MOST];
	const uint64_t limit = ROOM_LEAST_BYTES;
	struct keeper *keeper = open_keeper(limit);
	struct keeper_state is;
	struct view view = { 0 };
	uint64_t most = 0;

	(void)state;
	for (uint64_t i = 0; i < 600; i++) {
		fill_view(&view, i, 0);
		/* Blame of its own at each moment: some 300 KiB of changes. */
		list_clear(&view.sched.blame);
		for (uint64_t j = 0; j < 8000; j++)
			*list_add(&view.sched.blame) = (struct blame){
				.victim = 1,
				.ns = i + j,
				.offender = { .kind = OFFENDER_HOST,
					      .tid = (uint32_t)j,
					      .comm = "a process" },
			};
		for (size_t j = 0; j < view.sched.blame.count; j++)
			snprintf(view.sched.blame.list[j].offender.cgroup, CGROUP_SIZE,
				 "%08llu-and-some-more.slice", (unsigned long long)i);
		assert_int_equal(take_view(keeper, &view), 0);
		assert_in_range(size_on_disk(), 1, limit);
		most = size_on_disk() > most ? size_on_disk() : most;
	}
	assert_true(most > limit / 2);
	keeper__state(keeper, &is);
	assert_int_equal(is.dropped, 0);
	assert_int_equal(is.bytes, size_on_disk());
	/* Less than the tier would keep. */
	assert_in_range(ask("SELECT count(*) FROM moments"), 1, 29);
	assert_true(read_all(seconds, MOST) > 10);
	keeper__close(keeper);
	view__free(&view);
	assert_in_range(size_on_disk(), 1, limit);
}

/* A moment that cannot fit is left out and counted; the next ones are written. */
static void test_too_large(void **state)
{
	static uint64_t seconds[MOST];
	struct keeper *keeper = open_keeper(ROOM_LEAST_BYTES);
	struct keeper_state is;
	struct view view = { 0 };
	int error;

	(void)state;
	take_all(keeper, 0, 10);
	fill_view(&view, 10, 0);
	for (uint64_t j = 0; j < 400000; j++)
		*list_add(&view.sched.blame) =
			(struct blame){ .victim = 1,
					.ns = j,
					.offender = { .kind = OFFENDER_HOST, .tid = (uint32_t)j } };
	log_keep_errors(true);
	error = take_view(keeper, &view);
	assert_true(error == -EDQUOT || error == -ENOSPC);
	assert_in_range(size_on_disk(), 1, ROOM_LEAST_BYTES);
	keeper__state(keeper, &is);
	assert_int_equal(is.dropped, 1);
	assert_true(*is.error);
	log_keep_errors(false);
	take_all(keeper, 11, 20);
	keeper__state(keeper, &is);
	assert_int_equal(is.dropped, 1);
	assert_string_equal(is.error, "");
	keeper__close(keeper);
	assert_in_range(read_all(seconds, MOST), 9, 19);
	view__free(&view);
}

/* Processes that are all blamed for something new: so many rows. */
static void fill_blame(struct view *view, uint64_t seconds, uint64_t rows)
{
	list_clear(&view->sched.blame);
	for (uint64_t i = 0; i < rows; i++)
		*list_add(&view->sched.blame) = (struct blame){
			.victim = 1,
			.ns = seconds + i,
			.offender = { .kind = OFFENDER_HOST, .tid = (uint32_t)i },
		};
}

/* A moment that is much larger than those before it, when the file is as large as it may be. */
static void test_burst(void **state)
{
	static uint64_t seconds[MOST];
	struct keeper *keeper = open_keeper(ROOM_LEAST_BYTES);
	struct keeper_state is;
	struct view view = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 400; i++) {
		fill_view(&view, i, 0);
		fill_blame(&view, i, i == 350 ? 40000 : 2000);
		assert_int_equal(take_view(keeper, &view), 0);
		assert_in_range(size_on_disk(), 1, ROOM_LEAST_BYTES);
		/* A quarter is for the "-wal". */
		assert_in_range(ask("PRAGMA page_count") * ROOM_PAGE_BYTES, 1,
				ROOM_LEAST_BYTES / 4 * 3);
	}
	keeper__state(keeper, &is);
	assert_int_equal(is.dropped, 0);
	keeper__close(keeper);
	assert_true(read_all(seconds, MOST) > 10);
	view__free(&view);
}

/* Whoever reads for long keeps the "-wal" from being put into the file: the limit holds. */
static void test_long_reader(void **state)
{
	static uint64_t seconds[MOST];
	struct keeper *keeper = open_keeper(ROOM_LEAST_BYTES);
	struct keeper_state is;
	struct view view = { 0 };
	sqlite3 *db;
	size_t count;

	(void)state;
	take_all(keeper, 0, 10);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM moments", NULL, NULL, NULL),
			 SQLITE_OK);
	for (uint64_t i = 10; i < 300; i++) {
		fill_view(&view, i, 0);
		fill_blame(&view, i, 1000);
		take_view(keeper, &view);
		assert_in_range(size_on_disk(), 1, ROOM_LEAST_BYTES);
	}
	keeper__state(keeper, &is);
	assert_true(is.dropped > 0);
	assert_non_null(strstr(is.error, "has no room for this moment"));
	sqlite3_close(db);
	take_all(keeper, 300, 310);
	keeper__close(keeper);
	count = read_all(seconds, MOST);
	assert_int_equal(seconds[count - 1], 309);
	view__free(&view);
}

/* What has been lowered is reached; all the time it can be written. */
static void test_lowered(void **state)
{
	static uint64_t seconds[MOST];
	struct keeper *keeper = open_keeper(PLENTY);
	struct view view = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 90; i++) {
		fill_view(&view, i, 0);
		for (uint64_t j = 0; j < 20000; j++)
			*list_add(&view.sched.blame) =
				(struct blame){ .victim = 1,
						.ns = i + j,
						.offender = { .tid = (uint32_t)(20000 * i + j) } };
		assert_int_equal(take_view(keeper, &view), 0);
	}
	keeper__close(keeper);
	assert_true(size_on_disk() > ROOM_LEAST_BYTES);
	keeper = open_keeper(ROOM_LEAST_BYTES);
	take_all(keeper, 90, 400);
	assert_in_range(size_on_disk(), 1, ROOM_LEAST_BYTES);
	keeper__close(keeper);
	assert_true(read_all(seconds, MOST) > 30);
	view__free(&view);
}

/* An incident outlives its moments, and goes when there are too many. */
static void test_incident(void **state)
{
	struct keeper *keeper = open_keeper(PLENTY);
	struct incident incident = { .since_ns = START_NS + 90 * SECOND,
				     .until_ns = START_NS + 99 * SECOND,
				     .vm = "web",
				     .rule = "cpu-neighbour",
				     .verdict = "waits" };
	struct recording *recording;
	struct view view = { 0 };

	(void)state;
	take_all(keeper, 0, 100);
	assert_int_equal(keeper__keep(keeper, &incident, 1 << 20), 0);
	assert_int_equal(incident.id, 1);
	take_all(keeper, 100, 1000);
	recording = read_as("kvmq-why");
	assert_int_equal(recording__choose(recording, 1), 0);
	for (uint64_t seconds = 89; seconds < 100; seconds++) {
		assert_int_equal(recording__next(recording, &view), 1);
		expect_view(&view, seconds);
	}
	assert_int_equal(recording__next(recording, &view), 0);
	recording__close(recording);
	keeper__close(keeper);
	view__free(&view);
}

static void take_each(struct keeper *keeper, uint64_t from, uint64_t to, uint64_t step)
{
	for (uint64_t seconds = from; seconds < to; seconds += step)
		take_all(keeper, seconds, seconds + 1);
}

/*
 * Views that come as seldom as a coarser tier wants them are written to that one alone; fine ones
 * from before stay their time, and the series has no gap, also when the interval changes.
 */
static void test_covered(void **state)
{
	static uint64_t seconds[MOST];
	struct recording_info info = keeper_info();
	struct keeper *keeper = open_keeper(PLENTY);
	struct keeper_state is;
	struct incident incident = { .since_ns = START_NS + 150 * SECOND,
				     .until_ns = START_NS + 180 * SECOND };
	size_t count;

	(void)state;
	take_all(keeper, 0, 100);
	keeper__close(keeper);
	info.interval_ns = 5 * SECOND;
	assert_int_equal(keeper__open(&keeper, path, lab_tiers, PLENTY, &info), 0);
	take_each(keeper, 100, 110, 5);
	assert_true(ask("SELECT count(*) FROM moments") >= 20);
	take_each(keeper, 110, 200, 5);
	keeper__state(keeper, &is);
	assert_int_equal(is.moments[0], 0);
	assert_int_equal(is.moments[1], 20);
	assert_int_equal(is.moments[2], 5);
	assert_int_equal(ask("SELECT count(*) FROM moments"), 0);
	assert_int_equal(keeper__keep(keeper, &incident, 1 << 20), 0);
	assert_true(ask("SELECT count(*) FROM moments_kept") >= 8);
	/* One that comes between two is not lost. */
	take_all(keeper, 201, 202);
	assert_int_equal(ask("SELECT count(*) FROM moments_1 WHERE run = 2"), 21);
	keeper__set_interval(keeper, SECOND);
	take_all(keeper, 202, 260);
	keeper__state(keeper, &is);
	assert_int_equal(is.moments[0], 58);
	assert_int_equal(is.dropped + is.failed, 0);
	keeper__close(keeper);
	count = read_all(seconds, MOST);
	assert_int_equal(seconds[count - 1], 259);
	for (size_t i = 1; i < count; i++)
		assert_true(seconds[i] - seconds[i - 1] <= (seconds[i] > 185 ? 6 : 20));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tiers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_jitter, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_clock, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reboot, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_large, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_burst, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_reader, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lowered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_incident, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_covered, set_up, tear_down),
		LENT_TEST(test_tiers),
		LENT_TEST(test_jitter),
		LENT_TEST(test_clock),
		LENT_TEST(test_reboot),
		LENT_TEST(test_limit),
		LENT_TEST(test_too_large),
		LENT_TEST(test_burst),
		LENT_TEST(test_long_reader),
		LENT_TEST(test_lowered),
		LENT_TEST(test_incident),
		LENT_TEST(test_covered),
	};

	return cmocka_run_group_tests_name("keeper", tests, NULL, NULL);
}
