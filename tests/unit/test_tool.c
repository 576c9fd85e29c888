// SPDX-License-Identifier: GPL-2.0-only
/* The life of a tool, with a source of its own: user/cli/tool*.c. */
#include "unit.h"

#include <errno.h>
#include <sys/wait.h>

#include "base/log.h"
#include "cli/option_entries.h"
#include "cli/tool.h"
#include "model/view_sets.h"

/* 2026-11-29 20:00:00 UTC; a view is a second after the one before, however fast they are read. */
#define START_NS 1795982400000000000ULL
#define SECOND_NS 1000000000ULL

/* What is counted is "switches", and each view comes after an event. */
static const struct field event_fields[] = {
	FIELD_AS("number", struct named_wait, event.time_ns, FIELD_U64, FIELD_GAUGE),
};

static const struct set events = SET_OF_LIST("events", waits, event_fields, 0, .events = true);

struct source {
	const struct event_sink *sink;
	struct host host;
	uint64_t reads;
};

/* What a case wants of the source; each case is a process of its own. */
static struct {
	uint64_t start_ns, step_ns;
	uint64_t early_ns; /* each third view comes so much before its time */
	int open_error, create_error, start_error, read_error, stop_error;
	uint64_t fail_at; /* the read that read_error is of */
} wanted;

static int open_source(void *data, const struct options *options, const struct event_sink *sink)
{
	struct source *source = data;

	(void)options;
	source->sink = sink;
	source->host = (struct host){ .name = "kvm1", .boot_id = "boot" };
	return wanted.open_error;
}

static int create(void *data)
{
	(void)data;
	return wanted.create_error;
}

static const struct host *host(const void *data)
{
	const struct source *source = data;

	return &source->host;
}

static int start(void *data)
{
	(void)data;
	return wanted.start_error;
}

static int poll_source(void *data)
{
	(void)data;
	return 0;
}

static int read_view(void *data, struct view *view)
{
	struct source *source = data;
	const struct named_wait event = { .event.time_ns = source->reads };
	struct snapshot *sched = &view->sched;

	if (wanted.read_error && source->reads == wanted.fail_at)
		return wanted.read_error;
	sched->realtime_ns = wanted.start_ns + source->reads * wanted.step_ns;
	if (source->reads && source->reads % 3 == 0)
		sched->realtime_ns -= wanted.early_ns;
	sched->time_ns = sched->realtime_ns - wanted.start_ns;
	sched->cost.switches = source->reads * source->reads;
	source->sink->take(source->sink->context, &event);
	source->reads++;
	return 0;
}

static int stop(void *data, const struct view *view)
{
	(void)data;
	assert_non_null(view);
	return wanted.stop_error;
}

static void close_source(void *data)
{
	struct source *source = data;

	fprintf(stderr, "closed after %u\n", (unsigned int)source->reads);
}

static const struct source_ops live = {
	.size = sizeof(struct source),
	.open = open_source,
	.create = create,
	.host = host,
	.start = start,
	.poll = poll_source,
	.read = read_view,
	.stop = stop,
	.close = close_source,
};

static int init(void *report, const struct options *options, int *status)
{
	(void)report;
	*status = STATUS_USAGE;
	return options->sort && !strcmp(options->sort, "nosuch");
}

static int print(void *report, FILE *file, const struct view *before, const struct view *after)
{
	uint64_t *shown = report;

	fprintf(file, "%u: +%u\n", (unsigned int)++*shown,
		(unsigned int)(after->sched.cost.switches - before->sched.cost.switches));
	return 0;
}

static void print_event(void *report, FILE *file, const struct view *before, const void *item)
{
	const struct named_wait *event = item;

	(void)report;
	fprintf(file, "event %u after %u\n", (unsigned int)event->event.time_ns,
		(unsigned int)before->sched.cost.switches);
}

static void free_report(void *report)
{
	(void)report;
}

static const struct tool tool = {
	.name = "kvmq-test",
	.question = "What is the sum?",
	.options =
		(const struct option_entry *const[]){ &option_events, &option_sort, &option_record,
						      &option_from, &option_since, &option_until,
						      &option_utc, &option_help, NULL },
	.interval = true,
};

static const struct report_ops report = {
	.size = sizeof(uint64_t),
	.init = init,
	.print = print,
	.print_event = print_event,
	.free = free_report,
};

static const struct tool_ops ops = {
	.tool = &tool,
	.sets = (const struct set *const[]){ &moment_set, &events, NULL },
	.events = &events,
	.live = &live,
	.report = &report,
};

static char folder[64], path[128];

static int set_up(void **state)
{
	(void)state;
	memset(&wanted, 0, sizeof(wanted));
	wanted.start_ns = START_NS;
	wanted.step_ns = SECOND_NS;
	strcpy(folder, "/tmp/test-tool-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file", folder);
	return 0;
}

static int tear_down(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

struct ran {
	struct capture out, err;
	int status;
};

/* The tool gives up privileges and blocks signals: a process of its own does. */
static void run(struct ran *ran, const char *arguments)
{
	char words[256], *argv[16] = { "kvmq-test" }, *rest = words;
	int argc = 1, status;
	pid_t pid;

	snprintf(words, sizeof(words), "%s", arguments);
	while ((argv[argc] = strsep(&rest, " ")))
		if (!strcmp(argv[argc++], "FILE"))
			argv[argc - 1] = path;
	capture_begin(&ran->out, STDOUT_FILENO);
	capture_begin(&ran->err, STDERR_FILENO);
	pid = fork();
	if (!pid) {
		status = tool__run(&ops, argc, argv);
		fflush(NULL);
		_exit(status);
	}
	waitpid(pid, &status, 0);
	capture_end(&ran->err);
	capture_end(&ran->out);
	assert_true(WIFEXITED(status));
	ran->status = WEXITSTATUS(status);
}

static void expect(const char *arguments, int status, const char *out, const char *err)
{
	static struct ran ran;

	run(&ran, arguments);
	if (ran.status != status || strcmp(ran.out.text, out) != 0 || !strstr(ran.err.text, err))
		fail_msg("%s: status %d, '%s', '%s'", arguments, ran.status, ran.out.text,
			 ran.err.text);
}

static void test_measure(void **state)
{
	(void)state;
	expect("0.01 3", 0, "1: +1\n2: +3\n3: +5\n", "closed after 4\n");
	expect("-e 0.01 2", 0, "event 0 after 0\nevent 1 after 0\n1: +1\nevent 2 after 1\n2: +3\n",
	       "closed after 3\n");
	expect("--utc 1 -- true", 0, "1: +1\n", "closed after 2\n");
	expect("1 -- false", 1, "1: +1\n", "closed after 2\n");
	expect("--sort=nosuch", STATUS_USAGE, "", "");
	expect("--since=21:00", STATUS_USAGE, "", "--since: ");
}

static void test_failures(void **state)
{
	(void)state;
	wanted.open_error = -EPERM;
	expect("0.01 1", STATUS_HOST, "", "closed after 0\n");
	wanted.open_error = 0;
	wanted.create_error = -EACCES;
	expect("0.01 1", STATUS_FAILED, "", "closed after 0\n");
	wanted.create_error = 0;
	wanted.start_error = -EINVAL;
	expect("0.01 1", STATUS_FAILED, "", "closed after 0\n");
	wanted.start_error = 0;
	wanted.read_error = -EIO;
	expect("0.01 1", STATUS_FAILED, "", "closed after 0\n");
	wanted.fail_at = 2;
	expect("0.01 5", STATUS_FAILED, "1: +1\n", "closed after 2\n");
	wanted.read_error = 0;
	wanted.stop_error = -EIO;
	expect("0.01 1", STATUS_FAILED, "1: +1\n", "closed after 2\n");
	expect("--record=/nonexistent/a 0.01 1", STATUS_FAILED, "", "kvmq-test: --record: ");
}

/* The same bytes, whatever is shown of it. */
static void test_replay(void **state)
{
	static struct ran measured, again;
	static const char *const options[] = { "0.01 8", "-e 0.01 8" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		char words[64];

		unlink(path);
		snprintf(words, sizeof(words), "--record FILE %s", options[i]);
		run(&measured, words);
		assert_int_equal(measured.status, 0);
		run(&again, i ? "--from FILE -e" : "--from FILE");
		assert_int_equal(again.status, 0);
		assert_string_equal(again.err.text, "");
		assert_string_equal(again.out.text, measured.out.text);
	}
	expect("--from FILE --sort=nosuch", STATUS_USAGE, "", "");
}

static void test_steps(void **state)
{
	static struct ran ran;

	(void)state;
	run(&ran, "--record FILE 0.01 8");
	/* 0 to 8 in steps of 3: 0 to 3, 3 to 6, and what is left */
	expect("--from FILE 3", 0, "1: +9\n2: +27\n3: +28\n", "");
	expect("--from FILE 3 2", 0, "1: +9\n2: +27\n", "");
	expect("--from FILE 100", 0, "1: +64\n", "");
	expect("--from FILE 1 1", 0, "1: +1\n", "");
	expect("--from FILE 2 1 -e", 0,
	       "event 0 after 0\nevent 1 after 0\nevent 2 after 1\n1: +4\n", "");
	expect("--utc --from FILE --since=2026-11-29T20:00:06", 0, "1: +13\n2: +15\n", "");
	/* The view before is the beginning of the interval that the time is in. */
	expect("--utc --from FILE --since=2026-11-29T20:00:06.5", 0, "1: +13\n2: +15\n", "");
	expect("--from FILE --until=2026-11-29T20:00:02.5Z", 0, "1: +1\n2: +3\n", "");
	expect("--from FILE 2 --since=2026-11-29T20:00:03Z --until=2026-11-29T20:00:06Z", 0,
	       "1: +16\n2: +11\n", "");
	expect("--from FILE --until=2026-11-29T19:00:00Z", STATUS_FAILED, "",
	       "no interval in it at that time");
	expect("--from /nonexistent/a", STATUS_FAILED, "", "kvmq-test: --from: ");
}

/* An interval is hardly ever as long as it should be. */
static void test_uneven_steps(void **state)
{
	static struct ran ran;

	(void)state;
	wanted.step_ns = SECOND_NS / 100;
	wanted.early_ns = wanted.step_ns / 10;
	run(&ran, "--record FILE 0.01 6");
	expect("--from FILE 0.03", 0, "1: +9\n2: +27\n", "");
}

/* What was between two runs was not measured, and is not shown. */
static void test_runs(void **state)
{
	static struct ran ran;

	(void)state;
	run(&ran, "--record FILE 0.01 2");
	wanted.start_ns += 3600 * SECOND_NS;
	run(&ran, "--record FILE 0.01 3");
	expect("--from FILE", 0, "1: +1\n2: +3\n3: +1\n4: +3\n5: +5\n", "");
	expect("--from FILE 10", 0, "1: +4\n2: +9\n", "");
	expect("--from FILE 10 1", 0, "1: +4\n", "");
	expect("--from FILE --since=2026-11-29T20:30:00Z", 0, "1: +1\n2: +3\n3: +5\n", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_measure, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_failures, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_replay, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_steps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_uneven_steps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_runs, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("tool", tests, NULL, NULL);
}
