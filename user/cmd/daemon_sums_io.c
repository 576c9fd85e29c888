// SPDX-License-Identifier: GPL-2.0-only
/* Sums of disks, from rows of I/O of each interval. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/daemon_sums_internal.h"

#define NAME_SEVERAL "several"

static bool is_taken(const struct vm_sums *vm, const char *name)
{
	for (size_t i = 0; i < vm->disks.count; i++)
		if (!strcmp(vm->disks.list[i].name, name))
			return true;
	return !strcmp(name, NAME_SEVERAL);
}

/* The VMM's name for it, unless another disk has it, too; a number that no other disk gets tells
 * them apart then. */
static void name_disk(const struct vm_sums *vm, char name[DISK_NAME_SIZE],
		      const struct io_disk *disk)
{
	char end[16];
	size_t length;

	if (!disk) {
		snprintf(name, DISK_NAME_SIZE, NAME_SEVERAL);
		return;
	}
	snprintf(name, DISK_NAME_SIZE, "%s", disk->name);
	if (*name && !is_taken(vm, name))
		return;
	snprintf(end, sizeof(end), "#%u", disk->id);
	length = strnlen(name, DISK_NAME_SIZE - 1 - strlen(end));
	snprintf(name + length, DISK_NAME_SIZE - length, "%s", end);
}

/* The sums of a row's disk, or of what is on a device with several of them; NULL: no room. */
static struct disk_sums *disk_of(struct vm_sums *vm, const struct io_row *row)
{
	uint32_t id = row->disk ? row->disk->id : DISK_SEVERAL;
	char name[DISK_NAME_SIZE];
	struct disk_sums *disk;

	for (size_t i = 0; i < vm->disks.count; i++)
		if (vm->disks.list[i].id == id)
			return &vm->disks.list[i];
	if (vm->disks.count >= DISK_SUMS)
		return NULL;
	name_disk(vm, name, row->disk);
	disk = list_add(&vm->disks);
	if (!disk)
		return NULL;
	disk->id = id;
	memcpy(disk->name, name, sizeof(disk->name));
	return disk;
}

/* Whether a row of all operations follows for the same disk: it comes last. */
static bool has_sum(const struct io_rows *rows, size_t place)
{
	for (size_t i = place; i < rows->count; i++) {
		if (!io_row__same_place(&rows->list[place], &rows->list[i]))
			return false;
		if (rows->list[i].op == IO_ALL)
			return true;
	}
	return false;
}

/* The ring's figures are of all operations together; those of others add up. What a guest reports
 * is a stranger's, who could make a counter go down: no metric has it. */
static bool is_taken_from(const struct io_row *row, enum io_layer layer, bool with_sum)
{
	if (layer == IO_GUEST_QUEUE || layer == IO_GUEST_DEVICE || !row->known[layer])
		return false;
	return layer == IO_RING ? row->op == IO_ALL || !with_sum : row->op != IO_ALL;
}

static void take_row(struct vm_sums *vm, struct disk_sums *disk, const struct io_row *row,
		     bool with_sum)
{
	disk->missed = 0;
	for (int layer = 0; layer < IO_LAYERS; layer++) {
		const struct latency *latency = io_row__layer(row, (enum io_layer)layer);

		if (!is_taken_from(row, (enum io_layer)layer, with_sum))
			continue;
		disk->layers_known[layer] = true;
		disk->layers[layer].count += latency->count;
		disk->layers[layer].ns += latency->sum_ns;
		if (!row->spread_known[layer])
			continue;
		vm->io_spread_known[layer] = true;
		coarse_sum__add(&vm->io[layer], &latency->hist, 1, latency->sum_ns);
	}
	if (row->op == IO_ALL || !(row->on_host || row->known[IO_VMM]))
		return;
	disk->ops_known[row->op] = true;
	disk->requests[row->op] += row->interval.requests;
	disk->bytes[row->op] += row->interval.bytes;
}

/* A disk that has gone takes its series with it. */
static void drop_disks(struct daemon_sums *sums)
{
	for (size_t i = 0; i < sums->vm_count; i++) {
		struct vm_sums *vm = sums->vms[i];
		size_t kept = 0;

		for (size_t j = 0; j < vm->disks.count; j++)
			if (vm->disks.list[j].missed <= MISSED_MAX)
				vm->disks.list[kept++] = vm->disks.list[j];
		vm->disks.count = kept;
	}
}

int daemon_sums__take_io(struct daemon_sums *sums, const struct io_rows *rows)
{
	sums->disks_left_out = 0;
	if (!sums->io_known)
		return 0;
	for (size_t i = 0; i < sums->vm_count; i++)
		for (size_t j = 0; j < sums->vms[i]->disks.count; j++)
			sums->vms[i]->disks.list[j].missed++;
	for (size_t i = 0; i < rows->count; i++) {
		const struct io_row *row = &rows->list[i];
		struct disk_sums *disk;
		struct vm_sums *vm;

		if (!row->vm || (row->kind != IO_ROW_DISK && row->kind != IO_ROW_VM))
			continue;
		vm = daemon_sums__vm(sums, row->vm->pid, row->vm->start_ns);
		disk = vm ? disk_of(vm, row) : NULL;
		if (disk)
			take_row(vm, disk, row, has_sum(rows, i));
		else
			sums->disks_left_out += vm && row->op == IO_READ;
	}
	drop_disks(sums);
	return 0;
}
