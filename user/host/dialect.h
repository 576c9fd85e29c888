/* SPDX-License-Identifier: GPL-2.0-only */
/* Which VMM's syntax a command line has: the program decides what an option means. */
#ifndef KVMQ_DIALECT_H
#define KVMQ_DIALECT_H

/* The VMMs whose options these are, as a set. */
enum dialect {
	QEMU = 1, /* and its descendants, or programs with the same syntax */
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
