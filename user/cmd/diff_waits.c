// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/diff_waits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/blame_metrics.h"
#include "cmd/diff_figures.h"

struct diff_waits *diff_waits__find(const struct diff_waits_list *waits, const char *role)
{
	for (size_t i = 0; i < waits->count; i++)
		if (!strcmp(waits->list[i].role, role))
			return &waits->list[i];
	return NULL;
}

static struct diff_waits *find_or_add(struct diff_waits_list *waits, const char *role)
{
	struct diff_waits *one = diff_waits__find(waits, role);

	if (one)
		return one;
	one = list_add(waits);
	if (one)
		text_copy(one->role, sizeof(one->role), role, strlen(role));
	return one;
}

static void add_offender(struct diff_waits *waits, enum side side, const struct blame_entry *entry)
{
	struct diff_offender *offender = NULL;
	const char *label = blame_entry__label(entry);
	char who[DIFF_WHO_SIZE];

	text_copy(who, sizeof(who), label, strlen(label));
	for (size_t i = 0; i < waits->offender_count && !offender; i++)
		if (!strcmp(waits->offenders[i].who, who))
			offender = &waits->offenders[i];
	if (!offender && waits->offender_count < DIFF_OFFENDERS_MAX) {
		offender = &waits->offenders[waits->offender_count++];
		text_copy(offender->who, sizeof(offender->who), who, strlen(who));
	}
	if (offender)
		offender->ns[side] += entry->ns;
	else
		waits->other_ns[side] += entry->ns;
}

static int compare_offenders(const void *left, const void *right)
{
	const struct diff_offender *a = left, *b = right;
	uint64_t a_ns = a->ns[SIDE_A] + a->ns[SIDE_B], b_ns = b->ns[SIDE_A] + b->ns[SIDE_B];

	if (a_ns != b_ns)
		return a_ns > b_ns ? -1 : 1;
	return strcmp(a->who, b->who);
}

static void add_vm(struct diff_waits *waits, enum side side, const struct why_vm *vm)
{
	const struct wait_hist *hist = vm->row->hist;

	for (int cause = 0; hist && cause < CAUSES; cause++)
		for (size_t i = 0; i < HIST_BUCKETS; i++)
			waits->counts[side][i] += hist->count[cause][i];
	waits->elapsed_ns[side] += vm->row->interval.elapsed_ns;
	for (size_t i = 0; i < vm->blame_count; i++)
		add_offender(waits, side, &vm->blame[i]);
	qsort(waits->offenders, waits->offender_count, sizeof(waits->offenders[0]),
	      compare_offenders);
}

int diff_waits__add(struct diff_waits_list *waits, const struct diff_options *options,
		    enum side side, const struct why_facts *facts)
{
	for (size_t i = 0; i < facts->list.count; i++) {
		const struct why_vm *vm = &facts->list.list[i];
		const char *role = diff_figures__role(options, vm->vm->name);
		struct diff_waits *one;

		if (!role || !vm->vm->chosen)
			continue;
		one = find_or_add(waits, role);
		if (!one)
			return -ENOMEM;
		add_vm(one, side, vm);
	}
	return 0;
}

void diff_waits__free(struct diff_waits_list *waits)
{
	list_free(waits);
}
