// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording of all sets, as each format has them, stays readable: recording-2.sql is one, made by
 * "KEEP=tests/unit/recording-2.sql build/tests/test_recording_format", and not made again: what
 * comes later is empty in it, or 0. Another format gets another file beside it.
 */
#include "unit.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include "base/log.h"
#include "model/view_sets.h"
#include "recording/recorder.h"
#include "recording/recording.h"

#define MOMENTS 2

static char folder[64], path[96];

/* What a field has: of its name alone, since sets of one list have the same keys. */
static uint64_t wanted_number(const struct field *field, uint32_t place, int moment)
{
	uint64_t number = 7;

	for (const char *c = field->name; *c; c++)
		number = (number * 31 + (unsigned char)*c) % 10007;
	number += place + (field->kind == FIELD_COUNTER ? (uint64_t)moment : 0);
	if (field->type == FIELD_BOOL)
		return 1;
	return field->below ? number % field->below : number;
}

/* Of an array, the first places and the last one. */
static bool is_filled(uint32_t place, uint32_t count)
{
	return place < 3 || place + 1 == count;
}

static void fill(const struct set *set, void *item, int moment)
{
	for (uint32_t i = 0; i < set->field_count; i++) {
		const struct field *field = &set->fields[i];

		if (field->type == FIELD_TEXT)
			snprintf((char *)item + field->offset, field->count, "%s", field->name);
		for (uint32_t place = 0; field->type != FIELD_TEXT && place < field->count; place++)
			if (is_filled(place, field->count))
				field__put(field, item, place, wanted_number(field, place, moment));
	}
}

/* The one item of a set; NULL: it has none, or not one alone. */
static void *item_of(const struct set *set, struct view *view)
{
	struct list *list = (struct list *)((char *)view + set->list);

	if (!set->key_count && !set->events)
		return (char *)view + set->list;
	return list->count == 1 ? list->items : NULL;
}

static struct recording_info info(void)
{
	struct recording_info info = { .option = "--from",
				       .tool = "kvmq-test",
				       .version = "1",
				       .boot_id = "boot",
				       .host = "kvm1",
				       .interval_ns = 1,
				       .sets = all_sets };

	while (all_sets[info.set_count])
		info.set_count++;
	return info;
}

/* Two moments, in which each list has one item. */
static void write_all(void)
{
	struct recording_info told = info();
	struct view view = { 0 };
	struct recorder *recorder;

	assert_int_equal(recorder__open(&recorder, path, &told), 0);
	for (int moment = 0; moment < MOMENTS; moment++) {
		for (size_t i = 0; all_sets[i]; i++) {
			const struct set *set = all_sets[i];

			if (!item_of(set, &view))
				list__add((struct list *)((char *)&view + set->list), set->size);
			fill(set, item_of(set, &view), moment);
		}
		assert_int_equal(recorder__write(recorder, &view), 0);
	}
	recorder__close(recorder);
	view__free(&view);
}

/* How many numbers, or bytes of a text, a column has in the file; 0: there is none. */
static uint32_t count_in(sqlite3 *db, const struct set *set, const struct field *field)
{
	sqlite3_stmt *statement;
	uint32_t count = 0;

	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT count FROM fields WHERE table_name = ?1 AND "
					    "name = ?2",
					    -1, &statement, NULL),
			 SQLITE_OK);
	sqlite3_bind_text(statement, 1, set->name, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 2, field->name, -1, SQLITE_STATIC);
	if (sqlite3_step(statement) == SQLITE_ROW)
		count = (uint32_t)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return count;
}

static void check_text(const struct set *set, const struct field *field, const void *item,
		       uint32_t count)
{
	const char *text = (const char *)item + field->offset;

	if (strncmp(text, count ? field->name : "", count ? count - 1 : 1) != 0)
		fail_msg("%s of %s is '%s'", field->name, set->name, text);
}

static void check_numbers(const struct set *set, const struct field *field, const void *item,
			  uint32_t count, int moment)
{
	for (uint32_t place = 0; place < field->count; place++) {
		uint64_t number = field__get(field, item, place), wanted = 0;

		if (place < count && is_filled(place, count))
			wanted = wanted_number(field, place, moment);
		if (number != wanted)
			fail_msg("moment %d: %s of %s, place %u, is %llu, not %llu", moment,
				 field->name, set->name, place, (unsigned long long)number,
				 (unsigned long long)wanted);
	}
}

/* What the file does not have yet is empty, or 0. */
static void check_set(sqlite3 *db, const struct set *set, const void *item, int moment)
{
	for (uint32_t i = 0; i < set->field_count; i++) {
		const struct field *field = &set->fields[i];
		uint32_t count = count_in(db, set, field);

		if (!item && count)
			fail_msg("%s: not one item", set->name);
		/* Keys come with any set of the list. */
		if (!item || (!count && field->kind == FIELD_KEY))
			continue;
		if (field->type == FIELD_TEXT)
			check_text(set, field, item, count);
		else
			check_numbers(set, field, item, count, moment);
	}
}

static void check_all(void)
{
	struct recording_info told = info();
	struct view view = { 0 };
	struct recording *recording;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(recording__open(&recording, path, &told), 0);
	for (int moment = 0; moment < MOMENTS; moment++) {
		assert_int_equal(recording__next(recording, &view), 1);
		for (size_t i = 0; all_sets[i]; i++)
			check_set(db, all_sets[i], item_of(all_sets[i], &view), moment);
	}
	assert_int_equal(recording__next(recording, &view), 0);
	recording__close(recording);
	sqlite3_close(db);
	view__free(&view);
}

static bool has_field(const char *table, const char *name)
{
	for (size_t i = 0; all_sets[i]; i++)
		for (uint32_t j = 0;
		     !strcmp(all_sets[i]->name, table) && j < all_sets[i]->field_count; j++)
			if (!strcmp(all_sets[i]->fields[j].name, name))
				return true;
	return false;
}

/* A column that is in the file and that nobody reads any more has lost its name. */
static void check_columns(sqlite3 *db)
{
	sqlite3_stmt *statement;
	int count = 0;

	assert_int_equal(
		sqlite3_prepare_v2(db, "SELECT table_name, name FROM fields", -1, &statement, NULL),
		SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		const char *table = (const char *)sqlite3_column_text(statement, 0);
		const char *name = (const char *)sqlite3_column_text(statement, 1);

		if (!has_field(table, name))
			fail_msg("%s of %s is read no more", name, table);
		count++;
	}
	sqlite3_finalize(statement);
	assert_true(count > 100);
}

static char *read_text(const char *name)
{
	FILE *file = fopen(name, "re");
	char *text = calloc(1, 1 << 20);

	if (!file)
		fail_msg("%s: not there", name);
	assert_true(fread(text, 1, (1 << 20) - 1, file) < (1 << 20) - 1);
	fclose(file);
	return text;
}

static void test_written(void **state)
{
	(void)state;
	write_all();
	check_all();
}

static void check_kept(const char *name)
{
	char *text = read_text(name);
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, NULL))
		fail_msg("%s: %s", name, sqlite3_errmsg(db));
	free(text);
	check_columns(db);
	sqlite3_close(db);
	assert_int_equal(chmod(path, 0600), 0);
	check_all();
}

static void test_kept_1(void **state)
{
	(void)state;
	check_kept("tests/unit/recording-1.sql");
}

static void test_kept_2(void **state)
{
	(void)state;
	check_kept("tests/unit/recording-2.sql");
}

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test-recording-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file", folder);
	log_init("kvmq", false);
	return 0;
}

static int tear_down(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

/* As "sqlite3 FILE .dump" has it, with the two numbers that this leaves out. */
static int keep(const char *to)
{
	char command[512];

	set_up(NULL);
	write_all();
	snprintf(command, sizeof(command),
		 "{ echo 'PRAGMA application_id = 0x6b766d71; PRAGMA user_version = 2;'; "
		 "sqlite3 %s .dump; } > %s",
		 path, to);
	return system(command) || tear_down(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_kept_1, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_kept_2, set_up, tear_down),
	};
	const char *to = getenv("KEEP");

	if (to)
		return keep(to);
	return cmocka_run_group_tests_name("recording format", tests, NULL, NULL);
}
