// SPDX-License-Identifier: GPL-2.0-only
/* Slow requests as lines and as JSON: user/render/io_line.c. */
#include "unit.h"

#include <time.h>

#include "render/io_line.h"

#define SEC 1000000000ULL
#define BOOT_NS (1700000000 * SEC)

static const struct io_event full = {
	.time_ns = SEC + 2345678,
	.dev = IO_DEV(8, 16),
	.op = IO_WRITE,
	.sector = 4096,
	.bytes = 65536,
	.vm_pid = 1000,
	.cgroup_id = 7,
	.tid = 1003,
	.comm = "IO iothread1",
	.layers_ns = { 1049, 1050, 9876543210 },
	.known = { true, true, true },
};

static char *print(const struct io_line *line)
{
	struct memory memory;

	io_line__print(memory_open(&memory), line, BOOT_NS, false);
	return memory_close(&memory);
}

static void check(const struct io_line *line, const char *wanted)
{
	char *text = print(line);

	assert_string_equal(text, wanted);
	free(text);
}

static int set_utc(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

static void test_header(void **state)
{
	struct memory memory;
	char *text;

	(void)state;
	io_line__print_header(memory_open(&memory));
	text = memory_close(&memory);
	assert_string_equal(text,
			    "TIME            VM               DISK         DEVICE     OP      "
			    "   BYTES    THR(us)      Q(us)      D(us)       SECTOR SCHED      "
			    " THREAD\n");
	free(text);
}

static void test_line(void **state)
{
	const struct io_line line = { &full, "web", "virtio-disk0", "sdb", "mq-deadline" };

	(void)state;
	/* Rounded to 100 ns; what is longer than its column pushes the rest. */
	check(&line, "22:13:21.002345 web              virtio-disk0 sdb        write   "
		     "   65536        1.0        1.1  9876543.2         4096 mq-deadline "
		     "IO iothread1[1003]\n");
}

static void test_wide(void **state)
{
	struct io_event event = full;
	const struct io_line line = { &event, "a-vm-of-a-very-long-name", "disk-of-a-long-name",
				      "nvme0n1-and-more", "bfq" };

	(void)state;
	event.op = IO_DISCARD;
	event.sector = UINT64_MAX - 1;
	event.bytes = UINT32_MAX;
	event.tid = UINT32_MAX;
	for (int layer = 0; layer < HOST_LAYERS; layer++)
		event.layers_ns[layer] = UINT64_MAX - 50;
	check(&line,
	      "22:13:21.002345 a-vm-of-a-very-long-name disk-of-a-long-name nvme0n1-and-more "
	      "discard 4294967295 18446744073709551.6 18446744073709551.6 "
	      "18446744073709551.6 18446744073709551614 bfq         "
	      "IO iothread1[4294967295]\n");
}

/* Nothing is known but what the request itself says. */
static void test_unknown(void **state)
{
	const struct io_event event = { .op = IO_FLUSH, .sector = UINT64_MAX };
	struct io_line line = { &event, NULL, NULL, "8:16", NULL };

	(void)state;
	check(&line, "22:13:20.000000 -                -            8:16       flush   "
		     "       0        n/a        n/a        n/a            - -           -\n");
	line.vm = line.disk = line.scheduler = "";
	check(&line, "22:13:20.000000 -                -            8:16       flush   "
		     "       0        n/a        n/a        n/a            - -           -\n");
	line.vm = "unknown";
	check(&line, "22:13:20.000000 unknown          -            8:16       flush   "
		     "       0        n/a        n/a        n/a            - -           -\n");
}

/* Not known and no time at all are two things. */
static void test_layers(void **state)
{
	struct io_event event = { .op = IO_READ, .known = { true, false, true } };
	const struct io_line line = { &event, "web", NULL, "sda", "none" };
	char *text;

	(void)state;
	event.layers_ns[HOST_DEVICE] = 50;
	text = print(&line);
	assert_non_null(
		strstr(text, "        0        0.0        n/a        0.1            0 none"));
	free(text);
}

static void test_errors(void **state)
{
	static const struct {
		int error;
		const char *words;
	} list[] = {
		{ -5, "IO iothread1[1003] failed: Input/output error\n" },
		{ -28, "IO iothread1[1003] failed: No space left on device\n" },
		{ -110, "IO iothread1[1003] failed: Connection timed out\n" },
		{ -9999, "IO iothread1[1003] failed: Unknown error 9999\n" },
	};
	struct io_event event = full;
	const struct io_line line = { &event, "web", NULL, "sdb", "none" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		char *text;

		event.error = list[i].error;
		text = print(&line);
		assert_non_null(strstr(text, list[i].words));
		assert_int_equal(count_lines(text), 1);
		free(text);
	}
}

static void test_error_of_nobody(void **state)
{
	struct io_event event = full;
	const struct io_line line = { &event, "web", NULL, "sdb", "none" };

	(void)state;
	event.tid = 0;
	event.error = -5;
	check(&line, "22:13:21.002345 web              -            sdb        write   "
		     "   65536        1.0        1.1  9876543.2         4096 none        "
		     "- failed: Input/output error\n");
}

static void check_json(const struct io_line *line, const char *wanted)
{
	json_t *object = io_line__json(line, BOOT_NS);
	char *text;

	assert_non_null(object);
	text = json_dumps(object, JSON_COMPACT);
	assert_string_equal(text, wanted);
	free(text);
	json_decref(object);
}

static void test_json(void **state)
{
	struct io_event event = full;
	const struct io_line line = { &event, "web", "virtio-disk0", "sdb", "mq-deadline" };

	(void)state;
	check_json(&line,
		   "{\"schema\":\"kvmq.io.event/1\",\"time\":\"2023-11-14T22:13:21.002Z\","
		   "\"end_clock_ns\":1002345678,\"vm\":\"web\",\"vm_pid\":1000,"
		   "\"disk\":\"virtio-disk0\",\"device\":\"sdb\",\"scheduler\":\"mq-deadline\","
		   "\"op\":\"write\",\"sector\":4096,\"bytes\":65536,\"error\":0,\"thr_ns\":1049,"
		   "\"q_ns\":1050,\"d_ns\":9876543210,\"tid\":1003,\"thread\":\"IO iothread1\"}");
	event.error = -5;
	event.bytes = UINT32_MAX;
	event.sector = 1ULL << 40;
	event.tid = 0; /* then its name is nobody's */
	event.known[HOST_QUEUE] = false;
	check_json(&line,
		   "{\"schema\":\"kvmq.io.event/1\",\"time\":\"2023-11-14T22:13:21.002Z\","
		   "\"end_clock_ns\":1002345678,\"vm\":\"web\",\"vm_pid\":1000,"
		   "\"disk\":\"virtio-disk0\",\"device\":\"sdb\",\"scheduler\":\"mq-deadline\","
		   "\"op\":\"write\",\"sector\":1099511627776,\"bytes\":4294967295,\"error\":5,"
		   "\"thr_ns\":1049,\"q_ns\":null,\"d_ns\":9876543210,\"tid\":null,"
		   "\"thread\":null}");
}

static void test_json_unknown(void **state)
{
	const struct io_event event = {
		.op = IO_OTHER, .sector = UINT64_MAX, .tid = 1, .comm = "w\377"
	};
	const struct io_line line = { &event, "we\377b", NULL, "7:0", NULL };

	(void)state;
	check_json(&line, "{\"schema\":\"kvmq.io.event/1\",\"time\":\"2023-11-14T22:13:20.000Z\","
			  "\"end_clock_ns\":0,\"vm\":\"we\\\\xffb\",\"vm_pid\":null,\"disk\":null,"
			  "\"device\":\"7:0\",\"scheduler\":null,\"op\":\"other\",\"sector\":null,"
			  "\"bytes\":0,\"error\":0,\"thr_ns\":null,\"q_ns\":null,\"d_ns\":null,"
			  "\"tid\":1,\"thread\":\"w\\\\xff\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_layers),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_error_of_nobody),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_unknown),
	};

	return cmocka_run_group_tests_name("io_line", tests, set_utc, NULL);
}
