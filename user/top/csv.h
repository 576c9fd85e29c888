/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fields of comma-separated values (RFC 4180). Text by strangers is harmless: for a terminal, and
 * for a spreadsheet, which would take what begins with "=", "+", "-" or "@" for a formula.
 */
#ifndef KVMQ_CSV_H
#define KVMQ_CSV_H

#include <stdio.h>

#include "render/metric.h"

/* A name, quoted where it must be. */
void csv__put_text(FILE *file, const char *text);

/* A figure as JSON has it; nothing if it is not known. */
void csv__put_value(FILE *file, enum unit unit, struct value value);

/* "%", "ns", "1/s", ..., or "" for a plain number. */
const char *csv__unit(enum unit unit);

#endif
