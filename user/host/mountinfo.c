// SPDX-License-Identifier: GPL-2.0-only
#include "host/mountinfo.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* proc(5): ID PARENT DEV ROOT FOLDER OPTIONS [TAG...] - TYPE SOURCE OPTIONS */
bool mountinfo__parse(struct mountinfo *mount, char *line)
{
	char *behind = strstr(line, " - "), *before = line, *options;

	if (!behind)
		return false;
	*behind = '\0';
	behind += strlen(" - ");
	behind[strcspn(behind, "\n")] = '\0';
	mount->id = (int)strtol(line, NULL, 10);
	for (int skipped = 0; skipped < 3; skipped++)
		strsep(&before, " ");
	mount->root = strsep(&before, " ");
	mount->folder = strsep(&before, " ");
	mount->type = strsep(&behind, " ");
	mount->source = strsep(&behind, " ");
	options = strsep(&behind, " ");
	mount->options = options ? options : line + strlen(line);
	return mount->folder && mount->source;
}

void mountinfo__unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		unsigned int code;

		if (*text == '\\' && isdigit((unsigned char)text[1]) && strlen(text) > 3 &&
		    sscanf(text + 1, "%3o", &code) == 1) {
			*to++ = (char)code;
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}
