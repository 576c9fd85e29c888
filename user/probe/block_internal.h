/* SPDX-License-Identifier: GPL-2.0-only */
/* The block probe's own parts. */
#ifndef KVMQ_BLOCK_INTERNAL_H
#define KVMQ_BLOCK_INTERNAL_H

#include <bpf/libbpf.h>

#include "bpf/block.h"

/* after bpf/block.h, whose types it uses */
#include "block.skel.h"
#include "probe/block.h"
#include "probe/maps.h"

struct block_probe {
	struct block_bpf *skeleton;
	struct block_probe_config config;
	struct ring_buffer *ring; /* NULL: no events */
	struct shared_array slots;
	struct shared_array vm_tgids;
	uint32_t *tgids; /* those whose bits are set */
	size_t tgid_count;
	uint64_t owners_lost;	      /* of the present ones, those that the kernel does not know */
	uint32_t flows;		      /* in the table */
	uint32_t flows_seen;	      /* slots beyond have never been used */
	uint8_t unowned[BLOCK_FLOWS]; /* for so many calls of set_owners() */
	char throttling_missing[128]; /* empty: it is not */
};

/* Reserves the place of the slots. Returns 0 or -errno. */
int block_map_slots(struct block_probe *probe);

/*
 * How many slots are to be looked at: none before anything was attached. They are mapped. Returns 0
 * or -errno.
 */
int block_flows_used(struct block_probe *probe, uint32_t *used);

/* -errno of a blk_status_t; 0 for BLK_STS_OK; -EIO for an unknown one. */
int block_status_error(uint32_t status);

#endif
