// SPDX-License-Identifier: GPL-2.0-only
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>
#include <uniwidth.h>

/* Other, and separators of lines and paragraphs: C0, C1, direction, surrogates, unassigned... */
#define HARMFUL (UC_CATEGORY_MASK_C | UC_CATEGORY_MASK_Zl | UC_CATEGORY_MASK_Zp)

#define WRAP_INDENT 2
#define WRAP_MIN 20 /* in fewer columns most words would be cut */

/* What is shown of a character, or of several plain ones. */
struct piece {
	const char *bytes;
	size_t length;
	size_t columns;
};

/* A text on its way to where it is shown. */
struct walk {
	const char *next;
	bool begun; /* something with a width was shown: a mark has a character to stand on */
};

static bool is_harmless(ucs4_t code)
{
	/* Fillers and the like: their category is that of letters, but they cannot be seen. */
	return !uc_is_general_category_withtable(code, HARMFUL) &&
	       !uc_is_property_default_ignorable_code_point(code);
}

struct text_char text_char(const char *text, size_t size)
{
	struct text_char one = { .length = size > 0 };
	ucs4_t code;
	int length;

	if (!size)
		return one;
	if (*text >= ' ' && *text < 0x7f) {
		one.code = (unsigned char)*text;
		one.valid = one.harmless = true;
		return one;
	}
	length = u8_mbtoucr(&code, (const uint8_t *)text, size);
	if (length <= 0)
		return one;
	one.code = code;
	one.length = (uint8_t)length;
	one.valid = true;
	one.harmless = is_harmless(code);
	return one;
}

/* -1: of what is not shown as it is. */
static int columns_of(const struct text_char *one)
{
	if (!one->harmless)
		return -1;
	return one->code < 0x7f ? 1 : uc_width(one->code, "UTF-8");
}

/*
 * The next character as it is shown, or as many plain characters as there is room for, since nearly
 * all text is plain. False: that was all.
 */
static bool walk__next(struct walk *walk, struct piece *piece, size_t room)
{
	struct text_char one;
	size_t plain = 0;
	int columns;

	while (plain < room && walk->next[plain] > ' ' && walk->next[plain] < 0x7f)
		plain++;
	if (plain) {
		*piece = (struct piece){ walk->next, plain, plain };
		walk->next += plain;
		walk->begun = true;
		return true;
	}
	one = text_char(walk->next, strnlen(walk->next, 4));
	columns = columns_of(&one);
	if (!one.length)
		return false;
	if (columns > 0 || (!columns && walk->begun))
		*piece = (struct piece){ walk->next, one.length, (size_t)columns };
	else
		*piece = (struct piece){ "?", 1, 1 };
	walk->next += one.length;
	walk->begun = true;
	return true;
}

static void put_blanks(FILE *file, size_t count)
{
	for (; file && count; count--)
		putc_unlocked(' ', file);
}

/* text_show() of the rest; a caller that goes on begins after the blanks. */
static size_t walk__show(struct walk *walk, FILE *file, size_t columns)
{
	size_t used = 0, blanks = 0;

	for (;;) {
		struct walk next = *walk;
		struct piece piece;

		if (!walk__next(&next, &piece, columns - used - blanks) ||
		    used + blanks + piece.columns > columns)
			break;
		*walk = next;
		if (*piece.bytes == ' ') {
			blanks++;
			continue;
		}
		put_blanks(file, blanks);
		if (file)
			fwrite_unlocked(piece.bytes, 1, piece.length, file);
		used += blanks + piece.columns;
		blanks = 0;
	}
	return used;
}

size_t text_show(FILE *file, const char *text, size_t columns)
{
	struct walk walk = { .next = text };

	return walk__show(&walk, file, columns);
}

size_t text_columns(const char *text)
{
	return text_show(NULL, text, SIZE_MAX);
}

void text_put(FILE *file, const char *text, size_t columns)
{
	size_t used = text_show(file, text, SIZE_MAX);

	put_blanks(file, used < columns ? columns - used : 0);
}

static void begin_next_line(FILE *file)
{
	putc_unlocked('\n', file);
	put_blanks(file, WRAP_INDENT);
}

/* Adds a word to a line of which so many columns are used. Returns how many are used now. */
static size_t wrap_word(FILE *file, const char *word, size_t used, size_t columns)
{
	struct walk walk = { .next = word };

	for (;;) {
		used += walk__show(&walk, file, columns - used);
		if (!*walk.next)
			return used;
		begin_next_line(file);
		used = WRAP_INDENT;
	}
}

void text_wrap(FILE *file, const char *text, size_t columns)
{
	char *words = columns < WRAP_MIN ? NULL : strdup(text), *rest = words;
	size_t used = 0;

	if (!words)
		text_show(file, text, SIZE_MAX);
	while (rest && *rest) {
		size_t blanks = strspn(rest, " ");
		char *word = rest + blanks;

		rest = word + strcspn(word, " ");
		if (*rest)
			*rest++ = '\0';
		if (!*word)
			continue;
		if (used && used + 1 + blanks + text_columns(word) > columns) {
			begin_next_line(file);
			used = WRAP_INDENT;
		} else if (used) {
			put_blanks(file, 1 + blanks);
			used += 1 + blanks;
		}
		used = wrap_word(file, word, used, columns);
	}
	free(words);
	putc_unlocked('\n', file);
}

static bool is_missing;

void text_miss(void)
{
	is_missing = true;
}

bool text_missed(void)
{
	bool missed = is_missing;

	is_missing = false;
	return missed;
}

void text_wrap_args(FILE *file, size_t columns, const char *format, va_list args)
{
	char *line;

	if (vasprintf(&line, format, args) < 0) {
		line = NULL;
		text_miss();
	}
	text_wrap(file, line ? line : "(no memory)", columns);
	free(line);
}

void text_line(FILE *file, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_wrap_args(file, 0, format, args);
	va_end(args);
}

void text_clean(char *clean, size_t size, const char *text)
{
	struct walk walk = { .next = text };
	struct piece piece;
	size_t length = 0;

	for (; walk__next(&walk, &piece, size - 1 - length) && length + piece.length < size;
	     length += piece.length)
		memmove(clean + length, piece.bytes, piece.length);
	clean[length] = '\0';
}

void text_copy(char *copy, size_t size, const char *text, size_t length)
{
	size_t used = 0;

	for (;;) {
		struct text_char one = text_char(text + used, length - used);

		if (!one.length || used + one.length >= size)
			break;
		used += one.length;
	}
	memcpy(copy, text, used);
	copy[used] = '\0';
}

/* Whether what is here would read as an escape, although nobody escaped it. */
static bool looks_escaped(const char *text)
{
	static const char digits[] = "0123456789abcdef";

	if (text[0] != '\\' || text[1] != 'x' || !text[2] || !text[3])
		return false;
	if (text[2] == '5')
		return text[3] == 'c';
	return strchr(digits + 8, text[2]) && strchr(digits, text[3]);
}

char *text_escape(const char *text)
{
	size_t length = strlen(text), used = 0;
	char *escaped = malloc(4 * length + 1);

	for (size_t i = 0; escaped && i < length;) {
		struct text_char one = text_char(text + i, length - i);

		if (!one.valid || looks_escaped(text + i)) {
			sprintf(escaped + used, "\\x%02x", (unsigned char)text[i]);
			used += 4;
		} else {
			memcpy(escaped + used, text + i, one.length);
			used += one.length;
		}
		i += one.length;
	}
	if (escaped)
		escaped[used] = '\0';
	return escaped;
}
