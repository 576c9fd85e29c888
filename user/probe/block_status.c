// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "probe/block_internal.h"

int block_status_error(uint32_t status)
{
	/* include/linux/blk_types.h and blk_errors[] in block/blk-core.c */
	static const int errors[] = { 0,	-EOPNOTSUPP, -ETIMEDOUT, -ENOSPC,
				      -ENOLINK, -EREMOTEIO,  -EBADE,	 -ENODATA,
				      -EILSEQ,	-ENOMEM,     -EIO };

	return status < sizeof(errors) / sizeof(errors[0]) ? errors[status] : -EIO;
}
