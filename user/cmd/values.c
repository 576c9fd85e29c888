// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/values.h"

#include "cmd/cpu_metrics.h"

size_t borrow_metrics(struct metric *list, const struct borrowed *borrowed, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		list[i] = *metric__find(&cpu_metrics, borrowed[i].key);
		list[i].usual = borrowed[i].usual;
	}
	return count;
}
