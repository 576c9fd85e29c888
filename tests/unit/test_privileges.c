// SPDX-License-Identifier: GPL-2.0-only
/* What is left to a process that has dropped its privileges: an attacker inside has no more. */
#include "unit.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/privileges.h"

/* Such a one has no filter of system calls. */
#ifdef __SANITIZE_ADDRESS__
static const bool is_sanitized = true;
#else
static const bool is_sanitized = false;
#endif

/* Another process, which is root's. */
static pid_t victim;

static int start_victim(void **state)
{
	(void)state;
	victim = fork();
	if (!victim) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return 0;
}

static int end_victim(void **state)
{
	(void)state;
	kill(victim, SIGKILL);
	waitpid(victim, NULL, 0);
	return 0;
}

static long try_bpf(unsigned int command)
{
	const struct bpf_insn program[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
					    { .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr attributes = { 0 };

	if (command == BPF_PROG_LOAD) {
		attributes.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
		attributes.insn_cnt = ARRAY_SIZE(program);
		attributes.insns = (uintptr_t)program;
		attributes.license = (uintptr_t) "GPL";
	} else {
		attributes.map_type = BPF_MAP_TYPE_ARRAY;
		attributes.key_size = attributes.value_size = 4;
		attributes.max_entries = 1;
	}
	return syscall(SYS_bpf, command, &attributes, sizeof(attributes));
}

static long try_perf(void)
{
	struct perf_event_attr attributes = { .size = sizeof(attributes),
					      .type = PERF_TYPE_SOFTWARE,
					      .config = PERF_COUNT_SW_CPU_CLOCK };

	return syscall(SYS_perf_event_open, &attributes, victim, -1, -1, 0);
}

static long try_open2(int flags)
{
	struct open_how how = { .flags = (uint64_t)flags };

	return syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof(how));
}

/* The ways: each is open to root, and returns -1 if it is closed. */
enum way {
	WAY_PTRACE,
	WAY_VM_WRITE,
	WAY_PIDFD,
	WAY_MEM,
	WAY_LOAD,
	WAY_MAP,
	WAY_PERF,
	WAY_WRITE,
	WAY_CREATE,
	WAY_OPEN2,
	WAY_EXEC,
	WAY_SETUID,
	WAY_MOUNT,
	WAY_UNSHARE,
	WAY_KILL,
	WAY_FORK,
	WAY_SOCKET,
	WAY_KEY,
	WAY_PRCTL,
	WAY_FAULT,
	WAY_RING,
	WAY_CODE,
	WAYS,
};

static long go(enum way way)
{
	char path[64], byte = 0, *none[] = { NULL };
	struct iovec local = { &byte, 1 }, remote = { &byte, 1 };

	switch (way) {
	case WAY_PTRACE:
		return ptrace(PTRACE_SEIZE, victim, NULL, NULL);
	case WAY_VM_WRITE:
		return syscall(SYS_process_vm_writev, victim, &local, 1, &remote, 1, 0);
	case WAY_PIDFD:
		return syscall(SYS_pidfd_open, victim, 0);
	case WAY_MEM:
		snprintf(path, sizeof(path), "/proc/%d/mem", (int)victim);
		return open(path, O_RDWR);
	case WAY_LOAD:
		return try_bpf(BPF_PROG_LOAD);
	case WAY_MAP:
		return try_bpf(BPF_MAP_CREATE);
	case WAY_PERF:
		return try_perf();
	case WAY_WRITE:
		return open("/proc/self/coredump_filter", O_WRONLY);
	case WAY_CREATE:
		return open("/tmp", O_TMPFILE | O_RDWR, 0600);
	case WAY_OPEN2:
		return try_open2(O_WRONLY);
	case WAY_EXEC:
		return execve("/bin/true", none, none) ? -1 : 0;
	case WAY_SETUID:
		return syscall(SYS_setresuid, 0, 0, 0);
	case WAY_MOUNT:
		return mount(NULL, "/", NULL, MS_PRIVATE, NULL);
	case WAY_UNSHARE:
		return unshare(CLONE_NEWUTS);
	case WAY_KILL:
		return kill(victim, 0);
	case WAY_FORK:
		return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);
	case WAY_SOCKET:
		return socket(AF_UNIX, SOCK_STREAM, 0);
	case WAY_KEY:
		return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1);
	case WAY_PRCTL:
		return prctl(PR_SET_DUMPABLE, 1);
	case WAY_FAULT:
		return syscall(SYS_userfaultfd, O_CLOEXEC);
	case WAY_RING:
		return syscall(SYS_io_uring_setup, 1, path);
	case WAY_CODE:
		return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0) == MAP_FAILED
			       ? -1
			       : 0;
	case WAYS:
		break;
	}
	return -1;
}

enum { OPEN, CLOSED, CLOSED_OTHERWISE, NOT_DROPPED };

/* As an exit status; of a program that was started, 0 is its own. */
static void try_way(enum way way)
{
	long result;

	errno = 0;
	result = go(way);
	_exit(result >= 0 ? OPEN : errno == EPERM ? CLOSED : CLOSED_OTHERWISE);
}

/* A thread that was there before tries it when the other has dropped. */
struct beside {
	enum way way;
	int dropped; /* to read from */
	int begun;   /* to write to */
};

static void *try_beside(void *data)
{
	const struct beside *beside = data;
	char byte = 0;

	privileges_drop_thread(false);
	if (write(beside->begun, &byte, 1) == 1 && read(beside->dropped, &byte, 1) == 1)
		try_way(beside->way);
	return NULL;
}

enum who { NOBODY_DROPS, MAIN_THREAD, OTHER_THREAD, OPENS_UPROBES };

static int drop_as(enum who who, const struct privileges_kept *kept)
{
	switch (who) {
	case NOBODY_DROPS:
		return 0;
	case OPENS_UPROBES:
		return privileges_keep_uprobes();
	default:
		return kept ? privileges_drop(kept) : privileges_drop_all();
	}
}

static void try_as(enum who who, const struct privileges_kept *kept, enum way way)
{
	int begun[2], dropped[2];
	struct beside beside;
	pthread_t thread;
	char byte = 0;

	if (pipe(begun) || pipe(dropped))
		_exit(NOT_DROPPED);
	if (who == OTHER_THREAD) {
		beside = (struct beside){ way, dropped[0], begun[1] };
		pthread_create(&thread, NULL, try_beside, &beside);
		if (read(begun[0], &byte, 1) != 1)
			_exit(NOT_DROPPED);
	}
	if (drop_as(who, kept))
		_exit(NOT_DROPPED);
	if (who != OTHER_THREAD)
		try_way(way);
	if (write(dropped[1], &byte, 1) == 1)
		pthread_join(thread, NULL);
	_exit(NOT_DROPPED);
}

static int outcome(enum who who, const struct privileges_kept *kept, enum way way)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		try_as(who, kept, way);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#define WAY(NAME) (1U << WAY_##NAME)

/* All ways are closed but those, and by EPERM. What this host has not got shows nothing. */
static void assert_closed(enum who who, const struct privileges_kept *kept, uint32_t open)
{
	for (enum way way = 0; way < WAYS; way++) {
		if (outcome(NOBODY_DROPS, NULL, way) != OPEN)
			continue;
		if (outcome(who, kept, way) != ((open & 1U << way) ? OPEN : CLOSED))
			fail_msg("way %d: %d", way, outcome(who, kept, way));
	}
}

/* Or the tests below would show nothing. */
static void test_open(void **state)
{
	static const enum way everywhere[] = { WAY_MEM,	    WAY_WRITE, WAY_EXEC, WAY_SETUID,
					       WAY_UNSHARE, WAY_KILL,  WAY_FORK, WAY_SOCKET,
					       WAY_PTRACE,  WAY_CODE };

	(void)state;
	if (getuid() || is_sanitized)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(everywhere); i++)
		assert_int_equal(outcome(NOBODY_DROPS, NULL, everywhere[i]), OPEN);
}

static void test_measuring(void **state)
{
	(void)state;
	if (getuid() || is_sanitized)
		skip();
	assert_closed(MAIN_THREAD, &(struct privileges_kept){ 0 }, 0);
}

static void test_other_thread(void **state)
{
	(void)state;
	if (getuid() || is_sanitized)
		skip();
	assert_closed(OTHER_THREAD, &(struct privileges_kept){ 0 }, 0);
}

static void test_replaying(void **state)
{
	(void)state;
	if (is_sanitized)
		skip();
	assert_closed(MAIN_THREAD, NULL, 0);
}

static void test_each_need(void **state)
{
	const struct privileges_kept attaches = { .needs = PRIVILEGE_ATTACH | PRIVILEGE_TRAP },
				     connects = { .needs = PRIVILEGE_CONNECT },
				     looks_up = { .needs = PRIVILEGE_LOOK_UP },
				     records = { .records = true },
				     begins_anew = { .needs = PRIVILEGE_RECORD, .records = true },
				     signals = { .command = victim };

	(void)state;
	if (getuid() || is_sanitized)
		skip();
	assert_closed(MAIN_THREAD, &attaches, 0);
	assert_closed(OPENS_UPROBES, NULL, WAY(PERF));
	assert_closed(MAIN_THREAD, &connects, WAY(SOCKET));
	assert_closed(MAIN_THREAD, &signals, WAY(KILL));
	/* As a user of its own. */
	assert_int_equal(outcome(MAIN_THREAD, &looks_up, WAY_OPEN2), CLOSED_OTHERWISE);
	assert_closed(MAIN_THREAD, &records, 0);
	/* As root, nothing of its user would be closed to it: so it is for other users alone. */
	assert_closed(MAIN_THREAD, &begins_anew, WAY(MEM) | WAY(WRITE) | WAY(CREATE));
}

/* In a child: what it says when it ends. */
static void test_told(void **state)
{
	struct capture capture;
	char text[128];
	pid_t pid;

	(void)state;
	if (is_sanitized)
		skip();
	capture_begin(&capture, STDERR_FILENO);
	pid = fork();
	if (!pid) {
		privileges_drop_all();
		privileges_tell_refused();
		for (int i = 0; i < 2; i++) {
			syscall(SYS_sync);
			privileges_tell_refused();
		}
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	snprintf(text, sizeof(text),
		 "kvmq: warning: system call %d was refused: report it, with the output of "
		 "'uname -mr'\n",
		 SYS_sync);
	assert_string_equal(capture_end(&capture), text);
}

static char *status_of(const char *key, char line[256])
{
	FILE *file = fopen("/proc/thread-self/status", "re");
	size_t length = strlen(key);

	while (file && fgets(line, 256, file))
		if (!strncmp(line, key, length) && line[length] == ':')
			break;
	if (file)
		fclose(file);
	return line + length + 1;
}

/* In a child: an exit status of 0, or the number of the line that is wrong. */
static int wrong_status(uint64_t capabilities, bool stays)
{
	static const char *const empty[] = { "CapInh", "CapBnd", "CapAmb" };
	char line[256];

	for (size_t i = 0; i < ARRAY_SIZE(empty); i++)
		if (strtoull(status_of(empty[i], line), NULL, 16))
			return 1;
	if (strtoull(status_of("CapPrm", line), NULL, 16) != capabilities ||
	    strtoull(status_of("CapEff", line), NULL, 16) != capabilities)
		return 2;
	if (atoi(status_of("NoNewPrivs", line)) != 1 || atoi(status_of("Seccomp", line)) != 2)
		return 3;
	return !strtoull(status_of("Uid", line), NULL, 10) != stays;
}

#define CAP(NUMBER) (1ULL << (NUMBER))

static void test_status(void **state)
{
	static const struct {
		struct privileges_kept kept;
		uint64_t capabilities;
	} cases[] = {
		{ { 0 }, 0 },
		{ { .needs = PRIVILEGE_ATTACH }, CAP(38) },
		{ { .needs = PRIVILEGE_CONNECT }, CAP(1) },
		{ { .records = true }, 0 },
		{ { .command = 1 }, CAP(5) },
	};
	int status;
	pid_t pid;

	(void)state;
	if (getuid() || is_sanitized)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		pid = fork();
		if (!pid)
			_exit(privileges_drop(&cases[i].kept)
				      ? 4
				      : wrong_status(cases[i].capabilities | CAP(2) | CAP(19) |
							     CAP(39),
						     cases[i].kept.records));
		waitpid(pid, &status, 0);
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),	     cmocka_unit_test(test_measuring),
		cmocka_unit_test(test_other_thread), cmocka_unit_test(test_replaying),
		cmocka_unit_test(test_each_need),    cmocka_unit_test(test_told),
		cmocka_unit_test(test_status),
	};

	return cmocka_run_group_tests(tests, start_victim, end_victim);
}
