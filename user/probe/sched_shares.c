// SPDX-License-Identifier: GPL-2.0-only
/* The sched probe's slots: how many there are, whose they are, and who gets none. */
#include <errno.h>
#include <stdlib.h>

#include "probe/sched_internal.h"

/* A stack: the lowest slots are used first, so few pages are ever touched. */
int shares__fill(struct sched_probe *probe)
{
	int fd = bpf_map__fd(probe->skeleton->maps.free_slots);

	for (uint32_t slot = probe->slots; slot-- > 0;)
		if (bpf_map_update_elem(fd, NULL, &slot, BPF_ANY))
			return -errno;
	probe->skeleton->bss->free_count = probe->slots;
	return 0;
}

int shares__give_back(const struct sched_probe *probe, uint32_t slot, uint32_t uid, uint32_t vm)
{
	const struct owner owner = { .kind = OWNER_VM, .id = vm, .uid = uid };

	if (bpf_map_update_elem(bpf_map__fd(probe->skeleton->maps.free_slots), NULL, &slot,
				BPF_ANY))
		return -errno;
	return owner_give_back(probe->skeleton->progs.owner_give_back, &owner);
}

static struct asked_vm *find_asked(const struct sched_probe *probe, uint32_t vm)
{
	for (size_t i = 0; i < probe->asked_count; i++)
		if (probe->asked[i].identity.vm_pid == vm)
			return &probe->asked[i];
	return NULL;
}

static struct asked_vm *add_asked(struct sched_probe *probe)
{
	struct asked_vm *grown = reallocarray(probe->asked, probe->asked_count + 1, sizeof(*grown));

	if (!grown)
		return NULL;
	probe->asked = grown;
	return &grown[probe->asked_count++];
}

/* Where the kernel forgets the question, when the VM exits, and this has its answer. */
static uint8_t *verdict_of(const struct sched_probe *probe, uint32_t vm)
{
	return vm < probe->vm_verdicts.size ? (uint8_t *)probe->vm_verdicts.data + vm : NULL;
}

static void ask(struct sched_probe *probe, const struct sched_news *item, struct asked_vm *vm)
{
	vm->identity = (struct identity){ .vm_start_ns = item->start_ns,
					  .vm_pid = item->vm,
					  .tid = item->tid,
					  .vcpu = SCHED_NO_VCPU,
					  .is_vcpu = true };
	copy_comm(vm->identity.comm, item->comm, COMM_SIZE);
	copy_comm(vm->identity.vm_comm, item->leader, COMM_SIZE);
	vm->wanted = probe->config.on_thread(probe->config.context, &vm->identity);
	if (probe->config.threads || probe->config.blame)
		set_vm_bit(probe, item->vm, vm->wanted || probe->config.blame);
}

void shares__answer(struct sched_probe *probe, const struct sched_news *item)
{
	uint8_t *verdict = verdict_of(probe, item->vm), before = SCHED_ASKED, answer;
	struct asked_vm *vm = find_asked(probe, item->vm);

	if (!verdict || __atomic_load_n(verdict, __ATOMIC_ACQUIRE) == SCHED_UNASKED)
		return;
	/* Its PID was another's. */
	if (vm && vm->identity.vm_start_ns != item->start_ns) {
		probe->config.on_exit(probe->config.context, &vm->identity);
		ask(probe, item, vm);
	} else if (!vm) {
		vm = add_asked(probe);
		if (vm)
			ask(probe, item, vm);
	}
	answer = !vm ? SCHED_UNASKED : vm->wanted ? SCHED_WANTED : SCHED_UNWANTED;
	/* Unless it has gone meanwhile. */
	__atomic_compare_exchange_n(verdict, &before, answer, false, __ATOMIC_ACQ_REL,
				    __ATOMIC_ACQUIRE);
}

void shares__forget_gone(struct sched_probe *probe)
{
	size_t kept = 0;

	for (size_t i = 0; i < probe->asked_count; i++) {
		const struct asked_vm *vm = &probe->asked[i];

		if (__atomic_load_n(verdict_of(probe, vm->identity.vm_pid), __ATOMIC_ACQUIRE))
			probe->asked[kept++] = *vm;
		else
			probe->config.on_exit(probe->config.context, &vm->identity);
	}
	probe->asked_count = kept;
}

int sched_probe__read_losses(const struct sched_probe *probe, struct share_losses *losses)
{
	if (!probe->skeleton->bss->losses.slots)
		return 0;
	return owners__read_losses(probe->skeleton->maps.shares, SHARE_THREADS, losses);
}

void shares__free(struct sched_probe *probe)
{
	free(probe->asked);
}
