// SPDX-License-Identifier: GPL-2.0-only
/* Several tiers in one recording: what is read of them together is exact: user/recording/. */
#include "tiers.h"

#include <errno.h>

#define MOMENTS 400

/* What machines have grown by from one moment to the next. */
static void grow(struct moment *before, const struct moment *after, uint64_t *run_ns,
		 uint64_t *hist)
{
	for (size_t i = 0; i < after->machines.count; i++) {
		const struct machine *is = &after->machines.list[i];
		const struct machine *was = set__find(&machine_set, &before->machines.all, is);

		*run_ns += is->run_ns - (was ? was->run_ns : 0);
		*hist += hist_sum(is) - (was ? hist_sum(was) : 0);
	}
}

/* All that has been, however many of its moments are left out. Returns how many there are. */
static size_t expect_totals(const struct known *known)
{
	struct moment views[2] = { 0 };
	struct recording *recording;
	uint64_t run_ns = 0, hist = 0;
	size_t count = 0;

	assert_int_equal(recording__open(&recording, path, &all_info), 0);
	while (recording__next(recording, &views[count % 2]) == 1) {
		struct moment *before = &views[!(count % 2)], *after = &views[count % 2];

		assert_true(after->time_ns > before->time_ns);
		grow(before, after, &run_ns, &hist);
		count++;
	}
	recording__close(recording);
	moment_free(&views[0]);
	moment_free(&views[1]);
	assert_int_equal(run_ns, known->run_ns);
	assert_int_equal(hist, known->hist);
	return count;
}

/* Of what was written, a copy of the file with these statements run on it. */
static size_t expect_totals_with(const struct known *known, const char *sql)
{
	char command[512], kept[sizeof(path)];
	size_t count;

	strcpy(kept, path);
	snprintf(command, sizeof(command), "cp %s %s.copy", path, path);
	assert_int_equal(system(command), 0);
	snprintf(path, sizeof(path), "%.100s.copy", kept);
	change_file(sql);
	count = expect_totals(known);
	strcpy(path, kept);
	return count;
}

/* Each tier alone has all of it, and all together have each moment once. */
static void test_each_tier(void **state)
{
	struct moment moment = { .realtime_ns = START_NS }, got = { 0 };
	struct recorder *recorder = open_tiers();
	struct recording *recording;
	struct known known = { 0 };
	uint64_t seed = 7;

	(void)state;
	for (size_t i = 0; i <= MOMENTS; i++)
		write_one(recorder, &known, &moment, &seed);
	recorder__close(recorder);
	add_up(&known);
	assert_int_equal(recording__open(&recording, path, &all_info), 0);
	for (size_t i = 0; i <= MOMENTS; i++) {
		assert_int_equal(recording__next(recording, &got), 1);
		expect_moment(&got, &known.moments.list[i]);
	}
	assert_int_equal(recording__next(recording, &got), 0);
	recording__close(recording);
	assert_int_equal(expect_totals(&known), MOMENTS + 1);
	assert_int_equal(expect_totals_with(&known, "DELETE FROM moments_1; DELETE FROM moments_2"),
			 MOMENTS + 1);
	assert_int_equal(expect_totals_with(&known, "DELETE FROM moments; DELETE FROM moments_2"),
			 MOMENTS / 5 + 1);
	assert_int_equal(expect_totals_with(&known, "DELETE FROM moments; DELETE FROM moments_1"),
			 MOMENTS / 20 + 1);
	moment_free(&moment);
	moment_free(&got);
	forget(&known);
}

/* Wherever a finer tier begins, nothing is missing or there twice. */
static void test_borders(void **state)
{
	(void)state;
	for (uint64_t round = 1; round <= 30; round++) {
		struct moment moment = { .realtime_ns = START_NS };
		struct recorder *recorder = open_tiers();
		struct known known = { 0 };
		uint64_t seed = round;
		int64_t fine = 0, coarse = 0;
		size_t moments = 150 + chance(&seed) % 100;

		for (size_t i = 0; i < moments; i++) {
			write_one(recorder, &known, &moment, &seed);
			if (chance(&seed) % 20 == 0)
				fine = cut_some(recorder, 0, &seed);
		}
		coarse = fine ? cut_some(recorder, 1, &seed) : 0;
		if (coarse > fine)
			fine = 0; /* the keeper does not */
		sweep_all(recorder);
		recorder__close(recorder);
		add_up(&known);
		if (fine)
			assert_true(expect_totals(&known) < moments);
		moment_free(&moment);
		forget(&known);
		unlink(path);
	}
}

/* A tier that had to go entirely begins anew after a coarser one's last moment. */
static void test_begins_anew(void **state)
{
	struct moment moment = { .realtime_ns = START_NS };
	struct recorder *recorder = open_tiers();
	struct known known = { 0 };
	uint64_t seed = 23;

	(void)state;
	for (size_t i = 0; i < 300; i++) {
		write_one(recorder, &known, &moment, &seed);
		if (i % 37 == 36)
			assert_int_equal(thin__cut(recorder, 0, INT64_MAX), 0);
		if (i % 111 == 110)
			assert_int_equal(thin__cut(recorder, 1, INT64_MAX), 0);
		add_up(&known);
		if (i % 37 == 2)
			assert_true(expect_totals(&known) <= i + 1);
	}
	recorder__close(recorder);
	moment_free(&moment);
	forget(&known);
}

/* A moment that could not be written leaves the next ones right. */
static void test_failed(void **state)
{
	struct moment moment = { .realtime_ns = START_NS };
	struct recorder *recorder = open_tiers();
	struct known known = { 0 };
	struct moment last = { 0 };
	struct recording *recording;
	uint64_t seed = 29;
	int found = 0;

	(void)state;
	log_keep_errors(true);
	for (size_t i = 0; i < 100; i++) {
		write_one(recorder, &known, &moment, &seed);
		if (i % 7)
			continue;
		/* Two with the same keys are refused in the middle of a transaction. */
		moment_change(&moment, &seed);
		add_pair(&moment, 1, "same");
		add_pair(&moment, 1, "same");
		assert_int_equal(write_to(recorder, &moment, 7), -EEXIST);
		moment.pairs.count -= 2;
	}
	log_keep_errors(false);
	recorder__close(recorder);
	assert_int_equal(recording__open(&recording, path, &all_info), 0);
	for (size_t i = 0; i < 100; i++) {
		found += recording__next(recording, &last);
		expect_moment(&last, &known.moments.list[i]);
	}
	assert_int_equal(found, 100);
	recording__close(recording);
	moment_free(&moment);
	moment_free(&last);
	forget(&known);
}

/* What goes just then is in the coarser tiers as it was last written. */
static void test_gone_at_failure(void **state)
{
	struct moment moment = { .realtime_ns = START_NS };
	struct recorder *recorder = open_tiers();
	struct known known = { 0 };
	uint64_t seed = 37;

	(void)state;
	log_keep_errors(true);
	for (size_t i = 0; i <= MOMENTS; i++) {
		write_one(recorder, &known, &moment, &seed);
		if (i % 7)
			continue;
		moment_change(&moment, &seed);
		*list_add(&moment.machines) = (struct machine){ .id = 1 };
		*list_add(&moment.machines) = (struct machine){ .id = 1 };
		assert_int_equal(write_to(recorder, &moment, 7), -EEXIST);
		moment.machines.count -= 2;
	}
	log_keep_errors(false);
	recorder__close(recorder);
	add_up(&known);
	assert_int_equal(expect_totals(&known), MOMENTS + 1);
	assert_int_equal(expect_totals_with(&known, "DELETE FROM moments; DELETE FROM moments_2"),
			 MOMENTS / 5 + 1);
	moment_free(&moment);
	forget(&known);
}

/* From each moment that is listed, to it and to the next one. */
static void expect_steps(struct recording *recording, size_t wanted)
{
	LIST(struct recorded_moment) list = { 0 };
	struct moment got = { 0 };

	assert_int_equal(recording__moments(recording, 0, UINT64_MAX, &list.all), 0);
	assert_int_equal(list.count, wanted);
	for (size_t i = 0; i + 1 < list.count; i++) {
		size_t place = i * 7919 % (list.count - 1);

		assert_int_equal(recording__go(recording, list.list[place].id), 0);
		assert_int_equal(recording__next(recording, &got), 1);
		assert_int_equal(got.realtime_ns, list.list[place].realtime_ns);
		assert_int_equal(recording__next(recording, &got), 1);
		assert_int_equal(got.realtime_ns, list.list[place + 1].realtime_ns);
	}
	list_free(&list);
	moment_free(&got);
}

static void test_steps(void **state)
{
	struct moment moment = { .realtime_ns = START_NS };
	struct recorder *recorder = open_tiers();
	struct known known = { 0 };
	struct recording *recording;
	uint64_t seed = 31;
	size_t count;

	(void)state;
	for (size_t i = 0; i < 200; i++)
		write_one(recorder, &known, &moment, &seed);
	assert_true(cut_some(recorder, 0, &seed) > 0);
	sweep_all(recorder);
	recorder__close(recorder);
	add_up(&known);
	count = expect_totals(&known);
	assert_int_equal(recording__open(&recording, path, &all_info), 0);
	expect_steps(recording, count);
	recording__close(recording);
	moment_free(&moment);
	forget(&known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_tier, set_up, remove_folder),
		cmocka_unit_test_setup_teardown(test_borders, set_up, remove_folder),
		cmocka_unit_test_setup_teardown(test_begins_anew, set_up, remove_folder),
		cmocka_unit_test_setup_teardown(test_failed, set_up, remove_folder),
		cmocka_unit_test_setup_teardown(test_gone_at_failure, set_up, remove_folder),
		cmocka_unit_test_setup_teardown(test_steps, set_up, remove_folder),
		LENT_TEST(test_each_tier),
		LENT_TEST(test_borders),
		LENT_TEST(test_begins_anew),
		LENT_TEST(test_failed),
		LENT_TEST(test_gone_at_failure),
		LENT_TEST(test_steps),
	};

	return cmocka_run_group_tests_name("tiers", tests, NULL, NULL);
}
