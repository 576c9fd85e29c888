// SPDX-License-Identifier: GPL-2.0-only
#include "why/command.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CGROUPS "/sys/fs/cgroup"

#define US(ns) ((uint64_t)((ns) / 1000))

/* What needs no quotes. */
static bool is_plain(const char *text)
{
	return *text && *text != '-' && *text != '~' &&
	       !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  "/._:@%+,=-")];
}

bool quote(struct quoted *quoted, const char *text)
{
	char *out = quoted->text, *end = quoted->text + sizeof(quoted->text) - 6;

	for (const char *c = text; *c; c++)
		if (!isprint((unsigned char)*c) || (unsigned char)*c >= 0x80)
			return false;
	if (is_plain(text) && strlen(text) < sizeof(quoted->text)) {
		memcpy(quoted->text, text, strlen(text) + 1);
		return true;
	}
	*out++ = '\'';
	for (; *text && out < end; text++) {
		if (*text == '\'') {
			memcpy(out, "'\\''", 4);
			out += 4;
		} else {
			*out++ = *text;
		}
	}
	*out++ = '\'';
	*out = '\0';
	return !*text;
}

/* A path that was cut is nobody's. */
static bool quote_path(struct quoted *quoted, const struct cgroup_limit *limit, const char *file)
{
	char path[VM_CGROUP_SIZE + 64];

	if (strlen(limit->path) + 1 >= sizeof(limit->path))
		return false;
	say(path, CGROUPS "%s/%s", limit->path, file);
	return quote(quoted, path);
}

/* What systemd manages, it sets back. NULL: it is none of its units. */
static const char *unit_of(const struct cgroup_limit *limit)
{
	static const char *const kinds[] = { ".scope", ".service", ".slice" };
	const char *name = strrchr(limit->path, '/') + 1;
	size_t length = strlen(name);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t end = strlen(kinds[i]);

		if (length > end && !strcmp(name + length - end, kinds[i]))
			return name;
	}
	return NULL;
}

static void set_property(struct verdict *verdict, const struct quoted *unit, const char *now,
			 const char *before)
{
	say(verdict->draft->command, "systemctl set-property --runtime %s %s", unit->text, now);
	say(verdict->draft->undo, "systemctl set-property --runtime %s %s", unit->text, before);
}

static void set_file(struct verdict *verdict, const struct quoted *path, const char *now,
		     const char *before)
{
	say(verdict->draft->command, "echo %s > %s", now, path->text);
	say(verdict->draft->undo, "echo %s > %s", before, path->text);
}

void command__set_weight(struct verdict *verdict, const struct cgroup_limit *limit, uint32_t weight)
{
	struct quoted what = { "" };
	char now[64], before[64];

	if (unit_of(limit) && quote(&what, unit_of(limit))) {
		say(now, "CPUWeight=%" PRIu32, weight);
		say(before, "CPUWeight=%" PRIu32, limit->cpu_weight);
		set_property(verdict, &what, now, before);
	} else if (quote_path(&what, limit, "cpu.weight")) {
		say(now, "%" PRIu32, weight);
		say(before, "%" PRIu32, limit->cpu_weight);
		set_file(verdict, &what, now, before);
	}
}

/* libvirt gives each vCPU one of its own: the domain's setting is of all of them. */
static bool set_domain_quota(struct verdict *verdict, const struct cgroup_limit *limit,
			     uint64_t quota_ns)
{
	struct quoted uuid = { "" };

	if (!strstr(limit->path, "/libvirt/vcpu") || !*verdict->vm->vm->uuid ||
	    !quote(&uuid, verdict->vm->vm->uuid))
		return false;
	say(verdict->draft->command, "virsh schedinfo --domain %s --live --set vcpu_quota=%" PRIu64,
	    uuid.text, US(quota_ns));
	say(verdict->draft->undo, "virsh schedinfo --domain %s --live --set vcpu_quota=%" PRIu64,
	    uuid.text, US(limit->quota_ns));
	return true;
}

void command__set_quota(struct verdict *verdict, const struct cgroup_limit *limit,
			uint64_t quota_ns)
{
	struct quoted what = { "" };
	char now[64], before[64];

	if (set_domain_quota(verdict, limit, quota_ns))
		return;
	if (unit_of(limit) && quote(&what, unit_of(limit))) {
		say(now, "CPUQuota=%" PRIu64 "%%", quota_ns * 100 / limit->period_ns);
		say(before, "CPUQuota=%" PRIu64 "%%", limit->quota_ns * 100 / limit->period_ns);
		set_property(verdict, &what, now, before);
	} else if (quote_path(&what, limit, "cpu.max")) {
		uint64_t period_us = US(limit->period_ns);

		say(now, "'%" PRIu64 " %" PRIu64 "'", US(quota_ns), period_us);
		say(before, "'%" PRIu64 " %" PRIu64 "'", US(limit->quota_ns), period_us);
		set_file(verdict, &what, now, before);
	}
}

/* Of io.max, whose lines the kernel writes: "8:0 rbps=max wbps=1048576 riops=max wiops=max". */
void command__free_io(struct verdict *verdict, const struct cgroup_limit *limit)
{
	unsigned int major, minor;
	char line[IO_MAX_SIZE], now[128], before[IO_MAX_SIZE + 8];
	struct quoted path = { "" }, was = { "" };

	say(line, "%s", limit->io_max);
	line[strcspn(line, ";")] = '\0';
	if (sscanf(line, "%u:%u", &major, &minor) != 2 || !quote_path(&path, limit, "io.max") ||
	    !quote(&was, line))
		return;
	say(now, "'%u:%u rbps=max wbps=max riops=max wiops=max'", major, minor);
	say(before, "%s", was.text);
	set_file(verdict, &path, now, before);
}

void command__limit_io(struct verdict *verdict, const struct cgroup_limit *limit, uint32_t dev,
		       uint64_t iops)
{
	struct quoted path = { "" };
	char now[128], before[128];

	if (!quote_path(&path, limit, "io.max"))
		return;
	say(now, "'%u:%u riops=%" PRIu64 " wiops=%" PRIu64 "'", IO_DEV_MAJOR(dev),
	    IO_DEV_MINOR(dev), iops, iops);
	say(before, "'%u:%u riops=max wiops=max'", IO_DEV_MAJOR(dev), IO_DEV_MINOR(dev));
	set_file(verdict, &path, now, before);
}
