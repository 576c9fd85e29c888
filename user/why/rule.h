/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A rule is one entry of a table: when it speaks, from which thresholds on, and what it says.
 * Adding one is an entry in rules_*.c, whose tables rules.c lists, and a scenario of the lab.
 */
#ifndef KVMQ_WHY_RULE_H
#define KVMQ_WHY_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "why/facts.h"

#define RULES_MAX 32
#define RULE_THRESHOLDS 4
#define VERDICT_TEXT 768
#define VERDICT_COMMAND 2048
#define EVIDENCE_MAX 8

enum why_level {
	WHY_NONE, /* nothing to say */
	WHY_OK,	  /* it is not the host */
	WHY_LOOK,
	WHY_ACT,
};

/* What a rule stands on: if that was not looked at, the rule cannot be asked. */
enum why_part {
	WHY_CPU,
	WHY_BLAME,
	WHY_EXITS,
	WHY_NUMA,
	WHY_IO,
	WHY_THREADS, /* of the VMM, and I/O */
	WHY_GUESTS,
};

enum why_unit {
	WHY_PERCENT, /* in 1/1000 % */
	WHY_MS,	     /* in ns */
	WHY_US,	     /* in ns */
	WHY_COUNT,
	WHY_MIB, /* in bytes */
};

struct why_threshold {
	const char *name; /* "look": from here on a look, "act": an act; NULL: no more */
	uint64_t value;	  /* in the unit */
	enum why_unit unit;
	const char *source; /* of the number */
};

/* Whose metrics a figure is one of, and so what its row is. */
enum why_table {
	WHY_TABLE_CPU,	  /* struct row */
	WHY_TABLE_BLAME,  /* struct blame_entry */
	WHY_TABLE_EXIT,	  /* struct exit_row */
	WHY_TABLE_REASON, /* a pointer to a struct reason_row, as reason_metrics has it */
	WHY_TABLE_NUMA,	  /* struct numa_row */
	WHY_TABLE_IO,	  /* struct io_row */
	WHY_TABLES,
};

/* A figure as the tool that measures it shows it: the key of a metric, and the row. */
struct evidence {
	enum why_table table;
	const char *key;
	const void *row;
};

/* What a rule writes. */
struct verdict_draft {
	char summary[VERDICT_TEXT];
	char culprit[VERDICT_TEXT];    /* empty: nobody */
	char remedy[VERDICT_TEXT];     /* what to do, in words */
	char command[VERDICT_COMMAND]; /* that does it, for a shell; empty: there is none */
	char undo[VERDICT_COMMAND];    /* that undoes it */
};

/* Texts may hold what strangers wrote: they are made harmless where they are shown. */
struct verdict {
	const struct why_rule *rule;
	size_t place; /* of the rule */
	const struct why_vm *vm;
	enum why_level level;
	uint64_t severity;	    /* among verdicts of one level, greater is worse: 1/1000 % */
	enum why_level worst_level; /* of the VM's verdicts, and how severe that one is */
	uint64_t worst_severity;
	struct verdict_draft *draft; /* of the rule that judges; NULL afterwards */
	const char *summary, *culprit, *remedy, *command, *undo; /* what it wrote */
	const char *against;					 /* what speaks against it */
	struct evidence evidence[EVIDENCE_MAX];
	size_t evidence_count;
};

struct why_rule {
	const char *name;
	const char *says;      /* one line: what it finds */
	const char *condition; /* when it speaks, in words */
	const char *against;   /* what speaks against doing what it advises */
	enum why_part part;
	/* Of one group, the first rule of the list that speaks for a VM is the one that is
	 * heard; NULL: a group of its own. */
	const char *group;
	/* It speaks only of a VM of which a vCPU waits for CPUs as much as the first threshold. */
	bool of_waits;
	bool alone; /* it is heard only where no rule before it spoke */
	/* It finds what waits for CPUs lead to: it is no worse than what says why there are any. */
	bool effect;
	struct why_threshold thresholds[RULE_THRESHOLDS];
	/* Adds the verdict's draft, severity and evidence. limits: thresholds' values. */
	enum why_level (*judge)(const struct why_vm *vm, const uint64_t *limits,
				struct verdict *verdict);
};

struct why_rules {
	const struct why_rule *list;
	size_t count;
};

extern const struct why_rules cpu_rules_of_why, guest_rules_of_why, numa_rules_of_why,
	io_rules_of_why, exit_rules_of_why;

/* All of them in their order: the more special ones first. NULL: no more. */
const struct why_rule *why_rule__at(size_t place);

/* By its name: its place, or -1. */
int why_rule__find(const char *name, size_t length);

/* Whether the part was looked at; else a clause that says why not. */
bool why_part__is_known(enum why_part part, const struct why_vm *vm, const char **why);

/* NONE below the first limit, LOOK below the second, ACT from there on. */
enum why_level why_level__of(uint64_t value, const uint64_t *limits);

/* Adds a figure; those without a row are left out. */
void verdict__add(struct verdict *verdict, enum why_table table, const char *key, const void *row);

/* "41.2 %" */
struct why_number {
	char text[32];
};
struct why_number why_number(uint64_t value, enum why_unit unit);

/* printf() into an array. */
#define say(array, ...) say_text(array, sizeof(array), __VA_ARGS__)
void say_text(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
