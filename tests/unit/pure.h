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

/* Two views as one that has seen nothing else reads them from a file. 0 or -1. */
static inline int record_and_read(const struct set *const *sets, const struct view *views,
				  struct view *copies)
{
	struct recording_info info = { .option = "--record",
				       .tool = "golden",
				       .version = "1",
				       .boot_id = "boot",
				       .host = "host",
				       .interval_ns = 1000000000,
				       .sets = sets };
	char folder[256], path[300];
	struct recording *recording = NULL;
	struct recorder *recorder = NULL;
	int error;

	snprintf(folder, sizeof(folder), "%s/kvmq-pure-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/file", folder);
	while (sets[info.set_count])
		info.set_count++;
	error = recorder__open(&recorder, path, &info);
	for (int i = 0; i < 2 && !error; i++)
		error = recorder__write(recorder, &views[i]);
	recorder__close(recorder);
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

/*
 * Shows two views again: at once, after other pairs, and out of a recording. Returns 0, or 1 after
 * what was not the same, on standard error.
 */
static inline int check_pure(print_views_fn *print, void *report, const struct set *const *sets,
			     const struct view *views)
{
	char *wanted = print_pair(print, report, &views[0], &views[1]);
	struct view copies[2] = { 0 };
	int result = differs(print_pair(print, report, &views[0], &views[1]), wanted, "Again");

	free(print_pair(print, report, &views[1], &views[1]));
	free(print_pair(print, report, &views[0], &views[0]));
	result |= differs(print_pair(print, report, &views[0], &views[1]), wanted,
			  "After other pairs");
	result |= record_and_read(sets, views, copies) != 0;
	result |= differs(print_pair(print, report, &copies[0], &copies[1]), wanted,
			  "Out of a recording");
	view__free(&copies[0]);
	view__free(&copies[1]);
	free(wanted);
	return result;
}

#endif
