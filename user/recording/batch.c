// SPDX-License-Identifier: GPL-2.0-only
#include "recording/batch.h"

#include <stdlib.h>
#include <string.h>

#include "model/growth.h"

/* The set's table is there. */
static int open_changes(struct batch *batch)
{
	struct layout layout;
	int error = layout__load(batch->database, batch->set, batch->tier, &layout);

	if (!error && change_writer__init(&batch->changes, batch->set, &layout))
		error = database__fail(batch->database, SQLITE_NOMEM);
	layout__free(&layout);
	return error;
}

static int open_rows(struct batch *batch)
{
	const struct set *set = batch->set;
	size_t most = 1;
	uint32_t arrays = 1;

	for (uint32_t i = 0; i < set->field_count; i++) {
		if (!field__is_array(&set->fields[i]))
			continue;
		most += growth__most(&set->fields[i]);
		arrays++;
	}
	batch->arrays = malloc(most * BATCH_ROWS);
	batch->sizes = malloc(arrays * BATCH_ROWS * sizeof(*batch->sizes));
	return batch->arrays && batch->sizes ? 0 : database__fail(batch->database, SQLITE_NOMEM);
}

int batch__open(struct batch *batch, const struct database *database, const struct set *set,
		uint32_t tier)
{
	*batch = (struct batch){ .database = database, .set = set, .tier = tier };
	return set->bulk ? open_changes(batch) : open_rows(batch);
}

void batch__close(struct batch *batch)
{
	sqlite3_finalize(batch->one);
	sqlite3_finalize(batch->many);
	free(batch->arrays);
	free(batch->sizes);
	change_writer__free(&batch->changes);
	*batch = (struct batch){ 0 };
}

/* Most sets of a view have no row in most recordings, and a statement takes some KiB. */
static int prepare_one(struct batch *batch)
{
	return batch->one
		       ? 0
		       : layout__insert(batch->database, batch->set, batch->tier, 1, &batch->one);
}

static int insert(const struct batch *batch, sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	sqlite3_reset(statement);
	return code == SQLITE_DONE ? 0 : database__fail(batch->database, code);
}

void batch__drop(struct batch *batch)
{
	batch->count = 0;
	batch->array_count = 0;
	batch->bytes = 0;
	change_writer__clear(&batch->changes);
}

static void add_arrays(struct batch *batch, const void *was, const void *is)
{
	for (uint32_t i = 0; i < batch->set->field_count; i++) {
		const struct field *field = &batch->set->fields[i];
		size_t size;

		if (!field__is_array(field))
			continue;
		size = growth__write(field, was, is, batch->arrays + batch->bytes);
		batch->sizes[batch->array_count++] = (uint32_t)size;
		batch->bytes += size;
	}
}

static void bind_text(sqlite3_stmt *statement, int place, const struct field *field,
		      const void *item)
{
	const char *text = (const char *)item + field->offset;

	sqlite3_bind_text(statement, place, text, (int)strnlen(text, field->count), SQLITE_STATIC);
}

/* Where the arrays of the next row are. */
struct array_cursor {
	const unsigned char *bytes;
	const uint32_t *size;
};

static struct array_cursor arrays_of(const struct batch *batch)
{
	return (struct array_cursor){ batch->arrays, batch->sizes };
}

/* Binds the fields of an item, from a parameter on. Returns the first one behind them. */
static int bind_item(const struct batch *batch, sqlite3_stmt *statement, int place,
		     const void *item, struct array_cursor *arrays)
{
	const struct set *set = batch->set;

	for (uint32_t i = 0; i < set->field_count; i++, place++) {
		const struct field *field = &set->fields[i];

		if (field->type == FIELD_TEXT) {
			bind_text(statement, place, field, item);
		} else if (field__is_array(field)) {
			sqlite3_bind_blob(statement, place, arrays->bytes, (int)*arrays->size,
					  SQLITE_STATIC);
			arrays->bytes += *arrays->size++;
		} else {
			sqlite3_bind_int64(statement, place, (int64_t)field__get(field, item, 0));
		}
	}
	if (layout__needs_here(set))
		sqlite3_bind_int(statement, place++, 1);
	return place;
}

static int bind_row(const struct batch *batch, sqlite3_stmt *statement, int place,
		    const struct batch_row *row, struct array_cursor *arrays)
{
	sqlite3_bind_int64(statement, place, row->row);
	return bind_item(batch, statement, place + LAYOUT_ITEM_LEAD, row->item, arrays);
}

/* Of most tables there are never so many: a statement takes tens of KiB. */
static int prepare_many(struct batch *batch)
{
	return batch->many ? 0
			   : layout__insert(batch->database, batch->set, batch->tier, BATCH_ROWS,
					    &batch->many);
}

static int put_many(struct batch *batch)
{
	struct array_cursor arrays = arrays_of(batch);
	int place = 1, error = prepare_many(batch);

	if (error)
		return error;
	for (uint32_t i = 0; i < BATCH_ROWS; i++)
		place = bind_row(batch, batch->many, place, &batch->rows[i], &arrays);
	batch__drop(batch);
	return insert(batch, batch->many);
}

int batch__flush(struct batch *batch)
{
	struct array_cursor arrays = arrays_of(batch);
	int error = batch->count ? prepare_one(batch) : 0;

	for (uint32_t i = 0; i < batch->count && !error; i++) {
		bind_row(batch, batch->one, 1, &batch->rows[i], &arrays);
		error = insert(batch, batch->one);
	}
	batch__drop(batch);
	return error;
}

int batch__add(struct batch *batch, int64_t row, const void *was, const void *is)
{
	batch->rows[batch->count++] = (struct batch_row){ row, is };
	add_arrays(batch, was, is);
	return batch->count == BATCH_ROWS ? put_many(batch) : 0;
}

int batch__put_moment(struct batch *batch, int64_t moment, int64_t run, bool is_whole,
		      const void *nothing, const void *is)
{
	struct array_cursor arrays = arrays_of(batch);
	int error = prepare_one(batch);

	if (error)
		return error;
	sqlite3_bind_int64(batch->one, 1, moment);
	sqlite3_bind_int64(batch->one, 2, run);
	sqlite3_bind_int(batch->one, 3, is_whole);
	add_arrays(batch, nothing, is);
	bind_item(batch, batch->one, LAYOUT_MOMENT_LEAD + 1, is, &arrays);
	batch__drop(batch);
	return insert(batch, batch->one);
}

int batch__put_changes(struct batch *batch, int64_t row)
{
	int error = prepare_one(batch);

	if (error)
		return error;
	sqlite3_bind_int64(batch->one, 1, row);
	sqlite3_bind_blob(batch->one, 1 + LAYOUT_ITEM_LEAD, batch->changes.bytes,
			  (int)batch->changes.size, SQLITE_STATIC);
	change_writer__clear(&batch->changes);
	return insert(batch, batch->one);
}

int batch__put_gone(struct batch *batch, int64_t row, const void *item)
{
	const struct set *set = batch->set;
	uint32_t figures = set->field_count - set->key_count + layout__needs_here(set);
	int place = 1, error = prepare_one(batch);

	if (error)
		return error;
	sqlite3_bind_int64(batch->one, place++, row);
	for (uint32_t i = 0; i < set->key_count; i++, place++)
		if (set->fields[i].type == FIELD_TEXT)
			bind_text(batch->one, place, &set->fields[i], item);
		else
			sqlite3_bind_int64(batch->one, place,
					   (int64_t)field__get(&set->fields[i], item, 0));
	while (figures--)
		sqlite3_bind_null(batch->one, place++);
	return insert(batch, batch->one);
}
