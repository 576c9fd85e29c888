// SPDX-License-Identifier: GPL-2.0-only
/*
 * runner - runs commands for the host in a nested guest that has a shell
 * (lab-guest start --tools); the agent, its init, starts it.
 *
 * A request is one line on the virtio-serial port, "TAG SECONDS COMMAND", with
 * a command line of the shell's. The answer is "=TAG STATUS OUT ERR" and so many
 * bytes of standard output and of standard error; or "!TAG REASON". What COMMAND
 * wrote before its end arrives whole; what it leaves running holds nothing up.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PORT "/dev/vport0p2"
#define PORT_CLASS "/sys/class/virtio-ports"
#define PORT_NAMES "/dev/virtio-ports"
#define REQUEST_MAX 16384
#define OUTPUT_MAX (16 << 20) /* of either stream */
#define READ_SIZE 65536
#define PATH "/usr/local/bin:/usr/bin:/bin:/sbin:/usr/sbin"

enum { OUT, ERR, NR_STREAMS, CHILD = NR_STREAMS, NR_FDS };

struct output {
	char *text;
	size_t len;
	bool too_long;
};

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "runner: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Returns how much it took; 0 when there is nothing to read just now. */
static size_t take(struct pollfd *from, struct output *output)
{
	static char buf[READ_SIZE];
	ssize_t n = from->fd < 0 ? 0 : read(from->fd, buf, sizeof(buf));

	if (n <= 0) {
		if (n == 0)
			from->fd = -1;
		return 0;
	}
	if (output->len + n > OUTPUT_MAX) {
		output->too_long = true;
		return n;
	}
	output->text = realloc(output->text, output->len + n);
	if (!output->text)
		die("realloc");
	memcpy(output->text + output->len, buf, n);
	output->len += n;
	return n;
}

/* What is in the pipe now, and not what a process left behind goes on to write */
static void take_rest(struct pollfd *from, struct output *output)
{
	int left = 0;
	size_t n;

	if (from->fd >= 0)
		ioctl(from->fd, FIONREAD, &left);
	while (left > 0 && (n = take(from, output)) > 0)
		left -= n;
}

static void __attribute__((noreturn)) run_child(int out, int err, const char *command)
{
	int in = open("/dev/null", O_RDONLY);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

static pid_t start(const char *command, int fds[NR_FDS])
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
	setpgid(pid, pid);
	close(out[1]);
	close(err[1]);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	fds[OUT] = out[0];
	fds[ERR] = err[0];
	fds[CHILD] = syscall(SYS_pidfd_open, pid, 0);
	if (fds[CHILD] < 0)
		die("pidfd_open");
	return pid;
}

/* Returns the command's status (128 + N for signal N), or -1: it was ended, out of time. */
static int run(const char *command, long seconds, struct output outputs[NR_STREAMS])
{
	long end = now_ms() + seconds * 1000, left = 0;
	struct pollfd from[NR_FDS];
	int fds[NR_FDS], status;
	pid_t pid = start(command, fds);

	for (int i = 0; i < NR_FDS; i++)
		from[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	do {
		left = end - now_ms();
		if (left <= 0)
			kill(-pid, SIGKILL);
		if (poll(from, NR_FDS, left > 0 ? left : -1) < 0 && errno != EINTR)
			die("poll");
		take(&from[OUT], &outputs[OUT]);
		take(&from[ERR], &outputs[ERR]);
	} while (!from[CHILD].revents);
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	take_rest(&from[OUT], &outputs[OUT]);
	take_rest(&from[ERR], &outputs[ERR]);
	for (int i = 0; i < NR_FDS; i++)
		close(fds[i]);
	if (left <= 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A device has a name that says what it is for; where udev is, it makes these links. */
static void name_ports(void)
{
	DIR *ports = opendir(PORT_CLASS);
	struct dirent *port;
	char path[512], target[512], name[128];

	mkdir(PORT_NAMES, 0755);
	while (ports && (port = readdir(ports))) {
		FILE *file;

		snprintf(path, sizeof(path), PORT_CLASS "/%s/name", port->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fscanf(file, "%127s", name) == 1) {
			snprintf(path, sizeof(path), PORT_NAMES "/%s", name);
			snprintf(target, sizeof(target), "../%s", port->d_name);
			if (symlink(target, path) && errno != EEXIST)
				die(path);
		}
		fclose(file);
	}
	if (ports)
		closedir(ports);
}

/* A host that has gone is not waited for. */
static void send_all(int port, const char *text, size_t len)
{
	struct pollfd p = { .fd = port, .events = POLLOUT };

	while (len) {
		ssize_t n = write(port, text, len);

		if (n > 0) {
			text += n;
			len -= n;
		} else if (n == 0 || errno != EAGAIN || poll(&p, 1, 5000) <= 0) {
			return;
		}
	}
}

static void answer(int port, char *line)
{
	struct output outputs[NR_STREAMS] = { 0 };
	char *rest = NULL, *tag = strtok_r(line, " ", &rest), head[128];
	char *seconds = strtok_r(NULL, " ", &rest);
	int status;

	if (!tag || !seconds || !*rest)
		return;
	name_ports();
	status = run(rest, atol(seconds), outputs);
	if (status < 0)
		snprintf(head, sizeof(head), "!%.32s it did not end in time\n", tag);
	else if (outputs[OUT].too_long || outputs[ERR].too_long)
		snprintf(head, sizeof(head), "!%.32s it wrote too much\n", tag);
	else
		snprintf(head, sizeof(head), "=%.32s %d %zu %zu\n", tag, status, outputs[OUT].len,
			 outputs[ERR].len);
	send_all(port, head, strlen(head));
	for (int i = 0; i < NR_STREAMS; i++) {
		if (head[0] == '=')
			send_all(port, outputs[i].text, outputs[i].len);
		free(outputs[i].text);
	}
}

/* As the agent does: the port says by SIGIO when to look again. */
static void serve(int port, const sigset_t *io)
{
	static char buf[REQUEST_MAX];
	size_t len = 0;

	for (;;) {
		ssize_t n = read(port, buf + len, sizeof(buf) - 1 - len);
		char *line = buf, *end;

		if (n <= 0) {
			sigwaitinfo(io, NULL);
			continue;
		}
		len += n;
		buf[len] = '\0';
		while ((end = strchr(line, '\n'))) {
			*end = '\0';
			answer(port, line);
			line = end + 1;
		}
		len -= line - buf;
		memmove(buf, line, len);
		if (len == sizeof(buf) - 1)
			len = 0; /* talk sends no request that is so long */
	}
}

/* What a tool finds on any system. Not all kernels have all of them. */
static void mount_all(void)
{
	static const struct {
		const char *type, *dir;
	} list[] = {
		{ "tracefs", "/sys/kernel/tracing" },
		{ "debugfs", "/sys/kernel/debug" },
		{ "bpf", "/sys/fs/bpf" },
		{ "cgroup2", "/sys/fs/cgroup" },
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		mount(list[i].type, list[i].dir, list[i].type, 0, NULL);
}

int main(void)
{
	sigset_t io;
	int port = -1;

	signal(SIGCHLD, SIG_DFL); /* the agent ignores it */
	setenv("PATH", PATH, 1);
	mount_all();
	sigemptyset(&io);
	sigaddset(&io, SIGIO);
	sigprocmask(SIG_BLOCK, &io, NULL);
	for (int i = 0; i < 300 && port < 0; i++) { /* it may appear a moment after its driver */
		port = open(PORT, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		if (port < 0)
			usleep(10000);
	}
	if (port < 0 || fcntl(port, F_SETOWN, getpid()) ||
	    fcntl(port, F_SETFL, O_NONBLOCK | O_ASYNC))
		die(PORT);
	serve(port, &io);
}
