// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which processes hold a VM, and which cannot be asked: of another user, after privileges were
 * dropped, and seen by somebody without any.
 */
#include "unit.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/privileges.h"
#include "base/units.h"
#include "disks/io_vms.h"
#include "fake_proc.h"
#include "host/proc_view.h"
#include "host/vm.h"
#include "host/vm_scan.h"

#define SOMEBODY 65533
#define SOMEBODY_ELSE 65532

static void add_pid(void *context, uint32_t pid)
{
	uint64_t *sum = context;

	*sum = *sum * 1000 + pid;
}

static void test_scan(void **state)
{
	struct vm_refusals refusals;
	struct fake_proc proc = { 0 };
	char path[300];
	uint64_t found = 0;

	(void)state;
	fake_proc__open(&proc);
	/* Where there is no process, /proc is not mounted. */
	assert_int_equal(vms__scan(proc.path, add_pid, &found, &refusals), -ENOENT);
	fake_proc__add(&proc, 300, "qemu", 1, NULL, NULL);
	fake_proc__add(&proc, 400, "qemu", 1, NULL, NULL);
	fake_proc__add_fd(&proc, 300, 3, "anon_inode:kvm-vcpu:0");
	fake_proc__add_fd(&proc, 300, 5, "anon_inode:kvm-vm");
	fake_proc__add_fd(&proc, 300, 6, "anon_inode:kvm-vm"); /* is named once */
	fake_proc__add_fd(&proc, 400, 3, "anon_inode:kvm-v");
	snprintf(path, sizeof(path), "%s/self", proc.path);
	assert_int_equal(symlink("300", path), 0);
	assert_int_equal(vms__scan(proc.path, add_pid, &found, &refusals), 0);
	assert_int_equal(found, 300);
	assert_int_equal(refusals.count, 0);
	assert_int_equal(vms__scan("/nonexistent", add_pid, &found, &refusals), -ENOENT);
	fake_proc__close(&proc);
}

static void expect_changed(struct scan_memory *memory, const struct fake_proc *proc,
			   uint64_t expected, uint32_t looked_into)
{
	struct vm_refusals refusals;
	uint64_t found = 0;

	assert_int_equal(vms__scan_changed(memory, proc->path, add_pid, &found, &refusals), 0);
	assert_int_equal(found, expected);
	assert_int_equal(refusals.looked_into, looked_into);
}

static void add_process(const struct fake_proc *proc, uint32_t pid, const char *target)
{
	fake_proc__add(proc, pid, "qemu", 1, NULL, NULL);
	for (int fd = 0; fd < 70; fd++)
		fake_proc__add_fd(proc, pid, fd, fd == 69 ? target : "/dev/null");
	fake_proc__set_files(proc, pid, 1);
}

static void replace(const struct fake_proc *proc, uint32_t pid, const char *target, time_t state)
{
	fake_proc__replace_fd(proc, pid, 69, target);
	fake_proc__set_files(proc, pid, state);
}

/* A process that seems unchanged is what it was, until the memory ends. */
static void test_memory(void **state)
{
	struct scan_memory memory = { 0 };
	struct fake_proc proc = { 0 };

	(void)state;
	fake_proc__open(&proc);
	fake_proc__add(&proc, (uint32_t)getpid(), "kvmqd", 1, NULL, NULL);
	fake_proc__add_fd(&proc, (uint32_t)getpid(), 3, "/dev/null");
	add_process(&proc, 300, "anon_inode:kvm-vm");
	add_process(&proc, 400, "/dev/null");
	expect_changed(&memory, &proc, 300, 2);
	replace(&proc, 300, "/dev/null", 1);
	replace(&proc, 400, "anon_inode:kvm-vm", 1);
	expect_changed(&memory, &proc, 300, 2);
	expect_changed(&memory, &proc, 300, 2);
	replace(&proc, 300, "/dev/null", 2);
	expect_changed(&memory, &proc, 0, 2);
	replace(&proc, 400, "anon_inode:kvm-vm", 2);
	expect_changed(&memory, &proc, 400, 2);
	replace(&proc, 300, "anon_inode:kvm-vm", 2);
	fake_proc__remove(&proc, 400);
	expect_changed(&memory, &proc, 0, 1);
	scan_memory__free(&memory);
	expect_changed(&memory, &proc, 300, 1);
	/* Where the kernel does not tell of this process, it does not tell of any. */
	replace(&proc, 300, "/dev/null", 2);
	fake_proc__remove(&proc, (uint32_t)getpid());
	expect_changed(&memory, &proc, 0, 1);
	scan_memory__free(&memory);
	fake_proc__close(&proc);
}

/* A process of a user, or one that became that user's after it had opened all it needs. */
struct other {
	pid_t pid;
	int pipe;
};

static void become(uid_t uid)
{
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		_exit(1);
}

static struct other other__start(uid_t uid, bool dumpable)
{
	struct other other;
	int ends[2];
	char ready;

	assert_int_equal(pipe(ends), 0);
	other.pid = fork();
	if (!other.pid) {
		become(uid);
		prctl(PR_SET_DUMPABLE, dumpable);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (write(ends[1], "", 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(read(ends[0], &ready, 1), 1);
	other.pipe = ends[0];
	close(ends[1]);
	return other;
}

static void other__stop(const struct other *other)
{
	kill(other->pid, SIGKILL);
	waitpid(other->pid, NULL, 0);
	close(other->pipe);
}

/* A /proc in which only these are, and as they are. */
static void link_process(const struct fake_proc *proc, pid_t pid)
{
	char path[300], target[64];

	snprintf(path, sizeof(path), "%s/%d", proc->path, (int)pid);
	snprintf(target, sizeof(target), "/proc/%d", (int)pid);
	assert_int_equal(symlink(target, path), 0);
}

/* What somebody sees of the folder who is uid, or root without what a tool drops. */
static struct vm_refusals look(const struct fake_proc *proc, uid_t uid)
{
	struct vm_refusals refusals = { .count = 1000 };
	uint64_t found = 0;
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		if (uid)
			become(uid);
		else if (privileges_drop(&(struct privileges_kept){ 0 }))
			_exit(1);
		if (!vms__scan(proc->path, add_pid, &found, &refusals) &&
		    write(ends[1], &refusals, sizeof(refusals)) == sizeof(refusals))
			_exit(0);
		_exit(1);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &refusals, sizeof(refusals)), sizeof(refusals));
	close(ends[0]);
	waitpid(pid, NULL, 0);
	return refusals;
}

/* VMMs of libvirt and Proxmox run as users of their own. */
static void test_other_users(void **state)
{
	struct vm_refusals refusals;
	struct other plain, changed;
	struct fake_proc proc = { 0 };
	char text[256];

	(void)state;
	if (getuid())
		skip();
	plain = other__start(SOMEBODY, true);
	changed = other__start(SOMEBODY, false);
	fake_proc__open(&proc);
	assert_int_equal(chmod(proc.path, 0755), 0);
	link_process(&proc, plain.pid);
	link_process(&proc, changed.pid);
	refusals = look(&proc, 0);
	assert_int_equal(refusals.count, 0);
	refusals = look(&proc, SOMEBODY_ELSE);
	assert_int_equal(refusals.count, 2);
	assert_int_equal(refusals.uid, SOMEBODY);
	assert_false(refusals.mixed);
	/* Its own process is looked into, but not the one that may hold a secret. */
	refusals = look(&proc, SOMEBODY);
	assert_int_equal(refusals.count, 1);
	assert_false(refusals.mixed);
	vm_refusals__describe(&refusals, text, sizeof(text));
	assert_string_equal(text,
			    "1 process of user 65533 could not be looked into: that takes root, or "
			    "CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE");
	fake_proc__close(&proc);
	other__stop(&plain);
	other__stop(&changed);
}

/* Having no room for a file of its own says nothing of any process. */
static void test_own_limit(void **state)
{
	struct rlimit limit, low;
	struct vm_refusals refusals;
	struct fake_proc proc = { 0 };
	uint64_t found = 0;
	int first, error;
	struct vm vm;

	(void)state;
	fake_proc__open(&proc);
	fake_proc__add(&proc, 300, "qemu", 1, NULL, NULL);
	fake_proc__add_fd(&proc, 300, 5, "anon_inode:kvm-vm");
	first = dup(0);
	close(first);
	getrlimit(RLIMIT_NOFILE, &limit);
	low = (struct rlimit){ (rlim_t)first + 1, limit.rlim_max };
	setrlimit(RLIMIT_NOFILE, &low);
	error = vms__scan(proc.path, add_pid, &found, &refusals);
	assert_int_equal(error, -EMFILE);
	low.rlim_cur--;
	setrlimit(RLIMIT_NOFILE, &low);
	error = vm__from_process(&vm, proc.path, 300);
	setrlimit(RLIMIT_NOFILE, &limit);
	assert_int_equal(error, -EMFILE);
	assert_int_equal(vm__from_process(&vm, proc.path, 301), -ESRCH);
	assert_int_equal(refusals.count, 0);
	fake_proc__close(&proc);
}

/* So many processes of somebody, each with that many files open. */
static void start_full(struct other *list, size_t count, int files)
{
	int first = open("/dev/null", O_RDONLY | O_CLOEXEC);

	while (dup(first) < files)
		;
	for (size_t i = 0; i < count; i++)
		list[i] = other__start(SOMEBODY, true);
	close_range((unsigned int)first, ~0U, 0);
}

/*
 * A user with a million files open costs no more than his share: his processes are counted as not
 * looked into, and another's VM is found.
 */
static void test_full(void **state)
{
	struct rlimit limit, raised;
	struct vm_refusals refusals;
	struct fake_proc proc = { 0 };
	struct other list[20];
	uint64_t found = 0;
	char text[256];

	(void)state;
	getrlimit(RLIMIT_NOFILE, &limit);
	raised.rlim_cur = raised.rlim_max = limit.rlim_max;
	if (getuid() || limit.rlim_max < 20000)
		skip();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &raised), 0);
	fake_proc__open(&proc);
	start_full(list, ARRAY_SIZE(list), 19000);
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		link_process(&proc, list[i].pid);
	setrlimit(RLIMIT_NOFILE, &limit);
	fake_proc__add(&proc, 300, "qemu", 1, NULL, NULL);
	for (int fd = 3; fd < 500; fd++)
		fake_proc__add_fd(&proc, 300, fd, fd == 400 ? "anon_inode:kvm-vm" : "/dev/null");
	assert_int_equal(vms__scan(proc.path, add_pid, &found, &refusals), 0);
	assert_int_equal(found, 300);
	assert_int_equal(refusals.count, ARRAY_SIZE(list));
	/* 12,500 files of each, of all 250,000. */
	assert_int_equal(refusals.cut, ARRAY_SIZE(list));
	assert_int_equal(refusals.uid, SOMEBODY);
	assert_false(refusals.mixed);
	assert_false(vm_refusals__blind(&refusals));
	vm_refusals__describe(&refusals, text, sizeof(text));
	assert_string_equal(text, "20 processes of user 65533 could not be looked into: too many "
				  "open files, or disks");
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		other__stop(&list[i]);
	fake_proc__close(&proc);
}

/* A socket of another user's VM: 0, or the errno of who keeps what a tool with these needs does. */
static int connect_with(const struct sockaddr_un *address, unsigned int needs)
{
	int status, fd;
	pid_t pid = fork();

	if (!pid) {
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (fd < 0 || privileges_drop(&(struct privileges_kept){ .needs = needs }))
			_exit(255);
		_exit(connect(fd, (const struct sockaddr *)address, sizeof(*address)) ? errno : 0);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

/* A VM that starts later has sockets to connect to, and only who was asked to may. */
static void test_connect(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct fake_proc folder;
	int fd, error;

	(void)state;
	if (getuid())
		skip();
	fake_proc__open(&folder);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/qmp", folder.path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(chmod(address.sun_path, 0755), 0);
	assert_int_equal(chown(address.sun_path, SOMEBODY, SOMEBODY), 0);
	assert_int_equal(connect_with(&address, PRIVILEGE_CONNECT), 0);
	/* The filter says EPERM; where a sanitizer needs to go without it, the socket's mode does.
	 */
	error = connect_with(&address, 0);
	assert_true(error == EPERM || error == EACCES);
	close(fd);
	fake_proc__close(&folder);
}

static void test_words(void **state)
{
	struct vm_refusals refusals = { .count = 3, .uid = 64055, .mixed = true };
	char text[256];

	(void)state;
	vm_refusals__describe(&refusals, text, sizeof(text));
	assert_non_null(strstr(text, "3 processes of user 64055 and others could"));
	vm_refusals__name(&refusals, text, sizeof(text));
	assert_string_equal(text,
			    "processes of user 64055 and others not looked into (may be VMs)");
	refusals = (struct vm_refusals){ 0 };
	vm_refusals__describe(&refusals, text, sizeof(text));
	assert_string_equal(text, "");
}

static void test_view(void **state)
{
	struct fake_proc proc = { 0 };

	(void)state;
	fake_proc__open(&proc);
	assert_int_equal(proc_view__read(proc.path), PROC_VIEW_NONE);
	fake_tree(&proc, "self/stat", "7 (kvmq) R 1\n");
	assert_int_equal(proc_view__read(proc.path), PROC_VIEW_HIDDEN);
	fake_tree(&proc, "1/stat", "1 (init) S 0\n");
	assert_int_equal(proc_view__read(proc.path), PROC_VIEW_ALL);
	/* Some other namespace's inode: not the host's. */
	fake_tree(&proc, "1/ns/pid", "");
	assert_int_equal(proc_view__read(proc.path), PROC_VIEW_NAMESPACE);
	assert_null(proc_view__reason(PROC_VIEW_ALL));
	assert_non_null(strstr(proc_view__reason(PROC_VIEW_NAMESPACE), "hostPID"));
	assert_non_null(strstr(proc_view__reason(PROC_VIEW_HIDDEN), "hidepid"));
	fake_proc__close(&proc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scan),	    cmocka_unit_test(test_memory),
		cmocka_unit_test(test_other_users), cmocka_unit_test(test_connect),
		cmocka_unit_test(test_words),	    cmocka_unit_test(test_view),
		cmocka_unit_test(test_full),	    cmocka_unit_test(test_own_limit),
	};

	return cmocka_run_group_tests_name("vm_scan", tests, NULL, NULL);
}
