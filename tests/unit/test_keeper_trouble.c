// SPDX-License-Identifier: GPL-2.0-only
/* What may happen to the daemon's recording, and what it does then: user/daemon/keeper.h. */
#include "keeper_views.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "base/privileges.h"
#include "recording/room.h"

#define LIMIT (16ULL << 20)
#define KILLS 60
#define LONGEST_NS 30000000
#define MOST 5000

static volatile uint64_t *taken; /* by the child: seconds that have been taken */

static int set_up_shared(void **state)
{
	taken = mmap(NULL, sizeof(*taken), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	assert_ptr_not_equal(taken, MAP_FAILED);
	return set_up(state);
}

/* Until it is killed: views one after the other, as fast as it can. */
static void take_on(void)
{
	struct keeper *keeper = open_keeper(LIMIT);
	struct view view = { 0 };

	for (;; ++*taken) {
		fill_view(&view, *taken, 0);
		if (take_view(keeper, &view))
			_exit(1);
	}
}

static uint64_t chance(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return *seed >> 20;
}

static void kill_one(uint64_t *seed)
{
	struct timespec wait = { .tv_nsec = (long)(chance(seed) % LONGEST_NS) };
	uint64_t before = *taken, wanted = before + chance(seed) % 60;
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child)
		take_on();
	for (int i = 0; *taken < wanted && i < 100000; i++)
		usleep(100);
	nanosleep(&wait, NULL);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

/* Killed at any point, gone on with again and again: no figure is wrong, and none is missing. */
static void test_kill(void **state)
{
	static uint64_t seconds[MOST];
	uint64_t seed = 5;

	(void)state;
	for (int i = 0; i < KILLS; i++) {
		size_t count;

		kill_one(&seed);
		if (access(path, F_OK) || !*taken)
			continue;
		assert_in_range(size_on_disk(), 1, LIMIT);
		count = read_all(seconds, MOST);
		assert_true(count > 0);
		/* All that was taken, and perhaps the one in progress. */
		assert_in_range(seconds[count - 1], *taken - 1, *taken);
		*taken = seconds[count - 1] + 1;
	}
	assert_true(*taken > 10 * KILLS);
	assert_true(ask("SELECT count(*) FROM runs") < KILLS);
}

/* In a small file system of its own: 0 if all is as it should be, 77 if there can be none. */
static int fill_disk(void)
{
	static uint64_t seconds[MOST];
	struct keeper *keeper;
	struct keeper_state is;
	struct view view = { 0 };
	char command[128];
	uint64_t i = 0;

	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", folder, "tmpfs", 0, "size=8m"))
		return 77;
	keeper = open_keeper(64 << 20);
	take_all(keeper, 0, 60);
	snprintf(command, sizeof(command), "cat /dev/zero > %s/others 2> /dev/null", folder);
	if (!system(command))
		return 1;
	log_keep_errors(true);
	for (i = 60; i < 400; i++) {
		fill_view(&view, i, 0);
		take_view(keeper, &view);
		log_keep_errors(true);
	}
	keeper__state(keeper, &is);
	if (!is.dropped || !*is.error)
		return 2;
	snprintf(command, sizeof(command), "%s/others", folder);
	unlink(command);
	log_keep_errors(false);
	take_all(keeper, 400, 420);
	keeper__state(keeper, &is);
	if (*is.error || is.moments[0] + is.dropped != 420)
		return 3;
	keeper__close(keeper);
	i = read_all(seconds, MOST);
	return i >= 20 && seconds[i - 1] == 419 ? 0 : 4;
}

static void test_full_disk(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (!child)
		_exit(fill_disk());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A file that may not grow for a while. */
static void test_file_limit(void **state)
{
	static uint64_t seconds[MOST];
	struct rlimit limit, small;
	struct keeper *keeper = open_keeper(64 << 20);
	struct keeper_state is;
	struct view view = { 0 };
	size_t count;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	take_all(keeper, 0, 50);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = limit;
	small.rlim_cur = 600000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (uint64_t i = 50; i < 500; i++) {
		fill_view(&view, i, 0);
		log_keep_errors(true);
		take_view(keeper, &view);
	}
	log_keep_errors(false);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	keeper__state(keeper, &is);
	assert_true(is.dropped > 0);
	take_all(keeper, 500, 510);
	keeper__close(keeper);
	count = read_all(seconds, MOST);
	assert_int_equal(seconds[count - 1], 509);
	view__free(&view);
}

static int count_files(const char *ending)
{
	char command[160];
	FILE *names;
	int count = 0;

	snprintf(command, sizeof(command), "ls %s | grep -c -- '%s'", folder, ending);
	names = popen(command, "re");
	assert_non_null(names);
	assert_int_equal(fscanf(names, "%d", &count), 1);
	pclose(names);
	return count;
}

static void damage(long at, size_t size)
{
	FILE *file = fopen(path, "r+e");

	assert_true(file && !fseek(file, at, SEEK_SET));
	while (size--)
		fputc(0x55, file);
	fclose(file);
}

/* Set aside under a name with the time, and a new one begun: at the start. */
static void test_damaged_before(void **state)
{
	static uint64_t seconds[MOST];
	struct keeper *keeper = open_keeper(LIMIT);
	struct keeper_state is;

	(void)state;
	take_all(keeper, 0, 100);
	keeper__close(keeper);
	damage(0, 4096);
	keeper = open_keeper(LIMIT);
	take_all(keeper, 100, 120);
	keeper__state(keeper, &is);
	assert_int_equal(is.set_aside, 1);
	assert_int_equal(count_files("^file.damaged-20[0-9]*T[0-9]*Z$"), 1);
	keeper__close(keeper);
	assert_int_equal(read_all(seconds, MOST), 20);
	assert_int_equal(seconds[0], 100);
}

/* The same while it is written. */
static void test_damaged_meanwhile(void **state)
{
	static uint64_t seconds[MOST];
	struct keeper *keeper = open_keeper(LIMIT);
	struct keeper_state is = { 0 };
	struct view view = { 0 };
	uint64_t i;
	size_t count;

	(void)state;
	take_all(keeper, 0, 100);
	keeper__close(keeper);
	keeper = open_keeper(LIMIT);
	take_all(keeper, 100, 101);
	/* All but the first page, which is read once. */
	damage(4096, size_on_disk() - 4096);
	for (i = 101; i < 300; i++) {
		fill_view(&view, i, 0);
		assert_int_equal(take_view(keeper, &view), 0);
	}
	keeper__state(keeper, &is);
	assert_int_equal(is.set_aside, 1);
	assert_int_equal(count_files("^file.damaged-"), 1);
	keeper__close(keeper);
	count = read_all(seconds, MOST);
	assert_true(count > 30 && seconds[count - 1] == 299);
	view__free(&view);
}

/* As the unit starts it, and after it has given up what it can: 0, or what went wrong. */
static int replace_dropped(void)
{
	const struct privileges_kept kept = { .needs = PRIVILEGE_RECORD | PRIVILEGE_NONE,
					      .records = true };
	struct keeper *keeper;
	struct keeper_state is;
	struct view view = { 0 };

	if (!geteuid() && (chown(folder, 65534, 65534) || setgid(65534) || setuid(65534)))
		return 1;
	keeper = open_keeper(LIMIT);
	take_all(keeper, 0, 100);
	keeper__close(keeper);
	keeper = open_keeper(LIMIT);
	take_all(keeper, 100, 101);
	damage(4096, size_on_disk() - 4096);
	if (privileges_drop(&kept))
		return 2;
	for (uint64_t i = 101; i < 300; i++) {
		fill_view(&view, i, 0);
		if (take_view(keeper, &view))
			return 3;
	}
	keeper__state(keeper, &is);
	keeper__close(keeper);
	return is.set_aside == 1 ? 0 : 4;
}

static void test_dropped(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (!child)
		_exit(replace_dropped());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(count_files("^file.damaged-"), 1);
}

static void refuse(int error, const char *words)
{
	const struct recording_info info = keeper_info();
	struct keeper *keeper;

	log_keep_errors(true);
	assert_int_equal(keeper__open(&keeper, path, lab_tiers, LIMIT, &info), error);
	log_keep_errors(true);
	if (!strstr(log_kept(), words))
		fail_msg("%s", log_kept());
	log_keep_errors(false);
}

/* What is no recording of the daemon's is refused and left alone. */
static void test_refused(void **state)
{
	char target[160];
	FILE *file;

	(void)state;
	snprintf(target, sizeof(target), "%s/target", folder);
	assert_int_equal(symlink(target, path), 0);
	refuse(-EPERM, "is a symbolic link");
	assert_int_equal(access(target, F_OK), -1);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	refuse(-EPERM, "is no plain file");
	unlink(path);
	file = fopen(path, "we");
	for (int i = 0; i < 300; i++)
		fputs("somebody's configuration\n", file);
	fclose(file);
	refuse(-EBADMSG, "is no recording");
	assert_int_equal(count_files("damaged"), 0);
}

/* Taken away, or exchanged for a link, under its feet. */
static void test_replaced(void **state)
{
	static uint64_t seconds[MOST];
	struct keeper *keeper = open_keeper(LIMIT);
	struct keeper_state is;
	struct view view = { 0 };
	char target[160];

	(void)state;
	take_all(keeper, 0, 20);
	assert_int_equal(unlink(path), 0);
	take_all(keeper, 20, 40);
	assert_int_equal(read_all(seconds, MOST), 20);
	assert_int_equal(seconds[0], 20);
	snprintf(target, sizeof(target), "%s/target", folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(target, path), 0);
	log_keep_errors(true);
	fill_view(&view, 40, 0);
	assert_int_equal(take_view(keeper, &view), -EPERM);
	log_keep_errors(false);
	keeper__state(keeper, &is);
	assert_non_null(strstr(is.error, "symbolic link"));
	assert_int_equal(access(target, F_OK), -1);
	unlink(path);
	/* It is tried again each ten seconds. */
	for (uint64_t i = 41; i < 50; i++) {
		fill_view(&view, i, 0);
		assert_int_equal(take_view(keeper, &view), -EPERM);
	}
	take_all(keeper, 50, 60);
	keeper__state(keeper, &is);
	assert_int_equal(is.dropped, 10);
	assert_string_equal(is.error, "");
	keeper__close(keeper);
	assert_int_equal(read_all(seconds, MOST), 10);
	view__free(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kill, set_up_shared, tear_down),
		cmocka_unit_test_setup_teardown(test_full_disk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_file_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damaged_before, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damaged_meanwhile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_dropped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_replaced, set_up, tear_down),
		LENT_TEST(test_full_disk),
		LENT_TEST(test_file_limit),
		LENT_TEST(test_damaged_before),
		LENT_TEST(test_damaged_meanwhile),
		LENT_TEST(test_dropped),
		LENT_TEST(test_refused),
		LENT_TEST(test_replaced),
	};

	return cmocka_run_group_tests_name("keeper trouble", tests, NULL, NULL);
}
