/* SPDX-License-Identifier: GPL-2.0-only */
/* Which table and columns a set has in a file, and the statements for them. */
#ifndef KVMQ_LAYOUT_H
#define KVMQ_LAYOUT_H

#include "model/set.h"
#include "recording/database.h"

/* An item's row is its moment << LAYOUT_ROW_BITS, plus its place among the rows of that moment. */
#define LAYOUT_ROW_BITS 20
#define LAYOUT_MOMENTS "moments"

/* Columns before those of the set: of "moments" its id, run, whole; of others the row. */
#define LAYOUT_MOMENT_LEAD 3
#define LAYOUT_ITEM_LEAD 1

/* A field as the file describes it. */
struct stored_field {
	char name[48];
	enum field_type type;
	enum field_kind kind;
	uint32_t count;
};

struct layout {
	LIST(struct stored_field) fields; /* none: the file does not know the set */
};

/*
 * A set that has only keys gets one more column, "here", so that a row can say that its item has
 * gone.
 */
bool layout__needs_here(const struct set *set);

/* What the file knows of a set: 0 or -errno after one line. layout__free() it in any case. */
int layout__load(const struct database *database, const struct set *set, struct layout *layout);
void layout__free(struct layout *layout);

/* Whether the columns with the names of the set's fields can be read as these fields. */
int layout__check(const struct database *database, const struct set *set,
		  const struct layout *layout);

/* Makes the tables that each recording has. */
int layout__begin(const struct database *database);

/* Makes the set's table, or those of its columns that the file does not have. */
int layout__extend(const struct database *database, const struct set *set,
		   const struct layout *layout);

/* INSERT of a row: the lead, the set's fields, and "here" if it needs that. */
int layout__insert(const struct database *database, const struct set *set,
		   sqlite3_stmt **statement);

/*
 * SELECT of the rows from ?1 to ?2 (of moments: the first from ?1 on, if whole or ?2 is 0): the
 * lead, whether the item has gone, the set's fields. *statement is NULL if there is no table.
 */
int layout__select(const struct database *database, const struct set *set,
		   const struct layout *layout, sqlite3_stmt **statement);

#endif
