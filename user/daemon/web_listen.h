/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a server listens. */
#ifndef KVMQ_WEB_LISTEN_H
#define KVMQ_WEB_LISTEN_H

#include <stdint.h>

/* Where a socket listens. */
struct web_place {
	uint16_t port;	/* of TCP; else 0 */
	char path[108]; /* of a file; else empty */
};

/*
 * A socket that listens where web__open() says, and does not block. A socket file that a server has
 * left behind is replaced, any other file is not. Returns it, or -errno after one line.
 */
int web_listen(const char *where, struct web_place *place);

#endif
