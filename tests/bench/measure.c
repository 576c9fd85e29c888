// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a command and prints what it and BPF programs cost meanwhile:
 *
 *   LABEL PROGRAM RUNS NS       each program of the processes LABEL=PID
 *   command CPU_NS WALL_NS      the command with its children
 *
 * The kernel's run statistics are on for as long as this lives, by a file
 * descriptor: nothing is left to be restored, however this ends. Without a
 * LABEL=PID they stay off.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAMS_MAX 64
#define NSEC_PER_SEC 1000000000ULL

struct program {
	const char *label;
	uint32_t id;
	int fd;
	struct bpf_prog_info before, after;
};

static struct program programs[PROGRAMS_MAX];
static size_t program_count;

static void add_program(const char *label, uint32_t id)
{
	struct program *program = &programs[program_count];

	for (size_t i = 0; i < program_count; i++)
		if (programs[i].id == id)
			return;
	if (program_count == PROGRAMS_MAX)
		errx(1, "more than %d programs", PROGRAMS_MAX);
	program->label = label;
	program->id = id;
	program->fd = bpf_prog_get_fd_by_id(id);
	if (program->fd < 0)
		err(1, "program %u of %s", id, label);
	program_count++;
}

/* A file descriptor of a program, or of a link to one, names the program. */
static void read_fdinfo(const char *label, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[256];
	uint32_t id;

	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "prog_id: %" SCNu32, &id) == 1)
			add_program(label, id);
	fclose(file);
}

/* LABEL=PID */
static void add_process(char *argument)
{
	char *equals = strchr(argument, '='), path[300];
	size_t before = program_count;
	struct dirent *entry;
	DIR *directory;

	if (!equals)
		errx(2, "%s is not LABEL=PID", argument);
	*equals = '\0';
	snprintf(path, sizeof(path), "/proc/%s/fdinfo", equals + 1);
	directory = opendir(path);
	if (!directory)
		err(1, "%s", path);
	while ((entry = readdir(directory))) {
		snprintf(path, sizeof(path), "/proc/%s/fdinfo/%s", equals + 1, entry->d_name);
		read_fdinfo(argument, path);
	}
	closedir(directory);
	if (program_count == before)
		errx(1, "process %s (%s) has no BPF program", equals + 1, argument);
}

static void read_programs(bool after)
{
	for (size_t i = 0; i < program_count; i++) {
		struct bpf_prog_info *info = after ? &programs[i].after : &programs[i].before;
		__u32 size = sizeof(*info);

		if (bpf_obj_get_info_by_fd(programs[i].fd, info, &size))
			err(1, "statistics of a program of %s", programs[i].label);
	}
}

static void print_programs(void)
{
	for (size_t i = 0; i < program_count; i++) {
		const struct bpf_prog_info *before = &programs[i].before;
		const struct bpf_prog_info *after = &programs[i].after;

		printf("%s %s %" PRIu64 " %" PRIu64 "\n", programs[i].label, after->name,
		       (uint64_t)(after->run_cnt - before->run_cnt),
		       (uint64_t)(after->run_time_ns - before->run_time_ns));
	}
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

static uint64_t timeval_ns(struct timeval time)
{
	return (uint64_t)time.tv_sec * NSEC_PER_SEC + (uint64_t)time.tv_usec * 1000;
}

/* Its output is of no interest. Returns its exit status. */
static int run_command(char **command, struct rusage *usage)
{
	pid_t pid = fork();
	int status, null;

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		null = open("/dev/null", O_WRONLY);
		if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
			err(127, "/dev/null");
		execvp(command[0], command);
		err(127, "%s", command[0]);
	}
	if (wait4(pid, &status, 0, usage) < 0)
		err(1, "wait4");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	struct rusage usage;
	uint64_t begin, end;
	int i, status;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		add_process(argv[i]);
	if (i >= argc - 1)
		errx(2, "usage: measure [LABEL=PID]... -- COMMAND [ARGUMENT]...");
	if (program_count && bpf_enable_stats(BPF_STATS_RUN_TIME) < 0)
		err(1, "run statistics");
	read_programs(false);
	begin = now_ns();
	status = run_command(&argv[i + 1], &usage);
	end = now_ns();
	read_programs(true);
	print_programs();
	printf("command %" PRIu64 " %" PRIu64 "\n",
	       timeval_ns(usage.ru_utime) + timeval_ns(usage.ru_stime), end - begin);
	return status;
}
