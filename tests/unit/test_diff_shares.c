// SPDX-License-Identifier: GPL-2.0-only
/* What share of CPU time the weights of cgroups give VMs. */
#include "why_scene.h"

#include <math.h>

#include "cmd/diff_shares.h"

static void add_weight(struct why_scene *scene, uint32_t pid, uint32_t depth, const char *path,
		       uint32_t weight)
{
	struct cgroup_limit *limit = list_add(&scene->after.limits);

	assert_non_null(limit);
	*limit = (struct cgroup_limit){
		.vm_pid = pid, .vm_start_ns = pid, .depth = depth, .cpu_weight = weight
	};
	snprintf(limit->path, sizeof(limit->path), "%s", path);
}

static double share_of(struct why_scene *scene, size_t place)
{
	struct diff_shares shares = { .count = 0 };
	double share;

	assert_int_equal(diff_shares__make(&shares, &scene->after), 0);
	share = diff_shares__of(&shares, &scene->why.facts.list.list[place]);
	diff_shares__free(&shares);
	return share;
}

static void make(struct why_scene *scene)
{
	assert_int_equal(why_facts__make(&scene->why.facts, &scene->before, &scene->after), 0);
}

/* Two below one slice of weight 300, one beside it of weight 100: a slice is counted once. */
static void test_tree(void **state)
{
	struct why_scene *scene = *state;

	for (uint32_t pid = 1; pid <= 3; pid++) {
		add_vm(scene, pid, "vm");
		add_vcpu(scene, pid, 0, 100, 0);
	}
	add_weight(scene, 1, 1, "/a", 300);
	add_weight(scene, 1, 2, "/a/x", 100);
	add_weight(scene, 2, 1, "/a", 300);
	add_weight(scene, 2, 2, "/a/y", 200);
	add_weight(scene, 3, 1, "/b", 100);
	make(scene);
	assert_true(fabs(share_of(scene, 0) - 0.25) < 1e-9);
	assert_true(fabs(share_of(scene, 1) - 0.5) < 1e-9);
	assert_true(fabs(share_of(scene, 2) - 0.25) < 1e-9);
}

/* "/a/x" and "/b/x" have other parents, though of one length. */
static void test_parents(void **state)
{
	struct why_scene *scene = *state;

	for (uint32_t pid = 1; pid <= 2; pid++) {
		add_vm(scene, pid, "vm");
		add_vcpu(scene, pid, 0, 100, 0);
	}
	add_weight(scene, 1, 1, "/a", 100);
	add_weight(scene, 1, 2, "/a/x", 1);
	add_weight(scene, 2, 1, "/b", 100);
	add_weight(scene, 2, 2, "/b/x", 10000);
	make(scene);
	assert_true(fabs(share_of(scene, 0) - 0.5) < 1e-9);
	assert_true(fabs(share_of(scene, 1) - 0.5) < 1e-9);
}

static void test_unknown(void **state)
{
	struct why_scene *scene = *state;

	for (uint32_t pid = 1; pid <= 2; pid++) {
		add_vm(scene, pid, "vm");
		add_vcpu(scene, pid, 0, 100, 0);
	}
	add_weight(scene, 1, 1, "/a", 0);
	make(scene);
	assert_true(isnan(share_of(scene, 0)));
	assert_true(isnan(share_of(scene, 1)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tree, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_parents, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unknown, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
