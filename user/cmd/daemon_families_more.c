// SPDX-License-Identifier: GPL-2.0-only
/* Who is to blame for the waits of VMs, their disks, and distributions. */
#include <string.h>

#include "cmd/daemon_metrics_internal.h"

#define SECONDS 9 /* decimals of a number of ns */

/* ---- blame ---- */

static const struct family vm_blame = {
	"kvmq_vm_blame_seconds", "seconds", FAMILY_COUNTER,
	"Time in which vCPUs of the VM waited for a CPU, by who ran meanwhile: the worst ones by "
	"name, and all others."
};

static const char *offender_name(enum offender_kind kind)
{
	static const char *const names[] = {
		[OFFENDER_IDLE] = "idle",	    [OFFENDER_VCPU] = "vcpu",
		[OFFENDER_VM_THREAD] = "vm_thread", [OFFENDER_KERNEL] = "kernel",
		[OFFENDER_HOST] = "process",	    [OFFENDER_INTERRUPT] = "interrupt",
		[OFFENDER_THROTTLED] = "throttled",
	};

	return names[kind];
}

/* Two offenders of one name and UUID are one here, as they have the same labels. */
static bool same_labels(const struct pair_sums *a, const struct pair_sums *b)
{
	return a->kind == b->kind && a->own == b->own && !strcmp(a->domain, b->domain) &&
	       !strcmp(a->uuid, b->uuid) && !strcmp(a->process, b->process);
}

static void put_pair(struct exposition *exposition, struct shown_vm *vm, size_t place)
{
	const struct pair_sums *list = vm->vm->pairs.list, *pair = &list[place];
	uint64_t ns = 0;

	for (size_t i = 0; i < vm->vm->pairs.count; i++) {
		if (!list[i].placed || !same_labels(&list[i], pair))
			continue;
		if (i < place)
			return; /* is in that one's sample */
		ns += list[i].ns;
	}
	labels__add(&vm->labels, "by", offender_name(pair->kind));
	labels__add(&vm->labels, "by_domain", pair->domain);
	labels__add(&vm->labels, "by_uuid", pair->uuid);
	labels__add(&vm->labels, "by_process", pair->process);
	labels__add(&vm->labels, "own", pair->own ? "yes" : "");
	exposition__seconds(exposition, &vm->labels, ns);
	labels__cut(&vm->labels, vm->size);
}

void write_blame(struct exposition *exposition, struct shown_vms *vms)
{
	exposition__family(exposition, &vm_blame);
	for (size_t i = 0; i < vms->count; i++) {
		struct shown_vm *vm = &vms->list[i];

		for (size_t j = 0; j < vm->vm->pairs.count; j++)
			if (vm->vm->pairs.list[j].placed)
				put_pair(exposition, vm, j);
		if (!vm->vm->pairs.count && !vm->vm->other_blame_ns)
			continue;
		labels__add(&vm->labels, "by", "other");
		exposition__seconds(exposition, &vm->labels, vm->vm->other_blame_ns);
		labels__cut(&vm->labels, vm->size);
	}
}

/* ---- disks ---- */

static const struct family disk_requests = { "kvmq_disk_requests", NULL, FAMILY_COUNTER,
					     "Requests of a VM's disk that were completed." };
static const struct family disk_bytes = { "kvmq_disk_bytes", "bytes", FAMILY_COUNTER,
					  "Bytes of these requests." };
static const struct family layer_requests = {
	"kvmq_disk_layer_requests", NULL, FAMILY_COUNTER,
	"Requests that have left a layer: the guest's ring, the VMM, the limit of a cgroup, the "
	"host's queue, the device."
};
static const struct family layer_time = { "kvmq_disk_layer_seconds", "seconds", FAMILY_COUNTER,
					  "Time that these requests spent in the layer." };

static const char *layer_name(enum io_layer layer)
{
	static const char *const names[IO_LAYERS] = {
		[IO_GUEST_QUEUE] = "guest_queue",
		[IO_GUEST_DEVICE] = "guest_device",
		[IO_RING] = "ring",
		[IO_VMM] = "vmm",
		[IO_THROTTLED] = "throttled",
		[IO_QUEUE] = "queue",
		[IO_DEVICE] = "device",
	};

	return names[layer];
}

static void put_disk(struct exposition *exposition, struct shown_vm *vm,
		     const struct disk_sums *disk, const struct family *family)
{
	size_t size;

	labels__add(&vm->labels, "disk", disk->name);
	size = vm->labels.of.size;
	for (int op = 0; op < IO_OPS && (family == &disk_requests || family == &disk_bytes); op++) {
		if (!disk->ops_known[op])
			continue;
		labels__add(&vm->labels, "op", io_op__name((enum io_op)op));
		exposition__count(exposition, &vm->labels,
				  family == &disk_bytes ? disk->bytes[op] : disk->requests[op]);
		labels__cut(&vm->labels, size);
	}
	for (int layer = 0; layer < IO_LAYERS; layer++) {
		if (!disk->layers_known[layer] ||
		    (family != &layer_requests && family != &layer_time))
			continue;
		labels__add(&vm->labels, "layer", layer_name((enum io_layer)layer));
		exposition__put(exposition, &vm->labels,
				family == &layer_time ? disk->layers[layer].ns
						      : disk->layers[layer].count,
				family == &layer_time ? SECONDS : 0);
		labels__cut(&vm->labels, size);
	}
	labels__cut(&vm->labels, vm->size);
}

void write_disks(struct exposition *exposition, const struct daemon_sums *sums,
		 struct shown_vms *vms)
{
	static const struct family *const families[] = { &disk_requests, &disk_bytes,
							 &layer_requests, &layer_time };

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]) && sums->io_known; i++) {
		exposition__family(exposition, families[i]);
		for (size_t j = 0; j < vms->count; j++)
			for (size_t k = 0; k < vms->list[j].vm->disks.count; k++)
				put_disk(exposition, &vms->list[j], &vms->list[j].vm->disks.list[k],
					 families[i]);
	}
}

/* ---- distributions ---- */

static const struct family vm_wait = { "kvmq_vm_wait_seconds", "seconds", FAMILY_HISTOGRAM,
				       "How long waits of the VM's vCPUs for a CPU were." };
static const struct family vm_handling = { "kvmq_vm_exit_handling_seconds", "seconds",
					   FAMILY_HISTOGRAM,
					   "How long handling an exit of the VM took on a CPU." };
static const struct family vm_io = { "kvmq_vm_io_seconds", "seconds", FAMILY_HISTOGRAM,
				     "How long requests of the VM's disks were in a layer." };

static void put_coarse(struct exposition *exposition, const struct labels *labels,
		       const struct coarse_sum *sum)
{
	const struct exposition_histogram histogram = { coarse_bounds, sum->counts, COARSE_BOUNDS,
							sum->sum_ns };

	exposition__histogram(exposition, labels, &histogram);
}

void write_histograms(struct exposition *exposition, const struct daemon_sums *sums,
		      struct shown_vms *vms)
{
	exposition__family(exposition, &vm_wait);
	for (size_t i = 0; i < vms->count; i++)
		put_coarse(exposition, &vms->list[i].labels, &vms->list[i].vm->waits);
	exposition__family(exposition, &vm_handling);
	for (size_t i = 0; i < vms->count && sums->exits_known; i++)
		put_coarse(exposition, &vms->list[i].labels, &vms->list[i].vm->handling);
	exposition__family(exposition, &vm_io);
	for (size_t i = 0; i < vms->count && sums->io_known; i++)
		for (int layer = 0; layer < IO_LAYERS; layer++) {
			struct shown_vm *vm = &vms->list[i];

			if (!vm->vm->io_spread_known[layer])
				continue;
			labels__add(&vm->labels, "layer", layer_name((enum io_layer)layer));
			put_coarse(exposition, &vm->labels, &vm->vm->io[layer]);
			labels__cut(&vm->labels, vm->size);
		}
}
