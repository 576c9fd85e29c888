/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kvmq-io inside a guest tells the host: one JSON object a line (schema
 * kvmq.io.guest/1), counters that only grow. The host does not trust it.
 *
 * A report is large (300 KiB): it belongs on the heap.
 */
#ifndef KVMQ_GUEST_REPORT_H
#define KVMQ_GUEST_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/io_view.h"

#define GUEST_REPORT_SCHEMA "kvmq.io.guest/1"
#define GUEST_REPORT_BUCKETS 1 /* the scheme of bpf/hist.h; another scheme gets another number */
#define GUEST_REPORT_SIZE (256 * 1024) /* bytes of a line, at most */
#define GUEST_DISKS_MAX 32

struct guest_flow {
	uint64_t requests; /* completed */
	uint64_t bytes;
	struct latency layers[GUEST_LAYERS];
};

struct guest_disk {
	char name[GUEST_NAME_SIZE];    /* "vda" */
	char serial[GUEST_TEXT_SIZE];  /* empty: none */
	char address[GUEST_TEXT_SIZE]; /* of its PCI device, "0000:00:05.0"; empty: none */
	char scheduler[SCHEDULER_SIZE];
	uint64_t size_bytes;
	struct guest_flow flows[IO_OPS];
};

struct guest_report {
	uint64_t session;	 /* below 2^63; chosen anew when the guest's kvmq-io starts */
	uint64_t sequence;	 /* grows by 1 with each report of a session */
	uint64_t losses;	 /* requests that the guest could not time */
	uint64_t disks_left_out; /* disks of the guest that are not in the report */
	size_t disk_count;
	struct guest_disk disks[GUEST_DISKS_MAX];
};

/*
 * The report as an object; a new reference, or NULL when memory is short. Its compact text is
 * at most GUEST_REPORT_SIZE long: the last disks are left out, and counted, until it fits. Bytes
 * of names that are not printable ASCII become '?'.
 */
json_t *guest_report__json(const struct guest_report *report);

/*
 * Reads a line of size bytes without its newline; previous is the last good one of the same sender,
 * or NULL. Each field is checked: types, ranges, lengths, names (printable ASCII), a count that is
 * not the sum of its buckets, a sum that its buckets rule out, a sequence of the same session that
 * does not grow, counters that went down. Unknown keys are ignored. Returns 0, or -EINVAL with the
 * reason in *reason, a static clause; then report must not be used.
 */
int guest_report__parse(struct guest_report *report, const char *line, size_t size,
			const struct guest_report *previous, const char **reason);

/*
 * A copy with memory for disk_count disks only, to be freed with free(), or NULL. Do not copy it by
 * assignment: there is no memory behind its last disk.
 */
struct guest_report *guest_report__copy(const struct guest_report *report);

/*
 * The disk of report that is the same as disk, which is of another report: name, serial and address
 * are equal. NULL: there is none. Within one session, their counters can be subtracted.
 */
const struct guest_disk *guest_report__find(const struct guest_report *report,
					    const struct guest_disk *disk);

#endif
