// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/diff_environment.h"

#include <stdio.h>
#include <string.h>

#define ONE_SIZE 256
#define LISTED_SIZE 512

/* What a run's environment is, in words; nothing: not known. */
typedef void describe(const struct diff_run *run, char *text, size_t size);

#define DESCRIBE(name, ...)                                                                        \
	static void describe_##name(const struct diff_run *run, char *text, size_t size)           \
	{                                                                                          \
		snprintf(text, size, __VA_ARGS__);                                                 \
	}

DESCRIBE(host, "%s", run->host.name)
DESCRIBE(kernel, "%s", run->host.kernel)
DESCRIBE(build, "%s", run->environment.build)
DESCRIBE(preemption, "%s", run->environment.preemption)
DESCRIBE(sched_ext, "%s", run->environment.sched_ext)
DESCRIBE(cpu, "%s", run->environment.cpu)
DESCRIBE(microcode, "%s", run->environment.microcode)
DESCRIBE(topology, "%s", run->environment.topology)
DESCRIBE(weights, "%s", run->weights)
DESCRIBE(cpus, "%u", run->host.cpus)
DESCRIBE(vms, "%u with %u vCPUs", run->vms, run->vcpus)
DESCRIBE(tool, "%s%s", run->tool, run->intervals ? " --json" : "")

static void describe_hz(const struct diff_run *run, char *text, size_t size)
{
	*text = '\0';
	if (run->environment.hz)
		snprintf(text, size, "%u", run->environment.hz);
}

static const struct {
	const char *what;
	describe *words;
	bool is_recorded; /* or else it does not matter if it is not known */
} environment[] = {
	{ "kernel", describe_kernel, false },
	{ "build", describe_build, true },
	{ "HZ", describe_hz, true },
	{ "preemption model", describe_preemption, true },
	{ "sched_ext scheduler", describe_sched_ext, false },
	{ "host", describe_host, false },
	{ "CPU", describe_cpu, true },
	{ "microcode", describe_microcode, true },
	{ "topology", describe_topology, true },
	{ "CPUs online", describe_cpus, false },
	{ "cgroup weights", describe_weights, true },
	{ "VMs", describe_vms, false },
	{ "recorded by", describe_tool, false },
};

/* Texts of many words, of which only those are told that differ. */
static const struct {
	const char *what;
	size_t place; /* in struct environment */
} lists[] = {
	{ "kernel command line", offsetof(struct environment, command_line) },
	{ "scheduler features", offsetof(struct environment, features) },
	{ "scheduler tunables", offsetof(struct environment, tunables) },
};

#define LENGTH_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *list_of(const struct diff_run *run, size_t list)
{
	return (const char *)&run->environment + lists[list].place;
}

#define BETWEEN " | "

/* Whether it is among those that are listed. */
static bool has_item(const char *text, const char *one)
{
	size_t length = strlen(one);

	for (const char *at = text, *end; at; at = end ? end + strlen(BETWEEN) : NULL) {
		end = strstr(at, BETWEEN);
		if ((end ? (size_t)(end - at) : strlen(at)) == length && !strncmp(at, one, length))
			return true;
	}
	return false;
}

/* All that the runs of a side have, in their order, each once. */
static void list_words(const struct diff_runs *runs, enum side side, describe *words,
		       char text[LISTED_SIZE])
{
	size_t length = 0;

	*text = '\0';
	for (size_t i = 0; i < runs->count && length < LISTED_SIZE; i++) {
		char one[ONE_SIZE];

		if (runs->list[i].side != side)
			continue;
		words(&runs->list[i], one, sizeof(one));
		if (!has_item(text, one))
			length += (size_t)snprintf(text + length, LISTED_SIZE - length, "%s%s",
						   length ? BETWEEN : "", one);
	}
}

static int note_words(struct diff_notes *notes, const struct diff_runs *runs, const char *what,
		      describe *words)
{
	char a[LISTED_SIZE], b[LISTED_SIZE];

	list_words(runs, SIDE_A, words, a);
	list_words(runs, SIDE_B, words, b);
	if (strcmp(a, b) != 0)
		return diff_notes__add(notes, "%s: A %s; B %s", what, *a ? a : "n/a",
				       *b ? b : "n/a");
	if (strstr(a, BETWEEN))
		return diff_notes__add(notes, "%s: not the same in all runs: %s", what, a);
	return 0;
}

static bool has_word(const char *list, const char *word, size_t length)
{
	for (const char *at = list; (at = strstr(at, word)); at++)
		if ((at == list || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

/* The words of one list that the other lacks. */
static void list_only(char *text, size_t size, const char *list, const char *other)
{
	size_t used = 0;

	*text = '\0';
	while (*list && used < size) {
		size_t length = strcspn(list, " ");
		char word[ONE_SIZE];

		if (length && length < sizeof(word)) {
			memcpy(word, list, length);
			word[length] = '\0';
			if (!has_word(other, word, length))
				used += (size_t)snprintf(text + used, size - used, "%s%s",
							 used ? " " : "", word);
		}
		list += length + (list[length] == ' ');
	}
}

static const struct diff_run *first_of(const struct diff_runs *runs, enum side side)
{
	for (size_t i = 0; i < runs->count; i++)
		if (runs->list[i].side == side)
			return &runs->list[i];
	return NULL;
}

static int note_list(struct diff_notes *notes, const struct diff_runs *runs, size_t list)
{
	const struct diff_run *sides[SIDES] = { first_of(runs, SIDE_A), first_of(runs, SIDE_B) };
	char a[LISTED_SIZE / 3], b[LISTED_SIZE / 3];
	const char *in_a, *in_b;

	if (!sides[SIDE_A] || !sides[SIDE_B])
		return 0;
	in_a = list_of(sides[SIDE_A], list);
	in_b = list_of(sides[SIDE_B], list);
	for (size_t i = 0; i < runs->count; i++)
		if (strcmp(list_of(&runs->list[i], list),
			   list_of(sides[runs->list[i].side], list)) != 0)
			return diff_notes__add(notes, "%s: not the same in all runs of %c",
					       lists[list].what,
					       runs->list[i].side == SIDE_A ? 'A' : 'B');
	if (!strcmp(in_a, in_b) || !*in_a || !*in_b)
		return 0;
	list_only(a, sizeof(a), in_a, in_b);
	list_only(b, sizeof(b), in_b, in_a);
	return diff_notes__add(notes, "%s: A alone has %s; B alone %s", lists[list].what,
			       *a ? a : "nothing",
			       *b   ? b
			       : *a ? "nothing"
				    : "the same in another order");
}

static bool is_known(const struct diff_runs *runs, describe *words)
{
	char one[ONE_SIZE];

	for (size_t i = 0; i < runs->count; i++) {
		words(&runs->list[i], one, sizeof(one));
		if (!*one)
			return false;
	}
	return true;
}

static bool is_list_known(const struct diff_runs *runs, size_t list)
{
	for (size_t i = 0; i < runs->count; i++)
		if (!*list_of(&runs->list[i], list))
			return false;
	return true;
}

static int note_unknown(struct diff_notes *notes, const struct diff_runs *runs)
{
	char text[LISTED_SIZE] = "";
	size_t used = 0;

	for (size_t i = 0; i < LENGTH_OF(lists); i++)
		if (!is_list_known(runs, i))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
						 used ? ", " : "", lists[i].what);
	for (size_t i = 0; i < LENGTH_OF(environment); i++)
		if (environment[i].is_recorded && !is_known(runs, environment[i].words))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
						 used ? ", " : "", environment[i].what);
	if (!used)
		return 0;
	return diff_notes__add(notes, "not known of all runs, see that they are alike: %s", text);
}

int diff_environment__note(struct diff_notes *notes, const struct diff_runs *runs)
{
	int error = 0;

	for (size_t i = 0; i < LENGTH_OF(environment) && !error; i++)
		error = note_words(notes, runs, environment[i].what, environment[i].words);
	for (size_t i = 0; i < LENGTH_OF(lists) && !error; i++)
		error = note_list(notes, runs, i);
	return error ? error : note_unknown(notes, runs);
}
