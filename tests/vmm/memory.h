/* SPDX-License-Identifier: GPL-2.0-only */
/* Guest memory as host memory: of which pages it is made, and on which nodes these are. */
#ifndef VMM_MEMORY_H
#define VMM_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMORY_PAGE 0x1000u
#define MEMORY_HUGE_PAGE 0x200000u
#define MEMORY_PLACES_MAX 16
#define MEMORY_NODE_MAX 63

enum backing {
	BACKING_SMALL,	 /* anonymous, 4 KiB pages */
	BACKING_THP,	 /* anonymous, huge pages by madvise() */
	BACKING_HUGETLB, /* 2 MiB pages of hugetlbfs */
	BACKING_MEMFD,	 /* shared, 4 KiB pages */
};

enum policy {
	POLICY_DEFAULT,
	POLICY_BIND,	/* MPOL_BIND */
	POLICY_BALANCE, /* with MPOL_F_NUMA_BALANCING: takes hint faults, may not move */
	POLICY_NODE,	/* put on the node, then without a policy: may move */
};

struct place {
	enum policy policy;
	unsigned int node;	  /* where the pages are; not of POLICY_DEFAULT */
	unsigned int policy_node; /* of POLICY_BALANCE; no page moves to a node that it is not */
};

struct memory_config {
	size_t size; /* in bytes; 0: none */
	enum backing backing;
	struct place places[MEMORY_PLACES_MAX]; /* of as many equal parts, in their order */
	unsigned int place_count;		/* 0: as one POLICY_DEFAULT */
	bool pin; /* as VFIO does, so that no page can move: counts in VmPin */
};

/* At a multiple of 2 MiB, between guards, so that it shares no mapping with other memory. */
struct memory {
	uint8_t *address; /* NULL: none */
	size_t size;
	void *reserved; /* what the mapping lies in, with its guards */
	int pin_fd;	/* -1: not pinned */
};

/* The size of its pages, of which each part is a multiple. */
size_t backing_page(enum backing backing);

/*
 * Maps the memory, puts its pages where they are to be, all of them, and pins them if so
 * wished. Returns 0, or says what failed on standard error and returns -1. Ends with
 * memory_close(), also after a failure.
 */
int memory_open(struct memory *memory, const struct memory_config *config);
void memory_close(struct memory *memory);

/* The same without pages: one of 4 KiB is there once somebody touches it. */
int memory_open_sparse(struct memory *memory, size_t size);

#endif
