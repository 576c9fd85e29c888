// SPDX-License-Identifier: GPL-2.0-only
/* The incidents that a recording has kept. */
#include <errno.h>

#include "recording/recording_internal.h"

static int add_incidents(const struct recording *recording, sqlite3_stmt *rows,
			 struct list *incidents)
{
	int code;

	while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
		struct recorded_incident *incident = list__add(incidents, sizeof(*incident));

		if (!incident)
			return database__fail(&recording->database, SQLITE_NOMEM);
		incident->id = sqlite3_column_int64(rows, 0);
		incident->first = sqlite3_column_int64(rows, 1);
		incident->last = sqlite3_column_int64(rows, 2);
		incident->since_ns = (uint64_t)sqlite3_column_int64(rows, 3);
		incident->until_ns = (uint64_t)sqlite3_column_int64(rows, 4);
		recording__copy_text(incident->vm, sizeof(incident->vm), rows, 5);
		recording__copy_text(incident->rule, sizeof(incident->rule), rows, 6);
		recording__copy_text(incident->verdict, sizeof(incident->verdict), rows, 7);
	}
	return code == SQLITE_DONE ? 0 : database__fail(&recording->database, code);
}

int recording__incidents(struct recording *recording, struct list *incidents)
{
	sqlite3_stmt *rows;
	int64_t is_there = 0;
	int error = database__number(&recording->database,
				     "SELECT count(*) FROM sqlite_master WHERE name = 'incidents' "
				     "AND sql LIKE 'CREATE TABLE%'",
				     &is_there);

	if (error || !is_there)
		return error;
	error = database__prepare(&recording->database,
				  "SELECT id, first, last, since_ns, until_ns, vm, rule, verdict "
				  "FROM incidents ORDER BY id",
				  &rows);
	if (error)
		return error;
	error = add_incidents(recording, rows, incidents);
	sqlite3_finalize(rows);
	return error;
}

int recording__choose(struct recording *recording, int64_t incident)
{
	LIST(struct recorded_incident) incidents = { 0 };
	const struct recorded_incident *found = NULL;
	int error = recording__incidents(recording, &incidents.all);

	for (size_t i = 0; i < incidents.count; i++)
		if (incidents.list[i].id == incident)
			found = &incidents.list[i];
	if (!error && !found)
		error = database__refuse(&recording->database, -ENODATA,
					 "has no incident %lld: 'kvmq-why --incidents' lists them",
					 (long long)incident);
	if (!error && found) {
		recording->first_tier = LAYOUT_KEPT;
		recording->tier_end = LAYOUT_TIERS;
		recording->before = found->first - 1;
		recording->last = found->last;
		error = recording__go(recording, found->first);
	}
	list_free(&incidents);
	return error;
}
