// SPDX-License-Identifier: GPL-2.0-only
#include "probe/uprobe_opener.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/privileges.h"

#define UPROBES "/sys/bus/event_source/devices/uprobe/type"
#define ANSWER_MS 500 /* a tool ends within a second of SIGINT */

struct question {
	uint64_t place;
	uint32_t pid;
	uint32_t unused;
};

/* Room for one file descriptor, aligned as its header is. */
union passed {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

/* The number that this kernel gave its uprobes, or -errno. */
static int uprobe_type(void)
{
	FILE *file = fopen(UPROBES, "re");
	int type, found;

	if (!file)
		return errno == ENOENT ? -EOPNOTSUPP : -errno;
	found = fscanf(file, "%d", &type);
	fclose(file);
	return found == 1 ? type : -EOPNOTSUPP;
}

static int open_event(int type, const struct question *question)
{
	char path[32];
	struct perf_event_attr event = {
		.type = (uint32_t)type,
		.size = sizeof(event),
		.uprobe_path = (uintptr_t)path,
		.probe_offset = question->place,
	};
	long fd;

	if (type < 0)
		return type;
	snprintf(path, sizeof(path), "/proc/%u/exe", question->pid);
	fd = syscall(SYS_perf_event_open, &event, (pid_t)question->pid, -1, -1,
		     PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : (int)fd;
}

/* The perf event, or -errno. Returns whether somebody is there to hear it. */
static bool give_answer(int socket, int fd)
{
	struct iovec part = { &fd, sizeof(fd) };
	union passed passed = { .bytes = { 0 } };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *header;

	if (fd >= 0) {
		message.msg_control = passed.bytes;
		message.msg_controllen = sizeof(passed.bytes);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL) == sizeof(fd);
}

/* The other process: until nobody asks any more. It keeps no file of its parent's open. */
static void serve(int socket)
{
	int type = uprobe_type(), fd;
	struct question question;
	bool heard = true;

	prctl(PR_SET_NAME, "kvmq-uprobe");
	if (dup2(socket, STDIN_FILENO) < 0 || close_range(STDOUT_FILENO, ~0U, 0) ||
	    privileges_keep_uprobes())
		return;
	while (heard && read(STDIN_FILENO, &question, sizeof(question)) == sizeof(question)) {
		fd = open_event(type, &question);
		heard = give_answer(STDIN_FILENO, fd);
		if (fd >= 0)
			close(fd);
	}
}

int uprobe_opener__start(struct uprobe_opener *opener)
{
	int ends[2], error;

	*opener = (struct uprobe_opener){ .socket = -1 };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	opener->process = fork();
	error = opener->process < 0 ? -errno : 0;
	if (!opener->process) {
		close(ends[0]);
		serve(ends[1]);
		_exit(0);
	}
	close(ends[1]);
	opener->socket = ends[0];
	return error;
}

void uprobe_opener__stop(struct uprobe_opener *opener)
{
	if (opener->socket >= 0)
		close(opener->socket);
	/* Not for long: it may be waiting for an executable. */
	if (opener->process > 0)
		waitpid(opener->process, NULL, WNOHANG);
}

/* A perf event or -errno. */
static int take_answer(int socket)
{
	int error = 0, fd = -1;
	struct iovec part = { &error, sizeof(error) };
	union passed passed = { .bytes = { 0 } };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = passed.bytes,
				  .msg_controllen = sizeof(passed.bytes) };
	ssize_t got = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	if (got < 0)
		return -errno;
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	if (fd >= 0)
		return fd;
	return got == sizeof(error) && error < 0 ? error : -EPIPE;
}

/* Whether the last question has been answered, if only after its time. */
static bool is_free(struct uprobe_opener *opener)
{
	struct pollfd readable = { .fd = opener->socket, .events = POLLIN };
	int late;

	if (opener->waiting && poll(&readable, 1, 0) > 0) {
		late = take_answer(opener->socket);
		if (late >= 0)
			close(late);
		opener->waiting = false;
	}
	return !opener->waiting;
}

int uprobe_opener__open(struct uprobe_opener *opener, uint32_t pid, uint64_t place)
{
	struct pollfd readable = { .fd = opener->socket, .events = POLLIN };
	const struct question question = { .place = place, .pid = pid };

	if (!is_free(opener))
		return -ETIMEDOUT;
	if (send(opener->socket, &question, sizeof(question), MSG_NOSIGNAL) < 0)
		return -errno;
	if (poll(&readable, 1, ANSWER_MS) > 0)
		return take_answer(opener->socket);
	opener->waiting = true;
	return -ETIMEDOUT;
}
