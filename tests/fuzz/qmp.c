// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a monitor says, as libFuzzer makes it up: all of it is there before it is asked. The disks
 * are those of a command line before, and answers may be about them.
 */
#include "fuzz.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "disks/disk.h"
#include "disks/rings.h"

#define GREETING "{\"QMP\":{\"version\":{\"qemu\":{\"major\":9,\"minor\":0}}}}\n{\"return\":{}}\n"

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static struct part said;
static int listener = -1;

static void *answer(void *unused)
{
	int fd = accept(listener, NULL, NULL);

	if (fd < 0)
		return unused;
	send(fd, GREETING, strlen(GREETING), MSG_NOSIGNAL);
	send(fd, said.text, said.size, MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	/* Until it has gone: a reset would take away what was not read yet. */
	while (recv(fd, address.sun_path + sizeof(address.sun_path) - 1, 1, 0) > 0)
		;
	close(fd);
	return unused;
}

static void begin(void)
{
	if (listener >= 0)
		return;
	begin_proc(300);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.80s/qmp", proc.path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (const struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, 8))
		fake_fail(address.sun_path);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const char cmdline[] =
		"qemu-system-x86_64\0-drive\0file=/a,if=none,id=a\0-device\0"
		"virtio-blk-pci,drive=a,id=b\0-blockdev\0driver=file,node-name=n,filename=/c";
	struct disks disks = { 0 };
	struct qmp *qmp = NULL;
	pthread_t thread;

	begin();
	said = (struct part){ (const char *)data, size };
	if (pthread_create(&thread, NULL, answer, NULL))
		abort();
	disks__from_cmdline(&disks, cmdline, sizeof(cmdline));
	if (!qmp__open(&qmp, address.sun_path, 1000)) {
		qmp__limit(qmp, 1000);
		disks__ask(&disks, qmp);
	}
	qmp__close(qmp);
	pthread_join(thread, NULL);
	disks__free(&disks);
	return 0;
}
