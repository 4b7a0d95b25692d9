/* SPDX-License-Identifier: MIT */
/* arena.c - memory that is freed in one stroke.
 *
 * A chain of chunks, each twice as large as the one before up to CHUNK_MAX; pieces are cut off the
 * front of the newest. A piece that is larger than a quarter of a chunk gets a chunk of its own,
 * put behind the newest, so the rest of the newest is not lost. Chunks come from calloc(): zeroed,
 * and large ones touched only as they are used. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_FIRST = 4096, CHUNK_MAX = 256 * 1024 };

struct chunk {
	struct chunk *older;
	size_t used, cap;
	alignas(max_align_t) unsigned char bytes[];
};

struct arena {
	struct chunk *newest;
	size_t next_cap, size;
};

static struct chunk *chunk_new(struct arena *a, size_t cap)
{
	struct chunk *c;

	if (cap > SIZE_MAX / 2) {
		return NULL;
	}
	c = calloc(1, sizeof(*c) + cap);
	if (c) {
		c->cap = cap;
		a->size += sizeof(*c) + cap;
	}
	return c;
}

static void *chunk_cut(struct chunk *c, size_t n)
{
	void *p = c->bytes + c->used;

	c->used += n;
	return p;
}

struct arena *arena_new(void)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a) {
		a->next_cap = CHUNK_FIRST;
		a->size = sizeof(*a);
	}
	return a;
}

struct arena *arena_free(struct arena *a)
{
	if (!a) {
		return NULL;
	}
	for (struct chunk *c = a->newest, *older; c; c = older) {
		older = c->older;
		free(c);
	}
	free(a);
	return NULL;
}

static void *cut_own_chunk(struct arena *a, size_t n)
{
	struct chunk *c = chunk_new(a, n);

	if (!c) {
		return NULL;
	}
	if (a->newest) {
		c->older = a->newest->older;
		a->newest->older = c;
	} else {
		a->newest = c;
	}
	return chunk_cut(c, n);
}

void *arena_alloc(struct arena *a, size_t n, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct chunk *c;
	size_t total;

	if (__builtin_mul_overflow(n, size, &total) || total > SIZE_MAX / 2) {
		return NULL;
	}
	total = total > 0 ? (total + align - 1) / align * align : align;
	if (a->newest && a->newest->cap - a->newest->used >= total) {
		return chunk_cut(a->newest, total);
	}
	if (total > a->next_cap / 4) {
		return cut_own_chunk(a, total);
	}
	c = chunk_new(a, a->next_cap);
	if (!c) {
		return NULL;
	}
	c->older = a->newest;
	a->newest = c;
	if (a->next_cap < CHUNK_MAX) {
		a->next_cap *= 2;
	}
	return chunk_cut(c, total);
}

struct str arena_str(struct arena *a, struct str s)
{
	char *p = s.n < SIZE_MAX ? arena_alloc(a, s.n + 1, 1) : NULL;

	if (!p) {
		return STR_NONE;
	}
	if (s.n > 0) {
		memcpy(p, s.p, s.n);
	}
	return (struct str){ .p = p, .n = s.n };
}

size_t arena_size(const struct arena *a)
{
	return a->size;
}
