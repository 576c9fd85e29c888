// SPDX-License-Identifier: GPL-2.0-only
/* The options of a VMM's command line that have to do with disks. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/disk_internal.h"

#define LEVELS_MAX 16
#define KEY_SIZE 256
#define OPTIONS_MAX 2048 /* each is looked for among all */

/* What an option looks like, less the one or two dashes before it. */
static const struct form {
	const char *name;
	enum option_kind kind;
	const char *implied; /* the key that the first item may do without */
} forms[] = {
	{ "drive", OPTION_DRIVE, NULL },       { "blockdev", OPTION_BLOCKDEV, "driver" },
	{ "device", OPTION_DEVICE, "driver" }, { "chardev", OPTION_CHARDEV, "backend" },
	{ "machine", OPTION_MACHINE, "type" }, { "M", OPTION_MACHINE, "type" },
	{ "disk", OPTION_DISK, "path" },       { "block", OPTION_DISK, "path" },
	{ "rwdisk", OPTION_DISK, "path" },
};

/* Options whose value is a file and nothing but a file: no comma in it is doubled. */
static const struct shortcut {
	const char *name;
	const char *index;
	const char *media;
} shortcuts[] = {
	{ "hda", "0", "disk" }, { "hdb", "1", "disk" },	   { "hdc", "2", "disk" },
	{ "hdd", "3", "disk" }, { "cdrom", "2", "cdrom" },
};

static bool set(json_t *values, const char *key, const char *text, size_t length)
{
	/* Paths need not be UTF-8. */
	return !json_object_set_new_nocheck(values, key, json_stringn_nocheck(text, length));
}

/*
 * One "key=value" up to a comma, which is doubled inside; in the command lines of others than
 * QEMU, quotes hide it. There is room in value for all of the text. Returns where the next item
 * begins, or the end.
 */
static const char *read_item(json_t *values, const char *text, char *value, const char *implied,
			     bool quotes)
{
	char key[KEY_SIZE] = "";
	size_t key_length = strcspn(text, "=,"), length = 0;
	bool has_key = text[key_length] == '=', quoted = false;
	const char *c = has_key ? text + key_length + 1 : text;

	for (; *c && (*c != ',' || quoted || (!quotes && c[1] == ',')); c++) {
		if (quotes && *c == '"') {
			quoted = !quoted;
			continue;
		}
		c += *c == ',' && !quoted;
		value[length++] = *c;
	}
	value[length] = '\0';
	if (has_key)
		snprintf(key, sizeof(key), "%.*s", (int)key_length, text);
	else if (implied)
		snprintf(key, sizeof(key), "%s", implied);
	else if (length < sizeof(key))
		snprintf(key, sizeof(key), "%s", value);
	/* A key alone is a switch. */
	if (key[0] && !(has_key && key_length >= sizeof(key)))
		set(values, key, has_key || implied ? value : "on",
		    has_key || implied ? length : strlen("on"));
	return c + (*c == ',');
}

static json_t *read_items(const char *text, const char *implied, bool quotes)
{
	json_t *values = json_object();
	char *value = malloc(strlen(text) + 1);

	while (values && value && *text) {
		text = read_item(values, text, value, implied, quotes);
		implied = NULL;
	}
	free(value);
	return values;
}

/* Adds a value under the name of what it stood in. Of a name that is too long nothing is wanted. */
static void move_up(json_t *to, const char *prefix, const char *name, json_t *value)
{
	char key[KEY_SIZE];

	if ((size_t)snprintf(key, sizeof(key), "%s.%s", prefix, name) < sizeof(key))
		json_object_set_nocheck(to, key, value);
}

static void add_text(json_t *values, const char *key, const json_t *value)
{
	char text[32];

	if (json_is_string(value)) {
		set(values, key, json_string_value(value), json_string_length(value));
		return;
	}
	if (json_is_integer(value))
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		snprintf(text, sizeof(text), "%s", json_is_true(value) ? "on" : "off");
	else
		return; /* null stands for nothing, and no option of a disk's is a fraction */
	set(values, key, text, strlen(text));
}

/* Adds all that is in an object or an array. */
static void move_all_up(json_t *to, const char *prefix, json_t *from)
{
	const char *name;
	json_t *value;
	char number[32];
	size_t i;

	json_object_foreach(from, name, value)
	{
		move_up(to, prefix, name, value);
	}
	json_array_foreach(from, i, value)
	{
		snprintf(number, sizeof(number), "%zu", i);
		move_up(to, prefix, number, value);
	}
}

/* A copy with one level less, or NULL; *levels: whether there are any left. */
static json_t *flatten(json_t *from, bool *levels)
{
	json_t *values = json_object(), *value;
	const char *key;

	*levels = false;
	json_object_foreach(values ? from : NULL, key, value)
	{
		if (json_is_object(value) || json_is_array(value)) {
			*levels = true;
			move_all_up(values, key, value);
		} else {
			add_text(values, key, value);
		}
	}
	return values;
}

json_t *options__from_json(const char *text)
{
	json_t *values = json_loads(text, 0, NULL), *flat;
	bool levels = json_is_object(values);

	if (!levels) {
		json_decref(values);
		return NULL;
	}
	for (int level = 0; values && levels && level < LEVELS_MAX; level++) {
		flat = flatten(values, &levels);
		json_decref(values);
		values = flat;
	}
	if (!levels)
		return values;
	json_decref(values); /* too deep: some values are no strings yet */
	return NULL;
}

static int add(struct options *options, enum option_kind kind, json_t *values)
{
	size_t count = options->count;
	void *list = options->list;

	if (!values) {
		options->refused++;
		return 0;
	}
	if (count == OPTIONS_MAX) {
		json_decref(values);
		return -E2BIG;
	}
	if (!(count & (count - 1)))
		list = reallocarray(list, count ? count * 2 : 1, sizeof(*options->list));
	if (!list) {
		json_decref(values);
		return -ENOMEM;
	}
	options->list = list;
	options->list[options->count++] = (struct option){ .kind = kind, .values = values };
	return 0;
}

static const struct form *find_form(const char *name)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (!strcmp(forms[i].name, name))
			return &forms[i];
	return NULL;
}

static const struct shortcut *find_shortcut(const char *name)
{
	for (size_t i = 0; i < sizeof(shortcuts) / sizeof(shortcuts[0]); i++)
		if (!strcmp(shortcuts[i].name, name))
			return &shortcuts[i];
	return NULL;
}

static int add_shortcut(struct options *options, const struct shortcut *shortcut, const char *file)
{
	json_t *values = json_object();

	if (!values)
		return -ENOMEM;
	set(values, "file", file, strlen(file));
	set(values, "index", shortcut->index, strlen(shortcut->index));
	set(values, "media", shortcut->media, strlen(shortcut->media));
	return add(options, OPTION_DRIVE, values);
}

static int add_form(struct options *options, const struct form *form, const char *text)
{
	json_t *values;

	if (*text == '{')
		values = options__from_json(text);
	else
		values = read_items(text, form->implied, form->kind == OPTION_DISK);
	return add(options, form->kind, values);
}

/* The argument after one, or NULL: there is none, or its end is cut off. */
static const char *next_argument(const char *argument, const char *end)
{
	const char *next = argument + strlen(argument) + 1;

	return next < end && memchr(next, '\0', (size_t)(end - next)) ? next : NULL;
}

/* cloud-hypervisor takes many disks after one --disk. */
static const char *read_disks(struct options *options, const struct form *form,
			      const char *argument, const char *end, int *error)
{
	const char *value = next_argument(argument, end);

	for (; value && *value != '-' && !*error; value = next_argument(value, end)) {
		*error = add_form(options, form, value);
		argument = value;
	}
	return argument;
}

/* Returns the last argument that belongs to this one. */
static const char *read_argument(struct options *options, const char *argument, const char *end,
				 int *error)
{
	const char *name = argument + 1 + (argument[1] == '-');
	const char *equals = strchr(name, '=');
	const char *value = next_argument(argument, end);
	const struct shortcut *shortcut = find_shortcut(name);
	const struct form *form = find_form(name);

	if (!strncmp(name, "disk=", 5) || !strncmp(name, "block=", 6)) {
		*error = add_form(options, find_form("disk"), equals + 1);
		return argument;
	}
	if (form && form->kind == OPTION_DISK)
		return read_disks(options, form, argument, end, error);
	if (!value || (!form && !shortcut))
		return argument;
	*error = form ? add_form(options, form, value) : add_shortcut(options, shortcut, value);
	return value;
}

int options__read(struct options *options, const char *cmdline, size_t size)
{
	const char *end = cmdline + size, *argument = cmdline;
	int error = 0;

	*options = (struct options){ 0 };
	if (!size || !memchr(cmdline, '\0', size))
		return 0;
	while ((argument = next_argument(argument, end)) && !error)
		if (*argument == '-')
			argument = read_argument(options, argument, end, &error);
	if (error)
		options__free(options);
	return error;
}

void options__free(struct options *options)
{
	for (size_t i = 0; i < options->count; i++)
		json_decref(options->list[i].values);
	free(options->list);
	*options = (struct options){ 0 };
}

const char *option__get(const json_t *values, const char *prefix, const char *key)
{
	char name[KEY_SIZE];

	if ((size_t)snprintf(name, sizeof(name), "%s%s", prefix, key) >= sizeof(name))
		return NULL;
	return json_string_value(json_object_get(values, name));
}

bool option__is_on(const json_t *values, const char *prefix, const char *key)
{
	const char *value = option__get(values, prefix, key);

	return value && (!strcmp(value, "on") || !strcmp(value, "true") || !strcmp(value, "yes"));
}

json_t *options__find(const struct options *options, enum option_kind kind, const char *key,
		      const char *value)
{
	for (size_t i = 0; i < options->count; i++) {
		const struct option *option = &options->list[i];
		const char *is;

		if (option->kind != kind)
			continue;
		is = json_string_value(json_object_get(option->values, key));
		if (is && !strcmp(is, value))
			return option->values;
	}
	return NULL;
}
