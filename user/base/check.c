// SPDX-License-Identifier: GPL-2.0-only
#include "base/check.h"

#include <stdarg.h>
#include <stdio.h>

struct check *checks__add(struct checks *checks, const char *what)
{
	/* If there is no room, the last place is used again. */
	size_t place = checks->count < CHECKS_MAX ? checks->count++ : CHECKS_MAX - 1;

	checks->list[place] = (struct check){ .what = what, .status = CHECK_WORKS };
	return &checks->list[place];
}

void check__fail(struct check *check, enum check_status status, const char *lost, const char *why,
		 ...)
{
	va_list args;

	check->status = status;
	check->lost = lost;
	va_start(args, why);
	vsnprintf(check->why, sizeof(check->why), why, args);
	va_end(args);
}

enum check_status checks__worst(const struct checks *checks)
{
	enum check_status worst = CHECK_WORKS;

	for (size_t i = 0; i < checks->count; i++)
		if (checks->list[i].status > worst)
			worst = checks->list[i].status;
	return worst;
}
