// SPDX-License-Identifier: GPL-2.0-only
#include "timeline/timeline.h"

#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/units.h"
#include "timeline/trace_file.h"

/*
 * The process of the CPUs' tracks, and its threads: numbers from the first that is no PID
 * (PID_MAX_LIMIT).
 */
#define CPUS_PID (4U << 20)
#define LAST_OF_VM 100000 /* the place of threads that are no vCPUs within their VM */
#define NAME_SIZE (VM_SHOWN_SIZE + COMM_SIZE + 16)

/* The switch's other task, as it was called then. */
struct other {
	uint32_t tid;
	uint32_t tgid;
	char comm[COMM_SIZE]; /* empty: not known */
};

struct track {
	uint64_t id;	   /* identity.id */
	uint64_t end_rq;   /* of the last state */
	uint64_t drawn_rq; /* end of the last slice */
	struct other next; /* who got the CPU when it left */
	bool kvm_run;	   /* whether it was in KVM_RUN at the last switch */
	bool kvm_run_known;
	struct track *next_exited;
};

struct timeline {
	struct trace_file file;
	const struct host *host;
	find_vm_fn *find_vm;
	void *context;	   /* its own */
	uint64_t begin_rq; /* 0: has not begun */
	uint64_t end_rq;
	uint64_t realtime_ns; /* time of day at begin_rq */
	uint64_t gaps;
	uint64_t unknown;     /* changes of threads whose VM is not known, or without memory */
	void *tracks;	      /* of threads, by id: tsearch(3) */
	struct track *exited; /* those to be forgotten */
	uint64_t *cpu_drawn;  /* end of the last slice of each CPU; 0: has no track yet */
	uint32_t cpu_count;
};

static int compare_tracks(const void *left, const void *right)
{
	uint64_t a = ((const struct track *)left)->id, b = ((const struct track *)right)->id;

	return a < b ? -1 : a > b;
}

static const struct vm *find_vm(const struct timeline *timeline, const struct identity *thread)
{
	return timeline->find_vm(timeline->context, thread);
}

static void thread_name(char name[32], const struct identity *identity)
{
	if (identity->is_vcpu && identity->vcpu != VCPU_UNKNOWN)
		snprintf(name, 32, "vCPU %d", identity->vcpu);
	else
		snprintf(name, 32, "%s", identity->comm);
}

static void name_track(struct timeline *timeline, const struct identity *identity,
		       const struct vm *vm)
{
	uint32_t index = identity->is_vcpu && identity->vcpu != VCPU_UNKNOWN
				 ? (uint32_t)identity->vcpu
				 : LAST_OF_VM;
	char name[32];

	thread_name(name, identity);
	trace_file__name(&timeline->file, "process", vm->pid, vm->pid, vm->name);
	trace_file__sort(&timeline->file, "process", vm->pid, vm->pid, 1);
	trace_file__name(&timeline->file, "thread", vm->pid, identity->tid, name);
	trace_file__sort(&timeline->file, "thread", vm->pid, identity->tid, index);
}

/* The thread's track, made and named if it is new, with states from since_rq on. */
static struct track *get_track(struct timeline *timeline, const struct identity *identity,
			       const struct vm *vm, uint64_t since_rq)
{
	struct track key = { .id = identity->id, .end_rq = since_rq, .drawn_rq = since_rq };
	struct track **node = tfind(&key, &timeline->tracks, compare_tracks), *track;

	if (node)
		return *node;
	track = malloc(sizeof(*track));
	if (!track)
		return NULL;
	*track = key;
	if (!tsearch(track, &timeline->tracks, compare_tracks)) {
		free(track);
		return NULL;
	}
	name_track(timeline, identity, vm);
	return track;
}

/*
 * Sets when a slice from begin to end is drawn: after *drawn, the end of the slice before it on its
 * track, since two CPUs' clocks may differ. False: nothing is left of it.
 */
static bool place(struct timeline *timeline, struct trace_slice *slice, uint64_t *drawn,
		  uint64_t begin, uint64_t end)
{
	if (begin < *drawn)
		begin = *drawn;
	if (begin < timeline->begin_rq)
		begin = timeline->begin_rq;
	if (end <= begin)
		return false;
	*drawn = end;
	if (end > timeline->end_rq)
		timeline->end_rq = end;
	slice->ts = begin - timeline->begin_rq;
	slice->duration = end - begin;
	return true;
}

/* A thread as text in JSON: its VM, name and number. free() the result. */
static char *quote_other(const struct timeline *timeline, const struct other *other)
{
	const struct identity thread = { .vm_pid = other->tgid };
	const struct vm *vm = other->tid ? find_vm(timeline, &thread) : NULL;
	char text[NAME_SIZE];

	if (!other->comm[0])
		return strdup("null");
	if (!other->tid)
		return strdup("\"idle\"");
	snprintf(text, sizeof(text), "%s%s%s[%u]", vm ? vm->name : "", vm ? " " : "", other->comm,
		 other->tid);
	return trace_file__quote(text);
}

/* Notes where it ran: where it got its CPU, and where it left it. */
static const char *run_name(const struct track *track, bool kvm_run)
{
	if (track->kvm_run_known && track->kvm_run != kvm_run)
		return "run (KVM and VMM)";
	return kvm_run ? "run" : "run (VMM)";
}

/* A CPU's track is made when something runs there. */
static uint64_t *get_cpu(struct timeline *timeline, uint32_t cpu)
{
	char name[24];

	if (cpu >= timeline->cpu_count) {
		uint64_t *more = realloc(timeline->cpu_drawn, (cpu + 1) * sizeof(*more));

		if (!more)
			return NULL;
		memset(more + timeline->cpu_count, 0,
		       (cpu + 1 - timeline->cpu_count) * sizeof(*more));
		timeline->cpu_drawn = more;
		timeline->cpu_count = cpu + 1;
	}
	if (!timeline->cpu_drawn[cpu]) {
		timeline->cpu_drawn[cpu] = timeline->begin_rq;
		snprintf(name, sizeof(name), "CPU %u", cpu);
		trace_file__name(&timeline->file, "thread", CPUS_PID, CPUS_PID + 1 + cpu, name);
		trace_file__sort(&timeline->file, "thread", CPUS_PID, CPUS_PID + 1 + cpu, cpu);
	}
	return &timeline->cpu_drawn[cpu];
}

static void draw_on_cpu(struct timeline *timeline, const struct state_change *change,
			const struct vm *vm)
{
	struct trace_slice slice = { .pid = CPUS_PID,
				     .tid = CPUS_PID + 1 + change->cpu,
				     .category = "cpu" };
	uint64_t *drawn = get_cpu(timeline, change->cpu);
	char thread[32], name[NAME_SIZE];

	thread_name(thread, &change->identity);
	snprintf(name, sizeof(name), "%s %s", vm->name, thread);
	slice.name = name;
	if (drawn && place(timeline, &slice, drawn, change->begin_rq, change->end_rq))
		trace_file__slice(&timeline->file, &slice, "\"vm_pid\":%u,\"tid\":%u", vm->pid,
				  change->identity.tid);
}

static void draw_run(struct timeline *timeline, struct track *track,
		     const struct state_change *change, const struct vm *vm)
{
	struct trace_slice slice = { .pid = vm->pid,
				     .tid = change->identity.tid,
				     .name = run_name(track, change->kvm_run),
				     .category = "run" };
	char *next = quote_other(timeline, &track->next);

	if (place(timeline, &slice, &track->drawn_rq, change->begin_rq, change->end_rq))
		trace_file__slice(&timeline->file, &slice, "\"cpu\":%u,\"next\":%s", change->cpu,
				  next);
	free(next);
	draw_on_cpu(timeline, change, vm);
}

static void draw_sleep(struct timeline *timeline, struct track *track,
		       const struct state_change *change, const struct vm *vm, uint64_t end_rq)
{
	const char *name = change->state == STATE_HALT ? "halt" : "block";
	struct trace_slice slice = {
		.pid = vm->pid, .tid = change->identity.tid, .name = name, .category = name
	};

	if (place(timeline, &slice, &track->drawn_rq, change->begin_rq, end_rq))
		trace_file__slice(&timeline->file, &slice, "\"in\":%s",
				  !track->kvm_run_known ? "null"
				  : track->kvm_run	? "\"KVM_RUN\""
							: "\"VMM\"");
}

static void draw_ready(struct timeline *timeline, struct track *track,
		       const struct state_change *change, const struct vm *vm, uint64_t begin_rq)
{
	bool preempt = change->state == STATE_READY;
	struct trace_slice slice = { .pid = vm->pid,
				     .tid = change->identity.tid,
				     .name = preempt ? "ready (preempt)" : "ready (wake)",
				     .category = "ready" };
	struct other other = { .tid = change->other_tid, .tgid = change->other_tgid };
	char *taken_by = preempt ? quote_other(timeline, &track->next) : strdup("null"), *after;

	memcpy(other.comm, change->other_comm, sizeof(other.comm));
	after = quote_other(timeline, &other);
	if (place(timeline, &slice, &track->drawn_rq, begin_rq, change->end_rq))
		trace_file__slice(&timeline->file, &slice,
				  "\"cause\":\"%s\",\"wait_ns\":%" PRIu64
				  ",\"cpu\":%u,\"taken_by\":%s,\"after\":%s",
				  preempt ? "preempt" : "wake", change->wait_ns, change->cpu,
				  taken_by, after);
	free(taken_by);
	free(after);
}

/* It was asleep until it was queued, then ready; or ready all the time. */
static void draw_wait(struct timeline *timeline, struct track *track,
		      const struct state_change *change, const struct vm *vm)
{
	uint64_t queued = change->queued_rq;

	if (queued > change->end_rq)
		queued = change->end_rq;
	if (change->state == STATE_READY)
		queued = change->begin_rq;
	else
		draw_sleep(timeline, track, change, vm, queued);
	draw_ready(timeline, track, change, vm, queued);
}

static void draw_gap(struct timeline *timeline, struct track *track,
		     const struct identity *identity, const struct vm *vm, uint64_t end_rq)
{
	struct trace_slice slice = {
		.pid = vm->pid, .tid = identity->tid, .name = "lost", .category = "lost"
	};

	if (end_rq <= track->end_rq || end_rq <= timeline->begin_rq)
		return;
	timeline->gaps++;
	if (place(timeline, &slice, &track->drawn_rq, track->end_rq, end_rq))
		trace_file__slice(&timeline->file, &slice, "\"why\":\"buffer full\"");
	/* It is not known who got the CPU last, nor where the thread is. */
	track->next = (struct other){ 0 };
	track->kvm_run_known = false;
}

static void draw_state(struct timeline *timeline, struct track *track,
		       const struct state_change *change, const struct vm *vm)
{
	draw_gap(timeline, track, &change->identity, vm, change->begin_rq);
	if (change->state == STATE_RUN) {
		track->next = (struct other){ change->other_tid, change->other_tgid, { 0 } };
		memcpy(track->next.comm, change->other_comm, sizeof(track->next.comm));
		draw_run(timeline, track, change, vm);
	} else {
		draw_wait(timeline, track, change, vm);
	}
	track->kvm_run = change->kvm_run;
	track->kvm_run_known = true;
	track->end_rq = change->end_rq;
}

void timeline__change(struct timeline *timeline, const struct state_change *change)
{
	const struct vm *vm = find_vm(timeline, &change->identity);
	struct track *track;

	if (!timeline->begin_rq)
		return;
	track = vm ? get_track(timeline, &change->identity, vm, change->begin_rq) : NULL;
	if (!track) {
		timeline->unknown++;
		return;
	}
	draw_state(timeline, track, change, vm);
	if (!change->exited)
		return;
	track->next_exited = timeline->exited;
	timeline->exited = track;
}

void timeline__forget_exited(struct timeline *timeline)
{
	struct track *track = timeline->exited, *next;

	for (; track; track = next) {
		next = track->next_exited;
		tdelete(track, &timeline->tracks, compare_tracks);
		free(track);
	}
	timeline->exited = NULL;
}

int timeline__open(struct timeline **out, const char *path, uint64_t limit, const struct host *host,
		   find_vm_fn *find, void *context)
{
	struct timeline *timeline = calloc(1, sizeof(*timeline));
	int error;

	if (!timeline)
		return -ENOMEM;
	timeline->host = host;
	timeline->find_vm = find;
	timeline->context = context;
	error = trace_file__open(&timeline->file, path, limit);
	if (error)
		free(timeline);
	else
		*out = timeline;
	return error;
}

void timeline__begin(struct timeline *timeline, const struct snapshot *first)
{
	timeline->begin_rq = timeline->end_rq = first->end_rq;
	timeline->realtime_ns = first->realtime_ns + (first->end_ns - first->time_ns);
	trace_file__name(&timeline->file, "process", CPUS_PID, CPUS_PID, "CPUs");
	trace_file__sort(&timeline->file, "process", CPUS_PID, CPUS_PID, 0);
	for (size_t i = 0; i < first->threads.count; i++) {
		const struct thread_snapshot *thread = &first->threads.list[i];
		const struct vm *vm = find_vm(timeline, &thread->identity);

		if (vm && thread->state != STATE_GONE)
			get_track(timeline, &thread->identity, vm, thread->since_rq);
	}
}

uint64_t timeline__left_out(const struct timeline *timeline)
{
	return timeline->file.left_out + timeline->unknown;
}

int timeline__check(struct timeline *timeline)
{
	return trace_file__check(&timeline->file);
}

/* The present state, which has not ended, unless a later one has been drawn. */
static void draw_open_state(struct timeline *timeline, const struct thread_snapshot *thread)
{
	const struct vm *vm = find_vm(timeline, &thread->identity);
	struct state_change change = {
		.identity = thread->identity,
		.state = thread->state,
		.begin_rq = thread->since_rq,
		.end_rq = thread->read_rq,
		.queued_rq = thread->read_rq - thread->waiting_ns,
		.wait_ns = thread->waiting_ns,
		.cpu = thread->cpu,
	};
	struct track *track;

	if (!vm || thread->state == STATE_GONE)
		return;
	track = get_track(timeline, &thread->identity, vm, thread->since_rq);
	if (!track || thread->since_rq < track->end_rq)
		return;
	/* It is where it was at the last switch, as far as that is known. */
	change.kvm_run = track->kvm_run;
	draw_state(timeline, track, &change, vm);
}

static int end_file(struct timeline *timeline, uint64_t lost)
{
	char *host = trace_file__quote(timeline->host->name);
	char *kernel = trace_file__quote(timeline->host->kernel), time[32];
	struct trace_file *file = &timeline->file;
	int error;

	format_time(time, sizeof(time), timeline->realtime_ns);
	error = trace_file__close(
		file,
		"\"tool\":\"kvmq-cpu\",\"host\":%s,\"kernel\":%s,\"begin\":\"%s\","
		"\"begin_clock_ns\":%" PRIu64 ",\"end_clock_ns\":%" PRIu64
		",\"limit_bytes\":%" PRIu64 ",\"slices\":%" PRIu64 ",\"left_out_slices\":%" PRIu64
		",\"lost_changes\":%" PRIu64 ",\"gaps\":%" PRIu64,
		host, kernel, time, timeline->begin_rq, timeline->end_rq, file->limit, file->slices,
		timeline__left_out(timeline), lost, timeline->gaps);
	free(host);
	free(kernel);
	return error;
}

static void say_what_is_missing(const struct timeline *timeline, uint64_t lost)
{
	if (lost)
		log_warning("--timeline: '%s': %" PRIu64
			    " changes are missing (buffer full), shown "
			    "as 'lost': choose fewer VMs with --vm",
			    timeline->file.path, lost);
	if (timeline->file.full)
		log_warning("--timeline: '%s': full with %" PRIu64 " bytes, %" PRIu64
			    " slices are missing at its end: trace a shorter time",
			    timeline->file.path, timeline->file.size, timeline->file.left_out);
	if (timeline->unknown)
		log_warning("--timeline: '%s': %" PRIu64 " changes are missing (no memory, or a VM "
			    "that is not known): choose fewer VMs with --vm",
			    timeline->file.path, timeline->unknown);
}

int timeline__close(struct timeline *timeline, const struct snapshot *last, uint64_t lost)
{
	int error;

	if (!timeline)
		return 0;
	for (size_t i = 0; last && timeline->begin_rq && i < last->threads.count; i++)
		draw_open_state(timeline, &last->threads.list[i]);
	error = end_file(timeline, lost);
	if (!error)
		say_what_is_missing(timeline, lost);
	tdestroy(timeline->tracks, free);
	free(timeline->cpu_drawn);
	free(timeline);
	return error;
}
