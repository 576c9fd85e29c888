// SPDX-License-Identifier: GPL-2.0-only
/* The Accept header (RFC 9110, 12.5.1). */
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/web.h"

#define WEIGHT_MAX 1000 /* of q=1: it has three decimals */

/* A part of a header, from begin to its end. */
struct part {
	const char *begin;
	size_t length;
};

/* The next part up to a character, without blanks around it; *text is NULL behind the last one. */
static struct part next_part(const char **text, char end)
{
	struct part part = { .begin = *text + strspn(*text, " \t") };
	const char *stop = strchr(part.begin, end);

	part.length = stop ? (size_t)(stop - part.begin) : strlen(part.begin);
	*text = stop ? stop + 1 : NULL;
	while (part.length && isblank((unsigned char)part.begin[part.length - 1]))
		part.length--;
	return part;
}

static bool is_text(struct part part, const char *text)
{
	return strlen(text) == part.length && !strncasecmp(part.begin, text, part.length);
}

static bool begins_with(struct part part, const char *text)
{
	return strlen(text) <= part.length && !strncasecmp(part.begin, text, strlen(text));
}

static unsigned int weight_of(struct part part)
{
	double weight = strtod(part.begin + 2, NULL);

	return weight >= 1 ? WEIGHT_MAX : weight > 0 ? (unsigned int)(weight * WEIGHT_MAX) : 0;
}

/* What a media range says of each format. */
static void weigh(const char *range, unsigned int weights[EXPOSITION_FORMATS])
{
	const char *rest = range;
	struct part type = next_part(&rest, ';');
	unsigned int weight = WEIGHT_MAX;
	enum exposition_format format = EXPOSITION_PROMETHEUS;
	bool fits = is_text(type, "text/plain") || is_text(type, "text/*") || is_text(type, "*/*");

	if (is_text(type, "application/openmetrics-text")) {
		format = EXPOSITION_OPENMETRICS;
		fits = true;
	}
	while (rest) {
		struct part part = next_part(&rest, ';');

		if (begins_with(part, "q="))
			weight = weight_of(part);
		if (format == EXPOSITION_OPENMETRICS && begins_with(part, "version="))
			fits = is_text(part, "version=1.0.0");
	}
	if (fits && weight > weights[format])
		weights[format] = weight;
}

enum exposition_format web__accepted(const char *accept)
{
	unsigned int weights[EXPOSITION_FORMATS] = { 0 };
	const char *rest = accept;
	char range[256];

	while (rest) {
		struct part part = next_part(&rest, ',');

		if (part.length >= sizeof(range))
			continue;
		memcpy(range, part.begin, part.length);
		range[part.length] = '\0';
		weigh(range, weights);
	}
	return weights[EXPOSITION_OPENMETRICS] &&
			       weights[EXPOSITION_OPENMETRICS] >= weights[EXPOSITION_PROMETHEUS]
		       ? EXPOSITION_OPENMETRICS
		       : EXPOSITION_PROMETHEUS;
}
