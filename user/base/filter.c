// SPDX-License-Identifier: GPL-2.0-only
#include "base/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/privileges.h"

/*
 * Calls of the C library, SQLite and libbpf in any version: none of them reaches another process.
 */
static const int harmless[] = {
	/* what is open */
	SYS_read,
	SYS_readv,
	SYS_pread64,
	SYS_write,
	SYS_writev,
	SYS_pwrite64,
	SYS_lseek,
	SYS_close,
	SYS_ftruncate,
	SYS_fsync,
	SYS_fdatasync,
	SYS_fallocate,
	SYS_fadvise64,
	SYS_dup,
	SYS_getdents64,
	SYS_flock,
	/* names */
	SYS_fstat,
	SYS_newfstatat,
	SYS_statx,
	SYS_statfs,
	SYS_fstatfs,
	SYS_faccessat,
	SYS_faccessat2,
	SYS_readlinkat,
	SYS_getcwd,
	/* waiting */
	SYS_ppoll,
	SYS_epoll_create1,
	SYS_epoll_ctl,
	SYS_epoll_pwait,
	SYS_timerfd_create,
	SYS_timerfd_settime,
	SYS_signalfd4,
	SYS_eventfd2,
	SYS_nanosleep,
	SYS_clock_nanosleep,
	SYS_sched_yield,
	SYS_futex,
	SYS_membarrier,
	SYS_restart_syscall,
	SYS_wait4,
	SYS_waitid,
	/* memory */
	SYS_brk,
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	/* itself */
	SYS_getpid,
	SYS_gettid,
	SYS_getuid,
	SYS_geteuid,
	SYS_getgid,
	SYS_getegid,
	SYS_getppid,
	SYS_uname,
	SYS_sysinfo,
	SYS_getrusage,
	SYS_times,
	SYS_getcpu,
	SYS_sched_getaffinity,
	SYS_clock_gettime,
	SYS_clock_getres,
	SYS_gettimeofday,
	SYS_getrandom,
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_sigaltstack,
	SYS_set_robust_list,
	SYS_rseq,
	SYS_exit,
	SYS_exit_group,
#ifdef __x86_64__ /* newer architectures have one call for each purpose */
	SYS_stat,
	SYS_lstat,
	SYS_access,
	SYS_readlink,
	SYS_poll,
	SYS_epoll_wait,
	SYS_time,
#endif
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define WRITES (O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))

/* For a pointer as the argument: the upper half must be 0, too. */
#define POINTER 8U

/* A call that is allowed if argument & mask is value; if there is no mask, always. */
struct conditional {
	int number;
	unsigned int needs; /* 0: for every tool */
	unsigned int argument;
	uint32_t mask, value; /* of the lower half, since most are 32 bits wide */
};

#define BPF_COMMAND(NEEDS, COMMAND)                                                                \
	{                                                                                          \
		SYS_bpf, NEEDS, 0, ~0U, COMMAND                                                    \
	}

static const struct conditional conditionals[] = {
	{ SYS_openat, 0, 2, WRITES, O_RDONLY },
	{ SYS_fcntl, 0, 1, ~0U, F_GETFD },
	{ SYS_fcntl, 0, 1, ~0U, F_SETFD },
	{ SYS_fcntl, 0, 1, ~0U, F_GETFL },
	{ SYS_fcntl, 0, 1, ~0U, F_SETFL },
	{ SYS_fcntl, 0, 1, ~0U, F_GETLK },
	{ SYS_fcntl, 0, 1, ~0U, F_SETLK },
	{ SYS_fcntl, 0, 1, ~0U, F_DUPFD_CLOEXEC },
	{ SYS_ioctl, 0, 1, ~0U, TCGETS },
	{ SYS_ioctl, 0, 1, ~0U, TIOCGWINSZ },
	{ SYS_ioctl, 0, 1, ~0U, TCSETS },
	{ SYS_ioctl, 0, 1, ~0U, TCSETSW },
	{ SYS_ioctl, 0, 1, ~0U, TCSETSF },
	{ SYS_ioctl, 0, 1, ~0U, TCFLSH },
	/* No executable memory: all libraries are loaded. */
	{ SYS_mmap, 0, 2, PROT_EXEC, 0 },
	{ SYS_mprotect, 0, 2, PROT_EXEC, 0 },
	/* It may look at its own limits. */
	{ SYS_prlimit64, 0, POINTER | 2, ~0U, 0 },

	BPF_COMMAND(FILTER_MEASURE, BPF_MAP_LOOKUP_ELEM),
	BPF_COMMAND(FILTER_MEASURE, BPF_MAP_UPDATE_ELEM),
	BPF_COMMAND(FILTER_MEASURE, BPF_MAP_DELETE_ELEM),
	BPF_COMMAND(FILTER_MEASURE, BPF_MAP_GET_NEXT_KEY),
	BPF_COMMAND(FILTER_MEASURE, BPF_MAP_LOOKUP_AND_DELETE_ELEM),
	BPF_COMMAND(FILTER_MEASURE, BPF_MAP_LOOKUP_BATCH),
	BPF_COMMAND(FILTER_MEASURE, BPF_MAP_LOOKUP_AND_DELETE_BATCH),
	BPF_COMMAND(FILTER_MEASURE, BPF_MAP_UPDATE_BATCH),
	BPF_COMMAND(FILTER_MEASURE, BPF_MAP_DELETE_BATCH),
	BPF_COMMAND(FILTER_MEASURE, BPF_PROG_TEST_RUN),
	BPF_COMMAND(FILTER_MEASURE, BPF_OBJ_GET_INFO_BY_FD),
	/* Without target nodes it tells where pages are, and moves none. */
	{ SYS_move_pages, FILTER_MEASURE, POINTER | 3, ~0U, 0 },

	BPF_COMMAND(PRIVILEGE_ATTACH | PRIVILEGE_TRAP, BPF_LINK_CREATE),
	{ SYS_ioctl, PRIVILEGE_TRAP, 1, ~0U, PERF_EVENT_IOC_SET_BPF },
	{ SYS_ioctl, PRIVILEGE_TRAP, 1, ~0U, PERF_EVENT_IOC_ENABLE },
	{ SYS_ioctl, PRIVILEGE_TRAP, 1, ~0U, PERF_EVENT_IOC_DISABLE },
	/* With the process that opens them: it has the only socket. */
	{ SYS_sendto, PRIVILEGE_TRAP, 0, 0, 0 },
	{ SYS_recvmsg, PRIVILEGE_TRAP, 0, 0, 0 },
	{ SYS_perf_event_open, FILTER_UPROBES, 0, 0, 0 },
	{ SYS_sendmsg, FILTER_UPROBES, 0, 0, 0 },

	/*
	 * Its flags are in memory, which the filter cannot see. The tool's own user keeps it from
	 * writing.
	 */
	{ SYS_openat2, PRIVILEGE_LOOK_UP, 0, 0, 0 },

	{ SYS_socket, PRIVILEGE_CONNECT, 0, ~0U, AF_UNIX },
	{ SYS_socket, PRIVILEGE_CONNECT | PRIVILEGE_REPORT, 0, ~0U, AF_VSOCK },
	{ SYS_connect, PRIVILEGE_CONNECT | PRIVILEGE_REPORT, 0, 0, 0 },
	{ SYS_getsockopt, PRIVILEGE_CONNECT | PRIVILEGE_REPORT | PRIVILEGE_SERVE, 0, 0, 0 },
	{ SYS_setsockopt, PRIVILEGE_CONNECT | PRIVILEGE_REPORT | PRIVILEGE_SERVE, 0, 0, 0 },
	{ SYS_sendto, PRIVILEGE_CONNECT | PRIVILEGE_REPORT | PRIVILEGE_SERVE, 0, 0, 0 },
	{ SYS_recvfrom, PRIVILEGE_CONNECT | PRIVILEGE_REPORT | PRIVILEGE_SERVE, 0, 0, 0 },
	{ SYS_sendmsg, PRIVILEGE_SERVE, 0, 0, 0 }, /* head and body at once */
	{ SYS_shutdown, PRIVILEGE_CONNECT | PRIVILEGE_REPORT | PRIVILEGE_SERVE, 0, 0, 0 },
	{ SYS_accept4, PRIVILEGE_CONNECT | PRIVILEGE_SERVE, 0, 0, 0 },
	{ SYS_listen, PRIVILEGE_CONNECT, 0, 0, 0 },
	{ SYS_getpeername, PRIVILEGE_CONNECT, 0, 0, 0 },

	/*
	 * A damaged recording is renamed, and SQLite makes the next one's files. A text for
	 * node_exporter takes the place of the one before.
	 */
	{ SYS_renameat2, PRIVILEGE_RECORD, 0, 0, 0 },
	{ SYS_renameat, PRIVILEGE_REPLACE, 0, 0, 0 },
	{ SYS_fchmod, PRIVILEGE_RECORD | PRIVILEGE_REPLACE, 0, 0, 0 },
	{ SYS_fchown, PRIVILEGE_RECORD, 0, 0, 0 },

	{ SYS_openat, PRIVILEGE_REPORT | PRIVILEGE_RECORD | PRIVILEGE_REPLACE, 0, 0, 0 },
	{ SYS_unlinkat, FILTER_REMOVE | PRIVILEGE_SERVE | PRIVILEGE_REPLACE, 0, 0, 0 },
#ifdef __x86_64__
	{ SYS_open, 0, 1, WRITES, O_RDONLY },
	{ SYS_open, PRIVILEGE_REPORT | PRIVILEGE_RECORD, 0, 0, 0 },
	{ SYS_unlink, FILTER_REMOVE | PRIVILEGE_SERVE, 0, 0, 0 }, /* its socket */
#endif
};

static volatile unsigned int refused_count;
static volatile int refused_number;

/* After a refusal the thread goes on, as if the kernel had returned the error. */
static void on_refused(int signal, siginfo_t *info, void *data)
{
	ucontext_t *context = data;

	(void)signal;
	refused_number = info->si_syscall;
	refused_count++;
#if defined(__x86_64__)
	context->uc_mcontext.gregs[REG_RAX] = -EPERM;
#elif defined(__aarch64__)
	context->uc_mcontext.regs[0] = -EPERM;
#else
#error "which register holds a system call's result?"
#endif
}

unsigned int filter__refused(int *number)
{
	*number = refused_number;
	return refused_count;
}

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

/* The kernel runs it at each system call, with a struct seccomp_data. It needs no memory. */
struct filter {
	struct sock_filter steps[512];
	unsigned short count;
	bool full;
};

static void add_step(struct filter *filter, struct sock_filter step)
{
	filter->full = filter->count == COUNT(filter->steps);
	if (!filter->full)
		filter->steps[filter->count++] = step;
}

static void load_word(struct filter *filter, size_t offset)
{
	add_step(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* If the word is value, the next steps run, so many of them; otherwise they are skipped. */
static void only_if(struct filter *filter, uint32_t value, size_t steps)
{
	add_step(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0,
						      (unsigned char)steps));
}

static void end_with(struct filter *filter, uint32_t action)
{
	add_step(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static size_t argument_offset(unsigned int argument)
{
	return offsetof(struct seccomp_data, args) + (argument & ~POINTER) * sizeof(uint64_t);
}

/* Allows the call if its condition holds. Both architectures have the lower half first. */
static void add_condition(struct filter *filter, const struct conditional *call)
{
	if (call->argument & POINTER) {
		load_word(filter, argument_offset(call->argument) + sizeof(uint32_t));
		only_if(filter, 0, 4);
	}
	if (call->mask) {
		load_word(filter, argument_offset(call->argument));
		add_step(filter,
			 (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, call->mask));
		only_if(filter, call->value, 1);
	}
	end_with(filter, SECCOMP_RET_ALLOW);
}

static bool is_wanted(const struct conditional *call, unsigned int needs)
{
	return !call->needs || call->needs & needs;
}

/* All conditions of the call at the beginning of list; one is enough. */
static void add_call(struct filter *filter, const struct conditional *list, size_t count,
		     unsigned int needs)
{
	unsigned short before = filter->count;

	only_if(filter, (uint32_t)list->number, 0);
	for (size_t i = 0; i < count; i++)
		if (list[i].number == list->number && is_wanted(&list[i], needs))
			add_condition(filter, &list[i]);
	end_with(filter, SECCOMP_RET_TRAP);
	filter->steps[before].jf = (unsigned char)(filter->count - before - 1);
}

static bool is_first(const struct conditional *list, size_t place)
{
	for (size_t i = 0; i < place; i++)
		if (list[i].number == list[place].number)
			return false;
	return true;
}

static void add_calls(struct filter *filter, unsigned int needs, pid_t command)
{
	const uint32_t self = (uint32_t)getpid();
	/* abort(), and what stops it; and the command. */
	const struct conditional signals[] = {
		{ .number = SYS_tgkill, .mask = ~0U, .value = self },
		{ .number = SYS_kill, .mask = ~0U, .value = self },
		{ .number = SYS_kill, .mask = ~0U, .value = command ? (uint32_t)command : self },
	};

	load_word(filter, offsetof(struct seccomp_data, arch));
	add_step(filter,
		 (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
	end_with(filter, SECCOMP_RET_KILL_PROCESS);
	load_word(filter, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < COUNT(harmless); i++) {
		only_if(filter, (uint32_t)harmless[i], 1);
		end_with(filter, SECCOMP_RET_ALLOW);
	}
	/* No call at all: a tracer that answers a call itself says so, as strace can. */
	only_if(filter, (uint32_t)-1, 1);
	end_with(filter, SECCOMP_RET_ALLOW);
	/* With this answer a C library uses its old calls instead of a new one. */
	only_if(filter, SYS_clone3, 1);
	end_with(filter, SECCOMP_RET_ERRNO | ENOSYS);
	for (size_t i = 0; i < COUNT(conditionals); i++)
		if (is_first(conditionals, i))
			add_call(filter, &conditionals[i], COUNT(conditionals) - i, needs);
	for (size_t i = 0; i < COUNT(signals); i++)
		if (is_first(signals, i))
			add_call(filter, &signals[i], COUNT(signals) - i, needs);
	end_with(filter, SECCOMP_RET_TRAP);
}

/* A sanitizer traces its own process to look for leaks, in ways that change: it has no filter. */
#ifdef __SANITIZE_ADDRESS__
#define HAS_FILTER false
#else
#define HAS_FILTER true
#endif

int filter__load(unsigned int needs, pid_t command)
{
	const struct sigaction action = { .sa_sigaction = on_refused, .sa_flags = SA_SIGINFO };
	struct filter filter = { .count = 0 };
	struct sock_fprog program = { .filter = filter.steps };
	long other;

	add_calls(&filter, needs, command);
	if (filter.full)
		return -E2BIG;
	program.len = filter.count;
	if (sigaction(SIGSYS, &action, NULL))
		return -errno;
	if (!HAS_FILTER)
		return 0;
	other = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
	/* A thread that has a filter of its own. */
	return other > 0 ? -EBUSY : other ? -errno : 0;
}
