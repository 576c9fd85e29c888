// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmm - KVM virtual machines without a guest operating system
 *
 * Gives tests and benchmarks real VMs and real vCPU threads, at once and in any
 * number, which burn, halt and exit as they are told. x86-64 only.
 *
 *   cc -std=gnu17 -O2 -Wall -Wextra -Werror -pthread -o vmm tests/vmm/[a-z]*.[cS]
 *
 *   vmm --vcpus 2 --seconds 3                        two vCPUs that never exit
 *   vmm --mode halt --burn 50 --wait 2000 --stats    50 us of work every 2 ms
 *   vmm --mode pio --burn 20 --delay 500             exits to a slow VMM
 *   vmm --vms 50 --vcpus 20 --mode halt --wait 100000
 *   vmm --spawn 200 --parallel 8 --lifetime 0.3      VMs that come and go
 *   vmm --pin 0 --vcpus 2 --seconds 0 --name web     two vCPUs on one CPU, till SIGTERM
 *   vmm --vcpus 2 --busy 1                           one is busy, and the other one halts
 *   vmm --mode touch --burn 0 --memory 64 --place balance:0:1,balance:1:1
 *                                                    half of its memory on either node,
 *                                                    with one policy for all: one mapping
 *
 * Guests burn at CPL 3 by their TSC. A vCPU's thread is called "CPU n/KVM". With
 * --vms or --spawn each VM is a process of its own, named NAME-1, NAME-2 ..., whose
 * command line holds --name and that name; otherwise this process is the VM.
 *
 * Lines on standard output, each written in one piece:
 *   ready pid=P tids=T,T,... name=NAME    all vCPUs of this VM are in their loops;
 *                                         the time of --seconds begins; before the name of
 *                                         a VM with --memory: low=A memory=A, where guest
 *                                         memory begins in this process: the first 2 MiB,
 *                                         which are like the first part of the other, and that
 *   ready vms=N                           all VMs of --vms are ready
 *   hotplug pid=P vcpu=I tid=T            the added vCPU is in its loop
 *   paused pid=P                          --hold has begun
 *   vcpu I tid T pid=P loops=N timer_irqs=N user_pio=N user_mmio=N [name=value ...]
 *                                         at the end; with --stats, then KVM's own
 *   memory pid=P pages=N touched=N        at the end, with --memory: its 4 KiB pages, and
 *                                         how many of them a vCPU wrote to
 *   done vms=N failed=N                   of --vms and --spawn, at the very end
 *
 * Limits: halts below about 200 us may end in halt polling instead of sleep. On a
 * PVM host, CPL 0 is emulated, some microseconds an instruction: what halt and
 * cpuid do there costs CPU time beyond --burn, and KVM never sees a hypercall. In
 * the lab a busy vCPU is dear: on four emulated CPUs 32 start within seconds, but
 * 64 took minutes, while others used the machine, too.
 */
#include <stdio.h>

#include "family.h"
#include "options.h"
#include "output.h"
#include "vm.h"

int main(int argc, char **argv)
{
	struct options options;
	int status;

	output_init();
	if (options_parse(&options, argc, argv, &status))
		return status;
	if (options.vms > 1 || options.spawn)
		return family_main(&options);
	return vm_main(&options);
}
