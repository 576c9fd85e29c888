// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/diff_shares.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static size_t parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

static int compare_parents(const struct diff_share *a, const struct diff_share *b)
{
	if (a->parent != b->parent)
		return a->parent < b->parent ? -1 : 1;
	return strncmp(a->path, b->path, a->parent);
}

static int compare(const void *left, const void *right)
{
	const struct diff_share *a = left, *b = right;
	int parents = compare_parents(a, b);

	return parents ? parents : strcmp(a->path, b->path);
}

/* Several VMs may be below one. */
static void drop_doubles(struct diff_shares *shares)
{
	size_t kept = 0;

	for (size_t i = 0; i < shares->count; i++)
		if (!kept || strcmp(shares->list[kept - 1].path, shares->list[i].path) != 0)
			shares->list[kept++] = shares->list[i];
	shares->count = kept;
}

static void find_sums(struct diff_shares *shares)
{
	for (size_t i = 0, end; i < shares->count; i = end) {
		uint64_t sum = 0;

		for (end = i;
		     end < shares->count && !compare_parents(&shares->list[i], &shares->list[end]);
		     end++)
			sum += shares->list[end].weight;
		for (size_t j = i; j < end; j++)
			shares->list[j].sum = sum;
	}
}

int diff_shares__make(struct diff_shares *shares, const struct view *view)
{
	list_clear(shares);
	for (size_t i = 0; i < view->limits.count; i++) {
		const struct cgroup_limit *limit = &view->limits.list[i];
		struct diff_share *one = list_add(shares);

		if (!one)
			return -ENOMEM;
		*one = (struct diff_share){ .path = limit->path,
					    .parent = parent_of(limit->path),
					    .weight = limit->cpu_weight };
	}
	list_sort(shares, compare);
	drop_doubles(shares);
	find_sums(shares);
	return 0;
}

double diff_shares__of(const struct diff_shares *shares, const struct why_vm *vm)
{
	double share = 1;
	size_t count;
	const struct cgroup_limit *limits = why_vm__limits(vm, &count);

	for (size_t i = 0; i < count; i++) {
		const struct diff_share key = { .path = limits[i].path,
						.parent = parent_of(limits[i].path) };
		const struct diff_share *one = list_find(shares, &key, compare);

		if (!one || !one->weight)
			return NAN;
		share *= (double)one->weight / (double)one->sum;
	}
	return count ? share : NAN;
}

void diff_shares__free(struct diff_shares *shares)
{
	list_free(shares);
}
