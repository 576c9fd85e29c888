/* SPDX-License-Identifier: GPL-2.0-only */
/* Who ran while VMs waited, as a matrix of HTML. */
#ifndef KVMQ_REPORT_BLAME_H
#define KVMQ_REPORT_BLAME_H

#include <stdio.h>

#include "model/list.h"
#include "why/facts.h"

/* The chosen VMs, who waited the greatest share of the time first. */
struct report_order {
	LIST(const struct why_vm *);
};

/* 0 or -ENOMEM; borrows from the facts. */
int report_order__make(struct report_order *order, const struct why_facts *facts);
void report_order__free(struct report_order *order);

/* In rows who waited, in columns for whom: the worst of both, the rest of the latter as one. */
void report_blame__print(FILE *file, const struct report_order *order);

#endif
