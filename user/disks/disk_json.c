// SPDX-License-Identifier: GPL-2.0-only
/* An option that is JSON, as QEMU takes it: its values without levels. */
#include <stdio.h>
#include <string.h>

#include "disks/disk_internal.h"

#define LEVELS_MAX 16

bool option__set(json_t *values, const char *key, const char *text, size_t length)
{
	/* Paths need not be UTF-8. */
	return !json_object_set_new_nocheck(values, key, json_stringn_nocheck(text, length));
}

/* Adds a value under the full name of its place. Names that are too long are not needed. */
static void move_up(json_t *to, const char *prefix, const char *name, json_t *value)
{
	char key[OPTION_KEY_SIZE];

	if ((size_t)snprintf(key, sizeof(key), "%s.%s", prefix, name) < sizeof(key))
		json_object_set_nocheck(to, key, value);
}

static void add_text(json_t *values, const char *key, const json_t *value)
{
	char text[32];

	if (json_is_string(value)) {
		option__set(values, key, json_string_value(value), json_string_length(value));
		return;
	}
	if (json_is_integer(value))
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		snprintf(text, sizeof(text), "%s", json_is_true(value) ? "on" : "off");
	else
		return; /* null means nothing, and no option of a disk is a fraction */
	option__set(values, key, text, strlen(text));
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

/* A copy with one level less, or NULL; *levels: whether any are left. */
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
