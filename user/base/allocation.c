// SPDX-License-Identifier: GPL-2.0-only
#include "base/allocation.h"

#include <malloc.h>

#define LARGE (256 * 1024)
#define KEPT_FREE (1024 * 1024) /* at the heap's end */

/*
 * Left alone, glibc takes the first mapping that is freed, which is libbpf's copy of the kernel's
 * BTF, as a sign to make no more of less than that: lists then grow by copies, and leave holes.
 */
void allocation__map_large(void)
{
	mallopt(M_MMAP_THRESHOLD, LARGE);
	mallopt(M_TRIM_THRESHOLD, KEPT_FREE);
}
