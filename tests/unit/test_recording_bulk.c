// SPDX-License-Identifier: GPL-2.0-only
/* Sets of so many items that a recording has no row for each: user/recording/changes.h. */
#include "recording_refused.h"

#include <errno.h>

#include "recording/recorder.h"
#include "recording/recording.h"

#define MOMENTS 300

static const struct field all_fields[] = {
	FIELD(struct machine, id, FIELD_U64, FIELD_KEY),
	FIELD(struct machine, name, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct machine, node, FIELD_I32, FIELD_GAUGE),
	FIELD(struct machine, is_known, FIELD_BOOL, FIELD_GAUGE),
	FIELD(struct machine, run_ns, FIELD_U64, FIELD_COUNTER),
	FIELD(struct machine, idle_ns, FIELD_U64, FIELD_COUNTER),
	FIELD(struct machine, longest_ns, FIELD_U64, FIELD_MAXIMUM),
	FIELD(struct machine, since_ns, FIELD_U64, FIELD_GAUGE),
	FIELD(struct machine, wraps, FIELD_U32, FIELD_COUNTER),
	FIELD(struct machine, hist, FIELD_U32, FIELD_COUNTER),
	FIELD(struct machine, pages, FIELD_U64, FIELD_GAUGE),
	FIELD(struct machine, distance, FIELD_I32, FIELD_GAUGE),
};

/* As an older version had it, before machines were bulk. */
static const struct set few_set =
	SET("figures", all_fields, .key_count = 1, .size = sizeof(struct machine),
	    .list = offsetof(struct moment, machines), .age = machine_age);
static const struct set *const few_sets[] = { &moment_set, &few_set, &loss_set, &pair_set,
					      &happening_set };

static const struct set many_set =
	SET("figures", all_fields, .key_count = 1, .size = sizeof(struct machine),
	    .list = offsetof(struct moment, machines), .age = machine_age, .bulk = true);
static const struct set many_pair_set =
	SET("pairs", pair_fields, .key_count = 2, .size = sizeof(struct pair),
	    .list = offsetof(struct moment, pairs), .bulk = true);
static const struct set *const many_sets[] = { &moment_set, &many_set, &loss_set, &many_pair_set,
					       &happening_set };

/* One before that, without a figure and with shorter arrays. */
static const struct field older_fields[] = {
	FIELD(struct machine, id, FIELD_U64, FIELD_KEY),
	FIELD(struct machine, run_ns, FIELD_U64, FIELD_COUNTER),
	{ .name = "hist",
	  .type = FIELD_U32,
	  .kind = FIELD_COUNTER,
	  .offset = offsetof(struct machine, hist),
	  .count = 2 },
};
static const struct set older_set =
	SET("figures", older_fields, .key_count = 1, .size = sizeof(struct machine),
	    .list = offsetof(struct moment, machines), .bulk = true);
static const struct set *const older_sets[] = { &moment_set, &older_set, &loss_set };

static struct recording_info info_of(const struct set *const *sets, uint32_t count)
{
	struct recording_info info = all_info;

	info.sets = sets;
	info.set_count = count;
	return info;
}

static struct recorder *record(const struct recording_info *info)
{
	struct recorder *recorder;

	assert_int_equal(recorder__open(&recorder, path, info), 0);
	return recorder;
}

static struct recording *read_with(const struct recording_info *info)
{
	struct recording *recording;

	assert_int_equal(recording__open(&recording, path, info), 0);
	return recording;
}

/* Views that change at random come back, also those that were written before the sets were bulk. */
static void test_random(void **state)
{
	static struct moment moments[MOMENTS];
	struct recording_info few = info_of(few_sets, ARRAY_SIZE(few_sets)),
			      many = info_of(many_sets, ARRAY_SIZE(many_sets));
	struct moment moment = { .realtime_ns = 1 }, got = { 0 };
	struct recorder *recorder = record(&few);
	struct recording *recording;
	uint64_t seed = 7;

	(void)state;
	for (size_t i = 0; i < 90; i++)
		machine_change(add_machine(&moment, chance(&seed) << 22 ^ chance(&seed), ""),
			       &seed);
	for (size_t i = 0; i < MOMENTS; i++) {
		if (i == 70 || i == 200) {
			recorder__close(recorder);
			recorder = record(&many);
		}
		moment_change(&moment, &seed);
		moment_copy(&moments[i], &moment);
		assert_int_equal(recorder__write(recorder, &moment), 0);
	}
	recorder__close(recorder);
	recording = read_with(&many);
	for (size_t i = 0; i < MOMENTS; i++) {
		assert_int_equal(recording__next(recording, &got), 1);
		expect_moment(&got, &moments[i]);
	}
	assert_int_equal(recording__next(recording, &got), 0);
	recording__close(recording);
	for (size_t i = 0; i < MOMENTS; i++)
		moment_free(&moments[i]);
	moment_free(&moment);
	moment_free(&got);
}

/* What a version did not have yet is 0, and begins with the run of one that has it. */
static void test_older(void **state)
{
	struct recording_info older = info_of(older_sets, ARRAY_SIZE(older_sets)),
			      many = info_of(many_sets, ARRAY_SIZE(many_sets));
	struct moment moment = { .time_ns = 9, .realtime_ns = 9 }, got = { 0 };
	struct recorder *recorder;
	struct recording *recording;

	(void)state;
	make(&older, 1);
	recorder = record(&many);
	add_machine(&moment, 1, "x")->longest_ns = 3;
	moment.machines.list[0].hist[PLACES - 1] = 4;
	assert_int_equal(recorder__write(recorder, &moment), 0);
	recorder__close(recorder);
	recording = read_with(&many);
	assert_int_equal(recording__next(recording, &got), 1);
	assert_int_equal(got.machines.count, 1);
	assert_int_equal(got.machines.list[0].run_ns, 5);
	assert_int_equal(got.machines.list[0].hist[1], 2);
	assert_int_equal(got.machines.list[0].longest_ns, 0);
	assert_int_equal(recording__next(recording, &got), 1);
	expect_moment(&got, &moment);
	recording__close(recording);
	moment_free(&got);
	moment_free(&moment);
}

/* Columns that only a newer version knows are passed over. */
static void test_newer(void **state)
{
	struct recording_info older = info_of(older_sets, ARRAY_SIZE(older_sets)),
			      many = info_of(many_sets, ARRAY_SIZE(many_sets));
	struct moment got = { 0 };
	struct recording *recording;

	(void)state;
	make(&many, 2);
	change_file("UPDATE fields SET count = 2 WHERE name = 'hist'");
	recording = read_with(&older);
	assert_int_equal(recording__next(recording, &got), 1);
	assert_int_equal(recording__next(recording, &got), 1);
	assert_int_equal(got.machines.count, 1);
	assert_int_equal(got.machines.list[0].run_ns, 5);
	assert_int_equal(got.machines.list[0].hist[1], 2);
	recording__close(recording);
	moment_free(&got);
}

/* Machines of which little is known, whose node is a code. */
static const struct field code_fields[] = {
	FIELD(struct machine, id, FIELD_U64, FIELD_KEY),
	FIELD(struct machine, name, FIELD_TEXT, FIELD_GAUGE),
	FIELD_CODE("node", struct machine, node, FIELD_U32, FIELD_GAUGE, 3),
};
static const struct set code_set =
	SET("figures", code_fields, .key_count = 1, .size = sizeof(struct machine),
	    .list = offsetof(struct moment, machines), .bulk = true);
static const struct set *const code_sets[] = { &moment_set, &code_set, &loss_set };

static void expect_damaged(const char *changes)
{
	struct recording_info info = info_of(code_sets, ARRAY_SIZE(code_sets));
	struct recording *recording;
	struct moment got = { 0 };
	char sql[160];

	make(&info, 1);
	snprintf(sql, sizeof(sql), "UPDATE figures SET changes = x'%s'", changes);
	change_file(sql);
	recording = read_with(&info);
	assert_int_equal(recording__next(recording, &got), -EBADMSG);
	expect_words("is damaged: 'sqlite3 FILE .recover' saves what it can");
	recording__close(recording);
	moment_free(&got);
	unlink(path);
}

/* Bytes that no kvmq writes: a new item is 02, its id and name and node. */
static void test_damaged(void **state)
{
	(void)state;
	expect_damaged(""); /* how many columns? */
	expect_damaged("04"
		       "02020002"); /* more than there are */
	expect_damaged("03"
		       "03"); /* no such change */
	expect_damaged("03"
		       "0000"); /* of an item that is not known */
	expect_damaged("03"
		       "01"); /* the same */
	expect_damaged("03"
		       "fdffffff1f"); /* the same, far away */
	expect_damaged("03"
		       "020200"); /* it ends in the middle */
	expect_damaged("03"
		       "02020002"
		       "02"); /* the same */
	expect_damaged("03"
		       "02020006"); /* a code that there is not */
	expect_damaged("03"
		       "02020001"); /* a negative one */
	expect_damaged("03"
		       "0202ff010002"); /* a text that is longer than all that follows */
	expect_damaged("03"
		       "02020d61616161616161616161616102"); /* and than its place */
}

/* Which sets may be bulk. */
static void test_refused(void **state)
{
	static const struct set *const shared[] = { &moment_set, &identity_set, &many_set };
	static const struct set no_keys =
		SET("losses", loss_fields, .size = sizeof(struct moment), .bulk = true);
	static const struct set *const one[] = { &moment_set, &no_keys };
	struct recording_info info = info_of(shared, ARRAY_SIZE(shared));
	struct recorder *recorder;

	(void)state;
	assert_int_equal(recorder__open(&recorder, path, &info), -EINVAL);
	assert_non_null(strstr(log_kept(), "it is bulk and shares its list"));
	info = info_of(one, ARRAY_SIZE(one));
	assert_int_equal(recorder__open(&recorder, path, &info), -EINVAL);
	assert_non_null(strstr(log_kept(), "it is bulk and has no keys"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_older, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_newer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damaged, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("bulk sets", tests, NULL, NULL);
}
