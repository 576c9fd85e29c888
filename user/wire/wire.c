// SPDX-License-Identifier: GPL-2.0-only
#include "wire/wire.h"

#include <errno.h>
#include <stdlib.h>

#include "wire/wire_internal.h"

uint32_t wire__get_word(const unsigned char bytes[4])
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

void wire__put_word(unsigned char bytes[4], uint32_t word)
{
	for (int i = 0; i < 4; i++, word >>= 8)
		bytes[i] = (unsigned char)word;
}

int wire__read_head(const unsigned char head[WIRE_HEAD], enum wire_kind *kind, size_t *size)
{
	uint32_t most = 0;

	*size = wire__get_word(head);
	*kind = (enum wire_kind)wire__get_word(head + 4);
	if (*kind == WIRE_TABLES)
		most = WIRE_TABLES_MAX;
	else if (*kind == WIRE_MOMENT)
		most = WIRE_MOMENT_MAX;
	return *size && *size <= most ? 0 : -EBADMSG;
}

struct wire_frame *wire_frame__hold(struct wire_frame *frame)
{
	frame->references++;
	return frame;
}

unsigned int wire_frame__release(struct wire_frame *frame)
{
	unsigned int left = frame ? --frame->references : 0;

	if (!frame || left)
		return left;
	free(frame->bytes);
	free(frame);
	return 0;
}
