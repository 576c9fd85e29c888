// SPDX-License-Identifier: GPL-2.0-only
#include "render/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"

unsigned int terminal_width(FILE *file)
{
	struct winsize size;

	if (!isatty(fileno(file)))
		return 0;
	if (ioctl(fileno(file), TIOCGWINSZ, &size) || !size.ws_col)
		return 80;
	return size.ws_col;
}

bool terminal_has_colors(FILE *file)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	return isatty(fileno(file)) && term && strcmp(term, "dumb") != 0 &&
	       !(no_color && *no_color);
}

void terminal_line(FILE *file, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_wrap_args(file, terminal_width(file), format, args);
	va_end(args);
}

int sentence__begin(struct sentence *sentence)
{
	int error = memory_text__begin(&sentence->memory);

	sentence->words = sentence->memory.file;
	return error;
}

void sentence__end(struct sentence *sentence, FILE *file)
{
	if (memory_text__end(&sentence->memory))
		return;
	if (sentence->memory.size)
		text_wrap(file, sentence->memory.text, terminal_width(file));
	free(sentence->memory.text);
}
