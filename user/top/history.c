// SPDX-License-Identifier: GPL-2.0-only
#include "top/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WHOLE_EVERY 32
#define WORD sizeof(uint32_t)
#define STRIDE 64      /* bytes that are compared at once: most are alike */
#define PACKED_MOST 10 /* bytes of one word, with the number of words alike before it */

void history__init(struct history *history, const struct set *const *sets, size_t view_size,
		   size_t limit_bytes, uint64_t limit_ns)
{
	*history = (struct history){ .sets = sets,
				     .view_size = view_size,
				     .limit_bytes = limit_bytes,
				     .limit_ns = limit_ns,
				     .place = SIZE_MAX };
}

void history__free(struct history *history)
{
	for (size_t i = 0; i < history->views.count; i++)
		free(history->views.list[i].bytes);
	list_free(&history->views);
	free(history->last.bytes);
	free(history->current.bytes);
	free(history->packed.bytes);
	*history = (struct history){ .place = SIZE_MAX };
}

static int make_room(struct view_image *image, size_t size)
{
	unsigned char *bytes;

	if (size <= image->capacity)
		return 0;
	bytes = realloc(image->bytes, size + size / 8);
	if (!bytes)
		return -ENOMEM;
	image->bytes = bytes;
	image->capacity = size + size / 8;
	return 0;
}

/* What is beyond the end counts as zeros. */
static int resize(struct view_image *image, size_t size)
{
	int error = make_room(image, size);

	if (error)
		return error;
	if (size > image->size)
		memset(image->bytes + image->size, 0, size - image->size);
	image->size = size;
	return 0;
}

static bool has_list(const struct set *set)
{
	return set->key_count || set->events;
}

/* Of several sets of one list, the first. */
static bool is_first(const struct history *history, size_t place)
{
	const struct set *set = history->sets[place];

	for (size_t i = 0; i < place; i++)
		if (has_list(history->sets[i]) && history->sets[i]->list == set->list)
			return false;
	return has_list(set);
}

static struct list *list_of(const struct set *set, const void *view)
{
	return (struct list *)((char *)view + set->list);
}

static size_t padded(size_t size)
{
	return (size + WORD - 1) / WORD * WORD;
}

static size_t image_size(const struct history *history, const void *view)
{
	size_t size = padded(history->view_size);

	for (size_t i = 0; history->sets[i]; i++)
		if (is_first(history, i))
			size += padded(list_of(history->sets[i], view)->count *
				       history->sets[i]->size);
	return size;
}

static unsigned char *put_varint(unsigned char *at, uint32_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (unsigned char)(value | 0x80);
	*at++ = (unsigned char)value;
	return at;
}

static const unsigned char *get_varint(const unsigned char *at, uint32_t *value)
{
	unsigned int shift = 0;

	*value = 0;
	do {
		*value |= (uint32_t)(*at & 0x7f) << shift;
		shift += 7;
	} while (*at++ & 0x80);
	return at;
}

/* Makes a part of the image what it is now, and writes how the two differ. */
struct packer {
	struct view_image *image, *packed;
	size_t place;  /* in the image */
	uint32_t same; /* words, since the last that differs */
};

static void pack_word(struct packer *packer, uint32_t is)
{
	unsigned char *at = packer->packed->bytes + packer->packed->size;
	uint32_t was, grown;

	memcpy(&was, packer->image->bytes + packer->place, WORD);
	grown = is - was;
	if (!grown) {
		packer->same++;
		return;
	}
	at = put_varint(at, packer->same);
	at = put_varint(at, grown << 1 ^ -(grown >> 31));
	packer->packed->size = (size_t)(at - packer->packed->bytes);
	packer->same = 0;
	memcpy(packer->image->bytes + packer->place, &is, WORD);
}

static int pack(struct packer *packer, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	for (size_t done = 0; done < size;) {
		size_t step = size - done < STRIDE ? size - done : STRIDE;

		if (make_room(packer->packed, packer->packed->size + STRIDE / WORD * PACKED_MOST))
			return -ENOMEM;
		if (!memcmp(packer->image->bytes + packer->place, bytes + done, step)) {
			packer->same += (uint32_t)(padded(step) / WORD);
			packer->place += padded(step);
			done += step;
			continue;
		}
		for (size_t end = done + step; done < end; done += WORD, packer->place += WORD) {
			uint32_t word = 0;

			memcpy(&word, bytes + done, end - done < WORD ? end - done : WORD);
			pack_word(packer, word);
		}
	}
	return 0;
}

/* The view's own memory without what leads out of it. */
static int pack_view(struct history *history, struct packer *packer, const void *view)
{
	unsigned char *own = malloc(padded(history->view_size));
	int error;

	if (!own)
		return -ENOMEM;
	memset(own, 0, padded(history->view_size));
	memcpy(own, view, history->view_size);
	for (size_t i = 0; history->sets[i]; i++)
		if (is_first(history, i))
			*list_of(history->sets[i], own) =
				(struct list){ .count = list_of(history->sets[i], view)->count };
	error = pack(packer, own, padded(history->view_size));
	free(own);
	for (size_t i = 0; history->sets[i] && !error; i++)
		if (is_first(history, i))
			error = pack(packer, list_of(history->sets[i], view)->items,
				     list_of(history->sets[i], view)->count *
					     history->sets[i]->size);
	return error;
}

static void unpack(struct view_image *image, const struct kept_view *kept)
{
	const unsigned char *at = kept->bytes + sizeof(uint64_t), *end = kept->bytes + kept->size;
	unsigned char *word = image->bytes;

	while (at < end) {
		uint32_t same, folded, value;

		at = get_varint(at, &same);
		at = get_varint(at, &folded);
		word += same * WORD;
		memcpy(&value, word, WORD);
		value += folded >> 1 ^ -(folded & 1);
		memcpy(word, &value, WORD);
		word += WORD;
	}
}

static void drop_first(struct history *history, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		history->bytes -= history->views.list[i].size;
		free(history->views.list[i].bytes);
	}
	history->dropped += count;
	history->views.count -= count;
	memmove(history->views.list, history->views.list + count,
		history->views.count * sizeof(*history->views.list));
	history->place = history->place == SIZE_MAX || history->place < count
				 ? SIZE_MAX
				 : history->place - count;
}

/* Where the next one that is whole stands, or 0: there is none, or it is one of the last two. */
static size_t next_whole(const struct history *history)
{
	for (size_t i = 1; i + 1 < history->views.count; i++)
		if (history->views.list[i].is_whole)
			return i;
	return 0;
}

static void drop_old(struct history *history)
{
	size_t next = next_whole(history);

	while (next) {
		const struct kept_view *list = history->views.list;
		uint64_t age = list[history->views.count - 1].realtime_ns - list[next].realtime_ns;

		if (history->bytes <= history->limit_bytes && age < history->limit_ns)
			return;
		drop_first(history, next);
		next = next_whole(history);
	}
}

/* What was written of one that could not be kept is no longer known: the next one is whole. */
static int add(struct history *history, const void *view, struct kept_view *kept)
{
	struct packer packer = { .image = &history->last, .packed = &history->packed };
	uint64_t size = image_size(history, view);

	if (kept->is_whole)
		history->last.size = 0;
	history->packed.size = 0;
	if (resize(&history->last, size) || make_room(&history->packed, sizeof(size)))
		return -ENOMEM;
	memcpy(history->packed.bytes, &size, sizeof(size));
	history->packed.size = sizeof(size);
	if (pack_view(history, &packer, view))
		return -ENOMEM;
	kept->size = history->packed.size;
	kept->bytes = malloc(kept->size);
	if (!kept->bytes)
		return -ENOMEM;
	memcpy(kept->bytes, history->packed.bytes, kept->size);
	return 0;
}

int history__add(struct history *history, const void *view, uint64_t realtime_ns)
{
	struct kept_view kept = { .realtime_ns = realtime_ns }, *place;

	kept.is_whole = !history->views.count || history->since_whole >= WHOLE_EVERY;
	history->since_whole = kept.is_whole ? 1 : history->since_whole + 1;
	if (add(history, view, &kept) || !(place = list_add(&history->views))) {
		free(kept.bytes);
		history->since_whole = WHOLE_EVERY;
		return -ENOMEM;
	}
	*place = kept;
	history->bytes += kept.size;
	drop_old(history);
	return 0;
}

/* The image's lists into the view, whose memory for them is kept. */
static int give(const struct history *history, void *view)
{
	const unsigned char *at = history->current.bytes + padded(history->view_size);
	unsigned char *own = malloc(history->view_size);
	int error = own ? 0 : -ENOMEM;

	if (!own)
		return error;
	memcpy(own, history->current.bytes, history->view_size);
	for (size_t i = 0; history->sets[i] && !error; i++) {
		const struct set *set = history->sets[i];
		struct list *list = list_of(set, view);
		size_t count = list_of(set, own)->count;

		if (!is_first(history, i))
			continue;
		error = list__reserve(list, set->size, count);
		if (error)
			break;
		if (count)
			memcpy(list->items, at, count * set->size);
		at += padded(count * set->size);
		list->count = count;
		*list_of(set, own) = *list;
	}
	if (!error)
		memcpy(view, own, history->view_size);
	free(own);
	return error;
}

/* current becomes the view at a place, from that of the one before. */
static int step_to(struct history *history, size_t place)
{
	const struct kept_view *kept = &history->views.list[place];
	uint64_t size;

	history->place = SIZE_MAX;
	if (kept->is_whole)
		history->current.size = 0;
	memcpy(&size, kept->bytes, sizeof(size));
	if (resize(&history->current, size))
		return -ENOMEM;
	unpack(&history->current, kept);
	history->place = place;
	return 0;
}

int history__read(struct history *history, size_t place, void *view)
{
	size_t from = place;
	int error = 0;

	while (from != history->place && !history->views.list[from].is_whole)
		from--;
	for (from += from == history->place; from <= place && !error; from++)
		error = step_to(history, from);
	return error ? error : give(history, view);
}
