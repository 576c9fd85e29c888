// SPDX-License-Identifier: GPL-2.0-only
#include "disks/disk_ids.h"

#include <errno.h>
#include <stdbool.h>
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

/* Where the keys of a VM are; keys of other VMs may be between them. */
struct part {
	size_t begin, end;
};

static struct part find_part(const struct disk_ids *ids, uint32_t pid, uint64_t start_ns)
{
	struct part part = { .begin = ids->keys.count };

	for (size_t i = 0; i < ids->keys.count; i++) {
		struct disk_key *key = &ids->keys.list[i];

		if (key->vm_pid != pid || key->vm_start_ns != start_ns)
			continue;
		key->taken = false;
		part.begin = part.end ? part.begin : i;
		part.end = i + 1;
	}
	return part;
}

static struct disk_key *find(const struct disk_ids *ids, const struct part *part, uint32_t pid,
			     uint64_t start_ns, const struct disk *disk)
{
	for (size_t i = part->begin; i < part->end; i++)
		if (is_known(&ids->keys.list[i], pid, start_ns, disk))
			return &ids->keys.list[i];
	return NULL;
}

static struct disk_key *add(struct disk_ids *ids, uint32_t pid, uint64_t start_ns,
			    const struct disk *disk)
{
	struct disk_key *key = list_add(&ids->keys);

	if (!key)
		return NULL;
	key->vm_pid = pid;
	key->vm_start_ns = start_ns;
	key->id = ids->next++;
	strcpy(key->name, disk->name);
	strcpy(key->drive, disk->drive);
	strcpy(key->path, disk->path);
	return key;
}

void disk_ids__begin(struct disk_ids *ids)
{
	size_t kept = 0;

	for (size_t i = 0; i < ids->keys.count; i++)
		if (ids->keys.list[i].seen == ids->look)
			ids->keys.list[kept++] = ids->keys.list[i];
	ids->keys.count = kept;
	ids->look++;
}

int disk_ids__assign(struct disk_ids *ids, uint64_t vm_start_ns, struct disks *disks)
{
	/* Two disks may have the same name: each takes its own number. */
	const struct part part = find_part(ids, disks->pid, vm_start_ns);

	for (size_t i = 0; i < disks->count; i++) {
		struct disk *disk = &disks->list[i];
		struct disk_key *key = find(ids, &part, disks->pid, vm_start_ns, disk);

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
	list_free(&ids->keys);
	*ids = (struct disk_ids){ 0 };
}
