/* SPDX-License-Identifier: GPL-2.0-only */
/* A terminal of a given width, for what looks at that. */
#ifndef KVMQ_TERMINAL_H
#define KVMQ_TERMINAL_H

#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* Copies what comes out of a terminal. */
static inline void *terminal__copy(void *data)
{
	int fd = *(int *)data;
	char text[4096];
	ssize_t got;

	while ((got = read(fd, text, sizeof(text))) > 0)
		fwrite(text, 1, (size_t)got, stdout);
	return NULL;
}

/*
 * Calls print with a file that is a terminal of so many columns; what it writes goes to standard
 * output. Returns what print does, or ends the process.
 */
static inline int terminal__print(uint16_t columns, int (*print)(void *context, FILE *file),
				  void *context)
{
	struct winsize size = { .ws_row = 25, .ws_col = columns };
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave, error;
	struct termios raw;
	pthread_t copier;
	FILE *file;

	if (master < 0 || grantpt(master) || unlockpt(master)) {
		perror("pseudo-terminal");
		exit(2);
	}
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || tcgetattr(slave, &raw) || ioctl(slave, TIOCSWINSZ, &size)) {
		perror("pseudo-terminal");
		exit(2);
	}
	cfmakeraw(&raw);
	tcsetattr(slave, TCSANOW, &raw);
	file = fdopen(slave, "w");
	pthread_create(&copier, NULL, terminal__copy, &master);
	error = print(context, file);
	fclose(file); /* ends the copying */
	pthread_join(copier, NULL);
	close(master);
	return error;
}

#endif
