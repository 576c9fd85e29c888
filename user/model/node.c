// SPDX-License-Identifier: GPL-2.0-only
#include "model/node.h"

#include <stddef.h>

const struct node *nodes__find(const struct nodes *nodes, uint32_t id)
{
	for (size_t i = 0; i < nodes->count; i++)
		if (nodes->list[i].id == id)
			return &nodes->list[i];
	return NULL;
}

uint32_t nodes__limit(const struct nodes *nodes)
{
	return nodes->count ? nodes->list[nodes->count - 1].id + 1 : 0;
}
