// SPDX-License-Identifier: GPL-2.0-only
#include "probe/virtqueue.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/units.h"
#include "probe/kernel.h"
#include "probe/maps.h"
#include "probe/virtqueue_slots.h"
#include "virtqueue.skel.h"

_Static_assert(RINGS_MAX <= VIRTQUEUE_RINGS_OF_VM, "all rings of a VM are looked at");

struct virtqueue_probe {
	struct virtqueue_bpf *skeleton;
	struct shared_array slots;
	struct watched *vms;
	size_t count;
};

static int load(struct virtqueue_probe *probe)
{
	int error;

	probe->skeleton = virtqueue_bpf__open_and_load();
	if (!probe->skeleton)
		return -errno;
	kernel_tell_programs("virtqueue", probe->skeleton->obj);
	error = map_array(&probe->slots, probe->skeleton->maps.rings, PROT_READ | PROT_WRITE);
	return error ? error : virtqueue_bpf__attach(probe->skeleton);
}

/* Why the programs cannot be loaded, if that is known without trying; NULL: try. */
static const char *find_obstacle(int *error)
{
	int arguments = kernel_kvm_tracepoint_arguments("kvm_exit");

	*error = arguments < 0 ? arguments : 0;
	if (arguments >= 0)
		return NULL;
	if (access("/sys/module/kvm", F_OK))
		return "kvm is not loaded";
	if (arguments == -EPERM || arguments == -EACCES)
		return "the kernel refused the BTF of kvm: it takes root or CAP_SYS_ADMIN";
	return "this kernel has no BTF of the kvm module (5.11, CONFIG_DEBUG_INFO_BTF_MODULES)";
}

int virtqueue_probe__open(struct virtqueue_probe **out, const char **missing)
{
	static char refused[128]; /* outlives the probe, which does not exist */
	struct virtqueue_probe *probe;
	int error;

	*missing = find_obstacle(&error);
	if (*missing)
		return error;
	probe = calloc(1, sizeof(*probe));
	error = probe ? load(probe) : -ENOMEM;
	/* libbpf's copies of the kernel's BTF, several MiB, are no longer needed. */
	malloc_trim(0);
	if (error) {
		snprintf(refused, sizeof(refused),
			 "the kernel refused the hooks at kicks and interrupts: %s",
			 strerror(-error));
		*missing = refused;
		virtqueue_probe__close(probe);
		return error;
	}
	*out = probe;
	return 0;
}

void virtqueue_probe__close(struct virtqueue_probe *probe)
{
	if (!probe)
		return;
	unmap_array(&probe->slots);
	virtqueue_bpf__destroy(probe->skeleton);
	free(probe->vms);
	free(probe);
}

static struct watched *find(const struct virtqueue_probe *probe, uint32_t pid)
{
	for (size_t i = 0; i < probe->count; i++)
		if (probe->vms[i].pid == pid)
			return &probe->vms[i];
	return NULL;
}

static void forget(struct virtqueue_probe *probe, struct watched *vm)
{
	bpf_map_delete_elem(bpf_map__fd(probe->skeleton->maps.vms), &vm->pid);
	watched__release(vm, probe->slots.data);
	*vm = probe->vms[--probe->count];
}

/* A place for one VM more. */
static int grow(struct virtqueue_probe *probe)
{
	struct watched *vms = reallocarray(probe->vms, probe->count + 1, sizeof(*vms));

	if (!vms)
		return -ENOMEM;
	probe->vms = vms;
	return 0;
}

/* Puts the VM's rings into slots, and then in the place of the old ones. */
static int replace(struct virtqueue_probe *probe, struct watched *vm)
{
	struct virtqueue_rings range = { .count = (uint32_t)vm->count };
	struct watched *old = find(probe, vm->pid);
	int error = old ? 0 : grow(probe);

	if (!error)
		error = watched__place(vm, probe->slots.data, old);
	if (error)
		return error;
	range.first = vm->first;
	if (bpf_map_update_elem(bpf_map__fd(probe->skeleton->maps.vms), &vm->pid, &range, 0)) {
		error = -errno;
		watched__release(vm, probe->slots.data);
		return error;
	}
	if (old)
		watched__release(old, probe->slots.data);
	else
		old = &probe->vms[probe->count++];
	*old = *vm;
	return 0;
}

int virtqueue_probe__watch(struct virtqueue_probe *probe, uint32_t vm_pid, const struct ring *rings,
			   size_t count)
{
	struct watched vm = { .pid = vm_pid, .count = count }, *old = find(probe, vm_pid);

	if (count > RINGS_MAX)
		return -E2BIG;
	if (!count) {
		if (old)
			forget(probe, old);
		return 0;
	}
	if (old && watched__has(old, rings, count))
		return 0;
	memcpy(vm.rings, rings, count * sizeof(*rings));
	return replace(probe, &vm);
}

int virtqueue_probe__read(struct virtqueue_probe *probe, struct virtqueue_snapshot *snapshot)
{
	uint64_t now_ns = clock_monotonic_ns();
	struct virtqueue_flow *flow;

	virtqueue_snapshot__clear(snapshot);
	for (size_t i = 0; i < probe->count; i++) {
		for (size_t j = 0; j < probe->vms[i].count; j++) {
			flow = list_add(&snapshot->flows);
			if (!flow)
				return -ENOMEM;
			watched__read(&probe->vms[i], probe->slots.data, j, now_ns, flow);
		}
	}
	snapshot->failed = probe->skeleton->bss->failed;
	snapshot->skipped = probe->skeleton->bss->skipped + missed_runs(probe->skeleton->obj);
	return 0;
}
