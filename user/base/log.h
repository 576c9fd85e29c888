/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages for the person at the terminal: one line each, on standard error. */
#ifndef KVMQ_LOG_H
#define KVMQ_LOG_H

#include <stdarg.h>
#include <stdbool.h>

/* Exit status of every tool. */
enum exit_status {
	STATUS_DONE = 0,
	STATUS_FAILED = 1, /* failed while running */
	STATUS_USAGE = 2,
	STATUS_HOST = 3, /* this host cannot do it */
};

/*
 * Sets the name before each message; it is not copied. verbose: 1 shows details, 2 the words of
 * libraries, too.
 */
void log_init(const char *program, unsigned int verbose);

/* From now on an error is kept instead of shown, unless details are; or shown again. */
void log_keep_errors(bool keep);

/* The last error that was kept; "" before the first. */
const char *log_kept(void);

/* What failed, on which object, and what to do about it. No newline needed. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether one was said, or kept. */
bool log_has_error(void);

/*
 * What to do about an error: where something has run out (memory, open files, room that a limit
 * leaves), what gives more of it; else what the caller says, which is about its own object.
 */
const char *remedy(int error, const char *otherwise);

/* Something is missing from the result, but the tool goes on. */
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Detail that only --verbose shows. */
void log_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The words of a library, of any length and with their own newlines: at a verbosity of 2. */
void log_text(const char *format, va_list args);

/*
 * Writes out standard output. Returns 0, or -errno after one line: full or closed. That nobody
 * reads it any more ('| head -1') is -errno without a line. Set errno to 0 before printing: a
 * buffer that was written out on the way has left its error there.
 */
int flush_output(void);

/* Whether flush_output() has found that nobody reads any more: the end, and no failure. */
bool output_is_unread(void);

/* The same for a tool that is done then: its exit status. */
enum exit_status output_status(void);

#endif
