// SPDX-License-Identifier: GPL-2.0-only
/* Recordings whose writer was killed, or whose disk was full or fails: user/recording/. */
#include "recorded.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/log.h"
#include "recording/recorder.h"
#include "recording/recording.h"

#define KILLS 200
#define DAMAGES 300
#define FURTHEST 80	    /* moment that is waited for */
#define LONGEST_NS 20000000 /* waited after that; making the file may take as long */

static volatile uint32_t *written; /* by the child: moments that have been */

static int set_up(void **state)
{
	(void)state;
	make_folder();
	written = mmap(NULL, sizeof(*written), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	assert_ptr_not_equal(written, MAP_FAILED);
	return 0;
}

/* Writes views that follow from the seed, until something fails: what. */
static int write_on(uint64_t seed)
{
	struct moment moment = { .realtime_ns = seed };
	struct recorder *recorder;
	int error = recorder__open(&recorder, path, &all_info);

	if (error)
		return error;
	while (!error) {
		moment_change(&moment, &seed);
		error = recorder__write(recorder, &moment);
		*written += !error;
	}
	recorder__close(recorder);
	moment_free(&moment);
	return error;
}

/* So long after so many moments. */
static void kill_writer(uint64_t seed, uint64_t moments, uint64_t after_ns)
{
	struct timespec wait = { .tv_nsec = (long)after_ns };
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child)
		_exit(write_on(seed) != 0);
	for (int i = 0; *written < moments && i < 100000; i++)
		usleep(100);
	nanosleep(&wait, NULL);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

static void expect_sound(void)
{
	sqlite3 *db;
	sqlite3_stmt *statement;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(statement, 0), "ok");
	sqlite3_finalize(statement);
	sqlite3_close(db);
}

/* All that it says it has written, and perhaps the one in progress, just as it was. */
static void expect_moments(uint64_t seed, uint32_t known)
{
	struct moment moment = { .realtime_ns = seed }, wanted = { 0 }, got = { 0 };
	struct recording *recording;
	uint32_t count = 0;
	int found;

	assert_int_equal(recording__open(&recording, path, &all_info), 0);
	while ((found = recording__next(recording, &got)) == 1) {
		moment_change(&moment, &seed);
		moment_copy(&wanted, &moment);
		expect_moment(&got, &wanted);
		count++;
	}
	assert_int_equal(found, 0);
	assert_true(count == known || count == known + 1);
	recording__close(recording);
	moment_free(&moment);
	moment_free(&wanted);
	moment_free(&got);
}

static void remove_files(void)
{
	char command[160];

	snprintf(command, sizeof(command), "rm -f %s*", path);
	assert_int_equal(system(command), 0);
}

/* Each file opens; one that was killed before its tables were made is as good as none. */
static void test_kill(void **state)
{
	uint64_t seed = 11;
	unsigned int with_moments = 0;

	(void)state;
	for (uint64_t i = 1; i <= KILLS; i++) {
		*written = 0;
		kill_writer(i, i % 2 ? 0 : 1 + chance(&seed) % FURTHEST,
			    chance(&seed) % LONGEST_NS);
		if (*written) {
			expect_moments(i, *written);
			with_moments++;
		}
		if (!access(path, F_OK))
			expect_sound();
		/* It can be gone on with. */
		if (i % 20 == 0) {
			struct recorder *recorder;

			assert_int_equal(recorder__open(&recorder, path, &all_info), 0);
			recorder__close(recorder);
		}
		remove_files();
	}
	assert_in_range(with_moments, KILLS / 2, KILLS);
}

/* In a small file system of its own: 0 if all is as it should be, 77 if there can be none. */
static int fill_disk(void)
{
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", folder, "tmpfs", 0, "size=512k"))
		return 77;
	*written = 0;
	log_keep_errors(true);
	if (write_on(1) != -ENOSPC ||
	    !strstr(log_kept(), "has no space left: make room, and record again"))
		return 1;
	expect_moments(1, *written);
	return 0;
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

static void write_some(uint64_t seed, int moments)
{
	struct moment moment = { .realtime_ns = 1 };
	struct recorder *recorder;

	assert_int_equal(recorder__open(&recorder, path, &all_info), 0);
	while (moments--) {
		moment_change(&moment, &seed);
		assert_int_equal(recorder__write(recorder, &moment), 0);
	}
	recorder__close(recorder);
	moment_free(&moment);
}

/* free() it. */
static char *read_file(size_t *size)
{
	FILE *file = fopen(path, "re");
	char *bytes = malloc(1 << 20);

	assert_true(file && bytes);
	*size = fread(bytes, 1, 1 << 20, file);
	assert_in_range(*size, 1, (1 << 20) - 1);
	fclose(file);
	return bytes;
}

/* With some of its bits the other way round. */
static void write_damaged(const char *bytes, size_t size, uint64_t *seed)
{
	FILE *file = fopen(path, "we");
	char *damaged = malloc(size);

	assert_true(file && damaged);
	memcpy(damaged, bytes, size);
	for (uint64_t bits = 1 + chance(seed) % 30; bits--;)
		damaged[chance(seed) % size] ^= (char)(1 << chance(seed) % 8);
	assert_int_equal(fwrite(damaged, 1, size, file), size);
	fclose(file);
	free(damaged);
}

/* A page is read as it stands in the file: wherever bits fall over, nothing but a refusal comes. */
static void test_fallen_bits(void **state)
{
	struct moment got = { 0 };
	struct recording *recording;
	uint64_t seed = 17;
	char *sound;
	size_t size;

	(void)state;
	write_some(1, 100);
	sound = read_file(&size);
	log_keep_errors(true);
	for (int i = 0; i < DAMAGES; i++) {
		write_damaged(sound, size, &seed);
		if (recording__open(&recording, path, &all_info))
			continue;
		while (recording__next(recording, &got) == 1)
			;
		recording__close(recording);
	}
	log_keep_errors(false);
	free(sound);
	moment_free(&got);
}

/* What stands beside it is put into it again and again, also while somebody reads. */
static void test_bounded_wal(void **state)
{
	struct moment moment = { .realtime_ns = 1 }, got = { 0 };
	struct recorder *recorder;
	struct recording *recording;
	struct stat wal;
	uint64_t seed = 19;
	char name[160];

	(void)state;
	snprintf(name, sizeof(name), "%s-wal", path);
	assert_int_equal(recorder__open(&recorder, path, &all_info), 0);
	assert_int_equal(recording__open(&recording, path, &all_info), 0);
	for (int i = 0; i < 3000; i++) {
		moment_change(&moment, &seed);
		assert_int_equal(recorder__write(recorder, &moment), 0);
		assert_int_equal(recording__next(recording, &got), 1);
		assert_int_equal(stat(name, &wal), 0);
		assert_in_range(wal.st_size, 0, 4 << 20);
	}
	recording__close(recording);
	recorder__close(recorder);
	assert_int_equal(access(name, F_OK), -1);
	assert_in_range(sqlite3_memory_highwater(0), 1, 4 << 20);
	moment_free(&moment);
	moment_free(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kill, set_up, remove_folder),
		cmocka_unit_test_setup_teardown(test_full_disk, set_up, remove_folder),
		cmocka_unit_test_setup_teardown(test_fallen_bits, set_up, remove_folder),
		cmocka_unit_test_setup_teardown(test_bounded_wal, set_up, remove_folder),
	};

	return cmocka_run_group_tests_name("recording kill", tests, NULL, NULL);
}
