// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints what kvmqd would show of a scene's moments (scene.h) at /metrics:
 *
 *   test_golden_metrics TOOL SCENE openmetrics|prometheus [cost]
 *
 * cost: without histograms of vCPUs, as usual, and instead of the text what it costs to take the
 * last moment, to make the text, and its size.
 */
#include <errno.h>

#include "base/log.h"
#include "base/units.h"
#include "cmd/daemon_metrics.h"
#include "model/view_sets.h"
#include "scene.h"

#define VIEWS_MAX 4

static const struct {
	const char *name;
	const struct set *const *sets;
} tools[] = {
	{ "kvmq-cpu", cpu_sets },    { "kvmq-exit", exit_sets }, { "kvmq-numa", numa_sets },
	{ "kvmq-io", io_view_sets }, { "kvmq-why", all_sets },
};

static struct scene_form form_of(const char *name)
{
	for (size_t i = 0; i < LENGTH(tools); i++) {
		struct scene_form form = { tools[i].sets, 0, sizeof(struct view) };

		if (strcmp(tools[i].name, name) != 0)
			continue;
		while (form.sets[form.set_count])
			form.set_count++;
		return form;
	}
	die("no tool that records", name);
}

static const struct daemon_figures figures = {
	.begin_ns = 1763935199500000000,
	.interval_ns = 1000000000,
	.budget_mpct = 1000,
	.used_mpct = 212,
	.used_known = true,
	.incidents = 3,
	.recording = { .known = true,
		       .bytes = 1048576,
		       .set_aside = 1,
		       .tiers = 2,
		       .tier_interval_ns = { 1000000000, 10000000000 },
		       .moments = { 60, 6 } },
	.feed = { .known = true, .clients = 1, .accepted = 2, .dropped = 1 },
	.web = { .known = true, .connections = 1, .served = 7 },
};

/* Takes a moment; *cost_ns: its time on a CPU, the rules aside. */
static int take(struct daemon_metrics *metrics, const struct view *before, const struct view *after,
		uint64_t *cost_ns)
{
	struct why why = { .facts.brief = true }; /* as kvmqd has it */
	struct why_settings rules;
	uint64_t begin_ns;
	int error = 0;

	why_settings__init(&rules);
	if (before)
		error = why__make(&why, before, after, &rules);
	begin_ns = clock_thread_cpu_ns();
	if (!error)
		error = daemon_metrics__take(metrics, after, before ? &why : NULL, &figures);
	*cost_ns = clock_thread_cpu_ns() - begin_ns;
	why__free(&why);
	return error;
}

static int print(struct daemon_metrics *metrics, enum exposition_format format, uint64_t take_ns)
{
	uint64_t moment, begin_ns = clock_thread_cpu_ns();
	const char *text;
	size_t size;
	int error = daemon_metrics__text(metrics, format, &text, &size, &moment);

	if (take_ns && !error) {
		printf("%.3f ms to take, %.3f ms for %zu bytes\n",
		       (double)take_ns / (double)NSEC_PER_MSEC,
		       (double)(clock_thread_cpu_ns() - begin_ns) / (double)NSEC_PER_MSEC, size);
		return 0;
	}
	if (!error)
		fwrite(text, 1, size, stdout);
	return error;
}

int main(int argc, char **argv)
{
	const struct daemon_metrics_config config = { 100000, 5, argc == 4 };
	struct view *views = calloc(VIEWS_MAX, sizeof(*views));
	struct daemon_metrics *metrics = NULL;
	struct scene_form form;
	uint64_t take_ns = 0;
	size_t count;
	FILE *file;
	int error;

	if (argc < 4) {
		fputs("usage: test_golden_metrics TOOL SCENE FORMAT [cost]\n", stderr);
		free(views);
		return 2;
	}
	log_init("test_golden_metrics", 0);
	form = form_of(argv[1]);
	file = fopen(argv[2], "re");
	if (!views || !file)
		die(strerror(errno), argv[2]);
	count = scene_read(&form, file, views, VIEWS_MAX);
	fclose(file);
	error = daemon_metrics__open(&metrics, &config);
	for (size_t i = 0; i < count && !error; i++)
		error = take(metrics, i ? &views[i - 1] : NULL, &views[i], &take_ns);
	if (!error)
		error = print(metrics,
			      strcmp(argv[3], "openmetrics") ? EXPOSITION_PROMETHEUS
							     : EXPOSITION_OPENMETRICS,
			      argc > 4 ? take_ns : 0);
	daemon_metrics__close(metrics);
	for (size_t i = 0; i < count; i++)
		view__free(&views[i]);
	free(views);
	return error ? 1 : 0;
}
