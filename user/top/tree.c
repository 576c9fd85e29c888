// SPDX-License-Identifier: GPL-2.0-only
#include "top/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void tree__free(struct tree *tree)
{
	list_free(&tree->all);
	list_free(&tree->children);
	list_free(&tree->shown);
	list_free(&tree->opened);
	*tree = (struct tree){ 0 };
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* Whose a line is: a VM's, or a disk's of it. */
static int compare_owners(const struct line_key *a, const struct line_key *b)
{
	int result = compare_numbers(a->vm_pid, b->vm_pid);

	if (!result)
		result = compare_numbers(a->vm_start_ns, b->vm_start_ns);
	return result ? result : compare_numbers(a->owner, b->owner);
}

int line_key__compare(const struct line_key *a, const struct line_key *b)
{
	int result = compare_owners(a, b);

	if (!result)
		result = compare_numbers(a->level, b->level);
	return result ? result : compare_numbers(a->id, b->id);
}

static struct opened *find_opened(const struct tree *tree, const struct line_key *key)
{
	for (size_t i = 0; i < tree->opened.count; i++)
		if (!compare_owners(&tree->opened.list[i].key, key))
			return &tree->opened.list[i];
	return NULL;
}

unsigned int tree__level(const struct tree *tree, const struct line_key *key)
{
	const struct opened *opened = find_opened(tree, key);

	return opened ? opened->level : 0;
}

unsigned int tree__depth(const struct tree *tree)
{
	unsigned int depth = 0;

	for (size_t i = 0; i < tree->opened.count; i++)
		if (tree->opened.list[i].level > depth)
			depth = tree->opened.list[i].level;
	return depth;
}

/* A line and the figure that it is ordered by, which may take a while to compute. */
struct placed {
	const struct top_line *line;
	struct value value;
};

/* Lines that are being ordered, and the texts of their figures, which stay in their places. */
struct placing {
	const struct tree_order *order;
	struct placed *list;
	struct text_buffer *texts;
	size_t count;
};

/* What is not known stands last, in either direction; what is alike, by its keys. */
static int compare_placed(const void *left, const void *right, void *context)
{
	const struct placed *a = left, *b = right;
	const struct tree_order *order = context;
	int result = 0;

	if (a->value.known != b->value.known)
		return a->value.known ? -1 : 1;
	if (a->value.known && order->sort->unit == UNIT_TEXT)
		result = strcmp(a->value.text, b->value.text);
	else if (a->value.known)
		result = compare_numbers(b->value.number, a->value.number);
	if (result)
		return order->reverse ? -result : result;
	return line_key__compare(&a->line->key, &b->line->key);
}

static bool is_wanted(const struct top_line *line, const struct tree_order *order)
{
	return (!order->only_busy || line->is_busy) &&
	       (!*order->filter || strcasestr(line->vm, order->filter));
}

static void add_placed(struct placing *placing, const struct top_line *line)
{
	struct placed *placed = &placing->list[placing->count];

	*placed = (struct placed){ line, { 0 } };
	if (placing->order->sort)
		placed->value = metric__get(placing->order->sort, line->row,
					    &placing->texts[placing->count]);
	placing->count++;
}

/* Orders the lines, and puts them behind those that are shown. */
static int show(struct tree *tree, struct placing *placing)
{
	size_t count = placing->count;

	placing->count = 0;
	if (count)
		qsort_r(placing->list, count, sizeof(*placing->list), compare_placed,
			(void *)placing->order);
	if (list_reserve(&tree->shown, tree->shown.count + count))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		tree->shown.list[tree->shown.count++] = placing->list[i].line;
	return 0;
}

static int compare_children(const void *left, const void *right)
{
	return line_key__compare(&(*(const struct top_line *const *)left)->key,
				 &(*(const struct top_line *const *)right)->key);
}

static int gather_children(struct tree *tree)
{
	list_clear(&tree->children);
	for (size_t i = 0; i < tree->all.count; i++) {
		const struct top_line **child;

		if (!tree->all.list[i].key.level)
			continue;
		child = list_add(&tree->children);
		if (!child)
			return -ENOMEM;
		*child = &tree->all.list[i];
	}
	list_sort(&tree->children, compare_children);
	return 0;
}

/* The place of the first child of a VM at a level. */
static size_t find_children(const struct tree *tree, const struct line_key *vm, unsigned int level)
{
	struct line_key wanted = *vm;
	size_t low = 0, high = tree->children.count;

	wanted.level = level;
	wanted.id = 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (line_key__compare(&tree->children.list[middle]->key, &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The lines of a VM that is open: those of its level alone. */
static int show_children(struct tree *tree, const struct top_line *vm, struct placing *placing)
{
	unsigned int level = tree__level(tree, &vm->key);

	for (size_t i = find_children(tree, &vm->key, level); level && i < tree->children.count;
	     i++) {
		const struct top_line *line = tree->children.list[i];

		if (compare_owners(&line->key, &vm->key) != 0 || line->key.level != level)
			break;
		if (!placing->order->only_busy || line->is_busy)
			add_placed(placing, line);
	}
	return show(tree, placing);
}

static void place_vms(struct tree *tree, struct placing *placing)
{
	tree->left_out = 0;
	for (size_t i = 0; i < tree->all.count; i++) {
		const struct top_line *line = &tree->all.list[i];

		if (line->key.level)
			continue;
		if (is_wanted(line, placing->order))
			add_placed(placing, line);
		else
			tree->left_out++;
	}
}

/* All VMs in order, then each with what it is open to. */
static int show_all(struct tree *tree, struct placing *placing)
{
	LIST(const struct top_line *) vms = { .count = 0 };
	int error;

	list_clear(&tree->shown);
	place_vms(tree, placing);
	error = show(tree, placing);
	if (!error && tree->opened.count)
		error = list_copy(&vms, &tree->shown);
	if (vms.count)
		list_clear(&tree->shown);
	for (size_t i = 0; i < vms.count && !error; i++) {
		placing->list[placing->count++].line = vms.list[i];
		error = show(tree, placing);
		if (!error)
			error = show_children(tree, vms.list[i], placing);
	}
	list_free(&vms);
	return error;
}

/* Where the selected line has gone; if it is no more, its VM, or what stands in its place. */
static void follow(struct tree *tree)
{
	struct line_key vm = tree->key;

	if (!tree->has_key || !tree->shown.count) {
		tree->selected = 0;
		return;
	}
	vm.level = 0;
	vm.id = 0;
	for (size_t i = 0; i < tree->shown.count; i++)
		if (!line_key__compare(&tree->shown.list[i]->key, &tree->key)) {
			tree->selected = i;
			return;
		}
	for (size_t i = 0; i < tree->shown.count && tree->key.level; i++)
		if (!line_key__compare(&tree->shown.list[i]->key, &vm)) {
			tree->selected = i;
			return;
		}
	if (tree->selected >= tree->shown.count)
		tree->selected = tree->shown.count - 1;
}

int tree__arrange(struct tree *tree, const struct tree_order *order)
{
	struct placing placing = { .order = order };
	int error;

	placing.list = calloc(tree->all.count + 1, sizeof(*placing.list));
	placing.texts = calloc(tree->all.count + 1, sizeof(*placing.texts));
	error = placing.list && placing.texts ? gather_children(tree) : -ENOMEM;
	if (!error)
		error = show_all(tree, &placing);
	free(placing.list);
	free(placing.texts);
	if (!error)
		follow(tree);
	return error;
}

const struct top_line *tree__selected(const struct tree *tree)
{
	return tree->selected < tree->shown.count ? tree->shown.list[tree->selected] : NULL;
}

void tree__move(struct tree *tree, long lines)
{
	size_t last = tree->shown.count ? tree->shown.count - 1 : 0;

	if (lines < 0)
		tree->selected -= tree->selected < (size_t)-lines ? tree->selected : (size_t)-lines;
	else
		tree->selected += last - tree->selected < (size_t)lines ? last - tree->selected
									: (size_t)lines;
	tree->has_key = tree->shown.count;
	if (tree->has_key)
		tree->key = tree->shown.list[tree->selected]->key;
}

int tree__open(struct tree *tree, unsigned int levels)
{
	const struct top_line *line = tree__selected(tree);
	struct opened *opened;

	if (!line || !levels)
		return 0;
	tree->key = line->key;
	tree->has_key = true;
	opened = find_opened(tree, &line->key);
	if (!opened) {
		opened = list_add(&tree->opened);
		if (!opened)
			return -ENOMEM;
		*opened = (struct opened){ line->key, 0 };
	}
	if (opened->level++ == levels)
		*opened = tree->opened.list[--tree->opened.count];
	return 0;
}

void tree__scroll(struct tree *tree, size_t lines)
{
	if (tree->first > tree->selected)
		tree->first = tree->selected;
	if (lines && tree->selected >= tree->first + lines)
		tree->first = tree->selected - lines + 1;
	if (tree->first + lines > tree->shown.count)
		tree->first = tree->shown.count > lines ? tree->shown.count - lines : 0;
}
