// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "base/memory_text.h"
#include "base/text.h"
#include "top/keys.h"

/* "  Enter e     open the VM, ..." */
static void put_entry(FILE *file, const char *name, const char *help)
{
	fprintf(file, "  %-10s %s\n", name, help);
}

static void print_help(const struct top *top, FILE *file)
{
	fputs("Screens\n", file);
	for (size_t i = 0; i < top->screen_count; i++) {
		const char key[] = { top->screens[i].key, '\0' };
		char text[160];

		snprintf(text, sizeof(text), "%s: %s", top->screens[i].name,
			 top->screens[i].question);
		put_entry(file, key, text);
	}
	fputs("About the selected line\n", file);
	for (const struct pane *pane = top->panes; pane->key; pane++) {
		const char key[] = { pane->key, '\0' };

		put_entry(file, key, pane->help);
	}
	fputs("Keys\n", file);
	for (const struct top_key *key = top_keys; key->help; key++)
		put_entry(file, key->name, key->help);
	fputs("Marks\n  ?          worth a look\n  !          worth an act\n", file);
}

/* Lines from help_first on, so that all of the terminal but its last line is full. */
static void put_window(struct top *top, FILE *file, const char *text)
{
	unsigned int room = top->rows > 1 ? top->rows - 1 : 0, used = 0;
	size_t count = 0;

	for (const char *at = text; *at; at++)
		count += *at == '\n';
	if (top->help_first + room > count)
		top->help_first = count > room ? count - room : 0;
	for (size_t i = 0; i < top->help_first; i++)
		text = strchr(text, '\n') + 1;
	for (; used < room && *text; used++) {
		char line[256];
		size_t length = strcspn(text, "\n");

		text_copy(line, sizeof(line), text, length);
		text_show(file, line, top->columns);
		putc('\n', file);
		text += length + 1;
	}
	for (; used < room; used++)
		putc('\n', file);
}

void top__put_help(struct top *top, FILE *file)
{
	struct memory_text lines;

	if (memory_text__begin(&lines))
		return;
	print_help(top, lines.file);
	if (memory_text__end(&lines))
		return;
	put_window(top, file, lines.text);
	free(lines.text);
}
