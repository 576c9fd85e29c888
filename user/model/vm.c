// SPDX-License-Identifier: GPL-2.0-only
#include "model/vm.h"

int vm__compare(const void *left, const void *right)
{
	const struct vm *a = left, *b = right;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return a->start_ns < b->start_ns ? -1 : a->start_ns > b->start_ns;
}
