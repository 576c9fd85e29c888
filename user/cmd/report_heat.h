/* SPDX-License-Identifier: GPL-2.0-only */
/* How much VMs waited over time, from a recording of any length, and the two views of its last run.
 */
#ifndef KVMQ_REPORT_HEAT_H
#define KVMQ_REPORT_HEAT_H

#include "model/options.h"
#include "model/view.h"
#include "recording/recording.h"

/* A row has no more cells, however long the recording is; and no more VMs are remembered. */
#define REPORT_CELLS 96
#define REPORT_VMS_MAX 2048

/* Of all vCPUs of a VM, throttling included. */
struct report_cell {
	double ready_ns, elapsed_ns; /* 0 of the latter: it was not there, or not recorded */
};

struct report_vm {
	char boot_id[40]; /* with PID and start, which VM */
	uint64_t start_ns;
	uint32_t pid;
	char name[VM_SHOWN_SIZE];
	struct report_cell cells[REPORT_CELLS];
	struct report_cell all;
};

struct report_heat {
	LIST(struct report_vm);	   /* who waited the greatest share of the time first */
	uint64_t begin_ns, end_ns; /* time of day */
	size_t cells;		   /* of each, all as long */
	size_t runs;		   /* that are shown, */
	size_t runs_left_out;	   /* and earlier ones that are not */
	bool is_cut;		   /* there were too many moments: the earlier ones are not shown */
	bool vms_left_out;	   /* and VMs: later ones are not */
	struct view first, last;   /* of the last run */
	struct recording_run run;  /* and that run */
};

/*
 * Reads a recording from --since to --until: a few hundred moments of it at most, since counters
 * keep what was between. 0 or -errno after one line.
 */
int report_heat__read(struct report_heat *heat, struct recording *recording,
		      const struct options *options);

void report_heat__free(struct report_heat *heat);

#endif
