// SPDX-License-Identifier: GPL-2.0-only
/* Names of exits, of what processor there is. */
#include "exits/exit_reason.h"
#include "unit.h"

/* The headers of the machine that this is built on, as far as it has them. */
#if __has_include(<asm/svm.h>) && __has_include(<asm/vmx.h>)
#include <asm/svm.h>
#include <asm/vmx.h>
#endif

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

/* Those that came with Linux 6.15 and later, whatever kernel's headers are installed. */
static void test_newer(void **state)
{
	(void)state;
	check_name(EXIT_ISA_SVM, 0xa5, "bus_lock");
	check_name(EXIT_ISA_SVM, 0xa6, "idle_hlt");
	check_name(EXIT_ISA_VMX, 74, "BUS_LOCK");
	check_name(EXIT_ISA_VMX, 75, "NOTIFY");
	check_name(EXIT_ISA_VMX, 76, "SEAMCALL");
	check_name(EXIT_ISA_VMX, 77, "TDCALL");
	check_name(EXIT_ISA_VMX, 84, "MSR_READ_IMM");
	check_name(EXIT_ISA_VMX, 85, "MSR_WRITE_IMM");
}

/* Those that Linux does not name: from the processors' manuals. */
static void test_manuals(void **state)
{
	(void)state;
	check_name(EXIT_ISA_SVM, 0x0, "read_cr0");
	check_name(EXIT_ISA_SVM, 0xf, "read_cr15");
	check_name(EXIT_ISA_SVM, 0x1f, "write_cr15");
	check_name(EXIT_ISA_SVM, 0x27, "read_dr7");
	check_name(EXIT_ISA_SVM, 0x3f, "write_dr15");
	check_name(EXIT_ISA_SVM, 0x55, "CP excp");
	check_name(EXIT_ISA_SVM, 0x5d, "VC excp");
	check_name(EXIT_ISA_SVM, 0x8e, "rdpru");
	check_name(EXIT_ISA_SVM, 0x9f, "write_cr15_trap");
	check_name(EXIT_ISA_SVM, 0xa0, "invlpgb");
	check_name(EXIT_ISA_SVM, 0xa4, "tlbsync");
	check_name(EXIT_ISA_SVM, 0x8000ffff, "vmgexit_unsupported_event");
	check_name(EXIT_ISA_VMX, 11, "GETSEC");
	check_name(EXIT_ISA_VMX, 73, "ENQCMDS_PASID");
	check_name(EXIT_ISA_VMX, 81, "UWRMSR");
}

#ifdef SVM_EXIT_REASONS
/* arch/x86/include/asm/trapnr.h, which is not installed. */
enum {
	DE_VECTOR = 0,
	DB_VECTOR = 1,
	BP_VECTOR = 3,
	OF_VECTOR = 4,
	BR_VECTOR = 5,
	UD_VECTOR = 6,
	NM_VECTOR = 7,
	DF_VECTOR = 8,
	TS_VECTOR = 10,
	NP_VECTOR = 11,
	SS_VECTOR = 12,
	GP_VECTOR = 13,
	PF_VECTOR = 14,
	MF_VECTOR = 16,
	AC_VECTOR = 17,
	MC_VECTOR = 18,
	XM_VECTOR = 19,
	CP_VECTOR = 21,
	HV_VECTOR = 28,
	VC_VECTOR = 29,
	SX_VECTOR = 30,
};

struct named {
	uint64_t code; /* in later headers, the codes of SVM have 64 bits */
	const char *name;
};

/* Names that the kernel writes otherwise than its others. */
static const char *as_others(const char *name)
{
	if (!strcmp(name, "buslock"))
		return "bus_lock";
	return strcmp(name, "idle-halt") ? name : "idle_hlt";
}

/* All that this machine's kernel headers name has that name here. */
static void test_headers(void **state)
{
	static const struct named svm[] = { SVM_EXIT_REASONS };
	static const struct named vmx[] = { VMX_EXIT_REASONS };

	(void)state;
	for (size_t i = 0; i < sizeof(svm) / sizeof(svm[0]); i++)
		check_name(EXIT_ISA_SVM, (uint32_t)svm[i].code, as_others(svm[i].name));
	for (size_t i = 0; i < sizeof(vmx) / sizeof(vmx[0]); i++)
		check_name(EXIT_ISA_VMX, (uint32_t)vmx[i].code, vmx[i].name);
}
#else
static void test_headers(void **state)
{
	(void)state;
	skip();
}
#endif

static void test_unknown(void **state)
{
	(void)state;
	check_name(EXIT_ISA_SVM, 0x1234, "0x1234");
	check_name(EXIT_ISA_SVM, 0x4f, "0x4f");
	check_name(EXIT_ISA_SVM, 0x404, "0x404");
	check_name(EXIT_ISA_VMX, 0x400, "0x400");
	check_name(EXIT_ISA_VMX, 35, "0x23");
	check_name(EXIT_ISA_VMX, 86, "0x56");
	check_name(EXIT_ISA_UNKNOWN, 12, "0xc");
	check_name(EXIT_ISA_SVM, EXIT_CODE_OTHER, "other");
	check_name(EXIT_ISA_UNKNOWN, EXIT_CODE_OTHER, "other");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_svm),	cmocka_unit_test(test_vmx),
		cmocka_unit_test(test_newer),	cmocka_unit_test(test_manuals),
		cmocka_unit_test(test_headers), cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
