/* SPDX-License-Identifier: GPL-2.0-only */
/* kvmqd's command line: a file of settings, and settings that count more than the file's. */
#ifndef KVMQ_DAEMON_ARGUMENTS_H
#define KVMQ_DAEMON_ARGUMENTS_H

#include "daemon/settings.h"

#define DAEMON_CONFIG "/etc/kvmq/kvmqd.conf"

struct daemon_arguments {
	const char *config; /* NULL: DAEMON_CONFIG, if it is there; borrowed, as the next are */
	const char *given[DAEMON_SETTINGS_MAX]; /* values by the place of their setting, or NULL */
	bool check;				/* only whether the settings are right */
	unsigned int verbose;
};

/*
 * Reads the command line. Returns 0 to go on, or prints (help and version on standard output, an
 * error as one line on standard error) and returns 1, with *status set to the exit status.
 */
int daemon_arguments__parse(struct daemon_arguments *arguments, int argc, char **argv, int *status);

/*
 * The usual settings, then those of the file, then those of the command line: now, which may be
 * later on. Returns 0, or -errno after one line.
 */
int daemon_arguments__settings(const struct daemon_arguments *arguments,
			       struct daemon_settings *settings);

#endif
