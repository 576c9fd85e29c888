// SPDX-License-Identifier: GPL-2.0-only
#include "model/share_loss.h"

const struct share_loss *share_losses__worst(const struct share_losses *losses,
					     enum share_table table)
{
	const struct share_loss *worst = NULL;

	for (size_t i = 0; i < losses->of.count; i++) {
		const struct share_loss *one = &losses->of.list[i];

		if (one->table == table && (!worst || one->lost > worst->lost))
			worst = one;
	}
	return worst;
}
