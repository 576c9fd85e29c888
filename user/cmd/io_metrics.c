// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/io_metrics.h"

#include "base/units.h"
#include "cmd/values.h"

static struct value get_vm(const void *data)
{
	return text_or_blank(io_row__vm(data));
}

static struct value get_vm_pid(const void *data)
{
	const struct io_row *row = data;
	bool known = row->vm && row->kind != IO_ROW_UNKNOWN;

	return known_if(known, known ? row->vm->pid : 0);
}

static struct value get_vm_uuid(const void *data)
{
	const struct io_row *row = data;

	return text_or_blank(row->vm && row->kind != IO_ROW_UNKNOWN ? row->vm->uuid : NULL);
}

/* Of an unknown row: the one that several share. */
static struct value get_cgroup(const void *data)
{
	const struct io_row *row = data;

	return text_or_blank(row->vm ? row->vm->cgroup : NULL);
}

static struct value get_disk(const void *data)
{
	return text_or_blank(io_row__disk(data));
}

static struct value get_device(const void *data)
{
	return text_or_blank(((const struct io_row *)data)->device);
}

/* The name of a device with several disks, or with unknown ones. */
static struct value get_place(const void *data)
{
	struct value disk = get_disk(data);

	return disk.known ? disk : get_device(data);
}

static struct value get_path(const void *data)
{
	const struct io_row *row = data;

	return text_or_blank(row->disk ? row->disk->path : NULL);
}

static struct value get_format(const void *data)
{
	const struct io_row *row = data;

	return text_or_blank(row->disk ? row->disk->format : NULL);
}

static struct value get_backing(const void *data)
{
	const struct io_row *row = data;

	return text_or_blank(row->disk ? disk_backing__name(row->disk->backing) : NULL);
}

static struct value get_direct(const void *data)
{
	const struct io_row *row = data;

	return text_or_blank(!row->disk || !row->disk->dev ? NULL
			     : row->disk->direct	   ? "direct"
							   : "cached");
}

static struct value get_guest_disk(const void *data)
{
	return text_or_blank(io_row__guest_disk(data));
}

static struct value get_scheduler(const void *data)
{
	return text_or_blank(((const struct io_row *)data)->scheduler);
}

static struct value get_guest_scheduler(const void *data)
{
	const struct io_row *row = data;

	return text_or_blank(row->guest ? row->guest->scheduler : NULL);
}

static struct value get_op(const void *data)
{
	return text_or_blank(io_op__name(((const struct io_row *)data)->op));
}

static struct value get_source(const void *data)
{
	const struct io_row *row = data;

	if (row->on_host)
		return text_or_blank("block");
	if (!row->figures_known)
		return text_or_blank(NULL);
	return text_or_blank(row->known[IO_VMM] ? "vmm" : "guest");
}

static struct value get_elapsed(const void *data)
{
	return number(((const struct io_row *)data)->elapsed_ns);
}

static struct value per_second(const struct io_row *row, uint64_t count, double scale)
{
	double seconds = (double)row->elapsed_ns / 1e9;

	return known_if(row->figures_known && row->elapsed_ns,
			seconds > 0 ? (uint64_t)((double)count * scale / seconds + 0.5) : 0);
}

static struct value get_iops(const void *data)
{
	const struct io_row *row = data;

	return per_second(row, row->interval.requests, 1000);
}

static struct value get_throughput(const void *data)
{
	const struct io_row *row = data;

	return per_second(row, row->interval.bytes, 1);
}

#define FIGURE(name, condition)                                                                    \
	static struct value get_##name(const void *data)                                           \
	{                                                                                          \
		const struct io_row *row = data;                                                   \
		return known_if(row->condition, row->interval.name);                               \
	}                                                                                          \
	static struct value total_##name(const void *data)                                         \
	{                                                                                          \
		const struct io_row *row = data;                                                   \
		return known_if(row->condition, row->total.name);                                  \
	}

FIGURE(requests, figures_known)
FIGURE(bytes, figures_known)
FIGURE(issued, on_host)
FIGURE(requeued, on_host)
FIGURE(failed, on_host)

static struct value get_in_flight(const void *data)
{
	const struct io_row *row = data;

	return known_if(row->on_host, row->in_flight);
}

static struct value layer_mean(const struct io_row *row, enum io_layer layer)
{
	const struct latency *latency = io_row__layer(row, layer);

	return known_if(row->known[layer] && latency->count, latency__mean(latency));
}

static struct histogram layer_hist(const struct io_row *row, enum io_layer layer)
{
	const struct latency *latency = io_row__layer(row, layer);

	return (struct histogram){ .known = row->spread_known[layer],
				   .parts = &latency->hist,
				   .count = 1,
				   .samples = latency->count,
				   .sum_ns = latency->sum_ns,
				   .max_ns = UINT64_MAX };
}

#define LAYER(name, layer)                                                                         \
	static struct value mean_##name(const void *row)                                           \
	{                                                                                          \
		return layer_mean(row, layer);                                                     \
	}                                                                                          \
	static struct value count_##name(const void *data)                                         \
	{                                                                                          \
		const struct io_row *row = data;                                                   \
		return known_if(row->known[layer], io_row__layer(row, layer)->count);              \
	}                                                                                          \
	static struct histogram hist_##name(const void *row)                                       \
	{                                                                                          \
		return layer_hist(row, layer);                                                     \
	}                                                                                          \
	static const struct distribution spread_##name = { .get = hist_##name };

LAYER(gq, IO_GUEST_QUEUE)
LAYER(gdev, IO_GUEST_DEVICE)
LAYER(gavg, IO_RING)
LAYER(vmm, IO_VMM)
LAYER(thr, IO_THROTTLED)
LAYER(q, IO_QUEUE)
LAYER(d, IO_DEVICE)

/* What a request spends on the host. */
static struct value get_host(const void *data)
{
	struct value sum = { 0 };

	for (enum io_layer layer = IO_THROTTLED; layer <= IO_DEVICE; layer++) {
		struct value mean = layer_mean(data, layer);

		sum.known |= mean.known;
		sum.number += mean.known ? mean.number : 0;
	}
	return sum;
}

static struct value get_kavg(const void *data)
{
	uint64_t ns = 0;
	bool known = io_row__kavg(data, &ns);

	return known_if(known, ns);
}

static struct value get_apart(const void *data)
{
	return text_or_blank(io_apart__name(((const struct io_row *)data)->apart));
}

static struct value get_vmm_source(const void *data)
{
	const struct io_row *row = data;

	if (!row->known[IO_VMM])
		return text_or_blank(NULL);
	return text_or_blank(row->vmm_by_qmp ? "qmp" : "uprobe");
}

static struct value get_gavg_source(const void *data)
{
	return text_or_blank(((const struct io_row *)data)->known[IO_RING] ? "little" : NULL);
}

static struct value get_report_age(const void *data)
{
	const struct io_row *row = data;

	return (struct value){ .known = row->report_age_ns,
			       .number = row->report_age_ns,
			       .blank = true };
}

static struct value get_rejected(const void *data)
{
	return number(((const struct io_row *)data)->guest_rejected);
}

#define COUNT(name, what)                                                                          \
	DERIVED(#name "_requests", NULL, NUMBER, NEVER, "requests behind " what, count_##name)
#define MEAN(name, header, what)                                                                   \
	DERIVED(#name "_mean_ns", header, NS_AS_MS, ALL, what ", ms: mean", mean_##name)
#define P50(name, header, what)                                                                    \
	PERCENTILE(#name "_p50_ns", header "p50", NS_AS_MS, WIDE(ALL), what ", ms: median",        \
		   &spread_##name, 500)
#define P99(name, header, what)                                                                    \
	PERCENTILE(#name "_p99_ns", header "p99", NS_AS_MS, WIDE(ALL),                             \
		   what ", ms: 99 of 100 are shorter", &spread_##name, 990)
#define SPREAD(name, what) DISTRIBUTION(#name, "requests by time " what, &spread_##name)

static const struct metric list[] = {
	LABEL("vm", "VM", TEXT, VM, "name of the VM", get_vm, "domain"),
	LABEL("vm_pid", "PID", NUMBER, NEVER, "process of the VM", get_vm_pid, NULL),
	LABEL("vm_uuid", "UUID", TEXT, NEVER, "UUID of the VM", get_vm_uuid, "uuid"),
	LABEL("cgroup", "CGROUP", TEXT, NEVER, "cgroup that the host books its requests on",
	      get_cgroup, NULL),
	LABEL(NULL, "DISK", TEXT, VM, "what the VMM calls the disk; for want of one, the device",
	      get_place, NULL),
	LABEL("disk", NULL, TEXT, NEVER, "what the VMM calls the disk", get_disk, "disk"),
	LABEL("guest_disk", "GDISK", TEXT, NEVER, "what the guest calls it", get_guest_disk, NULL),
	LABEL("path", "PATH", TEXT, NEVER, "file or device behind the disk", get_path, NULL),
	NOTE("backing", "BACKING", NEVER, "what that is", get_backing),
	NOTE("format", "FORMAT", NEVER, "format of the image", get_format),
	NOTE("cache", "CACHE", NEVER, "whether the host's page cache is in between", get_direct),
	LABEL("device", "DEVICE", TEXT, DEVICE | WIDE(VM), "the host's devices that it ends on",
	      get_device, "device"),
	NOTE("scheduler", "SCHED", WIDE(DEVICE), "the host's I/O scheduler", get_scheduler),
	NOTE("guest_scheduler", "GSCHED", NEVER, "the guest's I/O scheduler", get_guest_scheduler),
	LABEL("op", "OP", TEXT, NEVER, "kind of request; all: of all kinds", get_op, "op"),
	NOTE("counted_by", "BY", NEVER, "who has counted requests and bytes", get_source),
	DERIVED("elapsed_ns", NULL, NS, NEVER, "length of the interval", get_elapsed),
	COUNTER("requests", "REQS", NUMBER, NEVER, "requests that were completed", requests),
	COUNTER("bytes", NULL, BYTES, NEVER, "bytes of these", bytes),
	COUNTER("issued", "ISSUED", NUMBER, NEVER, "requests that the host has issued", issued),
	COUNTER("requeued", "REQUEUED", NUMBER, NEVER, "issued again", requeued),
	COUNTER("failed", "FAILED", NUMBER, NEVER, "completed with an error", failed),
	MEAN(gq, "gQ", "in the guest's queue (its report)"),
	MEAN(gdev, "gDEV", "from the guest's issue to its completion (its report)"),
	MEAN(gavg, "GAVG", "in the virtqueue, ring in to ring out (Little's law, an estimate)"),
	MEAN(vmm, "VMM", "in the VMM, all below included"),
	MEAN(thr, "THR", "held back by io.max or another rule of blk-throttle"),
	MEAN(q, "Q", "in the host's queue: bio queued to issued"),
	MEAN(d, "D", "in the host's device: issued to completed"),
	DERIVED(NULL, "HOST", NS_AS_MS, NEVER, "THR + Q + D, ms: on the host, mean", get_host),
	DERIVED("iops", "IOPS", PER_SEC_M, ALL, "requests completed, per second", get_iops),
	DERIVED("bytes_per_s", "MiB/s", BYTES_PER_S, ALL, "MiB of these, per second",
		get_throughput),
	GAUGE("in_flight", "INFL", NUMBER, ALL, "issued by the host and not completed",
	      get_in_flight),
	DERIVED("kavg_mean_ns", "KAVG", NS_AS_MS, WIDE(ALL),
		"GAVG - D, ms: what VMM and host add to the device; n/a unless both are of the "
		"same requests",
		get_kavg),
	P99(gq, "gQ", "in the guest's queue"),
	P99(gdev, "gDEV", "the guest's issue to its completion"),
	P99(vmm, "VMM", "in the VMM"),
	P99(thr, "THR", "held back by blk-throttle"),
	P99(q, "Q", "in the host's queue"),
	P99(d, "D", "in the host's device"),
	P50(gq, "gQ", "in the guest's queue"),
	P50(gdev, "gDEV", "the guest's issue to its completion"),
	P50(vmm, "VMM", "in the VMM"),
	P50(thr, "THR", "held back by blk-throttle"),
	P50(q, "Q", "in the host's queue"),
	P50(d, "D", "in the host's device"),
	PERCENTILE("gavg_p50_ns", NULL, NS, NEVER, "n/a: Little's law gives a mean", &spread_gavg,
		   500),
	PERCENTILE("gavg_p99_ns", NULL, NS, NEVER, "n/a: Little's law gives a mean", &spread_gavg,
		   990),
	SPREAD(gq, "in the guest's queue"),
	SPREAD(gdev, "from the guest's issue to its completion"),
	SPREAD(gavg, "in the virtqueue"),
	SPREAD(vmm, "in the VMM"),
	SPREAD(thr, "held back by blk-throttle"),
	SPREAD(q, "in the host's queue"),
	SPREAD(d, "in the host's device"),
	COUNT(gq, "gQ"),
	COUNT(gdev, "gDEV"),
	COUNT(gavg, "GAVG"),
	COUNT(vmm, "VMM"),
	COUNT(thr, "THR"),
	COUNT(q, "Q"),
	COUNT(d, "D"),
	NOTE("gavg_source", NULL, NEVER, "how GAVG is known", get_gavg_source),
	NOTE("vmm_source", NULL, NEVER, "how VMM is known", get_vmm_source),
	NOTE("apart", NULL, NEVER, "why KAVG is n/a", get_apart),
	GAUGE("report_age_ns", "AGE", NS_AS_S, WIDE(VM), "age of the guest's report, s",
	      get_report_age),
	GAUGE("reports_rejected", NULL, NUMBER, NEVER, "reports of the guest that were refused",
	      get_rejected),
};

const struct metric_table io_metrics = { list, LENGTH(list) };
