/* SPDX-License-Identifier: GPL-2.0-only */
/* From where on a figure is worth a look, or an act: marks beside figures, in text only. */
#ifndef KVMQ_THRESHOLD_H
#define KVMQ_THRESHOLD_H

#include "render/metric.h"

enum mark {
	MARK_NONE,
	MARK_LOOK,
	MARK_ACT,
};

struct threshold {
	const char *key;    /* of the metric */
	uint64_t look, act; /* in the metric's raw unit; act 0: there is none */
	bool below;	    /* a low value is bad */
};

/* Of a metric, or NULL. */
const struct threshold *threshold__find(const struct metric *metric);

/* threshold may be NULL; what is not known has no mark. */
enum mark threshold__mark(const struct threshold *threshold, struct value value);

/* '?', '!' or, for no mark, 0. */
char mark__sign(enum mark mark);

#endif
