// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/daemon_sums.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/daemon_sums_internal.h"

#define COARSE(place) (1ULL << (COARSE_MIN_BITS + COARSE_STEP_BITS * (place)))
const uint64_t coarse_bounds[COARSE_BOUNDS] = { COARSE(0), COARSE(1), COARSE(2), COARSE(3),
						COARSE(4), COARSE(5), COARSE(6), COARSE(7),
						COARSE(8), COARSE(9), COARSE(10) };

/* Bounds are powers of two, so buckets come in octaves: a compiler takes one of these at once. */
static void add_octave(uint32_t sums[HIST_SUB], const uint32_t *buckets)
{
	for (uint32_t i = 0; i < HIST_SUB; i++)
		sums[i] += buckets[i];
}

/* In octaves of hist.h, of which there is one below HIST_MIN_BITS. */
#define OCTAVES (HIST_BUCKETS / HIST_SUB)
_Static_assert(COARSE_MIN_BITS + 1 - HIST_MIN_BITS == COARSE_STEP_BITS, "all are as wide");

static uint32_t count_octaves(const uint32_t (*parts)[HIST_BUCKETS], int count, uint32_t first,
			      uint32_t octaves)
{
	uint32_t sums[HIST_SUB] = { 0 }, sum = 0;

	for (int part = 0; part < count; part++)
		for (uint32_t octave = 0; octave < octaves; octave++)
			add_octave(sums, &parts[part][(first + octave) * HIST_SUB]);
	for (uint32_t i = 0; i < HIST_SUB; i++)
		sum += sums[i];
	return sum;
}

void coarse__counts(uint32_t coarse[COARSE_BUCKETS], const uint32_t (*parts)[HIST_BUCKETS],
		    int count)
{
	uint32_t octave = 0;

	for (int i = 0; i < COARSE_BOUNDS; i++, octave += COARSE_STEP_BITS)
		coarse[i] = count_octaves(parts, count, octave, COARSE_STEP_BITS);
	coarse[COARSE_BOUNDS] = count_octaves(parts, count, octave, OCTAVES - octave);
}

void coarse_sum__add(struct coarse_sum *sum, const uint32_t (*parts)[HIST_BUCKETS], int count,
		     uint64_t sum_ns)
{
	uint32_t coarse[COARSE_BUCKETS];

	coarse__counts(coarse, parts, count);
	for (int i = 0; i < COARSE_BUCKETS; i++)
		sum->counts[i] += coarse[i];
	sum->sum_ns += sum_ns;
}

void sum__raise(uint64_t *sum, uint64_t *high, uint64_t value)
{
	if (value <= *high)
		return;
	*sum += value - *high;
	*high = value;
}

/* ---- VMs ---- */

/* The place of a VM, or where it belongs. */
static size_t vm_place(const struct daemon_sums *sums, uint32_t pid, uint64_t start_ns)
{
	size_t low = 0, high = sums->vm_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct vm_sums *vm = sums->vms[middle];

		if (vm->pid < pid || (vm->pid == pid && vm->start_ns < start_ns))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct vm_sums *daemon_sums__vm(const struct daemon_sums *sums, uint32_t pid, uint64_t start_ns)
{
	size_t place = vm_place(sums, pid, start_ns);
	struct vm_sums *vm = place < sums->vm_count ? sums->vms[place] : NULL;

	return vm && vm->pid == pid && vm->start_ns == start_ns ? vm : NULL;
}

struct vm_sums *daemon_sums__add_vm(struct daemon_sums *sums, uint32_t pid, uint64_t start_ns)
{
	size_t place = vm_place(sums, pid, start_ns);
	struct vm_sums *vm;

	if (sums->vm_count == sums->vm_capacity) {
		size_t capacity = sums->vm_capacity ? sums->vm_capacity * 2 : 16;
		void *list = reallocarray(sums->vms, capacity, sizeof(*sums->vms));

		if (!list)
			return NULL;
		sums->vms = list;
		sums->vm_capacity = capacity;
	}
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return NULL;
	vm->pid = pid;
	vm->start_ns = start_ns;
	vm->home = NODE_NONE;
	memset(vm->levels, VERDICT_NOT_ASKED, sizeof(vm->levels));
	memmove(&sums->vms[place + 1], &sums->vms[place],
		(sums->vm_count - place) * sizeof(*sums->vms));
	sums->vms[place] = vm;
	sums->vm_count++;
	return vm;
}

static void vm_sums__free(struct vm_sums *vm)
{
	list_free(&vm->vcpus);
	list_free(&vm->reasons);
	list_free(&vm->pairs);
	list_free(&vm->disks);
	free(vm);
}

void domain__copy(char domain[VM_SHOWN_SIZE], const struct vm *vm)
{
	char end[16];
	size_t length, at;

	snprintf(domain, VM_SHOWN_SIZE, "%s", vm->name);
	snprintf(end, sizeof(end), "-%u", vm->pid);
	length = strlen(end);
	at = strlen(domain);
	if (at > length && !strcmp(domain + at - length, end))
		domain[at - length] = '\0';
}

void vm_sums__name(struct vm_sums *vm, const struct vm *from)
{
	domain__copy(vm->domain, from);
	snprintf(vm->uuid, sizeof(vm->uuid), "%s", from->uuid);
	snprintf(vm->id, sizeof(vm->id), "%s", from->id);
	vm->in_pods = strstr(from->cgroup, "kubepods") != NULL;
}

static void miss_vms(struct daemon_sums *sums)
{
	for (size_t i = 0; i < sums->vm_count; i++)
		sums->vms[i]->missed++;
}

/* Of those with the same labels that stay, the one that is shown next; NULL: there is none. */
static struct vm_sums *find_heir(const struct daemon_sums *sums, const struct vm_sums *gone)
{
	struct vm_sums *heir = NULL;

	for (size_t i = 0; i < sums->vm_count; i++) {
		struct vm_sums *vm = sums->vms[i];

		if (vm->missed <= MISSED_MAX && vm_sums__same_labels(vm, gone) &&
		    (!heir || vm_sums__compare(vm, heir) < 0))
			heir = vm;
	}
	return heir;
}

/*
 * The counters of a twin behind the heir were never shown: nobody inherits them. 0 or -ENOMEM.
 */
static int leave_to_heir(const struct daemon_sums *sums, const struct vm_sums *gone)
{
	struct vm_sums *heir = find_heir(sums, gone);

	if (!heir || vm_sums__compare(heir, gone) < 0)
		return 0;
	return vm_sums__inherit(heir, gone);
}

static int drop_vms(struct daemon_sums *sums)
{
	size_t kept = 0;
	int error = 0;

	for (size_t i = 0; i < sums->vm_count; i++)
		if (sums->vms[i]->missed > MISSED_MAX && leave_to_heir(sums, sums->vms[i]))
			error = -ENOMEM;
	for (size_t i = 0; i < sums->vm_count; i++)
		if (sums->vms[i]->missed > MISSED_MAX)
			vm_sums__free(sums->vms[i]);
		else
			sums->vms[kept++] = sums->vms[i];
	sums->vm_count = kept;
	return error;
}

static void take_overlaps(struct daemon_sums *sums, const struct snapshot *after)
{
	for (size_t i = 0; i < sums->vm_count; i++) {
		struct vm_sums *vm = sums->vms[i];
		const struct overlap *overlap =
			vm->missed ? NULL : snapshot__overlap(after, vm->pid);

		vm->overlap_known = overlap;
		if (!overlap)
			continue;
		sum__raise(&vm->hazard_ns, &vm->hazard_high, overlap->hazard_ns);
		sum__raise(&vm->stalled_ns, &vm->stalled_high, overlap->stalled_ns);
	}
}

static void take_parts(struct daemon_sums *sums, const struct view *after)
{
	sums->exits_known = !*after->exits.missing && !after->exits.silent;
	sums->nodes_known = after->numa.nodes.count;
	sums->io_known = !*after->io.missing.all;
	sums->nodes = 0;
	for (size_t i = 0; i < after->numa.nodes.count; i++)
		if (after->numa.nodes.list[i].id < NODES_MAX)
			sums->nodes |= 1ULL << after->numa.nodes.list[i].id;
}

int daemon_sums__take(struct daemon_sums *sums, const struct view *after, const struct why *why)
{
	int error;

	take_parts(sums, after);
	miss_vms(sums);
	error = daemon_sums__take_threads(sums, after);
	take_overlaps(sums, &after->sched);
	if (!error)
		error = daemon_sums__take_exits(sums, after);
	if (!error && why)
		error = daemon_sums__take_why(sums, why);
	if (!error && why)
		error = daemon_sums__take_io(sums, &why->facts.operations);
	return drop_vms(sums) ? -ENOMEM : error;
}

void daemon_sums__free(struct daemon_sums *sums)
{
	for (size_t i = 0; i < sums->vm_count; i++)
		vm_sums__free(sums->vms[i]);
	free(sums->vms);
	list_free(&sums->marks);
	list_free(&sums->reasons);
	list_free(&sums->candidates);
	*sums = (struct daemon_sums){ 0 };
}
