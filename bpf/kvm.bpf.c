// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where is a vCPU thread while it is on a CPU, and what do its exits cost?
 *
 * Each event of KVM runs in the vCPU's own thread and ends a piece of its time: of the guest, of
 * KVM or of the VMM. The thread's slot has what the thread was off the CPU for, exact to the
 * switch, since a running thread has settled all that was before. The rest of the piece was on a
 * CPU. So nothing here looks at context switches, and no figure is what others leave over.
 */
#include "slot.bpf.h"

#include "kvm.h"
#include "owner.bpf.h"

#define COST_SAMPLE 64 /* one in so many runs is timed */
#define SVM_CODES 0xf0 /* exit codes below are their own keys */
#define SVM_NPF 0x400  /* the first of a second group, include/uapi/asm/svm.h */
#define SVM_NPF_KEYS 14
#define KEY_INVALID 0xfe
#define KEY_OTHER 0xff

const volatile bool send_events = false;
const volatile __u64 event_min_ns = 0;

/*
 * CLOCK_MONOTONIC minus the run queues' clock, in which a slot's beginning is kept. Not 0:
 * no event is missed from now on. Set before the first slot begins.
 */
__u64 clock_offset = 0;

/*
 * The books of threads had begun when these programs were attached. Nobody has seen where those
 * threads ran up to then: their records begin at their first event.
 */
__u32 late = 0;

/* enum kvm_isa, as the first exit says. */
__u32 isa = KVM_ISA_UNKNOWN;

struct kvm_losses losses = {};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SCHED_SLOTS);
	__type(key, __u32);
	__type(value, struct kvm_vcpu_times);
} vcpu_times SEC(".maps");

/*
 * A place for each reason that a vCPU has exited for. The vCPU has a list of its own: two loads,
 * where a hash would walk. User space reads it without a system call.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kvm_reason);
} reasons SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 1);
	__uint(value_size, sizeof(__u32));
} free_reasons SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1);
} exit_events SEC(".maps");

/* An event of KVM, and the vCPU that it belongs to. */
struct moment {
	__u64 now;
	struct sched_thread *thread;
	struct kvm_vcpu_times *times;
	__u32 slot;
};

static __always_inline bool find_self(struct moment *moment)
{
	__u16 *entry = slot_entry((__u32)bpf_get_current_pid_tgid());

	if (!entry || !*entry)
		return false;
	moment->slot = *entry - 1;
	moment->thread = bpf_map_lookup_elem(&threads, &moment->slot);
	moment->times = bpf_map_lookup_elem(&vcpu_times, &moment->slot);
	return moment->thread && moment->times && !ignored(moment->slot, moment->thread);
}

/*
 * When a thread that never left the CPU would have begun, by the run queue's clock: time off the
 * CPU moves it on. The slot's own beginning is part of it, since it moves when the kernel's books
 * and its clock disagree.
 */
static __always_inline __u64 time_off(const struct sched_thread *thread)
{
	__u64 sum = thread->first_rq + thread->halt_ns + thread->block_ns + thread->throttled_ns;

	for (int cause = 0; cause < SCHED_CAUSES; cause++)
		sum += thread->ready_ns[cause];
	return sum;
}

/* When the books of a running thread began, and where it was. */
struct beginning {
	__u64 off; /* the same */
	__u32 place;
};

/*
 * False: the thread's books have not begun. On a kernel that hides some switches the slot
 * may not know of the thread's last arrival.
 */
static __always_inline bool find_beginning(const struct moment *moment, struct beginning *beginning)
{
	struct sched_thread *thread = moment->thread;
	struct task_struct *task = (void *)bpf_get_current_task();
	struct sched_first *first;
	__u64 arrival;

	if (thread->state == SCHED_FOUND) {
		first = first_of(moment->slot, thread->generation);
		if (!first || first->state != SCHED_RUN)
			return false;
		*beginning = (struct beginning){ first->begin_rq, first->place };
		return true;
	}
	*beginning = (struct beginning){ time_off(thread), thread->place };
	arrival = BPF_CORE_READ(task, sched_info.last_arrival);
	if (thread->state != SCHED_RUN && arrival > beginning->off)
		beginning->off = arrival;
	return true;
}

/*
 * The first event of a thread since its books began: until now it was in the mode that the event
 * ends. An entry ends the VMM's part as well as KVM's.
 */
static __always_inline void start_record(const struct moment *moment, __u32 mode,
					 const struct beginning *beginning)
{
	struct kvm_vcpu_times *times = moment->times;
	__u64 off = beginning->off;
	__s64 on = moment->now - clock_offset - off;

	if (on < 0 || late)
		on = 0;
	if (mode == KVM_MODE_KVM && beginning->place == SCHED_IN_VMM)
		mode = KVM_MODE_VMM;
	times->generation = moment->thread->generation;
	times->mode = mode;
	times->poll_known = compat_has_poll_time();
	times->first_ns = moment->now - on;
	times->first_off = off;
	times->since_ns = times->first_ns;
	times->off_ns = off;
	times->block_ns = moment->thread->block_ns;
	times->vcpu = 0;
	times->poll_stat = 0;
	times->guest_ns = 0;
	times->kvm_ns = 0;
	times->vmm_ns = 0;
	times->poll_ns = 0;
	times->exits = 0;
	times->exit.known = 0;
}

/* False: it is too early. Only a new record has to ask; each look at memory costs. */
static __always_inline bool begin_change(const struct moment *moment, __u32 mode)
{
	bool new = moment->times->generation != moment->thread->generation;
	struct beginning beginning = {};

	if (new && (!clock_offset || !find_beginning(moment, &beginning)))
		return false;
	compat_write_begin(&moment->times->sequence);
	if (new)
		start_record(moment, mode, &beginning);
	return true;
}

/* By how much a counter of the slot has grown. Less than 0: the slot still lags behind. */
static __always_inline __u64 take_growth(__u64 *seen, __u64 value)
{
	__s64 growth = value - *seen;

	if (growth < 0)
		return 0;
	*seen = value;
	return growth;
}

/*
 * A piece of time ends. Returns the part of it on a CPU. The slot's clock and ours may differ: what
 * one piece has too little is taken off the next one.
 */
static __always_inline __u64 end_piece(const struct moment *moment, enum kvm_part part)
{
	struct kvm_vcpu_times *times = moment->times;
	__u64 off = take_growth(&times->off_ns, time_off(moment->thread));
	__s64 on = moment->now - times->since_ns - off;

	times->since_ns = moment->now;
	times->exit.off_ns += off;
	times->exit.block_ns[part] += take_growth(&times->block_ns, moment->thread->block_ns);
	if (on >= 0)
		return on;
	times->since_ns -= on;
	return 0;
}

/* Subtracts the polling from a piece of KVM's or the VMM's. */
static __always_inline __u64 take_polling(struct kvm_vcpu_times *times, __u64 on, __u64 poll_stat)
{
	__u64 poll = poll_stat - times->poll_stat;

	times->poll_stat = poll_stat;
	if ((__s64)poll <= 0) /* none, or an administrator has cleared KVM's statistics */
		return on;
	if (poll > on)
		poll = on;
	times->poll_ns += poll;
	return on - poll;
}

static __always_inline void book_handling(struct kvm_vcpu_times *times, __u64 on)
{
	if (times->mode == KVM_MODE_VMM) {
		times->vmm_ns += on;
		times->exit.handle_ns[KVM_PART_USER] += on;
	} else {
		times->kvm_ns += on;
		times->exit.handle_ns[KVM_PART_KERNEL] += on;
	}
}

/* Ends a piece of KVM's or the VMM's. */
static __always_inline void end_handling(const struct moment *moment, __u64 poll_stat)
{
	struct kvm_vcpu_times *times = moment->times;
	__u64 on = end_piece(moment, times->mode == KVM_MODE_VMM ? KVM_PART_USER : KVM_PART_KERNEL);

	book_handling(times, take_polling(times, on, poll_stat));
}

static __always_inline __u32 reason_key(__u32 code)
{
	if (code < SVM_CODES)
		return code;
	if (code >= SVM_NPF && code < SVM_NPF + SVM_NPF_KEYS)
		return SVM_CODES + (code - SVM_NPF);
	return code == (__u32)-1 ? KEY_INVALID : KEY_OTHER;
}

/*
 * The place belonged to the thread that had the slot before. Volatile, or the compiler makes it a
 * memset, which BPF does not have.
 */
static __always_inline void clear_reason(struct kvm_reason *reason, __u32 generation, __u32 code)
{
	reason->generation = generation;
	reason->code = code;
	reason->max_ns = 0;
	for (int part = 0; part < KVM_PARTS; part++) {
		reason->count[part] = 0;
		reason->handle_ns[part] = 0;
		reason->block_ns[part] = 0;
		for (int bucket = 0; bucket < (int)HIST_BUCKETS; bucket++)
			*(volatile __u32 *)&reason->hist[part][bucket] = 0;
	}
}

/*
 * Gives a reason its place, on the account of the vCPU's VM. Returns that + 1, or 0: there is none
 * left, or the share of the VM or of its user is used up.
 */
static __noinline __u32 take_place(__u32 slot, __u32 key)
{
	struct kvm_vcpu_times *times = bpf_map_lookup_elem(&vcpu_times, &slot);
	struct sched_thread *thread = bpf_map_lookup_elem(&threads, &slot);
	struct owner owner = { .kind = OWNER_VM };
	struct kvm_reason *reason;
	__u32 place;

	if (!times || !thread)
		return 0;
	owner.id = thread->vm;
	owner.uid = thread->uid;
	if (!share_take_part(&owner, KVM_REASON_VM_PARTS))
		return 0;
	if (bpf_map_pop_elem(&free_reasons, &place)) {
		share_give_back(&owner);
		return 0;
	}
	reason = bpf_map_lookup_elem(&reasons, &place);
	/* Another slot may have had it, with the same generation. */
	if (reason)
		reason->generation = 0;
	times->reasons[key & (KVM_REASON_KEYS - 1)] = place + 1;
	return place + 1;
}

static __always_inline struct kvm_reason *find_reason(const struct moment *moment, __u32 key)
{
	__u32 place;

	/* The compiler knows that it is small enough, the verifier does not. */
	barrier_var(key);
	place = moment->times->reasons[key & (KVM_REASON_KEYS - 1)];
	if (!place)
		place = take_place(moment->slot, key);
	place--;
	return bpf_map_lookup_elem(&reasons, &place);
}

static __always_inline void count_exit(struct kvm_reason *reason, const struct kvm_exit *exit,
				       __u64 total)
{
	__u32 part = exit->to_user ? KVM_PART_USER : KVM_PART_KERNEL;
	__u32 bucket = hist_bucket(total);

	reason->count[part]++;
	reason->handle_ns[KVM_PART_KERNEL] += exit->handle_ns[KVM_PART_KERNEL];
	reason->handle_ns[KVM_PART_USER] += exit->handle_ns[KVM_PART_USER];
	reason->block_ns[KVM_PART_KERNEL] += exit->block_ns[KVM_PART_KERNEL];
	reason->block_ns[KVM_PART_USER] += exit->block_ns[KVM_PART_USER];
	if (total > reason->max_ns)
		reason->max_ns = total;
	if (bucket < HIST_BUCKETS)
		reason->hist[part][bucket]++;
}

static __always_inline void send_event(const struct moment *moment, const struct kvm_exit *exit)
{
	struct kvm_exit_event *event = bpf_ringbuf_reserve(&exit_events, sizeof(*event), 0);

	if (!event) {
		__sync_fetch_and_add(&losses.events, 1);
		return;
	}
	event->time_ns = exit->time_ns;
	event->end_ns = moment->now;
	event->rip = exit->rip;
	for (int part = 0; part < KVM_PARTS; part++) {
		event->handle_ns[part] = exit->handle_ns[part];
		event->block_ns[part] = exit->block_ns[part];
	}
	event->off_ns = exit->off_ns;
	event->slot = moment->slot;
	event->generation = moment->times->generation;
	event->code = exit->code;
	event->rip_known = exit->rip_known;
	/* Woken for each, the reader would preempt a vCPU, which is an exit again. */
	bpf_ringbuf_submit(event,
			   bpf_ringbuf_query(&exit_events, BPF_RB_AVAIL_DATA) > KVM_EVENTS_WAKE
				   ? BPF_RB_FORCE_WAKEUP
				   : BPF_RB_NO_WAKEUP);
}

/* The guest goes on: all of the exit before it is known now. */
static __always_inline void book_exit(const struct moment *moment)
{
	struct kvm_exit *exit = &moment->times->exit;
	__u64 total = exit->handle_ns[KVM_PART_KERNEL] + exit->handle_ns[KVM_PART_USER];
	__u32 key = reason_key(exit->code);
	struct kvm_reason *reason = find_reason(moment, key);

	exit->known = 0;
	if (reason) {
		compat_write_begin(&reason->sequence);
		if (reason->generation != moment->times->generation)
			clear_reason(reason, moment->times->generation,
				     key == KEY_OTHER ? KVM_CODE_OTHER : exit->code);
		count_exit(reason, exit, total);
		compat_write_end(&reason->sequence);
	} else {
		__sync_fetch_and_add(&losses.reasons, 1);
	}
	if (send_events &&
	    total + exit->block_ns[KVM_PART_KERNEL] + exit->block_ns[KVM_PART_USER] >= event_min_ns)
		send_event(moment, exit);
}

/* The end of each program; sometimes it looks at the clock again. */
static __always_inline void end_change(const struct moment *moment)
{
	struct kvm_vcpu_times *times = moment->times;

	if (!(times->runs++ % COST_SAMPLE)) {
		times->samples++;
		times->sample_ns += bpf_ktime_get_ns() - moment->now;
	}
	compat_write_end(&times->sequence);
}

SEC("tp_btf/kvm_entry")
int kvm_entry(__u64 *ctx)
{
	struct kvm_vcpu___kvmq *vcpu = (void *)ctx[0];
	struct moment moment = { .now = bpf_ktime_get_ns() };
	__u64 poll_stat;

	/* The verifier takes any argument of a module's tracepoint for one that may be NULL. */
	if (!vcpu || !find_self(&moment) || !begin_change(&moment, KVM_MODE_KVM))
		return 0;
	/* Some exits are handled on the way back into the guest, without an event. */
	if (moment.times->mode != KVM_MODE_GUEST) {
		poll_stat = compat_poll_time(vcpu);
		if (!moment.times->vcpu)
			moment.times->poll_stat = poll_stat;
		moment.times->vcpu = (__u64)vcpu;
		end_handling(&moment, poll_stat);
		if (moment.times->exit.known)
			book_exit(&moment);
		moment.times->mode = KVM_MODE_GUEST;
	}
	end_change(&moment);
	return 0;
}

static __always_inline __u32 read_exit_code(void *vcpu, __u32 vendor)
{
	if (vendor == KVM_ISA_SVM)
		return compat_exit_code_svm(vcpu);
	/* The upper half holds flags, include/uapi/asm/vmx.h. */
	return compat_exit_code_vmx(vcpu) & 0xffff;
}

SEC("tp_btf/kvm_exit")
int kvm_exit(__u64 *ctx)
{
	void *vcpu = (void *)ctx[0];
	struct moment moment = { .now = bpf_ktime_get_ns() };
	struct kvm_exit *exit;
	__u32 vendor = ctx[1];

	if (!vcpu || !find_self(&moment) || !begin_change(&moment, KVM_MODE_GUEST))
		return 0;
	exit = &moment.times->exit;
	if (moment.times->mode == KVM_MODE_GUEST) {
		moment.times->guest_ns += end_piece(&moment, KVM_PART_KERNEL);
	} else {
		__sync_fetch_and_add(&losses.order, 1);
		end_handling(&moment, moment.times->poll_stat);
	}
	if (!moment.times->exits++)
		isa = vendor;
	moment.times->mode = KVM_MODE_KVM;
	*exit = (struct kvm_exit){
		.time_ns = moment.now,
		.code = read_exit_code(vcpu, vendor),
		.known = 1,
	};
	if (send_events)
		exit->rip_known = compat_guest_rip(vcpu, &exit->rip);
	end_change(&moment);
	return 0;
}

SEC("tp_btf/kvm_userspace_exit")
int kvm_userspace_exit(__u64 *ctx)
{
	struct moment moment = { .now = bpf_ktime_get_ns() };
	struct kvm_vcpu_times *times;

	(void)ctx;
	if (!find_self(&moment) || !begin_change(&moment, KVM_MODE_KVM))
		return 0;
	times = moment.times;
	if (times->mode == KVM_MODE_GUEST)
		__sync_fetch_and_add(&losses.order, 1);
	end_handling(&moment, times->vcpu ? compat_poll_time_at(times->vcpu) : times->poll_stat);
	times->mode = KVM_MODE_VMM;
	times->exit.to_user = 1;
	end_change(&moment);
	return 0;
}
