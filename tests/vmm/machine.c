// SPDX-License-Identifier: GPL-2.0-only
/* Sets a VM up so that its vCPUs begin in long mode, at the first byte of guest.S. */
#define _GNU_SOURCE 1
#include "machine.h"

#include <cpuid.h>
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define CPUID_ENTRIES 256

#define PAGE_TABLE 0x07ull /* present, writable, user */
#define PAGE_LARGE 0x87ull /* the same, 2 MiB */

#define GATE_CPL0 0x8eull /* interrupt gate */
#define GATE_CPL3 0xeeull /* the same, that CPL 3 may call */

#define TSS_RSP0 4
#define TSS_IO_BITMAP 102
#define TSS_HEAD_SIZE 104

#define CR0_LONG 0x80050033ull /* PE MP ET NE WP AM PG */
#define CR4_LONG 0x6a0ull      /* PAE PGE OSFXSR OSXMMEXCPT */
#define EFER_LONG 0xd01ull     /* SCE LME LMA NXE */
#define APIC_BASE_X2APIC 0xc00ull

#define IDLE_HALT_US 60000000ull /* near to what the timer can count */

static void put64(struct machine *machine, uint32_t address, uint64_t value)
{
	memcpy(machine->low.address + address, &value, sizeof(value));
}

static uint32_t stack_top(unsigned int vcpu)
{
	return GUEST_STACKS + (vcpu + 1) * GUEST_STACK_SIZE - 16;
}

static size_t code_offset(const unsigned char *symbol)
{
	return (uintptr_t)symbol - (uintptr_t)guest_code;
}

static void put_gate(struct machine *machine, unsigned int vector, const unsigned char *handler,
		     uint64_t kind)
{
	uint64_t address = GUEST_CODE + code_offset(handler);

	put64(machine, GUEST_IDT + vector * 16,
	      (address & 0xffff) | GUEST_SEL_CODE0 << 16 | kind << 40 | (address >> 16) << 48);
}

static void put_tables(struct machine *machine)
{
	put64(machine, GUEST_PML4, GUEST_PDPT | PAGE_TABLE);
	put64(machine, GUEST_PDPT, GUEST_PD_RAM | PAGE_TABLE);
	put64(machine, GUEST_PDPT + 8 * (GUEST_MMIO >> 30), GUEST_PD_MMIO | PAGE_TABLE);
	put64(machine, GUEST_PD_RAM, PAGE_LARGE);
	put64(machine, GUEST_PD_MMIO + 8 * (GUEST_MMIO >> 21 & 511), GUEST_MMIO | PAGE_LARGE);

	put64(machine, GUEST_GDT + GUEST_SEL_CODE0, 0x00af9b000000ffffull);
	put64(machine, GUEST_GDT + GUEST_SEL_DATA0, 0x00cf93000000ffffull);
	put64(machine, GUEST_GDT + (GUEST_SEL_DATA3 & ~3), 0x00cff3000000ffffull);
	put64(machine, GUEST_GDT + (GUEST_SEL_CODE3 & ~3), 0x00affb000000ffffull);

	for (unsigned int vector = 0; vector < 32; vector++)
		put_gate(machine, vector, guest_faults + (size_t)vector * GUEST_FAULT_SIZE,
			 GATE_CPL0);
	put_gate(machine, GUEST_VECTOR_TRAP, guest_trap, GATE_CPL3);
	put_gate(machine, GUEST_VECTOR_TIMER, guest_timer, GATE_CPL0);
}

static int add_slot(struct machine *machine, uint32_t slot, uint64_t address,
		    const struct memory *memory)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = address,
		.memory_size = memory->size,
		.userspace_addr = (uintptr_t)memory->address,
	};

	if (ioctl(machine->vm, KVM_SET_USER_MEMORY_REGION, &region)) {
		warn("KVM_SET_USER_MEMORY_REGION %u", slot);
		return -1;
	}
	return 0;
}

/*
 * Where there is other memory, as its first part, so that all of a VM's memory can be of
 * one kind. Else without pages: a huge one would cost a VM ten times what it needs.
 */
static int open_low_memory(struct machine *machine, const struct memory_config *config)
{
	struct memory_config low = *config;

	if (!config->size)
		return memory_open_sparse(&machine->low, GUEST_MEM_SIZE);
	low.size = GUEST_MEM_SIZE;
	low.place_count = config->place_count ? 1 : 0;
	/*
	 * It holds what interrupts need. Emulated, one is lost and ends the vCPU where such a
	 * page is unmapped for a hint fault: so it takes none.
	 */
	if (low.place_count && low.places[0].policy != POLICY_DEFAULT)
		low.places[0].policy = POLICY_BIND;
	return memory_open(&machine->low, &low);
}

static int put_low_memory(struct machine *machine, const struct memory_config *config)
{
	size_t code_size = code_offset(guest_code_end);

	if (code_size > GUEST_TSS - GUEST_CODE) {
		warnx("guest code of %zu bytes is too long", code_size);
		return -1;
	}
	if (open_low_memory(machine, config))
		return -1;
	memcpy(machine->low.address + GUEST_CODE, guest_code, code_size);
	put_tables(machine);
	return add_slot(machine, 0, 0, &machine->low);
}

/* Mapped as far as it goes, in large pages; the last may go beyond it. */
static int put_memory(struct machine *machine, const struct memory_config *config)
{
	if (!config->size)
		return 0;
	if (memory_open(&machine->memory, config))
		return -1;
	for (uint32_t gib = 0; gib < GUEST_MEMORY_MAX >> 30; gib++)
		put64(machine, GUEST_PDPT + 8 * ((GUEST_MEMORY >> 30) + gib),
		      (GUEST_PD_MEMORY + gib * GUEST_PAGE) | PAGE_TABLE);
	for (uint64_t at = 0; at < config->size; at += MEMORY_HUGE_PAGE)
		put64(machine, GUEST_PD_MEMORY + 8 * (uint32_t)(at / MEMORY_HUGE_PAGE),
		      (GUEST_MEMORY + at) | PAGE_LARGE);
	return add_slot(machine, 1, GUEST_MEMORY, &machine->memory);
}

static int get_cpuid(struct machine *machine)
{
	machine->cpuid = calloc(1, sizeof(*machine->cpuid) +
					   CPUID_ENTRIES * sizeof(machine->cpuid->entries[0]));
	if (!machine->cpuid) {
		warn("CPUID table");
		return -1;
	}
	machine->cpuid->nent = CPUID_ENTRIES;
	if (ioctl(machine->kvm, KVM_GET_SUPPORTED_CPUID, machine->cpuid)) {
		warn("KVM_GET_SUPPORTED_CPUID");
		return -1;
	}
	return 0;
}

int machine_open(struct machine *machine, const struct workload *workload,
		 const struct memory_config *memory)
{
	*machine = (struct machine){ .kvm = -1, .vm = -1, .workload = *workload };
	machine->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (machine->kvm < 0) {
		warn("/dev/kvm");
		return -1;
	}
	machine->run_size = ioctl(machine->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (machine->run_size < (int)sizeof(struct kvm_run)) {
		warn("KVM_GET_VCPU_MMAP_SIZE");
		return -1;
	}
	if (get_cpuid(machine))
		return -1;
	machine->vm = ioctl(machine->kvm, KVM_CREATE_VM, 0);
	if (machine->vm < 0) {
		warn("KVM_CREATE_VM");
		return -1;
	}
	if (ioctl(machine->vm, KVM_CREATE_IRQCHIP, 0)) {
		warn("KVM_CREATE_IRQCHIP");
		return -1;
	}
	return put_low_memory(machine, memory) || put_memory(machine, memory) ? -1 : 0;
}

static struct kvm_segment segment(unsigned int selector, unsigned int type, unsigned int is_long)
{
	return (struct kvm_segment){
		.limit = 0xffffffff,
		.selector = (uint16_t)selector,
		.type = (uint8_t)type,
		.present = 1,
		.db = !is_long,
		.s = 1,
		.l = (uint8_t)is_long,
		.g = 1,
	};
}

/* Also writes the TSS. TR is loaded here, never by ltr: the GDT needs no descriptor. */
static void set_task_segment(struct machine *machine, struct kvm_sregs *sregs, unsigned int index)
{
	uint32_t tss = GUEST_TSS + index * GUEST_TSS_SIZE;

	put64(machine, tss + TSS_RSP0, stack_top(index));
	machine->low.address[tss + TSS_IO_BITMAP] = TSS_HEAD_SIZE;
	sregs->tr = (struct kvm_segment){
		.base = tss,
		.limit = GUEST_TSS_SIZE - 1,
		.selector = GUEST_SEL_TSS,
		.type = 11,
		.present = 1,
	};
}

static int set_sregs(struct machine *machine, const struct vcpu *vcpu)
{
	struct kvm_sregs sregs;

	if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs)) {
		warn("KVM_GET_SREGS of vCPU %u", vcpu->index);
		return -1;
	}
	sregs.cs = segment(GUEST_SEL_CODE0, 11, 1);
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = segment(GUEST_SEL_DATA0, 3, 0);
	set_task_segment(machine, &sregs, vcpu->index);
	sregs.gdt.base = GUEST_GDT;
	sregs.gdt.limit = GUEST_SEL_TSS + 16 - 1;
	sregs.idt.base = GUEST_IDT;
	sregs.idt.limit = (GUEST_VECTOR_TIMER + 1) * 16 - 1;
	sregs.cr0 = CR0_LONG;
	sregs.cr3 = GUEST_PML4;
	sregs.cr4 = CR4_LONG;
	sregs.efer = EFER_LONG;
	sregs.apic_base |= APIC_BASE_X2APIC;
	if (ioctl(vcpu->fd, KVM_SET_SREGS, &sregs)) {
		warn("KVM_SET_SREGS of vCPU %u", vcpu->index);
		return -1;
	}
	return 0;
}

static int set_regs(struct machine *machine, const struct vcpu *vcpu)
{
	const struct workload idle = { .actions = GUEST_HALT, .halt_us = IDLE_HALT_US };
	const struct workload *workload =
		vcpu->index < machine->workload.busy ? &machine->workload : &idle;
	struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };
	int tsc_khz = ioctl(vcpu->fd, KVM_GET_TSC_KHZ, 0);
	struct kvm_regs regs = {
		.rip = GUEST_CODE,
		.rsp = stack_top(vcpu->index),
		.rflags = 2,
		.rbx = GUEST_COUNTERS + vcpu->index * GUEST_COUNTERS_SIZE,
		.r13 = workload->halt_us * 1000 / GUEST_TIMER_NS,
		.r14 = workload->actions,
		.r15 = GUEST_MEMORY + machine->memory.size,
	};

	if (tsc_khz <= 0) {
		warn("KVM_GET_TSC_KHZ of vCPU %u", vcpu->index);
		return -1;
	}
	regs.r12 = workload->burn_us * (uint64_t)tsc_khz / 1000;
	if (ioctl(vcpu->fd, KVM_SET_REGS, &regs)) {
		warn("KVM_SET_REGS of vCPU %u", vcpu->index);
		return -1;
	}
	if (ioctl(vcpu->fd, KVM_SET_MP_STATE, &runnable)) {
		warn("KVM_SET_MP_STATE of vCPU %u", vcpu->index);
		return -1;
	}
	return 0;
}

/* The host's CPUID with the vCPU's own APIC id. */
static int set_cpuid(struct machine *machine, const struct vcpu *vcpu)
{
	for (unsigned int i = 0; i < machine->cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &machine->cpuid->entries[i];

		if (entry->function == 1)
			entry->ebx = (entry->ebx & 0x00ffffff) | vcpu->index << 24;
		else if (entry->function == 0xb || entry->function == 0x1f)
			entry->edx = vcpu->index;
	}
	if (ioctl(vcpu->fd, KVM_SET_CPUID2, machine->cpuid)) {
		warn("KVM_SET_CPUID2 of vCPU %u", vcpu->index);
		return -1;
	}
	return 0;
}

static void close_vcpu(struct machine *machine, struct vcpu *vcpu)
{
	if (vcpu->run)
		munmap(vcpu->run, (size_t)machine->run_size);
	close(vcpu->fd);
	*vcpu = (struct vcpu){ .fd = -1 };
}

int machine_add_vcpu(struct machine *machine)
{
	unsigned int index = machine->vcpu_count;
	struct vcpu *vcpu = &machine->vcpus[index];
	void *run;

	if (index == GUEST_VCPUS_MAX) {
		warnx("no more than %d vCPUs", GUEST_VCPUS_MAX);
		return -1;
	}
	*vcpu = (struct vcpu){ .index = index };
	vcpu->counters = (void *)(machine->low.address + GUEST_COUNTERS +
				  (size_t)index * GUEST_COUNTERS_SIZE);
	vcpu->fd = ioctl(machine->vm, KVM_CREATE_VCPU, index);
	if (vcpu->fd < 0) {
		warn("KVM_CREATE_VCPU %u", index);
		return -1;
	}
	run = mmap(NULL, (size_t)machine->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd,
		   0);
	if (run == MAP_FAILED) {
		warn("kvm_run of vCPU %u", index);
		goto fail;
	}
	vcpu->run = run;
	if (set_cpuid(machine, vcpu) || set_sregs(machine, vcpu) || set_regs(machine, vcpu))
		goto fail;
	machine->vcpu_count++;
	return 0;
fail:
	close_vcpu(machine, vcpu);
	return -1;
}

void machine_close(struct machine *machine)
{
	for (unsigned int i = 0; i < machine->vcpu_count; i++)
		close_vcpu(machine, &machine->vcpus[i]);
	machine->vcpu_count = 0;
	if (machine->vm >= 0)
		close(machine->vm);
	if (machine->kvm >= 0)
		close(machine->kvm);
	memory_close(&machine->low);
	memory_close(&machine->memory);
	free(machine->cpuid);
	*machine = (struct machine){ .kvm = -1, .vm = -1 };
}

uint64_t machine_touched(const struct machine *machine)
{
	uint64_t count = 0, value;

	for (size_t at = 0; at < machine->memory.size; at += GUEST_PAGE) {
		memcpy(&value, machine->memory.address + at, sizeof(value));
		count += value == GUEST_MEMORY + at;
	}
	return count;
}

unsigned int machine_hypercall(void)
{
	unsigned int eax, ebx, ecx, edx;

	if (__get_cpuid(0, &eax, &ebx, &ecx, &edx) && ebx == signature_INTEL_ebx)
		return GUEST_VMCALL;
	return GUEST_VMMCALL;
}
