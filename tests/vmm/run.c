// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread per vCPU. To get one out of KVM_RUN, or out of its sleep in the VMM,
 * it is kicked: immediate_exit closes KVM_RUN, a signal ends what is going on.
 * A signal that comes just before the sleep is lost, so kicks are repeated.
 */
#define _GNU_SOURCE 1
#include "run.h"

#include <err.h>
#include <errno.h>
#include <linux/kvm.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define KICK_SIGNAL SIGUSR1
#define KICK_AGAIN_NS 100000000
#define SECOND_NS 1000000000

/* A run begins paused and goes on when all threads are there, so that vCPUs start together. */
enum phase {
	PHASE_PAUSE,
	PHASE_RUN,
	PHASE_STOP,
};

static void ignore_kick(int signal)
{
	(void)signal; /* a handler, because SIG_IGN would not interrupt */
}

static void report_fault(const struct runner *runner)
{
	const struct kvm_run *kvm_run = runner->vcpu->run;
	struct kvm_regs regs = { 0 };

	ioctl(runner->vcpu->fd, KVM_GET_REGS, &regs);
	warnx("vCPU %u: exception %d in the guest, rsp %#llx", runner->vcpu->index,
	      *((const uint8_t *)kvm_run + kvm_run->io.data_offset), regs.rsp);
}

static void report_exit(const struct runner *runner)
{
	const struct kvm_run *kvm_run = runner->vcpu->run;
	struct kvm_regs regs = { 0 };
	unsigned long long detail = 0;

	if (kvm_run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
		detail = kvm_run->internal.suberror;
	else if (kvm_run->exit_reason == KVM_EXIT_FAIL_ENTRY)
		detail = kvm_run->fail_entry.hardware_entry_failure_reason;
	ioctl(runner->vcpu->fd, KVM_GET_REGS, &regs);
	warnx("vCPU %u: unexpected exit %u (%#llx) at rip %#llx", runner->vcpu->index,
	      kvm_run->exit_reason, detail, regs.rip);
}

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * SECOND_NS + (uint64_t)time.tv_nsec;
}

static void work_in_vmm(const struct runner *runner)
{
	uint64_t ns = runner->run->config.exit_work_ns, begin;

	if (!ns)
		return;
	begin = now_ns();
	while (now_ns() - begin < ns)
		;
}

static void sleep_in_vmm(const struct runner *runner)
{
	uint64_t ns = runner->run->config.exit_sleep_ns;
	struct timespec time = {
		.tv_sec = (time_t)(ns / SECOND_NS),
		.tv_nsec = (long)(ns % SECOND_NS),
	};

	if (ns)
		nanosleep(&time, NULL);
}

static int handle_exit(struct runner *runner)
{
	const struct kvm_run *kvm_run = runner->vcpu->run;

	if (kvm_run->exit_reason == KVM_EXIT_IO && kvm_run->io.port == GUEST_PORT_EXIT) {
		runner->pio_exits++;
	} else if (kvm_run->exit_reason == KVM_EXIT_MMIO && kvm_run->mmio.phys_addr == GUEST_MMIO) {
		runner->mmio_exits++;
	} else if (kvm_run->exit_reason == KVM_EXIT_IO && kvm_run->io.port == GUEST_PORT_FAULT) {
		report_fault(runner);
		return -1;
	} else {
		report_exit(runner);
		return -1;
	}
	work_in_vmm(runner);
	sleep_in_vmm(runner);
	return 0;
}

/* With the lock held. Wakes who waits for the last thread to be outside. */
static void set_outside(struct runner *runner, bool outside)
{
	struct run *run = runner->run;

	runner->outside = outside;
	if (outside)
		run->outside++;
	else
		run->outside--;
	if (run->outside == run->count)
		pthread_cond_broadcast(&run->changed);
}

static void park(struct runner *runner)
{
	struct run *run = runner->run;

	pthread_mutex_lock(&run->lock);
	set_outside(runner, true);
	while (atomic_load(&run->phase) == PHASE_PAUSE)
		pthread_cond_wait(&run->changed, &run->lock);
	set_outside(runner, false);
	pthread_mutex_unlock(&run->lock);
}

/* Returns 0 when told to stop, -1 after an unexpected exit. */
static int run_vcpu(struct runner *runner)
{
	struct run *run = runner->run;

	for (;;) {
		int phase = atomic_load(&run->phase);

		if (phase == PHASE_STOP)
			return 0;
		if (phase == PHASE_PAUSE) {
			park(runner);
			continue;
		}
		if (!ioctl(runner->vcpu->fd, KVM_RUN, NULL)) {
			if (handle_exit(runner))
				return -1;
		} else if (errno != EINTR && errno != EAGAIN) {
			warn("vCPU %u: KVM_RUN", runner->vcpu->index);
			return -1;
		}
	}
}

static int set_up_thread(const struct runner *runner)
{
	const struct run_config *config = &runner->run->config;
	unsigned int index = runner->vcpu->index;
	char name[16];
	cpu_set_t cpus;

	snprintf(name, sizeof(name), "CPU %u/KVM", index); /* as QEMU names them */
	pthread_setname_np(pthread_self(), name);
	if (!config->pin_count)
		return 0;
	CPU_ZERO(&cpus);
	CPU_SET(config->pins[index % config->pin_count], &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus)) {
		warn("vCPU %u: CPU %u", index, config->pins[index % config->pin_count]);
		return -1;
	}
	return 0;
}

static void *runner_main(void *argument)
{
	struct runner *runner = argument;
	struct run *run = runner->run;

	atomic_store(&runner->tid, gettid());
	if (set_up_thread(runner) || run_vcpu(runner)) {
		atomic_store(&run->failed, true);
		eventfd_write(run->failed_fd, 1);
	}
	pthread_mutex_lock(&run->lock);
	set_outside(runner, true);
	pthread_mutex_unlock(&run->lock);
	return NULL;
}

int run_open(struct run *run, struct machine *machine, const struct run_config *config)
{
	struct sigaction kick = { .sa_handler = ignore_kick };
	pthread_condattr_t attributes;

	*run = (struct run){ .machine = machine, .config = *config, .failed_fd = -1 };
	atomic_init(&run->phase, PHASE_PAUSE);
	pthread_mutex_init(&run->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&run->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	run->failed_fd = eventfd(0, EFD_CLOEXEC);
	if (run->failed_fd < 0 || sigaction(KICK_SIGNAL, &kick, NULL)) {
		warn("setting up threads");
		return -1;
	}
	return 0;
}

static int start_runner(struct run *run, unsigned int index)
{
	struct runner *runner = &run->runners[index];
	int error;

	runner->run = run;
	runner->vcpu = &run->machine->vcpus[index];
	error = pthread_create(&runner->thread, NULL, runner_main, runner);
	if (error) {
		warnx("thread of vCPU %u: %s", index, strerror(error));
		return -1;
	}
	return 0;
}

int run_start(struct run *run)
{
	int ret = 0;

	pthread_mutex_lock(&run->lock);
	while (run->count < run->machine->vcpu_count && !ret) {
		ret = start_runner(run, run->count);
		if (!ret)
			run->count++;
	}
	if (!ret && atomic_load(&run->phase) == PHASE_PAUSE) {
		while (run->outside < run->count)
			pthread_cond_wait(&run->changed, &run->lock);
		atomic_store(&run->phase, PHASE_RUN);
		pthread_cond_broadcast(&run->changed);
	}
	pthread_mutex_unlock(&run->lock);
	return ret;
}

bool run_started(const struct run *run)
{
	for (unsigned int i = 0; i < run->count; i++) {
		if (!run->runners[i].vcpu->counters->started)
			return false;
	}
	return true;
}

static void kick_all(struct run *run)
{
	for (unsigned int i = 0; i < run->count; i++) {
		struct runner *runner = &run->runners[i];

		if (runner->outside)
			continue;
		__atomic_store_n(&runner->vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
		pthread_kill(runner->thread, KICK_SIGNAL); /* not yet joined, so it exists */
	}
}

/* Returns once every thread has noticed. immediate_exit stays set: nobody goes back. */
static void change_phase(struct run *run, enum phase phase)
{
	struct timespec until;

	pthread_mutex_lock(&run->lock);
	atomic_store(&run->phase, phase);
	pthread_cond_broadcast(&run->changed);
	while (run->outside < run->count) {
		kick_all(run);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += KICK_AGAIN_NS;
		if (until.tv_nsec >= SECOND_NS) {
			until.tv_sec++;
			until.tv_nsec -= SECOND_NS;
		}
		pthread_cond_timedwait(&run->changed, &run->lock, &until);
	}
	pthread_mutex_unlock(&run->lock);
}

void run_pause(struct run *run)
{
	change_phase(run, PHASE_PAUSE);
}

void run_stop(struct run *run)
{
	change_phase(run, PHASE_STOP);
	for (unsigned int i = 0; i < run->count; i++)
		pthread_join(run->runners[i].thread, NULL);
	run->count = 0;
}

void run_close(struct run *run)
{
	if (run->failed_fd >= 0)
		close(run->failed_fd);
	pthread_cond_destroy(&run->changed);
	pthread_mutex_destroy(&run->lock);
}
