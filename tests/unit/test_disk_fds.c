// SPDX-License-Identifier: GPL-2.0-only
/* Disks by what a VMM has open: user/disks/disk_fds.c, on a folder like /proc and on /proc. */
#include "unit.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include <linux/magic.h>

#include "base/units.h"
#include "block_device.h"
#include "disks/disk.h"
#include "host/proc.h"
#include "model/io.h"
#include "one_proc.h"

#define PID 100U

static struct disks disks;
static uint32_t folder_dev; /* of the file system of all files here; 0: it is anonymous */

static int set_up(void **state)
{
	open_proc(state);
	folder_dev = proc_device();
	return 0;
}

/* A process whose command line has % for the folder. */
static void add_process(const char *arguments)
{
	char text[4096], *end = text;

	for (; *arguments; arguments++)
		if (*arguments == '%')
			end = stpcpy(end, proc.path);
		else
			*end++ = *arguments;
	*end = '\0';
	fake_proc__add(&proc, PID, "kvm", 1, text, NULL);
	fake_tree(&proc, "100/fdinfo/.keep", "");
	assert_int_equal(symlink("/proc/self/mountinfo", fake_path(&proc, "100/mountinfo")), 0);
}

static void add_flags(int fd, unsigned int flags)
{
	char name[64], text[64];

	snprintf(name, sizeof(name), "%u/fdinfo/%d", PID, fd);
	snprintf(text, sizeof(text), "pos:\t0\nflags:\t0%o\nmnt_id:\t29\n", flags);
	fake_tree(&proc, name, text);
}

static void open_path(int fd, const char *path, unsigned int flags)
{
	fake_proc__add_fd(&proc, PID, fd, path);
	add_flags(fd, flags);
}

/* A new file of 8 KiB. */
static void make_file(const char *name)
{
	fake_tree(&proc, name, "");
	assert_int_equal(truncate(fake_path(&proc, name), 8192), 0);
}

static void open_file(int fd, const char *name, unsigned int flags)
{
	make_file(name);
	open_path(fd, fake_path(&proc, name), flags);
}

static const struct disk *get(size_t index, const char *name, const char *path)
{
	const struct disk *disk = &disks.list[index];

	assert_true(index < disks.count);
	assert_string_equal(disk->name, name);
	assert_string_equal(disk->path, path);
	return disk;
}

static void read_all(size_t count)
{
	assert_int_equal(disks__read(&disks, proc.path, PID), 0);
	assert_int_equal(disks.count, count);
	assert_int_equal(disks.pid, PID);
}

static void test_files(void **state)
{
	const struct disk *disk;

	(void)state;
	add_process("kvm|-drive|file=%/a.raw,if=virtio,format=raw|-drive|file=%/b,if=virtio,"
		    "format=qcow2|-drive|file=%/gone,if=virtio,format=raw,cache=none|-drive|"
		    "file=rbd:a/b,if=virtio|-drive|if=pflash,file=%/vars.raw");
	open_file(3, "a.raw", O_RDWR | O_DIRECT | O_CLOEXEC);
	open_file(4, "b", O_RDWR);
	open_file(5, "vars.raw", O_RDWR);
	open_file(6, "base.qcow2", O_RDONLY);
	open_file(7, "log", O_WRONLY);
	open_path(8, "socket:[123]", O_RDWR);
	open_path(9, "/nonexistent/x.raw", O_RDWR);
	open_path(10, "/dev/null", O_RDWR);
	read_all(4);
	disk = get(0, "virtio0", fake_path(&proc, "a.raw"));
	assert_int_equal(disk->dev, folder_dev);
	assert_true(disk->direct);
	assert_int_equal(disk->backing, DISK_FILE);
	assert_int_equal(disk->size_bytes, 8192);
	disk = get(1, "virtio1", fake_path(&proc, "b"));
	assert_int_equal(disk->dev, folder_dev);
	assert_false(disk->direct);
	assert_int_equal(disk->size_bytes, 0); /* which is that of the image, not of the disk */
	disk = get(2, "virtio2", fake_path(&proc, "gone"));
	assert_int_equal(disk->dev, 0);
	assert_true(disk->direct); /* as the text says */
	assert_int_equal(disk->size_bytes, 0);
	assert_int_equal(get(3, "virtio3", "rbd:a/b")->backing, DISK_NETWORK);
}

/* Files that were plugged in later; each once, and none that is called like no image. */
static void test_hot_plugged(void **state)
{
	const struct disk *disk;

	(void)state;
	add_process("kvm|-drive|file=%/a.raw,if=virtio|-blockdev|file,node-name=n,filename=%/x.img|"
		    "-blockdev|{\"driver\":\"raw\",\"node-name\":\"m\",\"file\":{\"driver\":"
		    "\"file\",\"filename\":\"%/y.img\"}}");
	open_file(11, "new.qcow2", O_RDWR | O_DIRECT);
	open_file(3, "a.raw", O_RDWR);
	open_file(4, "x.img", O_RDWR);
	open_file(5, "y.img", O_RDWR);
	open_file(6, "read-only.qcow2", O_RDONLY);
	open_file(7, "notes.txt", O_RDWR);
	open_file(8, "dotless", O_RDWR);
	open_path(12, fake_path(&proc, "new.qcow2"), O_RDWR);
	open_file(13, "other.raw", O_RDWR);
	open_path(2, fake_path(&proc, "a.raw"), O_RDONLY);
	read_all(3);
	get(0, "virtio0", fake_path(&proc, "a.raw"));
	disk = get(1, "new.qcow2", fake_path(&proc, "new.qcow2"));
	assert_int_equal(disk->dev, folder_dev);
	assert_true(disk->direct);
	assert_string_equal(disk->drive, "");
	get(2, "other.raw", fake_path(&proc, "other.raw"));
}

/* cases/firecracker-fds, beside what is no disk. */
static void test_firecracker(void **state)
{
	static const char *const names[] = { "rootfs", "rootfs.squashfs", "scratch.btrfs", "disk0",
					     "overlay.ext4" };

	(void)state;
	add_process("/opt/firecracker-v1.7|--api-sock|/run/fc.sock|--id|vm-7|--log-path|%/events|"
		    "--metrics-path=%/counts");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		open_file(10 + (int)i, names[i], i == 1 ? O_RDONLY : O_RDWR);
	open_path(20, fake_path(&proc, "disk0"), O_RDONLY);
	open_path(9, fake_path(&proc, "rootfs"), O_RDONLY);
	open_file(21, "vmlinux-6.1", O_RDONLY);
	open_file(22, "initrd.img", O_RDONLY);
	open_file(23, "events", O_RDWR);
	open_file(24, "counts", O_RDWR);
	open_file(25, "out", O_WRONLY);
	open_file(26, "fc.log", O_RDWR);
	open_path(27, "/proc/self/status", O_RDONLY);
	read_all(ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(get(i, names[i], fake_path(&proc, names[i]))->dev, folder_dev);
		assert_string_equal(disks.list[i].format, "raw");
		assert_int_equal(disks.list[i].size_bytes, 8192);
	}
}

/* Of several open files of one name, the one that is written is the disk's. */
static void test_active_layer(void **state)
{
	(void)state;
	add_process("kvm|-drive|file=%/a.raw,if=virtio|-drive|file=%/a.raw,if=virtio");
	open_file(3, "a.raw", O_RDONLY);
	open_path(4, fake_path(&proc, "a.raw"), O_RDWR | O_DIRECT);
	open_path(5, fake_path(&proc, "a.raw"), O_RDONLY);
	read_all(2); /* and two disks may share a file */
	assert_true(disks.list[0].direct);
	assert_true(disks.list[1].direct);
	assert_int_equal(disks.list[1].dev, folder_dev);
}

/* Names are looked up below the process's own root and folder, through links. */
static void test_namespaces(void **state)
{
	(void)state;
	add_process("kvm|-drive|file=/images/a,if=virtio|-drive|file=sub/b,if=virtio|-drive|"
		    "file=/outside,if=virtio|-drive|file=/link,if=virtio");
	make_file("jail/real/a");
	make_file("jail/home/sub/b");
	make_file("outside");
	assert_int_equal(symlink("/real", fake_path(&proc, "jail/images")), 0);
	assert_int_equal(symlink("/../../outside", fake_path(&proc, "jail/link")), 0);
	assert_int_equal(symlink(fake_path(&proc, "jail"), fake_path(&proc, "100/root")), 0);
	assert_int_equal(symlink(fake_path(&proc, "jail/home"), fake_path(&proc, "100/cwd")), 0);
	open_path(3, fake_path(&proc, "jail/real/a"), O_RDWR | O_DIRECT);
	open_path(4, fake_path(&proc, "jail/home/sub/b"), O_RDWR | O_DIRECT);
	open_path(5, fake_path(&proc, "outside"), O_RDWR | O_DIRECT);
	read_all(4);
	assert_true(get(0, "virtio0", "/images/a")->direct);
	assert_true(get(1, "virtio1", fake_path(&proc, "jail/home/sub/b"))->direct);
	assert_false(get(2, "virtio2", "/outside")->direct);
	assert_false(get(3, "virtio3", "/link")->direct);
}

/* QEMU closes what it was handed once it has copies: the numbers are other files' by now. */
static void test_fd_sets(void **state)
{
	(void)state;
	add_process("kvm|-add-fd|set=2,fd=20,opaque=x|-add-fd|set=1,fd=21|-add-fd|set=2,fd=22|"
		    "-drive|file=/dev/fdset/2,if=virtio,format=raw|-drive|"
		    "file=/dev/fdset/7,if=virtio");
	open_file(20, "two", O_RDONLY);
	open_file(21, "one", O_RDWR);
	open_path(22, fake_path(&proc, "two"), O_RDWR | O_DIRECT);
	read_all(2);
	assert_int_equal(get(0, "virtio0", "/dev/fdset/2")->dev, 0);
	assert_false(disks.list[0].no_device || disks.list[0].direct);
	assert_int_equal(disks.list[0].size_bytes, 0);
	assert_int_equal(get(1, "virtio1", "/dev/fdset/7")->dev, 0);
}

static void test_block_device(void **state)
{
	char path[300], text[32];
	struct stat stat_of = { 0 };
	const struct disk *disk;
	uint32_t dev;

	(void)state;
	if (!find_block_device(path, sizeof(path), &stat_of))
		skip();
	add_process("kvm|-drive|file=%/link,if=virtio,format=raw");
	assert_int_equal(symlink(path, fake_path(&proc, "link")), 0);
	assert_int_equal(symlink("/", fake_path(&proc, "100/root")), 0);
	open_path(3, path, O_RDWR | O_DIRECT);
	read_all(1);
	disk = get(0, "virtio0", fake_path(&proc, "link"));
	dev = IO_DEV(major(stat_of.st_rdev), minor(stat_of.st_rdev));
	assert_int_equal(disk->dev, dev);
	assert_int_equal(disk->backing, DISK_BLOCK);
	assert_true(disk->direct);
	if (read_file(text, sizeof(text), "/sys/dev/block/%u:%u/size", IO_DEV_MAJOR(dev),
		      IO_DEV_MINOR(dev)) > 0)
		assert_int_equal(disk->size_bytes, strtoull(text, NULL, 10) * 512);
	/* Without a name in the command line it is a disk, too. */
	fake_proc__remove(&proc, PID);
	add_process("kvm");
	open_path(3, path, O_RDWR);
	read_all(1);
	assert_int_equal(get(0, strrchr(path, '/') + 1, path)->dev, dev);
}

static void test_gone(void **state)
{
	(void)state;
	assert_int_equal(disks__read(&disks, proc.path, 7), -ESRCH);
	assert_int_equal(disks.count, 0);
	fake_proc__add(&proc, PID, "kthread", 1, NULL, NULL);
	read_all(0);
	fake_proc__remove(&proc, PID);
	/* Between one file and the next. */
	add_process("kvm|-drive|file=/a,if=virtio");
	assert_int_equal(rmdir(fake_path(&proc, "100/fd")), 0);
	assert_int_equal(disks__read(&disks, proc.path, PID), -ESRCH);
	assert_int_equal(disks.count, 1);
}

/* A file that has no name any more, in this process. */
static void test_deleted(void **state)
{
	int fd;

	(void)state;
	make_file("deleted.img");
	fd = open(fake_path(&proc, "deleted.img"), O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(unlink(fake_path(&proc, "deleted.img")), 0);
	assert_int_equal(disks__read(&disks, "/proc", (uint32_t)getpid()), 0);
	close(fd);
	for (size_t i = 0; i < disks.count; i++)
		if (!strcmp(disks.list[i].name, "deleted.img")) {
			assert_string_equal(disks.list[i].path, fake_path(&proc, "deleted.img"));
			assert_int_equal(disks.list[i].dev, folder_dev);
			return;
		}
	fail_msg("not found");
}

/* A command line of all the names that it has room for, of a process with all the files. */
static void add_flood(const char *target)
{
	static char text[1 << 20];
	char *end = stpcpy(text, "kvm") + 1;

	for (int option = 0; option < 2000; option++) {
		end = stpcpy(end, "-blockdev") + 1;
		end = stpcpy(end, "{\"driver\":\"file\"");
		for (int i = 0; i < 12; i++)
			end += sprintf(end, ",\"%d.file\":\"/none/%d\"", i, option);
		end += sprintf(end, ",\"file\":\"/none/%d\"}", option) + 1;
	}
	fake_proc__add(&proc, PID, "kvm", 1, "kvm", NULL);
	fake_file(&proc, PID, "cmdline", text, (size_t)(end - text));
	assert_int_equal(symlink("/", fake_path(&proc, "100/root")), 0);
	make_file(target);
	for (int fd = 3; fd < 2000; fd++)
		fake_proc__add_fd(&proc, PID, fd, fake_path(&proc, target));
}

/* It costs little, and what was left out is counted. */
static void test_flood(void **state)
{
	uint64_t ns;

	(void)state;
	add_flood("a.img");
	ns = clock_process_cpu_ns();
	assert_int_equal(disks__read(&disks, proc.path, PID), 0);
	ns = clock_process_cpu_ns() - ns;
	assert_in_range(ns, 0, NSEC_PER_SEC);
	assert_true(disks.refused > 900);
}

/* A file in memory, in this process: it is known to be on no device. */
static void test_memory(void **state)
{
	const struct disk *found = NULL;
	char path[64];
	struct statfs fs;
	int fd;

	(void)state;
	if (statfs("/dev/shm", &fs) || fs.f_type != TMPFS_MAGIC)
		skip();
	snprintf(path, sizeof(path), "/dev/shm/kvmq-%d.img", getpid());
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(disks__read(&disks, "/proc", (uint32_t)getpid()), 0);
	close(fd);
	unlink(path);
	for (size_t i = 0; i < disks.count; i++)
		if (!strcmp(disks.list[i].path, path))
			found = &disks.list[i];
	assert_true(found && !found->dev && found->no_device);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, close_proc)
	const struct CMUnitTest tests[] = {
		TEST(test_files),	 TEST(test_hot_plugged), TEST(test_firecracker),
		TEST(test_active_layer), TEST(test_namespaces),	 TEST(test_fd_sets),
		TEST(test_block_device), TEST(test_gone),	 TEST(test_deleted),
		TEST(test_memory),	 TEST(test_flood),
	};

	return cmocka_run_group_tests_name("disk_fds", tests, NULL, NULL);
}
