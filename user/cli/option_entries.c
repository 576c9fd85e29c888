// SPDX-License-Identifier: GPL-2.0-only
#include "cli/option_entries.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/time_text.h"
#include "base/units.h"

#define EVENT_MAX_USEC 3600000000ULL
#define TOP_MAX 1000000

void option__list_values(char *text, size_t size, const struct option_entry *entry)
{
	*text = '\0';
	for (const char *const *value = entry->values; *value; value++) {
		size_t length = strlen(text);

		snprintf(text + length, size - length, "%s%s",
			 value == entry->values ? ""
			 : value[1]		? ", "
						: " or ",
			 *value);
	}
}

int option__refuse(const struct option_entry *entry, const char *value)
{
	char values[128];

	if (!entry->expected)
		option__list_values(values, sizeof(values), entry);
	log_error("--%s: invalid value '%s': expected %s", entry->name, value,
		  entry->expected ? entry->expected : values);
	return -EINVAL;
}

int option__set_flag(struct options *options, const struct option_entry *entry, const char *text)
{
	(void)text;
	*(bool *)((char *)options + entry->place) = true;
	return 0;
}

int option__set_text(struct options *options, const struct option_entry *entry, const char *text)
{
	*(const char **)((char *)options + entry->place) = text;
	return 0;
}

int option__set_name(struct options *options, const struct option_entry *entry, const char *text)
{
	return *text ? option__set_text(options, entry, text) : option__refuse(entry, text);
}

int option__set_by(struct options *options, const struct option_entry *entry, const char *text)
{
	static const char *const names[] = {
		[BY_VCPU] = "vcpu", [BY_VM] = "vm", [BY_THREAD] = "thread", [BY_DEVICE] = "device"
	};
	const char *const *value = entry->values;

	while (*value && strcmp(*value, text) != 0)
		value++;
	if (!*value)
		return option__refuse(entry, text);
	for (size_t by = 0; by < sizeof(names) / sizeof(names[0]); by++)
		if (!strcmp(names[by], text))
			options->by = (enum group_by)by;
	return 0;
}

static int add_vm(struct options *options, const struct option_entry *entry, const char *text)
{
	if (!*text)
		return option__refuse(entry, text);
	if (options->vm_count == OPTIONS_VMS_MAX) {
		log_error("--vm: more than %d VMs: use --cgroup, or leave the choice out",
			  OPTIONS_VMS_MAX);
		return -EINVAL;
	}
	options->vms[options->vm_count++] = text;
	return 0;
}

static int set_events(struct options *options, const struct option_entry *entry, const char *text)
{
	uint64_t usec = 0;

	if (text && parse_number(text, 0, EVENT_MAX_USEC, &usec))
		return option__refuse(entry, text);
	options->events = true;
	options->event_min_ns = usec * NSEC_PER_USEC;
	return 0;
}

static int set_top(struct options *options, const struct option_entry *entry, const char *text)
{
	return parse_number(text, 1, TOP_MAX, &options->top) ? option__refuse(entry, text) : 0;
}

static int set_incident(struct options *options, const struct option_entry *entry, const char *text)
{
	return parse_number(text, 1, INT64_MAX, &options->incident) ? option__refuse(entry, text)
								    : 0;
}

/* The last of the two counts. */
static int set_zone(struct options *options, const struct option_entry *entry, const char *text)
{
	(void)text;
	options->utc = entry == &option_utc;
	return 0;
}

static int add_verbose(struct options *options, const struct option_entry *entry, const char *text)
{
	(void)entry;
	(void)text;
	options->verbose++;
	return 0;
}

const struct option_entry option_vm = {
	.letter = 'm',
	.name = "vm",
	.has_argument = required_argument,
	.argument = "NAME",
	.help = "only this VM: name, UUID or PID; may repeat",
	.expected = "a name, a UUID or a PID",
	.set = add_vm,
};

const struct option_entry option_cgroup = {
	.letter = 'c',
	.name = "cgroup",
	.has_argument = required_argument,
	.argument = "PATH",
	.help = "only VMs in this cgroup and below",
	.expected = "a path below /sys/fs/cgroup",
	.place = offsetof(struct options, cgroup),
	.set = option__set_name,
};

const struct option_entry option_hist = {
	.letter = 'H',
	.name = "hist",
	.help = "distributions: bars, or buckets with --json",
	.place = offsetof(struct options, hist),
	.set = option__set_flag,
};

const struct option_entry option_events = {
	.letter = 'e',
	.name = "events",
	.has_argument = optional_argument,
	.argument = "USEC",
	.help = "a line per event of at least USEC (0: all)",
	.expected = "whole microseconds from 0 to 3600000000",
	.set = set_events,
};

const struct option_entry option_json = {
	.letter = 'j',
	.name = "json",
	.help = "JSON, one object a line",
	.place = offsetof(struct options, json),
	.set = option__set_flag,
};

const struct option_entry option_columns = {
	.letter = 'o',
	.name = "columns",
	.has_argument = required_argument,
	.argument = "LIST",
	.help = "these columns; +LIST adds to the usual ones; help lists them",
	.place = offsetof(struct options, columns),
	.set = option__set_text,
};

const struct option_entry option_sort = {
	.letter = 's',
	.name = "sort",
	.has_argument = required_argument,
	.argument = "COLUMN",
	.help = "order rows by a column, greatest first",
	.place = offsetof(struct options, sort),
	.set = option__set_text,
};

const struct option_entry option_top = {
	.letter = 'n',
	.name = "top",
	.has_argument = required_argument,
	.argument = "N",
	.help = "only the first N rows",
	.expected = "a whole number from 1 to 1000000",
	.set = set_top,
};

const struct option_entry option_timestamp = {
	.letter = 'T',
	.name = "timestamp",
	.help = "the time before each interval",
	.place = offsetof(struct options, timestamp),
	.set = option__set_flag,
};

const struct option_entry option_local = {
	.name = "local",
	.help = "times on the screen are local: the default",
	.set = set_zone,
};

const struct option_entry option_utc = {
	.name = "utc",
	.help = "times on the screen, and those given without an offset, are UTC",
	.set = set_zone,
};

const struct option_entry option_record = {
	.letter = 'r',
	.name = "record",
	.has_argument = required_argument,
	.argument = "FILE",
	.help = "write what is measured to FILE, too, for --from",
	.expected = "the name of a file to write",
	.place = offsetof(struct options, record),
	.set = option__set_name,
};

const struct option_entry option_from = {
	.letter = 'f',
	.name = "from",
	.has_argument = required_argument,
	.argument = "FILE",
	.help = "show what was recorded in FILE, or what kvmqd measures if it is its socket; "
		"INTERVAL chooses coarser steps",
	.expected = "the name of a recording or of kvmqd's socket",
	.place = offsetof(struct options, from),
	.set = option__set_name,
};

const struct option_entry option_since = {
	.name = "since",
	.has_argument = required_argument,
	.argument = "TIME",
	.help = "from then on: RFC 3339, 21:00, yesterday 21:00 or -10min",
	.expected = TIME_FORMS,
	.place = offsetof(struct options, since),
	.set = option__set_text,
};

const struct option_entry option_until = {
	.name = "until",
	.has_argument = required_argument,
	.argument = "TIME",
	.help = "up to then",
	.expected = TIME_FORMS,
	.place = offsetof(struct options, until),
	.set = option__set_text,
};

const struct option_entry option_incident = {
	.name = "incident",
	.has_argument = required_argument,
	.argument = "N",
	.help = "only the incident with this number, which kvmqd has kept",
	.expected = "a whole number from 1 on",
	.set = set_incident,
};

const struct option_entry option_verbose = {
	.letter = 'v',
	.name = "verbose",
	.help = "say what is loaded and left out, and why, and all losses; -vv: libbpf's words, "
		"too",
	.set = add_verbose,
};

/* These two end the reading: options_parse() prints the help or the version. */
const struct option_entry option_version = {
	.letter = 'V',
	.name = "version",
	.help = "print the version",
};

const struct option_entry option_help = {
	.letter = 'h',
	.name = "help",
	.help = "print this help",
};
