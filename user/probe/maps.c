// SPDX-License-Identifier: GPL-2.0-only
#include "probe/maps.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <sys/mman.h>

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
