// SPDX-License-Identifier: GPL-2.0-only
/* What standard output comes to: user/base/log.c. */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/log.h"

#define MOST (1 << 20)

/* What a process found that printed so much to a standard output. */
struct found {
	int error; /* of flush_output() */
	enum exit_status status;
	bool unread;
	size_t lines; /* of messages */
};

static struct found print(int fd, size_t bytes)
{
	static const char text[MOST];
	struct capture capture;
	struct found found;
	int result[2];
	pid_t pid;

	assert_int_equal(pipe(result), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		signal(SIGPIPE, SIG_IGN);
		log_init("kvmq", false);
		capture_begin(&capture, STDERR_FILENO);
		dup2(fd, STDOUT_FILENO);
		fwrite(text, 1, bytes, stdout);
		errno = 0; /* by whatever was called meanwhile */
		found.error = flush_output();
		found.unread = output_is_unread();
		found.lines = count_lines(capture_end(&capture));
		found.status = output_status();
		_exit(write(result[1], &found, sizeof(found)) != sizeof(found));
	}
	assert_int_equal(read(result[0], &found, sizeof(found)), sizeof(found));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(result[0]);
	close(result[1]);
	return found;
}

/* Whether the buffer was written out on the way or not. */
static const size_t sizes[] = { 1, 100, BUFSIZ, 3 * BUFSIZ + 1, MOST };

static void test_no_reader(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct found found = print(fds[1], sizes[i]);

		assert_true(found.error < 0 && found.unread);
		assert_int_equal(found.lines, 0);
		assert_int_equal(found.status, STATUS_DONE);
	}
	close(fds[1]);
}

static void test_no_room(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct found found = print(fd, sizes[i]);

		assert_true(found.error < 0 && !found.unread);
		assert_int_equal(found.lines, 1);
		assert_int_equal(found.status, STATUS_FAILED);
	}
	close(fd);
}

static void test_written(void **state)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct found found = print(fd, 100);

	(void)state;
	assert_true(!found.error && !found.unread && !found.lines);
	assert_int_equal(found.status, STATUS_DONE);
	close(fd);
}

/* What has run out has one remedy, whatever was being done. */
static void test_remedy(void **state)
{
	(void)state;
	assert_string_equal(remedy(-ENOENT, "mount it"), "mount it");
	assert_string_equal(remedy(0, "mount it"), "mount it");
	assert_non_null(strstr(remedy(-ENOMEM, "mount it"), "memory"));
	assert_non_null(strstr(remedy(-EMFILE, "mount it"), "ulimit -n"));
	assert_non_null(strstr(remedy(ENFILE, "mount it"), "fs.file-max"));
	assert_non_null(strstr(remedy(EFBIG, "mount it"), "ulimit -f"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_remedy),
		cmocka_unit_test(test_no_reader),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_written),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
