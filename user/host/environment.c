// SPDX-License-Identifier: GPL-2.0-only
#include "host/environment.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/secret.h"
#include "base/text.h"
#include "host/proc.h"

#define PATH_SIZE 512
#define CONFIG_LINES_MAX 65536
#define CPUS_MAX 8192
#define COMMAND_LINE_SIZE 8192 /* no kernel takes a longer one */

/* Ends a text that was too long so that this shows. */
static void mark_cut(char *text, size_t size)
{
	if (strlen(text) + 1 == size)
		memcpy(text + size - sizeof("..."), "...", sizeof("..."));
}

/* One line, without the blanks at its end. */
static bool read_line(char *text, size_t size, const char *root, const char *path)
{
	ssize_t length = read_file(text, size, "%s%s", root, path);

	text[length > 0 ? strcspn(text, "\n") : 0] = '\0';
	for (length = (ssize_t)strlen(text); length > 0 && text[length - 1] == ' ';)
		text[--length] = '\0';
	return *text;
}

/* The length of a parameter: up to a blank outside of double quotes. */
static size_t parameter_length(const char *text)
{
	bool quoted = false;
	size_t length = 0;

	for (; text[length] && (text[length] != ' ' || quoted); length++)
		quoted ^= text[length] == '"';
	return length;
}

/* Each parameter alone: a secret goes up to the end of what is masked. */
static void read_command_line(struct environment *environment, const char *root)
{
	char text[COMMAND_LINE_SIZE], one[COMMAND_LINE_SIZE], masked[2 * COMMAND_LINE_SIZE];
	size_t size = sizeof(environment->command_line), used = 0, length;

	read_line(text, sizeof(text), root, "/proc/cmdline");
	for (const char *at = text; *at && used + 1 < size; at += length + (at[length] == ' ')) {
		length = parameter_length(at);
		memcpy(one, at, length);
		one[length] = '\0';
		secret_mask(masked, sizeof(masked), one);
		if (used)
			environment->command_line[used++] = ' ';
		text_copy(environment->command_line + used, size - used, masked, strlen(masked));
		used += strlen(environment->command_line + used);
	}
	mark_cut(environment->command_line, size);
}

/* "none voluntary (full)" */
static bool take_chosen(char *copy, size_t size, const char *text)
{
	const char *begin = strchr(text, '('), *end = begin ? strchr(begin, ')') : NULL;

	if (!end)
		return false;
	text_copy(copy, size, begin + 1, (size_t)(end - begin - 1));
	return true;
}

static void read_scheduler(struct environment *environment, const char *root)
{
	static const char *const names[] = { "base_slice_ns",	  "min_granularity_ns",
					     "latency_ns",	  "wakeup_granularity_ns",
					     "migration_cost_ns", "nr_migrate" };
	const char *debug = "/sys/kernel/debug/sched";
	char text[256], path[64];
	size_t used = 0, size = sizeof(environment->tunables);

	if (read_line(text, sizeof(text), root, "/sys/kernel/debug/sched/preempt"))
		take_chosen(environment->preemption, sizeof(environment->preemption), text);
	/* The second name is that of kernels before 5.13. */
	if (!read_line(environment->features, sizeof(environment->features), root,
		       "/sys/kernel/debug/sched/features"))
		read_line(environment->features, sizeof(environment->features), root,
			  "/sys/kernel/debug/sched_features");
	mark_cut(environment->features, sizeof(environment->features));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", debug, names[i]);
		if (used < size && read_line(text, sizeof(text), root, path))
			used += (size_t)snprintf(environment->tunables + used, size - used,
						 "%s%s=%.20s", used ? " " : "", names[i], text);
	}
	read_line(environment->sched_ext, sizeof(environment->sched_ext), root,
		  "/sys/kernel/sched_ext/root/ops");
}

/* What a line of the kernel's configuration tells. */
static void take_option(struct environment *environment, const char *line)
{
	static const struct {
		const char *option, *model;
	} models[] = {
		{ "CONFIG_PREEMPT_NONE=y", "none" }, { "CONFIG_PREEMPT_VOLUNTARY=y", "voluntary" },
		{ "CONFIG_PREEMPT=y", "full" },	     { "CONFIG_PREEMPT_LAZY=y", "lazy" },
		{ "CONFIG_PREEMPT_RT=y", "rt" },
	};

	if (!strncmp(line, "CONFIG_HZ=", strlen("CONFIG_HZ=")))
		environment->hz = (uint32_t)strtoul(line + strlen("CONFIG_HZ="), NULL, 10);
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (!*environment->preemption && !strcmp(line, models[i].option))
			text_copy(environment->preemption, sizeof(environment->preemption),
				  models[i].model, strlen(models[i].model));
}

/* gzopen() reads what is not compressed, too. */
static bool take_config(struct environment *environment, const char *path)
{
	char line[256];
	gzFile file = gzopen(path, "re");

	if (!file)
		return false;
	for (int i = 0; i < CONFIG_LINES_MAX && gzgets(file, line, sizeof(line)); i++) {
		line[strcspn(line, "\n")] = '\0';
		take_option(environment, line);
	}
	gzclose(file);
	return environment->hz;
}

/* By who knows best: the kernel itself, then where distributions have its configuration. */
static void read_config(struct environment *environment, const char *root, const char *release)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/proc/config.gz", root);
	if (take_config(environment, path))
		return;
	snprintf(path, sizeof(path), "%s/boot/config-%s", root, release);
	if (take_config(environment, path))
		return;
	snprintf(path, sizeof(path), "%s/lib/modules/%s/config", root, release);
	take_config(environment, path);
}

/* A core, by its package. */
struct core {
	uint32_t package, id;
};

struct cores {
	struct core list[CPUS_MAX];
	size_t count, packages, cpus;
};

static void add_core(struct cores *cores, struct core core)
{
	bool has_package = false;

	cores->cpus++;
	for (size_t i = 0; i < cores->count; i++) {
		has_package |= cores->list[i].package == core.package;
		if (cores->list[i].package == core.package && cores->list[i].id == core.id)
			return;
	}
	cores->packages += !has_package;
	if (cores->count < CPUS_MAX)
		cores->list[cores->count++] = core;
}

/* The value of a line "key	: value", or NULL. */
static const char *value_of(const char *line, const char *key)
{
	const char *colon = strchr(line, ':');
	size_t length = strlen(key);

	if (!colon || strncmp(line, key, length) != 0 ||
	    line[length + strspn(line + length, " \t")] != ':')
		return NULL;
	return colon + 1 + strspn(colon + 1, " ");
}

/* Each processor's lines end with its core. */
static void take_cpu(struct environment *environment, struct cores *cores, struct core *core,
		     char *line)
{
	const char *value;

	line[strcspn(line, "\n")] = '\0';
	value = value_of(line, "model name");
	if (value && !*environment->cpu)
		text_copy(environment->cpu, sizeof(environment->cpu), value, strlen(value));
	value = value_of(line, "microcode");
	if (value && !*environment->microcode)
		text_copy(environment->microcode, sizeof(environment->microcode), value,
			  strlen(value));
	value = value_of(line, "physical id");
	if (value)
		core->package = (uint32_t)strtoul(value, NULL, 10);
	value = value_of(line, "core id");
	if (!value)
		return;
	core->id = (uint32_t)strtoul(value, NULL, 10);
	add_core(cores, *core);
}

static void read_cpus(struct environment *environment, const char *root)
{
	char line[4096], path[PATH_SIZE], nodes[64] = "";
	struct cores *cores = calloc(1, sizeof(*cores));
	struct core core = { 0 };
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/cpuinfo", root);
	file = fopen(path, "re");
	while (file && cores && fgets(line, sizeof(line), file))
		take_cpu(environment, cores, &core, line);
	if (file)
		fclose(file);
	read_line(nodes, sizeof(nodes), root, "/sys/devices/system/node/online");
	if (cores && cores->count)
		snprintf(environment->topology, sizeof(environment->topology),
			 "%zu package%s, %zu core%s, %zu CPU%s%s%s", cores->packages,
			 cores->packages == 1 ? "" : "s", cores->count,
			 cores->count == 1 ? "" : "s", cores->cpus, cores->cpus == 1 ? "" : "s",
			 *nodes ? ", nodes " : "", nodes);
	free(cores);
}

void environment__read(struct environment *environment, const char *root, const char *release,
		       const char *build)
{
	*environment = (struct environment){ 0 };
	text_copy(environment->build, sizeof(environment->build), build, strlen(build));
	read_command_line(environment, root);
	read_scheduler(environment, root);
	read_config(environment, root, release);
	read_cpus(environment, root);
}
