// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/diff_lines.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/text.h"
#include "base/time_text.h"
#include "base/units.h"
#include "cmd/diff_sums.h"
#include "sched/rows.h"

#define LINE_MAX_BYTES (16U << 20)
#define FILE_MAX_BYTES (256U << 20)

/* What lines may be of. */
static const struct {
	const char *schema, *tool;
	const struct diff_sources *sources; /* NULL: events, which are passed over */
} schemas[] = {
	{ "kvmq.cpu/1", "kvmq-cpu", &diff_cpu_sources },
	{ "kvmq.exit/1", "kvmq-exit", &diff_exit_sources },
	{ "kvmq.numa/1", "kvmq-numa", &diff_numa_sources },
	{ "kvmq.io/3", "kvmq-io", &diff_io_sources },
	{ "kvmq.cpu.event/1", NULL, NULL },
	{ "kvmq.exit.event/1", NULL, NULL },
	{ "kvmq.numa.event/1", NULL, NULL },
	{ "kvmq.io.event/1", NULL, NULL },
};

struct lines {
	FILE *file;
	const char *path;
	const struct diff_options *options;
	struct diff_run *run;
	struct diff_sums sums;
	char *text;
	size_t size, capacity, bytes, number; /* of the line; bytes of all */
	uint64_t strange_ns, vcpu_ns, most_ns;
	uint64_t end_ns;
};

FILE *diff_lines__open(const char *path)
{
	struct stat about;
	FILE *file;
	int first;

	if (stat(path, &about) || !S_ISREG(about.st_mode))
		return NULL;
	file = fopen(path, "re");
	if (!file)
		return NULL;
	first = getc(file);
	if (first == '{' && ungetc(first, file) == first)
		return file;
	fclose(file);
	return NULL;
}

static int refuse(const struct lines *lines, const char *why, const char *advice)
{
	log_error("'%s', line %zu: %s: %s", lines->path, lines->number, why, advice);
	return -EINVAL;
}

static int grow(struct lines *lines)
{
	size_t capacity = lines->capacity ? 2 * lines->capacity : 65536;
	char *text = realloc(lines->text, capacity);

	if (!text)
		return -ENOMEM;
	lines->text = text;
	lines->capacity = capacity;
	return 0;
}

/* 1, 0 at the end, or -errno; a last line without an end is one. */
static int read_line(struct lines *lines)
{
	int c;

	lines->size = 0;
	lines->number++;
	while ((c = getc_unlocked(lines->file)) != EOF && c != '\n') {
		if (lines->size == LINE_MAX_BYTES || ++lines->bytes > FILE_MAX_BYTES)
			return refuse(lines, "too long", "give fewer intervals, or a recording");
		if (lines->size == lines->capacity && grow(lines))
			return -ENOMEM;
		lines->text[lines->size++] = (char)c;
	}
	if (!ferror(lines->file))
		return c == '\n' || lines->size;
	log_error("'%s': cannot be read: give another file", lines->path);
	return -EIO;
}

/* The place of its schema, or -EINVAL after one line. */
static int find_schema(const struct lines *lines, const json_t *object)
{
	const char *schema = json_string_value(json_object_get(object, "schema"));

	if (!schema)
		return refuse(lines, "no line of a kvmq tool's --json", "give such lines");
	for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++)
		if (!strcmp(schema, schemas[i].schema))
			return (int)i;
	log_error(
		"'%s', line %zu: its schema is '%.40s', of which this kvmq-diff knows no figures: "
		"give --json of kvmq-cpu, -exit, -numa or -io of this version",
		lines->path, lines->number, schema);
	return -EINVAL;
}

static uint64_t natural(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value > 0 ? (uint64_t)value : 0;
}

static void copy_text(char *copy, size_t size, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	text_copy(copy, size, text ? text : "", text ? strlen(text) : 0);
}

/* Of losses since the tool started the last line has the most. */
static void take_losses(struct diff_run *run, const json_t *object)
{
	struct losses *lost = &run->lost;
	const json_t *losses = json_object_get(object, "losses");

	for (size_t i = 0; i < diff_loss_count; i++)
		run->has_lost[i] = natural(losses, diff_losses[i].key);
	lost->threads = natural(losses, "threads");
	lost->torn = natural(losses, "torn");
	lost->clock = natural(losses, "clock");
	lost->throttled = natural(losses, "throttled");
	lost->overlap = natural(losses, "overlap");
}

/* Who ran while a row's vCPUs waited, if --blame told it. */
static void take_blame(struct lines *lines, const json_t *row)
{
	const json_t *blame = json_object_get(row, "blame"), *entry;
	const char *vm = json_string_value(json_object_get(row, "vm"));
	size_t i;

	if (!vm || !diff_figures__role(lines->options, vm))
		return;
	lines->vcpu_ns += natural(row, "elapsed_ns");
	json_array_foreach(blame, i, entry)
	{
		const char *kind = json_string_value(json_object_get(entry, "kind"));
		uint64_t ns = natural(entry, "ns");

		lines->run->strangers_known = true;
		if (!kind || strcmp(kind, "host") != 0)
			continue;
		lines->strange_ns += ns;
		if (ns <= lines->most_ns)
			continue;
		lines->most_ns = ns;
		copy_text(lines->run->stranger, sizeof(lines->run->stranger), entry, "comm");
	}
}

/* The first line says whose it all is; the others must be of the same. */
static int take_head(struct lines *lines, const json_t *object, const char *tool)
{
	struct diff_run *run = lines->run;
	char host[sizeof(run->host.name)];
	const char *time = json_string_value(json_object_get(object, "time"));
	uint64_t length_ns = natural(object, "interval_ns"), now_ns = clock_realtime_ns();

	copy_text(host, sizeof(host), object, "host");
	if (!length_ns || !time || parse_time(time, now_ns, true, &lines->end_ns))
		return refuse(lines, "an interval without time or interval_ns",
			      "give it as printed");
	if (!*run->tool) {
		text_copy(run->tool, sizeof(run->tool), tool, strlen(tool));
		memcpy(run->host.name, host, sizeof(host));
		copy_text(run->host.kernel, sizeof(run->host.kernel), object, "kernel");
		run->begin_ns = lines->end_ns - length_ns;
	}
	if (strcmp(run->tool, tool) != 0 || strcmp(run->host.name, host) != 0)
		return refuse(lines, "of another tool or host than the lines before",
			      "give a file for each");
	run->host.cpus = (uint32_t)natural(object, "cpus");
	run->vms = (uint32_t)natural(object, "vms");
	run->vcpus = (uint32_t)natural(object, "vcpus");
	run->length_ns += length_ns;
	lines->sums.seconds = (double)length_ns / NSEC_PER_SEC;
	return 0;
}

static int take_object(struct lines *lines, const json_t *object)
{
	int schema = find_schema(lines, object), error;
	const json_t *rows, *row;
	size_t i;

	if (schema < 0 || !schemas[schema].sources)
		return schema < 0 ? schema : 0;
	rows = json_object_get(object, "rows");
	if (!json_is_array(rows))
		return refuse(lines, "an interval without rows", "give it as printed");
	error = take_head(lines, object, schemas[schema].tool);
	if (error)
		return error;
	take_losses(lines->run, object);
	json_array_foreach(rows, i, row)
	{
		take_blame(lines, row);
	}
	error = diff_sums__add(&lines->sums, schemas[schema].sources, rows);
	return error == -EINVAL ? refuse(lines, "rows that are none", "give it as printed") : error;
}

static int take_line(struct lines *lines)
{
	json_error_t what;
	json_t *object = json_loadb(lines->text, lines->size, JSON_REJECT_DUPLICATES, &what);
	int error;

	if (!object)
		return refuse(lines, "no JSON, or cut off", "give whole lines");
	error = json_is_object(object) ? take_object(lines, object)
				       : refuse(lines, "no object", "give --json of a kvmq tool");
	json_decref(object);
	return error;
}

static int read_all(struct lines *lines)
{
	int got = 0, error = 0;

	while (!error && (got = read_line(lines)) > 0)
		error = take_line(lines);
	if (error || got < 0)
		return error ? error : got;
	if (*lines->run->tool)
		return 0;
	lines->number = 1;
	return refuse(lines, "no interval in it", "give --json of a kvmq tool");
}

int diff_lines__read(FILE *file, const struct diff_place *place, struct diff_run *run)
{
	struct lines lines = { .file = file,
			       .path = run->path,
			       .options = place->options,
			       .run = run,
			       .sums.options = place->options };
	struct diff_place lost = *place;
	int error = read_all(&lines);

	lost.lost = diff_run__lost(run);
	run->strangers_mpct = share_mpct(lines.strange_ns, lines.vcpu_ns);
	run->is_left_out = run->strangers_mpct > place->options->strangers_mpct;
	run->intervals = lines.sums.line;
	if (!error)
		error = diff_sums__put(&lines.sums, &lost);
	list_free(&lines.sums);
	free(lines.text);
	return error;
}
