// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/diff_notes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

/* Runs of another length have other lags and other longest waits. */
#define LENGTHS_PERCENT 110

static int add(struct diff_notes *notes, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int add(struct diff_notes *notes, const char *format, ...)
{
	struct diff_note note, *added;
	va_list args;

	va_start(args, format);
	vsnprintf(note.text, sizeof(note.text), format, args);
	va_end(args);
	added = list_add(notes);
	if (!added)
		return -ENOMEM;
	*added = note;
	return 0;
}

/* What a run's environment is, in words: all that recordings hold of it. */
typedef void describe(const struct diff_run *run, char *text, size_t size);

static void describe_host(const struct diff_run *run, char *text, size_t size)
{
	snprintf(text, size, "%s", run->host.name);
}

static void describe_kernel(const struct diff_run *run, char *text, size_t size)
{
	snprintf(text, size, "%s", run->host.kernel);
}

static void describe_cpus(const struct diff_run *run, char *text, size_t size)
{
	snprintf(text, size, "%u", run->host.cpus);
}

static void describe_vms(const struct diff_run *run, char *text, size_t size)
{
	snprintf(text, size, "%u with %u vCPUs", run->vms, run->vcpus);
}

static void describe_tool(const struct diff_run *run, char *text, size_t size)
{
	snprintf(text, size, "%s", run->tool);
}

static const struct {
	const char *what;
	describe *words;
} environment[] = {
	{ "kernel", describe_kernel },	  { "host", describe_host },
	{ "CPUs online", describe_cpus }, { "VMs", describe_vms },
	{ "recorded by", describe_tool },
};

/* All that the runs of a side have, in their order, each once. */
static void list_words(const struct diff_runs *runs, enum side side, describe *words, char *text,
		       size_t size)
{
	size_t length = 0;

	*text = '\0';
	for (size_t i = 0; i < runs->count && length < size; i++) {
		char one[128], listed[136];

		if (runs->list[i].side != side)
			continue;
		words(&runs->list[i], one, sizeof(one));
		snprintf(listed, sizeof(listed), length ? ", %s" : "%s", one);
		if (strstr(text, one))
			continue;
		length += (size_t)snprintf(text + length, size - length, "%s", listed);
	}
}

static int note_environment(struct diff_notes *notes, const struct diff_runs *runs)
{
	int error = 0;

	for (size_t i = 0; i < sizeof(environment) / sizeof(environment[0]) && !error; i++) {
		char a[192], b[192];

		list_words(runs, SIDE_A, environment[i].words, a, sizeof(a));
		list_words(runs, SIDE_B, environment[i].words, b, sizeof(b));
		if (strcmp(a, b) != 0)
			error = add(notes, "%s: A %s; B %s", environment[i].what, a, b);
		else if (strstr(a, ", "))
			error = add(notes, "%s: not the same in all runs: %s", environment[i].what,
				    a);
	}
	return error;
}

static int note_lengths(struct diff_notes *notes, const struct diff_runs *runs)
{
	uint64_t shortest = UINT64_MAX, longest = 0;

	for (size_t i = 0; i < runs->count; i++) {
		uint64_t length = runs->list[i].length_ns;

		shortest = length < shortest ? length : shortest;
		longest = length > longest ? length : longest;
	}
	if (longest / LENGTHS_PERCENT * 100 <= shortest)
		return 0;
	return add(notes,
		   "length of a run: from %.1f s to %.1f s: lag_ns and wait_max_ns grow with it",
		   (double)shortest / NSEC_PER_SEC, (double)longest / NSEC_PER_SEC);
}

/* Whether one recording has given several. */
static bool are_cut(const struct diff_runs *runs)
{
	for (size_t i = 1; i < runs->count; i++)
		if (runs->list[i].path == runs->list[i - 1].path)
			return true;
	return false;
}

static char side_name(const struct diff_run *run)
{
	return run->side == SIDE_A ? 'A' : 'B';
}

static int note_run(struct diff_notes *notes, const struct diff_run *run)
{
	const struct losses *lost = &run->lost;
	int error = 0;

	if (run->is_left_out)
		error = add(notes,
			    "left out: %c '%s': %.1f %% of the vCPUs' time waited for processes of "
			    "no VM, most for %s",
			    side_name(run), run->path, (double)run->strangers_mpct / 1000,
			    run->stranger);
	if (!error && lost->threads)
		error = add(notes,
			    "losses: %c '%s': threads not tracked: no figure of CPUs is used",
			    side_name(run), run->path);
	if (!error && lost->throttled)
		error = add(notes, "losses: %c '%s': throttling: ready_throttled_pct is not used",
			    side_name(run), run->path);
	if (!error && lost->overlap)
		error = add(notes,
			    "losses: %c '%s': overlap: hazard_pct and stalled_pct are not used",
			    side_name(run), run->path);
	if (!error && (lost->torn || lost->clock))
		error = add(
			notes,
			"losses: %c '%s': readings given up: %llu, waits with clocks apart: %llu: "
			"figures may be off",
			side_name(run), run->path, (unsigned long long)lost->torn,
			(unsigned long long)lost->clock);
	return error;
}

/* Of the last one: of all that are alike once is enough. */
static int note_lines(struct diff_notes *notes, const struct diff_runs *runs)
{
	const struct diff_run *run = NULL;
	size_t count = 0;

	for (size_t i = 0; i < runs->count; i++) {
		if (!runs->list[i].intervals)
			continue;
		run = &runs->list[i];
		count++;
	}
	if (!run)
		return 0;
	return add(notes,
		   "%zu run%s of JSON lines, '%s' of %zu interval%s: percentiles, lag_ns and what else "
		   "cannot be joined are n/a of several intervals or vCPUs",
		   count, count == 1 ? "" : "s", run->path, run->intervals,
		   run->intervals == 1 ? "" : "s");
}

static bool are_strangers_known(const struct diff_runs *runs)
{
	for (size_t i = 0; i < runs->count; i++)
		if (!runs->list[i].strangers_known)
			return false;
	return true;
}

int diff_notes__make(struct diff_notes *notes, const struct diff_runs *runs)
{
	int error = note_environment(notes, runs);

	if (!error)
		error = note_lengths(notes, runs);
	if (!error && are_cut(runs))
		error = add(notes, "several runs of one recording are not independent: the "
				   "intervals are narrower than they should be");
	if (!error)
		error = note_lines(notes, runs);
	for (size_t i = 0; i < runs->count && !error; i++)
		error = note_run(notes, &runs->list[i]);
	if (!error && !are_strangers_known(runs))
		error = add(notes, "who ran while VMs waited is not known of all runs: record with "
				   "kvmq-cpu --blame, or kvmq-top");
	if (!error)
		error = add(notes,
			    "not recorded, see that they are alike: kernel command line, HZ, "
			    "preemption model, scheduler features, cgroup weights, topology, "
			    "microcode");
	return error;
}

void diff_notes__free(struct diff_notes *notes)
{
	list_free(notes);
}
