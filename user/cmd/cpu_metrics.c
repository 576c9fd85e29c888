// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/cpu_metrics.h"

#include "base/units.h"
#include "cmd/values.h"

#define ALL (VCPU | VM | THREAD)

static struct value text(const char *value)
{
	return (struct value){ .known = true, .text = value };
}

/* Whether a row is one thread, and not the sum of a VM. */
static bool is_thread(const struct row *row)
{
	return row->identity.tid;
}

static struct value get_vm(const void *data)
{
	return text(((const struct row *)data)->vm->name);
}

static struct value get_vm_pid(const void *data)
{
	return number(((const struct row *)data)->vm->pid);
}

static struct value get_vm_uuid(const void *data)
{
	const struct vm *vm = ((const struct row *)data)->vm;

	return vm->uuid[0] ? text(vm->uuid) : (struct value){ 0 };
}

static struct value get_cgroup(const void *data)
{
	const struct vm *vm = ((const struct row *)data)->vm;

	return vm->cgroup[0] ? text(vm->cgroup) : (struct value){ 0 };
}

static struct value get_vcpu(const void *data)
{
	const struct row *row = data;

	return known_if(is_thread(row) && row->identity.is_vcpu &&
				row->identity.vcpu != VCPU_UNKNOWN,
			(uint64_t)row->identity.vcpu);
}

static struct value get_vcpus(const void *data)
{
	return number(((const struct row *)data)->vm_vcpus);
}

static struct value get_tid(const void *data)
{
	const struct row *row = data;

	return known_if(is_thread(row), row->identity.tid);
}

static struct value get_thread(const void *data)
{
	const struct row *row = data;

	return is_thread(row) ? text(row->identity.comm) : (struct value){ 0 };
}

static struct value get_cpu(const void *data)
{
	const struct row *row = data;

	return known_if(is_thread(row), row->cpu);
}

#define COUNTER(name, expression)                                                                  \
	static uint64_t name##_of(const struct figures *figures)                                   \
	{                                                                                          \
		return expression;                                                                 \
	}                                                                                          \
	static struct value get_##name(const void *data)                                           \
	{                                                                                          \
		const struct row *row = data;                                                      \
		return number(name##_of(&row->interval));                                          \
	}                                                                                          \
	static struct value total_##name(const void *data)                                         \
	{                                                                                          \
		const struct row *row = data;                                                      \
		return number(name##_of(&row->total));                                             \
	}

#define SHARE(name)                                                                                \
	static struct value get_##name##_share(const void *data)                                   \
	{                                                                                          \
		const struct row *row = data;                                                      \
		return known_if(row->interval.elapsed_ns,                                          \
				share_mpct(name##_of(&row->interval), row->interval.elapsed_ns));  \
	}

COUNTER(elapsed, figures->elapsed_ns)
COUNTER(run, figures->run_ns)
COUNTER(ready, figures__ready(figures))
COUNTER(ready_wake, figures->ready_ns[CAUSE_WAKE])
COUNTER(ready_preempt, figures->ready_ns[CAUSE_PREEMPT])
COUNTER(run_delay, figures->ended_ns)
COUNTER(halt, figures->halt_ns)
COUNTER(block, figures->block_ns)
COUNTER(waits, figures__waits(figures))
COUNTER(waits_wake, figures->waits[CAUSE_WAKE])
COUNTER(waits_preempt, figures->waits[CAUSE_PREEMPT])
SHARE(run)
SHARE(ready)
SHARE(ready_wake)
SHARE(ready_preempt)
SHARE(halt)
SHARE(block)

static uint64_t throttled_of(const struct figures *figures)
{
	return figures->throttled_ns;
}

/* Not every kernel lets itself be asked; then it is a part of the other two. */
static struct value if_throttling(const struct row *row, uint64_t value)
{
	return known_if(row->throttling_known && row->interval.elapsed_ns, value);
}

static struct value get_known_throttled(const void *data)
{
	return if_throttling(data, throttled_of(&((const struct row *)data)->interval));
}

static struct value total_known_throttled(const void *data)
{
	return if_throttling(data, throttled_of(&((const struct row *)data)->total));
}

static struct value get_throttled_share(const void *data)
{
	const struct row *row = data;

	return if_throttling(row,
			     share_mpct(throttled_of(&row->interval), row->interval.elapsed_ns));
}

/* Waits a second of time, not of all vCPUs' time together. */
static struct value get_wait_rate(const void *data)
{
	const struct row *row = data;
	uint64_t threads = row->vcpus > 1 ? row->vcpus : 1;

	return known_if(row->interval.elapsed_ns,
			(uint64_t)((double)figures__waits(&row->interval) * 1e12 * (double)threads /
				   (double)row->interval.elapsed_ns));
}

static struct value get_mean(const void *data)
{
	const struct row *row = data;
	uint64_t waits = figures__waits(&row->interval);

	return known_if(waits, waits ? row->interval.ended_ns / waits : 0);
}

static struct value percentile(const struct row *row, unsigned int permille)
{
	return known_if(figures__waits(&row->interval),
			hist__percentile(row->hist, permille, row->interval.max_ns));
}

static struct value get_p50(const void *data)
{
	return percentile(data, 500);
}

static struct value get_p99(const void *data)
{
	return percentile(data, 990);
}

static struct value get_max(const void *data)
{
	const struct row *row = data;

	return known_if(figures__waits(&row->interval) || row->interval.max_ns,
			row->interval.max_ns);
}

static struct value get_vm_ready(const void *data)
{
	return number(((const struct row *)data)->vm_ready_ns);
}

static struct value get_vcpu_ready(const void *data)
{
	const struct row *row = data;
	uint64_t vcpus = row->vcpus ? row->vcpus : 1;

	return number(figures__ready(&row->interval) / vcpus);
}

/* What a counter of a VM's overlap has grown by. */
static uint64_t growth(uint64_t before, uint64_t after)
{
	return after > before ? after - before : 0;
}

static uint64_t hazard_of(const struct row *row)
{
	return row->overlap ? growth(row->overlap_before->hazard_ns, row->overlap->hazard_ns) : 0;
}

static uint64_t stalled_of(const struct row *row)
{
	return row->overlap ? growth(row->overlap_before->stalled_ns, row->overlap->stalled_ns) : 0;
}

/* ns of the interval in which so many vCPUs, from 1 on, waited. */
static uint64_t waiting_of(const struct row *row, int vcpus)
{
	return growth(row->overlap_before->waiting_ns[vcpus - 1],
		      row->overlap->waiting_ns[vcpus - 1]);
}

/* Of time, not of all vCPUs' time together. */
static struct value overlap_share(const struct row *row, uint64_t ns)
{
	return known_if(row->overlap && row->wall_ns, share_mpct(ns, row->wall_ns));
}

static struct value get_hazard(const void *data)
{
	return known_if(((const struct row *)data)->overlap, hazard_of(data));
}

static struct value total_hazard(const void *data)
{
	const struct row *row = data;

	return known_if(row->overlap, row->overlap ? row->overlap->hazard_ns : 0);
}

static struct value get_hazard_share(const void *data)
{
	return overlap_share(data, hazard_of(data));
}

static struct value get_stalled(const void *data)
{
	return known_if(((const struct row *)data)->overlap, stalled_of(data));
}

static struct value total_stalled(const void *data)
{
	const struct row *row = data;

	return known_if(row->overlap, row->overlap ? row->overlap->stalled_ns : 0);
}

static struct value get_stalled_share(const void *data)
{
	return overlap_share(data, stalled_of(data));
}

static struct value get_waiting_mean(const void *data)
{
	const struct row *row = data;
	double sum = 0;

	if (!row->overlap || !row->wall_ns)
		return (struct value){ 0 };
	for (int vcpus = 1; vcpus <= SNAPSHOT_WAITING; vcpus++)
		sum += (double)vcpus * (double)waiting_of(row, vcpus);
	return number((uint64_t)(sum * 1000 / (double)row->wall_ns + 0.5));
}

static struct value get_waiting_max(const void *data)
{
	const struct row *row = data;
	int most = SNAPSHOT_WAITING;

	if (!row->overlap)
		return (struct value){ 0 };
	while (most && !waiting_of(row, most))
		most--;
	return number((uint64_t)most);
}

static struct value get_lag(const void *data)
{
	const struct row *row = data;

	return known_if(row->lag_known, row->lag_ns);
}

static struct value get_worst(const void *data)
{
	const struct row *row = data;

	return known_if(row->vcpus && row->interval.elapsed_ns && row->worst_vcpu != VCPU_UNKNOWN,
			(uint64_t)row->worst_vcpu);
}

static struct value get_worst_share(const void *data)
{
	const struct row *row = data;

	return known_if(row->vcpus && row->interval.elapsed_ns, row->worst_ready_mpct);
}

static const struct metric list[] = {
	{ "vm", "VM", UNIT_TEXT, ALL, "name of the VM, or comm-PID", get_vm, NULL },
	{ "vm_pid", "PID", UNIT_NUMBER, NEVER, "process of the VM", get_vm_pid, NULL },
	{ "vm_uuid", "UUID", UNIT_TEXT, NEVER, "UUID of the VM", get_vm_uuid, NULL },
	{ "cgroup", "CGROUP", UNIT_TEXT, NEVER, "cgroup of the VM's process", get_cgroup, NULL },
	{ "vcpus", "VCPUS", UNIT_NUMBER, WIDE(VM), "vCPUs of the VM", get_vcpus, NULL },
	{ "thread", "THREAD", UNIT_TEXT, THREAD, "name of the thread", get_thread, NULL },
	{ "vcpu", "VCPU", UNIT_NUMBER, VCPU | WIDE(THREAD), "KVM's number of the vCPU", get_vcpu,
	  NULL },
	{ "tid", "TID", UNIT_NUMBER, WIDE(VCPU) | THREAD, "thread on the host", get_tid, NULL },
	{ "cpu", "CPU", UNIT_NUMBER, WIDE(VCPU | THREAD), "host CPU where it runs or ran last",
	  get_cpu, NULL },
	{ "elapsed_ns", NULL, UNIT_NS, NEVER, "run + ready + halt + block", get_elapsed,
	  total_elapsed },
	{ "run_ns", NULL, UNIT_NS, NEVER, "on a CPU", get_run, total_run },
	{ "run_pct", "%RUN", UNIT_MPCT, ALL, "on a CPU", get_run_share, NULL },
	{ "ready_ns", NULL, UNIT_NS, NEVER, "ready, but not on a CPU", get_ready, total_ready },
	{ "ready_pct", "%RDY", UNIT_MPCT, ALL, "ready, but not on a CPU", get_ready_share, NULL },
	{ "ready_wake_ns", NULL, UNIT_NS, NEVER, "ready after a wake-up, and not throttled",
	  get_ready_wake, total_ready_wake },
	{ "ready_wake_pct", "%WAKE", UNIT_MPCT, NEVER, "the part of %RDY that follows a wake-up",
	  get_ready_wake_share, NULL },
	{ "ready_preempt_ns", NULL, UNIT_NS, NEVER, "ready after a preemption, and not throttled",
	  get_ready_preempt, total_ready_preempt },
	{ "ready_preempt_pct", "%PRE", UNIT_MPCT, NEVER,
	  "the part of %RDY that follows a preemption", get_ready_preempt_share, NULL },
	{ "ready_throttled_ns", NULL, UNIT_NS, NEVER,
	  "ready, but its cgroup had used up its CPU bandwidth", get_known_throttled,
	  total_known_throttled },
	{ "ready_throttled_pct", "%THR", UNIT_MPCT, NEVER,
	  "the part of %RDY in which its cgroup had used up its CPU bandwidth", get_throttled_share,
	  NULL },
	{ "run_delay_ns", NULL, UNIT_NS, NEVER,
	  "ready time of waits that ended: the growth of the kernel's run_delay", get_run_delay,
	  total_run_delay },
	{ "halt_ns", NULL, UNIT_NS, NEVER, "the guest halted the vCPU", get_halt, total_halt },
	{ "halt_pct", "%HALT", UNIT_MPCT, ALL, "the guest halted the vCPU", get_halt_share, NULL },
	{ "block_ns", NULL, UNIT_NS, NEVER, "off the CPU and in no run queue for any other reason",
	  get_block, total_block },
	{ "block_pct", "%BLOCK", UNIT_MPCT, ALL,
	  "off the CPU and in no run queue for any other reason", get_block_share, NULL },
	{ "waits", NULL, UNIT_NUMBER, NEVER, "waits that ended", get_waits, total_waits },
	{ "waits_wake", NULL, UNIT_NUMBER, NEVER, "of these, after a wake-up", get_waits_wake,
	  total_waits_wake },
	{ "waits_preempt", NULL, UNIT_NUMBER, NEVER, "of these, after a preemption",
	  get_waits_preempt, total_waits_preempt },
	{ "waits_per_s", "WAITS/s", UNIT_PER_SEC_M, ALL, "waits that ended, per second",
	  get_wait_rate, NULL },
	{ "wait_mean_ns", "MEAN", UNIT_NS_AS_MS, VCPU | THREAD | WIDE(VM), "mean wait in ms",
	  get_mean, NULL },
	{ "wait_p50_ns", "P50", UNIT_NS_AS_MS, WIDE(ALL), "half of the waits are not longer, in ms",
	  get_p50, NULL },
	{ "wait_p99_ns", "P99", UNIT_NS_AS_MS, ALL, "99 % of the waits are not longer, in ms",
	  get_p99, NULL },
	{ "wait_max_ns", "MAX", UNIT_NS_AS_MS, ALL, "longest wait in ms, also one going on",
	  get_max, NULL },
	{ "vcpu_ready_summation_ns", "RDYms/VCPU", UNIT_NS_AS_MS, NEVER,
	  "ready time in ms, of this vCPU, or of a VM's average vCPU", get_vcpu_ready, NULL },
	{ "vm_ready_summation_ns", "RDYms/VM", UNIT_NS_AS_MS, NEVER,
	  "ready time in ms, summed over all vCPUs of the VM", get_vm_ready, NULL },
	{ "hazard_ns", NULL, UNIT_NS, NEVER,
	  "--overlap: at least one vCPU was ready while a sibling was on a CPU", get_hazard,
	  total_hazard },
	{ "hazard_pct", "%HAZARD", UNIT_MPCT, NEVER,
	  "--overlap: time with a vCPU ready while a sibling was on a CPU", get_hazard_share,
	  NULL },
	{ "stalled_ns", NULL, UNIT_NS, NEVER,
	  "--overlap: at least one vCPU was ready, and none was on a CPU", get_stalled,
	  total_stalled },
	{ "stalled_pct", "%STALLED", UNIT_MPCT, NEVER,
	  "--overlap: time with a vCPU ready and none on a CPU", get_stalled_share, NULL },
	{ "waiting_mean", "WAITING", UNIT_M, NEVER,
	  "--overlap: mean number of its vCPUs that were ready", get_waiting_mean, NULL },
	{ "waiting_max", "WAITMAX", UNIT_NUMBER, NEVER,
	  "--overlap: greatest number of its vCPUs that were ready at once, up to 64",
	  get_waiting_max, NULL },
	{ "lag_ns", "LAG", UNIT_NS_AS_MS, NEVER,
	  "by VM: ms of run time between the most and the least served vCPU that never rested",
	  get_lag, NULL },
	{ "worst_vcpu", "WORST", UNIT_NUMBER, VM, "vCPU with the greatest %RDY", get_worst, NULL },
	{ "worst_ready_pct", "WORST%RDY", UNIT_MPCT, VM, "that vCPU's %RDY", get_worst_share,
	  NULL },
};

const struct metric_table cpu_metrics = { list, sizeof(list) / sizeof(list[0]) };
