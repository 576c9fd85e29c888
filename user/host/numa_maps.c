// SPDX-License-Identifier: GPL-2.0-only
#include "host/numa_maps.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "host/residency_internal.h"

bool node_word(const char *word, uint32_t *node, uint64_t *value)
{
	char id[4];
	uint64_t number;
	size_t length;

	if (*word != 'N')
		return false;
	length = strcspn(word + 1, "=");
	if (length >= sizeof(id) || word[1 + length] != '=')
		return false;
	memcpy(id, word + 1, length);
	id[length] = '\0';
	if (parse_number(id, 0, NODES_MAX - 1, &number) ||
	    parse_number(word + 1 + length + 1, 0, UINT64_MAX, value))
		return false;
	*node = (uint32_t)number;
	return true;
}

static bool starts_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

/*
 * Memory with a policy takes hint faults only with MPOL_F_NUMA_BALANCING. Older kernels have no
 * word for that: they show the policy as "default", or nothing between "=" and ":".
 */
static void parse_policy(struct numa_mapping *mapping, const char *policy, const char *flags)
{
	mapping->policy = strcmp(policy, "default") != 0;
	mapping->balancing = flags && (flags[1] == ':' || strstr(flags, "balancing"));
}

/* Takes the policy off a line; two policies consist of two words. */
static bool take_policy(struct numa_mapping *mapping, char **rest)
{
	const char *policy = strtok_r(NULL, " \n", rest), *last = policy;

	if (!policy)
		return false;
	if (!strcmp(policy, "prefer") || !strcmp(policy, "weighted"))
		last = strtok_r(NULL, " \n", rest);
	parse_policy(mapping, policy, last ? strchr(last, '=') : NULL);
	return true;
}

static void parse_word(struct numa_mapping *mapping, const char *word, uint64_t *page_kib)
{
	static const char page_size[] = "kernelpagesize_kB=";
	uint64_t pages;
	uint32_t node;

	if (node_word(word, &node, &pages))
		mapping->bytes[node] += pages;
	else if (!strcmp(word, "huge"))
		mapping->hugetlb = true;
	else if (starts_with(word, "file=/memfd:") || starts_with(word, "file=/dev/shm/"))
		mapping->shmem = true;
	else if (starts_with(word, page_size) &&
		 parse_number(word + sizeof(page_size) - 1, 1, UINT32_MAX, page_kib))
		*page_kib = 0;
}

bool numa_mapping__parse(struct numa_mapping *mapping, char *line)
{
	char *rest, *end, *word = strtok_r(line, " \n", &rest);
	uint64_t page_kib = 0;

	*mapping = (struct numa_mapping){ 0 };
	if (!word)
		return false;
	mapping->begin = strtoull(word, &end, 16);
	if (*end || !take_policy(mapping, &rest))
		return false;
	while ((word = strtok_r(NULL, " \n", &rest)))
		parse_word(mapping, word, &page_kib);
	for (int node = 0; node < NODES_MAX; node++)
		if (__builtin_mul_overflow(mapping->bytes[node], page_kib * 1024,
					   &mapping->bytes[node]))
			return false;
	return true;
}

enum memory_kind numa_mapping__kind(const struct numa_mapping *mapping, bool shared)
{
	if (mapping->hugetlb)
		return MEMORY_HUGETLB;
	if (mapping->policy)
		return mapping->balancing ? MEMORY_NORMAL : MEMORY_BOUND;
	/* shmem asks the file for its policy, which is none even if it is mapped privately. */
	return shared || mapping->shmem ? MEMORY_SHARED : MEMORY_NORMAL;
}

/* A file of /proc that is read line by line, since the kernel writes it piece by piece. */
struct lines {
	FILE *file;
	char *line;
	size_t size;
};

static int lines__open(struct lines *lines, const char *proc, uint32_t pid, const char *name)
{
	char path[PATH_MAX];

	*lines = (struct lines){ 0 };
	snprintf(path, sizeof(path), "%s/%u/%s", proc, pid, name);
	lines->file = fopen(path, "re");
	return lines->file ? 0 : -errno;
}

static bool lines__next(struct lines *lines)
{
	return getline(&lines->line, &lines->size, lines->file) > 0;
}

static void lines__close(struct lines *lines)
{
	if (lines->file)
		fclose(lines->file);
	free(lines->line);
}

/* The mapping of /proc/PID/maps that belongs to the present line of numa_maps. */
struct maps_place {
	struct lines lines;
	uint64_t begin, end;
	bool shared;
};

/* Moves on to a mapping. Returns false if there is none that begins there. */
static bool maps_place__find(struct maps_place *place, uint64_t begin)
{
	char permissions[5] = "";

	while (place->begin < begin) {
		if (!lines__next(&place->lines))
			return false;
		if (sscanf(place->lines.line, "%" SCNx64 "-%" SCNx64 " %4s", &place->begin,
			   &place->end, permissions) != 3)
			continue;
		place->shared = permissions[3] == 's';
	}
	return place->begin == begin;
}

struct maps_reading {
	struct lines numa;
	struct maps_place place;
	const struct memory_range *range, *last;
};

static bool is_guest(struct maps_reading *reading, uint64_t begin, uint64_t end)
{
	while (reading->range < reading->last && reading->range->end <= begin)
		reading->range++;
	return reading->range < reading->last && reading->range->begin < end;
}

static void add_mapping(struct residency *residency, struct maps_reading *reading,
			const struct numa_mapping *mapping)
{
	bool known = maps_place__find(&reading->place, mapping->begin);
	/* The process has changed the mapping since: its first page decides. */
	uint64_t end = known ? reading->place.end : mapping->begin + 1;
	bool guest = !residency->split || is_guest(reading, mapping->begin, end);
	enum memory_kind kind = numa_mapping__kind(mapping, known && reading->place.shared);

	for (int node = 0; node < NODES_MAX; node++) {
		if (!guest) {
			residency->other_bytes[node] += mapping->bytes[node];
			continue;
		}
		residency->bytes[node] += mapping->bytes[node];
		residency->kind_bytes[kind] += mapping->bytes[node];
	}
}

static int read_mappings(struct residency *residency, struct maps_reading *reading)
{
	struct numa_mapping mapping;
	bool empty = true;

	errno = 0;
	while (lines__next(&reading->numa)) {
		empty = false;
		if (numa_mapping__parse(&mapping, reading->numa.line))
			add_mapping(residency, reading, &mapping);
	}
	if (ferror(reading->numa.file))
		return errno ? -errno : -EIO;
	/* A process that has ended has no mappings; the kernel reports no error. */
	return empty ? -ESRCH : 0;
}

int residency__read_maps(struct residency *residency, const struct residency_target *target)
{
	struct maps_reading reading = { .range = target->ranges, .last = target->ranges };
	int error = lines__open(&reading.place.lines, target->proc, target->pid, "maps");

	if (error)
		return error == -ENOENT ? -ESRCH : error;
	if (target->count) /* ranges may be NULL */
		reading.last += target->count;
	error = lines__open(&reading.numa, target->proc, target->pid, "numa_maps");
	/* A kernel without NUMA. */
	if (error == -ENOENT)
		error = -EOPNOTSUPP;
	residency->source = RESIDENCY_MAPS;
	residency->split = target->count > 0;
	residency->kinds_known = true;
	if (!error)
		error = read_mappings(residency, &reading);
	lines__close(&reading.numa);
	lines__close(&reading.place.lines);
	return error;
}
