/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line: a table of options, strictly parsed, and able to be written again. */
#ifndef VMM_OPTIONS_H
#define VMM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory.h"

#define OPTIONS_PINS_MAX 256
#define OPTIONS_ARGV_MAX 64

enum mode {
	MODE_BUSY,
	MODE_HALT,
	MODE_PIO,
	MODE_MMIO,
	MODE_HYPERCALL,
	MODE_CPUID,
	MODE_TOUCH,
	MODE_LOCK,
};

enum option_id {
	OPT_NAME,
	OPT_VMS,
	OPT_VCPUS,
	OPT_SECONDS,
	OPT_SPAWN,
	OPT_PARALLEL,
	OPT_LIFETIME,
	OPT_MODE,
	OPT_BUSY,
	OPT_BURN,
	OPT_WAIT,
	OPT_DELAY,
	OPT_PIN,
	OPT_MEMORY,
	OPT_BACKING,
	OPT_PLACE,
	OPT_PIN_MEMORY,
	OPT_HOTPLUG_AFTER,
	OPT_STATS,
	OPT_READY_FILE,
	OPT_HOLD,
	OPT_READY_FD,
	OPT_DRIVE,
	OPT_HELP,
	OPT_COUNT,
};

struct options {
	const char *text[OPT_COUNT]; /* as given, "" for a flag, NULL if not given */
	const char *name;
	uint64_t vms;
	uint64_t vcpus;
	uint64_t seconds_ns; /* 0: until a signal */
	uint64_t spawn;	     /* 0: not that */
	uint64_t parallel;
	uint64_t lifetime_ns;
	enum mode mode;
	uint64_t busy; /* vCPUs */
	uint64_t burn_us;
	uint64_t wait_us;
	uint64_t delay_us;
	unsigned int pins[OPTIONS_PINS_MAX];
	unsigned int pin_count; /* 0: not pinned */
	uint64_t memory_mib;
	struct memory_config memory;
	uint64_t hotplug_after_ns;
	const char *ready_file;
	const char *drive; /* not used */
	uint64_t ready_fd; /* 0: none */
	bool hotplug;
	bool stats;
	bool hold;
};

/*
 * Returns 0 to go on, or 1 with *status set to the exit status, having printed
 * help or, as one line on standard error, what is wrong. Strings stay argv's.
 */
int options_parse(struct options *options, int argc, char **argv, int *status);

/*
 * Writes the command line for one VM of a family: whatever was given, less what
 * concerns the family, so that options->text may be changed beforehand. Strings
 * are borrowed; argv is NULL-terminated.
 */
void options_argv(const struct options *options, const char *argv[OPTIONS_ARGV_MAX]);

#endif
