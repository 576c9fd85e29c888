/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_KEEPER_INTERNAL_H
#define KVMQ_KEEPER_INTERNAL_H

#include "daemon/keeper.h"
#include "recording/thin.h"

#define LEAST_PAGES 64 /* for a moment */

/* A VM with vCPUs that have exited since the last moment of a tier. */
struct exited_vm {
	struct vm vm;		/* as in the last view that had it */
	struct figures counted; /* of those that this counts as exited */
	struct figures fresh;	/* of those that the next view will */
};

struct kept_tier {
	struct daemon_tier wanted; /* keep_ns 0: there is none */
	/*
	 * Views come so seldom that a coarser one, which keeps as long, has all of its moments: it
	 * is not written, and what it has goes in time.
	 */
	bool is_covered;
	LIST(struct moment_block) blocks;
	uint64_t last_ns; /* monotonic; of the last moment of this run */
	bool has_last;
	LIST(struct exited_vm) exited;
	LIST(struct vm) vms; /* of settled, which borrows all else of a view */
	struct view settled;
};

struct keeper {
	char *path, *version, *boot_id, *host;
	struct recording_info info;		/* the texts are those above */
	struct daemon_tier asked[DAEMON_TIERS]; /* for */
	struct kept_tier tiers[DAEMON_TIERS];
	uint64_t max_bytes;
	struct recorder *recorder; /* NULL: it could not be opened again */
	bool is_loaded;		   /* the blocks that it has from before */
	uint64_t retry_ns;	   /* monotonic; then it is tried */
	bool lends;		   /* the view that it is given stays until the next one */
	bool has_given;		   /* it, to the recorder */
	const struct view *before; /* the last one, if that was so; only while one is taken */
	int64_t most_pages;	   /* that a moment has taken lately */
	int64_t rows;		   /* that the last moment had */
	struct keeper_state state;
	int error; /* of the last moment */
};

/* Takes out what is older than its tier keeps: some rows of it. 0 or -errno after one line. */
int keeper__thin(struct keeper *keeper, const struct thin_now *now);

/*
 * Takes out old moments until so many pages can be written: 0, or -errno after one line. If all has
 * gone and it is still too little, 0: the writing will tell.
 */
int keeper__make_room(struct keeper *keeper, int64_t pages);

/* Writes a moment to the tiers whose bits are set: 0, or -errno after one line. */
int keeper__write(struct keeper *keeper, const struct view *view, unsigned int due);

/* Whether it gets moments. */
static inline bool kept_tier__is_written(const struct kept_tier *tier)
{
	return tier->wanted.keep_ns && !tier->is_covered;
}

/* Whether no finer tier is written. */
bool keeper__is_finest(const struct keeper *keeper, uint32_t place);

/* Looks which vCPUs have exited. For each view, once. */
void keeper__note_exited(struct keeper *keeper, const struct view *view);

/*
 * The view as it is to be written to a tier, with all vCPUs that the recorder adds. Valid until the
 * next call for this tier, as long as the view is. NULL: no memory.
 */
const struct view *keeper__settle(struct kept_tier *tier, const struct view *view);

#endif
