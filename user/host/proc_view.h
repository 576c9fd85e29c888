/* SPDX-License-Identifier: GPL-2.0-only */
/* How much of the host's processes a folder like /proc shows. */
#ifndef KVMQ_PROC_VIEW_H
#define KVMQ_PROC_VIEW_H

#include <stdbool.h>

enum proc_view {
	PROC_VIEW_ALL,
	PROC_VIEW_HIDDEN,    /* only this user's own: hidepid */
	PROC_VIEW_NAMESPACE, /* those of another PID namespace, whose numbers are not the host's */
	PROC_VIEW_NONE,	     /* nothing: it is not mounted */
};

enum proc_view proc_view__read(const char *proc);

/* Whether no process of the host can be found there by its number. */
bool proc_view__is_foreign(enum proc_view view);

/* What the folder is, and what would show more; NULL for PROC_VIEW_ALL. */
const char *proc_view__reason(enum proc_view view);

#endif
