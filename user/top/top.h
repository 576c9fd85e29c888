/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kvmq-top shows, and what its keys do to that. Knows no terminal and no source: two views and
 * a key come in, and a page and wishes go out.
 */
#ifndef KVMQ_TOP_H
#define KVMQ_TOP_H

#include "sched/rows.h"
#include "top/page.h"
#include "top/series.h"
#include "top/tree.h"
#include "why/why.h"

#define SCREENS_MAX 8
#define PROMPT_SIZE 256
#define COLUMNS_TEXT_SIZE 256

/* Keys that are no character. */
enum {
	TOP_KEY_UP = 0x110000,
	TOP_KEY_DOWN,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END,
	TOP_KEY_ENTER,
	TOP_KEY_ESCAPE,
	TOP_KEY_BACKSPACE,
	TOP_KEY_OTHER, /* of no meaning */
};

/* A screen as it was left. */
struct screen_state {
	struct tree tree;
	struct columns columns;
	char columns_text[COLUMNS_TEXT_SIZE]; /* as for --columns; empty: the usual ones */
	size_t widths[COLUMNS_MAX];
	const struct metric *sort;
	bool reverse;
	void *data;
};

/* What a key asks of the loop around it, which takes each back. */
struct wishes {
	bool quit;
	bool follow_changed; /* follow was set or cleared */
	long steps;	     /* back in time, or forth */
	bool go;	     /* to this time */
	uint64_t go_ns;
	bool write; /* what is kept, to this file */
	char path[PROMPT_SIZE];
	uint64_t interval_ns; /* 0: as it is */
	bool redraw;	      /* all of the terminal */
};

struct top;

/* A line at the bottom that is being written. */
struct prompt {
	const char *title; /* NULL: none */
	char text[PROMPT_SIZE];
	size_t length;
	void (*done)(struct top *top, const char *text);
};

/* Where the page is in time. */
struct top_time {
	bool is_recording;
	bool follow;	      /* goes on by itself */
	uint64_t behind_ns;   /* the latest view is so much later */
	uint64_t interval_ns; /* of looking */
};

struct top {
	const struct screen *screens;
	size_t screen_count;
	struct screen_state states[SCREENS_MAX];
	size_t screen; /* which one is shown */
	bool help;
	size_t help_first;
	const struct pane *panes; /* ended by one without a key */
	const struct pane *pane;  /* the one that is shown, or NULL */
	bool only_busy;
	char filter[FILTER_SIZE];
	bool utc;
	bool utf8;
	unsigned int rows, columns; /* of the terminal */
	struct prompt prompt;
	char message[PROMPT_SIZE]; /* until the next key */
	struct top_time time;
	const struct view *before, *after; /* borrowed; NULL: none yet */
	struct rows host_rows;		   /* of all VMs */
	struct why_settings why_settings;
	struct why why;	      /* of a time that ends with the interval that is shown */
	struct series series; /* for panes that need it */
	struct wishes wishes;
	bool changed; /* a setting that is kept */
	int error;
};

/* screens and panes stay. 0, or -errno after one line. */
int top__init(struct top *top, const struct screen *screens, size_t count,
	      const struct pane *panes);
void top__free(struct top *top);

/*
 * What two views say from now on, and verdicts of all the time since begin, which is before or an
 * earlier one: 0 or -ENOMEM. The two stay until the next call; of begin, only what is no list.
 */
int top__show(struct top *top, const struct view *begin, const struct view *before,
	      const struct view *after);

/*
 * Whether the pane that is shown needs the intervals before: then they are to be added to the
 * series once that is begun, 0 or -ENOMEM.
 */
bool top__needs_series(const struct top *top);
int top__begin_series(struct top *top);

/* Does what a key says: a character, or one of those above. */
void top__press(struct top *top, int key);

/* Draws the page for a terminal of top->rows lines of top->columns. 0 or -ENOMEM. */
int top__draw(struct top *top, struct page *page);

/* Columns and order of the screen at this place: 0, or -EINVAL after one line. */
int top__set_columns(struct top *top, size_t place, const char *list);
int top__set_sort(struct top *top, size_t place, const char *name, bool reverse);

/* Makes the lines of the screen that is shown, or only orders them: 0 or -ENOMEM. */
int top__remake(struct top *top);
int top__rearrange(struct top *top);

/* The screen that is shown. */
const struct screen *top__screen(const struct top *top);
struct screen_state *top__state(struct top *top);

#endif
