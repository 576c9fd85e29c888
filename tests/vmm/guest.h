/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the guest code (guest.S) and the program that sets it up (machine.c)
 * agree on: the layout of guest memory, ports, and what a vCPU is told to do.
 */
#ifndef VMM_GUEST_H
#define VMM_GUEST_H

#define GUEST_VCPUS_MAX 64

/*
 * Guest physical memory, mapped one to one. Everything a vCPU owns is an array
 * over the vCPUs. Pages that nobody touches cost nothing.
 */
#define GUEST_MEM_SIZE 0x200000
#define GUEST_PAGE 0x1000
#define GUEST_PML4 0x1000
#define GUEST_PDPT 0x2000
#define GUEST_PD_RAM 0x3000  /* the first GiB: RAM */
#define GUEST_PD_MMIO 0x4000 /* the fourth GiB: nothing behind it */
#define GUEST_GDT 0x5000
#define GUEST_IDT 0x6000
#define GUEST_CODE 0x7000
#define GUEST_TSS 0x8000 /* with a bitmap that opens the first ports to CPL 3 */
#define GUEST_TSS_SIZE 0x100
#define GUEST_COUNTERS 0xc000
#define GUEST_COUNTERS_SIZE 64 /* a cache line: vCPUs must not share one */
#define GUEST_PD_MEMORY 0xd000 /* the second and third GiB: memory that vCPUs touch */
#define GUEST_LOCK 0xf000      /* one for all vCPUs */
#define GUEST_STACKS 0x10000   /* lower half for CPL 3, upper half for CPL 0 */
#define GUEST_STACK_SIZE 0x800

/* Memory to be touched, a slot of its own; its page tables are two pages. */
#define GUEST_MEMORY 0x40000000
#define GUEST_MEMORY_MAX 0x80000000ul

#define GUEST_MMIO 0xd0000000 /* no memory slot: a store there is an MMIO exit */

/*
 * CPL 3 may use ports for two reasons, because no one of them holds everywhere:
 * QEMU's emulation of AMD-V takes no permission from the bitmap of a TSS that is
 * busy, as it must be; PVM runs CPL 3 without the IOPL.
 */
#define GUEST_USER_FLAGS 0x3202 /* IOPL 3, interrupts on */
#define GUEST_PORT_EXIT 0x10	/* an exit to the VMM, nothing more */
#define GUEST_PORT_FAULT 0xf4	/* an exception that should not be: its vector */

/* Selectors, in the order that iretq and the TSS want. */
#define GUEST_SEL_CODE0 0x08
#define GUEST_SEL_DATA0 0x10
#define GUEST_SEL_DATA3 0x1b
#define GUEST_SEL_CODE3 0x23
#define GUEST_SEL_TSS 0x28

#define GUEST_VECTOR_TRAP 3 /* int3 */
#define GUEST_VECTOR_TIMER 0x30

/* Actions at the end of a loop, in r14; several may be set. */
#define GUEST_HALT 0x01 /* arm the timer and halt */
#define GUEST_CPUID 0x02
#define GUEST_VMCALL 0x04  /* Intel's hypercall */
#define GUEST_VMMCALL 0x08 /* AMD's hypercall */
#define GUEST_PIO 0x10
#define GUEST_MMIO_WRITE 0x20
#define GUEST_TOUCH 0x40 /* a word in each page of the memory, before the other actions */
#define GUEST_SPIN 0x80	 /* burn under the lock, and spin till it is this vCPU's turn */
#define GUEST_AT_CPL0 (GUEST_HALT | GUEST_CPUID)

/* The timer runs at 1 GHz divided by 16, so that 32 bits reach a minute. */
#define GUEST_TIMER_NS 16

/* A ticket lock: the ticket that is given next, and whose turn it is. */
#define GUEST_LOCK_NEXT GUEST_LOCK
#define GUEST_LOCK_TURN (GUEST_LOCK + 64)

/* Offsets in a vCPU's counters; struct guest_counters is the same in C. */
#define GUEST_STARTED 0
#define GUEST_LOOPS 8
#define GUEST_TIMER_IRQS 16

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct guest_counters {
	uint64_t started; /* 1 once the vCPU has reached CPL 3 */
	uint64_t loops;
	uint64_t timer_irqs;
	uint64_t unused[5];
};

_Static_assert(sizeof(struct guest_counters) == GUEST_COUNTERS_SIZE, "a line per vCPU");
_Static_assert(offsetof(struct guest_counters, started) == GUEST_STARTED, "as in guest.S");
_Static_assert(offsetof(struct guest_counters, loops) == GUEST_LOOPS, "as in guest.S");
_Static_assert(offsetof(struct guest_counters, timer_irqs) == GUEST_TIMER_IRQS, "as in guest.S");

/* Position-independent code, copied to GUEST_CODE; its first byte is the entry. */
extern const unsigned char guest_code[], guest_code_end[];
extern const unsigned char guest_trap[], guest_timer[];
extern const unsigned char guest_faults[]; /* 32 entries, GUEST_FAULT_SIZE apart */
#endif

#define GUEST_FAULT_SIZE 16

#endif
