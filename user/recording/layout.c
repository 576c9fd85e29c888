// SPDX-License-Identifier: GPL-2.0-only
#include "recording/layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HERE "here"

static const char *const type_names[] = {
	[FIELD_U64] = "u64",   [FIELD_U32] = "u32",   [FIELD_I32] = "i32",
	[FIELD_BOOL] = "bool", [FIELD_TEXT] = "text",
};
static const char *const kind_names[] = {
	[FIELD_KEY] = "key",
	[FIELD_COUNTER] = "counter",
	[FIELD_GAUGE] = "gauge",
	[FIELD_MAXIMUM] = "maximum",
};
#define TYPES (sizeof(type_names) / sizeof(type_names[0]))
#define KINDS (sizeof(kind_names) / sizeof(kind_names[0]))

static const struct field here = {
	.name = HERE, .type = FIELD_BOOL, .kind = FIELD_GAUGE, .count = 1
};

bool layout__needs_here(const struct set *set)
{
	return set->key_count == set->field_count;
}

const char *layout__suffix(uint32_t tier)
{
	static const char *const suffixes[LAYOUT_TIERS] = { "", "_1", "_2", "_kept" };

	return suffixes[tier];
}

static bool is_moments(const struct set *set)
{
	return !strcmp(set->name, LAYOUT_MOMENTS);
}

/* The set's fields, and then "here". */
static uint32_t column_count(const struct set *set)
{
	return set->field_count + layout__needs_here(set);
}

static const struct field *column(const struct set *set, uint32_t i)
{
	return i < set->field_count ? &set->fields[i] : &here;
}

static const char *column_type(const struct field *field)
{
	if (field__is_array(field))
		return "BLOB";
	return field->type == FIELD_TEXT ? "TEXT" : "INTEGER";
}

/* Ends the text of a statement, and runs it or keeps it. */
static int run_text(const struct database *database, sqlite3_str *text)
{
	char *sql = sqlite3_str_finish(text);
	int error = sql ? database__run(database, sql) : database__fail(database, SQLITE_NOMEM);

	sqlite3_free(sql);
	return error;
}

static int prepare_text(const struct database *database, sqlite3_str *text,
			sqlite3_stmt **statement)
{
	char *sql = sqlite3_str_finish(text);
	int error = sql ? database__prepare(database, sql, statement)
			: database__fail(database, SQLITE_NOMEM);

	sqlite3_free(sql);
	return error;
}

/* The place of a word in a list, or its count. */
static int find_word(const char *const *words, int count, const unsigned char *word)
{
	int i;

	for (i = 0; i < count; i++)
		if (word && !strcmp(words[i], (const char *)word))
			break;
	return i;
}

static bool is_name(const char *name)
{
	return *name && !name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
					   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")];
}

/* A row of "fields"; false if no kvmq writes such a row. */
static bool read_stored(sqlite3_stmt *row, struct stored_field *stored)
{
	const char *name = (const char *)sqlite3_column_text(row, 0);
	int type = find_word(type_names, TYPES, sqlite3_column_text(row, 1));
	int kind = find_word(kind_names, KINDS, sqlite3_column_text(row, 2));

	stored->type = (enum field_type)type;
	stored->kind = (enum field_kind)kind;
	stored->count = (uint32_t)sqlite3_column_int64(row, 3);
	stored->has_column = sqlite3_column_int(row, 5);
	snprintf(stored->name, sizeof(stored->name), "%s", name ? name : "");
	return type < (int)TYPES && kind < (int)KINDS && is_name(stored->name) &&
	       sqlite3_column_int(row, 4);
}

int layout__load(const struct database *database, const struct set *set, uint32_t tier,
		 struct layout *layout)
{
	sqlite3_stmt *rows;
	int code, error;

	*layout = (struct layout){ 0 };
	error = database__prepare(database,
				  "SELECT name, type, kind, count, "
				  "EXISTS (SELECT 1 FROM sqlite_master WHERE name = table_name "
				  "AND sql LIKE 'CREATE TABLE%'), "
				  "name IN (SELECT name FROM pragma_table_info(?1 || ?2)), "
				  "'" LAYOUT_CHANGES "' IN (SELECT name FROM "
				  "pragma_table_info(?1 || ?2)) "
				  "FROM fields WHERE table_name = ?1 || ?2 ORDER BY place, name",
				  &rows);
	if (error)
		return error;
	sqlite3_bind_text(rows, 1, set->name, -1, SQLITE_STATIC);
	sqlite3_bind_text(rows, 2, layout__suffix(tier), -1, SQLITE_STATIC);
	while (!error && (code = sqlite3_step(rows)) == SQLITE_ROW) {
		struct stored_field *stored = list_add(&layout->fields);

		if (!stored)
			error = database__fail(database, SQLITE_NOMEM);
		else if (!read_stored(rows, stored))
			error = database__fail(database, SQLITE_CORRUPT);
		layout->has_changes = sqlite3_column_int(rows, 6);
	}
	if (!error && code != SQLITE_DONE)
		error = database__fail(database, code);
	sqlite3_finalize(rows);
	return error;
}

void layout__free(struct layout *layout)
{
	list_free(&layout->fields);
}

static const struct stored_field *find_stored(const struct layout *layout, const char *name)
{
	for (size_t i = 0; i < layout->fields.count; i++)
		if (!strcmp(layout->fields.list[i].name, name))
			return &layout->fields.list[i];
	return NULL;
}

/* An array may have been shorter: missing places count as 0. */
static bool fits(const struct field *field, const struct stored_field *stored)
{
	return field->type == stored->type && field->kind == stored->kind &&
	       (field->count > 1) == (stored->count > 1) && field->count >= stored->count;
}

static uint32_t count_keys(const struct layout *layout)
{
	uint32_t keys = 0;

	for (size_t i = 0; i < layout->fields.count; i++)
		keys += layout->fields.list[i].kind == FIELD_KEY;
	return keys;
}

int layout__check(const struct database *database, const struct set *set,
		  const struct layout *layout)
{
	const struct stored_field *stored;
	uint32_t keys = 0;

	for (uint32_t i = 0; i < column_count(set); i++) {
		stored = find_stored(layout, column(set, i)->name);
		if (stored && !fits(column(set, i), stored))
			return database__refuse(database, -EPROTO,
						"has other figures as %s of %s: use the kvmq that "
						"made it",
						stored->name, set->name);
		keys += stored && stored->kind == FIELD_KEY;
	}
	if (layout->fields.count && (keys != set->key_count || keys != count_keys(layout)))
		return database__refuse(database, -EPROTO,
					"has other keys of %s: use the kvmq that made it",
					set->name);
	return 0;
}

int layout__begin(const struct database *database)
{
	sqlite3_str *text = sqlite3_str_new(database->db);

	sqlite3_str_appendf(text, "PRAGMA application_id = %d;", DATABASE_OURS);
	sqlite3_str_appendall(
		text,
		"CREATE TABLE runs (id INTEGER PRIMARY KEY, tool TEXT, version TEXT, boot_id TEXT, "
		"host TEXT, begin_ns INTEGER, interval_ns INTEGER);"
		"CREATE TABLE fields (table_name TEXT, name TEXT, place INTEGER, type TEXT, "
		"kind TEXT, count INTEGER, PRIMARY KEY (table_name, name)) WITHOUT ROWID");
	return run_text(database, text);
}

int layout__set_version(const struct database *database)
{
	sqlite3_str *text = sqlite3_str_new(database->db);

	sqlite3_str_appendf(text, "PRAGMA user_version = %d", DATABASE_VERSION);
	return run_text(database, text);
}

int layout__make_incidents(const struct database *database)
{
	return database__run(database,
			     "CREATE TABLE IF NOT EXISTS incidents (id INTEGER PRIMARY KEY, "
			     "whole INTEGER, first INTEGER, last INTEGER, since_ns INTEGER, "
			     "until_ns INTEGER, vm TEXT, rule TEXT, verdict TEXT, bytes INTEGER)");
}

static void append_field(sqlite3_str *text, const struct set *set, uint32_t tier, uint32_t i,
			 size_t place)
{
	const struct field *field = column(set, i);

	sqlite3_str_appendf(text, ";INSERT INTO fields VALUES ('%q%s', '%q', %llu, '%s', '%s', %u)",
			    set->name, layout__suffix(tier), field->name, (unsigned long long)place,
			    type_names[field->type], kind_names[field->kind], field->count);
}

static void append_table(sqlite3_str *text, const struct set *set, uint32_t tier)
{
	sqlite3_str_appendf(text, "CREATE TABLE \"%w%s\" (", set->name, layout__suffix(tier));
	if (is_moments(set))
		sqlite3_str_appendall(text, "id INTEGER PRIMARY KEY, run INTEGER, whole INTEGER");
	else
		sqlite3_str_appendf(text,
				    "row INTEGER PRIMARY KEY, "
				    "moment INTEGER GENERATED ALWAYS AS (row >> %d) VIRTUAL",
				    LAYOUT_ROW_BITS);
	for (uint32_t i = 0; i < column_count(set) && !set->bulk; i++)
		sqlite3_str_appendf(text, ", \"%w\" %s", column(set, i)->name,
				    column_type(column(set, i)));
	sqlite3_str_appendall(text, set->bulk ? ", \"" LAYOUT_CHANGES "\" BLOB)" : ")");
	for (uint32_t i = 0; i < column_count(set); i++)
		append_field(text, set, tier, i, i);
}

static void append_column(sqlite3_str *text, const struct set *set, uint32_t tier, const char *name,
			  const char *type)
{
	sqlite3_str_appendf(text, ";ALTER TABLE \"%w%s\" ADD COLUMN \"%w\" %s", set->name,
			    layout__suffix(tier), name, type);
}

int layout__extend(const struct database *database, const struct set *set, uint32_t tier,
		   const struct layout *layout)
{
	sqlite3_str *text = sqlite3_str_new(database->db);
	size_t place = layout->fields.count;

	if (!layout->fields.count)
		append_table(text, set, tier);
	else if (set->bulk && !layout->has_changes)
		append_column(text, set, tier, LAYOUT_CHANGES, "BLOB");
	for (uint32_t i = 0; layout->fields.count && i < column_count(set); i++) {
		const struct field *field = column(set, i);

		if (find_stored(layout, field->name))
			continue;
		if (!set->bulk)
			append_column(text, set, tier, field->name, column_type(field));
		append_field(text, set, tier, i, place++);
	}
	sqlite3_str_appendall(text, ";");
	return run_text(database, text);
}

/* What a writer fills in. */
static void append_names(sqlite3_str *text, const struct set *set)
{
	sqlite3_str_appendall(text, is_moments(set) ? "id, run, whole" : "row");
	if (set->bulk)
		sqlite3_str_appendall(text, ", \"" LAYOUT_CHANGES "\"");
	for (uint32_t i = 0; i < column_count(set) && !set->bulk; i++)
		sqlite3_str_appendf(text, ", \"%w\"", column(set, i)->name);
}

int layout__insert(const struct database *database, const struct set *set, uint32_t tier,
		   uint32_t rows, sqlite3_stmt **statement)
{
	/* OR FAIL: no page needs to be kept aside. The transaction is rolled back anyway. */
	sqlite3_str *text = sqlite3_str_new(database->db);
	uint32_t lead = is_moments(set) ? LAYOUT_MOMENT_LEAD : LAYOUT_ITEM_LEAD;
	uint32_t columns = set->bulk ? 1 : column_count(set);

	sqlite3_str_appendf(text, "INSERT OR FAIL INTO \"%w%s\" (", set->name,
			    layout__suffix(tier));
	append_names(text, set);
	sqlite3_str_appendall(text, ") VALUES ");
	for (uint32_t row = 0; row < rows; row++) {
		sqlite3_str_appendall(text, row ? ", (?" : "(?");
		for (uint32_t i = 1; i < lead + columns; i++)
			sqlite3_str_appendall(text, ", ?");
		sqlite3_str_appendall(text, ")");
	}
	return prepare_text(database, text, statement);
}

/* For a field that the file lacks: NULL, which reads as 0. */
static void append_columns(sqlite3_str *text, const struct set *set, const struct layout *layout)
{
	for (uint32_t i = 0; i < set->field_count; i++) {
		const struct stored_field *stored = find_stored(layout, set->fields[i].name);

		if (stored && stored->has_column)
			sqlite3_str_appendf(text, ", \"%w\"", set->fields[i].name);
		else
			sqlite3_str_appendall(text, ", NULL");
	}
	if (set->bulk)
		sqlite3_str_appendall(text,
				      layout->has_changes ? ", \"" LAYOUT_CHANGES "\"" : ", NULL");
}

/* Asks for all figures in the file, whether or not this kvmq knows them. */
static void append_gone(sqlite3_str *text, const struct layout *layout)
{
	sqlite3_str_appendall(text, ", 1");
	for (size_t i = 0; i < layout->fields.count; i++)
		if (layout->fields.list[i].kind != FIELD_KEY && layout->fields.list[i].has_column)
			sqlite3_str_appendf(text, " AND \"%w\" IS NULL",
					    layout->fields.list[i].name);
}

int layout__select(const struct database *database, const struct set *set, uint32_t tier,
		   const struct layout *layout, sqlite3_stmt **statement)
{
	sqlite3_str *text;

	*statement = NULL;
	if (!layout->fields.count)
		return 0;
	text = sqlite3_str_new(database->db);
	sqlite3_str_appendf(text, "SELECT %s", is_moments(set) ? "id, run, whole" : "row");
	append_gone(text, layout);
	append_columns(text, set, layout);
	sqlite3_str_appendf(text, " FROM \"%w%s\" WHERE ", set->name, layout__suffix(tier));
	if (is_moments(set))
		sqlite3_str_appendall(text, "id >= ?1 AND whole >= ?2 ORDER BY id LIMIT 1");
	else
		sqlite3_str_appendall(text, "row BETWEEN ?1 AND ?2 ORDER BY row");
	return prepare_text(database, text, statement);
}

int layout__copy(const struct database *database, const struct set *set, uint32_t from, uint32_t to,
		 sqlite3_stmt **statement)
{
	sqlite3_str *columns = sqlite3_str_new(database->db), *text = sqlite3_str_new(database->db);
	char *list;

	append_names(columns, set);
	list = sqlite3_str_finish(columns);
	sqlite3_str_appendf(text,
			    "INSERT OR IGNORE INTO \"%w%s\" (%s) SELECT %s FROM \"%w%s\" "
			    "WHERE %s BETWEEN ?1 AND ?2",
			    set->name, layout__suffix(to), list, list, set->name,
			    layout__suffix(from), is_moments(set) ? "id" : "row");
	sqlite3_free(list);
	return prepare_text(database, text, statement);
}

int layout__delete(const struct database *database, const struct set *set, uint32_t tier,
		   sqlite3_stmt **statement)
{
	sqlite3_str *text = sqlite3_str_new(database->db);

	sqlite3_str_appendf(text,
			    "DELETE FROM \"%w%s\" WHERE row <= (SELECT max(row) FROM (SELECT row "
			    "FROM \"%w%s\" WHERE row < ?1 ORDER BY row LIMIT ?2))",
			    set->name, layout__suffix(tier), set->name, layout__suffix(tier));
	return prepare_text(database, text, statement);
}
