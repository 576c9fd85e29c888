// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/report_blame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/blame_metrics.h"
#include "render/html.h"

#define VICTIMS_MAX 24
#define COLUMNS_SHOWN 8
#define OFFENDERS_MAX 512 /* that are told apart */

struct offender_sum {
	const char *label; /* of an entry */
	uint64_t ns;
};

struct offender_sums {
	struct offender_sum list[OFFENDERS_MAX];
	size_t count;
};

static int compare_vms(const void *left, const void *right)
{
	const struct row *a = (*(const struct why_vm *const *)left)->row;
	const struct row *b = (*(const struct why_vm *const *)right)->row;
	uint64_t a_share = share_mpct(figures__ready(&a->interval), a->interval.elapsed_ns);
	uint64_t b_share = share_mpct(figures__ready(&b->interval), b->interval.elapsed_ns);

	if (a_share != b_share)
		return a_share > b_share ? -1 : 1;
	return strcmp(a->vm->name, b->vm->name);
}

int report_order__make(struct report_order *order, const struct why_facts *facts)
{
	for (size_t i = 0; i < facts->list.count; i++) {
		const struct why_vm **one;

		if (!facts->list.list[i].vm->chosen)
			continue;
		one = list_add(order);
		if (!one) {
			list_free(order);
			return -ENOMEM;
		}
		*one = &facts->list.list[i];
	}
	list_sort(order, compare_vms);
	return 0;
}

void report_order__free(struct report_order *order)
{
	list_free(order);
}

static int compare_sums(const void *left, const void *right)
{
	const struct offender_sum *a = left, *b = right;

	if (a->ns != b->ns)
		return a->ns > b->ns ? -1 : 1;
	return strcmp(a->label, b->label);
}

static void add(struct offender_sums *sums, const struct blame_entry *entry)
{
	const char *label = blame_entry__label(entry);

	for (size_t i = 0; i < sums->count; i++) {
		if (strcmp(sums->list[i].label, label) != 0)
			continue;
		sums->list[i].ns += entry->ns;
		return;
	}
	if (sums->count < OFFENDERS_MAX)
		sums->list[sums->count++] = (struct offender_sum){ label, entry->ns };
}

static void find_sums(struct offender_sums *sums, const struct report_order *order)
{
	sums->count = 0;
	for (size_t i = 0; i < order->count; i++)
		for (size_t j = 0; j < order->list[i]->blame_count; j++)
			if (order->list[i]->blame[j].ns)
				add(sums, &order->list[i]->blame[j]);
	qsort(sums->list, sums->count, sizeof(sums->list[0]), compare_sums);
}

static void put_cell(FILE *file, uint64_t ns, uint64_t elapsed_ns)
{
	double pct = (double)share_mpct(ns, elapsed_ns) / 1000;

	if (ns)
		fprintf(file, "<td class=\"cell h%u\">%.2f</td>", html__shade(pct), pct);
	else
		fputs("<td class=\"cell dim\">-</td>", file);
}

static void put_victim(FILE *file, const struct why_vm *vm, const struct offender_sums *sums,
		       size_t columns)
{
	uint64_t elapsed_ns = vm->row->interval.elapsed_ns, ns[COLUMNS_SHOWN] = { 0 }, rest_ns = 0;

	for (size_t i = 0; i < vm->blame_count; i++) {
		const char *label = blame_entry__label(&vm->blame[i]);
		size_t column = 0;

		while (column < columns && strcmp(sums->list[column].label, label) != 0)
			column++;
		*(column < columns ? &ns[column] : &rest_ns) += vm->blame[i].ns;
	}
	fputs("<tr>", file);
	html__element(file, "th", NULL, vm->vm->name);
	for (size_t i = 0; i < columns; i++)
		put_cell(file, ns[i], elapsed_ns);
	if (sums->count > columns)
		put_cell(file, rest_ns, elapsed_ns);
	fputs("</tr>\n", file);
}

void report_blame__print(FILE *file, const struct report_order *order)
{
	static struct offender_sums sums; /* large */
	size_t columns, shown = order->count < VICTIMS_MAX ? order->count : VICTIMS_MAX;

	find_sums(&sums, order);
	fputs("<h2>Who ran while they waited</h2>\n", file);
	if (!sums.count) {
		fputs("<p class=\"dim\">not recorded, or nobody waited: kvmq-cpu --blame, kvmq-why "
		      "and kvmq-top record it</p>\n",
		      file);
		return;
	}
	columns = sums.count < COLUMNS_SHOWN ? sums.count : COLUMNS_SHOWN;
	fputs("<p class=\"dim\">in % of the vCPUs' time; a row is who waited, a column who "
	      "ran</p>\n"
	      "<div class=\"wide\"><table class=\"matrix\"><thead><tr><th></th>",
	      file);
	for (size_t i = 0; i < columns; i++)
		html__element(file, "th", "num", sums.list[i].label);
	if (sums.count > columns)
		fprintf(file, "<th class=\"num\">%s%zu others</th>",
			sums.count == OFFENDERS_MAX ? "more than " : "", sums.count - columns);
	fputs("</tr></thead><tbody>\n", file);
	for (size_t i = 0; i < shown; i++)
		put_victim(file, order->list[i], &sums, columns);
	fputs("</tbody></table></div>\n", file);
	if (order->count > shown)
		fprintf(file,
			"<p class=\"dim\">%zu more VMs, which waited less: --vm chooses</p>\n",
			order->count - shown);
}
