// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top_screens.h"

#include <errno.h>
#include <string.h>

#include "cmd/cpu_metrics.h"
#include "cmd/exit_metrics.h"
#include "cmd/io_metrics.h"
#include "cmd/numa_metrics.h"
#include "cmd/top_nodes.h"
#include "cmd/top_why.h"
#include "cmd/values.h"
#include "model/options.h"

#define LEVELS 3
#define BUSY_MPCT 1000 /* of its time, running or ready */

/* What a line of each level is. */
static const enum group_by groups[LEVELS] = { BY_VM, BY_VCPU, BY_THREAD };

static bool is_busy(const struct row *row)
{
	return share_mpct(row->interval.run_ns + figures__ready(&row->interval),
			  row->interval.elapsed_ns) >= BUSY_MPCT;
}

static int add_line(struct top_lines *lines, const struct row *row, const void *data,
		    uint32_t level)
{
	struct top_line *line;

	if (!row->vm->chosen)
		return 0;
	line = list_add(lines);
	if (!line)
		return -ENOMEM;
	*line = (struct top_line){ { row->vm->start_ns, row->vm->pid, level, 0,
				     level ? row->identity.id : 0 },
				   data,
				   row->vm->name,
				   is_busy(row) };
	return 0;
}

/* "web", "vCPU 1", "vhost-1000 1005" */
static void label_thread(const struct top_line *line, char *text, size_t size)
{
	const struct row *row = line->row;

	if (!line->key.level)
		snprintf(text, size, "%s", line->vm);
	else if (row->identity.is_vcpu && row->identity.vcpu != VCPU_UNKNOWN)
		snprintf(text, size, "vCPU %d", row->identity.vcpu);
	else
		snprintf(text, size, "%s %u", row->identity.comm, row->identity.tid);
}

static const char *no_threads(const struct view *after)
{
	return after->sched.time_ns ? NULL : "nothing of CPUs was recorded";
}

/* Those of a level; of VMs there are some already. */
static const struct rows *rows_of(struct rows *own, const struct view_pair *pair, uint32_t level,
				  int *error)
{
	if (!level)
		return pair->vms;
	*error = rows__make(&own[level], &pair->before->sched, &pair->after->sched, groups[level]);
	return &own[level];
}

/* CPU */

struct cpu_data {
	struct rows rows[LEVELS];
};

static int make_cpu(void *context, const struct view_pair *pair, unsigned int depth,
		    struct top_lines *lines)
{
	struct cpu_data *data = context;
	int error = 0;

	for (uint32_t level = 0; level < LEVELS && level <= depth && !error; level++) {
		const struct rows *rows = rows_of(data->rows, pair, level, &error);

		for (size_t i = 0; i < rows->count && !error; i++)
			error = add_line(lines, &rows->list[i], &rows->list[i], level);
	}
	return error;
}

static void free_cpu(void *context)
{
	struct cpu_data *data = context;

	for (size_t i = 0; i < LEVELS; i++)
		rows__free(&data->rows[i]);
}

/* Exits */

struct exit_data {
	struct rows rows[LEVELS];
	struct exit_rows exits[LEVELS];
};

static int make_exits(void *context, const struct view_pair *pair, unsigned int depth,
		      struct top_lines *lines)
{
	struct exit_data *data = context;
	int error = 0;

	for (uint32_t level = 0; level < LEVELS && level <= depth && !error; level++) {
		const struct rows *rows = rows_of(data->rows, pair, level, &error);
		struct exit_rows *exits = &data->exits[level];

		if (!error)
			error = exit_rows__make(exits, rows, groups[level], &pair->before->exits,
						&pair->after->exits, &pair->after->sched);
		for (size_t i = 0; i < exits->count && !error; i++)
			error = add_line(lines, &exits->list[i].row, &exits->list[i], level);
	}
	return error;
}

static const char *no_exits(const struct view *after)
{
	if (*after->exits.missing)
		return after->exits.missing;
	return after->exits.threads.count ? NULL : "no exits have been looked at yet";
}

static void free_exits(void *context)
{
	struct exit_data *data = context;

	for (size_t i = 0; i < LEVELS; i++) {
		rows__free(&data->rows[i]);
		exit_rows__free(&data->exits[i]);
	}
}

/* NUMA */

struct numa_data {
	struct rows rows[LEVELS];
	struct numa_rows numa[LEVELS];
};

static int make_numa(void *context, const struct view_pair *pair, unsigned int depth,
		     struct top_lines *lines)
{
	const struct numa_moments moments = { &pair->before->numa, &pair->after->numa,
					      &pair->after->sched };
	struct numa_data *data = context;
	int error = 0;

	for (uint32_t level = 0; level < LEVELS && level <= depth && !error; level++) {
		const struct rows *rows = rows_of(data->rows, pair, level, &error);
		struct numa_rows *numa = &data->numa[level];

		if (!error)
			error = numa_rows__make(numa, rows, groups[level], &moments);
		for (size_t i = 0; i < numa->count && !error; i++)
			error = add_line(lines, &numa->list[i].row, &numa->list[i], level);
	}
	return error;
}

static const char *no_nodes(const struct view *after)
{
	if (after->numa.threads.count)
		return NULL;
	return *after->numa.faults_missing ? after->numa.faults_missing
					   : "nothing of NUMA nodes has been looked at yet";
}

static int print_nodes(const void *data, FILE *file, const struct view_pair *pair,
		       unsigned int width)
{
	return top_nodes__print(file, &((const struct numa_data *)data)->numa[0], pair, width);
}

static void free_numa(void *context)
{
	struct numa_data *data = context;

	for (size_t i = 0; i < LEVELS; i++) {
		rows__free(&data->rows[i]);
		numa_rows__free(&data->numa[i]);
	}
}

/* Disks: a line is a disk, not a VM; open, it is its kinds of requests. */

struct io_data {
	struct io_rows sums, kinds;
};

/* What is of no disk that is known is one of its device. */
static int add_disk(struct top_lines *lines, const struct io_row *row, uint32_t level)
{
	struct top_line *line;

	if (!row->vm || (level && row->op == IO_ALL))
		return 0;
	line = list_add(lines);
	if (!line)
		return -ENOMEM;
	*line = (struct top_line){ { row->vm->start_ns, row->vm->pid, level,
				     row->disk ? row->disk->id + 1ULL : UINT64_MAX - row->dev,
				     level ? row->op : 0 },
				   row,
				   io_row__vm(row),
				   row->interval.requests > 0 };
	return 0;
}

static int add_disks(struct top_lines *lines, struct io_rows *rows, uint32_t level)
{
	int error = 0;

	for (size_t i = 0; i < rows->count && !error; i++)
		error = add_disk(lines, &rows->list[i], level);
	return error;
}

static int make_disks(void *context, const struct view_pair *pair, unsigned int depth,
		      struct top_lines *lines)
{
	struct io_data *data = context;
	int error = io_rows__make(&data->sums, BY_VM, pair->before, pair->after);

	if (error)
		return error;
	io_rows__drop_idle(&data->sums);
	io_rows__keep_sums(&data->sums);
	error = add_disks(lines, &data->sums, 0);
	if (error || !depth)
		return error;
	error = io_rows__make(&data->kinds, BY_VM, pair->before, pair->after);
	return error ? error : add_disks(lines, &data->kinds, 1);
}

/* "web virtio0", "virtio0 read" */
static void label_disk(const struct top_line *line, char *text, size_t size)
{
	const struct io_row *row = line->row;
	const char *disk = io_row__disk(row);

	disk = disk ? disk : row->device;
	if (line->key.level)
		snprintf(text, size, "%s %s", disk ? disk : "-", io_op__name(row->op));
	else
		snprintf(text, size, "%s %s", line->vm, disk ? disk : "-");
}

static const char *no_disks(const struct view *after)
{
	if (*after->io.missing.all)
		return after->io.missing.all;
	return after->io.disks.count || after->io.devices.count
		       ? NULL
		       : "no disks have been looked at yet";
}

static void free_io(void *context)
{
	struct io_data *data = context;

	io_rows__free(&data->sums);
	io_rows__free(&data->kinds);
}

const struct screen top_screens[] = {
	{
		.key = 'c',
		.name = "CPU",
		.times = "ms",
		.question = "how long are vCPUs ready but not running, and why",
		.header = "VM",
		.metrics = &cpu_metrics,
		.by = BY_VM,
		.left_out = ",VM,",
		.sort = "ready_pct",
		.levels = 2,
		.row_size = sizeof(struct row),
		.data_size = sizeof(struct cpu_data),
		.make = make_cpu,
		.label = label_thread,
		.missing = no_threads,
		.free = free_cpu,
	},
	{
		.key = 'x',
		.name = "exits",
		.times = "us",
		.question = "where does a running vCPU's time go: guest, KVM, VMM",
		.header = "VM",
		.metrics = &exit_metrics,
		.by = BY_VM,
		.left_out = ",VM,",
		.sort = "%OUT",
		.part = PART_EXITS,
		.levels = 1,
		.row_size = sizeof(struct exit_row),
		.data_size = sizeof(struct exit_data),
		.make = make_exits,
		.label = label_thread,
		.missing = no_exits,
		.free = free_exits,
	},
	{
		.key = 'n',
		.name = "NUMA",
		.question = "how much memory is remote from where vCPUs run",
		.header = "VM",
		.metrics = &numa_metrics,
		.by = BY_VM,
		.left_out = ",VM,",
		.sort = "RFLT%",
		.part = PART_NUMA,
		.levels = 1,
		.row_size = sizeof(struct numa_row),
		.data_size = sizeof(struct numa_data),
		.make = make_numa,
		.label = label_thread,
		.missing = no_nodes,
		.print_sums = print_nodes,
		.free = free_numa,
	},
	{
		.key = 'd',
		.name = "disks",
		.times = "ms",
		.question = "what do guests wait for in I/O, layer by layer",
		.header = "VM DISK",
		.metrics = &io_metrics,
		.by = BY_VM,
		.left_out = ",VM,DISK,OP,",
		.sort = "d_mean_ns",
		.part = PART_IO,
		.levels = 1,
		.row_size = sizeof(struct io_row),
		.of_disks = true,
		.data_size = sizeof(struct io_data),
		.make = make_disks,
		.label = label_disk,
		.missing = no_disks,
		.free = free_io,
	},
	{
		.key = 'y',
		.name = "why",
		.question = "which VM is slow, because of what and whom, and what to do",
		.header = "VM",
		.metrics = &verdict_metrics,
		.by = BY_VM,
		.left_out = "",
		.sort = "rank",
		.part = PARTS_ALL,
		.row_size = sizeof(struct verdict_row),
		.of_verdicts = true,
		.data_size = sizeof(struct verdict_data),
		.make = verdict_screen__make,
		.label = verdict_screen__label,
		.missing = verdict_screen__missing,
		.detail = verdict_screen__detail,
		.free = verdict_screen__free,
	},
};

const size_t top_screen_count = sizeof(top_screens) / sizeof(top_screens[0]);
