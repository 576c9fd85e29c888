/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows of JSON, of several intervals, joined to the figures of one run. */
#ifndef KVMQ_DIFF_SUMS_H
#define KVMQ_DIFF_SUMS_H

#include <jansson.h>

#include "cmd/diff_figures.h"
#include "cmd/diff_sources.h"

#define DIFF_SOURCES_MAX 16

/* One VM, and of it one disk and operation, or one reason. */
struct diff_sum {
	const struct diff_sources *sources;
	char vm[FIGURE_ROLE_SIZE];
	const char *pattern;	     /* its role; NULL: its name is */
	char part[FIGURE_NAME_SIZE]; /* "" of the VM as a whole; of I/O "DISK OP" */
	json_int_t pid;
	double sums[DIFF_SOURCES_MAX], weights[DIFF_SOURCES_MAX]; /* NAN: cannot be joined */
	size_t line;						  /* that was counted last */
	double seconds;
};

struct diff_sums {
	LIST(struct diff_sum);
	const struct diff_options *options;
	size_t line;
	double seconds; /* of this line's interval */
};

/*
 * Adds the rows of a line: of a VM, or of its vCPUs. Rows of no VM of a role are passed over. 0,
 * -ENOMEM, -E2BIG, or -EINVAL: it is no row.
 */
int diff_sums__add(struct diff_sums *sums, const struct diff_sources *sources, const json_t *rows);

/* Puts them as figures: of several VMs or disks of a role, their mean. 0 or -errno. What
 * place->lost touches is n/a. */
int diff_sums__put(const struct diff_sums *sums, const struct diff_place *place);

#endif
