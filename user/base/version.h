/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_VERSION_H
#define KVMQ_VERSION_H

#define KVMQ_VERSION "0.1"

#endif
