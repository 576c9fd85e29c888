// SPDX-License-Identifier: GPL-2.0-only
/* Counters of guests: sums that their buckets allow, and growth from report to report. */
#include "unit.h"

#include "guest_sample.h"

/* The sum of one request in a bucket may be from its lower bound to just below the next. */
static void test_sum_bounds(void **state)
{
	struct guest_report *report = sample_report(1);
	struct latency *latency = &report->disks[0].flows[IO_READ].layers[GUEST_DEVICE];

	(void)state;
	for (uint32_t bucket = 0; bucket < HIST_BUCKETS; bucket++) {
		memset(latency, 0, sizeof(*latency));
		latency->count = latency->hist[bucket] = 3;
		latency->sum_ns = 3 * hist_lower(bucket);
		assert_null(refused_report(report, NULL));
		latency->sum_ns = 3 * (hist_lower(bucket + 1) - 1);
		assert_null(refused_report(report, NULL));
		latency->sum_ns++;
		/* The last one has no end. */
		if (bucket == HIST_BUCKETS - 1)
			assert_null(refused_report(report, NULL));
		else
			assert_non_null(strstr(refused_report(report, NULL), "more"));
		if (!bucket)
			continue;
		latency->sum_ns = 3 * hist_lower(bucket) - 1;
		assert_non_null(strstr(refused_report(report, NULL), "less"));
	}
	free(report);
}

/* Buckets count modulo 2^32. */
static void test_wrapped(void **state)
{
	struct guest_report *report = sample_report(1), *before;
	struct latency *latency = &report->disks[0].flows[IO_READ].layers[GUEST_DEVICE];

	(void)state;
	memset(latency, 0, sizeof(*latency));
	latency->count = latency->hist[40] = UINT32_MAX;
	latency->sum_ns = latency->count * hist_lower(40);
	before = guest_report__copy(report);
	assert_null(refused_report(report, NULL));
	report->sequence++;
	latency->count += 10;
	latency->sum_ns += 10 * hist_lower(40);
	latency->hist[40] += 10; /* 9 */
	assert_null(refused_report(report, before));
	latency->count++;
	assert_non_null(strstr(refused_report(report, before), "count"));
	latency->count -= 2;
	assert_non_null(strstr(refused_report(report, before), "count"));
	free(before);
	free(report);
}

/* A sum that no 64 bits hold must not pass as a small one. */
static void test_sum_overflow(void **state)
{
	struct guest_report *report = sample_report(1);
	struct latency *latency = &report->disks[0].flows[IO_READ].layers[GUEST_DEVICE];

	(void)state;
	memset(latency, 0, sizeof(*latency));
	latency->count = latency->hist[230] = 1U << 31;
	latency->sum_ns = latency->count * hist_lower(230);
	assert_non_null(strstr(refused_report(report, NULL), "less"));
	free(report);
}

static void check_down(struct guest_report *report, const struct guest_report *before,
		       uint64_t *counter)
{
	(*counter)--;
	assert_string_equal(refused_report(report, before), "a counter went down");
	(*counter)++;
	assert_null(refused_report(report, before));
}

static void test_growth(void **state)
{
	struct guest_report *before = sample_report(2), *report = guest_report__copy(before);
	struct guest_flow *flow = &report->disks[1].flows[IO_FLUSH];
	struct latency *latency = &flow->layers[GUEST_QUEUE];

	(void)state;
	assert_non_null(strstr(refused_report(report, before), "sequence"));
	report->sequence--;
	assert_non_null(strstr(refused_report(report, before), "sequence"));
	report->sequence += 7; /* some were lost */
	assert_null(refused_report(report, before));
	check_down(report, before, &report->losses);
	check_down(report, before, &flow->requests);
	check_down(report, before, &flow->bytes);
	/* the middle of the sum's range, so that less is not impossible by itself */
	check_down(report, before, &latency->sum_ns);
	/* a bucket that went down, hidden behind another that went up */
	sample_add(latency, 100, 1);
	latency->hist[44]--;
	latency->hist[43]++;
	assert_string_equal(refused_report(report, before), "a counter went down");
	/* another session is another beginning */
	report->session++;
	report->sequence = 0;
	assert_null(refused_report(report, before));
	free(report);
	free(before);
}

/* A disk that went, and another that came under its name. */
static void test_other_disk(void **state)
{
	struct guest_report *before = sample_report(2), *report = sample_report(2);
	struct guest_disk *disk = &report->disks[1];

	(void)state;
	report->sequence++;
	memset(disk->flows, 0, sizeof(disk->flows));
	assert_string_equal(refused_report(report, before), "a counter went down");
	assert_ptr_equal(guest_report__find(before, disk), &before->disks[1]);
	strcpy(disk->serial, "another");
	assert_null(refused_report(report, before));
	assert_null(guest_report__find(before, disk));
	/* the others are still compared, wherever they stand */
	report->disks[1] = report->disks[0];
	report->disk_count = 1;
	report->disks[0].flows[IO_READ].requests--;
	assert_string_equal(refused_report(report, before), "a counter went down");
	report->disk_count = 0;
	assert_null(refused_report(report, before));
	free(report);
	free(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sum_bounds),   cmocka_unit_test(test_wrapped),
		cmocka_unit_test(test_sum_overflow), cmocka_unit_test(test_growth),
		cmocka_unit_test(test_other_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
