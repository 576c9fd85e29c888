// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded, it lets one allocation fail: the one that FAIL_ALLOC in the environment numbers, from
 * 1 on. How many there were is written to the file that FAIL_COUNT names.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* NOLINTBEGIN(bugprone-reserved-identifier): glibc's own names for its own functions */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
/* NOLINTEND(bugprone-reserved-identifier) */

static atomic_ulong allocations;
static unsigned long failing; /* 0: not read yet, or none */
static FILE *counted;

__attribute__((constructor)) static void begin(void)
{
	const char *number = getenv("FAIL_ALLOC"), *file = getenv("FAIL_COUNT");

	/* Opened now: later, the tool may not open files to write. */
	counted = file ? fopen(file, "we") : NULL;
	if (counted)
		setvbuf(counted, NULL, _IONBF, 0);
	atomic_store(&allocations, 0);
	failing = number ? strtoul(number, NULL, 10) : 0;
}

__attribute__((destructor)) static void tell_count(void)
{
	unsigned long count = atomic_load(&allocations);

	failing = 0;
	if (counted)
		fprintf(counted, "%lu\n", count);
}

static int fails(void)
{
	if (atomic_fetch_add(&allocations, 1) + 1 != failing)
		return 0;
	errno = ENOMEM;
	return 1;
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): as glibc's header has them,
 * "__" */
void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
