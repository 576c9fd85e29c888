// SPDX-License-Identifier: GPL-2.0-only
/* The node matrix: which nodes it shows, and that it stays in the terminal. */
#include "render/matrix.h"
#include "unit.h"

#define MIB (1ULL << 20)
#define SEC 1000000000ULL

struct fixture {
	struct numa_snapshot numa;
	struct node nodes[NODES_MAX];
	struct vm vm;
	struct numa_vm numa_vm;
	struct numa_row row;
};

/* A VM that runs on node 0 of so many and has as much memory on each. */
static void fill(struct fixture *fixture, uint32_t nodes)
{
	*fixture = (struct fixture){ .vm = { .name = "web" } };
	fixture->numa.nodes.list = fixture->nodes;
	fixture->numa.nodes.count = nodes;
	fixture->row.moment = &fixture->numa;
	fixture->numa_vm.residency.source = RESIDENCY_MAPS;
	for (uint32_t id = 0; id < nodes; id++) {
		fixture->nodes[id] = (struct node){ id, 1, MIB, { 10 } };
		fixture->numa_vm.residency.bytes[id] = MIB;
	}
	fixture->row.row.vm = &fixture->vm;
	fixture->row.vm = &fixture->numa_vm;
	fixture->row.interval.run_ns[0] = SEC;
}

/* free() the result. */
static char *print(const struct fixture *fixture, unsigned int width)
{
	struct memory memory;

	matrix__print(memory_open(&memory), &fixture->row, width);
	return memory_close(&memory);
}

/* Columns without room follow below, each once, and no line is longer. */
static void check_width(const struct fixture *fixture, unsigned int width)
{
	char *text = print(fixture, width), *rest = text, *line = strsep(&rest, "\n");
	size_t blocks = 0, columns = 0;

	assert_string_equal(line, "web: expected accesses, by node of vCPU and memory (distance)");
	while ((line = strsep(&rest, "\n"))) {
		if (width && strlen(line) > width)
			fail_msg("%u columns: '%s'", width, line);
		blocks += !strncmp(line, "memory ", 7);
		if (*line == ' ')
			for (const char *at = line; (at = strstr(at, "node ")); at++)
				columns++;
	}
	assert_int_equal(columns, fixture->numa.nodes.count);
	if (!width)
		assert_int_equal(blocks, 1);
	if (width == 80)
		assert_int_equal(blocks, (fixture->numa.nodes.count + 2) / 3);
	free(text);
}

static void test_fits(void **state)
{
	struct fixture fixture;

	(void)state;
	for (uint32_t nodes = 1; nodes <= 8; nodes++) {
		fill(&fixture, nodes);
		check_width(&fixture, 0);
		for (unsigned int width = 40; width < 200; width++)
			check_width(&fixture, width);
	}
	fill(&fixture, NODES_MAX);
	check_width(&fixture, 80);
}

/* What does not fit stands below with the figures of its own nodes, and the same lines. */
static void test_blocks(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fill(&fixture, 4);
	fixture.nodes[2].cpus = fixture.nodes[3].cpus = 0;
	fixture.row.interval.run_ns[1] = 3 * SEC;
	for (uint32_t id = 0; id < 4; id++) {
		fixture.numa_vm.residency.bytes[id] = (id + 1) * 100 * MIB;
		fixture.nodes[0].distance[id] = 10 + id;
		fixture.nodes[1].distance[id] = 20 + id;
	}
	text = print(&fixture, 80);
	assert_string_equal(
		text,
		"web: expected accesses, by node of vCPU and memory (distance)\n"
		"                                node 0              node 1              node 2\n"
		"memory                 100 MiB  10.00%     200 MiB  20.00%     300 MiB  30.00%\n"
		"on node 0   25.00%         2.50%  (10)         5.00%  (11)         7.50%  (12)\n"
		"on node 1   75.00%         7.50%  (20)        15.00%  (21)        22.50%  (22)\n"
		"                                node 3\n"
		"memory                 400 MiB  40.00%\n"
		"on node 0   25.00%        10.00%  (13)\n"
		"on node 1   75.00%        30.00%  (23)\n");
	free(text);
}

/* Less than one column: it is shown all the same. */
static void test_too_narrow(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fill(&fixture, 2);
	text = print(&fixture, 10);
	assert_non_null(strstr(text, "node 0\n"));
	assert_non_null(strstr(text, "node 1\n"));
	free(text);
}

/* CPUs or memory that have gone offline meanwhile: what was there is shown. */
static void test_nodes_that_are_used(void **state)
{
	struct fixture fixture;
	char *text;

	(void)state;
	fill(&fixture, 3);
	fixture.nodes[0].cpus = fixture.nodes[1].cpus = 0;
	fixture.nodes[1].memory_bytes = fixture.nodes[2].memory_bytes = 0;
	fixture.numa_vm.residency.bytes[2] = 0;
	text = print(&fixture, 0);
	assert_non_null(strstr(text, "on node 0  100.00%        50.00%  (10)        50.00%   (0)"));
	assert_null(strstr(text, "on node 1"));
	assert_non_null(strstr(text, "on node 2    0.00%"));
	assert_non_null(strstr(text, " node 1\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_too_narrow),
		cmocka_unit_test(test_nodes_that_are_used),
	};

	return cmocka_run_group_tests_name("matrix", tests, NULL, NULL);
}
