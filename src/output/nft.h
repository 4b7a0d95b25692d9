/* SPDX-License-Identifier: MIT */
#pragma once
/* nft.h - our table, its chains, rules and sets (libnftables). Elements are nft_elem.h's.
 *
 * The function names begin with `kernel_` because names that begin with nft_ are libnftables' own.
 * Needs CAP_NET_ADMIN, in the network namespace of the caller. Each call that reaches the kernel
 * first reads everybody's tables, chains and interval sets: milliseconds beside nothing, more
 * beside a big ruleset. Failures are negative errno, found from nft's words; -EIO when they are
 * unknown. */
#include "output/kernel_plan.h"

struct kernel_table; /* a libnftables context, what the table should be, and the sets in use */

/* Lets libnftables read its files (names of marks and the like, in /etc/iproute2) for the one table
 * that is made next: afterwards the process may be one that can open none. What fails here fails
 * again in kernel_table_new(). */
void kernel_table_prepare(void);
/* Opens the context, unless one is prepared. The plan's lists are borrowed for the life
 * of the table. -ENOMEM, -EINVAL, -EEXIST (kernel_plan_check()); -EPERM, -ENOTSUP: no nf_tables. */
NODISCARD int kernel_table_new(const struct kernel_plan *plan, struct kernel_table **ret);
struct kernel_table *kernel_table_free(struct kernel_table *t);
DEFINE_FREEP(struct kernel_table, kernel_table_free)
/* Tells of a set that stands in the kernel's table, before kernel_table_ensure(): it keeps its
 * elements and gets its rule; that of a scope which the plan does not know is removed, any other is
 * left alone. -ENOMEM. */
NODISCARD int kernel_table_adopt(struct kernel_table *t, struct str name);
/* Makes what is missing of table, chains, rules and sets; elements that are there stay. 1: the
 * table stood there in a shape that could not be kept and was made anew, without its elements.
 * *error gets nft's own words on failure. */
NODISCARD int kernel_table_ensure(struct kernel_table *t, struct buf *error);
/* Makes sure that the set for this prefix length and scope exists and has its rule. 0: it was
 * known; 1: made. */
NODISCARD int kernel_table_set(struct kernel_table *t, uint16_t scope, uint8_t family, uint8_t len,
			       struct buf *error);
/* Makes the table what another plan says, in one transaction: sets of scopes that both know keep
 * their elements, those of scopes that are gone are removed. 0, or 1 as kernel_table_ensure(). On
 * failure all is as it was. */
NODISCARD int kernel_table_replan(struct kernel_table *t, const struct kernel_plan *plan,
				  struct buf *error);
/* The sets in use. */
const struct kernel_set *kernel_table_sets(const struct kernel_table *t, size_t *ret_n);
/* Removes the sets with all their elements and makes empty ones. */
NODISCARD int kernel_table_empty(struct kernel_table *t, struct buf *error);
/* Would the kernel take this table with these sets? Nothing is changed. *error as above. */
NODISCARD int kernel_table_try(const struct kernel_plan *plan, const struct kernel_set *sets,
			       size_t n, struct buf *error);
/* Removes the table of this name. 1: there was none. */
NODISCARD int kernel_table_teardown(const char *table, struct buf *error);
