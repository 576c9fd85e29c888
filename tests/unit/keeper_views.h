/* SPDX-License-Identifier: GPL-2.0-only */
/* Views whose counters follow from their number, and the daemon's recording of them. */
#ifndef KVMQ_KEEPER_VIEWS_H
#define KVMQ_KEEPER_VIEWS_H

#include "unit.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include "base/log.h"
#include "daemon/keeper.h"
#include "model/view_sets.h"
#include "recording/recording.h"

#define SECOND 1000000000ULL
#define BOOT_NS (5000 * SECOND) /* how long the host has been up when the first view comes */
#define START_NS 1700000000000000000ULL
#define THREADS 8

/* The tiers that the lab has: each kind of thinning comes within minutes. */
static const struct daemon_tier lab_tiers[DAEMON_TIERS] = {
	{ SECOND, 30 * SECOND },
	{ 5 * SECOND, 90 * SECOND },
	{ 20 * SECOND, 300 * SECOND },
};

static char folder[64], path[128];

/* Whether each view stays as it is until the next one: user/daemon/keeper.h. */
static bool lends;
static struct view lent[2]; /* in turn */
static size_t lent_count;

static inline struct recording_info keeper_info(void)
{
	struct recording_info info = { .option = "recording",
				       .tool = "kvmqd",
				       .version = "1",
				       .boot_id = "boot-1",
				       .host = "host",
				       .interval_ns = SECOND,
				       .sets = all_sets };

	while (all_sets[info.set_count])
		info.set_count++;
	return info;
}

static inline int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test-keeper-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file", folder);
	log_init("kvmqd", false);
	return 0;
}

static inline int tear_down(void **state)
{
	char command[96];

	(void)state;
	lends = false;
	log_keep_errors(false);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static inline struct keeper *open_keeper(uint64_t max_bytes)
{
	const struct recording_info info = keeper_info();
	struct keeper *keeper;

	assert_int_equal(keeper__open(&keeper, path, lab_tiers, max_bytes, &info), 0);
	return keeper;
}

/* The counters of a thread after so many seconds: nobody needs to have seen what came before. */
static inline uint64_t run_of(uint64_t id, uint64_t seconds)
{
	return seconds * (1000 + id) + seconds / 7 * id;
}

static inline uint64_t hist_of(uint64_t id, uint64_t seconds, size_t bucket)
{
	return (seconds * (id + 1) + bucket) / 97;
}

static inline void fill_thread(struct thread_snapshot *thread, uint64_t id, uint64_t seconds)
{
	*thread = (struct thread_snapshot){ .state = STATE_RUN };
	thread->identity = (struct identity){ .id = id,
					      .vm_pid = 100,
					      .vm_start_ns = 9,
					      .tid = (uint32_t)(100 + id),
					      .is_vcpu = true,
					      .vcpu = (int32_t)id };
	thread->figures.run_ns = run_of(id, seconds);
	thread->figures.elapsed_ns = seconds * SECOND;
	thread->figures.max_ns = seconds / 10 * id;
	for (size_t bucket = 0; bucket < 40; bucket++)
		thread->hist.count[CAUSE_WAKE][bucket] = (uint32_t)hist_of(id, seconds, bucket);
}

/* The view after so many seconds; the time of day is later by shift_ns. */
static inline void fill_view(struct view *view, uint64_t seconds, int64_t shift_ns)
{
	struct vm *vm;

	snapshot__clear(&view->sched);
	view->sched.time_ns = BOOT_NS + seconds * SECOND;
	view->sched.end_ns = view->sched.time_ns;
	view->sched.read_rq = view->sched.time_ns;
	view->sched.realtime_ns = START_NS + seconds * SECOND + (uint64_t)shift_ns;
	vm = list_add(&view->sched.vms);
	*vm = (struct vm){ .pid = 100, .start_ns = 9, .chosen = true, .name = "web" };
	for (uint64_t id = 1; id <= THREADS; id++)
		fill_thread(list_add(&view->sched.threads), id, seconds);
}

static inline int set_up_lent(void **state)
{
	lends = true;
	lent_count = 0;
	return set_up(state);
}

/* A test with each view lent. */
#define LENT_TEST(function)                                                                        \
	{                                                                                          \
#function ", lent", function, set_up_lent, tear_down, NULL                         \
	}

static inline struct list *list_of(const struct set *set, struct view *view)
{
	return (struct list *)((char *)view + set->list);
}

static inline void copy_view(struct view *to, struct view *from)
{
	struct view was = *to;

	*to = *from;
	for (size_t i = 0; all_sets[i]; i++)
		if (all_sets[i]->key_count || all_sets[i]->events)
			*list_of(all_sets[i], to) = *list_of(all_sets[i], &was);
	for (size_t i = 0; all_sets[i]; i++)
		if (all_sets[i]->key_count || all_sets[i]->events)
			assert_int_equal(list__copy(list_of(all_sets[i], to),
						    list_of(all_sets[i], from), all_sets[i]->size),
					 0);
}

static inline int lend_view(struct keeper *keeper, struct view *view)
{
	struct view *copy = &lent[lent_count % 2], *before = &lent[(lent_count + 1) % 2];

	copy_view(copy, view);
	return keeper__take_next(keeper, lent_count++ ? before : NULL, copy);
}

/* If they are lent, one comes too early now and then: no tier is due, and it is empty. */
static inline int take_view(struct keeper *keeper, struct view *view)
{
	struct view early = { .sched.time_ns = view->sched.time_ns + SECOND / 10,
			      .sched.realtime_ns = view->sched.realtime_ns + SECOND / 10 };
	int error = lends ? lend_view(keeper, view) : keeper__take(keeper, view);

	if (lends && !error && lent_count % 5 == 0)
		assert_int_equal(lend_view(keeper, &early), 0);
	return error;
}

/* Views of the seconds from one to another. */
static inline void take_shifted(struct keeper *keeper, uint64_t from, uint64_t to, int64_t shift_ns)
{
	struct view view = { 0 };

	for (uint64_t seconds = from; seconds < to; seconds++) {
		fill_view(&view, seconds, shift_ns);
		assert_int_equal(take_view(keeper, &view), 0);
	}
	view__free(&view);
}

static inline void take_all(struct keeper *keeper, uint64_t from, uint64_t to)
{
	take_shifted(keeper, from, to, 0);
}

static inline void expect_view(const struct view *view, uint64_t seconds)
{
	assert_int_equal(view->sched.threads.count, THREADS);
	for (uint64_t id = 1; id <= THREADS; id++) {
		const struct thread_snapshot *thread = &view->sched.threads.list[id - 1];

		assert_int_equal(thread->figures.run_ns, run_of(id, seconds));
		assert_int_equal(thread->figures.max_ns, seconds / 10 * id);
		for (size_t bucket = 0; bucket < 40; bucket++)
			assert_int_equal(thread->hist.count[CAUSE_WAKE][bucket],
					 hist_of(id, seconds, bucket));
	}
}

static inline struct recording *read_as(const char *tool)
{
	struct recording_info info = keeper_info();
	struct recording *recording;

	info.option = "--from";
	info.tool = tool;
	assert_int_equal(recording__open(&recording, path, &info), 0);
	return recording;
}

/* Reads all: every figure of every moment is right. Their seconds; returns how many. */
static inline size_t read_all(uint64_t *seconds, size_t most)
{
	struct recording *recording = read_as("kvmq-cpu");
	struct view view = { 0 };
	size_t count = 0;

	while (recording__next(recording, &view) == 1) {
		assert_true(count < most);
		seconds[count] = (view.sched.time_ns - BOOT_NS) / SECOND;
		expect_view(&view, seconds[count]);
		count++;
	}
	recording__close(recording);
	view__free(&view);
	return count;
}

/* With sqlite3 FILE SQL: the first number. */
static inline int64_t ask(const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *statement;
	int64_t number;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL))
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return number;
}

static inline uint64_t size_on_disk(void)
{
	char wal[160];
	struct stat file;
	uint64_t bytes = 0;

	snprintf(wal, sizeof(wal), "%s-wal", path);
	if (!stat(path, &file))
		bytes += (uint64_t)file.st_size;
	if (!stat(wal, &file))
		bytes += (uint64_t)file.st_size;
	return bytes;
}

#endif
