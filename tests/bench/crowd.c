// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks like a large host to whoever reads /proc, without being one: many tasks that sleep, and
 * processes that hold a KVM VM without a vCPU, with command lines as long as libvirt's. One VM does
 * for all of them: a process that has inherited its file descriptor looks as its own maker does.
 * Says READY_FILE when all are there, and lives until it is stopped.
 */
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/units.h"

#define THREADS 3 /* of each process that is no VM */
#define STACK_SIZE 16384
#define ARGUMENTS_MAX 2048
#define ARGUMENT_SIZE (PATH_MAX + 256)
#define FILLERS 450 /* devices beside the disks: 60 KiB */

static const char sleeper[] = "KVMQ_CROWD_SLEEPS";
static char *arguments[ARGUMENTS_MAX + 1];
static size_t argument_count;
static const char *ready_file;

static void *doze(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void add(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void add(const char *format, ...)
{
	char text[ARGUMENT_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (argument_count == ARGUMENTS_MAX || !(arguments[argument_count++] = strdup(text)))
		errx(1, "no room for an argument");
}

/* Each disk is a file that is open; all VMs have the same. */
static void add_disk(uint64_t disk)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s.disk%lu.img", ready_file, disk);
	add("-blockdev");
	add("{\"driver\":\"file\",\"filename\":\"%s\",\"node-name\":\"file%lu\","
	    "\"auto-read-only\":true,\"discard\":\"unmap\"}",
	    path, disk);
	add("-blockdev");
	add("{\"node-name\":\"disk%lu\",\"read-only\":false,\"driver\":\"raw\",\"file\":\"file%"
	    "lu\"}",
	    disk, disk);
	add("-device");
	add("{\"driver\":\"virtio-blk-pci\",\"bus\":\"pci.0\",\"addr\":\"0x5\",\"drive\":\"disk%"
	    "lu\","
	    "\"id\":\"virtio-disk%lu\"}",
	    disk, disk);
	if (open(path, O_RDWR | O_CREAT, 0600) < 0)
		err(1, "%s", path);
}

static void become_vm(uint64_t vm, uint64_t disks)
{
	add("qemu-system-x86_64");
	add("-name");
	add("guest=crowd%lu,debug-threads=on", vm);
	for (uint64_t i = 0; i < disks; i++)
		add_disk(i);
	for (int i = 0; i < FILLERS; i++) {
		add("-device");
		add("{\"driver\":\"pcie-root-port\",\"port\":%d,\"chassis\":%d,\"id\":\"pci.%d\","
		    "\"bus\":\"pcie.0\",\"multifunction\":true,\"addr\":\"0x2\"}",
		    i, i, i);
	}
	add("-device");
	add("vhost-vsock-pci,guest-cid=%lu", vm + 1000);
	setenv(sleeper, "1", 1);
	execv("/proc/self/exe", arguments);
	err(1, "exec");
}

static void become_process(int ready)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int error = 0;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	for (int i = 1; i < THREADS && !error; i++)
		error = pthread_create(&thread, &attributes, doze, NULL);
	if (error)
		errx(1, "a thread: %s", strerror(error));
	close(ready);
	doze(NULL);
}

/* A child that ends with its parent. False: this is the child. */
static bool start(pid_t parent)
{
	pid_t child = fork();

	if (child < 0)
		err(1, "fork");
	if (child)
		return true;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	return false;
}

static void hold_vm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm;

	if (kvm < 0)
		err(1, "/dev/kvm");
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0 || fcntl(vm, F_SETFD, 0))
		err(1, "a VM");
}

/* Each child has the other end until it sleeps: it is closed by exec, or by hand. */
static void wait_for_all(int ready[2])
{
	char byte;
	int out;

	close(ready[1]);
	if (read(ready[0], &byte, 1))
		errx(1, "a child wrote something");
	out = open(ready_file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (out < 0 || write(out, "1\n", 2) != 2)
		err(1, "%s", ready_file);
	close(out);
}

int main(int argc, char **argv)
{
	uint64_t tasks, vms, disks;
	pid_t self = getpid();
	int ready[2];

	if (getenv(sleeper)) {
		prctl(PR_SET_NAME, "qemu-system-x86");
		doze(NULL);
	}
	if (argc != 5 || parse_number(argv[1], 0, 1000000, &tasks) ||
	    parse_number(argv[2], 0, 1000000, &vms) || parse_number(argv[3], 0, 128, &disks))
		errx(2, "usage: crowd TASKS VMS DISKS READY_FILE");
	ready_file = argv[4];
	signal(SIGCHLD, SIG_IGN);
	if (pipe2(ready, O_CLOEXEC))
		err(1, "pipe");
	for (uint64_t i = 0; i < tasks / THREADS; i++)
		if (!start(self))
			become_process(ready[1]);
	if (vms)
		hold_vm();
	for (uint64_t i = 0; i < vms; i++)
		if (!start(self))
			become_vm(i, disks);
	wait_for_all(ready);
	doze(NULL);
}
