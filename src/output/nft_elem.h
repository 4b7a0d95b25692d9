/* SPDX-License-Identifier: MIT */
#pragma once
/* nft_elem.h - put prefixes into the kernel's sets, take them out, ask for them (libnftnl, libmnl).
 *
 * One long-lived netlink socket; what a call costs depends on neither the size of the sets nor on
 * other people's rulesets. The names begin with `elements_` because nft_ is libnftables' own. Needs
 * CAP_NET_ADMIN. Blocks only as long as the kernel works. */
#include "base/addr.h"
#include "output/transact.h"

struct elements;

/* One question and its answer. */
struct element_state {
	char set[TRANSACT_SET_NAME];
	struct addr key;
	int error; /* 0 told; else negative errno */
	bool held;
	bool has_timeout;
	uint64_t left_ms;
	uint64_t packets, bytes; /* 0 without counters */
};

/* -EPERM: no CAP_NET_ADMIN here; -ENOTSUP: the kernel has no nf_tables; -ENOMEM. The table need not
 * stand. */
NODISCARD int elements_open(const char *table, struct elements **ret);
struct elements *elements_close(struct elements *e);
DEFINE_FREEP(struct elements, elements_close)
/* Brings the sets to the undecided wishes, in their order. Each wish's fate is in its `error`
 * (-ENOENT: no such set or table); a refused one keeps none of the others from being done. */
void elements_apply(struct elements *e, struct element_wish *wishes, size_t n);
/* Fills in the answers. */
void elements_ask(struct elements *e, struct element_state *states, size_t n);
/* Calls back with the name of each set of the table (those without a
 * name inside rules are not told of); none when there is no table. What the callback
 * returns below 0 ends it. */
NODISCARD int elements_each_set(struct elements *e, int (*fn)(void *arg, struct str name),
				void *arg);
/* Transactions that the kernel took. */
uint64_t elements_transactions(const struct elements *e);
