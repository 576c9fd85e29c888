/* SPDX-License-Identifier: GPL-2.0-only */
/* The host as a whole. */
#ifndef KVMQ_MODEL_HOST_H
#define KVMQ_MODEL_HOST_H

#include <stdint.h>

struct host {
	char name[65];
	char kernel[65];
	uint32_t cpus;	  /* online */
	char boot_id[37]; /* no other boot of any host has it; empty: not known */
};

#endif
