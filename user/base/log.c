// SPDX-License-Identifier: GPL-2.0-only
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

static const char *program_name = "kvmq";
static unsigned int verbosity;
static bool keeps_errors;
static bool has_error;
static char kept[256];
static bool is_unread; /* standard output, for good */

void log_init(const char *program, unsigned int verbose)
{
	program_name = program;
	verbosity = verbose;
}

void log_keep_errors(bool keep)
{
	keeps_errors = keep;
}

const char *log_kept(void)
{
	return kept;
}

/* One write a message, so that lines of several processes do not mix. */
static void log_line(const char *kind, const char *format, va_list args)
{
	char text[1024], line[1200];

	vsnprintf(text, sizeof(text), format, args);
	text_clean(text, sizeof(text), text);
	snprintf(line, sizeof(line), "%s: %s%s\n", program_name, kind, text);
	fputs(line, stderr);
}

bool log_has_error(void)
{
	return has_error;
}

const char *remedy(int error, const char *otherwise)
{
	switch (error < 0 ? -error : error) {
	case ENOMEM:
		return "there is too little memory: end other programs, or raise the limit";
	case EMFILE:
		return "raise the limit of open files (ulimit -n)";
	case ENFILE:
		return "the host has too many files open: raise fs.file-max";
	case EFBIG:
		return "raise the limit of a file's size (ulimit -f)";
	}
	return otherwise;
}

void log_error(const char *format, ...)
{
	va_list args;

	has_error = true;
	va_start(args, format);
	if (keeps_errors) {
		vsnprintf(kept, sizeof(kept), format, args);
		log_detail("%s", kept);
	} else {
		log_line("", format, args);
	}
	va_end(args);
}

void log_notice(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line("", format, args);
	va_end(args);
}

void log_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line("warning: ", format, args);
	va_end(args);
}

void log_detail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (verbosity)
		log_line("", format, args);
	va_end(args);
}

void log_text(const char *format, va_list args)
{
	char *text, *rest, *line;

	if (verbosity < 2 || vasprintf(&text, format, args) < 0)
		return;
	for (rest = text; (line = strsep(&rest, "\n"));) {
		text_clean(line, strlen(line) + 1, line);
		fprintf(stderr, "%s%s", line, rest ? "\n" : "");
	}
	free(text);
}

/* For a pipe the error is asked for anew: what failed earlier may have left no errno. */
static bool has_no_reader(int fd)
{
	struct pollfd output = { .fd = fd };

	return poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP)) == POLLERR;
}

int flush_output(void)
{
	int error;

	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	error = errno ? errno : EIO;
	is_unread |= error == EPIPE || has_no_reader(STDOUT_FILENO);
	if (!is_unread)
		log_error("standard output: %s: %s", strerror(error),
			  remedy(error, "give it room or a reader"));
	return -error;
}

bool output_is_unread(void)
{
	return is_unread;
}

enum exit_status output_status(void)
{
	return flush_output() && !is_unread ? STATUS_FAILED : STATUS_DONE;
}
