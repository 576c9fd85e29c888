/* SPDX-License-Identifier: GPL-2.0-only */
/* A host as kvmq-io sees it, at two moments: devices, VMs with disks, and what was counted. */
#ifndef KVMQ_IO_HOST_H
#define KVMQ_IO_HOST_H

#include "disks/io_vms.h"
#include "fake_proc.h"
#include "guests/guest_link.h"
#include "io/io_rows.h"
#include "unit.h"

#define SEC 1000000000ULL
#define SDA IO_DEV(8, 0)
#define SDB IO_DEV(8, 16)
#define DM0 IO_DEV(253, 0)

struct io_host {
	struct fake_proc sys;
	struct io_vms vms;
	struct live_vm list[4];
	struct vm registry[4];
	struct disks disks[4];
	struct guest guests_before[4], guests_after[4]; /* with a vm_pid */
	struct view before, after;
	struct io_rows rows;
};

/* A device that makes requests. slaves: names divided by blanks, or NULL. */
static inline void io_host__add_device(struct io_host *host, const char *name, uint32_t dev,
				       const char *slaves)
{
	char path[128], text[64], *names = strdup(slaves ? slaves : ""), *rest = names, *word;

	snprintf(path, sizeof(path), "block/%s/dev", name);
	snprintf(text, sizeof(text), "%u:%u\n", IO_DEV_MAJOR(dev), IO_DEV_MINOR(dev));
	fake_tree(&host->sys, path, text);
	snprintf(path, sizeof(path), "block/%s/size", name);
	fake_tree(&host->sys, path, "2048\n");
	snprintf(path, sizeof(path), "block/%s/mq/0", name);
	fake_tree(&host->sys, path, "");
	snprintf(path, sizeof(path), "block/%s/queue/scheduler", name);
	fake_tree(&host->sys, path, "[none] bfq\n");
	while ((word = strtok_r(rest, " ", &rest))) {
		snprintf(path, sizeof(path), "block/%s/slaves/%s", name, word);
		fake_tree(&host->sys, path, "");
	}
	free(names);
	assert_int_equal(devices__read(host->vms.devices), 0);
}

/* VMs come by ascending PID. */
static inline struct live_vm *io_host__add_vm(struct io_host *host, uint32_t pid, const char *name,
					      uint64_t cgroup_id)
{
	size_t index = host->vms.count++;
	struct live_vm *vm = &host->list[index];

	assert_true(index < ARRAY_SIZE(host->list));
	/* Tests keep pointers to them. */
	assert_int_equal(list_reserve(&host->disks[index], DISKS_MAX), 0);
	host->registry[index] = (struct vm){ .pid = pid, .chosen = true };
	snprintf(host->registry[index].name, VM_SHOWN_SIZE, "%s", name);
	*vm = (struct live_vm){ .vm = &host->registry[index],
				.disks = &host->disks[index],
				.cgroup_id = cgroup_id };
	return vm;
}

/* A raw block device, opened with O_DIRECT. */
static inline struct disk *io_host__add_disk(struct live_vm *vm, const char *name, uint32_t dev)
{
	struct disk *disk = list_add(vm->disks);

	*disk = (struct disk){ .id = (uint32_t)vm->disks->count - 1,
			       .dev = dev,
			       .backing = DISK_BLOCK,
			       .direct = true };
	snprintf(disk->name, sizeof(disk->name), "%s", name);
	snprintf(disk->format, sizeof(disk->format), "raw");
	return disk;
}

static inline int io_host__open(void **state)
{
	struct io_host *host = calloc(1, sizeof(*host));

	fake_proc__open(&host->sys);
	host->vms.list = host->list;
	host->vms.devices = devices__new(host->sys.path);
	host->before.sched.time_ns = 10 * SEC;
	host->after.sched.time_ns = 12 * SEC;
	io_host__add_device(host, "sda", SDA, NULL);
	*state = host;
	return 0;
}

static inline int io_host__close(void **state)
{
	struct io_host *host = *state;

	io_rows__free(&host->rows);
	for (size_t i = 0; i < ARRAY_SIZE(host->guests_after); i++) {
		free(host->guests_before[i].report);
		free(host->guests_after[i].report);
		free(host->guests_after[i].first);
	}
	for (size_t i = 0; i < ARRAY_SIZE(host->disks); i++)
		disks__free(&host->disks[i]);
	view__free(&host->before);
	view__free(&host->after);
	devices__free(host->vms.devices);
	list_free(&host->vms.users);
	list_free(&host->vms.holders);
	list_free(&host->vms.cgroup_users);
	fake_proc__close(&host->sys);
	free(host);
	return 0;
}

static inline void time_requests(struct latency *latency, uint64_t count, uint64_t ns)
{
	latency->count = count;
	latency->sum_ns = count * ns;
	latency->hist[hist_bucket(ns)] = (uint32_t)count;
}

/* So many requests of 4 KiB, each 1, 2 and 3 us in its layers. */
static inline struct block_flow *add_requests(struct view *view, uint32_t dev, uint32_t vm_pid,
					      uint64_t cgroup_id, enum io_op op, uint64_t count)
{
	struct block_flow *flow = list_add(&view->io.block.flows);

	flow->dev = dev;
	flow->vm_pid = vm_pid;
	flow->cgroup_id = cgroup_id;
	flow->op = op;
	flow->issued = flow->completed = count;
	flow->bytes = count * 4096;
	for (int layer = 0; layer < HOST_LAYERS; layer++)
		time_requests(&flow->layers[layer], count, (uint64_t)(layer + 1) * 1000);
	return flow;
}

/* The same flow at both moments: it grows by count. */
static inline void add_growth(struct io_host *host, uint32_t dev, uint32_t vm_pid,
			      uint64_t cgroup_id, enum io_op op, uint64_t count)
{
	add_requests(&host->before, dev, vm_pid, cgroup_id, op, 1000);
	add_requests(&host->after, dev, vm_pid, cgroup_id, op, 1000 + count);
}

static inline struct vmm_flow *add_vmm(struct view *view, uint32_t vm_pid, uint64_t backend,
				       uint32_t disk, enum io_op op, uint64_t count)
{
	struct vmm_flow *flow = list_add(&view->io.vmm.flows);

	flow->vm_pid = vm_pid;
	flow->backend = backend;
	flow->disk = disk;
	flow->op = op;
	flow->bytes = count * 512;
	time_requests(&flow->latency, count, 50000);
	if (backend == VMM_BY_QMP)
		memset(flow->latency.hist, 0, sizeof(flow->latency.hist));
	return flow;
}

static inline void add_vmm_growth(struct io_host *host, uint32_t vm_pid, uint64_t backend,
				  uint32_t disk, enum io_op op, uint64_t count)
{
	add_vmm(&host->before, vm_pid, backend, disk, op, 500);
	add_vmm(&host->after, vm_pid, backend, disk, op, 500 + count);
}

/* Requests that leave a ring after 70 us each. */
static inline void add_ring_growth(struct io_host *host, uint32_t vm_pid, uint32_t disk,
				   uint32_t queue, uint64_t count)
{
	struct io_view *const views[] = { &host->before.io, &host->after.io };

	for (size_t i = 0; i < 2; i++) {
		struct virtqueue_flow *flow = list_add(&views[i]->queues.flows);

		*flow = (struct virtqueue_flow){ .vm_pid = vm_pid,
						 .disk = disk,
						 .queue = queue,
						 .requests = 300 + i * count,
						 .integral_ns = 30000 + i * count * 70000 };
	}
}

/* As a session does. */
static inline void describe(struct io_host *host, struct io_view *view,
			    const struct guest guests[4])
{
	list_clear(&view->guests);
	list_clear(&view->guest_disks);
	list_clear(&view->guest_flows);
	for (size_t i = 0; i < 4; i++)
		if (guests[i].vm_pid)
			assert_int_equal(guest__describe(&guests[i], 0, view), 0);
	for (int set = IO_SET_GUESTS; set <= IO_SET_GUEST_FLOWS; set++)
		io_view__sort(view, (enum io_set)set);
	block_snapshot__sort(&view->block);
	assert_int_equal(io_vms__describe(&host->vms, view), 0);
}

static inline struct io_rows *make_rows(struct io_host *host, enum group_by by)
{
	describe(host, &host->before.io, host->guests_before);
	describe(host, &host->after.io, host->guests_after);
	assert_int_equal(io_rows__make(&host->rows, by, &host->before, &host->after), 0);
	return &host->rows;
}

/* disk: its name, or the guest's; NULL: none. Returns NULL if there is no such row. */
static inline const struct io_row *find_row(const struct io_host *host, enum io_row_kind kind,
					    const char *disk, enum io_op op)
{
	for (size_t i = 0; i < host->rows.count; i++) {
		const struct io_row *row = &host->rows.list[i];

		if (row->kind == kind && row->op == op &&
		    !strcmp(disk ? disk : "", io_row__disk(row)))
			return row;
	}
	return NULL;
}

#endif
