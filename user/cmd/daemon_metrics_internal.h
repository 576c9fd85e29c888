/* SPDX-License-Identifier: GPL-2.0-only */
/* How families are written: for daemon_metrics.c, daemon_families*.c only. */
#ifndef KVMQ_DAEMON_METRICS_INTERNAL_H
#define KVMQ_DAEMON_METRICS_INTERNAL_H

#include "cmd/daemon_metrics.h"
#include "cmd/daemon_sums.h"
#include "model/options.h"

/* A VM and its labels: domain and uuid, to which a sample adds others and takes them back. */
struct shown_vm {
	const struct vm_sums *vm;
	struct labels labels;
	size_t size; /* of these two */
};

struct shown_vms {
	LIST(struct shown_vm);
	uint64_t left_out; /* the same name and UUID as another's */
};

#define LOSS_SETS 4
#define LOSSES_MAX 16 /* fields of such a set */

/* What there is once: of the host, and of the daemon. */
struct daemon_own {
	struct daemon_figures figures;
	struct host host;
	struct host_use use;
	uint64_t time_ns;    /* time of day of the moment */
	uint64_t reading_ns; /* from then on: how long threads were read */
	uint64_t own_cpu_ns;
	bool parts_known[PART_IO + 1];		/* by PART_* */
	uint64_t losses[LOSS_SETS][LOSSES_MAX]; /* by the places of fields in loss sets */
};

/* Takes what there is once; counters never go down. */
void daemon_own__take(struct daemon_own *own, const struct view *after,
		      const struct daemon_figures *figures, const struct daemon_sums *sums);

/* The families of the host and of the daemon. */
void write_own(struct exposition *exposition, const struct daemon_own *own);

/* Of VMs: what there is one of, counters of vCPUs, those of disks, and distributions. */
void write_vms(struct exposition *exposition, const struct daemon_sums *sums,
	       struct shown_vms *vms);
void write_vcpus(struct exposition *exposition, const struct daemon_sums *sums,
		 struct shown_vms *vms);
void write_blame(struct exposition *exposition, struct shown_vms *vms);
void write_disks(struct exposition *exposition, const struct daemon_sums *sums,
		 struct shown_vms *vms);
void write_histograms(struct exposition *exposition, const struct daemon_sums *sums,
		      struct shown_vms *vms);
void write_vcpu_histograms(struct exposition *exposition, struct shown_vms *vms);

/* At the end: how many series there are, and are not. */
void write_series(struct exposition *exposition, const struct shown_vms *vms,
		  uint64_t disks_left_out);

#endif
