// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE 1
#include "vm.h"

#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "machine.h"
#include "output.h"
#include "run.h"

#define SECOND_NS 1000000000ull
#define READY_POLL_NS 2000000ull
#define FOREVER UINT64_MAX

struct vm {
	const struct options *options;
	struct machine machine;
	struct run run;
	int signal_fd;
};

enum wake {
	WAKE_TIME,
	WAKE_END, /* a signal, or a vCPU that failed */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static enum wake sleep_until(const struct vm *vm, uint64_t deadline)
{
	struct pollfd fds[] = {
		{ .fd = vm->signal_fd, .events = POLLIN },
		{ .fd = vm->run.failed_fd, .events = POLLIN },
	};

	for (;;) {
		uint64_t now = now_ns();
		uint64_t left = deadline > now ? deadline - now : 0;
		struct timespec timeout = {
			.tv_sec = (time_t)(left / SECOND_NS),
			.tv_nsec = (long)(left % SECOND_NS),
		};
		int ready = ppoll(fds, 2, deadline == FOREVER ? NULL : &timeout, NULL);

		if (ready > 0)
			return WAKE_END;
		if (now_ns() >= deadline)
			return WAKE_TIME;
	}
}

static unsigned int mode_actions(const struct options *options)
{
	switch (options->mode) {
	case MODE_HALT:
		return GUEST_HALT;
	case MODE_PIO:
		return GUEST_PIO;
	case MODE_MMIO:
		return GUEST_MMIO_WRITE;
	case MODE_HYPERCALL:
		return machine_hypercall();
	case MODE_CPUID:
		return GUEST_CPUID;
	case MODE_TOUCH:
		return GUEST_TOUCH;
	case MODE_LOCK:
		return GUEST_SPIN;
	case MODE_BUSY:
		break;
	}
	return 0;
}

static struct workload make_workload(const struct options *options)
{
	struct workload workload = {
		.actions = mode_actions(options),
		.burn_us = options->burn_us,
		.halt_us = options->wait_us,
		.busy = (unsigned int)options->busy,
	};

	/* Where nothing else exits to the VMM, its sleep needs an exit of its own. */
	if (options->wait_us && options->mode != MODE_HALT && options->mode != MODE_MMIO)
		workload.actions |= GUEST_PIO;
	return workload;
}

static int open_vm(struct vm *vm)
{
	const struct options *options = vm->options;
	struct workload workload = make_workload(options);
	struct run_config config = {
		.pins = options->pins,
		.pin_count = options->pin_count,
		.exit_work_ns = options->delay_us * 1000,
	};
	sigset_t signals;

	if (options->mode != MODE_HALT)
		config.exit_sleep_ns = options->wait_us * 1000;
	prctl(PR_SET_NAME, options->name);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_SETMASK, &signals, NULL); /* before threads, which inherit it */
	vm->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (vm->signal_fd < 0) {
		warn("signalfd");
		return -1;
	}
	if (machine_open(&vm->machine, &workload, &options->memory))
		return -1;
	return run_open(&vm->run, &vm->machine, &config);
}

static int announce(const struct vm *vm)
{
	char line[OUTPUT_LINE_MAX];
	size_t used;

	used = (size_t)snprintf(line, sizeof(line), "ready pid=%d tids=", getpid());
	for (unsigned int i = 0; i < vm->run.count; i++)
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%d", i ? "," : "",
					 atomic_load(&vm->run.runners[i].tid));
	if (vm->machine.memory.address)
		used += (size_t)snprintf(line + used, sizeof(line) - used, " low=%p memory=%p",
					 (void *)vm->machine.low.address,
					 (void *)vm->machine.memory.address);
	snprintf(line + used, sizeof(line) - used, " name=%s\n", vm->options->name);
	fputs(line, stdout);
	if (vm->options->ready_fd)
		return output_write((int)vm->options->ready_fd, line);
	if (vm->options->ready_file)
		return output_replace(vm->options->ready_file, line);
	return 0;
}

static int hotplug(struct vm *vm)
{
	unsigned int index = vm->run.count;

	if (machine_add_vcpu(&vm->machine) || run_start(&vm->run))
		return -1;
	while (!run_started(&vm->run)) {
		if (sleep_until(vm, now_ns() + READY_POLL_NS) == WAKE_END)
			return 0;
	}
	printf("hotplug pid=%d vcpu=%u tid=%d\n", getpid(), index,
	       atomic_load(&vm->run.runners[index].tid));
	return 0;
}

static int live(struct vm *vm)
{
	const struct options *options = vm->options;
	uint64_t start, end;

	/*
	 * All before the first thread: 32 vCPUs that each had to be made beside
	 * busy ones took minutes in the lab, where this takes seconds.
	 */
	for (uint64_t i = 0; i < options->vcpus; i++) {
		if (machine_add_vcpu(&vm->machine))
			return -1;
	}
	if (run_start(&vm->run))
		return -1;
	while (!run_started(&vm->run)) {
		if (sleep_until(vm, now_ns() + READY_POLL_NS) == WAKE_END)
			return 0;
	}
	if (announce(vm))
		return -1;
	start = now_ns();
	end = options->seconds_ns ? start + options->seconds_ns : FOREVER;
	if (options->hotplug) {
		if (sleep_until(vm, start + options->hotplug_after_ns) == WAKE_END)
			return 0;
		if (hotplug(vm))
			return -1;
	}
	if (sleep_until(vm, end) == WAKE_END || !options->hold)
		return 0;
	run_pause(&vm->run);
	printf("paused pid=%d\n", getpid());
	sleep_until(vm, FOREVER);
	return 0;
}

static int report(const struct vm *vm)
{
	int ret = 0;

	for (unsigned int i = 0; i < vm->machine.vcpu_count; i++) {
		const struct vcpu *vcpu = &vm->machine.vcpus[i];
		const struct runner *runner = &vm->run.runners[i];

		printf("vcpu %u tid %d pid=%d loops=%llu timer_irqs=%llu user_pio=%llu "
		       "user_mmio=%llu",
		       i, atomic_load(&runner->tid), getpid(),
		       (unsigned long long)vcpu->counters->loops,
		       (unsigned long long)vcpu->counters->timer_irqs,
		       (unsigned long long)runner->pio_exits,
		       (unsigned long long)runner->mmio_exits);
		if (vm->options->stats && vcpu_print_stats(vcpu, stdout))
			ret = -1;
		putchar('\n');
	}
	if (vm->machine.memory.address)
		printf("memory pid=%d pages=%llu touched=%llu\n", getpid(),
		       (unsigned long long)vm->machine.memory.size / GUEST_PAGE,
		       (unsigned long long)machine_touched(&vm->machine));
	return ret;
}

int vm_main(const struct options *options)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	int ret = -1;

	if (!vm) {
		warn("VM");
		return 1;
	}
	vm->options = options;
	vm->signal_fd = -1;
	if (!open_vm(vm)) {
		ret = live(vm);
		run_stop(&vm->run);
		if (report(vm) || atomic_load(&vm->run.failed))
			ret = -1;
		run_close(&vm->run);
	}
	machine_close(&vm->machine);
	if (vm->signal_fd >= 0)
		close(vm->signal_fd);
	free(vm);
	return ret ? 1 : 0;
}
