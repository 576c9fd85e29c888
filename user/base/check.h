/* SPDX-License-Identifier: GPL-2.0-only */
/* One thing that a tool needs of this host, and whether it is there. */
#ifndef KVMQ_CHECK_H
#define KVMQ_CHECK_H

#include <stddef.h>

enum check_status {
	CHECK_WORKS,
	CHECK_LATER,   /* not yet; the tool will notice when it comes */
	CHECK_LACKING, /* the tool works, but lacks something */
	CHECK_MISSING, /* the tool does not work */
};

struct check {
	const char *what;
	enum check_status status;
	char why[256];	  /* empty: it works */
	const char *lost; /* what the tool cannot do then; NULL: it works */
};

#define CHECKS_MAX 24

struct checks {
	struct check list[CHECKS_MAX];
	size_t count;
};

/* Adds a check that works; the caller may lower its status. */
struct check *checks__add(struct checks *checks, const char *what);

/* Says why a check does not work, and what is lost. */
void check__fail(struct check *check, enum check_status status, const char *lost, const char *why,
		 ...) __attribute__((format(printf, 4, 5)));

/* The worst status of all. */
enum check_status checks__worst(const struct checks *checks);

#endif
