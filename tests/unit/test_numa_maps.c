// SPDX-License-Identifier: GPL-2.0-only
/* /proc/PID/numa_maps: bytes by node, guest memory and the VMM's own, kinds of memory. */
#include "fake_proc.h"
#include "host/numa_maps.h"
#include "host/residency_internal.h"
#include "unit.h"

#define PID 100
#define KIB 1024ULL
#define MIB (1024 * KIB)

static int set_up(void **state)
{
	struct fake_proc *proc = calloc(1, sizeof(*proc));

	fake_proc__open(proc);
	*state = proc;
	return 0;
}

static int tear_down(void **state)
{
	fake_proc__close(*state);
	free(*state);
	return 0;
}

static bool parse(struct numa_mapping *mapping, const char *text)
{
	char line[512];

	snprintf(line, sizeof(line), "%s", text);
	return numa_mapping__parse(mapping, line);
}

static void test_line(void **state)
{
	struct numa_mapping mapping;

	(void)state;
	assert_true(parse(&mapping, "7f0000200000 default anon=524 dirty=524 active=0 N0=512 N3=12 "
				    "kernelpagesize_kB=4\n"));
	assert_int_equal(mapping.begin, 0x7f0000200000);
	assert_int_equal(mapping.bytes[0], 2 * MIB);
	assert_int_equal(mapping.bytes[3], 48 * KIB);
	assert_int_equal(mapping.bytes[1], 0);
	assert_false(mapping.hugetlb);
	assert_false(mapping.policy);
	assert_false(mapping.shmem);
	/* The size of a page comes last. */
	assert_true(parse(&mapping, "7f0000200000 default file=/dev/hugepages/vm huge dirty=3 "
				    "N1=3 kernelpagesize_kB=2048"));
	assert_true(mapping.hugetlb);
	assert_int_equal(mapping.bytes[1], 6 * MIB);
	/* Nothing resident. */
	assert_true(parse(&mapping, "7ffd10000000 default stack\n"));
	assert_int_equal(mapping.bytes[0], 0);
}

static void test_node_word(void **state)
{
	uint32_t node;
	uint64_t value;

	(void)state;
	assert_true(node_word("N63=18446744073709551615", &node, &value));
	assert_int_equal(node, 63);
	assert_int_equal(value, UINT64_MAX);
	assert_false(node_word("N64=1", &node, &value));
	assert_false(node_word("N999=1", &node, &value));
	assert_false(node_word("M1=1", &node, &value));
	assert_false(node_word("N1", &node, &value));
	assert_false(node_word("N", &node, &value));
	assert_false(node_word("", &node, &value));
}

static void test_malformed(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"7f0000200000",
		"7f00x default N0=5 kernelpagesize_kB=4\n",
		"7f0000200000 default N0=18446744073709551615 kernelpagesize_kB=4\n",
	};
	static const char *const harmless[] = {
		"7f0000200000 default N64=5 kernelpagesize_kB=4\n",
		"7f0000200000 default N77=5 N4294967296=5 N100000=5 kernelpagesize_kB=4\n",
		"7f0000200000 default N-1=5 N=5 N0 N0=x N0=-5 N0x=5 N+1=3 kernelpagesize_kB=4\n",
		"7f0000200000 default N0=99999999999999999999 kernelpagesize_kB=4\n",
		/* Cut off. */
		"7f0000200000 default anon=5 N0=5\n",
		"7f0000200000 default anon=5 N0=5 kernelpagesize_kB=\n",
		"7f0000200000 weighted",
		"7f0000200000 prefer",
	};
	struct numa_mapping mapping;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(parse(&mapping, bad[i]));
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
		assert_true(parse(&mapping, harmless[i]));
		for (int node = 0; node < NODES_MAX; node++)
			assert_int_equal(mapping.bytes[node], 0);
	}
}

static void test_kinds(void **state)
{
	static const struct {
		const char *text;
		bool shared;
		enum memory_kind kind;
	} cases[] = {
		{ "default anon=1", false, MEMORY_NORMAL },
		{ "default heap anon=1", false, MEMORY_NORMAL },
		{ "default file=/usr/bin/vmm mapped=1", false, MEMORY_NORMAL },
		{ "default file=/var/lib/ram mapped=1", true, MEMORY_SHARED },
		{ "default file=/memfd:ram\\040(deleted) dirty=1", true, MEMORY_SHARED },
		{ "default file=/memfd:ram\\040(deleted) dirty=1", false, MEMORY_SHARED },
		{ "default file=/dev/shm/ram dirty=1", false, MEMORY_SHARED },
		{ "default file=/dev/zero\\040(deleted) dirty=1", true, MEMORY_SHARED },
		{ "default file=/SYSV00000000\\040(deleted) dirty=1", true, MEMORY_SHARED },
		{ "default file=/memfd:ram huge dirty=1", true, MEMORY_HUGETLB },
		{ "bind:0 file=/memfd:ram huge dirty=1", true, MEMORY_HUGETLB },
		{ "bind:0 file=/memfd:ram dirty=1", true, MEMORY_BOUND },
		{ "bind:0-1 anon=1", false, MEMORY_BOUND },
		{ "bind=static:0-1 anon=1", false, MEMORY_BOUND },
		{ "bind=relative:0-1 anon=1", false, MEMORY_BOUND },
		{ "bind=balancing:0-1 anon=1", false, MEMORY_NORMAL },
		{ "bind=static|balancing:0 anon=1", false, MEMORY_NORMAL },
		{ "bind=:0 anon=1", false, MEMORY_NORMAL },
		{ "bind=balancing:0 file=/memfd:ram dirty=1", true, MEMORY_NORMAL },
		{ "prefer:1 anon=1", false, MEMORY_BOUND },
		{ "prefer=static:1 anon=1", false, MEMORY_BOUND },
		{ "prefer (many):0-1 anon=1", false, MEMORY_BOUND },
		{ "prefer (many)=balancing:0-1 anon=1", false, MEMORY_NORMAL },
		{ "interleave:0-3 anon=1", false, MEMORY_BOUND },
		{ "weighted interleave:0-1 anon=1", false, MEMORY_BOUND },
		{ "local anon=1", false, MEMORY_BOUND },
	};
	struct numa_mapping mapping;
	char line[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(line, sizeof(line), "7f0000000000 %s N2=7 kernelpagesize_kB=4\n",
			 cases[i].text);
		assert_true(numa_mapping__parse(&mapping, line));
		assert_int_equal(mapping.bytes[2], 28 * KIB);
		if (numa_mapping__kind(&mapping, cases[i].shared) != cases[i].kind)
			fail_msg("%s: %d", cases[i].text,
				 numa_mapping__kind(&mapping, cases[i].shared));
	}
}

/* Policies are told by the flags alone, not by what else the line holds. */
static void test_policy_elsewhere(void **state)
{
	struct numa_mapping mapping;

	(void)state;
	assert_true(parse(&mapping, "7f0000000000 bind:0 file=/ram=balancing:0 N0=1 "
				    "kernelpagesize_kB=4\n"));
	assert_int_equal(numa_mapping__kind(&mapping, false), MEMORY_BOUND);
	assert_true(parse(&mapping, "7f0000000000 default file=/memfd:huge N0=1 "
				    "kernelpagesize_kB=4\n"));
	assert_int_equal(numa_mapping__kind(&mapping, true), MEMORY_SHARED);
}

static int read_maps(const struct fake_proc *proc, struct residency *residency,
		     const struct memory_range *ranges, size_t count)
{
	struct residency_target target = {
		.proc = proc->path,
		.pid = PID,
		.ranges = ranges,
		.count = count,
	};

	*residency = (struct residency){ 0 };
	return residency__read_maps(residency, &target);
}

static void add_process(const struct fake_proc *proc)
{
	fake_tree(proc, "100/maps",
		  "10000000-10400000 rw-p 00000000 00:00 0                  [heap]\n"
		  "7f0000000000-7f0040000000 rw-p 00000000 00:00 0 \n"
		  "7f0040000000-7f0040001000 ---p 00000000 00:00 0 \n"
		  "7f0050000000-7f0060000000 rw-s 00000000 00:01 5          /var/ram\n"
		  "7f0070000000-7f0080000000 rw-s 00000000 00:0f 6          /dev/hugepages/a\n"
		  "7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0          [stack]\n");
	fake_tree(proc, "100/numa_maps",
		  "10000000 default heap anon=4 N0=3 N1=1 kernelpagesize_kB=4\n"
		  "7f0000000000 default anon=1024 N0=512 N1=512 kernelpagesize_kB=4\n"
		  "7f0040000000 default anon=1 N2=1 kernelpagesize_kB=4\n"
		  "7f0050000000 default file=/var/ram dirty=2 N1=2 kernelpagesize_kB=4\n"
		  "nonsense\n"
		  "7f0070000000 default file=/dev/hugepages/a huge N0=2 kernelpagesize_kB=2048\n"
		  "7ffd00000000 default stack anon=5 N0=5 kernelpagesize_kB=4\n");
}

static const struct memory_range guest[] = {
	/* The second begins inside of a mapping, and ends with it. */
	{ 0x7f0000000000, 0x7f0000100000 },
	{ 0x7f0000200000, 0x7f0040000000 },
	{ 0x7f0058000000, 0x7f0060000000 },
	{ 0x7f0070000000, 0x7f0080000000 },
};

static void test_guest(void **state)
{
	struct residency residency;

	add_process(*state);
	assert_int_equal(read_maps(*state, &residency, guest, ARRAY_SIZE(guest)), 0);
	assert_int_equal(residency.source, RESIDENCY_MAPS);
	assert_true(residency.split);
	assert_true(residency.kinds_known);
	assert_int_equal(residency.samples, 0);
	assert_int_equal(residency.bytes[0], 2 * MIB + 4 * MIB);
	assert_int_equal(residency.bytes[1], 2 * MIB + 8 * KIB);
	assert_int_equal(residency.other_bytes[0], (3 + 5) * 4 * KIB);
	assert_int_equal(residency.other_bytes[1], 4 * KIB);
	assert_int_equal(residency.other_bytes[2], 4 * KIB);
	assert_int_equal(residency.kind_bytes[MEMORY_NORMAL], 4 * MIB);
	assert_int_equal(residency.kind_bytes[MEMORY_SHARED], 8 * KIB);
	assert_int_equal(residency.kind_bytes[MEMORY_HUGETLB], 4 * MIB);
	assert_int_equal(residency.kind_bytes[MEMORY_BOUND], 0);
}

/* A mapping that adjoins guest memory on either side is not guest memory. */
static void test_adjoining(void **state)
{
	static const struct memory_range between[] = { { 0x7f0040000000, 0x7f0040001000 } };
	struct residency residency;

	add_process(*state);
	assert_int_equal(read_maps(*state, &residency, between, 1), 0);
	assert_int_equal(residency__total(&residency), 4 * KIB);
	assert_int_equal(residency.bytes[2], 4 * KIB);
	assert_int_equal(residency.other_bytes[1], 4 * KIB + 2 * MIB + 8 * KIB);
}

static void test_whole_process(void **state)
{
	struct residency residency;

	add_process(*state);
	assert_int_equal(read_maps(*state, &residency, NULL, 0), 0);
	assert_false(residency.split);
	assert_int_equal(residency.bytes[0], 6 * MIB + 32 * KIB);
	assert_int_equal(residency.bytes[1], 2 * MIB + 12 * KIB);
	assert_int_equal(residency.other_bytes[0], 0);
	assert_int_equal(residency.kind_bytes[MEMORY_NORMAL], 4 * MIB + 40 * KIB);
}

/* The two files are read at two times: mappings come and go between. */
static void test_maps_differ(void **state)
{
	struct residency residency;

	add_process(*state);
	fake_tree(*state, "100/maps",
		  "not a mapping\n"
		  "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n"
		  "7f0000001000-7f0000002000 rw-p 00000000 00:00 0 \n"
		  "7f0070000000-7f0080000000 rw-s 00000000 00:0f 6 /dev/hugepages/a\n");
	assert_int_equal(read_maps(*state, &residency, guest, ARRAY_SIZE(guest)), 0);
	/* Not to be found, and its first page is not the guest's. */
	assert_int_equal(residency.other_bytes[1], 4 * KIB + 8 * KIB);
	assert_int_equal(residency.bytes[0], 6 * MIB);
}

static void test_long_line(void **state)
{
	struct residency residency;
	char line[20000];
	int length = snprintf(line, sizeof(line), "7f0000000000 default file=/");

	memset(line + length, 'a', 16000);
	snprintf(line + length + 16000, 512, " anon=3 N0=3 kernelpagesize_kB=4\n");
	add_process(*state);
	fake_tree(*state, "100/numa_maps", line);
	assert_int_equal(read_maps(*state, &residency, guest, ARRAY_SIZE(guest)), 0);
	assert_int_equal(residency__total(&residency), 12 * KIB);
}

static void test_ended(void **state)
{
	struct residency residency;

	assert_int_equal(read_maps(*state, &residency, guest, ARRAY_SIZE(guest)), -ESRCH);
	fake_tree(*state, "100/maps", "");
	assert_int_equal(read_maps(*state, &residency, NULL, 0), -EOPNOTSUPP);
	fake_tree(*state, "100/numa_maps", "");
	assert_int_equal(read_maps(*state, &residency, NULL, 0), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_node_word),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_policy_elsewhere),
		cmocka_unit_test_setup_teardown(test_guest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_adjoining, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_whole_process, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_maps_differ, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ended, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
