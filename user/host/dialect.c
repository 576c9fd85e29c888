// SPDX-License-Identifier: GPL-2.0-only
#include "host/dialect.h"

#include <stddef.h>
#include <string.h>

/* By the name of the program; Nix calls it .qemu-system-x86_64-wrapped. */
unsigned int dialect_of(const char *program)
{
	static const struct {
		const char *begin;
		unsigned int dialect;
	} known[] = {
		{ "firecracker", FIRECRACKER },
		{ "cloud-hypervisor", CLOUD_HYPERVISOR },
		{ "crosvm", CROSVM },
		{ "lkvm", KVMTOOL },
		{ "kvmtool", KVMTOOL },
		{ "VBox", VIRTUALBOX },
		{ "VirtualBox", VIRTUALBOX },
		{ "containerd-shim-kata", KATA },
		{ "runsc", GVISOR },
		{ "krunvm", KRUNVM },
		{ "emulator", QEMU }, /* Android's */
		{ "stratovirt", QEMU },
		{ "kvm", QEMU }, /* Proxmox, Debian; after the longer ones */
	};
	const char *slash = strrchr(program, '/');

	if (slash)
		program = slash + 1;
	if (strstr(program, "qemu"))
		return QEMU;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strncmp(program, known[i].begin, strlen(known[i].begin)))
			return known[i].dialect;
	return UNKNOWN;
}
