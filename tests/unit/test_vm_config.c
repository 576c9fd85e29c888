// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM's name from -readconfig: what a VMM's user may read is read, and nothing else, whatever
 * the path says. user/host/vm_config.c.
 */
#include "unit.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "fake_proc.h"
#include "host/vm_config.h"

#define PID 100
#define USER 65533
#define GROUP 65532

static struct fake_proc proc, root;
static char name[VM_NAME_SIZE];
static struct config_times times;

static void be(unsigned int uid, const char *capabilities)
{
	char status[256];

	snprintf(status, sizeof(status),
		 "Name:\tqemu\nUid:\t0\t0\t0\t%u\nGid:\t0\t0\t0\t%u\nGroups:\t7 %d \n"
		 "CapEff:\t%s\n",
		 uid, uid, GROUP, capabilities);
	fake_file(&proc, PID, "status", status, strlen(status));
}

static int set_up(void **state)
{
	char path[512];

	(void)state;
	fake_proc__open(&proc);
	fake_proc__open(&root);
	fake_proc__add(&proc, PID, "qemu", 1, "qemu", NULL);
	snprintf(path, sizeof(path), "%s/%d/root", proc.path, PID);
	assert_int_equal(symlink(root.path, path), 0);
	snprintf(path, sizeof(path), "%s/%d/cwd", proc.path, PID);
	assert_int_equal(symlink(root.path, path), 0);
	assert_int_equal(chmod(root.path, 0755), 0);
	be(USER, "0000000000000000");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	list_free(&times);
	fake_proc__close(&proc);
	fake_proc__close(&root);
	return 0;
}

static int read_config(const char *path)
{
	name[0] = '\0';
	return vm_config__name(&times, proc.path, PID, path, name);
}

static void put(const char *file, const char *text)
{
	fake_tree(&root, file, text);
}

static void change(const char *file, mode_t mode)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", root.path, file);
	assert_int_equal(chmod(path, mode), 0);
}

static void test_name(void **state)
{
	(void)state;
	put("etc/vm.conf",
	    "# qemu config file\n\n[machine]\n  guest = \"no\"\n[name]\n"
	    "  guest = \"web\"\n  process = \"x\"\n\n[device \"a\"]\n  guest = \"no\"\n");
	change("etc", 0755);
	change("etc/vm.conf", 0644);
	assert_int_equal(read_config("/etc/vm.conf"), 0);
	assert_string_equal(name, "web");
	assert_int_equal(read_config("etc//./vm.conf"), 0); /* from its folder */
	assert_string_equal(name, "web");
	put("etc/vm.conf", "[name]\n");
	assert_int_equal(read_config("/etc/vm.conf"), -ENOENT);
	put("etc/vm.conf", "[name \"x\"]\nguest=\"a b]\"");
	assert_int_equal(read_config("/etc/vm.conf"), 0);
	assert_string_equal(name, "a b]");
	put("etc/vm.conf", "guest = \"web\"\n[nam\n[name\nguest = web\n");
	assert_int_equal(read_config("/etc/vm.conf"), -ENOENT);
	assert_int_equal(read_config("/etc/none.conf"), -ENOENT);
	assert_int_equal(read_config(""), -EACCES);
}

/* kvmq may read anything: the process that named the file may not. */
static void test_deputy(void **state)
{
	static const char text[] = "[name]\nguest = \"secret\"\n";
	char path[512];

	(void)state;
	if (getuid())
		skip();
	put("top/secret", text);
	put("top/below/file", text);
	change("top", 0755);
	change("top/below", 0755);
	change("top/below/file", 0644);
	change("top/secret", 0600);
	assert_int_equal(read_config("/top/secret"), -EACCES);
	change("top/secret", 0640);
	assert_int_equal(read_config("/top/secret"), -EACCES);
	snprintf(path, sizeof(path), "%s/top/secret", root.path);
	assert_int_equal(chown(path, 0, GROUP), 0);
	assert_int_equal(read_config("/top/secret"), 0);
	assert_string_equal(name, "secret");
	/* The owner's and the group's rights count, even where others have more. */
	change("top/secret", 0604);
	assert_int_equal(read_config("/top/secret"), -EACCES);
	assert_int_equal(chown(path, USER, 0), 0);
	change("top/secret", 0044);
	assert_int_equal(read_config("/top/secret"), -EACCES);
	change("top/secret", 0400);
	assert_int_equal(read_config("/top/secret"), 0);
	/* Each folder on the way must be open to it. */
	assert_int_equal(read_config("/top/below/file"), 0);
	change("top", 0700);
	assert_int_equal(read_config("/top/below/file"), -EACCES);
	/* Root reads all, but not one that only calls itself so, and not without the capability. */
	be(0, "0000000000000000");
	change("top/secret", 0044);
	assert_int_equal(read_config("/top/below/file"), 0); /* it is the owner */
	assert_int_equal(read_config("/top/secret"), 0);
	change("top/secret", 0000);
	assert_int_equal(read_config("/top/secret"), -EACCES);
	be(0, "0000000000000002");
	assert_int_equal(read_config("/top/secret"), 0);
	be(USER, "ffffffffffffffff");
	change("top", 0755);
	assert_int_equal(read_config("/top/secret"), -EACCES);
}

/* No link is followed, nothing but a file is opened, and nothing outside of the root. */
static void test_tricks(void **state)
{
	static const char text[] = "[name]\nguest = \"web\"\n";
	char path[512];

	(void)state;
	put("a/vm.conf", text);
	change("a", 0755);
	change("a/vm.conf", 0644);
	snprintf(path, sizeof(path), "%s/link", root.path);
	assert_int_equal(symlink("a/vm.conf", path), 0);
	snprintf(path, sizeof(path), "%s/folder", root.path);
	assert_int_equal(symlink("a", path), 0);
	snprintf(path, sizeof(path), "%s/a/pipe", root.path);
	assert_int_equal(mkfifo(path, 0666), 0);
	change("a/pipe", 0666);
	assert_int_equal(read_config("/a/vm.conf"), 0);
	assert_int_equal(read_config("/link"), -EACCES);
	assert_int_equal(read_config("/folder/vm.conf"), -ENOTDIR);
	assert_int_equal(read_config("/a/../a/vm.conf"), -EINVAL);
	assert_int_equal(read_config("/a/pipe"), -EACCES); /* would wait for a writer */
	assert_int_equal(read_config("/a"), -EACCES);
	assert_int_equal(read_config("/a/vm.conf/x"), -EACCES);
	/* What /proc shows depends on who opens it. */
	snprintf(path, sizeof(path), "%s/%d/root", proc.path, PID);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/", path), 0);
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)getpid());
	assert_int_equal(read_config(path), -EACCES);
}

/* Whoever starts many VMs with large files, and long paths to them, is not waited for without end.
 */
static void test_time(void **state)
{
	static const char other[] = "Name:\tq\nUid:\t5\t0\t0\t0\nGid:\t0\t0\t0\t0\nCapEff:\t2\n";
	static char text[900000], path[2048];
	int tries = 0;

	(void)state;
	be(0, "0000000000000002");
	memset(text, 'x', sizeof(text) - 1);
	for (size_t i = 99; i < sizeof(text) - 1; i += 100)
		text[i] = '\n';
	put("long.conf", text);
	put("short.conf", "[name]\nguest = \"web\"\n");
	while (read_config("/long.conf") == -ENOENT)
		assert_in_range(++tries, 1, 10000);
	assert_in_range(tries, 10, 10000);
	assert_int_equal(read_config("/short.conf"), -EDQUOT);
	/* Another user's. */
	fake_file(&proc, PID, "status", other, sizeof(other) - 1);
	assert_int_equal(read_config("/short.conf"), 0);
	for (int i = 0; i < 200; i++)
		strcat(path, "/a");
	put(path + 1, "");
	assert_int_equal(read_config(path), -ENAMETOOLONG);
	assert_int_equal(read_config(path + 200), -EACCES); /* a folder */
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_name),
		TEST(test_deputy),
		TEST(test_tricks),
		TEST(test_time),
	};

	return cmocka_run_group_tests_name("vm_config", tests, NULL, NULL);
}
