/* SPDX-License-Identifier: GPL-2.0-only */
/* Verdicts for people: a block each. */
#ifndef KVMQ_WHY_PAGE_H
#define KVMQ_WHY_PAGE_H

#include <stdio.h>

#include "render/metric.h"
#include "why/why.h"

/* The figure that evidence names, of the tool that measures it. Never NULL. */
const struct metric *why_evidence__metric(const struct evidence *evidence);

/* That tool: "cpu", "exit", "numa", "io". */
const char *why_evidence__tool(const struct evidence *evidence);

/* The figures of a verdict, on one line; names in it are a stranger's text. */
void why_evidence__put(FILE *file, const struct verdict *verdict);

/* In a line each: of which VMs nothing was found, and what could not be looked at. */
void why_page__print_rest(FILE *file, const struct why *why);

/* Prints them as wide as the terminal; what could not be looked at below. */
void why_page__print(FILE *file, const struct why *why);

/*
 * One of them in so many columns, without colours, and then the rules that could not be asked of
 * its VM.
 */
void why_page__print_one(FILE *file, const struct why *why, const struct verdict *verdict,
			 unsigned int width);

#endif
