// SPDX-License-Identifier: GPL-2.0-only
#include "probe/virtqueue.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bpf/virtqueue.h"
#include "probe/kernel.h"
#include "probe/maps.h"
#include "virtqueue.skel.h"

#define READ_TRIES 16

_Static_assert(RINGS_MAX <= VIRTQUEUE_RINGS_OF_VM, "all rings of a VM are looked at");

/* A VM's rings, in its slots. */
struct watched {
	uint32_t pid;
	uint32_t first; /* slot */
	size_t count;
	struct ring rings[RINGS_MAX];
	uint64_t integral_ns[RINGS_MAX]; /* as last told, up to that moment */
};

struct virtqueue_probe {
	struct virtqueue_bpf *skeleton;
	struct shared_array slots;
	struct watched *vms;
	size_t count;
	char missing[128];
};

static struct virtqueue_ring *slot_at(const struct virtqueue_probe *probe, size_t slot)
{
	return (struct virtqueue_ring *)probe->slots.data + slot;
}

static int load(struct virtqueue_probe *probe)
{
	int error;

	probe->skeleton = virtqueue_bpf__open_and_load();
	if (!probe->skeleton)
		return -errno;
	error = map_array(&probe->slots, probe->skeleton->maps.rings, PROT_READ | PROT_WRITE);
	return error ? error : virtqueue_bpf__attach(probe->skeleton);
}

/* Why the programs cannot be loaded, as far as that is known without trying; NULL: they may. */
static const char *find_obstacle(int *error)
{
	int arguments = kernel_kvm_tracepoint_arguments("kvm_exit");

	*error = arguments < 0 ? arguments : 0;
	if (arguments >= 0)
		return NULL;
	if (access("/sys/module/kvm", F_OK))
		return "kvm is not loaded";
	if (arguments == -EPERM || arguments == -EACCES)
		return "the kernel refused the BTF of kvm: it takes root or CAP_SYS_ADMIN";
	return "this kernel has no BTF of the kvm module (5.11, CONFIG_DEBUG_INFO_BTF_MODULES)";
}

int virtqueue_probe__open(struct virtqueue_probe **out, const char **missing)
{
	static char refused[128]; /* outlives the probe, which there is none of */
	struct virtqueue_probe *probe;
	int error;

	*missing = find_obstacle(&error);
	if (*missing)
		return error;
	probe = calloc(1, sizeof(*probe));
	error = probe ? load(probe) : -ENOMEM;
	/* libbpf's copies of the kernel's BTF, several MiB, are of no more use. */
	malloc_trim(0);
	if (error) {
		snprintf(refused, sizeof(refused),
			 "the kernel refused the hooks at ioeventfd_write and irqfd_wakeup: %s",
			 strerror(-error));
		*missing = refused;
		virtqueue_probe__close(probe);
		return error;
	}
	*out = probe;
	return 0;
}

void virtqueue_probe__close(struct virtqueue_probe *probe)
{
	if (!probe)
		return;
	unmap_array(&probe->slots);
	virtqueue_bpf__destroy(probe->skeleton);
	free(probe->vms);
	free(probe);
}

static struct watched *find(const struct virtqueue_probe *probe, uint32_t pid)
{
	for (size_t i = 0; i < probe->count; i++)
		if (probe->vms[i].pid == pid)
			return &probe->vms[i];
	return NULL;
}

/* The first of so many free slots that follow each other. Returns 0 or -ENOSPC. */
static int find_slots(const struct virtqueue_probe *probe, size_t count, uint32_t *first)
{
	uint32_t free_slots = 0;

	for (uint32_t slot = 0; slot < VIRTQUEUE_SLOTS; slot++) {
		free_slots = slot_at(probe, slot)->vm_pid ? 0 : free_slots + 1;
		if (free_slots == count) {
			*first = slot + 1 - free_slots;
			return 0;
		}
	}
	return -ENOSPC;
}

/* In the order that bpf/virtqueue.h asks for. */
static void release_slots(const struct virtqueue_probe *probe, const struct watched *vm)
{
	for (size_t i = 0; i < vm->count; i++) {
		struct virtqueue_ring *slot = slot_at(probe, vm->first + i);

		__atomic_store_n(&slot->vm_pid, 0, __ATOMIC_SEQ_CST);
		__atomic_store_n(&slot->state, 0, __ATOMIC_SEQ_CST);
	}
}

static bool same_place(const struct ring *a, const struct ring *b)
{
	return a->avail == b->avail && a->used == b->used && a->size == b->size;
}

/*
 * Fills a slot that is free. A queue's counters go on growing when its ring has moved, and so does
 * what was seen of it when it has not.
 */
static void fill_slot(const struct virtqueue_probe *probe, struct watched *vm, size_t index,
		      const struct watched *old)
{
	struct virtqueue_ring *slot = slot_at(probe, vm->first + index);
	const struct ring *ring = &vm->rings[index];
	uint64_t state = 0;

	slot->integral_ns = 0;
	slot->requests = 0;
	slot->avail = ring->avail;
	slot->used = ring->used;
	slot->size = ring->size;
	for (size_t i = 0; old && i < old->count; i++) {
		const struct virtqueue_ring *before = slot_at(probe, old->first + i);

		if (old->rings[i].disk != ring->disk || old->rings[i].queue != ring->queue)
			continue;
		if (same_place(&old->rings[i], ring))
			state = __atomic_load_n(&before->state, __ATOMIC_SEQ_CST);
		slot->integral_ns = before->integral_ns;
		slot->requests = before->requests;
		vm->integral_ns[index] = old->integral_ns[i];
	}
	__atomic_store_n(&slot->state, state, __ATOMIC_SEQ_CST);
	__atomic_store_n(&slot->vm_pid, vm->pid, __ATOMIC_SEQ_CST);
}

static void forget(struct virtqueue_probe *probe, struct watched *vm)
{
	bpf_map_delete_elem(bpf_map__fd(probe->skeleton->maps.vms), &vm->pid);
	release_slots(probe, vm);
	*vm = probe->vms[--probe->count];
}

static bool same_rings(const struct watched *vm, const struct ring *rings, size_t count)
{
	if (vm->count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (vm->rings[i].disk != rings[i].disk || vm->rings[i].queue != rings[i].queue ||
		    !same_place(&vm->rings[i], &rings[i]))
			return false;
	return true;
}

/* A place for one VM more. */
static int grow(struct virtqueue_probe *probe)
{
	struct watched *vms = reallocarray(probe->vms, probe->count + 1, sizeof(*vms));

	if (!vms)
		return -ENOMEM;
	probe->vms = vms;
	return 0;
}

/* Puts the VM's rings into slots and then in the place of those of before. */
static int replace(struct virtqueue_probe *probe, struct watched *new)
{
	struct virtqueue_rings range = { .count = (uint32_t) new->count };
	struct watched *old = find(probe, new->pid);
	int error = old ? 0 : grow(probe);

	if (!error)
		error = find_slots(probe, new->count, &new->first);
	if (error)
		return error;
	for (size_t i = 0; i < new->count; i++)
		fill_slot(probe, new, i, old);
	range.first = new->first;
	if (bpf_map_update_elem(bpf_map__fd(probe->skeleton->maps.vms), &new->pid, &range, 0)) {
		error = -errno;
		release_slots(probe, new);
		return error;
	}
	if (old)
		release_slots(probe, old);
	else
		old = &probe->vms[probe->count++];
	*old = *new;
	return 0;
}

int virtqueue_probe__watch(struct virtqueue_probe *probe, uint32_t vm_pid, const struct ring *rings,
			   size_t count)
{
	struct watched new = { .pid = vm_pid, .count = count }, *vm = find(probe, vm_pid);

	if (count > RINGS_MAX)
		return -E2BIG;
	if (!count) {
		if (vm)
			forget(probe, vm);
		return 0;
	}
	if (vm && same_rings(vm, rings, count))
		return 0;
	memcpy(new.rings, rings, count * sizeof(*rings));
	return replace(probe, &new);
}

/* A slot as it was at one moment, but for what is being booked just then. */
static void copy_slot(const struct virtqueue_ring *slot, struct virtqueue_ring *copy)
{
	uint64_t state;

	for (int i = 0; i < READ_TRIES; i++) {
		state = __atomic_load_n(&slot->state, __ATOMIC_SEQ_CST);
		copy->integral_ns = __atomic_load_n(&slot->integral_ns, __ATOMIC_SEQ_CST);
		copy->requests = __atomic_load_n(&slot->requests, __ATOMIC_SEQ_CST);
		copy->state = __atomic_load_n(&slot->state, __ATOMIC_SEQ_CST);
		if (copy->state == state)
			return;
	}
}

static int add_flow(struct virtqueue_snapshot *snapshot, struct watched *vm, size_t index,
		    const struct virtqueue_ring *copy)
{
	uint32_t now = (uint32_t)(snapshot->time_ns >> VIRTQUEUE_TIME_UNIT);
	uint64_t ns = (uint64_t)virtqueue_since(copy->state, now) << VIRTQUEUE_TIME_UNIT;
	uint64_t integral_ns = copy->integral_ns + ns * VIRTQUEUE_WAITING(copy->state);
	struct virtqueue_flow *flow = virtqueue_snapshot__add(snapshot);

	if (!flow)
		return -ENOMEM;
	/* What the last reading took to go on may have ended earlier. */
	if (integral_ns < vm->integral_ns[index])
		integral_ns = vm->integral_ns[index];
	vm->integral_ns[index] = integral_ns;
	*flow = (struct virtqueue_flow){
		.vm_pid = vm->pid,
		.disk = vm->rings[index].disk,
		.queue = vm->rings[index].queue,
		.requests = copy->requests,
		.integral_ns = integral_ns,
		.in_flight = VIRTQUEUE_WAITING(copy->state),
	};
	return 0;
}

static int compare_flows(const void *left, const void *right)
{
	const struct virtqueue_flow *a = left, *b = right;

	if (a->vm_pid != b->vm_pid)
		return a->vm_pid < b->vm_pid ? -1 : 1;
	if (a->disk != b->disk)
		return a->disk < b->disk ? -1 : 1;
	return (a->queue > b->queue) - (a->queue < b->queue);
}

int virtqueue_probe__read(struct virtqueue_probe *probe, struct virtqueue_snapshot *snapshot)
{
	struct virtqueue_ring copy;
	struct timespec now;
	int error = 0;

	clock_gettime(CLOCK_MONOTONIC, &now);
	virtqueue_snapshot__clear(snapshot);
	snapshot->time_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	for (size_t i = 0; i < probe->count; i++) {
		for (size_t j = 0; j < probe->vms[i].count && !error; j++) {
			copy_slot(slot_at(probe, probe->vms[i].first + j), &copy);
			error = add_flow(snapshot, &probe->vms[i], j, &copy);
		}
	}
	if (snapshot->count)
		qsort(snapshot->flows, snapshot->count, sizeof(*snapshot->flows), compare_flows);
	snapshot->failed = probe->skeleton->bss->failed;
	snapshot->skipped = probe->skeleton->bss->skipped + missed_runs(probe->skeleton->obj);
	return error;
}
