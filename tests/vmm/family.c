// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every VM is this program again, started with the options of one VM: so each has
 * a command line, a name and an address space of its own, as VMs have on a host.
 */
#define _GNU_SOURCE 1
#include "family.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "output.h"

struct family {
	const struct options *options;
	pid_t *children; /* one slot for each that may live at the same time; 0: free */
	uint64_t slots;
	uint64_t total;
	uint64_t started, alive, failed;
	bool ending;
	int signal_fd;
	int ready_pipe[2]; /* ready lines from the VMs; not for short-lived ones */
	char *ready_text;
	size_t ready_size, ready_used;
	uint64_t ready_vms;
};

static int open_signals(struct family *family)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	family->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (family->signal_fd < 0) {
		warn("signalfd");
		return -1;
	}
	return 0;
}

static int open_ready(struct family *family)
{
	if (family->options->spawn)
		return 0;
	if (pipe2(family->ready_pipe, O_NONBLOCK)) {
		warn("pipe");
		return -1;
	}
	/* The VMs inherit the end that they write to, and it may block. */
	fcntl(family->ready_pipe[0], F_SETFD, FD_CLOEXEC);
	fcntl(family->ready_pipe[1], F_SETFL, 0);
	family->ready_size = (size_t)family->total * OUTPUT_LINE_MAX;
	family->ready_text = calloc(1, family->ready_size + 1);
	if (!family->ready_text) {
		warn("ready lines");
		return -1;
	}
	return 0;
}

static int open_family(struct family *family, const struct options *options)
{
	*family = (struct family){
		.options = options,
		.slots = options->spawn ? options->parallel : options->vms,
		.total = options->spawn ? options->spawn : options->vms,
		.signal_fd = -1,
		.ready_pipe = { -1, -1 },
	};
	prctl(PR_SET_NAME, options->name);
	family->children = calloc(family->slots, sizeof(family->children[0]));
	if (!family->children) {
		warn("process table");
		return -1;
	}
	return open_signals(family) || open_ready(family) ? -1 : 0;
}

static void close_family(struct family *family)
{
	for (int i = 0; i < 2; i++) {
		if (family->ready_pipe[i] >= 0)
			close(family->ready_pipe[i]);
	}
	if (family->signal_fd >= 0)
		close(family->signal_fd);
	free(family->ready_text);
	free(family->children);
}

/* In the new process: becomes VM number `number`. Does not return. */
static void exec_vm(const struct family *family, uint64_t number, pid_t parent)
{
	struct options options = *family->options;
	const char *argv[OPTIONS_ARGV_MAX];
	char name[280], fd[16];

	prctl(PR_SET_PDEATHSIG, SIGTERM); /* no VM outlives its family */
	if (getppid() != parent)
		_exit(1);
	snprintf(name, sizeof(name), "%s-%llu", options.name, (unsigned long long)number);
	options.text[OPT_NAME] = name;
	if (options.spawn)
		options.text[OPT_SECONDS] =
			options.text[OPT_LIFETIME] ? options.text[OPT_LIFETIME] : "0.5";
	if (family->ready_pipe[1] >= 0) {
		snprintf(fd, sizeof(fd), "%d", family->ready_pipe[1]);
		options.text[OPT_READY_FD] = fd;
	}
	options_argv(&options, argv);
	execv("/proc/self/exe", (char *const *)argv);
	warn("/proc/self/exe");
	_exit(1);
}

static void end_all(struct family *family)
{
	family->ending = true;
	for (uint64_t i = 0; i < family->slots; i++) {
		if (family->children[i])
			kill(family->children[i], SIGTERM);
	}
}

/* With 0: a free slot. */
static pid_t *find_child(struct family *family, pid_t pid)
{
	for (uint64_t i = 0; i < family->slots; i++) {
		if (family->children[i] == pid)
			return &family->children[i];
	}
	return NULL;
}

static void start_due(struct family *family)
{
	pid_t *slot;

	while (!family->ending && family->started < family->total &&
	       (slot = find_child(family, 0))) {
		pid_t parent = getpid();
		pid_t pid = fork();

		if (!pid)
			exec_vm(family, family->started + 1, parent);
		if (pid < 0) {
			warn("fork");
			family->failed++;
			end_all(family);
			return;
		}
		*slot = pid;
		family->started++;
		family->alive++;
	}
}

static void reap(struct family *family)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		pid_t *slot = find_child(family, pid);

		if (!slot)
			continue;
		*slot = 0;
		family->alive--;
		if (WIFEXITED(status) && !WEXITSTATUS(status))
			continue;
		family->failed++;
		if (WIFSIGNALED(status))
			warnx("VM process %d: %s", pid, strsignal(WTERMSIG(status)));
		/* Whoever waits for ready would wait in vain. */
		if (!family->options->spawn && family->ready_vms < family->total)
			end_all(family);
	}
}

static void handle_signals(struct family *family)
{
	struct signalfd_siginfo info;

	while (read(family->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(family);
		else
			end_all(family);
	}
}

static void handle_ready(struct family *family)
{
	char *text = family->ready_text + family->ready_used;
	ssize_t got = read(family->ready_pipe[0], text, family->ready_size - family->ready_used);

	if (got <= 0)
		return;
	family->ready_used += (size_t)got;
	for (ssize_t i = 0; i < got; i++)
		family->ready_vms += text[i] == '\n';
	if (family->ready_vms < family->total)
		return;
	printf("ready vms=%llu\n", (unsigned long long)family->ready_vms);
	if (family->options->ready_file &&
	    output_replace(family->options->ready_file, family->ready_text)) {
		family->failed++;
		end_all(family);
	}
}

int family_main(const struct options *options)
{
	struct family family;
	int status = 1;

	if (open_family(&family, options))
		goto cleanup;
	for (start_due(&family); family.alive; start_due(&family)) {
		struct pollfd fds[] = {
			{ .fd = family.signal_fd, .events = POLLIN },
			{ .fd = family.ready_pipe[0], .events = POLLIN },
		};

		if (poll(fds, 2, -1) < 0 && errno != EINTR) {
			warn("poll");
			end_all(&family);
		}
		if (fds[1].revents)
			handle_ready(&family);
		if (fds[0].revents)
			handle_signals(&family);
	}
	printf("done vms=%llu failed=%llu\n", (unsigned long long)family.started,
	       (unsigned long long)family.failed);
	status = family.failed ? 1 : 0;
cleanup:
	close_family(&family);
	return status;
}
