// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/io_reasons.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "render/terminal.h"

#define NAMES_MAX 8 /* of disks in a line */

/* What is said about a row's disk. */
enum remark {
	REMARK_UNKNOWN, /* what is behind it */
	REMARK_NETWORK,
	REMARK_UNPLACED,
	REMARK_VHOST_USER,
	REMARK_BIOS,
	REMARK_SHARED,
	REMARK_APART, /* APART_CACHED and so on */
	REMARK_UNMATCHED = REMARK_APART + IO_APARTS,
	REMARKS,
};

/* A row of a device of a VM's. */
struct device_row {
	uint32_t vm_pid, dev;
};

struct reasons {
	const struct io_rows *rows;
	const struct io_view *view;
	LIST(struct device_row) devices;
	size_t *disks; /* of each row: a number that rows of one disk have in common */
	bool *named;   /* of each disk, by this number: the remark has named it */
};

static int compare_device_rows(const void *left, const void *right)
{
	const struct device_row *a = left, *b = right;

	if (a->vm_pid != b->vm_pid)
		return a->vm_pid < b->vm_pid ? -1 : 1;
	return a->dev < b->dev ? -1 : a->dev > b->dev;
}

static int find_device_rows(struct reasons *reasons)
{
	for (size_t i = 0; i < reasons->rows->count; i++) {
		const struct io_row *row = &reasons->rows->list[i];
		struct device_row *device;

		if (row->kind != IO_ROW_VM || !row->dev)
			continue;
		device = list_add(&reasons->devices);
		if (!device)
			return -ENOMEM;
		*device = (struct device_row){ row->vm->pid, row->dev };
	}
	list_sort(&reasons->devices, compare_device_rows);
	return 0;
}

/* Disks with the same name in a remark are named once. */
static int compare_disks(const void *left, const void *right)
{
	const struct io_row *a = *(const struct io_row *const *)left;
	const struct io_row *b = *(const struct io_row *const *)right;
	uint32_t pid_a = a->vm ? a->vm->pid : 0, pid_b = b->vm ? b->vm->pid : 0;

	if (pid_a != pid_b)
		return pid_a < pid_b ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return strcmp(io_row__disk(a), io_row__disk(b));
}

static int find_disks(struct reasons *reasons)
{
	size_t count = reasons->rows->count, number = 0;
	const struct io_row **sorted = calloc(count + 1, sizeof(*sorted));

	reasons->disks = calloc(count + 1, sizeof(*reasons->disks));
	reasons->named = calloc(count + 1, sizeof(*reasons->named));
	for (size_t i = 0; sorted && i < count; i++)
		sorted[i] = &reasons->rows->list[i];
	if (sorted && count)
		qsort(sorted, count, sizeof(*sorted), compare_disks);
	for (size_t i = 0; sorted && reasons->disks && i < count; i++) {
		number += i && compare_disks(&sorted[i - 1], &sorted[i]);
		reasons->disks[sorted[i] - reasons->rows->list] = number;
	}
	free(sorted);
	return sorted && reasons->disks && reasons->named ? 0 : -ENOMEM;
}

/* Whether a disk's requests are in the row of a device, with those of other disks. */
static bool is_in_row_of_device(const struct reasons *reasons, const struct io_row *row)
{
	size_t count;
	const struct io_leaf *leaves = io_view__leaves(reasons->view, row->disk, &count);

	for (size_t i = 0; i < count; i++) {
		const struct device_row key = { row->vm->pid, leaves[i].dev }, *found;

		found = list_find(&reasons->devices, &key, compare_device_rows);
		if (found)
			return true;
	}
	return false;
}

static bool has_remark(const struct reasons *reasons, const struct io_row *row, unsigned int remark)
{
	if (row->kind != IO_ROW_DISK)
		return row->kind == IO_ROW_GUEST && remark == REMARK_UNMATCHED;
	switch (remark) {
	case REMARK_UNKNOWN:
		return row->apart == APART_UNKNOWN && !row->disk->dev;
	case REMARK_NETWORK:
		return row->apart == APART_NETWORK;
	case REMARK_UNPLACED:
		return row->apart == APART_UNPLACED;
	case REMARK_VHOST_USER:
		return row->apart == APART_VHOST_USER;
	case REMARK_BIOS:
		return row->disk->takes_bios;
	case REMARK_SHARED:
		return is_in_row_of_device(reasons, row);
	case REMARK_APART + APART_CACHED:
	case REMARK_APART + APART_FORMAT:
		/* Without GAVG nobody looks for KAVG, but Q and D may be taken for the guest's. */
		return REMARK_APART + (unsigned int)row->apart == remark &&
		       (row->known[IO_RING] || row->on_host);
	case REMARK_APART + APART_COUNT:
		return row->apart == APART_COUNT && row->known[IO_RING];
	default:
		return false;
	}
}

static void print_clause(FILE *file, unsigned int remark)
{
	static const char *const clauses[REMARK_APART] = {
		[REMARK_UNKNOWN] = "Q and D are n/a: no file or device of this host was found",
		[REMARK_NETWORK] = "Q and D are n/a: on no block device of this host",
		[REMARK_UNPLACED] = "Q and D are n/a: its device on this host is not known",
		[REMARK_VHOST_USER] = "Q and D are n/a: another process serves it (vhost-user)",
		[REMARK_BIOS] = "Q and D are n/a: its device takes bios and makes no requests",
		[REMARK_SHARED] =
			"Q and D are in the row of the device, which several disks of the VM share",
	};

	if (remark < REMARK_APART)
		fputs(clauses[remark], file);
	else if (remark == REMARK_UNMATCHED)
		fputs("seen by the guest alone: no disk of the VM has its serial number, address "
		      "or size",
		      file);
	else
		fprintf(file, "KAVG is n/a: %s",
			io_apart__clause((enum io_apart)(remark - REMARK_APART)));
}

/* A disk has several rows, and any of them may cause the remark: it is named once. */
static void print_remark(const struct reasons *reasons, FILE *file, unsigned int remark)
{
	struct sentence line;
	size_t count = 0;

	if (sentence__begin(&line))
		return;
	memset(reasons->named, 0, reasons->rows->count * sizeof(*reasons->named));
	for (size_t i = 0; i < reasons->rows->count; i++) {
		const struct io_row *row = &reasons->rows->list[i];
		bool *named = &reasons->named[reasons->disks[i]];

		if (*named || !has_remark(reasons, row, remark))
			continue;
		*named = true;
		if (count++ >= NAMES_MAX)
			continue;
		if (count == 1)
			print_clause(line.words, remark);
		fprintf(line.words, "%s%s%s%s", count == 1 ? ": " : ", ", io_row__vm(row),
			*io_row__disk(row) ? " " : "", io_row__disk(row));
	}
	if (count > NAMES_MAX)
		fprintf(line.words, " and %zu more", count - NAMES_MAX);
	sentence__end(&line, file);
}

/* Once for each cgroup, on however many devices. */
static void print_unknown(FILE *file, const struct io_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct io_row *row = &rows->list[i];
		bool said = row->kind != IO_ROW_UNKNOWN;

		for (size_t j = 0; j < i && !said; j++)
			said = rows->list[j].kind == IO_ROW_UNKNOWN && rows->list[j].vm == row->vm;
		if (said)
			continue;
		if (row->vm)
			terminal_line(file,
				      "unknown: cgroup %s is not one VM's alone: give each VM its "
				      "own, with the io controller",
				      row->vm->cgroup);
		else
			fputs("unknown: of VMs that have ended\n", file);
	}
}

static void print_guests(FILE *file, const struct io_view *view)
{
	for (size_t i = 0; i < view->guests.count; i++) {
		const struct io_guest *guest = &view->guests.list[i];
		const struct io_vm *vm = io_view__vm(view, guest->vm_pid);

		if (*guest->rejected_reason && vm && vm->chosen)
			terminal_line(file, "%s: %llu guest report%s refused, the last because %s",
				      vm->name, (unsigned long long)guest->rejected,
				      guest->rejected == 1 ? "" : "s", guest->rejected_reason);
	}
}

static void print_missing(FILE *file, const struct io_view *view)
{
	const struct {
		const char *what, *why;
	} missing[] = {
		{ "all of it is n/a", view->missing.all },
		{ "VMs may be missing", view->missing.vms },
		{ "THR is n/a", view->block.throttling_missing },
		{ "VMM's distribution is n/a", view->missing.vmm },
		{ "GAVG is n/a", view->missing.queues },
		{ "no guest reports by vsock", view->missing.guests },
	};

	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
		if (*missing[i].why)
			terminal_line(file, "%s: %s", missing[i].what, missing[i].why);
}

int io_reasons__print(FILE *file, const struct io_rows *rows, const struct io_view *view)
{
	struct reasons reasons = { .rows = rows, .view = view };
	int error = find_device_rows(&reasons);

	if (!error)
		error = find_disks(&reasons);
	putc('\n', file);
	print_missing(file, view);
	for (unsigned int remark = 0; remark < REMARKS && !error; remark++)
		print_remark(&reasons, file, remark);
	print_unknown(file, rows);
	print_guests(file, view);
	list_free(&reasons.devices);
	free(reasons.disks);
	free(reasons.named);
	return error;
}
