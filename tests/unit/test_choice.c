// SPDX-License-Identifier: GPL-2.0-only
/* --vm and --cgroup of what was recorded: user/model/choice.c. */
#include "unit.h"

#include "model/choice.h"
#include "model/view_sets.h"
#include "scene.h"

#define UUID "11111111-2222-3333-4444-555555555555"

/* Two VMs of one name, one that waits for both and for vhost, and one that is in the way only. */
static const char scene[] =
	"view\n"
	"moments time_ns=1 other_vms=1 other_vcpus=4\n"
	"vms pid=10 start_ns=1 name=web-10 uuid=" UUID
	" cgroup=/m.slice/a has_pid_added=1 chosen=1\n"
	"vms pid=20 start_ns=1 name=web-20 proxmox_id=100 cgroup=/m.slice has_pid_added=1 "
	"chosen=1\n"
	"vms pid=30 start_ns=1 name=db-x cgroup=/m.slicer chosen=1\n"
	"vms pid=40 start_ns=1 name=left chosen=0\n"
	"vms pid=50 start_ns=1 name=gone cgroup=/ chosen=1\n"
	"thread_names id=1 vm_pid=10 vm_start_ns=1 is_vcpu=1\n"
	"thread_names id=2 vm_pid=20 vm_start_ns=1 is_vcpu=1\n"
	"thread_names id=3 vm_pid=30 vm_start_ns=1 is_vcpu=1\n"
	"thread_names id=4 vm_pid=30 is_vcpu=0\n"
	"thread_names id=5 vm_pid=50 vm_start_ns=1 is_vcpu=1\n"
	"threads id=5 state=4\n"
	"overlaps vm_pid=10\noverlaps vm_pid=30\n"
	"blame victim=1 kind=1 tid=21 cgroup_id=0 comm=v vm_pid=20\n"
	"blame victim=3 kind=1 tid=11 cgroup_id=0 comm=v vm_pid=10\n"
	"blame victim=3 kind=3 tid=99 cgroup_id=0 comm=vhost-40\n"
	"cgroup_limits vm_pid=10 vm_start_ns=1 depth=1\ncgroup_limits vm_pid=30 vm_start_ns=1 "
	"depth=1\n"
	"exit_threads id=1\nexit_threads id=3\n"
	"exit_reasons thread=1 code=5\nexit_reasons thread=3 code=5\n"
	"numa_threads id=2\nnuma_threads id=3\n"
	"numa_vms pid=20 start_ns=1\nnuma_vms pid=30 start_ns=1\n"
	"io_vms pid=10 start_ns=1 name=web-10 uuid=" UUID
	" cgroup_id=7 cgroup_of_vms=1 own_cgroup=/m.slice/a cgroup=/ has_pid_added=1 chosen=1\n"
	"io_vms pid=20 start_ns=1 name=web-20 proxmox_id=100 cgroup_id=7 cgroup_of_vms=1 "
	"cgroup=/m.slice has_pid_added=1 chosen=1\n"
	"io_vms pid=30 start_ns=1 name=db-x cgroup_id=8 cgroup=/m.slicer chosen=1\n"
	"block_flows dev=1 cgroup_id=7 vm_pid=0 op=0 owner=2 owner_pid=10 owner_start_ns=1\n"
	"block_flows dev=1 cgroup_id=8 vm_pid=30 op=0 owner=1 owner_pid=30 owner_start_ns=1\n";

static void read_view(struct view *view)
{
	struct scene_form form = { all_sets, 0, sizeof(*view) };
	FILE *file = fmemopen((void *)scene, strlen(scene), "r");

	while (form.sets[form.set_count])
		form.set_count++;
	assert_non_null(file);
	assert_int_equal(scene_read(&form, file, view, 1), 1);
	fclose(file);
}

static void choose(struct view *view, const char *name, const char *cgroup)
{
	const struct options options = { .vms = { name },
					 .vm_count = name ? 1 : 0,
					 .cgroup = cgroup };

	read_view(view);
	assert_int_equal(view__choose(view, &options), 0);
}

/* The VMs that are chosen, a bit for each ten of their PIDs; the same for both kinds of them. */
static unsigned int chosen(const char *name, const char *cgroup)
{
	unsigned int bits = 0, io_bits = 0;
	struct view view;

	choose(&view, name, cgroup);
	for (size_t i = 0; i < view.sched.vms.count; i++)
		if (view.sched.vms.list[i].chosen)
			bits |= 1U << view.sched.vms.list[i].pid / 10;
	for (size_t i = 0; i < view.io.vms.count; i++)
		if (view.io.vms.list[i].chosen)
			io_bits |= 1U << view.io.vms.list[i].pid / 10;
	assert_int_equal(bits & ~(1U << 5), io_bits);
	view__free(&view);
	return bits;
}

#define A (1U << 1)
#define B (1U << 2)
#define DB (1U << 3)
#define GONE (1U << 5)

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(chosen(NULL, NULL), A | B | DB | GONE);
	assert_int_equal(chosen("web", NULL), A | B); /* as each of the two is called */
	assert_int_equal(chosen("web-20", NULL), B);
	assert_int_equal(chosen("name=web-10", NULL), A);
	assert_int_equal(chosen("100", NULL), B);
	assert_int_equal(chosen("id=100", NULL), B);
	assert_int_equal(chosen("30", NULL), DB);
	assert_int_equal(chosen(UUID, NULL), A);
	assert_int_equal(chosen("db", NULL), 0); /* what stands behind its dash is the name's */
	assert_int_equal(chosen("db-x", NULL), DB);
	/* Who did not pass the filter then has no rows. */
	assert_int_equal(chosen("left", NULL), 0);
}

static void test_cgroups(void **state)
{
	(void)state;
	assert_int_equal(chosen(NULL, "/m.slice"), A | B);
	assert_int_equal(chosen(NULL, "m.slice/"), A | B);
	assert_int_equal(chosen(NULL, "/sys/fs/cgroup/m.slice/a"), A);
	assert_int_equal(chosen(NULL, "/sys/fs/cgroup"), A | B | DB | GONE);
	assert_int_equal(chosen(NULL, "/"), A | B | DB | GONE);
	assert_int_equal(chosen(NULL, "/m"), 0);
	assert_int_equal(chosen("web", "/m.slice/a"), A);
}

/* What only looks like a name with a PID, as damage may make it. */
static void test_damaged(void **state)
{
	const struct vm vm = { .pid = 1, .has_pid_added = true, .name = "nodash" };

	(void)state;
	assert_true(vm__is_named(&vm, "nodash"));
	assert_false(vm__is_below(&vm, "/"));
}

/* Nothing of the others is left but their number, and the names of those that were waited for. */
static void test_lists(void **state)
{
	struct view view;

	(void)state;
	choose(&view, "web-10", NULL);
	assert_int_equal(view.sched.threads.count, 1);
	assert_int_equal(view.sched.threads.list[0].identity.id, 1);
	assert_int_equal(view.sched.other_vms, 1 + 2); /* without the one that has exited */
	assert_int_equal(view.sched.other_vcpus, 4 + 2);
	assert_int_equal(view.sched.vms.count, 2);
	assert_int_equal(view.sched.vms.list[1].pid, 20);
	assert_int_equal(view.sched.overlaps.count, 1);
	assert_int_equal(view.sched.blame.count, 1);
	assert_int_equal(view.limits.count, 1);
	assert_int_equal(view.exits.threads.count, 1);
	assert_int_equal(view.exits.reasons.count, 1);
	assert_int_equal(view.numa.threads.count, 0);
	assert_int_equal(view.numa.vms.count, 0);
	assert_int_equal(view.io.vms.count, 3);
	assert_int_equal(view.io.block.flows.count, 2);
	view__free(&view);
}

static void test_vhost(void **state)
{
	struct view view;

	(void)state;
	choose(&view, "db-x", NULL);
	assert_int_equal(view.sched.threads.count, 2);
	assert_int_equal(view.sched.blame.count, 2);
	assert_int_equal(view.sched.vms.count,
			 3); /* its own, whose vCPU it waited for, whose vhost */
	assert_int_equal(view.sched.other_vms, 1 + 2);
	assert_int_equal(view.numa.vms.count, 1);
	view__free(&view);
}

/* Requests of a cgroup that several VMs share are shown with one that is wanted. */
static void test_shared_cgroup(void **state)
{
	struct view view;

	(void)state;
	choose(&view, "web-20", NULL);
	assert_int_equal(view.io.block.flows.list[0].whose.vm_pid, 20);
	assert_int_equal(view.io.block.flows.list[1].whose.vm_pid, 30);
	view__free(&view);
	choose(&view, "db-x", NULL);
	assert_int_equal(view.io.block.flows.list[0].whose.vm_pid, 10);
	view__free(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	cmocka_unit_test(test_cgroups),
		cmocka_unit_test(test_damaged), cmocka_unit_test(test_lists),
		cmocka_unit_test(test_vhost),	cmocka_unit_test(test_shared_cgroup),
	};

	return cmocka_run_group_tests_name("choice", tests, NULL, NULL);
}
