/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers from text and to text. */
#ifndef KVMQ_UNITS_H
#define KVMQ_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NSEC_PER_SEC 1000000000ULL
#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_USEC 1000ULL

/*
 * Reads a whole decimal number from min to max; nothing may stand before or
 * after it. Returns 0, -EINVAL (no number) or -ERANGE.
 */
int parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/*
 * Reads a decimal number with an optional fraction ("0.5") of units that are
 * unit times as large as the result's. Digits finer than that are refused.
 * Returns 0, -EINVAL or -ERANGE.
 */
int parse_fixed(const char *text, uint64_t unit, uint64_t min, uint64_t max, uint64_t *value);

/*
 * Writes value, which counts 10^-decimals, such as 1234 with 2 decimals as
 * "12.34". Returns the length; text must hold 24 characters.
 */
size_t format_fixed(char *text, uint64_t value, unsigned int decimals);

/* Time since boot in ns, the clock of bpf_ktime_get_ns(). */
uint64_t clock_monotonic_ns(void);

/* Time of day in ns. */
uint64_t clock_realtime_ns(void);

/*
 * Both clocks at one moment. The CPU may be taken away between two readings: the nearest ones of
 * some tries count.
 */
void clock_both_ns(uint64_t *monotonic_ns, uint64_t *realtime_ns);

/* Time on a CPU in ns: of this thread, and of the whole process. */
uint64_t clock_thread_cpu_ns(void);
uint64_t clock_process_cpu_ns(void);

/* Writes the time of day as RFC 3339 with ms, in UTC. text must hold 32. */
void format_time(char *text, size_t size, uint64_t realtime_ns);

/* Writes it as HH:MM:SS with us, in local time or UTC. text must hold 32. */
void format_clock(char text[32], uint64_t realtime_ns, bool utc);

#endif
