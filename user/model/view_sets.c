// SPDX-License-Identifier: GPL-2.0-only
#include "model/view_sets.h"

#define SETS_OF_ALL                                                                                \
	&moment_set, &host_set, &loss_set, &vm_set, &vm_exited_set, &thread_name_set, &thread_set

const struct set *const cpu_sets[] = { SETS_OF_ALL, &overlap_set, &blame_set, &wait_set, NULL };

const struct set *const exit_sets[] = { SETS_OF_ALL,
					&exit_state_set,
					&exit_cost_set,
					&exit_thread_set,
					&reason_set,
					&exit_event_set,
					NULL };

const struct set *const numa_sets[] = { SETS_OF_ALL,	  &numa_state_set, &numa_cost_set,
					&node_set,	  &numa_vm_set,	   &residency_set,
					&numa_thread_set, &burst_set,	   NULL };
