// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that look like QEMU, and end requests as QEMU does when they are told to:
 *
 *   vmm_flows UID COUNT BACKENDS REQUESTS ARGUMENT...
 *
 * COUNT processes of user UID hold a VM. The arguments are not read: they are what /proc shows of
 * QEMU. Says "ready" when all are there; upon each SIGUSR1, each ends REQUESTS reads of each of its
 * BACKENDS disks, and when all have, it says "done".
 */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define NSEC_PER_SEC 1000000000LL
#define COUNT_MAX 64
#define READ 1 /* BLOCK_ACCT_READ since QEMU 4.2 */
#define BLOCK 4096

/* As QEMU's struct BlockAcctCookie. */
struct cookie {
	int64_t bytes;
	int64_t start_time_ns;
	int32_t type;
	int32_t padding;
};

/* It is looked for in the file. */
extern const char says_version[];
const char says_version[] __attribute__((used)) = "QEMU emulator version 7.2.0";

/* QEMU's, whose calls are seen. */
void block_acct_done(const void *stats, const struct cookie *cookie);

__attribute__((noinline)) void block_acct_done(const void *stats, const struct cookie *cookie)
{
	__asm__ volatile("" : : "r"(stats), "r"(cookie) : "memory");
}

static void end_requests(unsigned long backends, unsigned long requests)
{
	for (unsigned long backend = 0; backend < backends; backend++)
		for (unsigned long i = 0; i < requests; i++) {
			struct cookie cookie = { .bytes = BLOCK, .type = READ };
			struct timespec now;

			clock_gettime(CLOCK_MONOTONIC, &now);
			cookie.start_time_ns = now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
			block_acct_done((const void *)(uintptr_t)((backend + 1) * BLOCK), &cookie);
		}
}

static void become_vmm(uid_t uid, unsigned long backends, unsigned long requests, int done,
		       const sigset_t *go)
{
	int signal;

	if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		err(1, "user %u", uid);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* As after exec(), by which QEMU comes to its user. */
	prctl(PR_SET_DUMPABLE, 1);
	for (;;) {
		if (write(done, ".", 1) != 1 || sigwait(go, &signal))
			err(1, "waiting");
		end_requests(backends, requests);
	}
}

static void wait_for(int done, unsigned long count)
{
	char byte;

	for (; count; count--)
		if (read(done, &byte, 1) != 1)
			errx(1, "one has ended");
}

int main(int argc, char **argv)
{
	unsigned long numbers[4], count;
	pid_t children[COUNT_MAX];
	int done[2], kvm, vm, signal;
	sigset_t go;

	if (argc < 5)
		errx(2, "usage: vmm_flows UID COUNT BACKENDS REQUESTS ARGUMENT...");
	for (int i = 0; i < 4; i++)
		numbers[i] = strtoul(argv[i + 1], NULL, 10);
	count = numbers[1] < COUNT_MAX ? numbers[1] : COUNT_MAX;
	sigemptyset(&go);
	sigaddset(&go, SIGUSR1);
	sigprocmask(SIG_BLOCK, &go, NULL);
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	/* One VM does for all: who has inherited its descriptor looks as its maker does. */
	vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0 || pipe(done))
		err(1, "/dev/kvm");
	for (unsigned long i = 0; i < count; i++) {
		children[i] = fork();
		if (children[i] < 0)
			err(1, "fork");
		if (!children[i])
			become_vmm((uid_t)numbers[0], numbers[2], numbers[3], done[1], &go);
	}
	close(vm);
	close(done[1]);
	wait_for(done[0], count);
	puts("ready");
	for (;;) {
		fflush(stdout);
		if (sigwait(&go, &signal))
			err(1, "waiting");
		for (unsigned long i = 0; i < count; i++)
			kill(children[i], SIGUSR1);
		wait_for(done[0], count);
		puts("done");
	}
}
