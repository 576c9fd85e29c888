// SPDX-License-Identifier: GPL-2.0-only
/* What a monitor adds to disks, by answers as QEMU 7.2 gives them: user/disks/disk_qmp.c. */
#include "unit.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "disks/disk.h"
#include "fake_qmp.h"
#include "model/io.h"
#include "one_proc.h"

#define ANONYMOUS(number) "/machine/peripheral-anon/device[" number "]/virtio-backend"
#define NAMED(id) "/machine/peripheral/" id "/virtio-backend"

/* One drive of query-block, with what else QEMU says of it. */
struct drive {
	const char *device;
	const char *qdev;
	const char *node;
	const char *driver;
	const char *file;
	unsigned int size;
	bool direct;
};

/* An answer to query-block; more stands before its end. */
static const char *make_answer(char *text, const struct drive *drives, size_t count,
			       const char *more)
{
	char *end = text + sprintf(text, "{\"return\": [");

	for (size_t i = 0; i < count; i++, drives++)
		end += sprintf(end,
			       "%s{\"io-status\": \"ok\", \"device\": \"%s\", \"locked\": false, "
			       "\"inserted\": {\"iops_rd\": 0, \"image\": {\"virtual-size\": %u, "
			       "\"filename\": \"%s\", \"format\": \"%s\", \"dirty-flag\": false}, "
			       "\"node-name\": \"%s\", \"drv\": \"%s\", \"cache\": {\"no-flush\": "
			       "false, \"direct\": %s, \"writeback\": true}, \"file\": \"%s\"}, "
			       "\"qdev\": \"%s\", \"type\": \"unknown\"}",
			       i ? ", " : "", drives->device, drives->size, drives->file,
			       drives->driver, drives->node, drives->driver,
			       drives->direct ? "true" : "false", drives->file, drives->qdev);
	sprintf(end, "%s]}\r\n", more);
	return text;
}

/* The last two are no disks: firmware, and a drive of no device. */
static const struct drive drives[] = {
	{ "disk0", NAMED("virtio-disk0"), "#block312", "raw", "a.raw", 67108864, true },
	{ "drive-scsi0", "scsi0", "#block528", "raw", "c.raw", 33554432, true },
	{ "virtio0", ANONYMOUS("0"), "#block732", "raw", "d.raw", 33554432, false },
	{ "", ANONYMOUS("1"), "libvirt-1-format", "qcow2", "b.qcow2", 1048576, false },
	{ "", NAMED("hot"), "hotnode", "file", "h.raw", 4096, false },
	{ "pflash0", "/machine/system.flash0", "f", "raw", "CODE.fd", 4096, false },
	{ "unused", "", "u", "raw", "u.raw", 4096, false },
};

static const char no_medium[] = ", {\"device\": \"ide1-cd0\", \"removable\": true, \"qdev\": "
				"\"/machine/unattached/device[9]\", \"type\": \"unknown\"}";

/* A disk behind a bridge, and some on the root bus. */
static const char buses[] =
	"{\"return\": [{\"bus\": 0, \"devices\": [{\"irq_pin\": 0, \"bus\": 0, \"qdev_id\": \"\", "
	"\"slot\": 0, \"function\": 0}, {\"irq_pin\": 1, \"bus\": 0, \"qdev_id\": "
	"\"virtio-disk0\", \"slot\": 2, \"function\": 0}, {\"bus\": 0, \"qdev_id\": \"br0\", "
	"\"slot\": 3, \"function\": 0, \"pci_bridge\": {\"bus\": {\"secondary\": 1}, "
	"\"devices\": [{\"bus\": 1, \"qdev_id\": \"hot\", \"slot\": 4, \"function\": 0}]}}, "
	"{\"bus\": 0, \"qdev_id\": \"scsihw0\", \"slot\": 5, \"function\": 0}]}]}\r\n";

static struct fake_answer answers[] = {
	{ "query-block", NULL, NULL },
	{ "x-query-virtio", NULL,
	  "{\"return\": [{\"name\": \"vhost-user-blk\", \"path\": \"/machine/peripheral/vu0/"
	  "virtio-backend\"}, {\"path\": 1}, 2]}\r\n" },
	{ "query-pci", NULL, buses },
	{ "parent_bus", "/machine/peripheral/scsi0\"",
	  "{\"return\": \"/machine/peripheral/scsihw0/virtio-backend/scsihw0.0\"}\r\n" },
	{ "parent_bus", "device[0]", "{\"return\": \"/machine/i440fx/pci.0\"}\r\n" },
	{ "addr", "device[0]", "{\"return\": 25}\r\n" },
	{ "parent_bus", "device[1]", "{\"return\": \"/machine/peripheral/br0/br0\"}\r\n" },
	{ "addr", "device[1]", "{\"return\": 8}\r\n" },
	{ NULL },
};

static struct disks disks;

/* Reads a command line (arguments divided by '|') and asks a monitor. */
static int ask(const char *arguments, const struct fake_answer *table)
{
	struct fake_qmp fake = { .greeting = FAKE_GREETING,
				 .answer = fake_qmp__look_up,
				 .context = (void *)table };
	struct qmp *qmp = NULL;
	int error;

	fake_proc__remove(&proc, 100);
	fake_proc__add(&proc, 100, "kvm", 1, arguments, NULL);
	assert_int_equal(disks__read(&disks, proc.path, 100), 0);
	fake_qmp__open(&fake);
	assert_int_equal(qmp__open(&qmp, fake.path, 3000), 0);
	error = disks__ask(&disks, qmp);
	qmp__close(qmp);
	fake_qmp__close(&fake);
	return error;
}

static const struct disk *get(size_t index, const char *name, const char *drive, const char *path,
			      const char *format, uint64_t size)
{
	const struct disk *disk = &disks.list[index];

	assert_true(index < disks.count);
	assert_string_equal(disk->name, name);
	assert_string_equal(disk->drive, drive);
	assert_string_equal(disk->path, path);
	assert_string_equal(disk->format, format);
	assert_int_equal(disk->size_bytes, size);
	return disk;
}

static void check_place(const struct disk *disk, const char *qom_path, const char *address)
{
	assert_string_equal(disk->qom_path, qom_path);
	assert_string_equal(disk->address, address);
}

static void test_all(void **state)
{
	char text[8192];

	(void)state;
	answers[0].text = make_answer(text, drives, ARRAY_SIZE(drives), no_medium);
	assert_int_equal(
		ask("kvm|-drive|file=a.raw,format=raw,if=none,id=disk0,cache=none|-device|"
		    "virtio-blk-pci,drive=disk0,id=virtio-disk0,serial=SER0|-blockdev|"
		    "{\"driver\":\"file\",\"filename\":\"b.qcow2\",\"node-name\":\"s\"}|-blockdev|"
		    "{\"node-name\":\"libvirt-1-format\",\"driver\":\"qcow2\",\"file\":\"s\"}|"
		    "-device|{\"driver\":\"virtio-blk-pci\",\"bus\":\"pci.0\",\"addr\":\"0x7\","
		    "\"drive\":\"libvirt-1-format\"}|-device|virtio-scsi-pci,id=scsihw0|-drive|"
		    "file=c.raw,if=none,id=drive-scsi0|-device|scsi-hd,bus=scsihw0.0,"
		    "drive=drive-scsi0,id=scsi0|-drive|file=d.raw,if=virtio,format=raw|-drive|"
		    "if=none,id=old,file=/old|-device|virtio-blk-pci,drive=old,id=unplugged|"
		    "-device|vhost-user-blk-pci,id=vu0,chardev=c",
		    answers),
		0);
	assert_int_equal(disks.count, 6);
	check_place(get(0, "virtio-disk0", "disk0", "a.raw", "raw", 67108864),
		    "/machine/peripheral/virtio-disk0/virtio-backend", "00:02.0");
	assert_string_equal(disks.list[0].serial, "SER0");
	assert_true(disks.list[0].direct);
	/* On a bus whose number is not known; what the command line says stays. */
	check_place(get(1, "libvirt-1-format", "libvirt-1-format", "b.qcow2", "qcow2", 1048576),
		    "/machine/peripheral-anon/device[1]/virtio-backend", "00:07.0");
	/* That of its controller. */
	check_place(get(2, "scsi0", "drive-scsi0", "c.raw", "raw", 33554432),
		    "/machine/peripheral/scsi0", "00:05.0");
	check_place(get(3, "virtio0", "virtio0", "d.raw", "raw", 33554432),
		    "/machine/peripheral-anon/device[0]/virtio-backend", "00:03.1");
	check_place(get(4, "vu0", "", "", "", 0), "/machine/peripheral/vu0/virtio-backend", "");
	check_place(get(5, "hot", "hotnode", "h.raw", "raw", 4096),
		    "/machine/peripheral/hot/virtio-backend", "01:04.0");
	assert_int_equal(disks.list[5].backing, DISK_FILE);
}

/* A file is as large as its name is long. */
static void open_file(int fd, const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", proc.path, name);
	fake_tree(&proc, name, name);
	fake_proc__add_fd(&proc, 100, fd, path);
	snprintf(path, sizeof(path), "100/fdinfo/%d", fd);
	fake_tree(&proc, path, "flags:\t02140002\n"); /* as x86 has it */
}

/* After a snapshot, a hot-plugged disk, and a file that is no disk: each once. */
static void test_open_files(void **state)
{
	static const struct drive after[] = {
		{ "disk0", "vd0", "#b1", "qcow2", "snap.qcow2", 77, false },
		{ "", "hot", "n2", "raw", "sub/h.raw", 78, false },
		{ "", "new", "n3", "raw", "sub/noending", 79, false },
	};
	char text[8192];
	const struct fake_answer table[] = {
		{ "query-block", NULL, make_answer(text, after, ARRAY_SIZE(after), "") },
		{ NULL },
	};
	struct fake_qmp fake = { .greeting = FAKE_GREETING,
				 .answer = fake_qmp__look_up,
				 .context = (void *)table };
	struct qmp *qmp = NULL;
	struct stat stat_of;
	uint32_t dev;
	char path[300];

	(void)state;
	fake_proc__add(&proc, 100, "kvm", 1,
		       "kvm|-drive|file=a.raw,if=none,id=disk0,format=raw|-device|"
		       "virtio-blk-pci,drive=disk0,id=vd0",
		       NULL);
	snprintf(path, sizeof(path), "%s/100/cwd", proc.path);
	assert_int_equal(symlink(proc.path, path), 0);
	open_file(3, "a.raw");
	open_file(4, "sub/h.raw");
	open_file(5, "snap.qcow2");
	open_file(6, "backup.img");
	open_file(7, "sub/noending");
	assert_int_equal(stat(proc.path, &stat_of), 0);
	dev = major(stat_of.st_dev) ? IO_DEV(major(stat_of.st_dev), minor(stat_of.st_dev)) : 0;
	assert_int_equal(disks__read(&disks, proc.path, 100), 0);
	assert_int_equal(disks.count, 4);
	fake_qmp__open(&fake);
	assert_int_equal(qmp__open(&qmp, fake.path, 3000), 0);
	assert_int_equal(disks__ask(&disks, qmp), 0);
	qmp__close(qmp);
	fake_qmp__close(&fake);
	assert_int_equal(disks.count, 3);
	snprintf(path, sizeof(path), "%s/snap.qcow2", proc.path);
	assert_int_equal(get(0, "vd0", "disk0", path, "qcow2", 77)->dev, dev);
	snprintf(path, sizeof(path), "%s/sub/h.raw", proc.path);
	assert_int_equal(get(1, "hot", "n2", path, "raw", 78)->dev, dev);
	/* Nothing but the monitor told that this one is a disk. */
	snprintf(path, sizeof(path), "%s/sub/noending", proc.path);
	assert_int_equal(disks.list[2].dev, dev);
	assert_string_equal(disks.list[2].path, path);
	assert_string_equal(disks.list[2].name, "new");
}

/* What is no answer to the question costs the answer, and nothing else. */
static void test_nonsense(void **state)
{
	static const char *const texts[] = {
		"{\"return\": {}}",
		"{\"return\": [1, null, [], {}, {\"inserted\": 1, \"qdev\": \"x\"}]}",
		"{\"return\": [{\"inserted\": {\"image\": []}, \"qdev\": "
		"\"/machine/peripheral/\"}]}",
		"{\"return\": [{\"inserted\": {\"image\": {\"virtual-size\": -5, \"filename\": "
		"\"json:{\"}}, \"qdev\": \"\\u001b[2J\", \"device\": \"\\n\"}]}",
	};
	struct fake_answer table[] = { { "query-block", NULL, NULL },
				       { "query-pci", NULL,
					 "{\"return\": [{\"devices\": [[], 1, {\"qdev_id\": 1}, "
					 "{\"qdev_id\": \"?[2J\", \"slot\": 99}]}, 7]}" },
				       { "qom-get", NULL, "{\"return\": [\"/pci.0\"]}" },
				       { NULL } };
	char *many = malloc(1 << 16), *end = many + sprintf(many, "{\"return\": [");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		table[0].text = texts[i];
		assert_int_equal(ask("kvm|-drive|file=/a,if=virtio", table), 0);
		assert_true(disks.count <= 1);
		for (size_t j = 0; j < disks.count; j++)
			assert_string_equal(disks.list[j].address, "");
	}
	assert_string_equal(disks.list[0].name, "\033[2J");
	assert_int_equal(disks.list[0].size_bytes, 0);
	for (int i = 0; i < DISKS_MAX + 3; i++)
		end += sprintf(end, "%s{\"inserted\": {}, \"qdev\": \"d%d\"}", i ? ", " : "", i);
	strcpy(end, "]}");
	table[0].text = many;
	assert_int_equal(ask("kvm", table), 0);
	assert_int_equal(disks.count, DISKS_MAX);
	assert_int_equal(disks.left_out, 3);
	free(many);
	table[0].text = "garbage";
	assert_int_equal(ask("kvm|-drive|file=/a,if=virtio", table), -EPROTO);
	table[0].command = "no such";
	assert_int_equal(ask("kvm|-drive|file=/a,if=virtio", table), -EOPNOTSUPP);
	assert_int_equal(disks.count, 1);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, open_proc, close_proc)
	const struct CMUnitTest tests[] = {
		TEST(test_all),
		TEST(test_open_files),
		TEST(test_nonsense),
	};

	return cmocka_run_group_tests_name("disk_qmp", tests, NULL, NULL);
}
