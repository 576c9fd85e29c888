// SPDX-License-Identifier: GPL-2.0-only
/* Makes lines of bytes that arrive in pieces, with memory for one line while it is incomplete. */
#include <stdlib.h>
#include <string.h>

#include "guests/guest_internal.h"

#define CAPACITY_MIN 4096

bool guest_line__reset(struct guest_line *line)
{
	bool part = line->size > 0;

	free(line->data);
	*line = (struct guest_line){ 0 };
	return part;
}

static bool append(struct guest_line *line, const char *bytes, size_t size)
{
	size_t capacity = line->capacity ? line->capacity : CAPACITY_MIN;

	while (capacity < line->size + size)
		capacity *= 2;
	if (capacity != line->capacity) {
		char *data = realloc(line->data, capacity);

		if (!data)
			return false;
		line->data = data;
		line->capacity = capacity;
	}
	memcpy(line->data + line->size, bytes, size);
	line->size += size;
	return true;
}

/* A piece of a line, with its end or without. */
static void feed_piece(struct guest_line *line, const char *bytes, size_t size, bool end,
		       guest_line_fn on_line, void *context)
{
	const char *reason = NULL;

	if (line->skipping)
		return;
	if (line->size + size > GUEST_REPORT_SIZE)
		reason = GUEST_TOO_LONG;
	else if (end && !line->size && size)
		on_line(context, bytes, size, NULL);
	else if (size && !append(line, bytes, size))
		reason = "memory is short";
	if (reason) {
		guest_line__reset(line);
		line->skipping = true;
		on_line(context, NULL, 0, reason);
	} else if (end && line->size) {
		on_line(context, line->data, line->size, NULL);
	}
}

void guest_line__feed(struct guest_line *line, const char *bytes, size_t size,
		      guest_line_fn on_line, void *context)
{
	while (size) {
		const char *end = memchr(bytes, '\n', size);
		size_t piece = end ? (size_t)(end - bytes) : size;

		feed_piece(line, bytes, piece, end, on_line, context);
		if (end) {
			guest_line__reset(line);
			piece++;
		}
		bytes += piece;
		size -= piece;
	}
}
