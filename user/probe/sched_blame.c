// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who ran while others waited: the table of pairs that blame.bpf.h keeps. It is memory of ours,
 * too. A pair stays in its place, so that the order of the places is made when pairs come, and not
 * at each reading.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "probe/sched_internal.h"

#define WORD_BITS 64 /* of known_pairs.known */
#define AHEAD 16     /* pairs that are fetched before they are read */

_Static_assert(COMM_SIZE == SCHED_COMM && CGROUP_SIZE == SCHED_CGROUP, "names are as long");

static struct sched_pair *pair_at(const struct sched_probe *probe, uint32_t place)
{
	return (struct sched_pair *)probe->pairs.table.data + place;
}

int open_blame(struct sched_probe *probe)
{
	int fd = bpf_map__fd(probe->skeleton->maps.free_pairs);

	/* A stack: the lowest places are used first. */
	for (uint32_t place = SCHED_BLAME_PAIRS; place-- > 0;)
		if (bpf_map_update_elem(fd, NULL, &place, BPF_ANY))
			return -errno;
	probe->skeleton->bss->free_pair_count = SCHED_BLAME_PAIRS;
	return reserve_array(&probe->pairs.table, probe->skeleton->maps.pairs,
			     PROT_READ | PROT_WRITE);
}

void close_blame(struct sched_probe *probe)
{
	unmap_array(&probe->pairs.table);
	list_free(&probe->pairs.order);
	list_free(&probe->pairs.fresh);
	list_free(&probe->pairs.leaving);
}

static enum offender_kind user_kind(const struct sched_pair *pair)
{
	switch (pair->key.kind) {
	case SCHED_BLAME_VM:
		return pair->is_vcpu ? OFFENDER_VCPU : OFFENDER_VM_THREAD;
	case SCHED_BLAME_KERNEL:
		return OFFENDER_KERNEL;
	case SCHED_BLAME_HOST:
		return OFFENDER_HOST;
	default:
		return OFFENDER_IDLE;
	}
}

static uint64_t victim_of(const struct sched_pair *pair)
{
	return (uint64_t)pair->key.victim << 32 | pair->key.generation;
}

/*
 * Once for each pair: the names that its key in the kernel does not have. A kernel thread has no
 * cgroup: in that place is its name as it is shown.
 */
static void clean_names(struct sched_pair *pair)
{
	if (pair->key.kind == SCHED_BLAME_VM)
		copy_comm(pair->key.comm, pair->key.comm, COMM_SIZE);
	else if (pair->key.kind == SCHED_BLAME_HOST)
		copy_comm(pair->cgroup, pair->cgroup, CGROUP_SIZE);
	else if (pair->key.kind == SCHED_BLAME_KERNEL)
		copy_comm(pair->cgroup, pair->key.comm, COMM_SIZE);
}

/* blame: of zeros. */
static void fill_pair(struct blame *blame, const struct sched_pair *pair)
{
	struct offender *offender = &blame->offender;

	blame->victim = victim_of(pair);
	blame->ns = __atomic_load_n(&pair->ns, __ATOMIC_RELAXED);
	offender->kind = user_kind(pair);
	switch (pair->key.kind) {
	case SCHED_BLAME_VM:
		offender->tid = (uint32_t)pair->key.id;
		offender->vm_pid = pair->vm;
		memcpy(offender->comm, pair->key.comm, COMM_SIZE);
		break;
	case SCHED_BLAME_HOST:
		offender->cgroup_id = pair->key.id;
		memcpy(offender->cgroup, pair->cgroup, CGROUP_SIZE);
		copy_comm(offender->comm, pair->key.comm, COMM_SIZE);
		break;
	case SCHED_BLAME_KERNEL:
		memcpy(offender->comm, pair->cgroup, COMM_SIZE);
		break;
	default:
		break;
	}
}

static int add_pair(struct snapshot *snapshot, const struct sched_pair *pair)
{
	struct blame *blame = list_add(&snapshot->blame);

	if (!blame)
		return -ENOMEM;
	fill_pair(blame, pair);
	return 0;
}

static int compare_pairs(const struct sched_pair *left, const struct sched_pair *right)
{
	uint64_t a = victim_of(left), b = victim_of(right);
	struct blame filled[2] = { 0 };

	if (a != b)
		return a < b ? -1 : 1;
	fill_pair(&filled[0], left);
	fill_pair(&filled[1], right);
	return compare_blame(&filled[0], &filled[1]);
}

static int compare_places(const void *left, const void *right, void *probe)
{
	return compare_pairs(pair_at(probe, *(const uint32_t *)left),
			     pair_at(probe, *(const uint32_t *)right));
}

/* How many of the first ones in order are before a pair. */
static size_t count_before(const struct sched_probe *probe, size_t count, uint32_t place)
{
	const struct sched_pair *pair = pair_at(probe, place);
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_pairs(pair_at(probe, probe->pairs.order.list[middle]), pair) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Puts the fresh ones among those in order, the last one first. */
static int order_fresh(struct sched_probe *probe)
{
	struct known_pairs *pairs = &probe->pairs;
	size_t end = pairs->order.count, fresh = pairs->fresh.count;
	uint32_t *order;

	if (!fresh)
		return 0;
	if (list_reserve(&pairs->order, end + fresh))
		return -ENOMEM;
	order = pairs->order.list;
	qsort_r(pairs->fresh.list, fresh, sizeof(*pairs->fresh.list), compare_places, probe);
	pairs->order.count += fresh;
	while (fresh-- > 0) {
		uint32_t place = pairs->fresh.list[fresh];
		size_t at = count_before(probe, end, place);

		memmove(order + at + fresh + 1, order + at, (end - at) * sizeof(*order));
		order[at + fresh] = place;
		end = at;
	}
	list_clear(&pairs->fresh);
	return 0;
}

/* Finds the pairs that have come to some places. */
static int see_word(struct sched_probe *probe, uint32_t word)
{
	struct known_pairs *pairs = &probe->pairs;

	for (uint64_t unknown = ~pairs->known[word]; unknown; unknown &= unknown - 1) {
		uint32_t bit = (uint32_t)__builtin_ctzll(unknown), place = word * WORD_BITS + bit;
		struct sched_pair *pair = pair_at(probe, place);
		uint32_t *fresh;

		if (!__atomic_load_n(&pair->key.generation, __ATOMIC_ACQUIRE))
			continue;
		fresh = list_add(&pairs->fresh);
		if (!fresh)
			return -ENOMEM;
		*fresh = place;
		pairs->known[word] |= 1ULL << bit;
		clean_names(pair);
	}
	return 0;
}

/* The lowest places are used first: what is new is among those known, or next to them. */
static int see_pairs(struct sched_probe *probe)
{
	const struct bpf_map *map = probe->skeleton->maps.pairs;
	struct known_pairs *pairs = &probe->pairs;
	int error = 0;

	for (uint32_t word = 0;
	     word <= pairs->words && word < SCHED_BLAME_PAIRS / WORD_BITS && !error; word++) {
		error = map_array_up_to(&pairs->table, map, word * WORD_BITS + WORD_BITS - 1);
		if (!error)
			error = see_word(probe, word);
		if (word == pairs->words && pairs->known[word])
			pairs->words++;
	}
	return error ? error : order_fresh(probe);
}

/* The kernel may have begun to book on these when they left: that has ended since. */
static int give_back(struct sched_probe *probe)
{
	struct known_pairs *pairs = &probe->pairs;
	int fd = bpf_map__fd(probe->skeleton->maps.free_pairs);

	while (pairs->leaving.count) {
		uint32_t place = pairs->leaving.list[pairs->leaving.count - 1];

		*pair_at(probe, place) = (struct sched_pair){ 0 };
		if (bpf_map_update_elem(fd, NULL, &place, BPF_ANY))
			return -errno;
		pairs->known[place / WORD_BITS] &= ~(1ULL << place % WORD_BITS);
		__atomic_fetch_add(&probe->skeleton->bss->free_pair_count, 1, __ATOMIC_RELAXED);
		pairs->leaving.count--;
	}
	return 0;
}

/*
 * The victim has gone: its slot has been given back, and may be another's by now. False: there is
 * no memory for that now.
 */
static bool leave(struct sched_probe *probe, uint32_t place)
{
	struct sched_blame_key key = pair_at(probe, place)->key;
	uint32_t *leaving = list_add(&probe->pairs.leaving);

	if (!leaving)
		return false;
	*leaving = place;
	if (key.kind == SCHED_BLAME_VM)
		memset(key.comm, 0, sizeof(key.comm));
	bpf_map_delete_elem(bpf_map__fd(probe->skeleton->maps.blame), &key);
	return true;
}

/* What a victim waited for that is booked on nobody. */
static int add_nobody(struct snapshot *snapshot, uint64_t victim, enum offender_kind kind,
		      uint64_t ns)
{
	struct blame *blame = ns ? list_add(&snapshot->blame) : NULL;

	if (!ns)
		return 0;
	if (!blame)
		return -ENOMEM;
	*blame = (struct blame){ .victim = victim, .offender = { .kind = kind }, .ns = ns };
	return 0;
}

/* A walk through the pairs in their order, which keeps those of victims that are there. */
struct pair_walk {
	size_t next;
	size_t kept;
};

/* Their places are in no order, and nobody has looked at them since the last reading. */
static void fetch_pair(const struct sched_probe *probe, size_t at)
{
	const char *pair;

	if (at >= probe->pairs.order.count)
		return;
	pair = (const char *)pair_at(probe, probe->pairs.order.list[at]);
	__builtin_prefetch(pair);
	__builtin_prefetch(pair + sizeof(struct sched_pair) - 1);
}

static int walk_pairs(struct sched_probe *probe, struct snapshot *snapshot, uint32_t slot,
		      uint64_t victim, struct pair_walk *walk)
{
	bool wanted = is_wanted(probe, slot, (uint32_t)victim);
	uint32_t *order = probe->pairs.order.list;
	int error = 0;

	for (; walk->next < probe->pairs.order.count && !error; walk->next++) {
		uint32_t place = order[walk->next];
		const struct sched_pair *pair = pair_at(probe, place);

		fetch_pair(probe, walk->next + AHEAD);
		if (pair->key.victim != slot)
			break;
		if (victim_of(pair) != victim && leave(probe, place))
			continue;
		order[walk->kept++] = place;
		if (wanted && victim_of(pair) == victim)
			error = add_pair(snapshot, pair);
	}
	return error;
}

/* What one slot's thread has waited for: nobody comes first, and interrupts last. */
static int read_victim(struct sched_probe *probe, struct snapshot *snapshot, uint32_t slot,
		       struct pair_walk *walk)
{
	const struct sched_waiter *waiter = (const struct sched_waiter *)probe->waiters.data + slot;
	const struct sched_thread *thread = slot_thread(probe, slot);
	uint32_t generation = thread->state == SCHED_FREE ? 0 : thread->generation;
	uint64_t victim = (uint64_t)slot << 32 | generation;
	bool waited = generation && is_wanted(probe, slot, generation) &&
		      waiter->generation == generation;
	int error = 0;

	if (waited)
		error = add_nobody(snapshot, victim, OFFENDER_IDLE, waiter->idle_ns);
	if (!error)
		error = walk_pairs(probe, snapshot, slot, victim, walk);
	if (!error && waited)
		error = add_nobody(snapshot, victim, OFFENDER_INTERRUPT, waiter->interrupt_ns);
	return error;
}

int read_blame(struct sched_probe *probe, struct snapshot *snapshot)
{
	struct known_pairs *pairs = &probe->pairs;
	struct pair_walk walk = { 0 };
	int error = give_back(probe);

	if (!error)
		error = see_pairs(probe);
	for (uint32_t slot = 0; slot < probe->slots_seen && !error; slot++)
		error = read_victim(probe, snapshot, slot, &walk);
	/* Of threads that are yet to be seen. */
	while (walk.next < pairs->order.count)
		pairs->order.list[walk.kept++] = pairs->order.list[walk.next++];
	pairs->order.count = walk.kept;
	return error;
}

int add_blame_progress(const struct sched_progress *progress, struct snapshot *snapshot)
{
	struct sched_pair pair = progress->pair;

	if (!pair.ns)
		return 0;
	clean_names(&pair);
	return add_pair(snapshot, &pair);
}
