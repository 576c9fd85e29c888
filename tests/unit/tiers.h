/* SPDX-License-Identifier: GPL-2.0-only */
/* Recordings of three tiers of the recording's tests, and what is known of all that was written. */
#ifndef KVMQ_TIERS_H
#define KVMQ_TIERS_H

#include "recorded.h"

#include "recording/recorder.h"
#include "recording/recording.h"
#include "recording/thin.h"

#define START_NS 1700000000000000000ULL
#define MAX_BYTES (64ULL << 20)

static const struct recorder_tiers tiers = { { 8, 4, 3 }, MAX_BYTES };

/* What is known of all machines that there ever were. */
struct known {
	LIST(struct machine) machines; /* as each was at last */
	uint64_t run_ns, hist;	       /* of all of them */
	LIST(struct moment) moments;
};

/* Whether each moment stays as it is until the next one: user/recording/recorder.h. */
static bool lends;
static struct moment lent[2]; /* in turn */
static size_t lent_count;

static inline int set_up(void **state)
{
	(void)state;
	lends = false;
	make_folder();
	return 0;
}

static inline int set_up_lent(void **state)
{
	int result = set_up(state);

	lends = true;
	return result;
}

/* A test with each moment lent. */
#define LENT_TEST(function)                                                                        \
	{                                                                                          \
#function ", lent", function, set_up_lent, remove_folder, NULL                     \
	}

static inline uint64_t hist_sum(const struct machine *machine)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < PLACES; i++)
		sum += machine->hist[i];
	return sum;
}

static inline struct machine *find_known(struct known *known, uint64_t id)
{
	for (size_t i = 0; i < known->machines.count; i++)
		if (known->machines.list[i].id == id)
			return &known->machines.list[i];
	return list_add(&known->machines);
}

static inline void learn(struct known *known, const struct moment *moment)
{
	struct moment *copy = list_add(&known->moments);

	moment_copy(copy, moment);
	for (size_t i = 0; i < moment->machines.count; i++)
		*find_known(known, moment->machines.list[i].id) = moment->machines.list[i];
}

static inline void add_up(struct known *known)
{
	known->run_ns = 0;
	known->hist = 0;
	for (size_t i = 0; i < known->machines.count; i++) {
		known->run_ns += known->machines.list[i].run_ns;
		known->hist += hist_sum(&known->machines.list[i]);
	}
}

static inline void forget(struct known *known)
{
	for (size_t i = 0; i < known->moments.count; i++)
		moment_free(&known->moments.list[i]);
	list_free(&known->moments);
	list_free(&known->machines);
}

/* Every fifth moment is in the second tier, every twentieth in the third. */
static inline unsigned int due(size_t moment)
{
	return 1 | (moment % 5 ? 0 : 2) | (moment % 20 ? 0 : 4);
}

static inline struct recorder *open_tiers(void)
{
	struct recorder *recorder;

	assert_int_equal(recorder__open_tiers(&recorder, path, &all_info, &tiers), 0);
	return recorder;
}

/* Now and then it is taken back before the next one comes. */
static inline int lend_to(struct recorder *recorder, const struct moment *moment,
			  unsigned int tiers)
{
	struct moment *copy = &lent[lent_count % 2], *before = &lent[(lent_count + 1) % 2];
	const struct recorder_views views = { .of = { copy, copy, copy },
					      .lends = true,
					      .before = before };

	if (lent_count % 11 == 5) {
		recorder__take_back(recorder, before);
		list_clear(&before->machines);
	}
	moment_copy(copy, moment);
	lent_count++;
	return recorder__write_views(recorder, &views, tiers);
}

static inline int write_to(struct recorder *recorder, const struct moment *moment,
			   unsigned int tiers)
{
	const void *const views[RECORDER_TIERS] = { moment, moment, moment };

	return lends ? lend_to(recorder, moment, tiers)
		     : recorder__write_tiers(recorder, views, tiers);
}

static inline void write_one(struct recorder *recorder, struct known *known, struct moment *moment,
			     uint64_t *seed)
{
	size_t place = known->moments.count;

	moment_change(moment, seed);
	list_clear(&moment->happenings); /* are of one tier's moments alone */
	learn(known, moment);
	assert_int_equal(write_to(recorder, moment, due(place)), 0);
}

static inline void sweep_all(struct recorder *recorder)
{
	uint32_t rows;

	do
		assert_int_equal(thin__sweep(recorder, &rows), 0);
	while (rows);
}

/* Takes out a tier's blocks up to a moment that it can begin with; 0: there is none. */
static inline int64_t cut_some(struct recorder *recorder, uint32_t tier, uint64_t *seed)
{
	const struct thin_now now = { 0 };
	LIST(struct moment_block) blocks = { 0 };
	int64_t before = 0;

	assert_int_equal(thin__blocks(recorder, tier, &now, &blocks.all), 0);
	if (blocks.count > 1)
		before = blocks.list[1 + chance(seed) % (blocks.count - 1)].first;
	list_free(&blocks);
	if (before)
		assert_int_equal(thin__cut(recorder, tier, before), 0);
	return before;
}

#endif
