// SPDX-License-Identifier: GPL-2.0-only
#include "io/io_rows.h"

bool io_row__kavg(const struct io_row *row, uint64_t *ns)
{
	const struct latency *ring = io_row__layer(row, IO_RING);
	const struct latency *device = io_row__layer(row, IO_DEVICE);

	if (row->apart != APART_NOT || !row->known[IO_RING] || !row->known[IO_DEVICE] ||
	    !ring->count || !device->count || latency__mean(ring) < latency__mean(device))
		return false;
	*ns = latency__mean(ring) - latency__mean(device);
	return true;
}

bool io_row__same_place(const struct io_row *a, const struct io_row *b)
{
	return a->kind == b->kind && a->vm == b->vm && a->disk == b->disk && a->dev == b->dev &&
	       (a->kind != IO_ROW_GUEST || a->guest == b->guest);
}

const struct latency *io_row__layer(const struct io_row *row, enum io_layer layer)
{
	static const struct latency none;

	return row->layers[layer] ? row->layers[layer] : &none;
}

const char *io_row__vm(const struct io_row *row)
{
	if (row->kind == IO_ROW_UNKNOWN)
		return "unknown";
	return row->vm ? row->vm->name : "";
}

const char *io_row__disk(const struct io_row *row)
{
	return row->disk ? row->disk->name : io_row__guest_disk(row);
}

const char *io_row__guest_disk(const struct io_row *row)
{
	return row->guest ? row->guest->name : "";
}

const char *io_op__name(enum io_op op)
{
	static const char *const names[] = { "read", "write", "discard", "flush", "other", "all" };

	return names[op];
}

const char *io_apart__name(enum io_apart apart)
{
	static const char *const names[IO_APARTS] = {
		[APART_UNKNOWN] = "unknown",	   [APART_CACHED] = "cached",
		[APART_FORMAT] = "format",	   [APART_NETWORK] = "network",
		[APART_VHOST_USER] = "vhost-user", [APART_COUNT] = "count",
		[APART_SHARED] = "shared",	   [APART_UNPLACED] = "unplaced",
	};

	return names[apart];
}

const char *io_apart__clause(enum io_apart apart)
{
	static const char *const clauses[IO_APARTS] = {
		[APART_UNKNOWN] = "what the guest asks for is not counted: give --qmp",
		[APART_CACHED] = "the host's page cache is in between: Q and D are of its requests",
		[APART_FORMAT] = "the image is not raw, or not known to be: a request of the guest "
				 "may be none or several of the host's",
		[APART_NETWORK] = "the disk is on no device of this host",
		[APART_VHOST_USER] = "another process serves the disk",
		[APART_COUNT] = "guest and host did not make the same number of requests",
		[APART_SHARED] = "the device has more than one disk of this VM",
		[APART_UNPLACED] = "it is not known which device of this host the disk is on",
	};

	return clauses[apart];
}

const char *io_layer__key(enum io_layer layer)
{
	static const char *const keys[IO_LAYERS] = { "gq", "gdev", "gavg", "vmm", "thr", "q", "d" };

	return keys[layer];
}

const char *io_layer__header(enum io_layer layer)
{
	static const char *const headers[IO_LAYERS] = {
		"gQ", "gDEV", "GAVG", "VMM", "THR", "Q", "D"
	};

	return headers[layer];
}
