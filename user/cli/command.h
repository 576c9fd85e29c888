/* SPDX-License-Identifier: GPL-2.0-only */
/* The command that a tool runs beside itself (kvmq-X -- COMMAND). */
#ifndef KVMQ_COMMAND_H
#define KVMQ_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

struct command {
	pid_t pid; /* 0: none */
	int gate;  /* writing to it lets the command begin */
	bool ended;
	int status; /* exit status: the command's, or 128 + signal */
};

/*
 * Forks a child, with the present privileges, that waits to be started. Returns 0 or -errno after
 * one line.
 */
int command__prepare(struct command *command, char **arguments);

void command__start(struct command *command);

/* Takes the exit status if it has ended. */
void command__reap(struct command *command);

/* Ends a child that was never started, or passes a signal on. */
void command__signal(struct command *command, int signal);

#endif
