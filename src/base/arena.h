/* SPDX-License-Identifier: MIT */
#pragma once
/* arena.h - memory that is freed in one stroke: what a ruleset is made of.
 *
 * Memory comes zeroed and aligned for any type. Nothing is freed before arena_free(). */
#include "base/attr.h"
#include "base/str.h"

struct arena;

/* NULL without memory. */
struct arena *arena_new(void);
struct arena *arena_free(struct arena *a);
DEFINE_FREEP(struct arena, arena_free)
/* NULL without memory or when n * size overflows. n * size == 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t n, size_t size);
/* A copy, followed by a NUL that is not counted. The str is STR_NONE without memory (s.n > 0
 * tells). */
struct str arena_str(struct arena *a, struct str s);
/* Bytes taken from the system so far. */
size_t arena_size(const struct arena *a);
