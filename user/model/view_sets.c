// SPDX-License-Identifier: GPL-2.0-only
#include "model/view_sets.h"

/* Each set is in one of these lists. */
#define SETS_OF_ALL &host_set, &share_loss_set
#define SETS_OF_THREADS &loss_set, &vm_set, &vm_exited_set, &thread_name_set, &thread_set
#define SETS_OF_CPU &overlap_set, &blame_set, &wait_set
#define SETS_OF_EXITS                                                                              \
	&exit_state_set, &exit_cost_set, &exit_thread_set, &reason_set, &exit_event_set
#define SETS_OF_NUMA                                                                               \
	&numa_state_set, &numa_cost_set, &node_set, &numa_vm_set, &residency_set,                  \
		&numa_thread_set, &burst_set
#define SETS_OF_IO                                                                                 \
	&io_sets[IO_SET_COST], &io_sets[IO_SET_LOSSES], &io_sets[IO_SET_STATE],                    \
		&io_sets[IO_SET_VMS], &io_sets[IO_SET_DISKS], &io_sets[IO_SET_LEAVES],             \
		&io_sets[IO_SET_DEVICES], &io_sets[IO_SET_BLOCK_FLOWS],                            \
		&io_sets[IO_SET_BLOCK_BASES], &io_sets[IO_SET_VMM_FLOWS], &io_sets[IO_SET_RINGS],  \
		&io_sets[IO_SET_EVENTS], &io_sets[IO_SET_GUESTS], &io_sets[IO_SET_GUEST_DISKS],    \
		&io_sets[IO_SET_GUEST_FLOWS]

const struct set *const cpu_sets[] = { &moment_set, SETS_OF_ALL, SETS_OF_THREADS, SETS_OF_CPU,
				       NULL };
const struct set *const exit_sets[] = { &moment_set, SETS_OF_ALL, SETS_OF_THREADS, SETS_OF_EXITS,
					NULL };
const struct set *const numa_sets[] = { &moment_set, SETS_OF_ALL, SETS_OF_THREADS, SETS_OF_NUMA,
					NULL };
const struct set *const io_view_sets[] = { &io_moment_set, SETS_OF_ALL, SETS_OF_IO, NULL };
const struct set *const all_sets[] = { &moment_set,	SETS_OF_ALL, &host_use_set, &limit_set,
				       SETS_OF_THREADS, SETS_OF_CPU, SETS_OF_EXITS, SETS_OF_NUMA,
				       SETS_OF_IO,	NULL };
