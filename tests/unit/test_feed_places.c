// SPDX-License-Identifier: GPL-2.0-only
/* Where kvmqd's socket may be, and who may open it: user/daemon/feed_listen.c. */
#include "feed_client.h"

#include <sys/stat.h>

/* What is said of a place where no socket is to be. */
static void expect_no_feed(const char *where, int error, const char *words)
{
	static struct capture capture;
	struct recording_info info = make_info();
	struct feed *other = NULL;
	int got;

	capture_begin(&capture, STDERR_FILENO);
	got = feed__open(&other, where, "", &info);
	capture_end(&capture);
	assert_int_equal(got, error);
	assert_null(other);
	if (!strstr(capture.text, words) || count_lines(capture.text) != 1)
		fail_msg("'%s', not '%s'", capture.text, words);
}

static void test_places(void **state)
{
	struct recording_info info = make_info();
	char other[128];
	struct stat file;

	(void)state;
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
	expect_no_feed(path, -EADDRINUSE, "another kvmqd serves it");
	expect_no_feed("socket", -EINVAL, "no path");
	snprintf(other, sizeof(other), "%s/file", folder);
	close(open(other, O_CREAT | O_WRONLY, 0600));
	expect_no_feed(other, -EEXIST, "there is something else");
	assert_int_equal(unlink(other), 0);
	assert_int_equal(symlink(path, other), 0);
	expect_no_feed(other, -EEXIST, "there is something else");
	assert_int_equal(unlink(other), 0);
	assert_int_equal(chmod(folder, 0777), 0);
	expect_no_feed(other, -EPERM, "others can write to its folder");
	assert_int_equal(chmod(folder, 0700), 0);
	/* One that was left behind is replaced; the folder is made. */
	assert_int_equal(link(path, other), 0);
	feed__close(feed);
	assert_int_equal(feed__open(&feed, other, "", &info), 0);
	feed__close(feed);
	snprintf(other, sizeof(other), "%s/new/socket", folder);
	assert_int_equal(feed__open(&feed, other, "", &info), 0);
	feed__close(feed);
	feed = NULL;
	*strrchr(other, '/') = '\0';
	assert_int_equal(stat(other, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0755);
	assert_int_equal(rmdir(other), 0);
}

/* Its group may use it. */
static void test_group(void **state)
{
	struct recording_info info = make_info();
	struct stat file;

	(void)state;
	if (geteuid())
		skip();
	feed__close(feed);
	assert_int_equal(feed__open(&feed, path, "daemon", &info), 0);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0660);
	assert_int_not_equal(file.st_gid, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FEED_TEST(test_places),
		FEED_TEST(test_group),
	};

	return cmocka_run_group_tests_name("feed places", tests, NULL, NULL);
}
