// SPDX-License-Identifier: GPL-2.0-only
/* Who a VM is by its command line: user/host/vm_cmdline.c. */
#include "unit.h"

#include "host/vm_cmdline.h"

#define UUID "8a1f7c3e-5b2d-4c6a-9e0f-112233445566"
#define OTHER "11111111-2222-3333-4444-555555555555"

struct cmdline_case {
	const char *arguments[12];
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
	{ { "/usr/bin/kvm", "-id", "100", "-name", "web,debug-threads=on", "-smbios",
	    "type=1,uuid=" UUID },
	  "web",
	  UUID },
	{ { "kvm", "-smbios", "type=1,manufacturer=a,,uuid=b,uuid=" UUID }, "", UUID },
	{ { "kvm", "-smbios", "uuid=" UUID ",type=1" }, "", UUID },
	{ { "kvm", "-smbios", "type=2,uuid=" UUID }, "", "" },
	{ { "kvm", "-uuid", OTHER, "-smbios", "type=1,uuid=" UUID }, "", UUID }, /* the last */
	{ { "kvm", "-smbios", "type=1,uuid=nonsense", "-uuid", UUID }, "", UUID },
	{ { "kvm", "-id", "100" }, "", "" },
	/* two dashes */
	{ { "qemu-system-x86_64", "--enable-kvm", "--name", "guest=web,debug-threads=on", "--uuid",
	    UUID },
	  "web",
	  UUID },
	{ { "qemu-kvm", "--name", "web", "--id", "7", "--smbios", "type=1,uuid=" UUID },
	  "web",
	  UUID },
	{ { "qemu-kvm", "---name", "web" }, "", "" },
	{ { "qemu-kvm", "-name", "guest=web", "-name", "debug-threads=on" }, "web", "" },
	/* What the guest is told is not the VM's. */
	{ { "qemu-kvm", "-append", "-name", "quiet" }, "", "" },
	/* Other VMMs' options are none of QEMU's, and its are none of theirs. */
	{ { "qemu-kvm", "--name=web" }, "", "" },
	{ { "qemu-kvm", "--api-socket", "/run/web.sock", "--comment", "web" }, "", "" },
	{ { "firecracker", "-name", "web", "-uuid", UUID }, "", "" },
	{ { "firecracker", "--smbios", "type=1,uuid=" UUID }, "", "" },
	{ { "cloud-hypervisor", "--name", "web" }, "", "" },
	{ { "krunvm", "start", "a", "--name", "b" }, "a", "" },
	{ { "/nix/store/x/.qemu-system-x86_64-wrapped", "-name", "web" }, "web", "" },
	{ { "/usr/bin/stratovirt", "-name", "web", "-uuid", UUID }, "web", UUID },
	/* Android's emulator */
	{ { "/sdk/emulator/qemu/linux-x86_64/qemu-system-x86_64-headless", "-netdelay", "none",
	    "-avd", "Phone_API_34" },
	  "Phone_API_34",
	  "" },
	{ { "qemu-system-x86_64", "-avd", "Phone", "-name", "web" }, "web", "" },
	{ { "/sdk/emulator/qemu/linux-x86_64/qemu-system-x86_64", "@Phone_API_34" },
	  "Phone_API_34",
	  "" },
	{ { "emulator64-crash-service", "-avd", "Phone" }, "Phone", "" },
	{ { "qemu-system-x86_64", "@disk" }, "", "" },
	/* gVisor, krunvm, Kata's shim, VirtualBox */
	{ { "runsc-sandbox", "--platform=kvm", "boot", "--bundle=/run/b", "--io-fds=8", "web1" },
	  "web1",
	  "" },
	{ { "runsc-sandbox", "boot", "--bundle=/run/b" }, "", "" },
	{ { "runsc-gofer", "gofer" }, "", "" },
	{ { "krunvm", "start", "web1" }, "web1", "" },
	{ { "/usr/bin/krunvm", "start", "--cpus", "2", "--mem=512", "web1", "/bin/sh" },
	  "web1",
	  "" },
	{ { "krunvm", "list" }, "", "" },
	{ { "/opt/kata/bin/containerd-shim-kata-v2", "-namespace", "k8s.io", "-id", "0123" },
	  "0123",
	  "" },
	{ { "/usr/lib/virtualbox/VBoxHeadless", "--comment", "web1", "--startvm", UUID },
	  "web1",
	  UUID },
	{ { "/usr/lib/virtualbox/VirtualBoxVM", "-startvm", "web1" }, "web1", "" },
	{ { "VBoxHeadless", "-s", UUID }, "", UUID },
	/* cloud-hypervisor, and whoever else is known by a socket alone */
	{ { "cloud-hypervisor", "--api-socket", "/run/web1.sock" }, "web1", "" },
	{ { "cloud-hypervisor-static", "--api-socket=path=/run/vc/vm/web1/clh-api.sock" },
	  "web1",
	  "" },
	{ { "cloud-hypervisor", "--api-socket", "fd=3", "--platform",
	    "serial_number=x,uuid=" UUID },
	  "",
	  UUID },
	{ { "crosvm", "run", "-s", "/run/web1.sock" }, "web1", "" },
	{ { "crosvm", "run", "--socket=/run/x.sock", "--name=web1" }, "web1", "" },
	{ { "firecracker", "--api-sock", "/srv/web1/firecracker.socket" }, "web1", "" },
	{ { "firecracker-v1.7.0-x86_64", "--api-sock", "/run/x", "--id", "web1" }, "web1", "" },
	/* A program that nobody knows */
	{ { "my-vmm", "--name", "guest=web,x" }, "guest=web,x", "" },
	{ { "my-vmm", "-name", "guest=web,x" }, "web", "" },
	{ { "my-vmm", "--id=web1", "-uuid", UUID }, "web1", UUID },
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
	for (size_t i = 0; i < 12 && arguments[i]; i++)
		*size += strlen(arguments[i]) + 1;
	text = end = malloc(*size);
	assert_non_null(text);
	for (size_t i = 0; i < 12 && arguments[i]; i++) {
		memcpy(end, arguments[i], strlen(arguments[i]) + 1);
		end += strlen(arguments[i]) + 1;
	}
	return text;
}

static void test_cmdline(void **state)
{
	struct vm_identity identity;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cmdline_cases); i++) {
		const struct cmdline_case *c = &cmdline_cases[i];
		size_t size;
		char *text = join(c->arguments, &size);

		vm_identity__read(&identity, text, size);
		free(text);
		if (strcmp(identity.name, c->name) || strcmp(identity.uuid, c->uuid))
			fail_msg("%zu: %s %s: name '%s', UUID '%s'", i, c->arguments[0],
				 c->arguments[1], identity.name, identity.uuid);
	}
}

/* Cut anywhere, a command line gives the whole name or none, and is not overrun. */
static void test_cut_off(void **state)
{
	static const char *const arguments[12] = { "qemu", "-name", "guest=web,debug-threads=on",
						   "-uuid", UUID };
	struct vm_identity identity;
	size_t size;
	char *whole = join(arguments, &size);
	size_t name_end = strlen("qemu") + strlen("-name") + strlen(arguments[2]) + 3;

	(void)state;
	for (size_t cut = 0; cut <= size; cut++) {
		char *text = malloc(cut ? cut : 1);

		memcpy(text, whole, cut);
		vm_identity__read(&identity, text, cut);
		free(text);
		assert_string_equal(identity.uuid, cut == size ? UUID : "");
		assert_string_equal(identity.name, cut >= name_end ? "web" : "");
	}
	free(whole);
}

/* As long as it is: what is too long to be shown must be found all the same. */
static void test_long_name(void **state)
{
	char argument[20000] = "guest=";
	const char *arguments[12] = { "qemu", "-name", argument };
	struct vm_identity identity;
	size_t size;
	char *text;

	(void)state;
	memset(argument + 6, 'x', sizeof(argument) - 7);
	text = join(arguments, &size);
	vm_identity__read(&identity, text, size);
	free(text);
	assert_string_equal(identity.name, argument + 6);
}

static void test_uuid(void **state)
{
	(void)state;
	assert_true(uuid_equal(UUID, UUID));
	assert_true(uuid_equal(UUID, "8A1F7C3E-5B2D-4C6A-9E0F-112233445566"));
	assert_true(uuid_equal(UUID, "8a1f7c3e5b2d4c6a9e0f112233445566"));
	assert_true(uuid_equal(UUID, "8A1F7C3E5B2D4C6A9E0F112233445566"));
	assert_false(uuid_equal(UUID, OTHER));
	assert_false(uuid_equal(UUID, "8a1f7c3e-5b2d-4c6a-9e0f-11223344556"));
	assert_false(uuid_equal(UUID, UUID "6"));
	assert_false(uuid_equal("", ""));
	assert_false(uuid_equal("", UUID));
}

/* Proxmox' number, beside the name that several of its VMs may have. */
static void test_id(void **state)
{
	static const char proxmox[] = "/usr/bin/kvm\0-id\000100\0-name\0web,debug-threads=on";
	static const char dashes[] = "qemu-kvm\0--id\000007\0--name\0web";
	static const char others[] = "firecracker\0--id\000100";
	static const char longer[] = "kvm\0-id\000123456789012345678901234567890123";
	struct vm_identity identity;

	(void)state;
	vm_identity__read(&identity, proxmox, sizeof(proxmox));
	assert_string_equal(identity.id, "100");
	assert_string_equal(identity.name, "web");
	vm_identity__read(&identity, dashes, sizeof(dashes));
	assert_string_equal(identity.id, "007");
	vm_identity__read(&identity, others, sizeof(others));
	assert_string_equal(identity.id, "");
	vm_identity__read(&identity, longer, sizeof(longer));
	assert_string_equal(identity.id, "");
}

static void test_configs(void **state)
{
	static const char text[] = "qemu\0-readconfig\0/etc/a\0--readconfig\0b\0-readconfig";
	struct vm_identity identity;

	(void)state;
	vm_identity__read(&identity, text, sizeof(text));
	assert_int_equal(identity.config_count, 2);
	assert_string_equal(identity.configs[0], "/etc/a");
	assert_string_equal(identity.configs[1], "b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cmdline),	  cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_long_name), cmocka_unit_test(test_uuid),
		cmocka_unit_test(test_id),	  cmocka_unit_test(test_configs),
	};

	return cmocka_run_group_tests_name("vm_cmdline", tests, NULL, NULL);
}
