// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/diff_scores.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define LINE_SIZE 256
#define LINES_MAX 1024

static enum direction direction_of(const char *unit)
{
	static const char *const times[] = { "ns", "us", "ms", "s" };
	size_t length = strlen(unit);

	if (length >= 2 && !strcmp(unit + length - 2, "/s"))
		return MORE_IS_BETTER;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (!strcmp(unit, times[i]))
			return LESS_IS_BETTER;
	return NEITHER_IS_BETTER;
}

/* Whether a line is one; blank, and a comment, too. */
static int read_line(struct figure_table *table, const char *line, enum side side, size_t run)
{
	char name[FIGURE_NAME_SIZE], number[64], unit[FIGURE_UNIT_SIZE], rest[2];
	struct figure_key key = { "", name, unit, NEITHER_IS_BETTER };
	double value;
	char *end;

	if (line[strspn(line, " \t\r\n")] == '\0' || *line == '#')
		return 0;
	if (sscanf(line, "%95s %63s %15s %1s", name, number, unit, rest) != 3)
		return -EINVAL;
	value = strtod(number, &end);
	if (*end || !isfinite(value))
		return -EINVAL;
	key.direction = direction_of(unit);
	return figure_table__put(table, &key, side, run, value);
}

static int read_lines(struct figure_table *table, const char *path, FILE *file, enum side side,
		      size_t run)
{
	char line[LINE_SIZE];
	int error = 0;
	size_t number = 0;

	while (!error && fgets(line, sizeof(line), file)) {
		error = ++number > LINES_MAX ? -E2BIG : read_line(table, line, side, run);
		if (error == -EINVAL)
			log_error("--score: '%s', line %zu: expected NAME VALUE UNIT", path,
				  number);
		else if (error)
			log_error("--score: '%s', line %zu: too many: leave some out", path,
				  number);
	}
	if (!error && ferror(file)) {
		error = -EIO;
		log_error("--score: '%s': cannot be read: give another file", path);
	}
	return error;
}

int diff_scores__read(struct figure_table *table, const struct diff_options *options)
{
	int error = 0;

	for (size_t i = 0; i < options->score_count && !error; i++) {
		bool is_a = i < options->a_count;
		FILE *file = fopen(options->scores[i], "re");

		if (!file) {
			error = -errno;
			log_error("--score: '%s': %s: %s", options->scores[i], strerror(errno),
				  remedy(errno, "give another file"));
			break;
		}
		error = read_lines(table, options->scores[i], file, is_a ? SIDE_A : SIDE_B,
				   is_a ? i : i - options->a_count);
		fclose(file);
	}
	return error;
}
