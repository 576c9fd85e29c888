/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a guest has to report: its own block layer's counters, and how the host can recognise its
 * disks.
 */
#ifndef KVMQ_GUEST_DISKS_H
#define KVMQ_GUEST_DISKS_H

#include "disks/device.h"
#include "guests/guest_report.h"
#include "model/io.h"

/*
 * Fills in the disks of a report: each leaf device that has made a request, with its serial number,
 * the address of its PCI device and its size, from SYS ("/sys"). report is the last one, or zeros;
 * its session and sequence are the caller's.
 */
void guest_disks__fill(struct guest_report *report, const struct block_snapshot *block,
		       const struct devices *devices, const char *sys);

#endif
