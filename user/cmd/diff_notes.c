// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/diff_notes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "cmd/diff_environment.h"
#include "cmd/diff_sources.h"

/* Runs of another length have other lags and other longest waits. */
#define LENGTHS_PERCENT 110

int diff_notes__add(struct diff_notes *notes, const char *format, ...)
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
	return diff_notes__add(
		notes,
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
		error = diff_notes__add(
			notes,
			"left out: %c '%s': %.1f %% of the vCPUs' time waited for processes of "
			"no VM, most for %s",
			side_name(run), run->path, (double)run->strangers_mpct / 1000,
			run->stranger);
	for (size_t i = 0; i < diff_loss_count && !error; i++)
		if (run->has_lost[i])
			error = diff_notes__add(notes, "losses: %c '%s': %s", side_name(run),
						run->path, diff_losses[i].words);
	if (!error && (lost->torn || lost->clock))
		error = diff_notes__add(
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
	return diff_notes__add(notes,
			       "%zu run%s of JSON lines, '%s' of %zu interval%s: percentiles, "
			       "lag_ns and what else "
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
	int error = diff_environment__note(notes, runs);

	if (!error)
		error = note_lengths(notes, runs);
	if (!error && are_cut(runs))
		error = diff_notes__add(notes,
					"several runs of one recording are not independent: the "
					"intervals are narrower than they should be");
	if (!error)
		error = note_lines(notes, runs);
	for (size_t i = 0; i < runs->count && !error; i++)
		error = note_run(notes, &runs->list[i]);
	if (!error && !are_strangers_known(runs))
		error = diff_notes__add(
			notes, "who ran while VMs waited is not known of all runs: record with "
			       "kvmq-cpu --blame, or kvmq-top");
	return error;
}

int diff_notes__add_fairness(struct diff_notes *notes, const struct figure_table *table)
{
	int error = 0;

	for (size_t i = 0; i < table->count && !error; i++) {
		const struct figure *figure = &table->list[i];
		const struct comparison *is = &figure->comparison;

		if (!strstr(figure->name, DIFF_USE_SHARE) || is->judgement != JUDGED_DIFFERENT)
			continue;
		error = diff_notes__add(
			notes,
			"fairness: %s got %.1f %% of the VMs' time on CPUs in A, and %.1f %% "
			"in B",
			*figure->role ? figure->role : "VMs of no role", is->a_median,
			is->b_median);
	}
	return error;
}

void diff_notes__free(struct diff_notes *notes)
{
	list_free(notes);
}
