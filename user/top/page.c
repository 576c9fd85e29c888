// SPDX-License-Identifier: GPL-2.0-only
#include "top/page.h"

#include <stdlib.h>
#include <string.h>

const struct table_style page_style = {
	.look = PAGE_LOOK, .act = PAGE_ACT, .sorted = PAGE_SORTED, .end = PAGE_END
};

void page__free(struct page *page)
{
	free(page->text);
	*page = (struct page){ 0 };
}

unsigned int page__add_lines(FILE *file, const char *text, unsigned int lines)
{
	unsigned int count = 0;

	while (*text && count < lines) {
		size_t length = strcspn(text, "\n");

		fprintf(file, "%.*s\n", (int)length, text);
		text += length + (text[length] == '\n');
		count++;
	}
	return count;
}
