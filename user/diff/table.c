// SPDX-License-Identifier: GPL-2.0-only
#include "diff/table.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct figure *find(const struct figure_table *table, const struct figure_key *key)
{
	for (size_t i = 0; i < table->count; i++)
		if (!strcmp(table->list[i].role, key->role) &&
		    !strcmp(table->list[i].name, key->name))
			return &table->list[i];
	return NULL;
}

static struct figure *add(struct figure_table *table, const struct figure_key *key)
{
	struct figure *figure = list_add(table);

	if (!figure)
		return NULL;
	snprintf(figure->role, sizeof(figure->role), "%s", key->role);
	snprintf(figure->name, sizeof(figure->name), "%s", key->name);
	snprintf(figure->unit, sizeof(figure->unit), "%s", key->unit);
	figure->runs.direction = key->direction;
	for (size_t i = 0; i < SAMPLE_MAX; i++)
		figure->runs.a[i] = figure->runs.b[i] = NAN;
	return figure;
}

int figure_table__put(struct figure_table *table, const struct figure_key *key, enum side side,
		      size_t run, double value)
{
	struct figure *figure = find(table, key);

	if (run >= SAMPLE_MAX || (!figure && table->count == HOLM_MAX))
		return -E2BIG;
	if (!figure)
		figure = add(table, key);
	if (!figure)
		return -ENOMEM;
	(side == SIDE_A ? figure->runs.a : figure->runs.b)[run] = value;
	return 0;
}

void figure_table__drop(struct figure_table *table, enum side side, size_t run)
{
	for (size_t i = 0; i < table->count; i++) {
		struct figure_runs *runs = &table->list[i].runs;

		(side == SIDE_A ? runs->a : runs->b)[run] = NAN;
	}
}

void figure_table__free(struct figure_table *table)
{
	list_free(table);
}

bool figure__is_constant(const struct figure *figure)
{
	const struct comparison *is = &figure->comparison;

	return is->a_cv == 0 && is->b_cv == 0 && is->a_median == is->b_median;
}

/* Of what is the same in all runs no test could ever find a difference: it does not count. */
static bool is_tested(const struct figure *figure, bool is_primary)
{
	return figure->is_primary == is_primary && figure->comparison.a_count &&
	       !figure__is_constant(figure);
}

/* Corrects those that are primary, or those that are not. */
static void correct(struct figure_table *table, bool is_primary)
{
	double p[HOLM_MAX];
	size_t count = 0;

	for (size_t i = 0; i < table->count; i++)
		if (is_tested(&table->list[i], is_primary))
			p[count++] = table->list[i].comparison.p;
	holm(p, count);
	count = 0;
	for (size_t i = 0; i < table->count; i++)
		if (is_tested(&table->list[i], is_primary))
			table->list[i].p_corrected = p[count++];
}

static int compare_figures(const void *left, const void *right)
{
	const struct figure *a = left, *b = right;
	int roles = strcmp(a->role, b->role);

	if (a->is_primary != b->is_primary)
		return a->is_primary ? -1 : 1;
	if (roles)
		return roles;
	if (a->p_corrected != b->p_corrected)
		return a->p_corrected < b->p_corrected ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void compare(struct figure_table *table, struct figure *figure,
		    const struct figure_question *question)
{
	figure->runs.a_count = table->runs[SIDE_A];
	figure->runs.b_count = table->runs[SIDE_B];
	figure->runs.paired = table->paired;
	figure->is_primary = !strcmp(figure->name, question->primary) &&
			     (!question->role || !strcmp(figure->role, question->role));
	figure->p_corrected = 1;
	compare__make(&figure->comparison, &figure->runs);
}

/* By the corrected p; the comparison keeps its own. */
static void judge(struct figure *figure, double margin)
{
	double p = figure->comparison.p;

	figure->comparison.p = figure->p_corrected;
	compare__judge(&figure->comparison, &figure->runs, margin);
	figure->comparison.p = p;
}

enum judgement figure_table__judge(struct figure_table *table,
				   const struct figure_question *question)
{
	bool worse = false, undecided = true;

	for (size_t i = 0; i < table->count; i++)
		compare(table, &table->list[i], question);
	correct(table, true);
	correct(table, false);
	for (size_t i = 0; i < table->count; i++)
		judge(&table->list[i], question->margin);
	list_sort(table, compare_figures);
	for (size_t i = 0; i < table->count && table->list[i].is_primary; i++) {
		enum judgement judgement = table->list[i].comparison.judgement;

		undecided = (i && undecided) || judgement == JUDGED_UNDECIDED ||
			    judgement == JUDGED_DIFFERENT;
		worse |= judgement == JUDGED_WORSE;
	}
	return worse ? JUDGED_WORSE : undecided ? JUDGED_UNDECIDED : JUDGED_NO_WORSE;
}
