/* SPDX-License-Identifier: MIT */
#pragma once
/* other_sets.h - which sets of other nftables tables hold this address?
 *
 * Asks each set and map by its one key, so that no elements are listed: some ten microseconds a
 * set, whatever is in it. Sets without a name inside rules, and those whose key is more than an
 * address, are not asked. Needs CAP_NET_ADMIN. Bounded by a second and OTHER_SETS_MAX. */
#include "base/addr.h"
#include "base/str.h"

enum { OTHER_SETS_MAX = 1000 };

struct other_set {
	const char *family, *table, *name; /* live as long as the call back */
	bool is_map;
};

/* Calls back with each set that holds the address; tables of the name `ours` in family inet are not
 * looked at. 0: all were asked; 1: there was no time for all. -EPERM: no right; -ENOTSUP: no
 * nf_tables. */
NODISCARD int other_sets_find(struct str ours, const struct addr *address,
			      void (*fn)(void *arg, const struct other_set *set), void *arg);
