// SPDX-License-Identifier: GPL-2.0-only
/* What a VM is called: user/collect/vm_name.c. */
#include "unit.h"

#include "collect/snapshot.h"
#include "collect/vm_name.h"

#define UUID "8a1f7c3e-5b2d-4c6a-9e0f-112233445566"

struct cmdline_case {
	const char *arguments[10];
	const char *name;
	const char *uuid;
};

static const struct cmdline_case cmdline_cases[] = {
	/* libvirt */
	{ { "qemu-system-x86_64", "-name", "guest=web,debug-threads=on", "-uuid", UUID },
	  "web",
	  UUID },
	{ { "qemu", "-name", "debug-threads=on,guest=web" }, "web", "" },
	{ { "qemu", "-name", "guest=a,,b,process=x" }, "a,b", "" },
	{ { "qemu", "-name", "guest=a,,guest=b" }, "a,guest=b", "" },
	{ { "qemu", "-name", "guest=trailing,," }, "trailing,", "" },
	{ { "qemu", "-name", "guest=" }, "", "" },
	/* by hand */
	{ { "qemu", "-name", "foo" }, "foo", "" },
	{ { "qemu", "-name", "foo,process=bar" }, "foo", "" },
	{ { "qemu", "-name", "foo,,guest=bar" }, "foo,guest=bar", "" },
	{ { "qemu", "-name", "debug-threads=on" }, "", "" },
	{ { "qemu", "-name", "one", "-name", "two" }, "two", "" },
	{ { "qemu", "-name", "with blank" }, "with blank", "" },
	{ { "qemu", "-name", "" }, "", "" },
	{ { "qemu", "-name" }, "", "" },
	{ { "qemu", "-names", "foo" }, "", "" },
	{ { "qemu", "-m", "4096" }, "", "" },
	/* Proxmox */
	{ { "/usr/bin/kvm", "-id", "100", "-name", "web,debug-threads=on" }, "web", "" },
	/* Firecracker, crosvm, kvmtool */
	{ { "firecracker", "--id", "vm-7", "--api-sock", "/run/x" }, "vm-7", "" },
	{ { "firecracker", "--id=vm-7" }, "vm-7", "" },
	{ { "crosvm", "run", "--name", "tablet" }, "tablet", "" },
	{ { "lkvm", "run", "--name=tablet" }, "tablet", "" },
	{ { "firecracker", "--id" }, "", "" },
	/* not a UUID */
	{ { "qemu", "-name", "a", "-uuid", "8a1f7c3e-5b2d-4c6a-9e0f-11223344556" }, "a", "" },
	{ { "qemu", "-name", "a", "-uuid", UUID "7" }, "a", "" },
	{ { "qemu", "-name", "a", "-uuid", "8a1f7c3e-5b2d-4c6a-9e0f-11223344556g" }, "a", "" },
	{ { "qemu", "-uuid", UUID, "-name", "a" }, "a", UUID },
	{ { "qemu", "-uuid", UUID }, "", UUID },
	/* nothing that could upset a terminal */
	{ { "qemu-kvm", "-name",
	    "guest=\xc2\x9b"
	    "2Jb,debug-threads=on" },
	  "\xc2\x9b"
	  "2Jb",
	  "" },
	{ { "qemu-kvm", "-name",
	    "guest=\xe6\xb5\x8b\xe8\xaf\x95\xe8\x99\x9a\xe6\x8b\x9f\xe6\x9c\xba,debug-threads=on" },
	  "\xe6\xb5\x8b\xe8\xaf\x95\xe8\x99\x9a\xe6\x8b\x9f\xe6\x9c\xba",
	  "" },
	{ { "qemu", "-name", "a\033[2Jb\n\x7f" }, "a\033[2Jb\n\x7f", "" },
	{ { "firecracker", "--id=a\rb" }, "a\rb", "" },
	{ { "qemu", "-name", "m\303\274ller" }, "m\303\274ller", "" },
};

/* As /proc/PID/cmdline: a NUL after each. The buffer is exact, for ASan. */
static char *join(const char *const *arguments, size_t *size)
{
	char *text, *end;

	*size = 0;
	for (size_t i = 0; i < 10 && arguments[i]; i++)
		*size += strlen(arguments[i]) + 1;
	text = end = malloc(*size);
	assert_non_null(text);
	for (size_t i = 0; i < 10 && arguments[i]; i++) {
		memcpy(end, arguments[i], strlen(arguments[i]) + 1);
		end += strlen(arguments[i]) + 1;
	}
	return text;
}

static void test_cmdline(void **state)
{
	char name[VM_NAME_SIZE], uuid[VM_UUID_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cmdline_cases); i++) {
		const struct cmdline_case *c = &cmdline_cases[i];
		size_t size;
		char *text = join(c->arguments, &size);
		bool found = vm_name_from_cmdline(text, size, name, uuid);

		free(text);
		if (strcmp(name, c->name) || strcmp(uuid, c->uuid) || found != !!*c->name)
			fail_msg("%s %s: name '%s', UUID '%s', %d", c->arguments[0],
				 c->arguments[1], name, uuid, found);
	}
}

/* Cut anywhere, a command line gives the whole name or none, and is not overrun. */
static void test_cut_off(void **state)
{
	static const char *const arguments[10] = { "qemu", "-name", "guest=web,debug-threads=on",
						   "-uuid", UUID };
	char name[VM_NAME_SIZE], uuid[VM_UUID_SIZE];
	size_t size;
	char *whole = join(arguments, &size);
	size_t name_end = strlen("qemu") + strlen("-name") + strlen(arguments[2]) + 3;

	(void)state;
	for (size_t cut = 0; cut <= size; cut++) {
		char *text = malloc(cut ? cut : 1);

		memcpy(text, whole, cut);
		vm_name_from_cmdline(text, cut, name, uuid);
		free(text);
		assert_string_equal(uuid, cut == size ? UUID : "");
		if (cut >= name_end)
			assert_string_equal(name, "web");
		else
			assert_string_equal(name, "");
	}
	free(whole);
}

/* As long as it is: what is too long to be shown must be found all the same. */
static void test_long_name(void **state)
{
	char argument[20000] = "guest=", name[VM_NAME_SIZE], uuid[VM_UUID_SIZE];
	const char *arguments[10] = { "qemu", "-name", argument };
	size_t size;
	char *text;

	(void)state;
	memset(argument + 6, 'x', sizeof(argument) - 7);
	text = join(arguments, &size);
	assert_true(vm_name_from_cmdline(text, size, name, uuid));
	free(text);
	assert_string_equal(name, argument + 6);
}

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
		cmocka_unit_test(test_cmdline),	  cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_long_name), cmocka_unit_test(test_cgroup),
		cmocka_unit_test(test_comm),
	};

	return cmocka_run_group_tests_name("vm_name", tests, NULL, NULL);
}
