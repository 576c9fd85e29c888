// SPDX-License-Identifier: GPL-2.0-only
#include "base/memory_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* As fopencookie(3) has it: 0 is an error. */
static ssize_t append(void *cookie, const char *bytes, size_t size)
{
	struct memory_text *memory = cookie;
	size_t wanted = memory->size + size + 1;
	char *text = memory->text;

	if (wanted > memory->capacity) {
		text = realloc(text, 2 * wanted);
		if (!text) {
			memory->failed = true;
			return 0;
		}
		memory->text = text;
		memory->capacity = 2 * wanted;
	}
	memcpy(text + memory->size, bytes, size);
	memory->size += size;
	text[memory->size] = '\0';
	return (ssize_t)size;
}

int memory_text__begin(struct memory_text *memory)
{
	*memory = (struct memory_text){ 0 };
	memory->file = fopencookie(memory, "w", (cookie_io_functions_t){ .write = append });
	if (memory->file)
		return 0;
	text_miss();
	return -ENOMEM;
}

int memory_text__end(struct memory_text *memory)
{
	bool failed = fclose(memory->file) || memory->failed;

	memory->file = NULL;
	if (!failed && !memory->text)
		memory->text = calloc(1, 1);
	if (!failed && memory->text)
		return 0;
	free(memory->text);
	memory->text = NULL;
	text_miss();
	return -ENOMEM;
}
