// SPDX-License-Identifier: GPL-2.0-only
/* What a process's names lead to, without asking a server that may have gone: user/disks/look_up.c.
 */
#include "unit.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/units.h"
#include "dead_fs.h"
#include "disks/look_up.h"
#include "disks/open_files.h"
#include "one_proc.h"

#define PID 100U

static int set_up(void **state)
{
	open_proc(state);
	fake_proc__add(&proc, PID, "kvm", 1, "kvm", NULL);
	fake_tree(&proc, "jail/real/folder/a", "");
	fake_tree(&proc, "outside", "");
	assert_int_equal(symlink(fake_path(&proc, "jail"), fake_path(&proc, "100/root")), 0);
	assert_int_equal(symlink(fake_path(&proc, "jail/real"), fake_path(&proc, "100/cwd")), 0);
	assert_int_equal(symlink("/proc/self/mountinfo", fake_path(&proc, "100/mountinfo")), 0);
	return 0;
}

/* -errno, or 0 if it is the file of this name below the folder. */
static int look_up(const char *path, const char *wanted)
{
	struct look_up look_up;
	struct stat found, file;
	int fd, result;

	look_up__begin(&look_up, proc.path, PID);
	fd = look_up__open(&look_up, path);
	result = fd < 0 ? fd : 0;
	if (fd >= 0) {
		assert_int_equal(fstat(fd, &found), 0);
		assert_int_equal(stat(fake_path(&proc, wanted), &file), 0);
		assert_int_equal(found.st_ino, file.st_ino);
		close(fd);
	}
	look_up__end(&look_up);
	return result;
}

/* Links that nobody has followed yet are not in the kernel's cache as they would have to be. */
static void test_links(void **state)
{
	static const char *const links[][2] = {
		{ "jail/absolute", "/real/folder/a" }, { "jail/folder", "real/folder" },
		{ "jail/real/up", "../folder/a" },     { "jail/chain", "/folder/../up" },
		{ "jail/out", "/../../outside" },      { "jail/round", "round" }
	};
	static const char file[] = "jail/real/folder/a";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		assert_int_equal(symlink(links[i][1], fake_path(&proc, links[i][0])), 0);
	assert_int_equal(look_up("/real/folder/a", file), 0);
	assert_int_equal(look_up("/absolute", file), 0);
	assert_int_equal(look_up("//folder//a", file), 0);
	assert_int_equal(look_up("/real/../folder/a", file), 0);
	assert_int_equal(look_up("/chain", file), 0);
	assert_int_equal(look_up("folder/a", file), 0);
	assert_int_equal(look_up("up", file), 0);
	assert_int_equal(look_up("/out", "outside"), -ENOENT);
	assert_int_equal(look_up("/outside", "outside"), -ENOENT);
	assert_int_equal(look_up("/round", file), -ELOOP);
	assert_int_equal(look_up("/real/folder/none", file), -ENOENT);
}

static uint64_t mount_of(const char *path)
{
	struct statx statx_of;

	assert_int_equal(statx(AT_FDCWD, path, 0, STATX_MNT_ID, &statx_of), 0);
	return statx_of.stx_mnt_id;
}

/*
 * Where the mounts of the process cannot be read, only what is in the cache is found, but on our
 * own root.
 */
static void test_unknown_mount(void **state)
{
	int wanted = mount_of(proc.path) == mount_of("/") ? -ENOENT : -EAGAIN;

	(void)state;
	assert_int_equal(unlink(fake_path(&proc, "100/mountinfo")), 0);
	assert_int_equal(look_up("/real/folder/none", ""), wanted);
	assert_int_equal(look_up("/real/folder/a", "jail/real/folder/a"), 0);
}

/* However long its names are, and however many: after some, no more are looked up. */
static void test_many(void **state)
{
	char path[PATH_MAX] = "";
	struct look_up names;
	int count = 0;
	uint64_t ns;

	(void)state;
	while (strlen(path) + 16 < sizeof(path))
		strcat(path, "/real/..");
	strcat(path, "/none");
	look_up__begin(&names, proc.path, PID);
	ns = clock_process_cpu_ns();
	while (look_up__open(&names, path) != -E2BIG)
		count++;
	ns = clock_process_cpu_ns() - ns;
	look_up__end(&names);
	assert_in_range(count, 5, 2000);
	assert_in_range(ns, 0, NSEC_PER_SEC);
}

/* In a process of its own: whoever asks the server stays there until it is ended. */
static void look_into_dead(void)
{
	const char *folder = fake_path(&proc, "jail/dead");
	const struct open_file *found;
	struct open_files files;
	struct dead_fs fs;
	int file;

	if (mkdir(folder, 0755) || (file = dead_fs__open(&fs, folder)) < 0)
		_exit(77);
	if (look_up("/dead/" DEAD_FS_FILE, "") != -EAGAIN || look_up("/dead/other", "") != -EAGAIN)
		_exit(1);
	if (open_files__read(&files, "/proc", (uint32_t)getpid()))
		_exit(2);
	/* By its name alone. */
	found = open_files__find(&files, fake_path(&proc, "jail/dead/" DEAD_FS_FILE));
	if (!found || found->fd != file)
		_exit(3);
	if (open_files__find(&files, fake_path(&proc, "jail/dead/./" DEAD_FS_FILE)))
		_exit(4);
	open_files__free(&files);
	dead_fs__close(&fs);
	_exit(0);
}

static void test_dead(void **state)
{
	pid_t pid = fork();
	int status = 0, waited = 0;

	(void)state;
	if (!pid)
		look_into_dead();
	while (!waitpid(pid, &status, WNOHANG) && waited++ < 500)
		usleep(10000);
	if (waited >= 500) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		fail_msg("it waits for the server");
	}
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, close_proc)
	const struct CMUnitTest tests[] = {
		TEST(test_links),
		TEST(test_unknown_mount),
		TEST(test_many),
		TEST(test_dead),
	};

	return cmocka_run_group_tests_name("look_up", tests, NULL, NULL);
}
