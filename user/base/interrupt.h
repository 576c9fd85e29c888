/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIGINT, SIGTERM and SIGHUP end a tool within a second, whatever it is doing. They are blocked.
 * The loop of intervals reads them when it can end an interval; at other times a thread watches for
 * them.
 */
#ifndef KVMQ_INTERRUPT_H
#define KVMQ_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* The three signals, or two of them. */
void interrupt__signals(sigset_t *signals);

/*
 * SIGHUP does not end this tool, which blocks and reads it itself. To be called once, before
 * interrupt__begin().
 */
void interrupt__spare_hangup(void);

/*
 * Blocks them and starts the thread. The thread keeps no privilege but the one to signal a command,
 * if there will be one. To be called once, before anything is opened. If no thread can be started,
 * the signals end the tool as they end any program.
 */
void interrupt__begin(bool with_command);

/*
 * From now on this thread does work whose duration others decide: it reads what they wrote, or
 * waits for them. doing completes "ended by a signal while ..."; NULL: that work is over. If a
 * signal has come and the work still goes on after 0.5 s, the tool ends with STATUS_FAILED and one
 * line. Work that the kernel does for the tool alone is not guarded: it ends by itself, and must
 * not be left half done. Returns the previous doing, to be restored.
 */
const char *interrupt__guard(const char *doing);

/* Whether a signal came 0.2 s ago or earlier: a loop that may be long gives up. */
bool interrupted(void);

/*
 * The loop has read a signal, and ends. Another signal, more than 0.1 s later, ends the tool at
 * once. Not to be called for a signal that is passed on to a command.
 */
void interrupt__taken(void);

/*
 * What the thread does before it ends the tool; NULL: nothing. It must take no lock, since the
 * other thread may hold any.
 */
void interrupt__set_restore(void (*restore)(void));

/* A command that must not outlive the tool; 0: none. */
void interrupt__set_command(pid_t pid);

#endif
