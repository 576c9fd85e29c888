// SPDX-License-Identifier: GPL-2.0-only
/* What a host is like, from the files of a host that is none. */
#include "unit.h"

#include "fake_proc.h"
#include "host/environment.h"

static struct fake_proc root;
static struct environment environment;

static int set_up(void **state)
{
	(void)state;
	fake_proc__open(&root);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fake_proc__close(&root);
	return 0;
}

static void read_it(void)
{
	environment__read(&environment, root.path, "6.12.9-test", "#1 SMP PREEMPT_DYNAMIC");
}

static void test_all(void **state)
{
	(void)state;
	fake_tree(&root, "proc/cmdline", "root=/dev/sda1 password=\"hu sh\" mitigations=off \n");
	fake_tree(&root, "boot/config-6.12.9-test",
		  "# comment\nCONFIG_HZ_250=y\nCONFIG_HZ=250\nCONFIG_PREEMPT_VOLUNTARY=y\n");
	fake_tree(&root, "sys/kernel/debug/sched/preempt", "none voluntary (full) \n");
	fake_tree(&root, "sys/kernel/debug/sched/features", "PLACE_LAG NO_HRTICK \n");
	fake_tree(&root, "sys/kernel/debug/sched/base_slice_ns", "3000000\n");
	fake_tree(&root, "sys/kernel/debug/sched/nr_migrate", "32\n");
	fake_tree(&root, "sys/kernel/sched_ext/root/ops", "simple\n");
	fake_tree(&root, "sys/devices/system/node/online", "0-1\n");
	fake_tree(&root, "proc/cpuinfo",
		  "processor\t: 0\nmodel name\t: Fast CPU\nmicrocode\t: 0xf0\nphysical id\t: 0\n"
		  "core id\t\t: 0\n\nprocessor\t: 1\nmicrocode\t: 0xf1\nphysical id\t: 0\n"
		  "core id\t\t: 0\n\nprocessor\t: 2\nphysical id\t: 1\ncore id\t\t: 0\n\n");
	read_it();
	assert_string_equal(environment.command_line,
			    "root=/dev/sda1 password=*** mitigations=off");
	assert_string_equal(environment.build, "#1 SMP PREEMPT_DYNAMIC");
	assert_string_equal(environment.preemption, "full");
	assert_string_equal(environment.features, "PLACE_LAG NO_HRTICK");
	assert_string_equal(environment.tunables, "base_slice_ns=3000000 nr_migrate=32");
	assert_string_equal(environment.sched_ext, "simple");
	assert_string_equal(environment.cpu, "Fast CPU");
	assert_string_equal(environment.microcode, "0xf0");
	assert_string_equal(environment.topology, "2 packages, 2 cores, 3 CPUs, nodes 0-1");
	assert_int_equal(environment.hz, 250);
}

/* Nothing is known of a host that shows nothing, and the model is then that of the configuration.
 */
static void test_little(void **state)
{
	(void)state;
	read_it();
	assert_string_equal(environment.command_line, "");
	assert_string_equal(environment.preemption, "");
	assert_string_equal(environment.topology, "");
	assert_int_equal(environment.hz, 0);
	fake_tree(&root, "boot/config-6.12.9-test", "CONFIG_PREEMPT_LAZY=y\nCONFIG_HZ=1000\n");
	fake_tree(&root, "sys/kernel/debug/sched_features", "OLD\n");
	read_it();
	assert_string_equal(environment.preemption, "lazy");
	assert_string_equal(environment.features, "OLD");
	assert_int_equal(environment.hz, 1000);
}

/* Fedora and newer kernels of Debian have their configuration beside their modules. */
static void test_beside_modules(void **state)
{
	(void)state;
	fake_tree(&root, "lib/modules/6.12.9-test/config", "CONFIG_PREEMPT=y\nCONFIG_HZ=300\n");
	read_it();
	assert_string_equal(environment.preemption, "full");
	assert_int_equal(environment.hz, 300);
	fake_tree(&root, "boot/config-6.12.9-test", "CONFIG_HZ=100\n");
	read_it();
	assert_int_equal(environment.hz, 100);
}

/* A cut is marked, and a secret behind it is none that shows. */
static void test_long(void **state)
{
	char text[6000];

	(void)state;
	memset(text, 'a', sizeof(text));
	snprintf(text + 5000, sizeof(text) - 5000, " token=hush\n");
	fake_tree(&root, "proc/cmdline", text);
	read_it();
	assert_int_equal(strlen(environment.command_line), sizeof(environment.command_line) - 1);
	assert_string_equal(environment.command_line + sizeof(environment.command_line) - 5,
			    "a...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_little, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_beside_modules, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
