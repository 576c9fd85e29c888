/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps moments of a recording of several tiers that thinning does not touch: those of an incident,
 * in a tier of their own. Functions return 0 or -errno after one line.
 */
#ifndef KVMQ_KEEP_H
#define KVMQ_KEEP_H

#include "recording/recorder.h"
#include "recording/recording.h"

/*
 * Copies the finest moments of this run between two times of day, from the last whole one before
 * them on. incident->id, first and last are set. All incidents together take max_bytes at most: the
 * oldest ones go. -ENODATA: there is no moment of that time. -EDQUOT: it alone takes more bytes.
 */
int keep__add(struct recorder *recorder, struct recorded_incident *incident, uint64_t max_bytes);

/* For a file that was there before: rows that no incident needs are taken out in time. */
int keep__load(struct recorder *recorder);

/* Lets the oldest one go, if there is one: *gone says so. */
int keep__drop_oldest(struct recorder *recorder, bool *gone);

#endif
