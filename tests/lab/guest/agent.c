// SPDX-License-Identifier: GPL-2.0-only
/*
 * agent - the whole user space of a nested guest in the lab: its init, its
 * workload and its answers to the host.
 *
 * A request is one line on the virtio-serial port, "TAG WORD [ARGUMENT]"; the
 * answer is "<TAG", some text, and ">TAG ok" or ">TAG error REASON". The tag
 * lets the host drop an answer to a request that it has given up on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PORT "/dev/vport0p1"
#define DISK "/dev/vda"
#define RUNNER "/bin/runner"
#define MAX_CPUS 64
#define TOGGLE_NS 200000
#define TOGGLE_MAX_NS 10000000
#define BLOCK 4096
#define CACHE_LINE 64

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static atomic_bool stop;
static pthread_t threads[MAX_CPUS];
static int nr_threads;

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "agent: %s: %s\n", what, strerror(errno));
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

/* Workloads: each function is one thread's life, until it is told to stop. */

static bool stopped(void)
{
	return atomic_load_explicit(&stop, memory_order_relaxed);
}

static void *run_busy(void *arg)
{
	(void)arg;
	while (!stopped())
		;
	return NULL;
}

static long clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

/*
 * Sleeps most of the time: under emulation a wake-up and the way back to sleep
 * take milliseconds, so the sleep is some times as long as the last one was late.
 */
static void *run_toggle(void *arg)
{
	long nap = TOGGLE_NS, late;

	(void)arg;
	/* the default slack of 50 us would be a quarter of the sleep */
	prctl(PR_SET_TIMERSLACK, 1UL);
	while (!stopped()) {
		struct timespec time = { .tv_nsec = nap };

		late = clock_ns() + nap;
		clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
		late = clock_ns() - late;
		nap = late * 4 < TOGGLE_NS ? TOGGLE_NS : late * 4 < TOGGLE_MAX_NS ? late * 4 :
										    TOGGLE_MAX_NS;
	}
	return NULL;
}

/* Half of what is free, shared out between the threads */
static size_t memory_share(void)
{
	size_t pages = sysconf(_SC_AVPHYS_PAGES);

	return pages / 2 / nr_threads * BLOCK;
}

static void *run_memory(void *arg)
{
	size_t size = memory_share();
	volatile char *area;

	(void)arg;
	area = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		die("mmap");
	while (!stopped())
		for (size_t at = 0; at < size && !stopped(); at += CACHE_LINE)
			area[at]++;
	munmap((void *)area, size);
	return NULL;
}

/* Reads and writes in turn, spread over the disk by a multiplier. */
static void *run_disk(void *arg)
{
	uint64_t at = (uintptr_t)arg + 1, size = 0;
	int fd = open(DISK, O_RDWR | O_DIRECT);
	void *buf;

	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &size) || size < BLOCK)
		die(DISK);
	if (posix_memalign(&buf, BLOCK, BLOCK))
		die("posix_memalign");
	memset(buf, 0x5a, BLOCK);
	while (!stopped()) {
		off_t offset = at % (size / BLOCK) * BLOCK;

		if (at & 1 ? pwrite(fd, buf, BLOCK, offset) < 0 :
			     pread(fd, buf, BLOCK, offset) < 0)
			die(DISK);
		at = at * 6364136223846793005ULL + 1442695040888963407ULL;
	}
	free(buf);
	close(fd);
	return NULL;
}

static const struct workload {
	const char *name;
	void *(*run)(void *arg);
	const char *needs;
} workloads[] = {
	{ .name = "idle" },
	{ .name = "busy", .run = run_busy },
	{ .name = "toggle", .run = run_toggle },
	{ .name = "memory", .run = run_memory },
	{ .name = "disk", .run = run_disk, .needs = DISK },
};

static const struct workload *current = &workloads[0];

static int online_cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > MAX_CPUS ? MAX_CPUS : (int)n;
}

static void start_thread(int i, void *(*run)(void *))
{
	pthread_attr_t attr;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(i, &cpus);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(cpus), &cpus);
	errno = pthread_create(&threads[i], &attr, run, (void *)(intptr_t)i);
	if (errno)
		die("pthread_create");
	pthread_attr_destroy(&attr);
}

/* One thread per vCPU, each on its own; replaces what ran before. */
static void set_workload(const struct workload *w)
{
	int n = nr_threads;

	atomic_store(&stop, true);
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	atomic_store(&stop, false);
	current = w;
	nr_threads = w->run ? online_cpus() : 0;
	for (int i = 0; i < nr_threads; i++)
		start_thread(i, w->run);
}

/* Requests: each returns NULL, or the reason why it cannot be done. */

static const char *cat(FILE *out, const char *path)
{
	char buf[BLOCK];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return strerror(errno);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, n, out);
	close(fd);
	return NULL;
}

static const char *do_stat(FILE *out, const char *arg)
{
	(void)arg;
	return cat(out, "/proc/stat");
}

static const char *do_uptime(FILE *out, const char *arg)
{
	(void)arg;
	return cat(out, "/proc/uptime");
}

/* A new identity for each boot: how the host knows that a reboot is over */
static const char *do_boot(FILE *out, const char *arg)
{
	(void)arg;
	return cat(out, "/proc/sys/kernel/random/boot_id");
}

static const char *do_workload(FILE *out, const char *arg)
{
	const struct workload *w = NULL;

	for (size_t i = 0; arg && i < ARRAY_SIZE(workloads); i++)
		if (!strcmp(arg, workloads[i].name))
			w = &workloads[i];
	if (arg && !w)
		return "no such workload: idle, busy, toggle, memory or disk";
	if (w && w->needs && access(w->needs, R_OK | W_OK))
		return "this guest has no disk: start it with --disk";
	if (w)
		set_workload(w);
	fprintf(out, "%s\n", current->name);
	return NULL;
}

/* A hot-plugged CPU stays offline until somebody asks for it. */
static bool bring_online(int cpu)
{
	char path[64];
	bool done = false;
	char state = '1';
	int fd;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, &state, 1) == 1 && state == '0')
		done = pwrite(fd, "1", 1, 0) == 1;
	close(fd);
	return done;
}

static const char *do_cpus(FILE *out, const char *arg)
{
	bool grown = false;

	(void)arg;
	for (int cpu = 1; cpu < MAX_CPUS; cpu++)
		grown |= bring_online(cpu);
	if (grown)
		set_workload(current);
	fprintf(out, "%d\n", online_cpus());
	return NULL;
}

static int reboot_how; /* set by a request, done once it is answered */

static const char *do_reboot(FILE *out, const char *arg)
{
	(void)out;
	(void)arg;
	reboot_how = RB_AUTOBOOT;
	return NULL;
}

static const char *do_poweroff(FILE *out, const char *arg)
{
	(void)out;
	(void)arg;
	reboot_how = RB_POWER_OFF;
	return NULL;
}

static const struct request {
	const char *name;
	const char *(*answer)(FILE *out, const char *arg);
} requests[] = {
	{ "stat", do_stat },	 { "uptime", do_uptime },
	{ "boot", do_boot },	 { "workload", do_workload },
	{ "cpus", do_cpus },	 { "reboot", do_reboot },
	{ "poweroff", do_poweroff },
};

/*
 * The port is non-blocking: with no host at the other end, a read would
 * otherwise return 0 for ever and a write would hang. SIGIO says when to look
 * again, so an idle guest has no timer of ours.
 */
static void send_all(int port, const char *text, size_t len)
{
	struct pollfd p = { .fd = port, .events = POLLOUT };

	while (len) {
		ssize_t n = write(port, text, len);

		if (n > 0) {
			text += n;
			len -= n;
		} else if (n == 0 || errno != EAGAIN || poll(&p, 1, 1000) <= 0) {
			return; /* the host has gone */
		}
	}
}

static void answer(int port, char *line)
{
	const char *tag = strtok(line, " "), *word = strtok(NULL, " ");
	const char *arg = strtok(NULL, " "), *error = "no such request";
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	if (!tag || !word)
		return;
	out = open_memstream(&text, &len);
	if (!out)
		die("open_memstream");
	fprintf(out, "<%s\n", tag);
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		if (!strcmp(word, requests[i].name))
			error = requests[i].answer(out, arg);
	fprintf(out, error ? ">%s error %s\n" : ">%s ok\n", tag, error);
	fclose(out);
	send_all(port, text, len);
	free(text);
	if (reboot_how) {
		usleep(20000); /* let the host read the answer */
		reboot(reboot_how);
	}
}

static void serve(int port, const sigset_t *io)
{
	static char buf[512];
	size_t len = 0;

	for (;;) {
		ssize_t n = read(port, buf + len, sizeof(buf) - 1 - len);
		char *line = buf, *end;

		if (n <= 0) {
			sigwaitinfo(io, NULL);
			continue;
		}
		len += n;
		buf[len] = '\0';
		while ((end = strchr(line, '\n'))) {
			*end = '\0';
			answer(port, line);
			line = end + 1;
		}
		len -= line - buf;
		memmove(buf, line, len);
		if (len == sizeof(buf) - 1)
			len = 0; /* no request is that long */
	}
}

/* Start-up */

static void mount_all(void)
{
	int fd;

	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	if (mount("proc", "/proc", "proc", 0, NULL) ||
	    mount("sysfs", "/sys", "sysfs", 0, NULL) ||
	    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL))
		die("mount");
	fd = open("/dev/console", O_RDWR);
	for (int i = 0; fd >= 0 && i <= 2; i++)
		dup2(fd, i);
}

static void load_modules(void)
{
	FILE *order = fopen("/mods/order", "re");
	char name[128], path[256];

	while (order && fscanf(order, "%127s", name) == 1) {
		int fd;

		snprintf(path, sizeof(path), "/mods/%s", name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
			die(path);
		close(fd);
	}
	if (order)
		fclose(order);
}

/* The port appears a moment after its driver; so may the disk. */
static int open_port(void)
{
	const struct timespec nap = { .tv_nsec = 10000000 };
	int fd = -1;

	for (int i = 0; i < 3000 && fd < 0; i++) {
		fd = open(PORT, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			nanosleep(&nap, NULL);
	}
	if (fd < 0)
		die(PORT);
	return fd;
}

/* In a guest with tools: what runs commands for the host (runner.c). */
static void start_runner(void)
{
	signal(SIGCHLD, SIG_IGN); /* its children end up here */
	if (!access(RUNNER, X_OK) && !fork()) {
		execl(RUNNER, "runner", NULL);
		die(RUNNER);
	}
}

int main(void)
{
	const char *workload = getenv("workload"); /* from the command line of the kernel */
	const char *error;
	sigset_t io;
	int port;

	mount_all();
	load_modules();
	start_runner();
	sigemptyset(&io);
	sigaddset(&io, SIGIO);
	sigprocmask(SIG_BLOCK, &io, NULL);
	port = open_port();
	if (fcntl(port, F_SETOWN, getpid()) ||
	    fcntl(port, F_SETFL, O_NONBLOCK | O_ASYNC))
		die("fcntl");
	error = do_workload(stdout, workload);
	if (error)
		fprintf(stderr, "agent: %s: %s\n", workload, error);
	serve(port, &io);
}
