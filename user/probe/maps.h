/* SPDX-License-Identifier: GPL-2.0-only */
/* An object's maps as memory or shared with another, and its losses: for the probes alone. */
#ifndef KVMQ_PROBE_MAPS_H
#define KVMQ_PROBE_MAPS_H

#include <bpf/libbpf.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/owner.h"
#include "model/share_loss.h"

/* The memory of an array map that both sides see. */
struct shared_array {
	void *data;
	size_t size;
	size_t mapped;	/* from its beginning: what is beyond is no memory of ours yet */
	int protection; /* of what is mapped as far as it is used */
};

/*
 * Maps a loaded array map, with the protection bits of mmap(2). Returns 0 or -errno;
 * ends with unmap_array(), which takes one that was never mapped.
 */
int map_array(struct shared_array *array, const struct bpf_map *map, int protection);
void unmap_array(struct shared_array *array);

/*
 * The same for a large one of which the first elements are used: reserves its place, and maps it as
 * far as an element that is to be read. The kernel counts all that is mapped as memory of ours,
 * whether it is ever looked at or not.
 */
int reserve_array(struct shared_array *array, const struct bpf_map *map, int protection);
int map_array_up_to(struct shared_array *array, const struct bpf_map *map, uint32_t index);

/*
 * After the load: of a large variable of a section, which libbpf maps, leaves no whole page in our
 * memory. Nobody reads or writes it here from then on.
 */
void forget_variable(void *variable, size_t size);

/*
 * Before the load: puts the sched probe's tables of threads (slot.bpf.h) in the place
 * of an object's own. owner is loaded. Returns 0 or -errno.
 */
int share_slots(const struct bpf_object *object, const struct bpf_object *owner);

/* Runs that the kernel left out, since the program was running on the CPU already. */
uint64_t missed_runs(const struct bpf_object *object);

/* Places that a table needs on this host: one for 16 MiB of its memory, within these bounds. */
uint32_t table_size(uint32_t least, uint32_t most);

/* Takes a place off an owner's account, by a skeleton's owner_give_back. Returns 0 or -errno. */
int owner_give_back(const struct bpf_program *program, const struct owner *owner);

/* Adds whose share of a table was used up, those of whom most was lost. Returns 0 or -errno. */
int owners__read_losses(const struct bpf_map *map, enum share_table table,
			struct share_losses *losses);

#endif
