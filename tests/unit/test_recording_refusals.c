// SPDX-License-Identifier: GPL-2.0-only
/* Which files are read, which are written to, and what is said of others: user/recording/. */
#include "recording_refused.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/privileges.h"

static const char *beside(const char *ending)
{
	static char text[160];

	snprintf(text, sizeof(text), "%s%s", path, ending);
	return text;
}

static void test_strangers(void **state)
{
	FILE *file = fopen(path, "we");

	(void)state;
	fputs("not a database, and longer than the header of one, which has a hundred bytes: "
	      "....................................................\n",
	      file);
	fclose(file);
	refuse_both(-EBADMSG, "is no recording: give a file that --record has written");
	unlink(path);
	change_file("CREATE TABLE moments (id INTEGER)");
	refuse_both(-EBADMSG,
		    "is another program's database: give a file that --record has written");
	unlink(path);
	make(&all_info, 1);
	change_file("PRAGMA user_version = 3");
	refuse_both(-EPROTO, "was made by a newer kvmq (format 3, not 2): use that");
}

static void test_not_there(void **state)
{
	(void)state;
	refuse_reading(&all_info, -ENOENT,
		       "cannot be read: No such file or directory: give a recording");
	assert_int_equal(mkfifo(path, 0600), 0);
	refuse_reading(&all_info, -EINVAL,
		       "is no recording: give a file that --record has written");
	unlink(path);
	/* As one is that was killed before its first moment. */
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	refuse_reading(&all_info, -ENODATA,
		       "holds nothing yet: give a file that --record has written");
	make(&all_info, 1);
}

static void test_other_tool(void **state)
{
	struct recording_info other = all_info;
	static const struct set *const sets[] = { &moment_set, &pair_set };
	static const struct set unheard =
		SET("unheard", pair_fields, .key_count = 2, .size = sizeof(struct pair),
		    .list = offsetof(struct moment, pairs));
	static const struct set *const more[] = { &moment_set, &unheard };
	struct recording *recording;

	(void)state;
	make(&all_info, 1);
	other.tool = "kvmq-other";
	refuse_writing(&other, -EEXIST, "is a recording by kvmq-test: give another name");
	/* It serves whoever finds all of his sets in it. */
	other.sets = sets;
	other.set_count = ARRAY_SIZE(sets);
	assert_int_equal(recording__open(&recording, path, &other), 0);
	recording__close(recording);
	other.sets = more;
	refuse_reading(&other, -EPROTO,
		       "holds the sets of kvmq-test, not of kvmq-other: give it to kvmq-test");
}

static void test_links(void **state)
{
	char target[160];
	struct recorder *recorder;

	(void)state;
	snprintf(target, sizeof(target), "%s/target", folder);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(recorder__open(&recorder, path, &all_info), -EPERM);
	assert_non_null(strstr(log_kept(), "is a symbolic link: give a name"));
	assert_int_equal(access(target, F_OK), -1);
	unlink(path);
	/* Beside it, too: SQLite would take what stands there for its own. */
	assert_int_equal(symlink(target, beside("-wal")), 0);
	refuse_writing(&all_info, -EPERM,
		       "has a symbolic link beside it ('-wal'): give another name");
	unlink(beside("-wal"));
	close(open(beside("-journal"), O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
	if (!geteuid()) {
		assert_int_equal(chown(beside("-journal"), 65534, 65534), 0);
		refuse_writing(&all_info, -EPERM,
			       "has another user's file beside it ('-journal'): give another name");
	}
	unlink(beside("-journal"));
	/* A folder may be named by a link. */
	snprintf(target, sizeof(target), "%s/link", folder);
	assert_int_equal(symlink(folder, target), 0);
	snprintf(path, sizeof(path), "%s/link/file", folder);
	make(&all_info, 1);
}

static void test_one_writer(void **state)
{
	struct recorder *recorder;

	(void)state;
	assert_int_equal(recorder__open(&recorder, path, &all_info), 0);
	refuse_writing(&all_info, -EBUSY, "is being recorded by another tool: give another name");
	recorder__close(recorder);
	make(&all_info, 1);
}

/* Values of other types, and arrays of noise: nothing but a refusal comes of them. */
static void test_hostile(void **state)
{
	struct recording *recording;
	struct moment got = { 0 };

	(void)state;
	make(&all_info, 3);
	change_file("UPDATE figures SET hist = x'ffffffffffffffffffffff'");
	assert_int_equal(recording__open(&recording, path, &all_info), 0);
	assert_int_equal(recording__next(recording, &got), -EBADMSG);
	expect_words("is damaged: 'sqlite3 FILE .recover' saves what it can");
	assert_int_equal(recording__next(recording, &got), -EBADMSG);
	recording__close(recording);
	change_file("UPDATE figures SET hist = 5, run_ns = 'x', id = NULL;"
		    "UPDATE machines SET name = 'a name that is longer than its place'");
	assert_int_equal(recording__open(&recording, path, &all_info), 0);
	assert_int_equal(recording__next(recording, &got), 1);
	assert_string_equal(got.machines.list[1].name, "a name that");
	recording__close(recording);
	change_file("DROP TABLE figures; CREATE VIEW figures AS SELECT * FROM machines");
	refuse_reading(&all_info, -EBADMSG,
		       "is damaged: 'sqlite3 FILE .recover' saves what it can");
	moment_free(&got);
}

/* A file that must not grow: said once, and what was there before stays. */
static void test_full(void **state)
{
	struct rlimit limit, small = { 0 };
	struct moment moment = { .realtime_ns = 1 }, got = { 0 };
	struct recording *recording;
	struct recorder *recorder;
	uint64_t seed = 5;
	int error = 0, moments = 0;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(recorder__open(&recorder, path, &all_info), 0);
	small = limit;
	small.rlim_cur = 300000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (; !error && moments < 1000; moments += !error) {
		moment_change(&moment, &seed);
		error = recorder__write(recorder, &moment);
	}
	assert_true(error == -ENOSPC || error == -EFBIG);
	assert_true(moments > 1 && moments < 1000);
	expect_words(error == -EFBIG ? "failed: File too large: give a file on another disk"
				     : "has no space left: make room, and record again");
	log_error("nothing more");
	assert_int_equal(recorder__write(recorder, &moment), error);
	assert_string_equal(log_kept(), "nothing more");
	recorder__close(recorder);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(recording__open(&recording, path, &all_info), 0);
	while (recording__next(recording, &got) == 1)
		moments--;
	assert_int_equal(moments, 0);
	recording__close(recording);
	moment_free(&moment);
	moment_free(&got);
}

static void refuse_sets(const struct set *first, const struct set *second, const char *words)
{
	const struct set *sets[] = { &moment_set, first, second };
	struct recording_info info = all_info;
	struct recorder *recorder;

	info.sets = sets;
	info.set_count = ARRAY_SIZE(sets);
	assert_int_equal(recorder__open(&recorder, path, &info), -EINVAL);
	assert_non_null(strstr(log_kept(), words));
	assert_int_equal(access(path, F_OK), -1);
}

/* Mistakes of whoever writes sets. */
static const struct field twice_fields[] = {
	FIELD(struct pair, node, FIELD_I32, FIELD_KEY),
	FIELD_AS("Node", struct pair, of, FIELD_TEXT, FIELD_GAUGE),
};
static const struct field row_fields[] = {
	FIELD_AS("row", struct pair, node, FIELD_I32, FIELD_KEY),
};
static const struct set twice_set = SET("twice", twice_fields, .key_count = 1);
static const struct set row_set = SET("rows", row_fields, .key_count = 1);
static const struct set keys_set = SET("keys", twice_fields, .key_count = 2);
static const struct set other_set =
	SET("other", pair_fields, .key_count = 2, .size = sizeof(struct machine),
	    .list = offsetof(struct moment, machines));

static void test_sets(void **state)
{
	(void)state;
	refuse_sets(&pair_set, &moment_set, "two sets have one name");
	refuse_sets(&pair_set, &twice_set, "two fields have one name");
	refuse_sets(&pair_set, &row_set, "that of a column of every table");
	refuse_sets(&pair_set, &keys_set, "its keys are not its first fields");
	refuse_sets(&identity_set, &other_set, "another set of its list has other keys");
}

/* Two items that nobody could tell apart later. */
static void test_same_keys(void **state)
{
	struct moment moment = { 0 };
	struct recorder *recorder;

	(void)state;
	assert_int_equal(recorder__open(&recorder, path, &all_info), 0);
	add_pair(&moment, 1, "");
	add_pair(&moment, 1, "");
	assert_int_equal(recorder__write(recorder, &moment), -EEXIST);
	expect_words("is given two pairs with the same keys: tell kvmq's authors");
	recorder__close(recorder);
	moment_free(&moment);
}

/* In a folder that only its privileges open: after a write, and when these are dropped. */
static int write_dropped(void)
{
	struct moment moment = { .realtime_ns = 1 };
	struct recorder *recorder;
	uint64_t seed = 3;

	if (chown(folder, 65534, 65534) || recorder__open(&recorder, path, &all_info))
		return 1;
	privileges_drop_all();
	if (!access(path, F_OK))
		return 77;
	for (int i = 0; i < 2000; i++) {
		moment_change(&moment, &seed);
		if (recorder__write(recorder, &moment))
			return 2;
	}
	recorder__close(recorder);
	moment_free(&moment);
	return 0;
}

static void test_dropped(void **state)
{
	struct moment got = { 0 };
	struct recording *recording;
	pid_t child;
	int status;

	(void)state;
	if (geteuid())
		skip();
	child = fork();
	if (!child)
		_exit(write_dropped());
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
	assert_int_equal(recording__open(&recording, path, &all_info), 0);
	for (int i = 0; i < 2000; i++)
		assert_int_equal(recording__next(recording, &got), 1);
	recording__close(recording);
	moment_free(&got);
}

/* Whoever may not write beside it reads it as well, as long as nothing is left beside it. */
static void test_read_only(void **state)
{
	pid_t child;
	int status;

	(void)state;
	if (geteuid())
		skip();
	make(&all_info, 1);
	change_file("PRAGMA journal_mode = WAL"); /* as after a kill, and then all put in */
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chmod(folder, 0755), 0);
	child = fork();
	if (!child) {
		struct recording *recording;
		struct moment got = { 0 };

		if (setuid(65534) || recording__open(&recording, path, &all_info))
			_exit(1);
		status = recording__next(recording, &got) != 1;
		recording__close(recording);
		moment_free(&got);
		_exit(status);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_strangers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_tool, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_writer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hostile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sets, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_same_keys, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_read_only, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_dropped, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("recording refusals", tests, NULL, NULL);
}
