/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lines of a screen as they are shown: VMs in an order, each with what it was opened to, and
 * the one that is selected, which stays so wherever it goes.
 */
#ifndef KVMQ_TREE_H
#define KVMQ_TREE_H

#include "top/screen.h"

#define FILTER_SIZE 64

/* A line that is open, and how far: key is that of one of its owner's. */
struct opened {
	struct line_key key;
	unsigned int level;
};

struct tree {
	struct top_lines all;			/* as the screen has made them */
	LIST(const struct top_line *) children; /* those of levels above 0, by VM and level */
	LIST(const struct top_line *) shown;
	LIST(struct opened) opened;
	size_t selected;     /* among shown; 0 if there is none */
	struct line_key key; /* of the one that is selected */
	bool has_key;
	size_t first;	 /* of shown, at the top of the window */
	size_t left_out; /* by the filter, or because they are idle */
};

/* How lines are chosen and ordered. */
struct tree_order {
	const struct metric *sort;
	bool reverse;
	bool only_busy;
	const char *filter; /* part of the name of a VM, in capitals or not */
};

void tree__free(struct tree *tree);

/* Orders all anew; the same line stays selected, or the one in its place. 0 or -ENOMEM. */
int tree__arrange(struct tree *tree, const struct tree_order *order);

/* The selected line, or NULL: there is none. */
const struct top_line *tree__selected(const struct tree *tree);

/* Selects the line so many further down (or up), or the last (first) one. */
void tree__move(struct tree *tree, long lines);

/* Opens the selected line's VM one level more, up to levels, or closes it then: 0 or -ENOMEM. */
int tree__open(struct tree *tree, unsigned int levels);

/* How far a VM is open; and the deepest of all. */
unsigned int tree__level(const struct tree *tree, const struct line_key *key);
unsigned int tree__depth(const struct tree *tree);

/* Moves the window of so many lines so that the selected one is in it. */
void tree__scroll(struct tree *tree, size_t lines);

/* An order of lines by what they are about; 0: the same. */
int line_key__compare(const struct line_key *a, const struct line_key *b);

#endif
