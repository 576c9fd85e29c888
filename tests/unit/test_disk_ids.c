// SPDX-License-Identifier: GPL-2.0-only
/* Disks keep their numbers from look to look: user/disks/disk_ids.c. */
#include "unit.h"

#include "disks/disk_ids.h"

static struct disk_ids ids;
static struct disks disks;

/* A VM's disks, as names divided by blanks; one that begins with '/' is an open file alone. */
static void look(uint32_t pid, const char *names)
{
	char text[256], *rest = text, *name;

	snprintf(text, sizeof(text), "%s", names);
	list_clear(&disks);
	disks.pid = pid;
	while ((name = strtok_r(rest, " ", &rest))) {
		struct disk *disk = list_add(&disks);

		disk->id = DISK_NO_ID;
		if (*name == '/') {
			strcpy(disk->name, "file");
			strcpy(disk->path, name);
		} else {
			strcpy(disk->name, name);
			strcpy(disk->drive, name);
		}
	}
	assert_int_equal(disk_ids__assign(&ids, 7, &disks), 0);
}

static void check(size_t index, uint32_t id)
{
	assert_int_equal(disks.list[index].id, id);
	assert_ptr_equal(disks__find(&disks, id), &disks.list[index]);
}

static int tear_down(void **state)
{
	(void)state;
	disk_ids__free(&ids);
	return 0;
}

static void test_unplugged(void **state)
{
	(void)state;
	disk_ids__begin(&ids);
	look(1, "a b c");
	check(0, 0);
	check(2, 2);
	disk_ids__begin(&ids);
	look(1, "b c");
	check(0, 1);
	check(1, 2);
	assert_null(disks__find(&disks, 0));
	/* One of the same name, later: another disk. In the same look it would be the same. */
	disk_ids__begin(&ids);
	look(1, "b a c");
	check(0, 1);
	check(1, 3);
	look(1, "a c b");
	check(0, 3);
	check(2, 1);
}

/* What the command line tells first and QMP better, in one look, is kept of both. */
static void test_two_steps(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		disk_ids__begin(&ids);
		look(1, "a /x");
		check(1, 1);
		look(1, "a hot");
		check(0, 0);
		check(1, 2);
	}
}

static void test_same_names(void **state)
{
	(void)state;
	disk_ids__begin(&ids);
	look(1, "a a /x /y");
	check(1, 1);
	disk_ids__begin(&ids);
	look(1, "a a /y");
	check(0, 0);
	check(1, 1);
	check(2, 3);
	look(2, "a"); /* another VM's */
	check(0, 4);
}

static void test_no_id(void **state)
{
	struct disk *disk;

	(void)state;
	list_clear(&disks);
	disk = list_add(&disks);
	assert_non_null(disk);
	disk->id = DISK_NO_ID;
	assert_null(disks__find(&disks, DISK_NO_ID));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_unplugged),
		TEST(test_two_steps),
		TEST(test_same_names),
		TEST(test_no_id),
	};

	return cmocka_run_group_tests_name("disk_ids", tests, NULL, NULL);
}
