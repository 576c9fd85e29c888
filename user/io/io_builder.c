// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "io/io_rows_internal.h"

#define TABLE_SIZE 256 /* at first; a power of two, as all later ones */

static size_t hash_of(const struct io_place *place)
{
	const uint64_t parts[] = { place->kind, (uintptr_t)place->vm, (uintptr_t)place->disk,
				   place->dev, (uintptr_t)place->guest };
	uint64_t hash = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		hash = (hash ^ parts[i]) * 0x9e3779b97f4a7c15ULL; /* 2^64 by the golden ratio */
	return (size_t)(hash >> 32);
}

static bool is_same(const struct io_place *a, const struct io_place *b)
{
	return a->kind == b->kind && a->vm == b->vm && a->disk == b->disk && a->dev == b->dev &&
	       a->guest == b->guest;
}

/* The place's entry in the table, or the free one where it belongs. */
static uint32_t *look_up(const struct io_builder *builder, const struct io_place *place)
{
	size_t mask = builder->table_size - 1, at = hash_of(place) & mask;

	while (builder->table[at] &&
	       !is_same(&builder->places.list[builder->table[at] - 1].place, place))
		at = (at + 1) & mask;
	return &builder->table[at];
}

/* Twice as large as there are places, at least. */
static int make_room(struct io_builder *builder)
{
	size_t size = builder->table_size ? builder->table_size * 2 : TABLE_SIZE;
	uint32_t *table;

	if (builder->places.count * 2 < builder->table_size)
		return 0;
	table = calloc(size, sizeof(*table));
	if (!table)
		return -ENOMEM;
	free(builder->table);
	builder->table = table;
	builder->table_size = size;
	for (size_t i = 0; i < builder->places.count; i++)
		*look_up(builder, &builder->places.list[i].place) = (uint32_t)i + 1;
	return 0;
}

struct io_place_rows *io_builder__place(struct io_builder *builder, const struct io_place *place)
{
	struct io_place_rows *rows;
	uint32_t *at;

	if (make_room(builder))
		return NULL;
	at = look_up(builder, place);
	if (*at)
		return &builder->places.list[*at - 1];
	rows = list_add(&builder->places);
	if (!rows)
		return NULL;
	rows->place = *place;
	*at = (uint32_t)builder->places.count;
	return rows;
}

struct io_row *io_builder__row(struct io_builder *builder, const struct io_place *place,
			       enum io_op op)
{
	struct io_place_rows *rows = io_builder__place(builder, place);
	struct io_row *row;

	if (!rows || rows->rows[op])
		return rows ? rows->rows[op] : NULL;
	row = pool__take(builder->pool, sizeof(*row));
	if (!row)
		return NULL;
	row->kind = place->kind;
	row->vm = place->vm;
	row->disk = place->disk;
	row->dev = place->dev;
	row->guest = place->guest;
	row->op = op;
	rows->rows[op] = row;
	return row;
}

void io_builder__free(struct io_builder *builder)
{
	list_free(&builder->places);
	free(builder->table);
}

struct latency *own_layer(struct pool *pool, struct io_row *row, enum io_layer layer)
{
	if (!row->layers[layer])
		row->layers[layer] = pool__take(pool, sizeof(struct latency));
	return row->layers[layer];
}

int add_layer(struct io_builder *builder, struct io_row *row, enum io_layer layer,
	      const struct latency *after, const struct latency *before)
{
	struct latency difference;

	latency__subtract(&difference, after, before);
	row->known[layer] = true;
	row->spread_known[layer] = true;
	if (!difference.count && !difference.sum_ns)
		return 0;
	if (!own_layer(builder->pool, row, layer))
		return -ENOMEM;
	latency__add(row->layers[layer], &difference);
	return 0;
}
