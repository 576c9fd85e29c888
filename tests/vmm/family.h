/* SPDX-License-Identifier: GPL-2.0-only */
/* Several VMs, each in a process of its own: all at once, or one after another. */
#ifndef VMM_FAMILY_H
#define VMM_FAMILY_H

#include "options.h"

/* Returns, the exit status, once every process has ended and been waited for. */
int family_main(const struct options *options);

#endif
