// SPDX-License-Identifier: GPL-2.0-only
#include "render/losses.h"

#include <string.h>

#include "render/terminal.h"

#define LOSS(key, words, of)                                                                       \
	{                                                                                          \
#key, words, offsetof(struct losses, key), of                                      \
	}

static const struct loss sched_list[] = {
	LOSS(threads, "switches of threads not tracked (table full)", NULL),
	LOSS(events, "events dropped (buffer full)", NULL),
	LOSS(torn, "readings given up", NULL),
	LOSS(clock, "waits with clocks apart", NULL),
	LOSS(missed, "switches not seen (made up for)", ""),
	LOSS(throttled, "waits with more throttling than could be told apart",
	     "ready_throttled_pct"),
	LOSS(overlap, "changes of state counted late (overlap)", NULL),
	LOSS(timeline, "slices missing in the timeline (buffer or file full)", NULL),
	LOSS(blame, "times a wait was booked on nobody (full list or table)", NULL),
};

const struct loss_table sched_losses = LOSS_TABLE(sched_list);

static uint64_t count_of(const struct loss_set *set, const struct loss *loss)
{
	uint64_t count;

	memcpy(&count, (const char *)set->losses + loss->place, sizeof(count));
	return count;
}

struct loss_pair losses__pair(const struct snapshot *sched, const struct loss_table *table,
			      const void *losses)
{
	return (struct loss_pair){ { { &sched_losses, &sched->losses, NULL },
				     { table, losses, NULL } } };
}

static bool has_changed(const struct loss_set *before, const struct loss_set *after)
{
	for (size_t i = 0; i < after->table->count; i++)
		if (count_of(before, &after->table->list[i]) !=
		    count_of(after, &after->table->list[i]))
			return true;
	return false;
}

static bool is_about(const struct loss *loss, const struct columns *columns)
{
	if (!columns || !loss->of)
		return true;
	for (size_t i = 0; i < columns->count; i++)
		if (columns->list[i]->key && !strcmp(columns->list[i]->key, loss->of))
			return true;
	return false;
}

void losses__print(FILE *file, const struct loss_set *sets, size_t count,
		   const struct columns *columns)
{
	bool any = false;
	struct sentence line;

	if (sentence__begin(&line))
		return;
	for (const struct loss_set *set = sets; set < sets + count; set++) {
		for (size_t i = 0; i < set->table->count; i++) {
			const struct loss *loss = &set->table->list[i];
			uint64_t lost = count_of(set, loss);

			if (!lost || !is_about(loss, columns))
				continue;
			fprintf(line.words, "%s%llu %s",
				any ? ", " : "losses: ", (unsigned long long)lost,
				loss->words ? loss->words : set->words);
			any = true;
		}
	}
	if (!any && !columns)
		fputs("losses: none", line.words);
	sentence__end(&line, file);
}

json_t *losses__json(const struct loss_set *sets, size_t count)
{
	json_t *object = json_object();

	for (const struct loss_set *set = sets; set < sets + count; set++) {
		for (size_t i = 0; i < set->table->count; i++) {
			const struct loss *loss = &set->table->list[i];
			json_t *other = json_object_get(object, loss->key);
			json_int_t sum = (json_int_t)count_of(set, loss);

			sum += json_integer_value(other);
			json_object_set_new(object, loss->key, json_integer(sum));
		}
	}
	return object;
}

void losses__print_change(FILE *file, const struct loss_set *before, const struct loss_set *after,
			  size_t count)
{
	bool changed = false;

	for (size_t i = 0; i < count; i++)
		changed |= has_changed(&before[i], &after[i]);
	if (changed)
		losses__print(file, after, count, NULL);
}
