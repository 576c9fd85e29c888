/* SPDX-License-Identifier: GPL-2.0-only */
/* The folder like /proc that is there for one test at a time. */
#ifndef KVMQ_ONE_PROC_H
#define KVMQ_ONE_PROC_H

#include "unit.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "fake_proc.h"
#include "model/io.h"

static struct fake_proc proc;

static inline int open_proc(void **state)
{
	(void)state;
	fake_proc__open(&proc);
	return 0;
}

static inline int close_proc(void **state)
{
	(void)state;
	fake_proc__close(&proc);
	return 0;
}

/* The device of the file system of all its files; 0: that is anonymous. */
static inline uint32_t proc_device(void)
{
	struct stat status;

	assert_int_equal(stat(proc.path, &status), 0);
	return major(status.st_dev) ? IO_DEV(major(status.st_dev), minor(status.st_dev)) : 0;
}

#endif
