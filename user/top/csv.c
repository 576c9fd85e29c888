// SPDX-License-Identifier: GPL-2.0-only
#include "top/csv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void csv__put_text(FILE *file, const char *text)
{
	size_t size = strlen(text) + 1;
	char *clean = malloc(size);

	if (!clean) {
		text_miss();
		return;
	}
	text_clean(clean, size, text);
	putc('"', file);
	if (*clean && strchr("=+-@", *clean))
		putc('\'', file);
	for (const char *at = clean; *at; at++) {
		if (*at == '"')
			putc('"', file);
		putc(*at, file);
	}
	putc('"', file);
	free(clean);
}

void csv__put_value(FILE *file, enum unit unit, struct value value)
{
	if (!value.known)
		return;
	switch (unit) {
	case UNIT_TEXT:
		csv__put_text(file, value.text);
		break;
	case UNIT_MPCT:
	case UNIT_PER_SEC_M:
	case UNIT_M:
		fprintf(file, "%" PRIu64 ".%03" PRIu64, value.number / 1000, value.number % 1000);
		break;
	default:
		fprintf(file, "%" PRIu64, value.number);
	}
}

const char *csv__unit(enum unit unit)
{
	switch (unit) {
	case UNIT_MPCT:
		return "%";
	case UNIT_PER_SEC_M:
		return "1/s";
	case UNIT_NS:
	case UNIT_NS_AS_US:
	case UNIT_NS_AS_MS:
	case UNIT_NS_AS_S:
		return "ns";
	case UNIT_BYTES_AS_MIB:
		return "bytes";
	case UNIT_BYTES_PER_S:
		return "bytes/s";
	default:
		return "";
	}
}
