// SPDX-License-Identifier: GPL-2.0-only
/* Command lines of attackers: too long, too deep, too many, cut, mutated. */
#include "disk_line.h"

#include <time.h>

#include "disks/disk_internal.h"

/* What does not fit is cut, or counted. */
static void test_limits(void **state)
{
	char *text = malloc(1 << 20), *end = text + sprintf(text, "qemu|-drive|if=virtio,file=/");

	(void)state;
	memset(end, 'p', 4000);
	end += 4000;
	end += sprintf(end, "|-device|virtio-blk-pci,drive=");
	memset(end, 'd', 4000);
	end += 4000;
	*end++ = ',';
	memset(end, 'k', 4000);
	strcpy(end + 4000, "=1,serial=S");
	parse(text);
	assert_int_equal(disks.count, 2);
	assert_int_equal(strlen(disks.list[0].path), DISK_PATH_SIZE - 1);
	assert_int_equal(strlen(disks.list[1].name), DISK_NAME_SIZE - 1);
	assert_string_equal(disks.list[1].serial, "S");
	end = text + sprintf(text, "qemu");
	for (int i = 0; i < DISKS_MAX + 7; i++)
		end += sprintf(end, "|-drive|file=/%d,if=virtio", i);
	parse(text);
	assert_int_equal(disks.count, DISKS_MAX);
	assert_int_equal(disks.left_out, 7);
	assert_string_equal(disks.list[63].name, "virtio63");
	/* Nobody has so many: nothing is read of them, and that is said. */
	for (int i = 0; i < 3000; i++)
		end += sprintf(end, "|-device|x");
	parse(text);
	assert_int_equal(disks.count, 0);
	assert_int_equal(disks.refused, 1);
	/* As deep as jansson goes, and deeper. */
	for (int depth = 100; depth <= 10000; depth *= 100) {
		end = text + sprintf(text, "qemu|-blockdev|");
		for (int i = 0; i < depth; i++)
			end += sprintf(end, "{\"file\":");
		end += sprintf(end, "1");
		memset(end, '}', (size_t)depth);
		end[depth] = '\0';
		parse(text);
		assert_int_equal(disks.count, 0);
		assert_int_equal(disks.refused, 1);
	}
	free(text);
}

/* {"a":{"a":...{"file":1}...}} is one of levels + 1. */
static void write_nested(char *text, const char *before, int levels, const char *inner)
{
	text += sprintf(text, "%s", before);
	for (int i = 0; i < levels; i++)
		text += sprintf(text, "{\"a\":");
	text += sprintf(text, "%s", inner);
	memset(text, '}', (size_t)levels);
	text[levels] = '\0';
}

/*
 * An object is taken whole or not at all: what was left with levels in it was taken for strings
 * by those that look for names, and kvmq-io crashed.
 */
static void test_nested(void **state)
{
	static const struct options none;
	char text[4096];
	struct options options;
	const char *key;
	json_t *value;
	size_t size;

	(void)state;
	for (int levels = 1; levels < 40; levels++) {
		write_nested(text, "qemu\n-blockdev\n", levels, "{\"file\":1,\"b\":[2,{\"c\":3}]}");
		size = strlen(text) + 1;
		for (size_t i = 0; i < size; i++)
			if (text[i] == '\n')
				text[i] = '\0';
		assert_int_equal(options__read(&options, text, size), 0);
		assert_int_equal(options.count + options.refused, 1);
		if (levels < 13)
			assert_int_equal(options.count, 1);
		for (size_t i = 0; i < options.count; i++) {
			json_object_foreach(options.list[i].values, key, value)
			{
				assert_true(json_is_string(value));
			}
		}
		options__free(&options);
		/* The same in a file's name. */
		struct disk disk = { 0 };

		write_nested(text, "json:", levels, "{\"file\":1}");
		disk__from_filename(&disk, &none, text);
		assert_string_equal(disk.path, "");
	}
	/* Neither text, number nor switch: as if it were not there. */
	parse("qemu|-blockdev|{\"driver\":\"qcow2\",\"node-name\":\"n\",\"file\":null,\"x\":1.5}|"
	      "-blockdev|{\"driver\":\"raw\",\"node-name\":\"off\",\"file\":\"n\"}|-device|"
	      "scsi-hd,drive=n");
	CHECK(0, .name = "n", .drive = "n", .format = "qcow2");
	/* What is cut, doubled or huge is refused, and counted. */
	parse("qemu|-blockdev|{\"driver\":\"file\",\"filename\":\"/a|-device|{\"driver\"|-blockdev|"
	      "{\"a\":1e999}|-blockdev|{\"a\":99999999999999999999999}|-blockdev|{}x|-blockdev|{}");
	assert_int_equal(disks.count, 0);
	assert_int_equal(disks.refused, 5);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Fills with a text up to about size bytes. */
static char *repeat(char *to, const char *text, size_t size)
{
	for (size_t length = strlen(text); size >= length; size -= length)
		to = stpcpy(to, text);
	return to;
}

/* A mebibyte by a stranger costs no more than moments: it took minutes of a CPU. */
static void test_time(void **state)
{
	static const size_t size = 1 << 20;
	char *text = malloc(2 * size), *end;
	double start = seconds();

	(void)state;
	repeat(stpcpy(text, "qemu|-drive|"), "a,", size); /* items */
	parse(text);
	end = repeat(stpcpy(text, "qemu|-blockdev|{\"a\":["), "[1],", size); /* of JSON */
	strcpy(end, "1]}");
	parse(text);
	strcpy(text, "qemu");
	end = text + 4;
	for (int i = 0; i < 1000; i++) /* a chain of nodes, and who starts anywhere in it */
		end += sprintf(end,
			       "|-device|scsi-hd,drive=n%d|-blockdev|raw,node-name=n%d,file=n%d", i,
			       i, i + 1);
	parse(text);
	assert_int_equal(disks.count, DISKS_MAX);
	repeat(stpcpy(text, "qemu"), "|-hda|x", size);
	parse(text);
	end = stpcpy(text, "qemu"); /* one name with a mebibyte of what may be secrets */
	for (int i = 0; i < DISKS_MAX; i++)
		end = stpcpy(end, "|-device|scsi-hd,drive=n");
	repeat(stpcpy(end, "|-blockdev|https,node-name=n,url="), "a://b:c/", size);
	parse(text);
	assert_int_equal(disks.count, DISKS_MAX);
	free(text);
	assert_true(seconds() - start < 10);
}

/* Text of attackers: every disk that comes out must be whole, whatever went in. */
static void check_sound(void)
{
	assert_true(disks.count <= DISKS_MAX);
	for (size_t i = 0; i < disks.count; i++) {
		const struct disk *disk = &disks.list[i];

		assert_true(memchr(disk->name, '\0', sizeof(disk->name)));
		assert_true(memchr(disk->drive, '\0', sizeof(disk->drive)));
		assert_true(memchr(disk->path, '\0', sizeof(disk->path)));
		assert_true(memchr(disk->format, '\0', sizeof(disk->format)));
		assert_true(memchr(disk->serial, '\0', sizeof(disk->serial)));
		assert_true(memchr(disk->address, '\0', sizeof(disk->address)));
		assert_non_null(disk_backing__name(disk->backing));
		assert_true(disk->name[0]);
	}
}

static uint32_t random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Changes, cuts, doubles and moves pieces of a text of at most size bytes. */
static size_t mutate(char *text, size_t length, size_t size, uint32_t *random)
{
	static const char special[] = "\0|,,==\"{}[]:.-/\\x";
	size_t from = random_next(random) % length, to = random_next(random) % length;
	size_t piece = random_next(random) % 64;

	if (piece > length - (from > to ? from : to))
		piece = length - (from > to ? from : to);
	switch (random_next(random) % 5) {
	case 0:
		text[from] = (char)random_next(random);
		return length;
	case 1:
		text[from] = special[random_next(random) % sizeof(special)];
		return length;
	case 2:
		memmove(text + to, text + from, piece);
		return length;
	case 3:
		if (length + piece > size)
			return length;
		memmove(text + from + piece, text + from, length - from);
		return length + piece;
	default:
		return from ? from : length;
	}
}

static void test_mutations(void **state)
{
	static const char seed[] =
		"kvm\0-M\0q35\0-drive\0file=json:{\"driver\":\"qcow2\",,\"file\":{\"driver\":"
		"\"file\",,\"filename\":\"/a\"}},if=virtio\0-blockdev\0{\"driver\":\"throttle\","
		"\"node-name\":\"n1\",\"file\":{\"driver\":\"raw\",\"file\":\"n2\"}}\0-blockdev\0"
		"driver=file,node-name=n2,filename=/b,,c,cache.direct=on\0-device\0"
		"{\"driver\":\"virtio-blk-pci\",\"drive\":\"n1\",\"addr\":\"0x7.0x1\"}\0-device\0"
		"scsi-hd,drive=n2,bus=s.0\0-device\0virtio-scsi-pci,id=s,addr=5\0-hda\0/h\0--disk\0"
		"path=\"/d,e\",direct=on\0-add-fd\0set=1,fd=3\0-chardev\0socket,id=c,path=/s\0"
		"-device\0vhost-user-blk-pci,chardev=c\0-drive\0file=rbd:p/i,if=ide,index=3\0";
	char text[4096];
	uint32_t random = 20240229;
	size_t found = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t length = sizeof(seed) - 1;
		char *exact;

		memcpy(text, seed, length);
		for (uint32_t i = 0; i <= random_next(&random) % 12; i++)
			length = mutate(text, length, sizeof(text), &random);
		/* Exactly as large as it is, so that the sanitizer sees a step outside. */
		exact = malloc(length);
		assert_non_null(exact);
		memcpy(exact, text, length);
		disks__from_cmdline(&disks, exact, length);
		free(exact);
		check_sound();
		found += disks.count;
	}
	/* Most of them still mean something. */
	assert_true(found > 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests_name("disk_hostile", tests, NULL, NULL);
}
