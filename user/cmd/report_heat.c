// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/report_heat.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "sched/rows.h"
#include "source/recorded.h"

#define RUNS_MAX 200

struct reader {
	struct report_heat *heat;
	struct recording *recording;
	const struct options *options;
	LIST(struct recorded_moment) moments;
	struct view read;
	struct rows rows;
	int64_t run; /* of heat->last; 0: nothing is read yet */
};

static void swap(struct view *one, struct view *other)
{
	const struct view view = *one;

	*one = *other;
	*other = view;
}

static int no_memory(const struct reader *reader)
{
	log_error("--from: '%s': %s", reader->options->from, remedy(ENOMEM, NULL));
	return -ENOMEM;
}

/* Moments that are alone in their run tell of no time. */
static void drop_lone(struct reader *reader)
{
	struct recorded_moment *list = reader->moments.list;
	size_t count = reader->moments.count, kept = 0;
	int64_t before = 0;

	for (size_t i = 0; i < count; i++) {
		int64_t run = list[i].run;
		bool is_lone = run != before && (i + 1 == count || list[i + 1].run != run);

		before = run;
		if (!is_lone)
			list[kept++] = list[i];
	}
	reader->moments.count = kept;
}

/* The latest runs, as many as are shown. */
static void drop_early(struct reader *reader)
{
	struct recorded_moment *list = reader->moments.list;
	size_t count = reader->moments.count, first = count, runs = 0;

	for (size_t i = count; i; i--) {
		bool is_first = i == 1 || list[i - 2].run != list[i - 1].run;

		runs += is_first;
		if (is_first && runs <= RUNS_MAX)
			first = i - 1;
	}
	if (first)
		memmove(list, list + first, (count - first) * sizeof(*list));
	reader->moments.count = count - first;
	reader->heat->runs = runs < RUNS_MAX ? runs : RUNS_MAX;
	reader->heat->runs_left_out = runs - reader->heat->runs;
}

static size_t cell_of(const struct report_heat *heat, uint64_t realtime_ns)
{
	double length = (double)(heat->end_ns - heat->begin_ns);
	double place =
		realtime_ns <= heat->begin_ns ? 0 : (double)(realtime_ns - heat->begin_ns) / length;
	size_t cell = (size_t)(place * (double)heat->cells);

	return cell < heat->cells ? cell : heat->cells - 1;
}

/* The ends of runs, and the last moment in each cell. */
static void choose_moments(struct reader *reader)
{
	struct recorded_moment *list = reader->moments.list;
	size_t count = reader->moments.count, kept = 0;

	for (size_t i = 0; i < count; i++) {
		bool is_first = !i || list[i - 1].run != list[i].run;
		bool is_last = i + 1 == count || list[i + 1].run != list[i].run;

		if (!is_first && !is_last &&
		    cell_of(reader->heat, list[i].realtime_ns) ==
			    cell_of(reader->heat, list[i + 1].realtime_ns))
			continue;
		reader->moments.list[kept++] = list[i];
	}
	reader->moments.count = kept;
}

static int find_moments(struct reader *reader)
{
	struct report_heat *heat = reader->heat;
	const struct options *options = reader->options;
	int error = recording__moments(reader->recording, options->since_ns, options->until_ns,
				       &reader->moments.all);
	size_t count;

	if (error)
		return error;
	heat->is_cut = reader->moments.count >= RECORDING_MOMENTS;
	drop_lone(reader);
	drop_early(reader);
	count = reader->moments.count;
	if (!count) {
		log_error("--from: '%s': no interval in it%s: see 'sqlite3 FILE \"SELECT * FROM "
			  "runs\"'",
			  options->from, options->since || options->until ? " at that time" : "");
		return -ENODATA;
	}
	heat->begin_ns = reader->moments.list[0].realtime_ns;
	heat->end_ns = reader->moments.list[count - 1].realtime_ns;
	if (heat->end_ns <= heat->begin_ns) /* the clock was set back */
		heat->end_ns = heat->begin_ns + 1;
	heat->cells = count - 1 < REPORT_CELLS ? count - 1 : REPORT_CELLS;
	choose_moments(reader);
	return 0;
}

/* NULL: there is no room for it; *error is set if there is no memory. */
static struct report_vm *find_vm(struct reader *reader, const struct vm *vm, int *error)
{
	struct report_heat *heat = reader->heat;
	const char *boot_id = recording__run(reader->recording)->boot_id;
	struct report_vm *one;

	for (size_t i = 0; i < heat->count; i++) {
		one = &heat->list[i];
		if (one->pid == vm->pid && one->start_ns == vm->start_ns &&
		    !strcmp(one->boot_id, boot_id))
			return one;
	}
	if (heat->count == REPORT_VMS_MAX) {
		heat->vms_left_out = true;
		return NULL;
	}
	one = list_add(heat);
	if (!one) {
		*error = -ENOMEM;
		return NULL;
	}
	one->pid = vm->pid;
	one->start_ns = vm->start_ns;
	memcpy(one->boot_id, boot_id, sizeof(one->boot_id));
	memcpy(one->name, vm->name, sizeof(one->name));
	return one;
}

static void add_share(struct report_cell *cell, const struct row *row, double share)
{
	cell->ready_ns += share * (double)figures__ready(&row->interval);
	cell->elapsed_ns += share * (double)row->interval.elapsed_ns;
}

/* What was between two moments belongs to all cells that these reach over. */
static void add_row(struct report_heat *heat, struct report_vm *vm, const struct row *row,
		    uint64_t from_ns, uint64_t to_ns)
{
	size_t first = cell_of(heat, from_ns), last = cell_of(heat, to_ns);
	double step = (double)(heat->end_ns - heat->begin_ns) / (double)heat->cells;
	double from = (double)(from_ns - heat->begin_ns), to = (double)(to_ns - heat->begin_ns);

	add_share(&vm->all, row, 1);
	if (first >= last || to <= from) {
		add_share(&vm->cells[last], row, 1);
		return;
	}
	for (size_t i = first; i <= last; i++) {
		double begin = step * (double)i, end = begin + step;

		begin = begin > from ? begin : from;
		end = end < to ? end : to;
		if (end > begin)
			add_share(&vm->cells[i], row, (end - begin) / (to - from));
	}
}

/* From heat->last to the view that was read. */
static int add_pair(struct reader *reader)
{
	const struct snapshot *before = &reader->heat->last.sched, *after = &reader->read.sched;
	int error = rows__make(&reader->rows, before, after, BY_VM);

	for (size_t i = 0; i < reader->rows.count && !error; i++) {
		const struct row *row = &reader->rows.list[i];
		struct report_vm *vm;

		if (!row->vm->chosen || !row->interval.elapsed_ns)
			continue;
		vm = find_vm(reader, row->vm, &error);
		if (vm)
			add_row(reader->heat, vm, row, before->realtime_ns, after->realtime_ns);
	}
	return error ? no_memory(reader) : 0;
}

static int take_moment(struct reader *reader, const struct recorded_moment *moment)
{
	struct report_heat *heat = reader->heat;
	int error = recording__go(reader->recording, moment->id), got;

	if (error)
		return error;
	got = recorded__next(reader->recording, reader->options, &reader->read);
	if (got <= 0)
		return got;
	if (moment->run == reader->run) {
		error = add_pair(reader);
		swap(&heat->last, &reader->read);
		return error;
	}
	/* The first moment is needed twice: as it was, and as what the next one is compared with.
	 */
	reader->run = moment->run;
	swap(&heat->first, &reader->read);
	error = recording__go(reader->recording, moment->id);
	if (error)
		return error;
	got = recorded__next(reader->recording, reader->options, &heat->last);
	return got < 0 ? got : 0;
}

static int compare_vms(const void *left, const void *right)
{
	const struct report_vm *a = left, *b = right;
	double a_share = a->all.ready_ns / a->all.elapsed_ns;
	double b_share = b->all.ready_ns / b->all.elapsed_ns;

	if (a_share != b_share)
		return a_share > b_share ? -1 : 1;
	return strcmp(a->name, b->name);
}

int report_heat__read(struct report_heat *heat, struct recording *recording,
		      const struct options *options)
{
	struct reader reader = { .heat = heat, .recording = recording, .options = options };
	int error = find_moments(&reader);

	for (size_t i = 0; i < reader.moments.count && !error; i++)
		error = take_moment(&reader, &reader.moments.list[i]);
	if (!error) {
		heat->run = *recording__run(recording);
		list_sort(heat, compare_vms);
	}
	list_free(&reader.moments);
	view__free(&reader.read);
	rows__free(&reader.rows);
	return error;
}

void report_heat__free(struct report_heat *heat)
{
	list_free(heat);
	view__free(&heat->first);
	view__free(&heat->last);
}
