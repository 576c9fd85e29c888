/* SPDX-License-Identifier: GPL-2.0-only */
/* One recording as a page of HTML. */
#ifndef KVMQ_REPORT_PAGE_H
#define KVMQ_REPORT_PAGE_H

#include <stdio.h>

#include "cmd/report_heat.h"
#include "why/why.h"

struct report {
	const struct options *options;
	const struct report_heat *heat;
	const struct why *why; /* of the last run */
};

/*
 * Verdicts, waits over time, who ran while VMs waited, and their figures. Of what is too much for a
 * page, the rest is counted. 0 or -ENOMEM.
 */
int report_page__print(FILE *file, const struct report *report);

#endif
