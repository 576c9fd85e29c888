/* SPDX-License-Identifier: GPL-2.0-only */
/* kvmq-top's screens: each with the figures of the tool that measures them. */
#ifndef KVMQ_TOP_SCREENS_H
#define KVMQ_TOP_SCREENS_H

#include "top/screen.h"

extern const struct screen top_screens[];
extern const size_t top_screen_count;

/* Ended by one without a key. */
extern const struct pane top_panes[];

#endif
