// SPDX-License-Identifier: GPL-2.0-only
/* The difference of two snapshots: user/sched/rows.c. */
#include "moment_vms.h"
#include "sched/rows.h"

#define MSEC 1000000ULL
#define SEC 1000000000ULL

/* Two snapshots a second apart, and the rows between them. */
struct scene {
	struct snapshot before, after;
	struct rows rows;
};

static int set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	if (!scene)
		return -1;
	scene->before.time_ns = 100 * SEC;
	scene->after.time_ns = scene->after.end_ns = 101 * SEC;
	*state = scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;

	rows__free(&scene->rows);
	snapshot__free(&scene->before);
	snapshot__free(&scene->after);
	free(scene);
	return 0;
}

/* A vCPU of process pid, in pid order; its VM is "vm-PID". */
static struct thread_snapshot *add(struct snapshot *snapshot, uint32_t pid, int32_t vcpu)
{
	struct thread_snapshot *thread = list_add(&snapshot->threads);

	assert_non_null(thread);
	*thread = (struct thread_snapshot){
		.identity = {
			.id = (uint64_t)pid << 32 | (uint32_t)vcpu,
			.vm_start_ns = pid,
			.vm_pid = pid,
			.tid = pid + 1 + (uint32_t)vcpu,
			.vcpu = vcpu,
			.is_vcpu = true,
			.comm = "CPU 0/KVM",
			.vm_comm = "vm",
		},
		.cpu = (uint32_t)vcpu,
	};
	return thread;
}

static struct figures figures(uint64_t run_ms, uint64_t wake_ms, uint64_t preempt_ms,
			      uint64_t halt_ms, uint64_t block_ms)
{
	return (struct figures){
		.elapsed_ns = (run_ms + wake_ms + preempt_ms + halt_ms + block_ms) * MSEC,
		.run_ns = run_ms * MSEC,
		.ready_ns = { wake_ms * MSEC, preempt_ms * MSEC },
		.halt_ns = halt_ms * MSEC,
		.block_ns = block_ms * MSEC,
	};
}

/* The sums of vCPUs' rows are the rows of VMs. */
static void check_sums(const struct scene *scene)
{
	struct rows vcpus = { 0 }, sums = { 0 };

	assert_int_equal(rows__make_both(&sums, &vcpus, &scene->before, &scene->after), 0);
	assert_int_equal(sums.count, scene->rows.count);
	for (size_t i = 0; i < sums.count; i++) {
		const struct row *sum = &sums.list[i], *row = &scene->rows.list[i];

		assert_memory_equal(&sum->interval, &row->interval, sizeof(row->interval));
		assert_memory_equal(&sum->total, &row->total, sizeof(row->total));
		assert_memory_equal(sum->hist, row->hist, sizeof(*row->hist));
		assert_ptr_equal(sum->vm, row->vm);
		assert_int_equal(sum->identity.tid, 0);
		assert_int_equal(sum->vcpus, row->vcpus);
		assert_int_equal(sum->worst_vcpu, row->worst_vcpu);
		assert_int_equal(sum->lag_ns, row->lag_ns);
	}
	rows__free(&vcpus);
	rows__free(&sums);
}

static void make(struct scene *scene, enum group_by by)
{
	fill_vms(&scene->after, "/nonexistent");
	assert_int_equal(rows__make(&scene->rows, &scene->before, &scene->after, by), 0);
	if (by == BY_VM)
		check_sums(scene);
}

static const struct row *only_row(struct scene *scene, enum group_by by)
{
	make(scene, by);
	assert_int_equal(scene->rows.count, 1);
	return &scene->rows.list[0];
}

static void test_difference(void **state)
{
	struct scene *scene = *state;
	struct thread_snapshot *thread = add(&scene->before, 10, 0);
	const struct row *row;

	thread->figures = figures(1000, 20, 300, 4000, 50000);
	thread->figures.waits[CAUSE_WAKE] = 11;
	thread->figures.waits[CAUSE_PREEMPT] = 7;
	thread->figures.ended_ns = 310 * MSEC;
	thread->hist.count[CAUSE_WAKE][5] = UINT32_MAX; /* it wraps */
	thread->hist.count[CAUSE_PREEMPT][90] = 4;
	thread = add(&scene->after, 10, 0);
	thread->cpu = 3;
	thread->figures = figures(1400, 25, 395, 4200, 50300);
	thread->figures.waits[CAUSE_WAKE] = 14;
	thread->figures.waits[CAUSE_PREEMPT] = 9;
	thread->figures.ended_ns = 400 * MSEC;
	thread->hist.count[CAUSE_WAKE][5] = 2;
	thread->hist.count[CAUSE_PREEMPT][90] = 6;

	row = only_row(scene, BY_VCPU);
	assert_int_equal(row->interval.elapsed_ns, 1000 * MSEC);
	assert_int_equal(row->interval.run_ns, 400 * MSEC);
	assert_int_equal(row->interval.ready_ns[CAUSE_WAKE], 5 * MSEC);
	assert_int_equal(row->interval.ready_ns[CAUSE_PREEMPT], 95 * MSEC);
	assert_int_equal(row->interval.halt_ns, 200 * MSEC);
	assert_int_equal(row->interval.block_ns, 300 * MSEC);
	assert_int_equal(row->interval.waits[CAUSE_WAKE], 3);
	assert_int_equal(row->interval.waits[CAUSE_PREEMPT], 2);
	assert_int_equal(row->interval.ended_ns, 90 * MSEC);
	assert_int_equal(row->hist->count[CAUSE_WAKE][5], 3);
	assert_int_equal(row->hist->count[CAUSE_PREEMPT][90], 2);
	assert_int_equal(figures__ready(&row->interval), 100 * MSEC);
	assert_int_equal(figures__waits(&row->interval), 5);
	assert_int_equal(row->total.run_ns, 1400 * MSEC);
	assert_int_equal(row->total.waits[CAUSE_WAKE], 14);
	assert_int_equal(row->cpu, 3);
	assert_int_equal(row->vcpus, 1);
	assert_int_equal(row->vm_vcpus, 1);
	assert_int_equal(row->worst_ready_mpct, 10000);
	assert_string_equal(row->vm->name, "vm-10");
}

/* A thread that began within the interval counts from zero. */
static void test_new_thread(void **state)
{
	struct scene *scene = *state;
	struct thread_snapshot *thread = add(&scene->after, 10, 0);
	const struct row *row;

	thread->figures = figures(600, 0, 400, 0, 0);
	thread->figures.max_ns = 30 * MSEC;
	thread->hist.count[CAUSE_PREEMPT][90] = 6;
	row = only_row(scene, BY_VCPU);
	assert_int_equal(row->interval.elapsed_ns, 1000 * MSEC);
	assert_int_equal(row->interval.run_ns, 600 * MSEC);
	assert_int_equal(row->interval.max_ns, 30 * MSEC);
	assert_int_equal(row->hist->count[CAUSE_PREEMPT][90], 6);
}

/* One that is older, and was not readable before, would show too much: not at all. */
static void test_unknown_before(void **state)
{
	struct scene *scene = *state;

	add(&scene->after, 10, 0)->figures = figures(1001, 0, 0, 0, 0);
	make(scene, BY_VCPU);
	assert_int_equal(scene->rows.count, 0);
	make(scene, BY_VM);
	assert_int_equal(scene->rows.count, 0);
}

/* Its books began anew: what it does since, and not a difference to what is no longer so. */
static void test_begun_anew(void **state)
{
	struct scene *scene = *state;
	struct thread_snapshot *before = add(&scene->before, 10, 0);
	struct thread_snapshot *after = add(&scene->after, 10, 0);
	const struct row *row;

	before->figures = figures(950, 0, 0, 0, 0);
	before->read_rq = 99 * SEC;
	after->figures = figures(10, 0, 0, 850, 0);
	after->read_rq = 100 * SEC;
	row = only_row(scene, BY_VCPU);
	assert_int_equal(row->interval.elapsed_ns, 860 * MSEC);
	assert_int_equal(row->interval.run_ns, 10 * MSEC);
	assert_int_equal(row->interval.halt_ns, 850 * MSEC);
	/* An older one, by as much as there is between the two readings. */
	after->figures = figures(1000, 0, 0, 0, 0);
	assert_int_equal(only_row(scene, BY_VCPU)->interval.run_ns, 50 * MSEC);
}

/* A wait shown as ready that the kernel counts as 0 in the end: no row over 100 %. */
static void test_shrunk_wait(void **state)
{
	struct scene *scene = *state;
	const struct row *row;

	add(&scene->before, 10, 0)->figures = figures(500, 300, 0, 200, 0);
	add(&scene->after, 10, 0)->figures = figures(700, 290, 0, 1010, 0);
	row = only_row(scene, BY_VCPU);
	assert_int_equal(figures__ready(&row->interval), 0);
	assert_int_equal(row->interval.run_ns + figures__ready(&row->interval) +
				 row->interval.halt_ns + row->interval.block_ns,
			 row->interval.elapsed_ns);
}

static void test_gone_thread(void **state)
{
	struct scene *scene = *state;

	add(&scene->before, 10, 0)->figures = figures(10, 0, 0, 0, 0);
	add(&scene->before, 11, 0)->figures = figures(20, 0, 0, 0, 0);
	add(&scene->before, 12, 0)->figures = figures(30, 0, 0, 0, 0);
	add(&scene->after, 11, 0)->figures = figures(25, 0, 0, 0, 0);
	/* The tid of the first, for a new thread: a new id. */
	add(&scene->after, 13, 0)->figures = figures(7, 0, 0, 0, 0);
	make(scene, BY_VCPU);
	assert_int_equal(scene->rows.count, 2);
	assert_int_equal(scene->rows.list[0].vm->pid, 11);
	assert_int_equal(scene->rows.list[0].interval.run_ns, 5 * MSEC);
	assert_int_equal(scene->rows.list[1].vm->pid, 13);
	assert_int_equal(scene->rows.list[1].interval.run_ns, 7 * MSEC);
}

/* Estimates of what is going on may shrink by a little: 0, never negative. */
static void test_never_negative(void **state)
{
	struct scene *scene = *state;
	struct thread_snapshot *thread = add(&scene->before, 10, 0);
	const struct figures zero = { 0 };
	struct figures result;

	thread->figures = figures(100, 50, 60, 70, 80);
	thread->figures.waits[CAUSE_WAKE] = thread->figures.waits[CAUSE_PREEMPT] = 5;
	thread->figures.ended_ns = 40 * MSEC;
	add(&scene->after, 10, 0)->figures = figures(99, 49, 59, 69, 79);
	result = only_row(scene, BY_VCPU)->interval;
	assert_memory_equal(&result, &zero, sizeof(zero));
}

static void test_vm_sums(void **state)
{
	struct scene *scene = *state;
	const struct row *row;

	for (int32_t vcpu = 0; vcpu < 3; vcpu++) {
		struct thread_snapshot *thread = add(&scene->before, 10, vcpu);

		thread->figures = figures(5, 5, 5, 5, 5);
		thread = add(&scene->after, 10, vcpu);
		thread->figures =
			figures(505, 5 + 10 * (uint64_t)vcpu, 105, 5, 405 - 10 * (uint64_t)vcpu);
		thread->figures.waits[CAUSE_PREEMPT] = 2 + (uint64_t)vcpu;
		thread->figures.ended_ns = 50 * MSEC;
		thread->figures.max_ns = (38 + (uint64_t)vcpu) * MSEC;
		thread->hist.count[CAUSE_PREEMPT][90] = 2 + (uint32_t)vcpu;
	}
	add(&scene->after, 20, 0)->figures = figures(100, 0, 0, 0, 0);
	make(scene, BY_VM);
	assert_int_equal(scene->rows.count, 2);
	row = &scene->rows.list[0];
	assert_int_equal(row->identity.tid, 0); /* a sum is no thread */
	assert_int_equal(row->interval.elapsed_ns, 3000 * MSEC);
	assert_int_equal(row->interval.run_ns, 1500 * MSEC);
	assert_int_equal(row->interval.ready_ns[CAUSE_WAKE], 30 * MSEC);
	assert_int_equal(row->interval.ready_ns[CAUSE_PREEMPT], 300 * MSEC);
	assert_int_equal(row->interval.block_ns, 1170 * MSEC);
	assert_int_equal(row->interval.halt_ns, 0);
	assert_int_equal(row->interval.waits[CAUSE_PREEMPT], 9);
	assert_int_equal(row->interval.ended_ns, 150 * MSEC);
	assert_int_equal(row->interval.max_ns, 40 * MSEC);
	assert_int_equal(row->hist->count[CAUSE_PREEMPT][90], 9);
	assert_int_equal(row->total.run_ns, 1515 * MSEC);
	assert_int_equal(row->total.elapsed_ns, (3 * 1025) * MSEC);
	assert_int_equal(row->vcpus, 3);
	assert_int_equal(row->vm_vcpus, 3);
	assert_int_equal(row->vm_ready_ns, 330 * MSEC);
	assert_int_equal(row->worst_vcpu, 2);
	assert_int_equal(row->worst_ready_mpct, 12000);
	assert_int_equal(scene->rows.list[1].vcpus, 1);
	assert_int_equal(scene->rows.list[1].interval.run_ns, 100 * MSEC);
}

/* By vCPU each row knows its VM's sums, too. */
static void test_vm_sums_in_vcpu_rows(void **state)
{
	struct scene *scene = *state;

	add(&scene->after, 10, 0)->figures = figures(900, 40, 60, 0, 0);
	add(&scene->after, 10, 1)->figures = figures(900, 0, 25, 75, 0);
	add(&scene->after, 20, 0)->figures = figures(900, 0, 3, 0, 97);
	make(scene, BY_VCPU);
	assert_int_equal(scene->rows.count, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct row *row = &scene->rows.list[i];

		assert_int_equal(row->vm_ready_ns, i < 2 ? 125 * MSEC : 3 * MSEC);
		assert_int_equal(row->vm_vcpus, i < 2 ? 2 : 1);
		assert_int_equal(row->vcpus, 1);
		assert_int_equal(row->worst_vcpu, row->identity.vcpu);
	}
}

/* The first vCPU is the worst as long as none is worse: also with nothing ready. */
static void test_worst_of_none(void **state)
{
	struct scene *scene = *state;
	const struct row *row;

	add(&scene->after, 10, 4)->figures = figures(1000, 0, 0, 0, 0);
	add(&scene->after, 10, 5)->figures = figures(1000, 0, 0, 0, 0);
	row = only_row(scene, BY_VM);
	assert_int_equal(row->worst_vcpu, 4);
	assert_int_equal(row->worst_ready_mpct, 0);
}

/* Other threads are rows by thread only, and are in no sum of vCPUs. */
static void test_threads(void **state)
{
	struct scene *scene = *state;
	struct thread_snapshot *thread;

	add(&scene->after, 10, 0)->figures = figures(900, 0, 100, 0, 0);
	thread = add(&scene->after, 10, 7);
	thread->identity.is_vcpu = false;
	thread->identity.vcpu = VCPU_UNKNOWN;
	thread->figures = figures(0, 500, 0, 0, 500);
	make(scene, BY_VCPU);
	assert_int_equal(scene->rows.count, 1);
	make(scene, BY_VM);
	assert_int_equal(scene->rows.count, 1);
	assert_int_equal(figures__ready(&scene->rows.list[0].interval), 100 * MSEC);
	make(scene, BY_THREAD);
	assert_int_equal(scene->rows.count, 2);
	assert_true(scene->rows.list[0].identity.is_vcpu); /* vCPUs first */
	assert_int_equal(scene->rows.list[1].vcpus, 0);
	assert_int_equal(scene->rows.list[1].vm_vcpus, 1);
	assert_int_equal(scene->rows.list[1].vm_ready_ns, 100 * MSEC);
	assert_int_equal(scene->rows.list[1].interval.ready_ns[CAUSE_WAKE], 500 * MSEC);
}

/* A thread of a process that is no VM has no row. */
static void test_thread_without_vm(void **state)
{
	struct scene *scene = *state;
	struct thread_snapshot *thread = add(&scene->after, 10, 0);

	thread->identity.is_vcpu = false;
	thread->figures = figures(100, 0, 0, 0, 0);
	make(scene, BY_THREAD);
	assert_int_equal(scene->rows.count, 0);
}

/* By VM name, PID, then vCPU number, whatever the order of ids. */
static void test_order(void **state)
{
	static const struct {
		uint32_t pid;
		int32_t vcpu;
	} order[] = { { 30, 0 }, { 40, 0 }, { 40, 1 }, { 40, 2 }, { 20, 0 } };
	struct scene *scene = *state;
	struct thread_snapshot *thread;

	strcpy(add(&scene->after, 20, 0)->identity.vm_comm, "z");
	add(&scene->after, 30, 0);
	for (int32_t vcpu = 2; vcpu >= 0; vcpu--) {
		thread = add(&scene->after, 40, vcpu);
		thread->identity.id = (uint64_t)40 << 32 | (uint32_t)(2 - vcpu);
	}
	make(scene, BY_VCPU);
	assert_int_equal(scene->rows.count, ARRAY_SIZE(order));
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		assert_int_equal(scene->rows.list[i].vm->pid, order[i].pid);
		assert_int_equal(scene->rows.list[i].identity.vcpu, order[i].vcpu);
	}
}

static uint64_t middle(uint32_t bucket)
{
	return (hist_lower(bucket) + hist_lower(bucket + 1)) / 2;
}

/* The longest wait of the interval, though the counter is that of all time. */
static void test_max(void **state)
{
	static const struct {
		uint64_t before_ms, after_ms, waiting_ms;
		uint32_t bucket; /* of the longest wait that ended, or 0 */
		uint64_t max_ns;
	} cases[] = {
		{ 50, 80, 0, 90, 80 * MSEC },  /* longer than ever before: exact */
		{ 50, 50, 0, 90, 0 },	       /* not: from its bucket */
		{ 50, 50, 0, 0, 0 },	       /* no wait at all */
		{ 50, 50, 30, 0, 30 * MSEC },  /* one going on */
		{ 50, 50, 30, 20, 30 * MSEC }, /* and it is longer than those that ended */
		{ 50, 50, 1, 150, 50 * MSEC }, /* a bucket's middle beyond the longest of all */
	};
	struct scene *scene = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct thread_snapshot *before, *after;
		uint64_t expected = cases[i].max_ns;

		snapshot__clear(&scene->before);
		snapshot__clear(&scene->after);
		before = add(&scene->before, 10, 0);
		after = add(&scene->after, 10, 0);
		before->figures.max_ns = cases[i].before_ms * MSEC;
		after->figures.max_ns = cases[i].after_ms * MSEC;
		after->waiting_ns = cases[i].waiting_ms * MSEC;
		before->hist.count[CAUSE_WAKE][180] = after->hist.count[CAUSE_WAKE][180] = 9;
		if (cases[i].bucket) {
			after->hist.count[CAUSE_PREEMPT][cases[i].bucket] = 1;
			after->hist.count[CAUSE_WAKE][10] = 5;
		}
		if (i == 1)
			expected = middle(90);
		assert_int_equal(only_row(scene, BY_VCPU)->interval.max_ns, expected);
	}
}

/* Shares of any four parts add up to 100 % but for the rounding of each. */
static void test_shares_add_up(void **state)
{
	struct scene *scene = *state;
	uint64_t seed = 1234567;

	for (int i = 0; i < 1000; i++) {
		struct thread_snapshot *thread;
		const struct figures *f;
		uint64_t parts[5], sum;

		for (int part = 0; part < 5; part++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			parts[part] = (seed >> 33) % 200;
		}
		snapshot__clear(&scene->after);
		thread = add(&scene->after, 10, 0);
		thread->figures = figures(parts[0] + 1, parts[1], parts[2], parts[3], parts[4]);
		f = &only_row(scene, BY_VCPU)->interval;
		sum = share_mpct(f->run_ns, f->elapsed_ns) +
		      share_mpct(figures__ready(f), f->elapsed_ns) +
		      share_mpct(f->halt_ns, f->elapsed_ns) +
		      share_mpct(f->block_ns, f->elapsed_ns);
		assert_in_range(sum, 99998, 100002);
	}
}

/* More threads than there was room for, and fewer again. */
static void test_many(void **state)
{
	struct scene *scene = *state;

	for (uint32_t pid = 1; pid <= 500; pid++)
		add(&scene->after, pid, 0)->figures = figures(pid, 0, 0, 0, 0);
	make(scene, BY_VCPU);
	assert_int_equal(scene->rows.count, 500);
	scene->after.threads.count = 2;
	make(scene, BY_VM);
	assert_int_equal(scene->rows.count, 2);
	scene->after.threads.count = 0;
	make(scene, BY_THREAD);
	assert_int_equal(scene->rows.count, 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_difference),	   TEST(test_new_thread),  TEST(test_unknown_before),
		TEST(test_begun_anew),	   TEST(test_shrunk_wait), TEST(test_gone_thread),
		TEST(test_never_negative), TEST(test_vm_sums),	   TEST(test_vm_sums_in_vcpu_rows),
		TEST(test_worst_of_none),  TEST(test_threads),	   TEST(test_thread_without_vm),
		TEST(test_order),	   TEST(test_max),	   TEST(test_shares_add_up),
		TEST(test_many),
	};

	return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
