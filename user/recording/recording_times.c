// SPDX-License-Identifier: GPL-2.0-only
/* Which moments there are at which time, in all tiers. */
#include <errno.h>

#include "recording/recording_internal.h"

static sqlite3_int64 to_sql(uint64_t number)
{
	return number > INT64_MAX ? INT64_MAX : (sqlite3_int64)number;
}

/*
 * All moments that are between two times (?1, ?2), after a moment (?3) and up to one (?5), once
 * each. A tier's last ?4 of them: a long recording has more than anybody looks at.
 */
static void append_moments(sqlite3_str *text, struct recording *recording)
{
	struct tier_reader *tier = recording_tier(recording, recording->first_tier);
	const char *separator = "";

	for (; tier; tier = recording_tier(recording, tier->number + 1)) {
		sqlite3_str_appendf(text,
				    "%sSELECT * FROM (SELECT id, run, realtime_ns FROM moments%s "
				    "WHERE realtime_ns BETWEEN ?1 AND ?2 AND id > ?3 AND id <= ?5 "
				    "ORDER BY id DESC LIMIT ?4)",
				    separator, layout__suffix(tier->number));
		separator = " UNION ";
	}
}

static int add_moments(struct recording *recording, sqlite3_stmt *rows, struct list *moments)
{
	int code;

	while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
		struct recorded_moment *moment = list__add(moments, sizeof(*moment));

		if (!moment)
			return database__fail(&recording->database, SQLITE_NOMEM);
		*moment = (struct recorded_moment){ sqlite3_column_int64(rows, 0),
						    sqlite3_column_int64(rows, 1),
						    (uint64_t)sqlite3_column_int64(rows, 2) };
	}
	return code == SQLITE_DONE ? 0 : database__fail(&recording->database, code);
}

static int prepare_moments(struct recording *recording, sqlite3_stmt **rows)
{
	sqlite3_str *text = sqlite3_str_new(recording->database.db);
	char *sql;
	int error;

	sqlite3_str_appendall(text, "SELECT * FROM (SELECT * FROM (");
	append_moments(text, recording);
	sqlite3_str_appendall(text, ") ORDER BY id DESC LIMIT ?4) ORDER BY id");
	sql = sqlite3_str_finish(text);
	error = sql ? database__prepare(&recording->database, sql, rows)
		    : database__fail(&recording->database, SQLITE_NOMEM);
	sqlite3_free(sql);
	return error;
}

int recording__moments(struct recording *recording, uint64_t since_ns, uint64_t until_ns,
		       struct list *moments)
{
	const struct recorded_moment *last = moments->items;
	sqlite3_stmt *rows = NULL;
	int error = prepare_moments(recording, &rows);

	if (error)
		return error;
	sqlite3_bind_int64(rows, 1, to_sql(since_ns));
	sqlite3_bind_int64(rows, 2, to_sql(until_ns));
	sqlite3_bind_int64(rows, 3,
			   moments->count ? last[moments->count - 1].id : recording->before);
	sqlite3_bind_int(rows, 4, RECORDING_MOMENTS);
	sqlite3_bind_int64(rows, 5, recording->last);
	error = add_moments(recording, rows, moments);
	sqlite3_finalize(rows);
	return error;
}

/* The first moment of any tier after one, from a time of day on, and up to another. */
static int find_first(struct recording *recording, int64_t after, uint64_t from_ns,
		      uint64_t until_ns, int64_t *moment)
{
	struct tier_reader *tier = recording_tier(recording, recording->first_tier);
	int error = 0;

	*moment = 0;
	for (; tier && !error; tier = recording_tier(recording, tier->number + 1)) {
		int64_t first = 0;
		char *sql =
			sqlite3_mprintf("SELECT id FROM moments%s WHERE id > %lld AND "
					"realtime_ns BETWEEN %lld AND %lld ORDER BY id LIMIT 1",
					layout__suffix(tier->number), (long long)after,
					(long long)to_sql(from_ns), (long long)to_sql(until_ns));

		error = sql ? database__number(&recording->database, sql, &first)
			    : database__fail(&recording->database, SQLITE_NOMEM);
		sqlite3_free(sql);
		if (first && (!*moment || first < *moment))
			*moment = first;
	}
	return error;
}

int recording__find_later(struct recording *recording, uint64_t realtime_ns, int64_t *moment)
{
	uint64_t from_ns = realtime_ns < UINT64_MAX ? realtime_ns + 1 : realtime_ns;

	return find_first(recording, 0, from_ns, UINT64_MAX, moment);
}

int recording__find_between(struct recording *recording, int64_t *moment)
{
	uint64_t from_ns = recording->since_ns ? recording->since_ns + 1 : 0;

	return find_first(recording, recording->moment, from_ns, recording->until_ns, moment);
}
