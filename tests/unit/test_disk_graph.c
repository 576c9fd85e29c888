// SPDX-License-Identifier: GPL-2.0-only
/*
 * Disks by the nodes of a monitor, as QEMU 2.5, 7.2 and 10 tell of them, among the files that are
 * open: user/disks/disk_graph.c, disk_qmp.c.
 */
#include "unit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "disks/disk.h"
#include "fake_qmp.h"
#include "model/io.h"
#include "one_proc.h"

#define PID 100U
#define OLD_GREETING                                                                               \
	"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 2, \"minor\": 5, \"major\": 2}, "          \
	"\"package\": \"\"}, \"capabilities\": []}}\r\n"

/* A drive of query-block, a node, an image below a filter; a node and an edge of the graph. */
#define DRIVE(qdev, inserted)                                                                      \
	"{\"device\": \"\", \"qdev\": \"" qdev "\", \"inserted\": " inserted "}"
#define NODE_OF(name, driver, file, more)                                                          \
	"{\"node-name\": \"" name "\", \"drv\": \"" driver "\", \"file\": \"" file                 \
	"\", \"image\": {\"filename\": \"" file "\", \"format\": \"" driver                        \
	"\", \"virtual-size\": 512}" more "}"
#define VERTEX(id, name) "{\"id\": " id ", \"type\": \"block-driver\", \"name\": \"" name "\"}"
#define EDGE(parent, name, child)                                                                  \
	"{\"parent\": " parent ", \"child\": " child ", \"name\": \"" name "\"}"
#define GRAPH(nodes, edges) "{\"return\": {\"nodes\": [" nodes "], \"edges\": [" edges "]}}"
#define LIST_REPLY(items) "{\"return\": [" items "]}"
#define SIMPLE "kvm|-device|scsi-hd,drive=top,id=d0"

static struct disks disks;
static struct fake_answer answers[8];
static size_t answer_count;
static const char *greeting;
static uint32_t folder_dev;

static int set_up(void **state)
{
	open_proc(state);
	folder_dev = proc_device();
	memset(answers, 0, sizeof(answers));
	answer_count = 0;
	greeting = FAKE_GREETING;
	return 0;
}

static int tear_down(void **state)
{
	for (size_t i = 0; i < answer_count; i++)
		free((void *)answers[i].text);
	return close_proc(state);
}

/* A text in which % is the folder of all files, and ' stands for ". */
static char *expand(const char *text)
{
	char *all = calloc(1, 65536), *end = all;

	for (; *text; text++)
		if (*text == '%')
			end = stpcpy(end, proc.path);
		else
			*end++ = *text == '\'' ? '"' : *text;
	return all;
}

static void add_answer(const char *command, const char *text)
{
	answers[answer_count++] = (struct fake_answer){ command, NULL, expand(text) };
}

static void open_file(int fd, const char *name, unsigned int flags)
{
	char path[600], text[64];

	fake_tree(&proc, name, name);
	snprintf(path, sizeof(path), "%s/%s", proc.path, name);
	fake_proc__add_fd(&proc, PID, fd, path);
	snprintf(path, sizeof(path), "%u/fdinfo/%d", PID, fd);
	snprintf(text, sizeof(text), "flags:\t0%o\n", flags);
	fake_tree(&proc, path, text);
}

static void add_process(const char *arguments)
{
	char *text = expand(arguments);

	fake_proc__add(&proc, PID, "kvm", 1, text, NULL);
	free(text);
}

static void ask(void)
{
	struct fake_qmp fake = { .greeting = greeting,
				 .answer = fake_qmp__look_up,
				 .context = answers };
	struct qmp *qmp = NULL;

	assert_int_equal(disks__read(&disks, proc.path, PID), 0);
	fake_qmp__open(&fake);
	assert_int_equal(qmp__open(&qmp, fake.path, 3000), 0);
	assert_int_equal(disks__ask(&disks, qmp), 0);
	qmp__close(qmp);
	fake_qmp__close(&fake);
}

/* The only disk: its name, its path (with % as above), its format, and whether it is open. */
static const struct disk *check(const char *name, const char *path, const char *format, bool open)
{
	const struct disk *disk = &disks.list[0];
	char *text = expand(path);

	assert_int_equal(disks.count, 1);
	assert_string_equal(disk->name, name);
	assert_string_equal(disk->path, text);
	assert_string_equal(disk->format, format);
	assert_int_equal(disk->dev, open ? folder_dev : 0);
	free(text);
	return disk;
}

/* Proxmox 9: a throttle node on a qcow2 image. cases/qmp-throttle-qcow2 */
static void test_throttle(void **state)
{
	(void)state;
	add_process("qemu-system-x86_64|-object|throttle-group,id=tg|-blockdev|{\"driver\":"
		    "\"throttle\",\"node-name\":\"drive-scsi1\",\"throttle-group\":\"tg\",\"file\":"
		    "{\"driver\":\"qcow2\",\"node-name\":\"f1\",\"cache\":{\"direct\":true},"
		    "\"file\":{\"driver\":\"file\",\"filename\":\"%/c.qcow2\",\"cache\":{\"direct\""
		    ":true},\"node-name\":\"e1\"}}}|-device|virtio-scsi-pci,id=virtioscsi0|-device|"
		    "scsi-hd,bus=virtioscsi0.0,drive=drive-scsi1,id=scsi1");
	open_file(9, "c.qcow2", O_RDWR | O_DIRECT);
	add_answer("query-block\"",
		   "{\"return\":[{\"io-status\":\"ok\",\"device\":\"\",\"locked\":false,"
		   "\"removable\":false,\"inserted\":{\"image\":{\"backing-image\":{"
		   "\"virtual-size\":67108864,\"filename\":\"%/c.qcow2\",\"format\":\"qcow2\"},"
		   "\"virtual-size\":67108864,\"filename\":\"json:{\\\"throttle-group\\\": "
		   "\\\"tg\\\", \\\"driver\\\": \\\"throttle\\\", \\\"file\\\": {\\\"driver\\\": "
		   "\\\"qcow2\\\", \\\"file\\\": {\\\"driver\\\": \\\"file\\\", \\\"filename\\\": "
		   "\\\"%/c.qcow2\\\"}}}\",\"format\":\"throttle\"},\"node-name\":\"drive-scsi1\","
		   "\"drv\":\"throttle\",\"cache\":{\"no-flush\":false,\"direct\":true,"
		   "\"writeback\":true},\"file\":\"json:{}\"},\"qdev\":\"scsi1\","
		   "\"type\":\"unknown\"}]}");
	ask();
	assert_true(check("scsi1", "%/c.qcow2", "qcow2", true)->direct);
	assert_int_equal(disks.list[0].size_bytes, 67108864);
}

/* The disk was moved, and the answer has no image below the filter. cases/qmp-moved-json-filename
 */
static void test_moved(void **state)
{
	(void)state;
	add_process("kvm|-blockdev|{\"driver\":\"throttle\",\"node-name\":\"drive-scsi0\","
		    "\"throttle-group\":\"tg\",\"file\":{\"driver\":\"raw\",\"node-name\":\"f0\","
		    "\"file\":{\"driver\":\"file\",\"filename\":\"%/b.raw\",\"node-name\":\"e0\"}}}"
		    "|-device|scsi-hd,bus=virtioscsi0.0,drive=drive-scsi0,id=scsi0");
	open_file(9, "moved.raw", O_RDWR);
	add_answer(
		"query-block\"",
		"{\"return\":[{\"device\":\"\",\"inserted\":{\"image\":{\"virtual-size\":"
		"33554432,\"filename\":\"json:{\\\"throttle-group\\\": \\\"tg\\\", \\\"driver\\\""
		": \\\"throttle\\\", \\\"file\\\": {\\\"driver\\\": \\\"raw\\\", \\\"file\\\": "
		"{\\\"driver\\\": \\\"file\\\", \\\"filename\\\": \\\"%/moved.raw\\\"}}}\","
		"\"format\":\"throttle\"},\"node-name\":\"drive-scsi0\",\"drv\":\"throttle\","
		"\"cache\":{\"direct\":false},\"file\":\"json:{...}\"},\"qdev\":\"scsi0\","
		"\"type\":\"unknown\"}]}");
	ask();
	assert_false(check("scsi0", "%/moved.raw", "raw", true)->direct);
	assert_int_equal(disks.list[0].size_bytes, 33554432);
}

/* The command line still names what was in it at first. cases/qmp-cd-changed */
static void test_medium_changed(void **state)
{
	(void)state;
	add_process("kvm|-cdrom|%/a.iso");
	open_file(9, "b.iso", O_RDONLY);
	add_answer("query-block\"",
		   "{\"return\": [{\"io-status\": \"ok\", \"device\": \"ide1-cd0\", \"removable\": "
		   "true, \"qdev\": \"/machine/unattached/device[18]\", \"tray_open\": false, "
		   "\"inserted\": " NODE_OF("#block801", "raw", "%/b.iso", "") "}]}");
	ask();
	check("ide1-cd0", "%/b.iso", "raw", true);
	assert_int_equal(disks.list[0].size_bytes, 512);
}

/* LXD hands over each file. cases/qmp-fdset-hotplug */
static void test_fd_set(void **state)
{
	(void)state;
	add_process("kvm|-add-fd|set=7,fd=20");
	open_file(12, "a.raw", O_RDWR | O_DIRECT);
	open_file(13, "neighbour", O_RDWR);
	open_file(14, "read-only", O_RDONLY);
	open_file(20, "other.raw", O_RDWR);
	add_answer("query-block\"", LIST_REPLY(DRIVE("dev-lxd_root", NODE_OF("lxd_root", "raw",
									     "/dev/fdset/7", ""))));
	add_answer("query-named",
		   LIST_REPLY(NODE_OF("lxd_root", "raw", "/dev/fdset/7",
				      "") ", " NODE_OF("#b1", "file", "/dev/fdset/7", "")));
	add_answer("x-debug",
		   GRAPH(VERTEX("1", "lxd_root") ", " VERTEX("2", "#b1"), EDGE("1", "file", "2")));
	add_answer("query-fdsets", "{\"return\":[{\"fds\":[{\"fd\":13}],\"fdset-id\":70},{\"fds\":"
				   "[{\"fd\":14},{\"fd\":12}],\"fdset-id\":7}]}");
	ask();
	assert_true(check("dev-lxd_root", "%/a.raw", "raw", true)->direct);
	/* A QEMU that does not tell: no file is taken for it. */
	answers[3].command = "none";
	ask();
	check("dev-lxd_root", "/dev/fdset/7", "raw", false);
}

/* cases/qmp-qemu2-without-qdev, a hot-plugged disk, firmware, and a drive that is empty. */
static void test_old_qemu(void **state)
{
	static const char drives[] =
		"{\"return\":[{\"io-status\":\"ok\",\"device\":\"drive-virtio-disk0\",\"locked\":"
		"false,\"removable\":false,\"inserted\":{\"image\":{\"virtual-size\":21474836480,"
		"\"filename\":\"%/web.qcow2\",\"format\":\"qcow2\"},\"ro\":false,\"drv\":\"qcow2\","
		"\"cache\":{\"no-flush\":false,\"direct\":true,\"writeback\":true},\"file\":"
		"\"%/web.qcow2\"},\"type\":\"unknown\"},"
		"{\"device\":\"hot\",\"inserted\":{\"drv\":\"raw\",\"file\":\"%/hot\"}},"
		"{\"device\":\"pflash0\",\"inserted\":{\"drv\":\"raw\",\"file\":\"%/vars\"}},"
		"{\"device\":\"ide1-cd0\",\"removable\":true}]}";

	(void)state;
	greeting = OLD_GREETING;
	add_process("kvm|-drive|file=%/web.qcow2,if=none,id=drive-virtio-disk0,format=qcow2|"
		    "-device|virtio-blk-pci,drive=drive-virtio-disk0,id=virtio-disk0");
	open_file(9, "web.qcow2", O_RDWR | O_DIRECT);
	open_file(10, "hot", O_RDWR);
	add_answer("query-block\"", drives);
	ask();
	assert_int_equal(disks.count, 2);
	assert_string_equal(disks.list[1].name, "hot");
	assert_string_equal(disks.list[1].format, "raw");
	assert_int_equal(disks.list[1].dev, folder_dev);
	disks.count = 1;
	assert_true(check("virtio-disk0", "%/web.qcow2", "qcow2", true)->direct);
	/* Of a QEMU that could tell, a drive that no device has is no disk. */
	greeting = FAKE_GREETING;
	ask();
	check("virtio-disk0", "%/web.qcow2", "qcow2", true);
	free((void *)answers[0].text);
	answers[0].text = expand("{'return': [{'device': 'drive-virtio-disk0', 'inserted': {}}, "
				 "{'device': '', 'qdev': 'new', 'inserted': {'drv': 'file', "
				 "'file': '%/hot'}}]}");
	ask();
	check("new", "%/hot", "raw", true);
}

/*
 * As QEMU 7.2 shows an overlay below two filters, one of them as a job puts it in: the file is not
 * the backing image's, and its name says nothing.
 */
static void test_graph(void **state)
{
	static const char nodes[] =
		"{'return': [{'node-name': 'top', 'drv': 'throttle', 'file': 'json:{'},"
		"{'node-name': 'filter', 'drv': '%s', 'file': 'json:{'},"
		"{'node-name': 'q', 'drv': 'qcow2', 'file': 'json:{...'},"
		"{'node-name': 'e', 'drv': 'file', 'file': '%%/now', 'cache': {'direct': true}},"
		"{'node-name': 'base', 'drv': 'raw', 'file': '%%/then.raw'}]}";
	static const char graph[] =
		"{'return': {'nodes': [{'id': 6, 'type': 'block-driver', 'name': 'top'},"
		"{'id': 13, 'type': 'block-driver', 'name': 'filter'},"
		"{'id': 12, 'type': 'block-driver', 'name': 'q'},"
		"{'id': 11, 'type': 'block-driver', 'name': 'e'},"
		"{'id': 1, 'type': 'block-driver', 'name': 'base'},"
		"{'id': 7, 'type': 'block-backend', 'name': 'd0'}], 'edges': ["
		"{'parent': 7, 'name': 'root', 'child': 6}, {'parent': 6, 'name': 'file', "
		"'child': 13}, {'parent': 13, 'name': '%s', 'child': 12}, {'parent': 12, 'name': "
		"'backing', 'child': 1}, {'parent': 12, 'name': 'file', 'child': 11}]}}";
	static const char *const filters[][2] = { { "copy-on-read", "file" },
						  { "mirror_top", "backing" },
						  { "blkdebug", "file" } };
	char text[2048];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		add_process(SIMPLE);
		open_file(9, "now", O_RDWR | O_DIRECT);
		open_file(10, "then.raw", O_RDWR);
		add_answer("query-block\"",
			   LIST_REPLY(DRIVE("d0", NODE_OF("top", "throttle", "json:{", ""))));
		snprintf(text, sizeof(text), nodes, filters[i][0]);
		add_answer("query-named", text);
		snprintf(text, sizeof(text), graph, filters[i][1]);
		add_answer("x-debug", text);
		ask();
		assert_true(check("d0", "%/now", "qcow2", true)->direct);
		tear_down(NULL);
		set_up(NULL);
	}
}

/* A way from a drive down: what the innermost node is, and what that makes of the whole. */
static void test_ways(void **state)
{
	static const struct {
		const char *driver, *below, *file, *format, *path;
		enum disk_backing backing;
	} ways[] = {
		{ "raw", "file", "%/x", "raw", "%/x", DISK_FILE },
		{ "raw", "file", "./a:b", "raw", "./a:b", DISK_FILE },
		{ "throttle", "file", "%/x", "raw", "%/x", DISK_FILE },
		{ "raw", "host_device", "/dev/sg0", "raw", "/dev/sg0", DISK_BLOCK },
		{ "luks", "file", "%/x", "luks", "%/x", DISK_FILE },
		{ "frobnicate", "file", "%/x", "frobnicate", "%/x", DISK_FILE },
		{ "replication", "file", "%/x", "replication", "%/x", DISK_FILE },
		{ "raw", "qcow2", "%/x", "qcow2", "%/x", DISK_FILE },
		{ "raw", "nbd", "nbd://h/x", "raw", "nbd://h/x", DISK_NETWORK },
		{ "qcow2", "rbd", "json:{}", "qcow2", "", DISK_NETWORK },
		{ "raw", "null-co", "null-co://", "null-co", "", DISK_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		char text[4096];

		add_process(SIMPLE);
		snprintf(text, sizeof(text),
			 LIST_REPLY(DRIVE("d0", NODE_OF("top", "%s", "%s", ""))), ways[i].driver,
			 ways[i].file, ways[i].file, ways[i].driver);
		add_answer("query-block\"", text);
		/* As QEMU 10.1 tells it: without the graph. */
		snprintf(text, sizeof(text),
			 LIST_REPLY(NODE_OF(
				 "top", "%s", "json:{",
				 ", \"children\": [{\"child\": "
				 "\"file\", \"node-name\": \"b\"}]") ", " NODE_OF("b", "%s", "%s",
										  "")),
			 ways[i].driver, ways[i].driver, ways[i].below, ways[i].file, ways[i].file,
			 ways[i].below);
		add_answer("query-named", text);
		ask();
		check("d0", ways[i].path, ways[i].format, false);
		assert_int_equal(disks.list[0].backing, ways[i].backing);
		tear_down(NULL);
		set_up(NULL);
	}
}

/* A name that no list of this program holds, longer than what is shown, without an ending. */
static void test_long_name(void **state)
{
	char name[240], text[2048], file[600];

	(void)state;
	add_process(SIMPLE);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(file, sizeof(file), "%s/%s", name, name);
	open_file(9, file, O_RDWR | O_DIRECT);
	snprintf(file, sizeof(file), "%s/100/root", proc.path);
	assert_int_equal(symlink("/", file), 0);
	snprintf(text, sizeof(text),
		 LIST_REPLY(DRIVE("d0", NODE_OF("top", "file", "%%/%s/%s", ""))), name, name, name,
		 name);
	add_answer("query-block\"", text);
	ask();
	assert_int_equal(disks.count, 1);
	assert_true(disks.list[0].direct);
	assert_int_equal(disks.list[0].dev, folder_dev);
	assert_string_equal(disks.list[0].format, "raw");
}

/* Graphs that cannot be: circles, nodes that are not there, and things of other types. */
static void test_nonsense(void **state)
{
	static const char *const graphs[] = {
		GRAPH(VERTEX("1", "top") ", " VERTEX("2", "b"),
		      EDGE("1", "file", "2") ", " EDGE("2", "file", "1")),
		GRAPH(VERTEX("1", "top"), EDGE("1", "file", "1")),
		GRAPH(VERTEX("1", "top") ", " VERTEX("2", "gone"), EDGE("1", "file", "2")),
		GRAPH("1, [], {\"id\": \"x\", \"type\": \"block-driver\", \"name\": 5}",
		      "2, {}, {\"parent\": {}, \"child\": null}"),
		"{\"return\": []}",
		"{\"return\": {\"nodes\": 5, \"edges\": {}}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(graphs); i++) {
		add_process(SIMPLE);
		add_answer("query-block\"",
			   LIST_REPLY(DRIVE("d0", NODE_OF("top", "throttle", "json:{", ""))));
		add_answer("query-named",
			   LIST_REPLY(NODE_OF(
				   "top", "throttle", "json:{",
				   ", \"children\": [5, {}]") ", 1, {}, " NODE_OF("b", "raw",
										  "json:{", "")));
		add_answer("x-debug", graphs[i]);
		ask();
		check("d0", "", "", false);
		assert_int_equal(disks.list[0].backing, DISK_UNKNOWN);
		tear_down(NULL);
		set_up(NULL);
	}
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_throttle), TEST(test_moved),	   TEST(test_medium_changed),
		TEST(test_fd_set),   TEST(test_old_qemu),  TEST(test_graph),
		TEST(test_ways),     TEST(test_long_name), TEST(test_nonsense),
	};

	return cmocka_run_group_tests_name("disk_graph", tests, NULL, NULL);
}
