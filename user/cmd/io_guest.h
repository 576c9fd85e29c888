/* SPDX-License-Identifier: GPL-2.0-only */
/* kvmq-io inside a guest: reports to the host. */
#ifndef KVMQ_IO_GUEST_H
#define KVMQ_IO_GUEST_H

#include "cli/options.h"

/* Reports each interval until it is told to end. Returns an exit status. */
int io_guest__run(const struct options *options);

#endif
