/* SPDX-License-Identifier: GPL-2.0-only */
/* The one grammar of all tools: kvmq-X [options] [INTERVAL [COUNT]] [-- COMMAND]. */
#ifndef KVMQ_OPTIONS_H
#define KVMQ_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/group_by.h"

#define OPTIONS_VMS_MAX 64
#define OPTIONS_QMP_MAX 64

struct options {
	const char *vms[OPTIONS_VMS_MAX]; /* names, UUIDs or PIDs; borrowed from argv */
	size_t vm_count;
	const char *cgroup;
	enum group_by by;
	bool hist;
	bool events;
	uint64_t event_min_ns;
	bool blame;
	bool overlap;
	const char *timeline;		  /* file to write, or NULL */
	const char *residency;		  /* SOURCE[,SECONDS] as given */
	const char *qmp[OPTIONS_QMP_MAX]; /* paths of sockets; borrowed */
	size_t qmp_count;
	bool vmm;	       /* a program inside the VMM */
	bool with_guests;      /* their reports, too */
	bool guest_report;     /* this is a guest: report to the host */
	const char *report_to; /* and so; NULL: the first way that there is */
	bool json;
	const char *sort;
	uint64_t top; /* 0: all rows */
	const char *columns;
	bool timestamp;
	unsigned int verbose; /* how often -v was given */
	uint64_t interval_ns;
	bool interval_given;
	uint64_t count; /* 0: until stopped */
	char **command; /* NULL-terminated, or NULL */
};

/* An option: how it is written, what the help says of it, and what it does. */
struct option_entry {
	char letter;
	const char *name;
	int has_argument;	   /* of <getopt.h> */
	const char *argument;	   /* its name in the help */
	const char *help;	   /* one line, without the values */
	const char *const *values; /* the words it takes, then NULL; the first is the default */
	const char *expected; /* what a value is, for whoever gave another; NULL: one of values */
	size_t place;	      /* offset in struct options, for a set() that several share */
	/* Returns 0, or -EINVAL after one line. text: the value, or NULL; it stays argv's. */
	int (*set)(struct options *options, const struct option_entry *entry, const char *text);
};

/* The most that a tool may take. */
#define OPTIONS_MAX 48

/* What a tool says of itself and which options it takes. */
struct tool {
	const char *name;
	const char *question;
	const struct option_entry *const *options; /* in the help's order, then NULL */
	bool interval;				   /* takes INTERVAL, COUNT and COMMAND */
	const char *status; /* its exit statuses 0, 1 and 3; NULL: those of the others */
};

/*
 * Reads the command line. Returns 0 to go on, or prints (help and version on
 * standard output, an error as one line on standard error) and returns 1, with
 * *status set to the exit status. Strings stay argv's.
 */
int options_parse(struct options *options, const struct tool *tool, int argc, char **argv,
		  int *status);

#endif
