// SPDX-License-Identifier: GPL-2.0-only
#include "cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

/* As the shell has it. */
#define STATUS_NOT_FOUND 127
#define STATUS_NOT_RUNNABLE 126

static void run_child(int gate, char **arguments)
{
	sigset_t none;
	char go;

	if (read(gate, &go, 1) != 1)
		_exit(STATUS_FAILED); /* the tool has ended before */
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(arguments[0], arguments);
	log_error("%s: %s: give a program that can be run", arguments[0], strerror(errno));
	_exit(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUNNABLE);
}

int command__prepare(struct command *command, char **arguments)
{
	int gate[2];

	*command = (struct command){ .gate = -1 };
	if (pipe2(gate, O_CLOEXEC)) {
		log_error("%s: %s", arguments[0], strerror(errno));
		return -errno;
	}
	command->pid = fork();
	if (command->pid < 0) {
		log_error("%s: fork: %s", arguments[0], strerror(errno));
		return -errno;
	}
	if (!command->pid) {
		close(gate[1]);
		run_child(gate[0], arguments);
	}
	close(gate[0]);
	command->gate = gate[1];
	return 0;
}

void command__start(struct command *command)
{
	if (command->gate < 0)
		return;
	if (write(command->gate, "", 1) != 1)
		log_error("the command: it has ended before it was started");
	close(command->gate);
	command->gate = -1;
}

void command__reap(struct command *command)
{
	int status;

	if (!command->pid || command->ended || waitpid(command->pid, &status, WNOHANG) <= 0)
		return;
	command->ended = true;
	command->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void command__signal(struct command *command, int signal)
{
	if (!command->pid || command->ended)
		return;
	if (command->gate >= 0) {
		close(command->gate);
		command->gate = -1;
		waitpid(command->pid, NULL, 0);
		command->ended = true;
	} else {
		kill(command->pid, signal);
	}
}
