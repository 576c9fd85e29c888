// SPDX-License-Identifier: GPL-2.0-only
/* Names of exits, of what processor there is. */
#include "collect/exit_reason.h"
#include "unit.h"

static void check_name(enum exit_isa isa, uint32_t code, const char *wanted)
{
	char name[EXIT_REASON_SIZE];

	exit_reason__name(name, isa, code);
	assert_string_equal(name, wanted);
}

static void test_svm(void **state)
{
	(void)state;
	check_name(EXIT_ISA_SVM, 0x60, "interrupt");
	check_name(EXIT_ISA_SVM, 0x78, "hlt");
	check_name(EXIT_ISA_SVM, 0x7b, "io");
	check_name(EXIT_ISA_SVM, 0x7c, "msr");
	check_name(EXIT_ISA_SVM, 0x400, "npf");
	check_name(EXIT_ISA_SVM, 0x4e, "PF excp");
	check_name(EXIT_ISA_SVM, 0xffffffff, "invalid_guest_state");
}

static void test_vmx(void **state)
{
	(void)state;
	check_name(EXIT_ISA_VMX, 0, "EXCEPTION_NMI");
	check_name(EXIT_ISA_VMX, 1, "EXTERNAL_INTERRUPT");
	check_name(EXIT_ISA_VMX, 12, "HLT");
	check_name(EXIT_ISA_VMX, 30, "IO_INSTRUCTION");
	check_name(EXIT_ISA_VMX, 48, "EPT_VIOLATION");
}

static void test_unknown(void **state)
{
	(void)state;
	check_name(EXIT_ISA_SVM, 0x1234, "0x1234");
	check_name(EXIT_ISA_VMX, 0x400, "0x400");
	check_name(EXIT_ISA_UNKNOWN, 12, "0xc");
	check_name(EXIT_ISA_SVM, EXIT_CODE_OTHER, "other");
	check_name(EXIT_ISA_UNKNOWN, EXIT_CODE_OTHER, "other");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_svm),
		cmocka_unit_test(test_vmx),
		cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
