// SPDX-License-Identifier: GPL-2.0-only
/* Files that stay open between two readings: of a folder of a test's, and of /proc. */
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_proc.h"
#include "host/kept_files.h"

static struct fake_proc folder;
static struct kept_files files;

static int set_up(void **state)
{
	(void)state;
	fake_proc__open(&folder);
	kept_files__init(&files);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fake_proc__close(&folder);
	kept_files__free(&files);
	return 0;
}

static void expect(const char *name, const char *expected)
{
	char text[16];
	ssize_t got = kept_files__read(&files, text, sizeof(text), "%s/%s", folder.path, name);

	assert_int_equal(got, (ssize_t)strlen(expected));
	assert_string_equal(text, expected);
}

static size_t count_open(void)
{
	DIR *fds = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(fds);
	while (readdir(fds))
		count++;
	closedir(fds);
	return count;
}

static void test_kept(void **state)
{
	size_t open_before = count_open();
	char text[8];

	(void)state;
	fake_tree(&folder, "b", "one");
	fake_tree(&folder, "a", "two");
	fake_tree(&folder, "c/d", "");
	expect("b", "one");
	expect("a", "two");
	expect("c/d", "");
	assert_int_equal(count_open(), open_before + 3);
	fake_tree(&folder, "b", "three"); /* the same file */
	expect("b", "three");
	expect("a", "two");
	assert_int_equal(count_open(), open_before + 3);
	/* Not longer than there is room. */
	fake_tree(&folder, "b", "0123456789");
	assert_int_equal(kept_files__read(&files, text, sizeof(text), "%s/b", folder.path), 7);
	assert_string_equal(text, "0123456");
	/* What is not there is asked for again, and what is not read any more is closed. */
	assert_int_equal(kept_files__read(&files, text, sizeof(text), "%s/e", folder.path),
			 -ENOENT);
	kept_files__sweep(&files);
	expect("b", "0123456789");
	kept_files__sweep(&files);
	assert_int_equal(count_open(), open_before + 1);
	kept_files__free(&files);
	assert_int_equal(count_open(), open_before);
}

/* Half of what a process may open is for others; then a file is opened each time. */
static void test_room(void **state)
{
	size_t open_before = count_open();
	struct rlimit limit;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(files.most, limit.rlim_cur / 2);
	files.most = 2;
	for (int i = 0; i < 2; i++) {
		fake_tree(&folder, "c", "three");
		fake_tree(&folder, "b", "two");
		fake_tree(&folder, "a", "one");
		expect("c", "three");
		expect("a", "one");
		expect("b", "two");
		assert_int_equal(count_open(), open_before + 2);
	}
}

/* The next process of that PID is another one, and a file of one that has ended has no text. */
static void test_ended(void **state)
{
	char text[512];
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		pause();
		_exit(0);
	}
	assert_true(kept_files__read(&files, text, sizeof(text), "/proc/%d/cgroup", (int)pid) >= 0);
	assert_int_equal(files.count, 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_true(kept_files__read(&files, text, sizeof(text), "/proc/%d/cgroup", (int)pid) < 0);
	assert_int_equal(files.count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_kept),
		TEST(test_room),
		TEST(test_ended),
	};

	return cmocka_run_group_tests_name("kept_files", tests, NULL, NULL);
}
