// SPDX-License-Identifier: GPL-2.0-only
/*
 * Serves a text of SIZE bytes as kvmqd serves its metrics, for tests/cli/web.sh, until SIGTERM:
 *
 *   serve_text LISTEN SIZE
 *
 * Each second it is another text. Prints the port; at the end what web__state() says, how often
 * the text was asked for, its largest memory in KiB and its time on a CPU in ms.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/units.h"
#include "daemon/web.h"

struct served {
	char *text;
	size_t size;
	uint64_t asked;
};

static int get_text(void *context, enum exposition_format format, const char **text, size_t *size,
		    uint64_t *moment)
{
	struct served *served = context;

	(void)format;
	served->asked++;
	if (!served->size)
		return -EAGAIN;
	*text = served->text;
	*size = served->size;
	*moment = clock_monotonic_ns() / NSEC_PER_SEC;
	return 0;
}

static int fill(struct served *served, size_t size)
{
	static const char line[] = "kvmq_test_total 1\n";

	served->text = malloc(size + sizeof(line));
	if (!served->text)
		return -ENOMEM;
	for (size_t at = 0; at < size; at += sizeof(line) - 1)
		memcpy(served->text + at, line, sizeof(line));
	served->size = size;
	return 0;
}

static int serve(struct web *web)
{
	struct pollfd fds[2] = { { .fd = web__fd(web), .events = POLLIN } };
	sigset_t signals;
	int error = 0;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	fds[1] = (struct pollfd){ .fd = signalfd(-1, &signals, SFD_CLOEXEC), .events = POLLIN };
	if (fds[1].fd < 0)
		return -errno;
	printf("port %u\n", web__port(web));
	fflush(stdout);
	while (!error && poll(fds, 2, -1) >= 0 && !fds[1].revents)
		error = web__run(web);
	close(fds[1].fd);
	return error;
}

int main(int argc, char **argv)
{
	struct served served = { 0 };
	const struct web_ops ops = { get_text, &served };
	struct web_state state;
	struct rusage usage;
	struct web *web;
	int error;

	if (argc != 3)
		return 2;
	log_init("serve_text", 0);
	error = fill(&served, strtoul(argv[2], NULL, 10));
	if (!error)
		error = web__open(&web, argv[1], &ops);
	if (error)
		return 1;
	error = serve(web);
	web__state(web, &state);
	web__close(web);
	free(served.text);
	getrusage(RUSAGE_SELF, &usage);
	printf("served %llu dropped %llu asked %llu memory %ld cpu %llu\n",
	       (unsigned long long)state.served, (unsigned long long)state.dropped,
	       (unsigned long long)served.asked, usage.ru_maxrss,
	       (unsigned long long)(clock_process_cpu_ns() / NSEC_PER_MSEC));
	return error ? 1 : 0;
}
