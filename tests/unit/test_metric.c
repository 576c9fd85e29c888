// SPDX-License-Identifier: GPL-2.0-only
/* The choice of columns: user/render/metric.c and kvmq-cpu's table of metrics. */
#include "unit.h"

#include <errno.h>

#include "cli/options.h"
#include "cmd/cpu_metrics.h"
#include "cmd/numa_metrics.h"
#include "sched/rows.h"

static const char *header_of(const char *name)
{
	const struct metric *metric = metric__find(&cpu_metrics, name);

	return metric ? metric->header : "(none)";
}

static void test_find(void **state)
{
	(void)state;
	assert_string_equal(header_of("%RDY"), "%RDY");
	assert_string_equal(header_of("RDY"), "%RDY");
	assert_string_equal(header_of("rdy"), "%RDY");
	assert_string_equal(header_of("ready_pct"), "%RDY");
	assert_string_equal(header_of("WAITS/s"), "WAITS/s");
	assert_string_equal(header_of("waits/S"), "WAITS/s");
	assert_string_equal(header_of("vm"), "VM");
	assert_string_equal(header_of("RD"), "(none)");
	assert_string_equal(header_of("%RDYX"), "(none)");
	assert_string_equal(header_of(""), "(none)");
	assert_string_equal(header_of("%"), "(none)");
	assert_string_equal(header_of("%ready_pct"), "(none)");
	assert_string_equal(metric__find(&numa_metrics, "XREM")->header, "XREM%");
	assert_string_equal(metric__find(&numa_metrics, "n%l%")->header, "N%L");
	assert_null(metric__find(&numa_metrics, "NL"));
	/* in JSON only, but it can be sorted by */
	assert_non_null(metric__find(&cpu_metrics, "run_ns"));
	assert_null(metric__find(&cpu_metrics, "run_ns")->header);
}

/* The headers of a choice, with blanks between; of a spare one, with ?. */
static const char *chosen(enum group_by by, const char *list)
{
	static char text[512];
	struct columns columns;

	text[0] = '\0';
	if (columns__select(&columns, &cpu_metrics, by, list))
		return "(refused)";
	for (size_t i = 0; i < columns.count; i++) {
		strcat(text, i ? " " : "");
		strcat(text, columns.list[i]->header);
		strcat(text, columns.spare[i] ? "?" : "");
	}
	return text;
}

static void test_usual(void **state)
{
	(void)state;
	assert_string_equal(chosen(BY_VCPU, NULL), "VM VCPU TID? CPU? %RUN %RDY %HALT %BLOCK "
						   "WAITS/s MEAN P50? P99 MAX");
	assert_string_equal(chosen(BY_VM, NULL), "VM VCPUS? %RUN %RDY %HALT %BLOCK WAITS/s MEAN? "
						 "P50? P99 MAX WORST WORST%RDY");
	assert_string_equal(chosen(BY_THREAD, NULL), "VM THREAD VCPU? TID CPU? %RUN %RDY %HALT "
						     "%BLOCK WAITS/s MEAN P50? P99 MAX");
}

static void test_list(void **state)
{
	(void)state;
	assert_string_equal(chosen(BY_VCPU, "VM,%RDY"), "VM %RDY");
	assert_string_equal(chosen(BY_VCPU, "rdy,vm,run"), "%RDY VM %RUN");
	assert_string_equal(chosen(BY_VM, "VM,VM"), "VM VM");
	assert_string_equal(chosen(BY_VCPU, "VM,"), "VM");
	assert_string_equal(chosen(BY_VM, "+CGROUP,%WAKE"),
			    "VM VCPUS? %RUN %RDY %HALT %BLOCK WAITS/s MEAN? P50? P99 MAX WORST "
			    "WORST%RDY CGROUP %WAKE");
	assert_string_equal(chosen(BY_VM, "+mean,VM"),
			    "VM VCPUS? %RUN %RDY %HALT %BLOCK WAITS/s MEAN P50? P99 MAX WORST "
			    "WORST%RDY VM");
	assert_string_equal(chosen(BY_VM, "RDYms/VM,RDYms/VCPU"), "RDYms/VM RDYms/VCPU");
}

static void refuse(const char *list)
{
	struct columns columns;
	struct capture err;
	int result;

	capture_begin(&err, STDERR_FILENO);
	result = columns__select(&columns, &cpu_metrics, BY_VCPU, list);
	capture_end(&err);
	assert_int_equal(result, -EINVAL);
	assert_int_equal(count_lines(err.text), 1);
	assert_non_null(strstr(err.text, "--columns: "));
}

static void test_bad_list(void **state)
{
	char long_list[300] = "VM", many[200] = "VM";

	(void)state;
	refuse("");
	refuse("NOSUCH");
	refuse("VM,NOSUCH");
	refuse("VM,,RDY");
	refuse(",VM");
	refuse("VM RDY");
	refuse("+NOSUCH");
	refuse("run_ns"); /* in JSON only */
	refuse("5abc");
	memset(long_list, 'x', sizeof(long_list) - 1);
	refuse(long_list);
	for (int i = 0; i < COLUMNS_MAX; i++)
		strcat(many, ",VM");
	refuse(many);
	many[strlen(many) - 3] = '\0'; /* one less is as many as there may be */
	assert_string_not_equal(chosen(BY_VCPU, many), "(refused)");
}

static void test_help(void **state)
{
	struct capture out;

	(void)state;
	capture_begin(&out, STDOUT_FILENO);
	metric__print_help(&cpu_metrics);
	capture_end(&out);
	for (size_t i = 0; i < cpu_metrics.count; i++) {
		const struct metric *metric = &cpu_metrics.metrics[i];

		if (metric->header)
			assert_non_null(strstr(out.text, metric->help));
	}
	assert_null(strstr(out.text, "(null)"));
}

static bool known(const char *name, const struct row *row)
{
	return metric__get(metric__find(&cpu_metrics, name), row, NULL).known;
}

/* What a row does not have is n/a: not 0. */
static void test_not_known(void **state)
{
	static const char *const thread_only[] = { "thread", "tid", "cpu", "vcpu" };
	static const char *const needs_waits[] = { "MEAN", "P50", "P99", "MAX" };
	static const char *const needs_time[] = { "%RUN",  "%RDY",   "%WAKE",  "%PRE",
						  "%HALT", "%BLOCK", "WAITS/s" };
	static struct wait_hist hist;
	struct vm vm = { .pid = 7, .name = "web" };
	struct row row = { .vm = &vm, .hist = &hist, .worst_vcpu = VCPU_UNKNOWN };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(thread_only); i++)
		assert_false(known(thread_only[i], &row));
	for (size_t i = 0; i < ARRAY_SIZE(needs_waits); i++)
		assert_false(known(needs_waits[i], &row));
	for (size_t i = 0; i < ARRAY_SIZE(needs_time); i++)
		assert_false(known(needs_time[i], &row));
	assert_false(known("UUID", &row));
	assert_false(known("CGROUP", &row));
	assert_false(known("WORST", &row));
	assert_false(known("WORST%RDY", &row));
	row.vcpus = 2; /* none of them has been looked at for any time */
	row.worst_vcpu = 0;
	assert_false(known("WORST", &row));
	assert_false(known("WORST%RDY", &row));
	/* A counter that stands still is known to be 0. */
	assert_true(known("run_ns", &row));
	/* A thread whose vCPU number nobody knows; a wait that has not ended yet. */
	row.identity.tid = 8;
	row.identity.is_vcpu = true;
	row.identity.vcpu = VCPU_UNKNOWN;
	row.interval.max_ns = 5;
	assert_false(known("vcpu", &row));
	assert_true(known("tid", &row));
	assert_true(known("MAX", &row));
	assert_false(known("P99", &row));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find), cmocka_unit_test(test_usual),
		cmocka_unit_test(test_list), cmocka_unit_test(test_bad_list),

		cmocka_unit_test(test_help), cmocka_unit_test(test_not_known),
	};

	return cmocka_run_group_tests_name("metric", tests, NULL, NULL);
}
