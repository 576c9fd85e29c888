// SPDX-License-Identifier: GPL-2.0-only
/* What a VM waits for in I/O: the worst of its disks, by what their layers took on average. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "why/command.h"
#include "why/rule.h"

enum { LOOK, ACT, SHARE };

#define TICK_NS 10000000

static uint64_t mean_of(const struct io_row *row, enum io_layer layer)
{
	return row->known[layer] ? latency__mean(io_row__layer(row, layer)) : 0;
}

/* /proc tells the start of what does I/O in ticks of 10 ms, the kernel that of its threads in ns.
 */
static bool is_of(const struct io_row *row, const struct why_vm *vm)
{
	return row->vm && row->vm->pid == vm->vm->pid && row->vm->start_ns <= vm->vm->start_ns &&
	       vm->vm->start_ns - row->vm->start_ns < TICK_NS;
}

/* The disk that waits longest in a layer, or NULL. */
static const struct io_row *find_worst(const struct why_vm *vm, enum io_layer layer)
{
	const struct io_rows *rows = &vm->facts->disks;
	const struct io_row *worst = NULL;

	for (size_t i = 0; i < rows->count; i++)
		if (is_of(&rows->list[i], vm) && mean_of(&rows->list[i], layer) &&
		    (!worst || mean_of(&rows->list[i], layer) > mean_of(worst, layer)))
			worst = &rows->list[i];
	return worst;
}

static void add_disk(const struct io_row *row, struct verdict *verdict, enum io_layer layer)
{
	uint64_t ms = mean_of(row, layer) / 1000000;

	verdict->severity = ms < 100 ? ms * 1000 : 100000;
	verdict__add(verdict, WHY_TABLE_IO, "thr_mean_ns", row);
	verdict__add(verdict, WHY_TABLE_IO, "q_mean_ns", row);
	verdict__add(verdict, WHY_TABLE_IO, "d_mean_ns", row);
	verdict__add(verdict, WHY_TABLE_IO, "iops", row);
}

/* ---- io.max ---- */

/* The innermost that has a limit on this device, or any. */
static const struct cgroup_limit *find_limit(const struct why_vm *vm)
{
	size_t count;
	const struct cgroup_limit *limits = why_vm__limits(vm, &count);

	while (count > 0)
		if (limits[--count].io_max[0])
			return &limits[count];
	return NULL;
}

static enum why_level judge_throttled(const struct why_vm *vm, const uint64_t *limits,
				      struct verdict *verdict)
{
	const struct io_row *row = find_worst(vm, IO_THROTTLED);
	const struct cgroup_limit *limit;

	if (!row || mean_of(row, IO_THROTTLED) < limits[LOOK])
		return WHY_NONE;
	limit = find_limit(vm);
	add_disk(row, verdict, IO_THROTTLED);
	say(verdict->draft->summary, "has requests of disk %s held back for %s each by io.max",
	    io_row__disk(row), why_number(mean_of(row, IO_THROTTLED), WHY_MS).text);
	say(verdict->draft->remedy, "raise io.max of its cgroup, or of one above it");
	if (limit) {
		say(verdict->draft->culprit, "%s (io.max: %s)", limit->path, limit->io_max);
		command__free_io(verdict, limit);
	}
	return why_level__of(mean_of(row, IO_THROTTLED), limits);
}

/* ---- who else is on the device ---- */

/* Time that a VM's requests took of the device, one after another. */
static uint64_t time_on(const struct io_row *row)
{
	return io_row__layer(row, IO_DEVICE)->sum_ns;
}

/* Of others' requests on a row's device, the row with most; share: of all requests there. */
static const struct io_row *find_neighbour(const struct why_vm *vm, const struct io_row *own,
					   uint64_t *share)
{
	const struct io_rows *rows = &vm->facts->disks;
	const struct io_row *found = NULL;
	uint64_t all = 0;

	for (size_t i = 0; i < rows->count; i++) {
		const struct io_row *row = &rows->list[i];

		if (!own->device || !row->device || strcmp(row->device, own->device) != 0)
			continue;
		all += time_on(row);
		if (row->vm && !is_of(row, vm) && (!found || time_on(row) > time_on(found)))
			found = row;
	}
	*share = found ? share_mpct(time_on(found), all) : 0;
	return found;
}

/* The slower of queue and device: both grow with the load. */
static const struct io_row *find_slow(const struct why_vm *vm, enum io_layer *layer)
{
	const struct io_row *queue = find_worst(vm, IO_QUEUE), *device = find_worst(vm, IO_DEVICE);

	*layer = IO_DEVICE;
	if (!device || (queue && mean_of(queue, IO_QUEUE) > mean_of(device, IO_DEVICE)))
		*layer = IO_QUEUE;
	return *layer == IO_QUEUE ? queue : device;
}

static const struct why_vm *vm_of(const struct why_facts *facts, const struct io_vm *vm)
{
	for (size_t i = 0; i < facts->list.count; i++)
		if (facts->list.list[i].vm->pid == vm->pid)
			return &facts->list.list[i];
	return NULL;
}

/* The one device of a row, or 0. */
static uint32_t device_of(const struct io_row *row, const struct why_facts *facts)
{
	size_t count = 0;
	const struct io_leaf *leaves =
		row->disk ? io_view__leaves(&facts->after->io, row->disk, &count) : NULL;

	return count == 1 ? leaves->dev : row->dev;
}

/* Half of what it did now, in its own cgroup. */
static void slow_down(const struct io_row *row, const struct why_vm *them, struct verdict *verdict)
{
	uint32_t dev = them ? device_of(row, them->facts) : 0;
	size_t count = 0;
	const struct cgroup_limit *limits = them ? why_vm__limits(them, &count) : NULL;
	uint64_t iops =
		row->elapsed_ns
			? (uint64_t)((double)row->interval.requests * 1e9 / (double)row->elapsed_ns)
			: 0;

	if (count && dev && !limits[count - 1].io_max[0] && iops >= 2)
		command__limit_io(verdict, &limits[count - 1], dev, iops / 2);
}

static enum why_level judge_neighbour(const struct why_vm *vm, const uint64_t *limits,
				      struct verdict *verdict)
{
	enum io_layer layer;
	uint64_t share = 0;
	const struct io_row *row = find_slow(vm, &layer);
	const struct io_row *other = NULL;

	if (row && mean_of(row, layer) >= limits[LOOK])
		other = find_neighbour(vm, row, &share);
	if (!other || share < limits[SHARE])
		return WHY_NONE;
	add_disk(row, verdict, layer);
	verdict__add(verdict, WHY_TABLE_IO, "iops", other);
	verdict__add(verdict, WHY_TABLE_IO, "bytes_per_s", other);
	say(verdict->draft->summary,
	    "waits %s for each request of disk %s: %s of %s's time is %s's",
	    why_number(mean_of(row, layer), WHY_MS).text, io_row__disk(row),
	    why_number(share, WHY_PERCENT).text, row->device, other->vm->name);
	say(verdict->draft->culprit, "%s", other->vm->name);
	say(verdict->draft->remedy,
	    "put the two on different devices, or limit the other one's requests");
	slow_down(other, vm_of(vm->facts, other->vm), verdict);
	return why_level__of(mean_of(row, layer), limits);
}

/* ---- the host's queue, and the device ---- */

static enum why_level judge_queue(const struct why_vm *vm, const uint64_t *limits,
				  struct verdict *verdict)
{
	const struct io_row *row = find_worst(vm, IO_QUEUE);

	if (!row || mean_of(row, IO_QUEUE) < limits[LOOK] ||
	    mean_of(row, IO_QUEUE) < mean_of(row, IO_DEVICE))
		return WHY_NONE;
	add_disk(row, verdict, IO_QUEUE);
	verdict__add(verdict, WHY_TABLE_IO, "scheduler", row);
	say(verdict->draft->summary, "waits %s in the host's queue for each request of disk %s",
	    why_number(mean_of(row, IO_QUEUE), WHY_MS).text, io_row__disk(row));
	if (row->device)
		say(verdict->draft->culprit, "%s", row->device);
	say(verdict->draft->remedy,
	    "fewer requests at once from the guest, another scheduler, or a device "
	    "that takes more at once");
	return why_level__of(mean_of(row, IO_QUEUE), limits);
}

static enum why_level judge_device(const struct why_vm *vm, const uint64_t *limits,
				   struct verdict *verdict)
{
	const struct io_row *row = find_worst(vm, IO_DEVICE);

	if (!row || mean_of(row, IO_DEVICE) < limits[LOOK])
		return WHY_NONE;
	add_disk(row, verdict, IO_DEVICE);
	verdict__add(verdict, WHY_TABLE_IO, "d_p99_ns", row);
	say(verdict->draft->summary, "waits %s for the device for each request of disk %s",
	    why_number(mean_of(row, IO_DEVICE), WHY_MS).text, io_row__disk(row));
	if (row->device)
		say(verdict->draft->culprit, "%s", row->device);
	say(verdict->draft->remedy,
	    "the device itself is slow: look at its health and what else it "
	    "serves, or use a faster one");
	return why_level__of(mean_of(row, IO_DEVICE), limits);
}

/* ---- the VMM's threads ---- */

/* What the VMM adds to each request, beside what the host takes. */
static uint64_t added_by_vmm(const struct io_row *row)
{
	uint64_t host =
		mean_of(row, IO_THROTTLED) + mean_of(row, IO_QUEUE) + mean_of(row, IO_DEVICE);
	uint64_t vmm = mean_of(row, IO_VMM);

	return vmm > host ? vmm - host : 0;
}

/* The disk to which the VMM adds most; where that is not known, one that was used. */
static const struct io_row *find_vmm(const struct why_vm *vm)
{
	const struct io_rows *rows = &vm->facts->disks;
	const struct io_row *worst = NULL;

	for (size_t i = 0; i < rows->count; i++) {
		const struct io_row *row = &rows->list[i];

		if (is_of(row, vm) && row->interval.requests &&
		    (!worst || added_by_vmm(row) > added_by_vmm(worst)))
			worst = row;
	}
	return worst;
}

/* Who ran while a thread of the VM waited; nobody where memory is short. */
static void name_offender(const struct why_vm *vm, struct verdict *verdict)
{
	struct row other = vm->other;
	struct rows rows = { .list = &other, .count = 1 };
	struct blame_list blame = { 0 };

	if (blame__make(&blame, &vm->facts->before->sched, &vm->facts->after->sched, &rows,
			BY_THREAD, true))
		blame.count = 0;
	for (size_t i = 0; i < blame.count && !*verdict->draft->culprit; i++) {
		const struct blame_entry *entry = &blame.list[i];
		enum offender_kind kind = entry->offender.kind;

		if (kind == OFFENDER_VCPU && entry->own)
			say(verdict->draft->culprit, "its own vCPUs");
		else if (kind != OFFENDER_THROTTLED && kind != OFFENDER_UNKNOWN)
			say(verdict->draft->culprit, "%s", entry->who);
	}
	blame__free(&blame);
}

static enum why_level judge_vmm(const struct why_vm *vm, const uint64_t *limits,
				struct verdict *verdict)
{
	enum { ADDED = 2 };
	const struct io_row *row = find_vmm(vm);
	bool known = row && row->known[IO_VMM];
	enum why_level level = why_level__of(vm->other_mpct, limits);

	if (!row || level == WHY_NONE || (known && added_by_vmm(row) < limits[ADDED]))
		return WHY_NONE;
	verdict->severity = vm->other_mpct;
	verdict__add(verdict, WHY_TABLE_CPU, "ready_pct", &vm->other);
	verdict__add(verdict, WHY_TABLE_IO, "vmm_mean_ns", row);
	verdict__add(verdict, WHY_TABLE_IO, "q_mean_ns", row);
	verdict__add(verdict, WHY_TABLE_IO, "d_mean_ns", row);
	verdict__add(verdict, WHY_TABLE_IO, "iops", row);
	say(verdict->draft->summary, "has its thread '%s' wait %s of the time for a CPU%s%s%s%s",
	    vm->other.identity.comm, why_number(vm->other_mpct, WHY_PERCENT).text,
	    known ? ": the VMM adds " : " while it does I/O",
	    known ? why_number(added_by_vmm(row), WHY_MS).text : "",
	    known ? " to each request of disk " : "", known ? io_row__disk(row) : "");
	name_offender(vm, verdict);
	say(verdict->draft->remedy,
	    "give this thread a CPU that no vCPU is on (virsh iothreadpin, emulatorpin; or "
	    "taskset -pc)%s",
	    known ? "" : "; --vmm or --qmp shows what it costs");
	return known ? level : WHY_LOOK;
}

/* ---- the guest's own queue ---- */

static enum why_level judge_guest(const struct why_vm *vm, const uint64_t *limits,
				  struct verdict *verdict)
{
	const struct io_row *row = find_worst(vm, IO_GUEST_QUEUE);

	if (!row || mean_of(row, IO_GUEST_QUEUE) < limits[LOOK] ||
	    mean_of(row, IO_GUEST_QUEUE) < mean_of(row, IO_GUEST_DEVICE))
		return WHY_NONE;
	add_disk(row, verdict, IO_GUEST_QUEUE);
	verdict__add(verdict, WHY_TABLE_IO, "gq_mean_ns", row);
	say(verdict->draft->summary, "has its requests of disk %s wait %s in the guest's own queue",
	    io_row__disk(row), why_number(mean_of(row, IO_GUEST_QUEUE), WHY_MS).text);
	say(verdict->draft->remedy,
	    "look inside: its I/O scheduler, and how many requests it makes at "
	    "once");
	return why_level__of(mean_of(row, IO_GUEST_QUEUE), limits);
}

#define QUEUE_LIMITS                                                                               \
	{ "look", 5, WHY_MS, "esxtop's practice for KAVG" },                                       \
	{                                                                                          \
		"act", 25, WHY_MS, "esxtop's practice for what a device may take"                  \
	}

#define DEVICE_LIMITS                                                                              \
	{ "look", 25, WHY_MS, "esxtop's practice for DAVG" },                                      \
	{                                                                                          \
		"act", 50, WHY_MS, "kvmq: what a program notices"                                  \
	}

static const struct why_rule rules[] = {
	{ .name = "io-throttled",
	  .says = "io.max of its cgroup, or of a parent, holds its requests back",
	  .condition = "requests of one of its disks were held back for this long on average (THR)",
	  .against = "a limit was set by somebody, and others may get less without it",
	  .part = WHY_IO,
	  .thresholds = { { "look", 1, WHY_MS, "kvmq: a fast device's whole latency" },
			  { "act", 5, WHY_MS, "esxtop's practice for KAVG" } },
	  .judge = judge_throttled },
	{ .name = "io-vmm",
	  .says = "the VMM's I/O thread, or another of its threads, waits for a CPU",
	  .condition = "it does I/O, one of its threads that are no vCPUs waits this much (%RDY - "
		       "%THR), and the VMM takes so much longer on average than the host's layers "
		       "(VMM - THR - Q - D); where VMM is not known, it is a look at most",
	  .against = "a CPU for these threads is one that vCPUs do not have",
	  .part = WHY_THREADS,
	  .thresholds = { { "look", 5, WHY_PERCENT, "esxtop's practice for ready time" },
			  { "act", 10, WHY_PERCENT, "the same" },
			  { "added", 1, WHY_MS, "kvmq: a fast device's whole latency" } },
	  .judge = judge_vmm },
	{ .name = "io-neighbour",
	  .says = "a neighbour's I/O on the same device",
	  .condition = "the queue or the device takes this long on average (Q, D) for one of its "
		       "disks, and at least that share of the device's time is another VM's",
	  .against = "the other one gets less",
	  .part = WHY_IO,
	  .group = "io",
	  .thresholds = { DEVICE_LIMITS,
			  { "share", 50, WHY_PERCENT, "kvmq: more than all others together" } },
	  .judge = judge_neighbour },
	{ .name = "io-queue",
	  .says = "its requests wait in the host's queue",
	  .condition = "that takes this long on average (Q), and longer than the device",
	  .against = "a queue makes an order that a device can use",
	  .part = WHY_IO,
	  .group = "io",
	  .thresholds = { QUEUE_LIMITS },
	  .judge = judge_queue },
	{ .name = "io-device",
	  .says = "the device is slow",
	  .condition = "that takes this long on average (D), and no neighbour has most of it",
	  .part = WHY_IO,
	  .group = "io",
	  .thresholds = { DEVICE_LIMITS },
	  .judge = judge_device },
	{ .name = "io-guest",
	  .says = "the guest's own queue",
	  .condition =
		  "the guest reports that requests waited this long in it on average (GQ), and "
		  "longer than outside",
	  .part = WHY_GUESTS,
	  .thresholds = { QUEUE_LIMITS },
	  .judge = judge_guest },
};

const struct why_rules io_rules_of_why = { rules, sizeof(rules) / sizeof(rules[0]) };
