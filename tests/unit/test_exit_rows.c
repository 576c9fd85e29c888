// SPDX-License-Identifier: GPL-2.0-only
/* The difference of two exit snapshots: by vCPU and by VM, and what it does with less. */
#include "exits/exit_rows.h"
#include "moment_vms.h"

struct fixture {
	struct snapshot before, after;
	struct exit_snapshot exits_before, exits_after;
	struct rows rows;
	struct exit_rows exit_rows;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->after.time_ns = fixture->after.end_ns = 1000000000;
	fixture->exits_after.isa = EXIT_ISA_SVM;
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	exit_rows__free(&fixture->exit_rows);
	rows__free(&fixture->rows);
	exit_snapshot__free(&fixture->exits_before);
	exit_snapshot__free(&fixture->exits_after);
	snapshot__free(&fixture->before);
	snapshot__free(&fixture->after);
	free(fixture);
	return 0;
}

static void add(struct snapshot *snapshot, struct exit_snapshot *exits, uint64_t id, uint64_t run,
		struct exit_figures figures)
{
	struct thread_snapshot *thread = list_add(&snapshot->threads);
	struct exit_thread *exit_thread = exit_snapshot__add(exits);

	*thread = (struct thread_snapshot){
		.identity = { .id = id,
			      .vm_start_ns = 1,
			      .vm_pid = 100,
			      .tid = 100 + (uint32_t)id,
			      .vcpu = (int32_t)id - 1,
			      .is_vcpu = true,
			      .vm_comm = "vmm" },
		.figures = { .elapsed_ns = run, .run_ns = run },
	};
	exit_thread->id = id;
	exit_thread->poll_known = true;
	exit_thread->figures = figures;
}

static void add_reason(struct exit_snapshot *exits, uint32_t code, uint64_t kernel_count,
		       uint64_t user_count, uint64_t ns, uint64_t max)
{
	const struct exit_thread *last = &exits->threads.list[exits->threads.count - 1];
	struct reason_snapshot *reason = exit_snapshot__add_reason(exits, last->id, code);

	reason->figures.count[EXIT_KERNEL] = kernel_count;
	reason->figures.count[EXIT_USER] = user_count;
	reason->figures.handle_ns[EXIT_KERNEL] = (kernel_count + user_count) * ns;
	reason->figures.handle_ns[EXIT_USER] = user_count * ns;
	reason->figures.max_ns = max;
	reason->hist.count[EXIT_KERNEL][hist_bucket(ns)] = (uint32_t)kernel_count;
	reason->hist.count[EXIT_USER][hist_bucket(2 * ns)] = (uint32_t)user_count;
}

static void make(struct fixture *fixture, enum group_by by)
{
	fill_vms(&fixture->after, "/nonexistent");
	assert_int_equal(rows__make(&fixture->rows, &fixture->before, &fixture->after, by), 0);
	assert_int_equal(exit_rows__make(&fixture->exit_rows, &fixture->rows, by,
					 &fixture->exits_before, &fixture->exits_after,
					 &fixture->after),
			 0);
}

static void two_vcpus(struct fixture *fixture)
{
	struct snapshot *before = &fixture->before, *after = &fixture->after;

	add(before, &fixture->exits_before, 1, 1000, (struct exit_figures){ 600, 300, 50, 50, 7 });
	add_reason(&fixture->exits_before, 0x78, 5, 0, 1000, 1000);
	add(after, &fixture->exits_after, 1, 2000,
	    (struct exit_figures){ 1100, 650, 150, 100, 17 });
	add_reason(&fixture->exits_after, 0x78, 10, 0, 1000, 1000);
	add_reason(&fixture->exits_after, 0x7b, 0, 4, 2000, 5000);
	add(after, &fixture->exits_after, 2, 500, (struct exit_figures){ 400, 100, 0, 0, 3 });
	add_reason(&fixture->exits_after, 0x78, 3, 0, 4000, 4000);
}

static void test_by_vcpu(void **state)
{
	struct fixture *fixture = *state;
	const struct exit_row *row;

	two_vcpus(fixture);
	make(fixture, BY_VCPU);
	assert_int_equal(fixture->exit_rows.count, 2);
	row = &fixture->exit_rows.list[0];
	assert_int_equal(row->row.identity.tid, 101);
	assert_int_equal(row->interval.guest_ns, 500);
	assert_int_equal(row->interval.kvm_ns, 350);
	assert_int_equal(row->interval.vmm_ns, 100);
	assert_int_equal(row->interval.poll_ns, 50);
	assert_int_equal(row->interval.exits, 10);
	assert_int_equal(row->total.guest_ns, 1100);
	assert_int_equal(row->reason_count, 2);
	/* 4 * (2000 + 2000) before 5 * 1000 */
	assert_string_equal(row->reasons[0]->name, "io");
	assert_int_equal(row->reasons[0]->interval.max_ns, 5000);
	assert_string_equal(row->reasons[1]->name, "hlt");
	assert_int_equal(reason_figures__count(&row->reasons[1]->interval), 5);
	assert_int_equal(reason_figures__count(&row->reasons[1]->total), 10);
	assert_int_equal(row->handled, 9);
	assert_int_equal(row->handle_ns, 21000);
	/* No new longest one: from the bucket, but no more than the longest. */
	assert_in_range(row->reasons[1]->interval.max_ns, 930, 1000);
	assert_int_equal(fixture->exit_rows.list[1].interval.exits, 3);
}

static void test_by_vm(void **state)
{
	struct fixture *fixture = *state;
	const struct exit_row *row;

	two_vcpus(fixture);
	make(fixture, BY_VM);
	assert_int_equal(fixture->exit_rows.count, 1);
	row = &fixture->exit_rows.list[0];
	assert_int_equal(row->interval.guest_ns, 900);
	assert_int_equal(row->interval.exits, 13);
	assert_int_equal(row->reason_count, 2);
	assert_string_equal(row->reasons[0]->name, "hlt");
	assert_int_equal(row->reasons[0]->interval.count[EXIT_KERNEL], 8);
	assert_int_equal(row->reasons[0]->interval.handle_ns[EXIT_KERNEL], 17000);
	assert_int_equal(row->reasons[0]->interval.max_ns, 4000);
	assert_ptr_equal(row->reasons[0]->row, &fixture->rows.list[0]);
	assert_int_equal(row->reasons[0]->row_handled, row->handled);
}

/* Reasons without an exit in the interval are not there. */
static void test_quiet_reason(void **state)
{
	struct fixture *fixture = *state;

	add(&fixture->before, &fixture->exits_before, 1, 10,
	    (struct exit_figures){ 10, 0, 0, 0, 5 });
	add_reason(&fixture->exits_before, 0x78, 5, 0, 1000, 1000);
	add(&fixture->after, &fixture->exits_after, 1, 20, (struct exit_figures){ 20, 0, 0, 0, 5 });
	add_reason(&fixture->exits_after, 0x78, 5, 0, 1000, 1000);
	make(fixture, BY_VCPU);
	assert_int_equal(fixture->exit_rows.list[0].reason_count, 0);
	assert_int_equal(fixture->exit_rows.list[0].handled, 0);
}

/* A wait that was shown as longer than it was: the row adds up all the same. */
static void test_wait_shrinks(void **state)
{
	struct fixture *fixture = *state;
	const struct exit_row *row;
	struct figures *figures;

	add(&fixture->before, &fixture->exits_before, 1, 900,
	    (struct exit_figures){ 600, 200, 100, 0, 7 });
	figures = &fixture->before.threads.list[0].figures;
	figures->elapsed_ns = 1000;
	figures->ready_ns[CAUSE_PREEMPT] = 100;
	add(&fixture->after, &fixture->exits_after, 1, 1500,
	    (struct exit_figures){ 900, 300, 300, 0, 9 });
	make(fixture, BY_VCPU);
	row = &fixture->exit_rows.list[0];
	assert_int_equal(row->row.interval.elapsed_ns, 500);
	assert_int_equal(row->row.interval.run_ns, 500);
	assert_int_equal(row->interval.guest_ns, 300);
	assert_int_equal(row->interval.kvm_ns, 0);
	assert_int_equal(row->interval.vmm_ns, 200);
}

/* What was shown as KVM's turns out to have been polling: the sum stays. */
static void test_shrinks(void **state)
{
	struct fixture *fixture = *state;
	const struct exit_figures *interval;

	add(&fixture->before, &fixture->exits_before, 1, 1000,
	    (struct exit_figures){ 500, 500, 0, 0, 1 });
	add(&fixture->after, &fixture->exits_after, 1, 2000,
	    (struct exit_figures){ 1000, 400, 300, 300, 2 });
	make(fixture, BY_VCPU);
	interval = &fixture->exit_rows.list[0].interval;
	assert_int_equal(interval->kvm_ns, 0);
	assert_int_equal(interval->poll_ns, 200);
	assert_int_equal(interval->guest_ns, 500);
	assert_int_equal(interval->vmm_ns, 300);
}

static void test_silent(void **state)
{
	struct fixture *fixture = *state;

	add(&fixture->after, &fixture->exits_after, 1, 10, (struct exit_figures){ 10, 0, 0, 0, 0 });
	fixture->exits_after.silent = true;
	make(fixture, BY_VCPU);
	assert_false(fixture->exit_rows.list[0].known);
	assert_false(fixture->exit_rows.list[0].poll_known);
}

/* Without an event a vCPU is where it was, or nobody knows where: n/a, not a guess. */
static void test_without_events(void **state)
{
	struct fixture *fixture = *state;
	const struct figures busy = { .elapsed_ns = 100, .run_ns = 60, .halt_ns = 40 };
	const struct figures asleep = { .elapsed_ns = 100, .block_ns = 100 };
	struct exit_thread *thread;

	add(&fixture->after, &fixture->exits_after, 1, 60, (struct exit_figures){ 0 });
	thread = &fixture->exits_after.threads.list[0];
	exit_thread__without_events(thread, &busy, EXIT_IN_VMM, EXIT_ISA_UNKNOWN);
	assert_int_equal(thread->figures.vmm_ns, 60);
	thread->figures = (struct exit_figures){ 0 };
	exit_thread__without_events(thread, &busy, EXIT_IN_GUEST, EXIT_ISA_UNKNOWN);
	assert_int_equal(thread->figures.guest_ns, 60);
	make(fixture, BY_VCPU);
	assert_true(fixture->exit_rows.list[0].known);
	thread->figures = (struct exit_figures){ 0 };
	exit_thread__without_events(thread, &busy, EXIT_IN_KVM, EXIT_ISA_SVM);
	assert_true(thread->known && thread->figures.kvm_ns == 60);
	exit_thread__without_events(thread, &asleep, EXIT_IN_KVM, EXIT_ISA_UNKNOWN);
	assert_true(thread->known);
	exit_thread__without_events(thread, &busy, EXIT_IN_KVM, EXIT_ISA_UNKNOWN);
	make(fixture, BY_VCPU);
	assert_false(fixture->exit_rows.list[0].known);
	assert_false(fixture->exit_rows.list[0].poll_known);
}

/* What goes on may be less than nothing: the sum is right all the same. */
static void test_progress(void **state)
{
	struct exit_figures figures = { .guest_ns = 1000, .kvm_ns = 50, .vmm_ns = 200 };

	(void)state;
	exit_figures__add_progress(&figures, EXIT_IN_VMM, 30, 5);
	assert_true(figures.guest_ns == 1005 && figures.kvm_ns == 50 && figures.vmm_ns == 230);
	exit_figures__add_progress(&figures, EXIT_IN_KVM, -70, 0);
	assert_true(figures.guest_ns == 985 && figures.kvm_ns == 0 && figures.vmm_ns == 230);
	exit_figures__add_progress(&figures, EXIT_IN_KVM, -12000, 12100);
	assert_true(figures.guest_ns == 1085 && figures.kvm_ns == 0 && figures.vmm_ns == 230);
	exit_figures__add_progress(&figures, EXIT_IN_KVM, 100, -1200);
	assert_true(figures.guest_ns == 0 && figures.kvm_ns == 100 && figures.vmm_ns == 115);
	exit_figures__add_progress(&figures, EXIT_IN_KVM, -1000, 0);
	assert_true(!figures.guest_ns && !figures.kvm_ns && !figures.vmm_ns);
}

static void test_nobody(void **state)
{
	struct fixture *fixture = *state;

	make(fixture, BY_VM);
	assert_int_equal(fixture->exit_rows.count, 0);
}

/* In whatever order they are read: each is its vCPU's, also beside one that has no row. */
static void test_reasons_by_key(void **state)
{
	static const uint32_t codes[] = { 7, 3, 0xffffffff, EXIT_CODE_OTHER, 5 };
	struct fixture *fixture = *state;
	const struct exit_rows *rows = &fixture->exit_rows;
	const struct reason_snapshot *list;

	for (uint64_t id = 1; id <= 3; id++) {
		add(&fixture->after, &fixture->exits_after, id, 2000, (struct exit_figures){ 0 });
		for (uint32_t i = 0; i < ARRAY_SIZE(codes); i++)
			add_reason(&fixture->exits_after, codes[i], 10 * id + i, 0, 100, 100);
		if (id == 2)
			continue;
		add(&fixture->before, &fixture->exits_before, id, 1000, (struct exit_figures){ 0 });
		add_reason(&fixture->exits_before, 5, 1, 0, 100, 100);
	}
	/* The second was there before, and could not be read. */
	fixture->after.threads.list[1].figures.elapsed_ns = 2000000000;
	list = fixture->exits_after.reasons.list;
	for (size_t i = 1; i < 3 * ARRAY_SIZE(codes); i++)
		assert_true(compare_reasons(&list[i - 1], &list[i]) < 0);
	make(fixture, BY_VCPU);
	assert_int_equal(rows->count, 2);
	for (size_t i = 0; i < 2; i++) {
		uint64_t tens = i ? 30 : 10;

		assert_int_equal(rows->list[i].reason_count, ARRAY_SIZE(codes));
		assert_int_equal(rows->list[i].handled, 5 * tens + 1 + 2 + 3 + 4 - 1);
		assert_int_equal(rows->list[i].reasons[0]->code, 5);
		assert_int_equal(rows->list[i].reasons[0]->interval.count[EXIT_KERNEL], tens + 3);
		assert_int_equal(rows->list[i].reasons[1]->code, EXIT_CODE_OTHER);
	}
}

/* Where the hooks were not attached all the time, nothing is known of the interval. */
static void test_attached_meanwhile(void **state)
{
	struct fixture *fixture = *state;

	two_vcpus(fixture);
	fixture->exits_before.since_ns = fixture->exits_after.since_ns = 7;
	make(fixture, BY_VCPU);
	assert_true(fixture->exit_rows.list[0].known);
	fixture->exits_before.since_ns = 6;
	make(fixture, BY_VCPU);
	assert_false(fixture->exit_rows.list[0].known);
	assert_false(fixture->exit_rows.list[0].poll_known);
	fixture->exits_before.since_ns = 7;
	strcpy(fixture->exits_after.missing, "its hooks are not attached");
	make(fixture, BY_VCPU);
	assert_false(fixture->exit_rows.list[0].known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_by_vcpu, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_by_vm, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_quiet_reason, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wait_shrinks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_shrinks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_silent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_attached_meanwhile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_without_events, set_up, tear_down),
		cmocka_unit_test(test_progress),
		cmocka_unit_test_setup_teardown(test_nobody, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reasons_by_key, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
