// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of pairs of victim and offender, beside a kernel of the test's own: its hash, its stack
 * of free places, and its hooks.
 */
#include "unit.h"

#include "probe/sched_internal.h"

#define SLOTS 64
#define OFFENDERS 20
#define KEYS (2 * SCHED_BLAME_PAIRS)
#define ROUNDS 60
#define PASSES (3 * (SCHED_BLAME_PAIRS / SLOTS / OFFENDERS + 1))

enum { MAP_BLAME = 1, MAP_PAIRS, MAP_FREE };

/* What the kernel has. */
static struct sched_blame_key keys[KEYS];
static uint32_t places[KEYS];
static size_t key_count;
static uint32_t stack[SCHED_BLAME_PAIRS];
static size_t free_count;
static struct sched_pair pairs[SCHED_BLAME_PAIRS];
static uint64_t lost;

static struct sched_thread threads[SLOTS];
static struct sched_waiter waiters[SLOTS];
static uint64_t verdicts[SLOTS];

int bpf_map__fd(const struct bpf_map *map)
{
	return (int)(intptr_t)map;
}

__u32 bpf_map__value_size(const struct bpf_map *map)
{
	assert_int_equal((intptr_t)map, MAP_PAIRS);
	return sizeof(struct sched_pair);
}

int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	assert_int_equal(fd, MAP_FREE);
	assert_null(key);
	assert_int_equal(flags, BPF_ANY);
	assert_in_range(free_count, 0, SCHED_BLAME_PAIRS - 1);
	stack[free_count++] = *(const uint32_t *)value;
	return 0;
}

static size_t find_key(const struct sched_blame_key *key)
{
	size_t i = 0;

	while (i < key_count && memcmp(&keys[i], key, sizeof(*key)) != 0)
		i++;
	return i;
}

int bpf_map_delete_elem(int fd, const void *key)
{
	size_t at = find_key(key);

	assert_int_equal(fd, MAP_BLAME);
	assert_in_range(at, 0, key_count - 1);
	keys[at] = keys[--key_count];
	places[at] = places[key_count];
	return 0;
}

/* As blame_begin() in blame.bpf.h. */
static struct sched_pair *begin_pair(const struct sched_probe *probe,
				     const struct sched_blame_key *key)
{
	struct sched_pair *pair;

	if (!probe->skeleton->bss->free_pair_count)
		return NULL;
	assert_in_range(free_count, 1, SCHED_BLAME_PAIRS);
	probe->skeleton->bss->free_pair_count--;
	places[key_count] = stack[--free_count];
	pair = &pairs[places[key_count]];
	assert_int_equal(pair->ns, 0);
	assert_int_equal(pair->key.generation, 0);
	keys[key_count++] = *key;
	pair->key = *key;
	if (key->kind == SCHED_BLAME_VM) {
		pair->vm = 100;
		pair->is_vcpu = key->id % 2;
		strcpy(pair->key.comm, "CPU \033/KVM");
	} else if (key->kind == SCHED_BLAME_HOST) {
		strcpy(pair->cgroup, "a\nb.slice");
	}
	return pair;
}

/* Returns where it was booked; NULL: nowhere. */
static struct sched_pair *book(const struct sched_probe *probe, const struct sched_blame_key *key,
			       uint64_t ns)
{
	size_t at = find_key(key);
	struct sched_pair *pair = at < key_count ? &pairs[places[at]] : begin_pair(probe, key);

	if (pair && pair->key.generation == key->generation && pair->key.victim == key->victim)
		pair->ns += ns;
	else
		lost++;
	return pair;
}

static struct sched_blame_key key_of(uint32_t slot, uint32_t offender)
{
	struct sched_blame_key key = { .victim = (__u16)slot,
				       .generation = threads[slot].generation,
				       .kind = (__u16)(SCHED_BLAME_VM + offender % 3) };

	if (key.kind != SCHED_BLAME_KERNEL)
		key.id = 1000 + offender;
	if (key.kind != SCHED_BLAME_VM)
		snprintf(key.comm, sizeof(key.comm), "o\t%u", offender);
	return key;
}

static void begin_thread(uint32_t slot)
{
	threads[slot].generation++;
	threads[slot].state = SCHED_READY;
	waiters[slot] = (struct sched_waiter){ .generation = threads[slot].generation };
	verdicts[slot] = (uint64_t)threads[slot].generation << 1;
}

static struct sched_probe *open_probe(void)
{
	struct sched_probe *probe = calloc(1, sizeof(*probe));

	assert_non_null(probe);
	probe->skeleton = calloc(1, sizeof(*probe->skeleton));
	assert_non_null(probe->skeleton);
	probe->skeleton->bss = calloc(1, sizeof(*probe->skeleton->bss));
	assert_non_null(probe->skeleton->bss);
	probe->skeleton->maps.blame = (void *)MAP_BLAME;
	probe->skeleton->maps.pairs = (void *)MAP_PAIRS;
	probe->skeleton->maps.free_pairs = (void *)MAP_FREE;
	probe->threads.data = threads;
	probe->waiters.data = waiters;
	probe->verdicts.data = verdicts;
	probe->slots_seen = SLOTS;
	return probe;
}

static int set_up(void **state)
{
	struct sched_probe *probe = open_probe();

	memset(pairs, 0, sizeof(pairs));
	memset(threads, 0, sizeof(threads));
	key_count = free_count = 0;
	lost = 0;
	for (uint32_t place = SCHED_BLAME_PAIRS; place-- > 0;)
		stack[free_count++] = place;
	probe->skeleton->bss->free_pair_count = SCHED_BLAME_PAIRS;
	probe->pairs.table = (struct shared_array){ .data = pairs,
						    .size = sizeof(pairs),
						    .mapped = sizeof(pairs) };
	for (uint32_t slot = 0; slot < SLOTS; slot++)
		begin_thread(slot);
	*state = probe;
	return 0;
}

static int tear_down(void **state)
{
	struct sched_probe *probe = *state;

	list_free(&probe->pairs.order);
	list_free(&probe->pairs.fresh);
	list_free(&probe->pairs.leaving);
	free(probe->skeleton->bss);
	free(probe->skeleton);
	free(probe);
	return 0;
}

static void check_read(struct sched_probe *probe, struct snapshot *snapshot)
{
	snapshot__clear(snapshot);
	assert_int_equal(read_blame(probe, snapshot), 0);
	for (size_t i = 1; i < snapshot->blame.count; i++)
		assert_true(compare_blame(&snapshot->blame.list[i - 1], &snapshot->blame.list[i]) <
			    0);
}

static uint64_t sum_of(const struct snapshot *snapshot, uint64_t victim)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < snapshot->blame.count; i++)
		if (snapshot->blame.list[i].victim == victim)
			sum += snapshot->blame.list[i].ns;
	return sum;
}

static uint64_t victim_in(uint32_t slot)
{
	return (uint64_t)slot << 32 | threads[slot].generation;
}

/* New pairs come at any time, and are among the others. */
static void test_order(void **state)
{
	struct sched_probe *probe = *state;
	struct snapshot snapshot = { 0 };
	uint64_t sums[SLOTS] = { 0 };

	for (int round = 0; round < ROUNDS; round++) {
		for (int i = rand() % 100; i > 0; i--) {
			uint32_t slot = (uint32_t)rand() % SLOTS;
			struct sched_blame_key key = key_of(slot, (uint32_t)rand() % OFFENDERS);

			book(probe, &key, (uint64_t)i);
			sums[slot] += (uint64_t)i;
			waiters[slot].idle_ns += 5;
			waiters[slot].interrupt_ns += 2;
			sums[slot] += 7;
		}
		check_read(probe, &snapshot);
		for (uint32_t slot = 0; slot < SLOTS; slot++)
			assert_int_equal(sum_of(&snapshot, victim_in(slot)), sums[slot]);
	}
	assert_in_range(snapshot.blame.count, SLOTS * OFFENDERS / 2, SLOTS * (OFFENDERS + 2));
	assert_int_equal(lost, 0);
	snapshot__free(&snapshot);
}

/* A victim that nobody asked for has pairs, too, and may be asked for later. */
static void test_unwanted(void **state)
{
	struct sched_probe *probe = *state;
	struct sched_blame_key key = key_of(3, 0), other = key_of(4, 0);
	struct snapshot snapshot = { 0 };

	book(probe, &key, 10);
	book(probe, &other, 20);
	waiters[3].idle_ns = 5;
	verdicts[3] |= 1;
	check_read(probe, &snapshot);
	assert_int_equal(snapshot.blame.count, 1);
	assert_int_equal(sum_of(&snapshot, victim_in(4)), 20);
	verdicts[3] &= ~1ULL;
	check_read(probe, &snapshot);
	assert_int_equal(sum_of(&snapshot, victim_in(3)), 15);
	snapshot__free(&snapshot);
}

static void test_names(void **state)
{
	struct sched_probe *probe = *state;
	struct sched_blame_key vm = key_of(1, 3), kernel = key_of(1, 1), host = key_of(1, 2);
	struct snapshot snapshot = { 0 };
	const struct blame *list;

	book(probe, &vm, 1);
	book(probe, &kernel, 2);
	book(probe, &host, 3);
	check_read(probe, &snapshot);
	assert_int_equal(snapshot.blame.count, 3);
	list = snapshot.blame.list;
	assert_int_equal(list[0].offender.kind, OFFENDER_VCPU);
	assert_int_equal(list[0].offender.tid, 1003);
	assert_int_equal(list[0].offender.vm_pid, 100);
	assert_string_equal(list[0].offender.comm, "CPU ?/KVM");
	assert_int_equal(list[1].offender.kind, OFFENDER_KERNEL);
	assert_string_equal(list[1].offender.comm, "o?1");
	assert_int_equal(list[2].offender.kind, OFFENDER_HOST);
	assert_int_equal(list[2].offender.cgroup_id, 1002);
	assert_string_equal(list[2].offender.cgroup, "a?b.slice");
	assert_string_equal(list[2].offender.comm, "o?2");
	/* Their keys in the kernel are as they were. */
	threads[1].state = SCHED_FREE;
	check_read(probe, &snapshot);
	assert_int_equal(key_count, 0);
	snapshot__free(&snapshot);
}

/* The slot and the places of a victim that has gone are another's at once. */
static void test_places_again(void **state)
{
	struct sched_probe *probe = *state;
	struct sched_blame_key old = key_of(5, 3);
	struct snapshot snapshot = { 0 };
	struct sched_pair *late, *pair;

	late = book(probe, &old, 1000);
	check_read(probe, &snapshot);
	assert_int_equal(sum_of(&snapshot, victim_in(5)), 1000);
	threads[5].state = SCHED_FREE;
	check_read(probe, &snapshot);
	assert_int_equal(snapshot.blame.count, 0);
	assert_int_equal(key_count, 0);
	/* A hook that has found the pair before, and adds to it only now. */
	begin_thread(5);
	for (uint32_t offender = 0; offender < OFFENDERS; offender++) {
		struct sched_blame_key key = key_of(5, offender);

		assert_true(book(probe, &key, 1) != late);
	}
	late->ns += 500;
	check_read(probe, &snapshot);
	assert_int_equal(sum_of(&snapshot, victim_in(5)), OFFENDERS);
	assert_int_equal(snapshot.blame.count, OFFENDERS);
	/* Its place is given out next, and nothing is left in it. */
	old = key_of(6, 1);
	pair = book(probe, &old, 7);
	assert_ptr_equal(pair, late);
	check_read(probe, &snapshot);
	assert_int_equal(sum_of(&snapshot, victim_in(6)), 7);
	assert_int_equal(sum_of(&snapshot, victim_in(5)), OFFENDERS);
	snapshot__free(&snapshot);
}

/* Each victim waits for all offenders. */
static void book_all(const struct sched_probe *probe, uint64_t *sums)
{
	for (uint32_t slot = 0; slot < SLOTS; slot++)
		for (uint32_t offender = 0; offender < OFFENDERS; offender++) {
			struct sched_blame_key key = key_of(slot, offender);

			book(probe, &key, slot + 1);
			sums[slot] += slot + 1;
		}
}

/* Threads that come and go, with more pairs than the table has places, leave nothing in it. */
static void test_come_and_go(void **state)
{
	struct sched_probe *probe = *state;
	struct snapshot snapshot = { 0 };
	uint64_t sums[SLOTS] = { 0 };

	for (uint32_t pass = 0; pass < PASSES; pass++) {
		book_all(probe, sums);
		check_read(probe, &snapshot);
		for (uint32_t slot = 0; slot < SLOTS; slot++)
			assert_int_equal(sum_of(&snapshot, victim_in(slot)), sums[slot]);
		for (uint32_t slot = pass % 3; slot < SLOTS; slot += 3)
			threads[slot].state = SCHED_FREE;
		check_read(probe, &snapshot);
		for (uint32_t slot = pass % 3; slot < SLOTS; slot += 3) {
			begin_thread(slot);
			sums[slot] = 0;
		}
	}
	for (uint32_t slot = 0; slot < SLOTS; slot++)
		threads[slot].state = SCHED_FREE;
	check_read(probe, &snapshot);
	check_read(probe, &snapshot);
	assert_int_equal(snapshot.blame.count, 0);
	assert_int_equal(lost, 0);
	assert_int_equal(key_count, 0);
	assert_int_equal(free_count, SCHED_BLAME_PAIRS);
	assert_int_equal(probe->skeleton->bss->free_pair_count, SCHED_BLAME_PAIRS);
	snapshot__free(&snapshot);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_order),	 TEST(test_unwanted),	 TEST(test_names),
		TEST(test_places_again), TEST(test_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
