// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes a recording of a scene (scene.h), for the tools' own --from; or a scene of the last two
 * moments of a recording:
 *
 *   test_golden TOOL SCENE FILE
 *   test_golden --scene TOOL FILE
 */
#include <errno.h>

#include "base/log.h"
#include "model/view_sets.h"
#include "recording/recorder.h"
#include "recording/recording.h"
#include "scene.h"

#define VIEWS_MAX 16

struct recorded_tool {
	const char *name;
	const struct set *const *sets;
};

static const struct recorded_tool tools[] = {
	{ "kvmq-cpu", cpu_sets },    { "kvmq-exit", exit_sets }, { "kvmq-numa", numa_sets },
	{ "kvmq-io", io_view_sets }, { "kvmq-why", all_sets },
};

static const struct recorded_tool *find_tool(const char *name)
{
	for (size_t i = 0; i < LENGTH(tools); i++)
		if (!strcmp(tools[i].name, name))
			return &tools[i];
	die("no tool that records", name);
}

static struct scene_form form_of(const struct recorded_tool *tool)
{
	struct scene_form form = { tool->sets, 0, sizeof(struct view) };

	while (form.sets[form.set_count])
		form.set_count++;
	return form;
}

static int record(const struct recorded_tool *tool, const char *scene, const char *path)
{
	const struct scene_form form = form_of(tool);
	struct recording_info info = { .option = "--record",
				       .tool = tool->name,
				       .version = "1",
				       .boot_id = "boot",
				       .host = "kvm1",
				       .interval_ns = 1000 * MS,
				       .sets = form.sets,
				       .set_count = (uint32_t)form.set_count };
	struct view *views = calloc(VIEWS_MAX, sizeof(*views));
	struct recorder *recorder = NULL;
	FILE *file = fopen(scene, "re");
	size_t count;
	int error;

	if (!views || !file)
		die(strerror(errno), scene);
	count = scene_read(&form, file, views, VIEWS_MAX);
	fclose(file);
	error = recorder__open(&recorder, path, &info);
	for (size_t i = 0; i < count && !error; i++)
		error = recorder__write(recorder, &views[i]);
	recorder__close(recorder);
	for (size_t i = 0; i < count; i++)
		view__free(&views[i]);
	free(views);
	return error;
}

static int write_scene(const struct recorded_tool *tool, const char *path)
{
	const struct scene_form form = form_of(tool);
	struct recording_info info = { .option = "--scene",
				       .tool = tool->name,
				       .version = "1",
				       .sets = form.sets,
				       .set_count = (uint32_t)form.set_count };
	struct view *views = calloc(2, sizeof(*views));
	struct recording *recording = NULL;
	size_t count = 0;
	int got;

	if (!views || recording__open(&recording, path, &info))
		die("cannot be read", path);
	while ((got = recording__next(recording, &views[count % 2])) > 0)
		count++;
	for (size_t i = count < 2 ? 0 : count - 2; i < count; i++) {
		scene_write(&form, stdout, &views[i % 2]);
		view__free(&views[i % 2]);
	}
	recording__close(recording);
	free(views);
	return got;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fputs("usage: test_golden TOOL SCENE FILE, or --scene TOOL FILE\n", stderr);
		return 2;
	}
	log_init("test_golden", 0);
	if (!strcmp(argv[1], "--scene"))
		return write_scene(find_tool(argv[2]), argv[3]) ? 1 : 0;
	return record(find_tool(argv[1]), argv[2], argv[3]) ? 1 : 0;
}
