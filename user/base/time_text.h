/* SPDX-License-Identifier: GPL-2.0-only */
/* Times of day from text and to text, as a person writes and reads them. */
#ifndef KVMQ_TIME_TEXT_H
#define KVMQ_TIME_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/* The forms that parse_time() reads, for the line that refuses anything else. */
#define TIME_FORMS                                                                                 \
	"2026-11-29T21:00:00+01:00, 2026-11-29 21:00, 21:00, yesterday 21:00, -10min, -2h or -90s"

/*
 * Reads a time: RFC 3339, whose seconds, fraction and offset may be left out, and whose T may be a
 * blank; HH:MM[:SS[.FRACTION]] of today or, after "yesterday ", of yesterday; or how long ago, in
 * s, min or h. now_ns and *realtime_ns are ns since 1970. A time without an offset is local, or UTC
 * if utc is set. If the clock shows a local time twice, the first is meant. Returns 0, -EINVAL (no
 * such form) or -ERANGE (no such day or time, or before 1970).
 */
int parse_time(const char *text, uint64_t now_ns, bool utc, uint64_t *realtime_ns);

/* Writes a time as RFC 3339 with ms: local time with its offset, or UTC ("...Z"). */
void format_local_time(char text[40], uint64_t realtime_ns, bool utc);

#endif
