/* SPDX-License-Identifier: GPL-2.0-only */
/* Which table and columns a set has in a file, and the statements for them. */
#ifndef KVMQ_LAYOUT_H
#define KVMQ_LAYOUT_H

#include "model/set.h"
#include "recording/database.h"

/* An item's row is its moment << LAYOUT_ROW_BITS, plus its place among the rows of that moment. */
#define LAYOUT_ROW_BITS 20
#define LAYOUT_MOMENTS "moments"

/*
 * The tiers of a file: each has tables of its own, whose names end in its suffix. The finest one
 * has none. A moment has the same number in all tiers that have it. LAYOUT_KEPT is of incidents.
 */
enum {
	LAYOUT_KEPT = 3,
	LAYOUT_TIERS,
};
const char *layout__suffix(uint32_t tier);

/* Columns before those of the set: of "moments" its id, run, whole; of others the row. */
#define LAYOUT_MOMENT_LEAD 3
#define LAYOUT_ITEM_LEAD 1

/* A field as the file describes it. */
struct stored_field {
	char name[48];
	enum field_type type;
	enum field_kind kind;
	uint32_t count;
	bool has_column; /* not in a bulk set's table, unless an older kvmq made it */
};

struct layout {
	LIST(struct stored_field) fields; /* none: the file does not know the set */
	bool has_changes;
};

/*
 * A set that has only keys gets one more column, "here", so that a row can say that its item has
 * gone.
 */
bool layout__needs_here(const struct set *set);

/*
 * A bulk set's table has one column, "changes": many items a row, see changes.h. If an older kvmq
 * made it, it has the columns of other tables, too, and rows that are items.
 */
#define LAYOUT_CHANGES "changes"

/* What the file knows of a set: 0 or -errno after one line. layout__free() it in any case. */
int layout__load(const struct database *database, const struct set *set, uint32_t tier,
		 struct layout *layout);
void layout__free(struct layout *layout);

/* Whether the columns with the names of the set's fields can be read as these fields. */
int layout__check(const struct database *database, const struct set *set,
		  const struct layout *layout);

/* Makes the tables that each recording has. */
int layout__begin(const struct database *database);

/* From now on the file has what this format has: an older kvmq reads no more of it. */
int layout__set_version(const struct database *database);

/* Makes the set's table, or those of its columns that the file does not have. */
int layout__extend(const struct database *database, const struct set *set, uint32_t tier,
		   const struct layout *layout);

/* Makes the list of incidents, unless it is there. */
int layout__make_incidents(const struct database *database);

/*
 * INSERT of so many rows: of each the lead, the set's fields, and "here" if it needs that. Of a
 * bulk set the lead and its changes.
 */
int layout__insert(const struct database *database, const struct set *set, uint32_t tier,
		   uint32_t rows, sqlite3_stmt **statement);

/*
 * SELECT of the rows from ?1 to ?2 (of moments: the first from ?1 on, if whole or ?2 is 0): the
 * lead, whether the item has gone, the set's fields, of a bulk set its changes. *statement is NULL
 * if there is no table.
 */
int layout__select(const struct database *database, const struct set *set, uint32_t tier,
		   const struct layout *layout, sqlite3_stmt **statement);

/* Copies the rows from ?1 to ?2 (of moments: their numbers) to another tier that may have them. */
int layout__copy(const struct database *database, const struct set *set, uint32_t from, uint32_t to,
		 sqlite3_stmt **statement);

/* DELETE of the first rows before row ?1, ?2 of them at most. Not of moments. */
int layout__delete(const struct database *database, const struct set *set, uint32_t tier,
		   sqlite3_stmt **statement);

#endif
