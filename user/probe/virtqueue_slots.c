// SPDX-License-Identifier: GPL-2.0-only
#include "probe/virtqueue_slots.h"

#include <errno.h>

#define READ_TRIES 16

/* The first of so many consecutive free slots. Returns its place or -ENOSPC. */
static int find_slots(const struct virtqueue_ring *slots, size_t count, uint32_t *first)
{
	uint32_t free_slots = 0;

	for (uint32_t slot = 0; slot < VIRTQUEUE_SLOTS; slot++) {
		free_slots = slots[slot].vm_pid ? 0 : free_slots + 1;
		if (free_slots == count) {
			*first = slot + 1 - free_slots;
			return 0;
		}
	}
	return -ENOSPC;
}

static bool same_queue(const struct ring *a, const struct ring *b)
{
	return a->disk == b->disk && a->queue == b->queue;
}

static bool same_place(const struct ring *a, const struct ring *b)
{
	return a->avail == b->avail && a->used == b->used && a->size == b->size;
}

/*
 * A queue's counters go on when its ring has moved. If it has not, what was seen of it stays, too.
 */
static void fill_slot(struct watched *vm, struct virtqueue_ring *slots, size_t index,
		      const struct watched *old)
{
	struct virtqueue_ring *slot = &slots[vm->first + index];
	const struct ring *ring = &vm->rings[index];
	uint64_t state = 0;

	vm->integral_ns[index] = 0;
	slot->integral_ns = 0;
	slot->requests = 0;
	slot->avail = ring->avail;
	slot->used = ring->used;
	slot->size = ring->size;
	for (size_t i = 0; old && i < old->count; i++) {
		const struct virtqueue_ring *before = &slots[old->first + i];

		if (!same_queue(&old->rings[i], ring))
			continue;
		if (same_place(&old->rings[i], ring))
			state = __atomic_load_n(&before->state, __ATOMIC_SEQ_CST);
		slot->integral_ns = __atomic_load_n(&before->integral_ns, __ATOMIC_SEQ_CST);
		slot->requests = __atomic_load_n(&before->requests, __ATOMIC_SEQ_CST);
		vm->integral_ns[index] = old->integral_ns[i];
	}
	__atomic_store_n(&slot->state, state, __ATOMIC_SEQ_CST);
	__atomic_store_n(&slot->vm_pid, vm->pid, __ATOMIC_SEQ_CST);
}

int watched__place(struct watched *vm, struct virtqueue_ring *slots, const struct watched *old)
{
	int error = find_slots(slots, vm->count, &vm->first);

	for (size_t i = 0; i < vm->count && !error; i++)
		fill_slot(vm, slots, i, old);
	return error;
}

/* In the order that bpf/virtqueue.h asks for. */
void watched__release(const struct watched *vm, struct virtqueue_ring *slots)
{
	for (size_t i = 0; i < vm->count; i++) {
		struct virtqueue_ring *slot = &slots[vm->first + i];

		__atomic_store_n(&slot->vm_pid, 0, __ATOMIC_SEQ_CST);
		__atomic_store_n(&slot->state, 0, __ATOMIC_SEQ_CST);
	}
}

bool watched__has(const struct watched *vm, const struct ring *rings, size_t count)
{
	if (vm->count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!same_queue(&vm->rings[i], &rings[i]) || !same_place(&vm->rings[i], &rings[i]))
			return false;
	return true;
}

/* A slot at one moment, except what is being booked just then. */
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

void watched__read(struct watched *vm, const struct virtqueue_ring *slots, size_t index,
		   uint64_t time_ns, struct virtqueue_flow *flow)
{
	uint32_t now = (uint32_t)(time_ns >> VIRTQUEUE_TIME_UNIT);
	struct virtqueue_ring copy;
	uint64_t ns;

	copy_slot(&slots[vm->first + index], &copy);
	ns = (uint64_t)virtqueue_since(copy.state, now) << VIRTQUEUE_TIME_UNIT;
	ns = copy.integral_ns + ns * VIRTQUEUE_WAITING(copy.state);
	/* What seemed to go on the last time may have ended earlier. */
	if (vm->integral_ns[index] < ns)
		vm->integral_ns[index] = ns;
	*flow = (struct virtqueue_flow){
		.vm_pid = vm->pid,
		.disk = vm->rings[index].disk,
		.queue = vm->rings[index].queue,
		.requests = copy.requests,
		.integral_ns = vm->integral_ns[index],
		.in_flight = VIRTQUEUE_WAITING(copy.state),
	};
}
