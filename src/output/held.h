/* SPDX-License-Identifier: MIT */
#pragma once
/* held.h - how many wishes stand in the kernel, by what was answered?
 *
 * A set of (prefix, scope). Bounded by twice as many bans as there can be; what is beyond is not
 * counted. Allocates in held_new(). */
#include "base/addr.h"

struct held;

/* -ENOMEM. */
NODISCARD int held_new(struct held **ret);
struct held *held_free(struct held *h);
void held_add(struct held *h, const struct prefix *p, uint16_t scope);
void held_remove(struct held *h, const struct prefix *p, uint16_t scope);
/* Forgets all of one scope. */
void held_forget(struct held *h, uint16_t scope);
void held_clear(struct held *h);
size_t held_count(const struct held *h);
