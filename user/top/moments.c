// SPDX-License-Identifier: GPL-2.0-only
#include "top/moments.h"

#include <errno.h>
#include <string.h>

void moments__free(struct moments *moments)
{
	list_free(&moments->list);
	for (int i = 0; i < MOMENT_READERS; i++) {
		recording__close(moments->recordings[i]);
		view__free(&moments->pairs[i].views[0]);
		view__free(&moments->pairs[i].views[1]);
	}
}

int moments__look(struct moments *moments)
{
	if (!moments->recordings[0])
		return 0;
	return recording__moments(moments->recordings[0], moments->since_ns, moments->until_ns,
				  &moments->list.all);
}

size_t moments__count(const struct moments *moments)
{
	return moments->recordings[0] ? moments->list.count : moments->history->views.count;
}

uint64_t moments__time(const struct moments *moments, size_t place)
{
	return moments->recordings[0] ? moments->list.list[place].realtime_ns
				      : moments->history->views.list[place].realtime_ns;
}

bool moments__is_pair(const struct moments *moments, size_t place)
{
	if (!place || place >= moments__count(moments))
		return false;
	if (!moments->recordings[0])
		return true;
	/* Where the clock was set back, moments between the two may be of a time that is not
	 * wanted. */
	return moments->list.list[place].run == moments->list.list[place - 1].run &&
	       moments->list.list[place].realtime_ns >= moments->list.list[place - 1].realtime_ns;
}

size_t moments__step(const struct moments *moments, size_t place, long steps)
{
	long way = steps < 0 ? -1 : 1;
	size_t found = moments__is_pair(moments, place) ? place : 0;

	for (long left = steps < 0 ? -steps : steps; left;) {
		if (way < 0 ? place <= 1 : place + 1 >= moments__count(moments))
			return found;
		place += (size_t)way;
		if (!moments__is_pair(moments, place))
			continue;
		found = place;
		left--;
	}
	return found;
}

size_t moments__find(const struct moments *moments, uint64_t realtime_ns)
{
	size_t found = 0;

	for (size_t place = 1; place < moments__count(moments); place++) {
		if (!moments__is_pair(moments, place))
			continue;
		if (found && moments__time(moments, place) > realtime_ns)
			break;
		found = place;
	}
	return found;
}

/* The next pair shares a view with the one that is there. */
static void swap_views(struct read_pair *pair)
{
	struct view view = pair->views[0];

	pair->views[0] = pair->views[1];
	pair->views[1] = view;
}

static int read_history(struct history *history, struct read_pair *pair, size_t place, bool is_next)
{
	int error = 0;

	if (is_next)
		swap_views(pair);
	else
		error = history__read(history, place - 1, &pair->views[0]);
	return error ? error : history__read(history, place, &pair->views[1]);
}

static int read_recording(struct moments *moments, enum moment_reader reader, size_t place,
			  bool is_next)
{
	struct recording *recording = moments->recordings[reader];
	struct read_pair *pair = &moments->pairs[reader];
	int found = 1, error = 0;

	if (is_next) {
		swap_views(pair);
	} else {
		error = recording__go(recording, moments->list.list[place - 1].id);
		if (!error)
			found = recorded__next(recording, moments->options, &pair->views[0]);
	}
	if (!error && found > 0)
		found = recorded__next(recording, moments->options, &pair->views[1]);
	if (error || found < 0)
		return error ? error : found;
	return found ? 0 : -ENODATA; /* it was there a moment ago */
}

int moments__read(struct moments *moments, enum moment_reader reader, size_t place,
		  const struct view **before, const struct view **after)
{
	struct recording *recording = moments->recordings[reader];
	struct read_pair *pair = &moments->pairs[reader];
	size_t dropped = recording ? 0 : moments->history->dropped;
	size_t last = pair->place + pair->dropped;
	bool is_next = pair->place && place + dropped == last + 1;
	int error = 0;

	if (!pair->place || place + dropped != last)
		error = recording ? read_recording(moments, reader, place, is_next)
				  : read_history(moments->history, pair, place, is_next);
	pair->place = error ? 0 : place;
	pair->dropped = dropped;
	*before = &pair->views[0];
	*after = &pair->views[1];
	return error;
}

int moments__peek(struct moments *moments, size_t place, const struct view **before)
{
	const struct view *after;

	if (moments->recordings[READ_BEGIN])
		return moments__read(moments, READ_BEGIN, place, before, &after);
	*before = &moments->lent;
	return history__lend(moments->history, place - 1, &moments->lent);
}
