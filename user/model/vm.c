// SPDX-License-Identifier: GPL-2.0-only
#include "model/vm.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

int vm__compare(const void *left, const void *right)
{
	const struct vm *a = left, *b = right;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return a->start_ns < b->start_ns ? -1 : a->start_ns > b->start_ns;
}

bool uuid_equal(const char *left, const char *right)
{
	int digits = 0;

	for (;; left++, right++, digits++) {
		left += *left == '-';
		right += *right == '-';
		if (!isxdigit((unsigned char)*left) ||
		    tolower((unsigned char)*left) != tolower((unsigned char)*right))
			break;
	}
	return digits == 32 && !*left && !*right;
}

static bool has_pid(const struct vm *vm, const char *text)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%u", vm->pid);
	return !strcmp(text, pid);
}

static bool is_called(const struct vm *vm, const char *full_name, const char *name)
{
	size_t length = strlen(full_name);

	if (!strcmp(vm->name, name))
		return true;
	if (strncmp(full_name, name, length) != 0)
		return false;
	return !name[length] || (name[length] == '-' && has_pid(vm, name + length + 1));
}

static bool has_id(const struct vm *vm, const char *id)
{
	return vm->id[0] && !strcmp(vm->id, id);
}

/* What stands behind a prefix, or NULL. */
static const char *behind(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) ? NULL : text + length;
}

bool vm__matches(const struct vm *vm, const char *full_name, const char *wanted)
{
	const char *value;
	uint64_t number;

	if ((value = behind(wanted, "name=")))
		return is_called(vm, full_name, value);
	if ((value = behind(wanted, "uuid=")))
		return uuid_equal(vm->uuid, value);
	if ((value = behind(wanted, "pid=")))
		return has_pid(vm, value);
	if ((value = behind(wanted, "id=")))
		return has_id(vm, value);
	if (!parse_number(wanted, 0, UINT32_MAX, &number))
		return has_pid(vm, wanted) || has_id(vm, wanted);
	return is_called(vm, full_name, wanted) || has_id(vm, wanted) ||
	       uuid_equal(vm->uuid, wanted);
}
