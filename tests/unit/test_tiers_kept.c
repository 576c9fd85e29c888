// SPDX-License-Identifier: GPL-2.0-only
/* What of a recording of several tiers is found, stays and goes: user/recording/. */
#include "tiers.h"

#include <errno.h>

#include "recording/keep.h"

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

/* What is read of a time, as the tools do: the moments in it, and the one before each stretch. */
static size_t count_between(uint64_t since_ns, uint64_t until_ns, size_t *outside)
{
	struct recording *recording;
	struct moment got = { 0 };
	size_t inside = 0;

	*outside = 0;
	assert_int_equal(recording__open(&recording, path, &all_info), 0);
	assert_int_equal(recording__between(recording, since_ns, until_ns), 0);
	while (recording__next(recording, &got) == 1)
		if ((!since_ns || got.realtime_ns > since_ns) && got.realtime_ns <= until_ns)
			inside++;
		else
			++*outside;
	recording__close(recording);
	moment_free(&got);
	return inside;
}

/* An hour is there twice: each of its times is read twice, and nothing else. */
static void test_clock_set_back(void **state)
{
	struct moment moment;
	struct recorder *recorder = open_tiers();
	size_t outside;

	(void)state;
	moment = (struct moment){ .time_ns = 5, .realtime_ns = START_NS };
	for (size_t i = 0; i < 300; i++) {
		moment.time_ns += 1000000000;
		moment.realtime_ns = START_NS + (i < 200 ? i : i - 100) * 1000000000;
		assert_int_equal(write_to(recorder, &moment, due(i)), 0);
	}
	recorder__close(recorder);
	assert_int_equal(count_between(START_NS + 120500000000, START_NS + 130500000000, &outside),
			 20);
	assert_int_equal(outside, 2);
	assert_int_equal(count_between(START_NS + 50500000000, START_NS + 60500000000, &outside),
			 10);
	assert_int_equal(outside, 1);
	assert_int_equal(count_between(0, UINT64_MAX, &outside), 300);
	assert_int_equal(count_between(START_NS + 250000000000, UINT64_MAX, &outside), 0);
}

static struct recorded_incident incident_of(const struct known *known, size_t first, size_t last)
{
	struct recorded_incident incident = {
		.since_ns = known->moments.list[first].realtime_ns,
		.until_ns = known->moments.list[last].realtime_ns,
		.vm = "web",
		.rule = "cpu-neighbour",
		.verdict = "it waits",
	};

	return incident;
}

/* The moments of an incident, from the one before its first. */
static void expect_incident(int64_t id, const struct known *known, size_t first, size_t last)
{
	struct recording *recording;
	struct moment got = { 0 };

	assert_int_equal(recording__open(&recording, path, &all_info), 0);
	assert_int_equal(recording__choose(recording, id), 0);
	for (size_t i = first - 1; i <= last; i++) {
		assert_int_equal(recording__next(recording, &got), 1);
		expect_moment(&got, &known->moments.list[i]);
	}
	assert_int_equal(recording__next(recording, &got), 0);
	recording__close(recording);
	moment_free(&got);
}

/* Its moments, and the one before them, stay when all others have gone. */
static void test_incident(void **state)
{
	struct moment moment = { .realtime_ns = START_NS }, got = { 0 };
	struct recorder *recorder = open_tiers();
	LIST(struct recorded_incident) incidents = { 0 };
	struct recorded_incident incident, late = { .since_ns = 1, .until_ns = 2 };
	struct recording *recording;
	struct known known = { 0 };
	uint64_t seed = 37;

	(void)state;
	for (size_t i = 0; i < 100; i++)
		write_one(recorder, &known, &moment, &seed);
	incident = incident_of(&known, 70, 79);
	assert_int_equal(keep__add(recorder, &incident, 1 << 20), 0);
	incident = incident_of(&known, 75, 99);
	assert_int_equal(keep__add(recorder, &incident, 1 << 20), 0);
	log_keep_errors(true);
	assert_int_equal(keep__add(recorder, &late, 1 << 20), -ENODATA);
	log_keep_errors(false);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(thin__cut(recorder, i, INT64_MAX), 0);
	sweep_all(recorder);
	recorder__close(recorder);
	assert_int_equal(recording__open(&recording, path, &all_info), 0);
	assert_int_equal(recording__incidents(recording, &incidents.all), 0);
	assert_int_equal(incidents.count, 2);
	assert_string_equal(incidents.list[0].rule, "cpu-neighbour");
	assert_int_equal(recording__next(recording, &got), 0); /* they are no part of the series */
	log_keep_errors(true);
	assert_int_equal(recording__choose(recording, 3), -ENODATA);
	log_keep_errors(false);
	recording__close(recording);
	expect_incident(1, &known, 70, 79);
	list_free(&incidents);
	moment_free(&moment);
	moment_free(&got);
	forget(&known);
}

/* Incidents of the same moments share them, and have what each needs. */
static void test_incidents_share(void **state)
{
	struct moment moment = { .realtime_ns = START_NS };
	struct recorder *recorder = open_tiers();
	struct recorded_incident incident;
	struct known known = { 0 };
	uint64_t seed = 53;

	(void)state;
	for (size_t i = 0; i < 20; i++)
		add_machine(&moment, i, "m");
	for (size_t i = 0; i < 100; i++)
		write_one(recorder, &known, &moment, &seed);
	for (size_t last = 80; last < 92; last += 4) {
		incident = incident_of(&known, last - 9, last);
		assert_int_equal(keep__add(recorder, &incident, 1 << 20), 0);
	}
	assert_int_equal(keep__add(recorder, &incident, 1 << 20), 0);
	assert_int_equal(ask("SELECT bytes FROM incidents WHERE id = 4"), 0);
	sweep_all(recorder);
	for (size_t i = 0; i < 3; i++)
		expect_incident((int64_t)i + 1, &known, 71 + 4 * i, 80 + 4 * i);
	expect_incident(4, &known, 79, 88);
	recorder__close(recorder);
	moment_free(&moment);
	forget(&known);
}

/* One that needs moments again whose rows were about to go keeps them. */
static void test_incident_kept_again(void **state)
{
	struct moment moment = { .realtime_ns = START_NS };
	struct recorder *recorder = open_tiers();
	struct recorded_incident incident;
	struct known known = { 0 };
	uint64_t seed = 59;
	bool gone;

	(void)state;
	for (size_t i = 0; i < 20; i++)
		add_machine(&moment, i, "m");
	for (size_t i = 0; i < 100; i++)
		write_one(recorder, &known, &moment, &seed);
	incident = incident_of(&known, 70, 79);
	assert_int_equal(keep__add(recorder, &incident, 1 << 20), 0);
	assert_int_equal(keep__drop_oldest(recorder, &gone), 0);
	assert_true(gone);
	incident = incident_of(&known, 75, 84);
	assert_int_equal(keep__add(recorder, &incident, 1 << 20), 0);
	sweep_all(recorder);
	expect_incident(incident.id, &known, 75, 84);
	recorder__close(recorder);
	moment_free(&moment);
	forget(&known);
}

/* All together never take more than they may; the newest ones stay. */
static void test_incident_bytes(void **state)
{
	struct moment moment = { .realtime_ns = START_NS };
	struct recorder *recorder = open_tiers();
	struct known known = { 0 };
	uint64_t seed = 41;

	(void)state;
	for (size_t i = 0; i < 20; i++)
		add_machine(&moment, i, "m");
	for (size_t i = 0; i < 300; i++) {
		struct recorded_incident incident;

		write_one(recorder, &known, &moment, &seed);
		if (i % 20 != 19)
			continue;
		incident = incident_of(&known, i - 9, i);
		assert_int_equal(keep__add(recorder, &incident, 200000), 0);
		assert_in_range(ask("SELECT total(bytes) FROM incidents"), 1, 200000);
	}
	sweep_all(recorder);
	assert_int_equal(ask("SELECT max(id) FROM incidents"), 15);
	assert_in_range(ask("SELECT min(id) FROM incidents"), 2, 15);
	assert_int_equal(ask("SELECT count(*) FROM figures_kept WHERE moment < (SELECT min(whole) "
			     "FROM incidents)"),
			 0);
	recorder__close(recorder);
	moment_free(&moment);
	forget(&known);
}

/* Rows of what has gone are gone, too, and its pages can be used again or given back. */
static void test_swept(void **state)
{
	struct moment moment = { .realtime_ns = START_NS };
	struct recorder *recorder = open_tiers();
	struct known known = { 0 };
	struct room was, is;
	uint64_t seed = 43;
	int64_t first;

	(void)state;
	for (size_t i = 0; i < 40; i++)
		add_machine(&moment, i, "m");
	for (size_t i = 0; i < 300; i++)
		write_one(recorder, &known, &moment, &seed);
	do
		first = cut_some(recorder, 0, &seed);
	while (first && first < 200);
	assert_int_equal(ask("SELECT min(id) FROM moments"), first);
	assert_true(ask("SELECT min(moment) FROM figures") < first);
	sweep_all(recorder);
	assert_int_equal(ask("SELECT count(*) FROM figures WHERE moment < (SELECT min(id) FROM "
			     "moments)"),
			 0);
	assert_int_equal(thin__measure(recorder, &was), 0);
	assert_true(was.free_pages > was.pages / 4);
	for (int64_t pages = was.pages; pages > 0; pages -= 32)
		assert_int_equal(thin__give_back(recorder, 32), 0);
	assert_int_equal(thin__measure(recorder, &is), 0);
	assert_int_equal(is.free_pages, 0);
	assert_true(is.pages < was.pages - was.free_pages / 2);
	recorder__close(recorder);
	moment_free(&moment);
	forget(&known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_clock_set_back, set_up, remove_folder),
		cmocka_unit_test_setup_teardown(test_incident, set_up, remove_folder),
		cmocka_unit_test_setup_teardown(test_incidents_share, set_up, remove_folder),
		cmocka_unit_test_setup_teardown(test_incident_kept_again, set_up, remove_folder),
		cmocka_unit_test_setup_teardown(test_incident_bytes, set_up, remove_folder),
		cmocka_unit_test_setup_teardown(test_swept, set_up, remove_folder),
		LENT_TEST(test_clock_set_back),
		LENT_TEST(test_incident),
		LENT_TEST(test_incidents_share),
		LENT_TEST(test_incident_kept_again),
		LENT_TEST(test_incident_bytes),
		LENT_TEST(test_swept),
	};

	return cmocka_run_group_tests_name("tiers kept", tests, NULL, NULL);
}
