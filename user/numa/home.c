// SPDX-License-Identifier: GPL-2.0-only
#include "numa/home.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The first place whose key is not less. */
static size_t homes__place(const struct homes *homes, uint64_t key)
{
	size_t low = 0, high = homes->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (homes->list[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct home *homes__get(struct homes *homes, uint64_t key)
{
	size_t place = homes__place(homes, key);

	if (place < homes->count && homes->list[place].key == key)
		return &homes->list[place];
	if (homes->count == homes->capacity) {
		size_t capacity = homes->capacity ? homes->capacity * 2 : 16;
		void *list = reallocarray(homes->list, capacity, sizeof(*homes->list));

		if (!list)
			return NULL;
		homes->list = list;
		homes->capacity = capacity;
	}
	memmove(homes->list + place + 1, homes->list + place,
		(homes->count - place) * sizeof(*homes->list));
	homes->count++;
	homes->list[place] = (struct home){ .key = key, .node = NODE_NONE };
	return &homes->list[place];
}

const struct home *homes__feed(struct homes *homes, uint64_t key, const uint64_t run_ns[NODES_MAX],
			       uint64_t elapsed_ns, uint64_t now_ns)
{
	struct home *home = homes__get(homes, key);
	double kept = exp2(-(double)elapsed_ns / (double)HOME_HALF_LIFE_NS);
	int32_t most = 0;

	if (!home)
		return NULL;
	home->seen_ns = now_ns;
	for (int32_t node = 0; node < NODES_MAX; node++) {
		home->run_ns[node] = home->run_ns[node] * kept + (double)run_ns[node];
		if (home->run_ns[node] > home->run_ns[most])
			most = node;
	}
	if (home->run_ns[most] <= 0 || most == home->node)
		return home;
	if (home->node != NODE_NONE &&
	    home->run_ns[most] * 100 <= home->run_ns[home->node] * HOME_AHEAD_PERCENT)
		return home;
	/* The first home is no change. */
	if (home->node != NODE_NONE)
		home->since_ns = now_ns;
	home->node = most;
	return home;
}

void homes__sweep(struct homes *homes, uint64_t now_ns)
{
	size_t kept = 0;

	for (size_t i = 0; i < homes->count; i++)
		if (homes->list[i].seen_ns == now_ns)
			homes->list[kept++] = homes->list[i];
	homes->count = kept;
}

void homes__free(struct homes *homes)
{
	free(homes->list);
	*homes = (struct homes){ 0 };
}
