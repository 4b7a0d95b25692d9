/* SPDX-License-Identifier: MIT */
#pragma once
/* kernel_plan.h - what should our nft table look like?
 *
 * The table as text in nft's own language, and the names of its sets. Pure: nft.h brings it to the
 * kernel.
 *
 *   prerouting: lo passes; what somebody else began, what belongs to no connection and what is not
 *               tracked goes to `bans` (direction = both: everything); neighbour discovery passes
 *   bans:       never-block passes, then one rule (reject: two) for each set and protocol, all that
 *               drop before all that reject: where two bans hold a packet, drop wins */
#include "base/buf.h"
#include "base/netset.h"
#include "policy/scope.h"

/* Sizes with the NUL; elements in one set. */
enum { KERNEL_NAME_MAX = 32, KERNEL_TABLE_MAX = 64, KERNEL_SET_SIZE = 4194304 };

struct kernel_plan {
	const char *table; /* "ipsd" */
	const struct scope *scopes;
	size_t n_scopes;
	const struct netset *never_block;
	bool both, counters;
};

/* One set: the prefixes of one length that one scope bans. */
struct kernel_set {
	uint16_t scope; /* number in the plan */
	uint8_t family; /* 4 or 6 */
	uint8_t len;
};

/* -EINVAL: a table's or scope's name that nft would not take. -EEXIST: two scopes whose sets would
 * have the same names. */
NODISCARD int kernel_plan_check(const struct kernel_plan *plan);
/* The name of a set: `all4_32`, `mail6_64`; nft wants a letter or `_` first, so that of a scope
 * `25` is `_254_32`. */
void kernel_set_name(const struct scope *scope, uint8_t family, uint8_t len,
		     char out[static KERNEL_NAME_MAX]);
/* Which set of the plan has this name. False: none, for example that of a scope that was removed.
 */
bool kernel_set_parse(const struct kernel_plan *plan, struct str name, struct kernel_set *ret);
/* Whether kernel_set_name() gives this name to a set of some scope, be it of another plan. */
bool kernel_set_is_of_some_plan(struct str name);
/* Appends the commands that make table, chains, rules, the never-block sets and these sets; what
 * is there stays, rules and never-block are replaced. */
void kernel_plan_write(const struct kernel_plan *plan, const struct kernel_set *sets, size_t n,
		       struct buf *out);
/* Appends those for the sets and the chain `bans` alone. */
void kernel_plan_write_bans(const struct kernel_plan *plan, const struct kernel_set *sets, size_t n,
			    struct buf *out);
