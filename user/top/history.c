// SPDX-License-Identifier: GPL-2.0-only
#include "top/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WHOLE_EVERY 32
#define WORD sizeof(uint32_t)
#define ITEM sizeof(uint64_t) /* items are lent where they lie, and hold such */
#define STRIDE 64	      /* bytes that are compared at once: most are alike */
#define PACKED_MOST 10	      /* bytes of one word, with the number of words alike before it */

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
	return (size + ITEM - 1) / ITEM * ITEM;
}

/* How many items each list of a view has. */
static void count_items(const struct history *history, const void *view, size_t *counts)
{
	for (size_t i = 0; history->sets[i]; i++)
		counts[i] = is_first(history, i) ? list_of(history->sets[i], view)->count : 0;
}

static size_t part_size(const struct history *history, size_t set, const size_t *counts)
{
	return padded(counts[set] * history->sets[set]->size);
}

static size_t image_size(const struct history *history, const size_t *counts)
{
	size_t size = padded(history->view_size);

	for (size_t i = 0; history->sets[i]; i++)
		size += part_size(history, i, counts);
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

/* Writes how one memory differs from another. */
struct packer {
	struct view_image *packed;
	uint32_t same; /* words, since the last that differs */
};

static void pack_word(struct packer *packer, uint32_t was, uint32_t is)
{
	unsigned char *at = packer->packed->bytes + packer->packed->size;
	uint32_t grown = is - was;

	if (!grown) {
		packer->same++;
		return;
	}
	at = put_varint(at, packer->same);
	at = put_varint(at, grown << 1 ^ -(grown >> 31));
	packer->packed->size = (size_t)(at - packer->packed->bytes);
	packer->same = 0;
}

/* As many bytes as there are from a place on, and zeros. */
static const unsigned char *stride_at(unsigned char *room, const unsigned char *bytes, size_t size,
				      size_t place)
{
	if (place + STRIDE <= size)
		return bytes + place;
	memset(room, 0, STRIDE);
	if (place < size)
		memcpy(room, bytes + place, size - place);
	return room;
}

/* What is beyond the end of what was counts as zeros. */
static int pack(struct packer *packer, const void *before, size_t before_size, const void *after,
		size_t size)
{
	unsigned char rooms[2][STRIDE];

	for (size_t done = 0; done < size; done += STRIDE) {
		const unsigned char *was = stride_at(rooms[0], before, before_size, done);
		const unsigned char *is = stride_at(rooms[1], after, size, done);
		size_t words = padded(size - done < STRIDE ? size - done : STRIDE) / WORD;

		if (!memcmp(was, is, STRIDE)) {
			packer->same += (uint32_t)words;
			continue;
		}
		if (make_room(packer->packed, packer->packed->size + words * PACKED_MOST))
			return -ENOMEM;
		for (size_t i = 0; i < words; i++) {
			uint32_t numbers[2];

			memcpy(&numbers[0], was + i * WORD, WORD);
			memcpy(&numbers[1], is + i * WORD, WORD);
			pack_word(packer, numbers[0], numbers[1]);
		}
	}
	return 0;
}

/* The view's own memory without what leads out of it; of NULL, zeros. */
static void copy_own(const struct history *history, unsigned char *own, const void *view)
{
	memset(own, 0, padded(history->view_size));
	if (!view)
		return;
	memcpy(own, view, history->view_size);
	for (size_t i = 0; history->sets[i]; i++)
		if (is_first(history, i))
			*list_of(history->sets[i], own) = (struct list){ 0 };
}

static int pack_lists(struct history *history, struct packer *packer, const void *before,
		      const void *view)
{
	int error = 0;

	for (size_t i = 0; history->sets[i] && !error; i++) {
		const struct list none = { 0 }, *is, *was;
		size_t size = history->sets[i]->size;

		if (!is_first(history, i))
			continue;
		is = list_of(history->sets[i], view);
		was = before ? list_of(history->sets[i], before) : &none;
		error = pack(packer, was->items, was->count * size, is->items, is->count * size);
	}
	return error;
}

static int pack_view(struct history *history, const void *before, const void *view)
{
	struct packer packer = { .packed = &history->packed };
	size_t size = padded(history->view_size);
	unsigned char *own = malloc(2 * size);
	int error;

	if (!own)
		return -ENOMEM;
	copy_own(history, own, before);
	copy_own(history, own + size, view);
	error = pack(&packer, own, size, own + size, size);
	free(own);
	return error ? error : pack_lists(history, &packer, before, view);
}

static void unpack(struct view_image *image, const struct kept_view *kept)
{
	const unsigned char *at = kept->bytes + sizeof(image->counts);
	const unsigned char *end = kept->bytes + kept->size;
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

static int add(struct history *history, const void *before, const void *view,
	       struct kept_view *kept)
{
	size_t counts[HISTORY_LISTS] = { 0 };

	count_items(history, view, counts);
	history->packed.size = 0;
	if (make_room(&history->packed, sizeof(counts)))
		return -ENOMEM;
	memcpy(history->packed.bytes, counts, sizeof(counts));
	history->packed.size = sizeof(counts);
	if (pack_view(history, kept->is_whole ? NULL : before, view))
		return -ENOMEM;
	kept->size = history->packed.size;
	kept->bytes = malloc(kept->size);
	if (!kept->bytes)
		return -ENOMEM;
	memcpy(kept->bytes, history->packed.bytes, kept->size);
	return 0;
}

/* Of one that could not be kept, nothing is known: the next one is whole. */
int history__add(struct history *history, const void *before, const void *view,
		 uint64_t realtime_ns)
{
	struct kept_view kept = { .realtime_ns = realtime_ns }, *place;

	kept.is_whole = !before || !history->views.count || history->since_whole >= WHOLE_EVERY;
	history->since_whole = kept.is_whole ? 1 : history->since_whole + 1;
	if (add(history, before, view, &kept) || !(place = list_add(&history->views))) {
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
		size_t count = history->current.counts[i];

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

/* Gives each list of an image the room of so many items: what is new is zeros. */
static int lay_out(const struct history *history, struct view_image *image, const size_t *counts)
{
	size_t from = padded(history->view_size), to = from;
	struct view_image laid = { .size = image_size(history, counts) };

	if (make_room(&laid, laid.size) || !laid.bytes)
		return -ENOMEM;
	memset(laid.bytes, 0, laid.size);
	if (image->size)
		memcpy(laid.bytes, image->bytes, from);
	for (size_t i = 0; history->sets[i]; i++) {
		size_t was = part_size(history, i, image->counts);
		size_t is = part_size(history, i, counts);

		if (was && is)
			memcpy(laid.bytes + to, image->bytes + from, was < is ? was : is);
		from += was;
		to += is;
	}
	memcpy(laid.counts, counts, sizeof(laid.counts));
	free(image->bytes);
	*image = laid;
	return 0;
}

/* current becomes the view at a place, from that of the one before. */
static int step_to(struct history *history, size_t place)
{
	const struct kept_view *kept = &history->views.list[place];
	struct view_image *image = &history->current;
	size_t counts[HISTORY_LISTS];

	history->place = SIZE_MAX;
	if (kept->is_whole) {
		image->size = 0;
		memset(image->counts, 0, sizeof(image->counts));
	}
	memcpy(counts, kept->bytes, sizeof(counts));
	if ((!image->size || memcmp(counts, image->counts, sizeof(counts)) != 0) &&
	    lay_out(history, image, counts))
		return -ENOMEM;
	unpack(image, kept);
	history->place = place;
	return 0;
}

static int go_to(struct history *history, size_t place)
{
	size_t from = place;
	int error = 0;

	while (from != history->place && !history->views.list[from].is_whole)
		from--;
	for (from += from == history->place; from <= place && !error; from++)
		error = step_to(history, from);
	return error;
}

int history__read(struct history *history, size_t place, void *view)
{
	int error = go_to(history, place);

	return error ? error : give(history, view);
}

int history__lend(struct history *history, size_t place, void *view)
{
	int error = go_to(history, place);
	unsigned char *at;

	if (error)
		return error;
	at = history->current.bytes + padded(history->view_size);
	memcpy(view, history->current.bytes, history->view_size);
	for (size_t i = 0; history->sets[i]; i++) {
		size_t count = history->current.counts[i];

		if (!is_first(history, i))
			continue;
		*list_of(history->sets[i], view) =
			(struct list){ .items = at, .count = count, .capacity = count };
		at += padded(count * history->sets[i]->size);
	}
	return 0;
}
