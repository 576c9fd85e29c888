// SPDX-License-Identifier: GPL-2.0-only
#include "guests/guest_report.h"

#include <stdlib.h>
#include <string.h>

#include "guests/guest_internal.h"

const char *const guest_op_names[IO_OPS] = {
	[IO_READ] = "read",   [IO_WRITE] = "write", [IO_DISCARD] = "discard",
	[IO_FLUSH] = "flush", [IO_OTHER] = "other",
};

const char *const guest_layer_names[GUEST_LAYERS] = {
	[GUEST_QUEUE] = "queue",
	[GUEST_DEVICE] = "device",
};

/* What jansson can hold; no counter gets near it. */
static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)(value & INT64_MAX));
}

/* A serial number may be any bytes. */
static json_t *text(const char *bytes, size_t size)
{
	char plain[GUEST_TEXT_SIZE];
	size_t length = strnlen(bytes, size - 1);

	for (size_t i = 0; i < length; i++)
		plain[i] = bytes[i] < ' ' || bytes[i] > '~' ? '?' : bytes[i];
	return json_stringn(plain, length);
}

/* There are thousands of them, and json_pack() would parse its format for each. */
static int append_bucket(json_t *hist, uint32_t bucket, uint32_t count)
{
	json_t *pair = json_array();

	if (json_array_append_new(pair, json_integer(bucket)) ||
	    json_array_append_new(pair, json_integer(count))) {
		json_decref(pair);
		return -1;
	}
	return json_array_append_new(hist, pair);
}

static json_t *latency_json(const struct latency *latency)
{
	json_t *hist = json_array();

	for (uint32_t i = 0; hist && i < HIST_BUCKETS; i++) {
		if (latency->hist[i] && append_bucket(hist, i, latency->hist[i])) {
			json_decref(hist);
			hist = NULL;
		}
	}
	return json_pack("{s:o,s:o,s:o}", "count", number(latency->count), "sum_ns",
			 number(latency->sum_ns), "hist", hist);
}

static json_t *flow_json(const struct guest_flow *flow)
{
	json_t *object = json_pack("{s:o,s:o}", "requests", number(flow->requests), "bytes",
				   number(flow->bytes));

	for (int layer = 0; object && layer < GUEST_LAYERS; layer++) {
		if (json_object_set_new(object, guest_layer_names[layer],
					latency_json(&flow->layers[layer]))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *disk_json(const struct guest_disk *disk)
{
	json_t *flows = json_object();

	for (int op = 0; flows && op < IO_OPS; op++) {
		if (json_object_set_new(flows, guest_op_names[op], flow_json(&disk->flows[op]))) {
			json_decref(flows);
			flows = NULL;
		}
	}
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "name", text(disk->name, sizeof(disk->name)),
			 "serial", text(disk->serial, sizeof(disk->serial)), "address",
			 text(disk->address, sizeof(disk->address)), "scheduler",
			 text(disk->scheduler, sizeof(disk->scheduler)), "size_bytes",
			 number(disk->size_bytes), "flows", flows);
}

static json_t *frame_json(const struct guest_report *report, json_t *disks, uint64_t left_out)
{
	return json_pack("{s:s,s:i,s:o,s:o,s:o,s:o,s:o}", "schema", GUEST_REPORT_SCHEMA, "buckets",
			 GUEST_REPORT_BUCKETS, "session", number(report->session), "sequence",
			 number(report->sequence), "losses", number(report->losses),
			 "disks_left_out", number(left_out), "disks", disks);
}

/*
 * Appends disks while their text, with a comma each, fits into room. Returns how many, or -1 when
 * memory is short.
 */
static int append_disks(json_t *disks, const struct guest_report *report, size_t room)
{
	for (size_t i = 0; i < report->disk_count; i++) {
		json_t *disk = disk_json(&report->disks[i]);
		size_t size = disk ? json_dumpb(disk, NULL, 0, JSON_COMPACT) + 1 : 0;

		if (!size)
			return -1;
		if (size > room) {
			json_decref(disk);
			return (int)i;
		}
		room -= size;
		if (json_array_append_new(disks, disk))
			return -1;
	}
	return (int)report->disk_count;
}

json_t *guest_report__json(const struct guest_report *report)
{
	json_t *disks = json_array(), *object = frame_json(report, disks, INT64_MAX);
	size_t size = object ? json_dumpb(object, NULL, 0, JSON_COMPACT) : 0;
	int count = object ? append_disks(disks, report, GUEST_REPORT_SIZE - size) : -1;

	if (count < 0 || json_object_set_new(object, "disks_left_out",
					     number(report->disks_left_out + report->disk_count -
						    (size_t)count))) {
		json_decref(object);
		return NULL;
	}
	return object;
}

struct guest_report *guest_report__copy(const struct guest_report *report)
{
	size_t size = offsetof(struct guest_report, disks) +
		      report->disk_count * sizeof(report->disks[0]);
	struct guest_report *copy = malloc(size);

	if (copy)
		memcpy(copy, report, size);
	return copy;
}

const struct guest_disk *guest_report__find(const struct guest_report *report,
					    const struct guest_disk *disk)
{
	for (size_t i = 0; i < report->disk_count; i++) {
		const struct guest_disk *other = &report->disks[i];

		if (!strcmp(other->name, disk->name) && !strcmp(other->serial, disk->serial) &&
		    !strcmp(other->address, disk->address))
			return other;
	}
	return NULL;
}
