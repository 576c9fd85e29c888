// SPDX-License-Identifier: GPL-2.0-only
#include "host/residency.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "host/residency_internal.h"

#define PERIOD_MIN_NS NSEC_PER_SEC

/* numa_maps is the first choice as long as it can be read every 10 s. */
#define MAPS_CHEAP_NS (10 * NSEC_PER_MSEC)

/* For kinds alone it is not worth more than this: it holds the process's mmap lock. */
#define MAPS_KINDS_NS NSEC_PER_SEC

/* Measured: 2.1 s for 256 GiB. A page of hugetlb costs as much, and there are few of them. */
#define MAPS_PAGE_NS 32
#define MAPS_PAGE_BYTES 4096

/* A look at all files of a process takes as long as numa_maps of a small one. */
#define VFIO_NS (600 * NSEC_PER_SEC)

struct residency_reader {
	struct residency_config config;
	uint64_t budget; /* one part in so many */
	uint32_t pid;
	uint64_t next_ns;
	int error;
	struct residency last;
	uint64_t maps_cost_ns; /* of the last reading of numa_maps */
	uint64_t maps_bytes;   /* what the process had then */
	bool kinds_known;
	uint64_t kinds_next_ns;
	uint64_t kind_bytes[MEMORY_KINDS];
	struct process_files files; /* when vfio was found out */
	uint64_t vfio_next_ns;
	bool vfio;
};

struct residency_reader *residency_reader__new(const struct residency_config *config, uint32_t pid)
{
	struct residency_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->config = *config;
	reader->budget = RESIDENCY_BUDGET;
	reader->pid = pid;
	return reader;
}

void residency_reader__free(struct residency_reader *reader)
{
	free(reader);
}

void residency_reader__set_budget(struct residency_reader *reader, uint64_t parts)
{
	reader->budget = parts;
}

bool residency_reader__due(const struct residency_reader *reader, uint64_t now_ns)
{
	return now_ns >= reader->next_ns;
}

int residency_reader__error(const struct residency_reader *reader)
{
	return reader->error;
}

const char *residency_reader__missing(const struct residency_reader *reader)
{
	switch (reader->error) {
	case 0:
		return NULL;
	case -ESRCH:
		return "its process has ended";
	case -EPERM:
	case -EACCES:
		return "the kernel refused it: needs root or CAP_SYS_PTRACE";
	case -EOPNOTSUPP:
		break;
	default:
		return strerror(-reader->error);
	}
	switch (reader->config.source) {
	case RESIDENCY_CGROUP:
		return "it has no cgroup of its own with the memory controller and all its memory";
	case RESIDENCY_SAMPLE:
		return "move_pages() does not see its pages: before Linux 6.5 not once "
		       "balancing was on, and never without KVM's memory slots";
	default:
		return "this kernel tells it in no way";
	}
}

static uint64_t small_page_bytes(const struct process_memory *memory)
{
	return memory->anon_bytes + memory->file_bytes + memory->shmem_bytes;
}

/* The last cost, and what the process has grown by since; at first, all of it is growth. */
static uint64_t estimate_maps_cost(const struct residency_reader *reader,
				   const struct process_memory *memory)
{
	uint64_t bytes = small_page_bytes(memory), cost = reader->maps_cost_ns;

	if (bytes > reader->maps_bytes)
		cost += (bytes - reader->maps_bytes) / MAPS_PAGE_BYTES * MAPS_PAGE_NS;
	return cost;
}

static int read_maps(struct residency_reader *reader, struct residency *residency,
		     const struct residency_target *target)
{
	uint64_t begin = clock_thread_cpu_ns();
	int error = residency__read_maps(residency, target);

	if (error)
		return error;
	reader->maps_cost_ns = clock_thread_cpu_ns() - begin;
	reader->maps_bytes = small_page_bytes(&target->memory);
	return 0;
}

static int read_source(struct residency_reader *reader, struct residency *residency,
		       const struct residency_target *target, enum residency_source source)
{
	/* A source that fails may have filled in a part. */
	*residency = (struct residency){ .size_bytes = residency->size_bytes };
	switch (source) {
	case RESIDENCY_MAPS:
		return read_maps(reader, residency, target);
	case RESIDENCY_CGROUP:
		return residency__read_cgroup(residency, target);
	case RESIDENCY_SAMPLE:
		return residency__read_sample(residency, target);
	default:
		return -EINVAL;
	}
}

/*
 * Uses the first source that can be read. A failure explains more than a source that does not suit
 * the VM.
 */
static int read_best(struct residency_reader *reader, struct residency *residency,
		     const struct residency_target *target)
{
	static const enum residency_source exact[] = { RESIDENCY_MAPS, RESIDENCY_CGROUP,
						       RESIDENCY_SAMPLE };
	static const enum residency_source cheap[] = { RESIDENCY_CGROUP, RESIDENCY_SAMPLE,
						       RESIDENCY_MAPS };
	const enum residency_source *order =
		estimate_maps_cost(reader, &target->memory) <= MAPS_CHEAP_NS ? exact : cheap;
	int first = 0;

	for (int i = 0; i < 3; i++) {
		int error = read_source(reader, residency, target, order[i]);

		if (!error || error == -ESRCH)
			return error;
		if (!first || first == -EOPNOTSUPP)
			first = error;
	}
	return first;
}

static void keep_kinds(struct residency_reader *reader, const struct residency *residency,
		       uint64_t now_ns)
{
	reader->kinds_known = true;
	memcpy(reader->kind_bytes, residency->kind_bytes, sizeof(reader->kind_bytes));
	reader->kinds_next_ns = now_ns + 2 * reader->budget * reader->maps_cost_ns;
}

/*
 * Only numa_maps tells the kind of memory. Beside another source it is read for that alone, and
 * each of the two has half of the budget. Returns whether it is worth its cost.
 */
static bool add_kinds(struct residency_reader *reader, struct residency *residency,
		      const struct residency_target *target, uint64_t now_ns)
{
	struct residency maps = { 0 };
	bool worth = estimate_maps_cost(reader, &target->memory) < MAPS_KINDS_NS;

	if (worth && now_ns >= reader->kinds_next_ns && !read_maps(reader, &maps, target)) {
		keep_kinds(reader, &maps, now_ns);
		residency->cost_ns += reader->maps_cost_ns;
	}
	residency->kinds_known = reader->kinds_known;
	memcpy(residency->kind_bytes, reader->kind_bytes, sizeof(residency->kind_bytes));
	return worth;
}

/* The kernel pins all guest memory for a device, but VmPin does not always show that. */
static bool is_vfio(const char *target)
{
	return !strncmp(target, "/dev/vfio/", strlen("/dev/vfio/")) ||
	       !strcmp(target, "/dev/iommu") || !strcmp(target, "anon_inode:[vfio-device]");
}

/* Such a device is several files more, so with as many as before there are the same. */
static bool has_vfio(struct residency_reader *reader, const struct residency_target *target,
		     uint64_t now_ns)
{
	struct process_files files;

	process_files(target->proc, target->pid, &files);
	if (!files.count || now_ns >= reader->vfio_next_ns ||
	    !process_files__same(&files, &reader->files)) {
		reader->vfio = process_has_fd(target->proc, target->pid, is_vfio);
		reader->vfio_next_ns = now_ns + VFIO_NS;
	}
	reader->files = files;
	return reader->vfio;
}

static void add_pinned(struct residency_reader *reader, struct residency *residency,
		       const struct residency_target *target, uint64_t now_ns)
{
	residency->pinned_bytes = target->memory.pinned_bytes;
	if (has_vfio(reader, target, now_ns))
		residency->pinned_bytes = residency__total(residency);
}

static int read_now(struct residency_reader *reader, struct residency *residency,
		    struct residency_target *target, uint64_t now_ns)
{
	int error = process_memory(target->proc, target->pid, &target->memory);

	if (error)
		return error;
	if (reader->config.source == RESIDENCY_AUTO)
		error = read_best(reader, residency, target);
	else
		error = read_source(reader, residency, target, reader->config.source);
	if (error)
		return error;
	add_pinned(reader, residency, target, now_ns);
	/* If the process has ended meanwhile, a source may have seen only a part. */
	return process_memory(target->proc, target->pid, &target->memory);
}

static uint64_t period_of(const struct residency_reader *reader, uint64_t cost_ns)
{
	uint64_t period = cost_ns * reader->budget, least = reader->config.least_ns;
	uint64_t most = reader->config.most_ns;

	if (reader->config.period_ns)
		return reader->config.period_ns;
	if (!least)
		least = PERIOD_MIN_NS;
	if (most && period > most)
		period = most;
	return period < least ? least : period;
}

static void read_and_keep(struct residency_reader *reader, struct residency_target *target,
			  uint64_t now_ns)
{
	struct residency *residency = &reader->last;
	uint64_t begin = clock_thread_cpu_ns(), cost;

	*residency = (struct residency){ 0 };
	for (size_t i = 0; i < target->count; i++)
		residency->size_bytes += target->ranges[i].end - target->ranges[i].begin;
	reader->error = read_now(reader, residency, target, now_ns);
	if (reader->error)
		*residency = (struct residency){ .size_bytes = residency->size_bytes };
	cost = clock_thread_cpu_ns() - begin;
	residency->cost_ns = cost;
	if (residency->source == RESIDENCY_MAPS)
		keep_kinds(reader, residency, now_ns);
	else if (residency->source && add_kinds(reader, residency, target, now_ns))
		cost *= 2;
	residency->time_ns = clock_monotonic_ns();
	residency->period_ns = period_of(reader, cost);
	reader->next_ns = now_ns + residency->period_ns;
}

const struct residency *residency_reader__read(struct residency_reader *reader, uint64_t now_ns,
					       const struct memory_range *ranges, size_t count,
					       const char *cgroup)
{
	struct residency_target target = {
		.proc = reader->config.proc,
		.cgroups = reader->config.cgroups,
		.pid = reader->pid,
		.cgroup = cgroup,
		.ranges = ranges,
		.count = count,
	};

	if (residency_reader__due(reader, now_ns))
		read_and_keep(reader, &target, now_ns);
	return &reader->last;
}
