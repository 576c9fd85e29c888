// SPDX-License-Identifier: GPL-2.0-only
#include "probe/overlap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/overlap.h"
#include "overlap.skel.h"
#include "probe/kernel.h"
#include "probe/sched_internal.h"

struct overlap_probe {
	struct overlap_bpf *skeleton;
	LIST(uint32_t) pids; /* of the VMs of a snapshot, in order */
};

_Static_assert(OVERLAP_WAITING == SNAPSHOT_WAITING, "both sides count as far");

static int configure(struct overlap_bpf *skeleton, const struct sched_bpf *sched)
{
	skeleton->rodata->compat_switch_has_state = sched->rodata->compat_switch_has_state;
	skeleton->rodata->use_verdicts = sched->rodata->use_verdicts;
	bpf_map__set_max_entries(skeleton->maps.counted, bpf_map__max_entries(sched->maps.threads));
	return share_slots(skeleton->obj, sched->obj);
}

int overlap_probe__open(struct overlap_probe **out, const struct sched_probe *sched)
{
	struct overlap_probe *probe = calloc(1, sizeof(*probe));
	int error;

	if (!probe)
		return -ENOMEM;
	probe->skeleton = overlap_bpf__open();
	error = probe->skeleton ? configure(probe->skeleton, sched->skeleton) : -errno;
	if (!error)
		error = overlap_bpf__load(probe->skeleton);
	if (!error) {
		kernel_tell_programs("overlap", probe->skeleton->obj);
		error = overlap_bpf__attach(probe->skeleton);
	}
	if (error) {
		overlap_probe__close(probe);
		return error;
	}
	*out = probe;
	return 0;
}

void overlap_probe__close(struct overlap_probe *probe)
{
	if (!probe)
		return;
	overlap_bpf__destroy(probe->skeleton);
	list_free(&probe->pids);
	free(probe);
}

void overlap_probe__start(struct overlap_probe *probe)
{
	__atomic_store_n(&probe->skeleton->bss->enabled, true, __ATOMIC_RELEASE);
}

/* The first look at threads that have not switched yet counts them. */
static int count_first(const struct overlap_probe *probe, uint32_t slots)
{
	int fd = bpf_program__fd(probe->skeleton->progs.overlap_first), error = 0;

	for (uint64_t first = 0; first < slots && !error; first += SCHED_PROGRESS_BATCH) {
		LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &first,
			    .ctx_size_in = sizeof(first));

		error = bpf_prog_test_run_opts(fd, &options) ? -errno : 0;
	}
	return error;
}

/* Adds the present state, as book() of overlap.bpf.c will. */
static void add_progress(struct overlap *overlap, uint64_t state, uint64_t now_rq)
{
	uint64_t ns = (now_rq - (state >> OVERLAP_TIME_SHIFT)) & OVERLAP_TIME_MASK;
	uint64_t waiting = state & OVERLAP_COUNT_MASK;

	if (!waiting || ns > OVERLAP_TIME_MASK / 2)
		return;
	if (state >> OVERLAP_COUNT_BITS & OVERLAP_COUNT_MASK)
		overlap->hazard_ns += ns;
	else
		overlap->stalled_ns += ns;
	overlap->waiting_ns[(waiting < SNAPSHOT_WAITING ? waiting : SNAPSHOT_WAITING) - 1] += ns;
}

static int add_vm(struct snapshot *snapshot, uint32_t vm_pid, const struct overlap_vm *value,
		  uint64_t now_rq)
{
	struct overlap *overlap = list_add(&snapshot->overlaps);

	if (!overlap)
		return -ENOMEM;
	*overlap = (struct overlap){ .vm_pid = vm_pid,
				     .hazard_ns = value->hazard_ns,
				     .stalled_ns = value->stalled_ns };
	memcpy(overlap->waiting_ns, value->waiting_ns, sizeof(overlap->waiting_ns));
	add_progress(overlap, value->state, now_rq);
	return 0;
}

static int compare_pids(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
}

/* Threads of one VM mostly stand together. */
static int list_vms(struct overlap_probe *probe, const struct snapshot *snapshot)
{
	list_clear(&probe->pids);
	for (size_t i = 0; i < snapshot->threads.count; i++) {
		uint32_t pid = snapshot->threads.list[i].identity.vm_pid, *added;

		if (probe->pids.count && probe->pids.list[probe->pids.count - 1] == pid)
			continue;
		added = list_add(&probe->pids);
		if (!added)
			return -ENOMEM;
		*added = pid;
	}
	list_sort(&probe->pids, compare_pids);
	return 0;
}

int overlap_probe__read(struct overlap_probe *probe, struct snapshot *snapshot, uint32_t slots,
			uint64_t now_rq)
{
	int fd = bpf_map__fd(probe->skeleton->maps.overlaps), error = count_first(probe, slots);
	uint32_t vm_pid, *before = NULL, last;
	struct overlap_vm value;

	if (!error)
		error = list_vms(probe, snapshot);
	while (!error && !bpf_map_get_next_key(fd, before, &vm_pid)) {
		bool gone = !list_find(&probe->pids, &vm_pid, compare_pids);

		if (!gone && !bpf_map_lookup_elem(fd, &vm_pid, &value))
			error = add_vm(snapshot, vm_pid, &value, now_rq);
		/* The search for the next key starts from one that still exists. */
		if (gone) {
			bpf_map_delete_elem(fd, &vm_pid);
			continue;
		}
		last = vm_pid;
		before = &last;
	}
	list_sort(&snapshot->overlaps, compare_overlaps);
	snapshot->losses.overlap = probe->skeleton->bss->lost;
	return error;
}
