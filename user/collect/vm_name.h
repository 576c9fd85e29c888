/* SPDX-License-Identifier: GPL-2.0-only */
/* What a VM is called, from what its process shows of itself. No I/O here. */
#ifndef KVMQ_VM_NAME_H
#define KVMQ_VM_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VM_NAME_SIZE 32768 /* as much of a command line as is read: no name is cut */
#define VM_UUID_SIZE 37

/*
 * Looks for a name and a UUID in a command line as /proc/PID/cmdline shows it:
 * size bytes, a NUL after each argument. Knows QEMU (-name, -uuid; libvirt's,
 * Proxmox's and KubeVirt's are QEMU's), Firecracker (--id), and the --name that
 * crosvm and kvmtool take. Absent ones are left as empty strings. Returns
 * whether there was a name.
 */
bool vm_name_from_cmdline(const char *cmdline, size_t size, char name[VM_NAME_SIZE],
			  char uuid[VM_UUID_SIZE]);

/*
 * Looks for a name in a cgroup path: systemd-machined's
 * machine-qemu\x2d1\x2dNAME.scope, or a Kubernetes pod's UID as "pod UID".
 */
bool vm_name_from_cgroup(const char *path, char name[VM_NAME_SIZE]);

/*
 * The vCPU's number in the name of its thread: "CPU 3/KVM" (QEMU), "fc_vcpu 3"
 * (Firecracker), "vcpu3" (cloud-hypervisor), "crosvm_vcpu3". Or VCPU_UNKNOWN.
 */
int32_t vcpu_from_comm(const char *comm);

#endif
