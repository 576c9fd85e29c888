// SPDX-License-Identifier: GPL-2.0-only
#include "render/json.h"

#include <errno.h>

json_t *json__text(const char *text)
{
	json_t *string = text ? json_string(text) : NULL;

	return string ? string : json_null();
}

static json_t *json_value(enum unit unit, struct value value)
{
	if (!value.known)
		return json_null();
	switch (unit) {
	case UNIT_TEXT:
		return json__text(value.text);
	case UNIT_MPCT:
	case UNIT_PER_SEC_M:
	case UNIT_M:
		return json_real((double)value.number / 1000.0);
	default:
		return json_integer((json_int_t)value.number);
	}
}

json_t *json__row(const struct metric_table *table, const void *row)
{
	json_t *object = json_object(), *total = json_object();

	for (size_t i = 0; i < table->count; i++) {
		const struct metric *metric = &table->metrics[i];

		if (!metric->key)
			continue;
		json_object_set_new(object, metric->key,
				    json_value(metric->unit, metric->get(row)));
		if (metric->total)
			json_object_set_new(total, metric->key,
					    json_value(metric->unit, metric->total(row)));
	}
	json_object_set_new(object, "total", total);
	return object;
}

int json__print(FILE *file, json_t *object)
{
	int error = json_dumpf(object, file, JSON_COMPACT | JSON_REAL_PRECISION(9));

	json_decref(object);
	return error || putc('\n', file) == EOF ? -EIO : 0;
}
