/* SPDX-License-Identifier: GPL-2.0-only */
/* Reports of guests for tests; include unit.h before. */
#ifndef KVMQ_GUEST_SAMPLE_H
#define KVMQ_GUEST_SAMPLE_H

#include <errno.h>
#include <jansson.h>

#include "guests/guest_link.h"
#include "guests/guest_report.h"

static inline struct guest_report *sample_new(void)
{
	struct guest_report *report = calloc(1, sizeof(*report));

	assert_non_null(report);
	return report;
}

static inline void sample_add(struct latency *latency, uint64_t ns, uint32_t times)
{
	latency->count += times;
	latency->sum_ns += ns * times;
	latency->hist[hist_bucket(ns)] += times;
}

/* More requests of every kind on every disk. */
static inline void sample_work(struct guest_report *report, uint64_t ns)
{
	for (size_t i = 0; i < report->disk_count; i++) {
		for (int op = 0; op < IO_OPS; op++) {
			struct guest_flow *flow = &report->disks[i].flows[op];

			flow->requests += 3;
			flow->bytes += 3 * 4096;
			sample_add(&flow->layers[GUEST_QUEUE], ns / 10, 2);
			sample_add(&flow->layers[GUEST_DEVICE], ns + i * 1000 + (uint64_t)op, 3);
		}
	}
}

/* A report of so many disks that have worked, to be freed with free(). */
static inline struct guest_report *sample_report(size_t disks)
{
	struct guest_report *report = sample_new();

	report->session = 4711;
	report->sequence = 1;
	report->losses = 2;
	report->disk_count = disks;
	for (size_t i = 0; i < disks; i++) {
		struct guest_disk *disk = &report->disks[i];

		snprintf(disk->name, sizeof(disk->name), i < 26 ? "vd%c" : "vda%c",
			 (char)('a' + i % 26));
		snprintf(disk->serial, sizeof(disk->serial), "S-%zu", i);
		snprintf(disk->address, sizeof(disk->address), "0000:00:%02zx.0", i);
		snprintf(disk->scheduler, sizeof(disk->scheduler), "mq-deadline");
		disk->size_bytes = 1ULL << 30;
	}
	sample_work(report, 123456);
	return report;
}

/* Its line without a newline, to be freed with free(). */
static inline char *sample_line(const struct guest_report *report)
{
	json_t *object = guest_report__json(report);
	char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	assert_non_null(line);
	return line;
}

/* Whether two reports are equal to the last byte of what they tell. */
static inline bool sample_equal(const struct guest_report *a, const struct guest_report *b)
{
	return a->disk_count == b->disk_count &&
	       !memcmp(a, b,
		       offsetof(struct guest_report, disks) + a->disk_count * sizeof(a->disks[0]));
}

/* Reads a line; returns why it is refused, or NULL. */
static inline const char *refused(const char *line, size_t size,
				  const struct guest_report *previous)
{
	struct guest_report *report = sample_new();
	const char *reason = "unset";
	int error = guest_report__parse(report, line, size, previous, &reason);

	assert_int_equal(error, reason ? -EINVAL : 0);
	free(report);
	return reason;
}

static inline const char *refused_json(const json_t *object, const struct guest_report *previous)
{
	char *line = json_dumps(object, JSON_COMPACT | JSON_ENCODE_ANY);
	const char *reason = refused(line, strlen(line), previous);

	free(line);
	return reason;
}

static inline const char *refused_report(const struct guest_report *report,
					 const struct guest_report *previous)
{
	char *line = sample_line(report);
	const char *reason = refused(line, strlen(line), previous);

	free(line);
	return reason;
}

#endif
