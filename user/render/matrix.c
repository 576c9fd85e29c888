// SPDX-License-Identifier: GPL-2.0-only
#include "render/matrix.h"

#include "base/text.h"
#include "base/units.h"

#define LABEL_WIDTH 18 /* "on node 63 100.00%" */
#define CELL_WIDTH 19  /* "1234567 MiB 100.00%" */
#define SHARE_WIDTH 8

/* Nodes that are lines, or columns. */
struct matrix_nodes {
	int32_t list[NODES_MAX];
	size_t count;
};

/* One VM's matrix; 0 of either sum is n/a. */
struct matrix {
	const struct numa_row *row;
	const uint64_t *memory; /* by node */
	uint64_t memory_sum;
	uint64_t run_sum;
	struct matrix_nodes lines, columns;
};

static void add_node(struct matrix_nodes *nodes, uint32_t node)
{
	nodes->list[nodes->count++] = (int32_t)node;
}

static void choose_nodes(struct matrix *matrix)
{
	const struct nodes *nodes = &matrix->row->moment->nodes;

	for (uint32_t id = 0; id < NODES_MAX; id++) {
		const struct node *node = nodes__find(nodes, id);

		if ((node && node->cpus) || matrix->row->interval.run_ns[id])
			add_node(&matrix->lines, id);
		/* A kernel without NUMA has one node, whose memory is not known. */
		if ((node && (node->memory_bytes || nodes->count == 1)) || matrix->memory[id])
			add_node(&matrix->columns, id);
	}
}

static void put_share(FILE *file, int width, uint64_t mpct)
{
	char text[24];

	format_fixed(text, (mpct + 5) / 10, 2);
	fprintf(file, "%*s%%", width - 1, text);
}

static void print_header(FILE *file, const struct matrix *matrix, size_t first, size_t last)
{
	fprintf(file, "%-*s", LABEL_WIDTH, "");
	for (size_t i = first; i < last; i++) {
		char name[16];

		snprintf(name, sizeof(name), "node %d", matrix->columns.list[i]);
		fprintf(file, " %*s", CELL_WIDTH, name);
	}
	fprintf(file, "\n%-*s", LABEL_WIDTH, "memory");
	for (size_t i = first; i < last; i++) {
		uint64_t bytes = matrix->memory[matrix->columns.list[i]];

		if (!matrix->memory_sum) {
			fprintf(file, " %*s", CELL_WIDTH, "n/a");
			continue;
		}
		fprintf(file, " %*llu MiB", CELL_WIDTH - SHARE_WIDTH - 4,
			(unsigned long long)((bytes + (1 << 19)) >> 20));
		put_share(file, SHARE_WIDTH, share_mpct(bytes, matrix->memory_sum));
	}
	putc('\n', file);
}

static void print_cell(FILE *file, const struct matrix *matrix, int32_t line, int32_t column)
{
	const struct node *node = nodes__find(&matrix->row->moment->nodes, (uint32_t)line);
	char distance[16], share[24];
	double expected;

	snprintf(distance, sizeof(distance), "(%u)", node ? node->distance[column] : 0);
	if (!matrix->memory_sum || !matrix->run_sum) {
		fprintf(file, " %*s %5s", CELL_WIDTH - 6, "n/a", distance);
		return;
	}
	expected = (double)matrix->row->interval.run_ns[line] / (double)matrix->run_sum *
		   (double)matrix->memory[column] / (double)matrix->memory_sum;
	format_fixed(share, (uint64_t)(expected * 10000.0 + 0.5), 2);
	fprintf(file, " %*s%% %5s", CELL_WIDTH - 7, share, distance);
}

static void print_line(FILE *file, const struct matrix *matrix, int32_t line, size_t first,
		       size_t last)
{
	fprintf(file, "on node %-2d", line);
	if (matrix->run_sum)
		put_share(file, SHARE_WIDTH,
			  share_mpct(matrix->row->interval.run_ns[line], matrix->run_sum));
	else
		fprintf(file, "%*s", SHARE_WIDTH, "n/a");
	for (size_t i = first; i < last; i++)
		print_cell(file, matrix, line, matrix->columns.list[i]);
	putc('\n', file);
}

void matrix__print(FILE *file, const struct numa_row *row, unsigned int width)
{
	static const uint64_t none[NODES_MAX];
	struct matrix matrix = { .row = row,
				 .memory = row->vm ? row->vm->residency.bytes : none,
				 .memory_sum = numa_row__memory(row),
				 .run_sum = numa_figures__run(&row->interval) };
	size_t block = NODES_MAX;

	choose_nodes(&matrix);
	if (width > LABEL_WIDTH + CELL_WIDTH + 1)
		block = (width - LABEL_WIDTH) / (CELL_WIDTH + 1);
	else if (width)
		block = 1;
	text_line(file, "%s: expected accesses, by node of vCPU and memory (distance)",
		  row->row.vm->name);
	for (size_t first = 0; first < matrix.columns.count; first += block) {
		size_t last = first + block;

		if (last > matrix.columns.count)
			last = matrix.columns.count;
		print_header(file, &matrix, first, last);
		for (size_t i = 0; i < matrix.lines.count; i++)
			print_line(file, &matrix, matrix.lines.list[i], first, last);
	}
}
