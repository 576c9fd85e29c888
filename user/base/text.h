/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text that a stranger may have written: names of VMs and threads, cgroups, paths, serial numbers,
 * reports. It is stored as it is, and made harmless here, where it is shown, by characters of
 * UTF-8, whatever the locale. '?' is shown for: a byte that belongs to no character; a character
 * that does something (controls, those of C1 too; separators of lines; direction, joiners and other
 * invisible ones); one without a meaning (unassigned, private); and a mark that would stand on what
 * comes before the text.
 */
#ifndef KVMQ_TEXT_H
#define KVMQ_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Shows as many whole characters as fit into so many columns of a terminal. Wide characters take 2
 * columns, marks 0; blanks at the end are left out. Returns how many columns it took.
 */
size_t text_show(FILE *file, const char *text, size_t columns);

/* How many columns text_show() would take for all of it. */
size_t text_columns(const char *text);

/* Shows all of a text, then blanks up to so many columns. */
void text_put(FILE *file, const char *text, size_t columns);

/* A line of text, all of it harmless, without blanks at its end. It brings its own \n. */
void text_line(FILE *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * The same for a text that exists already, no wider than so many columns: it continues in indented
 * lines. If the number is 0, or too small for a word or two, there is no limit.
 */
void text_wrap(FILE *file, const char *text, size_t columns);

/* The same with a format, and what va_start() gave. */
void text_wrap_args(FILE *file, size_t columns, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

/*
 * A line could not be made, for memory was short; and whether that has been so since this was asked
 * last. Those that make lines return nothing: who has shown all of them asks once.
 */
void text_miss(void);
bool text_missed(void);

/* Writes what text_show() shows into clean: never longer than text, and may be in its place. */
void text_clean(char *clean, size_t size, const char *text);

/*
 * Copies length bytes, or fewer where there is no room for more: a character of UTF-8 is
 * copied whole or not at all. Ends with a NUL.
 */
void text_copy(char *copy, size_t size, const char *text, size_t length);

/*
 * The same text in valid UTF-8, for JSON: each byte that belongs to no character as \xHH with
 * small letters, so from \x80 on. A backslash that would read as the beginning of such a byte,
 * or as this, is \x5c; all others stand for themselves. free() the result; NULL: no memory.
 */
char *text_escape(const char *text);

/* A character: its length, and whether it may be shown. Of invalid bytes, one is taken. */
struct text_char {
	uint32_t code;
	uint8_t length; /* in bytes; 0: the end */
	bool valid;	/* UTF-8 */
	bool harmless;	/* does nothing but look like itself */
};

struct text_char text_char(const char *text, size_t size);

#endif
