// SPDX-License-Identifier: GPL-2.0-only
/* Reports of guests: what is written can be read, and what is wrong is refused. */
#include "unit.h"

#include "base/units.h"
#include "guest_sample.h"

static void test_round_trip(void **state)
{
	struct guest_report *report, *read = sample_new();
	static const size_t counts[] = { 0, 1, 2, GUEST_DISKS_MAX };
	const char *reason;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		char *line;

		report = sample_report(counts[i]);
		report->disks_left_out = 5;
		sample_work(report, 0);
		sample_work(report, 200 * NSEC_PER_SEC);
		line = sample_line(report);
		/* What was there before is not there any more. */
		memset(read, 0xa5, sizeof(*read));
		assert_null(strchr(line, '\n'));
		assert_int_equal(guest_report__parse(read, line, strlen(line), NULL, &reason), 0);
		assert_null(reason);
		assert_true(sample_equal(report, read));
		free(line);
		free(report);
	}
	free(read);
}

/* Every bucket full, on as many disks as there may be: more than a line holds. */
static void test_left_out(void **state)
{
	struct guest_report *report = sample_report(GUEST_DISKS_MAX), *read = sample_new();
	const char *reason;
	char *line;

	(void)state;
	for (uint32_t bucket = 0; bucket < HIST_BUCKETS; bucket++)
		sample_work(report, hist_lower(bucket));
	line = sample_line(report);
	assert_true(strlen(line) <= GUEST_REPORT_SIZE);
	assert_true(strlen(line) > GUEST_REPORT_SIZE - 64 * 1024);
	assert_int_equal(guest_report__parse(read, line, strlen(line), NULL, &reason), 0);
	assert_in_range(read->disk_count, 1, GUEST_DISKS_MAX - 1);
	assert_int_equal(read->disk_count + read->disks_left_out, GUEST_DISKS_MAX);
	assert_memory_equal(read->disks, report->disks,
			    read->disk_count * sizeof(report->disks[0]));
	free(line);
	free(read);
	free(report);
}

/* Bytes of a serial number that are not printable are shown as '?', and long ones end. */
static void test_strange_names(void **state)
{
	struct guest_report *report = sample_report(1), *read = sample_new();
	const char *reason;
	char *line;

	(void)state;
	memcpy(report->disks[0].serial, "a\"\\\n\x01\xff\x7f/b", 10);
	memset(report->disks[0].address, 'x', sizeof(report->disks[0].address));
	line = sample_line(report);
	assert_int_equal(guest_report__parse(read, line, strlen(line), NULL, &reason), 0);
	assert_string_equal(read->disks[0].serial, "a\"\\???"
						   "?/b");
	assert_int_equal(strlen(read->disks[0].address), GUEST_TEXT_SIZE - 1);
	free(line);
	free(read);
	free(report);
}

/* Follows a path such as disks/0/flows to what holds its last step, which goes into *last. */
static json_t *follow(json_t *object, const char *path, char last[32])
{
	for (;;) {
		size_t length = strcspn(path, "/");

		snprintf(last, 32, "%.*s", (int)length, path);
		if (!path[length])
			return object;
		object = json_is_array(object) ? json_array_get(object, (size_t)atoi(last))
					       : json_object_get(object, last);
		assert_non_null(object);
		path += length + 1;
	}
}

/* Puts value, a text of JSON (NULL: nothing), at the path of a good report. */
static json_t *changed(const char *path, const char *value)
{
	struct guest_report *report = sample_report(2);
	json_t *object = guest_report__json(report), *holder, *item = NULL;
	char last[32];

	holder = follow(object, path, last);
	if (value) {
		item = json_loads(value, JSON_DECODE_ANY, NULL);
		assert_non_null(item);
	}
	if (json_is_array(holder) && item)
		assert_int_equal(json_array_set_new(holder, (size_t)atoi(last), item), 0);
	else if (json_is_array(holder))
		assert_int_equal(json_array_remove(holder, (size_t)atoi(last)), 0);
	else if (item)
		assert_int_equal(json_object_set_new(holder, last, item), 0);
	else
		assert_int_equal(json_object_del(holder, last), 0);
	free(report);
	return object;
}

static void check_refused(const char *path, const char *value, const char *word)
{
	json_t *object = changed(path, value);
	const char *reason = refused_json(object, NULL);

	json_decref(object);
	if (!reason || !strstr(reason, word))
		fail_msg("%s = %s: %s instead of %s", path, value ? value : "(nothing)",
			 reason ? reason : "taken", word);
}

/* Each number in turn, with everything that is no number from 0 to 2^63 - 1. */
static void test_numbers(void **state)
{
	static const char *const paths[] = {
		"session",
		"sequence",
		"losses",
		"disks_left_out",
		"disks/1/size_bytes",
		"disks/0/flows/read/requests",
		"disks/1/flows/other/bytes",
		"disks/1/flows/flush/queue/count",
		"disks/0/flows/discard/device/sum_ns",
	};
	static const char *const values[] = { NULL,
					      "-1",
					      "1.0",
					      "1e3",
					      "1.5",
					      "\"1\"",
					      "true",
					      "null",
					      "[1]",
					      "{}",
					      "-9223372036854775808" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		const char *name = strrchr(paths[i], '/');

		for (size_t j = 0; j < ARRAY_SIZE(values); j++)
			check_refused(paths[i], values[j], name ? name + 1 : paths[i]);
	}
	check_refused("buckets", "2", "buckets");
	check_refused("buckets", "1.0", "buckets");
	check_refused("buckets", NULL, "buckets");
}

static void test_texts(void **state)
{
	static const char *const paths[] = { "disks/0/name", "disks/1/serial", "disks/0/address",
					     "disks/1/scheduler" };
	static const char *const values[] = {
		NULL,
		"1",
		"null",
		"[]",
		"\"a\\u001bb\"",
		"\"a\\nb\"",
		"\"\\u007f\"",
		"\"\\u00e4\"",
		"\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		for (size_t j = 0; j < ARRAY_SIZE(values); j++)
			check_refused(paths[i], values[j], strrchr(paths[i], '/') + 1);
	check_refused("disks/0/name", "\"\"", "name");
	check_refused("disks/0/name", "\"12345678901234567890123456789012\"", "name");
	check_refused("disks/0/scheduler", "\"1234567890123456\"", "scheduler");
	check_refused("disks/1/name", "\"vda\"", "same name");
	check_refused("schema", NULL, "schema");
	check_refused("schema", "1", "schema");
	check_refused("schema", "\"kvmq.io.guest/2\"", "schema");
}

static void test_structure(void **state)
{
	static const char *const values[] = { NULL, "null", "1", "\"x\"", "true" };

	(void)state;
	for (size_t j = 0; j < ARRAY_SIZE(values); j++) {
		check_refused("disks", values[j], "disks");
		check_refused("disks/0/flows", values[j], "flows");
		check_refused("disks/0/flows/read", values[j], "kind");
		check_refused("disks/0/flows/flush/device", values[j], "layer");
		check_refused("disks/0/flows/flush/queue/hist", values[j], "hist");
		if (values[j])
			check_refused("disks/1", values[j], "disk");
		if (values[j])
			check_refused("disks/0/flows/read/queue/hist/0", values[j], "pair");
	}
	check_refused("disks", "{}", "disks");
	check_refused("disks/0", "[]", "disk");
	check_refused("disks/0/flows", "[]", "flows");
}

/* The sample's queue: twice 12,345 ns, that is in bucket 44, from 12,288 to 13,311. */
static void test_histograms(void **state)
{
	static const struct {
		const char *hist, *word;
	} cases[] = {
		{ "[[44]]", "pair" },
		{ "[[44,1,1]]", "pair" },
		{ "[[44,2.0]]", "pair" },
		{ "[[\"44\",2]]", "pair" },
		{ "[{\"44\":2}]", "pair" },
		{ "[[-1,2]]", "out of range" },
		{ "[[232,2]]", "out of range" },
		{ "[[4294967340,2]]", "out of range" },
		{ "[[44,1],[44,1]]", "out of range" },
		{ "[[44,1],[43,1]]", "out of range" },
		{ "[[44,0]]", "2^32" },
		{ "[[44,-2]]", "2^32" },
		{ "[[44,4294967296]]", "2^32" },
		{ "[[44,4294967298]]", "2^32" },
		{ "[[44,9223372036854775807]]", "2^32" },
		{ "[[44,1]]", "count" },
		{ "[[44,3]]", "count" },
		{ "[]", "count" },
		{ "[[1,1],[44,2]]", "count" },
		{ "[[44,2],[231,4294967295]]", "count" },
		{ "[[45,2]]", "less" },
		{ "[[231,2]]", "less" },
		{ "[[43,2]]", "more" },
		{ "[[0,2]]", "more" },
	};

	(void)state;
	assert_int_equal(hist_bucket(12345), 44);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_refused("disks/0/flows/write/queue/hist", cases[i].hist, cases[i].word);
}

static void test_extra_keys(void **state)
{
	static const char *const paths[] = { "new", "disks/0/new", "disks/1/flows/new",
					     "disks/0/flows/read/new",
					     "disks/0/flows/read/queue/new" };
	static const char *const values[] = { "1.5", "null", "[[[]]]", "{\"count\":-1}" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(values); j++) {
			json_t *object = changed(paths[i], values[j]);

			assert_null(refused_json(object, NULL));
			json_decref(object);
		}
	}
}

static void test_too_many_disks(void **state)
{
	struct guest_report *report = sample_report(GUEST_DISKS_MAX);
	json_t *object = guest_report__json(report), *disks = json_object_get(object, "disks");
	json_t *more = json_deep_copy(json_array_get(disks, 0));

	(void)state;
	assert_null(refused_json(object, NULL));
	json_object_set_new(more, "name", json_string("sdx"));
	json_array_append_new(disks, more);
	assert_non_null(strstr(refused_json(object, NULL), "too many"));
	json_decref(object);
	free(report);
}

/* Texts that are no JSON, or no JSON of ours. */
static void test_syntax(void **state)
{
	static const struct {
		const char *line, *word;
	} cases[] = {
		{ "", "ends" },
		{ " ", "ends" },
		{ "{", "ends" },
		{ "nonsense", "no JSON" },
		{ "{}", "schema" },
		{ "[]", "no object" },
		{ "{\"schema\":\"kvmq.io.guest/1\"", "ends" },
		{ "{\"schema\":\"kvmq.io.guest/1\",\"schema\":\"kvmq.io.guest/1\"}", "twice" },
		{ "{\"session\":1}{}", "after" },
		{ "{} x", "after" },
		{ "{\"session\":9223372036854775808}", "too large" },
		{ "{\"session\":-9223372036854775809}", "too large" },
		{ "{\"session\":99999999999999999999999999999999999999}", "too large" },
		{ "{\"session\":1e400}", "too large" },
		{ "{\"session\":NaN}", "no JSON" },
		{ "{\"session\":Infinity}", "no JSON" },
		{ "{\"session\":0x10}", "no JSON" },
		{ "{\"session\":01}", "no JSON" },
		{ "{\"session\":\"\xff\xfe\"}", "UTF-8" },
		{ "{\"session\":\"\xed\xa0\x80\"}", "UTF-8" },
		{ "{\"session\":\"\\ud800\"}", "no JSON" },
		{ "{\"a\\u0000b\":1}", "no JSON" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *reason = refused(cases[i].line, strlen(cases[i].line), NULL);

		if (!reason || !strstr(reason, cases[i].word))
			fail_msg("%s: %s instead of %s", cases[i].line, reason ? reason : "taken",
				 cases[i].word);
	}
	assert_non_null(refused("{}\0{}", 5, NULL));
	assert_non_null(refused("\0", 1, NULL));
}

/* Each cut of a report; nothing of it may be taken for a report. */
static void test_cut(void **state)
{
	struct guest_report *report = sample_report(2);
	char *line = sample_line(report);

	(void)state;
	for (size_t i = 0; i < strlen(line); i++) {
		char *part = malloc(i + 1); /* of that size, so that reading on is seen */

		memcpy(part, line, i);
		assert_non_null(refused(part, i, NULL));
		if (i)
			assert_non_null(refused(line + i, strlen(line + i), NULL));
		free(part);
	}
	free(line);
	free(report);
}

static void test_size_limit(void **state)
{
	struct guest_report *report = sample_report(1);
	char *line = sample_line(report), *long_line = malloc(GUEST_REPORT_SIZE + 1);

	(void)state;
	/* Blanks behind the object are JSON. */
	memset(long_line, ' ', GUEST_REPORT_SIZE + 1);
	for (size_t i = 0; line[i]; i++)
		long_line[i] = line[i];
	assert_null(refused(long_line, GUEST_REPORT_SIZE, NULL));
	assert_non_null(strstr(refused(long_line, GUEST_REPORT_SIZE + 1, NULL), "longer"));
	free(long_line);
	free(line);
	free(report);
}

static void test_depth(void **state)
{
	static const char *const units[] = { "[", "{\"a\":", "[{\"a\":[" };
	char *line = malloc(GUEST_REPORT_SIZE);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		size_t length = strlen(units[i]), size = 0;

		for (; size + length < GUEST_REPORT_SIZE; size += length)
			memcpy(line + size, units[i], length);
		assert_non_null(strstr(refused(line, size, NULL), "deep"));
	}
	free(line);
}

static void test_schema(void **state)
{
	static const size_t counts[] = { 0, 1, 2, GUEST_DISKS_MAX };
	char folder[] = "/tmp/kvmq-guest-XXXXXX", path[64], command[128];
	FILE *file;
	int status;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/guest-report", folder);
	file = fopen(path, "we");
	assert_non_null(file);
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		struct guest_report *report = sample_report(counts[i]);
		char *line;

		sample_work(report, 1);
		sample_work(report, 200 * NSEC_PER_SEC);
		line = sample_line(report);
		fprintf(file, "%s\n", line);
		free(line);
		free(report);
	}
	fclose(file);
	snprintf(command, sizeof(command), "tests/golden/validate %s >&2", path);
	status = system(command);
	unlink(path);
	rmdir(folder);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_strange_names),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_histograms),
		cmocka_unit_test(test_extra_keys),
		cmocka_unit_test(test_too_many_disks),
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_size_limit),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
