// SPDX-License-Identifier: GPL-2.0-only
/* The sets of a view: no member without a field, and how threads age. */
#include "unit.h"

#include "model/view_sets.h"

#define BYTES_MAX 65536

static void cover(unsigned char *bytes, const struct set *set)
{
	for (uint32_t i = 0; i < set->field_count; i++) {
		const struct field *field = &set->fields[i];

		memset(bytes + field->offset, 0, field->count * FIELD_SIZE(field->type));
	}
}

/* What is not 0: the members without a field. */
static void check_covered(const unsigned char *bytes, size_t size, const char *what)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			fail_msg("%s: the member at %zu has no field", what, i);
}

static bool has_list(const struct set *set)
{
	return set->key_count || set->events;
}

static void check_item(unsigned char *bytes, size_t size, size_t list, const char *what)
{
	for (const struct set *const *set = all_sets; *set; set++)
		if (has_list(*set) && (*set)->list == list)
			cover(bytes, *set);
	check_covered(bytes, size, what);
}

static void check_view(unsigned char *bytes)
{
	for (const struct set *const *set = all_sets; *set; set++) {
		if (has_list(*set))
			memset(bytes + (*set)->list, 0, sizeof(struct list));
		else
			cover(bytes, *set);
	}
	check_covered(bytes, sizeof(struct view), "struct view");
}

/* An item whose bytes are all 0xff, but for those between its members. */
#define FILLED(type)                                                                               \
	({                                                                                         \
		static union {                                                                     \
			type item;                                                                 \
			unsigned char bytes[sizeof(type)];                                         \
		} all;                                                                             \
		memset(all.bytes, 0xff, sizeof(all.bytes));                                        \
		__builtin_clear_padding(&all.item);                                                \
		all.bytes;                                                                         \
	})

#define CHECK_ITEM(type, member)                                                                   \
	check_item(FILLED(type), sizeof(type), offsetof(struct view, member), #type)

/* A new member that nobody describes would be in no recording. */
static void test_all_members(void **state)
{
#if defined(__has_builtin) && __has_builtin(__builtin_clear_padding)
	(void)state;
	CHECK_ITEM(struct thread_snapshot, sched.threads);
	CHECK_ITEM(struct vm, sched.vms);
	CHECK_ITEM(struct overlap, sched.overlaps);
	CHECK_ITEM(struct blame, sched.blame);
	CHECK_ITEM(struct exit_thread, exits.threads);
	CHECK_ITEM(struct reason_snapshot, exits.reasons);
	CHECK_ITEM(struct node, numa.nodes);
	CHECK_ITEM(struct numa_thread, numa.threads);
	CHECK_ITEM(struct numa_vm, numa.vms);
	CHECK_ITEM(struct cgroup_limit, limits);
	CHECK_ITEM(struct share_loss, shares.of);
	CHECK_ITEM(struct named_wait, waits);
	CHECK_ITEM(struct named_exit, slow_exits);
	CHECK_ITEM(struct named_burst, bursts);
	check_view(FILLED(struct view));
#else
	(void)state;
	skip();
#endif
}

static void check_once(const struct set *set, const struct field *field, unsigned char *seen)
{
	for (uint32_t i = 0; i < field->count * FIELD_SIZE(field->type); i++)
		if (seen[field->offset + i]++)
			fail_msg("%s.%s stands where another does", set->name, field->name);
}

/* Two fields of one place would be written twice, and the second one would count. */
static void test_no_member_twice(void **state)
{
	static unsigned char seen[BYTES_MAX];

	(void)state;
	for (const struct set *const *set = all_sets; *set; set++) {
		assert_true((*set)->size <= sizeof(seen));
		memset(seen, 0, sizeof(seen));
		for (uint32_t i = 0; i < (*set)->field_count; i++)
			check_once(*set, &(*set)->fields[i], seen);
	}
}

/* Whether a set of this name is among all, with these fields at least. */
static bool is_among_all(const struct set *wanted)
{
	for (const struct set *const *set = all_sets; *set; set++)
		if (!strcmp((*set)->name, wanted->name))
			return (*set)->fields == wanted->fields &&
			       (*set)->field_count >= wanted->field_count;
	return false;
}

/* A file of all sets is one of each tool's; no two have one table. */
static void test_all_sets(void **state)
{
	static const struct set *const *const tools[] = { cpu_sets, exit_sets, numa_sets,
							  io_view_sets };

	(void)state;
	for (size_t tool = 0; tool < ARRAY_SIZE(tools); tool++)
		for (const struct set *const *set = tools[tool]; *set; set++)
			if (!is_among_all(*set))
				fail_msg("%s is not among all sets", (*set)->name);
	for (const struct set *const *set = all_sets; *set; set++)
		for (const struct set *const *other = all_sets; other < set; other++)
			assert_string_not_equal((*set)->name, (*other)->name);
}

static struct thread_snapshot aged(enum state state, uint64_t waiting_ns)
{
	struct view after = { .sched.read_rq = 1500 };
	struct thread_snapshot thread = { .state = state,
					  .waiting_ns = waiting_ns,
					  .read_rq = 1000,
					  .figures = { .elapsed_ns = 900, .max_ns = 600 } };

	thread_set.age(&thread, NULL, &after);
	assert_int_equal(thread.figures.elapsed_ns, state == STATE_GONE ? 900 : 1400);
	assert_int_equal(thread.read_rq, state == STATE_GONE ? 1000 : 1500);
	return thread;
}

static void test_threads_age(void **state)
{
	struct thread_snapshot thread;
	struct view earlier = { .sched.read_rq = 1499 };

	(void)state;
	assert_int_equal(aged(STATE_RUN, 0).figures.run_ns, 500);
	assert_int_equal(aged(STATE_HALT, 0).figures.halt_ns, 500);
	assert_int_equal(aged(STATE_BLOCK, 0).figures.block_ns, 500);
	aged(STATE_GONE, 0);
	thread = aged(STATE_READY, 50);
	assert_int_equal(thread.figures.ready_ns[CAUSE_PREEMPT], 500);
	assert_int_equal(thread.waiting_ns, 550);
	assert_int_equal(thread.figures.max_ns, 600);
	thread = aged(STATE_HALT, 101);
	assert_int_equal(thread.figures.ready_ns[CAUSE_WAKE], 500);
	assert_int_equal(thread.waiting_ns, 601);
	assert_int_equal(thread.figures.max_ns, 601);
	/* One that switched after the others were read is not younger then. */
	thread_set.age(&thread, NULL, &earlier);
	assert_int_equal(thread.read_rq, 1500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_members),
		cmocka_unit_test(test_no_member_twice),
		cmocka_unit_test(test_all_sets),
		cmocka_unit_test(test_threads_age),
	};

	return cmocka_run_group_tests_name("view_sets", tests, NULL, NULL);
}
