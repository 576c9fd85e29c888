/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a service tells its manager: datagrams of NAME=VALUE lines to the socket that it was given
 * (sd_notify(3), "Standalone Implementations").
 */
#ifndef KVMQ_DAEMON_NOTIFY_H
#define KVMQ_DAEMON_NOTIFY_H

#include <stdint.h>

struct notify {
	int fd;		      /* -1: nobody listens */
	uint64_t watchdog_ns; /* something has to come at least so often; 0: it need not */
};

/*
 * Connects to the socket that NOTIFY_SOCKET names, and reads WATCHDOG_USEC. Both leave the
 * environment. Sending takes no privilege, and no system call but write(). Returns 0, or -errno
 * after one line.
 */
int notify__open(struct notify *notify);

/* Sends lines, such as "READY=1". Of an error nobody hears: the service goes on. */
void notify__send(const struct notify *notify, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void notify__close(struct notify *notify);

#endif
