// SPDX-License-Identifier: GPL-2.0-only
/* What is written is what is read: user/recording/. */
#include "recorded.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/log.h"
#include "recording/recorder.h"
#include "recording/recording.h"

#define MOMENTS 400
#define START_NS 1700000000000000000ULL

static int set_up(void **state)
{
	(void)state;
	make_folder();
	return 0;
}

/* What it is told need not stay. */
static struct recorder *record(const struct recording_info *info)
{
	struct recording_info told = *info;
	struct recorder *recorder;

	assert_int_equal(recorder__open(&recorder, path, &told), 0);
	memset(&told, 0xff, sizeof(told));
	return recorder;
}

static struct recording *read_with(const struct recording_info *info)
{
	struct recording_info told = *info;
	struct recording *recording;

	assert_int_equal(recording__open(&recording, path, &told), 0);
	memset(&told, 0xff, sizeof(told));
	return recording;
}

/* What a person would be told with "sqlite3 FILE SQL": the first number. */
static int64_t ask(const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *statement;
	int64_t number;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL))
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return number;
}

static void expect_end(struct recording *recording)
{
	struct moment moment = { 0 };

	assert_int_equal(recording__next(recording, &moment), 0);
	assert_int_equal(moment.time_ns, 0);
}

/* Several runs of views that change at random: all of them come back, in whatever way. */
static void test_random_views(void **state)
{
	static struct moment moments[MOMENTS];
	struct moment moment = { .realtime_ns = START_NS }, got = { 0 };
	struct recorder *recorder = record(&all_info);
	struct recording *recording;
	uint64_t seed = 1;

	(void)state;
	for (size_t i = 0; i < MOMENTS; i++) {
		if (i == 150 || i == 151) {
			recorder__close(recorder);
			recorder = record(&all_info);
		}
		moment_change(&moment, &seed);
		assert_int_equal(recorder__write(recorder, &moment), 0);
		moment_copy(&moments[i], &moment);
	}
	recorder__close(recorder);
	recording = read_with(&all_info);
	for (size_t i = 0; i < MOMENTS; i++) {
		assert_int_equal(recording__next(recording, &got), 1);
		expect_moment(&got, &moments[i]);
		assert_int_equal(recording__run(recording)->id, i < 150 ? 1 : i < 151 ? 2 : 3);
	}
	expect_end(recording);
	/* From anywhere to anywhere, and then two further. */
	for (size_t i = 0; i < 300; i++) {
		size_t place = chance(&seed) % MOMENTS;
		uint64_t later = place + 1 < MOMENTS ? chance(&seed) % 1000000000 : UINT64_MAX / 2;

		assert_int_equal(recording__seek(recording, moments[place].realtime_ns + later), 0);
		for (size_t j = place; j < place + 3 && j < MOMENTS; j++) {
			assert_int_equal(recording__next(recording, &got), 1);
			expect_moment(&got, &moments[j]);
		}
	}
	assert_int_equal(recording__seek(recording, 5), 0);
	assert_int_equal(recording__next(recording, &got), 1);
	expect_moment(&got, &moments[0]);
	recording__close(recording);
	for (size_t i = 0; i < MOMENTS; i++)
		moment_free(&moments[i]);
	moment_free(&moment);
	moment_free(&got);
}

/* The first view of most tests: two machines, one of them idle. */
static void begin_moment(struct moment *moment)
{
	*moment = (struct moment){ .time_ns = 5, .realtime_ns = START_NS };
	add_machine(moment, 7, "a")->run_ns = 1;
	add_machine(moment, 3, "b")->since_ns = 9;
	add_pair(moment, -1, "x");
}

static void pass(struct moment *moment, uint64_t ns)
{
	moment->time_ns += ns;
	moment->realtime_ns += ns;
	moment->machines.list[1].idle_ns += ns;
}

/* What has not changed, or has only grown older, takes no row; what has gone takes one. */
static void test_rows(void **state)
{
	struct moment moment;
	struct recorder *recorder = record(&all_info);

	(void)state;
	begin_moment(&moment);
	assert_int_equal(recorder__write(recorder, &moment), 0);
	for (int i = 0; i < 10; i++) {
		pass(&moment, 10);
		assert_int_equal(recorder__write(recorder, &moment), 0);
	}
	assert_int_equal(ask("SELECT count(*) FROM moments"), 11);
	assert_int_equal(ask("SELECT count(*) FROM figures"), 2);
	assert_int_equal(ask("SELECT count(*) FROM machines"), 2);
	assert_int_equal(ask("SELECT count(*) FROM losses"), 1);
	assert_int_equal(ask("SELECT count(*) FROM pairs WHERE here"), 1);
	pass(&moment, 10);
	moment.machines.list[0].hist[8] = 3;
	moment.machines.list[1].run_ns = 44;
	list_clear(&moment.pairs);
	assert_int_equal(recorder__write(recorder, &moment), 0);
	assert_int_equal(ask("SELECT count(*) FROM figures WHERE moment = 12"), 2);
	assert_int_equal(ask("SELECT count(*) FROM machines WHERE moment = 12"), 0);
	assert_int_equal(ask("SELECT idle_ns FROM figures WHERE moment = 12 AND id = 3"), 110);
	assert_int_equal(ask("SELECT hist = x'e201' FROM figures WHERE moment = 12 AND id = 7"), 1);
	assert_int_equal(ask("SELECT count(*) FROM pairs WHERE here IS NULL AND node = -1"), 1);
	moment.machines.count = 1;
	assert_int_equal(recorder__write(recorder, &moment), 0);
	assert_int_equal(ask("SELECT id FROM figures WHERE run_ns IS NULL"), 3);
	assert_int_equal(ask("SELECT id FROM machines WHERE name IS NULL AND node IS NULL"), 3);
	recorder__close(recorder);
	moment_free(&moment);
}

/* Each 64th moment is whole, so that reading from the middle is bounded. */
static void test_whole(void **state)
{
	struct moment moment, got = { 0 };
	struct recorder *recorder = record(&all_info);
	struct recording *recording;

	(void)state;
	begin_moment(&moment);
	for (int i = 0; i < 130; i++, pass(&moment, 10))
		assert_int_equal(recorder__write(recorder, &moment), 0);
	recorder__close(recorder);
	assert_int_equal(ask("SELECT count(*) FROM moments WHERE whole"), 3);
	assert_int_equal(ask("SELECT count(*) FROM figures"), 6);
	assert_int_equal(ask("SELECT max(moment) FROM pairs"), 129);
	/* Nothing before the last whole one is needed, nor missed. */
	change_file("DELETE FROM moments WHERE id < 65; DELETE FROM figures WHERE moment < 65;"
		    "DELETE FROM machines WHERE moment < 65");
	recording = read_with(&all_info);
	assert_int_equal(recording__next(recording, &got), 1);
	assert_int_equal(got.machines.count, 2);
	assert_string_equal(got.machines.list[1].name, "a");
	assert_int_equal(got.machines.list[0].idle_ns, 640);
	assert_int_equal(got.realtime_ns, START_NS + 640);
	recording__close(recording);
	moment_free(&moment);
	moment_free(&got);
}

/* Moments that are taken out under a reader's feet: it goes on where it can tell all again. */
static void test_taken_out(void **state)
{
	struct moment moment, got = { 0 };
	struct recorder *recorder = record(&all_info);
	struct recording *recording;

	(void)state;
	begin_moment(&moment);
	for (int i = 0; i < 100; i++, pass(&moment, 10))
		assert_int_equal(recorder__write(recorder, &moment), 0);
	recording = read_with(&all_info);
	for (int i = 0; i < 10; i++)
		assert_int_equal(recording__next(recording, &got), 1);
	change_file("DELETE FROM moments WHERE id < 20");
	assert_int_equal(recording__next(recording, &got), 1);
	assert_int_equal(got.time_ns, 5 + 640);
	recording__close(recording);
	recorder__close(recorder);
	moment_free(&moment);
	moment_free(&got);
}

/* Moment by moment, while it is being written; it has an end again and again. */
static void test_live(void **state)
{
	struct moment moment = { .realtime_ns = START_NS }, got = { 0 };
	struct recorder *recorder = record(&all_info);
	struct recording *recording = read_with(&all_info);
	uint64_t seed = 3;

	(void)state;
	expect_end(recording);
	for (int i = 0; i < 200; i++) {
		moment_change(&moment, &seed);
		assert_int_equal(recorder__write(recorder, &moment), 0);
		assert_int_equal(recording__next(recording, &got), 1);
		expect_moment(&got, &moment);
		expect_end(recording);
	}
	recorder__close(recorder);
	expect_end(recording);
	recorder = record(&all_info);
	assert_int_equal(recorder__write(recorder, &moment), 0);
	assert_int_equal(recording__next(recording, &got), 1);
	assert_int_equal(recording__run(recording)->id, 2);
	expect_moment(&got, &moment);
	recorder__close(recorder);
	recording__close(recording);
	moment_free(&moment);
	moment_free(&got);
}

static void test_run(void **state)
{
	struct moment moment, got = { 0 };
	struct recorder *recorder = record(&all_info);
	struct recording *recording;
	const struct recording_run *run;

	(void)state;
	begin_moment(&moment);
	assert_int_equal(recorder__write(recorder, &moment), 0);
	recorder__close(recorder);
	recording = read_with(&all_info);
	run = recording__run(recording);
	assert_int_equal(run->id, 0);
	assert_int_equal(recording__next(recording, &got), 1);
	assert_int_equal(run->id, 1);
	assert_string_equal(run->tool, "kvmq-test");
	assert_string_equal(run->version, "1.0");
	assert_string_equal(run->boot_id, "b00t");
	assert_string_equal(run->host, "h");
	assert_true(run->begin_ns > START_NS);
	assert_int_equal(run->interval_ns, 1000000000);
	recording__close(recording);
	moment_free(&moment);
	moment_free(&got);
}

/* Nobody else may read it, and nothing is left beside it. */
static void test_one_file(void **state)
{
	char command[128];
	struct moment moment;
	struct recorder *recorder = record(&all_info);
	struct stat status;
	FILE *file;

	(void)state;
	begin_moment(&moment);
	assert_int_equal(recorder__write(recorder, &moment), 0);
	snprintf(command, sizeof(command), "[ \"$(stat -c %%a %s/* | uniq -c)\" = '      3 600' ]",
		 folder);
	assert_int_equal(system(command), 0);
	recorder__close(recorder);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	snprintf(command, sizeof(command), "[ $(ls %s | wc -l) = 1 ]", folder);
	assert_int_equal(system(command), 0);
	/* No WAL any more: it can be read where nothing can be written. */
	file = fopen(path, "re");
	assert_true(file && !fseek(file, 18, SEEK_SET));
	assert_int_equal(fgetc(file), 1);
	fclose(file);
	assert_int_equal(ask("PRAGMA application_id"), 0x6b766d71);
	assert_int_equal(ask("PRAGMA user_version"), 2);
	assert_int_equal(ask("PRAGMA auto_vacuum"), 2);
	moment_free(&moment);
}

/* What a person asks: what was it at a time, and how much came in a while? */
static void test_questions(void **state)
{
	struct moment moment;
	struct recorder *recorder = record(&all_info);

	(void)state;
	begin_moment(&moment);
	for (int i = 0; i < 100; i++, pass(&moment, 10)) {
		moment.machines.list[0].run_ns = 3 * (uint64_t)i;
		assert_int_equal(recorder__write(recorder, &moment), 0);
	}
	recorder__close(recorder);
	assert_int_equal(
		ask("SELECT max(run_ns) - min(run_ns) FROM figures JOIN moments m ON m.id = moment "
		    "WHERE figures.id = 7 AND realtime_ns BETWEEN 1700000000000000100 AND "
		    "1700000000000000200"),
		30);
	assert_int_equal(ask("WITH m AS (SELECT max(id) AS last, max(id * whole) AS first "
			     "FROM moments WHERE realtime_ns <= 1700000000000000700) "
			     "SELECT count(*) * 1000 + total(run_ns) FROM (SELECT id, run_ns, "
			     "max(row) FROM figures, m WHERE row BETWEEN first << 20 AND "
			     "(last + 1 << 20) - 1 GROUP BY id)"),
			 2000 + 3 * 70);
	moment_free(&moment);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random_views, set_up, remove_folder),
		cmocka_unit_test_setup_teardown(test_rows, set_up, remove_folder),
		cmocka_unit_test_setup_teardown(test_whole, set_up, remove_folder),
		cmocka_unit_test_setup_teardown(test_taken_out, set_up, remove_folder),
		cmocka_unit_test_setup_teardown(test_live, set_up, remove_folder),
		cmocka_unit_test_setup_teardown(test_run, set_up, remove_folder),
		cmocka_unit_test_setup_teardown(test_one_file, set_up, remove_folder),
		cmocka_unit_test_setup_teardown(test_questions, set_up, remove_folder),
	};

	return cmocka_run_group_tests_name("recording", tests, NULL, NULL);
}
