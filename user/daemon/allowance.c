// SPDX-License-Identifier: GPL-2.0-only
#include "daemon/allowance.h"

#include "base/units.h"

bool allowance__has(struct allowance *allowance, uint64_t now_ns, double per_s)
{
	double seconds = (double)(now_ns - allowance->begin_ns) / (double)NSEC_PER_SEC;

	if (!allowance->begin_ns || seconds > ALLOWANCE_S)
		seconds = ALLOWANCE_S;
	allowance->begin_ns = now_ns;
	allowance->left_ns += seconds * per_s;
	if (allowance->left_ns > ALLOWANCE_S * per_s)
		allowance->left_ns = ALLOWANCE_S * per_s;
	return allowance->left_ns > 0;
}

void allowance__spend(struct allowance *allowance, uint64_t ns)
{
	allowance->left_ns -= (double)ns;
}
