/* SPDX-License-Identifier: GPL-2.0-only */
/* What a row is. */
#ifndef KVMQ_GROUP_BY_H
#define KVMQ_GROUP_BY_H

enum group_by {
	BY_VCPU,
	BY_VM,
	BY_THREAD,
	BY_DEVICE,
};

#endif
