// SPDX-License-Identifier: GPL-2.0-only
/* A recording as libFuzzer makes it of one: each tool's moments are read out of it, if it lets
 * them. */
#include "fuzz.h"

#include "base/log.h"
#include "model/view_sets.h"
#include "recording/recording.h"

static void read_as(const char *tool, const struct set *const *sets, const char *path, void *view)
{
	struct recording_info info = { .option = "--from", .tool = tool, .sets = sets };
	struct recording *recording = NULL;

	while (sets[info.set_count])
		info.set_count++;
	if (!recording__open(&recording, path, &info))
		for (int i = 0; i < 8 && recording__next(recording, view) > 0; i++)
			;
	recording__close(recording);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct view view = { 0 };
	char path[300];

	begin_proc(1);
	log_keep_errors(true);
	snprintf(path, sizeof(path), "%s/1/recording", proc.path);
	fake_file(&proc, 1, "recording", (const char *)data, size);
	read_as("kvmq-cpu", cpu_sets, path, &view);
	read_as("kvmq-numa", numa_sets, path, &view);
	read_as("kvmq-io", io_view_sets, path, &view);
	view__free(&view);
	return 0;
}
