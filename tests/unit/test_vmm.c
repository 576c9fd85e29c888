// SPDX-License-Identifier: GPL-2.0-only
/* The VMM probe without a kernel: where it attaches, and what becomes of its counters. */
#include "unit.h"

#include <elf.h>
#include <errno.h>
#include <sys/resource.h>

#include "base/units.h"
#include "probe/vmm_entry.h"
#include "probe/vmm_snapshot.h"

/* As compilers make it of f(a, b) { g(a, b, false); } */
__asm__(".text\n"
	".type kvmq_test_jump, @function\n"
	"kvmq_test_jump:\n"
	".byte 0xf3, 0x0f, 0x1e, 0xfa, 0x31, 0xd2, 0xe9, 0, 0, 0, 0\n"
	".type kvmq_test_other, @function\n"
	"kvmq_test_other:\n"
	".byte 0x55, 0x48, 0x89, 0xe5, 0x31, 0xd2, 0xe9, 0, 0, 0, 0\n");

#ifdef __x86_64__
static void test_offset(void **state)
{
	static const uint8_t plain[] = { 0x31, 0xd2, 0xe9, 1, 2, 3, 4 };
	static const uint8_t near[] = { 0x31, 0xd2, 0xeb, 1 };
	static const uint8_t padded[] = { 0xf3, 0x0f, 0x1e, 0xfa, 0x31, 0xd2, 0xe9, 1 };
	static const uint8_t call[] = { 0x31, 0xd2, 0xe8, 1, 2, 3, 4 };
	static const uint8_t other[] = { 0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x31, 0xd2, 0xe9 };
	static const uint8_t argument[] = { 0x31, 0xf6, 0xe9, 1, 2, 3, 4 };

	(void)state;
	assert_int_equal(vmm_entry__offset(plain, sizeof(plain)), 2);
	assert_int_equal(vmm_entry__offset(near, sizeof(near)), 2);
	assert_int_equal(vmm_entry__offset(padded, sizeof(padded)), 6);
	assert_int_equal(vmm_entry__offset(call, sizeof(call)), 0);
	assert_int_equal(vmm_entry__offset(other, sizeof(other)), 0);
	assert_int_equal(vmm_entry__offset(argument, sizeof(argument)), 0);
	for (size_t size = 0; size < 3; size++)
		assert_int_equal(vmm_entry__offset(plain, size), 0);
	for (size_t size = 0; size < 7; size++)
		assert_int_equal(vmm_entry__offset(padded, size), 0);
}

/* The code at the place that was found: begins with the bytes of a function, behind so many. */
static int find(const char *path, const char *function, const char *code, size_t behind)
{
	uint64_t place = 0;
	int error = vmm_entry__find(path, function, &place), fd;
	char found[11];

	if (error)
		return error;
	fd = open(path, O_RDONLY);
	assert_int_equal(pread(fd, found, sizeof(found), (off_t)(place - behind)), sizeof(found));
	close(fd);
	assert_memory_equal(found, code, sizeof(found));
	return 0;
}

extern const char kvmq_test_jump[], kvmq_test_other[];
int main(void);

static void test_find(void **state)
{
	static const char self[] = "/proc/self/exe";

	(void)state;
	assert_int_equal(find(self, "kvmq_test_jump", kvmq_test_jump, 6), 0);
	assert_int_equal(find(self, "kvmq_test_other", kvmq_test_other, 0), 0);
	assert_int_equal(find(self, "kvmq_test_none", "", 0), -ENOENT);
	assert_int_equal(find(self, "main", (const char *)main, 0), 0);
	assert_int_equal(find("/proc/self/status", "kvmq_test_jump", "", 0), -ENOEXEC);
	assert_int_equal(find("/dev/null", "kvmq_test_jump", "", 0), -ENOEXEC);
	assert_int_equal(find("/nonexistent", "kvmq_test_jump", "", 0), -ENOENT);
}

/* A copy of this program whose tables of symbols have another size and place. */
static void make_copy(char *path, uint64_t size, uint64_t place, uint32_t link)
{
	Elf64_Ehdr header;
	Elf64_Shdr section;
	char command[128];
	int fd;

	snprintf(path, 32, "/tmp/kvmq-elf-XXXXXX");
	fd = mkstemp(path);
	snprintf(command, sizeof(command), "cp /proc/%d/exe %s", getpid(), path);
	assert_int_equal(system(command), 0);
	assert_int_equal(pread(fd, &header, sizeof(header), 0), sizeof(header));
	for (unsigned int i = 0; i < header.e_shnum; i++) {
		off_t at = (off_t)(header.e_shoff + i * sizeof(section));

		assert_int_equal(pread(fd, &section, sizeof(section), at), sizeof(section));
		if (section.sh_type != SHT_SYMTAB && section.sh_type != SHT_DYNSYM)
			continue;
		section.sh_size = size;
		section.sh_offset = place;
		section.sh_link = link ? link : section.sh_link;
		assert_int_equal(pwrite(fd, &section, sizeof(section), at), sizeof(section));
	}
	assert_int_equal(ftruncate(fd, 1LL << 33), 0);
	close(fd);
}

/* What it says of its own sizes costs neither memory nor time. */
static void test_bombs(void **state)
{
	static const struct {
		uint64_t size, place;
		uint32_t link;
		int error;
	} bombs[] = { { 2ULL << 30, 1ULL << 30, 0, -E2BIG },
		      { 16U << 20, 1ULL << 30, 0, -ENOENT },
		      { UINT64_MAX, 0, 0, -E2BIG },
		      { 1U << 20, 1ULL << 34, 0, -ENOEXEC },
		      { 1U << 20, UINT64_MAX - 5, 0, -EINVAL },
		      { 24, 0, 1U << 31, -ENOEXEC } };
	struct rusage before, after;
	char path[32];

	(void)state;
	getrusage(RUSAGE_SELF, &before);
	for (size_t i = 0; i < ARRAY_SIZE(bombs); i++) {
		uint64_t ns;

		make_copy(path, bombs[i].size, bombs[i].place, bombs[i].link);
		ns = clock_process_cpu_ns();
		assert_int_equal(find(path, "kvmq_test_jump", "", 0), bombs[i].error);
		assert_in_range(clock_process_cpu_ns() - ns, 0, NSEC_PER_SEC / 2);
		unlink(path);
	}
	getrusage(RUSAGE_SELF, &after);
	assert_in_range(after.ru_maxrss - before.ru_maxrss, 0, 48 << 10);
}
#endif

static void add(struct vmm_snapshot *snapshot, uint32_t pid, uint64_t backend, enum io_op op,
		uint64_t count)
{
	struct vmm_key key = { .pid = pid, .backend = backend };
	struct vmm_requests requests = { .count = count, .sum_ns = count * 1000, .bytes = 4096 };

	requests.hist[7] = (uint32_t)count;
	assert_int_equal(vmm_snapshot__take(snapshot, &key, op, &requests), 0);
}

static void test_join(void **state)
{
	struct vmm_snapshot snapshot = { 0 };
	static const struct {
		uint32_t pid;
		uint64_t backend;
		enum io_op op;
		uint64_t count, bytes;
	} expected[] = {
		{ 10, 0x5000, IO_READ, 3, 4096 },   { 10, 0x5000, IO_OTHER, 11, 12288 },
		{ 10, 0x6000, IO_READ, 16, 4096 },  { 20, 0x5000, IO_READ, 32, 4096 },
		{ 20, 0x5000, IO_FLUSH, 64, 4096 },
	};

	(void)state;
	vmm_snapshot__join(&snapshot);
	assert_int_equal(snapshot.flows.count, 0);
	add(&snapshot, 20, 0x5000, IO_FLUSH, 64);
	add(&snapshot, 10, 0x5000, IO_OTHER, 1);
	add(&snapshot, 10, 0x6000, IO_READ, 16);
	add(&snapshot, 10, 0x5000, IO_OTHER, 2);
	add(&snapshot, 10, 0x5000, IO_READ, 3);
	add(&snapshot, 20, 0x5000, IO_READ, 32);
	add(&snapshot, 10, 0x5000, IO_OTHER, 8);
	vmm_snapshot__join(&snapshot);
	assert_int_equal(snapshot.flows.count, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		const struct vmm_flow *flow = &snapshot.flows.list[i];

		assert_int_equal(flow->vm_pid, expected[i].pid);
		assert_int_equal(flow->backend, expected[i].backend);
		assert_int_equal(flow->op, expected[i].op);
		assert_int_equal(flow->bytes, expected[i].bytes);
		assert_int_equal(flow->latency.count, expected[i].count);
		assert_int_equal(flow->latency.sum_ns, expected[i].count * 1000);
		assert_int_equal(flow->latency.hist[7], expected[i].count);
	}
	list_free(&snapshot.flows);
	assert_null(snapshot.flows.list);
}

/* More than it has had place for. */
static void test_grow(void **state)
{
	struct vmm_snapshot snapshot = { 0 };

	(void)state;
	for (uint32_t pid = 100; pid > 0; pid--)
		add(&snapshot, pid, 1, IO_WRITE, pid);
	vmm_snapshot__join(&snapshot);
	assert_int_equal(snapshot.flows.count, 100);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(snapshot.flows.list[i].latency.count, i + 1);
	list_free(&snapshot.flows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef __x86_64__
		cmocka_unit_test(test_offset), cmocka_unit_test(test_find),
		cmocka_unit_test(test_bombs),
#endif
		cmocka_unit_test(test_join),   cmocka_unit_test(test_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
