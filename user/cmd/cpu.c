// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-cpu: how long was each vCPU ready but not running, and why? */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/options.h"
#include "base/privileges.h"
#include "base/runner.h"
#include "base/units.h"
#include "cmd/cpu_report.h"
#include "collect/host.h"
#include "collect/vm.h"
#include "probe/kernel.h"
#include "probe/sched.h"
#include "render/timeline.h"

#define RINGS_POLL_MS 50

static const struct tool tool = {
	.name = "kvmq-cpu",
	.question = "How long was each vCPU ready but not running, and why?",
	.options = "mcbHeBOtjosnTvVh",
	.interval = true,
};

struct cpu_tool {
	struct options options;
	struct vms *vms;
	struct sched_probe *probe;
	struct snapshot snapshots[2];
	unsigned int latest; /* which of the two */
	struct cpu_report report;
	struct timeline *timeline; /* NULL: not wanted */
};

static bool on_thread(void *context, const struct identity *identity)
{
	struct cpu_tool *cpu = context;
	const struct vm *vm = vms__get(cpu->vms, identity);

	if (vm && identity->is_vcpu)
		log_detail("found vCPU thread %u of VM %s", identity->tid, vm->name);
	vms__add_thread(cpu->vms, identity, +1);
	return vm && vm->chosen;
}

static void on_exit_thread(void *context, const struct identity *identity)
{
	struct cpu_tool *cpu = context;

	vms__add_thread(cpu->vms, identity, -1);
}

static void on_wait(void *context, const struct wait_event *event)
{
	struct cpu_tool *cpu = context;

	cpu_report__print_wait(&cpu->report, stdout, event);
}

static void on_change(void *context, const struct state_change *change)
{
	struct cpu_tool *cpu = context;

	timeline__change(cpu->timeline, change);
}

static int read_snapshot(struct cpu_tool *cpu, struct snapshot *snapshot)
{
	struct rusage usage;
	struct timespec now;
	int error;

	clock_gettime(CLOCK_REALTIME, &now);
	snapshot->time_ns = clock_monotonic_ns();
	snapshot->realtime_ns = (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
	cpu->report.boot_ns = snapshot->realtime_ns - snapshot->time_ns;
	error = sched_probe__read(cpu->probe, snapshot);
	snapshot->end_ns = clock_monotonic_ns();
	if (error) {
		log_error("reading the counters: %s: start again", strerror(-error));
		return error;
	}
	if (cpu->timeline)
		snapshot->losses.timeline += timeline__left_out(cpu->timeline);
	getrusage(RUSAGE_SELF, &usage);
	snapshot->cost.own_cpu_ns =
		(uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * NSEC_PER_SEC +
		(uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * NSEC_PER_USEC;
	snapshot->cost.switches = host_switches();
	vms__sweep(cpu->vms, snapshot);
	snapshot->other_vms = vms__count_others(cpu->vms);
	return 0;
}

static int report(void *context)
{
	struct cpu_tool *cpu = context;
	struct snapshot *before = &cpu->snapshots[cpu->latest];
	struct snapshot *after = &cpu->snapshots[!cpu->latest];
	int error = read_snapshot(cpu, after);

	if (error)
		return error;
	cpu->latest = !cpu->latest;
	errno = 0;
	error = cpu_report__print(&cpu->report, stdout, before, after);
	vms__keep_exited(cpu->vms, after);
	if (flush_output())
		return -EIO;
	if (error)
		log_error("printing: %s: show fewer VMs", strerror(-error));
	return error;
}

static int poll_probe(void *context)
{
	struct cpu_tool *cpu = context;
	int error;

	errno = 0;
	error = sched_probe__poll(cpu->probe);
	if (error) {
		log_error("reading events: %s: start again", strerror(-error));
		return error;
	}
	if (cpu->timeline && timeline__check(cpu->timeline))
		return -EIO;
	return cpu->options.events ? flush_output() : 0;
}

static int check_filter(const struct cpu_tool *cpu)
{
	const char *missing = vms__missing_name(cpu->vms);

	if (!missing)
		return 0;
	log_error("--vm: no VM '%s' on this host: 'kvmq-doctor' lists those that there are",
		  missing);
	return -ENOENT;
}

/* A cgroup that is not there holds no VM, today or later. */
static int check_cgroup(const char *path)
{
	static const char mount[] = "/sys/fs/cgroup";
	char full[PATH_MAX];

	if (!path || access("/sys/fs/cgroup/cgroup.controllers", F_OK))
		return 0;
	snprintf(full, sizeof(full), "%s/%s", strncmp(path, mount, sizeof(mount) - 1) ? mount : "",
		 path);
	if (!access(full, F_OK))
		return 0;
	log_error("--cgroup: '%s' is not there: give a folder below %s", path, mount);
	return -ENOENT;
}

static int open_all(struct cpu_tool *cpu)
{
	const struct options *options = &cpu->options;
	struct vm_filter filter = { options->vms, options->vm_count, options->cgroup };
	struct sched_probe_config config = {
		.threads = options->by == BY_THREAD,
		.filtered = options->vm_count || options->cgroup,
		.events = options->events,
		.blame = options->blame,
		.overlap = options->overlap,
		.event_min_ns = options->event_min_ns,
		.changes = options->timeline,
		.on_thread = on_thread,
		.on_exit = on_exit_thread,
		.on_wait = on_wait,
		.on_change = on_change,
		.context = cpu,
	};

	if (privileges_check() || check_cgroup(options->cgroup))
		return -EPERM;
	if (kernel_has_btf()) {
		log_error("/sys/kernel/btf/vmlinux: not there: needs a kernel with "
			  "CONFIG_DEBUG_INFO_BTF");
		return -ENOENT;
	}
	cpu->vms = cpu->report.vms = vms__new("/proc", &filter);
	if (!cpu->vms || sched_probe__open(&cpu->probe, &config))
		return -EINVAL;
	if (sched_probe__poll(cpu->probe) || check_filter(cpu))
		return -ENOENT;
	return 0;
}

static int open_timeline(struct cpu_tool *cpu)
{
	const char *path = cpu->options.timeline;

	return path ? timeline__open(&cpu->timeline, path, TIMELINE_LIMIT, &cpu->report.host,
				     cpu->vms)
		    : 0;
}

/* The file was opened with all privileges; the rest needs few of them. */
static int measure(struct cpu_tool *cpu, struct command *command)
{
	bool streams = cpu->options.events || cpu->options.timeline;
	struct run_steps steps = { .poll = poll_probe,
				   .poll_ms = streams ? RINGS_POLL_MS : -1,
				   .report = report,
				   .context = cpu };

	if (privileges_drop())
		return STATUS_HOST;
	sched_probe__start(cpu->probe);
	if (read_snapshot(cpu, &cpu->snapshots[0]))
		return STATUS_FAILED;
	if (cpu->timeline)
		timeline__begin(cpu->timeline, &cpu->snapshots[0]);
	return runner__run(&cpu->options, command, sched_probe__fd(cpu->probe), &steps);
}

/* What has changed while the last snapshot was read comes before what was going on in it. */
static int close_timeline(struct cpu_tool *cpu)
{
	if (!cpu->timeline)
		return 0;
	sched_probe__poll(cpu->probe);
	return timeline__close(cpu->timeline, &cpu->snapshots[cpu->latest],
			       sched_probe__lost_changes(cpu->probe));
}

static int run(struct cpu_tool *cpu)
{
	struct command command = { .gate = -1 };
	int status = STATUS_HOST;

	runner__prepare();
	if (cpu->options.command && command__prepare(&command, cpu->options.command))
		return STATUS_FAILED;
	host__read(&cpu->report.host);
	if (!open_all(cpu)) {
		status = STATUS_FAILED;
		if (!open_timeline(cpu))
			status = measure(cpu, &command);
		if (close_timeline(cpu) && !status)
			status = STATUS_FAILED;
	}
	command__signal(&command, 0);
	sched_probe__close(cpu->probe);
	vms__free(cpu->vms);
	cpu_report__free(&cpu->report);
	snapshot__free(&cpu->snapshots[0]);
	snapshot__free(&cpu->snapshots[1]);
	return status;
}

int main(int argc, char **argv)
{
	struct cpu_tool cpu = { 0 };
	int status;

	if (options_parse(&cpu.options, &tool, argc, argv, &status) ||
	    cpu_report__init(&cpu.report, &cpu.options, &status))
		return status;
	return run(&cpu);
}
