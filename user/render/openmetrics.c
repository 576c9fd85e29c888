// SPDX-License-Identifier: GPL-2.0-only
/*
 * OpenMetrics 1.0: https://prometheus.io/docs/specs/om/open_metrics_spec/; Prometheus 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
#include "render/openmetrics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"

#define FIRST_CAPACITY 256
#define NUMBER_SIZE 24

/* Makes room for so many bytes more. Once memory was short, there is none. */
static bool grow(struct growing_text *text, size_t size)
{
	size_t capacity = text->capacity ? text->capacity : FIRST_CAPACITY;
	char *grown;

	while (capacity - text->size < size)
		capacity *= 2;
	grown = text->failed ? NULL : realloc(text->text, capacity);
	text->failed = !grown;
	if (!grown)
		return false;
	text->text = grown;
	text->capacity = capacity;
	return true;
}

/* A text of a thousand vCPUs has 100,000 pieces: a compiler knows the size of most. */
static inline __attribute__((always_inline)) void put_bytes(struct growing_text *text,
							    const char *bytes, size_t size)
{
	if (text->capacity - text->size < size && !grow(text, size))
		return;
	if (size)
		memcpy(text->text + text->size, bytes, size);
	text->size += size;
}

static inline __attribute__((always_inline)) void put_text(struct growing_text *text,
							   const char *bytes)
{
	put_bytes(text, bytes, strlen(bytes));
}

static void growing_text__free(struct growing_text *text)
{
	free(text->text);
	*text = (struct growing_text){ 0 };
}

static void put_escaped(struct growing_text *text, const char *value)
{
	size_t plain;

	for (; *value; value += plain) {
		plain = strcspn(value, "\\\"\n");
		put_bytes(text, value, plain);
		if (!value[plain])
			break;
		put_text(text, value[plain] == '\n'  ? "\\n"
			       : value[plain] == '"' ? "\\\""
						     : "\\\\");
		plain++;
	}
}

/* Nearly all are: what needs no look at its characters. */
static bool is_plain(const char *value)
{
	for (; *value; value++)
		if (*value < ' ' || *value > '~' || *value == '"' || *value == '\\')
			return false;
	return true;
}

static void put_value(struct growing_text *text, const char *value)
{
	char *valid;

	if (is_plain(value)) {
		put_text(text, value);
		return;
	}
	valid = text_escape(value);
	text->failed |= !valid;
	if (valid)
		put_escaped(text, valid);
	free(valid);
}

void labels__add(struct labels *labels, const char *name, const char *value)
{
	struct growing_text *text = &labels->of;

	if (!*value)
		return;
	put_text(text, text->size ? "," : "");
	put_text(text, name);
	put_text(text, "=\"");
	put_value(text, value);
	put_text(text, "\"");
}

void labels__add_number(struct labels *labels, const char *name, uint64_t value)
{
	char number[NUMBER_SIZE];

	format_fixed(number, value, 0);
	labels__add(labels, name, number);
}

void labels__cut(struct labels *labels, size_t size)
{
	if (size < labels->of.size)
		labels->of.size = size;
}

void labels__free(struct labels *labels)
{
	growing_text__free(&labels->of);
}

const char *exposition_format__content_type(enum exposition_format format)
{
	static const char *const types[] = {
		[EXPOSITION_PROMETHEUS] = "text/plain; version=0.0.4; charset=utf-8",
		[EXPOSITION_OPENMETRICS] =
			"application/openmetrics-text; version=1.0.0; charset=utf-8",
	};

	return types[format];
}

void exposition__begin(struct exposition *exposition, enum exposition_format format,
		       uint64_t max_series)
{
	exposition->of.size = 0;
	exposition->of.failed = false;
	exposition->format = format;
	exposition->family = NULL;
	exposition->series = 0;
	exposition->max_series = max_series;
	exposition->left_out = 0;
}

void exposition__family(struct exposition *exposition, const struct family *family)
{
	exposition->family = family;
	exposition->headed = false;
}

/* What is behind a family's name in its samples. */
static const char *suffix_of(const struct family *family)
{
	return family->type == FAMILY_COUNTER ? "_total"
	       : family->type == FAMILY_INFO  ? "_info"
					      : "";
}

static void put_line(struct growing_text *text, const char *word, const char *name,
		     const char *suffix, const char *what)
{
	put_text(text, word);
	put_text(text, name);
	put_text(text, suffix);
	put_text(text, " ");
	put_text(text, what);
	put_text(text, "\n");
}

static void put_head(struct exposition *exposition)
{
	static const char *const types[][EXPOSITION_FORMATS] = {
		[FAMILY_COUNTER] = { "counter", "counter" },
		[FAMILY_GAUGE] = { "gauge", "gauge" },
		[FAMILY_HISTOGRAM] = { "histogram", "histogram" },
		[FAMILY_INFO] = { "gauge", "info" },
	};
	const struct family *family = exposition->family;
	bool open = exposition->format == EXPOSITION_OPENMETRICS;
	/* Prometheus' older format has the suffix in the family's name. */
	const char *suffix = open ? "" : suffix_of(family);

	if (exposition->headed)
		return;
	exposition->headed = true;
	put_line(&exposition->of, "# HELP ", family->name, suffix, family->help);
	put_line(&exposition->of, "# TYPE ", family->name, suffix,
		 types[family->type][exposition->format]);
	if (open && family->unit)
		put_line(&exposition->of, "# UNIT ", family->name, "", family->unit);
}

/* Whether there is room for so many series more. */
static bool add_series(struct exposition *exposition, uint64_t count)
{
	if (exposition->series + count > exposition->max_series) {
		exposition->left_out += count;
		return false;
	}
	exposition->series += count;
	put_head(exposition);
	return true;
}

/* A number as short as it is exact. */
static void put_number(struct growing_text *text, uint64_t value, unsigned int decimals)
{
	char number[NUMBER_SIZE + 1];
	size_t length = format_fixed(number, value, decimals);

	while (decimals && number[length - 1] == '0')
		length--;
	if (decimals && number[length - 1] == '.')
		length--;
	number[length++] = '\n';
	put_bytes(text, number, length);
}

static void put_sample(struct exposition *exposition, const char *suffix,
		       const struct labels *labels, const char *more)
{
	struct growing_text *text = &exposition->of;
	size_t size = labels ? labels->of.size : 0;

	put_text(text, exposition->family->name);
	put_text(text, suffix);
	if (size || *more) {
		put_text(text, "{");
		if (size)
			put_bytes(text, labels->of.text, size);
		put_text(text, size && *more ? "," : "");
		put_text(text, more);
		put_text(text, "}");
	}
	put_text(text, " ");
	text->failed |= labels && labels->of.failed;
}

void exposition__put(struct exposition *exposition, const struct labels *labels, uint64_t value,
		     unsigned int decimals)
{
	if (!add_series(exposition, 1))
		return;
	put_sample(exposition, suffix_of(exposition->family), labels, "");
	put_number(&exposition->of, value, decimals);
}

void exposition__count(struct exposition *exposition, const struct labels *labels, uint64_t value)
{
	exposition__put(exposition, labels, value, 0);
}

void exposition__seconds(struct exposition *exposition, const struct labels *labels, uint64_t ns)
{
	exposition__put(exposition, labels, ns, 9);
}

void exposition__ratio(struct exposition *exposition, const struct labels *labels, uint64_t mpct)
{
	exposition__put(exposition, labels, mpct, 5);
}

/* Every ns of it, in the form that Prometheus stores: 6.5536e-05. */
static const char *bound_text(struct exposition *exposition, uint32_t place, uint64_t ns)
{
	struct exposition_bound *bound =
		place < exposition->bounds.count ? &exposition->bounds.list[place] : NULL;

	if (bound && bound->ns == ns)
		return bound->text;
	if (!bound)
		bound = list_add(&exposition->bounds);
	if (!bound) {
		exposition->of.failed = true;
		return "";
	}
	bound->ns = ns;
	snprintf(bound->text, sizeof(bound->text), "le=\"%.12g\"",
		 (double)ns / (double)NSEC_PER_SEC);
	return bound->text;
}

void exposition__histogram(struct exposition *exposition, const struct labels *labels,
			   const struct exposition_histogram *histogram)
{
	uint64_t count = 0;

	if (!add_series(exposition, (uint64_t)histogram->bounds + 3))
		return;
	for (uint32_t i = 0; i <= histogram->bounds; i++) {
		count += histogram->counts[i];
		put_sample(exposition, "_bucket", labels,
			   i < histogram->bounds
				   ? bound_text(exposition, i, histogram->bounds_ns[i])
				   : "le=\"+Inf\"");
		put_number(&exposition->of, count, 0);
	}
	put_sample(exposition, "_count", labels, "");
	put_number(&exposition->of, count, 0);
	put_sample(exposition, "_sum", labels, "");
	put_number(&exposition->of, histogram->sum_ns, 9);
}

int exposition__end(struct exposition *exposition)
{
	if (exposition->format == EXPOSITION_OPENMETRICS)
		put_text(&exposition->of, "# EOF\n");
	return exposition->of.failed ? -ENOMEM : 0;
}

void exposition__free(struct exposition *exposition)
{
	growing_text__free(&exposition->of);
	list_free(&exposition->bounds);
}
