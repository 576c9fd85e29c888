/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much CPU time kvmqd and its hooks may take, and what is given up so that they take no more.
 * Pure: it is told what was spent, and says what to do.
 *
 * In any minute no more may be spent than the budget. So it asks what a minute would cost, from
 * now and from each moment in between, if things went on as they do; as soon as that is too much,
 * the first of these that would be cheap enough is done: longer intervals, no hooks at exits, none
 * at the block layer. What is given up comes back one after the other, when a minute with it would
 * be cheap enough. What hooks would cost is not known then, so they are tried: samples come quickly
 * at first, and after each attempt that failed twice as much time passes up to the next.
 *
 * What comes within one second, between two samples, cannot be foreseen: the budget holds as long
 * as that is no more than the fifth of it that is left for this.
 */
#ifndef KVMQ_DAEMON_BUDGET_H
#define KVMQ_DAEMON_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUDGET_WINDOW_NS 60000000000ULL

/* What is given up, beside what the levels before give up. */
enum budget_level {
	BUDGET_FULL, /* nothing */
	BUDGET_SLOW, /* the interval */
	BUDGET_NO_EXITS,
	BUDGET_NO_BLOCK,
	BUDGET_LEVELS,
};

/* "nothing is left out", "longer interval", "exits off", "block off" */
const char *budget_level__name(enum budget_level level);

struct budget_settings {
	uint64_t mpct;	      /* 1/1000 % of one CPU */
	uint64_t interval_ns; /* the shortest */
	bool exits, block;    /* there are hooks that can be given up */
};

/* CPU time in ns that was spent so far. */
struct budget_sample {
	uint64_t time_ns;			  /* CLOCK_MONOTONIC */
	uint64_t views;				  /* how many were taken */
	uint64_t views_ns, changes_ns, other_ns;  /* by the daemon: for views, by changing hooks */
	uint64_t switches_ns, exits_ns, block_ns; /* in hooks */
};

#define BUDGET_SLOTS 128

/* What was spent in a piece of time. */
struct budget_slot {
	uint64_t begin_ns, end_ns;
	uint64_t ns;
};

/* A mean of ns per s, over so many seconds. */
struct budget_rate {
	double value;
	double seconds; /* 0: it has yet to be seen */
};

/* What is done: less and less from the first one on. */
struct budget_choice {
	unsigned int off;   /* of the hooks that can be given up, so many are */
	unsigned int shift; /* the interval is the shortest one times 2^shift */
};

struct budget {
	struct budget_settings settings;
	struct budget_choice choice;
	bool held; /* false: even if all is given up that can be, it will be more */
	struct budget_sample last;
	struct budget_slot slots[BUDGET_SLOTS]; /* a ring */
	size_t first, count;
	struct budget_rate switches, exits, block, other;
	double view_ns;	     /* of one */
	uint64_t changed_ns; /* when the choice changed last */
	uint64_t tried_ns;   /* when hooks came back last; 0: never, or it went well */
	uint64_t hold_ns;    /* before hooks are tried again */
};

/* Begins with a sample, and with all that is asked for. */
void budget__init(struct budget *budget, const struct budget_settings *settings,
		  const struct budget_sample *sample);

/* Other settings, with what is known so far. */
void budget__set(struct budget *budget, const struct budget_settings *settings);

/* Takes a sample. Returns whether what is to be done has changed. */
bool budget__take(struct budget *budget, const struct budget_sample *sample);

/* How much time is to pass up to the next sample: a second, or less. */
uint64_t budget__pause(const struct budget *budget);

/* What is to be done. */
enum budget_level budget__level(const struct budget *budget);
uint64_t budget__interval(const struct budget *budget);
bool budget__allows_exits(const struct budget *budget);
bool budget__allows_block(const struct budget *budget);

/* What was spent in the last minute: 1/1000 % of one CPU. */
uint64_t budget__used_mpct(const struct budget *budget);

#endif
