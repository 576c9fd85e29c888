// SPDX-License-Identifier: GPL-2.0-only
#include "probe/maps.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"

#define OWNERS_TOLD 8
#define PLACE_MEMORY (16ULL << 20) /* of the host, for each place in a table */

int map_array(struct shared_array *array, const struct bpf_map *map, int protection)
{
	size_t value_size = (bpf_map__value_size(map) + 7) / 8 * 8;

	array->size = value_size * bpf_map__max_entries(map);
	array->data = mmap(NULL, array->size, protection, MAP_SHARED, bpf_map__fd(map), 0);
	if (array->data != MAP_FAILED)
		return 0;
	array->data = NULL;
	return -errno;
}

void unmap_array(struct shared_array *array)
{
	if (array->data)
		munmap(array->data, array->size);
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

struct short_owner {
	struct owner owner;
	uint64_t lost;
};

/* Keeps the list of those who lack most, most first. */
static void rank(struct short_owner list[OWNERS_TOLD], struct short_owner one)
{
	for (size_t i = 0; i < OWNERS_TOLD; i++) {
		struct short_owner other = list[i];

		if (other.lost >= one.lost)
			continue;
		list[i] = one;
		one = other;
	}
}

void owners__tell(const struct bpf_map *shares, const char *table)
{
	static const char *const kinds[] = { [OWNER_UID] = "all VMs of",
					     [OWNER_VM] = "VM of PID",
					     [OWNER_CGROUP] = "VM of cgroup" };
	struct short_owner list[OWNERS_TOLD] = { 0 }, one;
	const struct owner *before = NULL;
	struct owner last;
	struct owner_share share;

	while (!bpf_map_get_next_key(bpf_map__fd(shares), before, &one.owner)) {
		if (!bpf_map_lookup_elem(bpf_map__fd(shares), &one.owner, &share)) {
			one.lost = share.lost;
			rank(list, one);
		}
		last = one.owner;
		before = &last;
	}
	for (size_t i = 0; i < OWNERS_TOLD && list[i].lost; i++)
		log_detail("%s: %s %" PRIu64 ", user %u: share used up, %" PRIu64 " times", table,
			   kinds[list[i].owner.kind], (uint64_t)list[i].owner.id, list[i].owner.uid,
			   list[i].lost);
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
