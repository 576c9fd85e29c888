/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads on which nodes the memory of a VM is, by the source that suits the VM best. It reads rarely
 * enough to stay below RESIDENCY_BUDGET, or another, and keeps the last result meanwhile.
 */
#ifndef KVMQ_RESIDENCY_H
#define KVMQ_RESIDENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/residency.h"

/* A reading may take this part of the time until the next one: 0.1 % of a CPU. */
#define RESIDENCY_BUDGET 1000ULL

/* Guest memory in the VMM's address space, as KVM maps it: from begin to before end. */
struct memory_range {
	uint64_t begin, end;
};

struct residency_config {
	const char *proc;	      /* "/proc" */
	const char *cgroups;	      /* "/sys/fs/cgroup" */
	enum residency_source source; /* this one only, or RESIDENCY_AUTO */
	uint64_t period_ns;	      /* this often, whatever it costs; 0: by RESIDENCY_BUDGET */
	uint64_t least_ns;	      /* by that, but no more often; 0: a second */
	uint64_t most_ns;	      /* nor more seldom, whatever it costs; 0: no matter */
};

/* What is remembered of one VM between readings. */
struct residency_reader;

/* NULL: memory is short. Free with residency_reader__free(), which takes NULL. */
struct residency_reader *residency_reader__new(const struct residency_config *config, uint32_t pid);
void residency_reader__free(struct residency_reader *reader);

/* From the next reading on, it may take one part in so many, instead of RESIDENCY_BUDGET. */
void residency_reader__set_budget(struct residency_reader *reader, uint64_t parts);

/* Whether a reading is due at now_ns (CLOCK_MONOTONIC); then ranges are needed. */
bool residency_reader__due(const struct residency_reader *reader, uint64_t now_ns);

/*
 * The VM's residency: read now if that is due, otherwise the last one. ranges are its guest memory,
 * by ascending begin; if there are none, they are not known, and the whole process counts. cgroup
 * is the process's path below config.cgroups, or NULL. The result belongs to the reader. If nothing
 * could be read, its source is RESIDENCY_AUTO, and residency_reader__error() tells why, as -errno:
 * -ESRCH, the process has ended; -EOPNOTSUPP, no source suits the VM and the kernel, or not the one
 * that was asked for.
 */
const struct residency *residency_reader__read(struct residency_reader *reader, uint64_t now_ns,
					       const struct memory_range *ranges, size_t count,
					       const char *cgroup);
int residency_reader__error(const struct residency_reader *reader);

/* The same as a clause that names what is missing; NULL: there is no error. */
const char *residency_reader__missing(const struct residency_reader *reader);

#endif
