// SPDX-License-Identifier: GPL-2.0-only
#include "why/facts.h"

#include <errno.h>
#include <string.h>

#include "model/view_sets.h"

uint64_t row__run_mpct(const struct row *row)
{
	return share_mpct(row->interval.run_ns, row->interval.elapsed_ns);
}

static int make_sched(struct why_facts *facts)
{
	const struct snapshot *before = &facts->before->sched, *after = &facts->after->sched;

	facts->vcpus.brief = facts->brief;
	if (rows__make_both(&facts->vms, &facts->vcpus, before, after))
		return -ENOMEM;
	return blame__make(&facts->blame, before, after, &facts->vms, BY_VM, true);
}

static int make_others(struct why_facts *facts)
{
	const struct view *before = facts->before, *after = facts->after;
	const struct numa_moments moments = { &before->numa, &after->numa, &after->sched };

	facts->exits.brief = facts->numa.brief = facts->brief;
	if (exit_rows__make(&facts->exits, &facts->vms, BY_VM, &before->exits, &after->exits,
			    &after->sched) ||
	    numa_rows__make(&facts->numa, &facts->vms, BY_VM, &moments) ||
	    io_rows__make(&facts->operations, BY_VM, before, after))
		return -ENOMEM;
	if (list_copy(&facts->disks, &facts->operations))
		return -ENOMEM;
	io_rows__keep_sums(&facts->disks);
	return 0;
}

static void find_use(struct why_facts *facts)
{
	const struct host_use *before = &facts->before->use, *after = &facts->after->use;
	uint64_t busy = after->busy_ns - before->busy_ns, idle = after->idle_ns - before->idle_ns;

	facts->busy_known = before->known && after->known && after->busy_ns >= before->busy_ns &&
			    after->idle_ns >= before->idle_ns && busy + idle;
	facts->busy_mpct = facts->busy_known ? share_mpct(busy, busy + idle) : 0;
}

static uint64_t wait_of(const struct row *row)
{
	return share_mpct(figures__ready(&row->interval) - row->interval.throttled_ns,
			  row->interval.elapsed_ns);
}

/* Rows of vCPUs stand together by VM, in the order of the VMs. */
static void find_vcpus(struct why_vm *vm, size_t *place)
{
	const struct rows *vcpus = &vm->facts->vcpus;

	while (*place < vcpus->count && vcpus->list[*place].vm != vm->vm)
		(*place)++;
	vm->vcpus = vcpus->list + *place;
	for (; *place < vcpus->count && vcpus->list[*place].vm == vm->vm; (*place)++) {
		const struct row *row = &vcpus->list[*place];

		vm->vcpu_count++;
		if (vm->worst && wait_of(row) <= vm->wait_mpct)
			continue;
		vm->worst = row;
		vm->wait_mpct = wait_of(row);
	}
}

static void find_blame(struct why_vm *vm, size_t row, size_t *place)
{
	const struct blame_list *blame = &vm->facts->blame;

	while (*place < blame->count && blame->list[*place].row < row)
		(*place)++;
	vm->blame = blame->list + *place;
	for (; *place < blame->count && blame->list[*place].row == row; (*place)++) {
		vm->blame_count++;
		if (blame->list[*place].offender.kind != OFFENDER_THROTTLED)
			vm->blamed_ns += blame->list[*place].ns;
	}
}

/* Where each VM is in the list; what is in no list stands for its first. */
static int find_places(struct why_facts *facts)
{
	const struct snapshot *after = &facts->after->sched;

	list_clear(&facts->places);
	if (list_reserve(&facts->places, after->vms.count))
		return -ENOMEM;
	memset(facts->places.list, 0, after->vms.count * sizeof(*facts->places.list));
	facts->places.count = after->vms.count;
	for (size_t i = 0; i < facts->list.count; i++)
		facts->places.list[facts->list.list[i].vm - after->vms.list] = (uint32_t)i;
	return 0;
}

/* Threads of VMs that are no vCPUs: one row each is too much where there are thousands. */
static int find_others(struct why_facts *facts)
{
	const struct snapshot *before = &facts->before->sched, *after = &facts->after->sched;
	size_t next = 0;

	if (!facts->list.count)
		return 0;
	if (find_places(facts))
		return -ENOMEM;
	for (size_t i = 0; i < after->threads.count; i++) {
		const struct thread_snapshot *thread = &after->threads.list[i], *old;
		struct why_vm *vm;
		struct row row;

		old = list_next(&before->threads, &next, &thread->identity.id, compare_ids);
		if (thread->identity.is_vcpu || !row__make(&row, before, after, old, thread))
			continue;
		vm = &facts->list.list[facts->places.list[row.vm - after->vms.list]];
		if (vm->vm != row.vm)
			continue;
		vm->others_seen = true;
		if (wait_of(&row) <= vm->other_mpct)
			continue;
		vm->other = row;
		vm->other_mpct = wait_of(&row);
	}
	return 0;
}

int why_facts__make(struct why_facts *facts, const struct view *before, const struct view *after)
{
	size_t vcpu = 0, blame = 0;

	facts->before = before;
	facts->after = after;
	if (make_sched(facts) || make_others(facts))
		return -ENOMEM;
	find_use(facts);
	list_clear(&facts->list);
	if (list_reserve(&facts->list, facts->vms.count))
		return -ENOMEM;
	for (size_t i = 0; i < facts->vms.count; i++) {
		const struct row *row = &facts->vms.list[i];
		struct why_vm *vm = list_add(&facts->list);

		*vm = (struct why_vm){ .facts = facts, .vm = row->vm, .row = row };
		if (!*after->exits.missing)
			vm->exits = &facts->exits.list[i];
		if (after->numa.nodes.count)
			vm->numa = &facts->numa.list[i];
		find_vcpus(vm, &vcpu);
		find_blame(vm, i, &blame);
	}
	return find_others(facts);
}

void why_facts__free(struct why_facts *facts)
{
	rows__free(&facts->vms);
	rows__free(&facts->vcpus);
	exit_rows__free(&facts->exits);
	numa_rows__free(&facts->numa);
	blame__free(&facts->blame);
	io_rows__free(&facts->disks);
	io_rows__free(&facts->operations);
	list_free(&facts->list);
	list_free(&facts->places);
}

const struct cgroup_limit *why_vm__limits(const struct why_vm *vm, size_t *count)
{
	const struct cgroup_limit key = { .vm_pid = vm->vm->pid, .vm_start_ns = vm->vm->start_ns };

	return set__find_part(&limit_set, 2, &vm->facts->after->limits.all, &key, count);
}

const struct cgroup_limit *why_vm__limit_before(const struct why_vm *vm,
						const struct cgroup_limit *limit)
{
	return set__find(&limit_set, &vm->facts->before->limits.all, limit);
}

const struct why_vm *why_facts__vm(const struct why_facts *facts, const struct vm *vm)
{
	for (size_t i = 0; i < facts->list.count; i++)
		if (facts->list.list[i].vm == vm)
			return &facts->list.list[i];
	return NULL;
}

struct reason_row *const *why_vm__reason(const struct why_vm *vm, const char *svm, const char *vmx)
{
	for (size_t i = 0; i < vm->exits->reason_count; i++) {
		const char *name = vm->exits->reasons[i]->name;

		if (!strcmp(name, svm) || !strcmp(name, vmx))
			return &vm->exits->reasons[i];
	}
	return NULL;
}

struct reason_row *const *why_vm__page_faults(const struct why_vm *vm)
{
	return vm->exits ? why_vm__reason(vm, "npf", "EPT_VIOLATION") : NULL;
}

uint64_t why_vm__balancing_ns(const struct why_vm *vm)
{
	struct reason_row *const *exits = why_vm__page_faults(vm);
	uint64_t hints, all, ns;

	if (!exits || !vm->numa || !vm->numa->faults_seen)
		return 0;
	hints = vm->numa->interval.faults[FAULT_LOCAL] + vm->numa->interval.faults[FAULT_REMOTE];
	all = (*exits)->interval.count[EXIT_KERNEL];
	ns = (*exits)->interval.handle_ns[EXIT_KERNEL];
	return hints < all ? (uint64_t)((double)ns * (double)hints / (double)all) : ns;
}
