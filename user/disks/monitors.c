// SPDX-License-Identifier: GPL-2.0-only
#include "disks/monitors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/units.h"

#define READ_MS 500 /* for the counters of an interval */
#define PAUSE_MAX 6 /* doublings */

/* How long QEMU may take. */
struct patience {
	unsigned int answer_ms; /* to connect, and again for its greeting */
	unsigned int all_ms;	/* for all that is asked then */
};

/* The first time somebody waits for it, and a busy host's QEMU is late: the tool is made for such
 * a host. Later on it would hold up what others are told. */
static const struct patience at_start = { MONITORS_START_MS, MONITORS_START_MS };
static const struct patience afterwards = { 500, 1000 };

static void close_monitor(struct monitor *monitor, int error)
{
	qmp__close(monitor->qmp);
	monitor->qmp = NULL;
	monitor->ring_count = 0;
	monitor->error = error;
	/* A monitor that has not answered in time is asked less often each time. */
	if (error == -ETIMEDOUT) {
		monitor->pause = 1U << monitor->late;
		monitor->late += monitor->late < PAUSE_MAX;
	}
}

static void connect_monitor(struct monitor *monitor, const struct patience *patience)
{
	int error = qmp__open(&monitor->qmp, monitor->path, patience->answer_ms);

	if (error) {
		close_monitor(monitor, error);
		return;
	}
	monitor->vm_pid = qmp__peer(monitor->qmp);
	monitor->vm_start_ns = 0;
	monitor->error = 0;
}

static void ask(struct monitor *monitor, struct io_vms *vms, const struct patience *patience)
{
	struct live_vm *vm = io_vms__find(vms, monitor->vm_pid);
	uint64_t begin = clock_monotonic_ns();
	int result;

	/* Another one may have its PID by now. */
	if (!vm || (monitor->vm_start_ns && monitor->vm_start_ns != vm->vm->start_ns)) {
		close_monitor(monitor, -ESRCH);
		return;
	}
	monitor->vm_start_ns = vm->vm->start_ns;
	qmp__limit(monitor->qmp, patience->all_ms);
	result = disks__ask(vm->disks, monitor->qmp);
	if (!result)
		result = disk_ids__assign(&vms->disk_ids, vm->vm->start_ns, vm->disks);
	if (!result)
		result = rings__ask(monitor->rings, vm->disks, monitor->qmp);
	/* A monitor that was skipped last time may come first. */
	if (result == -EPIPE && clock_monotonic_ns() - begin >= patience->all_ms * NSEC_PER_MSEC)
		result = -ETIMEDOUT;
	monitor->ring_count = result > 0 ? (size_t)result : 0;
	monitor->rings_missing = NULL;
	if (result == -EOPNOTSUPP)
		monitor->rings_missing = "QEMU does not tell where the rings are (7.2)";
	else if (result < 0)
		close_monitor(monitor, result);
	else
		monitor->late = 0;
	if (!result)
		monitor->rings_missing = "none of its disks has a split virtqueue in use";
}

void monitors__refresh(struct monitors *monitors, struct io_vms *vms)
{
	const char *before = interrupt__guard("asking QEMU's monitors");
	const struct patience *patience = monitors->started ? &afterwards : &at_start;

	for (size_t i = 0; i < monitors->count; i++) {
		struct monitor *monitor = &monitors->list[i];

		if (interrupted())
			break;
		if (monitor->pause) {
			monitor->pause--;
			continue;
		}
		if (!monitor->qmp)
			connect_monitor(monitor, patience);
		if (monitor->qmp)
			ask(monitor, vms, patience);
		if (monitor->error && !monitors->started)
			break;
	}
	monitors->started = true;
	interrupt__guard(before);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* Which disk an element of query-blockstats is about, or DISK_NO_ID. */
static uint32_t find_disk(const struct disks *disks, const json_t *element)
{
	const char *qdev = text_of(element, "qdev");

	for (size_t i = 0; i < disks->count; i++) {
		const struct disk *disk = &disks->list[i];
		size_t length = strlen(disk->qom_path);

		if (length && !strncmp(qdev, disk->qom_path, length) &&
		    (!qdev[length] || qdev[length] == '/'))
			return disk->id;
		if (*disk->drive && (!strcmp(disk->drive, text_of(element, "device")) ||
				     !strcmp(disk->drive, text_of(element, "node-name"))))
			return disk->id;
	}
	return DISK_NO_ID;
}

/* False: this QEMU does not count it. */
static bool get_counter(const json_t *stats, const char *prefix, const char *what, uint64_t *value)
{
	const json_t *number;
	char key[32];

	snprintf(key, sizeof(key), "%s_%s", prefix, what);
	number = json_object_get(stats, key);
	*value = (uint64_t)json_integer_value(number);
	return json_is_integer(number);
}

/* Made of these counters if there is none, or if they are less, as if QEMU counts anew. NULL: no
 * memory. */
static const struct monitor_base *find_base(struct monitor *monitor, const struct monitor_base *now)
{
	struct monitor_base *base = NULL;

	for (size_t i = 0; i < monitor->bases.count && !base; i++)
		if (monitor->bases.list[i].disk == now->disk &&
		    monitor->bases.list[i].op == now->op)
			base = &monitor->bases.list[i];
	if (!base) {
		base = list_add(&monitor->bases);
		if (!base)
			return NULL;
		*base = *now;
	} else if (now->count < base->count || now->sum_ns < base->sum_ns ||
		   now->bytes < base->bytes) {
		*base = *now;
	}
	base->is_there = true;
	return base;
}

/* A disk that has gone does not come again. */
static bool has_gone(const void *item)
{
	const struct monitor_base *base = item;

	return !base->is_there;
}

static int add_disk(struct monitor *monitor, struct vmm_snapshot *snapshot, uint32_t disk,
		    const json_t *stats)
{
	static const char *const prefixes[] = {
		[IO_READ] = "rd", [IO_WRITE] = "wr", [IO_DISCARD] = "unmap", [IO_FLUSH] = "flush"
	};

	for (int op = 0; op < (int)(sizeof(prefixes) / sizeof(prefixes[0])); op++) {
		struct monitor_base now = { .disk = disk, .op = (enum io_op)op };
		const struct monitor_base *base;
		struct vmm_flow *flow;

		if (!get_counter(stats, prefixes[op], "operations", &now.count) ||
		    !get_counter(stats, prefixes[op], "total_time_ns", &now.sum_ns))
			continue;
		get_counter(stats, prefixes[op], "bytes", &now.bytes); /* a flush has none */
		base = find_base(monitor, &now);
		flow = base ? list_add(&snapshot->flows) : NULL;
		if (!flow)
			return -ENOMEM;
		flow->vm_pid = monitor->vm_pid;
		flow->backend = VMM_BY_QMP;
		flow->disk = disk;
		flow->op = now.op;
		flow->bytes = now.bytes - base->bytes;
		flow->latency.count = now.count - base->count;
		flow->latency.sum_ns = now.sum_ns - base->sum_ns;
	}
	return 0;
}

/* If a disk has two backends, the first one that QEMU reports counts. */
static bool is_counted(const struct vmm_snapshot *snapshot, size_t first, uint32_t disk)
{
	for (size_t i = first; i < snapshot->flows.count; i++)
		if (snapshot->flows.list[i].disk == disk)
			return true;
	return false;
}

static int read_monitor(struct monitor *monitor, const struct io_vms *vms,
			struct vmm_snapshot *snapshot)
{
	const struct live_vm *vm = io_vms__find(vms, monitor->vm_pid);
	size_t first = snapshot->flows.count, i;
	json_t *list, *element;
	int error = 0;

	if (!vm)
		return 0;
	qmp__limit(monitor->qmp, READ_MS);
	list = qmp__execute(monitor->qmp, "query-blockstats", NULL);
	if (!list) {
		close_monitor(monitor, -errno);
		return 0;
	}
	for (i = 0; i < monitor->bases.count; i++)
		monitor->bases.list[i].is_there = false;
	json_array_foreach(list, i, element)
	{
		uint32_t disk = find_disk(vm->disks, element);

		if (disk != DISK_NO_ID && !error && !is_counted(snapshot, first, disk))
			error = add_disk(monitor, snapshot, disk,
					 json_object_get(element, "stats"));
	}
	json_decref(list);
	list_drop(&monitor->bases, has_gone);
	return error;
}

int monitors__read(struct monitors *monitors, const struct io_vms *vms,
		   struct vmm_snapshot *snapshot)
{
	int error = 0;

	for (size_t i = 0; i < monitors->count && !error; i++)
		if (monitors->list[i].qmp)
			error = read_monitor(&monitors->list[i], vms, snapshot);
	return error;
}

const struct monitor *monitors__find(const struct monitors *monitors, uint32_t vm_pid)
{
	for (size_t i = 0; i < monitors->count; i++)
		if (monitors->list[i].qmp && monitors->list[i].vm_pid == vm_pid)
			return &monitors->list[i];
	return NULL;
}

void monitors__close(struct monitors *monitors)
{
	for (size_t i = 0; i < monitors->count; i++) {
		close_monitor(&monitors->list[i], 0);
		list_free(&monitors->list[i].bases);
	}
}
