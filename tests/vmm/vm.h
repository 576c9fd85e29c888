/* SPDX-License-Identifier: GPL-2.0-only */
/* The life of one VM, in the calling process. */
#ifndef VMM_VM_H
#define VMM_VM_H

#include "options.h"

/* Until its time is over, SIGTERM or SIGINT. Returns the exit status. */
int vm_main(const struct options *options);

#endif
