// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMM's command line and what it has open, as libFuzzer makes them up: arguments that end with a
 * NUL; after a byte of 0xff, a file that each descriptor is a link to, and its fdinfo.
 */
#include "fuzz.h"

#include "disks/disk.h"
#include "host/vm_cmdline.h"

#define PID 300
#define FILES_MAX 8

static void open_files(const unsigned char *data, size_t size)
{
	char path[300], target[256];
	struct part file;

	for (int fd = 0; fd < FILES_MAX; fd++) {
		snprintf(path, sizeof(path), "%s/%d/fd/%d", proc.path, PID, fd);
		unlink(path);
		if (!size)
			continue;
		file = take_part(&data, &size);
		snprintf(target, sizeof(target), "%.*s", (int)file.size, file.text);
		if (*target && symlink(target, path))
			fake_fail(path);
		file = take_part(&data, &size);
		snprintf(path, sizeof(path), "fdinfo/%d", fd);
		fake_file(&proc, PID, path, file.text, file.size);
	}
}

static void make_folders(void)
{
	char path[300];

	begin_proc(PID);
	snprintf(path, sizeof(path), "%s/%d/fd", proc.path, PID);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%d/fdinfo", proc.path, PID);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%d/root", proc.path, PID);
	if (symlink(proc.path, path) && errno != EEXIST)
		fake_fail(path);
}

static void check(const struct disks *disks)
{
	if (disks->count > DISKS_MAX)
		abort();
	for (size_t i = 0; i < disks->count; i++)
		if (!memchr(disks->list[i].name, 0, sizeof(disks->list[i].name)) ||
		    !memchr(disks->list[i].path, 0, sizeof(disks->list[i].path)))
			abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct part cmdline = take_part(&data, &size);
	struct vm_identity identity;
	struct disks disks = { 0 };
	char *text = malloc(cmdline.size + 1);

	if (!text)
		return 0;
	memcpy(text, cmdline.text, cmdline.size);
	vm_identity__read(&identity, text, cmdline.size);
	disks__from_cmdline(&disks, text, cmdline.size);
	check(&disks);
	disks__free(&disks);
	make_folders();
	fake_file(&proc, PID, "cmdline", text, cmdline.size);
	open_files(data, size);
	disks = (struct disks){ 0 };
	disks__read(&disks, proc.path, PID);
	check(&disks);
	disks__free(&disks);
	free(text);
	return 0;
}
