// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/diff_runs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/privileges.h"
#include "base/units.h"
#include "base/version.h"
#include "cmd/diff_lines.h"
#include "cmd/diff_sources.h"
#include "model/view_sets.h"
#include "recording/recording.h"

/* What is left over at the end of one cut into runs is one if it is as long as this: in percent. */
#define LEFT_PERCENT 90

/* One of the two. */
struct input {
	struct recording *recording;
	FILE *lines;
};

/* As in tool_replay.c: the first moment of a run, the latest, and the one that is being read. */
enum { FIRST, LAST, READ, VIEWS };

struct reader {
	struct diff_runs *runs;
	struct figure_table *table;
	const struct diff_options *options;
	const char *path;
	enum side side;
	struct recording *recording;
	struct recording_run of; /* FIRST's; id 0: there is none yet */
	struct view views[VIEWS];
	bool has_last;
	size_t taken; /* runs of this recording */
	struct why_facts facts;
};

static void swap(struct reader *reader, int one, int other)
{
	const struct view view = reader->views[one];

	reader->views[one] = reader->views[other];
	reader->views[other] = view;
}

static uint64_t length_of(const struct reader *reader)
{
	return reader->views[LAST].sched.time_ns - reader->views[FIRST].sched.time_ns;
}

/* Each loss is a uint64_t. */
static void find_losses(struct losses *lost, const struct losses *before,
			const struct losses *after)
{
	for (size_t i = 0; i < sizeof(*lost) / sizeof(uint64_t); i++)
		((uint64_t *)lost)[i] =
			((const uint64_t *)after)[i] - ((const uint64_t *)before)[i];
}

static uint64_t counter_of(const struct view *view, size_t place)
{
	uint64_t counter;

	memcpy(&counter, (const char *)view + place, sizeof(counter));
	return counter;
}

unsigned int diff_run__lost(const struct diff_run *run)
{
	unsigned int lost = 0;

	for (size_t i = 0; i < diff_loss_count; i++)
		lost |= run->has_lost[i] ? diff_losses[i].bit : 0;
	return lost;
}

/* How long the vCPUs of roles waited for processes of no VM, and for which most. */
static void find_strangers(struct diff_run *run, const struct reader *reader)
{
	uint64_t elapsed = 0, strange = 0, most = 0;

	for (size_t i = 0; i < reader->facts.list.count; i++) {
		const struct why_vm *vm = &reader->facts.list.list[i];

		if (!vm->vm->chosen || !diff_figures__role(reader->options, vm->vm->name))
			continue;
		run->vms++;
		run->vcpus += vm->row->vcpus;
		elapsed += vm->row->interval.elapsed_ns;
		for (size_t j = 0; j < vm->blame_count; j++) {
			const struct blame_entry *entry = &vm->blame[j];

			run->strangers_known |= entry->offender.kind < OFFENDER_THROTTLED;
			if (entry->offender.kind != OFFENDER_HOST)
				continue;
			strange += entry->ns;
			if (entry->ns <= most)
				continue;
			most = entry->ns;
			snprintf(run->stranger, sizeof(run->stranger), "%.63s", entry->who);
		}
	}
	run->strangers_mpct = share_mpct(strange, elapsed);
}

/* "web 100/200, db 100/100": as far as there is room. */
static void find_weights(struct diff_run *run, const struct reader *reader)
{
	size_t used = 0, size = sizeof(run->weights);

	for (size_t i = 0; i < reader->facts.list.count; i++) {
		const struct why_vm *vm = &reader->facts.list.list[i];
		size_t count;
		const struct cgroup_limit *limits = why_vm__limits(vm, &count);

		if (!vm->vm->chosen || !diff_figures__role(reader->options, vm->vm->name))
			continue;
		for (size_t j = 0; j < count && used < size; j++) {
			if (!limits[j].cpu_weight)
				continue;
			if (!j)
				used += (size_t)snprintf(run->weights + used, size - used, "%s%s ",
							 used ? ", " : "", vm->vm->name);
			if (used < size)
				used += (size_t)snprintf(run->weights + used, size - used, "%s%u",
							 j ? "/" : "", limits[j].cpu_weight);
		}
	}
}

static void describe(struct diff_run *run, const struct reader *reader)
{
	const struct view *first = &reader->views[FIRST], *last = &reader->views[LAST];

	*run = (struct diff_run){ .path = reader->path,
				  .side = reader->side,
				  .host = last->host,
				  .environment = last->environment,
				  .begin_ns = first->sched.realtime_ns,
				  .length_ns = length_of(reader) };
	memcpy(run->tool, reader->of.tool, sizeof(run->tool));
	memcpy(run->version, reader->of.version, sizeof(run->version));
	find_losses(&run->lost, &first->sched.losses, &last->sched.losses);
	for (size_t i = 0; i < diff_loss_count; i++)
		run->has_lost[i] = counter_of(last, diff_losses[i].place) >
				   counter_of(first, diff_losses[i].place);
	find_strangers(run, reader);
	find_weights(run, reader);
	run->is_left_out = run->strangers_mpct > reader->options->strangers_mpct;
}

static int fail(const struct reader *reader, int error)
{
	if (error == -E2BIG)
		log_error("'%s': more than %d runs a side, or %d figures: choose with --role, or "
			  "give fewer files",
			  reader->path, SAMPLE_MAX, HOLM_MAX);
	else if (error)
		log_error("'%s': %s: %s", reader->path, strerror(-error),
			  remedy(-error, "give fewer files"));
	return error;
}

/* FIRST to LAST is a run. */
static int take_run(struct reader *reader)
{
	struct diff_place place = { reader->table, reader->options, reader->side,
				    reader->table->runs[reader->side], 0 };
	struct diff_run *run = list_add(reader->runs);
	int error =
		run ? why_facts__make(&reader->facts, &reader->views[FIRST], &reader->views[LAST])
		    : -ENOMEM;

	if (error)
		return fail(reader, error);
	describe(run, reader);
	place.lost = diff_run__lost(run);
	if (place.run >= SAMPLE_MAX)
		return fail(reader, -E2BIG);
	error = diff_figures__put(&place, &reader->facts);
	if (run->is_left_out)
		figure_table__drop(reader->table, reader->side, place.run);
	else if (!error && reader->options->html)
		error = diff_waits__add(&reader->runs->waits, reader->options, reader->side,
					&reader->facts);
	reader->table->runs[reader->side]++;
	reader->taken++;
	return fail(reader, error);
}

/* At the end of what was recorded without a break. */
static int end_run(struct reader *reader)
{
	uint64_t wanted = reader->options->runs_ns / 100 * LEFT_PERCENT;

	if (!reader->of.id || !reader->has_last || length_of(reader) < wanted)
		return 0;
	return take_run(reader);
}

/* Within half an interval, as recorded intervals are hardly ever exact. */
static bool is_long_enough(const struct reader *reader)
{
	return reader->options->runs_ns &&
	       length_of(reader) + reader->of.interval_ns / 2 >= reader->options->runs_ns;
}

/* A moment was read. */
static int take_moment(struct reader *reader)
{
	const struct recording_run *of = recording__run(reader->recording);
	int error;

	if (of->id != reader->of.id) {
		error = end_run(reader);
		swap(reader, FIRST, READ);
		reader->of = *of;
		reader->has_last = false;
		return error;
	}
	swap(reader, LAST, READ);
	reader->has_last = true;
	if (!is_long_enough(reader))
		return 0;
	error = take_run(reader);
	swap(reader, FIRST, LAST);
	reader->has_last = false;
	return error;
}

static int read_recording(struct reader *reader)
{
	int got = 1, error = 0;

	reader->of.id = 0;
	reader->taken = 0;
	reader->has_last = false;
	while (!error && (got = recording__next(reader->recording, &reader->views[READ])) > 0)
		error = take_moment(reader);
	if (error || got < 0)
		return error ? error : got;
	error = end_run(reader);
	if (error || reader->taken)
		return error;
	log_error("'%s': no run in it%s: record at least two moments", reader->path,
		  reader->options->runs_ns ? " that is as long as --runs" : "");
	return -ENODATA;
}

/* JSON lines are one run: what they say of an interval is said of all its rows together. */
static int read_lines(struct reader *reader, FILE *lines)
{
	const struct diff_place place = { reader->table, reader->options, reader->side,
					  reader->table->runs[reader->side], 0 };
	struct diff_run *run = list_add(reader->runs);
	int error;

	if (!run || place.run >= SAMPLE_MAX)
		return fail(reader, run ? -E2BIG : -ENOMEM);
	run->path = reader->path;
	run->side = reader->side;
	error = diff_lines__read(lines, &place, run);
	if (run->is_left_out)
		figure_table__drop(reader->table, reader->side, place.run);
	reader->table->runs[reader->side]++;
	/* Of all others, a line was said. */
	return error == -E2BIG || error == -ENOMEM ? fail(reader, error) : error;
}

static int open_input(struct input *input, const char *path, const struct recording_info *info,
		      const struct diff_options *options)
{
	input->lines = diff_lines__open(path);
	if (!input->lines)
		return recording__open(&input->recording, path, info);
	if (!options->runs_ns)
		return 0;
	log_error("'%s': --runs: JSON lines are one run: give a recording", path);
	return -EINVAL;
}

static int open_all(struct input *inputs, const struct diff_options *options)
{
	struct recording_info info = {
		.tool = "kvmq-diff", .of_any_tool = true, .version = KVMQ_VERSION, .sets = all_sets
	};
	int error = 0;

	while (info.sets[info.set_count])
		info.set_count++;
	for (size_t i = 0; i < options->a_count + options->b_count && !error; i++) {
		bool is_a = i < options->a_count;

		info.option = is_a ? "A" : "B";
		error = open_input(&inputs[i],
				   is_a ? options->a[i] : options->b[i - options->a_count], &info,
				   options);
	}
	return error;
}

static int read_all(struct reader *reader, const struct input *inputs)
{
	const struct diff_options *options = reader->options;
	int error = 0;

	for (size_t i = 0; i < options->a_count + options->b_count && !error; i++) {
		reader->side = i < options->a_count ? SIDE_A : SIDE_B;
		reader->path =
			reader->side == SIDE_A ? options->a[i] : options->b[i - options->a_count];
		reader->recording = inputs[i].recording;
		error = inputs[i].lines ? read_lines(reader, inputs[i].lines)
					: read_recording(reader);
	}
	return error;
}

static void close_input(struct input *input)
{
	recording__close(input->recording);
	if (input->lines)
		fclose(input->lines);
}

int diff_runs__read(struct diff_runs *runs, struct figure_table *table,
		    const struct diff_options *options)
{
	size_t count = options->a_count + options->b_count;
	struct input *inputs = calloc(count, sizeof(*inputs));
	struct reader reader = { .runs = runs, .table = table, .options = options };
	int error;

	if (!inputs) {
		log_error("opening the recordings: %s", remedy(ENOMEM, NULL));
		return -ENOMEM;
	}
	error = open_all(inputs, options);
	/* Strangers may have written them. */
	if (!error)
		error = privileges_drop_all();
	if (!error)
		error = read_all(&reader, inputs);
	diff_figures__fill(table);
	for (size_t i = 0; i < count; i++)
		close_input(&inputs[i]);
	for (int i = 0; i < VIEWS; i++)
		view__free(&reader.views[i]);
	why_facts__free(&reader.facts);
	free(inputs);
	return error;
}

void diff_runs__free(struct diff_runs *runs)
{
	list_free(runs);
	diff_waits__free(&runs->waits);
}
