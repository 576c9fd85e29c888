/* SPDX-License-Identifier: GPL-2.0-only */
/* What kvmq-diff shows as a page of HTML. */
#ifndef KVMQ_DIFF_HTML_H
#define KVMQ_DIFF_HTML_H

#include "cmd/diff_report.h"

/*
 * The verdict; each primary figure with its runs, its waits and who ran meanwhile; all figures.
 * Of what is too much for a page, the rest is counted.
 */
void diff_html__print(FILE *file, const struct diff_report *report);

#endif
