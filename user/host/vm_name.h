/* SPDX-License-Identifier: GPL-2.0-only */
/* The name of a VM from its cgroup, and of a vCPU from its thread. No I/O here. */
#ifndef KVMQ_VM_NAME_H
#define KVMQ_VM_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/vm.h"

#define VM_NAME_SIZE 32768 /* as much of a command line as is read: no name is cut */

/*
 * Looks for a name in a cgroup path: systemd-machined's
 * machine-qemu\x2d1\x2dNAME.scope, or a Kubernetes pod's UID as "pod UID".
 */
bool vm_name_from_cgroup(const char *path, char name[VM_NAME_SIZE]);

/*
 * The vCPU's number in the name of its thread: "CPU 3/KVM" (QEMU), "fc_vcpu 3"
 * and "fc_vcpu3" (Firecracker), "vcpu3" (cloud-hypervisor), "vcpu_3" (Alioth), "crosvm_vcpu3",
 * "kvm-vcpu-3" (kvmtool), "EMT-3" (VirtualBox). Or VCPU_UNKNOWN.
 */
int32_t vcpu_from_comm(const char *comm);

#endif
