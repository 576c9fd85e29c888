// SPDX-License-Identifier: GPL-2.0-only
/*
 * fifo FILE: all tasks of the fair class run under the sched_ext scheduler in FILE (fifo.bpf.o),
 * from when this says "enabled" until SIGINT or SIGTERM ends it.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdio.h>

static struct bpf_object *open_scheduler(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *init;

	if (!object)
		err(1, "%s", path);
	init = bpf_object__find_program_by_name(object, "fifo_init");
	if (!init)
		errx(1, "%s: no scheduler: it has no fifo_init", path);
	bpf_program__set_flags(init, bpf_program__flags(init) | BPF_F_SLEEPABLE);
	return object;
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_link *link;
	sigset_t ends;
	int signal;

	if (argc != 2)
		errx(2, "usage: fifo FILE");
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	object = open_scheduler(argv[1]);
	if (bpf_object__load(object))
		err(1, "%s: the kernel takes no such program", argv[1]);
	link = bpf_map__attach_struct_ops(bpf_object__find_map_by_name(object, "fifo"));
	if (!link)
		err(1, "%s: the kernel takes no such scheduler", argv[1]);
	puts("enabled");
	fflush(stdout);
	sigwait(&ends, &signal);
	bpf_link__destroy(link);
	bpf_object__close(object);
	return 0;
}
