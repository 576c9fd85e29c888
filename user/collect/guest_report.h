/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kvmq-io inside a guest tells the host: one JSON object a line (schema
 * kvmq.io.guest/1), counters that only grow. The host does not trust it.
 */
#ifndef KVMQ_GUEST_REPORT_H
#define KVMQ_GUEST_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/io.h"

#define GUEST_REPORT_SCHEMA "kvmq.io.guest/1"
#define GUEST_REPORT_SIZE (256 * 1024) /* bytes of a line, at most */
#define GUEST_DISKS_MAX 32
#define GUEST_NAME_SIZE 32
#define GUEST_TEXT_SIZE 64

enum guest_layer {
	GUEST_QUEUE,  /* in the guest's scheduler: bio queued to issued */
	GUEST_DEVICE, /* issued to completed, as the guest's driver sees it */
	GUEST_LAYERS,
};

struct guest_flow {
	uint64_t requests; /* completed */
	uint64_t bytes;
	struct latency layers[GUEST_LAYERS];
};

struct guest_disk {
	char name[GUEST_NAME_SIZE];    /* "vda" */
	char serial[GUEST_TEXT_SIZE];  /* empty: none */
	char address[GUEST_TEXT_SIZE]; /* of its PCI device, "0000:00:05.0"; empty: none */
	char scheduler[16];
	uint64_t size_bytes;
	struct guest_flow flows[IO_OPS];
};

struct guest_report {
	uint64_t session;  /* chosen anew when the guest's kvmq-io starts */
	uint64_t sequence; /* grows by 1 with each report of a session */
	uint64_t losses;   /* requests that the guest could not time */
	size_t disk_count;
	struct guest_disk disks[GUEST_DISKS_MAX];
};

/* The report as an object; a new reference, or NULL when memory is short. */
json_t *guest_report__json(const struct guest_report *report);

/*
 * Reads a line of size bytes without its newline; previous is the last good one of the same
 * sender, or NULL. Each field is checked: types, ranges, lengths, names (printable ASCII), a
 * count that is not the sum of its buckets, a sequence of the same session that does not grow,
 * counters that went down. Returns 0, or -EINVAL and why in one clause in *reason (static), and
 * then report is not to be used.
 */
int guest_report__parse(struct guest_report *report, const char *line, size_t size,
			const struct guest_report *previous, const char **reason);

#endif
