// SPDX-License-Identifier: GPL-2.0-only
/* What is derived when all has been put into the rows. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/io_rows_internal.h"

#define DEVICE_TEXT_SIZE 64

/* Counts on both sides of the VMM agree within this, and what is in flight. */
#define SAME_PCT 5

static bool was_active(const struct io_row *row)
{
	if (row->total.requests || row->in_flight)
		return true;
	for (int layer = 0; layer < IO_LAYERS; layer++)
		if (io_row__layer(row, (enum io_layer)layer)->count)
			return true;
	return false;
}

static int compare_numbers(uint64_t left, uint64_t right)
{
	return left < right ? -1 : left > right;
}

/* By VM, with its disks in their order, then what is no disk's; unknown ones are last. */
static int compare_places(const void *left, const void *right)
{
	const struct io_place *a = &((const struct io_place_rows *)left)->place;
	const struct io_place *b = &((const struct io_place_rows *)right)->place;
	int order = compare_numbers(a->kind == IO_ROW_UNKNOWN, b->kind == IO_ROW_UNKNOWN);

	if (!order)
		order = compare_numbers(a->vm ? a->vm->pid : UINT32_MAX,
					b->vm ? b->vm->pid : UINT32_MAX);
	if (!order)
		order = compare_numbers(a->kind, b->kind);
	if (!order && a->disk && b->disk)
		order = compare_numbers(a->disk->place, b->disk->place);
	if (!order)
		order = compare_numbers(a->dev, b->dev);
	if (!order && a->guest && b->guest)
		order = strcmp(a->guest->name, b->guest->name);
	return order;
}

static void add_figures(struct io_figures *sum, const struct io_figures *figures)
{
	sum->requests += figures->requests;
	sum->bytes += figures->bytes;
	sum->issued += figures->issued;
	sum->requeued += figures->requeued;
	sum->failed += figures->failed;
}

/* Which layer a row's figures come from: the lowest one that counts. */
enum source { SOURCE_NONE, SOURCE_GUEST, SOURCE_VMM, SOURCE_HOST };

static enum source source_of(const struct io_row *row)
{
	if (row->on_host)
		return SOURCE_HOST;
	if (!row->figures_known)
		return SOURCE_NONE;
	return row->known[IO_VMM] ? SOURCE_VMM : SOURCE_GUEST;
}

/* A sum on its way. */
struct sum {
	struct io_row row;
	struct pool *pool;
	enum source source;    /* whose figures it is of */
	bool own[IO_LAYERS];   /* the layer is not another row's */
	bool lacks[IO_LAYERS]; /* a distribution of some requests */
};

/* Of one row's requests alone, the sum is that row's layer. */
static int add_to_layer(struct sum *sum, const struct io_row *row, enum io_layer layer)
{
	const struct latency *first = sum->row.layers[layer];

	if (!row->layers[layer])
		return 0;
	if (!first) {
		sum->row.layers[layer] = row->layers[layer];
		return 0;
	}
	if (!sum->own[layer]) {
		sum->row.layers[layer] = NULL;
		if (!own_layer(sum->pool, &sum->row, layer))
			return -ENOMEM;
		latency__add(sum->row.layers[layer], first);
		sum->own[layer] = true;
	}
	latency__add(sum->row.layers[layer], row->layers[layer]);
	return 0;
}

/* Requests of the guest and of the host do not add up: figures are from one source only. */
static int add_row(struct sum *to, const struct io_row *row)
{
	struct io_row *sum = &to->row;

	if (source_of(row) == to->source) {
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
	if (row->guest)
		sum->guest = row->guest;
	for (int layer = 0; layer < IO_LAYERS; layer++) {
		if (!row->known[layer])
			continue;
		if (add_to_layer(to, row, (enum io_layer)layer))
			return -ENOMEM;
		/* If some requests have no distribution, the sum has none. */
		to->lacks[layer] |= row->layers[layer] && row->layers[layer]->count &&
				    !row->spread_known[layer];
		sum->spread_known[layer] |= row->spread_known[layer];
		sum->known[layer] = true;
	}
	return 0;
}

/* Whether anybody has seen the guest make requests of this kind. */
static bool was_asked_for(const struct io_row *row)
{
	return row->interval.requests || row->vmm_requests ||
	       io_row__layer(row, IO_GUEST_DEVICE)->count;
}

static bool is_cached(const struct io_disk *disk)
{
	return !disk->direct && disk->backing != DISK_VHOST_SCSI;
}

/* Or may have one: a format that is not known to be raw may not be. */
static bool has_format(const struct io_disk *disk)
{
	return strcmp(disk->format, "raw") != 0;
}

/* Whether those who see the guest's requests of each kind have seen all of them. */
static bool kinds_are_known(const struct io_row *all)
{
	return all->known[IO_VMM] || all->known[IO_GUEST_DEVICE] ||
	       (all->disk && !is_cached(all->disk) && !has_format(all->disk));
}

/*
 * The ring's figures are of all requests. They are those of one operation if there was no other.
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

/* A VM that has ended leaves flows behind for a while. */
static bool is_over(const struct io_row *row)
{
	return row->kind == IO_ROW_UNKNOWN && !row->vm && !row->interval.requests;
}

static enum source find_source(const struct io_place_rows *place)
{
	enum source source = SOURCE_NONE;

	for (int op = 0; op <= IO_ALL; op++)
		if (place->rows[op] && source_of(place->rows[op]) > source)
			source = source_of(place->rows[op]);
	return source;
}

/*
 * Appends the rows of one place, except those of other kinds that never did anything; and a row of
 * all together, if there is more than one kind, or if something is known of all together only.
 * There is room for them. Returns 0 or -ENOMEM.
 */
static int append_place(struct io_rows *out, const struct io_place_rows *place)
{
	struct io_row *first = &out->list[out->count];
	struct sum sum = { .pool = &out->pool, .source = find_source(place) };
	size_t kept = 0, active = 0;

	sum.row.kind = place->place.kind;
	sum.row.vm = place->place.vm;
	sum.row.disk = place->place.disk;
	sum.row.dev = place->place.dev;
	sum.row.op = IO_ALL;
	for (int op = 0; op <= IO_ALL; op++) {
		const struct io_row *row = place->rows[op];
		bool in_use = row && was_active(row);

		if (!row || (!in_use && op > IO_WRITE && op != IO_ALL) || is_over(row))
			continue;
		if (add_row(&sum, row))
			return -ENOMEM;
		if (op == IO_ALL)
			continue;
		active += in_use;
		first[kept++] = *row;
	}
	for (int layer = 0; layer < IO_LAYERS; layer++)
		sum.row.spread_known[layer] &= !sum.lacks[layer];
	if (io_row__layer(&sum.row, IO_RING)->count && !share_ring(first, kept, &sum.row))
		active = 2;
	if (active > 1)
		first[kept++] = sum.row;
	out->count += kept;
	return 0;
}

/* The names of all leaves, and the scheduler of the first. */
static int name_leaves(struct pool *pool, struct io_row *row, const struct io_view *view,
		       const struct io_leaf *leaves, size_t count)
{
	char *names = pool__take(pool, DEVICE_TEXT_SIZE);
	size_t used = 0;

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < count && used < DEVICE_TEXT_SIZE; i++) {
		const struct io_device *device = io_view__device(view, leaves[i].dev);

		used += (size_t)snprintf(names + used, DEVICE_TEXT_SIZE - used, "%s%s",
					 i ? "+" : "", device ? device->name : "");
		if (!i && device)
			row->scheduler = device->scheduler;
	}
	row->device = names;
	return 0;
}

/* The device of a row, which sysfs may not have. */
static int name_device(struct pool *pool, struct io_row *row, const struct io_view *view)
{
	const struct io_device *device = io_view__device(view, row->dev);
	char *number;

	if (device) {
		row->device = device->name;
		row->scheduler = device->scheduler;
		return 0;
	}
	number = pool__take(pool, DEVICE_TEXT_SIZE);
	if (!number)
		return -ENOMEM;
	snprintf(number, DEVICE_TEXT_SIZE, "%u:%u", IO_DEV_MAJOR(row->dev), IO_DEV_MINOR(row->dev));
	row->device = number;
	return 0;
}

/* APART_NOT if the disk is the only one of its VM on its leaves. */
static enum io_apart find_leaf_apart(const struct io_disk *disk, bool leaves_known)
{
	if (disk->shares)
		return APART_SHARED;
	return leaves_known ? APART_NOT : APART_UNKNOWN;
}

/* How many requests the guest made, as counted by anybody above the host's block layer. */
static bool guest_requests(const struct io_row *row, uint64_t *count)
{
	if (row->known[IO_RING])
		*count = io_row__layer(row, IO_RING)->count;
	else if (row->known[IO_VMM])
		*count = row->vmm_requests;
	else
		return false;
	return true;
}

static enum io_apart find_apart(const struct io_row *row, bool leaves_known)
{
	const struct io_disk *disk = row->disk;
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
	leaf = find_leaf_apart(disk, leaves_known);
	if (leaf != APART_NOT)
		return leaf;
	if (!row->on_host || !guest_requests(row, &above))
		return APART_UNKNOWN;
	apart = above > host ? above - host : host - above;
	allowed = above * SAME_PCT / 100 + row->in_flight + 1;
	return apart > allowed ? APART_COUNT : APART_NOT;
}

/*
 * Whether the host's block layer sees each request of a disk, and whose it is. Only a cgroup tells
 * that of writes from the page cache; of requests that a kernel worker submits even that may not.
 */
static bool is_watched(const struct io_row *row, bool leaves_known)
{
	const struct io_vm *vm = row->vm;

	if (row->kind != IO_ROW_DISK || !row->disk || !row->disk->dev ||
	    row->disk->backing == DISK_VHOST_SCSI || vm->cgroup_of_vms)
		return false;
	if (is_cached(row->disk) && (!vm->cgroup_id || vm->cgroup_of_others))
		return false;
	return find_leaf_apart(row->disk, leaves_known) == APART_NOT && !row->disk->takes_bios;
}

/*
 * None was seen: there was none. Where each request comes by, who counts does not change with the
 * first one: totals would.
 */
static bool is_idle_on_host(const struct io_row *row, bool leaves_known)
{
	if (row->on_host || !is_watched(row, leaves_known))
		return false;
	return !row->figures_known || (!row->total.requests && !is_cached(row->disk));
}

/* What is the same for all rows of a place is found for the first one. */
static int finish_place(struct pool *pool, struct io_row *rows, size_t count,
			const struct io_builder *builder)
{
	const struct io_view *after = builder->after;
	const struct io_guest *guest = rows->vm ? io_view__guest(after, rows->vm) : NULL;
	const struct io_leaf *leaves;
	size_t leaf_count = 0;
	int error = 0;

	if (rows->disk && rows->disk->dev) {
		leaves = io_view__leaves(after, rows->disk, &leaf_count);
		error = name_leaves(pool, rows, after, leaves, leaf_count);
	} else if (rows->dev) {
		error = name_device(pool, rows, after);
	}
	for (size_t i = 0; i < count && !error; i++) {
		struct io_row *row = &rows[i];

		row->device = rows->device;
		row->scheduler = rows->scheduler;
		row->elapsed_ns = builder->end_ns - builder->begin_ns;
		if (is_idle_on_host(row, leaf_count))
			row->on_host = row->figures_known = true;
		row->apart = find_apart(row, leaf_count);
		if (guest)
			row->guest_rejected = guest->rejected;
		if (guest && guest->received_ns)
			row->report_age_ns = builder->end_ns - guest->received_ns;
	}
	return error;
}

int io_rows__finish(struct io_rows *rows, struct io_builder *builder)
{
	int error = 0;

	list_sort(&builder->places, compare_places);
	for (size_t i = 0; i < builder->places.count && !error; i++) {
		size_t first = rows->count;

		if (list_reserve(rows, first + IO_ALL + 1))
			return -ENOMEM;
		error = append_place(rows, &builder->places.list[i]);
		if (!error && rows->count > first)
			error = finish_place(&rows->pool, &rows->list[first], rows->count - first,
					     builder);
	}
	return error;
}

static bool is_idle(const struct io_row *row)
{
	if (row->interval.requests || row->in_flight)
		return false;
	for (int layer = 0; layer < IO_LAYERS; layer++)
		if (io_row__layer(row, (enum io_layer)layer)->count)
			return false;
	return true;
}

/* What the rows of a place say. */
struct place_use {
	size_t active;	  /* rows that are not idle, without that of all together */
	bool ring_of_one; /* what the ring has seen is one kind's */
	bool ring_of_all;
};

static struct place_use find_use(const struct io_row *rows, size_t count)
{
	struct place_use use = { .active = 0 };

	for (size_t i = 0; i < count; i++) {
		const struct io_row *row = &rows[i];
		bool ring = io_row__layer(row, IO_RING)->count;

		if (row->op == IO_ALL)
			use.ring_of_all = ring;
		else
			use.ring_of_one |= ring;
		use.active += row->op != IO_ALL && !is_idle(row);
	}
	return use;
}

/* The row of all together is needed if it says more than the others. */
static bool is_kept(const struct place_use *use, const struct io_row *row)
{
	bool all = use->active > 1 || (use->ring_of_all && !use->ring_of_one);

	if (row->op == IO_ALL)
		return all;
	return !is_idle(row) || (row->op == IO_READ && !use->active && !all);
}

/* Where the rows of the next place begin. */
static size_t end_of_place(const struct io_rows *rows, size_t begin)
{
	size_t end = begin + 1;

	while (end < rows->count && io_row__same_place(&rows->list[begin], &rows->list[end]))
		end++;
	return end;
}

void io_rows__keep_sums(struct io_rows *rows)
{
	size_t kept = 0, end;

	for (size_t begin = 0; begin < rows->count; begin = end) {
		size_t first;

		end = end_of_place(rows, begin);
		first = rows->list[end - 1].op == IO_ALL ? end - 1 : begin;
		for (size_t i = first; i < end; i++)
			rows->list[kept++] = rows->list[i];
	}
	rows->count = kept;
}

void io_rows__drop_idle(struct io_rows *rows)
{
	size_t kept = 0, end;

	for (size_t begin = 0; begin < rows->count; begin = end) {
		struct place_use use;

		end = end_of_place(rows, begin);
		use = find_use(&rows->list[begin], end - begin);
		for (size_t i = begin; i < end; i++)
			if (is_kept(&use, &rows->list[i]))
				rows->list[kept++] = rows->list[i];
	}
	rows->count = kept;
}
