// SPDX-License-Identifier: GPL-2.0-only
/* Lines that are typed at the bottom of the page, and what they do. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "base/time_text.h"
#include "base/units.h"
#include "top/keys.h"

#define INTERVAL_MIN_NS (100 * NSEC_PER_MSEC)
#define INTERVAL_MAX_NS (3600 * NSEC_PER_SEC)

void top__say(struct top *top, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(top->message, sizeof(top->message), format, args);
	va_end(args);
}

static void begin_with(struct top *top, const char *title, const char *text,
		       void (*done)(struct top *top, const char *text))
{
	top->prompt = (struct prompt){ .title = title, .done = done };
	snprintf(top->prompt.text, sizeof(top->prompt.text), "%s", text);
	top->prompt.length = strlen(top->prompt.text);
}

void prompt__begin(struct top *top, const char *title,
		   void (*done)(struct top *top, const char *text))
{
	begin_with(top, title, "", done);
}

/* The last character, of all its bytes. */
static void erase(struct prompt *prompt)
{
	if (!prompt->length)
		return;
	do
		prompt->length--;
	while (prompt->length && (prompt->text[prompt->length] & 0xc0) == 0x80);
	prompt->text[prompt->length] = '\0';
}

static void end(struct top *top)
{
	struct prompt prompt = top->prompt;

	top->prompt = (struct prompt){ .title = NULL };
	prompt.done(top, prompt.text);
}

void prompt__press(struct top *top, int key)
{
	struct prompt *prompt = &top->prompt;

	if (key == TOP_KEY_ESCAPE)
		*prompt = (struct prompt){ .title = NULL };
	else if (key == TOP_KEY_ENTER)
		end(top);
	else if (key == TOP_KEY_BACKSPACE)
		erase(prompt);
	else if (key == 'U' - '@')
		prompt->text[prompt->length = 0] = '\0';
	else if (key >= ' ' && key < 0x100 && key != 0x7f && prompt->length + 1 < PROMPT_SIZE) {
		prompt->text[prompt->length++] = (char)key;
		prompt->text[prompt->length] = '\0';
	}
}

static void set_filter(struct top *top, const char *text)
{
	text_copy(top->filter, sizeof(top->filter), text, strlen(text));
	top->error = top__rearrange(top);
}

void prompt__filter(struct top *top)
{
	begin_with(top, "part of the VM's name (empty: all): ", top->filter, set_filter);
}

static void set_columns(struct top *top, const char *text)
{
	if (top__set_columns(top, top->screen, text))
		top__say(top, "%s", log_kept());
	else
		top->changed = true;
}

void prompt__columns(struct top *top)
{
	begin_with(top, "columns (A,B; +A,B: these, too; empty: the usual): ",
		   top__state(top)->columns_text, set_columns);
}

static void set_sort(struct top *top, const char *text)
{
	if (!*text)
		return;
	if (top__set_sort(top, top->screen, text, top__state(top)->reverse)) {
		top__say(top, "%s", log_kept());
		return;
	}
	top->changed = true;
	top->error = top__rearrange(top);
}

void prompt__sort(struct top *top)
{
	prompt__begin(top, "sort by column: ", set_sort);
}

static void set_interval(struct top *top, const char *text)
{
	uint64_t interval_ns;

	if (!*text)
		return;
	if (parse_fixed(text, NSEC_PER_SEC, INTERVAL_MIN_NS, INTERVAL_MAX_NS, &interval_ns)) {
		top__say(top, "'%s' is no interval: give seconds from 0.1 to 3600", text);
		return;
	}
	top->wishes.interval_ns = interval_ns;
	top->time.interval_ns = interval_ns;
	top->changed = true;
}

void prompt__interval(struct top *top)
{
	prompt__begin(top, "seconds between two looks: ", set_interval);
}

static void go(struct top *top, const char *text)
{
	/* In a recording, "-10min" is before its end. */
	uint64_t now_ns = top->after ? top->after->sched.realtime_ns + top->time.behind_ns : 0;

	if (!*text)
		return;
	if (parse_time(text, now_ns, top->utc, &top->wishes.go_ns)) {
		top__say(top, "'%s' is no time: give " TIME_FORMS, text);
		return;
	}
	top->wishes.go = true;
	top->time.follow = false;
	top->wishes.follow_changed = true;
}

void prompt__go(struct top *top)
{
	prompt__begin(top, "time (21:00:05, -5min): ", go);
}

static void write_kept(struct top *top, const char *text)
{
	if (!*text)
		return;
	snprintf(top->wishes.path, sizeof(top->wishes.path), "%s", text);
	top->wishes.write = true;
}

void prompt__write(struct top *top)
{
	if (top->time.is_recording)
		top__say(top, "this is a recording already");
	else
		prompt__begin(top, "write a recording to: ", write_kept);
}
