// SPDX-License-Identifier: GPL-2.0-only
/*
 * relay OUT ERR STATUS WORD COMMAND... - runs COMMAND inside the lab's host and
 * carries its output to two virtio-serial ports, then writes "WORD STATUS" to a
 * third. Exits with COMMAND's status (128 + N for signal N).
 *
 * COMMAND gets pipes, not the ports: a port opens only once, so a script's
 * "echo > /dev/stderr" would fail with EBUSY. What COMMAND wrote before its end
 * arrives whole; what a process it left behind writes later does not hold up
 * the end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUT, ERR, STATUS, NR_PORTS, CHILD = STATUS };

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
	exit(125);
}

static void write_all(int fd, const char *buf, size_t len)
{
	while (len) {
		ssize_t n = write(fd, buf, len);

		if (n < 0 && errno != EINTR)
			die("port");
		if (n > 0) {
			buf += n;
			len -= n;
		}
	}
}

/* A write only queues its bytes; POLLOUT says that QEMU has taken them. */
static void wait_taken(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
}

/* Returns how much it carried, 0 when there is nothing to read just now. */
static int carry(struct pollfd *from, int to)
{
	static char buf[32768];
	ssize_t n = from->fd < 0 ? 0 : read(from->fd, buf, sizeof(buf));

	if (n > 0)
		write_all(to, buf, n);
	if (n == 0)
		from->fd = -1;
	return n < 0 ? 0 : n;
}

/* What is in the pipe now, and not what a process left behind goes on to write */
static void carry_rest(struct pollfd *from, int to)
{
	int left = 0, n;

	if (from->fd >= 0)
		ioctl(from->fd, FIONREAD, &left);
	while (left > 0 && (n = carry(from, to)) > 0)
		left -= n;
	wait_taken(to);
}

static void __attribute__((noreturn)) run_child(int out, int err, char **command)
{
	int in = open("/dev/null", O_RDONLY);

	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	if (in > 2)
		close(in);
	execvp(command[0], command);
	fprintf(stderr, "lab: %s: %s\n", command[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static pid_t start(char **command, struct pollfd *from)
{
	int out[2], err[2];
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		die("pipe2");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		run_child(out[1], err[1], command);
	close(out[1]);
	close(err[1]);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	from[OUT] = (struct pollfd){ .fd = out[0], .events = POLLIN };
	from[ERR] = (struct pollfd){ .fd = err[0], .events = POLLIN };
	from[CHILD] = (struct pollfd){ .events = POLLIN };
	from[CHILD].fd = syscall(SYS_pidfd_open, pid, 0);
	if (from[CHILD].fd < 0)
		die("pidfd_open");
	return pid;
}

int main(int argc, char **argv)
{
	struct pollfd from[NR_PORTS];
	int port[NR_PORTS], status;
	char line[64];
	pid_t pid;

	if (argc < 6)
		return 2;
	for (int i = 0; i < NR_PORTS; i++) {
		port[i] = open(argv[1 + i], O_WRONLY | O_CLOEXEC);
		if (port[i] < 0)
			die(argv[1 + i]);
	}
	pid = start(argv + 5, from);
	do {
		if (poll(from, NR_PORTS, -1) < 0 && errno != EINTR)
			die("poll");
		carry(&from[OUT], port[OUT]);
		carry(&from[ERR], port[ERR]);
	} while (!from[CHILD].revents);
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	carry_rest(&from[OUT], port[OUT]);
	carry_rest(&from[ERR], port[ERR]);
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	snprintf(line, sizeof(line), "%s %d\n", argv[4], status);
	write_all(port[STATUS], line, strlen(line));
	wait_taken(port[STATUS]);
	return status;
}
