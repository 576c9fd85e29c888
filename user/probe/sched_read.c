// SPDX-License-Identifier: GPL-2.0-only
/* The sched probe's memory, read into a snapshot. */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "probe/overlap.h"
#include "probe/sched_internal.h"

#define CLOCK_TRIES 4
#define LOOK_TRIES 250	 /* of a millisecond */
#define DRIFT_LIMIT 2000 /* of the clocks, one part in so many: 500 ppm, as NTP's */

/*
 * Gives the slots of exited threads back, cleared: the kernel side counts on
 * it. All events of these threads have been read before.
 */
static int return_slots(struct sched_probe *probe)
{
	int error;

	for (uint32_t i = 0; i < probe->gone_count; i++) {
		uint32_t slot = probe->gone[i];
		struct sched_thread *thread = slot_thread(probe, slot);
		struct sched_thread clear = {
			.sequence = thread->sequence,
			.generation = thread->generation,
			.state = SCHED_FREE,
		};
		const struct owner owner = { .kind = OWNER_VM,
					     .id = thread->vm,
					     .uid = thread->uid };

		error = probe->on_return ? probe->on_return(probe->return_context, slot, &owner)
					 : 0;
		if (error)
			return error;
		memcpy(thread, &clear, sizeof(clear));
		/* The next owner may be read before anybody has looked at it. */
		memset((struct sched_progress *)probe->progress.data + slot, 0,
		       sizeof(struct sched_progress));
		error = shares__give_back(probe, slot, owner.uid, (uint32_t)owner.id);
		if (error)
			return error;
	}
	probe->gone_count = 0;
	return 0;
}

static int run_progress(const struct sched_probe *probe, uint64_t first, uint64_t clock_offset)
{
	int fd = bpf_program__fd(probe->skeleton->progs.sched_progress);
	uint64_t arguments[] = { first, clock_offset };
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = arguments,
		    .ctx_size_in = sizeof(arguments));

	return bpf_prog_test_run_opts(fd, &options) ? -errno : 0;
}

/*
 * How far the kernel side's clock is from ours: the least of some tries, since a
 * delay between the two readings can only add to it. And not much more than the last
 * time, since all of them may be delayed on a busy host, and the clocks drift slowly.
 */
int measure_clock(struct sched_probe *probe)
{
	uint64_t least = UINT64_MAX, now, most;
	int error = 0;

	for (int try = 0; try < CLOCK_TRIES && !error; try++) {
		sched_yield();
		error = run_progress(probe, 0, 0);
		if (probe->skeleton->bss->clock_offset < least)
			least = probe->skeleton->bss->clock_offset;
	}
	now = clock_monotonic_ns();
	most = probe->clock_offset + (now - probe->offset_time) / DRIFT_LIMIT;
	if (probe->offset_time && least > most)
		least = most;
	probe->offset_time = now;
	probe->clock_offset = least;
	/* For those that exit until the next time. */
	if (!error)
		probe->skeleton->bss->clock_offset = least;
	return error;
}

/* Lets the kernel side say which sleeping threads have woken up and wait. */
static int update_progress(const struct sched_probe *probe)
{
	int error = 0;

	for (uint64_t first = 0; first < probe->slots_seen && !error; first += SCHED_PROGRESS_BATCH)
		error = run_progress(probe, first, probe->clock_offset);
	return error;
}

/* How many threads of the scan are on their way between two states, so that nothing is known. */
static uint32_t count_unsettled(const struct sched_probe *probe)
{
	const struct sched_progress *progress = probe->progress.data;
	uint32_t count = 0;

	for (uint32_t slot = 0; slot < probe->slots_seen; slot++) {
		const struct sched_thread *thread = slot_thread(probe, slot);
		uint32_t generation = thread->generation;

		count += thread->state == SCHED_FOUND && is_wanted(probe, slot, generation) &&
			 progress[slot].first.generation != generation;
	}
	return count;
}

/*
 * The first reading waits for those in the middle of a switch: its time is that of its
 * begin. Where the host takes a CPU away just then, that is milliseconds before the books are
 * seen to be open, and what began before a reading that does not have it has no row.
 */
static int look_at_all(struct sched_probe *probe)
{
	uint32_t unsettled = 0;
	int error = update_progress(probe);

	for (int try = 0; !probe->looked && !error; try++) {
		unsettled = count_unsettled(probe);
		probe->looked = !unsettled || try == LOOK_TRIES;
		if (!probe->looked) {
			usleep(1000);
			error = update_progress(probe);
		}
	}
	probe->torn += unsettled;
	return error;
}

static void add_wait(struct thread_snapshot *thread, enum cause cause, uint64_t ns,
		     const struct sched_progress *progress)
{
	uint64_t throttled = progress->throttled_ns < ns ? progress->throttled_ns : ns;

	thread->waiting_ns = ns;
	thread->figures.ready_ns[cause] += ns - throttled;
	thread->figures.throttled_ns += throttled;
}

/* Adds the state that is going on, which no counter holds yet. */
static void add_progress(struct thread_snapshot *thread, uint64_t since,
			 const struct sched_progress *progress, uint64_t now)
{
	struct figures *figures = &thread->figures;
	uint64_t age = now - since, queued = progress->queued;

	thread->waiting_ns = 0;
	switch (thread->state) {
	case STATE_RUN:
		figures->run_ns += age;
		break;
	case STATE_READY:
		add_wait(thread, CAUSE_PREEMPT, age, progress);
		break;
	case STATE_HALT:
	case STATE_BLOCK:
		if (queued >= since && queued < now) {
			add_wait(thread, CAUSE_WAKE, now - queued, progress);
			age = queued - since;
		}
		if (thread->state == STATE_HALT)
			figures->halt_ns += age;
		else
			figures->block_ns += age;
		break;
	case STATE_GONE:
		break;
	}
	if (thread->waiting_ns > figures->max_ns)
		figures->max_ns = thread->waiting_ns;
}

enum state user_state(uint32_t state)
{
	switch (state) {
	case SCHED_RUN:
		return STATE_RUN;
	case SCHED_READY:
		return STATE_READY;
	case SCHED_HALT:
		return STATE_HALT;
	case SCHED_GONE:
		return STATE_GONE;
	default:
		return STATE_BLOCK;
	}
}

/* All times are the run queue's clock, as the counters are: so they add up. */
static void fill_thread(struct thread_snapshot *thread, const struct sched_thread *copy,
			uint32_t slot, const struct sched_progress *progress, uint64_t now)
{
	struct figures *figures = &thread->figures;

	slot_identity(copy, slot, &thread->identity);
	thread->state = user_state(copy->state);
	thread->cpu = copy->cpu;
	thread->since_rq = copy->since_rq;
	if (thread->state == STATE_GONE || now < copy->since_rq)
		now = copy->since_rq;
	thread->read_rq = now;
	figures->elapsed_ns = now - copy->first_rq;
	figures->run_ns = copy->run_ns;
	figures->halt_ns = copy->halt_ns;
	figures->block_ns = copy->block_ns;
	figures->ready_ns[CAUSE_WAKE] = copy->ready_ns[SCHED_WAKE];
	figures->ready_ns[CAUSE_PREEMPT] = copy->ready_ns[SCHED_PREEMPT];
	figures->throttled_ns = copy->throttled_ns;
	figures->ended_ns = figures__ready(figures);
	figures->waits[CAUSE_WAKE] = copy->waits[SCHED_WAKE];
	figures->waits[CAUSE_PREEMPT] = copy->waits[SCHED_PREEMPT];
	figures->max_ns = copy->max_ns[SCHED_WAKE] > copy->max_ns[SCHED_PREEMPT]
				  ? copy->max_ns[SCHED_WAKE]
				  : copy->max_ns[SCHED_PREEMPT];
	memcpy(&thread->hist, copy->hist, sizeof(thread->hist));
	add_progress(thread, copy->since_rq, progress, now);
}

/* Its slot is returned at the next reading, when its events have been read. */
static void part_with_thread(struct sched_probe *probe, uint32_t slot,
			     const struct sched_thread *thread)
{
	struct identity identity;

	probe->gone[probe->gone_count++] = slot;
	slot_identity(thread, slot, &identity);
	probe->config.on_exit(probe->config.context, &identity);
}

/* What is known of a thread whose books have not begun by a switch. False: nothing yet. */
static bool begin_thread(struct sched_thread *copy, const struct sched_first *first)
{
	if (copy->state != SCHED_FOUND)
		return true;
	if (__atomic_load_n(&first->generation, __ATOMIC_ACQUIRE) != copy->generation)
		return false;
	copy->state = first->state;
	copy->cpu = first->cpu;
	copy->place = first->place;
	copy->first_rq = first->begin_rq;
	copy->since_rq = first->begin_rq;
	return true;
}

uint32_t slot_place(const struct sched_probe *probe, uint32_t slot)
{
	const struct sched_progress *progress =
		(const struct sched_progress *)probe->progress.data + slot;
	const struct sched_thread *thread = slot_thread(probe, slot);

	return thread->state == SCHED_FOUND ? progress->first.place : thread->place;
}

/* It began after the time that others are read as of: it is in the next snapshot. */
static bool is_yet_to_come(const struct sched_thread *copy, uint64_t read_rq)
{
	return copy->state != SCHED_GONE && copy->first_rq >= read_rq &&
	       copy->since_rq == copy->first_rq;
}

/*
 * A thread that began before the last reading, and is not in that snapshot, has no row: nothing
 * tells what it had done by then.
 */
static void count_late(struct sched_probe *probe, uint32_t slot, const struct sched_thread *copy)
{
	if (probe->shown[slot] != copy->generation && copy->first_rq < probe->begin_rq)
		probe->torn++;
	probe->shown[slot] = copy->generation;
}

static int read_slot(struct sched_probe *probe, struct snapshot *snapshot, uint32_t slot)
{
	const struct sched_progress *progress =
		(const struct sched_progress *)probe->progress.data + slot;
	struct thread_snapshot *thread;
	struct sched_thread copy;

	if (slot_thread(probe, slot)->state == SCHED_FREE)
		return 0;
	if (!copy_thread(probe, slot, &copy)) {
		probe->torn++;
		return 0;
	}
	meet_thread(probe, slot, &copy);
	if (copy.state == SCHED_GONE)
		part_with_thread(probe, slot, &copy);
	if (!is_wanted(probe, slot, copy.generation)) {
		snapshot->other_vcpus += copy.kind == SCHED_VCPU && copy.state != SCHED_GONE;
		return 0;
	}
	if (!begin_thread(&copy, &progress->first) || is_yet_to_come(&copy, snapshot->read_rq))
		return 0;
	count_late(probe, slot, &copy);
	thread = list_add(&snapshot->threads);
	if (!thread)
		return -ENOMEM;
	fill_thread(thread, &copy, slot, progress, snapshot->read_rq);
	thread->throttling_known = probe->throttling_known;
	return thread->waiting_ns ? add_blame_progress(progress, snapshot) : 0;
}

struct run_cost sched_probe__cost(const struct sched_probe *probe)
{
	const struct sched_cpu *cpus = probe->cpus.data;
	struct run_cost cost = { 0 };

	for (uint32_t cpu = 0; cpu < probe->cpu_count; cpu++) {
		cost.runs += cpus[cpu].runs;
		cost.samples += cpus[cpu].samples;
		cost.sample_ns += cpus[cpu].sample_ns;
	}
	return cost;
}

static void read_counters(const struct sched_probe *probe, struct snapshot *snapshot)
{
	const struct sched_losses *losses = &probe->skeleton->bss->losses;
	const struct run_cost cost = sched_probe__cost(probe);

	snapshot->losses.threads = losses->slots;
	snapshot->losses.events = losses->events;
	snapshot->losses.clock = probe->config.ready ? losses->clock : 0;
	snapshot->losses.missed = losses->missed;
	snapshot->losses.throttled = losses->throttled;
	snapshot->losses.blame = losses->blame;
	snapshot->losses.timeline = losses->changes;
	snapshot->losses.torn = probe->torn;
	snapshot->cost.vm_switches = cost.runs;
	snapshot->cost.vm_samples = cost.samples;
	snapshot->cost.vm_sample_ns = cost.sample_ns;
	snapshot->cost.idle_switch_ps = probe->idle_switch_ps;
}

uint64_t sched_probe__lost_changes(const struct sched_probe *probe)
{
	return probe->skeleton->bss->losses.changes;
}

/*
 * Some threads may not have been announced. The lowest slots are used first: these are next to
 * those that have been seen.
 */
static int see_slots(struct sched_probe *probe)
{
	int error = 0;

	while (probe->slots_seen < probe->slots && !error) {
		error = map_slots(probe, probe->slots_seen);
		if (error || !slot_thread(probe, probe->slots_seen)->generation)
			break;
		probe->slots_seen++;
	}
	return error;
}

int sched_probe__read(struct sched_probe *probe, struct snapshot *snapshot)
{
	uint64_t begin_rq = clock_monotonic_ns() - probe->clock_offset;
	int error = sched_probe__poll(probe);

	if (!error)
		error = return_slots(probe);
	if (!error)
		error = see_slots(probe);
	snapshot__clear(snapshot);
	shares__forget_gone(probe);
	snapshot->other_vcpus = (uint32_t)probe->skeleton->bss->left_out;
	if (!error)
		error = measure_clock(probe);
	/* At once, without leaving the CPU: so that they belong to one moment. */
	if (!error && probe->config.blame)
		error = read_blame(probe, snapshot);
	if (!error)
		error = look_at_all(probe);
	/* Before the copies: what they say then holds at this time, however long they take. */
	snapshot->read_rq = clock_monotonic_ns() - probe->clock_offset;
	/*
	 * Threads that began while the others were looked at belong to this snapshot: on 6.1, 2 of
	 * 100 first intervals had no row of a vCPU that entered its guest just then.
	 */
	if (!error)
		error = sched_probe__poll(probe);
	if (!error && probe->nodes_read && probe->slots_seen)
		error = map_array_up_to(&probe->nodes, probe->skeleton->maps.nodes,
					probe->slots_seen - 1);
	for (uint32_t slot = 0; slot < probe->slots_seen && !error; slot++)
		error = read_slot(probe, snapshot, slot);
	if (!error && probe->overlap)
		error = overlap_probe__read(probe->overlap, snapshot, probe->slots_seen,
					    clock_monotonic_ns() - probe->clock_offset);
	snapshot__sort_blame(snapshot);
	read_counters(probe, snapshot);
	snapshot->end_ns = clock_monotonic_ns();
	snapshot->end_rq = snapshot->end_ns - probe->clock_offset;
	probe->begin_rq = begin_rq;
	return error;
}
