// SPDX-License-Identifier: GPL-2.0-only
/* Which moment is the next one, and in which tier. */
#include <errno.h>
#include <stdio.h>

#include "recording/recording_internal.h"

/* Steps to the first row from a moment on, or to the first whole one. Returns SQLite's code. */
static int find_moment(const struct tier_reader *tier, int64_t from, bool whole)
{
	sqlite3_stmt *statement = tier->selects[0];

	sqlite3_reset(statement);
	sqlite3_bind_int64(statement, 1, from);
	sqlite3_bind_int(statement, 2, whole);
	return sqlite3_step(statement);
}

static int64_t found_id(const struct tier_reader *tier)
{
	return sqlite3_column_int64(tier->selects[0], 0);
}

static bool found_whole(const struct tier_reader *tier)
{
	return sqlite3_column_int(tier->selects[0], 2) != 0;
}

/* The last moment of a tier up to this one, or the last whole one: 0 if there is none. */
static int find_before(const struct recording *recording, const struct tier_reader *tier,
		       int64_t up_to, bool whole, int64_t *moment)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
		 "SELECT id FROM moments%s WHERE whole >= %d AND id <= %lld "
		 "ORDER BY id DESC LIMIT 1",
		 layout__suffix(tier->number), whole, (long long)up_to);
	return database__number(&recording->database, sql, moment);
}

/* The finest tier has all moments, so a number that is missing was deleted. */
static bool follows(const struct tier_reader *tier, int64_t moment)
{
	return tier->moment && (tier->number || moment == tier->moment + 1);
}

/*
 * What is not whole can be told after the one before it in its tier, or after a whole one. If the
 * moments before it have been deleted meanwhile, the next whole one is next. 1, -errno, or 0: there
 * is none up to the limit.
 */
static int find_in_tier(struct recording *recording, struct tier_reader *tier, int64_t limit,
			int64_t *moment)
{
	int64_t from = recording->moment + 1, whole = 0;
	int code = find_moment(tier, from, false), error;

	if (code == SQLITE_ROW && found_id(tier) > limit)
		return 0;
	if (code == SQLITE_ROW && !found_whole(tier)) {
		*moment = found_id(tier);
		if (tier->moment == recording->moment && follows(tier, *moment))
			return 1;
		error = find_before(recording, tier, *moment, true, &whole);
		if (error)
			return error;
		if (!whole || (!tier->number && tier->moment == recording->moment))
			code = find_moment(tier, from, true);
	}
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return database__fail(&recording->database, code);
	if (code == SQLITE_ROW)
		*moment = found_id(tier);
	return code == SQLITE_ROW && *moment <= limit;
}

/* Whether the tier's mirror is the last moment. */
static bool is_at(const struct recording *recording, const struct tier_reader *tier)
{
	return tier->moment == recording->moment;
}

/*
 * Of tiers that have the same moment, one that had the last one, too, has all that went between
 * the two; else the finest.
 */
int recording__find_next(struct recording *recording, struct tier_reader **tier, int64_t *moment)
{
	struct tier_reader *other = recording_tier(recording, recording->first_tier);
	int64_t found = 0;

	for (; other; other = recording_tier(recording, other->number + 1)) {
		int has = find_in_tier(recording, other, found ? found : recording->last, moment);

		if (has < 0)
			return has;
		if (!has ||
		    (*moment == found && (is_at(recording, *tier) || !is_at(recording, other))))
			continue;
		*tier = other;
		found = *moment;
	}
	*moment = found;
	return found != 0;
}

int recording__find_last(struct recording *recording, int64_t up_to, struct tier_reader **tier,
			 int64_t *moment)
{
	struct tier_reader *other = recording_tier(recording, recording->first_tier);
	int found = 0;

	for (; other; other = recording_tier(recording, other->number + 1)) {
		int64_t last = 0, whole = 0;
		int error = find_before(recording, other, up_to, true, &whole);

		if (!error && whole)
			error = find_before(recording, other, up_to, false, &last);
		if (error)
			return error;
		if (!whole || (found && last <= *moment))
			continue;
		found = 1;
		*tier = other;
		*moment = last;
	}
	return found;
}

/* Reads the tier's next moment, or its next whole one if that is not told otherwise. */
static int step(struct recording *recording, struct tier_reader *tier)
{
	int code = find_moment(tier, tier->moment + 1, false);

	if (code == SQLITE_ROW && !found_whole(tier) && !follows(tier, found_id(tier)))
		code = find_moment(tier, tier->moment + 1, true);
	/* A number that is a text reads as 0. */
	if (code == SQLITE_DONE || (code == SQLITE_ROW && found_id(tier) <= tier->moment))
		code = SQLITE_CORRUPT;
	if (code != SQLITE_ROW)
		return database__fail(&recording->database, code);
	tier->moment = found_id(tier);
	tier->run = sqlite3_column_int64(tier->selects[0], 1);
	return recording__read_moment(recording, tier, found_whole(tier));
}

/* Whether the tier's next moment is this one, and can be told from where the mirror is. */
static bool is_next(const struct tier_reader *tier, int64_t moment)
{
	return tier->moment && tier->moment < moment &&
	       find_moment(tier, tier->moment + 1, false) == SQLITE_ROW &&
	       found_id(tier) == moment && follows(tier, moment);
}

int recording__read_up_to(struct recording *recording, struct tier_reader *tier, int64_t moment)
{
	int64_t whole = 0;
	int error = 0;

	if (tier->moment == moment)
		return 0;
	if (!is_next(tier, moment)) {
		error = find_before(recording, tier, moment, true, &whole);
		tier->moment = whole ? whole - 1 : 0;
	}
	while (!error && tier->moment < moment)
		error = step(recording, tier);
	return error;
}
