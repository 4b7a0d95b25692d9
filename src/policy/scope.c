/* SPDX-License-Identifier: MIT */
#include "policy/scope.h"

static bool has_range(const struct scope *s, const struct port_range *inner)
{
	for (size_t i = 0; i < s->n_ranges; i++) {
		const struct port_range *r = &s->ranges[i];

		if (r->proto == inner->proto && r->low <= inner->low && inner->high <= r->high) {
			return true;
		}
	}
	return false;
}

bool scope_covers(const struct scope *outer, const struct scope *inner)
{
	if (outer->n_ranges == 0) {
		return true;
	}
	for (size_t i = 0; i < inner->n_ranges; i++) {
		if (!has_range(outer, &inner->ranges[i])) {
			return false;
		}
	}
	return inner->n_ranges > 0;
}
