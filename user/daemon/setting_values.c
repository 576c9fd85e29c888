// SPDX-License-Identifier: GPL-2.0-only
/* Values of settings from text and to text, by their kind. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "daemon/settings.h"

/* A number's units, the largest first, in the unit that is the smallest to be written. */
struct unit {
	const char *name;
	uint64_t size;
};

static const struct unit times[] = {
	{ "d", 86400000 }, { "h", 3600000 }, { "min", 60000 }, { "s", 1000 }, { "ms", 1 }, { 0 },
};

static const struct unit sizes[] = {
	{ "TiB", 1ULL << 40 },
	{ "GiB", 1ULL << 30 },
	{ "MiB", 1ULL << 20 },
	{ "KiB", 1ULL << 10 },
	{ "B", 1 },
	{ 0 },
};

static const struct unit shares[] = { { "%", 1000 }, { 0 } };

/* "1.5h": no more digits than the smallest unit has, and no blank. Returns 0, -EINVAL or -ERANGE.
 */
static int parse_units(const char *text, size_t length, const struct unit *units, uint64_t *value)
{
	char number[32];
	size_t digits = strspn(text, "0123456789.");

	if (!digits || digits >= length || digits >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, digits);
	number[digits] = '\0';
	for (; units->name; units++)
		if (strlen(units->name) == length - digits &&
		    !strncmp(units->name, text + digits, length - digits))
			return parse_fixed(number, units->size, 0, UINT64_MAX, value);
	return -EINVAL;
}

/* In the largest unit that holds it whole. */
static size_t write_units(char *text, size_t size, const struct unit *units, uint64_t value)
{
	while (units[1].name && (!value || value % units->size))
		units++;
	return (size_t)snprintf(text, size, "%" PRIu64 "%s", value / units->size, units->name);
}

static int parse_time_span(const char *text, size_t length, uint64_t *ns)
{
	int error = parse_units(text, length, times, ns);

	if (!error && __builtin_mul_overflow(*ns, NSEC_PER_MSEC, ns))
		error = -ERANGE;
	return error;
}

static size_t write_time_span(char *text, size_t size, uint64_t ns)
{
	return write_units(text, size, times, ns / NSEC_PER_MSEC);
}

static void write_share(char *text, size_t size, uint64_t mpct)
{
	char number[24];
	size_t length = format_fixed(number, mpct, 3);

	while (number[length - 1] == '0')
		length--;
	length -= number[length - 1] == '.';
	snprintf(text, size, "%.*s%%", (int)length, number);
}

/* A number of the setting's kind, or -EINVAL. */
static int parse_value(const struct daemon_setting *setting, const char *text, uint64_t *value)
{
	size_t length = strlen(text);

	switch (setting->kind) {
	case SETTING_TIME:
		return parse_time_span(text, length, value);
	case SETTING_SHARE:
		return parse_units(text, length, shares, value);
	case SETTING_BYTES:
		return parse_units(text, length, sizes, value);
	default:
		return parse_number(text, 0, UINT32_MAX, value);
	}
}

static void write_number(const struct daemon_setting *setting, char *text, size_t size,
			 uint64_t value)
{
	switch (setting->kind) {
	case SETTING_TIME:
		write_time_span(text, size, value);
		break;
	case SETTING_SHARE:
		write_share(text, size, value);
		break;
	case SETTING_BYTES:
		write_units(text, size, sizes, value);
		break;
	default:
		snprintf(text, size, "%" PRIu64, value);
	}
}

static int set_number(const struct daemon_setting *setting, void *place, const char *text,
		      char *error, size_t size)
{
	char least[32], most[32];
	uint64_t value = 0;

	if ((!setting->may_be_off || strcmp(text, "off") != 0) &&
	    (parse_value(setting, text, &value) || value < setting->min || value > setting->max)) {
		write_number(setting, least, sizeof(least), setting->min);
		write_number(setting, most, sizeof(most), setting->max);
		snprintf(error, size, "%s to %s%s", least, most,
			 setting->may_be_off ? ", or off" : "");
		return -EINVAL;
	}
	if (setting->size == sizeof(uint32_t))
		*(uint32_t *)place = (uint32_t)value;
	else
		*(uint64_t *)place = value;
	return 0;
}

static int set_switch(bool *place, const char *text, char *error, size_t size)
{
	bool on = !strcmp(text, "on");

	if (!on && strcmp(text, "off") != 0) {
		snprintf(error, size, "on or off");
		return -EINVAL;
	}
	*place = on;
	return 0;
}

/* "1s/1h", of which so much is the word. */
static bool parse_tier(const char *word, size_t length, struct daemon_tier *tier)
{
	const char *slash = memchr(word, '/', length);
	size_t first = slash ? (size_t)(slash - word) : 0;

	return slash && !parse_time_span(word, first, &tier->interval_ns) && tier->interval_ns &&
	       !parse_time_span(slash + 1, length - first - 1, &tier->keep_ns);
}

static int set_tiers(struct daemon_tier *place, const char *text, char *error, size_t size)
{
	struct daemon_tier tiers[DAEMON_TIERS];
	size_t count = 0;

	while (*text) {
		size_t length = strcspn(text, " \t");

		if (count == DAEMON_TIERS || !parse_tier(text, length, &tiers[count]))
			break;
		count++;
		text += length;
		text += strspn(text, " \t");
	}
	if (*text || count != DAEMON_TIERS) {
		snprintf(error, size, "%d of INTERVAL/SPAN, as in '1s/1h 10s/7d 5min/90d'",
			 DAEMON_TIERS);
		return -EINVAL;
	}
	memcpy(place, tiers, sizeof(tiers));
	return 0;
}

/* "unix:/path", "127.0.0.1:9778" or "[::1]:9778": whether there is such an address is seen later.
 */
static bool is_address(const char *text)
{
	const char *colon = strrchr(text, ':');
	uint64_t port;

	if (!strncmp(text, "unix:", 5))
		return text[5] == '/';
	if (!colon || colon == text || parse_number(colon + 1, 1, 65535, &port))
		return false;
	return *text == '[' ? colon[-1] == ']' : memchr(text, ':', (size_t)(colon - text)) == NULL;
}

static bool is_text_of(const struct daemon_setting *setting, const char *text)
{
	switch (setting->kind) {
	case SETTING_PATH:
		return *text == '/';
	case SETTING_ADDRESS:
		return is_address(text);
	default:
		return *text && !strpbrk(text, " \t/:");
	}
}

static int set_text(const struct daemon_setting *setting, char *place, const char *text,
		    char *error, size_t size)
{
	static const char *const expected[] = { [SETTING_PATH] = "a path that begins with '/'",
						[SETTING_NAME] = "a name",
						[SETTING_ADDRESS] = "HOST:PORT, [HOST]:PORT or "
								    "unix:/PATH" };
	bool off = setting->may_be_off && !strcmp(text, "off");

	if (!off && (!is_text_of(setting, text) || strlen(text) >= setting->size)) {
		snprintf(error, size, "%s of less than %zu characters%s", expected[setting->kind],
			 setting->size, setting->may_be_off ? ", or off" : "");
		return -EINVAL;
	}
	snprintf(place, setting->size, "%s", off ? "" : text);
	return 0;
}

int daemon_setting__set(const struct daemon_setting *setting, struct daemon_settings *settings,
			const char *text, char *error, size_t size)
{
	void *place = (char *)settings + setting->place;

	switch (setting->kind) {
	case SETTING_SWITCH:
		return set_switch(place, text, error, size);
	case SETTING_TIERS:
		return set_tiers(place, text, error, size);
	case SETTING_PATH:
	case SETTING_NAME:
	case SETTING_ADDRESS:
		return set_text(setting, place, text, error, size);
	default:
		return set_number(setting, place, text, error, size);
	}
}

static void write_tiers(const struct daemon_tier *tiers, char *text)
{
	char *at = text, *end = text + SETTING_TEXT_SIZE;

	for (int i = 0; i < DAEMON_TIERS; i++) {
		if (i)
			*at++ = ' ';
		at += write_time_span(at, (size_t)(end - at), tiers[i].interval_ns);
		*at++ = '/';
		at += write_time_span(at, (size_t)(end - at), tiers[i].keep_ns);
	}
}

void daemon_setting__write(const struct daemon_setting *setting,
			   const struct daemon_settings *settings, char *text)
{
	const void *place = (const char *)settings + setting->place;
	uint64_t value;

	switch (setting->kind) {
	case SETTING_SWITCH:
		snprintf(text, SETTING_TEXT_SIZE, "%s", *(const bool *)place ? "on" : "off");
		break;
	case SETTING_TIERS:
		write_tiers(place, text);
		break;
	case SETTING_PATH:
	case SETTING_NAME:
	case SETTING_ADDRESS:
		snprintf(text, SETTING_TEXT_SIZE, "%s",
			 *(const char *)place ? (const char *)place : "off");
		break;
	default:
		value = setting->size == sizeof(uint32_t) ? *(const uint32_t *)place
							  : *(const uint64_t *)place;
		if (!value && setting->may_be_off)
			snprintf(text, SETTING_TEXT_SIZE, "off");
		else
			write_number(setting, text, SETTING_TEXT_SIZE, value);
	}
}
