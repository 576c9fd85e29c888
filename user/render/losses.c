// SPDX-License-Identifier: GPL-2.0-only
#include "render/losses.h"

#include <string.h>

#include "render/json.h"
#include "render/terminal.h"

#define LOSS(key, words, of)                                                                       \
	{                                                                                          \
#key, words, offsetof(struct losses, key), of, SHARE_NO_TABLE                      \
	}

static const struct loss sched_list[] = {
	{ "threads", "switches of threads not tracked (table full)",
	  offsetof(struct losses, threads), NULL, SHARE_THREADS },
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

struct loss_pair losses__pair(const struct view *view, const struct loss_table *table,
			      const void *losses)
{
	return (struct loss_pair){ { { &sched_losses, &view->sched.losses, NULL, &view->shares },
				     { table, losses, NULL, &view->shares } } };
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

/* ", 3 of them user 1000's": the worst of those whose they are. */
static void print_owner(FILE *words, const struct share_losses *shares, const struct loss *loss)
{
	const struct share_loss *worst =
		shares && loss->table ? share_losses__worst(shares, loss->table) : NULL;

	if (!worst)
		return;
	fprintf(words, ", %llu of them ", (unsigned long long)worst->lost);
	if (worst->uid == SHARE_NO_UID && worst->owner == SHARE_OF_USER)
		fputs("no VM's", words);
	else if (worst->owner == SHARE_OF_USER)
		fprintf(words, "user %u's", worst->uid);
	else if (*worst->vm)
		fprintf(words, "VM %s's", worst->vm);
	else
		fprintf(words, "%s %llu's", worst->owner == SHARE_OF_VM ? "PID" : "cgroup",
			(unsigned long long)worst->id);
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
			print_owner(line.words, set->shares, loss);
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

static json_t *json_of_owner(const char *loss, const struct share_loss *one)
{
	return json_pack(
		"{s:s,s:o,s:o,s:o,s:o,s:I}", "loss", loss, "uid",
		one->uid == SHARE_NO_UID ? json_null() : json_integer(one->uid), "vm",
		*one->vm ? json__text(one->vm) : json_null(), "vm_pid",
		one->owner == SHARE_OF_VM ? json_integer((json_int_t)one->id) : json_null(),
		"vm_cgroup_id",
		one->owner == SHARE_OF_CGROUP ? json_integer((json_int_t)one->id) : json_null(),
		"count", (json_int_t)one->lost);
}

static void add_owners(json_t *array, const struct loss *loss, const struct share_losses *shares)
{
	for (size_t i = 0; i < shares->of.count; i++)
		if (shares->of.list[i].table == loss->table)
			json_array_append_new(array, json_of_owner(loss->key, &shares->of.list[i]));
}

json_t *losses__owners_json(const struct loss_set *sets, size_t count)
{
	json_t *array = json_array();

	for (const struct loss_set *set = sets; set < sets + count; set++)
		for (size_t i = 0; i < set->table->count && set->shares; i++)
			if (set->table->list[i].table)
				add_owners(array, &set->table->list[i], set->shares);
	return array;
}
