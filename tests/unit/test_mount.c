// SPDX-License-Identifier: GPL-2.0-only
/* File systems without a device number, by lines of real mountinfos: user/disks/mount.c. */
#include "unit.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "block_device.h"
#include "disks/mount.h"
#include "model/io.h"
#include "one_proc.h"

#define PID 100U

static int set_up(void **state)
{
	open_proc(state);
	fake_proc__add(&proc, PID, "kvm", 1, "kvm", NULL);
	return 0;
}

static struct mount_place place_of(int mount)
{
	struct mount_place place;

	mount__place(&place, proc.path, proc.path, PID, mount);
	return place;
}

static void test_kinds(void **state)
{
	static const char text[] =
		"21 28 0:19 / /proc rw,nosuid shared:12 - proc proc rw\n"
		"36 28 0:31 / /tmp rw,nosuid,nodev shared:17 - tmpfs tmpfs rw,size=1024k\n"
		"361 28 0:32 / /dev/huge\\040pages rw - hugetlbfs hugetlbfs rw\n"
		"40 28 0:50 / /nfs rw master:1 shared:2 propagate_from:3 - nfs4 host:/a rw\n"
		"41 28 0:51 / /merged rw - overlay overlay rw,lowerdir=/a - b,upperdir=/c\n"
		"42 28 0:52 / /tank rw - zfs tank/vm rw\n"
		"43 28 0:53 / /f rw - fuse.sshfs me@host:/ rw\n"
		"44 28 0:54 / /g rw - fuse.strange x rw\n"
		"45 28 0:55 / /h rw - tmpfs\n"
		"46 28 0:56 / /i rw\n"
		"garbage\n";
	static const int elsewhere[] = { 36, 361, 40, 43 };
	static const int unknown[] = { 21, 41, 42, 44, 45, 46, 3, 0, 999 };

	(void)state;
	assert_false(place_of(36).no_device); /* no mountinfo */
	fake_tree(&proc, "100/mountinfo", text);
	for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++) {
		assert_true(place_of(elsewhere[i]).no_device);
		assert_int_equal(place_of(elsewhere[i]).dev, 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		assert_false(place_of(unknown[i]).no_device);
		assert_int_equal(place_of(unknown[i]).dev, 0);
	}
}

/* On its only device; on several, or on one that sysfs does not know, that is not told. */
static void test_btrfs(void **state)
{
	char path[300], text[1024], dev[32];
	struct stat stat_of = { 0 };

	(void)state;
	if (!find_block_device(path, sizeof(path), &stat_of))
		skip();
	snprintf(text, sizeof(text),
		 "50 28 0:60 /@ / rw shared:1 - btrfs %s rw,subvol=/@\n"
		 "51 28 0:61 / /b rw - btrfs /dev/nonexistent rw\n"
		 "52 28 0:62 / /c rw - btrfs %s/../relative rw\n",
		 path, path);
	fake_tree(&proc, "100/mountinfo", text);
	assert_int_equal(place_of(50).dev, 0);
	snprintf(dev, sizeof(dev), "%u:%u\n", major(stat_of.st_rdev), minor(stat_of.st_rdev));
	fake_tree(&proc, "fs/btrfs/features/raid1c34", "0\n");
	fake_tree(&proc, "fs/btrfs/uuid-1/devices/other/dev", "250:7\n");
	fake_tree(&proc, "fs/btrfs/uuid-2/devices/one/dev", dev);
	assert_int_equal(place_of(50).dev, IO_DEV(major(stat_of.st_rdev), minor(stat_of.st_rdev)));
	assert_false(place_of(50).no_device);
	assert_int_equal(place_of(51).dev, 0);
	assert_int_equal(place_of(52).dev, 0);
	fake_tree(&proc, "fs/btrfs/uuid-2/devices/two/dev", "250:8\n");
	assert_int_equal(place_of(50).dev, 0);
	assert_false(place_of(50).no_device);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, close_proc)
	const struct CMUnitTest tests[] = { TEST(test_kinds), TEST(test_btrfs) };

	return cmocka_run_group_tests_name("mount", tests, NULL, NULL);
}
