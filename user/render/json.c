// SPDX-License-Identifier: GPL-2.0-only
#include "render/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define DUMP_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(9) | JSON_ENCODE_ANY)

/*
 * If memory was short while a value was made, jansson has left something out, which the output
 * would not show.
 */
static bool is_short;

static void *allocate(size_t size)
{
	void *memory = malloc(size);

	is_short |= !memory;
	return memory;
}

__attribute__((constructor)) static void watch_memory(void)
{
	json_set_alloc_funcs(allocate, free);
}

json_t *json__text(const char *text)
{
	char *escaped = text ? text_escape(text) : NULL;
	json_t *string = escaped ? json_string(escaped) : json_null();

	is_short |= text && !escaped;
	free(escaped);
	return string;
}

static json_t *json_value(enum unit unit, struct value value)
{
	if (!value.known)
		return json_null();
	switch (unit) {
	case UNIT_TEXT:
		return json__text(value.text);
	case UNIT_MPCT:
	case UNIT_PER_SEC_M:
	case UNIT_M:
		return json_real((double)value.number / 1000.0);
	default:
		return json_integer((json_int_t)value.number);
	}
}

json_t *json__metric(const struct metric *metric, const void *row)
{
	struct text_buffer buffer;

	return json_value(metric->unit, metric__get(metric, row, &buffer));
}

json_t *json__row(const struct metric_table *table, const void *row)
{
	json_t *object = json_object(), *total = json_object();

	for (size_t i = 0; i < table->count; i++) {
		const struct metric *metric = &table->metrics[i];

		if (!metric->key || metric->kind == METRIC_DISTRIBUTION)
			continue;
		json_object_set_new(object, metric->key, json__metric(metric, row));
		if (metric->total)
			json_object_set_new(total, metric->key,
					    json_value(metric->unit, metric->total(row)));
	}
	json_object_set_new(object, "total", total);
	return object;
}

/* As JSON writes characters beyond the basic plane. */
static void put_escape(FILE *file, uint32_t code)
{
	if (code >= 0x10000)
		fprintf(file, "\\u%04X\\u%04X", 0xd7c0 + (code >> 10), 0xdc00 + (code & 0x3ff));
	else
		fprintf(file, "\\u%04X", code);
}

/*
 * JSON that is harmless on a terminal. Harmful characters are in strings only: jansson has escaped
 * those below 0x20, and writes no other white space.
 */
static int put_harmless(const char *text, size_t size, void *file)
{
	size_t written = 0;

	for (size_t i = 0; i < size;) {
		struct text_char one = text_char(text + i, size - i);

		if (one.valid && !one.harmless) {
			fwrite_unlocked(text + written, 1, i - written, file);
			put_escape(file, one.code);
			written = i + one.length;
		}
		i += one.length;
	}
	fwrite_unlocked(text + written, 1, size - written, file);
	return ferror(file) ? -1 : 0;
}

int json__write(FILE *file, const json_t *value)
{
	if (is_short)
		return -ENOMEM;
	return json_dump_callback(value, put_harmless, file, DUMP_FLAGS) ? -EIO : 0;
}

int json__print(FILE *file, json_t *object)
{
	int error = json__write(file, object);

	json_decref(object);
	if (!error && putc('\n', file) == EOF)
		error = -EIO;
	return error;
}

void json_rows__begin(struct json_rows *rows, FILE *file, json_t *object)
{
	char *text = object && !is_short ? json_dumps(object, DUMP_FLAGS) : NULL;
	size_t length = text ? strlen(text) - 1 : 0; /* less the bracket at the end */

	*rows = (struct json_rows){ .file = file, .error = text ? 0 : -ENOMEM };
	json_decref(object);
	if (text && (put_harmless(text, length, file) ||
		     fprintf(file, "%s\"rows\":[", length > 1 ? "," : "") < 0))
		rows->error = -EIO;
	free(text);
}

void json_rows__add(struct json_rows *rows, json_t *row)
{
	if (!row && !rows->error)
		rows->error = -ENOMEM;
	if (!rows->error && rows->count++ && putc(',', rows->file) == EOF)
		rows->error = -EIO;
	if (!rows->error)
		rows->error = json__write(rows->file, row);
	json_decref(row);
}

int json_rows__end(struct json_rows *rows)
{
	if (!rows->error && fputs("]}\n", rows->file) == EOF)
		rows->error = -EIO;
	return rows->error;
}
