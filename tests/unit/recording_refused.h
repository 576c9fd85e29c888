/* SPDX-License-Identifier: GPL-2.0-only */
/* Recordings that are refused, by whom, and in which words. */
#ifndef KVMQ_RECORDING_REFUSED_H
#define KVMQ_RECORDING_REFUSED_H

#include "recorded.h"

#include <errno.h>

#include "recording/recorder.h"
#include "recording/recording.h"

static inline int set_up(void **state)
{
	(void)state;
	make_folder();
	log_keep_errors(true);
	alarm(20); /* what waits for a reader fails */
	return 0;
}

static inline int tear_down(void **state)
{
	alarm(0);
	log_keep_errors(false);
	return remove_folder(state);
}

/* A recording of so many moments. */
static inline void make(const struct recording_info *info, int moments)
{
	struct moment moment = { .time_ns = 1, .realtime_ns = 1 };
	struct machine *machine;
	struct recorder *recorder;

	assert_int_equal(recorder__open(&recorder, path, info), 0);
	machine = add_machine(&moment, 1, "");
	machine->run_ns = 5;
	machine->hist[0] = 1;
	machine->hist[1] = 2;
	for (; moments--; moment.time_ns++)
		assert_int_equal(recorder__write(recorder, &moment), 0);
	recorder__close(recorder);
	moment_free(&moment);
}

/* The line without its beginning, "--record: 'PATH' ". */
static inline void expect_words(const char *words)
{
	char begin[160];
	const char *kept = log_kept();

	snprintf(begin, sizeof(begin), "--record: '%s' ", path);
	if (strncmp(kept, begin, strlen(begin)) != 0)
		fail_msg("%s", kept);
	assert_string_equal(kept + strlen(begin), words);
}

static inline void refuse_writing(const struct recording_info *info, int error, const char *words)
{
	struct recorder *recorder;

	assert_int_equal(recorder__open(&recorder, path, info), error);
	expect_words(words);
}

static inline void refuse_reading(const struct recording_info *info, int error, const char *words)
{
	struct recording *recording;

	assert_int_equal(recording__open(&recording, path, info), error);
	expect_words(words);
}

/* The whole file, to see that it is left alone. */
static inline char *content(size_t *size)
{
	FILE *file = fopen(path, "re");
	char *text = malloc(1 << 20);

	assert_true(file && text);
	*size = fread(text, 1, 1 << 20, file);
	fclose(file);
	return text;
}

static inline void refuse_both(int error, const char *words)
{
	size_t before_size, after_size;
	char *before = content(&before_size), *after;

	refuse_reading(&all_info, error, words);
	refuse_writing(&all_info, error, words);
	after = content(&after_size);
	assert_int_equal(before_size, after_size);
	assert_memory_equal(before, after, before_size);
	free(before);
	free(after);
}

#endif
