// SPDX-License-Identifier: GPL-2.0-only
/* How a signal ends what a tool is in the middle of: user/base/interrupt.c. */
#include "unit.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "base/interrupt.h"
#include "base/log.h"
#include "base/units.h"

#define ENOUGH_MS 900U /* longer than any limit there is */

static int ready[2]; /* written to by a child that is where it is to be */

static void be_ready(void)
{
	if (write(ready[1], "", 1) != 1)
		_exit(99);
}

/* Reads a signal as a loop does. */
static void read_signal(void)
{
	struct signalfd_siginfo info;
	sigset_t signals;
	int fd;

	interrupt__signals(&signals);
	fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (read(fd, &info, sizeof(info)) != sizeof(info))
		_exit(99);
}

struct ending {
	int status;
	uint64_t ms; /* since the first signal */
	char text[1024];
};

static void have_command(void);
static void reload_later(void);

/* As a program that reads its settings again at SIGHUP. */
static void spare_hangup(void)
{
	sigset_t hangup;

	sigemptyset(&hangup);
	sigaddset(&hangup, SIGHUP);
	sigprocmask(SIG_BLOCK, &hangup, NULL);
	interrupt__spare_hangup();
}

static pid_t start(void (*child)(void), struct capture *capture)
{
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	capture_begin(capture, STDERR_FILENO);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		log_init("kvmq", 0);
		if (child == reload_later)
			spare_hangup();
		interrupt__begin(child == have_command);
		child();
		_exit(98);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	return pid;
}

/* signals: a list that ends with 0, each sent 150 ms after the one before. */
static struct ending ended_by(void (*child)(void), const int *signals)
{
	struct ending ending = { 0 };
	struct capture capture;
	pid_t pid = start(child, &capture);
	uint64_t begin = clock_monotonic_ns();
	int status;

	for (; *signals; signals++) {
		kill(pid, *signals);
		if (signals[1])
			poll(NULL, 0, 150);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	ending.ms = (clock_monotonic_ns() - begin) / NSEC_PER_MSEC;
	strcpy(ending.text, capture_end(&capture));
	ending.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	close(ready[0]);
	close(ready[1]);
	return ending;
}

static void wait_for_nobody(void)
{
	interrupt__guard("waiting for nobody");
	be_ready();
	pause();
}

static void test_stuck(void **state)
{
	static const int once[] = { SIGTERM, 0 };
	struct ending ending = ended_by(wait_for_nobody, once);

	(void)state;
	assert_int_equal(ending.status, STATUS_FAILED);
	assert_in_range(ending.ms, 400, 1000);
	assert_string_equal(ending.text, "kvmq: ended by a signal while waiting for nobody: the "
					 "last interval is not shown\n");
}

/* Holds the lock of standard error, which is full. */
static void wait_for_reader(void)
{
	int full[2];

	if (pipe(full) || dup2(full[1], STDERR_FILENO) < 0)
		return;
	interrupt__guard("waiting for a reader");
	be_ready();
	for (;;)
		fputs("a line\n", stderr);
}

static void test_no_reader(void **state)
{
	static const int once[] = { SIGINT, 0 };
	struct ending ending = ended_by(wait_for_reader, once);

	(void)state;
	assert_int_equal(ending.status, STATUS_FAILED);
	assert_in_range(ending.ms, 400, 1000);
}

static void load(void)
{
	be_ready();
	poll(NULL, 0, ENOUGH_MS);
	interrupt__guard("reading a little");
	poll(NULL, 0, 100);
	_exit(7);
}

/* Nothing that ends by itself is cut short, and what comes after it has its time. */
static void test_unguarded(void **state)
{
	static const int once[] = { SIGINT, 0 };

	(void)state;
	assert_int_equal(ended_by(load, once).status, 7);
}

static void loop(void)
{
	interrupt__guard("looping");
	if (interrupted())
		_exit(97);
	be_ready();
	while (!interrupted())
		poll(NULL, 0, 1);
	_exit(7);
}

static void test_loop(void **state)
{
	static const int once[] = { SIGHUP, 0 };
	struct ending ending = ended_by(loop, once);

	(void)state;
	assert_int_equal(ending.status, 7);
	assert_in_range(ending.ms, 150, 500);
}

static void report(void)
{
	be_ready();
	read_signal();
	interrupt__taken();
	interrupt__guard("showing the last interval");
	poll(NULL, 0, 400);
	_exit(7);
}

/* A second signal ends at once; one that was sent twice is one. */
static void test_again(void **state)
{
	static const int once[] = { SIGINT, 0 }, twice[] = { SIGINT, SIGINT, 0 };
	struct ending ending = ended_by(report, once);
	struct capture capture;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(ending.status, 7);
	ending = ended_by(report, twice);
	assert_int_equal(ending.status, STATUS_FAILED);
	assert_in_range(ending.ms, 150, 350);
	pid = start(report, &capture);
	kill(pid, SIGTERM);
	poll(NULL, 0, 10);
	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	capture_end(&capture);
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void pass_on(void)
{
	be_ready();
	read_signal();
	interrupt__guard("going on");
	poll(NULL, 0, ENOUGH_MS);
	_exit(interrupted() ? 97 : 7);
}

static void test_passed_on(void **state)
{
	static const int once[] = { SIGINT, 0 };

	(void)state;
	assert_int_equal(ended_by(pass_on, once).status, 7);
}

static void reload_later(void)
{
	interrupt__guard("taking a view");
	be_ready();
	poll(NULL, 0, ENOUGH_MS);
	_exit(interrupted() ? 97 : 7);
}

/* One that is the tool's own does not end what goes on, as the others do. */
static void test_spared(void **state)
{
	static const int hangup[] = { SIGHUP, 0 }, term[] = { SIGTERM, 0 };

	(void)state;
	assert_int_equal(ended_by(reload_later, hangup).status, 7);
	assert_int_equal(ended_by(reload_later, term).status, STATUS_FAILED);
}

static int command_pipe[2];

static void have_command(void)
{
	pid_t pid = fork();

	if (!pid) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		pause();
	}
	close(command_pipe[1]);
	interrupt__set_command(pid);
	wait_for_nobody();
}

/* Nobody has the other end of the pipe when both have ended. */
static void test_command(void **state)
{
	static const int once[] = { SIGINT, 0 };
	struct pollfd hung_up;

	(void)state;
	assert_int_equal(pipe(command_pipe), 0);
	assert_int_equal(ended_by(have_command, once).status, STATUS_FAILED);
	close(command_pipe[1]);
	hung_up = (struct pollfd){ .fd = command_pipe[0] };
	assert_int_equal(poll(&hung_up, 1, 1000), 1);
	close(command_pipe[0]);
}

/* Of all threads but this one: effective, permitted and inheritable. */
static bool others_have_none(void)
{
	DIR *folder = opendir("/proc/self/task");
	struct dirent *entry;
	bool none = true, any = false;

	while (folder && (entry = readdir(folder))) {
		char path[300], line[256];
		FILE *file;

		if (atoi(entry->d_name) == 0 || atoi(entry->d_name) == getpid())
			continue;
		any = true;
		snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
		file = fopen(path, "re");
		while (file && fgets(line, sizeof(line), file))
			if (!strncmp(line, "CapEff:", 7) || !strncmp(line, "CapPrm:", 7))
				none &= strtoull(line + 7, NULL, 16) == 0;
		if (file)
			fclose(file);
	}
	if (folder)
		closedir(folder);
	return any && none;
}

static void look_at_privileges(void)
{
	for (int i = 0; i < 100 && !others_have_none(); i++)
		poll(NULL, 0, 10);
	be_ready();
	_exit(others_have_none() ? 7 : 97);
}

static void test_privileges(void **state)
{
	static const int none[] = { 0 };

	(void)state;
	assert_int_equal(ended_by(look_at_privileges, none).status, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stuck),	   cmocka_unit_test(test_no_reader),
		cmocka_unit_test(test_unguarded),  cmocka_unit_test(test_loop),
		cmocka_unit_test(test_again),	   cmocka_unit_test(test_passed_on),
		cmocka_unit_test(test_spared),	   cmocka_unit_test(test_command),
		cmocka_unit_test(test_privileges),
	};

	return cmocka_run_group_tests_name("interrupt", tests, NULL, NULL);
}
