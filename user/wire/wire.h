/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How views come over kvmqd's socket. A client sends WIRE_HELLO, and nothing after it. The server
 * sends frames: a head of WIRE_HEAD bytes, and as many bytes as it says. The first frame tells what
 * each set has: the names, types and kinds of its fields, so that two versions understand each
 * other as a recording is understood. Each further one is a whole moment, which needs no other.
 */
#ifndef KVMQ_WIRE_H
#define KVMQ_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define KVMQD_SOCKET "/run/kvmq/kvmqd.sock"

/* The format's number is part of it: another format has another hello. */
#define WIRE_HELLO "kvmq 1\n"
#define WIRE_HELLO_SIZE (sizeof(WIRE_HELLO) - 1)

/* Two numbers of 32 bits, the lowest byte first: the size of what follows, and the kind. */
#define WIRE_HEAD 8

enum wire_kind {
	WIRE_TABLES = 0x6b766d01,
	WIRE_MOMENT = 0x6b766d02,
};

/* What follows a head is never larger. */
#define WIRE_TABLES_MAX (256U << 10)
#define WIRE_MOMENT_MAX (64U << 20)

/* What a server says of itself. */
struct wire_about {
	char version[32];
	char boot_id[40];
	char host[72];
	uint64_t interval_ns; /* of moments, while its budget allows it */
};

/* Bytes that several clients are sent: they belong to all who hold them. */
struct wire_frame {
	unsigned char *bytes; /* its head first */
	size_t size, capacity;
	unsigned int references;
};

/* Reads a head: 0, or -EBADMSG if there is no such frame, or it is too large. */
int wire__read_head(const unsigned char head[WIRE_HEAD], enum wire_kind *kind, size_t *size);

/* One more who holds it: the frame itself. */
struct wire_frame *wire_frame__hold(struct wire_frame *frame);

/* One less; the last one frees it. Returns how many hold it then. Accepts NULL. */
unsigned int wire_frame__release(struct wire_frame *frame);

#endif
