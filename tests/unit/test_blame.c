// SPDX-License-Identifier: GPL-2.0-only
/* Who ran while rows' threads waited: user/sched/blame.c, beside a sum over all pairs. */
#include "unit.h"

#include "sched/blame.h"

#define SEC 1000000000ULL
#define VMS 5
#define THREADS 40
#define PAIRS 600
#define ROUNDS 60

struct scene {
	struct snapshot before, after;
	struct rows rows;
	struct blame_list blame;
};

static int set_up(void **state)
{
	*state = calloc(1, sizeof(struct scene));
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;

	snapshot__free(&scene->before);
	snapshot__free(&scene->after);
	rows__free(&scene->rows);
	blame__free(&scene->blame);
	free(scene);
	return 0;
}

static uint32_t chance(uint32_t count)
{
	return (uint32_t)rand() % count;
}

/* The first VM is not there: threads of it are left out, and as offenders it has gone. */
static uint32_t any_vm(void)
{
	return 100 + chance(VMS + 1);
}

static struct offender any_offender(void)
{
	static const char *const kernel[] = { "kworker/0:1", "kworker/1:2", "ksoftirqd/0", "" };
	struct offender offender = { .kind = (enum offender_kind)chance(OFFENDER_THROTTLED) };

	switch (offender.kind) {
	case OFFENDER_VCPU:
	case OFFENDER_VM_THREAD:
		offender.vm_pid = any_vm();
		offender.tid = offender.vm_pid * 10 + chance(4);
		snprintf(offender.comm, COMM_SIZE, "worker %u", chance(2));
		break;
	case OFFENDER_KERNEL:
		snprintf(offender.comm, COMM_SIZE, "%s", kernel[chance(ARRAY_SIZE(kernel))]);
		if (!chance(3))
			snprintf(offender.comm, COMM_SIZE, "vhost-%u", any_vm());
		break;
	case OFFENDER_HOST:
		offender.cgroup_id = chance(3);
		snprintf(offender.comm, COMM_SIZE, "make%u", chance(2));
		if (offender.cgroup_id)
			snprintf(offender.cgroup, CGROUP_SIZE, "%u.scope",
				 (uint32_t)offender.cgroup_id);
		break;
	default:
		break;
	}
	return offender;
}

static void fill(struct scene *scene)
{
	struct snapshot *before = &scene->before, *after = &scene->after;

	snapshot__clear(before);
	snapshot__clear(after);
	before->time_ns = 100 * SEC;
	after->time_ns = after->end_ns = 101 * SEC;
	for (uint32_t pid = 101; pid <= 100 + VMS; pid++) {
		struct vm *vm = list_add(&after->vms);

		assert_non_null(vm);
		vm->pid = pid;
		vm->start_ns = pid;
		snprintf(vm->name, sizeof(vm->name), "vm%u", pid % 3);
	}
	for (uint32_t id = 1; id <= THREADS; id++) {
		struct thread_snapshot *thread = list_add(&after->threads);

		assert_non_null(thread);
		thread->identity.id = id;
		thread->identity.tid = 1000 + id;
		thread->identity.vm_pid = any_vm();
		thread->identity.vm_start_ns = chance(4) ? thread->identity.vm_pid : 0;
		thread->identity.is_vcpu = chance(4);
		thread->figures.elapsed_ns = SEC;
		thread->figures.ready_ns[CAUSE_WAKE] = chance(30000);
		thread->figures.throttled_ns = chance(2) * chance(1000);
	}
	for (size_t i = 0; i < PAIRS; i++) {
		struct blame *pair = list_add(&after->blame);

		assert_non_null(pair);
		*pair = (struct blame){ 1 + chance(THREADS + 2), any_offender(), chance(2000) };
	}
	snapshot__sort_blame(after);
	for (size_t i = 0; i < after->blame.count; i++) {
		struct blame *pair = chance(3) ? list_add(&before->blame) : NULL;

		if (!pair)
			continue;
		*pair = after->blame.list[i];
		pair->ns = chance(3) ? pair->ns : chance(2000);
	}
}

/* Whether a pair belongs to an entry, as people would say it. */
static bool is_of(const struct scene *scene, const struct blame *pair,
		  const struct blame_entry *entry, enum group_by by)
{
	const struct thread_snapshot *victim =
		list_find(&scene->after.threads, &pair->victim, compare_ids);
	const struct vm *vm = victim ? snapshot__vm_of(&scene->after, &victim->identity) : NULL;
	struct offender offender = pair->offender;
	uint32_t vhost = offender__vhost_pid(&offender);

	if (!vm || vm != entry->victim->vm || (by == BY_VM && !victim->identity.is_vcpu) ||
	    (by != BY_VM && victim->identity.id != entry->victim->identity.id))
		return false;
	if (vhost && snapshot__vm(&scene->after, vhost, 0)) {
		offender.kind = OFFENDER_VM_THREAD;
		offender.vm_pid = vhost;
	}
	if (offender.kind == OFFENDER_KERNEL)
		offender.comm[strcspn(offender.comm, "/")] = '\0';
	if (offender.kind == OFFENDER_VCPU)
		*offender.comm = '\0';
	return offender.kind == entry->offender.kind && offender.vm_pid == entry->offender.vm_pid &&
	       offender.cgroup_id == entry->offender.cgroup_id &&
	       !strcmp(offender.comm, entry->offender.comm);
}

/* Returns how many pairs an entry is made of; its TID is that of the first one. */
static size_t check_entry(const struct scene *scene, const struct blame_entry *entry,
			  enum group_by by)
{
	uint64_t ns = 0, total_ns = 0;
	size_t pairs = 0;

	for (size_t i = 0; i < scene->after.blame.count; i++) {
		const struct blame *pair = &scene->after.blame.list[i];
		const struct blame *old = list_find(&scene->before.blame, pair, compare_blame);

		if (!is_of(scene, pair, entry, by))
			continue;
		if (!pairs++)
			assert_int_equal(entry->offender.tid, pair->offender.tid);
		ns += !old ? pair->ns : old->ns < pair->ns ? pair->ns - old->ns : 0;
		total_ns += pair->ns;
	}
	if (entry->offender.kind < OFFENDER_THROTTLED) {
		assert_int_equal(entry->ns, ns);
		assert_int_equal(entry->total_ns, total_ns);
		assert_true(pairs);
	}
	return pairs;
}

static void check_who(const struct blame_entry *entry)
{
	char who[VM_SHOWN_SIZE + COMM_SIZE + CGROUP_SIZE] = "-", gone[64];
	const struct offender *offender = &entry->offender;

	assert_int_equal(entry->own, entry->vm && entry->vm == entry->victim->vm);
	snprintf(gone, sizeof(gone), "a VM that has gone (%u)", offender->vm_pid);
	if (offender->kind >= OFFENDER_THROTTLED)
		*who = '\0';
	else if (offender->kind == OFFENDER_VM_THREAD)
		snprintf(who, sizeof(who), "%s: %s", entry->vm ? entry->vm->name : gone,
			 offender->comm);
	else if (offender->kind == OFFENDER_VCPU)
		snprintf(who, sizeof(who), "%s", entry->vm ? entry->vm->name : gone);
	else if (offender->cgroup_id)
		snprintf(who, sizeof(who), "%s (%u.scope)", offender->comm,
			 (uint32_t)offender->cgroup_id);
	else if (*offender->comm)
		snprintf(who, sizeof(who), "%s", offender->comm);
	assert_string_equal(entry->who, who);
}

/* How many pairs there are whose victim has a row. */
static size_t count_shown(const struct scene *scene, enum group_by by)
{
	size_t count = 0;

	for (size_t i = 0; i < scene->after.blame.count; i++) {
		const struct thread_snapshot *victim = list_find(
			&scene->after.threads, &scene->after.blame.list[i].victim, compare_ids);

		for (size_t j = 0; victim && j < scene->rows.count; j++) {
			const struct row *row = &scene->rows.list[j];

			if (by == BY_VM ? victim->identity.is_vcpu &&
						  victim->identity.vm_pid == row->vm->pid
					: victim->identity.id == row->identity.id)
				count++;
		}
	}
	return count;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static void check_order(const struct blame_entry *a, const struct blame_entry *b, bool by_row)
{
	int order = by_row ? compare_numbers(a->row, b->row) : 0;

	if (!order)
		order = compare_numbers(b->ns, a->ns);
	if (!order)
		order = compare_numbers(a->row, b->row);
	if (!order)
		order = compare_numbers(a->offender.kind, b->offender.kind);
	if (!order)
		order = compare_numbers(a->offender.vm_pid, b->offender.vm_pid);
	if (!order)
		order = compare_numbers(a->offender.cgroup_id, b->offender.cgroup_id);
	if (!order)
		order = strcmp(a->offender.comm, b->offender.comm);
	assert_true(order < 0);
}

/* Throttled and unknown time are what is left of the ready time. */
static void check_rows(const struct scene *scene)
{
	for (size_t row = 0; row < scene->rows.count; row++) {
		const struct figures *interval = &scene->rows.list[row].interval;
		uint64_t ready = figures__ready(interval), sum = 0, throttled = 0;

		for (size_t i = 0; i < scene->blame.count; i++) {
			const struct blame_entry *entry = &scene->blame.list[i];

			if (entry->row != row)
				continue;
			assert_ptr_equal(entry->victim, &scene->rows.list[row]);
			assert_int_equal(entry->ready_ns, ready);
			sum += entry->ns;
			if (entry->offender.kind == OFFENDER_THROTTLED)
				throttled = entry->ns;
		}
		assert_int_equal(throttled, interval->throttled_ns);
		assert_true(sum >= ready);
	}
}

static void check(struct scene *scene, enum group_by by, bool by_row)
{
	size_t pairs = 0;

	assert_int_equal(rows__make(&scene->rows, &scene->before, &scene->after, by), 0);
	assert_int_equal(
		blame__make(&scene->blame, &scene->before, &scene->after, &scene->rows, by, by_row),
		0);
	for (size_t i = 0; i < scene->blame.count; i++) {
		const struct blame_entry *entry = &scene->blame.list[i];

		pairs += check_entry(scene, entry, by);
		check_who(entry);
		if (i)
			check_order(entry - 1, entry, by_row);
	}
	assert_int_equal(pairs, count_shown(scene, by));
	check_rows(scene);
}

/* The same list again and again, as a daemon has it. */
static void test_random(void **state)
{
	struct scene *scene = *state;

	for (int round = 0; round < ROUNDS; round++) {
		fill(scene);
		check(scene, BY_VM, true);
		check(scene, BY_VM, false);
		check(scene, BY_THREAD, true);
		check(scene, BY_VCPU, false);
	}
}

static void test_nothing(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(blame__make(&scene->blame, &scene->before, &scene->after, &scene->rows,
				     BY_VM, true),
			 0);
	assert_int_equal(scene->blame.count, 0);
}

/* Who names processes does not know which names have one place; the order shows none of it. */
static void test_key(void **state)
{
	struct scene *scene = *state;
	struct blame_list other = { .key = 0 };
	uint64_t key;

	fill(scene);
	check(scene, BY_VM, true);
	assert_int_equal(
		blame__make(&other, &scene->before, &scene->after, &scene->rows, BY_VM, true), 0);
	assert_int_not_equal(scene->blame.key, other.key);
	assert_true(scene->blame.key & other.key & 1);
	assert_int_equal(scene->blame.count, other.count);
	for (size_t i = 0; i < other.count; i++)
		assert_string_equal(scene->blame.list[i].who, other.list[i].who);
	blame__free(&other);
	key = scene->blame.key;
	check(scene, BY_VM, true);
	assert_int_equal(scene->blame.key, key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_random, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_key, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
