// SPDX-License-Identifier: GPL-2.0-only
/* Residency by move_pages(2) of pages drawn at random; it is told to move nothing. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/residency_internal.h"

#define SAMPLES 16384U
#define CHUNK 1024U

/* Writes the node of each page, or the reason why there is none, to status. Returns 0 or -errno. */
static int query_pages(pid_t pid, void **pages, unsigned long count, int *status)
{
	return syscall(SYS_move_pages, pid, count, pages, NULL, status, 0) < 0 ? -errno : 0;
}

/*
 * Kernels before 6.5 report a page as absent that NUMA balancing has unmapped for a moment. They do
 * the same for a page that was unmapped by hand. Returns 1: this kernel sees such pages; 0: it does
 * not; or -errno.
 */
static int sees_unmapped_pages(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = 2 * page;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *pages[] = { memory, memory + page };
	int status[2] = { -ENOENT, -ENOENT }, result;

	if (memory == MAP_FAILED)
		return -errno;
	memory[0] = memory[page] = 1;
	result = mprotect(memory, size, PROT_NONE) ? -errno : query_pages(0, pages, 2, status);
	munmap(memory, size);
	return result ? result : status[0] >= 0 && status[1] >= 0;
}

/*
 * Whether balancing has ever unmapped a page of this host. Such pages stay unmapped until they are
 * touched, even after it was switched off.
 */
static bool has_unmapped_pages(const char *proc)
{
	static const char name[] = "\nnuma_pte_updates ";
	char text[32768], *line;

	if (read_file(text, sizeof(text), "%s/vmstat", proc) <= 0)
		return true;
	line = strstr(text, name);
	return line && strtoull(line + strlen(name), NULL, 10);
}

static int check_kernel(const char *proc)
{
	int sees = sees_unmapped_pages();

	if (sees < 0)
		return sees == -ENOSYS ? -EOPNOTSUPP : sees;
	return sees || !has_unmapped_pages(proc) ? 0 : -EOPNOTSUPP;
}

/* xorshift64*: the strata do most of the work. */
static uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

/* Draws pages of the guest memory, counted through all of its ranges. */
struct draw {
	const struct memory_range *range;
	uint64_t page_bytes;
	uint64_t pages;	 /* in all ranges */
	uint64_t passed; /* in the ranges before this one */
	uint64_t random;
	uint32_t count;
	uint32_t drawn;
};

static uint64_t range_pages(const struct draw *draw, const struct memory_range *range)
{
	return (range->end - range->begin) / draw->page_bytes;
}

static int draw__begin(struct draw *draw, const struct residency_target *target)
{
	*draw = (struct draw){ .range = target->ranges,
			       .page_bytes = (uint64_t)sysconf(_SC_PAGESIZE) };
	for (size_t i = 0; i < target->count; i++)
		draw->pages += range_pages(draw, &target->ranges[i]);
	draw->count = draw->pages < SAMPLES ? (uint32_t)draw->pages : SAMPLES;
	if (!draw->count)
		return -EOPNOTSUPP;
	if (getrandom(&draw->random, sizeof(draw->random), 0) != sizeof(draw->random))
		return -errno;
	draw->random |= 1;
	return 0;
}

/*
 * One page out of each of as many equal strata. Memory is on one node for long stretches, and
 * strata miss only at the ends of these.
 */
static void *draw__next(struct draw *draw)
{
	uint64_t first = draw->pages * draw->drawn / draw->count;
	uint64_t last = draw->pages * (draw->drawn + 1) / draw->count;
	uint64_t page = first + random_next(&draw->random) % (last - first);

	draw->drawn++;
	while (page - draw->passed >= range_pages(draw, draw->range))
		draw->passed += range_pages(draw, draw->range++);
	/* The address belongs to another process. */
	return (void *)(draw->range->begin + (page - draw->passed) * draw->page_bytes);
}

static int count_pages(struct draw *draw, uint32_t pid, uint32_t counts[NODES_MAX])
{
	void *pages[CHUNK];
	int status[CHUNK], error;

	while (draw->drawn < draw->count) {
		uint32_t count = 0;

		while (count < CHUNK && draw->drawn < draw->count)
			pages[count++] = draw__next(draw);
		error = query_pages((pid_t)pid, pages, count, status);
		if (error)
			return error;
		for (uint32_t i = 0; i < count; i++)
			if (status[i] >= 0 && status[i] < NODES_MAX)
				counts[status[i]]++;
	}
	return 0;
}

static uint32_t square_root(uint64_t value)
{
	uint64_t root = 0;

	for (uint64_t bit = 1ULL << 31; bit; bit >>= 1)
		if ((root | bit) * (root | bit) <= value)
			root |= bit;
	return (uint32_t)root;
}

/*
 * Half of the 95 % interval of a share of half, which has the widest one, in 1/1000 %: 1.96 * 0.5 /
 * sqrt(resident) * 100000. Strata can only make it narrower.
 */
static uint32_t error_of(uint32_t resident)
{
	return square_root(98000ULL * 98000 / resident);
}

int residency__read_sample(struct residency *residency, const struct residency_target *target)
{
	uint32_t counts[NODES_MAX] = { 0 }, resident = 0;
	struct draw draw;
	int error = draw__begin(&draw, target);

	if (!error)
		error = check_kernel(target->proc);
	if (!error)
		error = count_pages(&draw, target->pid, counts);
	if (error)
		return error;
	for (int node = 0; node < NODES_MAX; node++) {
		resident += counts[node];
		residency->bytes[node] = (uint64_t)((double)counts[node] / draw.count *
						    (double)(draw.pages * draw.page_bytes));
	}
	/* A running VM has memory, so the kernel does not show pages of this kind. */
	if (!resident)
		return -EOPNOTSUPP;
	residency->source = RESIDENCY_SAMPLE;
	residency->split = true;
	residency->samples = draw.count;
	residency->error_mpct = draw.count < draw.pages ? error_of(resident) : 0;
	return 0;
}
