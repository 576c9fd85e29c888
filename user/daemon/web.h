/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Serves a text by HTTP: GET and HEAD of /metrics, and where that is at /. Whoever can reach the
 * port may connect, so all is bounded: connections (also of one address), the size of a request,
 * the time that it may take from its first byte to its last one, and texts that are still being
 * read. Each connection is of one request. Where there is no room, the oldest
 * connection that has not asked for anything yet goes, so that nobody can keep others out.
 */
#ifndef KVMQ_WEB_H
#define KVMQ_WEB_H

#include <stddef.h>
#include <stdint.h>

#include "render/openmetrics.h"

struct web_ops {
	/*
	 * The text of the latest moment, borrowed until the next call, and *moment, a number that
	 * no other text has. 0, -EAGAIN: there is none yet; or -errno.
	 */
	int (*text)(void *context, enum exposition_format format, const char **text, size_t *size,
		    uint64_t *moment);
	void *context;
};

struct web_state {
	uint32_t connections; /* now */
	uint64_t served;      /* requests that were answered, whatever the answer is */
	uint64_t dropped;     /* connections that were ended: too slow, or too many */
};

struct web;

/*
 * Listens on "ADDRESS:PORT", "[IPV6]:PORT", or "unix:PATH", whose mode is 0660 unless ",mode=0NNN"
 * follows. It may be called with privileges that web__run() does not need. SIGPIPE is ignored from
 * then on. Returns 0, or -errno after one line.
 */
int web__open(struct web **result, const char *listen, const struct web_ops *ops);

/* A descriptor that is readable when web__run() has something to do. */
int web__fd(const struct web *web);

/* Serves what is ready, and never waits. Returns 0 or -errno. */
int web__run(struct web *web);

void web__state(const struct web *web, struct web_state *state);

/* The port that it listens on; 0: none. */
uint16_t web__port(const struct web *web);

void web__close(struct web *web);

/*
 * Which format the value of an Accept header asks for; NULL: there is none. OpenMetrics only where
 * it is named, and liked no less than Prometheus' own.
 */
enum exposition_format web__accepted(const char *accept);

#endif
