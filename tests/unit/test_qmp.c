// SPDX-License-Identifier: GPL-2.0-only
/* The connection to a monitor, against one that behaves badly: user/disks/qmp.c. */
#include "unit.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/units.h"
#include "disks/qmp.h"
#include "fake_qmp.h"

#define TIMEOUT_MS 3000 /* which no test is meant to reach */
#define SHORT_MS 500	/* long enough to open a socket on a crowded machine */
#define EVENT                                                                                      \
	"{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"STOP\", "             \
	"\"data\": {\"return\": 1}}\r\n"

static const char *constant(void *context, const char *line)
{
	(void)line;
	return context;
}

/* Opens a monitor that gives one answer to all. */
static struct qmp *open_with(struct fake_qmp *fake, const char *answer, unsigned int timeout_ms)
{
	struct qmp *qmp = NULL;

	fake->greeting = fake->greeting ? fake->greeting : FAKE_GREETING;
	fake->answer = constant;
	fake->context = (void *)answer;
	fake_qmp__open(fake);
	assert_int_equal(qmp__open(&qmp, fake->path, timeout_ms), 0);
	assert_non_null(qmp);
	return qmp;
}

static void close_both(struct fake_qmp *fake, struct qmp *qmp)
{
	qmp__close(qmp);
	fake_qmp__close(fake);
}

static void check_failure(struct qmp *qmp, int error)
{
	errno = 0;
	assert_null(qmp__execute(qmp, "query-status", NULL));
	assert_int_equal(errno, error);
}

static void check_string(struct qmp *qmp, const char *expected)
{
	json_t *value = qmp__execute(qmp, "query-status", NULL);

	assert_string_equal(json_string_value(value), expected);
	json_decref(value);
}

/* Whatever an answer looks like between its first and its last byte. */
static void test_answers(void **state)
{
	static const char *const answers[] = {
		"{\"return\": \"x\"}\r\n",
		EVENT EVENT "{\"return\": \"x\"}" EVENT,
		"\n\t {\n    \"return\":\n    \"x\"\n}\n\n",
		"{\"return\": \"x\", \"id\": {\"a\": [\"}\", \"\\\"}{\", \"\\\\\"]}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		for (size_t piece = 0; piece <= 7; piece += 7) {
			struct fake_qmp fake = { .piece = piece };
			struct qmp *qmp = open_with(&fake, answers[i], TIMEOUT_MS);

			assert_int_equal(qmp__peer(qmp), getpid());
			for (int again = 0; again < 3; again++)
				check_string(qmp, "x");
			close_both(&fake, qmp);
		}
}

/* Also with an event before the answer to the negotiation, and one before all. */
static void test_greetings(void **state)
{
	struct fake_qmp fake = { .greeting = FAKE_GREETING EVENT };
	struct qmp *qmp = open_with(&fake, "{\"return\": \"y\"}", TIMEOUT_MS);

	(void)state;
	check_string(qmp, "y");
	close_both(&fake, qmp);
}

static const char *repeat(void *context, const char *line)
{
	snprintf(context, 4096, "{\"return\": %s}\n", line);
	return context;
}

static void test_commands(void **state)
{
	struct fake_qmp fake = { 0 };
	char text[4096];
	struct qmp *qmp = open_with(&fake, "", TIMEOUT_MS);
	json_t *value;

	(void)state;
	fake.answer = repeat;
	fake.context = text;
	value = qmp__execute(qmp, "qom-get", json_pack("{s:s}", "path", "/a\n\"b"));
	assert_string_equal(json_string_value(json_object_get(value, "execute")), "qom-get");
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(value, "arguments"), "path")),
		"/a\n\"b");
	json_decref(value);
	value = qmp__execute(qmp, "stop", NULL);
	assert_int_equal(json_object_size(value), 1);
	json_decref(value);
	close_both(&fake, qmp);
}

/* An error that QEMU tells is an answer; after what is none, there is no more. */
static void test_errors(void **state)
{
	static const char *const answers[] = {
		"garbage\n",
		"[1]\n",
		"}\n",
		"{\"return\": }\n",
		"{\"neither\": 1}\n",
		"{\"return\": \"\xff\"}\n",
		"{\"a\": 1, \"a\": }{\n",
		"\"{\n",
	};
	struct fake_qmp fake = { 0 };
	struct qmp *qmp = open_with(
		&fake, "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"\"}}", TIMEOUT_MS);

	(void)state;
	check_failure(qmp, EOPNOTSUPP);
	check_failure(qmp, EOPNOTSUPP);
	close_both(&fake, qmp);
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		fake = (struct fake_qmp){ 0 };
		qmp = open_with(&fake, answers[i], TIMEOUT_MS);
		check_failure(qmp, EPROTO);
		check_failure(qmp, EPIPE);
		assert_int_equal(qmp__peer(qmp), 0);
		close_both(&fake, qmp);
	}
	fake = (struct fake_qmp){ 0 };
	qmp = open_with(&fake, NULL, TIMEOUT_MS);
	check_failure(qmp, EPIPE);
	check_failure(qmp, EPIPE);
	close_both(&fake, qmp);
}

/* A string of that many bytes; free() it. */
static char *make_answer(size_t size)
{
	static const char begin[] = "{\"return\": \"";
	char *text = malloc(size + 64);

	assert_non_null(text);
	strcpy(text, begin);
	memset(text + strlen(begin), 'x', size);
	strcpy(text + strlen(begin) + size, "\"}\r\n");
	return text;
}

static void test_sizes(void **state)
{
	static const size_t sizes[] = { 65536, 3U << 20, 5U << 20 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *text = make_answer(sizes[i]);
		struct fake_qmp fake = { 0 };
		struct qmp *qmp = open_with(&fake, text, TIMEOUT_MS);
		json_t *value;

		if (sizes[i] > 4U << 20) {
			check_failure(qmp, EPROTO);
		} else {
			value = qmp__execute(qmp, "query-block", NULL);
			assert_int_equal(json_string_length(value), sizes[i]);
			json_decref(value);
		}
		close_both(&fake, qmp);
		free(text);
	}
}

/* A list of so many empty objects, blanks behind it up to a size; free() it. */
static char *make_list(size_t count, size_t size)
{
	char *text = malloc(size + 64), *end = stpcpy(text, "{\"return\": [{}");

	assert_non_null(text);
	for (size_t i = 1; i < count; i++)
		end = stpcpy(end, ",{}");
	end = stpcpy(end, "]");
	while (end < text + size)
		*end++ = ' ';
	strcpy(end, "}\r\n");
	return text;
}

/* In a process of its own: the most memory that it has had beside what it had before, in MiB. */
static long memory_of(size_t count, bool taken)
{
	char *text = make_list(count, (4U << 20) - 64);
	struct rusage before, after;
	struct fake_qmp fake = { 0 };
	struct qmp *qmp;
	json_t *value;
	int status;
	pid_t pid = fork();

	if (!pid) {
		getrusage(RUSAGE_SELF, &before);
		qmp = open_with(&fake, text, TIMEOUT_MS);
		value = qmp__execute(qmp, "query-block", NULL);
		if (taken ? json_array_size(value) != count : value || errno != EPROTO)
			_exit(255);
		getrusage(RUSAGE_SELF, &after);
		_exit((int)((after.ru_maxrss - before.ru_maxrss) >> 10));
	}
	free(text);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* What is small as text and large as values costs no more memory than a large text. */
static void test_values(void **state)
{
	(void)state;
	assert_in_range(memory_of(30000, true), 0, 32);
	assert_in_range(memory_of(1300000, false), 0, 32);
}

/* However many answers come in time, all of them have one. */
static void test_limit(void **state)
{
	struct fake_qmp fake = { .piece = 1 };
	struct qmp *qmp =
		open_with(&fake, "{\"return\": \"x\", \"pad\": \"          \"}", TIMEOUT_MS);
	uint64_t begin = clock_monotonic_ns(), ms;
	int answers = 0;
	json_t *value;

	(void)state;
	qmp__limit(qmp, SHORT_MS);
	while ((value = qmp__execute(qmp, "query-status", NULL))) {
		json_decref(value);
		answers++;
	}
	assert_int_equal(errno, ETIMEDOUT);
	ms = (clock_monotonic_ns() - begin) / NSEC_PER_MSEC;
	assert_in_range(ms, SHORT_MS, SHORT_MS + 1000);
	assert_true(answers > 1);
	close_both(&fake, qmp);
}

static void check_time(uint64_t begin_ns)
{
	uint64_t ms = (clock_monotonic_ns() - begin_ns) / NSEC_PER_MSEC;

	assert_in_range(ms, SHORT_MS, SHORT_MS + 1000);
}

/* Silence, half an answer, and events without end each end at the same time. */
static void test_timeouts(void **state)
{
	char *events = calloc(200000, sizeof(EVENT));
	const char *const answers[] = { "", "{\"return\": \"", EVENT, events };
	char *end = events;

	(void)state;
	assert_non_null(events);
	for (int i = 0; i < 200000; i++)
		end = stpcpy(end, EVENT);
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct fake_qmp fake = { .piece = answers[i] == events ? 500 : 0 };
		struct qmp *qmp = open_with(&fake, answers[i], SHORT_MS);
		uint64_t begin = clock_monotonic_ns();

		check_failure(qmp, ETIMEDOUT);
		check_time(begin);
		check_failure(qmp, EPIPE);
		close_both(&fake, qmp);
	}
	free(events);
}

static int try_open(const char *greeting)
{
	struct fake_qmp fake = { .greeting = greeting, .answer = constant };
	struct qmp *qmp = (struct qmp *)&fake;
	int error;

	fake_qmp__open(&fake);
	error = qmp__open(&qmp, fake.path, SHORT_MS);
	assert_null(qmp);
	fake_qmp__close(&fake);
	return error;
}

static void test_open(void **state)
{
	char path[200] = "/tmp/";
	struct qmp *qmp;

	(void)state;
	assert_int_equal(try_open(""), -ETIMEDOUT);
	assert_int_equal(try_open("{\"QMP\": {\"ver"), -ETIMEDOUT);
	assert_int_equal(try_open(NULL), -EPIPE);
	assert_int_equal(try_open("HTTP/1.1 400 Bad Request\r\n\r\n"), -EPROTO);
	assert_int_equal(try_open("{\"QMP\": 1}"), -EPROTO);
	assert_int_equal(try_open("{\"return\": {}}"), -EPROTO);
	assert_int_equal(qmp__open(&qmp, "/nonexistent/socket", SHORT_MS), -ENOENT);
	memset(path + 5, 'x', 150);
	assert_int_equal(qmp__open(&qmp, path, SHORT_MS), -ENAMETOOLONG);
	assert_null(qmp);
	qmp__close(NULL);
}

/* QEMU speaks with one at a time: others wait in its queue, and when that is full, outside. */
static void test_busy(void **state)
{
	struct fake_qmp fake = { 0 };
	struct qmp *qmp = open_with(&fake, FAKE_DONE, TIMEOUT_MS), *waiting;
	uint64_t begin = clock_monotonic_ns();

	(void)state;
	assert_int_equal(qmp__open(&waiting, fake.path, SHORT_MS), -ETIMEDOUT);
	check_time(begin);
	/* What has given up is still in the queue. */
	begin = clock_monotonic_ns();
	assert_int_equal(qmp__open(&waiting, fake.path, SHORT_MS), -ETIMEDOUT);
	check_time(begin);
	close_both(&fake, qmp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),	 cmocka_unit_test(test_greetings),
		cmocka_unit_test(test_commands), cmocka_unit_test(test_errors),
		cmocka_unit_test(test_sizes),	 cmocka_unit_test(test_values),
		cmocka_unit_test(test_limit),	 cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_open),	 cmocka_unit_test(test_busy),
	};

	return cmocka_run_group_tests_name("qmp", tests, NULL, NULL);
}
