// SPDX-License-Identifier: GPL-2.0-only
/* Cgroups of processes and --cgroup on hosts with version 2, version 1 and both. */
#include "unit.h"

#include <errno.h>
#include <stdbool.h>

#include "host/cgroup.h"
#include "host/vm_name.h"
#include "one_proc.h"

/* What is shown of a process whose file this is. */
static const char *shown(const char *file)
{
	static char path[65536];

	fake_tree(&proc, "100/cgroup", file);
	if (process_cgroup(proc.path, 100, path, sizeof(path)))
		return NULL;
	return path;
}

#define KUBEPOD "/kubepods/burstable/pod11111111-2222-3333-4444-555555555555/0123"
#define SCOPE "/machine.slice/machine-qemu\\x2d1\\x2dweb.scope"

static void test_path(void **state)
{
	char name[VM_NAME_SIZE];

	(void)state;
	assert_string_equal(shown("0::/machine.slice/db\n"), "/machine.slice/db");
	assert_string_equal(shown("0::/\n"), "/");
	assert_null(shown(""));
	assert_null(shown("nonsense\n1:cpu\n:::\n"));
	assert_int_equal(process_cgroup(proc.path, 5, name, sizeof(name)), -ENOENT);
	/* The first controller is one that nobody uses. */
	assert_string_equal(shown("12:rdma:/\n11:memory:" KUBEPOD "\n10:hugetlb:" KUBEPOD
				  "\n1:name=systemd:" KUBEPOD "\n"),
			    KUBEPOD);
	assert_true(vm_name_from_cgroup(shown("12:rdma:/\n11:memory:" KUBEPOD "\n"), name));
	assert_string_equal(name, "pod 11111111-2222-3333-4444-555555555555");
	/* A hybrid host, whose version 2 is the root's. */
	assert_true(vm_name_from_cgroup(shown("4:name=systemd:" SCOPE "\n3:rdma:/\n2:pids:" SCOPE
					      "\n1:cpu,cpuacct:" SCOPE "\n0::/\n"),
					name));
	assert_string_equal(name, "web");
	assert_string_equal(shown("2:cpuset:/a\n1:cpuacct,cpu:/b\n0::/\n"), "/b");
	assert_string_equal(shown("2:cpuset:/a\n1:name=elogind:/\n"), "/a");
}

/* Who may make a cgroup chooses its name: it must not pass for another line. */
static void test_deceiving_names(void **state)
{
	char file[40000], deep[4096];

	(void)state;
	assert_string_equal(shown("9:pids:/a0::evil\n0::/real\n"), "/real");
	assert_string_equal(shown("9:pids:/0::/evil\n0::/real\n"), "/real");
	assert_string_equal(shown("9:pids:/x:name=systemd:/evil\n1:name=systemd:/real\n0::/\n"),
			    "/real");
	assert_string_equal(shown("0::/a:b::/c d\n"), "/a:b::/c d");
	/* The line that counts is the last of many long ones. */
	memset(deep, 'd', sizeof(deep) - 1);
	deep[0] = '/';
	deep[sizeof(deep) - 1] = '\0';
	file[0] = '\0';
	for (int i = 0; i < 9; i++)
		sprintf(file + strlen(file), "%d:c%d:%s\n", 12 - i, i, deep);
	strcat(file, "0::/real\n");
	assert_string_equal(shown(file), "/real");
}

/* A hierarchy's mount, on a folder that is made; super options say of what. */
static void add_mount(const char *root, const char *folder, const char *type, const char *options)
{
	static char text[8192];
	char path[512];

	if (!root) {
		text[0] = '\0';
		fake_tree(&proc, "self/mountinfo",
			  "22 1 0:20 / /proc rw,relatime - proc proc rw\n");
		return;
	}
	snprintf(path, sizeof(path), "%s/tasks", folder);
	fake_tree(&proc, path, "");
	sprintf(text + strlen(text), "30 20 0:30 %s %s/%s rw,relatime shared:9 - %s cgroup %s\n",
		root, proc.path, folder, type, options);
	fake_tree(&proc, "self/mountinfo", text);
}

static void add_folder(const char *folder)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/tasks", folder);
	fake_tree(&proc, path, "");
}

/* 1: --cgroup NAME has process 100; 0: not; or -errno: it is refused. */
static int holds(const char *name)
{
	struct cgroup_filter filter;
	int result = cgroup_filter__find(&filter, proc.path, name);

	if (!result)
		result = cgroup_filter__holds(&filter, proc.path, 100);
	cgroup_filter__free(&filter);
	return result;
}

/* The path of a folder below the fake one. */
static const char *at(const char *folder)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", proc.path, folder);
	return path;
}

static void test_version_2(void **state)
{
	(void)state;
	add_mount(NULL, NULL, NULL, NULL);
	assert_int_equal(holds("/machine.slice"), -ENODEV);
	add_mount("/", "cgroup", "cgroup2", "rw,nsdelegate");
	fake_tree(&proc, "100/cgroup", "0::/machine.slice/db\n");
	add_folder("cgroup/machine.slice/db");
	add_folder("cgroup/machine.slice/d");
	add_folder("cgroup/machine");
	add_folder("cgroup/user.slice");
	assert_int_equal(holds("/machine.slice"), 1);
	assert_int_equal(holds("machine.slice"), 1);
	assert_int_equal(holds("/machine.slice//"), 1);
	assert_int_equal(holds("machine.slice/../machine.slice/./db"), 1);
	assert_int_equal(holds("/sys/fs/cgroup/machine.slice/db/"), 1);
	assert_int_equal(holds("/sys/fs/cgroup"), 1);
	assert_int_equal(holds("/"), 1);
	assert_int_equal(holds(at("cgroup/machine.slice")), 1);
	assert_int_equal(holds(at("cgroup")), 1);
	assert_int_equal(holds("/machine.slice/d"), 0);
	assert_int_equal(holds("/machine"), 0);
	assert_int_equal(holds("/user.slice"), 0);
	assert_int_equal(holds("/nonsense"), -ENOENT);
	assert_int_equal(holds("nonsense"), -ENOENT);
	fake_tree(&proc, "cgroup/file", "");
	assert_int_equal(holds("file"), -ENOTDIR);
	assert_int_equal(holds(at("cgroup/file")), -ENOTDIR);
	assert_int_equal(holds("../../../../../../../../../usr"), -ENOENT);
	assert_int_equal(holds(proc.path), -ENOENT);
}

static void test_version_1(void **state)
{
	char link[512];

	(void)state;
	add_mount(NULL, NULL, NULL, NULL);
	add_mount("/", "cgroup/systemd", "cgroup", "rw,xattr,name=systemd");
	add_mount("/", "cgroup/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct");
	add_mount("/", "cgroup/a\\040b", "cgroup", "rw,pids");
	add_mount("/", "cgroup/unified", "cgroup2", "rw");
	fake_tree(&proc, "cgroup/a b/tasks", "");
	fake_tree(&proc, "cgroup/a b/limit/tasks", "");
	snprintf(link, sizeof(link), "%s/cgroup/cpu", proc.path);
	assert_int_equal(symlink("cpu,cpuacct", link), 0);
	fake_tree(&proc, "100/cgroup",
		  "4:name=systemd:" SCOPE "\n3:pids:/limit\n2:cpu,cpuacct:/vms/web\n0::/\n");
	add_folder("cgroup/systemd" SCOPE);
	add_folder("cgroup/cpu,cpuacct/vms/web");
	add_folder("cgroup/cpu,cpuacct/limit");
	assert_int_equal(holds("machine.slice"), 1);
	assert_int_equal(holds("/sys/fs/cgroup/machine.slice"), 1);
	assert_int_equal(holds(at("cgroup/systemd/machine.slice")), 1);
	assert_int_equal(holds(at("cgroup/cpu/vms")), 1);
	assert_int_equal(holds(at("cgroup/cpu,cpuacct/vms/web")), 1);
	assert_int_equal(holds("limit"), 1); /* by pids */
	assert_int_equal(holds(at("cgroup/a b/limit")), 1);
	/* There, but what the process is in is another hierarchy's. */
	assert_int_equal(holds(at("cgroup/cpu/limit")), 0);
	assert_int_equal(holds("nonsense"), -ENOENT);
	assert_int_equal(holds(at("cgroup/unified/machine.slice")), -ENOENT);
}

/* A container has a part of a hierarchy mounted, and /proc shows all of the path. */
static void test_part(void **state)
{
	(void)state;
	add_mount(NULL, NULL, NULL, NULL);
	add_mount("/docker/1", "cgroup", "cgroup2", "rw");
	add_folder("cgroup/vms");
	fake_tree(&proc, "100/cgroup", "0::/docker/1/vms\n");
	assert_int_equal(holds("vms"), 1);
	assert_int_equal(holds("/"), 1);
	fake_tree(&proc, "100/cgroup", "0::/docker/12/vms\n");
	assert_int_equal(holds("/"), 0);
	assert_int_equal(holds("vms"), 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, open_proc, close_proc)
	const struct CMUnitTest tests[] = {
		TEST(test_path),      TEST(test_deceiving_names),
		TEST(test_version_2), TEST(test_version_1),
		TEST(test_part),
	};

	return cmocka_run_group_tests_name("cgroup", tests, NULL, NULL);
}
