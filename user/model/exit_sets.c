// SPDX-License-Identifier: GPL-2.0-only
/* The sets of an exit_snapshot. */
#include "model/view_sets.h"

#define COUNTER(name, item, member) FIELD_AS(name, item, member, FIELD_U64, FIELD_COUNTER)
#define VIEW_COUNTER(name, member) COUNTER(name, struct view, exits.member)

/* These do not change at most moments. */
static const struct field exit_state_fields[] = {
	FIELD_CODE("isa", struct view, exits.isa, FIELD_U32, FIELD_GAUGE, EXIT_ISAS),
	FIELD_AS("silent", struct view, exits.silent, FIELD_BOOL, FIELD_GAUGE),
	FIELD_AS("since_ns", struct view, exits.since_ns, FIELD_U64, FIELD_GAUGE),
	FIELD_AS("missing", struct view, exits.missing, FIELD_TEXT, FIELD_GAUGE),
	VIEW_COUNTER("lost_reasons", losses.reasons),
	VIEW_COUNTER("lost_events", losses.events),
	VIEW_COUNTER("lost_exits", losses.order),
	VIEW_COUNTER("torn", losses.torn),
};

static const struct field exit_cost_fields[] = {
	VIEW_COUNTER("runs", cost.runs),
	VIEW_COUNTER("samples", cost.samples),
	VIEW_COUNTER("sample_ns", cost.sample_ns),
};

static const struct field exit_thread_fields[] = {
	FIELD(struct exit_thread, id, FIELD_U64, FIELD_KEY),
	FIELD(struct exit_thread, known, FIELD_BOOL, FIELD_GAUGE),
	FIELD(struct exit_thread, poll_known, FIELD_BOOL, FIELD_GAUGE),
	COUNTER("guest_ns", struct exit_thread, figures.guest_ns),
	COUNTER("kvm_ns", struct exit_thread, figures.kvm_ns),
	COUNTER("vmm_ns", struct exit_thread, figures.vmm_ns),
	COUNTER("poll_ns", struct exit_thread, figures.poll_ns),
	COUNTER("exits", struct exit_thread, figures.exits),
};

#define REASON(name, member) COUNTER(name, struct reason_snapshot, figures.member)

static const struct field reason_fields[] = {
	FIELD(struct reason_snapshot, thread, FIELD_U64, FIELD_KEY),
	FIELD(struct reason_snapshot, code, FIELD_U32, FIELD_KEY),
	REASON("exits_kernel", count[EXIT_KERNEL]),
	REASON("exits_user", count[EXIT_USER]),
	REASON("kernel_ns", handle_ns[EXIT_KERNEL]),
	REASON("user_ns", handle_ns[EXIT_USER]),
	REASON("kernel_block_ns", block_ns[EXIT_KERNEL]),
	REASON("user_block_ns", block_ns[EXIT_USER]),
	FIELD_AS("handle_max_ns", struct reason_snapshot, figures.max_ns, FIELD_U64, FIELD_MAXIMUM),
	FIELD_AS("kernel_hist", struct reason_snapshot, hist.count[EXIT_KERNEL], FIELD_U32,
		 FIELD_COUNTER),
	FIELD_AS("user_hist", struct reason_snapshot, hist.count[EXIT_USER], FIELD_U32,
		 FIELD_COUNTER),
};

const struct set exit_state_set = SET_OF_VIEW("exit_state", exit_state_fields);
const struct set exit_cost_set = SET_OF_VIEW("exit_cost", exit_cost_fields);
const struct set exit_thread_set =
	SET_OF_LIST("exit_threads", exits.threads, exit_thread_fields, 1, .bulk = true);
const struct set reason_set =
	SET_OF_LIST("exit_reasons", exits.reasons, reason_fields, 2, .bulk = true);
