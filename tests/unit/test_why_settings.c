// SPDX-License-Identifier: GPL-2.0-only
/* Thresholds of kvmq-why: its own, then those of why.conf, then those of --threshold. */
#include <errno.h>

#include "unit.h"

#include "base/log.h"
#include "cmd/why_rules.h"

#define MSEC 1000000ULL

struct file {
	char path[32];
	struct why_settings settings;
	struct options options;
	struct capture err;
};

static int set_up(void **state)
{
	struct file *file = calloc(1, sizeof(*file));
	int fd;

	snprintf(file->path, sizeof(file->path), "/tmp/why.conf.XXXXXX");
	fd = mkstemp(file->path);
	*state = file;
	return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
	struct file *file = *state;

	remove(file->path);
	free(file);
	return 0;
}

static uint64_t value_of(const struct file *file, const char *rule, size_t which)
{
	return file->settings.values[why_rule__find(rule, strlen(rule))][which];
}

/* What it says, and 0 or -EINVAL. */
static int read_settings(struct file *file, const char *text)
{
	FILE *out = fopen(file->path, "w");
	int error;

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	capture_begin(&file->err, STDERR_FILENO);
	error = why_rules__settings(&file->settings, file->path, &file->options);
	capture_end(&file->err);
	return error;
}

static void test_file(void **state)
{
	struct file *file = *state;

	assert_int_equal(read_settings(file, "# of this host\n"
					     "\n"
					     "   \t\n"
					     "cpu-crowded = 4.9   # as web needs it\n"
					     "\tcpu-crowded.act=4.95\r\n"
					     "io-device=20\n"
					     "cpu-wakes.mean=0.5\n"
					     "cpu-wakes.rate=1\n"
					     "numa-left.memory=64"),
			 0);
	assert_string_equal(file->err.text, "");
	assert_int_equal(value_of(file, "cpu-crowded", 0), 4900);
	assert_int_equal(value_of(file, "cpu-crowded", 1), 4950);
	assert_int_equal(value_of(file, "io-device", 0), 20 * MSEC);
	assert_int_equal(value_of(file, "io-device", 1), 50 * MSEC);
	assert_int_equal(value_of(file, "cpu-wakes", 1), 1);
	assert_int_equal(value_of(file, "cpu-wakes", 2), 500);
	assert_int_equal(value_of(file, "numa-left", 3), 64 << 20);
}

/* Each is refused with one line that names the file, its line, and what is wrong. */
static void test_bad_lines(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{ "cpu=5", "no such rule: see --rules" },
		{ "=5", "no such rule: see --rules" },
		{ "cpu-host .look=5", "no such rule: see --rules" },
		{ "[cpu-host]", "no RULE=VALUE" },
		{ "cpu-host", "no RULE=VALUE" },
		{ "cpu-host.x=5", "the rule has no such threshold: see --explain" },
		{ "cpu-host.=5", "the rule has no such threshold: see --explain" },
		{ "not-host=5", "the rule has no such threshold: see --explain" },
		{ "cpu-host=", "expected a number of the unit that --explain names" },
		{ "cpu-host=5x", "expected a number of the unit that --explain names" },
		{ "cpu-host=-5", "expected a number of the unit that --explain names" },
		{ "cpu-host=5,5", "expected a number of the unit that --explain names" },
		{ "cpu-host=1e3", "expected a number of the unit that --explain names" },
		{ "cpu-host=1000000001", "expected a number of the unit that --explain names" },
		{ "cpu-wakes.rate=0.5", "expected a number of the unit that --explain names" },
	};
	struct file *file = *state;
	char text[256], wanted[512];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text), "cpu-host=5\n\n%s # why\ncpu-host=6\n", cases[i].line);
		assert_int_equal(read_settings(file, text), -EINVAL);
		snprintf(wanted, sizeof(wanted), "%s: line 3: '%s': %s\n", file->path,
			 cases[i].line, cases[i].says);
		assert_non_null(strstr(file->err.text, wanted));
		assert_int_equal(count_lines(file->err.text), 1);
	}
}

/* Without a file, the rules' own hold; what cannot be read is not taken for none. */
static void test_no_file(void **state)
{
	struct file *file = *state;
	struct why_settings own;

	why_settings__init(&own);
	assert_int_equal(why_rules__settings(&file->settings, "/nonexistent/x", &file->options), 0);
	assert_memory_equal(&file->settings, &own, sizeof(own));
	capture_begin(&file->err, STDERR_FILENO);
	assert_int_equal(why_rules__settings(&file->settings, "/proc/self", &file->options),
			 -EISDIR);
	capture_end(&file->err);
	assert_non_null(strstr(file->err.text, "/proc/self: Is a directory: mend or remove it\n"));
	assert_int_equal(count_lines(file->err.text), 1);
}

/* A shortage is not wrong usage. */
static void test_status(void **state)
{
	(void)state;
	assert_int_equal(why_rules__status(-EINVAL), STATUS_USAGE);
	assert_int_equal(why_rules__status(-EISDIR), STATUS_USAGE);
	assert_int_equal(why_rules__status(-ENOMEM), STATUS_FAILED);
	assert_int_equal(why_rules__status(-EMFILE), STATUS_FAILED);
}

/* --threshold comes after the file, and the last one of a threshold is what holds. */
static void test_options(void **state)
{
	struct file *file = *state;
	struct why_options *why = &file->options.why;

	why->thresholds[why->threshold_count++] = "cpu-host.busy=80";
	why->thresholds[why->threshold_count++] = "cpu-host.busy=70";
	assert_int_equal(read_settings(file, "cpu-host.busy=60\ncpu-host.look=4\n"), 0);
	assert_int_equal(value_of(file, "cpu-host", 2), 70000);
	assert_int_equal(value_of(file, "cpu-host", 0), 4000);
	why->thresholds[why->threshold_count++] = "cpu-host.busy=a lot";
	assert_int_equal(read_settings(file, ""), -EINVAL);
	assert_non_null(strstr(file->err.text,
			       "--threshold: 'cpu-host.busy=a lot': expected a number of the unit "
			       "that --explain names\n"));
	assert_int_equal(count_lines(file->err.text), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_file),   TEST(test_bad_lines), TEST(test_no_file),
		TEST(test_status), TEST(test_options),
	};

	return cmocka_run_group_tests_name("why_settings", tests, NULL, NULL);
}
