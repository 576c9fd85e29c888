// SPDX-License-Identifier: GPL-2.0-only
/* Every tool's table of metrics, held against its own rules and the JSON schemas. */
#include "unit.h"

#include <jansson.h>

#include "cmd/blame_metrics.h"
#include "cmd/cpu_metrics.h"
#include "cmd/exit_metrics.h"
#include "cmd/io_metrics.h"
#include "cmd/numa_metrics.h"
#include "exits/exit_rows.h"
#include "sched/rows.h"

/* What a key ends with; alone, it is a whole key without its "_". */
static const char *const suffixes[] = {
	[UNIT_MPCT] = "_pct",
	[UNIT_PER_SEC_M] = "_per_s",
	[UNIT_M] = "_mean",
	[UNIT_NS_AS_US] = "_ns",
	[UNIT_NS_AS_MS] = "_ns",
	[UNIT_NS_AS_S] = "_ns",
	[UNIT_NS] = "_ns",
	[UNIT_BYTES] = "_bytes",
	[UNIT_BYTES_AS_MIB] = "_bytes",
	[UNIT_BYTES_PER_S] = "_per_s",
};

static bool ends_with(const char *key, const char *suffix)
{
	size_t length = strlen(key), tail = strlen(suffix);

	return !strcmp(key, suffix + 1) || (length > tail && !strcmp(key + length - tail, suffix));
}

static bool tells_unit(const struct metric *metric)
{
	const char *suffix = suffixes[metric->unit];

	if (suffix)
		return ends_with(metric->key, suffix) || !strcmp(metric->key, "iops");
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (suffixes[i] && ends_with(metric->key, suffixes[i]))
			return false;
	return true;
}

static bool is_name(const char *name)
{
	return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

static bool unit_fits(const struct metric *metric)
{
	bool of_time = metric->unit == UNIT_PER_SEC_M || metric->unit == UNIT_BYTES_PER_S;

	switch (metric->kind) {
	case METRIC_LABEL:
		return metric->unit == UNIT_TEXT || metric->unit == UNIT_NUMBER;
	case METRIC_NOTE:
		return metric->unit == UNIT_TEXT;
	case METRIC_COUNTER:
		return metric->unit != UNIT_TEXT && metric->unit != UNIT_MPCT &&
		       metric->unit != UNIT_M && !of_time;
	case METRIC_GAUGE:
		return metric->unit != UNIT_TEXT && !of_time;
	case METRIC_DERIVED:
		return metric->unit != UNIT_TEXT;
	default:
		return metric->unit == UNIT_NS;
	}
}

static bool has_entry(const struct metric_table *table, const struct distribution *distribution)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->metrics[i].kind == METRIC_DISTRIBUTION &&
		    table->metrics[i].distribution == distribution)
			return true;
	return false;
}

/* Where a figure comes from, for its kind. */
static const char *source_fault(const struct metric_table *table, const struct metric *metric)
{
	bool composes = metric->kind == METRIC_NOTE || metric->kind == METRIC_LABEL;
	bool spreads = metric->kind == METRIC_DISTRIBUTION;

	if (!!metric->get + !!metric->compose + !!metric->distribution != 1)
		return "source";
	if (metric->compose && !composes)
		return "composed figure";
	if (spreads && (!metric->distribution || metric->permille || metric->header))
		return "distribution";
	if (metric->distribution && !spreads &&
	    (metric->kind != METRIC_DERIVED || !metric->permille || metric->permille > 1000 ||
	     !has_entry(table, metric->distribution)))
		return "percentile";
	return NULL;
}

static const char *names_fault(const struct metric_table *table, const struct metric *metric)
{
	const struct metric *found;

	for (const struct metric *other = table->metrics; other < metric; other++) {
		if (metric->key && other->key && !strcmp(metric->key, other->key))
			return "key twice";
		if (metric->header && other->header && !strcmp(metric->header, other->header))
			return "header twice";
		if (metric->label && other->label && !strcmp(metric->label, other->label))
			return "label twice";
	}
	if (metric->kind == METRIC_DISTRIBUTION)
		return NULL;
	if (metric->header && metric__find(table, metric->header) != metric)
		return "name of two";
	found = metric->key ? metric__find(table, metric->key) : metric;
	/* A column alone may stand for a key alone, as kvmq-io's DISK does. */
	return found == metric || (!found->key && !metric->header) ? NULL : "name of two";
}

/* What is wrong with one of a table; NULL: nothing. */
static const char *metric_fault(const struct metric_table *table, const struct metric *metric)
{
	const char *fault = source_fault(table, metric);

	if (fault)
		return fault;
	if (!metric->help || !*metric->help)
		return "help";
	if (!metric->key && !metric->header)
		return "no name";
	if (metric->key && !is_name(metric->key))
		return "key";
	if (metric->key && metric->kind != METRIC_DISTRIBUTION && !tells_unit(metric))
		return "suffix";
	if ((metric->kind == METRIC_COUNTER) != !!metric->total)
		return "total";
	if (metric->label && (metric->kind != METRIC_LABEL || !is_name(metric->label)))
		return "label";
	return unit_fits(metric) ? names_fault(table, metric) : "unit";
}

static const char *type_in_json(enum unit unit)
{
	switch (unit) {
	case UNIT_TEXT:
		return "string";
	case UNIT_MPCT:
	case UNIT_PER_SEC_M:
	case UNIT_M:
		return "number";
	default:
		return "integer";
	}
}

static bool allows(const json_t *property, const char *type)
{
	const json_t *types = json_object_get(property, "type"), *one;
	size_t i;

	if (!types)
		return json_object_get(property, "enum");
	if (json_is_string(types)) /* null alone: it is never known */
		return !strcmp(json_string_value(types), type) ||
		       !strcmp(json_string_value(types), "null");
	json_array_foreach(types, i, one) if (!strcmp(json_string_value(one), type)) return true;
	return false;
}

/* What a schema says of a member of an object, there or in the definition it refers to. */
static json_t *member(const json_t *file, const json_t *schema, const char *key)
{
	json_t *found = json_object_get(json_object_get(schema, "properties"), key);
	const char *reference = json_string_value(json_object_get(found, "$ref"));

	if (!reference)
		return found;
	return json_object_get(json_object_get(file, "$defs"), strrchr(reference, '/') + 1);
}

/* Whether an object's schema knows a metric's key, and the counter of that name in "total". */
static bool schema_knows(const json_t *file, const json_t *schema, const struct metric *metric)
{
	const char *key = metric->key, *type = type_in_json(metric->unit);

	if (!key)
		return true;
	if (metric->kind == METRIC_DISTRIBUTION)
		return member(file, schema, key) || member(file, member(file, schema, "hist"), key);
	return allows(member(file, schema, key), type) &&
	       (!metric->total || allows(member(file, member(file, schema, "total"), key), type));
}

/* A row of each, which a distribution may look into. */
static struct wait_hist wait_hist;
static struct row cpu_row = { .hist = &wait_hist };
static struct reason_row reason_row;
static struct reason_row *reason = &reason_row;
static struct io_row io_row;

static const struct {
	const struct metric_table *table;
	const char *schema, *definition;
	const void *row;
} tables[] = {
	{ &cpu_metrics, "kvmq.cpu.1", "row", &cpu_row },
	{ &blame_metrics, "kvmq.cpu.1", "blame", NULL },
	{ &exit_metrics, "kvmq.exit.1", "row", NULL },
	{ &reason_metrics, "kvmq.exit.1", "reason", &reason },
	{ &numa_metrics, "kvmq.numa.1", "row", NULL },
	{ &io_metrics, "kvmq.io.3", "row", &io_row },
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		for (size_t j = 0; j < tables[i].table->count; j++) {
			const struct metric *metric = &tables[i].table->metrics[j];
			const char *fault = metric_fault(tables[i].table, metric);

			if (fault)
				fail_msg("%s: %s: %s", tables[i].schema,
					 metric->key ? metric->key : metric->header, fault);
		}
	}
}

/* Parts that can be looked into, as many as have names; one has none. */
static void check_histogram(const struct distribution *distribution, const void *row)
{
	struct histogram histogram = distribution->get(row);

	assert_in_range(histogram.count, 1, DISTRIBUTION_PARTS);
	assert_non_null(histogram.parts);
	for (int part = 0; part < DISTRIBUTION_PARTS; part++)
		assert_int_equal(!!distribution->parts[part],
				 part < histogram.count && histogram.count > 1);
}

static void test_histograms(void **state)
{
	int count = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		for (size_t j = 0; j < tables[i].table->count; j++) {
			const struct metric *metric = &tables[i].table->metrics[j];

			if (metric->kind != METRIC_DISTRIBUTION)
				continue;
			check_histogram(metric->distribution, tables[i].row);
			count++;
		}
	}
	assert_int_equal(count, 1 + 1 + IO_LAYERS);
}

static void test_schemas(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		json_t *file, *schema;
		char path[64];

		snprintf(path, sizeof(path), "doc/schema/%s.json", tables[i].schema);
		file = json_load_file(path, 0, NULL);
		assert_non_null(file);
		schema = json_object_get(json_object_get(file, "$defs"), tables[i].definition);
		if (json_object_get(schema, "items"))
			schema = json_object_get(schema, "items");
		assert_non_null(schema);
		for (size_t j = 0; j < tables[i].table->count; j++)
			if (!schema_knows(file, schema, &tables[i].table->metrics[j]))
				fail_msg("%s: %s is not as in the table", path,
					 tables[i].table->metrics[j].key);
		json_decref(file);
	}
}

static struct value get(const void *row)
{
	(void)row;
	return (struct value){ .known = true };
}

static struct value compose(const void *row, struct text_buffer *buffer)
{
	(void)buffer;
	return get(row);
}

static struct histogram get_hist(const void *row)
{
	(void)row;
	return (struct histogram){ .known = false };
}

static const struct distribution known = { .get = get_hist }, unknown = { .get = get_hist };

#define GOOD                                                                                       \
	{ .kind = METRIC_LABEL,                                                                    \
	  .key = "vm",                                                                             \
	  .header = "VM",                                                                          \
	  .label = "domain",                                                                       \
	  .help = "good",                                                                          \
	  .get = get },                                                                            \
	{                                                                                          \
		.kind = METRIC_DISTRIBUTION, .key = "wait_hist", .unit = UNIT_NS, .help = "good",  \
		.distribution = &known                                                             \
	}

/* A fault is found, whichever it is: each of these differs from a good metric in one point. */
#define KIND(kind_, unit_, key_, ...)                                                              \
	{                                                                                          \
		.kind = METRIC_##kind_, .unit = UNIT_##unit_, .key = key_, .help = "a",            \
		__VA_ARGS__                                                                        \
	}

static const struct {
	const char *fault; /* NULL: there is none */
	struct metric metric;
} entries[] = {
	{ NULL, KIND(COUNTER, NS, "run_ns", .get = get, .total = get) },
	{ NULL, KIND(DERIVED, NS_AS_MS, "p99_ns", .distribution = &known, .permille = 990) },
	{ NULL, KIND(NOTE, TEXT, "hint", .compose = compose) },
	{ NULL, KIND(GAUGE, BYTES, "bytes", .get = get) },
	{ "source", KIND(GAUGE, NUMBER, "n", .total = NULL) },
	{ "source", KIND(NOTE, TEXT, "n", .get = get, .compose = compose) },
	{ "composed figure", KIND(GAUGE, NUMBER, "n", .compose = compose) },
	{ "distribution", KIND(DISTRIBUTION, NS, "hist", .get = get) },
	{ "distribution", KIND(DISTRIBUTION, NS, "hist", .distribution = &known, .permille = 1) },
	{ "distribution", KIND(DISTRIBUTION, NS, "hist", .distribution = &known, .header = "H") },
	{ "percentile", KIND(DERIVED, NS, "p_ns", .distribution = &known) },
	{ "percentile", KIND(DERIVED, NS, "p_ns", .distribution = &known, .permille = 1001) },
	{ "percentile", KIND(GAUGE, NS, "p_ns", .distribution = &known, .permille = 500) },
	{ "percentile", KIND(DERIVED, NS, "p_ns", .distribution = &unknown, .permille = 500) },
	{ "help", { .kind = METRIC_GAUGE, .unit = UNIT_NUMBER, .key = "n", .get = get } },
	{ "help", { METRIC_GAUGE, .unit = UNIT_NUMBER, .key = "n", .help = "", .get = get } },
	{ "no name", KIND(GAUGE, NUMBER, NULL, .get = get) },
	{ "key", KIND(GAUGE, NUMBER, "N", .get = get) },
	{ "key", KIND(GAUGE, NUMBER, "", .get = get) },
	{ "suffix", KIND(GAUGE, NS, "age", .get = get) },
	{ "suffix", KIND(GAUGE, NS_AS_S, "age_pct", .get = get) },
	{ "suffix", KIND(GAUGE, MPCT, "share", .get = get) },
	{ "suffix", KIND(GAUGE, BYTES, "memory", .get = get) },
	{ "suffix", KIND(DERIVED, PER_SEC_M, "exits", .get = get) },
	{ "suffix", KIND(GAUGE, NUMBER, "exits_ns", .get = get) },
	{ "suffix", KIND(GAUGE, NUMBER, "bytes", .get = get) },
	{ "total", KIND(COUNTER, NUMBER, "exits", .get = get) },
	{ "total", KIND(LABEL, TEXT, "disk", .get = get, .total = get) },
	{ "total", KIND(GAUGE, NUMBER, "n", .get = get, .total = get) },
	{ "label", KIND(NOTE, TEXT, "hint", .get = get, .label = "hint") },
	{ "label", KIND(LABEL, TEXT, "disk", .get = get, .label = "a disk") },
	{ "unit", KIND(LABEL, NS, "age_ns", .get = get) },
	{ "unit", KIND(NOTE, NUMBER, "n", .get = get) },
	{ "unit", KIND(COUNTER, MPCT, "run_pct", .get = get, .total = get) },
	{ "unit", KIND(COUNTER, TEXT, "name", .get = get, .total = get) },
	{ "unit", KIND(COUNTER, PER_SEC_M, "n_per_s", .get = get, .total = get) },
	{ "unit", KIND(GAUGE, PER_SEC_M, "n_per_s", .get = get) },
	{ "unit", KIND(GAUGE, TEXT, "name", .get = get) },
	{ "unit", KIND(DERIVED, TEXT, "name", .get = get) },
	{ "unit", KIND(DISTRIBUTION, NUMBER, "sizes", .distribution = &known) },
	{ "key twice", KIND(GAUGE, NUMBER, "vm", .get = get) },
	{ "header twice", KIND(GAUGE, NUMBER, "n", .get = get, .header = "VM") },
	{ "label twice", KIND(LABEL, TEXT, "name", .get = get, .label = "domain") },
	{ "name of two", KIND(GAUGE, NUMBER, "n", .get = get, .header = "%vm") },
};

static void test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		const struct metric list[] = { GOOD, entries[i].metric };
		const struct metric_table table = { list, ARRAY_SIZE(list) };
		const char *fault = metric_fault(&table, &list[2]);

		assert_string_equal(fault ? fault : "", entries[i].fault ? entries[i].fault : "");
		assert_null(metric_fault(&table, &list[0]));
		assert_null(metric_fault(&table, &list[1]));
	}
}

static void test_schema_faults(void **state)
{
	static const struct metric missing = KIND(GAUGE, NUMBER, "m", .get = get),
				   mistyped = KIND(GAUGE, MPCT, "n_pct", .get = get),
				   uncounted = KIND(COUNTER, NUMBER, "n", .get = get, .total = get),
				   unspread = KIND(DISTRIBUTION, NS, "q", .distribution = &known),
				   good = KIND(GAUGE, NUMBER, "n", .get = get);
	json_t *schema = json_pack("{s:{s:{s:[s,s]},s:{s:s}}}", "properties", "n", "type", "null",
				   "integer", "n_pct", "type", "string");

	(void)state;
	assert_true(schema_knows(schema, schema, &good));
	assert_false(schema_knows(schema, schema, &missing));
	assert_false(schema_knows(schema, schema, &mistyped));
	assert_false(schema_knows(schema, schema, &uncounted));
	assert_false(schema_knows(schema, schema, &unspread));
	json_decref(schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),	      cmocka_unit_test(test_histograms),
		cmocka_unit_test(test_schemas),	      cmocka_unit_test(test_faults),
		cmocka_unit_test(test_schema_faults),
	};

	return cmocka_run_group_tests_name("metric tables", tests, NULL, NULL);
}
