/* SPDX-License-Identifier: MIT */
#pragma once
/* names.h - small numbers for words that recur: event types, services.
 *
 * A list that only grows, in an arena; the number of a name is its place. At most NAMES_MAX names.
 * Look-up is linear: for tens of names that people wrote, at load time. */
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

enum { NAMES_MAX = 1024, NAMES_NONE = 0xffff };

struct names {
	struct str *at;
	uint16_t n, cap;
};

/* The number of the name, added (copied into the arena) when it is new. -ENOMEM, -ENOSPC. */
NODISCARD int names_add(struct names *names, struct arena *arena, struct str name, uint16_t *ret);
/* The number, or NAMES_NONE. */
uint16_t names_find(const struct names *names, struct str name);
/* The name of a number; an empty str for NAMES_NONE or one out of range. */
struct str names_at(const struct names *names, uint16_t number);
