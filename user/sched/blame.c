// SPDX-License-Identifier: GPL-2.0-only
/*
 * There are many pairs of threads, and few who offend: these are groups, each of which is there
 * once. What a group did to a row adds up in a sum, which is small. Entries are made in the end, of
 * sums in order.
 */
#include <errno.h>
#include <string.h>

#include "sched/blame_internal.h"

struct blame_row {
	uint64_t ns;	    /* of its sums */
	uint32_t sums, end; /* how many, and where they end in order */
};

static uint32_t hash_of_pair(uint32_t row, uint32_t group)
{
	return mix((uint64_t)row << 32 | group);
}

static uint32_t hash_of_sum(const struct blame_list *blame, size_t sum)
{
	return hash_of_pair(blame->sums.list[sum].row, blame->sums.list[sum].group);
}

static struct blame_sum *add_sum(struct blame_list *blame, uint32_t row, uint32_t group)
{
	struct blame_sum *sum = list_add(&blame->sums);

	if (!sum)
		return NULL;
	sum->row = row;
	sum->group = group;
	return sum;
}

/* The sum of a row and a group, made if there is none; NULL: no memory. */
static struct blame_sum *find_sum(struct blame_list *blame, uint32_t row, uint32_t group,
				  uint32_t tid)
{
	size_t mask = blame->sum_places.count - 1, at = hash_of_pair(row, group) & mask;
	struct blame_sum *sum;

	for (; blame->sum_places.list[at]; at = (at + 1) & mask) {
		sum = &blame->sums.list[blame->sum_places.list[at] - 1];
		if (sum->row == row && sum->group == group)
			return sum;
	}
	sum = add_sum(blame, row, group);
	if (!sum || blame_places__add(&blame->sum_places, blame->sums.count, blame, hash_of_sum))
		return NULL;
	sum->tid = tid;
	return sum;
}

/* Whether a victim is shown, and in which row; victims come in the order of threads. */
static bool find_victim(struct blame_list *blame, const struct snapshot *after, size_t *next,
			uint64_t victim, size_t *row)
{
	const struct thread_snapshot *thread =
		list_next(&after->threads, next, &victim, compare_ids);

	return thread && (blame->keys.by != BY_VM || thread->identity.is_vcpu) &&
	       row_keys__find(&blame->keys, &thread->identity, row);
}

/* Whether two are the same for sure: a compiler compares all of that at once. */
static bool seems_same(const struct blame *a, const struct blame *b)
{
	return !memcmp(a, b, offsetof(struct blame, offender.cgroup));
}

/* What a pair had; pairs come in order, each once. */
static uint64_t ns_before(const struct snapshot *before, size_t *place, const struct blame *pair)
{
	const struct blame *old = before->blame.list + *place;

	if (*place == before->blame.count || !seems_same(old, pair))
		old = list_next(&before->blame, place, pair, compare_blame);
	if (!old)
		return 0;
	(*place)++;
	return old->ns;
}

static int add_pairs(struct blame_list *blame, const struct snapshot *before,
		     const struct snapshot *after)
{
	const struct blame *first = after->blame.list, *end = first + after->blame.count;
	size_t next = 0, place = 0, row = 0;
	bool shown = false;

	for (const struct blame *pair = first; pair < end; pair++) {
		struct blame_sum *sum;
		uint64_t old_ns;
		uint32_t group;

		if (pair == first || pair[-1].victim != pair->victim)
			shown = find_victim(blame, after, &next, pair->victim, &row);
		if (!shown)
			continue;
		if (blame_groups__find(blame, &pair->offender, after, &group))
			return -ENOMEM;
		sum = find_sum(blame, (uint32_t)row, group, pair->offender.tid);
		if (!sum)
			return -ENOMEM;
		/* What was in progress then may have become less: see settle() in rows.c. */
		old_ns = ns_before(before, &place, pair);
		sum->ns += pair->ns > old_ns ? pair->ns - old_ns : 0;
		sum->total_ns += pair->ns;
	}
	return 0;
}

/* What no offender accounts for: throttling, and unknown time. */
static int add_rest(struct blame_list *blame, const struct rows *rows)
{
	uint32_t throttled = (uint32_t)blame->groups.count, unknown = throttled + 1;
	struct blame_sum *sum;

	if (list_reserve(&blame->groups, blame->groups.count + 2))
		return -ENOMEM;
	*list_add(&blame->groups) =
		(struct blame_group){ .offender.kind = OFFENDER_THROTTLED, .who = "" };
	*list_add(&blame->groups) =
		(struct blame_group){ .offender.kind = OFFENDER_UNKNOWN, .who = "" };
	for (uint32_t row = 0; row < rows->count; row++) {
		const struct figures *interval = &rows->list[row].interval;
		uint64_t known_ns = interval->throttled_ns + blame->rows.list[row].ns;

		if (interval->throttled_ns) {
			sum = add_sum(blame, row, throttled);
			if (!sum)
				return -ENOMEM;
			sum->ns = interval->throttled_ns;
			sum->total_ns = rows->list[row].total.throttled_ns;
		}
		if (known_ns >= figures__ready(interval))
			continue;
		sum = add_sum(blame, row, unknown);
		if (!sum)
			return -ENOMEM;
		sum->ns = figures__ready(interval) - known_ns;
	}
	return 0;
}

static int add_up_rows(struct blame_list *blame, const struct rows *rows)
{
	list_clear(&blame->rows);
	if (list_reserve(&blame->rows, rows->count))
		return -ENOMEM;
	while (blame->rows.count < rows->count)
		list_add(&blame->rows);
	for (size_t i = 0; i < blame->sums.count; i++)
		blame->rows.list[blame->sums.list[i].row].ns += blame->sums.list[i].ns;
	return add_rest(blame, rows);
}

static int compare_sums(const void *left, const void *right, void *data)
{
	const struct blame_list *blame = data;
	const struct blame_sum *a = &blame->sums.list[*(const uint32_t *)left];
	const struct blame_sum *b = &blame->sums.list[*(const uint32_t *)right];
	int result = compare_numbers(b->ns, a->ns);

	if (!result)
		result = compare_numbers(a->row, b->row);
	return result ? result
		      : compare_numbers(blame->groups.list[a->group].order,
					blame->groups.list[b->group].order);
}

/* Puts those of a row together, and orders these: much less than to order all. */
static void order_by_row(struct blame_list *blame)
{
	uint32_t end = 0;

	for (size_t i = 0; i < blame->sums.count; i++)
		blame->rows.list[blame->sums.list[i].row].sums++;
	for (size_t i = 0; i < blame->rows.count; i++) {
		blame->rows.list[i].end = end;
		end += blame->rows.list[i].sums;
	}
	for (size_t i = 0; i < blame->sums.count; i++)
		blame->order.list[blame->rows.list[blame->sums.list[i].row].end++] = (uint32_t)i;
	for (size_t i = 0; i < blame->rows.count; i++)
		blame_order__sort(blame, blame->rows.list[i].end - blame->rows.list[i].sums,
				  blame->rows.list[i].end, compare_sums);
}

static int make_entries(struct blame_list *blame, const struct rows *rows)
{
	if (list_reserve(blame, blame->sums.count))
		return -ENOMEM;
	for (size_t i = 0; i < blame->sums.count; i++) {
		const struct blame_sum *sum = &blame->sums.list[blame->order.list[i]];
		const struct blame_group *group = &blame->groups.list[sum->group];
		const struct row *victim = &rows->list[sum->row];

		blame->list[i] = (struct blame_entry){
			.row = sum->row,
			.offender = group->offender,
			.vm = group->vm,
			.own = group->vm && group->vm == victim->vm,
			.who = group->who,
			.ns = sum->ns,
			.total_ns = sum->total_ns,
			.ready_ns = figures__ready(&victim->interval),
			.victim = victim,
		};
		blame->list[i].offender.tid = sum->tid;
	}
	blame->count = blame->sums.count;
	return 0;
}

static int begin(struct blame_list *blame, const struct snapshot *after, const struct rows *rows,
		 enum group_by by)
{
	list_clear(blame);
	list_clear(&blame->groups);
	list_clear(&blame->sums);
	pool__reset(&blame->texts);
	blame_groups__draw_key(blame);
	return blame_places__clear(&blame->group_places) || blame_places__clear(&blame->sum_places)
		       ? -ENOMEM
		       : row_keys__fill(&blame->keys, rows, by, after);
}

int blame__make(struct blame_list *blame, const struct snapshot *before,
		const struct snapshot *after, const struct rows *rows, enum group_by by,
		bool by_row)
{
	if (begin(blame, after, rows, by) || add_pairs(blame, before, after) ||
	    add_up_rows(blame, rows) || blame_groups__finish(blame, after) ||
	    blame_order__begin(blame, blame->sums.count))
		return -ENOMEM;
	if (by_row)
		order_by_row(blame);
	else
		blame_order__sort(blame, 0, blame->sums.count, compare_sums);
	return make_entries(blame, rows);
}

void blame__free(struct blame_list *blame)
{
	list_free(blame);
	list_free(&blame->groups);
	list_free(&blame->sums);
	list_free(&blame->group_places);
	list_free(&blame->sum_places);
	list_free(&blame->rows);
	list_free(&blame->order);
	row_keys__free(&blame->keys);
	pool__free(&blame->texts);
}
