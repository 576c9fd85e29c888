/* SPDX-License-Identifier: GPL-2.0-only */
/* A process that looks like a QEMU with a serial port for guest reports; after guest_sample.h. */
#ifndef KVMQ_GUEST_VM_H
#define KVMQ_GUEST_VM_H

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/units.h"

struct fake_vm {
	pid_t pid;
	uint64_t start_ns;
	int listener;
	int port; /* the guest's end of the connection, or -1 */
	char folder[64], path[108];
	char cmdline[512];
	size_t cmdline_size;
};

/* The kernel says that the child listens, and we have what comes. */
static inline void fake_vm__start(struct fake_vm *vm)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int ready[2];
	char byte;

	strcpy(vm->folder, "/tmp/kvmq-vm-XXXXXX");
	assert_non_null(mkdtemp(vm->folder));
	snprintf(vm->path, sizeof(vm->path), "%s/port,a", vm->folder);
	strcpy(address.sun_path, vm->path);
	vm->port = -1;
	vm->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(vm->listener >= 0);
	assert_int_equal(bind(vm->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(pipe(ready), 0);
	vm->pid = fork();
	assert_true(vm->pid >= 0);
	if (!vm->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (listen(vm->listener, 1) || write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	vm->cmdline_size = (size_t)snprintf(
		vm->cmdline, sizeof(vm->cmdline),
		"qemu%c-chardev%csocket,id=kvmq,path=%s/port,,a,server=on,wait=off%c"
		"-device%cvirtserialport,chardev=kvmq,name=kvmq.io.0%c",
		0, 0, vm->folder, 0, 0, 0);
}

static inline void fake_vm__stop(struct fake_vm *vm)
{
	if (vm->port >= 0)
		close(vm->port);
	close(vm->listener);
	kill(vm->pid, SIGKILL);
	waitpid(vm->pid, NULL, 0);
	unlink(vm->path);
	rmdir(vm->folder);
}

static inline bool fake_vm__asked(const struct fake_vm *vm, int timeout_ms)
{
	struct pollfd fd = { .fd = vm->listener, .events = POLLIN };

	return poll(&fd, 1, timeout_ms) == 1;
}

/* Takes the connection that the host has made. */
static inline void fake_vm__accept(struct fake_vm *vm)
{
	assert_true(fake_vm__asked(vm, 5000));
	if (vm->port >= 0)
		close(vm->port);
	vm->port = accept4(vm->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	assert_true(vm->port >= 0);
}

static inline int fake_vms__tell(struct guest_links *links, const struct fake_vm *vms, size_t count)
{
	struct guest_vm *given = calloc(count + 1, sizeof(*given));
	int error;

	for (size_t i = 0; i < count; i++) {
		given[i].pid = (uint32_t)vms[i].pid;
		given[i].start_ns = vms[i].start_ns;
		guest_way__from_cmdline(&given[i].way, vms[i].cmdline, vms[i].cmdline_size);
	}
	error = guest_links__set_vms(links, given, count);
	free(given);
	return error;
}

/* Starts VMs, tells the links of them, and takes the links' connections. */
static inline void fake_vms__connect(struct guest_links *links, struct fake_vm *vms, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fake_vm__start(&vms[i]);
	assert_int_equal(fake_vms__tell(links, vms, count), 0);
	for (size_t i = 0; i < count; i++)
		fake_vm__accept(&vms[i]);
}

/* Ends the links first: what they hold is of VMs that are there. */
static inline void fake_vms__stop(struct guest_links *links, struct fake_vm *vms, size_t count)
{
	guest_links__free(links);
	for (size_t i = 0; i < count; i++)
		fake_vm__stop(&vms[i]);
}

/* Polls as the tool does, for at most so long, or until something came. Returns whether it did. */
static inline bool links_wait(struct guest_links *links, int timeout_ms)
{
	struct pollfd fd = { .fd = guest_links__fd(links), .events = POLLIN };
	int got = poll(&fd, 1, timeout_ms);

	assert_int_equal(guest_links__poll(links), 0);
	return got == 1;
}

/* Sends bytes as fast as the host takes them. */
static inline void fake_vm__send(struct fake_vm *vm, struct guest_links *links, const char *bytes,
				 size_t size)
{
	while (size) {
		ssize_t sent = send(vm->port, bytes, size, MSG_NOSIGNAL);

		if (sent > 0) {
			bytes += sent;
			size -= (size_t)sent;
		} else {
			links_wait(links, 1000);
		}
	}
}

/* Until nothing comes for a window and a half: 500 ms each. */
static inline void links_settle(struct guest_links *links)
{
	while (links_wait(links, 750))
		;
}

#endif
