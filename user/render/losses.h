/* SPDX-License-Identifier: GPL-2.0-only */
/* What could not be counted: one table for each struct of losses feeds JSON and the words. */
#ifndef KVMQ_LOSSES_H
#define KVMQ_LOSSES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "model/share_loss.h"
#include "model/view.h"
#include "render/metric.h"

struct loss {
	const char *key;   /* in JSON */
	const char *words; /* to stand behind the number. NULL: those of the set */
	size_t place;	   /* of its uint64_t in the struct */
	const char *of; /* key of the metric that it is about; NULL: any; "": none, made up for */
	enum share_table table; /* that is full; SHARE_NO_TABLE: it names nobody */
};

struct loss_table {
	const struct loss *list;
	size_t count;
};

/* The losses of a moment, since the tool started; all is borrowed. */
struct loss_set {
	const struct loss_table *table;
	const void *losses;
	const char *words;		   /* of the entry that has none of its own, or NULL */
	const struct share_losses *shares; /* whose they are; NULL: not known */
};

/* NOLINTBEGIN(bugprone-macro-parentheses): parameters of designators */

/* An entry of a list about a struct, and the table of a list. */
#define LOSS_OF(of_struct, of_key, member, of_words)                                               \
	{                                                                                          \
		.key = of_key, .words = of_words, .place = offsetof(of_struct, member)             \
	}
#define LOSS_TABLE(of_list)                                                                        \
	{                                                                                          \
		.list = of_list, .count = sizeof(of_list) / sizeof((of_list)[0])                   \
	}

/* NOLINTEND(bugprone-macro-parentheses) */

/* Of struct losses, which is the scheduler's. */
extern const struct loss_table sched_losses;

/* The scheduler's losses, and those of a second probe. */
struct loss_pair {
	struct loss_set sets[2];
};

/* losses: what table is about; borrowed. */
struct loss_pair losses__pair(const struct view *view, const struct loss_table *table,
			      const void *losses);

/*
 * "losses: 3 events dropped (buffer full), 1 ...": those of count sets that are about any of
 * columns, or nothing. columns NULL: all there are, or "losses: none".
 */
void losses__print(FILE *file, const struct loss_set *sets, size_t count,
		   const struct columns *columns);

/* Prints all sets, if any number differs from that of an earlier moment. */
void losses__print_change(FILE *file, const struct loss_set *before, const struct loss_set *after,
			  size_t count);

/* An object with all; where two sets have a key, with the sum. A new reference. */
json_t *losses__json(const struct loss_set *sets, size_t count);

/* Whose they are: an object for each owner in the sets' shares. A new reference. */
json_t *losses__owners_json(const struct loss_set *sets, size_t count);

#endif
