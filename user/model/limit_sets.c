// SPDX-License-Identifier: GPL-2.0-only
/* The sets of what the host and its cgroups give. */
#include "model/view_sets.h"

#define LIMIT(member, type, kind) FIELD(struct cgroup_limit, member, type, kind)

static const struct field use_fields[] = {
	FIELD_AS("known", struct view, use.known, FIELD_BOOL, FIELD_GAUGE),
	FIELD_AS("busy_ns", struct view, use.busy_ns, FIELD_U64, FIELD_COUNTER),
	FIELD_AS("idle_ns", struct view, use.idle_ns, FIELD_U64, FIELD_COUNTER),
	FIELD_AS("stolen_ns", struct view, use.stolen_ns, FIELD_U64, FIELD_COUNTER),
};

static const struct field limit_fields[] = {
	LIMIT(vm_pid, FIELD_U32, FIELD_KEY),
	LIMIT(vm_start_ns, FIELD_U64, FIELD_KEY),
	LIMIT(depth, FIELD_U32, FIELD_KEY),
	LIMIT(path, FIELD_TEXT, FIELD_GAUGE),
	LIMIT(cpu_known, FIELD_BOOL, FIELD_GAUGE),
	LIMIT(cpu_weight, FIELD_U32, FIELD_GAUGE),
	LIMIT(quota_ns, FIELD_U64, FIELD_GAUGE),
	LIMIT(period_ns, FIELD_U64, FIELD_GAUGE),
	LIMIT(io_max, FIELD_TEXT, FIELD_GAUGE),
	LIMIT(periods, FIELD_U64, FIELD_COUNTER),
	LIMIT(short_periods, FIELD_U64, FIELD_COUNTER),
	LIMIT(throttled_ns, FIELD_U64, FIELD_COUNTER),
};

const struct set host_use_set = SET_OF_VIEW("host_use", use_fields);
const struct set limit_set = SET_OF_LIST("cgroup_limits", limits, limit_fields, 3);
