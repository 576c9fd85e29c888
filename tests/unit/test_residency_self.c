// SPDX-License-Identifier: GPL-2.0-only
/* The sources of residency on memory of this process: what they see, whether they agree. */
#include "base/units.h"
#include "fake_proc.h"
#include "host/residency.h"
#include "host/residency_internal.h"
#include "unit.h"

#include <time.h>

/* Memory of this process between two pages that are not, so that it is a mapping of its own. */
struct block {
	char *begin;
	size_t page, pages;
	struct memory_range range;
};

static void block_map(struct block *block, size_t pages)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, (pages + 2) * page, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	block->begin = memory + page;
	block->page = page;
	block->pages = pages;
	assert_int_equal(mprotect(block->begin, pages * page, PROT_READ | PROT_WRITE), 0);
	/* Without THP in the kernel there is nothing to forbid. */
	madvise(block->begin, pages * page, MADV_NOHUGEPAGE);
	block->range.begin = (uintptr_t)block->begin;
	block->range.end = block->range.begin + pages * page;
}

static void block_touch(struct block *block, size_t first, size_t end, size_t step)
{
	for (size_t i = first; i < end; i += step)
		block->begin[i * block->page] = 1;
}

static void block_unmap(struct block *block)
{
	munmap(block->begin - block->page, (block->pages + 2) * block->page);
}

/*
 * Skips the test where numa_maps is not there, or where move_pages() may not be called or
 * does not see pages that NUMA balancing unmaps: a page that is touched, on its own, tells.
 */
static void need_sources(void)
{
	struct residency_target target = { .proc = "/proc", .pid = (uint32_t)getpid() };
	struct residency residency = { 0 };
	struct block block;
	int error;

	block_map(&block, 1);
	block_touch(&block, 0, 1, 1);
	target.ranges = &block.range;
	target.count = 1;
	error = residency__read_maps(&residency, &target);
	if (!error)
		error = residency__read_sample(&residency, &target);
	block_unmap(&block);
	if (!error)
		return;
	print_message("no numa_maps or no move_pages(): %s\n", strerror(-error));
	skip();
}

static struct residency read_self(enum residency_source source, const struct memory_range *range)
{
	struct residency_config config = {
		.proc = "/proc",
		.cgroups = "/sys/fs/cgroup",
		.source = source,
	};
	struct residency_reader *reader = residency_reader__new(&config, (uint32_t)getpid());
	struct residency residency =
		*residency_reader__read(reader, clock_monotonic_ns(), range, 1, NULL);

	assert_int_equal(residency_reader__error(reader), 0);
	assert_int_equal(residency.source, source);
	residency_reader__free(reader);
	return residency;
}

static uint64_t other_total(const struct residency *residency)
{
	uint64_t total = 0;

	for (int node = 0; node < NODES_MAX; node++)
		total += residency->other_bytes[node];
	return total;
}

/* Fewer pages than are drawn: all of them are looked at. */
static void test_self_all(void **state)
{
	struct residency maps, sample;
	struct block block;

	(void)state;
	need_sources();
	block_map(&block, 4096);
	block_touch(&block, 0, 1234, 1);
	maps = read_self(RESIDENCY_MAPS, &block.range);
	assert_int_equal(residency__total(&maps), 1234 * block.page);
	assert_int_equal(maps.kind_bytes[MEMORY_NORMAL], 1234 * block.page);
	assert_int_equal(maps.size_bytes, 4096 * block.page);
	assert_true(other_total(&maps) > 0);
	sample = read_self(RESIDENCY_SAMPLE, &block.range);
	assert_int_equal(residency__total(&sample), 1234 * block.page);
	assert_int_equal(sample.samples, 4096);
	assert_int_equal(sample.error_mpct, 0);
	assert_true(sample.split);
	assert_int_equal(sample.kind_bytes[MEMORY_NORMAL], 1234 * block.page);
	block_unmap(&block);
}

/* In one piece, only the stratum at its end is in doubt. */
static void test_self_piece(void **state)
{
	struct residency maps, sample;
	struct block block;
	uint64_t difference;

	(void)state;
	need_sources();
	block_map(&block, 32768);
	block_touch(&block, 0, 20001, 1);
	maps = read_self(RESIDENCY_MAPS, &block.range);
	assert_int_equal(residency__total(&maps), 20001 * block.page);
	sample = read_self(RESIDENCY_SAMPLE, &block.range);
	difference = (uint64_t)llabs((long long)residency__total(&sample) -
				     (long long)residency__total(&maps));
	assert_in_range(difference, 0, 2 * block.page);
	assert_int_equal(sample.samples, 16384);
	/* 1.96 * 0.5 / sqrt(10000.5) */
	assert_in_range(sample.error_mpct, 979, 980);
	block_unmap(&block);
}

/* Scattered as badly as can be: every second page. Five standard deviations are 1.95 %. */
static void test_self_scattered(void **state)
{
	struct residency maps, sample;
	struct block block;
	uint64_t wanted;

	(void)state;
	need_sources();
	block_map(&block, 32768);
	block_touch(&block, 0, 32768, 2);
	wanted = 16384 * block.page;
	maps = read_self(RESIDENCY_MAPS, &block.range);
	assert_int_equal(residency__total(&maps), wanted);
	sample = read_self(RESIDENCY_SAMPLE, &block.range);
	assert_in_range(residency__total(&sample), wanted - wanted / 25, wanted + wanted / 25);
	block_unmap(&block);
}

/* Guest memory in several ranges, with pages between them that are not the guest's. */
static void test_self_ranges(void **state)
{
	struct residency_target target = { .proc = "/proc", .pid = (uint32_t)getpid() };
	struct residency sample = { 0 };
	struct memory_range ranges[3];
	struct block block;

	(void)state;
	need_sources();
	block_map(&block, 3000);
	block_touch(&block, 0, 3000, 1);
	for (int i = 0; i < 3; i++) {
		ranges[i].begin = block.range.begin + (uint64_t)i * 1000 * block.page;
		ranges[i].end = ranges[i].begin + (uint64_t)(100 + i) * block.page;
	}
	target.ranges = ranges;
	target.count = 3;
	assert_int_equal(residency__read_sample(&sample, &target), 0);
	assert_int_equal(sample.samples, 303);
	assert_int_equal(residency__total(&sample), 303 * block.page);
	/* The last range alone is there: an address too far would be, too. */
	madvise(block.begin, 2000 * block.page, MADV_DONTNEED);
	madvise(block.begin + 2102 * block.page, 898 * block.page, MADV_DONTNEED);
	memset(&sample, 0, sizeof(sample));
	assert_int_equal(residency__read_sample(&sample, &target), 0);
	assert_int_equal(residency__total(&sample), 102 * block.page);
	block_unmap(&block);
}

static void test_sample_refused(void **state)
{
	struct residency_target target = { .proc = "/proc", .pid = (uint32_t)getpid() };
	struct residency residency = { 0 };
	struct block block;

	(void)state;
	need_sources();
	assert_int_equal(residency__read_sample(&residency, &target), -EOPNOTSUPP);
	block_map(&block, 100);
	target.ranges = &block.range;
	target.count = 1;
	/* Nothing of it is there. */
	assert_int_equal(residency__read_sample(&residency, &target), -EOPNOTSUPP);
	block_unmap(&block);
}

/*
 * Too big for numa_maps, if its status were true, and without a cgroup: sampled, and
 * numa_maps is read for the kinds.
 */
static void test_auto_sample(void **state)
{
	const uint32_t pid = (uint32_t)getpid();
	struct residency_config config = { .cgroups = "/nonexistent" };
	struct residency_reader *reader;
	const struct residency *residency;
	struct fake_proc proc = { 0 };
	struct block block;
	char name[64];

	(void)state;
	need_sources();
	block_map(&block, 100);
	block_touch(&block, 0, 75, 1);
	fake_proc__open(&proc);
	config.proc = proc.path;
	snprintf(name, sizeof(name), "%u/status", pid);
	fake_tree(&proc, name, "Name:\tvmm\nVmRSS:\t67108864 kB\nRssAnon:\t67108864 kB\n");
	snprintf(name, sizeof(name), "%u/maps", pid);
	fake_tree(&proc, name, "");
	snprintf(name, sizeof(name), "%u/numa_maps", pid);
	fake_tree(&proc, name, "7f0000000000 default\n");
	reader = residency_reader__new(&config, pid);
	residency = residency_reader__read(reader, 1000, &block.range, 1, "/vm");
	assert_int_equal(residency_reader__error(reader), 0);
	assert_int_equal(residency->source, RESIDENCY_SAMPLE);
	assert_int_equal(residency__total(residency), 75 * block.page);
	assert_true(residency->kinds_known);
	residency_reader__free(reader);
	fake_proc__close(&proc);
	block_unmap(&block);
}

static uint64_t thread_cpu_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * NSEC_PER_SEC + (uint64_t)time.tv_nsec;
}

/* What the sources cost on this machine is printed, and no more: it depends on that. */
static void test_cost(void **state)
{
	struct residency_target target = { .proc = "/proc", .pid = (uint32_t)getpid() };
	struct residency maps = { 0 }, sample = { 0 };
	struct block block;
	uint64_t times[3];

	(void)state;
	need_sources();
	block_map(&block, 32768);
	block_touch(&block, 0, 32768, 1);
	target.ranges = &block.range;
	target.count = 1;
	times[0] = thread_cpu_ns();
	assert_int_equal(residency__read_maps(&maps, &target), 0);
	times[1] = thread_cpu_ns();
	assert_int_equal(residency__read_sample(&sample, &target), 0);
	times[2] = thread_cpu_ns();
	print_message("maps: %.1f ns a page; sample of %u pages: %.1f ns a page\n",
		      (double)(times[1] - times[0]) / 32768, sample.samples,
		      (double)(times[2] - times[1]) / sample.samples);
	assert_int_equal(residency__total(&maps), residency__total(&sample));
	block_unmap(&block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_self_all),       cmocka_unit_test(test_self_piece),
		cmocka_unit_test(test_self_scattered), cmocka_unit_test(test_self_ranges),
		cmocka_unit_test(test_sample_refused), cmocka_unit_test(test_auto_sample),
		cmocka_unit_test(test_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
