// SPDX-License-Identifier: GPL-2.0-only
#include "base/time_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/units.h"

#define DAY_SECONDS (24 * 3600)
#define FRACTION_DIGITS 9

/* Reads exactly so many digits, and moves text behind them. */
static bool take_number(const char **text, int digits, int *value)
{
	for (*value = 0; digits; digits--, ++*text) {
		if (**text < '0' || **text > '9')
			return false;
		*value = *value * 10 + (**text - '0');
	}
	return true;
}

static bool take_char(const char **text, const char *wanted)
{
	if (!**text || !strchr(wanted, **text))
		return false;
	++*text;
	return true;
}

static bool take_fraction(const char **text, uint64_t *ns)
{
	uint64_t unit = NSEC_PER_SEC;
	int digits = 0, digit;

	for (*ns = 0; **text >= '0' && **text <= '9'; digits++) {
		take_number(text, 1, &digit);
		unit /= 10;
		*ns += (uint64_t)digit * unit;
	}
	return digits && digits <= FRACTION_DIGITS;
}

static bool take_date(const char **text, struct tm *day)
{
	if (!take_number(text, 4, &day->tm_year) || !take_char(text, "-") ||
	    !take_number(text, 2, &day->tm_mon) || !take_char(text, "-") ||
	    !take_number(text, 2, &day->tm_mday))
		return false;
	day->tm_year -= 1900;
	day->tm_mon--;
	return true;
}

/* HH:MM[:SS[.FRACTION]] */
static bool take_clock(const char **text, struct tm *day, uint64_t *ns)
{
	*ns = 0;
	day->tm_sec = 0;
	return take_number(text, 2, &day->tm_hour) && take_char(text, ":") &&
	       take_number(text, 2, &day->tm_min) &&
	       (!take_char(text, ":") || (take_number(text, 2, &day->tm_sec) &&
					  (!take_char(text, ".") || take_fraction(text, ns))));
}

static bool take_offset(const char **text, int *seconds)
{
	int sign = **text == '-' ? -1 : 1, hours, minutes;

	*seconds = 0;
	if (take_char(text, "Zz"))
		return true;
	if (!take_char(text, "+-") || !take_number(text, 2, &hours) || !take_char(text, ":") ||
	    !take_number(text, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

static bool is_same(const struct tm *a, const struct tm *b)
{
	return a->tm_year == b->tm_year && a->tm_mon == b->tm_mon && a->tm_mday == b->tm_mday &&
	       a->tm_hour == b->tm_hour && a->tm_min == b->tm_min && a->tm_sec == b->tm_sec;
}

/* What the parts mean in UTC. timegm() would turn a 30th of February into a 2nd of March. */
static int seconds_of_utc(const struct tm *wanted, time_t *seconds)
{
	struct tm day = *wanted;

	*seconds = timegm(&day);
	return is_same(&day, wanted) ? 0 : -ERANGE;
}

/*
 * The offset of local time changes at most once in two days, so the time is by the offset of the
 * day before or of the day after. mktime() would not say which it took, nor that no such time
 * exists.
 */
static int seconds_of_local(const struct tm *wanted, time_t *seconds)
{
	time_t as_utc;
	int error = seconds_of_utc(wanted, &as_utc);

	if (error)
		return error;
	error = -ERANGE;
	for (int side = -1; side <= 1; side += 2) {
		time_t near = as_utc + side * DAY_SECONDS, time;
		struct tm local;

		localtime_r(&near, &local);
		time = as_utc - local.tm_gmtoff;
		localtime_r(&time, &local);
		if (!is_same(&local, wanted) || (!error && *seconds <= time))
			continue;
		*seconds = time;
		error = 0;
	}
	return error;
}

static int join(time_t seconds, uint64_t ns, uint64_t *realtime_ns)
{
	uint64_t whole;

	if (seconds < 0 || __builtin_mul_overflow((uint64_t)seconds, NSEC_PER_SEC, &whole) ||
	    __builtin_add_overflow(whole, ns, realtime_ns))
		return -ERANGE;
	return 0;
}

/* How long before now: -N and its unit. */
static int parse_ago(const char *text, uint64_t now_ns, uint64_t *realtime_ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "s", NSEC_PER_SEC },
		      { "min", 60 * NSEC_PER_SEC },
		      { "h", 3600 * NSEC_PER_SEC } };
	size_t length = strspn(text, "0123456789.");
	char number[24];
	uint64_t ago_ns;
	int error;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(text + length, units[i].name) != 0)
			continue;
		if (length >= sizeof(number))
			return -ERANGE;
		snprintf(number, sizeof(number), "%.*s", (int)length, text);
		error = parse_fixed(number, units[i].ns, 0, now_ns, &ago_ns);
		if (!error)
			*realtime_ns = now_ns - ago_ns;
		return error;
	}
	return -EINVAL;
}

/* Today's date, or yesterday's, taken at noon, which every day has. */
static void read_day(struct tm *day, uint64_t now_ns, bool utc, bool yesterday)
{
	time_t now = (time_t)(now_ns / NSEC_PER_SEC);

	if (utc)
		gmtime_r(&now, day);
	else
		localtime_r(&now, day);
	day->tm_hour = 12;
	day->tm_mday -= yesterday;
	timegm(day); /* the 0th of a month is a day of the one before */
}

int parse_time(const char *text, uint64_t now_ns, bool utc, uint64_t *realtime_ns)
{
	static const char yesterday[] = "yesterday ";
	bool has_offset = false, is_yesterday;
	struct tm day = { 0 };
	uint64_t ns;
	time_t seconds;
	int offset = 0, error;

	if (*text == '-')
		return parse_ago(text + 1, now_ns, realtime_ns);
	tzset();
	is_yesterday = !strncmp(text, yesterday, strlen(yesterday));
	if (is_yesterday)
		text += strlen(yesterday);
	if (!is_yesterday && strlen(text) > 4 && text[4] == '-') {
		if (!take_date(&text, &day) || !take_char(&text, "Tt ") ||
		    !take_clock(&text, &day, &ns))
			return -EINVAL;
		has_offset = *text;
		if (has_offset && !take_offset(&text, &offset))
			return -EINVAL;
	} else {
		read_day(&day, now_ns, utc, is_yesterday);
		if (!take_clock(&text, &day, &ns))
			return -EINVAL;
	}
	if (*text)
		return -EINVAL;
	error = has_offset || utc ? seconds_of_utc(&day, &seconds)
				  : seconds_of_local(&day, &seconds);
	return error ? error : join(seconds - offset, ns, realtime_ns);
}

void format_local_time(char text[40], uint64_t realtime_ns, bool utc)
{
	time_t seconds = (time_t)(realtime_ns / NSEC_PER_SEC);
	char date[24], zone[8];
	struct tm day;

	tzset();
	if (utc)
		gmtime_r(&seconds, &day);
	else
		localtime_r(&seconds, &day);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &day);
	strftime(zone, sizeof(zone), "%z", &day); /* +0100 */
	snprintf(text, 40, "%s.%03u%.*s%s%s", date,
		 (unsigned int)(realtime_ns % NSEC_PER_SEC / NSEC_PER_MSEC), utc ? 0 : 3, zone,
		 utc ? "Z" : ":", utc ? "" : zone + 3);
}
