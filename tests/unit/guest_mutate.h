/* SPDX-License-Identifier: GPL-2.0-only */
/* Reports that are broken in every way, from a seed; after guest_sample.h. */
#ifndef KVMQ_GUEST_MUTATE_H
#define KVMQ_GUEST_MUTATE_H

struct bytes {
	char *data;
	size_t size;
};

struct mutator {
	uint64_t state;	       /* of the random numbers */
	struct bytes lines[6]; /* good ones, as they came one after the other */
};

static inline uint64_t mutator__random(struct mutator *mutator, uint64_t below)
{
	mutator->state ^= mutator->state << 13; /* xorshift64 */
	mutator->state ^= mutator->state >> 7;
	mutator->state ^= mutator->state << 17;
	return mutator->state % below;
}

static inline void mutator__open(struct mutator *mutator, uint64_t seed)
{
	struct guest_report *report = sample_report(1);

	mutator->state = seed * 0x9e3779b97f4a7c15 + 1;
	for (size_t i = 0; i < ARRAY_SIZE(mutator->lines); i++) {
		mutator->lines[i].data = sample_line(report);
		mutator->lines[i].size = strlen(mutator->lines[i].data);
		report->sequence++;
		sample_work(report, 1000 << i);
	}
	free(report);
}

static inline void mutator__close(struct mutator *mutator)
{
	for (size_t i = 0; i < ARRAY_SIZE(mutator->lines); i++)
		free(mutator->lines[i].data);
}

static inline struct bytes *mutator__line(struct mutator *mutator)
{
	return &mutator->lines[mutator__random(mutator, ARRAY_SIZE(mutator->lines))];
}

/* Replaces cut bytes at a place. */
static inline void bytes__splice(struct bytes *bytes, size_t at, size_t cut, const char *text,
				 size_t size)
{
	char *data = malloc(bytes->size - cut + size + 1);

	memcpy(data, bytes->data, at);
	memcpy(data + at, text, size);
	memcpy(data + at + size, bytes->data + at + cut, bytes->size - at - cut);
	free(bytes->data);
	bytes->data = data;
	bytes->size += size - cut;
}

static inline void mutate_flip(struct mutator *mutator, struct bytes *bytes)
{
	for (uint64_t i = mutator__random(mutator, 8) + 1; i && bytes->size; i--)
		bytes->data[mutator__random(mutator, bytes->size)] ^=
			(char)(1 << mutator__random(mutator, 8));
}

static inline void mutate_cut(struct mutator *mutator, struct bytes *bytes)
{
	size_t at = mutator__random(mutator, bytes->size);
	size_t cut = mutator__random(mutator, bytes->size - at) + 1;

	bytes__splice(bytes, at, cut, "", 0);
}

/* The beginning of one report and the end of another. */
static inline void mutate_join(struct mutator *mutator, struct bytes *bytes)
{
	const struct bytes *other = mutator__line(mutator);
	size_t from = mutator__random(mutator, other->size);
	size_t at = mutator__random(mutator, 2) ? mutator__random(mutator, bytes->size) : from;

	if (at > bytes->size)
		at = bytes->size;
	bytes__splice(bytes, at, bytes->size - at, other->data + from, other->size - from);
}

/* A part stands twice: keys, buckets, disks. */
static inline void mutate_repeat(struct mutator *mutator, struct bytes *bytes)
{
	size_t begin = mutator__random(mutator, bytes->size), end;
	struct bytes part;

	while (begin && bytes->data[begin] != ',')
		begin--;
	for (end = begin + 1; end < bytes->size && bytes->data[end] != ',';)
		end++;
	part.size = end - begin;
	part.data = malloc(part.size);
	memcpy(part.data, bytes->data + begin, part.size);
	bytes__splice(bytes, begin, 0, part.data, part.size);
	free(part.data);
}

static inline void mutate_number(struct mutator *mutator, struct bytes *bytes)
{
	static const char *const numbers[] = {
		"9223372036854775807",
		"9223372036854775808",
		"18446744073709551615",
		"99999999999999999999999999999999999",
		"4294967295",
		"4294967296",
		"-1",
		"-0",
		"0",
		"1.5",
		"1e999",
		"1e3",
		"NaN",
		"Infinity",
		"null",
		"231",
		"232",
		"\"1\"",
		"[]",
		"{}",
	};
	const char *number = numbers[mutator__random(mutator, ARRAY_SIZE(numbers))];
	size_t at = mutator__random(mutator, bytes->size), length;

	while (at < bytes->size && !strchr("0123456789", bytes->data[at]))
		at++;
	for (length = 0;
	     at + length < bytes->size && strchr("0123456789", bytes->data[at + length]);)
		length++;
	bytes__splice(bytes, at, length, number, strlen(number));
}

static inline void mutate_nest(struct mutator *mutator, struct bytes *bytes)
{
	static const char *const units[] = { "[", "{\"a\":", "]", "}" };
	const char *unit = units[mutator__random(mutator, ARRAY_SIZE(units))];
	size_t at = mutator__random(mutator, bytes->size), length = strlen(unit);
	uint64_t times = mutator__random(mutator, 2) ? 3 : mutator__random(mutator, 3000);
	char *text = malloc(times * length + 1);

	for (uint64_t i = 0; i < times * length; i++)
		text[i] = unit[i % length];
	bytes__splice(bytes, at, 0, text, times * length);
	free(text);
}

static inline void mutate_bytes(struct mutator *mutator, struct bytes *bytes)
{
	static const char strange[] =
		"\0\0\x01\x1b\x7f\x80\xff\xfe\xc0\xaf\xed\xa0\x80\xf5\"\\\n\r";

	for (uint64_t i = mutator__random(mutator, 4) + 1; i; i--)
		bytes__splice(bytes, mutator__random(mutator, bytes->size), 0,
			      strange + mutator__random(mutator, sizeof(strange) - 3),
			      mutator__random(mutator, 3) + 1);
}

static inline void mutate_noise(struct mutator *mutator, struct bytes *bytes)
{
	for (size_t i = 0; i < bytes->size; i++)
		bytes->data[i] = (char)mutator__random(mutator, 256);
}

/* Longer than a line may be, and just not. */
static inline void mutate_size(struct mutator *mutator, struct bytes *bytes)
{
	size_t size = GUEST_REPORT_SIZE - 2 + mutator__random(mutator, 5);
	char *data = malloc(size + 1);

	memset(data, mutator__random(mutator, 2) ? ' ' : '9', size);
	memcpy(data, bytes->data, bytes->size);
	free(bytes->data);
	bytes->data = data;
	bytes->size = size;
}

/* The child of that number of an object or array; its key, if it has one. */
static inline json_t *tree_child(json_t *tree, size_t index, const char **key)
{
	void *iterator = json_object_iter(tree);

	if (json_is_array(tree))
		return json_array_get(tree, index);
	while (index--)
		iterator = json_object_iter_next(tree, iterator);
	*key = json_object_iter_key(iterator);
	return json_object_iter_value(iterator);
}

/* A value somewhere in the tree stands twice, or goes. */
static inline void mutate_tree(struct mutator *mutator, struct bytes *bytes)
{
	json_t *tree = json_loadb(bytes->data, bytes->size, 0, NULL), *at = tree, *child = tree;
	bool twice = mutator__random(mutator, 2);
	const char *key = NULL;
	size_t index = 0;

	do {
		size_t children = json_array_size(child) + json_object_size(child);

		if (!children)
			break;
		at = child;
		index = mutator__random(mutator, children);
		child = tree_child(at, index, &key);
	} while (mutator__random(mutator, 5));
	if (json_is_array(at) && twice)
		json_array_append_new(at, json_deep_copy(child));
	else if (json_is_array(at))
		json_array_remove(at, index);
	else if (twice)
		json_object_set_new(at, "new", json_deep_copy(child));
	else
		json_object_del(at, key);
	free(bytes->data);
	bytes->data = json_dumps(tree, JSON_COMPACT);
	bytes->size = strlen(bytes->data);
	json_decref(tree);
}

/* Good, and a beginning of its own */
static inline void mutate_session(struct mutator *mutator, struct bytes *bytes)
{
	static const char key[] = "\"session\":";
	char *at = memmem(bytes->data, bytes->size, key, strlen(key)), number[24];
	int length = snprintf(number, sizeof(number), "%u",
			      (unsigned int)mutator__random(mutator, UINT32_MAX));

	at += strlen(key);
	bytes__splice(bytes, (size_t)(at - bytes->data), strspn(at, "0123456789"), number,
		      (size_t)length);
}

/* A line that is broken in one way or two, or a good one, new or old; free its data. */
static inline struct bytes mutator__next(struct mutator *mutator)
{
	static void (*const ways[])(struct mutator *, struct bytes *) = {
		mutate_flip,   mutate_cut,  mutate_join,  mutate_repeat, mutate_number,
		mutate_number, mutate_nest, mutate_bytes, mutate_noise,
	};
	const struct bytes *line = mutator__line(mutator);
	struct bytes bytes = { malloc(line->size + 1), line->size };
	uint64_t choice = mutator__random(mutator, 256);

	memcpy(bytes.data, line->data, line->size);
	if (choice < 8)
		mutate_session(mutator, &bytes);
	if (choice < 16)
		return bytes;
	if (choice < 48)
		mutate_tree(mutator, &bytes); /* and stays JSON */
	else if (choice == 48)
		mutate_size(mutator, &bytes);
	else
		for (uint64_t i = choice % 2 + 1; i && bytes.size; i--)
			ways[mutator__random(mutator, ARRAY_SIZE(ways))](mutator, &bytes);
	return bytes;
}

#endif
