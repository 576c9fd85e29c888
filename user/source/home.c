// SPDX-License-Identifier: GPL-2.0-only
#include "source/home.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare_keys(const struct home_key *a, const struct home_key *b)
{
	if (a->vm_pid != b->vm_pid)
		return a->vm_pid < b->vm_pid ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

/* The first place whose key is not less. */
static size_t homes__place(const struct homes *homes, const struct home_key *key)
{
	size_t low = 0, high = homes->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (compare_keys(&homes->list[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int node_end(const struct homes *homes)
{
	return homes->node_end ? homes->node_end : NODES_MAX;
}

static struct home *homes__get(struct homes *homes, const struct home_key *key)
{
	size_t place = homes->next;
	struct home *home;
	double *run_ns;

	if (place >= homes->count || compare_keys(&homes->list[place].key, key) != 0)
		place = homes__place(homes, key);
	homes->next = place + 1;
	if (place < homes->count && !compare_keys(&homes->list[place].key, key))
		return &homes->list[place];
	run_ns = calloc((size_t)node_end(homes), sizeof(*run_ns));
	if (!run_ns || !list_add(homes)) {
		free(run_ns);
		return NULL;
	}
	home = &homes->list[place];
	memmove(home + 1, home, (homes->count - 1 - place) * sizeof(*home));
	*home = (struct home){ .key = *key, .node = NODE_NONE, .run_ns = run_ns };
	return home;
}

/* The interval is the same for all of a moment. */
static double kept_after(struct homes *homes, uint64_t elapsed_ns)
{
	if (elapsed_ns != homes->elapsed_ns || !elapsed_ns)
		homes->kept = exp2(-(double)elapsed_ns / (double)HOME_HALF_LIFE_NS);
	homes->elapsed_ns = elapsed_ns;
	return homes->kept;
}

const struct home *homes__feed(struct homes *homes, struct home_key key,
			       const uint64_t run_ns[NODES_MAX], uint64_t elapsed_ns,
			       uint64_t now_ns)
{
	struct home *home = homes__get(homes, &key);
	double kept = kept_after(homes, elapsed_ns);
	int32_t most = 0, end = node_end(homes);

	if (!home)
		return NULL;
	home->seen_ns = now_ns;
	for (int32_t node = 0; node < end; node++) {
		if (!run_ns[node] && home->run_ns[node] <= 0)
			continue; /* most nodes are not there */
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

	for (size_t i = 0; i < homes->count; i++) {
		if (homes->list[i].seen_ns == now_ns)
			homes->list[kept++] = homes->list[i];
		else
			free(homes->list[i].run_ns);
	}
	homes->count = kept;
	homes->next = 0;
}

/* What a vCPU has run on each node since before; nothing, if it existed then but was not read. */
static void find_growth(uint64_t growth[NODES_MAX], int end, const struct numa_snapshot *before,
			const struct numa_thread *old, const struct numa_thread *thread,
			const struct snapshot *snapshot, const struct thread_snapshot *from)
{
	bool known = old || !thread__is_older(from, before->time_ns, snapshot->end_ns);

	for (int node = 0; node < end; node++) {
		uint64_t was = old ? old->figures.run_ns[node] : 0;
		uint64_t is = thread->figures.run_ns[node];

		growth[node] = known && is > was ? is - was : 0;
	}
}

/* For the vCPUs; also adds what each has run to sums, which has an element for each VM of after. */
static int fill_threads(struct homes *homes, const struct numa_snapshot *before,
			struct numa_snapshot *after, const struct snapshot *snapshot,
			uint64_t (*sums)[NODES_MAX])
{
	uint64_t elapsed = after->time_ns - before->time_ns, growth[NODES_MAX];
	size_t place = 0, next = 0;
	int end = node_end(homes);

	for (size_t i = 0; i < after->threads.count; i++) {
		struct numa_thread *thread = &after->threads.list[i];
		const struct thread_snapshot *from =
			list_next(&snapshot->threads, &next, &thread->id, compare_ids);
		const struct numa_vm *vm =
			numa_snapshot__vm(after, from->identity.vm_pid, from->identity.vm_start_ns);
		const struct numa_thread *old =
			list_next(&before->threads, &place, &thread->id, compare_ids);
		const struct home *home;

		find_growth(growth, end, before, old, thread, snapshot, from);
		home = homes__feed(homes, (struct home_key){ .id = thread->id }, growth, elapsed,
				   after->time_ns);
		if (!home)
			return -ENOMEM;
		thread->home = home->node;
		thread->home_since_ns = home->since_ns;
		for (int node = 0; vm && node < end; node++)
			sums[vm - after->vms.list][node] += growth[node];
	}
	return 0;
}

static int fill_vms(struct homes *homes, struct numa_snapshot *after, uint64_t elapsed,
		    const uint64_t (*sums)[NODES_MAX])
{
	for (size_t i = 0; i < after->vms.count; i++) {
		struct numa_vm *vm = &after->vms.list[i];
		const struct home *home =
			homes__feed(homes, (struct home_key){ vm->start_ns, vm->pid }, sums[i],
				    elapsed, after->time_ns);

		if (!home)
			return -ENOMEM;
		vm->home = home->node;
		vm->home_since_ns = home->since_ns;
	}
	return 0;
}

int homes__fill(struct homes *homes, const struct numa_snapshot *before,
		struct numa_snapshot *after, const struct snapshot *snapshot)
{
	uint64_t(*sums)[NODES_MAX] = calloc(after->vms.count + 1, sizeof(*sums));
	int error = sums ? fill_threads(homes, before, after, snapshot, sums) : -ENOMEM;

	if (!error)
		error = fill_vms(homes, after, after->time_ns - before->time_ns,
				 (const uint64_t(*)[NODES_MAX])sums);
	free(sums);
	homes__sweep(homes, after->time_ns);
	return error;
}

void homes__free(struct homes *homes)
{
	for (size_t i = 0; i < homes->count; i++)
		free(homes->list[i].run_ns);
	list_free(homes);
}
