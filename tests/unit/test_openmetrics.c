// SPDX-License-Identifier: GPL-2.0-only
/* The two text formats, from samples that are known. */
#include "unit.h"

#include <errno.h>

#include "render/openmetrics.h"

static const struct family counter = { "kvmq_run_seconds", "seconds", FAMILY_COUNTER, "Time." };
static const struct family gauge = { "kvmq_level", NULL, FAMILY_GAUGE, "Level." };
static const struct family info = { "kvmq_vm", NULL, FAMILY_INFO, "A VM." };
static const struct family histogram = { "kvmq_wait_seconds", "seconds", FAMILY_HISTOGRAM,
					 "Waits." };

static const uint64_t bounds[] = { 1024, 65536, 1073741824 };

/* All of a text that was written; free() it. */
static char *finish(struct exposition *exposition)
{
	char *text;

	assert_int_equal(exposition__end(exposition), 0);
	text = strndup(exposition->of.text, exposition->of.size);
	exposition__free(exposition);
	return text;
}

static void expect(struct exposition *exposition, const char *wanted)
{
	char *text = finish(exposition);

	assert_string_equal(text, wanted);
	free(text);
}

static void write_some(struct exposition *exposition, enum exposition_format format)
{
	struct labels labels = { 0 };

	exposition__begin(exposition, format, 100);
	exposition__family(exposition, &counter);
	labels__add(&labels, "domain", "web");
	exposition__seconds(exposition, &labels, 1500000000);
	exposition__family(exposition, &gauge);
	exposition__count(exposition, NULL, 0);
	exposition__family(exposition, &info);
	exposition__count(exposition, &labels, 1);
	labels__free(&labels);
}

static void test_openmetrics(void **state)
{
	struct exposition exposition = { 0 };

	(void)state;
	write_some(&exposition, EXPOSITION_OPENMETRICS);
	expect(&exposition, "# HELP kvmq_run_seconds Time.\n"
			    "# TYPE kvmq_run_seconds counter\n"
			    "# UNIT kvmq_run_seconds seconds\n"
			    "kvmq_run_seconds_total{domain=\"web\"} 1.5\n"
			    "# HELP kvmq_level Level.\n"
			    "# TYPE kvmq_level gauge\n"
			    "kvmq_level 0\n"
			    "# HELP kvmq_vm A VM.\n"
			    "# TYPE kvmq_vm info\n"
			    "kvmq_vm_info{domain=\"web\"} 1\n"
			    "# EOF\n");
}

static void test_prometheus(void **state)
{
	struct exposition exposition = { 0 };

	(void)state;
	write_some(&exposition, EXPOSITION_PROMETHEUS);
	expect(&exposition, "# HELP kvmq_run_seconds_total Time.\n"
			    "# TYPE kvmq_run_seconds_total counter\n"
			    "kvmq_run_seconds_total{domain=\"web\"} 1.5\n"
			    "# HELP kvmq_level Level.\n"
			    "# TYPE kvmq_level gauge\n"
			    "kvmq_level 0\n"
			    "# HELP kvmq_vm_info A VM.\n"
			    "# TYPE kvmq_vm_info gauge\n"
			    "kvmq_vm_info{domain=\"web\"} 1\n");
}

static void test_histogram(void **state)
{
	const uint64_t counts[] = { 2, 0, 3, 1 };
	const struct exposition_histogram of = { bounds, counts, 3, 2000000001 };
	struct exposition exposition = { 0 };
	struct labels labels = { 0 };

	(void)state;
	labels__add(&labels, "domain", "web");
	exposition__begin(&exposition, EXPOSITION_PROMETHEUS, 100);
	exposition__family(&exposition, &histogram);
	exposition__histogram(&exposition, &labels, &of);
	assert_int_equal(exposition.series, 6);
	labels__free(&labels);
	expect(&exposition, "# HELP kvmq_wait_seconds Waits.\n"
			    "# TYPE kvmq_wait_seconds histogram\n"
			    "kvmq_wait_seconds_bucket{domain=\"web\",le=\"1.024e-06\"} 2\n"
			    "kvmq_wait_seconds_bucket{domain=\"web\",le=\"6.5536e-05\"} 2\n"
			    "kvmq_wait_seconds_bucket{domain=\"web\",le=\"1.073741824\"} 5\n"
			    "kvmq_wait_seconds_bucket{domain=\"web\",le=\"+Inf\"} 6\n"
			    "kvmq_wait_seconds_count{domain=\"web\"} 6\n"
			    "kvmq_wait_seconds_sum{domain=\"web\"} 2.000000001\n");
}

/* One after another in a text may have other bounds, fewer or more. */
static void test_other_bounds(void **state)
{
	const uint64_t others[] = { 1024, 2000000000 }, counts[] = { 1, 1, 1, 1 };
	const struct exposition_histogram all[] = { { others, counts, 2, 1 },
						    { bounds, counts, 3, 1 },
						    { others, counts, 2, 1 } };
	struct exposition exposition = { 0 };

	(void)state;
	exposition__begin(&exposition, EXPOSITION_PROMETHEUS, 100);
	exposition__family(&exposition, &histogram);
	for (size_t i = 0; i < 3; i++)
		exposition__histogram(&exposition, NULL, &all[i]);
	expect(&exposition, "# HELP kvmq_wait_seconds Waits.\n"
			    "# TYPE kvmq_wait_seconds histogram\n"
			    "kvmq_wait_seconds_bucket{le=\"1.024e-06\"} 1\n"
			    "kvmq_wait_seconds_bucket{le=\"2\"} 2\n"
			    "kvmq_wait_seconds_bucket{le=\"+Inf\"} 3\n"
			    "kvmq_wait_seconds_count 3\n"
			    "kvmq_wait_seconds_sum 0.000000001\n"
			    "kvmq_wait_seconds_bucket{le=\"1.024e-06\"} 1\n"
			    "kvmq_wait_seconds_bucket{le=\"6.5536e-05\"} 2\n"
			    "kvmq_wait_seconds_bucket{le=\"1.073741824\"} 3\n"
			    "kvmq_wait_seconds_bucket{le=\"+Inf\"} 4\n"
			    "kvmq_wait_seconds_count 4\n"
			    "kvmq_wait_seconds_sum 0.000000001\n"
			    "kvmq_wait_seconds_bucket{le=\"1.024e-06\"} 1\n"
			    "kvmq_wait_seconds_bucket{le=\"2\"} 2\n"
			    "kvmq_wait_seconds_bucket{le=\"+Inf\"} 3\n"
			    "kvmq_wait_seconds_count 3\n"
			    "kvmq_wait_seconds_sum 0.000000001\n");
}

/* Of a stranger: what has a meaning in the format, what is no UTF-8, and what is. */
static void test_escapes(void **state)
{
	struct labels labels = { 0 };

	(void)state;
	labels__add(&labels, "a", "q\"b\\s\nn");
	labels__add(&labels, "b", "\xff\xc3\xa4");
	labels__add(&labels, "empty", "");
	labels__add_number(&labels, "n", 18446744073709551615ULL);
	assert_int_equal(
		labels.of.size,
		strlen("a=\"q\\\"b\\\\s\\nn\",b=\"\\\\xff\xc3\xa4\",n=\"18446744073709551615\""));
	assert_memory_equal(
		labels.of.text,
		"a=\"q\\\"b\\\\s\\nn\",b=\"\\\\xff\xc3\xa4\",n=\"18446744073709551615\"",
		labels.of.size);
	labels__cut(&labels, 3);
	assert_int_equal(labels.of.size, 3);
	labels__free(&labels);
}

static void test_numbers(void **state)
{
	struct exposition exposition = { 0 };

	(void)state;
	exposition__begin(&exposition, EXPOSITION_PROMETHEUS, 100);
	exposition__family(&exposition, &gauge);
	exposition__seconds(&exposition, NULL, 0);
	exposition__seconds(&exposition, NULL, 1);
	exposition__seconds(&exposition, NULL, UINT64_MAX);
	exposition__ratio(&exposition, NULL, 100000);
	exposition__ratio(&exposition, NULL, 250);
	exposition__count(&exposition, NULL, 1000);
	expect(&exposition, "# HELP kvmq_level Level.\n# TYPE kvmq_level gauge\n"
			    "kvmq_level 0\n"
			    "kvmq_level 0.000000001\n"
			    "kvmq_level 18446744073.709551615\n"
			    "kvmq_level 1\n"
			    "kvmq_level 0.0025\n"
			    "kvmq_level 1000\n");
}

/* A histogram is there in whole or not at all; a family without a sample is not. */
static void test_limit(void **state)
{
	const uint64_t counts[] = { 1, 1, 1, 1 };
	const struct exposition_histogram of = { bounds, counts, 3, 4 };
	struct exposition exposition = { 0 };

	(void)state;
	exposition__begin(&exposition, EXPOSITION_OPENMETRICS, 6);
	exposition__family(&exposition, &gauge);
	exposition__count(&exposition, NULL, 1);
	exposition__family(&exposition, &histogram);
	exposition__histogram(&exposition, NULL, &of);
	exposition__family(&exposition, &counter);
	exposition__family(&exposition, &info);
	exposition__count(&exposition, NULL, 1);
	assert_int_equal(exposition.series, 2);
	assert_int_equal(exposition.left_out, 6);
	expect(&exposition, "# HELP kvmq_level Level.\n# TYPE kvmq_level gauge\nkvmq_level 1\n"
			    "# HELP kvmq_vm A VM.\n# TYPE kvmq_vm info\nkvmq_vm_info 1\n# EOF\n");
}

/* The memory of one text is that of the next. */
static void test_again(void **state)
{
	struct exposition exposition = { 0 };
	const char *memory;

	(void)state;
	write_some(&exposition, EXPOSITION_OPENMETRICS);
	assert_int_equal(exposition__end(&exposition), 0);
	memory = exposition.of.text;
	exposition__begin(&exposition, EXPOSITION_OPENMETRICS, 0);
	exposition__family(&exposition, &gauge);
	exposition__count(&exposition, NULL, 1);
	assert_int_equal(exposition.left_out, 1);
	assert_ptr_equal(exposition.of.text, memory);
	expect(&exposition, "# EOF\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_openmetrics), cmocka_unit_test(test_prometheus),
		cmocka_unit_test(test_histogram),   cmocka_unit_test(test_other_bounds),
		cmocka_unit_test(test_escapes),	    cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_limit),	    cmocka_unit_test(test_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
