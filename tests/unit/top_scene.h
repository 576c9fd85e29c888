/* SPDX-License-Identifier: GPL-2.0-only */
/* kvmq-top without a terminal: two views of a scene, keys, and the page that they come to. */
#ifndef KVMQ_TOP_SCENE_H
#define KVMQ_TOP_SCENE_H

#include "cmd/top_screens.h"
#include "model/view_sets.h"
#include "scene.h"
#include "top/top.h"

#define TOP_VIEWS 2

struct top_scene {
	struct view views[TOP_VIEWS];
	struct top top;
};

static inline void top_scene__open(struct top_scene *scene, const char *path,
				   const struct set *const *sets)
{
	struct scene_form form = { sets, 0, sizeof(struct view) };
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	while (form.sets[form.set_count])
		form.set_count++;
	assert_int_equal(scene_read(&form, file, scene->views, TOP_VIEWS), TOP_VIEWS);
	fclose(file);
	assert_int_equal(top__init(&scene->top, top_screens, top_screen_count, top_panes), 0);
	scene->top.utc = true;
	scene->top.time.follow = true;
	assert_int_equal(
		top__show(&scene->top, &scene->views[0], &scene->views[0], &scene->views[1]), 0);
}

static inline void top_scene__close(struct top_scene *scene)
{
	top__free(&scene->top);
	for (int i = 0; i < TOP_VIEWS; i++)
		view__free(&scene->views[i]);
}

/* A word between "<" and ">" is a key that is no character. */
static inline void top_scene__type(struct top *top, const char *keys)
{
	static const struct {
		const char *name;
		int key;
	} names[] = {
		{ "<up>", TOP_KEY_UP },		  { "<down>", TOP_KEY_DOWN },
		{ "<enter>", TOP_KEY_ENTER },	  { "<escape>", TOP_KEY_ESCAPE },
		{ "<home>", TOP_KEY_HOME },	  { "<end>", TOP_KEY_END },
		{ "<pgdn>", TOP_KEY_PAGE_DOWN },  { "<pgup>", TOP_KEY_PAGE_UP },
		{ "<erase>", TOP_KEY_BACKSPACE },
	};

	while (*keys) {
		size_t i = 0;

		while (i < ARRAY_SIZE(names) && strncmp(keys, names[i].name, strlen(names[i].name)))
			i++;
		top__press(top, i < ARRAY_SIZE(names) ? names[i].key : (unsigned char)*keys);
		assert_int_equal(top->error, 0);
		keys += i < ARRAY_SIZE(names) ? strlen(names[i].name) : 1;
	}
}

/* The page with words for its styles. free() it. */
static inline char *top_scene__page(struct top *top)
{
	static const char *const names[] = { "",	 "<look>",  "<act>", "<header>",
					     "<sorted>", "<title>", "<dim>", "<end>" };
	struct page page = { .text = NULL };
	struct memory memory;

	if (top__needs_series(top)) {
		assert_int_equal(top__begin_series(top), 0);
		if (!series__has(&top->series, top->after->sched.realtime_ns))
			assert_int_equal(series__add(&top->series, top->before, top->after), 0);
	}
	assert_int_equal(top__draw(top, &page), 0);
	memory_open(&memory);
	for (const char *at = page.text; *at; at++)
		if (*at == *PAGE_SELECTED)
			fputs("<selected>", memory.file);
		else if ((size_t)*at < ARRAY_SIZE(names))
			fputs(names[(size_t)*at], memory.file);
		else
			putc(*at, memory.file);
	page__free(&page);
	return memory_close(&memory);
}

#endif
