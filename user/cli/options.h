/* SPDX-License-Identifier: GPL-2.0-only */
/* The one grammar of all tools: kvmq-X [options] [INTERVAL [COUNT]] [-- COMMAND]. */
#ifndef KVMQ_OPTIONS_H
#define KVMQ_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/options.h"

/* An option: how it is written, what the help says of it, and what it does. */
struct option_entry {
	char letter; /* 0: none */
	const char *name;
	int has_argument;	   /* of <getopt.h> */
	const char *argument;	   /* its name in the help */
	const char *help;	   /* one line, without the values */
	const char *const *values; /* the words it takes, then NULL; the first is the default */
	const char *expected;	   /* what a value is, for the error message; NULL: one of values */
	size_t place;		   /* offset in struct options, for a set() that several share */
	/* Returns 0, or -EINVAL after one line. text: the value, or NULL; it stays argv's. */
	int (*set)(struct options *options, const struct option_entry *entry, const char *text);
};

/* The most that a tool may take. */
#define OPTIONS_MAX 48

#define OPTION_EXCLUDES_MAX 20

/* What an option excludes or needs. It is named as in "--events"; COMMAND is one, too. */
struct option_rule {
	const char *option; /* NULL: the end of a list of rules */
	const char *value;  /* only with this one; NULL: with any, and with none */
	const char *excludes[OPTION_EXCLUDES_MAX + 1];
	const char *unless; /* this is given, too; NULL: in any case */
	const char *needs;  /* this, too; NULL: nothing */
	const char *why;    /* a clause about the option: "which prints no table" */
};

/* What a tool says of itself and which options it takes. */
struct tool {
	const char *name;
	const char *question;
	const struct option_entry *const *options; /* in the help's order, then NULL */
	const struct option_rule *rules;	   /* its own, or NULL */
	bool interval;				   /* takes INTERVAL, COUNT and COMMAND */
	bool sides; /* takes recordings of two kinds instead: A... -- B... */
	/* What it has where nothing is asked for, after the defaults of all; or NULL. */
	void (*preset)(struct options *options);
	/* Without INTERVAL, all that was recorded, between --since and --until, is one. */
	bool whole;
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
