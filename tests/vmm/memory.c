// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE 1
#include "memory.h"

#include <err.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "guest.h"

#define HUGE_PAGE_BITS 21
#define PIN_MAX (1ul << 30) /* what a registered buffer holds at most */
#define PIN_BUFFERS 2
_Static_assert(GUEST_MEMORY_MAX <= PIN_BUFFERS * PIN_MAX, "room for all of it");

#ifndef MPOL_F_NUMA_BALANCING /* 5.12 */
#define MPOL_F_NUMA_BALANCING (1 << 13)
#endif

size_t backing_page(enum backing backing)
{
	return backing == BACKING_THP || backing == BACKING_HUGETLB ? MEMORY_HUGE_PAGE
								    : MEMORY_PAGE;
}

/* Address space with room for the alignment and a guard on either side. */
static int reserve(struct memory *memory, size_t size)
{
	void *reserved;

	*memory = (struct memory){ .size = size, .pin_fd = -1 };
	reserved = mmap(NULL, size + 2 * MEMORY_HUGE_PAGE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (reserved == MAP_FAILED) {
		warn("address space of %zu bytes of guest memory", size);
		return -1;
	}
	memory->reserved = reserved;
	return 0;
}

static int map_at(struct memory *memory, int flags, int fd)
{
	uintptr_t begin = ((uintptr_t)memory->reserved + MEMORY_HUGE_PAGE) &
			  ~(uintptr_t)(MEMORY_HUGE_PAGE - 1);
	void *address =
		mmap((void *)begin, memory->size, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);

	if (address == MAP_FAILED)
		return -1;
	memory->address = address;
	return 0;
}

static int map_anonymous(struct memory *memory, int advice)
{
	if (map_at(memory, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1)) {
		warn("%zu bytes of guest memory", memory->size);
		return -1;
	}
	/* Without huge pages in the kernel there is nothing to forbid. */
	if (madvise(memory->address, memory->size, advice) && advice == MADV_HUGEPAGE) {
		warn("huge pages for guest memory");
		return -1;
	}
	return 0;
}

static int map_hugetlb(struct memory *memory)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | HUGE_PAGE_BITS << MAP_HUGE_SHIFT;

	if (map_at(memory, flags, -1)) {
		warn("guest memory in huge pages (see vm.nr_hugepages)");
		return -1;
	}
	return 0;
}

static int map_memfd(struct memory *memory)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);
	int ret;

	if (fd < 0) {
		warn("memfd_create");
		return -1;
	}
	ret = ftruncate(fd, (off_t)memory->size) || map_at(memory, MAP_SHARED, fd) ? -1 : 0;
	if (ret)
		warn("%zu bytes of shared guest memory", memory->size);
	close(fd);
	return ret;
}

static int map_backing(struct memory *memory, enum backing backing)
{
	switch (backing) {
	case BACKING_SMALL:
		return map_anonymous(memory, MADV_NOHUGEPAGE);
	case BACKING_THP:
		return map_anonymous(memory, MADV_HUGEPAGE);
	case BACKING_HUGETLB:
		return map_hugetlb(memory);
	case BACKING_MEMFD:
		return map_memfd(memory);
	}
	return -1;
}

static int set_policy(uint8_t *address, size_t size, int mode, unsigned int node)
{
	unsigned long nodes = 1ul << node;
	const unsigned long *mask = mode == MPOL_DEFAULT ? NULL : &nodes;

	/* The kernel takes one bit less than it is told. */
	if (syscall(SYS_mbind, address, size, mode, mask, mask ? MEMORY_NODE_MAX + 2 : 0, 0)) {
		warn("mbind of guest memory to node %u", node);
		return -1;
	}
	return 0;
}

static int place_part(uint8_t *address, size_t size, const struct place *place)
{
	if (place->policy != POLICY_DEFAULT && set_policy(address, size, MPOL_BIND, place->node))
		return -1;
	/* Where a page cannot be had, a store would end the process without a word. */
	if (madvise(address, size, MADV_POPULATE_WRITE)) {
		warn("pages of guest memory");
		return -1;
	}
	if (place->policy == POLICY_BALANCE)
		return set_policy(address, size, MPOL_BIND | MPOL_F_NUMA_BALANCING,
				  place->policy_node);
	if (place->policy == POLICY_NODE)
		return set_policy(address, size, MPOL_DEFAULT, place->node);
	return 0;
}

static int place_all(struct memory *memory, const struct memory_config *config)
{
	const struct place anywhere = { .policy = POLICY_DEFAULT };
	size_t size;

	if (!config->place_count)
		return place_part(memory->address, memory->size, &anywhere);
	size = memory->size / config->place_count;
	for (unsigned int i = 0; i < config->place_count; i++) {
		if (place_part(memory->address + i * size, size, &config->places[i]))
			return -1;
	}
	return 0;
}

/* Some kernels (7.3) count pinned pages only of those who may not pin as many as they like. */
static int give_up_free_pinning(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data))
		return -1;
	data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective &= ~CAP_TO_MASK(CAP_IPC_LOCK);
	return (int)syscall(SYS_capset, &header, data);
}

/* Buffers registered with io_uring are pinned for as long as it is open. */
static int pin(struct memory *memory)
{
	struct io_uring_params parameters = { 0 };
	struct iovec buffers[PIN_BUFFERS];
	unsigned int count = 0;
	long fd;

	if (give_up_free_pinning()) {
		warn("CAP_IPC_LOCK");
		return -1;
	}
	fd = syscall(SYS_io_uring_setup, 1, &parameters);
	if (fd < 0) {
		warn("io_uring_setup, to pin guest memory");
		return -1;
	}
	memory->pin_fd = (int)fd;
	for (size_t at = 0; at < memory->size; at += PIN_MAX) {
		size_t left = memory->size - at;

		buffers[count].iov_base = memory->address + at;
		buffers[count++].iov_len = left < PIN_MAX ? left : PIN_MAX;
	}
	if (syscall(SYS_io_uring_register, memory->pin_fd, IORING_REGISTER_BUFFERS, buffers,
		    count)) {
		warn("pinning guest memory (see ulimit -l)");
		return -1;
	}
	return 0;
}

int memory_open(struct memory *memory, const struct memory_config *config)
{
	if (reserve(memory, config->size) || map_backing(memory, config->backing) ||
	    place_all(memory, config))
		return -1;
	return config->pin ? pin(memory) : 0;
}

int memory_open_sparse(struct memory *memory, size_t size)
{
	return reserve(memory, size) ? -1 : map_anonymous(memory, MADV_NOHUGEPAGE);
}

void memory_close(struct memory *memory)
{
	if (!memory->reserved)
		return;
	if (memory->pin_fd >= 0)
		close(memory->pin_fd);
	munmap(memory->reserved, memory->size + 2 * MEMORY_HUGE_PAGE);
	*memory = (struct memory){ .pin_fd = -1 };
}
