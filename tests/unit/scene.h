/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Views as text that a diff can be read in: "view" begins one, and each line after it is an
 * item of a set, its word, with NAME=VALUE for each field that is not 0 or empty. An array is
 * PLACE:NUMBER,... of the numbers that are not 0; in a text %HH is a character.
 */
#ifndef KVMQ_SCENE_H
#define KVMQ_SCENE_H

#include <ctype.h>
#include <inttypes.h>

#include "model/set.h"
#include "scene_line.h"

/* All sets of a view, and how large that is. */
struct scene_form {
	const struct set *const *sets;
	size_t set_count;
	size_t view_size;
};

static inline struct list *scene_list(const struct set *set, void *view)
{
	return (struct list *)((char *)view + set->list);
}

static inline const struct set *scene_set(const struct scene_form *form, const char *name)
{
	for (size_t i = 0; i < form->set_count; i++)
		if (!strcmp(form->sets[i]->name, name))
			return form->sets[i];
	die("no such set", name);
}

static inline void scene_read_array(const struct field *field, void *item, const char *text)
{
	while (*text) {
		char *end;
		uint64_t place = read_number(text, &end);

		if (*end != ':' || place >= field->count)
			die("no PLACE:NUMBER of this array", text);
		text = end + 1;
		field__put(field, item, (uint32_t)place, strtoull(text, &end, 10));
		if (end == text || (*end && *end != ','))
			die("no PLACE:NUMBER of this array", text);
		text = *end ? end + 1 : end;
	}
}

static inline void scene_read_field(const struct field *field, void *item, struct line *line)
{
	const char *value = get(line, field->name);
	char *end;

	if (!value)
		return;
	if (field->type == FIELD_TEXT) {
		get_text(line, field->name, (char *)item + field->offset, field->count);
	} else if (field->count > 1) {
		scene_read_array(field, item, value);
	} else {
		field__put(field, item, 0,
			   *value == '-' ? (uint64_t)strtoll(value, &end, 10)
					 : strtoull(value, &end, 10));
		if (end == value || *end)
			die("no number", value);
	}
}

/* Two sets of one list describe one item: the keys find it. */
static inline void *scene_item(const struct set *set, void *view, struct line *line)
{
	char *keys = calloc(1, set->size), *item = NULL;
	struct list *list = scene_list(set, view);

	if (!keys)
		die("no memory", set->name);
	for (uint32_t i = 0; i < set->key_count; i++)
		scene_read_field(&set->fields[i], keys, line);
	for (size_t i = 0; set->key_count && i < list->count && !item; i++)
		if (!set__compare(set, (char *)list->items + i * set->size, keys))
			item = (char *)list->items + i * set->size;
	if (!set->key_count && !set->events)
		item = (char *)view + set->list;
	else if (!item)
		item = list__add(list, set->size);
	if (!item)
		die("no memory", set->name);
	free(keys);
	return item;
}

static inline void scene_read_line(const struct scene_form *form, void *view, const char *word,
				   struct line *line)
{
	const struct set *set = scene_set(form, word);
	void *item = scene_item(set, view, line);

	for (uint32_t i = 0; i < set->field_count; i++)
		scene_read_field(&set->fields[i], item, line);
	line__check(line);
}

/* The views of a file, up to limit of them, one after the other in views. Returns how many. */
static inline size_t scene_read(const struct scene_form *form, FILE *file, void *views,
				size_t limit)
{
	char *text = NULL, *view = NULL;
	size_t size = 0, count = 0;

	memset(views, 0, form->view_size * limit);
	while (getline(&text, &size, file) >= 0) {
		struct line line;
		const char *word = line__split(&line, text);

		if (!word)
			continue;
		if (!strcmp(word, "view")) {
			if (count == limit)
				die("too many views", word);
			view = (char *)views + form->view_size * count++;
		} else if (!view) {
			die("before the first view", word);
		} else {
			scene_read_line(form, view, word, &line);
		}
	}
	free(text);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < form->set_count; j++)
			if (form->sets[j]->key_count)
				set__sort(form->sets[j],
					  scene_list(form->sets[j],
						     (char *)views + form->view_size * i));
	return count;
}

/* Of two sets that describe one list, the first frees it. */
static inline void scene_free(const struct scene_form *form, void *view)
{
	for (size_t i = 0; i < form->set_count; i++)
		if (form->sets[i]->key_count || form->sets[i]->events)
			list__free(scene_list(form->sets[i], view));
}

static inline void scene_write_text(FILE *file, const struct field *field, const void *item)
{
	const char *text = (const char *)item + field->offset;

	if (!*text)
		return;
	fprintf(file, " %s=", field->name);
	for (; *text; text++)
		if (isgraph((unsigned char)*text) && *text != '%')
			fputc(*text, file);
		else
			fprintf(file, "%%%02x", (unsigned char)*text);
}

static inline void scene_write_field(FILE *file, const struct field *field, const void *item,
				     bool is_key)
{
	bool any = false;

	if (field->type == FIELD_TEXT) {
		scene_write_text(file, field, item);
		return;
	}
	for (uint32_t i = 0; i < field->count; i++) {
		uint64_t number = field__get(field, item, i);

		if (!number && !is_key)
			continue;
		if (!any)
			fprintf(file, " %s=", field->name);
		if (field->count > 1)
			fprintf(file, "%s%" PRIu32 ":", any ? "," : "", i);
		if (field->type == FIELD_I32)
			fprintf(file, "%" PRId64, (int64_t)number);
		else
			fprintf(file, "%" PRIu64, number);
		any = true;
	}
}

static inline void scene_write_item(FILE *file, const struct set *set, const void *item)
{
	fputs(set->name, file);
	for (uint32_t i = 0; i < set->field_count; i++)
		scene_write_field(file, &set->fields[i], item, i < set->key_count);
	fputc('\n', file);
}

static inline void scene_write(const struct scene_form *form, FILE *file, const void *view)
{
	fputs("view\n", file);
	for (size_t i = 0; i < form->set_count; i++) {
		const struct set *set = form->sets[i];
		const struct list *list = (const struct list *)((const char *)view + set->list);

		if (!set->key_count && !set->events) {
			scene_write_item(file, set, (const char *)view + set->list);
			continue;
		}
		for (size_t j = 0; j < list->count; j++)
			scene_write_item(file, set, (const char *)list->items + j * set->size);
	}
}

#endif
