// SPDX-License-Identifier: GPL-2.0-only
/* What follows from all that was put into the rows. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "io/io_rows_internal.h"

/* Counts on both sides of the VMM agree within this, and what is on its way. */
#define SAME_PCT 5

static bool is_same_place(const struct io_row *a, const struct io_row *b)
{
	return a->kind == b->kind && a->vm == b->vm && a->disk == b->disk && a->dev == b->dev &&
	       (a->kind != IO_ROW_GUEST || !strcmp(a->guest_disk, b->guest_disk));
}

static bool was_active(const struct io_row *row)
{
	if (row->total.requests || row->in_flight)
		return true;
	for (int layer = 0; layer < IO_LAYERS; layer++)
		if (row->layers[layer].count)
			return true;
	return false;
}

static int compare_rows(const void *left, const void *right)
{
	const struct io_row *a = left, *b = right;
	uint32_t pid_a = a->vm ? a->vm->vm->pid : UINT32_MAX;
	uint32_t pid_b = b->vm ? b->vm->vm->pid : UINT32_MAX;

	if ((a->kind == IO_ROW_UNKNOWN) != (b->kind == IO_ROW_UNKNOWN))
		return a->kind == IO_ROW_UNKNOWN ? 1 : -1;
	if (pid_a != pid_b)
		return pid_a < pid_b ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->disk != b->disk)
		return a->disk < b->disk ? -1 : 1;
	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	if (a->kind == IO_ROW_GUEST && strcmp(a->guest_disk, b->guest_disk))
		return strcmp(a->guest_disk, b->guest_disk);
	return a->op < b->op ? -1 : a->op > b->op;
}

static void add_figures(struct io_figures *sum, const struct io_figures *figures)
{
	sum->requests += figures->requests;
	sum->bytes += figures->bytes;
	sum->issued += figures->issued;
	sum->requeued += figures->requeued;
	sum->failed += figures->failed;
}

/* Whose figures a row has: those of the lowest layer that counts. */
enum source { SOURCE_NONE, SOURCE_GUEST, SOURCE_VMM, SOURCE_HOST };

static enum source source_of(const struct io_row *row)
{
	if (row->on_host)
		return SOURCE_HOST;
	if (!row->figures_known)
		return SOURCE_NONE;
	return row->known[IO_VMM] ? SOURCE_VMM : SOURCE_GUEST;
}

/* Requests of the guest's and of the host's are no sum: figures are of one source alone. */
static void add_row(struct io_row *sum, bool lacks[IO_LAYERS], const struct io_row *row,
		    enum source source)
{
	if (source_of(row) == source) {
		add_figures(&sum->interval, &row->interval);
		add_figures(&sum->total, &row->total);
	}
	sum->on_host |= row->on_host;
	sum->figures_known |= row->figures_known;
	sum->in_flight += row->in_flight;
	if (row->known[IO_VMM] && !sum->vmm_requests)
		sum->vmm_by_qmp = row->vmm_by_qmp;
	else if (row->vmm_requests)
		sum->vmm_by_qmp |= row->vmm_by_qmp;
	sum->vmm_requests += row->vmm_requests;
	if (*row->guest_disk)
		memcpy(sum->guest_disk, row->guest_disk, sizeof(sum->guest_disk));
	if (*row->guest_scheduler)
		memcpy(sum->guest_scheduler, row->guest_scheduler, sizeof(sum->guest_scheduler));
	for (int layer = 0; layer < IO_LAYERS; layer++) {
		if (!row->known[layer])
			continue;
		latency__add(&sum->layers[layer], &row->layers[layer]);
		/* Requests without a distribution leave the whole without one. */
		lacks[layer] |= row->layers[layer].count && !row->spread_known[layer];
		sum->spread_known[layer] |= row->spread_known[layer];
		sum->known[layer] = true;
	}
}

/* Whether anybody has seen the guest make requests of this kind. */
static bool was_asked_for(const struct io_row *row)
{
	return row->interval.requests || row->vmm_requests || row->layers[IO_GUEST_DEVICE].count;
}

static bool is_cached(const struct disk *disk)
{
	return !disk->direct && disk->backing != DISK_VHOST_SCSI;
}

/* Or may have one: what is not known to be raw is not. */
static bool has_format(const struct disk *disk)
{
	return strcmp(disk->format, "raw") != 0;
}

/* Whether those who see the guest's requests of each kind have seen them all. */
static bool kinds_are_known(const struct io_row *all)
{
	return all->known[IO_VMM] || all->known[IO_GUEST_DEVICE] ||
	       (all->disk && !is_cached(all->disk) && !has_format(all->disk));
}

/*
 * The ring's figures are of all requests: they are one operation's where there was no other.
 * Behind the page cache, or a format, the host cannot tell. Returns whether they are.
 */
static bool share_ring(struct io_row *rows, size_t count, const struct io_row *all)
{
	struct io_row *only = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!was_asked_for(&rows[i]))
			continue;
		if (only)
			return false;
		only = &rows[i];
	}
	if (!only || !kinds_are_known(all))
		return false;
	only->layers[IO_RING] = all->layers[IO_RING];
	only->known[IO_RING] = true;
	return true;
}

/* A VM that has ended leaves flows behind that nobody forgets. */
static bool is_over(const struct io_row *row)
{
	return row->kind == IO_ROW_UNKNOWN && !row->vm && !row->interval.requests;
}

/*
 * Appends the rows of one place, which come by ascending op: but those that never did
 * anything and are no reads or writes; and a row of all if there is more than one kind, or what
 * is known of all together alone.
 */
static void finish_place(struct io_rows *out, const struct io_row *rows, size_t count)
{
	struct io_row *first = &out->list[out->count];
	bool lacks[IO_LAYERS] = { false };
	size_t kept = 0, active = 0;
	enum source source = SOURCE_NONE;
	struct io_row sum = { .kind = rows->kind,
			      .vm = rows->vm,
			      .disk = rows->disk,
			      .dev = rows->dev,
			      .op = IO_ALL };

	for (size_t i = 0; i < count; i++)
		if (source_of(&rows[i]) > source)
			source = source_of(&rows[i]);
	for (size_t i = 0; i < count; i++) {
		bool in_use = was_active(&rows[i]);

		if ((!in_use && rows[i].op > IO_WRITE && rows[i].op != IO_ALL) || is_over(&rows[i]))
			continue;
		add_row(&sum, lacks, &rows[i], source);
		if (rows[i].op == IO_ALL)
			continue;
		active += in_use;
		first[kept++] = rows[i];
	}
	for (int layer = 0; layer < IO_LAYERS; layer++)
		sum.spread_known[layer] &= !lacks[layer];
	if (sum.layers[IO_RING].count && !share_ring(first, kept, &sum))
		active = 2;
	if (active > 1)
		first[kept++] = sum;
	out->count += kept;
}

static void name_leaves(struct io_row *row, const struct io_vms *vms)
{
	const struct device *leaves[DEVICE_LEAVES_MAX];
	size_t count = devices__leaves(vms->devices, row->disk->dev, leaves, DEVICE_LEAVES_MAX);

	for (size_t i = 0; i < count && i < DEVICE_LEAVES_MAX; i++) {
		size_t used = strlen(row->device);

		snprintf(row->device + used, sizeof(row->device) - used, "%s%s", i ? "+" : "",
			 leaves[i]->name);
	}
	if (count)
		memcpy(row->scheduler, leaves[0]->scheduler, sizeof(row->scheduler));
}

static void name_device(struct io_row *row, const struct io_vms *vms)
{
	const struct device *device;

	if (row->disk && row->disk->dev) {
		name_leaves(row, vms);
		return;
	}
	if (!row->dev)
		return;
	device = devices__find(vms->devices, row->dev);
	if (device) {
		snprintf(row->device, sizeof(row->device), "%s", device->name);
		memcpy(row->scheduler, device->scheduler, sizeof(row->scheduler));
	} else {
		snprintf(row->device, sizeof(row->device), "%u:%u", IO_DEV_MAJOR(row->dev),
			 IO_DEV_MINOR(row->dev));
	}
}

/* Whether the disk is the only one of its VM that its leaves hold: APART_NOT if so. */
static enum io_apart find_leaf_apart(const struct io_row *row, const struct io_vms *vms)
{
	const struct disks *disks = row->vm->disks;
	const struct device *leaves[DEVICE_LEAVES_MAX];
	size_t count = devices__leaves(vms->devices, row->disk->dev, leaves, DEVICE_LEAVES_MAX);

	for (size_t i = 0; i < count && i < DEVICE_LEAVES_MAX; i++)
		for (size_t j = 0; j < disks->count; j++)
			if (&disks->list[j] != row->disk &&
			    io_vms__disk_is_on(vms, &disks->list[j], leaves[i]->dev))
				return APART_SHARED;
	return count ? APART_NOT : APART_UNKNOWN;
}

/* How many requests the guest made, as far as anybody above the host's block layer counts. */
static bool guest_requests(const struct io_row *row, uint64_t *count)
{
	if (row->known[IO_RING])
		*count = row->layers[IO_RING].count;
	else if (row->known[IO_VMM])
		*count = row->vmm_requests;
	else
		return false;
	return true;
}

static enum io_apart find_apart(const struct io_row *row, const struct io_vms *vms)
{
	const struct disk *disk = row->disk;
	uint64_t above, host = row->interval.requests, apart, allowed;
	enum io_apart leaf;

	if (!disk || disk->backing == DISK_UNKNOWN)
		return APART_UNKNOWN;
	if (disk->backing == DISK_VHOST_USER)
		return APART_VHOST_USER;
	if (disk->backing == DISK_NETWORK || disk->no_device)
		return APART_NETWORK;
	if (!disk->dev)
		return APART_UNPLACED;
	if (has_format(disk))
		return APART_FORMAT;
	if (is_cached(disk))
		return APART_CACHED;
	leaf = find_leaf_apart(row, vms);
	if (leaf != APART_NOT)
		return leaf;
	if (!row->on_host || !guest_requests(row, &above))
		return APART_UNKNOWN;
	apart = above > host ? above - host : host - above;
	allowed = above * SAME_PCT / 100 + row->in_flight + 1;
	return apart > allowed ? APART_COUNT : APART_NOT;
}

/*
 * Whether the host's block layer tells of each request of a disk, and whose it is. What the page
 * cache writes is known by a cgroup alone, and what a worker of the kernel submits by less.
 */
static bool is_watched(const struct io_row *row, const struct io_vms *vms)
{
	const struct io_vm *vm = row->vm;

	if (row->kind != IO_ROW_DISK || !row->disk || !row->disk->dev ||
	    row->disk->backing == DISK_VHOST_SCSI || vm->cgroup_of_vms)
		return false;
	if (is_cached(row->disk) && (!vm->cgroup_id || vm->cgroup_of_others))
		return false;
	return find_leaf_apart(row, vms) == APART_NOT && !io_vms__takes_bios(vms, row->disk);
}

static void finish_row(struct io_row *row, const struct io_moments *moments)
{
	row->elapsed_ns = moments->after->time_ns - moments->before->time_ns;
	name_device(row, moments->vms);
	if (row->disk)
		secret_mask(row->path, sizeof(row->path), row->disk->path);
	/* None was seen: there was none. */
	if (!row->figures_known && is_watched(row, moments->vms))
		row->on_host = row->figures_known = true;
	row->apart = find_apart(row, moments->vms);
	for (size_t i = 0; row->vm && i < moments->after->guest_count; i++) {
		const struct io_guest *guest = &moments->after->guests[i];

		if (guest->vm_pid != row->vm->vm->pid)
			continue;
		row->guest_rejected = guest->rejected;
		if (guest->received_ns)
			row->report_age_ns = moments->after->time_ns - guest->received_ns;
	}
}

int io_rows__finish(struct io_rows *rows, const struct io_moments *moments)
{
	struct io_rows out = { 0 };

	if (rows->count)
		qsort(rows->list, rows->count, sizeof(*rows->list), compare_rows);
	/* A row of all for each place, at most. */
	out.capacity = rows->count * 2;
	out.list = calloc(out.capacity + 1, sizeof(*out.list));
	if (!out.list)
		return -ENOMEM;
	for (size_t begin = 0, end; begin < rows->count; begin = end) {
		for (end = begin + 1; end < rows->count; end++)
			if (!is_same_place(&rows->list[begin], &rows->list[end]))
				break;
		finish_place(&out, &rows->list[begin], end - begin);
	}
	free(rows->list);
	*rows = out;
	for (size_t i = 0; i < rows->count; i++)
		finish_row(&rows->list[i], moments);
	return 0;
}

static bool is_idle(const struct io_row *row)
{
	if (row->interval.requests || row->in_flight)
		return false;
	for (int layer = 0; layer < IO_LAYERS; layer++)
		if (row->layers[layer].count)
			return false;
	return true;
}

/* What the rows of a row's place say. */
struct place_use {
	size_t active;	  /* rows that are not idle, that of all apart */
	bool ring_of_one; /* what the ring has seen is one kind's */
	bool ring_of_all;
};

static struct place_use find_use(const struct io_rows *rows, const struct io_row *row)
{
	struct place_use use = { .active = 0 };

	for (size_t i = 0; i < rows->count; i++) {
		const struct io_row *other = &rows->list[i];

		if (!is_same_place(other, row))
			continue;
		if (other->op == IO_ALL)
			use.ring_of_all = other->layers[IO_RING].count;
		else if (other->layers[IO_RING].count)
			use.ring_of_one = true;
		use.active += other->op != IO_ALL && !is_idle(other);
	}
	return use;
}

/* Of the row of all there is need if it says more than the others. */
static bool is_kept(const struct io_rows *rows, const struct io_row *row)
{
	struct place_use use = find_use(rows, row);
	bool all = use.active > 1 || (use.ring_of_all && !use.ring_of_one);

	if (row->op == IO_ALL)
		return all;
	return !is_idle(row) || (row->op == IO_READ && !use.active && !all);
}

void io_rows__drop_idle(struct io_rows *rows)
{
	bool *keep = calloc(rows->count + 1, sizeof(*keep));
	size_t kept = 0;

	if (!keep)
		return;
	for (size_t i = 0; i < rows->count; i++)
		keep[i] = is_kept(rows, &rows->list[i]);
	for (size_t i = 0; i < rows->count; i++)
		if (keep[i])
			rows->list[kept++] = rows->list[i];
	rows->count = kept;
	free(keep);
}
