/* SPDX-License-Identifier: GPL-2.0-only */
/* Which VMM's syntax a command line has: what an option means follows the program. */
#ifndef KVMQ_DIALECT_H
#define KVMQ_DIALECT_H

/* Whose options these are, as a set. */
enum dialect {
	QEMU = 1, /* and whatever is made of it or spells like it */
	FIRECRACKER = 2,
	CLOUD_HYPERVISOR = 4,
	CROSVM = 8,
	KVMTOOL = 16,
	VIRTUALBOX = 32,
	KATA = 64, /* a VMM inside containerd's shim */
	GVISOR = 128,
	KRUNVM = 256,
	UNKNOWN = 512,
};

/* By the name of the program, the first argument. */
unsigned int dialect_of(const char *program);

#endif
