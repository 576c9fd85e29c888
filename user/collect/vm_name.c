// SPDX-License-Identifier: GPL-2.0-only
#include "collect/vm_name.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "collect/snapshot.h"

/* The argument after *argument, or NULL; cmdline ends at end. */
static const char *next_argument(const char *argument, const char *end)
{
	const char *next = memchr(argument, '\0', (size_t)(end - argument));

	return next && next + 1 < end ? next + 1 : NULL;
}

/*
 * QEMU's -name: [guest=]NAME[,option=...]. Items may stand in any order, but
 * only the first may do without a key; a comma in a value is doubled.
 */
static void qemu_name(const char *value, char name[VM_NAME_SIZE])
{
	bool keyless = value[strcspn(value, "=,")] != '=';
	char text[VM_NAME_SIZE + 6];

	for (const char *c = value; *c; c += *c == ',') {
		bool first = c == value;
		size_t length = 0;

		for (; *c && (*c != ',' || c[1] == ','); c++) {
			c += *c == ',';
			if (length < sizeof(text))
				text[length++] = *c;
		}
		if (length >= 6 && !memcmp(text, "guest=", 6) && !(first && keyless))
			text_copy(name, VM_NAME_SIZE, text + 6, length - 6);
		else if (first && keyless)
			text_copy(name, VM_NAME_SIZE, text, length);
	}
}

static bool is_uuid(const char *text)
{
	for (int i = 0; i < VM_UUID_SIZE - 1; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return !text[VM_UUID_SIZE - 1];
}

bool vm_name_from_cmdline(const char *cmdline, size_t size, char name[VM_NAME_SIZE],
			  char uuid[VM_UUID_SIZE])
{
	const char *end = cmdline + size;
	const char *argument = size ? cmdline : NULL, *value;

	name[0] = uuid[0] = '\0';
	for (; argument; argument = next_argument(argument, end)) {
		size_t left = (size_t)(end - argument);

		value = next_argument(argument, end);
		if (strnlen(argument, left) == left)
			break; /* cut off: it may be half a name */
		if (!strncmp(argument, "--name=", 7) || !strncmp(argument, "--id=", 5)) {
			value = strchr(argument, '=') + 1;
			text_copy(name, VM_NAME_SIZE, value, strlen(value));
			continue;
		}
		if (!value)
			break;
		left = (size_t)(end - value);
		if (strnlen(value, left) == left)
			break; /* so may be this value */
		if (!strcmp(argument, "-name"))
			qemu_name(value, name);
		else if (!strcmp(argument, "--name") || !strcmp(argument, "--id"))
			text_copy(name, VM_NAME_SIZE, value, strlen(value));
		else if (!strcmp(argument, "-uuid") && left >= VM_UUID_SIZE && is_uuid(value))
			memcpy(uuid, value, VM_UUID_SIZE);
	}
	return name[0];
}

/* systemd writes a character that may not stand in a unit's name as \xHH. */
static void unescape(const char *text, size_t size, char name[VM_NAME_SIZE])
{
	char plain[VM_NAME_SIZE];
	size_t length = 0;
	unsigned int code;

	for (size_t i = 0; i < size && length < sizeof(plain) - 1; i++) {
		if (size - i >= 4 && text[i] == '\\' && text[i + 1] == 'x' &&
		    sscanf(text + i + 2, "%2x", &code) == 1) {
			plain[length++] = (char)code;
			i += 3;
		} else {
			plain[length++] = text[i];
		}
	}
	text_copy(name, VM_NAME_SIZE, plain, length);
}

/* The part "machine-....scope" of a path is a machine's, unescaped below. */
static bool machine_name(const char *path, char name[VM_NAME_SIZE])
{
	const char *begin = strstr(path, "/machine-"), *end;
	const char *number;

	if (!begin)
		return false;
	begin += strlen("/machine-");
	end = strstr(begin, ".scope");
	if (!end || memchr(begin, '/', (size_t)(end - begin)))
		return false;
	unescape(begin, (size_t)(end - begin), name);
	/* libvirt: driver-ID-NAME */
	number = strncmp(name, "qemu-", 5) ? NULL : name + 5;
	if (number && isdigit((unsigned char)*number)) {
		number += strspn(number, "0123456789");
		if (*number == '-')
			memmove(name, number + 1, strlen(number + 1) + 1);
	}
	return name[0];
}

static bool pod_name(const char *path, char name[VM_NAME_SIZE])
{
	const char *pod = strstr(path, "kubepods") ? strstr(path, "pod") : NULL;
	size_t length;

	for (; pod; pod = strstr(pod + 1, "pod")) {
		length = strcspn(pod + 3, "/.");
		if (length != VM_UUID_SIZE - 1)
			continue;
		snprintf(name, VM_NAME_SIZE, "pod %.*s", (int)length, pod + 3);
		/* the systemd driver writes the UID with _ for - */
		for (char *c = name; *c; c++)
			if (*c == '_')
				*c = '-';
		return true;
	}
	return false;
}

bool vm_name_from_cgroup(const char *path, char name[VM_NAME_SIZE])
{
	name[0] = '\0';
	return machine_name(path, name) || pod_name(path, name);
}

int32_t vcpu_from_comm(const char *comm)
{
	static const char *const prefixes[] = { "CPU ", "fc_vcpu ", "vcpu", "crosvm_vcpu" };
	int vcpu;
	char end;

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t length = strlen(prefixes[i]);

		if (strncmp(comm, prefixes[i], length) || !isdigit((unsigned char)comm[length]))
			continue;
		if (sscanf(comm + length, "%6d%c", &vcpu, &end) == 1 || end == '/')
			return vcpu;
	}
	return VCPU_UNKNOWN;
}
