/* SPDX-License-Identifier: GPL-2.0-only */
/* Views of sets of the recording's tests own, with every type and kind of field, that change at
 * random. */
#ifndef KVMQ_RECORDED_H
#define KVMQ_RECORDED_H

#include "unit.h"

#include <sqlite3.h>

#include "base/log.h"
#include "model/set.h"
#include "recording/info.h"

#define PLACES 300 /* of an array */

struct machine {
	uint64_t id;
	char name[12];
	int32_t node;
	bool is_known;
	uint64_t run_ns, idle_ns, longest_ns;
	uint64_t since_ns; /* idle since; 0: it runs */
	uint32_t wraps;
	uint32_t hist[PLACES];
	uint64_t pages[6];
	int32_t distance[5];
};

struct pair {
	int32_t node;
	char of[8];
};

struct happening {
	uint64_t time_ns;
	uint32_t of;
	uint32_t places[4];
};

struct moment {
	uint64_t time_ns, realtime_ns;
	int32_t zone;
	LIST(struct machine) machines;
	struct {
		uint64_t lost;
		char why[16];
	} losses;
	LIST(struct pair) pairs;
	LIST(struct happening) happenings;
};

static const struct field moment_fields[] = {
	FIELD(struct moment, time_ns, FIELD_U64, FIELD_GAUGE),
	FIELD(struct moment, realtime_ns, FIELD_U64, FIELD_GAUGE),
	FIELD(struct moment, zone, FIELD_I32, FIELD_GAUGE),
};

static const struct field identity_fields[] = {
	FIELD(struct machine, id, FIELD_U64, FIELD_KEY),
	FIELD(struct machine, name, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct machine, node, FIELD_I32, FIELD_GAUGE),
};

static const struct field machine_fields[] = {
	FIELD(struct machine, id, FIELD_U64, FIELD_KEY),
	FIELD(struct machine, is_known, FIELD_BOOL, FIELD_GAUGE),
	FIELD(struct machine, run_ns, FIELD_U64, FIELD_COUNTER),
	FIELD(struct machine, idle_ns, FIELD_U64, FIELD_COUNTER),
	FIELD(struct machine, longest_ns, FIELD_U64, FIELD_MAXIMUM),
	FIELD(struct machine, since_ns, FIELD_U64, FIELD_GAUGE),
	FIELD(struct machine, wraps, FIELD_U32, FIELD_COUNTER),
	FIELD(struct machine, hist, FIELD_U32, FIELD_COUNTER),
	FIELD(struct machine, pages, FIELD_U64, FIELD_GAUGE),
	FIELD(struct machine, distance, FIELD_I32, FIELD_GAUGE),
};

static const struct field loss_fields[] = {
	FIELD_AS("lost", struct moment, losses.lost, FIELD_U64, FIELD_COUNTER),
	FIELD_AS("why", struct moment, losses.why, FIELD_TEXT, FIELD_GAUGE),
};

static const struct field pair_fields[] = {
	FIELD(struct pair, node, FIELD_I32, FIELD_KEY),
	FIELD(struct pair, of, FIELD_TEXT, FIELD_KEY),
};

static const struct field happening_fields[] = {
	FIELD(struct happening, time_ns, FIELD_U64, FIELD_GAUGE),
	FIELD(struct happening, of, FIELD_U32, FIELD_GAUGE),
	FIELD(struct happening, places, FIELD_U32, FIELD_GAUGE),
};

/* One that idles is idle for longer. */
static inline void machine_age(void *item, const void *was, const void *is)
{
	const struct moment *before = was, *after = is;
	struct machine *machine = item;

	if (machine->since_ns)
		machine->idle_ns += after->time_ns - before->time_ns;
}

#define SET(of_name, of_fields, ...)                                                               \
	{                                                                                          \
		.name = of_name, .fields = of_fields, .field_count = ARRAY_SIZE(of_fields),        \
		__VA_ARGS__                                                                        \
	}

static const struct set moment_set = SET("moments", moment_fields, .size = sizeof(struct moment));
static const struct set identity_set =
	SET("machines", identity_fields, .key_count = 1, .size = sizeof(struct machine),
	    .list = offsetof(struct moment, machines));
static const struct set machine_set =
	SET("figures", machine_fields, .key_count = 1, .size = sizeof(struct machine),
	    .list = offsetof(struct moment, machines), .age = machine_age);
static const struct set loss_set = SET("losses", loss_fields, .size = sizeof(struct moment));
static const struct set pair_set =
	SET("pairs", pair_fields, .key_count = 2, .size = sizeof(struct pair),
	    .list = offsetof(struct moment, pairs));
static const struct set happening_set =
	SET("happenings", happening_fields, .events = true, .size = sizeof(struct happening),
	    .list = offsetof(struct moment, happenings));

static const struct set *const all_sets[] = {
	&moment_set, &identity_set, &machine_set, &loss_set, &pair_set, &happening_set,
};

static const struct recording_info all_info = {
	.option = "--record",
	.tool = "kvmq-test",
	.version = "1.0",
	.boot_id = "b00t",
	.host = "h",
	.interval_ns = 1000000000,
	.sets = all_sets,
	.set_count = ARRAY_SIZE(all_sets),
};

static inline struct machine *add_machine(struct moment *moment, uint64_t id, const char *name)
{
	struct machine *machine = list_add(&moment->machines);

	assert_non_null(machine);
	machine->id = id;
	snprintf(machine->name, sizeof(machine->name), "%s", name);
	return machine;
}

static inline void add_pair(struct moment *moment, int32_t node, const char *of)
{
	struct pair *pair = list_add(&moment->pairs);

	assert_non_null(pair);
	pair->node = node;
	snprintf(pair->of, sizeof(pair->of), "%s", of);
}

static inline void moment_free(struct moment *moment)
{
	list_free(&moment->machines);
	list_free(&moment->pairs);
	list_free(&moment->happenings);
	*moment = (struct moment){ 0 };
}

static inline void moment_copy(struct moment *moment, const struct moment *from)
{
	struct moment was = *moment;

	*moment = *from;
	moment->machines.all = was.machines.all;
	moment->pairs.all = was.pairs.all;
	moment->happenings.all = was.happenings.all;
	assert_int_equal(list_copy(&moment->machines, &from->machines), 0);
	assert_int_equal(list_copy(&moment->pairs, &from->pairs), 0);
	assert_int_equal(list_copy(&moment->happenings, &from->happenings), 0);
}

/* The lists in any order are the same. */
static inline void expect_list(const struct set *set, const struct list *got, struct list *wanted)
{
	assert_int_equal(got->count, wanted->count);
	set__sort(set, wanted);
	for (size_t i = 0; i < got->count; i++)
		if (!set__equal(set, (char *)got->items + i * set->size,
				(char *)wanted->items + i * set->size))
			fail_msg("%s: item %zu of %zu differs", set->name, i, got->count);
}

static inline void expect_moment(const struct moment *got, struct moment *wanted)
{
	assert_true(set__equal(&moment_set, got, wanted));
	assert_true(set__equal(&loss_set, got, wanted));
	expect_list(&identity_set, &got->machines.all, &wanted->machines.all);
	expect_list(&machine_set, &got->machines.all, &wanted->machines.all);
	expect_list(&pair_set, &got->pairs.all, &wanted->pairs.all);
	assert_int_equal(got->happenings.count, wanted->happenings.count);
	for (size_t i = 0; i < got->happenings.count; i++)
		assert_true(set__equal(&happening_set, &got->happenings.list[i],
				       &wanted->happenings.list[i]));
}

/* The same each time for a seed. */
static inline uint64_t chance(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return *seed >> 20;
}

static inline void machine_change(struct machine *machine, uint64_t *seed)
{
	machine->is_known = chance(seed) % 2;
	machine->run_ns += chance(seed);
	machine->longest_ns += chance(seed) % 3;
	machine->wraps += (uint32_t)chance(seed);
	machine->since_ns = chance(seed) % 2 * 7;
	for (uint64_t i = chance(seed) % 20; i--;)
		machine->hist[chance(seed) % PLACES] += (uint32_t)chance(seed) >> chance(seed) % 32;
	machine->pages[chance(seed) % 6] = chance(seed) << chance(seed) % 64;
	machine->distance[chance(seed) % 5] = (int32_t)chance(seed);
	if (chance(seed) % 8 == 0)
		snprintf(machine->name, sizeof(machine->name), "%x", (uint32_t)chance(seed));
	if (chance(seed) % 8 == 0)
		machine->node = (int32_t)chance(seed);
}

static inline void machines_change(struct moment *moment, uint64_t passed, uint64_t *seed)
{
	size_t kept = 0;

	for (size_t i = 0; i < moment->machines.count; i++) {
		struct machine *machine = &moment->machines.list[i];

		if (chance(seed) % 30 == 0)
			continue;
		if (machine->since_ns)
			machine->idle_ns += passed;
		if (chance(seed) % 3 == 0)
			machine_change(machine, seed);
		moment->machines.list[kept++] = *machine;
	}
	moment->machines.count = kept;
	for (uint64_t i = chance(seed) % 3; i--;) {
		/* Above INT64_MAX, too, and by no order. */
		uint64_t id = chance(seed) << 22 ^ chance(seed);

		machine_change(add_machine(moment, id, ""), seed);
	}
}

/* Everything may happen to everything. */
static inline void moment_change(struct moment *moment, uint64_t *seed)
{
	uint64_t passed = 1000000000 + chance(seed) % 1000;

	moment->time_ns += passed;
	moment->realtime_ns += passed;
	moment->zone = -(int32_t)(chance(seed) % 12);
	machines_change(moment, passed, seed);
	moment->losses.lost += chance(seed) % 4 == 0;
	snprintf(moment->losses.why, sizeof(moment->losses.why), "%d", (int)chance(seed) % 2);
	if (moment->pairs.count && chance(seed) % 4 == 0)
		moment->pairs.list[0] = moment->pairs.list[--moment->pairs.count];
	if (moment->pairs.count < 9 && chance(seed) % 4 == 0) {
		char of[8];

		snprintf(of, sizeof(of), "%d", (int)(chance(seed) % 100));
		add_pair(moment, -(int32_t)moment->time_ns, of);
	}
	list_clear(&moment->happenings);
	for (uint64_t i = chance(seed) % 4; i--;) {
		struct happening *happening = list_add(&moment->happenings);

		happening->time_ns = moment->time_ns;
		happening->of = (uint32_t)chance(seed) % 3;
		happening->places[happening->of] = (uint32_t)chance(seed);
	}
}

/* A folder for a test's recording, which is called file. */
static char folder[64], path[128];

static inline void make_folder(void)
{
	strcpy(folder, "/tmp/test-recording-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file", folder);
	log_init("kvmq", false);
}

static inline int remove_folder(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

/* As a person would with "sqlite3 FILE SQL". */
static inline void change_file(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL))
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

#endif
