// SPDX-License-Identifier: GPL-2.0-only
/* kvmqd's settings: user/daemon/settings.c, setting_values.c, arguments.c. */
#include "unit.h"

#include <errno.h>

#include "base/log.h"
#include "daemon/arguments.h"

#define HOUR (3600 * 1000000000ULL)

static const struct daemon_setting *find(const char *name)
{
	const struct daemon_setting *setting = daemon_setting__find(name);

	assert_non_null(setting);
	return setting;
}

static void expect(const char *name, const char *text, const char *written)
{
	struct daemon_settings settings;
	char error[SETTING_ERROR_SIZE], result[SETTING_TEXT_SIZE];

	daemon_settings__init(&settings);
	if (daemon_setting__set(find(name), &settings, text, error, sizeof(error)))
		fail_msg("%s = %s: expected %s", name, text, error);
	daemon_setting__write(find(name), &settings, result);
	assert_string_equal(result, written);
}

static void expect_refusal(const char *name, const char *text, const char *expected)
{
	struct daemon_settings settings, before;
	char error[SETTING_ERROR_SIZE] = "";

	daemon_settings__init(&settings);
	before = settings;
	if (daemon_setting__set(find(name), &settings, text, error, sizeof(error)) != -EINVAL)
		fail_msg("%s = %s: taken", name, text);
	assert_string_equal(error, expected);
	assert_memory_equal(&settings, &before, sizeof(settings));
}

/* What a daemon does without a file, by the design. */
static void test_usual(void **state)
{
	struct daemon_settings settings;

	(void)state;
	daemon_settings__init(&settings);
	assert_int_equal(settings.interval_ns, 1000000000);
	assert_int_equal(settings.budget_mpct, 1000);
	assert_true(settings.exits && settings.numa && settings.block);
	assert_true(settings.blame && settings.overlap && !settings.vcpu_histograms);
	assert_string_equal(settings.recording, "/var/lib/kvmq/kvmq.db");
	assert_int_equal(settings.tiers[0].interval_ns, 1000000000);
	assert_int_equal(settings.tiers[0].keep_ns, HOUR);
	assert_int_equal(settings.tiers[1].interval_ns, 10000000000);
	assert_int_equal(settings.tiers[1].keep_ns, 7 * 24 * HOUR);
	assert_int_equal(settings.tiers[2].interval_ns, HOUR / 12);
	assert_int_equal(settings.tiers[2].keep_ns, 90 * 24 * HOUR);
	assert_int_equal(settings.max_bytes, 2ULL << 30);
	assert_string_equal(settings.socket, "/run/kvmq/kvmqd.sock");
	assert_string_equal(settings.socket_group, "kvmq");
	assert_string_equal(settings.listen, "127.0.0.1:9778");
	assert_string_equal(settings.textfile, "");
	assert_int_equal(settings.blame_pairs, 5);
	assert_int_equal(settings.max_series, 100000);
	assert_int_equal(settings.wait_limit_ns, 100000000);
	assert_int_equal(settings.incidents_per_day, 20);
	assert_int_equal(settings.incident_bytes, 64 << 20);
	assert_int_equal(daemon_settings__check(&settings), 0);
}

/* Each is written as it is set. */
static void test_round_trip(void **state)
{
	const struct daemon_setting *setting;

	(void)state;
	for (size_t i = 0; (setting = daemon_setting__at(i)); i++) {
		expect(setting->name, setting->usual, setting->usual);
		if (setting->may_be_off)
			expect(setting->name, "off", "off");
	}
}

static void test_values(void **state)
{
	(void)state;
	expect("interval", "1500ms", "1500ms");
	expect("interval", "1.5s", "1500ms");
	expect("interval", "90s", "90s");
	expect("interval", "120s", "2min");
	expect("budget", "0.05%", "0.05%");
	expect("budget", "100%", "100%");
	expect("exits", "off", "off");
	expect("tiers", "100ms/1min  1s/0.5h\t1h/365d", "100ms/1min 1s/30min 1h/365d");
	expect("recording-bytes", "1048576KiB", "1GiB");
	expect("incident-bytes", "1536KiB", "1536KiB");
	expect("listen", "[::1]:9778", "[::1]:9778");
	expect("listen", "unix:/run/kvmq/metrics", "unix:/run/kvmq/metrics");
	expect("listen", "localhost:1", "localhost:1");
	expect("blame-pairs", "0", "0");
}

static void test_refusals(void **state)
{
	static const char *const times[] = {
		"1",   "s",  "1 s", "1.0005s",		 "-1s", "1m", "99ms", "601s", "0s",
		"1s ", "1S", "",    "99999999999999999d"
	};
	static const char *const addresses[] = { "9778",      ":9778",	  "127.0.0.1:0", "::1:9778",
						 "[::1:9778", "unix:a",	  "a:65536",	 "a:b",
						 "",	      "127.0.0.1" };
	static const char *const tiers[] = { "1s/1h 10s/7d",	      "1s/1h 10s/7d 5min/90d 1h/1d",
					     "1s-1h 10s/7d 5min/90d", "1s/ 10s/7d 5min/90d",
					     "0s/1h 10s/7d 5min/90d", "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		expect_refusal("interval", times[i], "100ms to 10min");
	expect_refusal("wait-limit", "0ms", "1ms to 10min, or off");
	expect_refusal("budget", "1", "0.01% to 100%");
	expect_refusal("budget", "0%", "0.01% to 100%");
	expect_refusal("exits", "yes", "on or off");
	expect_refusal("recording-bytes", "16777215B", "16MiB to 1024TiB");
	expect_refusal("incident-bytes", "1.5MiB", "1MiB to 1TiB");
	expect_refusal("max-series", "0", "1 to 10000000");
	expect_refusal("max-series", "5x", "1 to 10000000");
	for (size_t i = 0; i < ARRAY_SIZE(tiers); i++)
		expect_refusal("tiers", tiers[i],
			       "3 of INTERVAL/SPAN, as in '1s/1h 10s/7d 5min/90d'");
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
		expect_refusal("listen", addresses[i],
			       "HOST:PORT, [HOST]:PORT or unix:/PATH of less than 256 characters, "
			       "or off");
	expect_refusal("recording", "kvmq.db",
		       "a path that begins with '/' of less than 4096 characters, or off");
	expect_refusal("socket-group", "a/b", "a name of less than 33 characters, or off");
}

static void test_too_long(void **state)
{
	char path[128];

	(void)state;
	memset(path, '/', sizeof(path));
	path[108] = '\0';
	expect_refusal("socket", path,
		       "a path that begins with '/' of less than 108 characters, or off");
	path[107] = '\0';
	expect("socket", path, path);
}

/* A file of this text, which stays as long as the test runs. */
static const char *file_of(const char *text)
{
	static char path[64];
	int fd = memfd_create("settings", 0);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

static void test_file(void **state)
{
	struct daemon_settings settings;

	(void)state;
	daemon_settings__init(&settings);
	assert_int_equal(daemon_settings__read(&settings, file_of("# all of it\n"
								  "\n"
								  "interval = 2s # slow\n"
								  "\texits=off\r\n"
								  "recording = /a#b/c d # e\n"
								  "   # no more\n"
								  "listen = off")),
			 0);
	assert_int_equal(settings.interval_ns, 2000000000);
	assert_false(settings.exits);
	assert_string_equal(settings.recording, "/a#b/c d");
	assert_string_equal(settings.listen, "");
	assert_true(settings.numa);
}

static void expect_message(const char *text, const char *message)
{
	struct daemon_settings settings;
	const char *path = file_of(text);
	struct capture capture;
	char expected[512];
	int error;

	daemon_settings__init(&settings);
	capture_begin(&capture, STDERR_FILENO);
	error = daemon_settings__read(&settings, path);
	if (!error)
		error = daemon_settings__check(&settings);
	capture_end(&capture);
	assert_int_equal(error, -EINVAL);
	snprintf(expected, sizeof(expected), message, path);
	assert_string_equal(capture.text, expected);
}

static void test_file_refusals(void **state)
{
	(void)state;
	log_init("kvmqd", 0);
	expect_message("\ninterval\n", "kvmqd: %s:2: 'interval': expected NAME = VALUE\n");
	expect_message("speed = 1\n",
		       "kvmqd: %s:1: 'speed': no such setting: 'kvmqd --help' lists them\n");
	expect_message("exits = off\n#\nexits = off\n",
		       "kvmqd: %s:3: 'exits': it is set in line 1, too: leave one of them out\n");
	expect_message("exits = no\n",
		       "kvmqd: %s:1: exits: invalid value 'no': expected on or off\n");
	expect_message("tiers = 1s/1h 1s/7d 5min/90d\n",
		       "kvmqd: tiers: each has to be coarser than the one before, and to be kept "
		       "longer\n");
	expect_message("tiers = 1s/1h 10s/7d 90d/8d\n",
		       "kvmqd: tiers: moments of one are kept for less than its interval: keep "
		       "them longer\n");
	expect_message("recording-bytes = 100MiB\n",
		       "kvmqd: incident-bytes: more than half of recording-bytes: give less\n");
}

/* The options count more, whenever the file is read. */
static void test_arguments(void **state)
{
	char *argv[] = { "kvmqd", "--config", NULL, "--interval=3s", "--exits", "on", "-v", NULL };
	struct daemon_arguments arguments;
	struct daemon_settings settings;
	char path[64];
	int status;

	(void)state;
	snprintf(path, sizeof(path), "%s", file_of("interval = 2s\nexits = off\nnuma = off\n"));
	argv[2] = path;
	assert_int_equal(daemon_arguments__parse(&arguments, 7, argv, &status), 0);
	assert_int_equal(arguments.verbose, 1);
	assert_false(arguments.check);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(daemon_arguments__settings(&arguments, &settings), 0);
		assert_int_equal(settings.interval_ns, 3000000000);
		assert_true(settings.exits && !settings.numa && settings.block);
	}
}

static void expect_usage(char *argument, char *other, const char *message)
{
	char *argv[] = { "kvmqd", argument, other, NULL };
	struct daemon_arguments arguments;
	struct capture capture;
	int status = 0, result;

	log_init("kvmqd", 0);
	capture_begin(&capture, STDERR_FILENO);
	result = daemon_arguments__parse(&arguments, other ? 3 : 2, argv, &status);
	capture_end(&capture);
	assert_int_equal(result, 1);
	assert_int_equal(status, STATUS_USAGE);
	assert_string_equal(capture.text, message);
}

static void test_usage(void **state)
{
	(void)state;
	expect_usage("--exits=maybe", NULL,
		     "kvmqd: --exits: invalid value 'maybe': expected on or off\n");
	expect_usage("--numa=on", "--numa=on",
		     "kvmqd: --numa: given twice: leave one of them out\n");
	expect_usage("--exits", NULL, "kvmqd: --exits: its value is missing: see 'kvmqd --help'\n");
	expect_usage("--speed=1", NULL,
		     "kvmqd: --speed=1: no such option, or a value that it does not take: see "
		     "'kvmqd --help'\n");
	expect_usage("--incident=9MiB", NULL,
		     "kvmqd: --incident=9MiB: no such option, or a value that it does not take: "
		     "see 'kvmqd --help'\n");
	expect_usage("10", "--check", "kvmqd: '10': one argument too many: see 'kvmqd --help'\n");
	expect_usage("--check", "10", "kvmqd: '10': one argument too many: see 'kvmqd --help'\n");
}

/* The file that is delivered says what is usual. */
static void test_example(void **state)
{
	FILE *file = fopen("doc/kvmqd.conf", "re");
	const struct daemon_setting *setting;
	char *line = NULL, value[256], name[64];
	size_t size = 0, count = 0;

	(void)state;
	assert_non_null(file);
	while (getline(&line, &size, file) >= 0) {
		if (sscanf(line, "#%63[a-z-] = %255[^\n]", name, value) != 2)
			continue;
		setting = find(name);
		assert_string_equal(value, setting->usual);
		count++;
	}
	free(line);
	fclose(file);
	assert_true(count > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usual),	      cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_values),	      cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_too_long),      cmocka_unit_test(test_file),
		cmocka_unit_test(test_file_refusals), cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_usage),	      cmocka_unit_test(test_example),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
