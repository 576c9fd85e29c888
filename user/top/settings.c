// SPDX-License-Identifier: GPL-2.0-only
#include "top/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/output_file.h"
#include "base/text.h"
#include "base/units.h"

#define LINE_SIZE (COLUMNS_TEXT_SIZE + 64)
#define LINES_MAX 64

char *settings__path(void)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char *path = NULL, *end;

	if (config && *config == '/') {
		if (asprintf(&path, "%s/kvmq/top", config) < 0)
			return NULL;
	} else if (!home || *home != '/' || asprintf(&path, "%s/.config/kvmq/top", home) < 0) {
		return NULL;
	}
	for (end = strchr(path + 1, '/'); end; end = strchr(end + 1, '/')) {
		*end = '\0';
		mkdir(path, 0700); /* that it fails is said where the file is made */
		*end = '/';
	}
	return path;
}

/* "sort.c": the screen of that key, or the count. */
static size_t find_screen(const struct top *top, const char *name)
{
	size_t i = 0;

	while (i < top->screen_count && (top->screens[i].key != *name || !*name || name[1]))
		i++;
	return i;
}

static bool set_bool(bool *setting, const char *value)
{
	*setting = *value == '1';
	return (*value == '0' || *value == '1') && !value[1];
}

/* Those of one screen: false if that is no setting. */
static bool set_of_screen(struct top *top, const char *name, const char *screen, const char *value)
{
	size_t place = find_screen(top, screen);

	if (place == top->screen_count)
		return false;
	if (!strcmp(name, "columns"))
		return !top__set_columns(top, place, value);
	if (!strcmp(name, "sort"))
		return !top__set_sort(top, place, value, top->states[place].reverse);
	return !strcmp(name, "reverse") && set_bool(&top->states[place].reverse, value);
}

static bool set(struct top *top, char *line)
{
	char *value = strchr(line, '='), *screen = strchr(line, '.');

	if (!*line || *line == '#')
		return true;
	if (!value)
		return false;
	*value++ = '\0';
	if (screen && screen < value) {
		*screen++ = '\0';
		return set_of_screen(top, line, screen, value);
	}
	if (!strcmp(line, "busy"))
		return set_bool(&top->only_busy, value);
	if (!strcmp(line, "screen")) {
		top->screen = find_screen(top, value);
		return top->screen < top->screen_count;
	}
	return false;
}

static int read_lines(struct top *top, FILE *file, const char *path)
{
	char line[LINE_SIZE], clean[LINE_SIZE];

	for (unsigned int number = 1; fgets(line, sizeof(line), file); number++) {
		size_t length = strcspn(line, "\n");

		line[length] = '\0';
		text_clean(clean, sizeof(clean), line);
		if (number <= LINES_MAX && set(top, line))
			continue;
		log_error(
			"'%s', line %u: '%.60s' is no setting of kvmq-top: mend it, or remove the "
			"file",
			path, number, clean);
		return -EINVAL;
	}
	return 0;
}

/* All as it is without the file. */
static void set_usual(struct top *top)
{
	top->screen = 0;
	top->only_busy = false;
	for (size_t i = 0; i < top->screen_count; i++) {
		top__set_columns(top, i, "");
		top__set_sort(top, i, top->screens[i].sort, false);
	}
}

int settings__read(struct top *top, const char *path)
{
	FILE *file = fopen(path, "re");
	int error;

	if (!file && errno == ENOENT)
		return 0;
	if (!file) {
		error = -errno;
		log_error("'%s': %s: see to it, or remove the file", path, strerror(-error));
		return error;
	}
	log_keep_errors(true); /* of a column that there is not: the line is named below */
	error = read_lines(top, file, path);
	log_keep_errors(false);
	fclose(file);
	if (error) {
		set_usual(top);
		log_error("%s", log_kept());
	}
	return error;
}

static void write_lines(const struct top *top, FILE *file)
{
	fprintf(file, "# Written by kvmq-top when it ends.\nscreen=%c\nbusy=%d\n",
		top->screens[top->screen].key, top->only_busy);
	for (size_t i = 0; i < top->screen_count; i++) {
		const struct screen_state *state = &top->states[i];
		char key = top->screens[i].key;

		if (*state->columns_text)
			fprintf(file, "columns.%c=%s\n", key, state->columns_text);
		fprintf(file, "sort.%c=%s\n", key,
			state->sort->key ? state->sort->key : state->sort->header);
		if (state->reverse)
			fprintf(file, "reverse.%c=1\n", key);
	}
}

int settings__hold(const char *path)
{
	int fd;

	log_keep_errors(true); /* the screen shows it */
	fd = output_file__hold("settings", path);
	log_keep_errors(false);
	return fd;
}

int settings__write(const struct top *top, int fd, const char *path)
{
	FILE *file = ftruncate(fd, 0) ? NULL : fdopen(fd, "w");
	int error = 0;

	if (file) {
		write_lines(top, file);
		error = ferror(file) ? -EIO : 0;
	} else {
		close(fd);
	}
	if (!file || fclose(file) || error) {
		log_error("settings: '%s': not written: make room", path);
		return -EIO;
	}
	return 0;
}
