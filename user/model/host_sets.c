// SPDX-License-Identifier: GPL-2.0-only
/* The set of the host, and of what it was like: one, since older recordings have it, too. */
#include "model/view_sets.h"

#define TEXT(name, member) FIELD_AS(name, struct view, member, FIELD_TEXT, FIELD_GAUGE)
#define NUMBER(name, member) FIELD_AS(name, struct view, member, FIELD_U32, FIELD_GAUGE)

static const struct field fields[] = {
	TEXT("name", host.name),
	TEXT("kernel", host.kernel),
	TEXT("boot_id", host.boot_id),
	NUMBER("cpus", host.cpus),
	TEXT("command_line", environment.command_line),
	TEXT("build", environment.build),
	NUMBER("hz", environment.hz),
	TEXT("preemption", environment.preemption),
	TEXT("features", environment.features),
	TEXT("tunables", environment.tunables),
	TEXT("sched_ext", environment.sched_ext),
	TEXT("cpu", environment.cpu),
	TEXT("microcode", environment.microcode),
	TEXT("topology", environment.topology),
};

const struct set host_set = SET_OF_VIEW("host", fields);
