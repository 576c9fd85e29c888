// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/io_reasons.h"

#include <string.h>

#include "base/text.h"

#define NAMES_MAX 8 /* of disks in a line */

/* What is to be said of a row's disk. */
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

/* Whether a disk's requests stand in a row of a device, with those of other disks. */
static bool is_in_row_of_device(const struct io_report *report, const struct io_row *row)
{
	for (size_t i = 0; i < report->rows.count; i++) {
		const struct io_row *other = &report->rows.list[i];

		if (other->kind == IO_ROW_VM && other->vm == row->vm && other->dev &&
		    io_vms__disk_is_on(report->vms, row->disk, other->dev))
			return true;
	}
	return false;
}

static bool has_remark(const struct io_report *report, const struct io_row *row,
		       unsigned int remark)
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
		return io_vms__takes_bios(report->vms, row->disk);
	case REMARK_SHARED:
		return is_in_row_of_device(report, row);
	case REMARK_APART + APART_CACHED:
	case REMARK_APART + APART_FORMAT:
		/* Without GAVG nobody asks for KAVG; but Q and D may be taken for the guest's. */
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
		[REMARK_UNPLACED] =
			"Q and D are n/a: it is not known which device of this host it is on",
		[REMARK_VHOST_USER] = "Q and D are n/a: another process serves it (vhost-user)",
		[REMARK_BIOS] =
			"Q and D are n/a: on a device that takes bios and makes no requests",
		[REMARK_SHARED] =
			"Q and D are in a row of the device, which has several of the VM's disks",
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

static bool same_disk(const struct io_row *a, const struct io_row *b)
{
	return a->kind == b->kind && a->vm == b->vm && !strcmp(io_row__disk(a), io_row__disk(b));
}

/* A disk has several rows, of which any may lead to the remark: it is named once. */
static bool is_named(const struct io_report *report, size_t index, unsigned int remark)
{
	const struct io_row *list = report->rows.list;

	for (size_t i = 0; i < index; i++)
		if (same_disk(&list[i], &list[index]) && has_remark(report, &list[i], remark))
			return true;
	return false;
}

static void print_remark(const struct io_report *report, FILE *file, unsigned int remark)
{
	size_t count = 0;

	for (size_t i = 0; i < report->rows.count; i++) {
		const struct io_row *row = &report->rows.list[i];

		if (!has_remark(report, row, remark) || is_named(report, i, remark) ||
		    count++ >= NAMES_MAX)
			continue;
		if (count == 1)
			print_clause(file, remark);
		fputs(count == 1 ? ": " : ", ", file);
		text_put(file, io_row__vm(row), 0);
		fputs(*io_row__disk(row) ? " " : "", file);
		text_put(file, io_row__disk(row), 0);
	}
	if (count > NAMES_MAX)
		fprintf(file, " and %zu more", count - NAMES_MAX);
	if (count)
		putc('\n', file);
}

/* Of each cgroup once, whatever devices there are. */
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
			text_line(file,
				  "unknown: cgroup %s is not one VM's alone: give each VM its "
				  "own, with the io controller",
				  row->vm->cgroup);
		else
			fputs("unknown: of VMs that have ended\n", file);
	}
}

static void print_guests(const struct io_report *report, FILE *file, const struct io_view *after)
{
	for (size_t i = 0; i < after->guest_count; i++) {
		const struct io_guest *guest = &after->guests[i];
		const struct io_vm *vm = io_vms__find(report->vms, guest->vm_pid);

		if (guest->rejected_reason && vm && vm->vm->chosen)
			text_line(file, "%s: %llu guest report%s refused, the last because %s",
				  vm->vm->name, (unsigned long long)guest->rejected,
				  guest->rejected == 1 ? "" : "s", guest->rejected_reason);
	}
}

void io_reasons__print(const struct io_report *report, FILE *file, const struct io_view *after)
{
	char unseen[IO_MISSING_SIZE];
	const struct {
		const char *what, *why;
	} missing[] = {
		{ "VMs may be missing", unseen },
		{ "THR is n/a", after->block.throttling_missing },
		{ "VMM's distribution is n/a", report->vmm_missing },
		{ "GAVG is n/a", report->queues_missing },
		{ "no guest reports by vsock", report->guests_missing },
	};

	io_vms__missing(report->vms, unseen, sizeof(unseen));
	putc('\n', file);
	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
		if (missing[i].why && *missing[i].why)
			text_line(file, "%s: %s", missing[i].what, missing[i].why);
	for (unsigned int remark = 0; remark < REMARKS; remark++)
		print_remark(report, file, remark);
	print_unknown(file, &report->rows);
	print_guests(report, file, after);
}
