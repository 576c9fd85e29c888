// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/diff_figures.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cmd/diff_shares.h"
#include "cmd/diff_sources.h"
#include "cmd/values.h"
#include "model/buckets.h"
#include "top/csv.h"

#define ROLES_MAX 64
#define ROWS_MAX 1024

/* The rows of one role in one table. */
struct role_rows {
	const struct diff_place *place;
	const struct why_facts *facts;
	const char *role;
	const void *list[ROWS_MAX];
	size_t count;
};

const char *diff_figures__role(const struct diff_options *options, const char *name)
{
	for (size_t i = 0; i < options->role_count; i++)
		if (!fnmatch(options->roles[i], name, 0))
			return options->roles[i];
	return options->role_count ? NULL : name;
}

/* What the rows waited, all together. */
struct joined {
	uint32_t parts[DISTRIBUTION_PARTS][HIST_BUCKETS];
	uint64_t samples, sum_ns, max_ns;
	bool known;
};

static void join(struct joined *joined, const struct role_rows *rows,
		 const struct distribution *distribution)
{
	memset(joined, 0, sizeof(*joined));
	for (size_t i = 0; i < rows->count; i++) {
		struct histogram one = distribution->get(rows->list[i]);

		if (!one.known || !one.parts)
			continue;
		joined->known = true;
		joined->samples += one.samples;
		joined->sum_ns += one.sum_ns;
		joined->max_ns = one.max_ns > joined->max_ns ? one.max_ns : joined->max_ns;
		for (int part = 0; part < one.count; part++)
			for (size_t j = 0; j < HIST_BUCKETS; j++)
				joined->parts[part][j] += one.parts[part][j];
	}
}

static double joined_value(const struct role_rows *rows, const struct diff_source *source,
			   const struct metric *metric)
{
	struct joined joined;

	join(&joined, rows, source->mean_of ? source->mean_of : metric->distribution);
	if (!joined.known || !joined.samples)
		return NAN;
	if (source->mean_of)
		return (double)joined.sum_ns / (double)joined.samples;
	if (metric->permille == LONGEST)
		return joined.max_ns == UINT64_MAX ? NAN : (double)joined.max_ns;
	return (double)buckets__percentile(joined.parts, DISTRIBUTION_PARTS, metric->permille,
					   joined.max_ns);
}

/* In what its unit is called: %, 1/s, ns, bytes. */
static double scaled(enum unit unit, uint64_t number)
{
	bool is_fine = unit == UNIT_MPCT || unit == UNIT_PER_SEC_M || unit == UNIT_M;

	return is_fine ? (double)number / 1000 : (double)number;
}

static double mean_value(const struct role_rows *rows, const struct metric *metric)
{
	struct text_buffer none;
	size_t known = 0;
	double sum = 0;

	for (size_t i = 0; i < rows->count; i++) {
		struct value value = metric__get(metric, rows->list[i], &none);

		if (!value.known)
			continue;
		sum += scaled(metric->unit, value.number);
		known++;
	}
	return known ? sum / (double)known : NAN;
}

static int put_figure(const struct role_rows *rows, const struct diff_sources *sources, size_t i,
		      const char *suffix)
{
	const struct diff_source *source = &sources->list[i];
	const struct metric *metric = metric__find(sources->metrics, source->key);
	bool is_joined = source->mean_of || metric->distribution;
	char name[FIGURE_NAME_SIZE];
	double value = is_joined ? joined_value(rows, source, metric) : mean_value(rows, metric);
	struct figure_key key = { rows->role, name, csv__unit(metric->unit), source->direction };

	if (isnan(value) || rows->place->lost & (source->losses | sources->losses))
		return 0;
	snprintf(name, sizeof(name), "%s%s%s", source->key, *suffix ? ":" : "", suffix);
	return figure_table__put(rows->place->table, &key, rows->place->side, rows->place->run,
				 value);
}

static int put_table(const struct role_rows *rows, const struct diff_sources *sources)
{
	int error = 0;

	for (size_t i = 0; i < sources->count && rows->count && !error; i++)
		error = put_figure(rows, sources, i, "");
	return error;
}

static void add_row(struct role_rows *rows, const void *row)
{
	if (row && rows->count < ROWS_MAX)
		rows->list[rows->count++] = row;
}

static bool has_role(const struct role_rows *rows, const struct why_vm *vm)
{
	const char *role = diff_figures__role(rows->place->options, vm->vm->name);

	return vm->vm->chosen && role && !strcmp(role, rows->role);
}

enum which { ROWS_CPU, ROWS_EXIT, ROWS_NUMA };

/* What a tool did not look at was not 0. */
static bool was_seen(const struct role_rows *rows, enum which which)
{
	const struct view *after = rows->facts->after;

	return which == ROWS_EXIT   ? after->exits.threads.count > 0
	       : which == ROWS_NUMA ? after->numa.threads.count > 0
				    : true;
}

static void find_rows(struct role_rows *rows, enum which which)
{
	rows->count = 0;
	if (!was_seen(rows, which))
		return;
	for (size_t i = 0; i < rows->facts->list.count; i++) {
		const struct why_vm *vm = &rows->facts->list.list[i];

		if (!has_role(rows, vm))
			continue;
		add_row(rows, which == ROWS_CPU	   ? (const void *)vm->row
			      : which == ROWS_EXIT ? (const void *)vm->exits
						   : (const void *)vm->numa);
	}
}

/* All rows of one reason: of pointers, as reason_metrics has them. */
static void find_reason(struct role_rows *rows, const char *name)
{
	rows->count = 0;
	for (size_t i = 0; i < rows->facts->list.count; i++) {
		const struct why_vm *vm = &rows->facts->list.list[i];

		for (size_t j = 0; vm->exits && has_role(rows, vm) && j < vm->exits->reason_count;
		     j++)
			if (!strcmp(vm->exits->reasons[j]->name, name))
				add_row(rows, &vm->exits->reasons[j]);
	}
}

/* A reason that several VMs have is put again, as the same. */
static int put_reasons(struct role_rows *rows, const struct why_vm *vm)
{
	int error = 0;

	for (size_t i = 0; i < vm->exits->reason_count && !error; i++) {
		const char *name = vm->exits->reasons[i]->name;

		find_reason(rows, name);
		for (size_t j = 0; j < diff_reason_sources.count && !error; j++)
			error = put_figure(rows, &diff_reason_sources, j, name);
	}
	return error;
}

static void find_disks(struct role_rows *rows)
{
	const struct io_rows *disks = &rows->facts->disks;

	rows->count = 0;
	for (size_t i = 0; i < disks->count; i++) {
		const char *role;

		if (!disks->list[i].vm || !disks->list[i].disk)
			continue;
		role = diff_figures__role(rows->place->options, io_row__vm(&disks->list[i]));
		if (role && !strcmp(role, rows->role))
			add_row(rows, &disks->list[i]);
	}
}

static int put_role(struct role_rows *rows)
{
	int error;

	find_rows(rows, ROWS_CPU);
	error = put_table(rows, &diff_cpu_sources);
	find_rows(rows, ROWS_EXIT);
	if (!error)
		error = put_table(rows, &diff_exit_sources);
	for (size_t i = 0; i < rows->facts->list.count && !error && was_seen(rows, ROWS_EXIT); i++)
		if (rows->facts->list.list[i].exits && has_role(rows, &rows->facts->list.list[i]))
			error = put_reasons(rows, &rows->facts->list.list[i]);
	find_rows(rows, ROWS_NUMA);
	if (!error)
		error = put_table(rows, &diff_numa_sources);
	find_disks(rows);
	return error ? error : put_table(rows, &diff_io_sources);
}

/* Of the time on CPUs of all VMs; without any of that, or of a single VM, it tells nothing. */
static int put_use(const struct role_rows *rows, const char *name, uint64_t run_ns, uint64_t all_ns)
{
	const struct figure_key key = { rows->role, name, "%", NEITHER_IS_BETTER };

	if (!all_ns || rows->place->lost & DIFF_LOST_THREADS)
		return 0;
	return figure_table__put(rows->place->table, &key, rows->place->side, rows->place->run,
				 (double)share_mpct(run_ns, all_ns) / 1000);
}

/* How much of what its weights give a role it has used; 1: as much as that. */
static int put_use_by_share(const struct role_rows *rows, const struct diff_shares *shares,
			    double use)
{
	const struct figure_key key = { rows->role, "use_by_share", "", NEITHER_IS_BETTER };
	double share = 0;

	for (size_t i = 0; i < rows->facts->list.count; i++)
		if (has_role(rows, &rows->facts->list.list[i]))
			share += diff_shares__of(shares, &rows->facts->list.list[i]);
	if (!(share > 0) || rows->place->lost & DIFF_LOST_THREADS)
		return 0;
	return figure_table__put(rows->place->table, &key, rows->place->side, rows->place->run,
				 use / share);
}

/* Who got how much: of a gain that others pay for, nobody should be glad. */
static int put_uses(struct role_rows *rows, const char *const *roles, size_t count,
		    const struct diff_shares *shares)
{
	const struct why_facts *facts = rows->facts;
	uint64_t all_ns = 0, other_ns = 0;
	size_t vms = 0;
	int error = 0;

	for (size_t i = 0; i < facts->list.count; i++) {
		const struct why_vm *vm = &facts->list.list[i];

		if (!vm->vm->chosen)
			continue;
		vms++;
		all_ns += vm->row->interval.run_ns;
		if (!diff_figures__role(rows->place->options, vm->vm->name))
			other_ns += vm->row->interval.run_ns;
	}
	for (size_t i = 0; i < count && vms > 1 && !error; i++) {
		uint64_t run_ns = 0;

		rows->role = roles[i];
		for (size_t j = 0; j < facts->list.count; j++)
			if (has_role(rows, &facts->list.list[j]))
				run_ns += facts->list.list[j].row->interval.run_ns;
		error = put_use(rows, DIFF_USE_SHARE, run_ns, all_ns);
		if (!error && all_ns)
			error = put_use_by_share(rows, shares, (double)run_ns / (double)all_ns);
	}
	rows->role = "";
	return error || !other_ns ? error
				  : put_use(rows, "other_" DIFF_USE_SHARE, other_ns, all_ns);
}

struct role_list {
	const char *list[ROLES_MAX];
	size_t count;
};

/* Returns 0 or -E2BIG. */
static int add_role(struct role_list *roles, const char *role)
{
	if (!role)
		return 0;
	for (size_t i = 0; i < roles->count; i++)
		if (!strcmp(roles->list[i], role))
			return 0;
	if (roles->count == ROLES_MAX)
		return -E2BIG;
	roles->list[roles->count++] = role;
	return 0;
}

int diff_figures__put(const struct diff_place *place, const struct why_facts *facts)
{
	static struct role_rows rows; /* large */
	struct role_list roles = { .count = 0 };
	struct diff_shares shares = { .count = 0 };
	int error = 0;

	for (size_t i = 0; i < facts->list.count && !error; i++)
		if (facts->list.list[i].vm->chosen)
			error = add_role(&roles, diff_figures__role(place->options,
								    facts->list.list[i].vm->name));
	for (size_t i = 0; i < facts->disks.count && !error; i++)
		if (facts->disks.list[i].vm)
			error = add_role(&roles,
					 diff_figures__role(place->options,
							    io_row__vm(&facts->disks.list[i])));
	for (size_t i = 0; i < roles.count && !error; i++) {
		rows = (struct role_rows){ place, facts, roles.list[i], { NULL }, 0 };
		error = put_role(&rows);
	}
	rows = (struct role_rows){ place, facts, "", { NULL }, 0 };
	if (!error)
		error = diff_shares__make(&shares, facts->after);
	if (!error)
		error = put_uses(&rows, roles.list, roles.count, &shares);
	diff_shares__free(&shares);
	return error;
}

/* Of a reason, the figure of the same role for all exits. */
static const struct figure *find_all_exits(const struct figure_table *table,
					   const struct figure *reason)
{
	for (size_t i = 0; i < table->count; i++)
		if (!strcmp(table->list[i].name, DIFF_EXIT_RATE) &&
		    !strcmp(table->list[i].role, reason->role))
			return &table->list[i];
	return NULL;
}

/* A run that has seen exits, and none of this reason, has seen 0. */
static void fill_zeros(double *reason, const double *all)
{
	for (size_t i = 0; i < SAMPLE_MAX; i++)
		if (isnan(reason[i]) && !isnan(all[i]))
			reason[i] = 0;
}

void diff_figures__fill(struct figure_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		struct figure *reason = &table->list[i];
		const struct figure *all;

		if (strncmp(reason->name, DIFF_EXIT_RATE ":", strlen(DIFF_EXIT_RATE ":")) != 0)
			continue;
		all = find_all_exits(table, reason);
		if (!all)
			continue;
		fill_zeros(reason->runs.a, all->runs.a);
		fill_zeros(reason->runs.b, all->runs.b);
	}
}
