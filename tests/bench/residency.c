// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to look where so many GiB of memory are: this process's own stand for a
 * guest's. Prints for each kind of page and source: PAGES SOURCE NS, the least of some tries.
 */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/units.h"
#include "host/residency.h"

#define GIB (1ULL << 30)
#define HUGE_PAGE (2ULL << 20)
#define ROUNDS 3

static void print_cost(const char *pages, enum residency_source source,
		       const struct memory_range *range)
{
	struct residency_config config = {
		.proc = "/proc", .cgroups = "/sys/fs/cgroup", .source = source, .period_ns = 1
	};
	struct residency_reader *reader = residency_reader__new(&config, (uint32_t)getpid());
	const struct residency *residency;
	uint64_t least = UINT64_MAX;

	if (!reader)
		err(1, "residency reader");
	for (int round = 0; round < ROUNDS; round++) {
		residency = residency_reader__read(reader, clock_monotonic_ns(), range, 1, NULL);
		if (residency->source == source && residency->cost_ns < least)
			least = residency->cost_ns;
	}
	if (least == UINT64_MAX)
		printf("%s %s n/a\n", pages, residency_source__name(source));
	else
		printf("%s %s %" PRIu64 "\n", pages, residency_source__name(source), least);
	residency_reader__free(reader);
}

static void measure(const char *pages, size_t size, int advice)
{
	char *memory = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct memory_range range;

	if (memory == MAP_FAILED)
		err(1, "%zu bytes", size);
	range.begin = ((uintptr_t)memory + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	range.end = range.begin + size;
	madvise((void *)range.begin, size, advice);
	for (uint64_t at = range.begin; at < range.end; at += 4096)
		*(volatile char *)at = 1;
	print_cost(pages, RESIDENCY_MAPS, &range);
	print_cost(pages, RESIDENCY_SAMPLE, &range);
	munmap(memory, size + HUGE_PAGE);
}

int main(int argc, char **argv)
{
	uint64_t gib;

	if (argc != 2 || parse_number(argv[1], 1, 1024, &gib))
		errx(2, "usage: residency GIB");
	measure("small", gib * GIB, MADV_NOHUGEPAGE);
	measure("huge", gib * GIB, MADV_HUGEPAGE);
	return 0;
}
