/* SPDX-License-Identifier: GPL-2.0-only */
/* Passwords and keys in the text of a URL, of a file's name or of options. */
#ifndef KVMQ_SECRET_H
#define KVMQ_SECRET_H

#include <stddef.h>

#define SECRET_MASK "***"

/*
 * Copies a text with SECRET_MASK for each secret: what follows a user's name before an '@' in
 * a URL, and the values of keys that sound like one (key=, password=, token=, "cookie": ...),
 * in options, queries and JSON. Rather too much than too little. The text is to be whole, for of
 * one that was cut before nobody can tell; the copy is cut to size. Masking twice changes nothing.
 */
void secret_mask(char *copy, size_t size, const char *text);

#endif
