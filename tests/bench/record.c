// SPDX-License-Identifier: GPL-2.0-only
/*
 * What recording so many vCPUs takes, with figures and distributions such as those of kvmq-cpu,
 * half of them busy: prints one a line: NAME VALUE. The second half idles, or all do, which tells
 * the bytes of one kind from those of the other.
 */
#include <err.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recording/recorder.h"
#include "recording/recording.h"
#include "vcpus.h"

#define MOMENTS 100

/* Its bytes; and the time of each moment on a CPU. */
static uint64_t record(const char *path, size_t count, size_t busy, uint64_t *write_ns)
{
	struct moment moment;
	struct recorder *recorder;
	struct stat file;
	uint64_t begin_ns;

	begin(&moment, count);
	unlink(path);
	if (recorder__open(&recorder, path, &info))
		exit(1);
	*write_ns = 0;
	for (int i = 0; i < MOMENTS; i++) {
		begin_ns = cpu_ns();
		if (recorder__write(recorder, &moment))
			exit(1);
		*write_ns += (cpu_ns() - begin_ns) / MOMENTS;
		go_on(&moment, busy);
	}
	recorder__close(recorder);
	list_free(&moment.vcpus);
	if (stat(path, &file))
		err(1, "%s", path);
	return (uint64_t)file.st_size;
}

static uint64_t replay(const char *path)
{
	struct moment moment = { 0 };
	struct recording *recording;
	uint64_t begin_ns = cpu_ns();

	if (recording__open(&recording, path, &info))
		exit(1);
	while (recording__next(recording, &moment) > 0)
		;
	recording__close(recording);
	list_free(&moment.vcpus);
	return (cpu_ns() - begin_ns) / MOMENTS;
}

int main(int argc, char **argv)
{
	size_t count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	uint64_t idle, half, ns, idle_ns;

	if (count < 2) {
		fprintf(stderr, "usage: record FILE VCPUS\n");
		return 2;
	}
	idle = record(argv[1], count, 0, &idle_ns);
	half = record(argv[1], count, count / 2, &ns);
	printf("idle_bytes %.1f\n", (double)idle / (double)(count * MOMENTS));
	printf("busy_bytes %.1f\n",
	       ((double)half - (double)idle / 2) / ((double)count / 2 * MOMENTS));
	printf("write_ns %" PRIu64 "\nidle_write_ns %" PRIu64 "\nread_ns %" PRIu64 "\n", ns,
	       idle_ns, replay(argv[1]));
	printf("memory_bytes %lld\n", (long long)sqlite3_memory_highwater(0));
	return 0;
}
