// SPDX-License-Identifier: GPL-2.0-only
/* Two clocks read at one moment, beside others who take the CPU away between two readings. */
#include "unit.h"

#include <sys/syscall.h>
#include <time.h>

#include "base/units.h"

#define APART_NS 1700000000000000000LL /* time of day, less the time since boot */
#define READING_NS 100
#define AWAY_NS 600000

static int reading, away_before; /* this reading, and each tenth from there on, comes late */
static uint64_t now_ns;

/* In place of libc's: time goes on with each reading. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): libc's begin with __ */
int clock_gettime(clockid_t clock, struct timespec *time)
{
	uint64_t ns;

	if (!now_ns)
		return (int)syscall(SYS_clock_gettime, clock, time);
	now_ns += reading++ % 10 == away_before ? AWAY_NS : READING_NS;
	ns = now_ns + (clock == CLOCK_REALTIME ? APART_NS : 0);
	time->tv_sec = (time_t)(ns / NSEC_PER_SEC);
	time->tv_nsec = (long)(ns % NSEC_PER_SEC);
	return 0;
}

static void test_both(void **state)
{
	(void)state;
	for (away_before = 0; away_before < 10; away_before++) {
		uint64_t monotonic, realtime, begin = NSEC_PER_SEC;

		reading = 0;
		now_ns = begin;
		clock_both_ns(&monotonic, &realtime);
		assert_in_range(monotonic, begin, now_ns);
		assert_true(llabs((long long)(realtime - monotonic) - APART_NS) <= READING_NS);
		now_ns = 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_both) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
