// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the BPF programs read of the kernel's structures has in this kernel the size that they
 * read. CO-RE moves offsets, not sizes: BPF_CORE_READ() of a u32 that has become a byte copies
 * its neighbours, too. Those that ask for the size as well (BPF_CORE_READ_BITFIELD_PROBED) may
 * read any.
 */
#include <bpf/btf.h>
#include <bpf/libbpf_legacy.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define DEPTH 16
#define KERNELS 4 /* vmlinux, and modules that have their own types */

/* A field of a structure, by names: what lies in members without one is the structure's own. */
struct path {
	const char *type;
	const char *members[DEPTH];
	size_t count;
};

struct kernel {
	struct btf *list[KERNELS];
	size_t count;
};

static const char *const programs[] = { "sched", "overlap", "kvm",	"numa",
					"block", "vmm",	    "virtqueue" };
/* That is wider in some kernels, where its first bytes say all: bpf/compat.bpf.h tells why. */
static const char narrower[] = "exit_code";
static size_t compared;

static const struct btf_type *plain(const struct btf *btf, __u32 *id)
{
	const struct btf_type *type = btf__type_by_id(btf, *id);

	while (btf_is_mod(type) || btf_is_typedef(type)) {
		*id = type->type;
		type = btf__type_by_id(btf, *id);
	}
	return type;
}

static bool is_number(const struct btf_type *type)
{
	return btf_is_int(type) || btf_is_ptr(type) || btf_is_any_enum(type);
}

/* Follows "0:3:1" from a type: the path by names. 0: it leads to no number. Returns its size. */
static __u32 local_field(const struct btf *btf, __u32 id, const char *access, struct path *path)
{
	const struct btf_type *type = plain(btf, &id);
	char *end;

	*path = (struct path){ .type = btf__name_by_offset(btf, type->name_off) };
	strtoul(access, &end, 10); /* of an array of them */
	while (*end == ':') {
		__u32 index = (__u32)strtoul(end + 1, &end, 10);
		const char *name;

		if (!btf_is_composite(type) || index >= btf_vlen(type) || path->count == DEPTH ||
		    btf_member_bitfield_size(type, index))
			return 0;
		name = btf__name_by_offset(btf, btf_members(type)[index].name_off);
		if (*name)
			path->members[path->count++] = name;
		id = btf_members(type)[index].type;
		type = plain(btf, &id);
	}
	return is_number(type) && path->count ? (__u32)btf__resolve_size(btf, id) : 0;
}

/* A member by its name, also of members without one. Returns its type; 0: there is none. */
/* NOLINTNEXTLINE(misc-no-recursion): structures are nested a few levels deep */
static __u32 find_member(const struct btf *btf, const struct btf_type *type, const char *name)
{
	for (__u32 i = 0; i < btf_vlen(type); i++) {
		const struct btf_member *member = &btf_members(type)[i];
		const char *own = btf__name_by_offset(btf, member->name_off);
		__u32 id = member->type;
		const struct btf_type *inner = plain(btf, &id);

		if (!strcmp(own, name))
			return id;
		id = *own || !btf_is_composite(inner) ? 0 : find_member(btf, inner, name);
		if (id)
			return id;
	}
	return 0;
}

/* The size of the same field in a kernel's types. 0: it has not got it, or it is no number. */
static __u32 kernel_field(const struct btf *btf, const struct path *path)
{
	size_t length = strlen(path->type);
	const char *version = strstr(path->type, "___");
	char name[64];
	__s32 found;
	__u32 id;

	if (version)
		length = (size_t)(version - path->type);
	snprintf(name, sizeof(name), "%.*s", (int)length, path->type);
	found = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);
	if (found < 0)
		found = btf__find_by_name_kind(btf, name, BTF_KIND_UNION);
	id = found < 0 ? 0 : (__u32)found;
	for (size_t i = 0; id && i < path->count; i++) {
		const struct btf_type *type = plain(btf, &id);

		id = btf_is_composite(type) ? find_member(btf, type, path->members[i]) : 0;
	}
	return id && is_number(plain(btf, &id)) ? (__u32)btf__resolve_size(btf, id) : 0;
}

static bool same_field(const struct bpf_core_relo *a, const struct bpf_core_relo *b)
{
	return a->type_id == b->type_id && a->access_str_off == b->access_str_off;
}

/* The program's records of what it reads: one section of .BTF.ext after the other. */
struct records {
	const struct bpf_core_relo *list[4096];
	size_t count;
};

static void read_records(const struct btf_ext *ext, struct records *records)
{
	struct { /* of struct btf_ext_header, which libbpf keeps to itself */
		__u16 magic;
		__u8 version, flags;
		__u32 hdr_len, func_off, func_len, line_off, line_len, relo_off, relo_len;
	} header;
	const char *data, *end;
	__u32 size, record;

	data = btf_ext__get_raw_data(ext, &size);
	assert_true(size >= sizeof(header));
	memcpy(&header, data, sizeof(header));
	assert_true(header.hdr_len >= sizeof(header) && header.relo_len);
	data += header.hdr_len + header.relo_off;
	end = data + header.relo_len;
	memcpy(&record, data, sizeof(record));
	assert_int_equal(record, sizeof(struct bpf_core_relo));
	for (data += sizeof(record); data < end;) {
		__u32 section[2]; /* name, number of records */

		memcpy(section, data, sizeof(section));
		data += sizeof(section);
		for (__u32 i = 0; i < section[1]; i++, data += record) {
			assert_true(records->count < 4096);
			records->list[records->count++] = (const void *)data;
		}
	}
}

static bool asks_for_size(const struct records *records, const struct bpf_core_relo *of)
{
	for (size_t i = 0; i < records->count; i++)
		if (records->list[i]->kind == BPF_CORE_FIELD_BYTE_SIZE &&
		    same_field(records->list[i], of))
			return true;
	return false;
}

static void check(const struct btf *btf, const struct bpf_core_relo *record,
		  const struct kernel *kernel, const char *program)
{
	struct path path;
	__u32 size = local_field(btf, record->type_id,
				 btf__name_by_offset(btf, record->access_str_off), &path);

	for (size_t i = 0; size && i < kernel->count; i++) {
		__u32 theirs = kernel_field(kernel->list[i], &path);

		if (!theirs)
			continue;
		compared++;
		if (theirs < size ||
		    (theirs > size && strcmp(path.members[path.count - 1], narrower) != 0))
			fail_msg("%s reads %u bytes of %s.%s, which has %u in this kernel", program,
				 size, path.type, path.members[path.count - 1], theirs);
		return;
	}
}

static void test_sizes(void **state)
{
	const char *build = getenv("BUILD") ?: "build";
	static struct records records;

	if (!((struct kernel *)*state)->count)
		skip(); /* this kernel tells nothing of its types */
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		struct btf_ext *ext = NULL;
		struct btf *btf;
		char path[256];

		snprintf(path, sizeof(path), "%s/%s.bpf.o", build, programs[i]);
		btf = btf__parse_elf(path, &ext);
		assert_non_null(btf);
		assert_non_null(ext);
		records.count = 0;
		read_records(ext, &records);
		compared = 0;
		for (size_t k = 0; k < records.count; k++)
			if (records.list[k]->kind == BPF_CORE_FIELD_BYTE_OFFSET &&
			    !asks_for_size(&records, records.list[k]))
				check(btf, records.list[k], *state, programs[i]);
		assert_true(compared > 0);
		btf_ext__free(ext);
		btf__free(btf);
	}
}

static int set_up(void **state)
{
	static const char *const modules[] = { "kvm", "kvm_amd", "kvm_intel" };
	struct kernel *kernel = calloc(1, sizeof(*kernel));

	*state = kernel;
	kernel->list[0] = btf__load_vmlinux_btf();
	if (!kernel->list[0])
		return 0;
	kernel->count = 1;
	for (size_t i = 0; i < 3; i++) {
		struct btf *btf = btf__load_module_btf(modules[i], kernel->list[0]);

		if (btf)
			kernel->list[kernel->count++] = btf;
	}
	return 0;
}

static int tear_down(void **state)
{
	struct kernel *kernel = *state;

	while (kernel->count)
		btf__free(kernel->list[--kernel->count]);
	free(kernel);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sizes, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
