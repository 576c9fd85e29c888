// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames as libFuzzer makes them of a server's: tables, and moments. What is taken can be written,
 * read again, and is the same.
 */
#include "fuzz.h"

#include "model/view_sets.h"
#include "wire/reader.h"
#include "wire/writer.h"

#define MOMENTS 8

static size_t count_sets(void)
{
	size_t count = 0;

	while (all_sets[count])
		count++;
	return count;
}

static void check_list(const struct set *set, const struct list *one, const struct list *other)
{
	if (one->count != other->count)
		abort();
	for (size_t i = 0; i < one->count; i++)
		if (!set__equal(set, (char *)one->items + i * set->size,
				(char *)other->items + i * set->size))
			abort();
}

static void check_same(const struct view *one, const struct view *other)
{
	for (const struct set *const *set = all_sets; *set; set++) {
		const char *here = (const char *)one + (*set)->list,
			   *there = (const char *)other + (*set)->list;

		if ((*set)->key_count || (*set)->events)
			check_list(*set, (const struct list *)here, (const struct list *)there);
		else if (!set__equal(*set, here, there))
			abort();
	}
}

/* By this version's tables, whoever has sent it. */
static void there_and_back(const struct view *view)
{
	static const struct wire_about about = { "1", "boot", "kvm1", 1 };
	struct wire_frame *tables = NULL, *moment = NULL;
	struct wire_reader *reader;
	struct wire_writer *writer;
	struct view again = { 0 };

	if (wire_reader__open(&reader, all_sets, count_sets()) ||
	    wire_writer__open(&writer, all_sets, count_sets()) ||
	    wire_writer__tables(writer, &about, &tables) ||
	    wire_writer__moment(writer, view, &moment) ||
	    wire_reader__tables(reader, tables->bytes + WIRE_HEAD, tables->size - WIRE_HEAD) ||
	    wire_reader__moment(reader, moment->bytes + WIRE_HEAD, moment->size - WIRE_HEAD,
				&again))
		abort();
	check_same(view, &again);
	view__free(&again);
	wire_frame__release(tables);
	wire_frame__release(moment);
	wire_writer__close(writer);
	wire_reader__close(reader);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct wire_reader *reader;
	struct view view = { 0 };
	enum wire_kind kind;
	size_t wanted;
	int error = 0;

	if (wire_reader__open(&reader, all_sets, count_sets()))
		return 0;
	for (int i = 0; i <= MOMENTS && !error && size > WIRE_HEAD; i++) {
		if (wire__read_head(data, &kind, &wanted))
			break;
		data += WIRE_HEAD;
		size -= WIRE_HEAD;
		wanted = wanted < size ? wanted : size;
		error = !i ? wire_reader__tables(reader, data, wanted)
			   : wire_reader__moment(reader, data, wanted, &view);
		if (i && !error)
			there_and_back(&view);
		data += wanted;
		size -= wanted;
	}
	view__free(&view);
	wire_reader__close(reader);
	return 0;
}
