// SPDX-License-Identifier: GPL-2.0-only
/* Reads a guest's report, and believes nothing of it. */
#include <errno.h>
#include <string.h>

#include "guests/guest_internal.h"
#include "guests/guest_report.h"

/* Each function below returns NULL, or what is wrong, in one clause. */
#define NO_NUMBER(key) key " is missing, or no integer from 0 to 2^63 - 1"
#define NO_TEXT(key) key " is missing, too long, or not printable ASCII"

static bool get_number(const json_t *object, const char *key, uint64_t *value)
{
	const json_t *item = json_object_get(object, key);

	if (!json_is_integer(item) || json_integer_value(item) < 0)
		return false;
	*value = (uint64_t)json_integer_value(item);
	return true;
}

static bool get_text(const json_t *object, const char *key, char *text, size_t size)
{
	const json_t *item = json_object_get(object, key);
	size_t length = json_string_length(item);
	const char *value = json_string_value(item);

	if (!value || length >= size)
		return false;
	for (size_t i = 0; i < length; i++)
		if (value[i] < ' ' || value[i] > '~')
			return false;
	memcpy(text, value, length + 1);
	return true;
}

static const char *parse_hist(struct latency *latency, const json_t *hist)
{
	json_int_t last = -1;
	const json_t *pair;
	size_t i;

	if (!json_is_array(hist))
		return "hist is missing, or no array";
	json_array_foreach(hist, i, pair)
	{
		const json_t *bucket = json_array_get(pair, 0), *count = json_array_get(pair, 1);

		if (json_array_size(pair) != 2 || !json_is_integer(bucket) ||
		    !json_is_integer(count))
			return "hist holds something that is no pair of integers";
		if (json_integer_value(bucket) <= last ||
		    json_integer_value(bucket) >= HIST_BUCKETS)
			return "a bucket is out of range, or not after the one before it";
		if (json_integer_value(count) < 1 || json_integer_value(count) > UINT32_MAX)
			return "a bucket's count is not from 1 to 2^32 - 1";
		last = json_integer_value(bucket);
		latency->hist[last] = (uint32_t)json_integer_value(count);
	}
	return NULL;
}

/*
 * Whether count and sum are possible with these buckets. Buckets count modulo 2^32, so beyond that
 * they say less.
 */
static const char *check_latency(const struct latency *latency)
{
	unsigned __int128 least = 0, most = 0;
	bool wrapped = latency->count > UINT32_MAX;
	uint64_t total = 0;

	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		total += latency->hist[i];
		least += (unsigned __int128)hist_lower(i) * latency->hist[i];
		most += (unsigned __int128)(hist_lower(i + 1) - 1) * latency->hist[i];
	}
	if (wrapped ? (uint32_t)total != (uint32_t)latency->count || total > latency->count
		    : total != latency->count)
		return "a count is not the sum of its buckets";
	if (latency->sum_ns < least)
		return "a sum_ns is less than its buckets allow";
	/* The last bucket has no end. */
	if (!wrapped && !latency->hist[HIST_BUCKETS - 1] && latency->sum_ns > most)
		return "a sum_ns is more than its buckets allow";
	return NULL;
}

static const char *parse_latency(struct latency *latency, const json_t *object)
{
	const char *reason;

	if (!json_is_object(object))
		return "a layer is missing, or no object";
	if (!get_number(object, "count", &latency->count))
		return NO_NUMBER("count");
	if (!get_number(object, "sum_ns", &latency->sum_ns))
		return NO_NUMBER("sum_ns");
	reason = parse_hist(latency, json_object_get(object, "hist"));
	return reason ? reason : check_latency(latency);
}

static const char *parse_flow(struct guest_flow *flow, const json_t *object)
{
	if (!json_is_object(object))
		return "a kind of request is missing, or no object";
	if (!get_number(object, "requests", &flow->requests))
		return NO_NUMBER("requests");
	if (!get_number(object, "bytes", &flow->bytes))
		return NO_NUMBER("bytes");
	for (int layer = 0; layer < GUEST_LAYERS; layer++) {
		const char *reason = parse_latency(
			&flow->layers[layer], json_object_get(object, guest_layer_names[layer]));

		if (reason)
			return reason;
	}
	return NULL;
}

static const char *parse_disk(struct guest_disk *disk, const json_t *object)
{
	const json_t *flows = json_object_get(object, "flows");

	if (!json_is_object(object))
		return "a disk is no object";
	if (!get_text(object, "name", disk->name, sizeof(disk->name)) || !disk->name[0])
		return "name is missing, empty, too long, or not printable ASCII";
	if (!get_text(object, "serial", disk->serial, sizeof(disk->serial)))
		return NO_TEXT("serial");
	if (!get_text(object, "address", disk->address, sizeof(disk->address)))
		return NO_TEXT("address");
	if (!get_text(object, "scheduler", disk->scheduler, sizeof(disk->scheduler)))
		return NO_TEXT("scheduler");
	if (!get_number(object, "size_bytes", &disk->size_bytes))
		return NO_NUMBER("size_bytes");
	if (!json_is_object(flows))
		return "flows is missing, or no object";
	for (int op = 0; op < IO_OPS; op++) {
		const char *reason =
			parse_flow(&disk->flows[op], json_object_get(flows, guest_op_names[op]));

		if (reason)
			return reason;
	}
	return NULL;
}

static const char *parse_disks(struct guest_report *report, const json_t *disks)
{
	if (!json_is_array(disks))
		return "disks is missing, or no array";
	if (json_array_size(disks) > GUEST_DISKS_MAX)
		return "it has too many disks";
	for (size_t i = 0; i < json_array_size(disks); i++) {
		struct guest_disk *disk = &report->disks[i];
		const char *reason;

		memset(disk, 0, sizeof(*disk));
		reason = parse_disk(disk, json_array_get(disks, i));
		if (reason)
			return reason;
		for (size_t other = 0; other < i; other++)
			if (!strcmp(report->disks[other].name, disk->name))
				return "two disks have the same name";
		report->disk_count = i + 1;
	}
	return NULL;
}

static const char *parse_report(struct guest_report *report, const json_t *object)
{
	const char *schema = json_string_value(json_object_get(object, "schema"));
	uint64_t buckets;

	if (!json_is_object(object))
		return "it is no object";
	if (!schema || strcmp(schema, GUEST_REPORT_SCHEMA))
		return "its schema is not " GUEST_REPORT_SCHEMA;
	if (!get_number(object, "buckets", &buckets) || buckets != GUEST_REPORT_BUCKETS)
		return "its buckets are not those of this version";
	if (!get_number(object, "session", &report->session))
		return NO_NUMBER("session");
	if (!get_number(object, "sequence", &report->sequence))
		return NO_NUMBER("sequence");
	if (!get_number(object, "losses", &report->losses))
		return NO_NUMBER("losses");
	if (!get_number(object, "disks_left_out", &report->disks_left_out))
		return NO_NUMBER("disks_left_out");
	return parse_disks(report, json_object_get(object, "disks"));
}

static bool latency_grew(const struct latency *before, const struct latency *after)
{
	uint64_t total = 0;

	if (after->count < before->count || after->sum_ns < before->sum_ns)
		return false;
	/* A bucket that went down, without having wrapped at 2^32, is 2^32 too large here. */
	for (uint32_t i = 0; i < HIST_BUCKETS; i++)
		total += (uint32_t)(after->hist[i] - before->hist[i]);
	return total <= after->count - before->count;
}

static bool disk_grew(const struct guest_disk *before, const struct guest_disk *after)
{
	for (int op = 0; op < IO_OPS; op++) {
		const struct guest_flow *old = &before->flows[op], *flow = &after->flows[op];

		if (flow->requests < old->requests || flow->bytes < old->bytes)
			return false;
		for (int layer = 0; layer < GUEST_LAYERS; layer++)
			if (!latency_grew(&old->layers[layer], &flow->layers[layer]))
				return false;
	}
	return true;
}

static const char *check_growth(const struct guest_report *before, const struct guest_report *after)
{
	if (before->session != after->session)
		return NULL;
	if (after->sequence <= before->sequence)
		return "its sequence does not grow: it is old, or came before";
	if (after->losses < before->losses)
		return "a counter went down";
	for (size_t i = 0; i < after->disk_count; i++) {
		const struct guest_disk *old = guest_report__find(before, &after->disks[i]);

		if (old && !disk_grew(old, &after->disks[i]))
			return "a counter went down";
	}
	return NULL;
}

static const char *syntax_reason(const json_error_t *error)
{
	switch (json_error_code(error)) {
	case json_error_out_of_memory:
		return "memory is short";
	case json_error_stack_overflow:
		return "it is nested too deeply";
	case json_error_premature_end_of_input:
		return "it ends too early";
	case json_error_end_of_input_expected:
		return "something stands after its end";
	case json_error_invalid_utf8:
		return "it is not UTF-8";
	case json_error_duplicate_key:
		return "a key stands twice in an object";
	case json_error_numeric_overflow:
		return "a number is too large";
	default:
		return "it is no JSON";
	}
}

int guest_report__parse(struct guest_report *report, const char *line, size_t size,
			const struct guest_report *previous, const char **reason)
{
	json_error_t error;
	json_t *object;

	memset(report, 0, offsetof(struct guest_report, disks));
	if (size > GUEST_REPORT_SIZE) {
		*reason = GUEST_TOO_LONG;
		return -EINVAL;
	}
	object = json_loadb(line, size, JSON_REJECT_DUPLICATES, &error);
	*reason = object ? parse_report(report, object) : syntax_reason(&error);
	json_decref(object);
	if (!*reason && previous)
		*reason = check_growth(previous, report);
	return *reason ? -EINVAL : 0;
}
