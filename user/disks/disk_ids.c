// SPDX-License-Identifier: GPL-2.0-only
#include "disks/disk_ids.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What stays the same of a disk while the guest has it. */
struct disk_key {
	uint32_t vm_pid;
	uint64_t vm_start_ns;
	char name[DISK_NAME_SIZE];
	char drive[DISK_NAME_SIZE];
	char path[DISK_PATH_SIZE]; /* of one that is known by its open file alone */
	uint32_t id;
	uint32_t seen; /* in this look */
	bool taken;
};

static bool is_known(const struct disk_key *key, uint32_t pid, uint64_t start_ns,
		     const struct disk *disk)
{
	return key->vm_pid == pid && key->vm_start_ns == start_ns && !key->taken &&
	       !strcmp(key->name, disk->name) && !strcmp(key->drive, disk->drive) &&
	       (*disk->drive || !strcmp(key->path, disk->path));
}

static struct disk_key *find(const struct disk_ids *ids, uint32_t pid, uint64_t start_ns,
			     const struct disk *disk)
{
	for (size_t i = 0; i < ids->count; i++)
		if (is_known(&ids->keys[i], pid, start_ns, disk))
			return &ids->keys[i];
	return NULL;
}

static struct disk_key *add(struct disk_ids *ids, uint32_t pid, uint64_t start_ns,
			    const struct disk *disk)
{
	struct disk_key *key;

	if (ids->count == ids->capacity) {
		size_t capacity = ids->capacity ? ids->capacity * 2 : 16;
		void *keys = reallocarray(ids->keys, capacity, sizeof(*ids->keys));

		if (!keys)
			return NULL;
		ids->keys = keys;
		ids->capacity = capacity;
	}
	key = &ids->keys[ids->count++];
	*key = (struct disk_key){ .vm_pid = pid, .vm_start_ns = start_ns, .id = ids->next++ };
	strcpy(key->name, disk->name);
	strcpy(key->drive, disk->drive);
	strcpy(key->path, disk->path);
	return key;
}

void disk_ids__begin(struct disk_ids *ids)
{
	size_t kept = 0;

	for (size_t i = 0; i < ids->count; i++)
		if (ids->keys[i].seen == ids->look)
			ids->keys[kept++] = ids->keys[i];
	ids->count = kept;
	ids->look++;
}

int disk_ids__assign(struct disk_ids *ids, uint64_t vm_start_ns, struct disks *disks)
{
	/* Two disks may be called the same: each takes its own. */
	for (size_t i = 0; i < ids->count; i++)
		ids->keys[i].taken = false;
	for (size_t i = 0; i < disks->count; i++) {
		struct disk *disk = &disks->list[i];
		struct disk_key *key = find(ids, disks->pid, vm_start_ns, disk);

		if (!key)
			key = add(ids, disks->pid, vm_start_ns, disk);
		if (!key)
			return -ENOMEM;
		key->taken = true;
		key->seen = ids->look;
		disk->id = key->id;
	}
	return 0;
}

void disk_ids__free(struct disk_ids *ids)
{
	free(ids->keys);
	*ids = (struct disk_ids){ 0 };
}
