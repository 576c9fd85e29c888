// SPDX-License-Identifier: GPL-2.0-only
/* Disks by a VMM's command line: user/disks/disk_cmdline.c, disk_node.c, disk_options.c. */
#include "disk_line.h"

/* libvirt 9, q35: firmware, a throttled qcow2 with a backing file, a raw LV, an empty CD. */
static void test_libvirt(void **state)
{
	(void)state;
	parse("/usr/bin/qemu-system-x86_64|-name|guest=web,debug-threads=on|-blockdev|"
	      "{\"driver\":\"file\",\"filename\":\"/usr/share/OVMF/OVMF_CODE.fd\","
	      "\"node-name\":\"libvirt-pflash0-storage\",\"auto-read-only\":true}|"
	      "-machine|pc-q35-7.2,usb=off,pflash0=libvirt-pflash0-storage|"
	      "-device|{\"driver\":\"pcie-root-port\",\"port\":16,\"id\":\"pci.4\","
	      "\"bus\":\"pcie.0\",\"addr\":\"0x2\"}|"
	      "-device|{\"driver\":\"virtio-scsi-pci\",\"id\":\"scsi0\",\"bus\":\"pcie.0\","
	      "\"addr\":\"0x1e.0x1\"}|"
	      "-object|{\"qom-type\":\"throttle-group\",\"id\":\"throttle-vda\"}|-blockdev|"
	      "{\"driver\":\"file\",\"filename\":\"/images/base.qcow2\","
	      "\"node-name\":\"libvirt-4-storage\",\"auto-read-only\":true}|-blockdev|"
	      "{\"node-name\":\"libvirt-4-format\",\"read-only\":true,\"driver\":\"qcow2\","
	      "\"file\":\"libvirt-4-storage\",\"backing\":null}|-blockdev|"
	      "{\"driver\":\"file\",\"filename\":\"/images/web.qcow2\","
	      "\"node-name\":\"libvirt-3-storage\",\"cache\":{\"direct\":true,"
	      "\"no-flush\":false},\"discard\":\"unmap\"}|-blockdev|"
	      "{\"node-name\":\"libvirt-3-format\",\"read-only\":false,\"driver\":\"qcow2\","
	      "\"file\":\"libvirt-3-storage\",\"backing\":\"libvirt-4-format\"}|-blockdev|"
	      "{\"driver\":\"throttle\",\"node-name\":\"libvirt-3-filter\","
	      "\"throttle-group\":\"throttle-vda\",\"file\":\"libvirt-3-format\"}|-device|"
	      "{\"driver\":\"virtio-blk-pci\",\"bus\":\"pci.4\",\"addr\":\"0x0\","
	      "\"drive\":\"libvirt-3-filter\",\"id\":\"virtio-disk0\",\"bootindex\":1,"
	      "\"write-cache\":\"on\",\"serial\":\"WD-1\"}|-blockdev|"
	      "{\"driver\":\"host_device\",\"filename\":\"/dev/vg/data\",\"aio\":\"native\","
	      "\"node-name\":\"libvirt-2-storage\",\"cache\":{\"direct\":true,"
	      "\"no-flush\":false}}|-blockdev|{\"node-name\":\"libvirt-2-format\","
	      "\"driver\":\"raw\",\"file\":\"libvirt-2-storage\"}|-device|"
	      "{\"driver\":\"scsi-hd\",\"bus\":\"scsi0.0\",\"channel\":0,\"scsi-id\":0,\"lun\":1,"
	      "\"device_id\":\"drive-scsi0-0-0-1\",\"drive\":\"libvirt-2-format\","
	      "\"id\":\"scsi0-0-0-1\"}|-device|{\"driver\":\"ide-cd\",\"bus\":\"ide.0\","
	      "\"id\":\"sata0-0-0\"}|-device|{\"driver\":\"virtio-net-pci\",\"id\":\"net0\"}");
	assert_int_equal(disks.count, 2);
	CHECK(0, .name = "virtio-disk0", .drive = "libvirt-3-filter", .path = "/images/web.qcow2",
	      .format = "qcow2", .serial = "WD-1", .backing = DISK_FILE, .direct = true);
	CHECK(1, .name = "scsi0-0-0-1", .drive = "libvirt-2-format", .path = "/dev/vg/data",
	      .format = "raw", .address = "00:1e.1", .backing = DISK_BLOCK, .direct = true);
}

static void test_proxmox(void **state)
{
	(void)state;
	parse("/usr/bin/kvm|-id|100|-name|web,debug-threads=on|-drive|"
	      "if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/pve-edk2/CODE.fd|-drive|"
	      "if=pflash,unit=1,id=drive-efidisk0,format=raw,file=/dev/pve/vm-100-disk-1|"
	      "-device|pci-bridge,id=pci.3,chassis_nr=3,bus=pci.0,addr=0x5|-device|"
	      "virtio-scsi-pci,id=virtioscsi0,bus=pci.3,addr=0x1,iothread=iothread-virtioscsi0|"
	      "-drive|file=/dev/pve/vm-100-disk-0,if=none,id=drive-scsi0,discard=on,format=raw,"
	      "cache=none,aio=io_uring,detect-zeroes=unmap|-device|"
	      "scsi-hd,bus=virtioscsi0.0,channel=0,scsi-id=0,lun=0,drive=drive-scsi0,id=scsi0,"
	      "rotation_rate=1,bootindex=100|-drive|if=none,id=drive-ide2,media=cdrom,"
	      "aio=io_uring|-device|ide-cd,bus=ide.1,unit=0,drive=drive-ide2,id=ide2|-drive|"
	      "file=rbd:pool/vm-100-disk-2:conf=/etc/pve/ceph.conf:id=admin,if=none,"
	      "id=drive-virtio1,format=raw,cache=writeback|-device|"
	      "virtio-blk-pci,drive=drive-virtio1,id=virtio1,bus=pci.0,addr=0xb,serial=S2|"
	      "-machine|type=pc-i440fx-8.1+pve0");
	assert_int_equal(disks.count, 2);
	CHECK(0, .name = "scsi0", .drive = "drive-scsi0", .path = "/dev/pve/vm-100-disk-0",
	      .format = "raw", .backing = DISK_BLOCK, .direct = true);
	CHECK(1, .name = "virtio1", .drive = "drive-virtio1",
	      .path = "rbd:pool/vm-100-disk-2:conf=/etc/pve/ceph.conf:id=admin", .format = "raw",
	      .serial = "S2", .address = "00:0b.0", .backing = DISK_NETWORK);
}

/* Drives that make their device themselves, with the names that QEMU gives them. */
static void test_plain_drives(void **state)
{
	(void)state;
	parse("qemu-system-x86_64|-drive|file=/dev/sdb,if=virtio,format=raw,cache=directsync|"
	      "-drive|file=/a,,b.img,if=virtio,id=mine|-hda|/c,d.img|-cdrom|/iso|-drive|"
	      "file=rel.qcow2|-drive|file=/scsi,if=scsi,index=8|-drive|file=/v7,if=virtio,index=7|"
	      "-drive|file=/v2,if=virtio|-drive|file=/f,if=floppy|-fda|/floppy|-drive|"
	      "file=/x,if=none,id=unused|-drive|if=ide,bus=1,unit=1,file=/u,readonly=on");
	assert_int_equal(disks.count, 9);
	CHECK(0, .name = "virtio0", .drive = "virtio0", .path = "/dev/sdb", .format = "raw",
	      .backing = DISK_BLOCK, .direct = true);
	CHECK(1, .name = "mine", .drive = "mine", .path = "/a,b.img", .backing = DISK_FILE);
	CHECK(2, .name = "ide0-hd0", .drive = "ide0-hd0", .path = "/c,d.img", .backing = DISK_FILE);
	CHECK(3, .name = "ide1-cd0", .drive = "ide1-cd0", .path = "/iso", .backing = DISK_FILE);
	CHECK(4, .name = "ide0-hd1", .drive = "ide0-hd1", .path = "rel.qcow2",
	      .backing = DISK_FILE);
	CHECK(5, .name = "scsi1-hd1", .drive = "scsi1-hd1", .path = "/scsi", .backing = DISK_FILE);
	CHECK(6, .name = "virtio7", .drive = "virtio7", .path = "/v7", .backing = DISK_FILE);
	CHECK(7, .name = "virtio2", .drive = "virtio2", .path = "/v2", .backing = DISK_FILE);
	CHECK(8, .name = "ide1-hd1", .drive = "ide1-hd1", .path = "/u", .backing = DISK_FILE);
	/* One drive to a bus on q35; arm's machine takes drives as virtio. */
	parse("qemu-system-x86_64|-M|q35|-cdrom|/iso|-hdb|/b");
	assert_string_equal(disks.list[0].name, "ide2-cd0");
	assert_string_equal(disks.list[1].name, "ide1-hd0");
	parse("qemu-system-aarch64|--drive|file=/v|--machine|virt,gic-version=3|-hdb|/w");
	assert_string_equal(disks.list[0].name, "virtio0");
	assert_string_equal(disks.list[1].name, "virtio1");
}

/* Layers that are written into one option, and pseudo file names. */
static void test_nodes(void **state)
{
	(void)state;
	parse("qemu-system-x86_64|-drive|driver=qcow2,file.driver=host_device,"
	      "file.filename=/dev/x,file.cache.direct=on,if=none,id=d0|-device|"
	      "virtio-blk-pci,drive=d0|-drive|if=virtio,file=json:{\"driver\":\"qcow2\",,"
	      "\"file\":{\"driver\":\"file\",,\"filename\":\"/j,,k.img\"}}|-blockdev|"
	      "driver=qcow2,node-name=n1,file.driver=throttle,file.file.driver=nbd,"
	      "file.file.server.type=inet,file.file.server.host=::1,file.file.server.port=10809,"
	      "file.file.export=e|-device|scsi-hd,drive=n1|-blockdev|file,node-name=n2,"
	      "filename=/raw|-device|nvme,drive=n2,serial=NV,addr=6|-drive|"
	      "file=host_device:/dev/y,if=virtio|-drive|file=file:/odd:name,if=virtio|-drive|"
	      "file=/odd:name2,if=virtio|-drive|file=nbd+unix:///e?socket=/s,if=virtio|-drive|"
	      "file=https://host/x.iso,if=virtio|-drive|file=fat:rw:/dir,if=virtio|-blockdev|"
	      "{\"driver\":\"rbd\",\"pool\":\"p\",\"image\":\"i\",\"server\":[{\"host\":\"h\","
	      "\"port\":\"3300\"}],\"node-name\":\"n3\"}|-device|usb-storage,drive=n3,"
	      "bus=xhci.0|-device|qemu-xhci,id=xhci,bus=pcie.0,addr=0x4");
	assert_int_equal(disks.count, 11);
	CHECK(0, .name = "d0", .drive = "d0", .path = "/dev/x", .format = "qcow2",
	      .backing = DISK_BLOCK, .direct = true);
	CHECK(1, .name = "virtio0", .drive = "virtio0", .path = "/j,k.img", .format = "qcow2",
	      .backing = DISK_FILE);
	CHECK(2, .name = "n1", .drive = "n1", .path = "nbd:::1/10809/e", .format = "qcow2",
	      .backing = DISK_NETWORK);
	CHECK(3, .name = "n2", .drive = "n2", .path = "/raw", .format = "raw", .serial = "NV",
	      .address = "00:06.0", .backing = DISK_FILE);
	CHECK(4, .name = "virtio1", .drive = "virtio1", .path = "/dev/y", .backing = DISK_BLOCK);
	CHECK(5, .name = "virtio2", .drive = "virtio2", .path = "/odd:name", .backing = DISK_FILE);
	CHECK(6, .name = "virtio3", .drive = "virtio3", .path = "/odd:name2", .backing = DISK_FILE);
	CHECK(7, .name = "virtio4", .drive = "virtio4", .path = "nbd+unix:///e?socket=/s",
	      .backing = DISK_NETWORK);
	CHECK(8, .name = "virtio5", .drive = "virtio5", .path = "https://host/x.iso",
	      .backing = DISK_NETWORK);
	CHECK(9, .name = "virtio6", .drive = "virtio6", .path = "fat:rw:/dir");
	CHECK(10, .name = "n3", .drive = "n3", .path = "rbd:h/p/i", .format = "raw",
	      .address = "00:04.0", .backing = DISK_NETWORK);
}

static void test_vhost(void **state)
{
	(void)state;
	parse("qemu-system-x86_64|-chardev|socket,id=c0,path=/run/vhost.sock,reconnect=1|-device|"
	      "vhost-user-blk-pci,chardev=c0,id=vu0,addr=05.0|-device|"
	      "vhost-scsi-pci,wwpn=naa.5001405324af0985,id=vs0|-device|"
	      "vhost-user-scsi-pci,chardev=none|-device|vhost-vsock-pci,guest-cid=3");
	assert_int_equal(disks.count, 3);
	CHECK(0, .name = "vu0", .path = "/run/vhost.sock", .address = "00:05.0",
	      .backing = DISK_VHOST_USER);
	CHECK(1, .name = "vs0", .path = "naa.5001405324af0985", .backing = DISK_VHOST_SCSI);
	CHECK(2, .name = "disk2", .backing = DISK_VHOST_USER);
}

static void test_other_vmms(void **state)
{
	(void)state;
	parse("cloud-hypervisor|--cpus|boot=2|--disk|path=/a.raw,direct=on,id=_disk0|"
	      "path=\"/b,c.raw\",readonly=on|vhost_user=true,socket=/run/s|--net|tap=t");
	assert_int_equal(disks.count, 3);
	CHECK(0, .name = "_disk0", .path = "/a.raw", .backing = DISK_FILE, .direct = true);
	CHECK(1, .name = "disk1", .path = "/b,c.raw", .backing = DISK_FILE);
	CHECK(2, .name = "disk2", .path = "/run/s", .backing = DISK_VHOST_USER);
	parse("crosvm|run|--block|/dev/vg/x,ro|--disk=path=/y.img,serial=Y|--rwdisk|/z");
	assert_int_equal(disks.count, 3);
	CHECK(0, .name = "disk0", .path = "/dev/vg/x", .backing = DISK_BLOCK);
	CHECK(1, .name = "disk1", .path = "/y.img", .serial = "Y", .backing = DISK_FILE);
	CHECK(2, .name = "disk2", .path = "/z", .backing = DISK_FILE);
	check_nothing("firecracker|--api-sock|/run/fc.sock|--config-file|/vm.json");
}

static void test_malformed(void **state)
{
	char truncated[] = "qemu\0-hda\0/a\0-hdb\0/b";

	(void)state;
	disks__from_cmdline(&disks, "", 0);
	assert_int_equal(disks.count, 0);
	disks__from_cmdline(&disks, "x", 1); /* no NUL at all */
	assert_int_equal(disks.count, 0);
	/* The value of -hdb is cut off: it may be half a name. */
	disks__from_cmdline(&disks, truncated, sizeof(truncated) - 1);
	assert_int_equal(disks.count, 1);
	check_nothing("");
	check_nothing("-");
	check_nothing("qemu|-drive");
	check_nothing("qemu|-drive||-device||-blockdev||--disk|");
	check_nothing("qemu|-drive|=,=,,=x,if=virtio");
	check_nothing("qemu|-device|virtio-blk-pci|-device|nvme,serial=x|-device|,drive=x");
	check_nothing("qemu|-device|{|-blockdev|{\"a\":|-blockdev|[]|-blockdev|{\"node-name\":1}");
	check_nothing("qemu|-drive|file=,if=virtio|-cdrom|");
	/* A node that does not exist, is no node, or stands on itself. */
	parse("qemu|-device|scsi-hd,drive=n1|-blockdev|raw,node-name=n1,file=n2|-blockdev|"
	      "raw,node-name=n2,file=n1|-device|scsi-hd,drive=n3|-blockdev|raw,node-name=n3,file=|"
	      "-device|scsi-hd,drive=gone");
	assert_int_equal(disks.count, 3);
	CHECK(0, .name = "n1", .drive = "n1");
	CHECK(1, .name = "n3", .drive = "n3");
	CHECK(2, .name = "gone", .drive = "gone");
	/* Kept as it is: what must not reach a terminal is seen to where it is shown. */
	parse("qemu|-drive|file=/\x1b[2J\x7f\xff\xfe,if=virtio,id=a\nb");
	CHECK(0, .name = "a\nb", .drive = "a\nb", .path = "/\033[2J\177\xff\xfe",
	      .backing = DISK_FILE);
	parse("qemu|-drive|if=virtio,index=99999999999999999999,unit=-1,bus=x,file=/a|"
	      "-drive|if=ide,index=65535,file=/b|-drive|if=scsi,bus=65535,unit=65535,file=/c|"
	      "-device|virtio-blk-pci,drive=d,addr=0xffffffff.9|-device|nvme,drive=e,addr=zz");
	assert_int_equal(disks.count, 5);
	CHECK(1, .name = "ide32767-hd1", .drive = "ide32767-hd1", .path = "/b",
	      .backing = DISK_FILE);
}

static void test_backing_names(void **state)
{
	(void)state;
	assert_string_equal(disk_backing__name(DISK_UNKNOWN), "unknown");
	assert_string_equal(disk_backing__name(DISK_BLOCK), "device");
	assert_string_equal(disk_backing__name(DISK_FILE), "file");
	assert_string_equal(disk_backing__name(DISK_NETWORK), "network");
	assert_string_equal(disk_backing__name(DISK_VHOST_USER), "vhost-user");
	assert_string_equal(disk_backing__name(DISK_VHOST_SCSI), "vhost-scsi");
}

/* Of devices those alone are read that may be disks, or are asked for: whatever they look like. */
static void test_spelled(void **state)
{
	static const char *const drivers[] = {
		"virtio-blk-pci", "scsi-hd",	    "scsi-cd",
		"scsi-block",	  "scsi-generic",   "ide-hd",
		"ide-cd",	  "nvme",	    "nvme-ns",
		"usb-storage",	  "sd-card",	    "ide-drive",
		"emmc",		  "scsi-disk",	    "vhost-user-blk-pci",
		"vhost-scsi-pci", "vhost-scsi-ccw", "vhost-user-scsi-pci"
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		snprintf(text, sizeof(text), "qemu|-device|%s,drive=d", drivers[i]);
		parse(text);
		assert_int_equal(disks.count, 1);
	}
	parse("qemu|-device|{\"driver\":\"virtio\\u002dblk-pci\",\"drive\":\"d\",\"id\":\"x\"}");
	CHECK(0, .name = "x", .drive = "d");
	parse("qemu|-device|lsi,id=s,,0,addr=3|-device|scsi-hd,drive=d,bus=s,,0.0");
	CHECK(0, .name = "d", .drive = "d", .address = "00:03.0");
	parse("qemu|-device|{\"driver\":\"lsi\",\"id\":\"s\\u0030\",\"addr\":\"3\"}|"
	      "-device|scsi-hd,drive=d,bus=s0.0");
	CHECK(0, .name = "d", .drive = "d", .address = "00:03.0");
	check_nothing("qemu|-device|virtio-net-pci,id=virtio-blk-pci|-device|x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_libvirt),	     cmocka_unit_test(test_proxmox),
		cmocka_unit_test(test_plain_drives), cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_vhost),	     cmocka_unit_test(test_other_vmms),
		cmocka_unit_test(test_malformed),    cmocka_unit_test(test_backing_names),
		cmocka_unit_test(test_spelled),
	};

	return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}
