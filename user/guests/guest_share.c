// SPDX-License-Identifier: GPL-2.0-only
#include "guests/guest_share.h"

static void go_on(struct guest_share *share, uint64_t now_ns)
{
	if (now_ns - share->begin_ns < GUEST_WINDOW_NS)
		return;
	share->begin_ns = now_ns;
	share->bytes = 0;
}

size_t guest_share__room(struct guest_share *own, struct guest_share *all, size_t guests,
			 uint64_t now_ns)
{
	size_t most = GUEST_WINDOW_BYTES, part = GUEST_WINDOW_ALL / guests;

	go_on(own, now_ns);
	go_on(all, now_ns);
	if (part < GUEST_PART_MIN)
		part = GUEST_PART_MIN;
	if (all->bytes >= GUEST_WINDOW_ALL && part < most)
		most = part;
	return own->bytes < most ? most - own->bytes : 0;
}
