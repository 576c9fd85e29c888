// SPDX-License-Identifier: GPL-2.0-only
#include "probe/maps.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define OWNERS_BATCH 256
#define MAPPED_AT_ONCE (1UL << 16) /* a multiple of the page size; all of it is resident then */
#define PLACE_MEMORY (16ULL << 20) /* of the host, for each place in a table */

_Static_assert((int)SHARE_OF_USER == OWNER_UID && (int)SHARE_OF_VM == OWNER_VM &&
		       (int)SHARE_OF_CGROUP == OWNER_CGROUP,
	       "both sides name the same owners");

static size_t array_size(const struct bpf_map *map, uint64_t elements)
{
	return (bpf_map__value_size(map) + 7) / 8 * 8 * elements;
}

int map_array(struct shared_array *array, const struct bpf_map *map, int protection)
{
	array->size = array_size(map, bpf_map__max_entries(map));
	array->data = mmap(NULL, array->size, protection, MAP_SHARED, bpf_map__fd(map), 0);
	if (array->data != MAP_FAILED)
		return 0;
	array->data = NULL;
	return -errno;
}

int reserve_array(struct shared_array *array, const struct bpf_map *map, int protection)
{
	array->size = array_size(map, bpf_map__max_entries(map));
	array->mapped = 0;
	array->protection = protection;
	array->data = mmap(NULL, array->size, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (array->data != MAP_FAILED)
		return 0;
	array->data = NULL;
	return -errno;
}

int map_array_up_to(struct shared_array *array, const struct bpf_map *map, uint32_t index)
{
	size_t wanted = array_size(map, (uint64_t)index + 1);
	char *data = array->data;

	if (wanted <= array->mapped || array->mapped == array->size)
		return 0;
	wanted = (wanted + MAPPED_AT_ONCE - 1) / MAPPED_AT_ONCE * MAPPED_AT_ONCE;
	if (wanted > array->size)
		wanted = array->size;
	if (mmap(data + array->mapped, wanted - array->mapped, array->protection,
		 MAP_SHARED | MAP_FIXED, bpf_map__fd(map), (off_t)array->mapped) == MAP_FAILED)
		return -errno;
	array->mapped = wanted;
	return 0;
}

void unmap_array(struct shared_array *array)
{
	if (array->data)
		munmap(array->data, array->size);
}

void forget_variable(void *variable, size_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t begin = ((uintptr_t)variable + page - 1) / page * page;
	uintptr_t end = ((uintptr_t)variable + size) / page * page;

	/* Its place stays taken, since libbpf unmaps all of the section. */
	if (begin < end)
		(void)mmap((void *)begin, end - begin, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

int share_slots(const struct bpf_object *object, const struct bpf_object *owner)
{
	static const char *const names[] = { "threads", "tids", "verdicts", "progress" };
	int error = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !error; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, names[i]);
		const struct bpf_map *theirs = bpf_object__find_map_by_name(owner, names[i]);

		if (!map || !theirs)
			return -ENOENT;
		error = bpf_map__set_max_entries(map, bpf_map__max_entries(theirs));
		if (!error)
			error = bpf_map__reuse_fd(map, bpf_map__fd(theirs));
	}
	return error;
}

uint32_t table_size(uint32_t least, uint32_t most)
{
	long pages = sysconf(_SC_PHYS_PAGES), page_size = sysconf(_SC_PAGESIZE);
	uint64_t places = 0;

	if (pages > 0 && page_size > 0)
		places = (uint64_t)pages * (uint64_t)page_size / PLACE_MEMORY;
	if (places < least)
		return least;
	return places > most ? most : (uint32_t)places;
}

int owner_give_back(const struct bpf_program *program, const struct owner *owner)
{
	uint64_t arguments[] = { owner->id, owner->kind, owner->uid };
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = arguments,
		    .ctx_size_in = sizeof(arguments));

	return bpf_prog_test_run_opts(bpf_program__fd(program), &options) ? -errno : 0;
}

/* Keeps the list of those who lack most, most first. */
static void rank(struct share_loss list[SHARE_LOSSES_MAX], struct share_loss one)
{
	for (size_t i = 0; i < SHARE_LOSSES_MAX; i++) {
		struct share_loss other = list[i];

		if (other.lost >= one.lost)
			continue;
		list[i] = one;
		one = other;
	}
}

static void rank_all(struct share_loss list[SHARE_LOSSES_MAX], enum share_table table,
		     const struct owner *owners, const struct owner_share *shares, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (shares[i].lost)
			rank(list, (struct share_loss){ .table = table,
							.owner = (enum share_owner)owners[i].kind,
							.id = owners[i].id,
							.uid = owners[i].uid,
							.lost = shares[i].lost });
}

int owners__read_losses(const struct bpf_map *map, enum share_table table,
			struct share_losses *losses)
{
	struct share_loss list[SHARE_LOSSES_MAX] = { 0 };
	struct owner_share shares[OWNERS_BATCH];
	struct owner owners[OWNERS_BATCH];
	uint32_t token, *from = NULL;
	bool last = false;

	while (!last) {
		uint32_t count = OWNERS_BATCH;

		if (bpf_map_lookup_batch(bpf_map__fd(map), from, &token, owners, shares, &count,
					 NULL)) {
			if (errno != ENOENT)
				return -errno;
			last = true;
		}
		from = &token;
		rank_all(list, table, owners, shares, count);
	}
	for (size_t i = 0; i < SHARE_LOSSES_MAX && list[i].lost; i++) {
		struct share_loss *one = list_add(&losses->of);

		if (!one)
			return -ENOMEM;
		*one = list[i];
	}
	return 0;
}

uint64_t missed_runs(const struct bpf_object *object)
{
	struct bpf_program *program;
	uint64_t missed = 0;

	bpf_object__for_each_program(program, object)
	{
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);

		/* One that was not loaded has no descriptor. */
		if (bpf_program__fd(program) >= 0 &&
		    !bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
			missed += info.recursion_misses;
	}
	return missed;
}
