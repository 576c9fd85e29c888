// SPDX-License-Identifier: GPL-2.0-only
/* Whose the losses of full tables are, in words and in JSON. */
#include "unit.h"

#include "render/losses.h"

#define WORDS "switches of threads not tracked (table full)"

static const struct losses lost = { .threads = 9, .events = 1 };

static char *words_of(struct share_loss *list, size_t count)
{
	const struct share_losses shares = { .of = { .list = list, .count = count } };
	const struct loss_set set = { &sched_losses, &lost, NULL, &shares };
	struct memory memory;

	losses__print(memory_open(&memory), &set, 1, NULL);
	return memory_close(&memory);
}

static void check_words(struct share_loss one, const char *wanted)
{
	char *text = words_of(&one, 1), line[256];

	snprintf(line, sizeof(line), "losses: 9 " WORDS "%s, 1 events dropped (buffer full)\n",
		 wanted);
	assert_string_equal(text, line);
	free(text);
}

static void test_words(void **state)
{
	struct share_loss one = { .table = SHARE_THREADS, .id = 1000, .uid = 1000, .lost = 7 };

	(void)state;
	check_words(one, ", 7 of them user 1000's");
	one.uid = SHARE_NO_UID;
	check_words(one, ", 7 of them no VM's");
	one.owner = SHARE_OF_VM;
	check_words(one, ", 7 of them PID 1000's");
	one.owner = SHARE_OF_CGROUP;
	check_words(one, ", 7 of them cgroup 1000's");
	snprintf(one.vm, sizeof(one.vm), "web1");
	check_words(one, ", 7 of them VM web1's");
	one.table = SHARE_FLOWS;
	check_words(one, "");
}

/* Of several the worst, wherever it stands; another table's are not its. */
static void test_worst(void **state)
{
	struct share_loss list[] = {
		{ .table = SHARE_THREADS, .id = 1, .uid = 1, .lost = 2 },
		{ .table = SHARE_THREADS, .id = 2, .uid = 2, .lost = 4 },
		{ .table = SHARE_THREADS, .id = 3, .uid = 3, .lost = 3 },
		{ .table = SHARE_FLOWS, .id = 4, .uid = 4, .lost = 100 },
	};
	char *text = words_of(list, ARRAY_SIZE(list));

	(void)state;
	assert_non_null(strstr(text, WORDS ", 4 of them user 2's"));
	free(text);
}

static json_int_t number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	assert_non_null(value);
	return json_is_null(value) ? -1 : json_integer_value(value);
}

/* Each once, for the loss that it is of; what is not so is null. */
static void test_json(void **state)
{
	struct share_loss list[] = {
		{ .table = SHARE_THREADS, .id = 1000, .uid = 1000, .lost = 7 },
		{ .table = SHARE_THREADS,
		  .owner = SHARE_OF_VM,
		  .id = 42,
		  .uid = 1000,
		  .vm = "web1",
		  .lost = 2 },
		{ .table = SHARE_THREADS,
		  .owner = SHARE_OF_CGROUP,
		  .id = 9,
		  .uid = SHARE_NO_UID,
		  .lost = 1 },
		{ .table = SHARE_FLOWS, .id = 1000, .uid = 1000, .lost = 100 },
	};
	const struct share_losses shares = { .of = { .list = list, .count = ARRAY_SIZE(list) } };
	const struct loss_set sets[] = { { &sched_losses, &lost, NULL, &shares },
					 { &sched_losses, &lost, NULL, NULL } };
	json_t *array = losses__owners_json(sets, ARRAY_SIZE(sets)), *one;

	(void)state;
	assert_int_equal(json_array_size(array), 3);
	one = json_array_get(array, 0);
	assert_string_equal(json_string_value(json_object_get(one, "loss")), "threads");
	assert_int_equal(number(one, "uid"), 1000);
	assert_true(json_is_null(json_object_get(one, "vm")));
	assert_int_equal(number(one, "vm_pid"), -1);
	assert_int_equal(number(one, "vm_cgroup_id"), -1);
	assert_int_equal(number(one, "count"), 7);
	one = json_array_get(array, 1);
	assert_string_equal(json_string_value(json_object_get(one, "vm")), "web1");
	assert_int_equal(number(one, "vm_pid"), 42);
	assert_int_equal(number(one, "uid"), 1000);
	one = json_array_get(array, 2);
	assert_int_equal(number(one, "vm_cgroup_id"), 9);
	assert_int_equal(number(one, "uid"), -1);
	json_decref(array);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_worst),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
