/* SPDX-License-Identifier: GPL-2.0-only */
/* What is kept of kvmq-top's screens from one start to the next: $XDG_CONFIG_HOME/kvmq/top. */
#ifndef KVMQ_SETTINGS_H
#define KVMQ_SETTINGS_H

#include "top/top.h"

/*
 * Reads the file, if there is one. Where it cannot be understood nothing of it counts: one line,
 * and -EINVAL; it is to be left alone then.
 */
int settings__read(struct top *top, const char *path);

/*
 * Opens it to be written when the tool ends, and may open nothing any more; makes it, empty, if
 * there is none. Returns it or -errno after one line.
 */
int settings__hold(const char *path);

/* Writes and closes it: 0, or -errno after one line. */
int settings__write(const struct top *top, int fd, const char *path);

/* Its path, with the folders for it made; NULL: nobody says where. To be freed. */
char *settings__path(void);

#endif
