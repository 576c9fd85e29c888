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
 * Sets the name before each message, which is not copied. verbose: 1 shows details, 2 also the
 * messages of libraries.
 */
void log_init(const char *program, unsigned int verbose);

/* true: errors are kept instead of shown, unless details are shown. false: they are shown again. */
void log_keep_errors(bool keep);

/* The last error that was kept; "" before the first. */
const char *log_kept(void);

/* What failed, on which object, and what to do about it. No newline needed. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Whether an error was shown, or kept. */
bool log_has_error(void);

/*
 * What to do about an error. If something has run out (memory, open files, room under a limit), it
 * says how to get more; otherwise it is what the caller says about its own object.
 */
const char *remedy(int error, const char *otherwise);

/* What a program that runs on and on does from now on. */
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Something is missing from the result, but the tool goes on. */
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Detail that only --verbose shows. */
void log_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A message of a library, of any length and with its own newlines: shown at a verbosity of 2. */
void log_text(const char *format, va_list args);

/*
 * Writes out standard output. Returns 0, or -errno after one line: full or closed. If nobody reads
 * it any more ('| head -1'), -errno without a line. Set errno to 0 before printing: a buffer that
 * was written out earlier has left its error there.
 */
int flush_output(void);

/*
 * Whether flush_output() has found that nobody reads any more: this ends the tool, and is no
 * failure.
 */
bool output_is_unread(void);

/* The same for a tool that has printed all: its exit status. */
enum exit_status output_status(void);

#endif
