// SPDX-License-Identifier: GPL-2.0-only
/* What a command line tells of formats and snapshots, disks without a file, and other VMMs. */
#include "disk_line.h"

/* What is not known to be raw is not raw. */
static void test_formats(void **state)
{
	static const struct {
		const char *drive, *format;
	} cases[] = {
		{ "file=/x.img", "" },
		{ "file=/x.img,format=raw", "raw" },
		{ "file.filename=/x.img", "" },
		{ "format=raw,file.filename=/x.img", "raw" },
		{ "driver=raw,file.driver=file,file.filename=/x", "raw" },
		{ "driver=file,filename=/x", "raw" },
		{ "driver=host_device,filename=/dev/x", "raw" },
		{ "driver=throttle,file.driver=qcow2,file.file.driver=file,file.file.filename=/x",
		  "qcow2" },
		{ "driver=throttle,file.driver=file,file.filename=/x", "raw" },
		{ "driver=throttle,file.filename=/x", "" },
		{ "driver=copy-on-read,file.driver=raw,file.file.driver=file,file.file.filename=/x",
		  "raw" },
		{ "driver=copy-on-read,file.driver=throttle,file.file.driver=vmdk,"
		  "file.file.file.filename=/x",
		  "vmdk" },
		{ "driver=newfilter,file.driver=file,file.filename=/x", "" },
		{ "driver=newfilter,file.driver=qcow2,file.file.filename=/x", "" },
		{ "driver=raw,file.driver=qcow2,file.file.driver=file,file.file.filename=/x",
		  "qcow2" },
		{ "driver=raw,file.driver=newformat,file.file.filename=/x", "" },
		{ "driver=blkverify,raw.filename=/x,test.filename=/y", "" },
		{ "driver=rbd,pool=p,image=i", "raw" },
		{ "file=rbd:p/i,format=raw", "raw" },
		{ "file=rbd:p/i", "" },
		{ "file=json:{\"driver\":\"throttle\",,\"file\":{\"driver\":\"qcow2\",,\"file\":"
		  "{\"driver\":\"file\",,\"filename\":\"/x\"}}}",
		  "qcow2" },
		{ "file=json:{\"driver\":\"odd\",,\"file\":{\"driver\":\"file\",,\"filename\":\"/"
		  "x\"}}",
		  "" },
		{ "file=odd:x,format=raw", "" },
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "qemu|-drive|if=virtio,%s", cases[i].drive);
		parse(text);
		if (disks.count != 1 || strcmp(disks.list[0].format, cases[i].format) != 0)
			fail_msg("%s: %zu, '%s'", text, disks.count, disks.list[0].format);
	}
	/* By nodes: Proxmox 9's throttle, a filter that nobody knows, and a node that is not there.
	 */
	parse("kvm|-blockdev|{\"driver\":\"throttle\",\"node-name\":\"drive-scsi1\",\"throttle-"
	      "group\":"
	      "\"tg\",\"file\":{\"driver\":\"qcow2\",\"node-name\":\"f1\",\"cache\":{\"direct\":"
	      "true},"
	      "\"file\":{\"driver\":\"file\",\"filename\":\"/images/"
	      "c.qcow2\",\"cache\":{\"direct\":true},"
	      "\"node-name\":\"e1\"}}}|-device|scsi-hd,drive=drive-scsi1,id=scsi1|-blockdev|"
	      "driver=odd,node-name=o,file=p|-blockdev|file,node-name=p,filename=/p|-device|"
	      "virtio-blk,drive=o|-blockdev|raw,node-name=r,file=gone|-device|virtio-blk,drive=r");
	CHECK(0, .name = "scsi1", .drive = "drive-scsi1", .path = "/images/c.qcow2",
	      .format = "qcow2", .backing = DISK_FILE, .direct = true);
	CHECK(1, .name = "o", .drive = "o", .path = "/p", .backing = DISK_FILE);
	CHECK(2, .name = "r", .drive = "r");
}

/* Of OSX-KVM and CI: what is written goes to a file without a name, through the page cache. */
static void test_snapshot(void **state)
{
	static const char *const spelled[] = {
		"qemu-system-x86_64|-enable-kvm|-snapshot|-drive|"
		"file=/images/golden.raw,format=raw,if=virtio,cache=none",
		"qemu-system-x86_64|-drive|file=/images/golden.raw,format=raw,if=virtio|--snapshot",
		"kvm|-drive|file=/images/golden.raw,format=raw,if=virtio,snapshot=on",
		"kvm|-drive|file=/images/golden.raw,format=raw,if=virtio,snapshot=y",
		"kvm|-drive|snapshot,file=/images/golden.raw,format=raw,if=virtio",
		"kvm|-drive|id=virtio0,file=/images/golden.raw,if=virtio|-set|"
		"drive.virtio0.snapshot=on",
		"kvm|-drive|file.driver=host_device,file.filename=/dev/g,format=raw,if=virtio,"
		"cache.direct=on,snapshot=on",
		"kvm|-snapshot|-drive|file=rbd:p/i,format=raw,if=virtio",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(spelled) / sizeof(spelled[0]); i++) {
		parse(spelled[i]);
		assert_int_equal(disks.count, 1);
		CHECK(0, .name = "virtio0", .drive = "virtio0", .format = "qcow2");
	}
	parse("kvm|-snapshot|-drive|file=/"
	      "a,format=raw,if=none,id=d|-device|virtio-blk,drive=d|-hda|"
	      "/b|/c|-cdrom|/iso|-drive|file=/e,format=raw,if=virtio,snapshot=off");
	assert_int_equal(disks.count, 5);
	CHECK(0, .name = "d", .drive = "d", .format = "qcow2");
	CHECK(3, .name = "ide1-cd0", .drive = "ide1-cd0", .format = "qcow2");
	CHECK(4, .name = "virtio0", .drive = "virtio0", .path = "/e", .format = "raw",
	      .backing = DISK_FILE);
	/* Of nodes QEMU makes none. */
	parse("kvm|-snapshot|-blockdev|file,filename=/n,node-name=n|-device|virtio-blk,drive=n");
	CHECK(0, .name = "n", .drive = "n", .path = "/n", .format = "raw", .backing = DISK_FILE);
	check_nothing("kvm|-snapshot|-drive|if=ide,media=cdrom");
}

static void test_without_file(void **state)
{
	(void)state;
	parse("qemu-kvm|-drive|driver=null-co,size=1G,if=virtio|-drive|"
	      "driver=nvme,device=0000:01:00.0,namespace=1,if=virtio|-drive|driver=quorum,"
	      "vote-threshold=1,children.0.file.filename=/images/a.raw,"
	      "children.1.file.filename=/images/b.raw,if=virtio");
	assert_int_equal(disks.count, 3);
	CHECK(0, .name = "virtio0", .drive = "virtio0", .format = "raw");
	CHECK(1, .name = "virtio1", .drive = "virtio1", .format = "raw");
	CHECK(2, .name = "virtio2", .drive = "virtio2");
	parse("kvm|-drive|driver=qcow2,file.driver=null-co,if=virtio|-drive|"
	      "if=none,id=d,driver=null-aio|-device|ide-hd,drive=d|-drive|"
	      "file=null-co://,if=virtio|-drive|driver=blkverify,raw.filename=/a,if=virtio");
	assert_int_equal(disks.count, 4);
	check_nothing("kvm|-drive|if=ide,media=cdrom|-drive|if=ide,index=2,media=cdrom,format=raw|"
		      "-drive|if=none,id=c,media=cdrom|-device|scsi-disk,drive=c|-device|"
		      "ide-drive,drive=c|-device|ide-cd,drive=c");
}

/* QEMU takes what has no option for -hda. */
static void test_positional(void **state)
{
	(void)state;
	parse("qemu-system-x86_64|-enable-kvm|/images/disk.qcow2");
	assert_int_equal(disks.count, 1);
	CHECK(0, .name = "ide0-hd0", .drive = "ide0-hd0", .path = "/images/disk.qcow2",
	      .backing = DISK_FILE);
	parse("/usr/bin/kvm|disk.img|-m|4G|-smp|2|--nographic|-kernel|/bz|-append|root=/dev/sda");
	assert_int_equal(disks.count, 1);
	CHECK(0, .name = "ide0-hd0", .drive = "ide0-hd0", .path = "disk.img", .backing = DISK_FILE);
	parse("/nix/x/bin/.qemu-system-x86_64-wrapped|-newswitch|-drive|file=/v,if=virtio|-s|-S|"
	      "nbd://h/e");
	assert_int_equal(disks.count, 2);
	assert_string_equal(disks.list[1].path, "nbd://h/e");
	/* Of another program nobody knows what such a word is. */
	check_nothing("vmm|/images/disk.img");
	check_nothing("/sdk/emulator/qemu/linux-x86_64/qemu-system-x86_64|@Pixel_7|-no-window");
	check_nothing("cloud-hypervisor|--kernel|/k|/images/disk.img");
}

static void test_old_qemu(void **state)
{
	(void)state;
	parse("qemu-kvm|-drive|file=/a,if=none,id=drive-ide0-0-0,format=raw|-device|"
	      "ide-drive,bus=ide.0,unit=0,drive=drive-ide0-0-0,id=ide0-0-0|-drive|"
	      "file=/b,,c,if=none,id=d1|-device|scsi-disk,bus=scsi0.0,scsi-id=0,drive=d1,id=s0|"
	      "-usbdevice|disk:format=raw:/u|-usbdevice|disk:/w|-usbdevice|tablet|-pflash|/p.img|"
	      "-mtdblock|/m.img|-sd|/s.img|-fda|/f.img");
	assert_int_equal(disks.count, 5);
	CHECK(0, .name = "ide0-0-0", .drive = "drive-ide0-0-0", .path = "/a", .format = "raw",
	      .backing = DISK_FILE);
	CHECK(1, .name = "s0", .drive = "d1", .path = "/b,c", .backing = DISK_FILE);
	CHECK(2, .name = "usb0", .drive = "usb0", .path = "/u", .format = "raw",
	      .backing = DISK_FILE);
	CHECK(3, .name = "usb1", .drive = "usb1", .path = "/w", .backing = DISK_FILE);
	CHECK(4, .name = "sd0", .drive = "sd0", .path = "/s.img", .backing = DISK_FILE);
}

static void test_kvmtool(void **state)
{
	(void)state;
	parse("lkvm|run|-k|bzImage|-d|/images/disk|-c|2");
	assert_int_equal(disks.count, 1);
	CHECK(0, .name = "disk0", .path = "/images/disk", .backing = DISK_FILE);
	parse("/usr/bin/kvmtool|run|-d/a,ro|--disk=/dev/vg/b,direct|--disk|/c|-d|scsi:naa.5001");
	assert_int_equal(disks.count, 4);
	CHECK(0, .name = "disk0", .path = "/a", .backing = DISK_FILE);
	CHECK(1, .name = "disk1", .path = "/dev/vg/b", .backing = DISK_BLOCK, .direct = true);
	CHECK(2, .name = "disk2", .path = "/c", .backing = DISK_FILE);
	CHECK(3, .name = "disk3", .path = "naa.5001", .backing = DISK_VHOST_SCSI);
}

static void test_crosvm(void **state)
{
	(void)state;
	parse("crosvm|run|-b|/a.img,ro,id=A|-d|/b.img,sparse=false|-r|/root.squashfs|"
	      "--rwdisk=/dev/vg/c,o_direct=true|--rwroot|/d|--root=/e|--block=path=/f,direct|"
	      "--block|ro,path=/g|--vhost-user|block,socket=/run/v|--vhost-user|net,socket=/run/n|"
	      "-p|root=/dev/vda|--pmem-device|/p.img|vmlinux");
	assert_int_equal(disks.count, 9);
	CHECK(0, .name = "disk0", .path = "/a.img", .serial = "A", .backing = DISK_FILE);
	CHECK(1, .name = "disk1", .path = "/b.img", .backing = DISK_FILE);
	CHECK(2, .name = "disk2", .path = "/root.squashfs", .backing = DISK_FILE);
	CHECK(3, .name = "disk3", .path = "/dev/vg/c", .backing = DISK_BLOCK, .direct = true);
	CHECK(6, .name = "disk6", .path = "/f", .backing = DISK_FILE, .direct = true);
	assert_string_equal(disks.list[4].path, "/d");
	assert_string_equal(disks.list[5].path, "/e");
	CHECK(7, .name = "disk7", .path = "/g", .backing = DISK_FILE);
	CHECK(8, .name = "disk8", .path = "/run/v", .backing = DISK_VHOST_USER);
}

/* One option means another thing to another VMM. */
static void test_dialects(void **state)
{
	(void)state;
	parse("cloud-hypervisor|--disk|path=/a,id=x,queue_affinity=[0@[0,1],id=y],image_type=raw|"
	      "path=/b|--net|tap=|--disk=path=/c");
	assert_int_equal(disks.count, 3);
	CHECK(0, .name = "x", .path = "/a", .format = "raw", .backing = DISK_FILE);
	CHECK(2, .name = "disk2", .path = "/c", .backing = DISK_FILE);
	check_nothing("qemu-system-x86_64|-d|in_asm|-b|x|--disk|/a");
	check_nothing("cloud-hypervisor|-d|/a|-disk|/b|--drive|file=/c,if=virtio|-hda|/d");
	check_nothing("firecracker|--drive|/a|-d|/b|--config-file|/c.json");
	check_nothing("crosvm|run|-drive|file=/a,if=virtio|--b|/x");
	parse("fake|-drive|file=/a,if=virtio|--disk|path=/b|/c");
	assert_int_equal(disks.count, 3);
}

/* Nothing of what a URL or an option holds gets as far as a path. */
static void test_secrets(void **state)
{
	(void)state;
	parse("qemu-kvm|-drive|file=rbd:volumes/volume-1:id=cinder:key=QUJDREVGRw==:"
	      "auth_supported=cephx\\;none:mon_host=192.0.2.1\\:6789,format=raw,if=virtio|-drive|"
	      "file=iscsi://user%secret@192.0.2.3/iqn.2001-01.example:t/1,if=virtio,format=raw|"
	      "-drive|file=https://user:secret@host.example/x.iso,media=cdrom,if=ide");
	assert_int_equal(disks.count, 3);
	CHECK(0, .name = "virtio0", .drive = "virtio0", .format = "raw", .backing = DISK_NETWORK,
	      .path = "rbd:volumes/volume-1:id=cinder:key=***:"
		      "auth_supported=cephx\\;none:mon_host=192.0.2.1\\:6789");
	CHECK(1, .name = "virtio1", .drive = "virtio1", .format = "raw", .backing = DISK_NETWORK,
	      .path = "iscsi://user%***@192.0.2.3/iqn.2001-01.example:t/1");
	CHECK(2, .name = "ide0-cd0", .drive = "ide0-cd0", .backing = DISK_NETWORK,
	      .path = "https://user:***@host.example/x.iso");
	parse("kvm|-blockdev|{\"driver\":\"https\",\"url\":\"https://u:secret@h/x?token=secret\","
	      "\"password-secret\":\"secret\",\"cookie\":\"a=secret\",\"node-name\":\"n\"}|-device|"
	      "virtio-blk,drive=n|-drive|file=json:{\"driver\":\"ssh\",,\"host\":\"h\",,\"path\":"
	      "\"/p?key=secret\",,\"password\":\"secret\"},if=virtio|-drive|driver=iscsi,portal=p,"
	      "target=t,user=u,password=secret,initiator-name=i,lun=1,if=virtio");
	assert_int_equal(disks.count, 3);
	for (size_t i = 0; i < disks.count; i++)
		assert_null(strstr(disks.list[i].path, "secret"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),	     cmocka_unit_test(test_snapshot),
		cmocka_unit_test(test_without_file), cmocka_unit_test(test_positional),
		cmocka_unit_test(test_old_qemu),     cmocka_unit_test(test_kvmtool),
		cmocka_unit_test(test_crosvm),	     cmocka_unit_test(test_dialects),
		cmocka_unit_test(test_secrets),
	};

	return cmocka_run_group_tests_name("disk_kinds", tests, NULL, NULL);
}
