// SPDX-License-Identifier: GPL-2.0-only
/* Bars, JSON, event lines and what stands around the rows: user/render/. */
#include "unit.h"

#include <errno.h>
#include <time.h>

#include "cmd/cpu_metrics.h"
#include "render/bars.h"
#include "render/json.h"
#include "render/summary.h"
#include "render/wait_line.h"
#include "sched/rows.h"

#define SEC 1000000000ULL
#define BOOT_NS (1700000000 * SEC)
#define BAD_UTF8 "we\377b"
#define ESCAPED "we\\xffb"

static void assert_json_text(const json_t *object, const char *key, const char *text)
{
	assert_string_equal(json_string_value(json_object_get(object, key)), text);
}

static char *print_bars(const struct wait_hist *hist, unsigned int width)
{
	struct row row = { .hist = (struct wait_hist *)hist };
	struct memory memory;

	bars__print(memory_open(&memory), "web", &cpu_waits, &row, width);
	return memory_close(&memory);
}

static void test_bars(void **state)
{
	struct wait_hist hist = { 0 };
	char *text = print_bars(&hist, 0);

	(void)state;
	assert_string_equal(text, "web: no wait has ended\n");
	free(text);
	/* The two causes of an octave share its bar; an empty one between is shown. */
	hist.count[CAUSE_WAKE][hist_bucket(600)] = 2;
	hist.count[CAUSE_PREEMPT][hist_bucket(1000)] = 2;
	hist.count[CAUSE_PREEMPT][hist_bucket(3000)] = 8;
	text = print_bars(&hist, 0);
	assert_string_equal(
		text, "web\n"
		      "   512ns - 1.02us          4  wwwwwwwwwwpppppppppp\n"
		      "  1.02us - 2.05us          0\n"
		      "  2.05us - 4.10us          8  pppppppppppppppppppppppppppppppppppppppp\n");
	free(text);
	memset(&hist, 0, sizeof(hist));
	hist.count[CAUSE_WAKE][0] = 1;
	text = print_bars(&hist, 40);
	assert_string_equal(text, "web\n"
				  "     0ns - 512ns           1  wwwwwwww\n");
	free(text);
	memset(&hist, 0, sizeof(hist));
	hist.count[CAUSE_WAKE][HIST_BUCKETS - 1] = 1; /* open above */
	text = print_bars(&hist, 40);
	assert_string_equal(text, "web\n"
				  "   68.7s -                 1  wwwwwwww\n");
	free(text);
}

/* No bar leaves the terminal, and one wait among millions can still be seen. */
static void test_bars_fit(void **state)
{
	struct wait_hist hist = { 0 };

	(void)state;
	hist.count[CAUSE_WAKE][100] = 1;
	hist.count[CAUSE_PREEMPT][100] = 4000000;
	hist.count[CAUSE_WAKE][150] = 4000000;
	hist.count[CAUSE_PREEMPT][151] = 1; /* the same octave */
	hist.count[CAUSE_PREEMPT][180] = 1;
	for (unsigned int width = 40; width < 120; width++) {
		char *text = print_bars(&hist, width), *line, *rest = text;

		assert_non_null(strstr(text, " wp"));
		assert_non_null(strstr(text, "wp\n"));
		assert_non_null(strstr(text, " 1  p\n"));
		while ((line = strsep(&rest, "\n")))
			if (strlen(line) > width)
				fail_msg("%u columns: '%s'", width, line);
		free(text);
	}
}

static void test_bars_json(void **state)
{
	struct wait_hist hist = { 0 };
	struct row row = { .hist = &hist };
	json_t *json;
	char *text;

	(void)state;
	hist.count[CAUSE_WAKE][0] = 1;
	hist.count[CAUSE_WAKE][hist_bucket(600)] = 2;
	hist.count[CAUSE_PREEMPT][HIST_BUCKETS - 1] = UINT32_MAX;
	json = bars__json(&cpu_metrics, &row);
	text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(text,
			    "{\"wait_hist\":{\"wake\":[{\"ge_ns\":0,\"lt_ns\":64,\"count\":1},"
			    "{\"ge_ns\":576,\"lt_ns\":640,\"count\":2}],"
			    "\"preempt\":[{\"ge_ns\":128849018880,\"lt_ns\":null,"
			    "\"count\":4294967295}]}}");
	free(text);
	json_decref(json);
}

/* n/a is null, in rows; what has a counter has it in total, too. */
static void test_json_row(void **state)
{
	static struct wait_hist hist;
	struct vm vm = { .pid = 7, .name = "web" };
	struct row row = { .vm = &vm, .hist = &hist, .identity.tid = 8 };
	json_t *json, *total;

	(void)state;
	row.interval.run_ns = 250;
	row.interval.elapsed_ns = 1000;
	row.total.run_ns = 5250;
	json = json__row(&cpu_metrics, &row);
	total = json_object_get(json, "total");
	assert_string_equal(json_string_value(json_object_get(json, "vm")), "web");
	assert_true(json_is_null(json_object_get(json, "vm_uuid")));
	assert_true(json_is_null(json_object_get(json, "wait_p99_ns")));
	assert_int_equal(json_integer_value(json_object_get(json, "run_ns")), 250);
	assert_true(json_is_real(json_object_get(json, "run_pct")));
	assert_true(json_real_value(json_object_get(json, "run_pct")) == 25.0);
	assert_int_equal(json_integer_value(json_object_get(total, "run_ns")), 5250);
	assert_null(json_object_get(total, "run_pct"));
	for (size_t i = 0; i < cpu_metrics.count; i++) {
		const struct metric *metric = &cpu_metrics.metrics[i];

		if (!metric->key || metric->kind == METRIC_DISTRIBUTION)
			continue;
		assert_non_null(json_object_get(json, metric->key));
		assert_int_equal(!!json_object_get(total, metric->key), !!metric->total);
	}
	json_decref(json);
}

/* A name that is no UTF-8 is in JSON all the same: its bytes by number. */
static void test_json_bad_name(void **state)
{
	static struct wait_hist hist;
	struct vm vm = { .pid = 7, .name = BAD_UTF8 };
	struct row row = { .vm = &vm, .hist = &hist, .identity = { .tid = 8, .comm = BAD_UTF8 } };
	json_t *json = json__row(&cpu_metrics, &row);

	(void)state;
	assert_json_text(json, "vm", ESCAPED);
	assert_json_text(json, "thread", ESCAPED);
	assert_int_equal(json_integer_value(json_object_get(json, "vm_pid")), 7);
	json_decref(json);
}

static void test_json_print(void **state)
{
	struct memory memory;
	FILE *full = fopen("/dev/full", "we");
	char *text;

	(void)state;
	assert_int_equal(
		json__print(memory_open(&memory), json_pack("{s:f,s:i}", "a", 0.1, "b", 2)), 0);
	text = memory_close(&memory);
	assert_string_equal(text, "{\"a\":0.1,\"b\":2}\n");
	free(text);
	assert_non_null(full);
	setbuf(full, NULL);
	assert_int_not_equal(json__print(full, json_pack("{s:i}", "a", 1)), 0);
	fclose(full);
}

/* As one object, without having it. */
static void test_json_rows(void **state)
{
	struct memory memory;
	struct json_rows rows;
	FILE *full = fopen("/dev/full", "we");
	char *text;

	(void)state;
	json_rows__begin(&rows, memory_open(&memory), json_pack("{s:s}", "a", "\xc2\x9b}"));
	json_rows__add(&rows, json_pack("{s:i}", "b", 2));
	json_rows__add(&rows, json_pack("{}"));
	assert_int_equal(json_rows__end(&rows), 0);
	text = memory_close(&memory);
	assert_string_equal(text, "{\"a\":\"\\u009B}\",\"rows\":[{\"b\":2},{}]}\n");
	free(text);
	json_rows__begin(&rows, memory_open(&memory), json_object());
	assert_int_equal(json_rows__end(&rows), 0);
	text = memory_close(&memory);
	assert_string_equal(text, "{\"rows\":[]}\n");
	free(text);
	json_rows__begin(&rows, memory_open(&memory), json_object());
	json_rows__add(&rows, NULL);
	json_rows__add(&rows, json_pack("{}"));
	assert_int_equal(json_rows__end(&rows), -ENOMEM);
	free(memory_close(&memory));
	setbuf(full, NULL);
	json_rows__begin(&rows, full, json_object());
	assert_int_equal(json_rows__end(&rows), -EIO);
	fclose(full);
}

static struct named_wait example_event(void)
{
	return (struct named_wait){ .names = { .boot_ns = BOOT_NS, .vm = "web" },
				    .event = {
					    .identity = { .vm_pid = 7,
							  .tid = 9,
							  .vcpu = 1,
							  .is_vcpu = true },
					    .time_ns = 3661 * SEC + 1234567,
					    .run_rq = 3661 * SEC + 1234567,
					    .queued_rq = 3661 * SEC + 34567,
					    .wait_ns = 1200049,
					    .cause = CAUSE_PREEMPT,
					    .from_cpu = 2,
					    .to_cpu = 3,
					    .prev_tid = 4321,
					    .prev_tgid = 4321,
					    .prev_comm = "make",
				    } };
}

static void expect_line(const struct named_wait *event, const char *line)
{
	struct memory memory;
	char *text;

	wait_line__print(memory_open(&memory), event, false);
	text = memory_close(&memory);
	assert_string_equal(text, line);
	free(text);
}

/* Where local time is an hour ahead of UTC. */
static void test_event_time(void **state)
{
	struct named_wait event = example_event();

	(void)state;
	setenv("TZ", "XYZ-1", 1);
	tzset();
	for (int utc = 0; utc < 2; utc++) {
		struct memory memory;
		char *text;

		wait_line__print(memory_open(&memory), &event, utc);
		text = memory_close(&memory);
		assert_string_equal(strtok(text, " "), utc ? "23:14:21.001234" : "00:14:21.001234");
		free(text);
	}
	setenv("TZ", "UTC", 1);
	tzset();
}

static void test_event_line(void **state)
{
	struct named_wait event = example_event();
	struct memory memory;
	char *text;

	(void)state;
	wait_line__print_header(memory_open(&memory));
	text = memory_close(&memory);
	assert_string_equal(text,
			    "TIME            VM                VCPU      TID CAUSE   FROM   TO"
			    "     WAIT(us) AFTER\n");
	free(text);
	expect_line(&event,
		    "23:14:21.001234 web                  1        9 preempt    2    3       1200.0"
		    " make[4321]\n");
	strcpy(event.names.other_vm, "db");
	expect_line(&event,
		    "23:14:21.001234 web                  1        9 preempt    2    3       1200.0"
		    " db make[4321]\n");
	event.event.cause = CAUSE_WAKE;
	event.event.wait_ns = 1200050;
	event.event.prev_tid = 0;
	event.event.identity.vcpu = VCPU_UNKNOWN;
	expect_line(&event,
		    "23:14:21.001234 web                  -        9 wake       2    3       1200.1"
		    " idle\n");
}

static void test_event_json(void **state)
{
	struct named_wait event = example_event();
	json_t *json;
	char *text;

	(void)state;
	strcpy(event.names.other_vm, "db");
	json = wait_line__json(&event);
	text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(
		text, "{\"schema\":\"kvmq.cpu.event/1\",\"time\":\"2023-11-14T23:14:21.001Z\","
		      "\"vm\":\"web\",\"vm_pid\":7,\"vcpu\":1,\"tid\":9,\"cause\":\"preempt\","
		      "\"wait_ns\":1200049,\"queued_clock_ns\":3661000034567,"
		      "\"run_clock_ns\":3661001234567,\"from_cpu\":2,\"to_cpu\":3,"
		      "\"after_tid\":4321,\"after_comm\":\"make\",\"after_vm\":\"db\",\"throttled_"
		      "ns\":0}");
	free(text);
	json_decref(json);
	event.event.prev_tid = 0;
	event.event.identity.vcpu = VCPU_UNKNOWN;
	event.names.other_vm[0] = '\0';
	json = wait_line__json(&event);
	assert_true(json_is_null(json_object_get(json, "vcpu")));
	assert_true(json_is_null(json_object_get(json, "after_vm")));
	assert_string_equal(json_string_value(json_object_get(json, "after_comm")), "idle");
	json_decref(json);
}

/* An event with a name that is no UTF-8 is an event all the same. */
static void test_event_json_bad_name(void **state)
{
	struct named_wait event = example_event();
	json_t *json;

	(void)state;
	strcpy(event.names.vm, BAD_UTF8);
	json = wait_line__json(&event);
	assert_non_null(json);
	assert_json_text(json, "vm", ESCAPED);
	assert_int_equal(json_integer_value(json_object_get(json, "vm_pid")), 7);
	json_decref(json);
	strcpy(event.event.prev_comm, BAD_UTF8);
	strcpy(event.names.vm, "web");
	strcpy(event.names.other_vm, BAD_UTF8);
	json = wait_line__json(&event);
	assert_non_null(json);
	assert_json_text(json, "after_comm", ESCAPED);
	assert_json_text(json, "after_vm", ESCAPED);
	assert_int_equal(json_integer_value(json_object_get(json, "after_tid")), 4321);
	json_decref(json);
}

static char *print_footer(const struct snapshot *before, const struct snapshot *after,
			  const struct columns *columns)
{
	const struct loss_set losses = { &sched_losses, &after->losses, NULL, NULL };
	struct host host = { .name = "h", .kernel = "6.1", .cpus = 2 };
	struct summary summary = { &host, before, after, NULL, 1, 3 };
	struct cost_shares cost;
	struct memory memory;

	summary__print_header(memory_open(&memory), &summary, NULL);
	summary__print_switches(memory.file, &summary);
	cost = summary__cost(&summary);
	cost__print(memory.file, &cost, "kvmq-cpu");
	losses__print(memory.file, &losses, 1, columns);
	return memory_close(&memory);
}

/* What looking costs, and losses: known ones in words, unknown ones n/a. */
static void test_summary(void **state)
{
	struct snapshot before = { .time_ns = SEC }, after = { .time_ns = 3 * SEC };
	char *text;

	(void)state;
	text = print_footer(&before, &after, NULL);
	assert_string_equal(text,
			    "h 6.1: 2 CPUs, 1 VM, 3 vCPUs (1.50 per CPU)\n"
			    "cost of switches: n/a per one of a VM's thread, n/a per any other\n"
			    "cost: of one CPU n/a in hooks, 0.000 % in kvmq-cpu\n"
			    "losses: none\n");
	free(text);
	before.cost = (struct cost){ 1000, 0, 0, 5000, 20000, 1000000 };
	after.cost = (struct cost){ 3000, 60000, 100, 15000, 20000, 5000000 };
	after.losses = (struct losses){
		.threads = 1, .events = 2, .torn = 3, .clock = 4, .missed = 5, .timeline = 6
	};
	text = print_footer(&before, &after, NULL);
	/* 2000 * (600 + 20) ns + 8000 * 20 ns in 2 s; 4 ms of CPU in 2 s */
	assert_non_null(strstr(text,
			       "\ncost of switches: 620 ns per one of a VM's thread, 20 ns per "
			       "any other\n"));
	assert_non_null(strstr(text, "\ncost: of one CPU 0.070 % in hooks, 0.200 % in kvmq-cpu\n"));
	assert_non_null(strstr(text,
			       "\nlosses: 1 switches of threads not tracked (table full), "
			       "2 events dropped (buffer full), 3 readings given up, 4 waits "));
	assert_non_null(strstr(text, ", 6 slices missing in the timeline (buffer or file full)\n"));
	free(text);
}

/* Without columns it is all; else those that are about a figure that is shown. */
static void test_losses(void **state)
{
	static const struct metric throttled = { .key = "ready_throttled_pct" },
				   run = { .key = "run_pct" };
	static const struct columns with = { .list = { &run, &throttled }, .count = 2 };
	static const struct columns without = { .list = { &run }, .count = 1 };
	struct snapshot before = { .time_ns = SEC }, after = { .time_ns = 3 * SEC };
	char *text;

	(void)state;
	text = print_footer(&before, &after, &with);
	assert_null(strstr(text, "losses"));
	free(text);
	after.losses = (struct losses){ .missed = 5, .throttled = 3 };
	text = print_footer(&before, &after, &without);
	assert_null(strstr(text, "losses"));
	free(text);
	text = print_footer(&before, &after, &with);
	assert_non_null(strstr(text, "\nlosses: 3 waits with more throttling than could be told "
				     "apart\n"));
	free(text);
	text = print_footer(&before, &after, NULL);
	assert_non_null(strstr(text, "\nlosses: 5 switches not seen (made up for), 3 waits with "));
	free(text);
}

static int set_time_zone(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bars),
		cmocka_unit_test(test_bars_fit),
		cmocka_unit_test(test_bars_json),
		cmocka_unit_test(test_json_row),
		cmocka_unit_test(test_json_bad_name),
		cmocka_unit_test(test_json_print),
		cmocka_unit_test(test_json_rows),
		cmocka_unit_test(test_event_time),
		cmocka_unit_test(test_event_line),
		cmocka_unit_test(test_event_json),
		cmocka_unit_test(test_event_json_bad_name),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_losses),
	};

	return cmocka_run_group_tests_name("render", tests, set_time_zone, NULL);
}
