/* SPDX-License-Identifier: GPL-2.0-only */
/* What views of why_scene.h have beside CPU time: exits, memory and I/O. */
#ifndef KVMQ_WHY_PARTS_H
#define KVMQ_WHY_PARTS_H

#include "why_scene.h"

#define MIB 1048576ULL
#define SDA (8U << 20)

/* SVM's */
#define PAUSE 0x77
#define IO 0x7b
#define NPF 0x400

static inline struct exit_figures *add_exits(struct why_scene *scene, uint64_t run_ms)
{
	struct exit_thread *thread;

	add_vm(scene, 10, "web");
	add_vcpu(scene, 10, 0, run_ms, 0);
	scene->after.exits.missing[0] = '\0';
	scene->after.exits.isa = EXIT_ISA_SVM;
	thread = exit_snapshot__add(&scene->after.exits);
	thread->id = 10 << 8;
	thread->poll_known = true;
	return &thread->figures;
}

static inline void add_reason(struct why_scene *scene, uint32_t code, uint64_t count)
{
	struct reason_snapshot *reason =
		exit_snapshot__add_reason(&scene->after.exits, 10 << 8, code);

	reason->figures.count[EXIT_KERNEL] = count;
	reason->figures.handle_ns[EXIT_KERNEL] = count * 1000;
}

/* It runs on node 0, and so much of 100 MiB is on node 1. */
static inline struct numa_vm *add_numa(struct why_scene *scene, uint64_t run_ms,
				       uint64_t remote_mib)
{
	struct numa_vm *vm;
	struct numa_thread *thread;

	for (uint32_t id = 0; id < 2; id++) {
		struct node *node = list_add(&scene->after.numa.nodes);

		*node = (struct node){ .id = id, .cpus = 2, .memory_bytes = 1024 * MIB };
	}
	add_vm(scene, 10, "web");
	add_vcpu(scene, 10, 0, run_ms, 0);
	thread = numa_snapshot__add(&scene->after.numa);
	thread->id = 10 << 8;
	thread->node = thread->home = 0;
	thread->figures.run_ns[0] = run_ms * MSEC;
	vm = numa_snapshot__add_vm(&scene->after.numa);
	vm->pid = 10;
	vm->start_ns = 10;
	vm->home = 0;
	vm->residency = (struct residency){ .source = RESIDENCY_MAPS, .kinds_known = true };
	vm->residency.bytes[0] = (100 - remote_mib) * MIB;
	vm->residency.bytes[1] = remote_mib * MIB;
	return vm;
}

static inline struct block_flow *add_disk(struct why_scene *scene, uint32_t pid, const char *name)
{
	struct io_vm *vm = list_add(&scene->after.io.vms);
	struct io_disk *disk = list_add(&scene->after.io.disks);
	struct io_leaf *leaf = list_add(&scene->after.io.leaves);
	struct block_flow *flow = list_add(&scene->after.io.block.flows);

	scene->after.io.missing.all[0] = '\0';
	*vm = (struct io_vm){ .pid = pid, .start_ns = pid, .cgroup_id = pid, .chosen = true };
	snprintf(vm->name, sizeof(vm->name), "%s", name);
	*disk = (struct io_disk){ .vm_pid = pid,
				  .vm_start_ns = pid,
				  .id = 1,
				  .dev = SDA,
				  .backing = DISK_FILE,
				  .name = "root",
				  .format = "raw",
				  .direct = true };
	*leaf = (struct io_leaf){ .vm_pid = pid, .vm_start_ns = pid, .disk = 1, .dev = SDA };
	*flow = (struct block_flow){ .dev = SDA,
				     .vm_pid = pid,
				     .cgroup_id = pid,
				     .whose = { pid, pid, 1, IO_OWNER_VM, false },
				     .issued = 10,
				     .completed = 10 };
	return flow;
}

static inline void set_means(struct block_flow *flow, uint64_t throttled_ms, uint64_t queue_ms,
			     uint64_t device_ms)
{
	const uint64_t ms[] = { throttled_ms, queue_ms, device_ms };

	for (int layer = 0; layer < HOST_LAYERS; layer++)
		flow->layers[layer] =
			(struct latency){ .count = 10, .sum_ns = 10 * ms[layer] * MSEC };
}

static inline struct block_flow *add_web(struct why_scene *scene)
{
	struct io_device *device = list_add(&scene->after.io.devices);

	*device = (struct io_device){ .dev = SDA, .name = "sda" };
	add_vm(scene, 10, "web");
	add_vcpu(scene, 10, 0, 100, 0);
	return add_disk(scene, 10, "web");
}

/* A guest that has reported, since it began: so many ms in its queue and outside of it. */
static inline void set_report(struct why_scene *scene, uint64_t queue_ms, uint64_t device_ms)
{
	const uint64_t ms[] = { queue_ms, device_ms };
	struct io_view *io = &scene->after.io;
	struct io_guest *guest;
	struct io_guest_disk *disk;
	struct io_guest_flow *flow;

	list_clear(&io->guests);
	list_clear(&io->guest_disks);
	list_clear(&io->guest_flows);
	guest = list_add(&io->guests);
	disk = list_add(&io->guest_disks);
	flow = list_add(&io->guest_flows);
	*guest = (struct io_guest){
		.vm_start_ns = 10, .vm_pid = 10, .session = 1, .sequence = 1, .reported = true
	};
	*disk = (struct io_guest_disk){
		.vm_start_ns = 10, .vm_pid = 10, .name = "vda", .serial = "one"
	};
	*flow = (struct io_guest_flow){
		.vm_start_ns = 10, .vm_pid = 10, .disk = "vda", .requests = 10
	};
	for (int layer = 0; layer < GUEST_LAYERS; layer++)
		flow->layers[layer] =
			(struct latency){ .count = 10, .sum_ns = 10 * ms[layer] * MSEC };
	snprintf(io->disks.list[0].serial, DISK_NAME_SIZE, "one");
}

/* A thread of web's that is no vCPU, and who ran instead of it. */
static inline struct figures *add_other(struct why_scene *scene, const char *name)
{
	struct thread_snapshot *thread = add_vcpu(scene, 10, 1, 100, 0);

	thread->identity.is_vcpu = false;
	thread->identity.vcpu = VCPU_UNKNOWN;
	snprintf(thread->identity.comm, COMM_SIZE, "%s", name);
	add_blame(scene, 10, 1, vcpu_of(10), 50);
	return &thread->figures;
}

#endif
