/* SPDX-License-Identifier: GPL-2.0-only */
/* What is mounted where, by a process's /proc/PID/mountinfo. */
#ifndef KVMQ_MOUNTINFO_H
#define KVMQ_MOUNTINFO_H

#include <stdbool.h>

/* A mount: parts of its line, as they are there. */
struct mountinfo {
	int id;
	char *root;    /* what of the file system is mounted: all of it, or a folder */
	char *folder;  /* where it is mounted */
	char *type;    /* of the file system */
	char *source;  /* a device, for most types */
	char *options; /* of the file system; empty where the line has none */
};

/* Divides a line, which it changes, and which keeps the parts. False: it is none of a mount. */
bool mountinfo__parse(struct mountinfo *mount, char *line);

/* Paths are written with \ooo for blanks and backslashes: undoes that, in place. */
void mountinfo__unescape(char *text);

#endif
