// SPDX-License-Identifier: GPL-2.0-only
#include "timeline/trace_file.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/log.h"
#include "base/output_file.h"
#include "base/text.h"
#include "base/units.h"

#define EVENT_MAX 8192 /* bytes: some names, each character of them escaped */
#define END_MAX 8192   /* bytes of what ends the file */

char *trace_file__quote(const char *text)
{
	char *shown = strdup(text), *quoted = NULL;
	json_t *json;

	if (shown) {
		text_clean(shown, strlen(shown) + 1, shown);
		json = json_string(shown);
		quoted = json_dumps(json, JSON_ENCODE_ANY);
		json_decref(json);
	}
	free(shown);
	return quoted ? quoted : strdup("\"?\"");
}

static void put_list(struct trace_file *file, const char *format, va_list args)
{
	int length = vfprintf(file->file, format, args);

	if (length > 0)
		file->size += (uint64_t)length;
}

__attribute__((format(printf, 2, 3))) static void put(struct trace_file *file, const char *format,
						      ...)
{
	va_list args;

	va_start(args, format);
	put_list(file, format, args);
	va_end(args);
}

/* Whether one more event fits; after the first that does not, none does. */
static bool begin_event(struct trace_file *file)
{
	if (file->size + EVENT_MAX + END_MAX > file->limit)
		file->full = true;
	if (file->full)
		return false;
	put(file, file->events++ ? ",\n" : "\n");
	return true;
}

void trace_file__name(struct trace_file *file, const char *what, uint32_t pid, uint32_t tid,
		      const char *name)
{
	char *quoted;

	if (!begin_event(file))
		return;
	quoted = trace_file__quote(name);
	put(file,
	    "{\"ph\":\"M\",\"name\":\"%s_name\",\"pid\":%u,\"tid\":%u,\"args\":{\"name\":%s}}",
	    what, pid, tid, quoted);
	free(quoted);
}

void trace_file__sort(struct trace_file *file, const char *what, uint32_t pid, uint32_t tid,
		      uint32_t index)
{
	if (begin_event(file))
		put(file,
		    "{\"ph\":\"M\",\"name\":\"%s_sort_index\",\"pid\":%u,\"tid\":%u,"
		    "\"args\":{\"sort_index\":%u}}",
		    what, pid, tid, index);
}

void trace_file__slice(struct trace_file *file, const struct trace_slice *slice, const char *format,
		       ...)
{
	char ts[24], duration[24], *name;
	va_list args;

	if (!begin_event(file)) {
		file->left_out++;
		return;
	}
	file->slices++;
	format_fixed(ts, slice->ts, 3);
	format_fixed(duration, slice->duration, 3);
	name = trace_file__quote(slice->name);
	put(file,
	    "{\"ph\":\"X\",\"name\":%s,\"cat\":\"%s\",\"pid\":%u,\"tid\":%u,\"ts\":%s,\"dur\":%s,"
	    "\"args\":{",
	    name, slice->category, slice->pid, slice->tid, ts, duration);
	free(name);
	va_start(args, format);
	put_list(file, format, args);
	va_end(args);
	put(file, "}}");
}

int trace_file__open(struct trace_file *file, const char *path, uint64_t limit)
{
	int error;

	*file = (struct trace_file){ .path = path, .limit = limit };
	error = output_file__open(&file->file, "--timeline", path);
	if (error)
		return error;
	put(file, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
	return 0;
}

static int write_error(struct trace_file *file, int error)
{
	if (!file->failed)
		log_error("--timeline: '%s': %s: %s", file->path,
			  error ? strerror(error) : "cannot be written",
			  remedy(error, "give a file on a disk with room"));
	file->failed = true;
	return error ? -error : -EIO;
}

/* stdio does not keep the error number: writing its buffer again gives it. */
int trace_file__check(struct trace_file *file)
{
	if (!ferror(file->file))
		return 0;
	errno = 0;
	fflush(file->file);
	return write_error(file, errno);
}

__attribute__((format(printf, 2, 0))) static int close_file(struct trace_file *file,
							    const char *format, va_list args)
{
	int failed;

	put(file, "\n],\"otherData\":{");
	put_list(file, format, args);
	put(file, "}}\n");
	failed = ferror(file->file);
	errno = 0;
	if (fflush(file->file))
		failed = 1;
	if (failed) {
		failed = errno;
		fclose(file->file);
		return write_error(file, failed);
	}
	return fclose(file->file) ? write_error(file, errno) : 0;
}

int trace_file__close(struct trace_file *file, const char *format, ...)
{
	const char *before = interrupt__guard("writing a file");
	va_list args;
	int error;

	va_start(args, format);
	error = close_file(file, format, args);
	va_end(args);
	interrupt__guard(before);
	return error;
}
