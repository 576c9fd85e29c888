// SPDX-License-Identifier: GPL-2.0-only
/* Rows as text: user/render/table.c, on a table of metrics of its own. */
#include "unit.h"

#include <sys/ioctl.h>

#include "render/table.h"
#include "render/terminal.h"

struct line {
	const char *name;
	uint64_t number;
	bool known;
};

static struct value get_name(const void *row)
{
	return (struct value){ .known = true, .text = ((const struct line *)row)->name };
}

static struct value get_number(const void *row)
{
	const struct line *line = row;

	return (struct value){ .known = line->known, .number = line->number };
}

static const struct metric metrics[] = {
	{ .key = "name", .header = "NAME", .unit = UNIT_TEXT, .usual = 1, .get = get_name },
	{ .key = "n", .header = "N", .unit = UNIT_NUMBER, .usual = 1, .get = get_number },
	{ .key = "n_pct", .header = "%N", .unit = UNIT_MPCT, .usual = 1, .get = get_number },
	{ .key = "n_per_s",
	  .header = "N/s",
	  .unit = UNIT_PER_SEC_M,
	  .usual = 1,
	  .get = get_number },
	{ .key = "us_ns", .header = "US", .unit = UNIT_NS_AS_US, .usual = 1, .get = get_number },
	{ .key = "ms_ns", .header = "MS", .unit = UNIT_NS_AS_MS, .usual = 1, .get = get_number },
};

static char *print(size_t column_count, const struct line *lines, size_t count, unsigned int width)
{
	struct columns columns = { .count = column_count };
	struct memory memory;

	for (size_t i = 0; i < column_count; i++)
		columns.list[i] = &metrics[i];
	assert_int_equal(
		table__print(memory_open(&memory), &columns, lines, sizeof(*lines), count, width),
		0);
	return memory_close(&memory);
}

static void expect(size_t columns, const struct line *lines, size_t count, unsigned int width,
		   const char *text)
{
	char *got = print(columns, lines, count, width);

	assert_string_equal(got, text);
	free(got);
}

/* Columns as wide as their contents, text to the left and numbers to the right. */
static void test_widths(void **state)
{
	static const struct line lines[] = { { "a", 5, true }, { "longer name", 123456, true } };

	(void)state;
	expect(2, lines, 2, 0,
	       "NAME             N\n"
	       "a                5\n"
	       "longer name 123456\n");
	expect(2, lines, 1, 0,
	       "NAME N\n"
	       "a    5\n");
	expect(2, lines, 0, 0, "NAME N\n");
}

static void test_units(void **state)
{
	static const struct line lines[] = {
		{ "zero", 0, true },	     { "round down", 1449, true },
		{ "round up", 1450, true },  { "round up", 99995, true },
		{ "big", 1234567890, true }, { "n/a", 7, false },
	};

	(void)state;
	expect(6, lines, 6, 0,
	       "NAME                N         %N     N/s        US       MS\n"
	       "zero                0       0.00       0       0.0    0.000\n"
	       "round down       1449       1.45       1       1.4    0.001\n"
	       "round up         1450       1.45       1       1.5    0.001\n"
	       "round up        99995     100.00     100     100.0    0.100\n"
	       "big        1234567890 1234567.89 1234568 1234567.9 1234.568\n"
	       "n/a               n/a        n/a     n/a       n/a      n/a\n");
}

static size_t longest_line(const char *text)
{
	size_t longest = 0;

	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length > longest)
			longest = length;
		text += length + (text[length] == '\n');
	}
	return longest;
}

/* Text gives way in its middle, down to 8 characters, then the last ones go. */
static void test_narrow(void **state)
{
	static const struct line lines[] = { { "a-very-long-name", 12, true } };

	(void)state;
	expect(3, lines, 1, 24,
	       "NAME              N   %N\n"
	       "a-very-long-name 12 0.01\n");
	expect(3, lines, 1, 23,
	       "NAME             N   %N\n"
	       "a-very...g-name 12 0.01\n");
	expect(3, lines, 1, 16,
	       "NAME      N   %N\n"
	       "a-v...me 12 0.01\n");
	expect(3, lines, 1, 15,
	       "NAME      N\n"
	       "a-v...me 12\n"
	       "no room for %N\n");
	expect(3, lines, 1, 10,
	       "NAME\n"
	       "a-v...me\n"
	       "no room\n"
	       "for N %N\n");
}

/* What a terminal gets for a row with a mark; NULL: unset. */
static const char *colored(const char *term, const char *no_color)
{
	static const struct metric ready = { .key = "ready_pct",
					     .header = "%RDY",
					     .unit = UNIT_MPCT,
					     .usual = 1,
					     .get = get_number };
	static const struct line line = { "act", 10000, true };
	struct columns columns = { .list = { &ready }, .count = 1 };
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	static char text[256];
	size_t length = 0;
	FILE *file;

	term ? setenv("TERM", term, 1) : unsetenv("TERM");
	no_color ? setenv("NO_COLOR", no_color, 1) : unsetenv("NO_COLOR");
	assert_int_equal(grantpt(master) || unlockpt(master), 0);
	file = fopen(ptsname(master), "w");
	assert_non_null(file);
	table__print(file, &columns, &line, sizeof(line), 1, 80);
	fflush(file);
	text[0] = '\0';
	while (count_lines(text) < 2) { /* they may come one by one */
		ssize_t more = read(master, text + length, sizeof(text) - 1 - length);

		assert_true(more > 0);
		length += (size_t)more;
		text[length] = '\0';
	}
	fclose(file);
	close(master);
	return strstr(text, "\r\n") + 2;
}

static void test_colors(void **state)
{
	(void)state;
	assert_string_equal(colored("xterm", NULL), "\033[31m10.00!\033[0m\r\n");
	assert_string_equal(colored("xterm", ""), "\033[31m10.00!\033[0m\r\n");
	assert_string_equal(colored("xterm", "1"), "10.00!\r\n");
	assert_string_equal(colored("dumb", NULL), "10.00!\r\n");
	assert_string_equal(colored(NULL, NULL), "10.00!\r\n");
}

/* Figures keep their column, marked or not; n/a has no mark, and no line ends with a blank. */
static void test_marks(void **state)
{
	static const struct metric ready = { .key = "ready_pct",
					     .header = "%RDY",
					     .unit = UNIT_MPCT,
					     .usual = 1,
					     .get = get_number };
	static const struct metric local = { .key = "memory_local_pct",
					     .header = "N%L",
					     .unit = UNIT_MPCT,
					     .usual = 1,
					     .get = get_number };
	static const struct line lines[] = { { "none", 4999, true },   { "look", 5000, true },
					     { "look", 9999, true },   { "act", 10000, true },
					     { "n/a", 100000, false }, { "local", 80000, true } };
	struct columns columns = { .list = { &ready, &metrics[0], &local }, .count = 3 };
	struct memory memory;
	char *text;

	(void)state;
	table__print(memory_open(&memory), &columns, lines, sizeof(*lines), ARRAY_SIZE(lines), 0);
	text = memory_close(&memory);
	assert_string_equal(text, " %RDY  NAME    N%L\n"
				  " 5.00  none   5.00?\n"
				  " 5.00? look   5.00?\n"
				  "10.00? look  10.00?\n"
				  "10.00! act   10.00?\n"
				  "  n/a  n/a     n/a\n"
				  "80.00! local 80.00\n");
	free(text);
}

/* Spare columns take the room that is left, and none without a terminal. */
static void test_spare(void **state)
{
	static const struct line line = { "name", 12, true };
	static const struct {
		unsigned int width;
		const char *text;
	} list[] = {
		{ 0, "NAME   %N\nname 0.01\n" },
		{ 11, "NAME   %N\nname 0.01\n" },
		{ 12, "NAME  N   %N\nname 12 0.01\n" },
		{ 5, "NAME\nname\nno room\nfor %N\n" },
		{ 15, "NAME  N   %N\nname 12 0.01\n" },
		{ 16, "NAME  N   %N N/s\nname 12 0.01   0\n" },
	};
	struct columns columns = { .list = { &metrics[0], &metrics[1], &metrics[2], &metrics[3] },
				   .spare = { false, true, false, true },
				   .count = 4 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		struct memory memory;
		char *text;

		table__print(memory_open(&memory), &columns, &line, sizeof(line), 1, list[i].width);
		text = memory_close(&memory);
		assert_string_equal(text, list[i].text);
		free(text);
	}
}

/* Whatever the width, no line is wider, down to a column and a word. */
static void test_never_wider(void **state)
{
	static const struct line lines[] = { { "some-name-of-a-vm", 123456789, true },
					     { "x", 0, false } };

	(void)state;
	for (unsigned int width = 8; width < 90; width++) {
		char *text = print(6, lines, 2, width);

		if (longest_line(text) > width)
			fail_msg("%u columns:\n%s", width, text);
		free(text);
	}
}

/* Columns of the terminal, not bytes; and no character in two, nor blanks at the end. */
static void test_wide_text(void **state)
{
	static const struct line lines[] = {
		{ "\xe6\xb5\x8b\xe8\xaf\x95\xe8\x99\x9a\xe6\x8b\x9f\xe6\x9c\xba", 5, true },
		{ "mu\xcc\x88ller", 6, true },
		{ "\xc2\x9b\xff 2J", 7, true },
	};
	struct line last = { "blanks  ", 0, true };
	struct columns columns = { .list = { &metrics[1], &metrics[0] }, .count = 2 };
	struct memory memory;
	char *text;

	(void)state;
	expect(2, lines, 3, 0,
	       "NAME       N\n"
	       "\xe6\xb5\x8b\xe8\xaf\x95\xe8\x99\x9a\xe6\x8b\x9f\xe6\x9c\xba 5\n"
	       "mu\xcc\x88ller     6\n"
	       "?? 2J      7\n");
	expect(2, lines, 1, 11,
	       "NAME      N\n"
	       "\xe6\xb5\x8b...\xe6\x8b\x9f\xe6\x9c\xba 5\n");
	table__print(memory_open(&memory), &columns, &last, sizeof(last), 1, 0);
	text = memory_close(&memory);
	assert_string_equal(text, "N NAME\n0 blanks\n");
	free(text);
}

/* Longer than any cell: cut, and what is beside it stays in its place. */
static void test_long_text(void **state)
{
	char name[1000];
	struct line line = { name, 7, true };
	char *text;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	text = print(2, &line, 1, 0);
	assert_int_equal(longest_line(text), 511 + 2);
	assert_string_equal(text + strlen(text) - 4, "x 7\n");
	free(text);
}

static void test_many_rows(void **state)
{
	static struct line lines[3000];
	char *text;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		lines[i] = (struct line){ "vm", i, i % 2 };
	text = print(6, lines, ARRAY_SIZE(lines), 0);
	assert_int_equal(count_lines(text), 3001);
	assert_non_null(strstr(text, "\nvm   2999 "));
	free(text);
}

/* A pipe has no width; a terminal has its own. */
static void test_terminal_width(void **state)
{
	struct winsize size = { .ws_col = 40, .ws_row = 25 };
	int master = posix_openpt(O_RDWR | O_NOCTTY), fds[2], slave;
	FILE *file;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	file = fdopen(fds[1], "w");
	assert_int_equal(terminal_width(file), 0);
	fclose(file);
	close(fds[0]);
	assert_true(master >= 0);
	assert_int_equal(grantpt(master) || unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	file = fdopen(slave, "w");
	assert_non_null(file);
	assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
	assert_int_equal(terminal_width(file), 40);
	size.ws_col = 0; /* not told, as over a serial line */
	assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
	assert_int_equal(terminal_width(file), 80);
	fclose(file);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_widths),	       cmocka_unit_test(test_units),
		cmocka_unit_test(test_narrow),	       cmocka_unit_test(test_never_wider),
		cmocka_unit_test(test_wide_text),      cmocka_unit_test(test_long_text),
		cmocka_unit_test(test_marks),	       cmocka_unit_test(test_colors),
		cmocka_unit_test(test_spare),	       cmocka_unit_test(test_many_rows),
		cmocka_unit_test(test_terminal_width),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
