// SPDX-License-Identifier: GPL-2.0-only
/*
 * What three tiers (1 s, 10 s, 5 min) of so many vCPUs take, half of them busy, with every set of
 * kvmq-cpu's figures: prints one a line: NAME VALUE. Beside them, one tier alone.
 */
#include <err.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "recording/recorder.h"
#include "vcpus.h"

#define MOMENTS 3001
#define DAY 86400

static const unsigned int steps[RECORDER_TIERS] = { 1, 10, 300 };

static unsigned int due(unsigned int moment)
{
	unsigned int tiers = 0;

	for (int i = 0; i < RECORDER_TIERS; i++)
		tiers |= (moment % steps[i]) ? 0U : 1U << i;
	return tiers;
}

/* ns on a CPU a moment. */
static uint64_t write_all(const char *path, size_t count, unsigned int tiers)
{
	static const struct recorder_tiers wanted = { { 64, 64, 64 }, 16ULL << 30 };
	struct recorder *recorder;
	struct moment moment;
	const void *const views[RECORDER_TIERS] = { &moment, &moment, &moment };
	uint64_t ns = 0;

	begin(&moment, count);
	unlink(path);
	if (recorder__open_tiers(&recorder, path, &info, &wanted))
		exit(1);
	for (unsigned int i = 0; i < MOMENTS; i++) {
		uint64_t begin_ns = cpu_ns();

		if (recorder__write_tiers(recorder, views, due(i) & tiers))
			exit(1);
		ns += cpu_ns() - begin_ns;
		go_on(&moment, count / 2);
	}
	recorder__close(recorder);
	list_free(&moment.vcpus);
	return ns / MOMENTS;
}

/* Bytes of the pages of the tables with an ending. */
static uint64_t bytes_of(const char *path, const char *where)
{
	sqlite3 *db;
	sqlite3_stmt *statement;
	char sql[256];
	uint64_t bytes;

	snprintf(sql, sizeof(sql), "SELECT total(pgsize) FROM dbstat WHERE %s", where);
	if (sqlite3_open(path, &db) || sqlite3_prepare_v2(db, sql, -1, &statement, NULL) ||
	    sqlite3_step(statement) != SQLITE_ROW)
		errx(1, "%s: %s", path, sqlite3_errmsg(db));
	bytes = (uint64_t)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return bytes;
}

int main(int argc, char **argv)
{
	static const char *const where[RECORDER_TIERS] = {
		"name IN ('moments', 'vcpus', 'figures')", "name GLOB '*_1'", "name GLOB '*_2'"
	};
	size_t count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	uint64_t one, all;

	if (count < 2) {
		fprintf(stderr, "usage: tiers FILE VCPUS\n");
		return 2;
	}
	one = write_all(argv[1], count, 1);
	all = write_all(argv[1], count, 7);
	printf("one_tier_write_ns %" PRIu64 "\nwrite_ns %" PRIu64 "\n", one, all);
	for (int i = 0; i < RECORDER_TIERS; i++)
		printf("tier_%u_s_bytes_a_day %" PRIu64 "\n", steps[i],
		       bytes_of(argv[1], where[i]) * DAY / (MOMENTS - 1));
	printf("memory_bytes %lld\n", (long long)sqlite3_memory_highwater(0));
	return 0;
}
