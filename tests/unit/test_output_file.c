// SPDX-License-Identifier: GPL-2.0-only
/* What is written to, and what is left alone: user/base/output_file.c. */
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/log.h"
#include "base/output_file.h"

#define NOBODY 65534

static char folder[64], path[128];

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test-output-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file", folder);
	log_init("kvmq", false);
	alarm(10); /* what waits for a reader fails */
	return 0;
}

static int tear_down(void **state)
{
	char command[96];

	(void)state;
	alarm(0);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

/* Another name in the folder. */
static const char *beside(const char *name)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s/%s", folder, name);
	return text;
}

static void write_text(const char *name, const char *text)
{
	FILE *file = fopen(name, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void expect_text(const char *name, const char *text)
{
	char got[64] = "";
	FILE *file = fopen(name, "re");

	assert_non_null(file);
	got[fread(got, 1, sizeof(got) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(got, text);
}

static mode_t mode_of(const char *name)
{
	struct stat status;

	assert_int_equal(lstat(name, &status), 0);
	return status.st_mode & 07777;
}

static void expect_written(void)
{
	FILE *file = NULL;

	assert_int_equal(output_file__open(&file, "--out", path), 0);
	assert_true(fcntl(fileno(file), F_GETFD) & FD_CLOEXEC);
	fputs("new", file);
	assert_int_equal(fclose(file), 0);
	expect_text(path, "new");
}

/* One line, which names the option, the file and why. */
static void expect_refused(const char *name, int error, const char *why)
{
	struct capture capture;
	FILE *file = NULL;
	char wanted[256];
	int result;

	snprintf(wanted, sizeof(wanted), "kvmq: --out: '%s'%s", name, why);
	capture_begin(&capture, STDERR_FILENO);
	result = output_file__open(&file, "--out", name);
	capture_end(&capture);
	assert_int_equal(result, error);
	assert_null(file);
	assert_int_equal(count_lines(capture.text), 1);
	if (strncmp(capture.text, wanted, strlen(wanted)) != 0)
		fail_msg("'%s' does not begin with '%s'", capture.text, wanted);
}

/* For its owner alone, and less if the umask says so. */
static void test_new(void **state)
{
	static const struct {
		mode_t mask, mode;
	} cases[] = { { 0, 0600 }, { 0022, 0600 }, { 0077, 0600 }, { 0200, 0400 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		mode_t before = umask(cases[i].mask);

		expect_written();
		umask(before);
		assert_int_equal(mode_of(path), cases[i].mode);
		unlink(path);
	}
	expect_refused(beside("none/file"), -ENOENT, ": No such file");
	expect_refused("", -ENOENT, ": No such file");
}

static void test_existing(void **state)
{
	(void)state;
	write_text(path, "much longer than the new text");
	chmod(path, 0640);
	expect_written();
	assert_int_equal(mode_of(path), 0640);
}

static void test_symbolic_link(void **state)
{
	const char *target = beside("target");

	(void)state;
	assert_int_equal(symlink("target", path), 0);
	expect_refused(path, -EPERM, " is a symbolic link: give");
	assert_int_equal(access(target, F_OK), -1); /* nor made where it leads to */
	write_text(target, "precious");
	expect_refused(path, -EPERM, " is a symbolic link: give");
	expect_text(target, "precious");
}

static void test_hard_link(void **state)
{
	(void)state;
	write_text(beside("target"), "precious");
	assert_int_equal(link(beside("target"), path), 0);
	expect_refused(path, -EPERM, " is a file with another name, too (a hard link): give");
	expect_text(path, "precious");
}

/* Whether somebody reads there or not. */
static void test_fifo(void **state)
{
	int reader;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_refused(path, -EPERM, " is no plain file: give");
	reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	expect_refused(path, -EPERM, " is no plain file: give");
	close(reader);
}

static void test_others(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	expect_refused("/dev/null", -EPERM, " is no plain file: give");
	expect_refused("/dev/full", -EPERM, " is no plain file: give");
	expect_refused("/dev/stdout", -EPERM, " is a symbolic link: give");
	expect_refused(folder, -EPERM, " is a folder: give");
	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	expect_refused(path, -EPERM, " is no plain file: give");
	close(fd);
}

/* Root may write to it, and does not. */
static void test_other_user(void **state)
{
	(void)state;
	if (geteuid()) {
		expect_refused("/etc/passwd", -EPERM, " is another user's file: give");
		return;
	}
	write_text(path, "precious");
	chmod(path, 0666);
	assert_int_equal(chown(path, NOBODY, NOBODY), 0);
	expect_refused(path, -EPERM, " is another user's file: give");
	expect_text(path, "precious");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_new),	       TEST(test_existing), TEST(test_symbolic_link),
		TEST(test_hard_link),  TEST(test_fifo),	    TEST(test_others),
		TEST(test_other_user),
	};

	return cmocka_run_group_tests_name("output_file", tests, NULL, NULL);
}
