// SPDX-License-Identifier: GPL-2.0-only
/* The sets of a snapshot. */
#include "model/view_sets.h"

#define COUNTER(name, item, member) FIELD_AS(name, item, member, FIELD_U64, FIELD_COUNTER)
#define VIEW_COUNTER(name, member) COUNTER(name, struct view, sched.member)
#define VIEW_GAUGE(name, member, type) FIELD_AS(name, struct view, sched.member, type, FIELD_GAUGE)

/* Tools that do not look at threads have only the first ones. */
#define IO_MOMENT_FIELDS 3

static const struct field moment_fields[] = {
	VIEW_GAUGE("time_ns", time_ns, FIELD_U64),
	VIEW_GAUGE("realtime_ns", realtime_ns, FIELD_U64),
	VIEW_COUNTER("own_cpu_ns", cost.own_cpu_ns),
	VIEW_GAUGE("end_ns", end_ns, FIELD_U64),
	VIEW_GAUGE("read_rq", read_rq, FIELD_U64),
	VIEW_GAUGE("end_rq", end_rq, FIELD_U64),
	VIEW_GAUGE("other_vms", other_vms, FIELD_U32),
	VIEW_GAUGE("other_vcpus", other_vcpus, FIELD_U32),
	VIEW_COUNTER("vm_switches", cost.vm_switches),
	VIEW_COUNTER("vm_samples", cost.vm_samples),
	VIEW_COUNTER("vm_sample_ns", cost.vm_sample_ns),
	VIEW_COUNTER("switches", cost.switches),
	VIEW_GAUGE("idle_switch_ps", cost.idle_switch_ps, FIELD_U64),
};

static const struct field loss_fields[] = {
	VIEW_COUNTER("threads", losses.threads), VIEW_COUNTER("events", losses.events),
	VIEW_COUNTER("torn", losses.torn),	 VIEW_COUNTER("clock", losses.clock),
	VIEW_COUNTER("missed", losses.missed),	 VIEW_COUNTER("throttled", losses.throttled),
	VIEW_COUNTER("overlap", losses.overlap), VIEW_COUNTER("timeline", losses.timeline),
	VIEW_COUNTER("blame", losses.blame),
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member is no expression */
#define FIGURES(item, member)                                                                      \
	COUNTER("elapsed_ns", item, member.elapsed_ns), COUNTER("run_ns", item, member.run_ns),    \
		COUNTER("ready_wake_ns", item, member.ready_ns[CAUSE_WAKE]),                       \
		COUNTER("ready_preempt_ns", item, member.ready_ns[CAUSE_PREEMPT]),                 \
		COUNTER("ready_throttled_ns", item, member.throttled_ns),                          \
		COUNTER("halt_ns", item, member.halt_ns),                                          \
		COUNTER("block_ns", item, member.block_ns),                                        \
		COUNTER("waits_wake", item, member.waits[CAUSE_WAKE]),                             \
		COUNTER("waits_preempt", item, member.waits[CAUSE_PREEMPT]),                       \
		COUNTER("run_delay_ns", item, member.ended_ns),                                    \
		FIELD_AS("wait_max_ns", item, member.max_ns, FIELD_U64, FIELD_MAXIMUM)
/* NOLINTEND(bugprone-macro-parentheses) */

static const struct field vm_fields[] = {
	FIELD(struct vm, pid, FIELD_U32, FIELD_KEY),
	FIELD(struct vm, start_ns, FIELD_U64, FIELD_KEY),
	FIELD(struct vm, name, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct vm, uuid, FIELD_TEXT, FIELD_GAUGE),
	FIELD_AS("proxmox_id", struct vm, id, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct vm, cgroup, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct vm, chosen, FIELD_BOOL, FIELD_GAUGE),
	FIELD(struct vm, has_pid_added, FIELD_BOOL, FIELD_GAUGE),
};

static const struct field vm_exited_fields[] = {
	FIELD(struct vm, pid, FIELD_U32, FIELD_KEY),
	FIELD(struct vm, start_ns, FIELD_U64, FIELD_KEY),
	FIGURES(struct vm, exited),
};

#define THREAD(name, member, type, kind) FIELD_AS(name, struct thread_snapshot, member, type, kind)

static const struct field thread_name_fields[] = {
	THREAD("id", identity.id, FIELD_U64, FIELD_KEY),
	THREAD("vm_pid", identity.vm_pid, FIELD_U32, FIELD_GAUGE),
	THREAD("vm_start_ns", identity.vm_start_ns, FIELD_U64, FIELD_GAUGE),
	THREAD("tid", identity.tid, FIELD_U32, FIELD_GAUGE),
	THREAD("vcpu", identity.vcpu, FIELD_I32, FIELD_GAUGE),
	THREAD("is_vcpu", identity.is_vcpu, FIELD_BOOL, FIELD_GAUGE),
	THREAD("comm", identity.comm, FIELD_TEXT, FIELD_GAUGE),
	THREAD("vm_comm", identity.vm_comm, FIELD_TEXT, FIELD_GAUGE),
	THREAD("throttling_known", throttling_known, FIELD_BOOL, FIELD_GAUGE),
};

static const struct field thread_fields[] = {
	THREAD("id", identity.id, FIELD_U64, FIELD_KEY),
	FIELD_CODE("state", struct thread_snapshot, state, FIELD_U32, FIELD_GAUGE, STATE_GONE + 1),
	THREAD("cpu", cpu, FIELD_U32, FIELD_GAUGE),
	THREAD("since_rq", since_rq, FIELD_U64, FIELD_GAUGE),
	THREAD("read_rq", read_rq, FIELD_U64, FIELD_GAUGE),
	THREAD("waiting_ns", waiting_ns, FIELD_U64, FIELD_GAUGE),
	FIGURES(struct thread_snapshot, figures),
	THREAD("wake_hist", hist.count[CAUSE_WAKE], FIELD_U32, FIELD_COUNTER),
	THREAD("preempt_hist", hist.count[CAUSE_PREEMPT], FIELD_U32, FIELD_COUNTER),
};

/* The present state goes on, and a waiting thread goes on waiting. */
static uint64_t *growing(struct thread_snapshot *thread)
{
	struct figures *figures = &thread->figures;

	switch (thread->state) {
	case STATE_RUN:
		return &figures->run_ns;
	case STATE_READY:
		return &figures->ready_ns[CAUSE_PREEMPT];
	case STATE_HALT:
	case STATE_BLOCK:
		if (thread->waiting_ns)
			return &figures->ready_ns[CAUSE_WAKE];
		return thread->state == STATE_HALT ? &figures->halt_ns : &figures->block_ns;
	case STATE_GONE:
		break;
	}
	return NULL;
}

static void age_thread(void *item, const void *was, const void *is)
{
	const struct view *after = is;
	struct thread_snapshot *thread = item;
	uint64_t *part = growing(thread), passed = after->sched.read_rq - thread->read_rq;

	(void)was; /* a thread may have been read later than the others */
	if (!part || after->sched.read_rq < thread->read_rq)
		return;
	*part += passed;
	thread->figures.elapsed_ns += passed;
	thread->read_rq = after->sched.read_rq;
	if (thread->state == STATE_READY || thread->waiting_ns)
		thread->waiting_ns += passed;
	if (thread->waiting_ns > thread->figures.max_ns)
		thread->figures.max_ns = thread->waiting_ns;
}

static const struct field overlap_fields[] = {
	FIELD(struct overlap, vm_pid, FIELD_U32, FIELD_KEY),
	FIELD(struct overlap, hazard_ns, FIELD_U64, FIELD_COUNTER),
	FIELD(struct overlap, stalled_ns, FIELD_U64, FIELD_COUNTER),
	FIELD(struct overlap, waiting_ns, FIELD_U64, FIELD_COUNTER),
};

/* A thread that has changed its name is another offender here. */
static const struct field blame_fields[] = {
	FIELD(struct blame, victim, FIELD_U64, FIELD_KEY),
	FIELD_CODE("kind", struct blame, offender.kind, FIELD_U32, FIELD_KEY, OFFENDER_THROTTLED),
	FIELD_AS("tid", struct blame, offender.tid, FIELD_U32, FIELD_KEY),
	FIELD_AS("cgroup_id", struct blame, offender.cgroup_id, FIELD_U64, FIELD_KEY),
	FIELD_AS("comm", struct blame, offender.comm, FIELD_TEXT, FIELD_KEY),
	FIELD_AS("vm_pid", struct blame, offender.vm_pid, FIELD_U32, FIELD_GAUGE),
	FIELD_AS("cgroup", struct blame, offender.cgroup, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct blame, ns, FIELD_U64, FIELD_COUNTER),
};

static const struct field share_loss_fields[] = {
	FIELD_CODE("of", struct share_loss, table, FIELD_U32, FIELD_KEY, SHARE_TABLES),
	FIELD_CODE("owner", struct share_loss, owner, FIELD_U32, FIELD_KEY, SHARE_OWNERS),
	FIELD(struct share_loss, id, FIELD_U64, FIELD_KEY),
	FIELD(struct share_loss, uid, FIELD_U32, FIELD_GAUGE),
	FIELD(struct share_loss, vm, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct share_loss, lost, FIELD_U64, FIELD_COUNTER),
};

const struct set moment_set = SET_OF_VIEW("moments", moment_fields);
const struct set io_moment_set = { .name = "moments",
				   .fields = moment_fields,
				   .field_count = IO_MOMENT_FIELDS,
				   .size = sizeof(struct view) };
const struct set loss_set = SET_OF_VIEW("losses", loss_fields);
const struct set share_loss_set = SET_OF_LIST("share_losses", shares.of, share_loss_fields, 3);
const struct set vm_set = SET_OF_LIST("vms", sched.vms, vm_fields, 2);
const struct set vm_exited_set = SET_OF_LIST("vm_exited", sched.vms, vm_exited_fields, 2);
const struct set thread_name_set =
	SET_OF_LIST("thread_names", sched.threads, thread_name_fields, 1);
const struct set thread_set =
	SET_OF_LIST("threads", sched.threads, thread_fields, 1, .age = age_thread);
const struct set overlap_set =
	SET_OF_LIST("overlaps", sched.overlaps, overlap_fields, 1, .bulk = true);
const struct set blame_set = SET_OF_LIST("blame", sched.blame, blame_fields, 5, .bulk = true);
