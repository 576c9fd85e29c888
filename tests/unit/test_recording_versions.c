// SPDX-License-Identifier: GPL-2.0-only
/* Recordings by an older kvmq, and by a newer one: user/recording/. */
#include "recording_refused.h"

/* The sets of a version before: without a set, a field, and with a shorter array. */
static const struct field older_fields[] = {
	FIELD(struct machine, id, FIELD_U64, FIELD_KEY),
	FIELD(struct machine, is_known, FIELD_BOOL, FIELD_GAUGE),
	FIELD(struct machine, run_ns, FIELD_U64, FIELD_COUNTER),
	{ .name = "hist",
	  .type = FIELD_U32,
	  .kind = FIELD_COUNTER,
	  .offset = offsetof(struct machine, hist),
	  .count = 2 },
};
static const struct set older_set =
	SET("figures", older_fields, .key_count = 1, .size = sizeof(struct machine),
	    .list = offsetof(struct moment, machines));
static const struct set *const older_sets[] = { &moment_set, &older_set, &loss_set,
						&happening_set };

static struct recording_info older(void)
{
	struct recording_info info = all_info;

	info.sets = older_sets;
	info.set_count = ARRAY_SIZE(older_sets);
	return info;
}

static void expect_older(struct recording *recording)
{
	struct moment got = { 0 };

	assert_int_equal(recording__next(recording, &got), 1);
	assert_int_equal(got.machines.count, 1);
	assert_int_equal(got.machines.list[0].run_ns, 5);
	assert_int_equal(got.machines.list[0].hist[1], 2);
	assert_int_equal(got.machines.list[0].longest_ns, 0);
	assert_string_equal(got.machines.list[0].name, "");
	assert_int_equal(got.pairs.count, 0);
	moment_free(&got);
}

/* What an older one does not have is empty or 0, and comes with a newer one's run. */
static void test_older(void **state)
{
	struct recording_info info = older();
	struct moment moment = { .time_ns = 9, .realtime_ns = 9 }, got = { 0 };
	struct recording *recording;
	struct recorder *recorder;

	(void)state;
	make(&info, 1);
	assert_int_equal(recording__open(&recording, path, &all_info), 0);
	expect_older(recording);
	recording__close(recording);
	add_machine(&moment, 1, "x")->longest_ns = 3;
	moment.machines.list[0].pages[4] = 7;
	add_pair(&moment, 1, "");
	assert_int_equal(recorder__open(&recorder, path, &all_info), 0);
	assert_int_equal(recorder__write(recorder, &moment), 0);
	recorder__close(recorder);
	assert_int_equal(recording__open(&recording, path, &all_info), 0);
	expect_older(recording);
	assert_int_equal(recording__next(recording, &got), 1);
	expect_moment(&got, &moment);
	recording__close(recording);
	moment_free(&got);
	moment_free(&moment);
}

/* And the older one reads what it knows of a newer one's, if the array has not become longer. */
static void test_newer(void **state)
{
	struct recording_info info = older();

	(void)state;
	make(&all_info, 1);
	refuse_reading(&info, -EPROTO,
		       "has other figures as hist of figures: use the kvmq that made it");
	change_file("UPDATE fields SET count = 2 WHERE name = 'hist'");
	{
		struct recording *recording;

		assert_int_equal(recording__open(&recording, path, &info), 0);
		expect_older(recording);
		recording__close(recording);
	}
}

static void test_other_figures(void **state)
{
	(void)state;
	make(&all_info, 1);
	change_file("UPDATE fields SET kind = 'gauge' WHERE name = 'run_ns'");
	refuse_both(-EPROTO, "has other figures as run_ns of figures: use the kvmq that made it");
	change_file("UPDATE fields SET kind = 'counter' WHERE name = 'run_ns';"
		    "INSERT INTO fields VALUES ('figures', 'k', 1, 'u64', 'key', 1)");
	refuse_both(-EPROTO, "has other keys of figures: use the kvmq that made it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_older, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_newer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_figures, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("recording versions", tests, NULL, NULL);
}
