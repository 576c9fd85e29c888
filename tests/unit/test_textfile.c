// SPDX-License-Identifier: GPL-2.0-only
/* The text in a folder: there in whole, or as it was before. */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "daemon/textfile.h"

static char folder[64], path[128], unfinished[128];

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test-textfile-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/" TEXTFILE_NAME, folder);
	snprintf(unfinished, sizeof(unfinished), "%s/.kvmq.prom.new", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	unlink(unfinished);
	return rmdir(folder);
}

static void expect_text(const char *wanted)
{
	FILE *file = fopen(path, "re");
	char text[64] = "";

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(text, wanted);
}

static void test_written(void **state)
{
	struct stat file;

	(void)state;
	umask(0077);
	assert_int_equal(textfile__write(folder, "a 1\n", 4), 0);
	expect_text("a 1\n");
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 0777, 0644);
	assert_int_equal(textfile__write(folder, "b 22\n", 5), 0);
	expect_text("b 22\n");
	assert_int_equal(access(unfinished, F_OK), -1);
}

/* A link that somebody has put there is replaced, and what it points to is not written to. */
static void test_link(void **state)
{
	char other[128];
	struct stat file;

	(void)state;
	snprintf(other, sizeof(other), "%s/other", folder);
	assert_int_equal(symlink(other, unfinished), 0);
	assert_int_equal(textfile__write(folder, "a 1\n", 4), 0);
	expect_text("a 1\n");
	assert_int_equal(access(other, F_OK), -1);
	unlink(path);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(textfile__write(folder, "a 2\n", 4), 0);
	assert_int_equal(lstat(path, &file), 0);
	assert_true(S_ISREG(file.st_mode));
	assert_int_equal(access(other, F_OK), -1);
}

/* Where there is no room for all of it, the one before stays. */
static void test_full(void **state)
{
	const struct rlimit small = { 2, RLIM_INFINITY };
	struct rlimit before;

	(void)state;
	assert_int_equal(textfile__write(folder, "a 1\n", 4), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(textfile__write(folder, "longer 1\n", 9), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	expect_text("a 1\n");
	assert_int_equal(access(unfinished, F_OK), -1);
	assert_int_equal(textfile__write("/nowhere", "a 1\n", 4), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_link, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
