// SPDX-License-Identifier: GPL-2.0-only
/*
 * talk - the lab host's end of a guest's sockets.
 *
 * talk agent SOCKET SECONDS WORD...  asks the agent in the guest and prints its
 *                                    answer (see tests/lab/guest/agent.c)
 * talk run SOCKET SECONDS COMMAND    has the runner in the guest run a shell's
 *                                    command line, prints what it wrote, and
 *                                    exits with its status, or with 124 when
 *                                    there is none (tests/lab/guest/runner.c)
 * talk qmp SOCKET SECONDS JSON...    runs QMP commands, prints each reply
 *
 * Exit status, but for run: 0 done, 1 refused (the reason is on standard error), 4 no answer.
 * C, because tests call it often and starting an interpreter under emulation
 * takes a second.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define NO_ANSWER 4
#define NO_STATUS 124
#define REQUEST_MAX 16384
#define GRACE_MS 20000 /* for the runner to say that time was up */
#define RESEND_MS 5000
#define RETRY_MS 50

static long deadline_ms;

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void __attribute__((noreturn)) give_up(const char *socket_path)
{
	fprintf(stderr, "lab-guest: no answer on %s\n", socket_path);
	exit(NO_ANSWER);
}

static int connect_to(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(to.sun_path))
		give_up(path);
	strcpy(to.sun_path, path);
	while (connect(fd, (struct sockaddr *)&to, sizeof(to))) {
		if (now_ms() >= deadline_ms)
			give_up(path);
		usleep(RETRY_MS * 1000);
	}
	return fd;
}

static struct {
	char buf[65536];
	size_t len, taken;
} input;

/* The next line, or NULL when none comes until then (or the peer has gone). */
static char *read_line(int fd, long until_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	memmove(input.buf, input.buf + input.taken, input.len -= input.taken);
	input.taken = 0;
	for (;;) {
		char *end = memchr(input.buf, '\n', input.len);
		long left = until_ms - now_ms();
		ssize_t n;

		if (end) {
			*end = '\0';
			input.taken = end + 1 - input.buf;
			return input.buf;
		}
		if (input.len == sizeof(input.buf) || left <= 0 || poll(&p, 1, left) <= 0)
			return NULL;
		n = read(fd, input.buf + input.len, sizeof(input.buf) - input.len);
		if (n <= 0)
			return NULL;
		input.len += n;
	}
}

static void send_text(int fd, const char *text)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		exit(NO_ANSWER);
}

static bool starts(const char *line, char mark, const char *tag)
{
	return line[0] == mark && !strncmp(line + 1, tag, strlen(tag));
}

/* Prints the answer with this tag; 0 or 1, or -1 when none came in time. */
static int read_answer(int fd, const char *tag, long until_ms)
{
	bool mine = false;
	char *line;

	while ((line = read_line(fd, until_ms))) {
		const char *result = line + 1 + strlen(tag);

		if (starts(line, '<', tag)) {
			mine = true;
		} else if (mine && starts(line, '>', tag)) {
			if (!strcmp(result, " ok"))
				return 0;
			fprintf(stderr, "lab-guest: %s\n", result + strlen(" error "));
			return 1;
		} else if (mine) {
			puts(line);
		}
	}
	return -1;
}

/* Asks again now and then: a guest that restarts may lose a request. */
static int talk_agent(const char *path, char **words)
{
	char tag[32], request[512];
	int fd = connect_to(path), result = -1;
	size_t len;

	snprintf(tag, sizeof(tag), "%d.%ld", getpid(), now_ms());
	len = snprintf(request, sizeof(request), "%s", tag);
	for (; *words && len < sizeof(request); words++)
		len += snprintf(request + len, sizeof(request) - len, " %s", *words);
	if (len + 1 >= sizeof(request)) {
		fprintf(stderr, "lab-guest: the request is too long\n");
		return 1;
	}
	strcpy(request + len, "\n");
	while (result < 0 && now_ms() < deadline_ms) {
		long until = now_ms() + RESEND_MS;

		send_text(fd, request);
		result = read_answer(fd, tag, until < deadline_ms ? until : deadline_ms);
	}
	if (result < 0)
		give_up(path);
	return result;
}

/* So many bytes of what comes go to stream. */
static bool copy_bytes(int fd, size_t len, FILE *stream)
{
	while (len) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		size_t here = input.len - input.taken;
		ssize_t n;

		if (here) {
			here = here < len ? here : len;
			fwrite(input.buf + input.taken, 1, here, stream);
			input.taken += here;
			len -= here;
			continue;
		}
		input.len = input.taken = 0;
		if (poll(&p, 1, deadline_ms - now_ms()) <= 0)
			return false;
		n = read(fd, input.buf, sizeof(input.buf));
		if (n <= 0)
			return false;
		input.len = n;
	}
	return true;
}

/* Not asked again, as the agent is: a command must not run twice. */
static int talk_run(const char *path, long seconds, const char *command)
{
	char tag[32], request[REQUEST_MAX];
	size_t out, err;
	char *line;
	int fd, status;

	deadline_ms += GRACE_MS;
	fd = connect_to(path);
	snprintf(tag, sizeof(tag), "%d.%ld", getpid(), now_ms());
	if (strchr(command, '\n') || snprintf(request, sizeof(request), "%s %ld %s\n", tag, seconds,
					      command) >= (int)sizeof(request)) {
		fprintf(stderr, "lab-guest: the command is too long, or of several lines\n");
		return NO_STATUS;
	}
	send_text(fd, request);
	while ((line = read_line(fd, deadline_ms))) {
		if (starts(line, '!', tag)) {
			fprintf(stderr, "lab-guest: %s: %s\n", command, line + strlen(tag) + 2);
			return NO_STATUS;
		}
		if (!starts(line, '=', tag))
			continue;
		if (sscanf(line + 1 + strlen(tag), "%d %zu %zu", &status, &out, &err) == 3 &&
		    copy_bytes(fd, out, stdout) && copy_bytes(fd, err, stderr))
			return status;
		break;
	}
	fprintf(stderr, "lab-guest: no answer on %s\n", path);
	return NO_STATUS;
}

/* Skips events. A reply has "return" or "error" where an event has "event". */
static const char *qmp_run(int fd, const char *path, const char *json)
{
	char *line;

	send_text(fd, json);
	send_text(fd, "\n");
	do {
		line = read_line(fd, deadline_ms);
		if (!line)
			give_up(path);
	} while (strstr(line, "\"event\": "));
	return line;
}

static int talk_qmp(const char *path, char **commands)
{
	int fd = connect_to(path), failed = 0;

	if (!read_line(fd, deadline_ms)) /* the greeting */
		give_up(path);
	qmp_run(fd, path, "{\"execute\": \"qmp_capabilities\"}");
	for (; *commands; commands++) {
		const char *reply = qmp_run(fd, path, *commands);

		puts(reply);
		failed |= !strncmp(reply, "{\"error\"", strlen("{\"error\""));
	}
	return failed;
}

int main(int argc, char **argv)
{
	if (argc < 5) {
		fprintf(stderr, "usage: talk agent|run|qmp SOCKET SECONDS WORD...\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOFBF, 65536);
	deadline_ms = now_ms() + 1000 * atol(argv[3]);
	if (!strcmp(argv[1], "qmp"))
		return talk_qmp(argv[2], argv + 4);
	if (!strcmp(argv[1], "run"))
		return talk_run(argv[2], atol(argv[3]), argv[4]);
	return talk_agent(argv[2], argv + 4);
}
