// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's lines as libFuzzer makes them up: each is parsed after the last good one. What has
 * passed can be written, read again, and is the same. make fuzz builds and runs it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guests/guest_internal.h"
#include "guests/guest_report.h"

struct sender {
	struct guest_report *last;
	struct guest_report *scratch;
	size_t lines;
};

static void check_good(const struct guest_report *report)
{
	static struct guest_report again;
	json_t *object = guest_report__json(report);
	char *line = json_dumps(object, JSON_COMPACT);
	const char *reason = "it is not the same";
	size_t size = offsetof(struct guest_report, disks) +
		      report->disk_count * sizeof(report->disks[0]);

	if (guest_report__parse(&again, line, strlen(line), NULL, &reason) ||
	    again.disk_count != report->disk_count || memcmp(&again, report, size) != 0) {
		fprintf(stderr, "%s: %s\n", reason, line);
		abort();
	}
	free(line);
	json_decref(object);
}

static void take(void *context, const char *line, size_t size, const char *reason)
{
	struct sender *sender = context;
	int error =
		line ? guest_report__parse(sender->scratch, line, size, sender->last, &reason) : -1;

	if (!error != !reason)
		abort();
	sender->lines++;
	if (error)
		return;
	check_good(sender->scratch);
	free(sender->last);
	sender->last = guest_report__copy(sender->scratch);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static struct guest_report scratch;
	struct sender sender = { .scratch = &scratch };
	struct guest_line line = { 0 };
	size_t half = size / 2;

	guest_line__feed(&line, (const char *)data, half, take, &sender);
	guest_line__feed(&line, (const char *)data + half, size - half, take, &sender);
	guest_line__feed(&line, "\n", 1, take, &sender);
	if (line.data || line.size)
		abort();
	free(sender.last);
	return 0;
}
