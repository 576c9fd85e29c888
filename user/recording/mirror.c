// SPDX-License-Identifier: GPL-2.0-only
#include "recording/mirror.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "recording/database.h"
#include "recording/layout.h"

/* Tables, then columns of every table. */
static const char *const taken[] = { "runs", "fields", "incidents", "row",  "moment",
				     "id",   "run",    "whole",	    "here", "changes" };

static bool is_taken(const char *name, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (!strcasecmp(taken[i], name))
			return true;
	return false;
}

/* A name that can be used in SQL as it is. */
static bool is_name(const char *name)
{
	if (!isalpha((unsigned char)*name))
		return false;
	while (isalnum((unsigned char)*name) || *name == '_')
		name++;
	return !*name;
}

/* As another tier's table of a set with a shorter name. */
static bool ends_as_tier(const char *name)
{
	size_t length = strlen(name);

	for (uint32_t tier = 1; tier < LAYOUT_TIERS; tier++) {
		size_t ending = strlen(layout__suffix(tier));

		if (length > ending && !strcasecmp(name + length - ending, layout__suffix(tier)))
			return true;
	}
	return false;
}

static const char *field_fault(const struct set *set, uint32_t place, bool is_moments)
{
	const struct field *field = &set->fields[place];
	bool is_key = field->kind == FIELD_KEY;

	if (!is_name(field->name))
		return "a field's name is no word";
	if (is_moments ? is_taken(field->name, 5, 8)
		       : is_taken(field->name, 3, 5) || is_taken(field->name, 8, 10))
		return "a field's name is that of a column of every table";
	if (is_key != (place < set->key_count))
		return "its keys are not its first fields";
	if (is_key && field__is_array(field))
		return "a key is an array";
	for (uint32_t i = 0; i < place; i++)
		if (!strcasecmp(set->fields[i].name, field->name))
			return "two fields have one name";
	return NULL;
}

static const char *moments_fault(const struct set *set)
{
	if (strcmp(set->name, LAYOUT_MOMENTS) != 0 || set->key_count || set->events)
		return "the first is to be the moments, and one item";
	return set__field(set, "realtime_ns") ? NULL : "there is no realtime_ns";
}

/* A bulk set's changes name items by their places in its list. */
static const char *bulk_fault(const struct recording_info *info, const struct set *set)
{
	if (!set->key_count)
		return "it is bulk and has no keys";
	for (uint32_t i = 0; i < info->set_count; i++)
		if (info->sets[i] != set && info->sets[i]->key_count &&
		    info->sets[i]->list == set->list)
			return "it is bulk and shares its list";
	return NULL;
}

/* Why a set cannot be recorded: a mistake in the program. */
static const char *set_fault(const struct recording_info *info, uint32_t place)
{
	const struct set *set = info->sets[place];
	const char *fault = NULL;

	if (!place)
		fault = moments_fault(set);
	if (!is_name(set->name) || is_taken(set->name, 0, 3) || ends_as_tier(set->name))
		return "its name cannot be a table's";
	for (uint32_t i = 0; i < place; i++)
		if (!strcasecmp(info->sets[i]->name, set->name))
			return "two sets have one name";
	for (uint32_t i = 0; i < set->field_count && !fault; i++)
		fault = field_fault(set, i, !place);
	if (!fault && set->bulk)
		fault = bulk_fault(info, set);
	return fault;
}

static bool same_keys(const struct set *a, const struct set *b)
{
	if (a->key_count != b->key_count || a->size != b->size)
		return false;
	for (uint32_t i = 0; i < a->key_count; i++)
		if (a->fields[i].offset != b->fields[i].offset ||
		    a->fields[i].type != b->fields[i].type ||
		    a->fields[i].count != b->fields[i].count)
			return false;
	return true;
}

/* Sets the part of one set: false if it has other keys than another of this list. */
static bool set_part(struct mirror *mirror, uint32_t place)
{
	const struct set *set = mirror->sets[place];
	enum part *part = &mirror->parts[place];

	if (set->events)
		*part = PART_EVENTS;
	else
		*part = set->key_count ? PART_LIST : PART_ONE;
	for (uint32_t i = 0; i < place && *part == PART_LIST; i++) {
		if (mirror->parts[i] != PART_LIST || mirror->sets[i]->list != set->list)
			continue;
		*part = PART_AGAIN;
		return same_keys(mirror->sets[i], set);
	}
	return true;
}

/* Where the described fields end, from the item's beginning. */
static size_t fields_end(const struct set *set)
{
	size_t end = 0;

	for (uint32_t i = 0; i < set->field_count; i++) {
		const struct field *field = &set->fields[i];
		size_t field_end = field->offset + (size_t)field->count * FIELD_SIZE(field->type);

		end = field_end > end ? field_end : end;
	}
	return end;
}

static bool make_room(struct mirror *mirror)
{
	size_t view_size = sizeof(struct list), item_size = sizeof(uint64_t); /* at least */

	for (uint32_t i = 0; i < mirror->set_count; i++) {
		const struct set *set = mirror->sets[i];
		bool is_one = mirror->parts[i] == PART_ONE;
		size_t here = is_one ? fields_end(set) : sizeof(struct list);
		size_t size = is_one ? fields_end(set) : set->size;

		view_size = set->list + here > view_size ? set->list + here : view_size;
		item_size = size > item_size ? size : item_size;
	}
	mirror->view = calloc(1, view_size);
	mirror->before = calloc(1, view_size);
	mirror->nothing = calloc(1, item_size);
	return mirror->view && mirror->before && mirror->nothing;
}

int mirror__init(struct mirror *mirror, const struct recording_info *info, const char *path)
{
	*mirror = (struct mirror){ .sets = info->sets, .set_count = info->set_count };
	mirror->parts = calloc(info->set_count, sizeof(*mirror->parts));
	if (!mirror->parts)
		return database__no_memory(info->option, path);
	for (uint32_t i = 0; i < info->set_count; i++) {
		const char *fault = set_fault(info, i);

		if (!fault && !set_part(mirror, i))
			fault = "another set of its list has other keys";
		if (!fault)
			continue;
		log_error("%s: set '%s': %s: tell kvmq's authors", info->option,
			  info->sets[i]->name, fault);
		return -EINVAL;
	}
	return make_room(mirror) ? 0 : database__no_memory(info->option, path);
}

static bool has_list(const struct mirror *mirror, uint32_t place)
{
	return mirror->parts[place] == PART_LIST || mirror->parts[place] == PART_EVENTS;
}

void mirror__free(struct mirror *mirror)
{
	for (uint32_t i = 0; i < mirror->set_count && mirror->view; i++)
		if (has_list(mirror, i))
			list__free(mirror_place(mirror->sets[i], mirror->view));
	free(mirror->parts);
	free(mirror->view);
	free(mirror->before);
	free(mirror->nothing);
	*mirror = (struct mirror){ 0 };
}

void mirror__copy_item(const struct set *set, void *item, const void *from)
{
	for (uint32_t i = 0; i < set->field_count; i++)
		field__copy(&set->fields[i], item, from);
}

void mirror__clear(struct mirror *mirror)
{
	for (uint32_t i = 0; i < mirror->set_count; i++) {
		const struct set *set = mirror->sets[i];

		if (mirror->parts[i] == PART_ONE)
			mirror__copy_item(set, mirror_place(set, mirror->view), mirror->nothing);
		else if (has_list(mirror, i))
			((struct list *)mirror_place(set, mirror->view))->count = 0;
	}
}

void mirror__turn(struct mirror *mirror)
{
	const struct set *set = mirror->sets[0];

	mirror__copy_item(set, mirror_place(set, mirror->before), mirror_place(set, mirror->view));
}

static void age_list(const struct mirror *mirror, const struct set *set)
{
	const struct list *list = mirror_place(set, mirror->view);

	for (size_t i = 0; i < list->count; i++)
		set->age((char *)list->items + i * set->size, mirror->before, mirror->view);
}

void mirror__age(struct mirror *mirror)
{
	for (uint32_t i = 1; i < mirror->set_count; i++) {
		const struct set *set = mirror->sets[i];

		if (mirror->parts[i] == PART_EVENTS)
			((struct list *)mirror_place(set, mirror->view))->count = 0;
		else if (set->age && mirror->parts[i] == PART_ONE)
			set->age(mirror_place(set, mirror->view), mirror->before, mirror->view);
		else if (set->age)
			age_list(mirror, set);
	}
}

int mirror__copy(const struct mirror *mirror, void *view)
{
	int error = 0;

	for (uint32_t i = 0; i < mirror->set_count && !error; i++) {
		const struct set *set = mirror->sets[i];
		void *to = mirror_place(set, view);

		if (mirror->parts[i] == PART_ONE)
			mirror__copy_item(set, to, mirror_place(set, mirror->view));
		else if (has_list(mirror, i))
			error = list__copy(to, mirror_place(set, mirror->view), set->size);
	}
	return error;
}
