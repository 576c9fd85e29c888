// SPDX-License-Identifier: GPL-2.0-only
#include "probe/cost.h"

#include <bpf/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"

#define ROUNDS 5
#define ROUND_NS (2 * NSEC_PER_MSEC)

static void *yield_until(void *stop)
{
	while (!atomic_load((atomic_bool *)stop))
		sched_yield();
	return NULL;
}

/* Two threads on this CPU hand it to each other for a while. */
static void make_switches(void)
{
	uint64_t begin = clock_monotonic_ns();
	atomic_bool stop = false;
	pthread_t partner;

	if (pthread_create(&partner, NULL, yield_until, &stop))
		return;
	while (clock_monotonic_ns() - begin < ROUND_NS)
		sched_yield();
	atomic_store(&stop, true);
	pthread_join(partner, NULL);
}

static int read_info(int program_fd, struct bpf_prog_info *info)
{
	__u32 size = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(program_fd, info, &size);
}

/* ps per run over one round, or 0. */
static uint64_t measure_round(int program_fd)
{
	struct bpf_prog_info before, after;

	if (read_info(program_fd, &before))
		return 0;
	make_switches();
	if (read_info(program_fd, &after) || after.run_cnt == before.run_cnt)
		return 0;
	return (after.run_time_ns - before.run_time_ns) * 1000 / (after.run_cnt - before.run_cnt);
}

uint64_t measure_switch_cost(int program_fd)
{
	int stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME), cpu = sched_getcpu();
	uint64_t least = 0, round;
	cpu_set_t allowed, one;

	if (stats_fd < 0)
		return 0;
	if (cpu >= 0 && !sched_getaffinity(0, sizeof(allowed), &allowed)) {
		CPU_ZERO(&one);
		CPU_SET((unsigned int)cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		for (int i = 0; i < ROUNDS; i++) {
			round = measure_round(program_fd);
			if (round && (!least || round < least))
				least = round;
		}
		sched_setaffinity(0, sizeof(allowed), &allowed);
	}
	close(stats_fd);
	return least;
}
