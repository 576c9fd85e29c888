/* SPDX-License-Identifier: GPL-2.0-only */
/* What is mounted where, from a process's /proc/PID/mountinfo. */
#ifndef KVMQ_MOUNTINFO_H
#define KVMQ_MOUNTINFO_H

#include <stdbool.h>

/* A mount: the parts of its line, as they are written there. */
struct mountinfo {
	int id;
	char *root;    /* what of the file system is mounted: all of it, or a folder */
	char *folder;  /* where it is mounted */
	char *type;    /* of the file system */
	char *source;  /* a device, for most types */
	char *options; /* of the file system; empty where the line has none */
};

/* Splits a line, which it changes and which holds the parts. False: it is no mount's line. */
bool mountinfo__parse(struct mountinfo *mount, char *line);

/* Paths have \ooo for blanks and backslashes: undoes that, in place. */
void mountinfo__unescape(char *text);

#endif
