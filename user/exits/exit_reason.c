// SPDX-License-Identifier: GPL-2.0-only
/*
 * The names of exits. They are the project's own list, since the machine that builds it knows fewer
 * than the one that runs it. They are those of Linux 7.3, SVM_EXIT_REASONS of
 * arch/x86/include/uapi/asm/svm.h and VMX_EXIT_REASONS of .../vmx.h, so that perf and trace-cmd
 * show the same; only bus_lock and idle_hlt are written like the others ("buslock" and "idle-halt"
 * there). Codes without a name in Linux come from the processors' manuals: AMD64 Architecture
 * Programmer's Manual, volume 2, table C-1; Intel SDM, volume 3, appendix C.
 */
#include "exits/exit_reason.h"

#include <stdio.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* The first exit code of 32 exceptions, which are told apart by their vector. */
#define SVM_EXCEPTIONS 0x40

struct reason_name {
	uint32_t code;
	const char *name;
};

/* One code for each of 16 registers. */
static const struct {
	uint32_t first;
	const char *before, *after;
} svm_registers[] = {
	{ 0x00, "read_cr", "" },  { 0x10, "write_cr", "" },	 { 0x20, "read_dr", "" },
	{ 0x30, "write_dr", "" }, { 0x90, "write_cr", "_trap" },
};

static const char *const svm_exceptions[32] = {
	[0] = "DE",  [1] = "DB",  [2] = "NMI", [3] = "BP",  [4] = "OF",	 [5] = "BR",
	[6] = "UD",  [7] = "NM",  [8] = "DF",  [10] = "TS", [11] = "NP", [12] = "SS",
	[13] = "GP", [14] = "PF", [16] = "MF", [17] = "AC", [18] = "MC", [19] = "XF",
	[21] = "CP", [28] = "HV", [29] = "VC", [30] = "SX",
};

static const struct reason_name svm_names[] = {
	{ 0x060, "interrupt" },
	{ 0x061, "nmi" },
	{ 0x062, "smi" },
	{ 0x063, "init" },
	{ 0x064, "vintr" },
	{ 0x065, "cr0_sel_write" },
	{ 0x066, "read_idtr" },
	{ 0x067, "read_gdtr" },
	{ 0x068, "read_ldtr" },
	{ 0x069, "read_rt" }, /* the task register */
	{ 0x06a, "write_idtr" },
	{ 0x06b, "write_gdtr" },
	{ 0x06c, "write_ldtr" },
	{ 0x06d, "write_rt" },
	{ 0x06e, "rdtsc" },
	{ 0x06f, "rdpmc" },
	{ 0x070, "pushf" },
	{ 0x071, "popf" },
	{ 0x072, "cpuid" },
	{ 0x073, "rsm" },
	{ 0x074, "iret" },
	{ 0x075, "swint" },
	{ 0x076, "invd" },
	{ 0x077, "pause" },
	{ 0x078, "hlt" },
	{ 0x079, "invlpg" },
	{ 0x07a, "invlpga" },
	{ 0x07b, "io" },
	{ 0x07c, "msr" },
	{ 0x07d, "task_switch" },
	{ 0x07e, "ferr_freeze" },
	{ 0x07f, "shutdown" },
	{ 0x080, "vmrun" },
	{ 0x081, "hypercall" },
	{ 0x082, "vmload" },
	{ 0x083, "vmsave" },
	{ 0x084, "stgi" },
	{ 0x085, "clgi" },
	{ 0x086, "skinit" },
	{ 0x087, "rdtscp" },
	{ 0x088, "icebp" },
	{ 0x089, "wbinvd" },
	{ 0x08a, "monitor" },
	{ 0x08b, "mwait" },
	{ 0x08c, "mwait_cond" },
	{ 0x08d, "xsetbv" },
	{ 0x08e, "rdpru" },
	{ 0x08f, "write_efer_trap" },
	{ 0x0a0, "invlpgb" },
	{ 0x0a1, "invlpgb_illegal" },
	{ 0x0a2, "invpcid" },
	{ 0x0a3, "mcommit" },
	{ 0x0a4, "tlbsync" },
	{ 0x0a5, "bus_lock" },
	{ 0x0a6, "idle_hlt" },
	{ 0x400, "npf" },
	{ 0x401, "avic_incomplete_ipi" },
	{ 0x402, "avic_unaccelerated_access" },
	{ 0x403, "vmgexit" },
	{ 0x407, "pml_full" },
	{ 0x80000001, "vmgexit_mmio_read" },
	{ 0x80000002, "vmgexit_mmio_write" },
	{ 0x80000003, "vmgexit_nmi_complete" },
	{ 0x80000004, "vmgexit_ap_hlt_loop" },
	{ 0x80000005, "vmgexit_ap_jump_table" },
	{ 0x80000010, "vmgexit_page_state_change" },
	{ 0x80000011, "vmgexit_guest_request" },
	{ 0x80000012, "vmgexit_ext_guest_request" },
	{ 0x80000013, "vmgexit_ap_creation" },
	{ 0x80000018, "vmgexit_snp_run_vmpl" },
	{ 0x8000001a, "vmgexit_savic" },
	{ 0x8000fffd, "vmgexit_hypervisor_feature" },
	{ 0x8000fffe, "vmgexit_term_request" },
	{ 0x8000ffff, "vmgexit_unsupported_event" },
	{ 0xf0000000, "sw" }, /* reserved for software */
	{ 0xffffffff, "invalid_guest_state" },
};

static const char *const vmx_names[] = {
	[0] = "EXCEPTION_NMI",
	[1] = "EXTERNAL_INTERRUPT",
	[2] = "TRIPLE_FAULT",
	[3] = "INIT_SIGNAL",
	[4] = "SIPI_SIGNAL",
	[5] = "IO_SMI",
	[6] = "OTHER_SMI",
	[7] = "INTERRUPT_WINDOW",
	[8] = "NMI_WINDOW",
	[9] = "TASK_SWITCH",
	[10] = "CPUID",
	[11] = "GETSEC",
	[12] = "HLT",
	[13] = "INVD",
	[14] = "INVLPG",
	[15] = "RDPMC",
	[16] = "RDTSC",
	[17] = "RSM",
	[18] = "VMCALL",
	[19] = "VMCLEAR",
	[20] = "VMLAUNCH",
	[21] = "VMPTRLD",
	[22] = "VMPTRST",
	[23] = "VMREAD",
	[24] = "VMRESUME",
	[25] = "VMWRITE",
	[26] = "VMOFF",
	[27] = "VMON",
	[28] = "CR_ACCESS",
	[29] = "DR_ACCESS",
	[30] = "IO_INSTRUCTION",
	[31] = "MSR_READ",
	[32] = "MSR_WRITE",
	[33] = "INVALID_STATE",
	[34] = "MSR_LOAD_FAIL",
	[36] = "MWAIT_INSTRUCTION",
	[37] = "MONITOR_TRAP_FLAG",
	[39] = "MONITOR_INSTRUCTION",
	[40] = "PAUSE_INSTRUCTION",
	[41] = "MCE_DURING_VMENTRY",
	[43] = "TPR_BELOW_THRESHOLD",
	[44] = "APIC_ACCESS",
	[45] = "EOI_INDUCED",
	[46] = "GDTR_IDTR",
	[47] = "LDTR_TR",
	[48] = "EPT_VIOLATION",
	[49] = "EPT_MISCONFIG",
	[50] = "INVEPT",
	[51] = "RDTSCP",
	[52] = "PREEMPTION_TIMER",
	[53] = "INVVPID",
	[54] = "WBINVD",
	[55] = "XSETBV",
	[56] = "APIC_WRITE",
	[57] = "RDRAND",
	[58] = "INVPCID",
	[59] = "VMFUNC",
	[60] = "ENCLS",
	[61] = "RDSEED",
	[62] = "PML_FULL",
	[63] = "XSAVES",
	[64] = "XRSTORS",
	[65] = "PCONFIG",
	[66] = "SPP_EVENT",
	[67] = "UMWAIT",
	[68] = "TPAUSE",
	[69] = "LOADIWKEY",
	[70] = "ENCLV",
	[72] = "ENQCMD_PASID",
	[73] = "ENQCMDS_PASID",
	[74] = "BUS_LOCK",
	[75] = "NOTIFY",
	[76] = "SEAMCALL",
	[77] = "TDCALL",
	[78] = "RDMSRLIST",
	[79] = "WRMSRLIST",
	[80] = "URDMSR",
	[81] = "UWRMSR",
	[84] = "MSR_READ_IMM",
	[85] = "MSR_WRITE_IMM",
};

/* Names that are composed. Returns whether the code is one. */
static bool compose_svm(char name[EXIT_REASON_SIZE], uint32_t code)
{
	uint32_t vector = code - SVM_EXCEPTIONS;

	for (size_t i = 0; i < LENGTH(svm_registers); i++) {
		uint32_t number = code - svm_registers[i].first;

		if (number > 15)
			continue;
		snprintf(name, EXIT_REASON_SIZE, "%s%u%s", svm_registers[i].before, number,
			 svm_registers[i].after);
		return true;
	}
	if (vector >= LENGTH(svm_exceptions) || !svm_exceptions[vector])
		return false;
	snprintf(name, EXIT_REASON_SIZE, "%s excp", svm_exceptions[vector]);
	return true;
}

static const char *find_name(enum exit_isa isa, uint32_t code)
{
	if (code == EXIT_CODE_OTHER)
		return "other";
	if (isa == EXIT_ISA_VMX)
		return code < LENGTH(vmx_names) ? vmx_names[code] : NULL;
	for (size_t i = 0; isa == EXIT_ISA_SVM && i < LENGTH(svm_names); i++)
		if (svm_names[i].code == code)
			return svm_names[i].name;
	return NULL;
}

void exit_reason__name(char name[EXIT_REASON_SIZE], enum exit_isa isa, uint32_t code)
{
	const char *known = find_name(isa, code);

	if (known)
		snprintf(name, EXIT_REASON_SIZE, "%s", known);
	else if (isa != EXIT_ISA_SVM || !compose_svm(name, code))
		snprintf(name, EXIT_REASON_SIZE, "0x%x", code);
}
