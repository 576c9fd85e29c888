// SPDX-License-Identifier: GPL-2.0-only
/* Pages for a browser: text by strangers stays text, and pictures hold what they are given. */
#include "unit.h"

#include <math.h>

#include "bpf/hist.h"
#include "render/html.h"
#include "render/svg_heat.h"
#include "render/svg_runs.h"
#include "render/svg_waits.h"

static char *text;
static size_t size;
static FILE *file;

static int set_up(void **state)
{
	(void)state;
	file = open_memstream(&text, &size);
	return file ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	if (file)
		fclose(file);
	free(text);
	return 0;
}

/* What was written. */
static const char *written(void)
{
	assert_int_equal(fclose(file), 0);
	file = NULL;
	return text;
}

static size_t count_of(const char *what)
{
	size_t count = 0;

	for (const char *at = text; (at = strstr(at, what)); at++)
		count++;
	return count;
}

static void test_text(void **state)
{
	(void)state;
	html__text(file, "<script>a&b</script> \"it's\" m\xc3\xa4il \xf0\x9f\x90\x88");
	assert_string_equal(written(), "&lt;script&gt;a&amp;b&lt;/script&gt; &quot;it&#39;s&quot; "
				       "m\xc3\xa4il \xf0\x9f\x90\x88");
}

/* A line's end, half a character, a direction, and an escape do nothing. */
static void test_harmless(void **state)
{
	(void)state;
	/* NOLINTNEXTLINE(misc-misleading-bidirectional): that is what it is given */
	html__text(file, "a\nb\xff\xe2\x80\xae\x1b[2J\xc3");
	assert_string_equal(written(), "a?b???[2J?");
}

static void test_page(void **state)
{
	(void)state;
	html__begin(file, "</title><script>");
	html__end(file);
	written();
	assert_non_null(strstr(text, "default-src 'none'"));
	assert_non_null(strstr(text, "<title>&lt;/title&gt;&lt;script&gt;</title>"));
	assert_int_equal(count_of("<script"), 0);
}

static void test_shades(void **state)
{
	(void)state;
	assert_int_equal(html__shade(0), 0);
	assert_int_equal(html__shade(0.0999), 0);
	assert_int_equal(html__shade(0.1), 1);
	assert_int_equal(html__shade(19.9), 5);
	assert_int_equal(html__shade(20), 6);
	assert_int_equal(html__shade(1e9), 6);
}

/* A run that does not know the figure has no dot. */
static void test_runs(void **state)
{
	const double a[] = { 1, NAN, 2 }, b[] = { 3 };

	(void)state;
	svg_runs__print(file, &(struct svg_runs){ "\"x\"", a, b, 3, 1, 1.5, 3 });
	written();
	assert_int_equal(count_of("<circle"), 3);
	assert_non_null(strstr(text, "aria-label=\"&quot;x&quot;\""));
	assert_non_null(strstr(text, "cx=\"3.00%\""));
	assert_non_null(strstr(text, "cx=\"97.00%\""));
	assert_null(strstr(text, "nan"));
}

static void test_equal_runs(void **state)
{
	const double a[] = { 7, 7 }, none[] = { NAN };

	(void)state;
	svg_runs__print(file, &(struct svg_runs){ "", a, a, 2, 2, 7, 7 });
	fflush(file);
	assert_int_equal(count_of("cx=\"50.00%\""), 4);
	fseek(file, 0, SEEK_SET);
	svg_runs__print(file, &(struct svg_runs){ "", none, none, 1, 1, 0, 0 });
	assert_int_equal(ftell(file), 0);
	written();
}

static void test_waits(void **state)
{
	static uint64_t a[HIST_BUCKETS], b[HIST_BUCKETS];

	(void)state;
	svg_waits__print(file, &(struct svg_waits){ "", a, b });
	assert_int_equal(ftell(file), 0);
	a[hist_bucket(1000000)] = 10; /* all of A are as long as this, and half of B */
	b[hist_bucket(1000000)] = b[hist_bucket(4000000)] = 1;
	svg_waits__print(file, &(struct svg_waits){ "", a, b });
	written();
	assert_int_equal(count_of("class=\"fa soft\""), 1);
	assert_int_equal(count_of("class=\"fb soft\""), 2);
	assert_int_equal(count_of("height=\"128.0\""), 1);
	assert_int_equal(count_of("height=\"64.0\""), 2);
	assert_non_null(strstr(text, ">1 ms<"));
}

/* Both ends of all buckets. */
static void test_all_waits(void **state)
{
	static uint64_t a[HIST_BUCKETS], b[HIST_BUCKETS];

	(void)state;
	a[0] = b[HIST_BUCKETS - 1] = UINT64_MAX / 2;
	svg_waits__print(file, &(struct svg_waits){ "", a, b });
	written();
	assert_int_equal(count_of("<rect"), 2);
	assert_non_null(strstr(text, "x=\"0.00%\""));
}

static void test_heat(void **state)
{
	const struct svg_heat_cell cells[] = {
		{ true, 0 }, { true, 0.01 }, { false, 0.02 }, { true, 30 }, { true, 40 },
	};

	(void)state;
	svg_heat__print(file, &(struct svg_heat){ "<x>", cells, 5, 0, 5000000000, true });
	written();
	assert_int_equal(count_of("<rect"), 2);
	assert_non_null(strstr(text, "class=\"h0\" x=\"0.00%\" y=\"0\" width=\"40.00%\""));
	assert_non_null(strstr(text, "class=\"h6\" x=\"60.00%\" y=\"0\" width=\"40.00%\""));
	assert_non_null(strstr(text, "00:00:03 to 00:00:05: up to 40.0 %"));
	assert_null(strstr(text, "<x>"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_harmless, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_page, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_shades, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_runs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_equal_runs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_waits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_all_waits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_heat, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
