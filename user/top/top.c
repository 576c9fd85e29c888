// SPDX-License-Identifier: GPL-2.0-only
#include "top/top.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

const struct screen *top__screen(const struct top *top)
{
	return &top->screens[top->screen];
}

struct screen_state *top__state(struct top *top)
{
	return &top->states[top->screen];
}

static bool is_left_out(const struct screen *screen, const struct metric *metric)
{
	char header[64];

	snprintf(header, sizeof(header), ",%s,", metric->header);
	return strstr(screen->left_out, header);
}

/* The first column stands for those that say which line it is. */
static void leave_out(struct columns *columns, const struct screen *screen)
{
	size_t kept = 0;

	for (size_t i = 0; i < columns->count; i++) {
		if (is_left_out(screen, columns->list[i]))
			continue;
		columns->list[kept] = columns->list[i];
		columns->spare[kept++] = columns->spare[i];
	}
	columns->count = kept;
}

int top__set_columns(struct top *top, size_t place, const char *list)
{
	const struct screen *screen = &top->screens[place];
	struct screen_state *state = &top->states[place];
	struct columns columns;

	if (columns__select(&columns, screen->metrics, screen->by, *list ? list : NULL))
		return -EINVAL;
	leave_out(&columns, screen);
	if (columns.count == COLUMNS_MAX)
		columns.count--; /* room for the first column */
	state->columns = columns;
	snprintf(state->columns_text, sizeof(state->columns_text), "%s", list);
	memset(state->widths, 0, sizeof(state->widths));
	return 0;
}

int top__set_sort(struct top *top, size_t place, const char *name, bool reverse)
{
	const struct metric *metric = metric__find(top->screens[place].metrics, name);

	if (!metric) {
		log_error("'%s' is no column of this screen", name);
		return -EINVAL;
	}
	top->states[place].sort = metric;
	top->states[place].reverse = reverse;
	return 0;
}

int top__init(struct top *top, const struct screen *screens, size_t count, const struct pane *panes)
{
	*top = (struct top){
		.screens = screens, .screen_count = count, .panes = panes, .rows = 24, .columns = 80
	};
	why_settings__init(&top->why_settings);
	for (size_t i = 0; i < count; i++) {
		top->states[i].data = calloc(1, screens[i].data_size);
		if (!top->states[i].data)
			return -ENOMEM;
		if (top__set_columns(top, i, "") || top__set_sort(top, i, screens[i].sort, false))
			return -EINVAL;
	}
	return 0;
}

void top__free(struct top *top)
{
	for (size_t i = 0; i < top->screen_count; i++) {
		tree__free(&top->states[i].tree);
		if (top->states[i].data)
			top->screens[i].free(top->states[i].data);
		free(top->states[i].data);
	}
	rows__free(&top->host_rows);
	why__free(&top->why);
	series__free(&top->series);
}

int top__rearrange(struct top *top)
{
	struct screen_state *state = top__state(top);
	const struct tree_order order = { state->sort, state->reverse, top->only_busy,
					  top->filter };

	return tree__arrange(&state->tree, &order);
}

int top__remake(struct top *top)
{
	const struct screen *screen = top__screen(top);
	const struct view_pair pair = { top->before, top->after, &top->host_rows, &top->why };
	struct screen_state *state = top__state(top);
	int error;

	list_clear(&state->tree.shown);
	list_clear(&state->tree.all);
	if (!top->after || screen->missing(top->after))
		return 0;
	error = screen->make(state->data, &pair, tree__depth(&state->tree), &state->tree.all);
	return error ? error : top__rearrange(top);
}

int top__show(struct top *top, const struct view *begin, const struct view *before,
	      const struct view *after)
{
	int error = rows__make(&top->host_rows, &before->sched, &after->sched, BY_VM);

	if (!error)
		error = why__make(&top->why, begin, after, &top->why_settings);
	top->before = before;
	top->after = after;
	return error ? error : top__remake(top);
}

bool top__needs_series(const struct top *top)
{
	return top->pane && top->pane->of_series && top->after && !top__screen(top)->of_verdicts;
}

int top__begin_series(struct top *top)
{
	const struct screen_state *state = top__state(top);

	return series__begin(&top->series, top__screen(top), state->sort,
			     tree__depth(&state->tree));
}
