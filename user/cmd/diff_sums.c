// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/diff_sums.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "top/csv.h"

/* More rows than a host has VMs, disks and reasons. */
#define SUMS_MAX 8192

/* What the rows of all lines are found by: they come in the same order in each. */
static struct diff_sum *find(struct diff_sums *sums, const struct diff_sum *wanted, size_t *place)
{
	for (size_t i = 0; i < sums->count; i++) {
		struct diff_sum *sum = &sums->list[(*place + i) % sums->count];

		if (sum->sources == wanted->sources && sum->pid == wanted->pid &&
		    !strcmp(sum->vm, wanted->vm) && !strcmp(sum->part, wanted->part)) {
			*place = (*place + i) % sums->count;
			return sum;
		}
	}
	return NULL;
}

static double number_of(const json_t *row, const char *key)
{
	const json_t *value = json_object_get(row, key);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

static bool is_zero(const json_t *row, const char *key)
{
	const json_t *value = json_object_get(row, key);

	return json_is_integer(value) && !json_integer_value(value);
}

/* Of a row that is the first, or the only one, of this sum in this line. */
static void join_one(struct diff_sum *sum, size_t i, const struct diff_sums *sums,
		     const json_t *row, bool is_first)
{
	const struct diff_source *source = &sum->sources->list[i];
	double value = number_of(row, source->key), *total = &sum->sums[i];
	double *weight = &sum->weights[i], by;

	switch (source->join) {
	case JOIN_RATIO:
		value = number_of(row, source->part);
		by = number_of(row, source->whole);
		break;
	case JOIN_WEIGHTED:
		by = number_of(row, source->whole ? source->whole : "elapsed_ns");
		value *= by;
		break;
	case JOIN_RATES:
		by = is_first ? sums->seconds : 0;
		value *= sums->seconds;
		break;
	case JOIN_LARGEST:
		by = *weight > 0 ? 0 : 1;
		value = *weight > 0 ? fmax(value - *total, 0) : value;
		break;
	case JOIN_LATEST:
		by = *weight > 0 ? 0 : 1;
		value -= *total;
		break;
	default:
		by = 1;
		value = *weight > 0 ? NAN : value;
		if (*weight > 0) /* of two, none is that of both */
			*total = *weight = NAN;
		break;
	}
	if (isnan(value) || isnan(by))
		return;
	*total += value;
	*weight += by;
}

static void join(struct diff_sum *sum, const struct diff_sums *sums, const json_t *row)
{
	bool is_first = sum->line != sums->line;

	for (size_t i = 0; i < sum->sources->count; i++)
		join_one(sum, i, sums, row, is_first);
	sum->line = sums->line;
}

static int add(struct diff_sums *sums, const struct diff_sum *key, const json_t *row, size_t *place)
{
	struct diff_sum *sum = find(sums, key, place);

	if (!sum && sums->count == SUMS_MAX)
		return -E2BIG;
	if (!sum) {
		sum = list_add(sums);
		if (!sum)
			return -ENOMEM;
		*sum = *key;
		*place = sums->count - 1;
	}
	join(sum, sums, row);
	return 0;
}

static int add_reasons(struct diff_sums *sums, const struct diff_sum *vm, const json_t *row,
		       size_t *place)
{
	const json_t *reasons = json_object_get(row, "reasons"), *reason;
	size_t i;
	int error = 0;

	json_array_foreach(reasons, i, reason)
	{
		const char *name = json_string_value(json_object_get(reason, "reason"));
		struct diff_sum key = { .sources = &diff_reason_sources, .pid = vm->pid };

		if (!name)
			return -EINVAL;
		memcpy(key.vm, vm->vm, sizeof(key.vm));
		key.pattern = vm->pattern;
		snprintf(key.part, sizeof(key.part), "%s", name);
		error = add(sums, &key, reason, place);
		if (error)
			break;
	}
	return error;
}

static void name_disk(struct diff_sum *key, const json_t *row)
{
	const char *disk = json_string_value(json_object_get(row, "disk"));
	const char *op = json_string_value(json_object_get(row, "op"));

	snprintf(key->part, sizeof(key->part), "%s %s", disk ? disk : "-", op ? op : "-");
}

int diff_sums__add(struct diff_sums *sums, const struct diff_sources *sources, const json_t *rows)
{
	const json_t *row;
	size_t i, place = 0;
	int error = 0;

	sums->line++;
	json_array_foreach(rows, i, row)
	{
		const char *vm = json_string_value(json_object_get(row, "vm"));
		struct diff_sum key = { .sources = sources };

		if (!json_is_object(row))
			return -EINVAL;
		/* Of threads that are no vCPUs no other run tells. */
		if (!vm || is_zero(row, "vcpus") || !diff_figures__role(sums->options, vm))
			continue;
		snprintf(key.vm, sizeof(key.vm), "%s", vm);
		if (sums->options->role_count)
			key.pattern = diff_figures__role(sums->options, vm);
		key.pid = json_integer_value(json_object_get(row, "vm_pid"));
		if (sources == &diff_io_sources)
			name_disk(&key, row);
		error = add(sums, &key, row, &place);
		if (!error && sources == &diff_exit_sources)
			error = add_reasons(sums, &key, row, &place);
		if (error)
			break;
	}
	return error;
}

static double value_of(const struct diff_sum *sum, size_t i)
{
	const struct diff_source *source = &sum->sources->list[i];
	double value = sum->sums[i] / sum->weights[i];

	if (!(sum->weights[i] > 0))
		return NAN;
	return source->join == JOIN_RATIO && strstr(source->key, "_pct") ? 100 * value : value;
}

static const char *role_of(const struct diff_sum *sum)
{
	return sum->pattern ? sum->pattern : sum->vm;
}

static bool is_alike(const struct diff_sum *sum, const struct diff_sum *other)
{
	if (sum->sources != other->sources || strcmp(role_of(sum), role_of(other)) != 0)
		return false;
	return sum->sources != &diff_reason_sources || !strcmp(sum->part, other->part);
}

/* The mean of all that are alike; NAN: of several, it is no mean, or nobody knows it. */
static double join_alike(const struct diff_sums *sums, const struct diff_sum *first, size_t i)
{
	enum diff_join how = first->sources->list[i].join;
	double sum = 0, most = 0;
	size_t known = 0;

	for (size_t j = 0; j < sums->count; j++) {
		double value = NAN;

		if (is_alike(&sums->list[j], first))
			value = value_of(&sums->list[j], i);
		if (isnan(value))
			continue;
		known++;
		sum += value;
		most = value > most ? value : most;
	}
	if (!known || (how == JOIN_NONE && known > 1))
		return NAN;
	return how == JOIN_LARGEST ? most : sum / (double)known;
}

static int put_sum(const struct diff_sums *sums, const struct diff_sum *sum,
		   const struct diff_place *place)
{
	const struct diff_sources *sources = sum->sources;
	bool is_reason = sources == &diff_reason_sources;
	int error = 0;

	for (size_t i = 0; i < sources->count && !error; i++) {
		const struct metric *metric = metric__find(sources->metrics, sources->list[i].key);
		char name[FIGURE_NAME_SIZE], full[2 * FIGURE_NAME_SIZE];
		struct figure_key key = { role_of(sum), name, csv__unit(metric->unit),
					  sources->list[i].direction };
		bool is_lost = place->lost & (sources->list[i].losses | sources->losses);
		double value = is_lost ? NAN : join_alike(sums, sum, i);

		snprintf(full, sizeof(full), "%s%s%s", sources->list[i].key, is_reason ? ":" : "",
			 is_reason ? sum->part : "");
		text_copy(name, sizeof(name), full, strlen(full));
		if (!isnan(value))
			error = figure_table__put(place->table, &key, place->side, place->run,
						  value);
	}
	return error;
}

int diff_sums__put(const struct diff_sums *sums, const struct diff_place *place)
{
	int error = 0;

	for (size_t i = 0; i < sums->count && !error; i++) {
		bool is_first = true;

		for (size_t j = 0; j < i && is_first; j++)
			is_first = !is_alike(&sums->list[j], &sums->list[i]);
		if (is_first)
			error = put_sum(sums, &sums->list[i], place);
	}
	return error;
}
