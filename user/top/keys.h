/* SPDX-License-Identifier: GPL-2.0-only */
/* The keys as a table: what each is called, what it does, and how. The help is made of it. */
#ifndef KVMQ_KEYS_H
#define KVMQ_KEYS_H

#include "top/top.h"

struct top_key {
	int keys[3]; /* that do the same; 0: no more */
	const char *name;
	const char *help;
	void (*press)(struct top *top);
};

/* All but those of screens, ended by one without a help. */
extern const struct top_key top_keys[];

/* The help, in all lines of the terminal but the last. */
void top__put_help(struct top *top, FILE *file);

/* What was typed at a prompt is done, see prompt.c. */
void prompt__begin(struct top *top, const char *title,
		   void (*done)(struct top *top, const char *text));
void prompt__press(struct top *top, int key);

/* Says what went wrong, or the last error that log.h has kept. */
void top__say(struct top *top, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What the prompts do. */
void prompt__filter(struct top *top);
void prompt__columns(struct top *top);
void prompt__sort(struct top *top);
void prompt__interval(struct top *top);
void prompt__go(struct top *top);
void prompt__write(struct top *top);

#endif
