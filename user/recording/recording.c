// SPDX-License-Identifier: GPL-2.0-only
#include "recording/recording.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "recording/layout.h"
#include "recording/recording_internal.h"

void recording__copy_text(char *to, size_t size, sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	snprintf(to, size, "%s", text ? text : "");
}

/* Reads the moment's run, if that is not the last one's. */
static int read_run(struct recording *recording, int64_t id)
{
	struct recording_run *run = &recording->run;
	sqlite3_stmt *row;
	int error;

	if (id == run->id)
		return 0;
	error = database__prepare(&recording->database,
				  "SELECT tool, version, boot_id, host, begin_ns, interval_ns "
				  "FROM runs WHERE id = ?",
				  &row);
	if (error)
		return error;
	sqlite3_bind_int64(row, 1, id);
	if (sqlite3_step(row) == SQLITE_ROW) {
		run->id = id;
		recording__copy_text(run->tool, sizeof(run->tool), row, 0);
		recording__copy_text(run->version, sizeof(run->version), row, 1);
		recording__copy_text(run->boot_id, sizeof(run->boot_id), row, 2);
		recording__copy_text(run->host, sizeof(run->host), row, 3);
		run->begin_ns = (uint64_t)sqlite3_column_int64(row, 4);
		run->interval_ns = (uint64_t)sqlite3_column_int64(row, 5);
	} else {
		error = database__fail(&recording->database, SQLITE_CORRUPT);
	}
	sqlite3_finalize(row);
	return error;
}

/* Makes a moment that was found the last one. */
static int take(struct recording *recording, struct tier_reader *tier, int64_t moment)
{
	int error = recording__read_up_to(recording, tier, moment);

	if (!error)
		error = read_run(recording, tier->run);
	recording->moment = tier->moment;
	recording->at = tier;
	return error;
}

/* Goes to the next moment: 1, 0 or -errno. */
static int step(struct recording *recording)
{
	struct tier_reader *tier;
	int64_t moment;
	int found = recording__find_next(recording, &tier, &moment), error;

	if (found <= 0)
		return found;
	error = take(recording, tier, moment);
	return error ? error : 1;
}

/* Goes to the last moment up to this one: 1, 0 (before the first) or -errno. */
static int go(struct recording *recording, int64_t moment)
{
	struct tier_reader *tier;
	int found = recording__find_last(recording, moment, &tier, &moment), error;

	if (found < 0)
		return found;
	if (!found) {
		recording->moment = 0;
		return 0;
	}
	error = take(recording, tier, moment);
	return error ? error : 1;
}

static bool is_between(const struct recording *recording)
{
	const void *moment = mirror_place(recording->info.sets[0], recording->at->mirror.view);
	uint64_t time_ns = field__get(recording->realtime, moment, 0);

	return (time_ns > recording->since_ns || !recording->since_ns) &&
	       time_ns <= recording->until_ns;
}

/*
 * The next moment, or, if that is at another time of day than is wanted, the one before the next
 * that is.
 */
static int step_between(struct recording *recording)
{
	int64_t wanted;
	int found = step(recording), error;

	if (found <= 0 || is_between(recording))
		return found;
	error = recording__find_between(recording, &wanted);
	return error || !wanted ? error : go(recording, wanted - 1);
}

void recording__end(struct recording *recording)
{
	for (uint32_t i = 0; i < LAYOUT_TIERS; i++)
		for (uint32_t j = 0; recording->tiers[i].selects && j < recording->info.set_count;
		     j++)
			sqlite3_reset(recording->tiers[i].selects[j]);
	sqlite3_exec(recording->database.db, "COMMIT", NULL, NULL, NULL);
}

/* One transaction a moment: a longer one would make the "-wal" grow. */
static int step_once(struct recording *recording)
{
	int found = database__run(&recording->database, "BEGIN");

	if (!found)
		found = step_between(recording);
	recording__end(recording);
	return found;
}

int recording__next(struct recording *recording, void *view)
{
	int found = 0;

	if (!recording->error && recording->is_ahead)
		found = 1;
	else if (!recording->error)
		found = step_once(recording);
	recording->is_ahead = false;
	if (found > 0 && mirror__copy(&recording->at->mirror, view))
		found = database__fail(&recording->database, SQLITE_NOMEM);
	if (found < 0)
		recording->error = found;
	return recording->error ? recording->error : found;
}

int recording__go(struct recording *recording, int64_t moment)
{
	int found = recording->error;

	if (!found)
		found = database__run(&recording->database, "BEGIN");
	if (!found)
		found = go(recording, moment);
	recording__end(recording);
	recording->is_ahead = found > 0;
	if (found < 0)
		recording->error = found;
	return recording->error;
}

int recording__seek(struct recording *recording, uint64_t realtime_ns)
{
	int64_t later = 0;
	int error = recording->error;

	if (!error)
		error = recording__find_later(recording, realtime_ns, &later);
	return error ? error : recording__go(recording, later ? later - 1 : INT64_MAX);
}

int recording__between(struct recording *recording, uint64_t since_ns, uint64_t until_ns)
{
	recording->since_ns = since_ns;
	recording->until_ns = until_ns;
	return recording__seek(recording, since_ns);
}

const struct recording_run *recording__run(const struct recording *recording)
{
	return &recording->run;
}

/* Whose recording it is, and whether it has all the sets: then it suits each tool. */
static int check_sets(const struct recording *recording, bool has_all)
{
	const struct database *database = &recording->database;
	sqlite3_stmt *row;
	char tool[32] = "";
	int error =
		database__prepare(database, "SELECT tool FROM runs ORDER BY id DESC LIMIT 1", &row);

	if (error)
		return error;
	if (sqlite3_step(row) == SQLITE_ROW)
		recording__copy_text(tool, sizeof(tool), row, 0);
	sqlite3_finalize(row);
	if (has_all || recording->info.of_any_tool || !strcmp(tool, recording->info.tool))
		return 0;
	return database__refuse(database, -EPROTO, "holds the sets of %s, not of %s: give it to %s",
				tool, recording->info.tool, tool);
}

static int prepare_set(const struct recording *recording, struct tier_reader *tier, uint32_t place,
		       bool *has_all)
{
	const struct database *database = &recording->database;
	const struct set *set = recording->info.sets[place];
	struct layout layout;
	int error = layout__load(database, set, tier->number, &layout);

	if (!error)
		error = layout__check(database, set, &layout);
	if (!error && set->bulk && change_fields__init(&tier->changes[place], set, &layout))
		error = database__fail(database, SQLITE_NOMEM);
	if (!error)
		error = layout__select(database, set, tier->number, &layout, &tier->selects[place]);
	*has_all &= layout.fields.count > 0;
	layout__free(&layout);
	return error;
}

static int prepare_tier(struct recording *recording, struct tier_reader *tier, bool *has_all)
{
	const struct recording_info *info = &recording->info;
	int error = 0;

	tier->selects = calloc(info->set_count, sizeof(sqlite3_stmt *));
	tier->changes = calloc(info->set_count, sizeof(*tier->changes));
	if (!tier->selects || !tier->changes)
		return database__fail(&recording->database, SQLITE_NOMEM);
	for (uint32_t i = 0; i < info->set_count && !error; i++)
		error = prepare_set(recording, tier, i, has_all);
	return error;
}

/* What a moment of any tier is read with. */
static int prepare_items(struct recording *recording)
{
	const struct recording_info *info = &recording->info;
	const struct set *moments = info->sets[0];
	size_t largest = 1;

	for (uint32_t i = 0; i < info->set_count; i++)
		largest = info->sets[i]->size > largest ? info->sets[i]->size : largest;
	recording->row = calloc(1, largest);
	if (!recording->row)
		return database__fail(&recording->database, SQLITE_NOMEM);
	recording->realtime = set__field(moments, "realtime_ns");
	return 0;
}

static int prepare(struct recording *recording)
{
	bool has_all = true, has_coarse = true;
	int error = prepare_items(recording);

	for (uint32_t i = 0; i < LAYOUT_TIERS && !error; i++)
		error = prepare_tier(recording, &recording->tiers[i], i ? &has_coarse : &has_all);
	if (!error && !tier__is_there(&recording->tiers[0]))
		error = database__fail(&recording->database, SQLITE_CORRUPT);
	return error ? error : check_sets(recording, has_all);
}

static int init_tiers(struct recording *recording, const char *path)
{
	int error = 0;

	for (uint32_t i = 0; i < LAYOUT_TIERS && !error; i++) {
		recording->tiers[i].number = i;
		error = mirror__init(&recording->tiers[i].mirror, &recording->info, path);
	}
	return error;
}

int recording__open(struct recording **result, const char *path, const struct recording_info *info)
{
	struct recording *recording = calloc(1, sizeof(*recording));
	int error;

	if (!recording)
		return database__no_memory(info->option, path);
	recording->info = *info;
	recording->last = INT64_MAX;
	recording->tier_end = LAYOUT_KEPT;
	recording->until_ns = UINT64_MAX;
	recording->database.fd = -1;
	error = init_tiers(recording, path);
	if (!error)
		error = database__open_reader(&recording->database, info->option, path);
	if (!error)
		error = prepare(recording);
	if (!error) {
		*result = recording;
		return 0;
	}
	recording__close(recording);
	return error;
}

static void close_tier(const struct recording *recording, struct tier_reader *tier)
{
	for (uint32_t i = 0; tier->selects && i < recording->info.set_count; i++)
		sqlite3_finalize(tier->selects[i]);
	for (uint32_t i = 0; tier->changes && i < recording->info.set_count; i++)
		list_free(&tier->changes[i]);
	free(tier->selects);
	free(tier->changes);
	mirror__free(&tier->mirror);
}

void recording__close(struct recording *recording)
{
	if (!recording)
		return;
	for (uint32_t i = 0; i < LAYOUT_TIERS; i++)
		close_tier(recording, &recording->tiers[i]);
	database__close(&recording->database);
	list_free(&recording->gone);
	free(recording->row);
	free(recording);
}
