// SPDX-License-Identifier: GPL-2.0-only
/* Little's law over a ring's indices, and the slots that it is counted in; no kernel. */
#include "unit.h"

#include <errno.h>

#include "probe/virtqueue_slots.h"

#define SIZE 256
#define UNIT (1U << VIRTQUEUE_TIME_UNIT)

/* What the kernel's program does at a look, but for the reading. */
static void look(struct virtqueue_ring *ring, uint16_t used, uint16_t avail, uint32_t now)
{
	uint64_t old = ring->state, new = virtqueue_next(old, used, avail, SIZE, now);

	if (virtqueue_unchanged(old, new))
		return;
	ring->state = new;
	if (!virtqueue_counts(old, new))
		return;
	ring->integral_ns +=
		(uint64_t)virtqueue_since(old, VIRTQUEUE_TIME(new)) * UNIT * VIRTQUEUE_WAITING(old);
	ring->requests += (uint16_t)(VIRTQUEUE_USED(new) - VIRTQUEUE_USED(old));
}

static void test_one_by_one(void **state)
{
	struct virtqueue_ring ring = { 0 };

	(void)state;
	look(&ring, 7, 7, 100);
	look(&ring, 7, 8, 200);
	look(&ring, 8, 8, 250);
	look(&ring, 8, 9, 1000);
	look(&ring, 9, 9, 1070);
	assert_int_equal(ring.requests, 2);
	assert_int_equal(ring.integral_ns, (50 + 70) * UNIT);
}

/* What was there before the first look counts from then on. */
static void test_joins_late(void **state)
{
	struct virtqueue_ring ring = { 0 };

	(void)state;
	look(&ring, 1000, 1004, 100);
	assert_int_equal(ring.requests, 0);
	look(&ring, 1001, 1004, 110);
	look(&ring, 1004, 1004, 120);
	assert_int_equal(ring.requests, 4);
	assert_int_equal(ring.integral_ns, (4 * 10 + 3 * 10) * UNIT);
}

static void test_indices_come_round(void **state)
{
	struct virtqueue_ring ring = { 0 };

	(void)state;
	look(&ring, 65534, 65535, 100);
	look(&ring, 65535, 2, 110);
	look(&ring, 1, 2, 120);
	assert_int_equal(ring.requests, 3);
	assert_int_equal(ring.integral_ns, (1 * 10 + 3 * 10) * UNIT);
}

static void test_time_comes_round(void **state)
{
	struct virtqueue_ring ring = { 0 };

	(void)state;
	look(&ring, 1, 2, UINT32_MAX - 9);
	look(&ring, 2, 2, 10);
	assert_int_equal(ring.integral_ns, 20 * UNIT);
	/* Idle for any time: the next request's time is its own. */
	look(&ring, 2, 3, 10U - 5);
	look(&ring, 3, 3, 10);
	assert_int_equal(ring.integral_ns, 25 * UNIT);
}

/* A look that goes on when nothing changes keeps the time from coming round. */
static void test_stuck(void **state)
{
	struct virtqueue_ring ring = { 0 };
	uint64_t now = 5;

	(void)state;
	look(&ring, 1, 2, (uint32_t)now);
	for (int i = 0; i < 100; i++) {
		now += 1U << 29;
		look(&ring, 1, 2, (uint32_t)now);
	}
	look(&ring, 2, 2, (uint32_t)now);
	assert_int_equal(ring.integral_ns, 100ULL * (1U << 29) * UNIT);
	assert_int_equal(ring.requests, 1);
}

/* One CPU's clock is a little behind another's. */
static void test_clock_behind(void **state)
{
	struct virtqueue_ring ring = { 0 };

	(void)state;
	look(&ring, 1, 2, 1000);
	look(&ring, 1, 3, 990);
	assert_int_equal(ring.integral_ns, 0);
	look(&ring, 3, 3, 1010);
	assert_int_equal(ring.integral_ns, 2 * 10 * UNIT);
}

static void test_no_ring(void **state)
{
	struct virtqueue_ring ring = { 0 };

	(void)state;
	look(&ring, 1, 1 + SIZE, 100);
	assert_int_equal(VIRTQUEUE_WAITING(ring.state), SIZE);
	look(&ring, 1, 2 + SIZE, 110);
	assert_int_equal(ring.state, 0);
	look(&ring, 5000, 5001, 120);
	look(&ring, 5001, 5001, 130);
	assert_int_equal(ring.requests, 1);
	assert_int_equal(ring.integral_ns, 10 * UNIT);
}

/* The guest's driver has cleared the ring: 60,000 requests did not leave it. */
static void test_driver_begins_anew(void **state)
{
	struct virtqueue_ring ring = { 0 };

	(void)state;
	look(&ring, 5000, 5003, 100);
	look(&ring, 0, 0, 200);
	look(&ring, 0, 1, 300);
	look(&ring, 1, 1, 310);
	assert_int_equal(ring.requests, 1);
	assert_int_equal(ring.integral_ns, 10 * UNIT);
}

/* A fresh table of slots. */
static struct virtqueue_ring *make_slots(void)
{
	struct virtqueue_ring *slots = calloc(VIRTQUEUE_SLOTS, sizeof(*slots));

	assert_non_null(slots);
	return slots;
}

static struct watched make_vm(uint32_t pid, size_t count)
{
	struct watched vm = { .pid = pid, .count = count };

	for (size_t i = 0; i < count; i++)
		vm.rings[i] = (struct ring){ .disk = (uint32_t)(i / 4),
					     .queue = (uint32_t)(i % 4),
					     .size = SIZE,
					     .avail = 0x1000 + i * 16,
					     .used = 0x2000 + i * 16 };
	return vm;
}

static void test_slots(void **state)
{
	struct virtqueue_ring *slots = make_slots();
	struct watched a = make_vm(10, 3), b = make_vm(20, 5), c = make_vm(30, 2);

	(void)state;
	assert_int_equal(watched__place(&a, slots, NULL), 0);
	assert_int_equal(watched__place(&b, slots, NULL), 0);
	assert_int_equal(a.first, 0);
	assert_int_equal(b.first, 3);
	assert_int_equal(slots[2].vm_pid, 10);
	assert_int_equal(slots[3].vm_pid, 20);
	assert_int_equal(slots[4].avail, 0x1010);
	assert_int_equal(slots[4].used, 0x2010);
	assert_int_equal(slots[4].size, SIZE);
	slots[1].state = 99;
	watched__release(&a, slots);
	assert_int_equal(slots[1].state, 0);
	assert_int_equal(slots[1].vm_pid, 0);
	assert_int_equal(watched__place(&c, slots, NULL), 0);
	assert_int_equal(c.first, 0);
	/* One slot is free before b, and three are wanted. */
	assert_int_equal(watched__place(&a, slots, NULL), 0);
	assert_int_equal(a.first, 8);
	free(slots);
}

static void test_full(void **state)
{
	struct virtqueue_ring *slots = make_slots();
	struct watched vm;

	(void)state;
	for (uint32_t i = 0; i < VIRTQUEUE_SLOTS / RINGS_MAX; i++) {
		vm = make_vm(i + 1, RINGS_MAX);
		assert_int_equal(watched__place(&vm, slots, NULL), 0);
	}
	assert_int_equal(vm.first + RINGS_MAX, VIRTQUEUE_SLOTS);
	vm = make_vm(9999, 1);
	assert_int_equal(watched__place(&vm, slots, NULL), -ENOSPC);
	free(slots);
}

/* The same queues at other places: the counters go on, what was seen of a ring that moved does not.
 */
static void test_rings_move(void **state)
{
	struct virtqueue_ring *slots = make_slots();
	struct watched before = make_vm(10, 2), after = make_vm(10, 3);

	(void)state;
	assert_int_equal(watched__place(&before, slots, NULL), 0);
	slots[0] = (struct virtqueue_ring){ .state = 111, .integral_ns = 1000, .requests = 5 };
	slots[1] = (struct virtqueue_ring){ .state = 222, .integral_ns = 2000, .requests = 6 };
	slots[0].vm_pid = slots[1].vm_pid = 10;
	before.integral_ns[1] = 2500;
	after.rings[1].used += 4096;
	assert_int_equal(watched__place(&after, slots, &before), 0);
	assert_int_equal(after.first, 2);
	assert_int_equal(slots[2].state, 111);
	assert_int_equal(slots[2].integral_ns, 1000);
	assert_int_equal(slots[2].requests, 5);
	assert_int_equal(slots[3].state, 0);
	assert_int_equal(slots[3].integral_ns, 2000);
	assert_int_equal(slots[3].requests, 6);
	assert_int_equal(after.integral_ns[1], 2500);
	assert_int_equal(slots[4].state, 0);
	assert_int_equal(slots[4].integral_ns, 0);
	assert_int_equal(slots[4].requests, 0);
	free(slots);
}

static void test_has(void **state)
{
	struct watched vm = make_vm(10, 3), other = make_vm(10, 3);

	(void)state;
	assert_true(watched__has(&vm, other.rings, 3));
	assert_false(watched__has(&vm, other.rings, 2));
	other.rings[2].avail++;
	assert_false(watched__has(&vm, other.rings, 3));
	other = make_vm(10, 3);
	other.rings[0].queue = 9;
	assert_false(watched__has(&vm, other.rings, 3));
	other = make_vm(10, 3);
	other.rings[1].size = 128;
	assert_false(watched__has(&vm, other.rings, 3));
}

static void test_read(void **state)
{
	struct virtqueue_ring *slots = make_slots();
	struct watched vm = make_vm(10, 6);
	struct virtqueue_flow flow;

	(void)state;
	assert_int_equal(watched__place(&vm, slots, NULL), 0);
	look(&slots[5], 10, 13, 1000);
	watched__read(&vm, slots, 5, 1100 * UNIT, &flow);
	assert_int_equal(flow.vm_pid, 10);
	assert_int_equal(flow.disk, 1);
	assert_int_equal(flow.queue, 1);
	assert_int_equal(flow.in_flight, 3);
	assert_int_equal(flow.requests, 0);
	assert_int_equal(flow.integral_ns, 3 * 100 * UNIT);
	/* They were gone earlier than the reading took them to be: it does not go back. */
	look(&slots[5], 13, 13, 1050);
	watched__read(&vm, slots, 5, 1200 * UNIT, &flow);
	assert_int_equal(flow.in_flight, 0);
	assert_int_equal(flow.requests, 3);
	assert_int_equal(flow.integral_ns, 3 * 100 * UNIT);
	look(&slots[5], 13, 15, 1300);
	watched__read(&vm, slots, 5, 1400 * UNIT, &flow);
	assert_int_equal(flow.integral_ns, (3 * 50 + 2 * 100) * UNIT);
	/* The clock was read before another CPU looked. */
	watched__read(&vm, slots, 5, 1299 * UNIT, &flow);
	assert_int_equal(flow.integral_ns, (3 * 50 + 2 * 100) * UNIT);
	free(slots);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_by_one),
		cmocka_unit_test(test_joins_late),
		cmocka_unit_test(test_indices_come_round),
		cmocka_unit_test(test_time_comes_round),
		cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_clock_behind),
		cmocka_unit_test(test_no_ring),
		cmocka_unit_test(test_driver_begins_anew),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_rings_move),
		cmocka_unit_test(test_has),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
