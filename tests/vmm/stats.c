// SPDX-License-Identifier: GPL-2.0-only
/* KVM's own statistics of a vCPU, as KVM_GET_STATS_FD (Linux 5.14) describes them. */
#include <err.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "machine.h"

static int read_at(int fd, void *buffer, size_t size, uint64_t offset)
{
	return pread(fd, buffer, size, (off_t)offset) == (ssize_t)size ? 0 : -1;
}

static int print_stats(int fd, FILE *out)
{
	struct kvm_stats_header header;
	struct kvm_stats_desc *desc;
	size_t desc_size;
	int ret = 0;

	if (read_at(fd, &header, sizeof(header), 0))
		return -1;
	desc_size = sizeof(*desc) + header.name_size;
	desc = calloc(1, desc_size + 1); /* the name ends, whatever the kernel says */
	if (!desc)
		return -1;
	for (uint32_t i = 0; i < header.num_desc && !ret; i++) {
		uint64_t value;

		ret = read_at(fd, desc, desc_size, header.desc_offset + i * desc_size);
		if (ret || desc->size != 1) /* more than one number: a histogram */
			continue;
		ret = read_at(fd, &value, sizeof(value),
			      (uint64_t)header.data_offset + desc->offset);
		if (!ret)
			fprintf(out, " %s=%llu", desc->name, (unsigned long long)value);
	}
	free(desc);
	return ret;
}

int vcpu_print_stats(const struct vcpu *vcpu, FILE *out)
{
	int fd = ioctl(vcpu->fd, KVM_GET_STATS_FD, NULL);
	int ret;

	if (fd < 0) {
		warn("KVM_GET_STATS_FD of vCPU %u", vcpu->index);
		return -1;
	}
	ret = print_stats(fd, out);
	if (ret)
		warn("statistics of vCPU %u", vcpu->index);
	close(fd);
	return ret;
}
