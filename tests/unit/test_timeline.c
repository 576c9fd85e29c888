// SPDX-License-Identifier: GPL-2.0-only
/* What --timeline writes: user/timeline/. */
#include "unit.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <sys/resource.h>

#include "host/vm.h"
#include "timeline/timeline.h"

#define BEGIN 1000000ULL /* of the trace, by the scheduler's clock */
#define SMALL (64 << 10)

static const struct host test_host = { .name = "h\"ost", .kernel = "6.1", .cpus = 2 };
static const struct vm_filter all = { 0 };

struct fixture {
	char path[32];
	struct vms *vms;
	struct timeline *timeline;
};

static const struct vm *find_vm(void *vms, const struct identity *thread)
{
	return vms__get(vms, thread);
}

static struct identity vcpu(int32_t number, const char *vm_comm)
{
	struct identity identity = { .id = 100 + (uint64_t)number,
				     .vm_start_ns = 1,
				     .vm_pid = 7,
				     .tid = 8 + (uint32_t)number,
				     .vcpu = number,
				     .is_vcpu = true };

	snprintf(identity.vm_comm, sizeof(identity.vm_comm), "%s", vm_comm);
	return identity;
}

static void open_fixture(struct fixture *fixture, uint64_t limit)
{
	const struct snapshot first = {
		.end_rq = BEGIN, .realtime_ns = 1700000000000000000, .time_ns = 5, .end_ns = 6
	};
	int fd;

	strcpy(fixture->path, "/tmp/test-timeline-XXXXXX");
	fd = mkstemp(fixture->path);
	assert_true(fd >= 0);
	close(fd);
	fixture->vms = vms__new("/nonexistent", &all);
	assert_int_equal(timeline__open(&fixture->timeline, fixture->path, limit, &test_host,
					find_vm, fixture->vms),
			 0);
	timeline__begin(fixture->timeline, &first);
}

/* The file as JSON; all else is freed. */
static json_t *close_fixture(struct fixture *fixture, const struct snapshot *last, uint64_t lost)
{
	json_t *json;

	assert_int_equal(timeline__close(fixture->timeline, last, lost), 0);
	json = json_load_file(fixture->path, 0, NULL);
	assert_non_null(json);
	unlink(fixture->path);
	vms__free(fixture->vms);
	return json;
}

static uint64_t metadata(json_t *json, const char *key)
{
	return (uint64_t)json_integer_value(
		json_object_get(json_object_get(json, "otherData"), key));
}

static const char *text(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static double number(json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

/* The index-th slice of a thread, or NULL. */
static json_t *slice(json_t *json, uint32_t tid, size_t index)
{
	size_t i, seen = 0;
	json_t *event;

	json_array_foreach(json_object_get(json, "traceEvents"), i, event)
	{
		if (strcmp(text(event, "ph"), "X") ||
		    json_integer_value(json_object_get(event, "tid")) != tid)
			continue;
		if (seen++ == index)
			return event;
	}
	return NULL;
}

/* Times are us. */
static json_t *expect_slice(json_t *json, uint32_t tid, size_t index, const char *name, double ts,
			    double duration)
{
	json_t *event = slice(json, tid, index);

	if (!event)
		fail_msg("thread %u has no slice %zu", tid, index);
	assert_string_equal(text(event, "name"), name);
	assert_true(number(event, "ts") == ts && number(event, "dur") == duration);
	return json_object_get(event, "args");
}

static struct state_change change(struct identity identity, enum state state, uint64_t begin,
				  uint64_t end)
{
	return (struct state_change){ .identity = identity,
				      .state = state,
				      .begin_rq = BEGIN + begin,
				      .end_rq = BEGIN + end,
				      .kvm_run = true,
				      .cpu = 1,
				      .other_tid = 4321,
				      .other_tgid = 4321,
				      .other_comm = "make" };
}

/* A run, a wait with both who took the CPU and who gave it back, a halt, a wake-up. */
static void test_states(void **state)
{
	struct fixture fixture;
	struct state_change run = change(vcpu(0, "web"), STATE_RUN, 0, 1500),
			    ready = change(vcpu(0, "web"), STATE_READY, 1500, 2001),
			    halt = change(vcpu(0, "web"), STATE_HALT, 3000, 6000);
	json_t *json, *args;

	(void)state;
	open_fixture(&fixture, TIMELINE_LIMIT);
	timeline__change(fixture.timeline, &run);
	strcpy(ready.other_comm, "cc1");
	timeline__change(fixture.timeline, &ready);
	run.begin_rq = ready.end_rq;
	run.end_rq = BEGIN + 3000;
	run.kvm_run = false;
	timeline__change(fixture.timeline, &run);
	halt.queued_rq = BEGIN + 5000;
	halt.other_tid = 0;
	timeline__change(fixture.timeline, &halt);
	json = close_fixture(&fixture, NULL, 0);
	expect_slice(json, 8, 0, "run", 0, 1.5);
	args = expect_slice(json, 8, 1, "ready (preempt)", 1.5, 0.501);
	assert_string_equal(text(args, "taken_by"), "make[4321]");
	assert_string_equal(text(args, "after"), "cc1[4321]");
	expect_slice(json, 8, 2, "run (KVM and VMM)", 2.001, 0.999);
	args = expect_slice(json, 8, 3, "halt", 3, 2);
	assert_string_equal(text(args, "in"), "VMM");
	args = expect_slice(json, 8, 4, "ready (wake)", 5, 1);
	assert_string_equal(text(args, "after"), "idle");
	assert_null(slice(json, 8, 5));
	/* The CPU has the runs. */
	expect_slice(json, (4U << 20) + 2, 0, "web-7 vCPU 0", 0, 1.5);
	expect_slice(json, (4U << 20) + 2, 1, "web-7 vCPU 0", 2.001, 0.999);
	assert_int_equal(metadata(json, "slices"), 7);
	assert_int_equal(metadata(json, "gaps"), 0);
	json_decref(json);
}

/* Where a change is missing there is a gap, and nothing is guessed. */
static void test_lost(void **state)
{
	struct fixture fixture;
	struct state_change run = change(vcpu(0, "web"), STATE_RUN, 0, 1000),
			    ready = change(vcpu(0, "web"), STATE_READY, 3000, 4000);
	json_t *json, *args;

	(void)state;
	open_fixture(&fixture, TIMELINE_LIMIT);
	timeline__change(fixture.timeline, &run);
	timeline__change(fixture.timeline, &ready);
	json = close_fixture(&fixture, NULL, 2);
	expect_slice(json, 8, 0, "run", 0, 1);
	expect_slice(json, 8, 1, "lost", 1, 2);
	args = expect_slice(json, 8, 2, "ready (preempt)", 3, 1);
	assert_true(json_is_null(json_object_get(args, "taken_by")));
	assert_int_equal(metadata(json, "gaps"), 1);
	assert_int_equal(metadata(json, "lost_changes"), 2);
	json_decref(json);
}

/* Slices of a track never overlap, nor begin before the trace. */
static void test_order(void **state)
{
	struct fixture fixture;
	struct state_change early = change(vcpu(0, "web"), STATE_READY, 0, 500),
			    back = change(vcpu(0, "web"), STATE_RUN, 500, 300),
			    next = change(vcpu(0, "web"), STATE_READY, 300, 900),
			    other = change(vcpu(1, "web"), STATE_RUN, 100, 700),
			    late = change(vcpu(0, "web"), STATE_RUN, 900, 1000);
	json_t *json;

	(void)state;
	open_fixture(&fixture, TIMELINE_LIMIT);
	early.begin_rq = BEGIN - 700;
	timeline__change(fixture.timeline, &early);
	timeline__change(fixture.timeline, &back);
	timeline__change(fixture.timeline, &next);
	timeline__change(fixture.timeline, &other);
	late.begin_rq = BEGIN + 600; /* while the other one had the CPU */
	timeline__change(fixture.timeline, &late);
	json = close_fixture(&fixture, NULL, 0);
	expect_slice(json, 8, 0, "ready (preempt)", 0, 0.5);
	expect_slice(json, 8, 1, "ready (preempt)", 0.5, 0.4);
	expect_slice(json, 8, 2, "run", 0.9, 0.1);
	expect_slice(json, (4U << 20) + 2, 0, "web-7 vCPU 1", 0.1, 0.6);
	expect_slice(json, (4U << 20) + 2, 1, "web-7 vCPU 0", 0.7, 0.3);
	json_decref(json);
}

/* What goes on at the end is drawn as far as it has come, and a silent vCPU has a track. */
static void test_open_states(void **state)
{
	struct fixture fixture;
	struct state_change run = change(vcpu(0, "web"), STATE_RUN, 0, 1000);
	struct thread_snapshot threads[] = {
		{ .identity = vcpu(0, "web"),
		  .state = STATE_HALT,
		  .since_rq = BEGIN + 1000,
		  .read_rq = BEGIN + 5000,
		  .waiting_ns = 1000 },
		{ .identity = vcpu(1, "web"),
		  .state = STATE_RUN,
		  .since_rq = BEGIN - 50,
		  .read_rq = BEGIN + 5000 },
		{ .identity = vcpu(2, "web"), .state = STATE_GONE },
	};
	struct snapshot last = { .threads = { { threads, 3, 3 } } };
	json_t *json;

	(void)state;
	open_fixture(&fixture, TIMELINE_LIMIT);
	timeline__change(fixture.timeline, &run);
	json = close_fixture(&fixture, &last, 0);
	expect_slice(json, 8, 1, "halt", 1, 3);
	expect_slice(json, 8, 2, "ready (wake)", 4, 1);
	assert_non_null(slice(json, 9, 0));
	assert_true(number(slice(json, 9, 0), "dur") == 5);
	assert_null(slice(json, 10, 0));
	assert_int_equal(metadata(json, "gaps"), 0);
	assert_int_equal(metadata(json, "end_clock_ns"), BEGIN + 5000);
	json_decref(json);
}

/* The file keeps to its limit, stays valid, and says what it has not got. */
static void test_limit(void **state)
{
	struct fixture fixture;
	struct state_change run = change(vcpu(0, "web"), STATE_RUN, 0, 1000);
	struct capture capture;
	uint64_t left_out;
	json_t *json;
	FILE *file;

	(void)state;
	open_fixture(&fixture, SMALL);
	for (int i = 0; i < 1000; i++) {
		timeline__change(fixture.timeline, &run);
		run.begin_rq = run.end_rq;
		run.end_rq += 1000;
	}
	left_out = timeline__left_out(fixture.timeline);
	assert_int_equal(timeline__check(fixture.timeline), 0);
	file = fopen(fixture.path, "re");
	capture_begin(&capture, STDERR_FILENO);
	json = close_fixture(&fixture, NULL, 0);
	assert_int_equal(count_lines(capture_end(&capture)), 1);
	assert_non_null(strstr(capture.text, fixture.path));
	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	assert_in_range(ftell(file), SMALL / 2, SMALL);
	fclose(file);
	assert_true(left_out > 0);
	assert_int_equal(metadata(json, "left_out_slices"), left_out);
	assert_int_equal(metadata(json, "slices") + left_out, 2000);
	json_decref(json);
}

/* Names hold anything. */
static void test_escaping(void **state)
{
	struct fixture fixture;
	struct state_change run = change(vcpu(0, "a\"\\\t\377"), STATE_RUN, 0, 1000),
			    ready = change(vcpu(0, "a\"\\\t\377"), STATE_READY, 1000, 2000);
	json_t *json, *args;

	(void)state;
	open_fixture(&fixture, TIMELINE_LIMIT);
	strcpy(run.other_comm, "\"}],\\");
	timeline__change(fixture.timeline, &run);
	timeline__change(fixture.timeline, &ready);
	json = close_fixture(&fixture, NULL, 0);
	args = expect_slice(json, 8, 1, "ready (preempt)", 1, 1);
	assert_string_equal(text(args, "taken_by"), "\"}],\\[4321]");
	assert_non_null(strstr(text(slice(json, (4U << 20) + 2, 0), "name"), "a\"\\"));
	assert_string_equal(text(json_object_get(json, "otherData"), "host"), "h\"ost");
	json_decref(json);
}

/* A thread that exits is forgotten; what has its number later is another track. */
static void test_exit(void **state)
{
	struct fixture fixture;
	struct state_change run = change(vcpu(0, "web"), STATE_RUN, 0, 1000);
	json_t *json;

	(void)state;
	open_fixture(&fixture, TIMELINE_LIMIT);
	run.exited = true;
	timeline__change(fixture.timeline, &run);
	run.begin_rq = BEGIN + 5000;
	run.end_rq = BEGIN + 6000;
	run.identity.id++;
	timeline__change(fixture.timeline, &run);
	json = close_fixture(&fixture, NULL, 0);
	expect_slice(json, 8, 1, "run", 5, 1);
	assert_int_equal(metadata(json, "gaps"), 0);
	json_decref(json);
}

/* Its exit is drawn after the last snapshot was read, which shows it asleep: that is over. */
static void test_exit_at_the_end(void **state)
{
	struct thread_snapshot asleep = { .identity = vcpu(0, "web"),
					  .state = STATE_BLOCK,
					  .since_rq = BEGIN + 1000,
					  .read_rq = BEGIN + 2000 };
	struct state_change block = change(vcpu(0, "web"), STATE_BLOCK, 1000, 3000),
			    run = change(vcpu(0, "web"), STATE_RUN, 3000, 4000);
	const struct snapshot last = { .threads = { .list = &asleep, .count = 1 } };
	struct fixture fixture;
	json_t *json;

	(void)state;
	block.queued_rq = block.end_rq;
	run.exited = true;
	open_fixture(&fixture, TIMELINE_LIMIT);
	timeline__change(fixture.timeline, &block);
	timeline__change(fixture.timeline, &run);
	json = close_fixture(&fixture, &last, 0);
	expect_slice(json, 8, 0, "block", 1, 2);
	expect_slice(json, 8, 1, "run", 3, 1);
	assert_null(slice(json, 8, 2));
	json_decref(json);
}

static void test_bad_files(void **state)
{
	struct vms *vms = vms__new("/nonexistent", &all);
	struct timeline *timeline = NULL;
	struct rlimit little = { 128, 0 }, before;
	char path[] = "/tmp/test-timeline-XXXXXX";
	struct capture capture;

	(void)state;
	close(mkstemp(path));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	little.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	capture_begin(&capture, STDERR_FILENO);
	assert_int_equal(timeline__open(&timeline, "/tmp", SMALL, &test_host, find_vm, vms),
			 -EPERM);
	assert_int_equal(
		timeline__open(&timeline, "/nonexistent/a", SMALL, &test_host, find_vm, vms),
		-ENOENT);
	assert_int_equal(timeline__open(&timeline, path, SMALL, &test_host, find_vm, vms), 0);
	assert_int_equal(count_lines(capture_end(&capture)), 2);
	capture_begin(&capture, STDERR_FILENO);
	setrlimit(RLIMIT_FSIZE, &little); /* as on a disk that is full */
	assert_int_equal(timeline__close(timeline, NULL, 0), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(count_lines(capture_end(&capture)), 1);
	assert_non_null(strstr(capture.text, "': File too large: raise"));
	unlink(path);
	vms__free(vms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),	  cmocka_unit_test(test_lost),
		cmocka_unit_test(test_order),	  cmocka_unit_test(test_open_states),
		cmocka_unit_test(test_limit),	  cmocka_unit_test(test_escaping),
		cmocka_unit_test(test_exit),	  cmocka_unit_test(test_exit_at_the_end),
		cmocka_unit_test(test_bad_files),
	};

	return cmocka_run_group_tests_name("timeline", tests, NULL, NULL);
}
