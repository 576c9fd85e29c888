// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/diff_sources.h"

#include "cmd/cpu_metrics.h"
#include "cmd/exit_metrics.h"
#include "cmd/io_metrics.h"
#include "cmd/numa_metrics.h"
#include "cmd/values.h"
#include "model/view.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): parameters of designators */

#define FIGURE(key_, better, join_, ...)                                                           \
	{                                                                                          \
		.key = key_, .direction = better##_IS_BETTER, .join = JOIN_##join_, __VA_ARGS__    \
	}
#define TOUCHED(key_, join_, loss_)                                                                \
	{                                                                                          \
		.key = key_, .direction = LESS_IS_BETTER, .join = JOIN_##join_,                    \
		.losses = DIFF_LOST_##loss_                                                        \
	}
#define RATIO(key_, better, part_, whole_, ...)                                                    \
	FIGURE(key_, better, RATIO, .part = part_, .whole = whole_, __VA_ARGS__)
/* A layer's mean: JSON has it and its number of requests. */
#define LAYER(name, ...)                                                                           \
	FIGURE(name "_mean_ns", LESS, WEIGHTED, .whole = name "_requests", __VA_ARGS__)

/* NOLINTEND(bugprone-macro-parentheses) */

static const struct diff_source cpu_list[] = {
	FIGURE("ready_pct", LESS, WEIGHTED),
	FIGURE("ready_wake_pct", LESS, WEIGHTED),
	FIGURE("ready_preempt_pct", LESS, WEIGHTED),
	TOUCHED("ready_throttled_pct", WEIGHTED, THROTTLED),
	RATIO("wait_mean_ns", LESS, "run_delay_ns", "waits", .mean_of = &cpu_waits),
	FIGURE("wait_p50_ns", LESS, NONE),
	FIGURE("wait_p99_ns", LESS, NONE),
	FIGURE("wait_max_ns", LESS, LARGEST),
	FIGURE("waits_per_s", NEITHER, RATES),
	FIGURE("run_pct", NEITHER, WEIGHTED),
	FIGURE("lag_ns", LESS, NONE),
	TOUCHED("hazard_pct", WEIGHTED, OVERLAP),
	TOUCHED("stalled_pct", WEIGHTED, OVERLAP),
};

static const struct diff_source exit_list[] = {
	FIGURE(DIFF_EXIT_RATE, NEITHER, RATES),
	FIGURE("guest_pct", NEITHER, WEIGHTED),
	FIGURE("kvm_pct", LESS, WEIGHTED),
	FIGURE("vmm_pct", LESS, WEIGHTED),
	FIGURE("poll_pct", NEITHER, WEIGHTED),
	RATIO("handle_mean_ns", LESS, "handle_ns", "exits_handled"),
};

static const struct diff_source reason_list[] = {
	FIGURE(DIFF_EXIT_RATE, NEITHER, RATES),
	RATIO("handle_mean_ns", LESS, "handle_ns", "exits", .mean_of = &reason_handling),
};

static const struct diff_source numa_list[] = {
	RATIO("fault_remote_pct", LESS, "fault_pages_remote", "fault_pages",
	      .losses = DIFF_LOST_FAULTS),
	FIGURE("memory_local_pct", MORE, LATEST),
	FIGURE("bandwidth_remote_pct", LESS, NONE),
	FIGURE("moves_per_s", LESS, RATES),
	FIGURE("migrated_home_pages_per_s", NEITHER, RATES),
	FIGURE("migrated_away_pages_per_s", LESS, RATES),
};

static const struct diff_source io_list[] = {
	FIGURE("iops", NEITHER, RATES),
	FIGURE("bytes_per_s", NEITHER, RATES),
	LAYER("gq"),
	LAYER("gavg"),
	LAYER("vmm", .losses = DIFF_LOST_VMM),
	FIGURE("kavg_mean_ns", LESS, NONE, .losses = DIFF_LOST_VMM),
	LAYER("thr"),
	LAYER("q"),
	LAYER("d"),
	FIGURE("q_p99_ns", LESS, NONE),
	FIGURE("d_p99_ns", LESS, NONE),
};

const struct diff_sources diff_cpu_sources = { cpu_list, LENGTH(cpu_list), &cpu_metrics,
					       DIFF_LOST_THREADS };
const struct diff_sources diff_exit_sources = { exit_list, LENGTH(exit_list), &exit_metrics,
						DIFF_LOST_THREADS | DIFF_LOST_EXITS };
const struct diff_sources diff_reason_sources = { reason_list, LENGTH(reason_list), &reason_metrics,
						  DIFF_LOST_THREADS | DIFF_LOST_EXITS |
							  DIFF_LOST_REASONS };
const struct diff_sources diff_numa_sources = { numa_list, LENGTH(numa_list), &numa_metrics,
						DIFF_LOST_THREADS };
const struct diff_sources diff_io_sources = { io_list, LENGTH(io_list), &io_metrics,
					      DIFF_LOST_REQUESTS };

/* NOLINTBEGIN(bugprone-macro-parentheses): a member is no expression */
#define LOST(bit_, member, key_, words_)                                                           \
	{                                                                                          \
		.bit = DIFF_LOST_##bit_, .place = offsetof(struct view, member), .key = key_,      \
		.words = words_                                                                    \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

const struct diff_loss diff_losses[] = {
	LOST(THREADS, sched.losses.threads, "threads",
	     "threads not tracked: no figure of CPUs is used"),
	LOST(THROTTLED, sched.losses.throttled, "throttled",
	     "throttling: ready_throttled_pct is not used"),
	LOST(OVERLAP, sched.losses.overlap, "overlap",
	     "overlap: hazard_pct and stalled_pct are not used"),
	LOST(EXITS, exits.losses.order, "exits", "exits not seen: no figure of exits is used"),
	LOST(REASONS, exits.losses.reasons, "reasons",
	     "exits not booked: no figure of a reason is used"),
	LOST(FAULTS, numa.losses.faults, "faults",
	     "hint faults not seen: fault_remote_pct is not used"),
	LOST(REQUESTS, io.block.losses.requests, "requests",
	     "requests not timed: no figure of disks is used"),
	LOST(REQUESTS, io.block.losses.flows, "flows",
	     "requests booked on nobody: no figure of disks is used"),
	LOST(REQUESTS, io.block.losses.missed, "hook_runs",
	     "requests not seen: no figure of disks is used"),
	LOST(VMM, io.vmm.lost, "vmm_requests",
	     "requests of VMMs not counted: vmm_mean_ns and kavg_mean_ns are not used"),
};
const size_t diff_loss_count = LENGTH(diff_losses);
