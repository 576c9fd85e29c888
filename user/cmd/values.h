/* SPDX-License-Identifier: GPL-2.0-only */
/* What tables of metrics are made of: an entry of each kind, and values. */
#ifndef KVMQ_VALUES_H
#define KVMQ_VALUES_H

#include "model/group_by.h"
#include "render/metric.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Where a metric is shown by default. */
#define VCPU (1U << BY_VCPU)
#define VM (1U << BY_VM)
#define THREAD (1U << BY_THREAD)
#define DEVICE (1U << BY_DEVICE)
#define ALL (VCPU | VM | THREAD | DEVICE)
#define NEVER 0U

/* NOLINTBEGIN(bugprone-macro-parentheses): parameters of designators */

#define METRIC(kind_, key_, header_, unit_, usual_, help_, ...)                                    \
	{                                                                                          \
		.kind = METRIC_##kind_, .key = key_, .header = header_, .unit = UNIT_##unit_,      \
		.usual = usual_, .help = help_, __VA_ARGS__                                        \
	}

/* Entries of a table, one for each kind. Its unit goes without UNIT_. */
#define LABEL(key, header, unit, usual, help, get_, label_)                                        \
	METRIC(LABEL, key, header, unit, usual, help, .get = get_, .label = label_)
#define NOTE(key, header, usual, help, get_)                                                       \
	METRIC(NOTE, key, header, TEXT, usual, help, .get = get_)
#define COMPOSED(key, header, usual, help, compose_)                                               \
	METRIC(NOTE, key, header, TEXT, usual, help, .compose = compose_)
/* Of get_NAME() and total_NAME(). */
#define COUNTER(key, header, unit, usual, help, name)                                              \
	METRIC(COUNTER, key, header, unit, usual, help, .get = get_##name, .total = total_##name)
#define GAUGE(key, header, unit, usual, help, get_)                                                \
	METRIC(GAUGE, key, header, unit, usual, help, .get = get_)
#define DERIVED(key, header, unit, usual, help, get_)                                              \
	METRIC(DERIVED, key, header, unit, usual, help, .get = get_)
#define PERCENTILE(key, header, unit, usual, help, of, permille_)                                  \
	METRIC(DERIVED, key, header, unit, usual, help, .distribution = of, .permille = permille_)
#define LONGEST 1000
#define DISTRIBUTION(key, help, of)                                                                \
	METRIC(DISTRIBUTION, key, NULL, NS, NEVER, help, .distribution = of)

/* NOLINTEND(bugprone-macro-parentheses) */

static inline struct value number(uint64_t value)
{
	return (struct value){ .known = true, .number = value };
}

static inline struct value known_if(bool known, uint64_t value)
{
	return (struct value){ .known = known, .number = value };
}

/* n/a where there is none, or an empty one. */
static inline struct value text(const char *value)
{
	return (struct value){ .known = value && *value, .text = value };
}

/* The same, but nothing is shown if it is not known. */
static inline struct value text_or_blank(const char *value)
{
	return (struct value){ .known = value && *value, .text = value, .blank = true };
}

#endif
