/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines of a text file that describes a scene: a word and NAME=VALUE pairs; %HH in a value is a
 * character, # begins a comment. What is wrong with one ends the process.
 */
#ifndef KVMQ_SCENE_LINE_H
#define KVMQ_SCENE_LINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS 1000000ULL
#define PAIRS_MAX 24
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

struct pair {
	char *name, *value;
	bool used;
};

struct line {
	struct pair pairs[PAIRS_MAX];
	size_t count;
};

static inline void __attribute__((noreturn)) die(const char *what, const char *text)
{
	fprintf(stderr, "scene: %s: '%s'\n", what, text);
	exit(2);
}

/* NULL: it is not there. */
static const char *get(struct line *line, const char *name)
{
	for (size_t i = 0; i < line->count; i++) {
		if (strcmp(line->pairs[i].name, name) != 0)
			continue;
		line->pairs[i].used = true;
		return line->pairs[i].value;
	}
	return NULL;
}

static inline void get_text(struct line *line, const char *name, char *target, size_t size)
{
	const char *value = get(line, name);

	if (value && snprintf(target, size, "%s", value) >= (int)size)
		die("too long", value);
}

static inline uint64_t read_number(const char *text, char **end)
{
	uint64_t number = strtoull(text, end, 10);

	if (*end == text)
		die("no number", text);
	return number;
}

/* %HH is a character, in place. */
static inline void decode(char *text)
{
	char *to = text;
	unsigned int code;

	for (; *text; text++) {
		if (*text == '%' && sscanf(text + 1, "%2x", &code) == 1) {
			*to++ = (char)code;
			text += 2;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* Divides a line, whose text it changes. Returns its word, or NULL: it has none. */
static inline const char *line__split(struct line *line, char *text)
{
	char *rest, *word = strtok_r(text, " \t\n", &rest), *pair;

	line->count = 0;
	if (!word || *word == '#')
		return NULL;
	while ((pair = strtok_r(NULL, " \t\n", &rest))) {
		char *value = strchr(pair, '=');

		if (!value || line->count == PAIRS_MAX)
			die("no NAME=VALUE, or too many", pair);
		*value++ = '\0';
		decode(value);
		line->pairs[line->count++] = (struct pair){ pair, value, false };
	}
	return word;
}

/* A name that nobody has asked for is a mistake. */
static inline void line__check(const struct line *line)
{
	for (size_t i = 0; i < line->count; i++)
		if (!line->pairs[i].used)
			die("no such name here", line->pairs[i].name);
}

#endif
