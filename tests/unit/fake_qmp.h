/* SPDX-License-Identifier: GPL-2.0-only */
/* A monitor of a QEMU that says what a test wants: one connection, in a thread. */
#ifndef KVMQ_FAKE_QMP_H
#define KVMQ_FAKE_QMP_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FAKE_GREETING                                                                              \
	"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, "         \
	"\"package\": \"\"}, \"capabilities\": [\"oob\"]}}\r\n"
#define FAKE_DONE "{\"return\": {}}\r\n"

struct fake_qmp {
	char folder[64];
	char path[96];
	int listener;
	pthread_t thread;
	const char *greeting;
	/* What to send after a command; NULL: hang up. The line has no newline. */
	const char *(*answer)(void *context, const char *line);
	void *context;
	size_t piece; /* bytes sent at a time; 0: all */
};

static inline int fake_qmp__send(const struct fake_qmp *qmp, int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		size_t size = qmp->piece && qmp->piece < left ? qmp->piece : left;
		ssize_t sent = send(fd, text, size, MSG_NOSIGNAL);

		if (sent <= 0)
			return -1;
		text += sent;
		left -= (size_t)sent;
		if (qmp->piece)
			usleep(100);
	}
	return 0;
}

static inline void *fake_qmp__serve(void *argument)
{
	struct fake_qmp *qmp = argument;
	int fd = accept(qmp->listener, NULL, NULL);
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");
	const char *text = qmp->greeting;
	char *line = NULL;
	size_t size = 0;

	while (in && text && !fake_qmp__send(qmp, fd, text) && getline(&line, &size, in) > 0) {
		line[strcspn(line, "\n")] = '\0';
		text = strstr(line, "qmp_capabilities") ? FAKE_DONE
							: qmp->answer(qmp->context, line);
	}
	free(line);
	if (in)
		fclose(in);
	return NULL;
}

/* Everything but folder, path, listener and thread is set by the caller. */
static inline void fake_qmp__open(struct fake_qmp *qmp)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *folder = getenv("TMPDIR");

	snprintf(qmp->folder, sizeof(qmp->folder), "%s/kvmq-qmp-XXXXXX", folder ? folder : "/tmp");
	if (!mkdtemp(qmp->folder))
		abort();
	snprintf(qmp->path, sizeof(qmp->path), "%s/socket", qmp->folder);
	strcpy(address.sun_path, qmp->path);
	qmp->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(qmp->listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(qmp->listener, 0) || pthread_create(&qmp->thread, NULL, fake_qmp__serve, qmp))
		abort();
}

/* After the connection has been closed. */
static inline void fake_qmp__close(struct fake_qmp *qmp)
{
	shutdown(qmp->listener, SHUT_RDWR);
	pthread_join(qmp->thread, NULL);
	close(qmp->listener);
	unlink(qmp->path);
	rmdir(qmp->folder);
}

/* What a monitor answers to a command in which both texts (one may be NULL) occur. */
struct fake_answer {
	const char *command;
	const char *argument;
	const char *text;
};

/* An answer of a table that ends with NULL as command; otherwise, what QEMU does not know. */
static inline const char *fake_qmp__look_up(void *context, const char *line)
{
	for (const struct fake_answer *answer = context; answer->command; answer++)
		if (strstr(line, answer->command) &&
		    (!answer->argument || strstr(line, answer->argument)))
			return answer->text;
	return "{\"error\": {\"class\": \"GenericError\", \"desc\": \"\"}}\r\n";
}

#endif
