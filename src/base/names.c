/* SPDX-License-Identifier: MIT */
/* names.c - small numbers for words that recur.
 *
 * The list doubles inside the arena; the outgrown one stays there until the arena goes, at most as
 * much again as the list itself. "Similar" means fewer edits than 4, or than 2 for short names,
 * where any two are alike. */
#include "base/names.h"

#include <errno.h>
#include <string.h>

static int names_grow(struct names *names, struct arena *arena)
{
	uint16_t cap = names->cap ? (uint16_t)(names->cap * 2) : 32;
	struct str *at = arena_alloc(arena, cap, sizeof(*at));

	if (!at) {
		return -ENOMEM;
	}
	if (names->n) {
		memcpy(at, names->at, names->n * sizeof(*at));
	}
	names->at = at;
	names->cap = cap;
	return 0;
}

int names_add(struct names *names, struct arena *arena, struct str name, uint16_t *ret)
{
	uint16_t known = names_find(names, name);
	struct str copy;
	int r;

	if (known != NAMES_NONE) {
		*ret = known;
		return 0;
	}
	if (names->n == NAMES_MAX) {
		return -ENOSPC;
	}
	if (names->n == names->cap) {
		r = names_grow(names, arena);
		if (r < 0) {
			return r;
		}
	}
	copy = arena_str(arena, name);
	if (!copy.p) {
		return -ENOMEM;
	}
	names->at[names->n] = copy;
	*ret = names->n++;
	return 0;
}

uint16_t names_find(const struct names *names, struct str name)
{
	for (uint16_t i = 0; i < names->n; i++) {
		if (str_eq(names->at[i], name)) {
			return i;
		}
	}
	return NAMES_NONE;
}

struct str names_at(const struct names *names, uint16_t number)
{
	return number < names->n ? names->at[number] : STR_NONE;
}
