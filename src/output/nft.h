/* SPDX-License-Identifier: MIT */
#pragma once
/* nft.h - our table, its chains, rules and sets (libnftables). Elements are nft_elem.h's.
 *
 * The function names begin with `kernel_` because names that begin with nft_ are libnftables' own. Needs CAP_NET_ADMIN, in the network
 * namespace of the caller. */
#include "base/buf.h"
#include "engine/ruleset.h"

struct kernel_table; /* a libnftables context and what the table should be */

struct kernel_plan {
	const char *table; /* "ipsd" */
	const struct scope *scopes;
	size_t n_scopes;
	const struct netset *never_block;
	bool both, counters;
};

/* Opens the context (reads files: before any sandbox). -ENOMEM, -EPERM, -ENOTSUP. */
NODISCARD int kernel_table_new(const struct kernel_plan *plan, struct kernel_table **ret);
struct kernel_table *kernel_table_free(struct kernel_table *t);
DEFINE_FREEP(struct kernel_table, kernel_table_free)
/* Makes what is missing of table, chains, rules and sets; elements that are there stay. *error gets nft's own words on failure. */
NODISCARD int kernel_table_ensure(struct kernel_table *t, struct buf *error);
/* Makes sure that the set for this prefix length and scope exists and has its rule. 0: it was known; 1: made. */
NODISCARD int kernel_table_set(struct kernel_table *t, uint16_t scope, uint8_t family, uint8_t len, struct buf *error);
/* The name of that set: `all4_32`, `mail6_64`. */
void kernel_set_name(const struct scope *scope, uint8_t family, uint8_t len, char out[static 32]);
/* Removes the table of this name. 1: there was none. */
NODISCARD int kernel_table_teardown(const char *table, struct buf *error);
