// SPDX-License-Identifier: GPL-2.0-only
#include "probe/kvm.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/units.h"
#include "bpf/kvm.h"
#include "kvm.skel.h"
#include "probe/kernel.h"
#include "probe/requirement.h"
#include "probe/sched_internal.h"

#define READ_TRIES 100
#define REASONS_PER_VCPU 32
#define SILENT_RUNS 16 /* of kvm_userspace_exit alone, that no vCPU would make */
#define AHEAD 8	       /* records that are asked of memory before they are read */
#define VCPUS_MIN 64   /* room for those that are still to come */

_Static_assert((int)EXIT_IN_VMM == SCHED_IN_VMM && (int)EXIT_IN_KVM == SCHED_IN_KVM &&
		       (int)EXIT_IN_GUEST == SCHED_IN_GUEST,
	       "both sides name the same places");

struct kvm_probe {
	struct kvm_probe_config config;
	struct sched_probe *sched;
	struct kvm_bpf *skeleton;
	struct shared_array times, reasons;
	uint32_t reason_places;
	uint64_t torn;
	bool warned; /* that nothing fires */
	bool attached;
	uint64_t since_ns;	/* CLOCK_MONOTONIC: counted since */
	struct seen_cost *seen; /* by slot; NULL: nobody has asked yet */
	struct run_cost cost;	/* up to what was seen */
};

/* What one owner of a slot had cost when it was last read. */
struct seen_cost {
	uint32_t generation;
	struct run_cost cost;
};

/* Before the load: the sched probe's tables, and sizes. */
static int configure(struct kvm_probe *probe)
{
	const struct sched_bpf *sched = probe->sched->skeleton;
	struct kvm_bpf *skeleton = probe->skeleton;
	uint32_t vcpus = 2 * probe->sched->slots_seen;

	if (vcpus < VCPUS_MIN)
		vcpus = VCPUS_MIN;
	probe->reason_places = vcpus * REASONS_PER_VCPU;
	if (probe->reason_places > KVM_REASONS_MAX)
		probe->reason_places = KVM_REASONS_MAX;
	skeleton->rodata->use_verdicts = probe->config.filtered;
	skeleton->rodata->send_events = probe->config.events;
	skeleton->rodata->event_min_ns = probe->config.event_min_ns;
	bpf_map__set_max_entries(skeleton->maps.vcpu_times, probe->sched->slots);
	bpf_map__set_max_entries(skeleton->maps.reasons, probe->reason_places);
	bpf_map__set_max_entries(skeleton->maps.free_reasons, probe->reason_places);
	/* Each owner has a slot, too. */
	bpf_map__set_max_entries(skeleton->maps.shares, 2 * probe->sched->slots);
	skeleton->bss->free_count = probe->reason_places;
	bpf_program__set_autoattach(skeleton->progs.owner_give_back, false);
	bpf_map__set_max_entries(skeleton->maps.exit_events,
				 probe->config.events ? KVM_EVENTS_SIZE : (uint32_t)getpagesize());
	return share_slots(skeleton->obj, sched->obj);
}

/* A stack: the lowest places are used first, so few pages are ever touched. */
static int fill_free_reasons(const struct kvm_probe *probe)
{
	int fd = bpf_map__fd(probe->skeleton->maps.free_reasons);

	for (uint32_t place = probe->reason_places; place-- > 0;)
		if (bpf_map_update_elem(fd, NULL, &place, BPF_ANY))
			return -errno;
	return 0;
}

static int handle_event(void *context, void *data, size_t size)
{
	struct kvm_probe *probe = context;
	const struct kvm_exit_event *event = data;
	struct exit_event exit;

	if (size < sizeof(*event) ||
	    !record_identity(probe->sched, event->slot, event->generation, &exit.identity))
		return 0;
	exit.isa = (enum exit_isa)probe->skeleton->bss->isa;
	exit.code = event->code;
	exit.time_ns = event->time_ns;
	exit.end_ns = event->end_ns;
	for (int part = 0; part < EXIT_PARTS; part++) {
		exit.handle_ns[part] = event->handle_ns[part];
		exit.block_ns[part] = event->block_ns[part];
	}
	exit.off_ns = event->off_ns;
	exit.rip = event->rip;
	exit.rip_known = event->rip_known;
	probe->config.on_exit(probe->config.context, &exit);
	return 0;
}

/* By far the largest table: of 6,000 vCPUs 124 MiB, of which a tenth may be used. */
static int reserve_reasons(struct kvm_probe *probe)
{
	return probe->reasons.data
		       ? 0
		       : reserve_array(&probe->reasons, probe->skeleton->maps.reasons, PROT_READ);
}

/* The records of all slots that have been used. */
static int map_times(struct kvm_probe *probe)
{
	uint32_t slots = probe->sched->slots_seen;

	return slots ? map_array_up_to(&probe->times, probe->skeleton->maps.vcpu_times, slots - 1)
		     : 0;
}

/* The places of a thread that has gone: nobody writes its record any more. */
static int return_reasons(void *context, uint32_t slot, const struct owner *owner)
{
	struct kvm_probe *probe = context;
	const struct kvm_bpf *skeleton = probe->skeleton;
	struct kvm_vcpu_times *times = (struct kvm_vcpu_times *)probe->times.data + slot;
	int error = map_array_up_to(&probe->times, skeleton->maps.vcpu_times, slot);

	for (int key = 0; key < KVM_REASON_KEYS && !error; key++) {
		uint32_t place = times->reasons[key] - 1U;

		if (!times->reasons[key])
			continue;
		times->reasons[key] = 0;
		if (bpf_map_update_elem(bpf_map__fd(skeleton->maps.free_reasons), NULL, &place,
					BPF_ANY))
			error = -errno;
		else
			error = owner_give_back(skeleton->progs.owner_give_back, owner);
	}
	return error;
}

static int load(struct kvm_probe *probe)
{
	int error;

	probe->skeleton = kvm_bpf__open();
	if (!probe->skeleton)
		return -errno;
	error = configure(probe);
	if (!error)
		error = kvm_bpf__load(probe->skeleton);
	if (!error) {
		kernel_tell_programs("kvm", probe->skeleton->obj);
		error = reserve_array(&probe->times, probe->skeleton->maps.vcpu_times,
				      PROT_READ | PROT_WRITE);
	}
	if (!error && !probe->config.detached)
		error = reserve_reasons(probe);
	if (!error)
		error = fill_free_reasons(probe);
	if (!error && probe->config.events)
		error = ring_buffer__add(probe->sched->rings,
					 bpf_map__fd(probe->skeleton->maps.exit_events),
					 handle_event, probe);
	return error;
}

/* What libbpf would say in many lines; it takes a missing module for a wrong program. */
static int check_kvm(void)
{
	struct checks checks = { 0 };

	requirements__check_kvm(&checks, NULL);
	return requirements__refuse(&checks);
}

int kvm_probe__open(struct kvm_probe **out, struct sched_probe *sched,
		    const struct kvm_probe_config *config)
{
	struct kvm_probe *probe;
	const char *step = "loading the kvm_entry and kvm_exit programs";
	int error = check_kvm();

	if (error)
		return error;
	probe = calloc(1, sizeof(*probe));
	if (!probe)
		return -ENOMEM;
	probe->config = *config;
	probe->sched = sched;
	error = load(probe);
	if (!error && !config->detached) {
		step = "attaching to kvm_entry and kvm_exit";
		error = kvm_bpf__attach(probe->skeleton);
		probe->attached = !error;
	}
	/* libbpf's copy of the kernel's BTF, several MiB, is of no more use. */
	malloc_trim(0);
	if (error) {
		kernel_explain(step, error);
		kvm_probe__close(probe);
		return error;
	}
	sched->on_return = return_reasons;
	sched->return_context = probe;
	*out = probe;
	return 0;
}

void kvm_probe__close(struct kvm_probe *probe)
{
	if (!probe)
		return;
	probe->sched->on_return = NULL;
	unmap_array(&probe->times);
	unmap_array(&probe->reasons);
	free(probe->seen);
	kvm_bpf__destroy(probe->skeleton);
	free(probe);
}

int kvm_probe__start(struct kvm_probe *probe)
{
	int error = measure_clock(probe->sched);

	if (error) {
		log_error("reading the scheduler's clock: %s: start again", strerror(-error));
		return error;
	}
	probe->since_ns = clock_monotonic_ns();
	__atomic_store_n(&probe->skeleton->bss->clock_offset, probe->sched->clock_offset,
			 __ATOMIC_RELEASE);
	return 0;
}

/* A record that another attachment has left is no vCPU's any more: nobody writes it meanwhile. */
int kvm_probe__attach(struct kvm_probe *probe)
{
	struct kvm_vcpu_times *times = probe->times.data;
	int error;

	if (probe->attached)
		return 0;
	error = reserve_reasons(probe);
	if (!error)
		error = map_times(probe);
	if (error)
		return error;
	for (uint32_t slot = 0; slot < probe->sched->slots_seen; slot++)
		times[slot].generation = 0;
	probe->skeleton->bss->late = true;
	error = kvm_bpf__attach(probe->skeleton);
	if (error) {
		kvm_bpf__detach(probe->skeleton);
		return error;
	}
	probe->attached = true;
	return kvm_probe__start(probe);
}

void kvm_probe__detach(struct kvm_probe *probe)
{
	kvm_bpf__detach(probe->skeleton);
	probe->attached = false;
}

/*
 * Copies what its writer changes meanwhile; sequence is its first member. False: it
 * never held still.
 */
static bool copy_changing(void *copy, const void *from, size_t size)
{
	const uint32_t *sequence = from;

	for (int try = 0; try < READ_TRIES; try++) {
		uint32_t before = __atomic_load_n(sequence, __ATOMIC_ACQUIRE);

		if (before & 1) {
			usleep(try < READ_TRIES / 2 ? 0 : 1000);
			continue;
		}
		memcpy(copy, from, size);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(sequence, __ATOMIC_RELAXED) == before)
			return true;
	}
	return false;
}

static int read_reasons(struct kvm_probe *probe, const struct kvm_vcpu_times *times,
			uint64_t thread, struct exit_snapshot *exits)
{
	for (int key = 0; key < KVM_REASON_KEYS; key++) {
		const struct kvm_reason *place;
		struct reason_snapshot *reason;
		struct kvm_reason copy;
		int error;

		if (!times->reasons[key] || times->reasons[key] > probe->reason_places)
			continue;
		error = map_array_up_to(&probe->reasons, probe->skeleton->maps.reasons,
					times->reasons[key] - 1U);
		if (error)
			return error;
		place = (const struct kvm_reason *)probe->reasons.data + times->reasons[key] - 1;
		if (!copy_changing(&copy, place, sizeof(copy))) {
			probe->torn++;
			continue;
		}
		if (copy.generation != times->generation) /* nothing of this thread's yet */
			continue;
		reason = exit_snapshot__add_reason(exits, thread, copy.code);
		if (!reason)
			return -ENOMEM;
		for (int part = 0; part < EXIT_PARTS; part++) {
			reason->figures.count[part] = copy.count[part];
			reason->figures.handle_ns[part] = copy.handle_ns[part];
			reason->figures.block_ns[part] = copy.block_ns[part];
		}
		reason->figures.max_ns = copy.max_ns;
		memcpy(&reason->hist, copy.hist, sizeof(reason->hist));
	}
	return 0;
}

/*
 * Adds what the record does not hold: the piece of time that is going on, as of the moment
 * that the thread's other figures are of, and what we took the clocks to be apart too much
 * or too little when the record began, which is the guest's: but where it began at an event, late,
 * there is no such thing. Either may be less than nothing: a record that was read later may hold
 * more.
 */
static void add_progress(struct exit_figures *figures, const struct kvm_vcpu_times *times,
			 const struct thread_snapshot *thread, uint64_t offset, bool late)
{
	static const enum exit_place places[] = { [KVM_MODE_GUEST] = EXIT_IN_GUEST,
						  [KVM_MODE_KVM] = EXIT_IN_KVM,
						  [KVM_MODE_VMM] = EXIT_IN_VMM };
	const struct figures *of = &thread->figures;
	uint64_t now = thread->read_rq + offset, first_rq = thread->read_rq - of->elapsed_ns;
	uint64_t off = first_rq + of->halt_ns + of->block_ns + figures__ready(of);

	exit_figures__add_progress(figures, places[times->mode],
				   (int64_t)(now - times->since_ns - (off - times->off_ns)),
				   late ? 0
					: (int64_t)(times->first_ns - offset - times->first_off));
}

/* One that has had no event since the hooks were attached. */
static void read_silent(const struct kvm_probe *probe, const struct thread_snapshot *from,
			struct exit_thread *thread, enum exit_isa isa)
{
	uint32_t slot = (uint32_t)(from->identity.id >> 32);

	if (!probe->skeleton->bss->late) {
		exit_thread__without_events(thread, &from->figures,
					    (enum exit_place)slot_place(probe->sched, slot), isa);
		return;
	}
	/* It has not run since. */
	thread->known = from->state != STATE_RUN && from->state != STATE_GONE &&
			from->since_rq + probe->sched->clock_offset < probe->since_ns;
	thread->poll_known = thread->known;
}

static int read_thread(struct kvm_probe *probe, const struct thread_snapshot *from,
		       struct exit_snapshot *exits)
{
	uint32_t slot = (uint32_t)(from->identity.id >> 32);
	const struct kvm_vcpu_times *record =
		(const struct kvm_vcpu_times *)probe->times.data + slot;
	struct exit_thread *thread = exit_snapshot__add(exits);
	struct kvm_vcpu_times times;

	if (!thread)
		return -ENOMEM;
	thread->id = from->identity.id;
	if (!copy_changing(&times, record, sizeof(times))) {
		probe->torn++;
		times.generation = 0;
	}
	if (times.generation != (uint32_t)from->identity.id) {
		read_silent(probe, from, thread, exits->isa);
		return 0;
	}
	exits->cost.runs += times.runs;
	exits->cost.samples += times.samples;
	exits->cost.sample_ns += times.sample_ns;
	thread->poll_known = times.poll_known;
	thread->figures.guest_ns = times.guest_ns;
	thread->figures.kvm_ns = times.kvm_ns;
	thread->figures.vmm_ns = times.vmm_ns;
	thread->figures.poll_ns = times.poll_ns;
	thread->figures.exits = times.exits;
	add_progress(&thread->figures, &times, from, probe->sched->clock_offset,
		     probe->skeleton->bss->late);
	return read_reasons(probe, &times, thread->id, exits);
}

int kvm_probe__read(struct kvm_probe *probe, const struct snapshot *snapshot,
		    struct exit_snapshot *exits)
{
	const struct kvm_losses *losses = &probe->skeleton->bss->losses;
	int error = map_times(probe);

	exit_snapshot__clear(exits);
	exits->since_ns = probe->attached ? probe->since_ns : 0;
	snprintf(exits->missing, sizeof(exits->missing), "%s",
		 probe->attached ? "" : "its hooks are not attached");
	exits->isa = (enum exit_isa)probe->skeleton->bss->isa;
	exits->cost = (struct exit_cost){ 0 };
	for (size_t i = 0; i < snapshot->threads.count && !error && probe->attached; i++)
		if (snapshot->threads.list[i].identity.is_vcpu)
			error = read_thread(probe, &snapshot->threads.list[i], exits);
	/* Those of user space alone: no hardware's KVM, which has no entries to trace. */
	exits->silent = exits->isa == EXIT_ISA_UNKNOWN && exits->cost.runs > SILENT_RUNS;
	if (exits->silent && !probe->warned)
		log_warning("%%GUEST, %%KVM, %%VMM and exits are n/a: this host's KVM does not "
			    "trace kvm_entry and kvm_exit");
	probe->warned |= exits->silent;
	exits->losses.reasons = losses->reasons;
	exits->losses.events = losses->events;
	exits->losses.order = losses->order + missed_runs(probe->skeleton->obj);
	exits->losses.torn = probe->torn;
	return error;
}

int kvm_probe__read_losses(const struct kvm_probe *probe, struct share_losses *losses)
{
	if (!probe->skeleton->bss->losses.reasons)
		return 0;
	return owners__read_losses(probe->skeleton->maps.shares, SHARE_REASONS, losses);
}

/* A record that has begun anew has cost all that it holds. */
static void add_cost(struct run_cost *sum, struct seen_cost *seen,
		     const struct kvm_vcpu_times *times)
{
	const struct seen_cost now = { times->generation,
				       { times->runs, times->samples, times->sample_ns } };
	struct run_cost before = { 0 };

	if (now.generation == seen->generation && now.cost.runs >= seen->cost.runs)
		before = seen->cost;
	sum->runs += now.cost.runs - before.runs;
	sum->samples += now.cost.samples - before.samples;
	sum->sample_ns += now.cost.sample_ns - before.sample_ns;
	*seen = now;
}

/* Each counter is read whole; they need not be of one moment. */
int kvm_probe__read_cost(struct kvm_probe *probe, struct run_cost *cost)
{
	const struct kvm_vcpu_times *times = probe->times.data;
	uint32_t count = probe->sched->slots_seen;
	int error;

	if (!probe->seen)
		probe->seen = calloc(probe->sched->slots, sizeof(*probe->seen));
	error = probe->seen ? map_times(probe) : -ENOMEM;
	if (error)
		return error;
	for (uint32_t slot = 0; slot < count && probe->attached; slot++) {
		if (slot + AHEAD < count)
			__builtin_prefetch(&times[slot + AHEAD]);
		if (times[slot].generation)
			add_cost(&probe->cost, &probe->seen[slot], &times[slot]);
	}
	*cost = probe->cost;
	return 0;
}
