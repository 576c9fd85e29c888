// SPDX-License-Identifier: GPL-2.0-only
#include "base/units.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define BOTH_TRIES 8
#define BOTH_NEAR_NS 2000 /* the two readings, and nobody in between */

int parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	return parse_fixed(text, 1, min, max, value);
}

int parse_fixed(const char *text, uint64_t unit, uint64_t min, uint64_t max, uint64_t *value)
{
	uint64_t whole = 0, fraction = 0, scale = unit;
	const char *c = text;

	if (*c < '0' || *c > '9')
		return -EINVAL;
	for (; *c >= '0' && *c <= '9'; c++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(*c - '0'), &whole))
			return -ERANGE;
	if (*c == '.') {
		c++;
		if (*c < '0' || *c > '9')
			return -EINVAL;
		for (; *c >= '0' && *c <= '9'; c++) {
			if (scale % 10 || !scale)
				return -EINVAL;
			scale /= 10;
			fraction += (uint64_t)(*c - '0') * scale;
		}
	}
	if (*c)
		return -EINVAL;
	if (__builtin_mul_overflow(whole, unit, &whole) ||
	    __builtin_add_overflow(whole, fraction, &whole))
		return -ERANGE;
	if (whole < min || whole > max)
		return -ERANGE;
	*value = whole;
	return 0;
}

size_t format_fixed(char *text, uint64_t value, unsigned int decimals)
{
	char digits[24];
	size_t count = 0, length = 0;

	do {
		digits[count++] = '0' + value % 10;
		value /= 10;
	} while (value || count <= decimals);
	while (count) {
		if (count == decimals)
			text[length++] = '.';
		text[length++] = digits[--count];
	}
	text[length] = '\0';
	return length;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * NSEC_PER_SEC + (uint64_t)time.tv_nsec;
}

uint64_t clock_monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t clock_realtime_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

void clock_both_ns(uint64_t *monotonic_ns, uint64_t *realtime_ns)
{
	uint64_t least = UINT64_MAX;

	for (int try = 0; try < BOTH_TRIES && least > BOTH_NEAR_NS; try++) {
		uint64_t before = clock_monotonic_ns(), realtime = clock_realtime_ns();
		uint64_t apart = clock_monotonic_ns() - before;

		if (apart >= least)
			continue;
		least = apart;
		*monotonic_ns = before + apart / 2;
		*realtime_ns = realtime;
	}
}

uint64_t clock_thread_cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t clock_process_cpu_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

void format_time(char *text, size_t size, uint64_t realtime_ns)
{
	time_t seconds = (time_t)(realtime_ns / NSEC_PER_SEC);
	char fraction[8];
	struct tm day;

	gmtime_r(&seconds, &day);
	strftime(text, size, "%Y-%m-%dT%H:%M:%S", &day);
	snprintf(fraction, sizeof(fraction), ".%03uZ",
		 (unsigned int)(realtime_ns % NSEC_PER_SEC / NSEC_PER_MSEC));
	strncat(text, fraction, size - strlen(text) - 1);
}

void format_clock(char text[32], uint64_t realtime_ns, bool utc)
{
	time_t seconds = (time_t)(realtime_ns / NSEC_PER_SEC);
	struct tm day;

	if (utc)
		gmtime_r(&seconds, &day);
	else
		localtime_r(&seconds, &day);
	strftime(text, 32, "%H:%M:%S", &day);
	snprintf(text + strlen(text), 32 - strlen(text), ".%06u",
		 (unsigned int)(realtime_ns % NSEC_PER_SEC / NSEC_PER_USEC));
}
