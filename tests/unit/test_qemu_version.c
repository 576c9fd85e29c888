// SPDX-License-Identifier: GPL-2.0-only
/* QEMU's version in an executable, and what the types of its accounting are. */
#include "unit.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/units.h"
#include "disks/qemu_version.h"

#define CHUNK (256 * 1024) /* that is read at once */

static char path[64];

/* A file of size bytes, with a text at a place. */
static void make_file(size_t size, size_t at, const char *text)
{
	char *bytes = calloc(1, size + 1);
	int fd;

	memset(bytes, 'Q', size);
	strcpy(bytes + at, text);
	snprintf(path, sizeof(path), "/tmp/kvmq-qemu-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
	free(bytes);
}

static uint32_t version_at(size_t size, size_t at, const char *text)
{
	uint32_t version = 0;
	int error;

	make_file(size, at, text);
	error = qemu_version__read(path, &version);
	unlink(path);
	assert_true(error == 0 || error == -ENOENT);
	return error ? 0 : version;
}

static void test_found(void **state)
{
	const char *text = "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)";

	(void)state;
	assert_int_equal(version_at(4096, 100, text), QEMU_VERSION(7, 2));
	assert_int_equal(version_at(strlen(text), 0, text), QEMU_VERSION(7, 2));
	assert_int_equal(version_at(25, 0, "QEMU emulator version 9.1"), QEMU_VERSION(9, 1));
	assert_int_equal(version_at(4 * CHUNK, 3 * CHUNK + 17, "QEMU emulator version 10.0.2"),
			 QEMU_VERSION(10, 0));
}

/* However the end of a chunk cuts through it. */
static void test_cut(void **state)
{
	const char *text = "QEMU emulator version 10.12.3";

	(void)state;
	for (size_t before = 0; before <= 80; before++)
		assert_int_equal(version_at(2 * CHUNK + 100, CHUNK - before, text),
				 QEMU_VERSION(10, 12));
	for (size_t before = 0; before <= 80; before++)
		assert_int_equal(version_at(CHUNK, CHUNK - 29 - before, text),
				 QEMU_VERSION(10, 12));
}

static void test_not_found(void **state)
{
	uint32_t version;

	(void)state;
	assert_int_equal(version_at(0, 0, ""), 0);
	assert_int_equal(version_at(10, 0, "QEMU emula"), 0);
	assert_int_equal(version_at(4096, 0, "QEMU emulator version %s"), 0);
	assert_int_equal(version_at(3 * CHUNK, 0, "emulator version 7.2"), 0);
	assert_int_equal(version_at(22, 0, "QEMU emulator version "), 0);
	assert_int_equal(qemu_version__read("/nonexistent", &version), -ENOENT);
	assert_int_equal(qemu_version__read("/tmp", &version), -EISDIR);
}

/* Far into a hole, as a file may pretend to be of any size; and what is no file. */
static void test_hole(void **state)
{
	uint32_t version;
	uint64_t ns;

	(void)state;
	make_file(10, 0, "");
	assert_int_equal(truncate(path, 1LL << 40), 0);
	ns = clock_process_cpu_ns();
	assert_int_equal(qemu_version__read(path, &version), -ENOENT);
	assert_in_range(clock_process_cpu_ns() - ns, 0, NSEC_PER_SEC);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(qemu_version__read(path, &version), -ENOEXEC);
	unlink(path);
	assert_int_equal(qemu_version__read("/dev/zero", &version), -ENOEXEC);
}

/* A text without a number does not hide the one that has it. */
static void test_second(void **state)
{
	(void)state;
	assert_int_equal(
		version_at(4096, 9, "QEMU emulator version %s\nQEMU emulator version 8.2.1"),
		QEMU_VERSION(8, 2));
}

#define NONE IO_OPS

static void check_ops(uint32_t version, const enum io_op *ops, size_t count)
{
	enum io_op op;

	for (uint32_t type = 0; type < count; type++) {
		bool counted = qemu_version__op(version, type, &op);

		assert_int_equal(counted ? op : NONE, ops[type]);
	}
	assert_true(qemu_version__op(version, (uint32_t)count, &op));
	assert_int_equal(op, IO_OTHER);
	assert_true(qemu_version__op(version, UINT32_MAX, &op));
	assert_int_equal(op, IO_OTHER);
}

static void test_ops(void **state)
{
	static const enum io_op old[] = { IO_READ, IO_WRITE, IO_FLUSH };
	static const enum io_op middle[] = { NONE, IO_READ, IO_WRITE, IO_FLUSH, IO_DISCARD };
	static const enum io_op late[] = {
		NONE, IO_READ, IO_WRITE, IO_FLUSH, IO_OTHER, IO_DISCARD
	};

	(void)state;
	check_ops(QEMU_VERSION(2, 5), old, ARRAY_SIZE(old));
	check_ops(QEMU_VERSION(4, 1), old, ARRAY_SIZE(old));
	check_ops(QEMU_VERSION(4, 2), middle, ARRAY_SIZE(middle));
	check_ops(QEMU_VERSION(7, 2), middle, ARRAY_SIZE(middle));
	check_ops(QEMU_VERSION(8, 0), middle, ARRAY_SIZE(middle));
	check_ops(QEMU_VERSION(8, 1), late, ARRAY_SIZE(late));
	check_ops(QEMU_VERSION(10, 0), late, ARRAY_SIZE(late));
	check_ops(0, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),	  cmocka_unit_test(test_cut),
		cmocka_unit_test(test_second),	  cmocka_unit_test(test_hole),
		cmocka_unit_test(test_not_found), cmocka_unit_test(test_ops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
