/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one terminal, by ncurses: pages go to it, keys come from it. However kvmq-top ends, the
 * terminal is as it was before.
 */
#ifndef KVMQ_CURSES_H
#define KVMQ_CURSES_H

#include <stdbool.h>

#include "top/page.h"

/* Whether there is one that pages can be drawn on; else *why is a clause. */
bool terminal__can(const char **why);

/* Takes it: 0, or -errno after one line. Standard error is kept from then on. */
int terminal__open(void);

/* Gives it back, and says on standard error what was kept. Also of one that was not opened. */
void terminal__close(void);

/* Whether its characters are UTF-8. */
bool terminal__is_utf8(void);

/* Asks how large it is, also when that has changed. */
void terminal__size(unsigned int *rows, unsigned int *columns);

/* Gives it back, stops this process as SIGTSTP does, and takes it again when it goes on. */
void terminal__suspend(void);

/* Draws a page; all anew if what is on it is not known. */
void terminal__draw(const struct page *page, bool anew);

/* The next key that was pressed, as top__press() takes it; 0: none. */
int terminal__key(void);

/* The last line that was kept since the last call, or "". */
const char *terminal__said(void);

#endif
