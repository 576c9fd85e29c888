// SPDX-License-Identifier: GPL-2.0-only
/* What a QEMU command line says of the way of guest reports; lines out of pieces. */
#include "unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "guests/guest_internal.h"
#include "host/proc.h"

/* Arguments are divided by '|'. */
static struct guest_way read_way(const char *arguments)
{
	size_t size = strlen(arguments) + 1;
	char *cmdline = malloc(size); /* of that size, so that reading on is seen */
	struct guest_way way;

	for (size_t i = 0; i < size; i++)
		cmdline[i] = arguments[i] == '|' ? '\0' : arguments[i];
	memset(&way, 0xa5, sizeof(way));
	guest_way__from_cmdline(&way, cmdline, size);
	/* Cut anywhere, it must not be half understood, nor read on. */
	for (size_t cut = 0; cut < size; cut++) {
		struct guest_way part;
		char *copy = malloc(cut ? cut : 1);

		memcpy(copy, cmdline, cut);
		guest_way__from_cmdline(&part, copy, cut);
		assert_true(!part.cid || part.cid == way.cid);
		free(copy);
	}
	free(cmdline);
	return way;
}

static void test_cid(void **state)
{
	static const struct {
		const char *arguments;
		uint32_t cid;
	} cases[] = {
		{ "qemu|-device|vhost-vsock-pci,guest-cid=77", 77 },
		{ "qemu|-device|vhost-vsock-pci,id=v,guest-cid=3,bus=pci.0", 3 },
		{ "qemu|--device|vhost-vsock-pci-non-transitional,guest-cid=0x4d", 77 },
		{ "qemu|-device|driver=vhost-vsock-ccw,guest-cid=4294967294", 4294967294 },
		{ "qemu|-device|id=a,driver=vhost-vsock-pci,guest-cid=8", 8 },
		{ "qemu|-device|{\"driver\":\"vhost-vsock-pci\",\"guest-cid\":5,\"vhostfd\":\"9\"}",
		  5 },
		{ "qemu|-device|{\"guest-cid\":\"6\",\"driver\":\"vhost-vsock-pci\"}", 6 },
		{ "qemu|-m|64|-device|vhost-vsock-device,guest-cid=9|-S", 9 },
		{ "qemu|-device|vhost-vsock-pci,guest-cid=2", 0 },
		{ "qemu|-device|vhost-vsock-pci,guest-cid=0", 0 },
		{ "qemu|-device|vhost-vsock-pci,guest-cid=-1", 0 },
		{ "qemu|-device|vhost-vsock-pci,guest-cid=4294967295", 0 },
		{ "qemu|-device|vhost-vsock-pci,guest-cid=4294967299", 0 },
		{ "qemu|-device|vhost-vsock-pci,guest-cid=99999999999999999999", 0 },
		{ "qemu|-device|vhost-vsock-pci,guest-cid=7x", 0 },
		{ "qemu|-device|vhost-vsock-pci,guest-cid=", 0 },
		{ "qemu|-device|vhost-vsock-pci,guest-cid", 0 },
		{ "qemu|-device|vhost-vsock-pci", 0 },
		{ "qemu|-device|virtio-net,guest-cid=7", 0 },
		{ "qemu|-device|virtio-net,id=a,,vhost-vsock-pci,,guest-cid=7", 0 },
		{ "qemu|-device|{\"driver\":\"vhost-vsock-pci\",\"guest-cid\":7.5}", 0 },
		{ "qemu|-device|{\"driver\":\"vhost-vsock-pci\",\"guest-cid\":-7}", 0 },
		{ "qemu|-device|{\"driver\":\"vhost-vsock-pci\",\"guest-cid\":7", 0 },
		{ "qemu|-device|{", 0 },
		{ "qemu|-device", 0 },
		{ "qemu|-name|vhost-vsock-pci,guest-cid=7", 0 },
		{ "qemu||-device||vhost-vsock-pci,guest-cid=7", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct guest_way way = read_way(cases[i].arguments);

		if (way.cid != cases[i].cid || way.socket[0])
			fail_msg("%s: %u, %s", cases[i].arguments, way.cid, way.socket);
	}
}

#define PORT "|-device|virtserialport,chardev=x,name=kvmq.io.0"
#define LONG100                                                                                    \
	"/234567890123456789012345678901234567890123456789012345678901234567890123456789012345678" \
	"9012345678901"

static void test_socket(void **state)
{
	static const struct {
		const char *arguments, *socket;
	} cases[] = {
		{ "q|-chardev|socket,id=x,path=/run/x.sock,server=on,wait=off" PORT,
		  "/run/x.sock" },
		{ "q" PORT "|-chardev|socket,id=x,path=/run/x.sock,server,nowait", "/run/x.sock" },
		{ "q|-chardev|socket,path=a b/,,c=d,server=yes,id=x" PORT, "a b/,c=d" },
		{ "q|--chardev|backend=socket,path=/p,server=true,id=x" PORT, "/p" },
		{ "q|-chardev|socket,id=y,path=/y,server=on"
		  "|-chardev|socket,id=x,path=/x,server=on" PORT,
		  "/x" },
		{ "q|-chardev|socket,id=c0,path=/x,server=on|-device|"
		  "{\"driver\":\"virtserialport\",\"nr\":2,\"chardev\":\"c0\",\"name\":\"kvmq.io."
		  "0\"}",
		  "/x" },
		{ "q|-chardev|socket,id=x,path=" LONG100 "123456,server=on" PORT,
		  LONG100 "123456" },
		{ "q|-chardev|socket,id=x,path=" LONG100 "1234567,server=on" PORT, "" },
		{ "q|-chardev|socket,id=x,path=" LONG100 LONG100 LONG100 ",server=on" PORT, "" },
		{ "q|-chardev|socket,id=x,path=/x" PORT, "" },
		{ "q|-chardev|socket,id=x,path=/x,server=off" PORT, "" },
		{ "q|-chardev|socket,id=x,path=/x,server=on,abstract=on" PORT, "" },
		{ "q|-chardev|socket,id=x,host=1.2.3.4,port=7,server=on" PORT, "" },
		{ "q|-chardev|socket,id=xx,path=/x,server=on" PORT, "" },
		{ "q|-chardev|pty,id=x,path=/x,server=on" PORT, "" },
		{ "q|-chardev|socket,id=x,path=/x,server=on", "" },
		{ "q|-chardev|socket,id=x,path=/x,server=on"
		  "|-device|virtserialport,chardev=x,name=org.qemu.guest_agent.0",
		  "" },
		{ "q|-chardev|socket,id=x,path=/x,server=on"
		  "|-device|virtconsole,chardev=x,name=kvmq.io.0",
		  "" },
		{ "q|-chardev|socket,path=/x,server=on|-device|virtserialport,name=kvmq.io.0", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct guest_way way = read_way(cases[i].arguments);

		if (strcmp(way.socket, cases[i].socket) || way.cid)
			fail_msg("%s: %u, %s", cases[i].arguments, way.cid, way.socket);
	}
}

static void test_both(void **state)
{
	struct guest_way way = read_way("q|-device|vhost-vsock-pci,guest-cid=12" PORT
					"|-chardev|socket,id=x,path=/x,server=on");

	(void)state;
	assert_int_equal(way.cid, 12);
	assert_string_equal(way.socket, "/x");
}

/* What the lines were, each with a '|'; a refused one is "!". */
static void note(void *context, const char *line, size_t size, const char *reason)
{
	char *text = context;

	assert_true(line ? size > 0 && !reason : reason != NULL);
	snprintf(text + strlen(text), 64, "%.*s|", line ? (int)size : 1, line ? line : "!");
}

static void test_lines(void **state)
{
	static const char text[] = "one\n\n\ntwo\n\nthree\nfour";
	struct guest_line line = { 0 };
	char seen[256];

	(void)state;
	for (size_t piece = 1; piece < sizeof(text); piece++) {
		seen[0] = '\0';
		for (size_t at = 0; at < sizeof(text) - 1; at += piece) {
			size_t rest = sizeof(text) - 1 - at;

			guest_line__feed(&line, text + at, rest < piece ? rest : piece, note, seen);
		}
		assert_string_equal(seen, "one|two|three|");
		assert_int_equal(line.size, 4);
		assert_true(guest_line__reset(&line));
		assert_false(guest_line__reset(&line));
	}
}

/* Memory is there only while a line is incomplete, and not for more than one. */
static void test_line_memory(void **state)
{
	struct guest_line line = { 0 };
	char *text = malloc(GUEST_REPORT_SIZE), seen[256] = "";

	(void)state;
	memset(text, 'x', GUEST_REPORT_SIZE);
	for (size_t i = 0; i < GUEST_REPORT_SIZE / 1024; i++)
		guest_line__feed(&line, text, 1024, note, seen);
	assert_int_equal(line.size, GUEST_REPORT_SIZE);
	assert_int_equal(line.capacity, GUEST_REPORT_SIZE);
	assert_string_equal(seen, "");
	guest_line__feed(&line, text, 1, note, seen);
	assert_null(line.data);
	guest_line__feed(&line, text, GUEST_REPORT_SIZE, note, seen);
	assert_null(line.data);
	assert_string_equal(seen, "!|");
	guest_line__feed(&line, "\nab", 3, note, seen);
	assert_int_equal(line.capacity, 4096);
	guest_line__feed(&line, "c\n", 2, note, seen);
	assert_string_equal(seen, "!|abc|");
	assert_null(line.data);
	free(text);
}

/* Whose a CID is said to be has the device that CIDs are given to. */
static void test_device(void **state)
{
	uint32_t pid = (uint32_t)getpid();
	int path, file;

	(void)state;
	assert_false(process_has_device("/proc", pid, 1, 7));
	path = open("/dev/full", O_PATH | O_CLOEXEC);
	assert_true(path >= 0);
	assert_false(process_has_device("/proc", pid, 1, 7));
	file = open("/dev/full", O_RDONLY | O_CLOEXEC);
	assert_true(file >= 0);
	assert_true(process_has_device("/proc", pid, 1, 7));
	assert_false(process_has_device("/proc", pid, 1, 8));
	close(file);
	close(path);
	assert_false(guest_way__has_vsock(pid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cid),	    cmocka_unit_test(test_socket),
		cmocka_unit_test(test_both),	    cmocka_unit_test(test_lines),
		cmocka_unit_test(test_line_memory), cmocka_unit_test(test_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
