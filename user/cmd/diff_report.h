/* SPDX-License-Identifier: GPL-2.0-only */
/* What kvmq-diff shows of a table that has been judged. */
#ifndef KVMQ_DIFF_REPORT_H
#define KVMQ_DIFF_REPORT_H

#include <stdio.h>

#include "cmd/diff_notes.h"

struct diff_report {
	const struct diff_options *options;
	const struct diff_runs *runs;
	const struct figure_table *table;
	const struct diff_notes *notes;
	const struct figure_question *question;
	enum judgement verdict;
};

/* For a terminal of 80 columns, and for a mailing list of 75. */
void diff_report__print(FILE *file, const struct diff_report *report);

/* One line. 0, -ENOMEM or -EIO. */
int diff_report__print_json(FILE *file, const struct diff_report *report);

#endif
