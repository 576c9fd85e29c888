// SPDX-License-Identifier: GPL-2.0-only
/* What a VM is called: user/host/vm_name.c. */
#include "unit.h"

#include "host/vm_name.h"
#include "model/snapshot.h"

#define UUID "8a1f7c3e-5b2d-4c6a-9e0f-112233445566"

static void test_cgroup(void **state)
{
	static const struct {
		const char *path;
		const char *name;
	} cases[] = {
		{ "/machine.slice/machine-qemu\\x2d3\\x2dweb\\x2d1.scope/libvirt/emulator",
		  "web-1" },
		{ "/machine.slice/machine-qemu\\x2d12\\x2ddb.scope", "db" },
		{ "/machine.slice/machine-debian.scope", "debian" },
		{ "/machine.slice/machine-a\\x1bb.scope", "a\033b" },
		{ "/machine.slice/machine-a\\x", "" },
		{ "/machine.slice/machine-a\\x.scope", "a\\x" },
		{ "/machine.slice/machine-x/y.scope", "" },
		{ "/machine.slice", "" },
		{ "/user.slice/user-0.slice/session-3.scope", "" },
		{ "/kubepods/burstable/pod8a1f7c3e-5b2d-4c6a-9e0f-112233445566/0123abcd",
		  "pod " UUID },
		{ "/kubepods.slice/kubepods-burstable.slice/"
		  "kubepods-burstable-pod8a1f7c3e_5b2d_4c6a_9e0f_112233445566.slice/"
		  "cri-containerd-0123.scope",
		  "pod " UUID },
		{ "/kubepods/besteffort/podtooshort/0123", "" },
		{ "/elsewhere/pod8a1f7c3e-5b2d-4c6a-9e0f-112233445566", "" },
		{ "/", "" },
		{ "", "" },
	};
	char name[VM_NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool found = vm_name_from_cgroup(cases[i].path, name);

		assert_string_equal(name, cases[i].name);
		assert_int_equal(found, !!*cases[i].name);
	}
}

static void test_comm(void **state)
{
	static const struct {
		const char *comm;
		int32_t vcpu;
	} cases[] = {
		{ "CPU 0/KVM", 0 },
		{ "CPU 31/KVM", 31 },
		{ "CPU 1023/KVM", 1023 },
		{ "fc_vcpu 3", 3 },
		{ "fc_vcpu0", 0 },
		{ "kvm-vcpu-3", 3 },
		{ "EMT-0", 0 },
		{ "EMT-15", 15 },
		{ "vcpu_1", 1 },
		{ "kvm-vcpu-", VCPU_UNKNOWN },
		{ "EMT", VCPU_UNKNOWN },
		{ "EMT-x", VCPU_UNKNOWN },
		{ "kvm-nx-lpage-re", VCPU_UNKNOWN },
		{ "vcpu3", 3 },
		{ "crosvm_vcpu12", 12 },
		{ "CPU ", VCPU_UNKNOWN },
		{ "CPU x/KVM", VCPU_UNKNOWN },
		{ "", VCPU_UNKNOWN },
		{ "vcpu", VCPU_UNKNOWN },
		{ "vcpu3x", VCPU_UNKNOWN },
		{ "vcpu-3", VCPU_UNKNOWN },
		{ "vcpu 3", VCPU_UNKNOWN },
		{ "qemu", VCPU_UNKNOWN },
		{ "vhost-100", VCPU_UNKNOWN },
		{ "CPU 12345678/KV", VCPU_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (vcpu_from_comm(cases[i].comm) != cases[i].vcpu)
			fail_msg("'%s': %d", cases[i].comm, vcpu_from_comm(cases[i].comm));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cgroup),
		cmocka_unit_test(test_comm),
	};

	return cmocka_run_group_tests_name("vm_name", tests, NULL, NULL);
}
