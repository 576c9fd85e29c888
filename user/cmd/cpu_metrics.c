// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/cpu_metrics.h"

#include "cmd/row_metrics.h"

ROW_FIGURE(static, ready_wake, figures->ready_ns[CAUSE_WAKE])
ROW_FIGURE(static, ready_preempt, figures->ready_ns[CAUSE_PREEMPT])
ROW_FIGURE(static, run_delay, figures->ended_ns)
ROW_FIGURE(static, waits, figures__waits(figures))
ROW_FIGURE(static, waits_wake, figures->waits[CAUSE_WAKE])
ROW_FIGURE(static, waits_preempt, figures->waits[CAUSE_PREEMPT])
ROW_SHARE(static, ready_wake)
ROW_SHARE(static, ready_preempt)

/* Not every kernel tells it; if not, it is a part of the other two. */
static struct value if_throttling(const struct row *row, uint64_t value)
{
	return known_if(row->throttling_known && row->interval.elapsed_ns, value);
}

static struct value get_throttled(const void *data)
{
	return if_throttling(data, ((const struct row *)data)->interval.throttled_ns);
}

static struct value total_throttled(const void *data)
{
	return if_throttling(data, ((const struct row *)data)->total.throttled_ns);
}

static struct value share_throttled(const void *data)
{
	const struct row *row = data;

	return if_throttling(row, row_share(row, row->interval.throttled_ns).number);
}

/* Waits per second of time, not of all vCPUs' time together. */
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

static struct histogram get_hist(const void *data)
{
	const struct row *row = data;

	return (struct histogram){ .known = true,
				   .parts = row->hist->count,
				   .count = CAUSES,
				   .samples = figures__waits(&row->interval),
				   .sum_ns = row->interval.ended_ns,
				   .max_ns = row->interval.max_ns };
}

const struct distribution cpu_waits = {
	.parts = { [CAUSE_WAKE] = "wake", [CAUSE_PREEMPT] = "preempt" },
	.none = "no wait has ended",
	.get = get_hist
};

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

/* How much a counter of a VM's overlap has grown. */
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

/* Share of time, not of all vCPUs' time together. */
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

static struct value share_hazard(const void *data)
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

static struct value share_stalled(const void *data)
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
	ROW_IDENTITY,
	ROW_RUN(ALL),
	ROW_READY,
	COUNTER("ready_wake_ns", NULL, NS, NEVER, "ready after a wake-up, and not throttled",
		ready_wake),
	DERIVED("ready_wake_pct", "%WAKE", MPCT, NEVER, "the part of %RDY that follows a wake-up",
		share_ready_wake),
	COUNTER("ready_preempt_ns", NULL, NS, NEVER, "ready after a preemption, and not throttled",
		ready_preempt),
	DERIVED("ready_preempt_pct", "%PRE", MPCT, NEVER,
		"the part of %RDY that follows a preemption", share_ready_preempt),
	COUNTER("ready_throttled_ns", NULL, NS, NEVER,
		"ready, but its cgroup had used up its CPU bandwidth", throttled),
	DERIVED("ready_throttled_pct", "%THR", MPCT, NEVER,
		"the part of %RDY in which its cgroup had used up its CPU bandwidth",
		share_throttled),
	COUNTER("run_delay_ns", NULL, NS, NEVER,
		"ready time of waits that ended: the growth of the kernel's run_delay", run_delay),
	ROW_HALT_BLOCK,
	COUNTER("waits", NULL, NUMBER, NEVER, "waits that ended", waits),
	COUNTER("waits_wake", NULL, NUMBER, NEVER, "of these, after a wake-up", waits_wake),
	COUNTER("waits_preempt", NULL, NUMBER, NEVER, "of these, after a preemption",
		waits_preempt),
	DERIVED("waits_per_s", "WAITS/s", PER_SEC_M, ALL, "waits that ended, per second",
		get_wait_rate),
	DERIVED("wait_mean_ns", "MEAN", NS_AS_MS, VCPU | THREAD | WIDE(VM), "mean wait in ms",
		get_mean),
	PERCENTILE("wait_p50_ns", "P50", NS_AS_MS, WIDE(ALL),
		   "half of the waits are not longer, in ms", &cpu_waits, 500),
	PERCENTILE("wait_p99_ns", "P99", NS_AS_MS, ALL, "99 % of the waits are not longer, in ms",
		   &cpu_waits, 990),
	PERCENTILE("wait_max_ns", "MAX", NS_AS_MS, ALL, "longest wait in ms, also one going on",
		   &cpu_waits, LONGEST),
	DISTRIBUTION("wait_hist", "how long the waits were that ended", &cpu_waits),
	DERIVED("vcpu_ready_summation_ns", "RDYms/VCPU", NS_AS_MS, NEVER,
		"ready time in ms, of this vCPU, or of a VM's average vCPU", get_vcpu_ready),
	DERIVED("vm_ready_summation_ns", "RDYms/VM", NS_AS_MS, NEVER,
		"ready time in ms, summed over all vCPUs of the VM", get_vm_ready),
	COUNTER("hazard_ns", NULL, NS, NEVER,
		"--overlap: at least one vCPU was ready while a sibling was on a CPU", hazard),
	DERIVED("hazard_pct", "%HAZARD", MPCT, NEVER,
		"--overlap: time with a vCPU ready while a sibling was on a CPU", share_hazard),
	COUNTER("stalled_ns", NULL, NS, NEVER,
		"--overlap: at least one vCPU was ready, and none was on a CPU", stalled),
	DERIVED("stalled_pct", "%STALLED", MPCT, NEVER,
		"--overlap: time with a vCPU ready and none on a CPU", share_stalled),
	DERIVED("waiting_mean", "WAITING", M, NEVER,
		"--overlap: mean number of its vCPUs that were ready", get_waiting_mean),
	DERIVED("waiting_max", "WAITMAX", NUMBER, NEVER,
		"--overlap: greatest number of its vCPUs that were ready at once, up to 64",
		get_waiting_max),
	DERIVED("lag_ns", "LAG", NS_AS_MS, NEVER,
		"by VM: ms of run time between the most and the least served vCPU that never "
		"rested",
		get_lag),
	DERIVED("worst_vcpu", "WORST", NUMBER, VM, "vCPU with the greatest %RDY", get_worst),
	DERIVED("worst_ready_pct", "WORST%RDY", MPCT, VM, "that vCPU's %RDY", get_worst_share),
};

const struct metric_table cpu_metrics = { list, LENGTH(list) };
