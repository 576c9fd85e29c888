// SPDX-License-Identifier: GPL-2.0-only
/* Strangers' text, made harmless where it is shown: user/base/text.c, and user/render/json.c. */
#include "unit.h"

#include "base/log.h"
#include "base/text.h"
#include "render/json.h"

/* What text is shown as, and in how many columns. */
static const struct {
	const char *text, *shown;
	size_t columns;
} cases[] = {
	{ "", "", 0 },
	{ "web-1 ~", "web-1 ~", 7 },
	{ "two  words  ", "two  words", 10 },
	/* C0 and DEL; a line that would end */
	{ "\033[2Ja\177\r\n\tb", "?[2Ja????b", 10 },
	/* C1: CSI, OSC, NEL, as characters; and as the bytes of an 8-bit terminal */
	{ "\xc2\x9b"
	  "2J\xc2\x9d\xc2\x85\xc2\x80\xc2\x9f",
	  "?2J????", 7 },
	{ "a\x9b"
	  "2Jb",
	  "a?2Jb", 5 },
	/* Direction: overrides, embeddings, isolates, marks */
	/* NOLINTNEXTLINE(misc-misleading-bidirectional) */
	{ "a\xe2\x80\xae\xe2\x80\xaa\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\x8f\xd8\x9cz", "a??????z", 8 },
	/* Not to be seen: zero-width, joiners, soft hyphen, BOM, fillers, selectors, tags */
	{ "a\xe2\x80\x8b\xe2\x80\x8d\xc2\xad\xef\xbb\xbf\xe3\x85\xa4\xef\xb8\x8f\xf3\xa0\x81\x81z",
	  "a???????z", 9 },
	/* Separators of lines and paragraphs */
	{ "a\xe2\x80\xa8\xe2\x80\xa9z", "a??z", 4 },
	/* Unassigned, no character for ever, private */
	{ "\xcd\xb8\xef\xbf\xbf\xf4\x8f\xbf\xbf\xee\x80\x80", "????", 4 },
	/* Surrogates, longer forms, beyond Unicode, cut off: no UTF-8 */
	{ "\xed\xa0\x80", "???", 3 },
	{ "\xc0\xaf\xe0\x80\xaf", "?????", 5 },
	{ "\xf4\x90\x80\x80", "????", 4 },
	{ "a\xe4\xbd", "a??", 3 },
	{ "\xe4z", "?z", 2 },
	/* Wide, combining, both beside what is narrow */
	{ "\xe4\xbd\xa0\xe5\xa5\xbd", "\xe4\xbd\xa0\xe5\xa5\xbd", 4 },
	{ "m\xc3\xbcller", "m\xc3\xbcller", 6 },
	{ "mu\xcc\x88ller", "mu\xcc\x88ller", 6 },
	{ "\xf0\x9f\x90\xa7!", "\xf0\x9f\x90\xa7!", 3 },
	/* A mark that has nothing to stand on would go to what is before the text. */
	{ "\xcc\x88u", "?u", 2 },
};

static void test_shown(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct memory memory;
		size_t columns = text_show(memory_open(&memory), cases[i].text, SIZE_MAX);
		char *text = memory_close(&memory), clean[64];

		assert_string_equal(text, cases[i].shown);
		assert_int_equal(columns, cases[i].columns);
		assert_int_equal(text_columns(cases[i].text), cases[i].columns);
		free(text);
		text_clean(clean, sizeof(clean), cases[i].text);
		assert_memory_equal(clean, cases[i].shown, strlen(cases[i].shown));
		assert_int_equal(strspn(clean + strlen(cases[i].shown), " "),
				 strlen(clean) - strlen(cases[i].shown)); /* it keeps the blanks */
	}
}

/* A limit never cuts a character in two, nor leaves one without its marks. */
static void test_limits(void **state)
{
	static const char *const wanted[] = { "", "a", "a", "a\xe4\xbd\xa0",
					      "a\xe4\xbd\xa0u\xcc\x88" };
	char copy[16];

	(void)state;
	for (size_t columns = 0; columns < ARRAY_SIZE(wanted); columns++) {
		struct memory memory;
		char *text;

		text_show(memory_open(&memory), "a\xe4\xbd\xa0u\xcc\x88", columns);
		text = memory_close(&memory);
		assert_string_equal(text, wanted[columns]);
		free(text);
	}
	for (size_t size = 1; size < sizeof(copy); size++) {
		text_copy(copy, size, "\xe4\xbd\xa0\xe5\xa5\xbd", 6);
		assert_int_equal(strlen(copy), (size - 1) / 3 * 3 < 6 ? (size - 1) / 3 * 3 : 6);
		text_clean(copy, size, "\xe4\xbd\xa0\xe5\xa5\xbd");
		assert_int_equal(strlen(copy), (size - 1) / 3 * 3 < 6 ? (size - 1) / 3 * 3 : 6);
	}
	text_copy(copy, sizeof(copy), "\xe4\xbd\xa0", 2); /* what is no character is kept, too */
	assert_string_equal(copy, "\xe4\xbd");
}

static void test_columns(void **state)
{
	struct memory memory;
	FILE *file = memory_open(&memory);
	char *text;

	(void)state;
	text_put(file, "\xe4\xbd\xa0", 4);
	text_put(file, "longer", 4);
	text_line(file, "|%s\n%s  ", "a\n", "\xc2\x9b");
	text_line(file, "%s", "");
	text = memory_close(&memory);
	assert_string_equal(text, "\xe4\xbd\xa0  longer|a???\n\n");
	free(text);
}

/* The bytes that \xHH stands for, and what stands for itself. free() the result. */
static char *unescape(const char *text)
{
	char *plain = strdup(text), *to = plain;
	unsigned int code;

	for (; *text; text++, to++) {
		*to = *text;
		if (sscanf(text, "\\x%2x", &code) == 1 && (code >= 0x80 || code == 0x5c)) {
			*to = (char)code;
			text += 3;
		}
	}
	*to = '\0';
	return plain;
}

/* Every text has a form in valid UTF-8, no two have the same, and most are as they were. */
static void test_escape(void **state)
{
	static const struct {
		const char *text, *escaped;
	} texts[] = {
		{ "bad\xff", "bad\\xff" },
		{ "bad\\xff", "bad\\x5cxff" },
		{ "bad\\x5cxff", "bad\\x5cx5cxff" },
		{ "a\\xe4\xe4\\", "a\\x5cxe4\\xe4\\" },
		{ "\\\xff", "\\\\xff" },
		{ "\xe4\xbd", "\\xe4\\xbd" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		/* systemd's, of blanks and dashes, and other backslashes */
		{ "/machine-qemu\\x2d1\\x2dweb.scope", "/machine-qemu\\x2d1\\x2dweb.scope" },
		{ "C:\\xy\\x\\", "C:\\xy\\x\\" },
		{ "m\xc3\xbcller\xc2\x9b\n", "m\xc3\xbcller\xc2\x9b\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char *escaped = text_escape(texts[i].text), *plain = unescape(escaped);

		assert_string_equal(escaped, texts[i].escaped);
		assert_string_equal(plain, texts[i].text);
		free(escaped);
		free(plain);
	}
}

/* JSON is read on terminals, too: what does something is escaped, and is the same for a reader. */
static void test_json(void **state)
{
	static const char name[] = /* NOLINTNEXTLINE(misc-misleading-bidirectional) */
		"a\033\177\xc2\x9b\xe2\x80\xae\xf3\xa0\x81\x81\xe4\xbd\xa0\xff\\\"";
	struct memory memory;
	char *text;
	json_t *back;

	(void)state;
	assert_int_equal(
		json__print(memory_open(&memory), json_pack("{s:o}", "vm", json__text(name))), 0);
	text = memory_close(&memory);
	assert_string_equal(text, "{\"vm\":\"a\\u001B\\u007F\\u009B\\u202E\\uDB40\\uDC41"
				  "\xe4\xbd\xa0\\\\xff\\\\\\\"\"}\n");
	back = json_loads(text, 0, NULL);
	free(text);
	text = text_escape(name);
	assert_string_equal(json_string_value(json_object_get(back, "vm")), text);
	free(text);
	json_decref(back);
	back = json__text(NULL);
	assert_true(json_is_null(back));
	json_decref(back);
}

/* A line goes on below, at words as far as there are any. */
static void test_wrap(void **state)
{
	static const struct {
		const char *text, *shown;
		size_t columns;
	} lines[] = {
		{ "", "\n", 20 },
		{ "a line that is longer than that", "a line that is\n  longer than that\n", 20 },
		{ "a line of 20 columns", "a line of 20 columns\n", 20 },
		{ "a line that is longer than that", "a line that is longer than that\n", 0 },
		{ "a line that is longer than that", "a line that is longer than that\n", 19 },
		{ "two  words,   and no more ", "two  words,   and no\n  more\n", 20 },
		{ "a /path/without/a/blank/in/it", "a\n  /path/without/a/bl\n  ank/in/it\n", 20 },
		{ "\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd"
		  "\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0",
		  "\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd"
		  "\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xbd\xa0\xe5\xa5\xbd\n  \xe4\xbd\xa0\n",
		  21 },
		{ "no\nnew line, \033[2J, no harm", "no?new line, ?[2J,\n  no harm\n", 20 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct memory memory;
		char *text;

		text_wrap(memory_open(&memory), lines[i].text, lines[i].columns);
		text = memory_close(&memory);
		assert_string_equal(text, lines[i].shown);
		free(text);
	}
}

/* A message is one line, whatever is in the name that it is about. */
static void test_messages(void **state)
{
	struct capture capture;

	(void)state;
	log_init("kvmq", false);
	capture_begin(&capture, STDERR_FILENO);
	log_error("'%s': no such VM", "a\n\xc2\x9b\x33\x31mb\xff");
	assert_string_equal(capture_end(&capture), "kvmq: 'a??31mb?': no such VM\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shown),	 cmocka_unit_test(test_limits),
		cmocka_unit_test(test_columns),	 cmocka_unit_test(test_escape),
		cmocka_unit_test(test_json),	 cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_messages),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
