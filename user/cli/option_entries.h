/* SPDX-License-Identifier: GPL-2.0-only */
/* The options that several tools take, and helpers for a tool's own options. */
#ifndef KVMQ_OPTION_ENTRIES_H
#define KVMQ_OPTION_ENTRIES_H

#include <getopt.h>

#include "cli/options.h"

extern const struct option_entry option_vm, option_cgroup, option_hist, option_events, option_json,
	option_columns, option_sort, option_top, option_timestamp, option_local, option_utc,
	option_record, option_from, option_since, option_until, option_incident, option_verbose,
	option_version, option_help;

/* --by of a tool that has these rows; the first is the default. */
#define OPTION_BY(...)                                                                             \
	{                                                                                          \
		.letter = 'b', .name = "by", .has_argument = required_argument,                    \
		.argument = "WHAT", .help = "what a row is",                                       \
		.values = (const char *const[]){ __VA_ARGS__, NULL }, .set = option__set_by,       \
	}

int option__set_by(struct options *options, const struct option_entry *entry, const char *text);

/* Sets the bool at the entry's place. */
int option__set_flag(struct options *options, const struct option_entry *entry, const char *text);

/* Sets the text at the entry's place. */
int option__set_text(struct options *options, const struct option_entry *entry, const char *text);

/* The same for a text that must not be empty. */
int option__set_name(struct options *options, const struct option_entry *entry, const char *text);

/* "vcpu, vm or thread" */
void option__list_values(char *text, size_t size, const struct option_entry *entry);

/* Says in one line what the option expected instead of this value. Returns -EINVAL. */
int option__refuse(const struct option_entry *entry, const char *value);

#endif
