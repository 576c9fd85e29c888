// SPDX-License-Identifier: GPL-2.0-only
#include "probe/requirement.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/privileges.h"
#include "host/proc.h"
#include "probe/kernel.h"

/* include/linux/proc_ns.h, PROC_USER_INIT_INO */
#define INITIAL_USER_NAMESPACE 0xEFFFFFFDU

static bool is_in_user_namespace(void)
{
	struct stat namespace;

	return !stat("/proc/self/ns/user", &namespace) &&
	       namespace.st_ino != INITIAL_USER_NAMESPACE;
}

const char *requirements__obstacle(void)
{
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER)
		return "this process runs under a seccomp filter: let it use bpf and "
		       "perf_event_open";
	return "a security module may forbid it: -vv shows the kernel's words";
}

static bool check_btf(struct checks *checks, const char *lost)
{
	struct check *check = checks__add(checks, "BTF of the kernel");
	int error = kernel_has_btf();

	if (error)
		check__fail(check, CHECK_MISSING, lost,
			    "/sys/kernel/btf/vmlinux: %s: needs a kernel with "
			    "CONFIG_DEBUG_INFO_BTF",
			    strerror(-error));
	return !error;
}

/* Root of a user namespace has all capabilities, but not those that the kernel asks for. */
static bool check_capabilities(struct checks *checks, const char *lost)
{
	struct check *check = checks__add(checks, "CAP_BPF and CAP_PERFMON");
	char names[64];
	int missing = privileges_missing(names, sizeof(names));

	if (is_in_user_namespace())
		check__fail(check, CHECK_MISSING, lost,
			    "this is an unprivileged container (a user namespace of its own), "
			    "where no capability reaches BPF: run it on the host");
	else if (missing)
		check__fail(check, CHECK_MISSING, lost,
			    "this process lacks %s: run it as root, or give it the %s", names,
			    missing > 1 ? "capabilities" : "capability");
	return check->status == CHECK_WORKS;
}

/* Returns 0 or -errno. */
static int try_program(const struct bpf_insn *program, size_t count)
{
	int fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "kvmq_try", "GPL", program, count,
			       NULL);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* Whether the kernel accepts the smallest program. */
static bool check_bpf(struct checks *checks, const char *lost)
{
	static const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 }, /* r0 = 0 */
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct check *check = checks__add(checks, "the bpf system call");
	int error = try_program(program, sizeof(program) / sizeof(program[0]));

	if (error)
		check__fail(check, CHECK_MISSING, lost, "bpf: %s: %s", strerror(-error),
			    remedy(error, requirements__obstacle()));
	return !error;
}

/* If securityfs is not mounted: what the kernel was started with. */
static bool is_locked_down(void)
{
	char text[4096];

	if (read_file(text, sizeof(text), "/sys/kernel/security/lockdown") > 0)
		return strstr(text, "[confidentiality]");
	return read_file(text, sizeof(text), "/proc/cmdline") > 0 &&
	       strstr(text, "lockdown=confidentiality");
}

/* Whether a program may read the kernel's memory, which lockdown=confidentiality forbids. */
static void check_reading(struct checks *checks, const char *lost)
{
	static const struct bpf_insn program[] = {
		/* bpf_probe_read_kernel(r10 - 8, 8, 0), and r0 = 0 */
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X,
		  .dst_reg = BPF_REG_1,
		  .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD, .dst_reg = BPF_REG_1, .imm = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_read_kernel },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct check *check = checks__add(checks, "reading the kernel's memory");
	int error = try_program(program, sizeof(program) / sizeof(program[0]));

	if (error && is_locked_down())
		check__fail(check, CHECK_MISSING, lost,
			    "the kernel is locked down (lockdown=confidentiality), and lets no "
			    "program read its memory: start it with lockdown=integrity or none");
	else if (error)
		check__fail(check, CHECK_MISSING, lost, "bpf_probe_read_kernel: %s: %s",
			    strerror(-error), requirements__obstacle());
}

bool requirements__check(struct checks *checks, const char *lost)
{
	bool has_btf;

	kernel_route_messages();
	has_btf = check_btf(checks, lost);
	if (check_capabilities(checks, lost) && check_bpf(checks, lost))
		check_reading(checks, lost);
	return has_btf;
}

void requirements__check_kvm(struct checks *checks, const char *lost)
{
	struct check *check = checks__add(checks, "BTF of KVM's tracepoints");
	int arguments = kernel_kvm_tracepoint_arguments("kvm_exit");

	if (arguments >= 0)
		return;
	if (access("/sys/module/kvm", F_OK))
		check__fail(check, CHECK_MISSING, lost,
			    "kvm: not loaded: load it (modprobe kvm-amd or kvm-intel), then start "
			    "again");
	else if (arguments == -EPERM || arguments == -EACCES)
		check__fail(check, CHECK_MISSING, lost,
			    "BTF of kvm: this process lacks CAP_SYS_ADMIN: run it as root, or give "
			    "it the capability");
	else
		check__fail(check, CHECK_MISSING, lost,
			    "tracepoint kvm_exit: this kernel has no BTF of the kvm module: needs "
			    "CONFIG_DEBUG_INFO_BTF_MODULES (5.11)");
}

int requirements__refuse(const struct checks *checks)
{
	for (size_t i = 0; i < checks->count; i++) {
		const struct check *check = &checks->list[i];

		if (check->status == CHECK_MISSING) {
			log_error("%s", check->why);
			return -EPERM;
		}
		log_detail("%s: works", check->what);
	}
	return 0;
}

void check__refused(struct check *check, enum check_status status, const char *lost)
{
	check__fail(check, status, lost, "%s", log_kept());
}
