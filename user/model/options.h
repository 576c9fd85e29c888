/* SPDX-License-Identifier: GPL-2.0-only */
/* What a tool was asked for. cli/options.h reads it from a command line. */
#ifndef KVMQ_MODEL_OPTIONS_H
#define KVMQ_MODEL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/group_by.h"

#define OPTIONS_VMS_MAX 64
#define OPTIONS_QMP_MAX 64

/* What kvmq-cpu alone takes. */
struct cpu_options {
	bool blame;
	bool overlap;
	bool threads;	      /* that are no vCPUs are followed, too, whatever rows are made of */
	bool may_lack;	      /* these two are wanted, and not needed: kvmqd may not have them */
	const char *timeline; /* file to write, or NULL */
};

/* What kvmq-numa alone takes. */
struct numa_options {
	unsigned int residency; /* enum residency_source */
	uint64_t period_ns;	/* how often that is read; 0: as often as its cost allows, */
	uint64_t least_ns;	/* but no more often than this; 0: a second */
	uint64_t most_ns;	/* nor more seldom; 0: no matter */
	uint64_t budget;	/* for all VMs, one part in so many; 0: as much for each */
};

/* What kvmq-io alone takes. */
struct io_options {
	const char *qmp[OPTIONS_QMP_MAX]; /* paths of sockets; borrowed */
	size_t qmp_count;
	bool vmm;	       /* a program inside the VMM */
	bool with_guests;      /* their reports, too */
	uint64_t rest_ns;      /* so long VMs are not looked at if they seem unchanged; 0: 2 s */
	bool guest_report;     /* this is a guest: report to the host */
	const char *report_to; /* where to; NULL: the first way that works */
};

/* What kvmq-top alone takes. */
struct top_options {
	bool batch; /* CSV instead of pages on a terminal */
	bool pdh;   /* in esxtop's format: a column for each figure */
};

/* The parts of a view that need not be looked at: a set of these. */
enum {
	PART_EXITS = 1,
	PART_NUMA = 2,
	PART_IO = 4,
	PARTS_ALL = 7,
};

#define OPTIONS_THRESHOLDS_MAX 64

/* What kvmq-why alone takes. */
struct why_options {
	const char *thresholds[OPTIONS_THRESHOLDS_MAX]; /* RULE=VALUE; borrowed */
	size_t threshold_count;
	const char *explain; /* a rule's name, or NULL */
	bool rules;	     /* their list */
	bool incidents;	     /* the list of those that a recording has kept */
};

#define DIFF_FILES_MAX 128 /* of each side */
#define OPTIONS_ROLES_MAX 32
#define OPTIONS_SCORES_MAX (2 * DIFF_FILES_MAX)

/* What kvmq-diff alone takes. */
struct diff_options {
	const char *roles[OPTIONS_ROLES_MAX]; /* patterns of names; borrowed */
	size_t role_count;
	const char *scores[OPTIONS_SCORES_MAX]; /* files, one for each run; borrowed */
	size_t score_count;
	const char *primary;	 /* FIGURE or FIGURE@ROLE; NULL: the usual one */
	uint64_t margin_mpct;	 /* 1/1000 % of A */
	uint64_t strangers_mpct; /* of vCPUs' time, at most */
	uint64_t runs_ns;	 /* cut recordings into runs of this; 0: not */
	bool pairs, lkml;
	const char *html; /* file to write, or NULL */
	char **a, **b;	  /* files; borrowed */
	size_t a_count, b_count;
};

/* What kvmq-report alone takes. */
struct report_options {
	const char *html; /* file to write, or NULL */
};

struct options {
	const char *vms[OPTIONS_VMS_MAX]; /* names, UUIDs or PIDs; borrowed from argv */
	size_t vm_count;
	const char *cgroup;
	enum group_by by;
	bool hist;
	bool events;
	uint64_t event_min_ns;
	bool json;
	const char *sort;
	uint64_t top; /* 0: all rows */
	const char *columns;
	bool timestamp;
	bool utc;	    /* times on the screen, and those given without an offset */
	const char *record; /* file to write, or NULL */
	const char *from;   /* file to read instead of measuring, or NULL */
	const char *socket; /* kvmqd's, to take views from instead of measuring, or NULL */
	const char *since;  /* as given, or NULL */
	const char *until;
	uint64_t since_ns;    /* since 1970; of what was recorded, this and later moments */
	uint64_t until_ns;    /* and up to this one; UINT64_MAX without --until */
	uint64_t incident;    /* that a recording has kept; 0: all else */
	unsigned int verbose; /* how often -v was given */
	uint64_t interval_ns;
	bool interval_given;
	uint64_t count; /* 0: until stopped */
	char **command; /* NULL-terminated, or NULL */
	struct cpu_options cpu;
	struct numa_options numa;
	struct io_options io;
	struct top_options kvmq_top;
	struct why_options why;
	struct diff_options diff;
	struct report_options report;
	unsigned int detached; /* parts that a tool of several looks at later on, if at all */
};

#endif
