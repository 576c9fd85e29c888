// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two processes give a CPU to each other, and each touches so many pages in between: what the
 * next switch needs of memory is out of the TLB by then, as on a host that does some work.
 */
#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/units.h"

#define PAGE 4096
#define LINE 64

static volatile char *memory;
static uint64_t pages;

/* A line of each page, not the same one of all: the caches have room for these. */
static void touch(void)
{
	for (uint64_t i = 0; i < pages; i++)
		memory[i * PAGE + i * LINE % PAGE]++;
}

static void take_turns(int from, int to, uint64_t turns)
{
	char byte = 0;

	for (uint64_t i = 0; i < turns; i++) {
		if (read(from, &byte, 1) != 1)
			errx(1, "the other one has gone");
		touch();
		if (write(to, &byte, 1) != 1)
			err(1, "pipe");
	}
}

int main(int argc, char **argv)
{
	int there[2], back[2], status;
	uint64_t turns;
	pid_t child;

	if (argc != 3 || parse_number(argv[1], 1, 1 << 20, &pages) ||
	    parse_number(argv[2], 1, 1 << 30, &turns))
		errx(2, "usage: cold PAGES TURNS");
	if (pipe(there) || pipe(back))
		err(1, "pipe");
	child = fork();
	if (child < 0)
		err(1, "fork");
	memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	if (memory == MAP_FAILED)
		err(1, "%lu pages", (unsigned long)pages);
	madvise((void *)memory, pages * PAGE, MADV_NOHUGEPAGE);
	if (!child) {
		take_turns(there[0], back[1], turns);
		return 0;
	}
	if (write(there[1], "", 1) != 1)
		err(1, "pipe");
	take_turns(back[0], there[1], turns);
	return waitpid(child, &status, 0) != child || status;
}
