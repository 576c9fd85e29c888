// SPDX-License-Identifier: GPL-2.0-only
/* A host of many small VMs: what kvmq-why's rows and verdicts take. */
#include "why_scene.h"

#include <malloc.h>

#define VMS 1500
#define VCPUS 4
#define FIRST_PID 1000
#define BOUND (24UL << 20)

static size_t memory_used(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* Each vCPU waits for the next VM's first one, and while its CPU switches. */
static void fill(struct why_scene *scene)
{
	for (uint32_t pid = FIRST_PID; pid < FIRST_PID + VMS; pid++) {
		char name[32];

		snprintf(name, sizeof(name), "vm%u", pid);
		add_vm(scene, pid, name);
		for (int32_t vcpu = 0; vcpu < VCPUS; vcpu++) {
			uint64_t victim = add_vcpu(scene, pid, vcpu, 100, 300)->identity.id;
			struct blame *blame = list_add(&scene->after.sched.blame);

			*blame = (struct blame){ .victim = victim, .ns = 10 * MSEC };
			blame = list_add(&scene->after.sched.blame);
			*blame = (struct blame){ .victim = victim,
						 .offender = vcpu_of(pid + 1),
						 .ns = 290 * MSEC };
		}
	}
}

static void test_memory(void **state)
{
	struct why_scene *scene = *state;
	size_t before, taken;

	fill(scene);
	before = memory_used();
	assert_int_equal(why__make(&scene->why, &scene->before, &scene->after, &scene->settings),
			 0);
	taken = memory_used() - before;
	assert_true(scene->why.verdicts.count >= VMS);
	assert_non_null(strstr(scene->why.verdicts.list[0].summary, "of the time for a CPU"));
	if (!before) /* a sanitizer's allocator counts nothing */
		skip();
	print_message("%zu KiB\n", taken >> 10);
	assert_in_range(taken, 1, BOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_memory, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("why_scale", tests, NULL, NULL);
}
