// SPDX-License-Identifier: GPL-2.0-only
#include "base/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/securebits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/filter.h"
#include "base/log.h"

/*
 * What reading needs later. A VMM runs as a user of its own. Listing another user's /proc/PID/fd
 * takes CAP_DAC_READ_SEARCH. CAP_SYS_PTRACE is needed to follow a link in it, or /proc/PID/root, to
 * read its numa_maps, and for anything of it under hidepid.
 */
static const struct kept_capability {
	unsigned int capability;
	unsigned int needs; /* 0: always */
} kept_capabilities[] = {
	{ CAP_BPF, 0 },
	{ CAP_DAC_READ_SEARCH, 0 },
	{ CAP_SYS_PTRACE, 0 },
	{ CAP_PERFMON, PRIVILEGE_ATTACH },
	{ CAP_DAC_OVERRIDE, PRIVILEGE_CONNECT },
};

#define KEPT_CAPABILITIES (sizeof(kept_capabilities) / sizeof(kept_capabilities[0]))

/* CAP_SYS_ADMIN stands for both, as in the kernel's bpf_capable(). */
static bool has(unsigned int capability)
{
	return capng_have_capability(CAPNG_EFFECTIVE, capability) ||
	       capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN);
}

int privileges_missing(char *names, size_t size)
{
	bool known = !capng_get_caps_process();
	bool bpf = known && has(CAP_BPF), perfmon = known && has(CAP_PERFMON);

	snprintf(names, size, "%s%s%s", bpf ? "" : "CAP_BPF", bpf || perfmon ? "" : " and ",
		 perfmon ? "" : "CAP_PERFMON");
	return !bpf + !perfmon;
}

bool privileges_can_enable_statistics(void)
{
	return !capng_get_caps_process() && capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN);
}

/*
 * A user id that nobody else has, so that nobody may send signals here. It is above the ranges of
 * systemd and containers (systemd's UIDS-GIDS), plus the process's number.
 */
#define OWN_USER 1879048192

/* A sanitizer looks for leaks by tracing all threads, which need one user. */
#ifdef __SANITIZE_ADDRESS__
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

/* For good: root's number alone gives nothing any more, and nothing raises capabilities again. */
#define SECURE_BITS                                                                                \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |                           \
	 SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |   \
	 SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

/* Whether one of the capabilities that may be kept is held at all. */
static bool is_kept(const struct kept_capability *kept, unsigned int needs)
{
	return (kept->needs & needs) == kept->needs &&
	       capng_have_capability(CAPNG_EFFECTIVE, kept->capability);
}

/* Writes what reading needs later into kept, and returns the count. */
static unsigned int choose(unsigned int kept[KEPT_CAPABILITIES + 2], unsigned int needs)
{
	unsigned int count = 0;

	for (size_t i = 0; i < KEPT_CAPABILITIES; i++)
		if (is_kept(&kept_capabilities[i], needs))
			kept[count++] = kept_capabilities[i].capability;
	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_BPF) &&
	    capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN))
		kept[count++] = CAP_SYS_ADMIN;
	return count;
}

/*
 * Of the calling thread, as all here: the C library's functions would change the other threads,
 * too, which may have given up what that takes. The capabilities stay, since the securebits say so.
 */
static void become_own_user(void)
{
	unsigned int user = OWN_USER + (unsigned int)getpid();

	if (IS_SANITIZED || geteuid() || !capng_have_capability(CAPNG_EFFECTIVE, CAP_SETUID) ||
	    !capng_have_capability(CAPNG_EFFECTIVE, CAP_SETGID) ||
	    !(prctl(PR_GET_SECUREBITS) & SECBIT_NO_SETUID_FIXUP))
		return;
	/* A user namespace may not have this id: then the user stays. */
	syscall(SYS_setgroups, 0, NULL);
	syscall(SYS_setresgid, user, user, user);
	syscall(SYS_setresuid, user, user, user);
}

/*
 * The bounding set and the securebits take CAP_SETPCAP. A process without it cannot gain anything
 * by them either, since it has no_new_privs.
 */
static int keep(const unsigned int *kept, unsigned int count, bool stays)
{
	bool full = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	capng_select_t sets = full ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS;
	int error = 0;

	if (full && prctl(PR_SET_SECUREBITS, SECURE_BITS))
		error = -errno;
	if (!stays)
		become_own_user();
	capng_clear(CAPNG_SELECT_ALL);
	for (unsigned int i = 0; i < count; i++)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept[i]);
	if (capng_apply(sets) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		error = -EPERM;
	return error;
}

static int fail(int error)
{
	if (error)
		log_error("dropping privileges: refused: start it with fewer capabilities");
	return error;
}

/* A kernel without seccomp measures all the same. */
static void filter_calls(unsigned int needs, pid_t command)
{
	int error = filter__load(needs, command);

	if (error)
		log_warning(
			"system calls stay as they are: %s: a filter takes CONFIG_SECCOMP_FILTER",
			strerror(-error));
}

int privileges_drop(const struct privileges_kept *kept)
{
	bool writes = kept->records || kept->needs & (PRIVILEGE_REPORT | PRIVILEGE_REPLACE);
	bool measures = !(kept->needs & PRIVILEGE_NONE);
	unsigned int capabilities[KEPT_CAPABILITIES + 2], count = 0;
	int error;

	if (capng_get_caps_process())
		return fail(-EPERM);
	if (measures)
		count = choose(capabilities, kept->needs);
	if (kept->command && capng_have_capability(CAPNG_EFFECTIVE, CAP_KILL))
		capabilities[count++] = CAP_KILL; /* it runs as another now */
	error = keep(capabilities, count, writes);
	if (error)
		return fail(error);
	filter_calls(kept->needs | (measures ? FILTER_MEASURE : 0) |
			     (kept->records ? FILTER_REMOVE : 0),
		     kept->command);
	return 0;
}

int privileges_keep_uprobes(void)
{
	static const unsigned int wanted[] = { CAP_SYS_ADMIN, CAP_PERFMON, CAP_SYS_PTRACE,
					       CAP_DAC_READ_SEARCH };
	unsigned int capabilities[sizeof(wanted) / sizeof(wanted[0])], count = 0;
	int error;

	if (capng_get_caps_process())
		return -EPERM;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (capng_have_capability(CAPNG_EFFECTIVE, wanted[i]))
			capabilities[count++] = wanted[i];
	error = keep(capabilities, count, false);
	return error ? error : filter__load(FILTER_UPROBES, 0);
}

int privileges_drop_all(void)
{
	int error;

	error = capng_get_caps_process() ? -EPERM : keep(NULL, 0, true);
	if (error)
		return fail(error);
	filter_calls(0, 0);
	return 0;
}

void privileges_drop_thread(bool signals)
{
	const unsigned int kill = CAP_KILL;

	if (!capng_get_caps_process())
		keep(&kill, signals && capng_have_capability(CAPNG_EFFECTIVE, CAP_KILL), false);
}

void privileges_tell_refused(void)
{
	static atomic_bool told;
	int number;

	if (filter__refused(&number) && !atomic_exchange(&told, true))
		log_warning("system call %d was refused: report it, with the output of 'uname -mr'",
			    number);
}
