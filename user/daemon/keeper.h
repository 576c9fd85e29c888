/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The daemon's recording: tiers of moments in one file, each with an interval of its own, old
 * moments taken out, and a limit of bytes that holds at any moment. What cannot be written is
 * counted; nothing that happens to the file ends the daemon.
 */
#ifndef KVMQ_KEEPER_H
#define KVMQ_KEEPER_H

#include "daemon/settings.h"
#include "model/view.h"
#include "recording/info.h"

struct keeper;

/* Since it was opened, but for bytes and error. */
struct keeper_state {
	uint64_t bytes;			/* of the file and its "-wal" */
	uint64_t moments[DAEMON_TIERS]; /* that were written */
	uint64_t dropped;		/* moments that were due and are not in the file */
	uint64_t failed;		/* times that old moments could not be taken out */
	uint64_t lost;			/* items that ended between two moments of a coarser tier */
	uint64_t set_aside;		/* damaged files */
	char error[128];		/* why the last moment is missing; "": it is not */
};

/* What is kept of something that went wrong. */
struct incident {
	int64_t id;		     /* from 1 on; set by keeper__keep() */
	uint64_t since_ns, until_ns; /* time of day */
	char vm[VM_SHOWN_SIZE];
	char rule[32];
	char verdict[512];
};

/*
 * Makes the file or goes on in it. Another file is refused: -errno after one line. A damaged one is
 * set aside, named, and a new one begun; on a full disk, it is tried again later. max_bytes:
 * ROOM_LEAST_BYTES at least. What info names is copied, but for the sets and the option.
 * keeper__close() it.
 */
int keeper__open(struct keeper **result, const char *path,
		 const struct daemon_tier tiers[DAEMON_TIERS], uint64_t max_bytes,
		 const struct recording_info *info);

/*
 * Writes a view to each tier that is due, by the monotonic clock. Takes out what is older than its
 * tier keeps, and more if the bytes are needed: the oldest fine moments first, then coarser ones,
 * incidents last. 0, or -errno: it is counted, was said once, and the next call tries again.
 */
int keeper__take(struct keeper *keeper, const struct view *view);

/*
 * The same, of one who leaves each view as it is until the next call, which gets it as before
 * (NULL: there is none): then the keeper needs no copy of it to tell what has changed.
 */
int keeper__take_next(struct keeper *keeper, const struct view *before, const struct view *view);

/*
 * Keeps the finest moments of these times, as an incident. All incidents take max_bytes at most:
 * the oldest ones go. 0 or -errno after one line.
 */
int keeper__keep(struct keeper *keeper, struct incident *incident, uint64_t max_bytes);

/*
 * Views come so often from now on. A tier of which a coarser one has all moments is not written: if
 * that changes, the file is opened again, and another run begins in it.
 */
void keeper__set_interval(struct keeper *keeper, uint64_t interval_ns);

void keeper__state(const struct keeper *keeper, struct keeper_state *state);

/* Leaves one file, unless somebody reads it. Accepts NULL. */
void keeper__close(struct keeper *keeper);

#endif
