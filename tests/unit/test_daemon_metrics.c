// SPDX-License-Identifier: GPL-2.0-only
/* What kvmqd shows of moments that are known: sums since it started, whoever comes and goes. */
#include "metrics_scene.h"

#include <errno.h>

#define WEB "{domain=\"web\",uuid=\"0000000a-0000-0000-0000-000000000000\""
#define RUN "kvmq_vcpu_run_seconds_total" WEB ",vcpu=\"0\"}"
#define READY "kvmq_vcpu_ready_seconds_total" WEB ",vcpu=\"0\",cause=\"preempt\"}"

static void expect(struct scene *scene, const char *series, const char *wanted)
{
	char *text = text_of(scene->metrics, EXPOSITION_PROMETHEUS);

	if (wanted)
		expect_series(text, series, wanted);
	else
		expect_none(text, series);
	free(text);
}

/* The next view, with the VM that most tests are about. */
static struct view *next_of_web(struct scene *scene)
{
	struct view *view = next(scene);

	scene_vm(view, 10, "web");
	return view;
}

/* What a going-on wait was shown too long is not taken back, and not counted twice. */
static void test_shrinking(void **state)
{
	struct scene *scene = *state;
	static const uint64_t run_ms[] = { 400, 1400, 2900 };
	static const char *const ready[] = { "0.6", "0.6", "0.6" };
	struct view *view;

	for (size_t i = 0; i < ARRAY_SIZE(run_ms); i++) {
		view = next_of_web(scene);
		/* 600, 600, then 100 ms: the wait was shorter. */
		add_vcpu(view, 1, 10, 0, run_ms[i], (i + 1) * 1000);
		take(scene);
		expect(scene, READY, ready[i]);
	}
	expect(scene, RUN, "2.9");
	view = next_of_web(scene);
	add_vcpu(view, 1, 10, 0, 3250, 4000);
	take(scene);
	expect(scene, READY, "0.75");
}

/* A vCPU that is unplugged, and another thread that becomes it. */
static void test_hotplug(void **state)
{
	struct scene *scene = *state;
	struct view *view = next_of_web(scene);

	add_vcpu(view, 1, 10, 0, 1000, 1000);
	add_vcpu(view, 2, 10, 1, 500, 1000);
	take(scene);
	view = next_of_web(scene);
	add_vcpu(view, 1, 10, 0, 1500, 1500)->state = STATE_GONE;
	add_vcpu(view, 2, 10, 1, 600, 2000);
	take(scene);
	expect(scene, RUN, "1.5");
	view = next_of_web(scene);
	add_vcpu(view, 2, 10, 1, 700, 3000);
	take(scene);
	expect(scene, RUN, "1.5");
	view = next_of_web(scene);
	add_vcpu(view, 2, 10, 1, 800, 4000);
	add_vcpu(view, 3, 10, 0, 250, 1000);
	take(scene);
	expect(scene, RUN, "1.75");
	expect(scene, "kvmq_vcpu_run_seconds_total" WEB ",vcpu=\"1\"}", "0.8");
}

/* A thread that could not be read for a moment goes on where it was. */
static void test_missing_reading(void **state)
{
	struct scene *scene = *state;
	struct view *view = next_of_web(scene);

	add_vcpu(view, 1, 10, 0, 1000, 1000);
	take(scene);
	next(scene);
	take(scene);
	expect(scene, RUN, "1");
	view = next_of_web(scene);
	add_vcpu(view, 1, 10, 0, 2500, 3000);
	take(scene);
	expect(scene, RUN, "2.5");
}

/* A switch was not seen: what the thread had is kept, and its books begin anew. */
static void test_begun_anew(void **state)
{
	struct scene *scene = *state;
	struct view *view = next_of_web(scene);

	add_vcpu(view, 1, 10, 0, 1000, 1000);
	take(scene);
	view = next_of_web(scene);
	add_vcpu(view, 1, 10, 0, 200, 300);
	take(scene);
	expect(scene, RUN, "1.2");
}

/* It takes its series with it; a later one of the same name begins with its own. */
static void test_vm_goes(void **state)
{
	struct scene *scene = *state;
	struct view *view = next_of_web(scene);

	add_vcpu(view, 1, 10, 0, 1000, 1000);
	take(scene);
	for (int i = 0; i < 2; i++) {
		next(scene);
		take(scene);
		expect(scene, RUN, "1");
	}
	next(scene);
	take(scene);
	expect(scene, RUN, NULL);
	view = next(scene);
	scene_vm(view, 11, "web");
	add_vcpu(view, 2, 11, 0, 100, 1000);
	take(scene);
	expect(scene, RUN, NULL);
	expect(scene,
	       "kvmq_vcpu_run_seconds_total{domain=\"web\","
	       "uuid=\"0000000b-0000-0000-0000-000000000000\",vcpu=\"0\"}",
	       "0.1");
}

/* Started anew before its series have gone: they go on, and with them each bucket of waits. */
static void test_started_anew(void **state)
{
	static const char waits[] = "kvmq_vm_wait_seconds_count" WEB "}";
	struct scene *scene = *state;
	struct view *view = next_of_web(scene);

	add_vcpu(view, 1, 10, 0, 1000, 1000)->hist.count[CAUSE_WAKE][5] = 7;
	add_vcpu(view, 2, 10, 1, 300, 1000);
	take(scene);
	for (int i = 0; i < 4; i++) {
		view = next(scene);
		memcpy(scene_vm(view, 11, "web")->uuid, "0000000a", 8);
		add_vcpu(view, 3, 11, 0, 100 + 10 * i, 1000 * (i + 1))->hist.count[CAUSE_WAKE][5] =
			2;
		take(scene);
		/* Up to the moment in which the one before is given up. */
		expect(scene, RUN, i < 2 ? "1" : i == 2 ? "1.12" : "1.13");
		expect(scene, waits, i < 2 ? "7" : "9");
	}
	expect(scene, "kvmq_vcpu_run_seconds_total" WEB ",vcpu=\"1\"}", "0.3");
}

/* Two of a name are told apart by their UUIDs; if these are alike, the older one is shown. */
static void test_twins(void **state)
{
	struct scene *scene = *state;
	struct view *view = next(scene);
	char *text;

	snprintf(scene_vm(view, 10, "web-10")->uuid, VM_UUID_SIZE, "u");
	snprintf(scene_vm(view, 11, "web-11")->uuid, VM_UUID_SIZE, "u");
	snprintf(scene_vm(view, 12, "web-12")->uuid, VM_UUID_SIZE, "v");
	*scene_vm(view, 13, "qemu-13")->uuid = '\0';
	for (uint32_t i = 0; i < 4; i++)
		add_vcpu(view, 1 + i, 10 + i, 0, 100 * (i + 1), 1000);
	take(scene);
	text = text_of(scene->metrics, EXPOSITION_OPENMETRICS);
	expect_series(text, "kvmq_vcpu_run_seconds_total{domain=\"web\",uuid=\"u\",vcpu=\"0\"}",
		      "0.1");
	expect_series(text, "kvmq_vcpu_run_seconds_total{domain=\"web\",uuid=\"v\",vcpu=\"0\"}",
		      "0.3");
	expect_series(text, "kvmq_vcpu_run_seconds_total{domain=\"qemu\",vcpu=\"0\"}", "0.4");
	expect_series(text, "kvmq_vms_left_out", "1");
	assert_null(strstr(text, "web-1"));
	free(text);
}

/* Buckets of a thread count modulo 2^32, and its sums do not. */
static void test_waits(void **state)
{
	struct scene *scene = *state;
	struct view *view;
	static const uint32_t counts[] = { UINT32_MAX - 1, 3 };
	char *text;

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		struct thread_snapshot *thread;

		view = next_of_web(scene);
		thread = add_vcpu(view, 1, 10, 0, 0, (i + 1) * 1000);
		thread->hist.count[CAUSE_WAKE][hist_bucket(1023)] = counts[i];
		thread->hist.count[CAUSE_PREEMPT][hist_bucket(1024)] = 7;
		thread->hist.count[CAUSE_PREEMPT][HIST_BUCKETS - 1] = 1;
		thread->figures.ended_ns = 5 * SEC;
		take(scene);
	}
	text = text_of(scene->metrics, EXPOSITION_PROMETHEUS);
	expect_series(text, "kvmq_vm_wait_seconds_bucket" WEB ",le=\"1.024e-06\"}", "4294967299");
	expect_series(text, "kvmq_vm_wait_seconds_bucket" WEB ",le=\"4.096e-06\"}", "4294967306");
	expect_series(text, "kvmq_vm_wait_seconds_bucket" WEB ",le=\"1.073741824\"}", "4294967306");
	expect_series(text, "kvmq_vm_wait_seconds_bucket" WEB ",le=\"+Inf\"}", "4294967307");
	expect_series(text, "kvmq_vm_wait_seconds_count" WEB "}", "4294967307");
	expect_series(text, "kvmq_vm_wait_seconds_sum" WEB "}", "5");
	free(text);
}

#define GUEST "kvmq_vcpu_place_seconds_total" WEB ",vcpu=\"0\",place=\"guest\"}"
#define HLT "kvmq_vm_exits_total" WEB ",reason=\"hlt\"}"

/* A part that goes takes its series with it, and goes on when it comes back. */
static void test_part_again(void **state)
{
	struct scene *scene = *state;
	static const struct {
		uint64_t since_ns, guest_ms, exits;
		const char *guest, *hlt;
	} moments[] = {
		{ 5, 100, 2, "0.1", "2" },
		{ 5, 300, 9, "0.3", "9" },
		{ 0, 0, 0, NULL, NULL },
		{ 7, 900, 20, "1.2", "29" },
		{ 7, 950, 21, "1.25", "30" },
		{ 9, 10, 1, "1.26", "31" }, /* detached and attached in one interval */
	};

	for (size_t i = 0; i < ARRAY_SIZE(moments); i++) {
		struct view *view = next(scene);

		scene_vm(view, 10, "web");
		add_vcpu(view, 1, 10, 0, 0, (i + 1) * 1000);
		if (moments[i].since_ns)
			add_exits(view, moments[i].since_ns, 1, moments[i].guest_ms,
				  moments[i].exits);
		take(scene);
		expect(scene, GUEST, moments[i].guest);
		expect(scene, HLT, moments[i].hlt);
	}
	expect(scene, "kvmq_vm_exit_seconds_total" WEB ",reason=\"hlt\"}", "0.031");
	expect(scene, "kvmq_vm_exit_handling_seconds_count" WEB "}", "31");
}

/* A reading of exits that failed looks like a vCPU that never exits. */
static void test_torn_exits(void **state)
{
	struct scene *scene = *state;
	static const struct {
		uint64_t guest_ms, exits;
	} moments[] = { { 100, 5 }, { 5000, 0 }, { 120, 6 } };
	struct view *view;

	for (size_t i = 0; i < ARRAY_SIZE(moments); i++) {
		view = next_of_web(scene);
		add_vcpu(view, 1, 10, 0, 0, (i + 1) * 1000);
		add_exits(view, 5, 1, moments[i].guest_ms, moments[i].exits);
		if (!moments[i].exits)
			list_clear(&view->exits.reasons);
		take(scene);
	}
	expect(scene, GUEST, "0.12");
	expect(scene, HLT, "6");
}

/* A thread has an id below those that are known: each goes on where it was. */
static void test_lower_id(void **state)
{
	struct scene *scene = *state;

	for (uint64_t i = 1; i <= 4; i++) {
		struct view *view = next_of_web(scene);

		if (i > 1)
			add_vcpu(view, 5, 10, 0, (i - 1) * 300, (i - 1) * 1000);
		add_vcpu(view, 7, 10, 1, i * 200, i * 1000);
		if (i > 2)
			add_exits(view, 5, 5, 0, i);
		add_exits(view, 5, 7, 0, 10 * i);
		take(scene);
	}
	expect(scene, RUN, "0.9");
	expect(scene, "kvmq_vcpu_run_seconds_total" WEB ",vcpu=\"1\"}", "0.8");
	expect(scene, HLT, "44");
}

#define BLAME "kvmq_vm_blame_seconds_total" WEB ",by="
#define BY_DB BLAME "\"vcpu\",by_domain=\"db\",by_uuid=\"0000000b-0000-0000-0000-000000000000\"}"
#define MAKE BLAME "\"process\",by_process=\"make\"}"
#define BY(kind, process) BLAME "\"" kind "\"" process "}"

/* Two pairs have a name. One gets another's place only if it is worth twice as much. */
static void test_blame(void **state)
{
	struct scene *scene = *state;
	static const uint64_t make_ms[] = { 0, 10, 60, 200, 900, 1000 };
	static const uint64_t kernel_ms[] = { 0, 100, 100, 100, 100, 2000 };

	for (size_t i = 0; i < ARRAY_SIZE(make_ms); i++) {
		struct view *view = next(scene);

		scene_vm(view, 10, "web");
		scene_vm(view, 11, "db");
		add_vcpu(view, 1, 10, 0, 0, i * 1000 + 1000);
		add_blame(view, OFFENDER_VCPU, 11, "CPU 0/KVM", 100, 300 * i);
		add_blame(view, OFFENDER_KERNEL, 0, "kworker/0:1", 101, kernel_ms[i]);
		add_blame(view, OFFENDER_HOST, 0, "make", 102, make_ms[i]);
		take(scene);
		/* Worth more than the kernel's is not enough. */
		expect(scene, MAKE, i == 4 ? "0.7" : NULL);
	}
	expect(scene, BY_DB, "1.5");
	/* 100 of it before it lost its place, 1900 when it had it again */
	expect(scene, BY("kernel", ""), "2");
	/* 300 of make's, and 1,800 of nobody's */
	expect(scene, BY("other", ""), "2.1");
}

/* Series beyond the limit are left out and counted, and those that say so are there. */
static void test_limit(void **state)
{
	struct scene *scene = *state;
	const struct daemon_metrics_config few = { 20, 2, true };
	struct view *view = next(scene);
	char *text;

	daemon_metrics__configure(scene->metrics, &few);
	scene_vm(view, 10, "web");
	for (int i = 0; i < 50; i++)
		add_vcpu(view, 1 + (uint64_t)i, 10, i, 1, 1000);
	take(scene);
	text = text_of(scene->metrics, EXPOSITION_PROMETHEUS);
	assert_true(strtoul(value_in(text, "kvmq_series_left_out"), NULL, 10) > 1000);
	expect_series(text, "kvmq_series", "20");
	expect_none(text, RUN);
	free(series_of(text).lines);
	free(text);
}

/* The text of a moment is made once. */
static void test_once(void **state)
{
	struct scene *scene = *state;
	const char *first, *again;
	uint64_t moment, later;
	size_t size;

	assert_int_equal(
		daemon_metrics__text(scene->metrics, EXPOSITION_PROMETHEUS, &first, &size, &moment),
		-EAGAIN);
	next(scene);
	take(scene);
	assert_int_equal(
		daemon_metrics__text(scene->metrics, EXPOSITION_PROMETHEUS, &first, &size, &moment),
		0);
	((char *)(uintptr_t)first)[0] = '!'; /* it would be made anew */
	assert_int_equal(
		daemon_metrics__text(scene->metrics, EXPOSITION_PROMETHEUS, &again, &size, &later),
		0);
	assert_int_equal(again[0], '!');
	assert_int_equal(moment, later);
	next(scene);
	take(scene);
	assert_int_equal(
		daemon_metrics__text(scene->metrics, EXPOSITION_PROMETHEUS, &again, &size, &later),
		0);
	assert_int_equal(again[0], '#');
	assert_int_not_equal(moment, later);
}

/* The moment is that of the threads' figures: what is read before and after them takes its time. */
static void test_moment(void **state)
{
	struct scene *scene = *state;
	struct snapshot *snapshot = &next_of_web(scene)->sched;

	snapshot->realtime_ns = 1000 * SEC;
	snapshot->time_ns = 50 * SEC;
	snapshot->end_ns = snapshot->time_ns + 9 * MSEC;
	snapshot->read_rq = 20 * SEC;
	snapshot->end_rq = snapshot->read_rq + 4 * MSEC;
	take(scene);
	expect(scene, "kvmq_moment_time_seconds", "1000.005");
	expect(scene, "kvmq_moment_reading_seconds", "0.004");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_shrinking),	 TEST(test_hotplug),	TEST(test_missing_reading),
		TEST(test_begun_anew),	 TEST(test_vm_goes),	TEST(test_twins),
		TEST(test_waits),	 TEST(test_part_again), TEST(test_torn_exits),
		TEST(test_blame),	 TEST(test_limit),	TEST(test_once),
		TEST(test_started_anew), TEST(test_moment),	TEST(test_lower_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
