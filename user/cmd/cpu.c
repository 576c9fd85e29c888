// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-cpu: how long was each vCPU ready but not running, and why? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/log.h"
#include "base/options.h"
#include "base/privileges.h"
#include "base/runner.h"
#include "base/units.h"
#include "cmd/cpu_metrics.h"
#include "collect/host.h"
#include "collect/rows.h"
#include "collect/vm.h"
#include "probe/kernel.h"
#include "probe/sched.h"
#include "render/bars.h"
#include "render/json.h"
#include "render/summary.h"
#include "render/table.h"
#include "render/wait_line.h"

#define SCHEMA "kvmq.cpu/1"

static const struct tool tool = {
	.name = "kvmq-cpu",
	.question = "How long was each vCPU ready but not running, and why?",
	.options = "mcbHejosnTvVh",
	.interval = true,
};

struct cpu_tool {
	struct options options;
	struct host host;
	struct vms *vms;
	struct sched_probe *probe;
	struct snapshot snapshots[2];
	unsigned int latest; /* which of the two */
	struct rows rows;
	struct columns columns;
	const struct metric *sort;
	uint64_t boot_ns; /* time of day at which CLOCK_MONOTONIC was 0 */
	bool events_begun;
};

static bool on_thread(void *context, const struct identity *identity)
{
	struct cpu_tool *cpu = context;
	const struct vm *vm = vms__get(cpu->vms, identity);

	if (vm && identity->is_vcpu)
		log_detail("found vCPU thread %u of VM %s", identity->tid, vm->name);
	return vm && vm->chosen;
}

static void on_wait(void *context, const struct wait_event *event)
{
	struct cpu_tool *cpu = context;
	const struct vm *vm = vms__get(cpu->vms, &event->identity);
	const struct vm *prev_vm = vms__find(cpu->vms, event->prev_tgid);

	if (!vm || (!event->identity.is_vcpu && cpu->options.by != BY_THREAD))
		return;
	if (cpu->options.json) {
		json__print(stdout, wait_line__json(event, vm, prev_vm, cpu->boot_ns));
		return;
	}
	if (!cpu->events_begun)
		wait_line__print_header(stdout);
	cpu->events_begun = true;
	wait_line__print(stdout, event, vm, prev_vm, cpu->boot_ns);
}

static int read_snapshot(struct cpu_tool *cpu, struct snapshot *snapshot)
{
	struct rusage usage;
	struct timespec now;
	int error = sched_probe__read(cpu->probe, snapshot);

	if (error) {
		log_error("reading the counters: %s: start again", strerror(-error));
		return error;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	snapshot->time_ns = clock_monotonic_ns();
	snapshot->realtime_ns = (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
	cpu->boot_ns = snapshot->realtime_ns - snapshot->time_ns;
	getrusage(RUSAGE_SELF, &usage);
	snapshot->cost.own_cpu_ns =
		(uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * NSEC_PER_SEC +
		(uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * NSEC_PER_USEC;
	snapshot->cost.switches = host_switches();
	vms__sweep(cpu->vms, snapshot);
	return 0;
}

static const struct metric *sort_metric;

static int compare_by_sort(const void *left, const void *right)
{
	struct value a = sort_metric->get(left), b = sort_metric->get(right);

	if (a.known != b.known)
		return a.known ? -1 : 1;
	if (!a.known)
		return 0;
	if (sort_metric->unit == UNIT_TEXT)
		return strcmp(a.text, b.text);
	return a.number > b.number ? -1 : a.number < b.number;
}

static void sort_rows(struct cpu_tool *cpu)
{
	sort_metric = cpu->sort;
	if (sort_metric)
		qsort(cpu->rows.list, cpu->rows.count, sizeof(*cpu->rows.list), compare_by_sort);
	if (cpu->options.top && cpu->rows.count > cpu->options.top)
		cpu->rows.count = cpu->options.top;
}

static void count_vms(struct summary *summary, const struct rows *rows)
{
	const struct vm *last = NULL;

	for (size_t i = 0; i < rows->count; i++) {
		summary->vcpus += rows->list[i].vcpus;
		summary->vms += rows->list[i].vm != last;
		last = rows->list[i].vm;
	}
}

static int print_json(struct cpu_tool *cpu, const struct summary *summary)
{
	json_t *object = summary__json(summary, SCHEMA), *rows = json_array();

	for (size_t i = 0; i < cpu->rows.count; i++) {
		json_t *row = json__row(&cpu_metrics, &cpu->rows.list[i]);

		if (cpu->options.hist)
			json_object_set_new(row, "wait_hist", bars__json(cpu->rows.list[i].hist));
		json_array_append_new(rows, row);
	}
	json_object_set_new(object, "rows", rows);
	return json__print(stdout, object);
}

static void print_bars(const struct row *row, unsigned int width)
{
	char title[256];

	if (!row->identity.tid)
		snprintf(title, sizeof(title), "%s: waits", row->vm->name);
	else if (row->identity.is_vcpu && row->identity.vcpu != VCPU_UNKNOWN)
		snprintf(title, sizeof(title), "%s vCPU %d: waits", row->vm->name,
			 row->identity.vcpu);
	else
		snprintf(title, sizeof(title), "%s %s (%u): waits", row->vm->name,
			 row->identity.comm, row->identity.tid);
	bars__print(stdout, title, row->hist, width);
}

static int print_text(struct cpu_tool *cpu, const struct summary *summary)
{
	unsigned int width = terminal_width(stdout);
	char time[32];
	int error;

	if (cpu->options.timestamp) {
		format_time(time, sizeof(time), summary->after->realtime_ns);
		puts(time);
	}
	summary__print_header(stdout, summary);
	if (cpu->rows.count) {
		error = table__print(stdout, &cpu->columns, cpu->rows.list, sizeof(*cpu->rows.list),
				     cpu->rows.count, width);
		if (error)
			return error;
	} else {
		puts("no vCPU has run yet");
	}
	if (cpu->options.hist)
		for (size_t i = 0; i < cpu->rows.count; i++)
			print_bars(&cpu->rows.list[i], width);
	summary__print_footer(stdout, summary, tool.name);
	putchar('\n');
	return 0;
}

static int check_output(int error)
{
	if (!error && !fflush(stdout) && !ferror(stdout))
		return 0;
	error = errno ? errno : EIO;
	log_error("standard output: %s: give it room or a reader", strerror(error));
	return -error;
}

static int report(void *context)
{
	struct cpu_tool *cpu = context;
	struct snapshot *before = &cpu->snapshots[cpu->latest];
	struct snapshot *after = &cpu->snapshots[!cpu->latest];
	struct summary summary = { .host = &cpu->host, .before = before, .after = after };
	int error = read_snapshot(cpu, after);

	if (error)
		return error;
	error = rows__make(&cpu->rows, before, after, cpu->vms, cpu->options.by);
	if (error) {
		log_error("rows: no memory");
		return error;
	}
	count_vms(&summary, &cpu->rows);
	sort_rows(cpu);
	errno = 0;
	if (cpu->options.json)
		error = print_json(cpu, &summary);
	else if (!cpu->options.events)
		error = print_text(cpu, &summary);
	cpu->latest = !cpu->latest;
	return check_output(error);
}

static int poll_probe(void *context)
{
	struct cpu_tool *cpu = context;
	int error = sched_probe__poll(cpu->probe);

	if (error) {
		log_error("reading events: %s: start again", strerror(-error));
		return error;
	}
	errno = 0;
	return cpu->options.events ? check_output(0) : 0;
}

/* Options whose values are this tool's own. Returns 1 if it is all done. */
static int choose_columns(struct cpu_tool *cpu, int *status)
{
	const struct options *options = &cpu->options;

	*status = STATUS_USAGE;
	if (options->columns && !strcmp(options->columns, "help")) {
		metric__print_help(&cpu_metrics);
		*status = fflush(stdout) ? STATUS_FAILED : STATUS_DONE;
		return 1;
	}
	if (columns__select(&cpu->columns, &cpu_metrics, options->by, options->columns))
		return 1;
	if (options->sort)
		cpu->sort = metric__find(&cpu_metrics, options->sort);
	else if (options->top)
		cpu->sort = metric__find(&cpu_metrics, "ready_pct");
	if (options->sort && !cpu->sort) {
		log_error("--sort: '%s' is no column: '--columns help' lists them", options->sort);
		return 1;
	}
	return 0;
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

static int open_all(struct cpu_tool *cpu)
{
	const struct options *options = &cpu->options;
	struct vm_filter filter = { options->vms, options->vm_count, options->cgroup };
	struct sched_probe_config config = {
		.threads = options->by == BY_THREAD,
		.filtered = options->vm_count || options->cgroup,
		.events = options->events,
		.event_min_ns = options->event_min_ns,
		.on_thread = on_thread,
		.on_wait = on_wait,
		.context = cpu,
	};

	if (privileges_check())
		return -EPERM;
	if (kernel_has_btf()) {
		log_error("/sys/kernel/btf/vmlinux: not there: needs a kernel with "
			  "CONFIG_DEBUG_INFO_BTF");
		return -ENOENT;
	}
	cpu->vms = vms__new("/proc", &filter);
	if (!cpu->vms || sched_probe__open(&cpu->probe, &config))
		return -EINVAL;
	if (sched_probe__poll(cpu->probe) || check_filter(cpu))
		return -ENOENT;
	return privileges_drop();
}

static int run(struct cpu_tool *cpu)
{
	struct run_steps steps = { .poll = poll_probe, .report = report, .context = cpu };
	struct command command = { .gate = -1 };
	int status = STATUS_HOST;

	runner__prepare();
	if (cpu->options.command && command__prepare(&command, cpu->options.command))
		return STATUS_FAILED;
	host__read(&cpu->host);
	if (!open_all(cpu)) {
		status = STATUS_FAILED;
		if (!read_snapshot(cpu, &cpu->snapshots[0]))
			status = runner__run(&cpu->options, &command, sched_probe__fd(cpu->probe),
					     &steps);
	}
	command__signal(&command, 0);
	sched_probe__close(cpu->probe);
	vms__free(cpu->vms);
	rows__free(&cpu->rows);
	snapshot__free(&cpu->snapshots[0]);
	snapshot__free(&cpu->snapshots[1]);
	return status;
}

int main(int argc, char **argv)
{
	struct cpu_tool cpu = { 0 };
	int status;

	if (options_parse(&cpu.options, &tool, argc, argv, &status) ||
	    choose_columns(&cpu, &status))
		return status;
	return run(&cpu);
}
