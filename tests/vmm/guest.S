/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest: x86-64 long mode, no operating system. It goes to CPL 3 at once
 * and burns there, because some hosts (PVM) run CPL 3 natively but emulate CPL 0
 * one instruction at a time. What needs CPL 0 is done in a short int3 handler; so
 * is cpuid, which such a host would not see from CPL 3. A hypercall it sees from
 * neither: its emulator repeats the instruction for ever, so CPL 3 makes the call.
 * KVM counts and traces it there, too, and answers -EPERM.
 *
 * Registers, set by machine.c and never changed:
 *   rbx  this vCPU's counters     r12  ticks of the TSC to burn per loop
 *   r13  timer count for a halt   r14  actions (GUEST_HALT ...)
 *   r15  end of the memory to be touched
 * rax, rcx, rdx and r8 are scratch; CPL 3 uses no stack.
 */
#include "guest.h"

	.section .rodata
	.globl guest_code, guest_code_end, guest_trap, guest_timer, guest_faults

	.balign 16
guest_code:
	test	$GUEST_HALT, %r14b
	jz	1f
	mov	$0x80f, %ecx			# x2APIC spurious vector: enable
	mov	$0x1ff, %eax
	xor	%edx, %edx
	wrmsr
	mov	$0x83e, %ecx			# divide by 16
	mov	$0x3, %eax
	wrmsr
	mov	$0x832, %ecx			# one shot
	mov	$GUEST_VECTOR_TIMER, %eax
	wrmsr
1:	mov	%rsp, %rax
	sub	$(GUEST_STACK_SIZE / 2), %rax
	push	$GUEST_SEL_DATA3
	push	%rax
	push	$GUEST_USER_FLAGS
	push	$GUEST_SEL_CODE3
	lea	guest_user(%rip), %rax
	push	%rax
	iretq

	.balign 16
guest_user:
	movq	$1, GUEST_STARTED(%rbx)
.Lloop:
	test	$GUEST_SPIN, %r14b
	jz	1f
	mov	$1, %eax
	lock xadd %eax, GUEST_LOCK_NEXT
.Lspin:
	cmp	%eax, GUEST_LOCK_TURN
	je	1f
	pause					# may be intercepted: as a lock of a guest's system
	jmp	.Lspin
1:	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	lea	(%rax, %r12), %r8
.Lburn:						# no pause: it may be intercepted
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	cmp	%r8, %rax
	jb	.Lburn
	test	$GUEST_SPIN, %r14b
	jz	1f
	incl	GUEST_LOCK_TURN
1:	test	$GUEST_TOUCH, %r14b
	jz	1f
	mov	$GUEST_MEMORY, %eax
.Ltouch:
	mov	%rax, (%rax)
	add	$GUEST_PAGE, %rax
	cmp	%r15, %rax
	jb	.Ltouch
1:	incq	GUEST_LOOPS(%rbx)
	test	$GUEST_AT_CPL0, %r14b
	jz	1f
	int3
1:	mov	$1, %eax			# KVM_HC_VAPIC_POLL_IRQ: does nothing
	test	$GUEST_VMCALL, %r14b
	jz	1f
	vmcall
1:	test	$GUEST_VMMCALL, %r14b
	jz	1f
	vmmcall
1:	test	$GUEST_PIO, %r14b
	jz	1f
	mov	$GUEST_PORT_EXIT, %edx
	out	%al, %dx
1:	test	$GUEST_MMIO_WRITE, %r14b
	jz	.Lloop
	mov	$GUEST_MMIO, %eax
	movl	$1, (%rax)
	jmp	.Lloop

	.balign 16
guest_trap:					# int3 from CPL 3, interrupts off
	test	$GUEST_HALT, %r14b
	jz	1f
	mov	$0x838, %ecx			# arm the timer
	mov	%r13d, %eax
	xor	%edx, %edx
	wrmsr
	sti					# takes effect after the hlt
	hlt
	cli
1:	test	$GUEST_CPUID, %r14b
	jz	1f
	push	%rbx
	xor	%eax, %eax
	xor	%ecx, %ecx
	cpuid
	pop	%rbx
1:	iretq

	.balign 16
guest_timer:
	push	%rax
	push	%rcx
	push	%rdx
	incq	GUEST_TIMER_IRQS(%rbx)
	mov	$0x80b, %ecx			# end of interrupt
	xor	%eax, %eax
	xor	%edx, %edx
	wrmsr
	pop	%rdx
	pop	%rcx
	pop	%rax
	iretq

.Lfault:
	mov	$GUEST_PORT_FAULT, %edx
	out	%al, %dx
1:	hlt
	jmp	1b

	.balign GUEST_FAULT_SIZE
guest_faults:
	.set	vector, 0
	.rept	32
	.balign	GUEST_FAULT_SIZE
	mov	$vector, %al
	jmp	.Lfault
	.set	vector, vector + 1
	.endr
guest_code_end:

	.section .note.GNU-stack, "", @progbits
