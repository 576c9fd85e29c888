// SPDX-License-Identifier: GPL-2.0-only
#include "top/keys.h"

#include <errno.h>
#include <string.h>

#include "top/page.h"

#define PAGE_LINES_LEFT 6 /* of a terminal, that show no rows */
#define LEAP 10

static void quit(struct top *top)
{
	top->wishes.quit = true;
}

static void move(struct top *top, long lines)
{
	if (top->help)
		top->help_first += lines > 0 || top->help_first >= (size_t)-lines
					   ? (size_t)lines
					   : -top->help_first;
	else
		tree__move(&top__state(top)->tree, lines);
}

static long page_lines(const struct top *top)
{
	return top->rows > 2 * PAGE_LINES_LEFT ? (long)(top->rows - PAGE_LINES_LEFT) : 1;
}

static void move_up(struct top *top)
{
	move(top, -1);
}

static void move_down(struct top *top)
{
	move(top, 1);
}

static void page_up(struct top *top)
{
	move(top, -page_lines(top));
}

static void page_down(struct top *top)
{
	move(top, page_lines(top));
}

static void move_first(struct top *top)
{
	top->help_first = 0;
	tree__move(&top__state(top)->tree, -(long)top__state(top)->tree.shown.count);
}

static void open_line(struct top *top)
{
	top->error = tree__open(&top__state(top)->tree, top__screen(top)->levels);
	if (!top->error)
		top->error = top__remake(top);
}

static void step(struct top *top, long steps)
{
	if (top->time.follow) {
		top->time.follow = false;
		top->wishes.follow_changed = true;
	}
	top->wishes.steps += steps;
}

static void step_back(struct top *top)
{
	step(top, -1);
}

static void step_forth(struct top *top)
{
	step(top, 1);
}

static void leap_back(struct top *top)
{
	step(top, -LEAP);
}

static void leap_forth(struct top *top)
{
	step(top, LEAP);
}

static void go_to_end(struct top *top)
{
	top->wishes.go = true;
	top->wishes.go_ns = UINT64_MAX;
	top->time.follow = !top->time.is_recording;
	top->wishes.follow_changed = true;
}

static void freeze(struct top *top)
{
	top->time.follow = !top->time.follow;
	top->wishes.follow_changed = true;
}

static void toggle_busy(struct top *top)
{
	top->only_busy = !top->only_busy;
	top->changed = true;
	top->error = top__rearrange(top);
}

static void reverse(struct top *top)
{
	struct screen_state *state = top__state(top);

	state->reverse = !state->reverse;
	top->changed = true;
	top->error = top__rearrange(top);
}

/* The next column to the side of the one that lines are ordered by. */
static void move_sort(struct top *top, bool right)
{
	struct screen_state *state = top__state(top);
	size_t count = state->columns.count, place = 0;

	while (place < count && state->columns.list[place] != state->sort)
		place++;
	if (place == count)
		place = 0;
	else if (right ? place + 1 < count : place > 0)
		place = right ? place + 1 : place - 1;
	if (!count)
		return;
	state->sort = state->columns.list[place];
	top->changed = true;
	top->error = top__rearrange(top);
}

static void sort_left(struct top *top)
{
	move_sort(top, false);
}

static void sort_right(struct top *top)
{
	move_sort(top, true);
}

static void show_help(struct top *top)
{
	top->help = !top->help;
	top->help_first = 0;
}

/* Nobody follows changes here: that costs far more than counting. */
static void tell_timeline(struct top *top)
{
	top__say(top, "no changes are followed here: 'kvmq-cpu --timeline FILE' writes a timeline");
}

static void redraw(struct top *top)
{
	top->wishes.redraw = true;
}

const struct top_key top_keys[] = {
	{ { 'h', '?' }, "h ?", "this help, and back", show_help },
	{ { TOP_KEY_UP }, "Up", "the line above", move_up },
	{ { TOP_KEY_DOWN }, "Down", "the line below", move_down },
	{ { TOP_KEY_PAGE_UP }, "PgUp", "a page up", page_up },
	{ { TOP_KEY_PAGE_DOWN }, "PgDn", "a page down", page_down },
	{ { TOP_KEY_HOME }, "Home", "the first line", move_first },
	{ { TOP_KEY_ENTER, 'e' }, "Enter e", "open the VM, open it further, close it", open_line },
	{ { '[' }, "[", "a step back in time", step_back },
	{ { ']' }, "]", "a step forth", step_forth },
	{ { '{' }, "{", "ten steps back", leap_back },
	{ { '}' }, "}", "ten steps forth", leap_forth },
	{ { 'g' }, "g", "go to a time", prompt__go },
	{ { TOP_KEY_END }, "End", "back to now, or the end of the recording", go_to_end },
	{ { ' ' }, "Space", "freeze, or go on", freeze },
	{ { 's' }, "s", "the interval, in seconds", prompt__interval },
	{ { 'i' }, "i", "only what is busy, or all", toggle_busy },
	{ { '/' }, "/", "only VMs whose name has a part", prompt__filter },
	{ { 'f' }, "f", "choose the columns", prompt__columns },
	{ { 'o' }, "o", "choose the column to sort by", prompt__sort },
	{ { '<' }, "<", "sort by the column to the left", sort_left },
	{ { '>' }, ">", "sort by the column to the right", sort_right },
	{ { 'r' }, "r", "sort the other way round", reverse },
	{ { 'w' }, "w", "write what is kept as a recording", prompt__write },
	{ { 'T' }, "T", "what writes a timeline of all changes", tell_timeline },
	{ { 'L' - '@' }, "Ctrl-L", "draw all anew", redraw },
	{ { 'q' }, "q", "quit", quit },
	{ { 0 }, NULL, NULL, NULL },
};

static bool press_screen(struct top *top, int key)
{
	for (size_t i = 0; i < top->screen_count; i++) {
		if (top->screens[i].key != key)
			continue;
		top->changed |= top->screen != i;
		top->screen = i;
		top->help = false;
		top->error = top__remake(top);
		return true;
	}
	return false;
}

static bool press_pane(struct top *top, int key)
{
	for (const struct pane *pane = top->panes; pane->key; pane++) {
		if (pane->key != key)
			continue;
		top->pane = top->pane == pane ? NULL : pane;
		return true;
	}
	return false;
}

static bool is_one(const struct top_key *entry, int key)
{
	for (size_t i = 0; i < 3 && entry->keys[i]; i++)
		if (entry->keys[i] == key)
			return true;
	return false;
}

/* Of keys that nobody has given a meaning, only the help is told. */
void top__press(struct top *top, int key)
{
	if (top->prompt.title) {
		prompt__press(top, key);
		return;
	}
	*top->message = '\0';
	if (key == TOP_KEY_ESCAPE) {
		top->help = false;
		top->pane = NULL;
		return;
	}
	if (press_screen(top, key) || press_pane(top, key))
		return;
	for (const struct top_key *entry = top_keys; entry->help; entry++)
		if (is_one(entry, key)) {
			entry->press(top);
			return;
		}
	if (key > ' ' && key < 0x7f)
		top__say(top, "'%c' is no key here: h shows them", key);
}
