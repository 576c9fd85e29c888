/* SPDX-License-Identifier: GPL-2.0-only */
/* What a recording is of: given by who writes one, and by who wants to read one. */
#ifndef KVMQ_RECORDING_INFO_H
#define KVMQ_RECORDING_INFO_H

#include "model/set.h"

/* The option, the tool and the sets stay while the recording is open; the rest need not. */
struct recording_info {
	const char *option; /* what messages begin with: "--record" */
	const char *tool;   /* "kvmq-cpu" */
	bool of_any_tool;   /* read what any tool has recorded: sets that it has not are empty */
	const char *version;
	const char *boot_id;
	const char *host;
	uint64_t interval_ns;
	/*
	 * The first is called "moments" and has no keys: its fields are known at every moment, and
	 * realtime_ns is one of them. Sets with the same place of their list have the same keys.
	 */
	const struct set *const *sets;
	uint32_t set_count;
};

#endif
