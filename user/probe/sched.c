// SPDX-License-Identifier: GPL-2.0-only
#include "probe/sched.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <malloc.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "host/host.h"
#include "host/vm_name.h"
#include "probe/cost.h"
#include "probe/kernel.h"
#include "probe/overlap.h"
#include "probe/sched_internal.h"

#define READ_SPINS 100
#define READ_TRIES 150
#define SCANS_MAX 64

/* The program at switches that does what was asked for, and no more. */
static struct bpf_program *switch_program(const struct sched_probe *probe)
{
	const struct sched_bpf *skeleton = probe->skeleton;

	if (probe->config.threads)
		return skeleton->progs.sched_switch_threads;
	return probe->config.blame ? skeleton->progs.sched_switch_blame
				   : skeleton->progs.sched_switch;
}

static void size_slots(const struct sched_probe *probe)
{
	const struct sched_bpf *skeleton = probe->skeleton;
	uint32_t slots = probe->slots;

	bpf_map__set_max_entries(skeleton->maps.threads, slots);
	bpf_map__set_max_entries(skeleton->maps.verdicts, slots);
	bpf_map__set_max_entries(skeleton->maps.progress, slots);
	bpf_map__set_max_entries(skeleton->maps.free_slots, slots);
	bpf_map__set_max_entries(skeleton->maps.shares, 2 * slots);
	bpf_map__set_max_entries(skeleton->maps.waiters, probe->config.blame ? slots : 1);
	bpf_map__set_max_entries(skeleton->maps.nodes, probe->config.nodes ? slots : 1);
}

static void size_pairs(const struct sched_bpf *skeleton)
{
	bpf_map__set_max_entries(skeleton->maps.blame, SCHED_BLAME_PAIRS);
	bpf_map__set_max_entries(skeleton->maps.pairs, SCHED_BLAME_PAIRS);
	bpf_map__set_max_entries(skeleton->maps.free_pairs, SCHED_BLAME_PAIRS);
}

/* Before the load: what is decided once, and sizes that depend on the host. */
static int configure(struct sched_probe *probe, const struct sched_probe_config *config)
{
	struct sched_bpf *skeleton = probe->skeleton;
	uint32_t tids = host_tid_max();
	int arguments = kernel_tracepoint_arguments("sched_switch");

	if (arguments < 0)
		return arguments;
	skeleton->rodata->compat_switch_has_state = arguments > 3;
	skeleton->rodata->track_threads = config->threads;
	skeleton->rodata->use_verdicts = config->filtered;
	skeleton->rodata->send_events = config->events;
	skeleton->rodata->event_min_ns = config->event_min_ns;
	skeleton->rodata->send_blame = config->blame;
	bpf_program__set_autoload(switch_program(probe), true);
	/* Older libbpf asks for mmap(), which takes the filter out of the direct map. */
	bpf_map__set_map_flags(skeleton->maps.data_filter, 0);
	bpf_program__set_autoload(skeleton->progs.sched_wakeup, config->blame);
	bpf_program__set_autoload(skeleton->progs.sched_migrate_task, config->blame);
	skeleton->rodata->send_changes = config->changes;
	skeleton->rodata->count_nodes = config->nodes;
	skeleton->rodata->send_moves = config->moves;
	size_slots(probe);
	bpf_map__set_max_entries(skeleton->maps.vm_verdicts,
				 config->filtered ? (tids >> SCHED_VERDICT_BITS) + 1 : 1);
	bpf_map__set_max_entries(skeleton->maps.moves,
				 config->moves ? SCHED_MOVES_SIZE : (uint32_t)getpagesize());
	bpf_map__set_max_entries(skeleton->maps.tids, tids / SCHED_TIDS + 1);
	bpf_map__set_max_entries(skeleton->maps.vm_tgids, config->threads || config->blame
								  ? (tids >> SCHED_BITMAP_BITS) + 1
								  : 1);
	bpf_map__set_max_entries(skeleton->maps.wait_lists, probe->cpu_count);
	if (config->blame)
		size_pairs(skeleton);
	bpf_map__set_max_entries(skeleton->maps.cpus, probe->cpu_count);
	bpf_map__set_max_entries(skeleton->maps.events,
				 config->events ? SCHED_EVENTS_SIZE : (uint32_t)getpagesize());
	bpf_map__set_max_entries(skeleton->maps.changes,
				 config->changes ? SCHED_CHANGES_SIZE : (uint32_t)getpagesize());
	return 0;
}

static int map_arrays(struct sched_probe *probe)
{
	struct sched_bpf *skeleton = probe->skeleton;
	int error = map_array(&probe->cpus, skeleton->maps.cpus, PROT_READ | PROT_WRITE);

	forget_variable(skeleton->bss->tracked, sizeof(skeleton->bss->tracked));
	if (!error)
		error = reserve_array(&probe->threads, skeleton->maps.threads,
				      PROT_READ | PROT_WRITE);
	if (!error)
		error = map_array(&probe->verdicts, skeleton->maps.verdicts,
				  PROT_READ | PROT_WRITE);
	if (!error)
		error = reserve_array(&probe->progress, skeleton->maps.progress,
				      PROT_READ | PROT_WRITE);
	if (!error)
		error = reserve_array(&probe->waiters, skeleton->maps.waiters,
				      PROT_READ | PROT_WRITE);
	if (!error)
		error = map_array(&probe->vm_tgids, skeleton->maps.vm_tgids,
				  PROT_READ | PROT_WRITE);
	if (!error)
		error = map_array(&probe->vm_verdicts, skeleton->maps.vm_verdicts,
				  PROT_READ | PROT_WRITE);
	if (!error && probe->config.blame)
		error = open_blame(probe);
	if (!error && probe->config.nodes) {
		error = reserve_array(&probe->nodes, skeleton->maps.nodes, PROT_READ);
		probe->nodes_size = offsetof(struct sched_nodes, run_ns) +
				    probe->config.nodes * sizeof(uint64_t);
		probe->nodes_read = calloc(probe->slots, probe->nodes_size);
		if (!probe->nodes_read)
			error = -ENOMEM;
	}
	return error;
}

int map_slots(struct sched_probe *probe, uint32_t slot)
{
	const struct sched_bpf *skeleton = probe->skeleton;
	int error = map_array_up_to(&probe->threads, skeleton->maps.threads, slot);

	if (!error)
		error = map_array_up_to(&probe->progress, skeleton->maps.progress, slot);
	if (!error)
		error = map_array_up_to(&probe->waiters, skeleton->maps.waiters, slot);
	return error;
}

void copy_comm(char *copy, const char *comm, size_t size)
{
	size_t i = 0;

	for (; i < size - 1 && comm[i]; i++)
		copy[i] = (comm[i] > 0 && comm[i] < ' ') || comm[i] == 127 ? '?' : comm[i];
	memset(copy + i, 0, size - i);
}

void slot_identity(const struct sched_thread *thread, uint32_t slot, struct identity *identity)
{
	identity->id = (uint64_t)slot << 32 | thread->generation;
	identity->vm_start_ns = thread->start_ns;
	identity->vm_pid = thread->vm;
	identity->tid = thread->tid;
	identity->vcpu = thread->vcpu;
	identity->is_vcpu = thread->kind == SCHED_VCPU;
	copy_comm(identity->comm, thread->comm, COMM_SIZE);
	copy_comm(identity->vm_comm, thread->leader, COMM_SIZE);
	if (identity->vcpu == SCHED_NO_VCPU && identity->is_vcpu)
		identity->vcpu = vcpu_from_comm(identity->comm);
}

/*
 * A change takes the kernel well under a microsecond, unless the host is a
 * guest itself and loses its CPU meanwhile: then the wait is for that.
 */
bool copy_thread(const struct sched_probe *probe, uint32_t slot, struct sched_thread *copy)
{
	const struct sched_thread *thread = slot_thread(probe, slot);

	for (int try = 0; try < READ_TRIES; try++) {
		uint32_t before = __atomic_load_n(&thread->sequence, __ATOMIC_ACQUIRE);

		if (before & 1) {
			if (try > READ_SPINS)
				usleep(1000);
			continue;
		}
		memcpy(copy, thread, sizeof(*copy));
		if ((slot + 1) * sizeof(struct sched_nodes) <= probe->nodes.mapped)
			memcpy(slot_nodes(probe, slot),
			       (struct sched_nodes *)probe->nodes.data + slot, probe->nodes_size);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&thread->sequence, __ATOMIC_RELAXED) == before)
			return true;
	}
	return false;
}

static void learn_kvm(struct sched_probe *probe)
{
	struct sched_kvm *layout = &probe->skeleton->bss->kvm;

	if (!layout->known && !kernel_kvm_layout(layout))
		log_detail("kvm: vcpu_id is at %u of kvm_vcpu", layout->vcpu_id);
}

void set_vm_bit(const struct sched_probe *probe, uint32_t tgid, bool value)
{
	uint64_t *words = probe->vm_tgids.data;
	uint64_t bit = 1ULL << (tgid & 63);

	if (tgid / 8 >= probe->vm_tgids.size)
		return;
	if (value)
		words[tgid / 64] |= bit;
	else
		words[tgid / 64] &= ~bit;
}

void meet_thread(struct sched_probe *probe, uint32_t slot, const struct sched_thread *thread)
{
	struct identity identity;
	bool wanted;

	if (probe->known[slot] == thread->generation)
		return;
	probe->known[slot] = thread->generation;
	if (slot >= probe->slots_seen)
		probe->slots_seen = slot + 1;
	if (thread->vcpu == SCHED_NO_VCPU && thread->kind == SCHED_VCPU)
		learn_kvm(probe);
	slot_identity(thread, slot, &identity);
	wanted = probe->config.on_thread(probe->config.context, &identity);
	((uint64_t *)probe->verdicts.data)[slot] = thread->generation << 1 | (wanted ? 0 : 1);
	if (probe->config.threads || probe->config.blame)
		set_vm_bit(probe, thread->vm, wanted || probe->config.blame);
}

bool is_wanted(const struct sched_probe *probe, uint32_t slot, uint32_t generation)
{
	return ((uint64_t *)probe->verdicts.data)[slot] == generation << 1;
}

bool record_identity(struct sched_probe *probe, uint32_t slot, uint32_t generation,
		     struct identity *identity)
{
	const struct sched_thread *thread;

	if (slot >= probe->slots || map_slots(probe, slot))
		return false;
	/* Its identity does not change until the slot is returned, which is after this. */
	thread = slot_thread(probe, slot);
	if (thread->generation != generation)
		return false;
	meet_thread(probe, slot, thread);
	if (!is_wanted(probe, slot, generation))
		return false;
	slot_identity(thread, slot, identity);
	return true;
}

/* Runs an iterator over all that it iterates over. A million of these, and it asks to go on. */
static int iterate(const struct bpf_program *program)
{
	struct bpf_link *link = bpf_program__attach_iter(program, NULL);
	int error;
	char none[8];
	int fd;

	if (!link)
		return -errno;
	sched_yield(); /* makes this run queue's clock fresh */
	fd = bpf_iter_create(bpf_link__fd(link));
	error = fd < 0 ? -errno : -EAGAIN;
	while (error == -EAGAIN)
		error = read(fd, none, sizeof(none)) < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return error;
}

/* The threads that are there now. */
static int scan_tasks(const struct sched_probe *probe)
{
	return iterate(probe->skeleton->progs.sched_scan);
}

/*
 * With the VMs known, those that are wanted get slots, and their other threads can be found. More
 * VMs than one scan can announce are asked about in the next ones.
 */
static int scan(struct sched_probe *probe)
{
	const struct sched_losses *losses = &probe->skeleton->bss->losses;
	uint64_t before;
	int error = iterate(probe->skeleton->progs.sched_find_vcpus), tries = SCANS_MAX;

	if (error)
		return error;
	do {
		before = losses->questions;
		error = scan_tasks(probe);
		if (!error)
			error = sched_probe__poll(probe);
	} while (!error && probe->config.filtered && losses->questions != before && --tries);
	if (!error && (probe->config.threads || probe->config.filtered))
		error = scan_tasks(probe);
	if (!error && probe->config.threads && probe->config.filtered)
		error = sched_probe__poll(probe);
	return error;
}

static int attach_blame(struct sched_bpf *skeleton)
{
	skeleton->links.sched_wakeup = bpf_program__attach(skeleton->progs.sched_wakeup);
	if (!skeleton->links.sched_wakeup)
		return -errno;
	skeleton->links.sched_migrate_task =
		bpf_program__attach(skeleton->progs.sched_migrate_task);
	return skeleton->links.sched_migrate_task ? 0 : -errno;
}

/* Ends first, so that no episode is taken for endless. A kernel may refuse. */
static int attach_throttling(struct sched_bpf *skeleton)
{
	if (!bpf_program__autoload(skeleton->progs.tg_throttle_down))
		return -ENOENT;
	skeleton->links.tg_unthrottle_up = bpf_program__attach(skeleton->progs.tg_unthrottle_up);
	if (!skeleton->links.tg_unthrottle_up)
		return -errno;
	skeleton->links.tg_throttle_down = bpf_program__attach(skeleton->progs.tg_throttle_down);
	return skeleton->links.tg_throttle_down ? 0 : -errno;
}

/*
 * Exits first: from then on no slot can outlive its thread unnoticed. While
 * sched_switch is not enabled it does for every task what it does for those in
 * no VM, which can be measured then, and leaves the slots to the scan.
 */
static int attach(struct sched_probe *probe)
{
	struct sched_bpf *skeleton = probe->skeleton;
	int error = 0;

	skeleton->links.sched_process_exit =
		bpf_program__attach(skeleton->progs.sched_process_exit);
	if (!skeleton->links.sched_process_exit)
		return -errno;
	if (probe->config.blame)
		error = attach_blame(skeleton);
	if (error)
		return error;
	probe->throttling_known = !attach_throttling(skeleton);
	skeleton->links.sched_switch = bpf_program__attach(switch_program(probe));
	if (!skeleton->links.sched_switch)
		return -errno;
	probe->idle_switch_ps = measure_switch_cost(bpf_program__fd(switch_program(probe)));
	return scan(probe);
}

/*
 * A switch that is on its way now may not have seen that it counts: those that have
 * begun before have ended when this returns. Where the kernel has not got it, a thread's
 * next switch shows that its first look was wrong.
 */
static void wait_for_switches(void)
{
	syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

int sched_probe__start(struct sched_probe *probe)
{
	int error = measure_clock(probe);

	if (probe->overlap)
		overlap_probe__start(probe->overlap);
	__atomic_store_n(&probe->skeleton->bss->enabled, true, __ATOMIC_RELEASE);
	wait_for_switches();
	if (error)
		log_error("reading the scheduler's clock: %s: start again", strerror(-error));
	return error;
}

static int load_programs(struct sched_probe *probe, bool throttling)
{
	int error;

	probe->skeleton = sched_bpf__open();
	if (!probe->skeleton)
		return -errno;
	bpf_program__set_autoload(probe->skeleton->progs.tg_throttle_down, throttling);
	bpf_program__set_autoload(probe->skeleton->progs.tg_unthrottle_up, throttling);
	error = configure(probe, &probe->config);
	if (!error)
		error = sched_bpf__load(probe->skeleton);
	if (error) {
		sched_bpf__destroy(probe->skeleton);
		probe->skeleton = NULL;
	}
	return error;
}

/* A kernel without function tracing, or locked down, does without throttling. */
static int load(struct sched_probe *probe)
{
	bool throttling = probe->config.throttling;
	int error = throttling ? kernel_try_hook("tg_throttle_down") : 0;

	if (!error)
		error = load_programs(probe, throttling);
	if (error && throttling) {
		log_detail("hooks at throttling of cgroups: %s: left out", strerror(-error));
		error = load_programs(probe, false);
	}
	if (!error) {
		kernel_tell_programs("sched", probe->skeleton->obj);
		error = map_arrays(probe);
	}
	if (!error)
		error = shares__fill(probe);
	if (!error)
		error = sched_rings__open(probe);
	return error;
}

int sched_probe__open(struct sched_probe **out, const struct sched_probe_config *config)
{
	struct sched_probe *probe = calloc(1, sizeof(*probe));
	const char *step = "loading the sched_switch program";
	int error;

	if (!probe)
		return -ENOMEM;
	probe->config = *config;
	probe->cpu_count = (uint32_t)libbpf_num_possible_cpus();
	probe->slots = table_size(SCHED_SLOTS_MIN, SCHED_SLOTS);
	kernel_route_messages();
	error = load(probe);
	if (!error && config->overlap) {
		step = "loading the programs of --overlap";
		error = overlap_probe__open(&probe->overlap, probe);
	}
	if (!error) {
		step = "attaching to sched_switch";
		learn_kvm(probe);
		error = attach(probe);
	}
	/* libbpf's copy of the kernel's BTF, several MiB, is of no more use. */
	malloc_trim(0);
	if (error) {
		kernel_explain(step, error);
		sched_probe__close(probe);
		return error;
	}
	*out = probe;
	return 0;
}

void sched_probe__close(struct sched_probe *probe)
{
	if (!probe)
		return;
	log_detail("slots used at once: at most %u of %u", probe->slots_seen, probe->slots);
	ring_buffer__free(probe->rings);
	unmap_array(&probe->threads);
	unmap_array(&probe->cpus);
	unmap_array(&probe->verdicts);
	unmap_array(&probe->progress);
	unmap_array(&probe->waiters);
	unmap_array(&probe->vm_tgids);
	unmap_array(&probe->nodes);
	unmap_array(&probe->vm_verdicts);
	shares__free(probe);
	free(probe->nodes_read);
	close_blame(probe);
	overlap_probe__close(probe->overlap);
	sched_bpf__destroy(probe->skeleton);
	free(probe);
}

bool sched_probe__tells_throttling(const struct sched_probe *probe)
{
	return probe->throttling_known;
}

int sched_probe__fd(const struct sched_probe *probe)
{
	return ring_buffer__epoll_fd(probe->rings);
}

int sched_probe__poll(struct sched_probe *probe)
{
	int count = ring_buffer__consume(probe->rings);

	return count < 0 ? count : 0;
}
