// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE 1
#include "options.h"

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"

#define DAY_S 86400
#define MINUTE_US 60000000

enum kind {
	KIND_FLAG,
	KIND_TEXT,
	KIND_NUMBER,
	KIND_SECONDS, /* with a fraction; kept in nanoseconds */
	KIND_MODE,
	KIND_CPUS,
	KIND_BACKING,
	KIND_PLACES,
};

struct option_spec {
	const char *name;
	const char *argument; /* NULL for a flag */
	enum kind kind;
	bool family; /* concerns all VMs together, not one */
	size_t offset;
	uint64_t min, max;
	const char *help; /* NULL: not for people */
};

#define AT(field) offsetof(struct options, field)

static const struct option_spec specs[OPT_COUNT] = {
	[OPT_NAME] = { "name", "NAME", KIND_TEXT, false, AT(name), 0, 0,
		       "name of the VM and its process; of several: NAME-1, NAME-2 ... (vmm)" },
	[OPT_VMS] = { "vms", "N", KIND_NUMBER, true, AT(vms), 1, 2000,
		      "VMs at the same time, a process each (1: the program itself)" },
	[OPT_VCPUS] = { "vcpus", "N", KIND_NUMBER, false, AT(vcpus), 1, GUEST_VCPUS_MAX,
			"vCPUs of each VM (1)" },
	[OPT_SECONDS] = { "seconds", "S", KIND_SECONDS, false, AT(seconds_ns), 0, DAY_S,
			  "how long a VM runs once ready; 0: until SIGTERM or SIGINT (5)" },
	[OPT_SPAWN] = { "spawn", "N", KIND_NUMBER, true, AT(spawn), 1, 100000,
			"N short-lived VMs instead, a process each" },
	[OPT_PARALLEL] = { "parallel", "P", KIND_NUMBER, true, AT(parallel), 1, 1000,
			   "how many of them live at the same time (1)" },
	[OPT_LIFETIME] = { "lifetime", "S", KIND_SECONDS, true, AT(lifetime_ns), 0, DAY_S,
			   "how long each of them runs once ready (0.5)" },
	[OPT_MODE] = { "mode", "MODE", KIND_MODE, false, AT(mode), 0, 0,
		       "what ends a loop: busy, halt, pio, mmio, hypercall, cpuid or touch; lock: "
		       "one vCPU at a time burns, the others spin (busy)" },
	[OPT_BUSY] = { "busy", "N", KIND_NUMBER, false, AT(busy), 1, GUEST_VCPUS_MAX,
		       "so many vCPUs of each VM do that, the others halt (all)" },
	[OPT_BURN] = { "burn", "US", KIND_NUMBER, false, AT(burn_us), 0, MINUTE_US,
		       "time that the guest burns in a loop, by its TSC (100)" },
	[OPT_WAIT] = { "wait", "US", KIND_NUMBER, false, AT(wait_us), 0, MINUTE_US,
		       "length of a halt (1000); other modes: the VMM's sleep in a loop (0)" },
	[OPT_DELAY] = { "delay", "US", KIND_NUMBER, false, AT(delay_us), 0, MINUTE_US,
			"work of the VMM, on a CPU, for each exit to it (0)" },
	[OPT_PIN] = { "pin", "LIST", KIND_CPUS, false, 0, 0, CPU_SETSIZE - 1,
		      "CPUs, as 0,2-3: vCPU i of a VM runs on the i-th, in rotation" },
	[OPT_MEMORY] = { "memory", "MIB", KIND_NUMBER, false, AT(memory_mib), 1,
			 GUEST_MEMORY_MAX >> 20,
			 "memory of each VM, all there from the start; --mode touch writes to it" },
	[OPT_BACKING] = { "backing", "KIND", KIND_BACKING, false, AT(memory.backing), 0, 0,
			  "its pages: small, thp, hugetlb or memfd (small)" },
	[OPT_PLACE] = { "place", "LIST", KIND_PLACES, false, 0, 0, MEMORY_NODE_MAX,
			"of its equal parts: default, bind:N, balance:N[:POLICY-N] or node:N "
			"(default)" },
	[OPT_PIN_MEMORY] = { "pin-memory", NULL, KIND_FLAG, false, AT(memory.pin), 0, 0,
			     "pins its pages: none can move" },
	[OPT_HOTPLUG_AFTER] = { "hotplug-after", "S", KIND_SECONDS, false, AT(hotplug_after_ns), 0,
				DAY_S, "adds one vCPU so long after ready" },
	[OPT_STATS] = { "stats", NULL, KIND_FLAG, false, AT(stats), 0, 0,
			"adds KVM's statistics to the lines at the end" },
	[OPT_READY_FILE] = { "ready-file", "PATH", KIND_TEXT, true, AT(ready_file), 0, 0,
			     "also writes all ready lines to PATH, once all VMs are ready" },
	[OPT_HOLD] = { "hold", NULL, KIND_FLAG, false, AT(hold), 0, 0,
		       "then keeps the vCPU threads asleep outside KVM_RUN till SIGTERM: paused" },
	[OPT_READY_FD] = { "ready-fd", "FD", KIND_NUMBER, false, AT(ready_fd), 3, 1 << 20, NULL },
	[OPT_DRIVE] = { "drive", "ITEMS", KIND_TEXT, false, AT(drive), 0, 0,
			"a disk on the command line, for those who read it; the VM has none" },
	[OPT_HELP] = { "help", NULL, KIND_FLAG, true, 0, 0, 0, "this" },
};

static const char *const mode_names[] = {
	[MODE_BUSY] = "busy",	[MODE_HALT] = "halt",		[MODE_PIO] = "pio",
	[MODE_MMIO] = "mmio",	[MODE_HYPERCALL] = "hypercall", [MODE_CPUID] = "cpuid",
	[MODE_TOUCH] = "touch", [MODE_LOCK] = "lock",
};

static const char *const backing_names[] = {
	[BACKING_SMALL] = "small",
	[BACKING_THP] = "thp",
	[BACKING_HUGETLB] = "hugetlb",
	[BACKING_MEMFD] = "memfd",
};

static const char *const policy_names[] = {
	[POLICY_DEFAULT] = "default",
	[POLICY_BIND] = "bind",
	[POLICY_BALANCE] = "balance",
	[POLICY_NODE] = "node",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void print_help(void)
{
	printf("usage: vmm [options]\n"
	       "Runs KVM virtual machines that have no guest system: vCPU threads for tests.\n\n");
	for (size_t i = 0; i < OPT_COUNT; i++) {
		const struct option_spec *spec = &specs[i];
		char left[40];

		if (!spec->help)
			continue;
		snprintf(left, sizeof(left), "--%s %s", spec->name,
			 spec->argument ? spec->argument : "");
		printf("  %-20s %s\n", left, spec->help);
	}
	printf("\nExit status: 0 all ran as told; 1 something failed or a vCPU had an unexpected "
	       "exit;\n"
	       "2 wrong usage.\n");
}

/* Digits only: no sign, no blank, nothing after them but what *end shows. */
static int parse_number(const char *text, char **end, uint64_t *value)
{
	if (!isdigit((unsigned char)*text))
		return -1;
	errno = 0;
	*value = strtoull(text, end, 10);
	return errno ? -1 : 0;
}

static int parse_seconds(const char *text, const struct option_spec *spec, uint64_t *ns)
{
	double value;
	char *end;

	if (text[strspn(text, "0123456789.")] || !isdigit((unsigned char)*text))
		return -1;
	value = strtod(text, &end);
	if (*end || value > (double)spec->max)
		return -1;
	*ns = (uint64_t)(value * 1e9);
	return 0;
}

/* Which of the names the first `length` characters are, or -1. */
static int find_name(const char *text, size_t length, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(names[i]) == length && !strncmp(text, names[i], length))
			return (int)i;
	}
	return -1;
}

static int parse_mode(const char *text, enum mode *mode)
{
	int found = find_name(text, strlen(text), mode_names, COUNT(mode_names));

	if (found < 0)
		return -1;
	*mode = (enum mode)found;
	return 0;
}

static int parse_backing(const char *text, enum backing *backing)
{
	int found = find_name(text, strlen(text), backing_names, COUNT(backing_names));

	if (found < 0)
		return -1;
	*backing = (enum backing)found;
	return 0;
}

static int parse_place(const char *text, char **end, const struct option_spec *spec,
		       struct place *place)
{
	size_t length = strcspn(text, ":,");
	int policy = find_name(text, length, policy_names, COUNT(policy_names));
	uint64_t node = 0, policy_node;

	*end = (char *)text + length;
	if (policy < 0 || (policy == POLICY_DEFAULT) != (**end != ':'))
		return -1;
	if (**end == ':' && (parse_number(*end + 1, end, &node) || node > spec->max))
		return -1;
	policy_node = node;
	if (policy == POLICY_BALANCE && **end == ':' &&
	    (parse_number(*end + 1, end, &policy_node) || policy_node > spec->max))
		return -1;
	*place = (struct place){ .policy = (enum policy)policy,
				 .node = (unsigned int)node,
				 .policy_node = (unsigned int)policy_node };
	return 0;
}

static int parse_places(const char *text, const struct option_spec *spec,
			struct memory_config *memory)
{
	char *end;

	memory->place_count = 0;
	for (;; text = end + 1) {
		if (memory->place_count == MEMORY_PLACES_MAX ||
		    parse_place(text, &end, spec, &memory->places[memory->place_count++]))
			return -1;
		if (!*end)
			return 0;
		if (*end != ',')
			return -1;
	}
}

static int parse_cpus(const char *text, const struct option_spec *spec, struct options *options)
{
	uint64_t first, last;
	char *end;

	options->pin_count = 0;
	for (;; text = end + 1) {
		if (parse_number(text, &end, &first))
			return -1;
		last = first;
		if (*end == '-' && parse_number(end + 1, &end, &last))
			return -1;
		if (first > last || last > spec->max)
			return -1;
		for (; first <= last; first++) {
			if (options->pin_count == OPTIONS_PINS_MAX)
				return -1;
			options->pins[options->pin_count++] = (unsigned int)first;
		}
		if (!*end)
			return 0;
		if (*end != ',')
			return -1;
	}
}

/* Names stand in lines, so they have no control characters. */
static int parse_text(const char *text, const char **value)
{
	if (!*text || strlen(text) > 255)
		return -1;
	for (const char *c = text; *c; c++) {
		if (iscntrl((unsigned char)*c))
			return -1;
	}
	*value = text;
	return 0;
}

static int set_option(struct options *options, enum option_id id, const char *text)
{
	const struct option_spec *spec = &specs[id];
	void *field = (char *)options + spec->offset;
	uint64_t number;
	char *end;

	if (!text)
		text = ""; /* a flag */
	options->text[id] = text;
	switch (spec->kind) {
	case KIND_FLAG:
		if (id != OPT_HELP)
			*(bool *)field = true;
		return 0;
	case KIND_TEXT:
		return parse_text(text, field);
	case KIND_NUMBER:
		if (parse_number(text, &end, &number) || *end || number < spec->min ||
		    number > spec->max)
			return -1;
		*(uint64_t *)field = number;
		return 0;
	case KIND_SECONDS:
		return parse_seconds(text, spec, field);
	case KIND_MODE:
		return parse_mode(text, field);
	case KIND_CPUS:
		return parse_cpus(text, spec, options);
	case KIND_BACKING:
		return parse_backing(text, field);
	case KIND_PLACES:
		return parse_places(text, spec, &options->memory);
	}
	return -1;
}

static const char *find_memory_conflict(const struct options *options)
{
	const struct memory_config *memory = &options->memory;
	const char *const *text = options->text;
	size_t parts = memory->place_count ? memory->place_count : 1;

	if (!memory->size && options->mode == MODE_TOUCH)
		return "--mode touch needs --memory";
	if (!memory->size && (text[OPT_BACKING] || text[OPT_PLACE] || text[OPT_PIN_MEMORY]))
		return "--backing, --place and --pin-memory need --memory";
	if (memory->size % (parts * backing_page(memory->backing)))
		return "--memory does not divide into whole pages for each part of --place";
	return NULL;
}

static const char *find_conflict(const struct options *options)
{
	const char *const *text = options->text;

	if (text[OPT_SPAWN] && (text[OPT_VMS] || text[OPT_SECONDS]))
		return "--spawn goes with --parallel and --lifetime, not with --vms or --seconds";
	if (text[OPT_SPAWN] && (text[OPT_HOLD] || text[OPT_READY_FILE]))
		return "--spawn goes with neither --hold nor --ready-file";
	if (!text[OPT_SPAWN] && (text[OPT_PARALLEL] || text[OPT_LIFETIME]))
		return "--parallel and --lifetime need --spawn";
	if (options->spawn && !options->seconds_ns)
		return "--lifetime must not be 0";
	if (options->mode == MODE_HALT && !options->wait_us)
		return "--mode halt needs a --wait of at least 1";
	if (options->hold && !options->seconds_ns)
		return "--hold needs --seconds to begin after";
	if (options->hotplug && options->vcpus == GUEST_VCPUS_MAX)
		return "--hotplug-after needs a --vcpus below the maximum";
	if (options->hotplug && options->seconds_ns &&
	    options->hotplug_after_ns >= options->seconds_ns)
		return "--hotplug-after must come before the end of the VM";
	return find_memory_conflict(options);
}

static int parse_all(struct options *options, int argc, char **argv)
{
	struct option longs[OPT_COUNT + 1] = { 0 };
	int id;

	for (int i = 0; i < OPT_COUNT; i++) {
		longs[i].name = specs[i].name;
		longs[i].has_arg = specs[i].argument ? required_argument : no_argument;
		longs[i].val = i + 256; /* beyond any character */
	}
	while ((id = getopt_long(argc, argv, "", longs, NULL)) >= 0) {
		if (id < 256)
			return -1; /* '?': getopt has said why */
		id -= 256;
		if (set_option(options, (enum option_id)id, optarg)) {
			warnx("--%s: '%s' is not valid; see --help", specs[id].name, optarg);
			return -1;
		}
	}
	if (optind < argc) {
		warnx("unexpected '%s'; see --help", argv[optind]);
		return -1;
	}
	return 0;
}

int options_parse(struct options *options, int argc, char **argv, int *status)
{
	const char *conflict;

	*options = (struct options){
		.name = "vmm",
		.vms = 1,
		.vcpus = 1,
		.busy = GUEST_VCPUS_MAX,
		.seconds_ns = 5000000000,
		.parallel = 1,
		.lifetime_ns = 500000000,
		.burn_us = 100,
	};
	*status = 2;
	if (parse_all(options, argc, argv))
		return 1;
	if (options->text[OPT_HELP]) {
		print_help();
		*status = 0;
		return 1;
	}
	options->hotplug = options->text[OPT_HOTPLUG_AFTER];
	options->memory.size = options->memory_mib << 20;
	if (options->spawn)
		options->seconds_ns = options->lifetime_ns;
	if (options->mode == MODE_HALT && !options->text[OPT_WAIT])
		options->wait_us = 1000;
	conflict = find_conflict(options);
	if (conflict) {
		warnx("%s", conflict);
		return 1;
	}
	return 0;
}

/* Option names as they stand in an argv. */
static const char *dashed(enum option_id id)
{
	static char names[OPT_COUNT][24];

	snprintf(names[id], sizeof(names[id]), "--%s", specs[id].name);
	return names[id];
}

void options_argv(const struct options *options, const char *argv[OPTIONS_ARGV_MAX])
{
	size_t n = 0;

	_Static_assert(2 * OPT_COUNT + 2 <= OPTIONS_ARGV_MAX, "room for every option");
	argv[n++] = program_invocation_name;
	for (int id = 0; id < OPT_COUNT; id++) {
		if (!options->text[id] || specs[id].family)
			continue;
		argv[n++] = dashed((enum option_id)id);
		if (specs[id].argument)
			argv[n++] = options->text[id];
	}
	argv[n] = NULL;
}
