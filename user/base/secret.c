// SPDX-License-Identifier: GPL-2.0-only
#include "base/secret.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"

/*
 * Words of a key, in small letters: these count anywhere in it, those below as a whole or at its
 * end.
 */
static const char *const parts[] = {
	"passw",  "passphrase", "secret", "token",    "credential", "signature",
	"cookie", "accesskey",	"apikey", "authoriz", "hmac",	    NULL,
};
static const char *const ends[] = { "key", "pass", "pwd", "sig", "auth", "sas", "jwt", NULL };

#define KEY_MAX 64 /* of a longer key, only the end is looked at */

/* A copy on its way. */
struct copy {
	char *to;
	size_t room;
};

/* Copies all of it or, from then on, nothing: a character of UTF-8 stays whole. */
static void put(struct copy *copy, const char *text, size_t length)
{
	if (length > copy->room) {
		copy->room = 0;
		return;
	}
	memcpy(copy->to, text, length);
	copy->to += length;
	copy->room -= length;
}

static bool is_of_key(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.' || c == '%';
}

/* Whether what ends at end is a key whose value nobody must see. */
static bool is_secret_key(const char *begin, const char *end)
{
	char key[KEY_MAX + 1];
	size_t length = 0;

	while (end - length > begin && length < KEY_MAX && is_of_key(end[-1 - (long)length]))
		length++;
	for (size_t i = 0; i < length; i++)
		key[i] = (char)tolower((unsigned char)end[(long)i - (long)length]);
	key[length] = '\0';
	for (size_t i = 0; parts[i]; i++)
		if (strstr(key, parts[i]))
			return true;
	for (size_t i = 0; ends[i]; i++) {
		size_t end_length = strlen(ends[i]);

		if (length >= end_length && !strcmp(key + length - end_length, ends[i]))
			return true;
	}
	return false;
}

/* How long a value is: up to what separates it from the next in a text of this kind. */
static size_t value_length(const char *value, const char *separators)
{
	const char *c = value;

	while (*c && !strchr(separators, *c))
		c += *c == '\\' && c[1] ? 2 : 1;
	return (size_t)(c - value);
}

/* What separates values: '&' in a URL's query, ':' in rbd's, and commas in options. */
static const char *separators_of(const char *text)
{
	size_t scheme = strcspn(text, ":/");

	if (strstr(text, "://"))
		return "&#\"";
	if (scheme && text[scheme] == ':')
		return ":";
	return "/,:&";
}

/*
 * "user:password@" or "user%password@" before a host: the length of the secret, from *text on; 0:
 * there is none. A '/' in the password does not end it.
 */
static size_t find_userinfo(const char *authority, const char **secret)
{
	size_t length = strcspn(authority, "/?#\""), mark = strcspn(authority, ":%");
	const char *at = memrchr(authority, '@', length), *rest = authority + mark + 1;

	/* What follows the ':' is no port, so it goes on after the '/'. */
	if (!at && *authority != '[' && mark < length &&
	    (rest[-1] == '%' || rest + strspn(rest, "0123456789") != authority + length))
		at = strrchr(rest, '@');
	if (!at)
		return 0;
	*secret = rest <= at ? rest : authority;
	return (size_t)(at - *secret);
}

/* A user's name alone is no secret, except for a web server: there it is a token. */
static bool is_token(const char *text, const char *scheme_end)
{
	const char *begin = scheme_end;

	while (begin > text && (isalpha((unsigned char)begin[-1]) || begin[-1] == '+'))
		begin--;
	return !strncmp(begin, "http", strlen("http")) || !strncmp(begin, "ftp", strlen("ftp"));
}

/* The length of the secret that begins after what precedes *secret; 0: none begins. */
static size_t find_secret(const char *text, const char *here, const char *separators,
			  const char **secret)
{
	const char *value, *quote;
	size_t length;

	if (!strncmp(here, "://", 3)) {
		length = find_userinfo(here + 3, secret);
		return *secret == here + 3 && !is_token(text, here) ? 0 : length;
	}
	if (*here == '=' && is_secret_key(text, here)) {
		*secret = here + 1;
		return value_length(here + 1, separators);
	}
	if (*here != '"' && *here != '\'')
		return 0;
	value = here + 1 + strspn(here + 1, " \t");
	if (*value != ':' || !is_secret_key(text, here))
		return 0;
	value += 1 + strspn(value + 1, " \t");
	quote = *value == '"' ? "\"" : *value == '\'' ? "'" : ",}]";
	*secret = value + (strlen(quote) == 1);
	return value_length(*secret, quote);
}

/* "user:password@host" behind a scheme without slashes, as "iscsi:" had it. */
static const char *find_old_secret(const char *text, size_t *length)
{
	size_t scheme = strcspn(text, ":/");
	const char *secret, *at;

	if (text[scheme] != ':' || strstr(text, "://") || !strncmp(text, "json:", 5))
		return NULL;
	secret = text + scheme + 1;
	at = memrchr(secret, '@', strcspn(secret, "/"));
	secret += strcspn(secret, ":%");
	if (!at || secret >= at)
		return NULL;
	*length = (size_t)(at - secret) - 1;
	return secret + 1;
}

void secret_mask(char *copy, size_t size, const char *text)
{
	const char *separators = separators_of(text), *secret, *old;
	size_t length, old_length = 0;
	struct copy to = { .to = copy, .room = size - 1 };

	old = find_old_secret(text, &old_length);
	for (const char *c = text; *c && to.room;) {
		secret = c;
		length = c == old ? old_length : find_secret(text, c, separators, &secret);
		if (!length) {
			length = text_char(c, strnlen(c, 4)).length;
			put(&to, c, length);
			c += length;
			continue;
		}
		put(&to, c, (size_t)(secret - c));
		put(&to, SECRET_MASK, strlen(SECRET_MASK));
		c = secret + length;
	}
	copy[to.to - copy] = '\0';
}
