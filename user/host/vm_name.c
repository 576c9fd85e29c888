// SPDX-License-Identifier: GPL-2.0-only
#include "host/vm_name.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "model/snapshot.h"

#define UUID_LENGTH 36

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

/* The part "machine-....scope" of a path names a machine; it is unescaped below. */
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
		if (length != UUID_LENGTH)
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
	static const char *const prefixes[] = { "CPU ",	 "fc_vcpu ",	"fc_vcpu",   "vcpu",
						"vcpu_", "crosvm_vcpu", "kvm-vcpu-", "EMT-" };
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
