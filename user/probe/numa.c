// SPDX-License-Identifier: GPL-2.0-only
#include "probe/numa.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/units.h"
#include "probe/kernel.h"
#include "probe/numa_internal.h"

_Static_assert(NODES_MAX == SCHED_NODES, "both sides know as many nodes");

/* What is asked of the kernel: less and less, until it accepts. */
struct wishes {
	bool faults;
	bool migrations;
};

/*
 * The function that moves a page at a hint fault: since 6.7, that of a folio. Returns whether it
 * can be hooked.
 */
static bool find_migration(struct numa_probe *probe)
{
	static const char *const names[] = { "migrate_misplaced_folio", "migrate_misplaced_page" };

	probe->node_shift = kernel_page_node_shift();
	if (probe->node_shift < 0)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !probe->migrate_function; i++)
		if (kernel_has_function(names[i]) > 0)
			probe->migrate_function = names[i];
	return probe->migrate_function;
}

static int configure(struct numa_probe *probe, const struct wishes *wishes)
{
	struct numa_bpf *skeleton = probe->skeleton;
	int error = 0;

	bpf_program__set_autoload(skeleton->progs.numa_kvm_enter, wishes->faults);
	bpf_program__set_autoload(skeleton->progs.numa_kvm_leave, wishes->faults);
	bpf_program__set_autoload(skeleton->progs.numa_fault, wishes->faults);
	bpf_program__set_autoload(skeleton->progs.numa_migrate, wishes->migrations);
	if (wishes->migrations)
		error = bpf_program__set_attach_target(skeleton->progs.numa_migrate, 0,
						       probe->migrate_function);
	skeleton->rodata->use_verdicts = probe->config.filtered;
	skeleton->rodata->send_events = probe->config.events;
	skeleton->rodata->page_node_shift = probe->node_shift > 0 ? (uint32_t)probe->node_shift : 0;
	bpf_map__set_max_entries(skeleton->maps.faults, probe->sched->slots);
	bpf_map__set_max_entries(skeleton->maps.fault_events,
				 probe->config.events ? NUMA_EVENTS_SIZE : (uint32_t)getpagesize());
	return error ? error : share_slots(skeleton->obj, probe->sched->skeleton->obj);
}

static int try_hooks(const struct numa_probe *probe, const struct wishes *wishes)
{
	int error = wishes->faults ? kernel_try_hook("task_numa_fault") : 0;

	return error || !wishes->migrations ? error : kernel_try_hook(probe->migrate_function);
}

/* Loads and attaches what is wanted, or leaves nothing behind. */
static int try_load(struct numa_probe *probe, const struct wishes *wishes)
{
	int error = try_hooks(probe, wishes);

	if (error)
		return error;
	probe->skeleton = numa_bpf__open();
	if (!probe->skeleton)
		return -errno;
	error = configure(probe, wishes);
	if (!error)
		error = numa_bpf__load(probe->skeleton);
	if (!error)
		error = numa_bpf__attach(probe->skeleton);
	if (error) {
		numa_bpf__destroy(probe->skeleton);
		probe->skeleton = NULL;
	}
	return error;
}

#define MISSING(probe, what, ...) snprintf((probe)->what, sizeof((probe)->what), __VA_ARGS__)

/* What cannot work is not tried. */
static struct wishes possible(struct numa_probe *probe)
{
	struct wishes wishes = { false, false };
	int arguments = kernel_kvm_tracepoint_arguments("kvm_exit");

	if (arguments < 0 && access("/sys/module/kvm", F_OK))
		MISSING(probe, faults_missing, "kvm was not loaded when kvmq-numa started");
	else if (arguments == -EPERM || arguments == -EACCES)
		MISSING(probe, faults_missing,
			"the kernel refused the BTF of kvm: it takes root or CAP_SYS_ADMIN");
	else if (arguments < 0)
		MISSING(probe, faults_missing,
			"this kernel has no BTF of the kvm module (5.11, "
			"CONFIG_DEBUG_INFO_BTF_MODULES)");
	else if (kernel_has_function("task_numa_fault") <= 0)
		MISSING(probe, faults_missing,
			"this kernel has no task_numa_fault to hook (CONFIG_NUMA_BALANCING)");
	else
		wishes.faults = true;
	if (!wishes.faults)
		MISSING(probe, migrations_missing, "%s", probe->faults_missing);
	else if (!find_migration(probe))
		MISSING(probe, migrations_missing,
			"this kernel's BTF does not tell where a page is");
	else
		wishes.migrations = true;
	return wishes;
}

/* Returns 0 or -errno; refused hooks are no error. */
static int load(struct numa_probe *probe)
{
	struct wishes wishes = possible(probe);
	int error = try_load(probe, &wishes);

	if (error && wishes.migrations) {
		MISSING(probe, migrations_missing, "the kernel refused the hook at %s: %s",
			probe->migrate_function, strerror(-error));
		wishes.migrations = false;
		error = try_load(probe, &wishes);
	}
	if (error && wishes.faults) {
		MISSING(probe, faults_missing, "the kernel refused the hook at task_numa_fault: %s",
			strerror(-error));
		MISSING(probe, migrations_missing, "%s", probe->faults_missing);
		wishes.faults = false;
		error = try_load(probe, &wishes);
	}
	if (!error)
		kernel_tell_programs("numa", probe->skeleton->obj);
	if (*probe->faults_missing)
		log_detail("RFLT%% is n/a: %s", probe->faults_missing);
	else if (*probe->migrations_missing)
		log_detail("IN/s and OUT/s are n/a: %s", probe->migrations_missing);
	/* Then the memory slots cannot be read, either. */
	if (error)
		return 0;
	error = reserve_array(&probe->faults, probe->skeleton->maps.faults, PROT_READ);
	if (!error)
		error = map_array(&probe->memory, probe->skeleton->maps.memory, PROT_READ);
	return error;
}

static int open_events(struct numa_probe *probe)
{
	int error = 0;

	if (!probe->config.events)
		return 0;
	probe->bursts = calloc(probe->sched->slots, sizeof(*probe->bursts));
	if (!probe->bursts)
		return -ENOMEM;
	error = ring_buffer__add(probe->sched->rings,
				 bpf_map__fd(probe->sched->skeleton->maps.moves), handle_move,
				 probe);
	if (!error && probe->skeleton)
		error = ring_buffer__add(probe->sched->rings,
					 bpf_map__fd(probe->skeleton->maps.fault_events),
					 handle_fault, probe);
	return error;
}

int numa_probe__open(struct numa_probe **out, struct sched_probe *sched,
		     const struct numa_probe_config *config)
{
	struct numa_probe *probe = calloc(1, sizeof(*probe));
	int error;

	if (!probe)
		return -ENOMEM;
	probe->config = *config;
	probe->sched = sched;
	probe->ranges = calloc(NUMA_SLOTS, sizeof(*probe->ranges));
	error = probe->ranges ? load(probe) : -ENOMEM;
	probe->since_ns = clock_monotonic_ns();
	if (!error && config->detached)
		numa_probe__detach(probe);
	if (!error)
		error = open_events(probe);
	/* libbpf's copies of the kernel's BTF, several MiB, are no longer needed. */
	malloc_trim(0);
	if (error) {
		kernel_explain("setting up the programs at hint faults", error);
		numa_probe__close(probe);
		return error;
	}
	*out = probe;
	return 0;
}

void numa_probe__close(struct numa_probe *probe)
{
	if (!probe)
		return;
	unmap_array(&probe->faults);
	unmap_array(&probe->memory);
	numa_bpf__destroy(probe->skeleton);
	free(probe->bursts);
	free(probe->ranges);
	free(probe);
}

void numa_probe__attach(struct numa_probe *probe)
{
	int error;

	if (probe->since_ns)
		return;
	error = probe->skeleton ? numa_bpf__attach(probe->skeleton) : 0;
	probe->since_ns = clock_monotonic_ns();
	if (!error || *probe->faults_missing)
		return;
	numa_bpf__detach(probe->skeleton);
	MISSING(probe, faults_missing, "the kernel refused the hook at task_numa_fault: %s",
		strerror(-error));
	MISSING(probe, migrations_missing, "%s", probe->faults_missing);
}

void numa_probe__detach(struct numa_probe *probe)
{
	if (probe->skeleton)
		numa_bpf__detach(probe->skeleton);
	probe->since_ns = 0;
}

/* Adds what the counters do not have yet: the present run, on its node. */
static void add_progress(const struct numa_probe *probe, struct numa_thread *thread,
			 const struct thread_snapshot *from)
{
	uint64_t counted = 0;

	for (uint32_t node = 0; node < probe->config.topology->node_end; node++)
		counted += thread->figures.run_ns[node];
	if (thread->node == NODE_NONE)
		thread->node = topology__node_of(probe->config.topology, from->cpu);
	if (thread->node != NODE_NONE && from->figures.run_ns > counted)
		thread->figures.run_ns[thread->node] += from->figures.run_ns - counted;
}

static void read_nodes(const struct numa_probe *probe, struct numa_thread *thread,
		       const struct thread_snapshot *from)
{
	uint32_t slot = (uint32_t)(from->identity.id >> 32);
	const struct sched_nodes *nodes = slot_nodes(probe->sched, slot);
	uint32_t end = probe->config.topology->node_end;

	thread->node = NODE_NONE;
	if (nodes->generation == (uint32_t)from->identity.id) {
		thread->node = nodes->node < NODES_MAX ? (int32_t)nodes->node : NODE_NONE;
		thread->figures.moves = nodes->moves;
		memcpy(thread->figures.run_ns, nodes->run_ns, end * sizeof(nodes->run_ns[0]));
	}
	add_progress(probe, thread, from);
}

/* Each counter has one writer and is read at once; they need not be of one moment. */
static void read_faults(const struct numa_probe *probe, struct numa_thread *thread, uint64_t id)
{
	const struct numa_faults *faults = (const struct numa_faults *)probe->faults.data;
	struct numa_figures *figures = &thread->figures;
	uint32_t end = probe->config.topology->node_end;

	if (!faults || !probe->faults.mapped)
		return;
	faults += id >> 32;
	if (__atomic_load_n(&faults->generation, __ATOMIC_RELAXED) != (uint32_t)id)
		return;
	figures->faults[FAULT_LOCAL] = faults->faults[NUMA_PLACE_LOCAL];
	figures->faults[FAULT_REMOTE] = faults->faults[NUMA_PLACE_REMOTE];
	figures->pages[FAULT_LOCAL] = faults->pages[NUMA_PLACE_LOCAL];
	figures->pages[FAULT_REMOTE] = faults->pages[NUMA_PLACE_REMOTE];
	figures->own_faults = faults->own_faults;
	figures->own_pages = faults->own_pages;
	memcpy(figures->migrated_to, faults->migrated_to, end * sizeof(figures->migrated_to[0]));
	memcpy(figures->migrated_from, faults->migrated_from,
	       end * sizeof(figures->migrated_from[0]));
}

/* If a figure would be missing anyway, that reason is better. */
static void say_missing(const struct numa_probe *probe, struct numa_snapshot *numa)
{
	const char *detached = probe->since_ns ? "" : "its hooks are not attached";

	numa->since_ns = probe->since_ns;
	MISSING(numa, faults_missing, "%s",
		*probe->faults_missing ? probe->faults_missing : detached);
	MISSING(numa, migrations_missing, "%s",
		*probe->migrations_missing ? probe->migrations_missing : detached);
}

int numa_probe__read(struct numa_probe *probe, const struct snapshot *snapshot,
		     struct numa_snapshot *numa)
{
	uint32_t slots = probe->sched->slots_seen;
	int error = 0;

	numa_snapshot__clear(numa);
	numa->time_ns = snapshot->time_ns;
	numa->page_bytes = (uint32_t)getpagesize();
	if (list_copy(&numa->nodes, &probe->config.topology->nodes))
		return -ENOMEM;
	say_missing(probe, numa);
	if (probe->faults.data && slots && probe->skeleton->bss->any_fault)
		error = map_array_up_to(&probe->faults, probe->skeleton->maps.faults, slots - 1);
	if (error)
		return error;
	for (size_t i = 0; i < snapshot->threads.count; i++) {
		const struct thread_snapshot *from = &snapshot->threads.list[i];
		struct numa_thread *thread;

		if (!from->identity.is_vcpu)
			continue;
		thread = numa_snapshot__add(numa);
		if (!thread)
			return -ENOMEM;
		thread->id = from->identity.id;
		read_nodes(probe, thread, from);
		read_faults(probe, thread, thread->id);
	}
	numa->losses.events = probe->sched->skeleton->bss->losses.moves;
	numa->losses.faults = 0;
	if (probe->skeleton) {
		numa->losses.events += probe->skeleton->bss->losses.events;
		numa->losses.faults = missed_runs(probe->skeleton->obj);
	}
	return 0;
}

static int compare_ranges(const void *left, const void *right)
{
	const struct memory_range *a = left, *b = right;

	return a->begin < b->begin ? -1 : a->begin > b->begin;
}

/* Orders the ranges, and joins those that adjoin or overlap. Returns how many are left. */
static size_t join_ranges(struct memory_range *ranges, size_t count)
{
	size_t kept = 0;

	qsort(ranges, count, sizeof(*ranges), compare_ranges);
	for (size_t i = 0; i < count; i++) {
		if (kept && ranges[i].begin <= ranges[kept - 1].end) {
			if (ranges[i].end > ranges[kept - 1].end)
				ranges[kept - 1].end = ranges[i].end;
		} else {
			ranges[kept++] = ranges[i];
		}
	}
	return kept;
}

/* Kernel address of a vCPU of the VM, or 0. */
static uint64_t find_vcpu(const struct numa_probe *probe, const struct snapshot *snapshot,
			  uint32_t pid)
{
	const struct sched_kvm *kvm = &probe->sched->skeleton->bss->kvm;

	for (size_t i = 0; i < snapshot->threads.count && kvm->known; i++) {
		const struct identity *identity = &snapshot->threads.list[i].identity;
		uint64_t notifier = slot_thread(probe->sched, identity->id >> 32)->notifier;

		if (identity->vm_pid == pid && identity->is_vcpu && notifier &&
		    snapshot->threads.list[i].state != STATE_GONE)
			return notifier - kvm->notifier;
	}
	return 0;
}

size_t numa_probe__memory(struct numa_probe *probe, const struct snapshot *snapshot, uint32_t pid,
			  const struct memory_range **ranges)
{
	const struct numa_memory *memory = probe->memory.data;
	uint64_t vcpu = find_vcpu(probe, snapshot, pid), page = (uint64_t)getpagesize();
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &vcpu, .ctx_size_in = sizeof(vcpu));

	*ranges = probe->ranges;
	if (!memory || !vcpu ||
	    bpf_prog_test_run_opts(bpf_program__fd(probe->skeleton->progs.numa_read_memory),
				   &options) ||
	    !options.retval || memory->lost || memory->count > NUMA_SLOTS)
		return 0;
	for (uint32_t i = 0; i < memory->count; i++) {
		probe->ranges[i].begin = memory->slots[i].begin;
		probe->ranges[i].end = memory->slots[i].begin + memory->slots[i].pages * page;
	}
	return join_ranges(probe->ranges, memory->count);
}
