// SPDX-License-Identifier: GPL-2.0-only
/* Distributions of layers, one above the other: user/render/layers.c. */
#include "unit.h"

#include "cmd/io_metrics.h"
#include "render/bars.h"
#include "render/layers.h"

#define LAST (HIST_BUCKETS - 1)

static const struct io_vm web = { .name = "web" };
static const struct io_disk root = { .name = "root" };
static struct latency layers[IO_LAYERS]; /* of the one row that there is */

static struct io_row new_row(void)
{
	struct io_row row = { .kind = IO_ROW_DISK, .vm = &web, .disk = &root, .op = IO_READ };

	memset(layers, 0, sizeof(layers));
	for (int layer = 0; layer < IO_LAYERS; layer++)
		row.layers[layer] = &layers[layer];
	return row;
}

static void add(struct io_row *row, enum io_layer layer, uint64_t ns, uint32_t count)
{
	row->known[layer] = row->spread_known[layer] = true;
	row->layers[layer]->count += count;
	row->layers[layer]->sum_ns += ns * count;
	row->layers[layer]->hist[hist_bucket(ns)] += count;
}

/* "": nothing was printed, and that was said. */
static void check(const struct io_row *row, unsigned int width, const char *wanted)
{
	struct memory memory;
	bool any = layers__print(memory_open(&memory), row, width);
	char *text = memory_close(&memory);

	assert_string_equal(text, wanted);
	assert_int_equal(any, *wanted != '\0');
	free(text);
}

static void test_nothing(void **state)
{
	struct io_row row = new_row();

	(void)state;
	check(&row, 0, "");
	/* Known, but without a request; a mean without a distribution; not known. */
	row.known[IO_QUEUE] = row.spread_known[IO_QUEUE] = true;
	add(&row, IO_RING, 1000, 5);
	row.spread_known[IO_RING] = false;
	add(&row, IO_DEVICE, 1000, 5);
	row.known[IO_DEVICE] = row.spread_known[IO_DEVICE] = false;
	check(&row, 0, "");
	/* What was not throttled at all is nothing to see; a nanosecond is. */
	add(&row, IO_THROTTLED, 0, 5);
	check(&row, 0, "");
	add(&row, IO_THROTTLED, 1, 1);
	check(&row, 0,
	      "\n"
	      "web root read\n"
	      "      |0ns      REQUESTS\n"
	      "THR   :                6\n");
}

static void test_one_bucket(void **state)
{
	struct io_row row = new_row();

	(void)state;
	add(&row, IO_DEVICE, 2048, 1);
	check(&row, 0,
	      "\n"
	      "web root read\n"
	      "      |2.05us   REQUESTS\n"
	      "D     .                1\n");
	/* The other half of that power of two. */
	memset(row.layers[IO_DEVICE], 0, sizeof(*row.layers[IO_DEVICE]));
	add(&row, IO_DEVICE, 3072, 1);
	check(&row, 0,
	      "\n"
	      "web root read\n"
	      "      |2.05us   REQUESTS\n"
	      "D      .               1\n");
}

/* The last bucket has no end; the axis goes on to it. */
static void test_last_bucket(void **state)
{
	struct io_row row = new_row();

	(void)state;
	add(&row, IO_QUEUE, UINT64_MAX / 4, 3);
	assert_int_equal(row.layers[IO_QUEUE]->hist[LAST], 3);
	check(&row, 0,
	      "\n"
	      "web root read\n"
	      "      |68.7s    REQUESTS\n"
	      "Q      .               3\n");
}

/* All there is room for: 80 columns hold each bucket, two characters a power of two. */
static void test_all_buckets(void **state)
{
	struct io_row row = new_row();

	(void)state;
	for (uint32_t bucket = 0; bucket < HIST_BUCKETS; bucket++)
		add(&row, IO_QUEUE, hist_lower(bucket), 1);
	check(&row, 80,
	      "\n"
	      "web root read\n"
	      "      |0ns    |4.10us |65.5us |1.05ms |16.8ms |268ms  |4.29s  |68.7s    REQUESTS\n"
	      "Q     ::::::::::::::::::::::::::::::::::::::::::::::::::::::::::             232\n");
	/* One a power of two, and that is as narrow as it gets. */
	for (unsigned int width = 1; width < 80; width += 26)
		check(&row, width,
		      "\n"
		      "web root read\n"
		      "      |0ns    |65.5us |16.8ms |4.29s    REQUESTS\n"
		      "Q     :::::::::::::::::::::::::::::          232\n");
}

/* The width at which it fits as it is, and one less. */
static void test_width(void **state)
{
	struct io_row row = new_row();

	(void)state;
	add(&row, IO_QUEUE, 4096, 1);
	add(&row, IO_DEVICE, 1 << 20, 1);
	check(&row, 40,
	      "\n"
	      "web root read\n"
	      "      |4.10us |65.5us |1.05ms   REQUESTS\n"
	      "Q     .                                1\n"
	      "D                     .                1\n");
	check(&row, 39,
	      "\n"
	      "web root read\n"
	      "      |4.10us |1.05ms   REQUESTS\n"
	      "Q     .                        1\n"
	      "D             .                1\n");
}

static void test_shades(void **state)
{
	struct io_row row = new_row();
	uint64_t ns = 512;

	(void)state;
	for (uint32_t count = 1; count < 1U << 20; count *= 4, ns *= 2) {
		add(&row, IO_QUEUE, ns, count);		 /* a shade begins, */
		add(&row, IO_DEVICE, ns, count * 4 - 1); /* and ends */
	}
	check(&row, 0,
	      "\n"
	      "web root read\n"
	      "      |512ns  |8.19us |131us    REQUESTS\n"
	      "Q     . : - = + * % # @ @         349525\n"
	      "D     . : - = + * % # @ @        1398090\n");
}

static void test_legend(void **state)
{
	struct memory memory;
	char *text;

	(void)state;
	layers__print_shades(memory_open(&memory));
	text = memory_close(&memory);
	assert_string_equal(text, "shades: . 1 : 4 - 16 = 64 + 256 * 1024 % 4096 # 16384 @ 65536 "
				  "requests or more\n");
	free(text);
}

/* From the guest's queue down; and the names of rows that are no disk's. */
static void test_order(void **state)
{
	struct io_row row = new_row();

	(void)state;
	for (int layer = 0; layer < IO_LAYERS; layer++)
		add(&row, (enum io_layer)layer, 4096, 4);
	check(&row, 0,
	      "\n"
	      "web root read\n"
	      "      |4.10us   REQUESTS\n"
	      "gQ    :                4\n"
	      "gDEV  :                4\n"
	      "GAVG  :                4\n"
	      "VMM   :                4\n"
	      "THR   :                4\n"
	      "Q     :                4\n"
	      "D     :                4\n");
}

static void check_title(const struct io_row *row, const char *wanted)
{
	struct memory memory;
	char *text;

	assert_true(layers__print(memory_open(&memory), row, 0));
	text = memory_close(&memory);
	assert_memory_equal(text, wanted, strlen(wanted));
	free(text);
}

static void test_titles(void **state)
{
	static const struct io_guest_disk vdz = { .name = "vdz" };
	struct io_row row = new_row();

	(void)state;
	add(&row, IO_DEVICE, 4096, 1);
	row.device = "sda";
	row.op = IO_ALL;
	check_title(&row, "\nweb root all\n");
	row.kind = IO_ROW_VM; /* several disks on a device */
	row.disk = NULL;
	check_title(&row, "\nweb sda all\n");
	row.kind = IO_ROW_UNKNOWN;
	check_title(&row, "\nunknown sda all\n");
	row.kind = IO_ROW_DEVICE;
	row.vm = NULL;
	check_title(&row, "\nsda all\n");
	row.kind = IO_ROW_GUEST;
	row.vm = &web;
	row.guest = &vdz;
	check_title(&row, "\nweb vdz all\n");
}

/* A count goes on where 9 digits end. */
static void test_large(void **state)
{
	struct io_row row = new_row();

	(void)state;
	add(&row, IO_DEVICE, 4096, UINT32_MAX);
	row.layers[IO_DEVICE]->count = 123456789012;
	check(&row, 0,
	      "\n"
	      "web root read\n"
	      "      |4.10us   REQUESTS\n"
	      "D     @       123456789012\n");
}

static void test_json(void **state)
{
	struct io_row row = new_row();
	json_t *object;
	char *text;

	(void)state;
	add(&row, IO_QUEUE, 0, 2);
	add(&row, IO_QUEUE, UINT64_MAX / 4, 1);
	row.known[IO_DEVICE] = row.spread_known[IO_DEVICE] = true;
	row.known[IO_RING] = true;
	object = bars__json(&io_metrics, &row);
	text = json_dumps(object, JSON_COMPACT);
	assert_string_equal(text, "{\"gq\":null,\"gdev\":null,\"gavg\":null,\"vmm\":null,"
				  "\"thr\":null,\"q\":[{\"ge_ns\":0,\"lt_ns\":64,\"count\":2},"
				  "{\"ge_ns\":128849018880,\"lt_ns\":null,\"count\":1}],\"d\":[]}");
	free(text);
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),	    cmocka_unit_test(test_one_bucket),
		cmocka_unit_test(test_last_bucket), cmocka_unit_test(test_all_buckets),
		cmocka_unit_test(test_width),	    cmocka_unit_test(test_shades),
		cmocka_unit_test(test_legend),	    cmocka_unit_test(test_order),
		cmocka_unit_test(test_titles),	    cmocka_unit_test(test_large),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests_name("layers", tests, NULL, NULL);
}
