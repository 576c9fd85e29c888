// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows are made of two views and nothing else: of each scene in tests/golden/, the same each
 * time, in any order, of copies, and of what a recording has kept.
 */
#include "unit.h"

#include <glob.h>

#include "base/log.h"
#include "cmd/io_metrics.h"
#include "model/view_sets.h"
#include "recording/recorder.h"
#include "recording/recording.h"
#include "render/bars.h"
#include "render/json.h"
#include "render/layers.h"
#include "scene.h"

#define SCENES_MAX 16
#define SETS (IO_SETS + 3) /* a view has those of a moment, the host and shares, too */

static const struct scene_form form = { io_view_sets, SETS, sizeof(struct view) };
static struct scene {
	struct view views[2];
} scenes[SCENES_MAX];
static size_t scene_count;

static const enum group_by groups[] = { BY_VM, BY_DEVICE };

/* All that a row says, of all rows, as text to be freed. */
static char *say(const struct io_rows *rows)
{
	json_t *array = json_array();
	char *text;

	for (size_t i = 0; i < rows->count; i++) {
		json_t *one = json__row(&io_metrics, &rows->list[i]);

		json_object_set_new(one, "layers", bars__json(&io_metrics, &rows->list[i]));
		json_array_append_new(array, one);
	}
	text = json_dumps(array, JSON_INDENT(1));
	json_decref(array);
	assert_non_null(text);
	return text;
}

static char *make(struct io_rows *rows, enum group_by by, const struct view views[2])
{
	assert_int_equal(io_rows__make(rows, by, &views[0], &views[1]), 0);
	return say(rows);
}

static void read_file(const char *path, struct view views[2])
{
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	assert_int_equal(scene_read(&form, file, views, 2), 2);
	fclose(file);
}

static int set_up(void **state)
{
	glob_t files;

	(void)state;
	log_init("test", false);
	assert_int_equal(glob("tests/golden/io-*.scene", 0, NULL, &files), 0);
	assert_true(files.gl_pathc >= 6 && files.gl_pathc <= SCENES_MAX);
	for (; scene_count < files.gl_pathc; scene_count++)
		read_file(files.gl_pathv[scene_count], scenes[scene_count].views);
	globfree(&files);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < scene_count; i++)
		for (int j = 0; j < 2; j++)
			view__free(&scenes[i].views[j]);
	return 0;
}

/* Twice, and after all others, in rows that were theirs. */
static void test_order(void **state)
{
	char *wanted[SCENES_MAX][ARRAY_SIZE(groups)];
	struct io_rows rows = { 0 };

	(void)state;
	for (size_t i = 0; i < scene_count; i++) {
		for (size_t by = 0; by < ARRAY_SIZE(groups); by++) {
			struct io_rows own = { 0 };
			char *again;

			wanted[i][by] = make(&own, groups[by], scenes[i].views);
			again = make(&own, groups[by], scenes[i].views);
			assert_string_equal(again, wanted[i][by]);
			free(again);
			io_rows__free(&own);
		}
	}
	for (size_t i = scene_count; i--;) {
		for (size_t by = ARRAY_SIZE(groups); by--;) {
			char *text = make(&rows, groups[by], scenes[i].views);

			assert_string_equal(text, wanted[i][by]);
			free(text);
			free(wanted[i][by]);
		}
	}
	io_rows__free(&rows);
}

/* NULL: it is of the view itself. */
static struct list *list_of(struct view *view, int set)
{
	const struct set *of = io_view_sets[set];

	return of->key_count || of->events ? (struct list *)((char *)view + of->list) : NULL;
}

static void copy_view(struct view *copy, const struct view *view)
{
	*copy = *view;
	for (int set = 0; set < SETS; set++) {
		struct list *list = list_of(copy, set), from;

		if (!list)
			continue;
		from = *list;
		*list = (struct list){ 0 };
		assert_int_equal(list__copy(list, &from, io_view_sets[set]->size), 0);
	}
}

/* Nothing in a view leads to another one: that one's memory is spoilt. */
static void spoil(struct view *view)
{
	for (int set = 0; set < SETS; set++) {
		struct list *list = list_of(view, set);

		if (list && list->count)
			memset(list->items, 0xa5, list->count * io_view_sets[set]->size);
	}
}

static void test_copies(void **state)
{
	struct io_rows rows = { 0 };

	(void)state;
	for (size_t i = 0; i < scene_count; i++) {
		struct view spoilt[2], copies[2];
		char *wanted, *text;

		for (int j = 0; j < 2; j++) {
			copy_view(&spoilt[j], &scenes[i].views[j]);
			copy_view(&copies[j], &spoilt[j]);
		}
		wanted = make(&rows, BY_VM, spoilt);
		spoil(&spoilt[0]);
		spoil(&spoilt[1]);
		text = make(&rows, BY_VM, copies);
		assert_string_equal(text, wanted);
		free(text);
		free(wanted);
		for (int j = 0; j < 2; j++) {
			view__free(&spoilt[j]);
			view__free(&copies[j]);
		}
	}
	io_rows__free(&rows);
}

static void check_read(struct recording *recording, const struct scene *scene)
{
	struct view views[2] = { 0 };
	struct io_rows rows = { 0 };

	for (int i = 0; i < 2; i++)
		assert_int_equal(recording__next(recording, &views[i]), 1);
	for (size_t by = 0; by < ARRAY_SIZE(groups); by++) {
		char *wanted = make(&rows, groups[by], scene->views);
		char *text = make(&rows, groups[by], views);

		assert_string_equal(text, wanted);
		free(text);
		free(wanted);
	}
	for (int set = 0; set < SETS; set++)
		for (size_t i = 0; i < 2 && list_of(&views[i], set); i++)
			assert_int_equal(list_of(&views[i], set)->count,
					 list_of((struct view *)&scene->views[i], set)->count);
	for (size_t i = 0; i < views[1].io.events.count; i++)
		assert_true(set__equal(&io_sets[IO_SET_EVENTS], &views[1].io.events.list[i],
				       &scene->views[1].io.events.list[i]));
	for (int i = 0; i < 2; i++) {
		for (int set = 0; set < SETS; set++)
			if (io_view_sets[set]->size == sizeof(struct view))
				assert_true(
					set__equal(io_view_sets[set], &views[i], &scene->views[i]));
		view__free(&views[i]);
	}
	io_rows__free(&rows);
}

/* Each scene in a file of its own: written, read again by who has seen nothing else. */
static void test_recorded(void **state)
{
	const struct recording_info info = { .option = "--record",
					     .tool = "kvmq-io",
					     .version = "1",
					     .boot_id = "boot",
					     .host = "host",
					     .interval_ns = 10000000000,
					     .sets = io_view_sets,
					     .set_count = SETS };

	(void)state;
	for (size_t i = 0; i < scene_count; i++) {
		char folder[] = "/tmp/test-io-pure-XXXXXX", path[64];
		struct recording *recording;
		struct recorder *recorder;

		assert_non_null(mkdtemp(folder));
		snprintf(path, sizeof(path), "%s/file", folder);
		assert_int_equal(recorder__open(&recorder, path, &info), 0);
		for (int j = 0; j < 2; j++)
			assert_int_equal(recorder__write(recorder, &scenes[i].views[j]), 0);
		recorder__close(recorder);
		assert_int_equal(recording__open(&recording, path, &info), 0);
		check_read(recording, &scenes[i]);
		recording__close(recording);
		unlink(path);
		assert_int_equal(rmdir(folder), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_recorded),
	};

	return cmocka_run_group_tests_name("io_pure", tests, set_up, tear_down);
}
