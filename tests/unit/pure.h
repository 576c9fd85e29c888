/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether what is shown of two views depends on nothing else. */
#ifndef KVMQ_PURE_H
#define KVMQ_PURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/view_sets.h"
#include "recording/recorder.h"
#include "recording/recording.h"

typedef int print_views_fn(void *report, FILE *file, const struct view *before,
			   const struct view *after);

/* free() the result; NULL: an error. */
static inline char *print_pair(print_views_fn *print, void *report, const struct view *before,
			       const struct view *after)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	int error = print(report, file, before, after);

	fclose(file);
	if (!error)
		return text;
	free(text);
	return NULL;
}

static inline uint32_t count_sets(const struct set *const *sets)
{
	uint32_t count = 0;

	while (sets[count])
		count++;
	return count;
}

/*
 * Two views as another tool, which has seen nothing else, reads them from a file that some sets
 * were written to. 0 or -1.
 */
static inline int record_and_read(const struct set *const *written, const struct set *const *sets,
				  const struct view *views, struct view *copies)
{
	struct recording_info info = { .option = "--record",
				       .tool = "golden",
				       .version = "1",
				       .boot_id = "boot",
				       .host = "host",
				       .interval_ns = 1000000000,
				       .sets = written,
				       .set_count = count_sets(written) };
	char folder[256], path[300];
	struct recording *recording = NULL;
	struct recorder *recorder = NULL;
	int error;

	snprintf(folder, sizeof(folder), "%s/kvmq-pure-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/file", folder);
	error = recorder__open(&recorder, path, &info);
	for (int i = 0; i < 2 && !error; i++)
		error = recorder__write(recorder, &views[i]);
	recorder__close(recorder);
	info.tool = "reader";
	info.sets = sets;
	info.set_count = count_sets(sets);
	error = error ? error : recording__open(&recording, path, &info);
	for (int i = 0; i < 2 && !error; i++)
		error = recording__next(recording, &copies[i]) == 1 ? 0 : -1;
	recording__close(recording);
	unlink(path);
	rmdir(folder);
	return error;
}

static inline int differs(char *text, const char *wanted, const char *when)
{
	int result = !text || !wanted || strcmp(text, wanted) != 0;

	if (result)
		fprintf(stderr, "%s, two views are shown as:\n%s\ninstead of:\n%s\n", when,
			text ? text : "an error", wanted ? wanted : "an error");
	free(text);
	return result;
}

/* Out of a recording of some sets. */
static inline int check_recorded(print_views_fn *print, void *report,
				 const struct set *const *written, const struct set *const *sets,
				 const struct view *views, const char *wanted)
{
	struct view copies[2] = { 0 };
	int result = record_and_read(written, sets, views, copies) != 0;

	result |= differs(print_pair(print, report, &copies[0], &copies[1]), wanted,
			  written == all_sets ? "Out of a recording of all" : "Out of a recording");
	view__free(&copies[0]);
	view__free(&copies[1]);
	return result;
}

/*
 * Shows two views again: at once, after other pairs, out of a recording of the tool's sets, and out
 * of one of all sets. Returns 0, or 1 after what was not the same, on standard error.
 */
static inline int check_pure(print_views_fn *print, void *report, const struct set *const *sets,
			     const struct view *views)
{
	char *wanted = print_pair(print, report, &views[0], &views[1]);
	int result = differs(print_pair(print, report, &views[0], &views[1]), wanted, "Again");

	free(print_pair(print, report, &views[1], &views[1]));
	free(print_pair(print, report, &views[0], &views[0]));
	result |= differs(print_pair(print, report, &views[0], &views[1]), wanted,
			  "After other pairs");
	result |= check_recorded(print, report, sets, sets, views, wanted);
	result |= check_recorded(print, report, all_sets, sets, views, wanted);
	free(wanted);
	return result;
}

#endif
