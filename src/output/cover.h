/* SPDX-License-Identifier: MIT */
#pragma once
/* cover.h - which are the fewest prefixes that hold the same addresses?
 *
 * An nft interval set refuses entries that overlap, and people write lists that do. Pure; allocates
 * its answer. */
#include "base/netset.h"

/* The prefixes of one family (4 or 6) in ascending order, none overlapping another, no two that are
 * halves of one. *ret is free()d by the caller; NULL when there are none. -ENOMEM. */
NODISCARD int cover_of(const struct netset *s, uint8_t family, struct prefix **ret, size_t *ret_n);
