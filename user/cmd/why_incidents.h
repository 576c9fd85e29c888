/* SPDX-License-Identifier: GPL-2.0-only */
/* kvmq-why --incidents: what kvmqd has kept in a recording. */
#ifndef KVMQ_WHY_INCIDENTS_H
#define KVMQ_WHY_INCIDENTS_H

#include <stdbool.h>

#include "model/options.h"

/* true, with the exit status, if that was asked for. */
bool why_incidents__print(const struct options *options, int *status);

#endif
