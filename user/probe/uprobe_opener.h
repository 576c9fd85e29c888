/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process of its own that opens uprobes, for a tool that has given up what this takes: for a perf
 * event that is a uprobe, the kernel asks for CAP_SYS_ADMIN (perf_uprobe_event_init() of 5.10 to
 * 7.3), with which a tool would be root.
 */
#ifndef KVMQ_UPROBE_OPENER_H
#define KVMQ_UPROBE_OPENER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct uprobe_opener {
	int socket; /* to the other process; negative: there is none */
	pid_t process;
	bool waiting; /* for an answer that did not come in time */
};

/*
 * Starts it: to be called before privileges are dropped. It ends with this process. Returns 0 or
 * -errno, with what uprobe_opener__stop() takes.
 */
int uprobe_opener__start(struct uprobe_opener *opener);

void uprobe_opener__stop(struct uprobe_opener *opener);

/*
 * Opens a uprobe in the executable of a process, at this place of its file. Returns a perf event,
 * to be closed, or -errno: what perf_event_open() said, or -ETIMEDOUT if it says nothing, as of an
 * executable on a file system whose server is dead.
 */
int uprobe_opener__open(struct uprobe_opener *opener, uint32_t pid, uint64_t place);

#endif
