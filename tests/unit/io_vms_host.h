/* SPDX-License-Identifier: GPL-2.0-only */
/* A host with VMs, their cgroups and devices, out of files, and whose a request is there. */
#ifndef KVMQ_IO_VMS_HOST_H
#define KVMQ_IO_VMS_HOST_H

#include "disks/io_vms.h"

#include "fake_proc.h"
#include "unit.h"

#define SEC 1000000000ULL
#define SDA IO_DEV(8, 0)

struct fixture {
	struct fake_proc proc, cgroups, sys;
	struct io_vms vms;
	bool opened;
	uint64_t now_ns;
};

static inline void open_vms(struct fixture *fixture, const struct vm_filter *filter)
{
	assert_int_equal(io_vms__init(&fixture->vms, fixture->proc.path, fixture->cgroups.path,
				      fixture->sys.path, filter),
			 0);
}

static inline int set_up(void **state)
{
	static const struct vm_filter all;
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fake_proc__open(&fixture->proc);
	fake_proc__open(&fixture->cgroups);
	fake_proc__open(&fixture->sys);
	fake_proc__add(&fixture->proc, 1, "init", 1, "init", NULL);
	fake_tree(&fixture->sys, "block/none", "");
	open_vms(fixture, &all);
	*state = fixture;
	return 0;
}

static inline int tear_down(void **state)
{
	struct fixture *fixture = *state;

	io_vms__free(&fixture->vms);
	fake_proc__close(&fixture->proc);
	fake_proc__close(&fixture->cgroups);
	fake_proc__close(&fixture->sys);
	free(fixture);
	return 0;
}

static inline void add_vm(struct fixture *fixture, uint32_t pid, const char *name,
			  const char *cgroup, const char *more)
{
	char arguments[512], text[256];

	snprintf(arguments, sizeof(arguments), "qemu-system-x86_64|-name|%s%s", name, more);
	snprintf(text, sizeof(text), "0::%s\n", cgroup);
	fake_proc__add(&fixture->proc, pid, "qemu-system-x86", pid, arguments, text);
	fake_proc__add_fd(&fixture->proc, pid, 9, "anon_inode:kvm-vm");
}

static inline void add_cgroup_file(struct fixture *fixture, const char *name, const char *text)
{
	fake_tree(&fixture->cgroups, name + 1, text);
}

/* Whose io controller is on. */
static inline uint64_t add_cgroup(struct fixture *fixture, const char *name, const char *procs)
{
	char path[512];
	struct stat status;

	snprintf(path, sizeof(path), "%s/io.stat", name);
	add_cgroup_file(fixture, path, "");
	snprintf(path, sizeof(path), "%s/cgroup.procs", name);
	add_cgroup_file(fixture, path, procs);
	snprintf(path, sizeof(path), "%s%s", fixture->cgroups.path, name);
	assert_int_equal(stat(path, &status), 0);
	return status.st_ino;
}

static inline void add_device(struct fixture *fixture, const char *name, uint32_t dev,
			      const char *slave)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "block/%s/dev", name);
	snprintf(text, sizeof(text), "%u:%u\n", IO_DEV_MAJOR(dev), IO_DEV_MINOR(dev));
	fake_tree(&fixture->sys, path, text);
	if (!slave)
		return;
	snprintf(path, sizeof(path), "block/%s/slaves/%s", name, slave);
	fake_tree(&fixture->sys, path, "");
}

static inline void refresh(struct fixture *fixture)
{
	fixture->now_ns = fixture->vms.next_ns + SEC;
	assert_int_equal(io_vms__refresh(&fixture->vms, fixture->now_ns), 1);
}

static inline const struct live_vm *get(const struct fixture *fixture, uint32_t pid)
{
	const struct live_vm *vm = io_vms__find(&fixture->vms, pid);

	assert_non_null(vm);
	return vm;
}

static inline void give_device(const struct fixture *fixture, uint32_t pid, uint32_t dev)
{
	struct disks *disks = get(fixture, pid)->disks;

	*list_add(disks) = (struct disk){ .dev = dev, .backing = DISK_BLOCK };
}

static inline void check_owner(struct fixture *fixture, const struct block_flow *flow,
			       enum io_owner owner, uint32_t pid)
{
	const struct live_vm *vm;

	assert_int_equal(io_vms__find_owners(&fixture->vms), 0);
	assert_int_equal(io_vms__owner(&fixture->vms, flow, &vm), owner);
	assert_int_equal(vm ? vm->vm->pid : 0, pid);
}

#endif
