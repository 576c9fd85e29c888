// SPDX-License-Identifier: GPL-2.0-only
/* Views as bytes and back, of sets of the test's own; other versions; bytes by strangers. */
#include "recorded.h"

#include <errno.h>

#include "wire/reader.h"
#include "wire/wire_internal.h"
#include "wire/writer.h"

static const struct wire_about about = { "1.0", "b00t", "h", 1000000000 };

struct pipe {
	struct wire_writer *writer;
	struct wire_reader *reader;
};

static int open_pipe(struct pipe *pipe, const struct set *const *written, size_t written_count,
		     const struct set *const *wanted, size_t wanted_count)
{
	struct wire_frame *frame;
	enum wire_kind kind;
	size_t size;
	int error;

	assert_int_equal(wire_writer__open(&pipe->writer, written, written_count), 0);
	assert_int_equal(wire_reader__open(&pipe->reader, wanted, wanted_count), 0);
	assert_int_equal(wire_writer__tables(pipe->writer, &about, &frame), 0);
	assert_int_equal(wire__read_head(frame->bytes, &kind, &size), 0);
	assert_int_equal(kind, WIRE_TABLES);
	assert_int_equal(size, frame->size - WIRE_HEAD);
	error = wire_reader__tables(pipe->reader, frame->bytes + WIRE_HEAD, size);
	wire_frame__release(frame);
	return error;
}

static void open_all(struct pipe *pipe)
{
	assert_int_equal(
		open_pipe(pipe, all_sets, ARRAY_SIZE(all_sets), all_sets, ARRAY_SIZE(all_sets)), 0);
}

static void close_pipe(struct pipe *pipe)
{
	wire_writer__close(pipe->writer);
	wire_reader__close(pipe->reader);
}

static struct wire_frame *write_moment(const struct pipe *pipe, const struct moment *moment)
{
	struct wire_frame *frame = NULL;

	assert_int_equal(wire_writer__moment(pipe->writer, moment, &frame), 0);
	return frame;
}

static int read_frame(const struct pipe *pipe, const struct wire_frame *frame,
		      struct moment *moment)
{
	return wire_reader__moment(pipe->reader, frame->bytes + WIRE_HEAD, frame->size - WIRE_HEAD,
				   moment);
}

/* In any order, of any numbers; what was read before leaves nothing behind. */
static void test_there_and_back(void **state)
{
	struct moment moment = { 0 }, got = { 0 };
	uint64_t seed = 7;
	struct pipe pipe;

	(void)state;
	open_all(&pipe);
	assert_string_equal(wire_reader__about(pipe.reader)->version, "1.0");
	assert_string_equal(wire_reader__about(pipe.reader)->boot_id, "b00t");
	assert_string_equal(wire_reader__about(pipe.reader)->host, "h");
	assert_int_equal(wire_reader__about(pipe.reader)->interval_ns, 1000000000);
	for (int i = 0; i < 300; i++) {
		struct wire_frame *frame;

		moment_change(&moment, &seed);
		frame = write_moment(&pipe, &moment);
		assert_int_equal(read_frame(&pipe, frame, &got), 0);
		expect_moment(&got, &moment);
		wire_frame__release(frame);
	}
	moment_free(&moment);
	moment_free(&got);
	close_pipe(&pipe);
}

static void test_extremes(void **state)
{
	struct moment moment = { .time_ns = UINT64_MAX, .zone = INT32_MIN }, got = { 0 };
	struct machine *machine = add_machine(&moment, UINT64_MAX, "12345678901");
	struct wire_frame *frame;
	struct pipe pipe;

	(void)state;
	machine->run_ns = machine->longest_ns = UINT64_MAX;
	machine->node = INT32_MAX;
	machine->wraps = UINT32_MAX;
	memset(machine->hist, 0xff, sizeof(machine->hist));
	memset(machine->pages, 0xff, sizeof(machine->pages));
	machine->distance[4] = INT32_MIN;
	open_all(&pipe);
	frame = write_moment(&pipe, &moment);
	assert_int_equal(read_frame(&pipe, frame, &got), 0);
	expect_moment(&got, &moment);
	wire_frame__release(frame);
	moment_free(&moment);
	moment_free(&got);
	close_pipe(&pipe);
}

/* Of 300 places a dozen are written, and nothing of the other ones. */
static void test_size(void **state)
{
	struct moment moment = { 0 };
	struct wire_frame *empty, *frame;
	struct machine *machine;
	struct pipe pipe;

	(void)state;
	open_all(&pipe);
	empty = write_moment(&pipe, &moment);
	machine = add_machine(&moment, 1, "a");
	for (int i = 0; i < 12; i++)
		machine->hist[i * 7] = 3;
	frame = write_moment(&pipe, &moment);
	assert_in_range(frame->size - empty->size, 1, 50);
	wire_frame__release(empty);
	wire_frame__release(frame);
	moment_free(&moment);
	close_pipe(&pipe);
}

/* The sets of a version before: without a set, some fields, and with a shorter array. */
static const struct field older_fields[] = {
	FIELD(struct machine, id, FIELD_U64, FIELD_KEY),
	FIELD(struct machine, is_known, FIELD_BOOL, FIELD_GAUGE),
	FIELD(struct machine, run_ns, FIELD_U64, FIELD_COUNTER),
	{ .name = "pages",
	  .type = FIELD_U64,
	  .kind = FIELD_GAUGE,
	  .offset = offsetof(struct machine, pages),
	  .count = 2 },
};
static const struct set older_set =
	SET("figures", older_fields, .key_count = 1, .size = sizeof(struct machine),
	    .list = offsetof(struct moment, machines));
static const struct set *const older_sets[] = { &moment_set, &older_set, &happening_set };

static void fill(struct moment *moment)
{
	struct machine *machine = add_machine(moment, 5, "name");

	moment->time_ns = 9;
	moment->losses.lost = 4;
	machine->run_ns = 6;
	machine->is_known = true;
	machine->longest_ns = 8;
	machine->hist[4] = 1;
	machine->pages[1] = 7;
	add_pair(moment, 1, "x");
}

/* What an older server does not have is empty or 0, also where there was something before. */
static void test_older(void **state)
{
	struct moment moment = { 0 }, got = { 0 };
	struct wire_frame *frame;
	struct pipe pipe;

	(void)state;
	fill(&moment);
	fill(&got);
	assert_int_equal(open_pipe(&pipe, older_sets, ARRAY_SIZE(older_sets), all_sets,
				   ARRAY_SIZE(all_sets)),
			 0);
	assert_true(wire_reader__has(pipe.reader, &machine_set));
	assert_false(wire_reader__has(pipe.reader, &pair_set));
	frame = write_moment(&pipe, &moment);
	assert_int_equal(read_frame(&pipe, frame, &got), 0);
	assert_int_equal(got.machines.count, 1);
	assert_int_equal(got.machines.list[0].run_ns, 6);
	assert_int_equal(got.machines.list[0].pages[1], 7);
	assert_int_equal(got.machines.list[0].longest_ns, 0);
	assert_int_equal(got.machines.list[0].hist[4], 0);
	assert_string_equal(got.machines.list[0].name, "");
	assert_int_equal(got.pairs.count, 0);
	assert_int_equal(got.losses.lost, 0);
	wire_frame__release(frame);
	moment_free(&moment);
	moment_free(&got);
	close_pipe(&pipe);
}

/* And of a newer one the older client takes what it knows. */
static void test_newer(void **state)
{
	static const struct set known = { .name = "figures",
					  .fields = older_fields,
					  .field_count = 3, /* without the array */
					  .key_count = 1,
					  .size = sizeof(struct machine),
					  .list = offsetof(struct moment, machines) };
	static const struct set *const wanted[] = { &moment_set, &known };
	struct moment moment = { 0 }, got = { 0 };
	struct wire_frame *frame;
	struct pipe pipe;

	(void)state;
	fill(&moment);
	assert_int_equal(open_pipe(&pipe, all_sets, ARRAY_SIZE(all_sets), wanted, 2), 0);
	frame = write_moment(&pipe, &moment);
	assert_int_equal(read_frame(&pipe, frame, &got), 0);
	assert_int_equal(got.time_ns, 9);
	assert_int_equal(got.machines.count, 1);
	assert_int_equal(got.machines.list[0].run_ns, 6);
	assert_int_equal(got.machines.list[0].longest_ns, 0);
	assert_string_equal(got.machines.list[0].name, "");
	wire_frame__release(frame);
	moment_free(&moment);
	moment_free(&got);
	close_pipe(&pipe);
}

static void expect_refusal(const struct set *const *written, size_t written_count,
			   const struct set *const *wanted, size_t wanted_count, const char *fault)
{
	struct pipe pipe;

	assert_int_equal(open_pipe(&pipe, written, written_count, wanted, wanted_count), -EPROTO);
	assert_string_equal(wire_reader__fault(pipe.reader), fault);
	close_pipe(&pipe);
}

static const struct field kinds[] = {
	FIELD(struct machine, id, FIELD_U64, FIELD_KEY),
	FIELD(struct machine, run_ns, FIELD_U64, FIELD_GAUGE),
};

static const struct field keys[] = {
	FIELD(struct machine, id, FIELD_U64, FIELD_KEY),
	FIELD(struct machine, node, FIELD_I32, FIELD_KEY),
};

static void test_other_figures(void **state)
{
	static const struct set other_kind =
		SET("figures", kinds, .key_count = 1, .size = sizeof(struct machine),
		    .list = offsetof(struct moment, machines));
	static const struct set other_keys =
		SET("figures", keys, .key_count = 2, .size = sizeof(struct machine),
		    .list = offsetof(struct moment, machines));
	static const struct set *const of_kind[] = { &moment_set, &other_kind };
	static const struct set *const of_keys[] = { &moment_set, &other_keys };

	(void)state;
	expect_refusal(of_kind, 2, all_sets, ARRAY_SIZE(all_sets),
		       "has other figures as run_ns of figures");
	expect_refusal(of_keys, 2, all_sets, ARRAY_SIZE(all_sets), "has other keys of figures");
	/* An array that is longer there would lose its end. */
	expect_refusal(all_sets, ARRAY_SIZE(all_sets), older_sets, ARRAY_SIZE(older_sets),
		       "has other figures as pages of figures");
}

/* A moment of one set, "moments", with rows by hand. */
static int read_by_hand(const struct set *set, const unsigned char *bytes, size_t size,
			struct moment *moment)
{
	const struct set *const sets[] = { &moment_set, set };
	unsigned char whole[256] = { 1, 3, 0, 0, 0, 9, 9, 0 };
	struct pipe pipe;
	int error;

	assert_int_equal(open_pipe(&pipe, sets, 2, sets, 2), 0);
	assert_true(size <= sizeof(whole) - 8);
	memcpy(whole + 8, bytes, size);
	error = wire_reader__moment(pipe.reader, whole, 8 + size, moment);
	if (error)
		assert_string_not_equal(wire_reader__fault(pipe.reader), "");
	close_pipe(&pipe);
	return error;
}

#define EXPECT_BYTES(set, error, ...)                                                              \
	do {                                                                                       \
		static const unsigned char bytes[] = { __VA_ARGS__ };                              \
		struct moment got = { 0 };                                                         \
		assert_int_equal(read_by_hand(set, bytes, sizeof(bytes), &got), error);            \
		moment_free(&got);                                                                 \
	} while (0)

/* Rows, four bytes of length, and the rows: of pairs a node and a text of at most 7. */
static void test_hostile_rows(void **state)
{
	(void)state;
	EXPECT_BYTES(&pair_set, 0, 1, 3, 0, 0, 0, 2, 1, 'a');
	EXPECT_BYTES(&pair_set, 0, 0, 0, 0, 0, 0);
	EXPECT_BYTES(&pair_set, 0, 2, 5, 0, 0, 0, 2, 1, 'b', 2, 0);
	/* the same keys twice */
	EXPECT_BYTES(&pair_set, -EBADMSG, 2, 6, 0, 0, 0, 2, 1, 'a', 2, 1, 'a');
	EXPECT_BYTES(&pair_set, -EBADMSG, 3, 9, 0, 0, 0, 2, 1, 'b', 2, 1, 'a', 2, 1, 'b');
	/* more rows than bytes, and fewer */
	EXPECT_BYTES(&pair_set, -EBADMSG, 2, 3, 0, 0, 0, 2, 1, 'a');
	EXPECT_BYTES(&pair_set, -EBADMSG, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
		     3, 0, 0, 0, 2, 1, 'a');
	EXPECT_BYTES(&pair_set, -EBADMSG, 1, 6, 0, 0, 0, 2, 1, 'a', 4, 1, 'b');
	/* a length behind the end, none at all, and something behind it */
	EXPECT_BYTES(&pair_set, -EBADMSG, 1, 4, 0, 0, 0, 2, 1, 'a');
	EXPECT_BYTES(&pair_set, -EBADMSG, 1, 0xff, 0xff, 0xff, 0xff, 2, 1, 'a');
	EXPECT_BYTES(&pair_set, -EBADMSG, 1, 3, 0, 0);
	EXPECT_BYTES(&pair_set, -EBADMSG, 1);
	EXPECT_BYTES(&pair_set, -EBADMSG, 1, 3, 0, 0, 0, 2, 1, 'a', 0);
	/* a text that is too long here, or behind the end */
	EXPECT_BYTES(&pair_set, 0, 1, 9, 0, 0, 0, 2, 7, 'a', 'b', 'c', 'd', 'e', 'f', 'g');
	EXPECT_BYTES(&pair_set, -EBADMSG, 1, 10, 0, 0, 0, 2, 8, 'a', 'b', 'c', 'd', 'e', 'f', 'g',
		     'h');
	EXPECT_BYTES(&pair_set, -EBADMSG, 1, 3, 0, 0, 0, 2, 5, 'a');
	/* a node beyond 32 bits, and a number without an end */
	EXPECT_BYTES(&pair_set, 0, 1, 6, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0);
	EXPECT_BYTES(&pair_set, -EBADMSG, 1, 6, 0, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x10, 0);
	EXPECT_BYTES(&pair_set, -EBADMSG, 1, 12, 0, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
		     0x80, 0x80, 0x80, 0x80, 0);
	/* a number of 32 bits, and one that is larger */
	EXPECT_BYTES(&happening_set, 0, 1, 7, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0);
	EXPECT_BYTES(&happening_set, -EBADMSG, 1, 7, 0, 0, 0, 1, 0x80, 0x80, 0x80, 0x80, 0x10, 0);
	/* what there is once is there twice, or not at all */
	EXPECT_BYTES(&loss_set, 0, 1, 2, 0, 0, 0, 1, 0);
	EXPECT_BYTES(&loss_set, -EBADMSG, 2, 4, 0, 0, 0, 1, 0, 1, 0);
	EXPECT_BYTES(&loss_set, -EBADMSG, 0, 0, 0, 0, 0);
}

static const struct field codes[] = {
	FIELD_CODE("code", struct happening, of, FIELD_U32, FIELD_GAUGE, 3),
	FIELD_CODE("codes", struct happening, places, FIELD_U32, FIELD_GAUGE, 2),
};

/* A code indexes tables: what is none is refused, alone and in an array. */
static void test_codes(void **state)
{
	static const struct set set =
		SET("happenings", codes, .events = true, .size = sizeof(struct happening),
		    .list = offsetof(struct moment, happenings));

	(void)state;
	EXPECT_BYTES(&set, 0, 1, 3, 0, 0, 0, 2, 1, 1);
	EXPECT_BYTES(&set, -EBADMSG, 1, 2, 0, 0, 0, 3, 0);
	EXPECT_BYTES(&set, -EBADMSG, 1, 6, 0, 0, 0, 0x82, 0x80, 0x80, 0x80, 0x10, 0);
	EXPECT_BYTES(&set, -EBADMSG, 1, 3, 0, 0, 0, 2, 1, 3);	 /* grown by 4, folded: 2 */
	EXPECT_BYTES(&set, -EBADMSG, 1, 3, 0, 0, 0, 2, 1, 0x80); /* behind the array */
	EXPECT_BYTES(&set, -EBADMSG, 1, 3, 0, 0, 0, 2, 2, 1);	 /* longer than its bytes */
}

static void test_heads(void **state)
{
	static const unsigned char good[] = { 1, 0, 0, 0, 1, 0x6d, 0x76, 0x6b };
	unsigned char head[WIRE_HEAD];
	enum wire_kind kind;
	size_t size;

	(void)state;
	assert_int_equal(wire__read_head(good, &kind, &size), 0);
	assert_int_equal(kind, WIRE_TABLES);
	memcpy(head, good, sizeof(head));
	wire__put_word(head, WIRE_TABLES_MAX + 1);
	assert_int_equal(wire__read_head(head, &kind, &size), -EBADMSG);
	wire__put_word(head + 4, WIRE_MOMENT);
	assert_int_equal(wire__read_head(head, &kind, &size), 0);
	wire__put_word(head, WIRE_MOMENT_MAX + 1);
	assert_int_equal(wire__read_head(head, &kind, &size), -EBADMSG);
	wire__put_word(head, 0);
	assert_int_equal(wire__read_head(head, &kind, &size), -EBADMSG);
	wire__put_word(head, 1);
	wire__put_word(head + 4, WIRE_MOMENT + 1);
	assert_int_equal(wire__read_head(head, &kind, &size), -EBADMSG);
}

/* Each beginning of the tables is refused, one byte more as well, and so are tables that come
 * twice. */
static void test_cut_tables(void **state)
{
	struct wire_frame *frame;
	struct pipe pipe;
	size_t size;

	(void)state;
	open_all(&pipe);
	assert_int_equal(wire_writer__tables(pipe.writer, &about, &frame), 0);
	size = frame->size - WIRE_HEAD;
	assert_int_equal(wire_reader__tables(pipe.reader, frame->bytes + WIRE_HEAD, size),
			 -EBADMSG);
	for (size_t cut = 0; cut <= size + 1; cut++) {
		unsigned char *bytes = calloc(1, cut ? cut : 1); /* what is behind is nobody's */

		assert_non_null(bytes);
		memcpy(bytes, frame->bytes + WIRE_HEAD, cut < size ? cut : size);
		wire_reader__close(pipe.reader);
		assert_int_equal(wire_reader__open(&pipe.reader, all_sets, ARRAY_SIZE(all_sets)),
				 0);
		assert_int_equal(wire_reader__tables(pipe.reader, bytes, cut),
				 cut == size ? 0 : -EBADMSG);
		free(bytes);
	}
	wire_frame__release(frame);
	close_pipe(&pipe);
}

/* Changed anywhere: refused or another view, and never more than its bytes. */
static void test_changed(void **state)
{
	struct moment moment = { 0 }, got = { 0 };
	struct wire_frame *frame;
	uint64_t seed = 3;
	size_t refused = 0;
	struct pipe pipe;

	(void)state;
	open_all(&pipe);
	for (int i = 0; i < 30; i++)
		moment_change(&moment, &seed);
	frame = write_moment(&pipe, &moment);
	for (int i = 0; i < 5000; i++) {
		size_t size = frame->size - WIRE_HEAD;
		unsigned char *bytes = malloc(size);

		assert_non_null(bytes);
		memcpy(bytes, frame->bytes + WIRE_HEAD, size);
		for (uint64_t changes = 1 + chance(&seed) % 3; changes--;)
			bytes[chance(&seed) % size] = (unsigned char)chance(&seed);
		refused += wire_reader__moment(pipe.reader, bytes,
					       chance(&seed) % 4 ? size : size - 1, &got) != 0;
		free(bytes);
	}
	assert_in_range(refused, 1, 4999);
	assert_int_equal(read_frame(&pipe, frame, &got), 0);
	expect_moment(&got, &moment);
	wire_frame__release(frame);
	moment_free(&moment);
	moment_free(&got);
	close_pipe(&pipe);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_size),	       cmocka_unit_test(test_older),
		cmocka_unit_test(test_newer),	       cmocka_unit_test(test_other_figures),
		cmocka_unit_test(test_hostile_rows),   cmocka_unit_test(test_codes),
		cmocka_unit_test(test_heads),	       cmocka_unit_test(test_cut_tables),
		cmocka_unit_test(test_changed),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
