// SPDX-License-Identifier: GPL-2.0-only
/* Whatever a VM calls itself, it is not shown as another one, nor taken for that one. */
#include "host/vm.h"

#include "base/units.h"
#include "fake_proc.h"
#include "unit.h"

#define FIRST 710

/* Which VM a name of these belongs to is told by its PID: the first one has the first, and so on.
 */
static void check_shown(const char *const *names, const char *const *shown, size_t count)
{
	static const struct vm_filter all;
	struct snapshot snapshot = { 0 };
	struct thread_snapshot *thread;
	struct fake_proc proc = { 0 };
	struct vms *vms;
	char arguments[128];

	fake_proc__open(&proc);
	vms = vms__new(proc.path, &all);
	for (uint32_t i = 0; i < count; i++) {
		struct identity identity = { .vm_pid = FIRST + i, .is_vcpu = true };

		snprintf(arguments, sizeof(arguments), "qemu-kvm|-name|guest=%s", names[i]);
		fake_proc__add(&proc, identity.vm_pid, "kvm", 5, names[i] ? arguments : "kvm", "");
		identity.vm_start_ns = 5 * (NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
		strcpy(identity.vm_comm, "kvm");
		assert_non_null(vms__get(vms, &identity));
		thread = list_add(&snapshot.threads);
		assert_non_null(thread);
		thread->identity = identity;
	}
	vms__sweep(vms, &snapshot);
	for (uint32_t i = 0; i < count; i++) {
		const struct vm *vm = vms__find(vms, FIRST + i);

		assert_string_equal(vm->name, shown[i]);
		assert_int_equal(vm->has_pid_added, names[i] && strcmp(names[i], shown[i]));
	}
	vms__free(vms);
	snapshot__free(&snapshot);
	fake_proc__close(&proc);
}

static void test_shown(void **state)
{
	static const char *const names[] = { "web",	  "web", "web-710", "web-710-712", "node-1",
					     "node-0710", "710", NULL,	    "kvm-717" };
	static const char *const shown[] = {
		"web-710",   "web-711", "web-710-712", "web-710-712-713", "node-1",
		"node-0710", "710",	"kvm-717",     "kvm-717-718"
	};

	(void)state;
	check_shown(names, shown, ARRAY_SIZE(names));
	/* The numbers of VMs that are not there mean nothing. */
	check_shown((const char *const[]){ "a-711" }, (const char *const[]){ "a-711" }, 1);
	check_shown((const char *const[]){ "a-710" }, (const char *const[]){ "a-710" }, 1);
}

static const char uuid[] = "11111111-2222-3333-4444-555555555555";

static bool matches(const char *name, const char *wanted)
{
	struct vm vm = { .pid = 710, .id = "100" };

	strcpy(vm.uuid, uuid);
	snprintf(vm.name, sizeof(vm.name), "%s", name);
	return vm__matches(&vm, name, wanted);
}

static void test_wanted(void **state)
{
	(void)state;
	assert_true(matches("web", "web") && matches("web", "web-710") && matches("web", uuid));
	assert_true(matches("web", "710") && matches("web", "100"));
	assert_false(matches("web", "web-711") || matches("web", "711") || matches("web", ""));
	/* A number is no name. */
	assert_false(matches("711", "711") || matches("12345", "12345"));
	assert_true(matches("711", "name=711") && matches("711", "name=711-710"));
	/* What is said to be something is nothing else. */
	assert_true(matches("web", "pid=710") && matches("web", "id=100"));
	assert_false(matches("web", "pid=100") || matches("web", "id=710"));
	assert_false(matches("web", "name=710") || matches("web", "name=100"));
	assert_false(matches("pid=711", "pid=711") || matches("id=7", "id=7"));
	assert_true(matches("pid=711", "name=pid=711") && matches("name=x", "name=name=x"));
	assert_true(matches("web", "uuid=11111111222233334444555555555555"));
	assert_false(matches(uuid, "uuid=web") || matches("uuid=x", "uuid=x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shown),
		cmocka_unit_test(test_wanted),
	};

	return cmocka_run_group_tests_name("vm_names", tests, NULL, NULL);
}
