// SPDX-License-Identifier: GPL-2.0-only
#include "collect/exit_reason.h"

#include <stdio.h>

#ifdef __x86_64__
#include <asm/svm.h>
#include <asm/vmx.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* The tables' names of exceptions, arch/x86/include/asm/trapnr.h. */
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
	HV_VECTOR = 28,
	VC_VECTOR = 29,
	SX_VECTOR = 30,
};

struct reason_name {
	uint32_t code;
	const char *name;
};

static const struct reason_name svm_names[] = { SVM_EXIT_REASONS };
static const struct reason_name vmx_names[] = { VMX_EXIT_REASONS };

static const char *find_name(enum exit_isa isa, uint32_t code)
{
	const struct reason_name *names = isa == EXIT_ISA_SVM ? svm_names : vmx_names;
	size_t count = isa == EXIT_ISA_SVM ? LENGTH(svm_names) : LENGTH(vmx_names);

	for (size_t i = 0; i < count && isa != EXIT_ISA_UNKNOWN; i++)
		if (names[i].code == code)
			return names[i].name;
	return NULL;
}
#else
static const char *find_name(enum exit_isa isa, uint32_t code)
{
	(void)isa;
	(void)code;
	return NULL;
}
#endif

void exit_reason__name(char name[EXIT_REASON_SIZE], enum exit_isa isa, uint32_t code)
{
	const char *known = code == EXIT_CODE_OTHER ? "other" : find_name(isa, code);

	if (known)
		snprintf(name, EXIT_REASON_SIZE, "%s", known);
	else
		snprintf(name, EXIT_REASON_SIZE, "0x%x", code);
}
