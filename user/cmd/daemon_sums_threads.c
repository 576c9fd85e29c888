// SPDX-License-Identifier: GPL-2.0-only
/* Sums of vCPUs, and of what their VMs have of them. */
#include <errno.h>
#include <string.h>

#include "cmd/daemon_sums_internal.h"

/* So many moments a thread may be missing, if nobody saw it end: its marks tell what is counted. */
#define MARKS_MISSED_MAX 100

/* How far the threads of a view are taken, and the lists beside them in the same order. */
struct taking {
	struct daemon_sums *sums;
	const struct view *view;
	size_t known, mark; /* marks that were there, and the next one of these */
	size_t exit_place, node_place;
	const struct vm *from; /* of the latest thread, which may be NULL */
	struct vm_sums *vm;    /* NULL: not wanted */
};

/* The VM of a thread: of most it is that of the one before. 0 or -ENOMEM. */
static int see_vm(struct taking *taking, const struct identity *thread)
{
	const struct vm *from = snapshot__vm_again(&taking->view->sched, thread, taking->from);

	if (from && from == taking->from)
		return 0;
	taking->from = NULL;
	taking->vm = NULL;
	if (!from || !from->chosen)
		return 0;
	taking->vm = daemon_sums__vm(taking->sums, from->pid, from->start_ns);
	if (!taking->vm)
		taking->vm = daemon_sums__add_vm(taking->sums, from->pid, from->start_ns);
	if (!taking->vm)
		return -ENOMEM;
	taking->from = from;
	if (taking->vm->missed || !*taking->vm->domain)
		vm_sums__name(taking->vm, from);
	taking->vm->missed = 0;
	return 0;
}

struct vcpu_sums *vm_sums__vcpu(struct vm_sums *vm, int32_t vcpu)
{
	size_t low = 0, high = vm->vcpus.count;

	/* Most are numbered from 0 on. */
	if (vcpu >= 0 && (size_t)vcpu < high && vm->vcpus.list[vcpu].vcpu == vcpu)
		return &vm->vcpus.list[vcpu];
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (vm->vcpus.list[middle].vcpu < vcpu)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < vm->vcpus.count && vm->vcpus.list[low].vcpu == vcpu)
		return &vm->vcpus.list[low];
	if (!list_add(&vm->vcpus))
		return NULL;
	memmove(&vm->vcpus.list[low + 1], &vm->vcpus.list[low],
		(vm->vcpus.count - 1 - low) * sizeof(*vm->vcpus.list));
	vm->vcpus.list[low] = (struct vcpu_sums){ .vcpu = vcpu };
	return &vm->vcpus.list[low];
}

static void take_waits(struct vm_sums *vm, struct vcpu_sums *vcpu, struct thread_marks *marks,
		       const struct wait_hist *hist)
{
	uint32_t coarse[COARSE_BUCKETS];

	coarse__counts(coarse, hist->count, CAUSES);
	for (int i = 0; i < COARSE_BUCKETS; i++) {
		uint32_t more = coarse[i] - marks->waits[i];

		vm->waits.counts[i] += more;
		vcpu->waits[i] += more;
		marks->waits[i] = coarse[i];
	}
}

/* A switch was not seen: what was known of the thread is useless, and its books begin anew. */
static bool begun_anew(const struct thread_marks *marks, const struct thread_snapshot *thread)
{
	return marks->read_rq && thread->read_rq > marks->read_rq + thread->figures.elapsed_ns;
}

static void take_thread(struct vm_sums *vm, struct vcpu_sums *vcpu, struct thread_marks *marks,
			const struct thread_snapshot *thread)
{
	const struct figures *figures = &thread->figures;
	const uint64_t values[] = {
		[SUM_RUN] = figures->run_ns,
		[SUM_READY_WAKE] = figures->ready_ns[CAUSE_WAKE],
		[SUM_READY_PREEMPT] = figures->ready_ns[CAUSE_PREEMPT],
		[SUM_READY_THROTTLED] = figures->throttled_ns,
		[SUM_HALT] = figures->halt_ns,
		[SUM_BLOCK] = figures->block_ns,
		[SUM_WAITS_WAKE] = figures->waits[CAUSE_WAKE],
		[SUM_WAITS_PREEMPT] = figures->waits[CAUSE_PREEMPT],
		[SUM_WAITED] = figures->ended_ns,
	};
	uint64_t waited = vcpu->sums[SUM_WAITED];

	if (begun_anew(marks, thread)) {
		memset(marks->high, 0, sizeof(values));
		memset(marks->waits, 0, sizeof(marks->waits));
	}
	marks->read_rq = thread->read_rq;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		sum__raise(&vcpu->sums[i], &marks->high[i], values[i]);
	vm->waits.sum_ns += vcpu->sums[SUM_WAITED] - waited;
	vcpu->throttling_known |= thread->throttling_known;
	take_waits(vm, vcpu, marks, &thread->hist);
}

/*
 * Counted anew since the programs were attached last. A reading that failed looks like that of a
 * vCPU without exits, so it has fewer of them than before.
 */
static void take_exits(struct vcpu_sums *vcpu, struct thread_marks *marks,
		       const struct exit_thread *thread, uint64_t since_ns)
{
	const struct exit_figures *figures = &thread->figures;

	if (!thread->known)
		return;
	if (marks->exits_since_ns != since_ns) {
		memset(&marks->high[SUM_GUEST], 0,
		       (SUM_EXITS - SUM_GUEST + 1) * sizeof(*marks->high));
		marks->exits_since_ns = since_ns;
	}
	if (figures->exits < marks->high[SUM_EXITS])
		return;
	vcpu->exits_known = true;
	vcpu->poll_known |= thread->poll_known;
	sum__raise(&vcpu->sums[SUM_GUEST], &marks->high[SUM_GUEST], figures->guest_ns);
	sum__raise(&vcpu->sums[SUM_KVM], &marks->high[SUM_KVM], figures->kvm_ns);
	sum__raise(&vcpu->sums[SUM_VMM], &marks->high[SUM_VMM], figures->vmm_ns);
	sum__raise(&vcpu->sums[SUM_POLL], &marks->high[SUM_POLL], figures->poll_ns);
	sum__raise(&vcpu->sums[SUM_EXITS], &marks->high[SUM_EXITS], figures->exits);
}

static void take_beside(struct vcpu_sums *vcpu, struct thread_marks *marks, struct taking *taking)
{
	const struct view *view = taking->view;
	const struct exit_thread *exits =
		list_next(&view->exits.threads, &taking->exit_place, &marks->id, compare_ids);
	const struct numa_thread *nodes =
		list_next(&view->numa.threads, &taking->node_place, &marks->id, compare_ids);

	if (exits && !view->exits.silent)
		take_exits(vcpu, marks, exits, view->exits.since_ns);
	if (!nodes)
		return;
	vcpu->moves_known = true;
	sum__raise(&vcpu->sums[SUM_MOVES], &marks->high[SUM_MOVES], nodes->figures.moves);
}

/* Of a thread that is not in this view: it may have been switching all the time. */
static void miss(const struct daemon_sums *sums, struct thread_marks *marks)
{
	if (marks->missed >= MARKS_MISSED_MAX ||
	    !daemon_sums__vm(sums, marks->vm_pid, marks->vm_start_ns))
		marks->missed = MARKS_GONE;
	else
		marks->missed++;
}

/* Those of threads before one that is there. */
static void miss_before(struct taking *taking, uint64_t id)
{
	struct daemon_sums *sums = taking->sums;

	while (taking->mark < taking->known && sums->marks.list[taking->mark].id < id)
		miss(sums, &sums->marks.list[taking->mark++]);
}

/* The marks of a thread: threads come in the order of their ids. NULL: memory is short. */
static struct thread_marks *next_marks(struct taking *taking, const struct identity *thread)
{
	struct daemon_sums *sums = taking->sums;
	struct thread_marks *marks;

	miss_before(taking, thread->id);
	if (taking->mark < taking->known && sums->marks.list[taking->mark].id == thread->id)
		marks = &sums->marks.list[taking->mark++];
	else
		marks = list_add(&sums->marks);
	if (!marks)
		return NULL;
	marks->id = thread->id;
	marks->vm_pid = thread->vm_pid;
	marks->vm_start_ns = thread->vm_start_ns;
	marks->missed = 0;
	return marks;
}

/* Without memory for a sum, nothing is taken, and the next moment has it. */
static int take_vcpu(struct taking *taking, const struct thread_snapshot *thread)
{
	struct thread_marks *marks;
	struct vcpu_sums *vcpu;

	if (see_vm(taking, &thread->identity))
		return -ENOMEM;
	if (!taking->vm)
		return 0;
	marks = next_marks(taking, &thread->identity);
	vcpu = marks ? vm_sums__vcpu(taking->vm, thread->identity.vcpu) : NULL;
	if (!vcpu)
		return -ENOMEM;
	take_thread(taking->vm, vcpu, marks, thread);
	take_beside(vcpu, marks, taking);
	if (thread->state == STATE_GONE)
		marks->missed = MARKS_GONE;
	return 0;
}

static bool goes(const void *item)
{
	const struct thread_marks *marks = item;

	return marks->missed == MARKS_GONE;
}

/* Those that go, go; new ones stand at the end, and find their places. */
static void order_marks(struct daemon_sums *sums, size_t known)
{
	bool in_order = sums->marks.count == known;

	list_drop(&sums->marks, goes);
	if (!in_order)
		list_sort(&sums->marks, compare_ids);
}

int daemon_sums__take_threads(struct daemon_sums *sums, const struct view *after)
{
	struct taking taking = { .sums = sums, .view = after, .known = sums->marks.count };
	const struct snapshot *sched = &after->sched;
	int error = 0;

	for (size_t i = 0; i < sched->threads.count; i++)
		if (sched->threads.list[i].identity.is_vcpu &&
		    take_vcpu(&taking, &sched->threads.list[i]))
			error = -ENOMEM;
	miss_before(&taking, UINT64_MAX);
	order_marks(sums, taking.known);
	return error;
}
