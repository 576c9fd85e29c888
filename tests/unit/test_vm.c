// SPDX-License-Identifier: GPL-2.0-only
/* The registry of VMs, on a folder that looks like /proc: user/host/vm.c. */
#include "unit.h"

#include <errno.h>

#include "host/proc.h"
#include "host/vm.h"
#include "one_proc.h"

#define UUID "8a1f7c3e-5b2d-4c6a-9e0f-112233445566"
#define UUID_UPPER "8A1F7C3E-5B2D-4C6A-9E0F-112233445566"

static const struct vm_filter no_filter;

static uint64_t ticks_to_ns(uint64_t ticks)
{
	return ticks * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

static int set_up(void **state)
{
	open_proc(state);
	fake_proc__add(&proc, 100, "qemu-system-x86", 5000,
		       "qemu-system-x86_64|-name|guest=web,debug-threads=on|-uuid|" UUID,
		       "0::/machine.slice/machine-qemu\\x2d3\\x2dweb.scope/libvirt/emulator\n");
	fake_proc__add(&proc, 200, "firecracker", 6000, "firecracker|--id|db",
		       "12:cpuset:/\n0::/machine.slice/db\n");
	/* no name in its command line */
	fake_proc__add(&proc, 300, "cloud-hyperviso", 7000, "cloud-hypervisor|--cpus|boot=2",
		       "0::/machine.slice/machine-cache.scope\n");
	fake_proc__add(&proc, 400, "vm) S 7 (x", 8000, "kvm|-m|512", "0::/user.slice\n");
	return 0;
}

/* A vCPU of a process; the hook sees ns, up to a tick later than /proc shows. */
static struct identity vcpu_of(uint32_t pid, uint64_t start_ticks, uint64_t ns_more)
{
	struct identity identity = {
		.id = (uint64_t)pid << 32 | start_ticks,
		.vm_start_ns = ticks_to_ns(start_ticks) + ns_more,
		.vm_pid = pid,
		.tid = pid + 1,
		.is_vcpu = true,
		.comm = "CPU 0/KVM",
		.vm_comm = "the-vmm",
	};

	return identity;
}

static struct vm *get(struct vms *vms, uint32_t pid, uint64_t start_ticks)
{
	struct identity identity = vcpu_of(pid, start_ticks, 0);

	return vms__get(vms, &identity);
}

static void test_names(void **state)
{
	struct vms *vms = vms__new(proc.path, &no_filter);
	struct vm *vm;

	(void)state;
	vm = get(vms, 100, 5000);
	assert_non_null(vm);
	assert_string_equal(vm->name, "web");
	assert_string_equal(vm->uuid, UUID);
	assert_string_equal(vm->cgroup,
			    "/machine.slice/machine-qemu\\x2d3\\x2dweb.scope/libvirt/emulator");
	assert_true(vm->chosen);
	vm = get(vms, 200, 6000);
	assert_string_equal(vm->name, "db");
	assert_string_equal(vm->uuid, "");
	assert_string_equal(vm->cgroup, "/machine.slice/db"); /* v2's line, not the first */
	assert_string_equal(get(vms, 300, 7000)->name, "cache");
	assert_string_equal(get(vms, 400, 8000)->name, "the-vmm-400");
	assert_ptr_equal(vms__find(vms, 200), vm);
	assert_null(vms__find(vms, 201));
	assert_null(vms__find(vms, 199));
	vms__free(vms);
}

/* The same VM each time, also by its other threads and by its vhost's. */
static void test_identity(void **state)
{
	struct vms *vms = vms__new(proc.path, &no_filter);
	struct identity other = vcpu_of(100, 5000, 0);
	struct vm *vm;

	(void)state;
	other.is_vcpu = false;
	assert_null(vms__get(vms, &other)); /* no vCPU has made it a VM yet */
	vm = get(vms, 100, 5000);
	other.tid = 150;
	assert_ptr_equal(vms__get(vms, &other), vm);
	assert_ptr_equal(get(vms, 100, 5000), vm);
	other.vm_start_ns = 0;
	assert_ptr_equal(vms__get(vms, &other), vm);
	other.vm_pid = 300;
	assert_null(vms__get(vms, &other));
	vms__free(vms);
}

/* A PID that has another process by now must not give that one's name. */
static void test_pid_reuse(void **state)
{
	struct vms *vms = vms__new(proc.path, &no_filter);
	struct identity late = vcpu_of(100, 5000, ticks_to_ns(1) - 1);
	struct identity next = vcpu_of(100, 5000, ticks_to_ns(1));
	struct vm *old, *new;

	(void)state;
	/* Within the tick it is the same process. */
	assert_string_equal(vms__get(vms, &late)->name, "web");
	old = vms__get(vms, &next);
	assert_string_equal(old->name, "the-vmm-100");
	assert_string_equal(old->uuid, "");
	assert_string_equal(old->cgroup, "");
	assert_null(vms__cgroup(vms, 100, old->start_ns));
	vms__free(vms);
	/* Gone before anybody looked. */
	vms = vms__new(proc.path, &no_filter);
	old = get(vms, 999, 1);
	assert_string_equal(old->name, "the-vmm-999");
	/* An old one and its successor are two; the PID alone is the later one's. */
	old = get(vms, 100, 4000);
	new = get(vms, 100, 5000);
	assert_ptr_not_equal(old, new);
	assert_string_equal(old->name, "the-vmm-100");
	assert_string_equal(new->name, "web");
	assert_ptr_equal(vms__find(vms, 100), new);
	assert_ptr_equal(get(vms, 100, 4000), old);
	vms__free(vms);
}

static bool chosen_by(const char *name, const char *cgroup, uint32_t pid, uint64_t start_ticks)
{
	const char *const names[] = { "nosuch", name };
	struct cgroup_place place = { .path = (char *)cgroup };
	struct cgroup_filter places = { &place, 1 };
	struct vm_filter filter = { names, name ? 2 : 0, cgroup ? &places : NULL };
	struct vms *vms = vms__new(proc.path, &filter);
	bool chosen = get(vms, pid, start_ticks)->chosen;

	vms__free(vms);
	return chosen;
}

static void test_filter_by_name(void **state)
{
	(void)state;
	assert_true(chosen_by("web", NULL, 100, 5000));
	assert_true(chosen_by("100", NULL, 100, 5000));
	assert_true(chosen_by(UUID, NULL, 100, 5000));
	assert_true(chosen_by(UUID_UPPER, NULL, 100, 5000));
	assert_true(chosen_by("the-vmm-400", NULL, 400, 8000));
	assert_false(chosen_by("we", NULL, 100, 5000));
	assert_false(chosen_by("webx", NULL, 100, 5000));
	assert_false(chosen_by("WEB", NULL, 100, 5000));
	assert_false(chosen_by("10", NULL, 100, 5000));
	assert_false(chosen_by("0100", NULL, 100, 5000));
	assert_false(chosen_by("", NULL, 200, 6000)); /* it has no UUID */
}

/* A VM of that name, in a process of its own. */
static void add_named(uint32_t pid, const char *name)
{
	char *arguments;

	assert_true(asprintf(&arguments, "qemu-kvm|-name|guest=%s", name) > 0);
	fake_proc__add(&proc, pid, "qemu-kvm", 5000, arguments, "0::/\n");
	free(arguments);
}

/* However long, in any script: --vm finds it in full, and no other that begins like it. */
static void test_long_names(void **state)
{
	static const char wide[] = "\xe6\xb5\x8b"; /* three bytes: no limit is a multiple of them */
	char longer[2][4000] = { "", "" }, x140[141] = "";

	(void)state;
	memset(x140, 'x', sizeof(x140) - 1);
	add_named(500, x140);
	assert_true(chosen_by(x140, NULL, 500, 5000));
	assert_false(chosen_by(x140 + 1, NULL, 500, 5000));
	for (uint32_t i = 0; i < 2; i++) {
		for (int j = 0; j < 1000; j++)
			strcat(longer[i], wide);
		strcat(longer[i], i ? "b" : "a");
		add_named(600 + i, longer[i]);
	}
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(chosen_by(longer[i], NULL, 600 + i, 5000));
		assert_false(chosen_by(longer[!i], NULL, 600 + i, 5000));
	}
}

/* What is shown of it ends with a whole character, and tells whose it is. */
static void test_cut_name(void **state)
{
	static const char wide[] = "\xe6\xb5\x8b";
	struct vms *vms = vms__new(proc.path, &no_filter);
	char name[3 * VM_SHOWN_SIZE] = "", shown[VM_SHOWN_SIZE] = "";

	(void)state;
	for (uint32_t count = 1; count <= VM_SHOWN_SIZE / 3; count++) {
		strcat(name, wide);
		add_named(1000 + count, name);
		assert_string_equal(get(vms, 1000 + count, 5000)->name, name);
	}
	strcat(name, wide);
	add_named(500, name);
	while (strlen(shown) + strlen(wide) + strlen("...-500") < sizeof(shown))
		strcat(shown, wide);
	strcat(shown, "...-500");
	assert_string_equal(get(vms, 500, 5000)->name, shown);
	vms__free(vms);
}

static void add_threads(struct snapshot *snapshot, uint32_t pid, uint64_t start_ticks)
{
	list_add(&snapshot->threads)->identity = vcpu_of(pid, start_ticks, 0);
}

/* Two VMs of one name are told apart while both are there, and --vm NAME is both. */
static void test_twins(void **state)
{
	static const char *const names[] = { "twin" };
	const struct vm_filter filter = { names, 1, NULL };
	struct vms *vms = vms__new(proc.path, &filter);
	struct snapshot both = { 0 }, one = { 0 };

	(void)state;
	add_named(700, "twin");
	add_named(701, "twin");
	add_named(702, "twinned");
	assert_true(get(vms, 700, 5000)->chosen && get(vms, 701, 5000)->chosen);
	assert_false(get(vms, 702, 5000)->chosen);
	add_threads(&both, 700, 5000);
	add_threads(&both, 701, 5000);
	add_threads(&both, 702, 5000);
	add_threads(&one, 701, 5000);
	vms__sweep(vms, &both);
	assert_string_equal(vms__find(vms, 700)->name, "twin-700");
	assert_string_equal(vms__find(vms, 701)->name, "twin-701");
	assert_string_equal(vms__find(vms, 702)->name, "twinned");
	/* What is shown can be asked for. */
	assert_true(chosen_by("twin-700", NULL, 700, 5000));
	assert_false(chosen_by("twin-700", NULL, 701, 5000));
	assert_false(chosen_by("twin-", NULL, 701, 5000));
	/* One that was started again is called what it was. */
	vms__sweep(vms, &one);
	assert_string_equal(vms__find(vms, 701)->name, "twin");
	assert_true(vms__find(vms, 701)->chosen);
	vms__free(vms);
	snapshot__free(&both);
	snapshot__free(&one);
}

/* Too long for a moment: its end is cut off there, and what reads files has all of it. */
static void test_long_cgroup(void **state)
{
	struct vms *vms = vms__new(proc.path, &no_filter);
	char file[VM_CGROUP_SIZE + 64], cgroup[VM_CGROUP_SIZE + 32];
	const struct vm *vm;

	(void)state;
	memset(cgroup, 'a', sizeof(cgroup));
	cgroup[0] = '/';
	for (size_t length = VM_CGROUP_SIZE - 1; length <= VM_CGROUP_SIZE; length++) {
		uint32_t pid = 500 + (uint32_t)length;

		cgroup[length] = '\0';
		snprintf(file, sizeof(file), "0::%s\n", cgroup);
		fake_proc__add(&proc, pid, "kvm", 5000, "kvm", file);
		vm = get(vms, pid, 5000);
		assert_string_equal(vms__cgroup(vms, pid, vm->start_ns), cgroup);
		assert_int_equal(strlen(vm->cgroup), VM_CGROUP_SIZE - 1);
		assert_memory_equal(vm->cgroup, cgroup, VM_CGROUP_SIZE - 4);
		assert_string_equal(vm->cgroup + VM_CGROUP_SIZE - 4,
				    length < VM_CGROUP_SIZE ? "aaa" : "...");
		cgroup[length] = 'a';
	}
	vms__free(vms);
}

static void blame(struct snapshot *snapshot, enum offender_kind kind, uint32_t vm_pid,
		  const char *comm)
{
	struct blame *pair = list_add(&snapshot->blame);

	*pair = (struct blame){ .offender = { .kind = kind, .vm_pid = vm_pid } };
	strcpy(pair->offender.comm, comm);
}

/* A moment has the VMs of its threads, of its offenders and of vhost's threads, and no more. */
static void test_fill(void **state)
{
	static const char *const names[] = { "web" };
	const struct vm_filter filter = { names, 1, NULL };
	struct vms *vms = vms__new(proc.path, &filter);
	struct snapshot snapshot = { 0 };

	(void)state;
	for (uint32_t pid = 100; pid <= 400; pid += 100) {
		const struct identity identity = vcpu_of(pid, 4000 + 10 * pid, 0);

		vms__add_thread(vms, &identity, +1);
	}
	add_threads(&snapshot, 100, 4999); /* one that had the number before */
	add_threads(&snapshot, 100, 5000);
	blame(&snapshot, OFFENDER_VCPU, 300, "CPU 0/KVM");
	blame(&snapshot, OFFENDER_KERNEL, 0, "vhost-200");
	blame(&snapshot, OFFENDER_HOST, 0, "vhost-400");
	vms__sweep(vms, &snapshot);
	assert_int_equal(vms__fill(vms, &snapshot), 0);
	assert_int_equal(snapshot.vms.count, 4);
	assert_ptr_equal(snapshot__vm(&snapshot, 100, ticks_to_ns(4999)), &snapshot.vms.list[0]);
	assert_ptr_equal(snapshot__vm(&snapshot, 100, ticks_to_ns(5000)), &snapshot.vms.list[1]);
	assert_ptr_equal(snapshot__vm(&snapshot, 100, 0), &snapshot.vms.list[1]);
	assert_string_equal(snapshot.vms.list[0].name, "the-vmm-100");
	assert_string_equal(snapshot.vms.list[1].name, "web");
	assert_true(snapshot.vms.list[1].chosen);
	assert_string_equal(snapshot.vms.list[2].name, "db");
	assert_false(snapshot.vms.list[2].chosen);
	assert_string_equal(snapshot.vms.list[3].name, "cache");
	assert_null(snapshot__vm(&snapshot, 100, 1));
	assert_null(snapshot__vm(&snapshot, 400, 0));
	assert_null(snapshot__vm(&snapshot, 99, 0));
	/* A vCPU that exits counts from the next moment on. */
	snapshot.threads.list[1].state = STATE_GONE;
	snapshot.threads.list[1].figures.run_ns = 7;
	vms__keep_exited(vms, &snapshot);
	assert_int_equal(snapshot.vms.list[1].exited.run_ns, 0);
	assert_int_equal(vms__fill(vms, &snapshot), 0);
	assert_int_equal(snapshot.vms.count, 4);
	assert_int_equal(snapshot.vms.list[1].exited.run_ns, 7);
	/* It is a copy. */
	vms__free(vms);
	assert_string_equal(snapshot.vms.list[1].uuid, UUID);
	snapshot__free(&snapshot);
}

/* Proxmox' number and UUID, in any spelling. */
static void test_proxmox(void **state)
{
	(void)state;
	fake_proc__add(&proc, 800, "kvm", 5000,
		       "/usr/bin/kvm|-id|100|-name|web,debug-threads=on|-smbios|"
		       "type=1,uuid=11111111-2222-3333-4444-55555555555a",
		       "0::/qemu.slice/100.scope\n");
	assert_true(chosen_by("100", NULL, 800, 5000));
	assert_true(chosen_by("web", NULL, 800, 5000));
	assert_true(chosen_by("11111111-2222-3333-4444-55555555555A", NULL, 800, 5000));
	assert_true(chosen_by("1111111122223333444455555555555a", NULL, 800, 5000));
	assert_true(chosen_by("id=100", NULL, 800, 5000));
	assert_true(chosen_by("uuid=1111111122223333444455555555555a", NULL, 800, 5000));
	assert_false(chosen_by("uuid=web", NULL, 800, 5000));
	assert_false(chosen_by("pid=100", NULL, 800, 5000));
	assert_false(chosen_by("10", NULL, 800, 5000));
	assert_false(chosen_by("11111111", NULL, 800, 5000));
}

static void test_filter_by_cgroup(void **state)
{
	(void)state;
	assert_true(chosen_by(NULL, "/machine.slice", 200, 6000));
	assert_true(chosen_by(NULL, "/machine.slice/db", 200, 6000));
	assert_true(chosen_by(NULL, "/", 200, 6000));
	assert_false(chosen_by(NULL, "/user.slice", 200, 6000));
	assert_false(chosen_by(NULL, "/", 999, 1)); /* not read: not known to be there */
	assert_false(chosen_by(NULL, "/", 200, 1)); /* it was another process's number */
	/* Both must hold. */
	assert_true(chosen_by("db", "/machine.slice", 200, 6000));
	assert_false(chosen_by("db", "/user.slice", 200, 6000));
	assert_false(chosen_by("web", "/machine.slice", 200, 6000));
}

static void sweep_with(struct vms *vms, uint32_t pid, uint64_t start_ticks)
{
	struct snapshot snapshot = { 0 };

	if (pid)
		list_add(&snapshot.threads)->identity = vcpu_of(pid, start_ticks, 0);
	vms__sweep(vms, &snapshot);
	snapshot__free(&snapshot);
}

/* A VM outlives one snapshot without it: rows of the last interval name it. */
static void test_sweep(void **state)
{
	struct vms *vms = vms__new(proc.path, &no_filter);
	struct vm *web = get(vms, 100, 5000);

	(void)state;
	get(vms, 200, 6000);
	for (int i = 0; i < 5; i++) {
		sweep_with(vms, 100, 5000);
		assert_ptr_equal(vms__find(vms, 100), web);
		if (i < 1)
			assert_non_null(vms__find(vms, 200));
		if (i >= 1)
			assert_null(vms__find(vms, 200));
	}
	sweep_with(vms, 0, 0);
	assert_ptr_equal(vms__find(vms, 100), web);
	sweep_with(vms, 0, 0);
	assert_null(vms__find(vms, 100));
	/* A sweep adds what the snapshot has and the registry has not. */
	sweep_with(vms, 300, 7000);
	assert_non_null(vms__find(vms, 300));
	vms__free(vms);
}

static void test_many(void **state)
{
	struct vms *vms = vms__new(proc.path, &no_filter);

	(void)state;
	/* In an order that is neither up nor down. */
	for (uint32_t i = 0; i < 1000; i++)
		assert_non_null(get(vms, 10000 + i * 7 % 1000, 1 + i * 7 % 1000));
	for (uint32_t i = 0; i < 1000; i++) {
		struct vm *vm = vms__find(vms, 10000 + i);

		assert_non_null(vm);
		assert_int_equal(vm->pid, 10000 + i);
		assert_int_equal(vm->start_ns, ticks_to_ns(1 + i));
	}
	vms__free(vms);
}

/* --vm of a paused VM: its vCPUs do not run, /proc has it all the same. */
static void test_missing_name(void **state)
{
	static const char *const names[] = { "web", "db", "nosuch" };
	struct vm_filter filter = { names, 3, NULL };
	struct vm_refusals refusals;
	struct vms *vms;

	(void)state;
	fake_proc__add_fd(&proc, 100, 0, "/dev/null");
	fake_proc__add_fd(&proc, 100, 17, "anon_inode:kvm-vm");
	fake_proc__add_fd(&proc, 200, 9, "anon_inode:kvm-vmx");
	vms = vms__new(proc.path, &filter);
	get(vms, 200, 6000); /* known to the registry, not to be found in /proc */
	assert_string_equal(vms__missing_name(vms, &refusals), "nosuch");
	vms__free(vms);
	filter.name_count = 2;
	vms = vms__new(proc.path, &filter);
	assert_string_equal(vms__missing_name(vms, &refusals), "db");
	get(vms, 200, 6000);
	assert_null(vms__missing_name(vms, &refusals));
	vms__free(vms);
	vms = vms__new(proc.path, &no_filter);
	assert_null(vms__missing_name(vms, &refusals));
	vms__free(vms);
}

static void test_proc_files(void **state)
{
	char text[16];
	uint64_t ticks;

	(void)state;
	/* The name may hold what ends a name. */
	assert_int_equal(process_start_ticks(proc.path, 400, &ticks), 0);
	assert_int_equal(ticks, 8000);
	assert_int_equal(process_start_ticks(proc.path, 5, &ticks), -ENOENT);
	fake_file(&proc, 400, "stat", "400 (x) S 1 2", 13);
	assert_int_equal(process_start_ticks(proc.path, 400, &ticks), -EINVAL);
	fake_file(&proc, 200, "comm", "0123456789abcdefghij", 20);
	assert_int_equal(read_file(text, sizeof(text), "%s/200/comm", proc.path), 15);
	assert_string_equal(text, "0123456789abcde");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, close_proc)
	const struct CMUnitTest tests[] = {
		TEST(test_names),	   TEST(test_identity),	   TEST(test_pid_reuse),
		TEST(test_filter_by_name), TEST(test_long_names),  TEST(test_cut_name),
		TEST(test_twins),	   TEST(test_proxmox),	   TEST(test_filter_by_cgroup),
		TEST(test_sweep),	   TEST(test_many),	   TEST(test_missing_name),
		TEST(test_proc_files),	   TEST(test_long_cgroup), TEST(test_fill),
	};

	return cmocka_run_group_tests_name("vm", tests, NULL, NULL);
}
