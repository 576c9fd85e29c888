/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIGINT, SIGTERM and SIGHUP end a tool within a second, whatever it is doing. They are blocked,
 * for the loop of intervals to read them when an interval can be ended; until it does, a thread
 * looks after them.
 */
#ifndef KVMQ_INTERRUPT_H
#define KVMQ_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* Those three. */
void interrupt__signals(sigset_t *signals);

/*
 * Blocks them and starts the thread, which keeps no privilege but that to signal a command, if
 * there will be one: to be called once, before anything is opened. Where there is no thread to be
 * had they end the tool as they end any other program.
 */
void interrupt__begin(bool with_command);

/*
 * From now on this thread does what may take as long as others want: read what they wrote, wait for
 * them. doing stands in "ended by a signal while ..."; NULL: not any more. If a signal has come and
 * that is still so after 0.5 s, the tool ends with STATUS_FAILED and one line. What the kernel does
 * for the tool alone ends by itself, and is not to be left half done. Returns what was done before,
 * to go on with.
 */
const char *interrupt__guard(const char *doing);

/* Whether such a signal has come 0.2 s ago or more: a loop that may be long gives up. */
bool interrupted(void);

/*
 * The loop has read a signal, and ends; another one, later than 0.1 s after, ends the tool at once.
 * Not to be called for one that is passed on to a command.
 */
void interrupt__taken(void);

/*
 * What the thread does before it ends the tool; NULL: nothing. It must need no lock, for the other
 * thread may hold any.
 */
void interrupt__set_restore(void (*restore)(void));

/* A command that must not outlive the tool; 0: none. */
void interrupt__set_command(pid_t pid);

#endif
