// SPDX-License-Identifier: GPL-2.0-only
/* What kvmq-numa makes of --residency SOURCE[,SECONDS]. */
#include "base/log.h"
#include "cmd/numa_report.h"
#include "unit.h"

#define MSEC 1000000ULL
#define DAY (86400 * 1000 * MSEC)

static void test_residency(void **state)
{
	static const struct {
		const char *text;
		enum residency_source source;
		uint64_t period_ns;
	} cases[] = {
		{ NULL, RESIDENCY_AUTO, 0 },
		{ "auto", RESIDENCY_AUTO, 0 },
		{ "maps", RESIDENCY_MAPS, 0 },
		{ "cgroup", RESIDENCY_CGROUP, 0 },
		{ "sample", RESIDENCY_SAMPLE, 0 },
		{ "auto,1", RESIDENCY_AUTO, 1000 * MSEC },
		{ "maps,0.01", RESIDENCY_MAPS, 10 * MSEC },
		{ "cgroup,2.5", RESIDENCY_CGROUP, 2500 * MSEC },
		{ "sample,86400", RESIDENCY_SAMPLE, DAY },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct options options = { .by = BY_VM, .residency = cases[i].text };
		struct numa_report report;
		int status;

		assert_int_equal(numa_report__init(&report, &options, &status), 0);
		assert_int_equal(report.source, cases[i].source);
		assert_int_equal(report.period_ns, cases[i].period_ns);
		numa_report__free(&report);
	}
}

static void test_residency_refused(void **state)
{
	static const char *const values[] = {
		"",	    "map",	    "mapss",	  "MAPS",    " maps",	"maps ",
		"maps,",    "maps,0",	    "maps,0.009", "maps,1s", "maps,-1", "maps, 1",
		"maps,1,1", "maps,86400.1", "maps,1e3",	  ",1",	     "maps;1",	"1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct options options = { .by = BY_VM, .residency = values[i] };
		struct numa_report report;
		struct capture err;
		int result, status = -1;

		capture_begin(&err, STDERR_FILENO);
		result = numa_report__init(&report, &options, &status);
		capture_end(&err);
		if (result != 1 || status != STATUS_USAGE || count_lines(err.text) != 1 ||
		    !strstr(err.text, "--residency: "))
			fail_msg("'%s': result %d, status %d, '%s'", values[i], result, status,
				 err.text);
		numa_report__free(&report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_residency),
		cmocka_unit_test(test_residency_refused),
	};

	return cmocka_run_group_tests_name("numa_report", tests, NULL, NULL);
}
