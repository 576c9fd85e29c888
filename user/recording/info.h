/* SPDX-License-Identifier: GPL-2.0-only */
/* What a recording is about, as a writer or a reader says it. */
#ifndef KVMQ_RECORDING_INFO_H
#define KVMQ_RECORDING_INFO_H

#include "model/set.h"

/* The option, the tool and the sets must stay while the recording is open; the rest need not. */
struct recording_info {
	const char *option; /* what messages begin with: "--record" */
	const char *tool;   /* "kvmq-cpu" */
	bool of_any_tool;   /* read what any tool has recorded: sets that it lacks are empty */
	const char *version;
	const char *boot_id;
	const char *host;
	uint64_t interval_ns;
	/*
	 * The first is called "moments" and has no keys. Its fields are known at every moment;
	 * realtime_ns is one of them. Sets of the same list have the same keys.
	 */
	const struct set *const *sets;
	uint32_t set_count;
};

#endif
