// SPDX-License-Identifier: GPL-2.0-only
/* The views of all scenes in tests/golden/ as bytes and back, whole and damaged. */
#include "unit.h"

#include <errno.h>
#include <glob.h>

#include "model/view_sets.h"
#include "scene.h"
#include "wire/reader.h"
#include "wire/writer.h"

#define VIEWS_MAX 4

static const struct {
	const char *begin;
	const struct set *const *sets;
} tools[] = { { "cpu-", cpu_sets },
	      { "exit-", exit_sets },
	      { "numa-", numa_sets },
	      { "io-", io_view_sets },
	      { "why-", all_sets } };

static const struct set *const *sets_of(const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		if (!strncmp(name, tools[i].begin, strlen(tools[i].begin)))
			return tools[i].sets;
	fail_msg("%s: no tool's", path);
	return NULL;
}

static void expect_same(const struct set *set, const struct view *got, const struct view *wanted,
			const char *path)
{
	const struct list *one = (const struct list *)((const char *)got + set->list),
			  *other = (const struct list *)((const char *)wanted + set->list);

	if (!set->key_count && !set->events) {
		if (!set__equal(set, one, other))
			fail_msg("%s: %s differs", path, set->name);
		return;
	}
	if (one->count != other->count)
		fail_msg("%s: %zu of %s, not %zu", path, one->count, set->name, other->count);
	for (size_t i = 0; i < one->count; i++)
		if (!set__equal(set, (char *)one->items + i * set->size,
				(char *)other->items + i * set->size))
			fail_msg("%s: item %zu of %s differs", path, i, set->name);
}

/* What is taken has no code that would index behind a table. */
static void expect_allowed(const struct set *set, const struct view *view)
{
	const struct list *list = (const struct list *)((const char *)view + set->list);
	const struct list one = { .items = (void *)list, .count = 1 };

	if (!set->key_count && !set->events)
		list = &one;
	for (size_t i = 0; i < list->count; i++)
		for (uint32_t j = 0; j < set->field_count; j++) {
			const struct field *field = &set->fields[j];
			const char *item = (char *)list->items + i * set->size;

			for (uint32_t k = 0; field->type != FIELD_TEXT && k < field->count; k++)
				assert_true(
					field__allows(field, (int64_t)field__get(field, item, k)));
			if (field->type == FIELD_TEXT)
				assert_true(strnlen(item + field->offset, field->count) <
					    field->count);
		}
}

/* Some bytes are others; the end may be missing. */
static void damage(struct wire_reader *reader, const struct scene_form *form,
		   const struct wire_frame *frame, struct view *view)
{
	for (int i = 0; i < 200; i++) {
		size_t size = frame->size - WIRE_HEAD;
		unsigned char *bytes = malloc(size);

		assert_non_null(bytes);
		memcpy(bytes, frame->bytes + WIRE_HEAD, size);
		for (int changes = 1 + rand() % 3; changes--;)
			bytes[(size_t)rand() % size] = (unsigned char)rand();
		if (rand() % 4 == 0)
			size = (size_t)rand() % size;
		if (!wire_reader__moment(reader, bytes, size, view))
			for (size_t j = 0; j < form->set_count; j++)
				expect_allowed(form->sets[j], view);
		free(bytes);
	}
}

static void check_view(struct wire_writer *writer, struct wire_reader *reader,
		       const struct scene_form *form, const struct view *view, const char *path)
{
	struct view got = { 0 };
	struct wire_frame *frame;

	assert_int_equal(wire_writer__moment(writer, view, &frame), 0);
	damage(reader, form, frame, &got); /* nothing of it stays */
	assert_int_equal(wire_reader__moment(reader, frame->bytes + WIRE_HEAD,
					     frame->size - WIRE_HEAD, &got),
			 0);
	for (size_t i = 0; i < form->set_count; i++)
		expect_same(form->sets[i], &got, view, path);
	view__free(&got);
	wire_frame__release(frame);
}

/* As a client that wants all sets reads what a server has of these. */
static void check_scene(const char *path)
{
	static const struct wire_about about = { "1", "boot", "kvm1", 1000000000 };
	struct scene_form form = { sets_of(path), 0, sizeof(struct view) };
	struct view *views = calloc(VIEWS_MAX, sizeof(*views));
	struct wire_writer *writer;
	struct wire_reader *reader;
	struct wire_frame *frame;
	FILE *file = fopen(path, "re");
	size_t count, all = 0;

	assert_true(views && file);
	while (form.sets[form.set_count])
		form.set_count++;
	while (all_sets[all])
		all++;
	count = scene_read(&form, file, views, VIEWS_MAX);
	fclose(file);
	assert_int_equal(wire_writer__open(&writer, form.sets, form.set_count), 0);
	assert_int_equal(wire_reader__open(&reader, all_sets, all), 0);
	assert_int_equal(wire_writer__tables(writer, &about, &frame), 0);
	assert_int_equal(
		wire_reader__tables(reader, frame->bytes + WIRE_HEAD, frame->size - WIRE_HEAD), 0);
	wire_frame__release(frame);
	for (size_t i = 0; i < count; i++) {
		check_view(writer, reader, &form, &views[i], path);
		view__free(&views[i]);
	}
	wire_writer__close(writer);
	wire_reader__close(reader);
	free(views);
}

static void test_scenes(void **state)
{
	glob_t scenes;

	(void)state;
	srand(1);
	assert_int_equal(glob("tests/golden/*.scene", 0, NULL, &scenes), 0);
	assert_true(scenes.gl_pathc > 10);
	for (size_t i = 0; i < scenes.gl_pathc; i++)
		check_scene(scenes.gl_pathv[i]);
	globfree(&scenes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenes),
	};

	return cmocka_run_group_tests_name("wire scenes", tests, NULL, NULL);
}
