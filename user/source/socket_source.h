/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Views that kvmqd has made, by its socket (wire/wire.h): no privilege is needed, and no hook is
 * added to the host. Whoever serves the socket is a stranger. An interval ends with one of kvmqd's
 * moments, so it is no shorter than theirs. There are no events.
 */
#ifndef KVMQ_SOCKET_SOURCE_H
#define KVMQ_SOCKET_SOURCE_H

#include <stdbool.h>

#include "source/source.h"

/* A struct source_ops, which takes views from options->socket. */
extern const struct source_ops socket_source;

/* Whether a path is a socket's. */
bool socket_source__is_at(const char *path);

/* Whether kvmqd's usual socket is there, and whether this user may use it. */
void socket_source__look(bool *is_there, bool *is_usable);

/*
 * If this process may load no programs, and kvmqd's usual socket may be used, and has all that was
 * asked for: the views shall come from there, which is said in one line.
 */
void socket_source__stand_in(struct options *options);

#endif
