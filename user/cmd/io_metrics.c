// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/io_metrics.h"

#include "base/units.h"
#include "cmd/values.h"

#define DEVICE (1U << BY_DEVICE)
#define ALL (VM | DEVICE)
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static struct value text(const char *value)
{
	return (struct value){ .known = value && *value, .text = value, .blank = true };
}

static struct value get_vm(const void *data)
{
	return text(io_row__vm(data));
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

	return text(row->vm && row->kind != IO_ROW_UNKNOWN ? row->vm->uuid : NULL);
}

/* Of an unknown row: the one that several share. */
static struct value get_cgroup(const void *data)
{
	const struct io_row *row = data;

	return text(row->vm ? row->vm->cgroup : NULL);
}

static struct value get_disk(const void *data)
{
	return text(io_row__disk(data));
}

static struct value get_device(const void *data)
{
	return text(((const struct io_row *)data)->device);
}

/* Of a device that several disks, or nobody knows which, are on: its name. */
static struct value get_place(const void *data)
{
	struct value disk = get_disk(data);

	return disk.known ? disk : get_device(data);
}

static struct value get_path(const void *data)
{
	const struct io_row *row = data;

	return text(row->disk ? row->disk->path : NULL);
}

static struct value get_format(const void *data)
{
	const struct io_row *row = data;

	return text(row->disk ? row->disk->format : NULL);
}

static struct value get_backing(const void *data)
{
	const struct io_row *row = data;

	return text(row->disk ? disk_backing__name(row->disk->backing) : NULL);
}

static struct value get_direct(const void *data)
{
	const struct io_row *row = data;

	return text(!row->disk || !row->disk->dev ? NULL : row->disk->direct ? "direct" : "cached");
}

static struct value get_guest_disk(const void *data)
{
	return text(io_row__guest_disk(data));
}

static struct value get_scheduler(const void *data)
{
	return text(((const struct io_row *)data)->scheduler);
}

static struct value get_guest_scheduler(const void *data)
{
	const struct io_row *row = data;

	return text(row->guest ? row->guest->scheduler : NULL);
}

static struct value get_op(const void *data)
{
	return text(io_op__name(((const struct io_row *)data)->op));
}

static struct value get_source(const void *data)
{
	const struct io_row *row = data;

	if (row->on_host)
		return text("block");
	if (!row->figures_known)
		return text(NULL);
	return text(row->known[IO_VMM] ? "vmm" : "guest");
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

static struct value layer_percentile(const struct io_row *row, enum io_layer layer,
				     unsigned int permille)
{
	const struct latency *latency = io_row__layer(row, layer);

	return known_if(row->spread_known[layer] && latency->count,
			latency->count ? latency__percentile(latency, permille) : 0);
}

#define LAYER(name, layer)                                                                         \
	static struct value mean_##name(const void *data)                                          \
	{                                                                                          \
		return layer_mean(data, layer);                                                    \
	}                                                                                          \
	static struct value p50_##name(const void *data)                                           \
	{                                                                                          \
		return layer_percentile(data, layer, 500);                                         \
	}                                                                                          \
	static struct value p99_##name(const void *data)                                           \
	{                                                                                          \
		return layer_percentile(data, layer, 990);                                         \
	}                                                                                          \
	static struct value count_##name(const void *data)                                         \
	{                                                                                          \
		const struct io_row *row = data;                                                   \
		return known_if(row->known[layer], io_row__layer(row, layer)->count);              \
	}

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
	return text(io_apart__name(((const struct io_row *)data)->apart));
}

static struct value get_vmm_source(const void *data)
{
	const struct io_row *row = data;

	if (!row->known[IO_VMM])
		return text(NULL);
	return text(row->vmm_by_qmp ? "qmp" : "uprobe");
}

static struct value get_gavg_source(const void *data)
{
	return text(((const struct io_row *)data)->known[IO_RING] ? "little" : NULL);
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

#define COUNTS(name, what)                                                                         \
	{                                                                                          \
#name "_requests", NULL, UNIT_NUMBER, NEVER, "requests behind " what,              \
			count_##name, NULL                                                         \
	}

#define MEAN(name, header, what)                                                                   \
	{                                                                                          \
#name "_mean_ns", header, UNIT_NS_AS_MS, ALL, what ", ms: mean", mean_##name, NULL \
	}

#define P50(name, header, what)                                                                    \
	{                                                                                          \
#name "_p50_ns", header "p50", UNIT_NS_AS_MS, WIDE(ALL), what ", ms: median",      \
			p50_##name, NULL                                                           \
	}

#define P99(name, header, what)                                                                    \
	{                                                                                          \
#name "_p99_ns", header "p99", UNIT_NS_AS_MS, WIDE(ALL),                           \
			what ", ms: 99 of 100 are "                                                \
			     "shorter",                                                            \
			p99_##name, NULL                                                           \
	}

static const struct metric metrics[] = {
	{ "vm", "VM", UNIT_TEXT, VM, "name of the VM", get_vm, NULL },
	{ "vm_pid", "PID", UNIT_NUMBER, NEVER, "process of the VM", get_vm_pid, NULL },
	{ "vm_uuid", "UUID", UNIT_TEXT, NEVER, "UUID of the VM", get_vm_uuid, NULL },
	{ "cgroup", "CGROUP", UNIT_TEXT, NEVER, "cgroup that the host books its requests on",
	  get_cgroup, NULL },
	{ NULL, "DISK", UNIT_TEXT, VM, "what the VMM calls the disk; for want of one, the device",
	  get_place, NULL },
	{ "disk", NULL, UNIT_TEXT, NEVER, "what the VMM calls the disk", get_disk, NULL },
	{ "guest_disk", "GDISK", UNIT_TEXT, NEVER, "what the guest calls it", get_guest_disk,
	  NULL },
	{ "path", "PATH", UNIT_TEXT, NEVER, "file or device behind the disk", get_path, NULL },
	{ "backing", "BACKING", UNIT_TEXT, NEVER, "what that is", get_backing, NULL },
	{ "format", "FORMAT", UNIT_TEXT, NEVER, "format of the image", get_format, NULL },
	{ "cache", "CACHE", UNIT_TEXT, NEVER, "whether the host's page cache is in between",
	  get_direct, NULL },
	{ "device", "DEVICE", UNIT_TEXT, DEVICE | WIDE(VM), "the host's devices that it ends on",
	  get_device, NULL },
	{ "scheduler", "SCHED", UNIT_TEXT, WIDE(DEVICE), "the host's I/O scheduler", get_scheduler,
	  NULL },
	{ "guest_scheduler", "GSCHED", UNIT_TEXT, NEVER, "the guest's I/O scheduler",
	  get_guest_scheduler, NULL },
	{ "op", "OP", UNIT_TEXT, NEVER, "kind of request; all: of all kinds", get_op, NULL },
	{ "counted_by", "BY", UNIT_TEXT, NEVER, "who has counted requests and bytes", get_source,
	  NULL },
	{ "elapsed_ns", NULL, UNIT_NS, NEVER, "length of the interval", get_elapsed, NULL },
	{ "requests", "REQS", UNIT_NUMBER, NEVER, "requests that were completed", get_requests,
	  total_requests },
	{ "bytes", NULL, UNIT_NUMBER, NEVER, "bytes of these", get_bytes, total_bytes },
	{ "issued", "ISSUED", UNIT_NUMBER, NEVER, "requests that the host has issued", get_issued,
	  total_issued },
	{ "requeued", "REQUEUED", UNIT_NUMBER, NEVER, "issued again", get_requeued,
	  total_requeued },
	{ "failed", "FAILED", UNIT_NUMBER, NEVER, "completed with an error", get_failed,
	  total_failed },
	MEAN(gq, "gQ", "in the guest's queue (its report)"),
	MEAN(gdev, "gDEV", "from the guest's issue to its completion (its report)"),
	MEAN(gavg, "GAVG", "in the virtqueue, ring in to ring out (Little's law, an estimate)"),
	MEAN(vmm, "VMM", "in the VMM, all below included"),
	MEAN(thr, "THR", "held back by io.max or another rule of blk-throttle"),
	MEAN(q, "Q", "in the host's queue: bio queued to issued"),
	MEAN(d, "D", "in the host's device: issued to completed"),
	{ NULL, "HOST", UNIT_NS_AS_MS, NEVER, "THR + Q + D, ms: on the host, mean", get_host,
	  NULL },
	{ "iops", "IOPS", UNIT_PER_SEC_M, ALL, "requests completed, per second", get_iops, NULL },
	{ "bytes_per_s", "MiB/s", UNIT_BYTES_PER_S, ALL, "MiB of these, per second", get_throughput,
	  NULL },
	{ "in_flight", "INFL", UNIT_NUMBER, ALL, "issued by the host and not completed",
	  get_in_flight, NULL },
	{ "kavg_mean_ns", "KAVG", UNIT_NS_AS_MS, WIDE(ALL),
	  "GAVG - D, ms: what VMM and host add to the device; n/a unless both are of the same "
	  "requests",
	  get_kavg, NULL },
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
	{ "gavg_p50_ns", NULL, UNIT_NS, NEVER, "n/a: Little's law gives a mean", p50_gavg, NULL },
	{ "gavg_p99_ns", NULL, UNIT_NS, NEVER, "n/a: Little's law gives a mean", p99_gavg, NULL },
	COUNTS(gq, "gQ"),
	COUNTS(gdev, "gDEV"),
	COUNTS(gavg, "GAVG"),
	COUNTS(vmm, "VMM"),
	COUNTS(thr, "THR"),
	COUNTS(q, "Q"),
	COUNTS(d, "D"),
	{ "gavg_source", NULL, UNIT_TEXT, NEVER, "how GAVG is known", get_gavg_source, NULL },
	{ "vmm_source", NULL, UNIT_TEXT, NEVER, "how VMM is known", get_vmm_source, NULL },
	{ "apart", NULL, UNIT_TEXT, NEVER, "why KAVG is n/a", get_apart, NULL },
	{ "report_age_ns", "AGE", UNIT_NS_AS_S, WIDE(VM), "age of the guest's report, s",
	  get_report_age, NULL },
	{ "reports_rejected", NULL, UNIT_NUMBER, NEVER, "reports of the guest that were refused",
	  get_rejected, NULL },
};

const struct metric_table io_metrics = { metrics, LENGTH(metrics) };
