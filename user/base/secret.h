/* SPDX-License-Identifier: GPL-2.0-only */
/* Passwords and keys in the text of a URL, of a file's name or of options. */
#ifndef KVMQ_SECRET_H
#define KVMQ_SECRET_H

#include <stddef.h>

#define SECRET_MASK "***"

/*
 * Copies a text with SECRET_MASK for each secret: what follows a user's name before an '@' in a
 * URL, and the values of keys that sound secret (key=, password=, token=, "cookie": ...), in
 * options, queries and JSON. If in doubt, it masks. The text has to be whole, since a secret that
 * was cut cannot be recognised; the copy is cut to size. Masking twice changes nothing.
 */
void secret_mask(char *copy, size_t size, const char *text);

#endif
