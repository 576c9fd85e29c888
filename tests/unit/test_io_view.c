// SPDX-License-Identifier: GPL-2.0-only
/* A view of I/O, its sets, and what is found in it: user/model/io_view.c, io_sets.c. */
#include "unit.h"

#include "model/io_view.h"

#ifdef __clang__ /* clang-tidy reads this file, and gcc makes the test */
#define __builtin_clear_padding(item) ((void)(item))
#endif

/* Marks the bytes of a field; none is another one's, too. */
static void mark(unsigned char *covered, const struct field *field, size_t size)
{
	size_t bytes = (size_t)field->count * FIELD_SIZE(field->type);

	assert_true(field->offset + bytes <= size);
	for (size_t i = 0; i < bytes; i++)
		assert_int_equal(covered[field->offset + i]++, 0);
}

static void mark_all(unsigned char *covered, enum io_set of, size_t size)
{
	const struct set *set = &io_sets[of];

	assert_int_equal(set->size, size);
	for (uint32_t i = 0; i < set->field_count; i++)
		mark(covered, &set->fields[i], size);
}

/* holds: bytes that are no padding are not 0. */
static void check_marks(const char *name, const unsigned char *covered, const unsigned char *holds,
			size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (holds[i] && !covered[i])
			fail_msg("%s: byte %zu is in no field", name, i);
}

static void check_covered(enum io_set of, const unsigned char *holds, size_t size)
{
	unsigned char *covered = calloc(1, size);

	mark_all(covered, of, size);
	check_marks(io_sets[of].name, covered, holds, size);
	free(covered);
}

#define CHECK_COVERED(set, type)                                                                   \
	do {                                                                                       \
		type item;                                                                         \
                                                                                                   \
		memset(&item, 0xff, sizeof(item));                                                 \
		__builtin_clear_padding(&item);                                                    \
		check_covered(set, (const unsigned char *)&item, sizeof(item));                    \
	} while (0)

/* What has no field is neither compared nor recorded. */
static void test_fields(void **state)
{
	(void)state;
	CHECK_COVERED(IO_SET_VMS, struct io_vm);
	CHECK_COVERED(IO_SET_DISKS, struct io_disk);
	CHECK_COVERED(IO_SET_LEAVES, struct io_leaf);
	CHECK_COVERED(IO_SET_DEVICES, struct io_device);
	CHECK_COVERED(IO_SET_BLOCK_FLOWS, struct block_flow);
	CHECK_COVERED(IO_SET_EVENTS, struct io_event);
	CHECK_COVERED(IO_SET_VMM_FLOWS, struct vmm_flow);
	CHECK_COVERED(IO_SET_RINGS, struct virtqueue_flow);
	CHECK_COVERED(IO_SET_GUESTS, struct io_guest);
	CHECK_COVERED(IO_SET_GUEST_DISKS, struct io_guest_disk);
	CHECK_COVERED(IO_SET_GUEST_FLOWS, struct io_guest_flow);
}

/* Keys come first, no two fields or sets are called the same. */
static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < IO_SETS; i++) {
		const struct set *set = &io_sets[i];

		for (int j = 0; j < i; j++)
			assert_string_not_equal(set->name, io_sets[j].name);
		for (uint32_t j = 0; j < set->field_count; j++) {
			assert_int_equal(set->fields[j].kind == FIELD_KEY, j < set->key_count);
			for (uint32_t k = 0; k < j; k++)
				assert_string_not_equal(set->fields[j].name, set->fields[k].name);
		}
	}
}

/* Memory stays, what was there goes. */
static void test_clear(void **state)
{
	struct io_view view = { .unseen = 7 };
	const void *memory;

	(void)state;
	list_add(&view.disks)->id = 3;
	list_add(&view.block.flows)->dev = 3;
	strcpy(view.missing.vmm, "why");
	view.vmm.lost = 3;
	memory = view.disks.list;
	io_view__clear(&view);
	assert_ptr_equal(view.disks.list, memory);
	assert_int_equal(view.disks.count + view.block.flows.count, 0);
	assert_int_equal(view.unseen + view.vmm.lost, 0);
	assert_string_equal(view.missing.vmm, "");
	assert_int_equal(list_add(&view.disks)->id, 0);
	io_view__free(&view);
	assert_null(view.disks.list);
	io_view__free(&view);
}

static void add_disk(struct io_view *view, uint32_t pid, uint64_t start_ns, uint32_t id)
{
	*list_add(&view->disks) =
		(struct io_disk){ .vm_pid = pid, .vm_start_ns = start_ns, .id = id };
	*list_add(&view->leaves) = (struct io_leaf){ start_ns, pid, id, 0, id + 100 };
	*list_add(&view->leaves) = (struct io_leaf){ start_ns, pid, id, 1, id + 200 };
}

/* Another VM with the same PID is another one. */
static void test_finds(void **state)
{
	const struct io_vm vm = { .pid = 7, .start_ns = 50 }, other = { .pid = 7, .start_ns = 51 };
	struct io_view view = { 0 };
	const struct io_disk *disk;
	size_t count;

	(void)state;
	assert_null(io_view__vm(&view, 7));
	assert_null(io_view__disk(&view, &vm, 3));
	*list_add(&view.vms) = (struct io_vm){ .pid = 8 };
	*list_add(&view.vms) = vm;
	for (uint32_t id = 5; id--;) {
		add_disk(&view, 8, 50, id);
		add_disk(&view, 7, 50, id);
	}
	*list_add(&view.devices) = (struct io_device){ .dev = 205 };
	*list_add(&view.devices) = (struct io_device){ .dev = 203 };
	for (int set = IO_SET_VMS; set <= IO_SET_DEVICES; set++)
		io_view__sort(&view, (enum io_set)set);
	assert_int_equal(io_view__vm(&view, 7)->start_ns, 50);
	assert_null(io_view__vm(&view, 9));
	disk = io_view__disk(&view, &vm, 3);
	assert_int_equal(disk->vm_pid, 7);
	assert_int_equal(disk->id, 3);
	assert_null(io_view__disk(&view, &vm, DISK_NO_ID));
	assert_null(io_view__disk(&view, &other, 3));
	assert_int_equal(io_view__leaves(&view, disk, &count)[1].dev, 203);
	assert_int_equal(count, 2);
	assert_int_equal(io_view__disks(&view, &vm, &count)->id, 0);
	assert_int_equal(count, 5);
	assert_null(io_view__disks(&view, &other, &count));
	assert_int_equal(io_view__device(&view, 205)->dev, 205);
	assert_null(io_view__device(&view, 204));
	io_view__free(&view);
}

static void test_finds_guest(void **state)
{
	const struct io_vm vm = { .pid = 7 };
	const struct io_guest_disk *disk;
	const struct io_guest *guest;
	struct io_view view = { 0 };
	size_t count;

	(void)state;
	*list_add(&view.guests) = (struct io_guest){ .vm_pid = 7, .session = 3 };
	for (int first = 1; first >= 0; first--) {
		*list_add(&view.guest_disks) =
			(struct io_guest_disk){ .vm_pid = 7, .first = first, .name = "vdb" };
		*list_add(&view.guest_disks) =
			(struct io_guest_disk){ .vm_pid = 7, .first = first, .name = "vda" };
		*list_add(&view.guest_flows) = (struct io_guest_flow){
			.vm_pid = 7, .first = first, .disk = "vdb", .op = IO_WRITE, .bytes = 10
		};
	}
	for (int set = IO_SET_GUESTS; set <= IO_SET_GUEST_FLOWS; set++)
		io_view__sort(&view, (enum io_set)set);
	guest = io_view__guest(&view, &vm);
	assert_int_equal(guest->session, 3);
	disk = io_view__guest_disks(&view, guest, true, &count);
	assert_int_equal(count, 2);
	assert_true(disk->first);
	assert_string_equal(disk->name, "vda");
	assert_null(io_view__guest_flow(&view, disk, IO_WRITE));
	disk = io_view__guest_disk(&view, guest, false, "vdb");
	assert_false(disk->first);
	assert_int_equal(io_view__guest_flow(&view, disk, IO_WRITE)->bytes, 10);
	assert_null(io_view__guest_flow(&view, disk, IO_READ));
	assert_null(io_view__guest_disk(&view, guest, false, "vdc"));
	io_view__free(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),	    cmocka_unit_test(test_names),
		cmocka_unit_test(test_clear),	    cmocka_unit_test(test_finds),
		cmocka_unit_test(test_finds_guest),
	};

	return cmocka_run_group_tests_name("io_view", tests, NULL, NULL);
}
