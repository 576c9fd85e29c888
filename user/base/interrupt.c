// SPDX-License-Identifier: GPL-2.0-only
#include "base/interrupt.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/privileges.h"
#include "base/units.h"

#define GIVE_UP_NS (200 * NSEC_PER_MSEC)
#define END_NS (500 * NSEC_PER_MSEC)
#define AGAIN_NS (100 * NSEC_PER_MSEC) /* timeout(1) and shells send one signal twice */
#define LOOK_MS 20
#define STACK_SIZE 65536

typedef void (*restore_function)(void);

static struct {
	_Atomic uint64_t came_ns;  /* the first signal; 0: none */
	_Atomic uint64_t taken_ns; /* by the loop; 0: not yet */
	_Atomic uint64_t begin_ns; /* of what is guarded */
	_Atomic(const char *) doing;
	_Atomic pid_t command;
	_Atomic(restore_function) restore;
	atomic_bool begun;
	bool may_signal; /* there will be a command */
	bool spares_hangup;
	int taken_fd; /* readable from then on */
} state = { .taken_fd = -1 };

void interrupt__signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGTERM);
	if (!state.spares_hangup)
		sigaddset(signals, SIGHUP);
}

void interrupt__spare_hangup(void)
{
	state.spares_hangup = true;
}

/* How long a signal has been pending while guarded work goes on; 0: none has come. */
static uint64_t waited_ns(void)
{
	uint64_t came = state.came_ns, begin = state.begin_ns, now;

	if (!came)
		return 0;
	now = clock_monotonic_ns();
	return now - (begin > came ? begin : came);
}

/*
 * The kernel closes what is open. Nobody may read the line, and the other thread may be waiting for
 * that very reader.
 */
static void end(const char *doing)
{
	struct pollfd output = { .fd = STDERR_FILENO, .events = POLLOUT };
	restore_function restore = state.restore;

	if (restore)
		restore();
	if (poll(&output, 1, 0) == 1)
		log_error("ended by a signal while %s: the last interval is not shown", doing);
	if (state.command)
		kill(state.command, SIGTERM);
	_exit(STATUS_FAILED);
}

/* Waits until a signal is pending, or the loop has taken one; or only looks. */
static bool is_pending(int fd, int timeout_ms)
{
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
				{ .fd = state.taken_fd, .events = POLLIN } };

	poll(fds, 2, timeout_ms);
	return fds[0].revents;
}

/* A signal that was sent twice counts once: the copy is discarded. */
static bool is_another(int fd)
{
	struct signalfd_siginfo info;

	return clock_monotonic_ns() > state.taken_ns + AGAIN_NS ||
	       read(fd, &info, sizeof(info)) != sizeof(info);
}

/* Looks at the signals, and leaves the first one to the loop. */
static void *look_after(void *context)
{
	int fd = (int)(intptr_t)context;

	privileges_drop_thread(state.may_signal);
	atomic_store(&state.begun, true);
	for (;; poll(NULL, 0, LOOK_MS)) {
		const char *doing = state.doing;
		bool taken = state.taken_ns;
		bool pending = is_pending(fd, state.came_ns ? 0 : -1);

		if (pending && !state.came_ns)
			state.came_ns = clock_monotonic_ns();
		else if (!pending && !taken)
			state.came_ns = 0; /* it was passed on */
		if (doing && (waited_ns() > END_NS || (pending && taken && is_another(fd))))
			end(doing);
	}
	return NULL;
}

void interrupt__begin(bool with_command)
{
	pthread_attr_t attributes;
	sigset_t signals, all, before;
	pthread_t thread;
	int fd, error;

	interrupt__signals(&signals);
	fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	state.may_signal = with_command;
	state.taken_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return;
	/* A signal for the process then goes to the other thread, or to a loop that reads it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	error = pthread_create(&thread, &attributes, look_after, (void *)(intptr_t)fd);
	pthread_attr_destroy(&attributes);
	if (error)
		close(fd);
	else /* in one step with the others: one that is ignored would get lost between two */
		sigorset(&before, &before, &signals);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	/*
	 * No thread may have more privileges than this one once privileges_drop() has been called.
	 */
	while (!error && !atomic_load(&state.begun))
		sched_yield();
}

const char *interrupt__guard(const char *doing)
{
	const char *before = state.doing;

	if (!before)
		state.begin_ns = clock_monotonic_ns();
	state.doing = doing;
	return before;
}

bool interrupted(void)
{
	return waited_ns() > GIVE_UP_NS;
}

void interrupt__taken(void)
{
	state.taken_ns = clock_monotonic_ns();
	/* The loop may have been faster than the thread. */
	if (!state.came_ns)
		state.came_ns = state.taken_ns;
	if (state.taken_fd >= 0)
		eventfd_write(state.taken_fd, 1);
}

void interrupt__set_restore(void (*restore)(void))
{
	state.restore = restore;
}

void interrupt__set_command(pid_t pid)
{
	state.command = pid;
}
