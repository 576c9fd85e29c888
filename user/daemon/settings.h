/* SPDX-License-Identifier: GPL-2.0-only */
/* What kvmqd is told to do: each setting is a line of its file and an option. */
#ifndef KVMQ_DAEMON_SETTINGS_H
#define KVMQ_DAEMON_SETTINGS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct daemon_tier {
	uint64_t interval_ns; /* of moments */
	uint64_t keep_ns;     /* older ones go */
};

#define DAEMON_TIERS 3

struct daemon_settings {
	uint64_t interval_ns; /* of views, while the budget allows it */
	uint64_t budget_mpct; /* 1/1000 % of one CPU */
	bool exits, numa, block;
	bool blame, overlap;
	char recording[PATH_MAX]; /* empty: none */
	struct daemon_tier tiers[DAEMON_TIERS];
	uint64_t max_bytes;	 /* of the recording with its -wal */
	char socket[108];	 /* empty: none */
	char socket_group[33];	 /* empty: that of the daemon */
	char listen[256];	 /* HOST:PORT, or unix:PATH; empty: none */
	char textfile[PATH_MAX]; /* a folder; empty: none */
	bool vcpu_histograms;	 /* per vCPU, not only per VM */
	uint32_t blame_pairs;	 /* worst per VM */
	uint32_t max_series;
	uint64_t wait_limit_ns; /* a wait over it is an incident; 0: off */
	uint32_t incidents_per_day;
	uint64_t incident_bytes; /* of all that are kept */
};

enum setting_kind {
	SETTING_SWITCH,	 /* bool */
	SETTING_TIME,	 /* uint64_t, ns; whole ms */
	SETTING_SHARE,	 /* uint64_t, 1/1000 % */
	SETTING_BYTES,	 /* uint64_t */
	SETTING_COUNT,	 /* uint32_t */
	SETTING_TIERS,	 /* struct daemon_tier[DAEMON_TIERS] */
	SETTING_PATH,	 /* char[], absolute */
	SETTING_NAME,	 /* char[] */
	SETTING_ADDRESS, /* char[] */
};

#define SETTING_TEXT_SIZE (PATH_MAX + 1) /* of any value as text */
#define SETTING_ERROR_SIZE 160

struct daemon_setting {
	const char *name;
	enum setting_kind kind;
	const char *argument; /* what the help calls its value */
	const char *usual;    /* as it would be written */
	const char *help;
	size_t place, size; /* in struct daemon_settings */
	uint64_t min, max;  /* of a number */
	bool may_be_off;    /* "off": 0, or an empty text */
	bool is_live;	    /* a reload changes it */
};

/* All of them, in the order of the help. */
#define DAEMON_SETTINGS_MAX 24
const struct daemon_setting *daemon_setting__at(size_t place); /* NULL: no more */
const struct daemon_setting *daemon_setting__find(const char *name);

/* Sets one from text. Returns 0, or -EINVAL with what was expected in error. */
int daemon_setting__set(const struct daemon_setting *setting, struct daemon_settings *settings,
			const char *text, char *error, size_t size);

/* Writes the value as it would be set; text holds SETTING_TEXT_SIZE. */
void daemon_setting__write(const struct daemon_setting *setting,
			   const struct daemon_settings *settings, char *text);

/* The usual ones. */
void daemon_settings__init(struct daemon_settings *settings);

/*
 * Sets those of a file: "NAME = VALUE" a line, and comments, which begin with a "#" at the
 * beginning of a line or after a blank. Returns 0, or -errno after one line with its place.
 */
int daemon_settings__read(struct daemon_settings *settings, const char *path);

/* Whether they go together: 0, or -EINVAL after one line. */
int daemon_settings__check(const struct daemon_settings *settings);

/* As a file. */
void daemon_settings__print(const struct daemon_settings *settings, FILE *file);

#endif
