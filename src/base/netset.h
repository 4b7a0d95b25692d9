/* SPDX-License-Identifier: MIT */
#pragma once
/* netset.h - is this prefix inside one of those? A set of prefixes, each with a 32-bit tag.
 *
 * Built by adds, then sealed; a look-up asks one hash-free binary search per prefix length in use.
 * The same prefix may be added twice: the first tag stays. Bounded by memory only: for lists that
 * people write. */
#include "base/addr.h"

struct netset;

/* NULL without memory. */
struct netset *netset_new(void);
struct netset *netset_free(struct netset *s);
DEFINE_FREEP(struct netset, netset_free)
/* -ENOMEM. */
NODISCARD int netset_add(struct netset *s, const struct prefix *p, uint32_t tag);
/* Sorts; to be called after the last add and before any question. */
void netset_seal(struct netset *s);
/* The longest entry that contains `p` wholly, or NULL. *ret_tag (may be NULL) gets its tag. */
const struct prefix *netset_covering(const struct netset *s, const struct prefix *p,
				     uint32_t *ret_tag);
size_t netset_count(const struct netset *s);
/* Entry number i in order of prefix_cmp(). */
const struct prefix *netset_at(const struct netset *s, size_t i, uint32_t *ret_tag);
