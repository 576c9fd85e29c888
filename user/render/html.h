/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A page of HTML that stands alone: it asks for nothing from elsewhere, has no script, and forbids
 * both. It suits windows from 360 pixels on, and is dark where its reader's other pages are.
 */
#ifndef KVMQ_HTML_H
#define KVMQ_HTML_H

#include <stdio.h>

/* Up to the body, of which the title is the heading. A title may be a stranger's text. */
void html__begin(FILE *file, const char *title);
void html__end(FILE *file);

/*
 * Writes a text by a stranger, for the contents of an element or of an attribute in double quotes:
 * harmless as text_show() has it, and without a character that HTML reads as its own.
 */
void html__text(FILE *file, const char *text);

/* The same of what printf() makes of it, up to 2047 bytes. */
void html__format(FILE *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An element with a text of any length, and its class or NULL. */
void html__element(FILE *file, const char *tag, const char *class, const char *text);

/*
 * How dark a share of time is shown, in %: the number of a class, "h0" to "h6". From
 * html_shade__from() of a class on it is that class.
 */
#define HTML_SHADES 7
unsigned int html__shade(double pct);
double html_shade__from(unsigned int shade);

#endif
