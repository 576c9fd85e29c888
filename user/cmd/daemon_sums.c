// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/daemon_sums.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/daemon_sums_internal.h"

/* So many moments a thread may be missing, if nobody saw it end: its marks tell what is counted. */
#define MARKS_MISSED_MAX 100

#define COARSE(place) (1ULL << (COARSE_MIN_BITS + COARSE_STEP_BITS * (place)))
const uint64_t coarse_bounds[COARSE_BOUNDS] = { COARSE(0), COARSE(1), COARSE(2), COARSE(3),
						COARSE(4), COARSE(5), COARSE(6), COARSE(7),
						COARSE(8), COARSE(9), COARSE(10) };

/* Bounds are powers of two, so buckets come in octaves: a compiler takes one of these at once. */
static uint32_t count_octave(const uint32_t *buckets)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < HIST_SUB; i++)
		count += buckets[i];
	return count;
}

void coarse__counts(uint32_t coarse[COARSE_BUCKETS], const uint32_t (*parts)[HIST_BUCKETS],
		    int count)
{
	uint32_t begin = 0;

	for (int i = 0; i < COARSE_BUCKETS; i++) {
		uint32_t end = i < COARSE_BOUNDS ? hist_bucket(coarse_bounds[i]) : HIST_BUCKETS;

		coarse[i] = 0;
		for (int part = 0; part < count; part++)
			for (uint32_t bucket = begin; bucket < end; bucket += HIST_SUB)
				coarse[i] += count_octave(&parts[part][bucket]);
		begin = end;
	}
}

void coarse_sum__add(struct coarse_sum *sum, const uint32_t (*parts)[HIST_BUCKETS], int count,
		     uint64_t sum_ns)
{
	uint32_t coarse[COARSE_BUCKETS];

	coarse__counts(coarse, parts, count);
	for (int i = 0; i < COARSE_BUCKETS; i++)
		sum->counts[i] += coarse[i];
	sum->sum_ns += sum_ns;
}

void sum__raise(uint64_t *sum, uint64_t *high, uint64_t value)
{
	if (value <= *high)
		return;
	*sum += value - *high;
	*high = value;
}

/* ---- VMs ---- */

/* The place of a VM, or where it belongs. */
static size_t vm_place(const struct daemon_sums *sums, uint32_t pid, uint64_t start_ns)
{
	size_t low = 0, high = sums->vm_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct vm_sums *vm = sums->vms[middle];

		if (vm->pid < pid || (vm->pid == pid && vm->start_ns < start_ns))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct vm_sums *daemon_sums__vm(const struct daemon_sums *sums, uint32_t pid, uint64_t start_ns)
{
	size_t place = vm_place(sums, pid, start_ns);
	struct vm_sums *vm = place < sums->vm_count ? sums->vms[place] : NULL;

	return vm && vm->pid == pid && vm->start_ns == start_ns ? vm : NULL;
}

static struct vm_sums *add_vm(struct daemon_sums *sums, uint32_t pid, uint64_t start_ns)
{
	size_t place = vm_place(sums, pid, start_ns);
	struct vm_sums *vm;

	if (sums->vm_count == sums->vm_capacity) {
		size_t capacity = sums->vm_capacity ? sums->vm_capacity * 2 : 16;
		void *list = reallocarray(sums->vms, capacity, sizeof(*sums->vms));

		if (!list)
			return NULL;
		sums->vms = list;
		sums->vm_capacity = capacity;
	}
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return NULL;
	vm->pid = pid;
	vm->start_ns = start_ns;
	vm->home = NODE_NONE;
	memset(vm->levels, VERDICT_NOT_ASKED, sizeof(vm->levels));
	memmove(&sums->vms[place + 1], &sums->vms[place],
		(sums->vm_count - place) * sizeof(*sums->vms));
	sums->vms[place] = vm;
	sums->vm_count++;
	return vm;
}

static void vm_sums__free(struct vm_sums *vm)
{
	list_free(&vm->vcpus);
	list_free(&vm->reasons);
	list_free(&vm->pairs);
	list_free(&vm->disks);
	free(vm);
}

void domain__copy(char domain[VM_SHOWN_SIZE], const struct vm *vm)
{
	char end[16];
	size_t length, at;

	snprintf(domain, VM_SHOWN_SIZE, "%s", vm->name);
	snprintf(end, sizeof(end), "-%u", vm->pid);
	length = strlen(end);
	at = strlen(domain);
	if (at > length && !strcmp(domain + at - length, end))
		domain[at - length] = '\0';
}

static void name_vm(struct vm_sums *vm, const struct vm *from)
{
	domain__copy(vm->domain, from);
	snprintf(vm->uuid, sizeof(vm->uuid), "%s", from->uuid);
	snprintf(vm->id, sizeof(vm->id), "%s", from->id);
	vm->in_pods = strstr(from->cgroup, "kubepods") != NULL;
}

/* One whose vCPU was seen; *vm NULL: not wanted. 0 or -ENOMEM. */
static int see_vm(struct daemon_sums *sums, const struct snapshot *after,
		  const struct identity *thread, struct vm_sums **vm)
{
	const struct vm *from = snapshot__vm_of(after, thread);

	*vm = NULL;
	if (!from || !from->chosen)
		return 0;
	*vm = daemon_sums__vm(sums, from->pid, from->start_ns);
	if (!*vm)
		*vm = add_vm(sums, from->pid, from->start_ns);
	if (!*vm)
		return -ENOMEM;
	if ((*vm)->missed || !*(*vm)->domain)
		name_vm(*vm, from);
	(*vm)->missed = 0;
	return 0;
}

static void miss_vms(struct daemon_sums *sums)
{
	for (size_t i = 0; i < sums->vm_count; i++)
		sums->vms[i]->missed++;
}

/* Of those with the same labels that stay, the one that is shown next; NULL: there is none. */
static struct vm_sums *find_heir(const struct daemon_sums *sums, const struct vm_sums *gone)
{
	struct vm_sums *heir = NULL;

	for (size_t i = 0; i < sums->vm_count; i++) {
		struct vm_sums *vm = sums->vms[i];

		if (vm->missed <= MISSED_MAX && vm_sums__same_labels(vm, gone) &&
		    (!heir || vm_sums__compare(vm, heir) < 0))
			heir = vm;
	}
	return heir;
}

/*
 * The counters of a twin behind the heir were never shown: nobody inherits them. 0 or -ENOMEM.
 */
static int leave_to_heir(const struct daemon_sums *sums, const struct vm_sums *gone)
{
	struct vm_sums *heir = find_heir(sums, gone);

	if (!heir || vm_sums__compare(heir, gone) < 0)
		return 0;
	return vm_sums__inherit(heir, gone);
}

static int drop_vms(struct daemon_sums *sums)
{
	size_t kept = 0;
	int error = 0;

	for (size_t i = 0; i < sums->vm_count; i++)
		if (sums->vms[i]->missed > MISSED_MAX && leave_to_heir(sums, sums->vms[i]))
			error = -ENOMEM;
	for (size_t i = 0; i < sums->vm_count; i++)
		if (sums->vms[i]->missed > MISSED_MAX)
			vm_sums__free(sums->vms[i]);
		else
			sums->vms[kept++] = sums->vms[i];
	sums->vm_count = kept;
	return error;
}

/* ---- threads ---- */

struct vcpu_sums *vm_sums__vcpu(struct vm_sums *vm, int32_t vcpu)
{
	size_t low = 0, high = vm->vcpus.count;

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

/* Where the lists beside the threads, in the same order, have been read up to. */
struct beside {
	const struct view *view;
	size_t exit_place, node_place;
};

static void take_beside(struct vcpu_sums *vcpu, struct thread_marks *marks, struct beside *beside)
{
	const struct view *view = beside->view;
	const struct exit_thread *exits =
		list_next(&view->exits.threads, &beside->exit_place, &marks->id, compare_ids);
	const struct numa_thread *nodes =
		list_next(&view->numa.threads, &beside->node_place, &marks->id, compare_ids);

	if (exits && !view->exits.silent)
		take_exits(vcpu, marks, exits, view->exits.since_ns);
	if (!nodes)
		return;
	vcpu->moves_known = true;
	sum__raise(&vcpu->sums[SUM_MOVES], &marks->high[SUM_MOVES], nodes->figures.moves);
}

/* Of a thread that is not in this view: it may have been switching all the time. There is room. */
static void keep_marks(struct daemon_sums *sums, const struct thread_marks *old)
{
	struct thread_marks *marks;

	if (old->missed >= MARKS_MISSED_MAX ||
	    !daemon_sums__vm(sums, old->vm_pid, old->vm_start_ns))
		return;
	marks = list_add(&sums->marks);
	*marks = *old;
	marks->missed++;
}

/* The marks of a thread: threads come in the order of their ids. There is room. */
static struct thread_marks *next_marks(struct daemon_sums *sums, size_t *place,
				       const struct identity *thread)
{
	struct thread_marks *marks;

	for (; *place < sums->old_marks.count && sums->old_marks.list[*place].id < thread->id;
	     (*place)++)
		keep_marks(sums, &sums->old_marks.list[*place]);
	marks = list_add(&sums->marks);
	if (*place < sums->old_marks.count && sums->old_marks.list[*place].id == thread->id)
		*marks = sums->old_marks.list[(*place)++];
	marks->id = thread->id;
	marks->vm_pid = thread->vm_pid;
	marks->vm_start_ns = thread->vm_start_ns;
	marks->missed = 0;
	return marks;
}

/* Without memory for a sum, nothing is taken, and the next moment has it. */
static int take_vcpu(struct daemon_sums *sums, const struct thread_snapshot *thread,
		     struct beside *beside, size_t *place)
{
	struct thread_marks *marks;
	struct vcpu_sums *vcpu;
	struct vm_sums *vm;

	if (see_vm(sums, &beside->view->sched, &thread->identity, &vm))
		return -ENOMEM;
	if (!vm)
		return 0;
	marks = next_marks(sums, place, &thread->identity);
	vcpu = vm_sums__vcpu(vm, thread->identity.vcpu);
	if (!vcpu)
		return -ENOMEM;
	take_thread(vm, vcpu, marks, thread);
	take_beside(vcpu, marks, beside);
	if (thread->state == STATE_GONE)
		sums->marks.count--;
	return 0;
}

static int take_threads(struct daemon_sums *sums, const struct view *after)
{
	struct beside beside = { .view = after };
	const struct snapshot *sched = &after->sched;
	struct list marks = sums->marks.all;
	size_t place = 0;
	int error = 0;

	list_clear(&sums->old_marks);
	if (list_reserve(&sums->old_marks, marks.count + sched->threads.count))
		return -ENOMEM;
	sums->marks.all = sums->old_marks.all;
	sums->old_marks.all = marks;
	for (size_t i = 0; i < sched->threads.count; i++)
		if (sched->threads.list[i].identity.is_vcpu &&
		    take_vcpu(sums, &sched->threads.list[i], &beside, &place))
			error = -ENOMEM;
	for (; place < sums->old_marks.count; place++)
		keep_marks(sums, &sums->old_marks.list[place]);
	return error;
}

static void take_overlaps(struct daemon_sums *sums, const struct snapshot *after)
{
	for (size_t i = 0; i < sums->vm_count; i++) {
		struct vm_sums *vm = sums->vms[i];
		const struct overlap *overlap =
			vm->missed ? NULL : snapshot__overlap(after, vm->pid);

		vm->overlap_known = overlap;
		if (!overlap)
			continue;
		sum__raise(&vm->hazard_ns, &vm->hazard_high, overlap->hazard_ns);
		sum__raise(&vm->stalled_ns, &vm->stalled_high, overlap->stalled_ns);
	}
}

static void take_parts(struct daemon_sums *sums, const struct view *after)
{
	sums->exits_known = !*after->exits.missing && !after->exits.silent;
	sums->nodes_known = after->numa.nodes.count;
	sums->io_known = !*after->io.missing.all;
	sums->nodes = 0;
	for (size_t i = 0; i < after->numa.nodes.count; i++)
		if (after->numa.nodes.list[i].id < NODES_MAX)
			sums->nodes |= 1ULL << after->numa.nodes.list[i].id;
}

int daemon_sums__take(struct daemon_sums *sums, const struct view *before, const struct view *after,
		      const struct why *why)
{
	int error;

	take_parts(sums, after);
	miss_vms(sums);
	error = take_threads(sums, after);
	take_overlaps(sums, &after->sched);
	if (!error)
		error = daemon_sums__take_exits(sums, after);
	if (!error && why)
		error = daemon_sums__take_why(sums, why);
	if (!error && before)
		error = daemon_sums__take_io(sums, before, after);
	return drop_vms(sums) ? -ENOMEM : error;
}

void daemon_sums__free(struct daemon_sums *sums)
{
	for (size_t i = 0; i < sums->vm_count; i++)
		vm_sums__free(sums->vms[i]);
	free(sums->vms);
	list_free(&sums->marks);
	list_free(&sums->old_marks);
	list_free(&sums->reasons);
	list_free(&sums->old_reasons);
	io_rows__free(&sums->io_rows);
	*sums = (struct daemon_sums){ 0 };
}
