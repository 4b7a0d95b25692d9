/* SPDX-License-Identifier: MIT */
/* held.c - how many wishes stand in the kernel.
 *
 * base/table has a fixed capacity and touches memory all over it. Most hosts hold some hundreds of
 * bans, so it starts small, and when it is full one of twice the size takes its place. */
#include "output/held.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "sys/files.h"

enum { HELD_FIRST = 1024, HELD_MAX = 1 << 24 };

struct key {
	uint8_t family, len;
	uint16_t scope;
	uint8_t bytes[16];
};

_Static_assert(sizeof(struct key) == 20, "no padding, it is hashed");

struct held {
	struct table *table;
	uint32_t capacity;
	uint8_t seed[TABLE_SEED_SIZE];
};

static struct key key_of(const struct prefix *p, uint16_t scope)
{
	struct key k = { .family = p->addr.family, .len = p->len, .scope = scope };

	memcpy(k.bytes, p->addr.bytes, sizeof(k.bytes));
	return k;
}

int held_new(struct held **ret)
{
	struct held *h = calloc(1, sizeof(*h));
	int r;

	if (!h) {
		return -ENOMEM;
	}
	h->capacity = HELD_FIRST;
	files_random(h->seed, sizeof(h->seed));
	r = table_new(h->capacity, sizeof(struct key), h->seed, &h->table);
	if (r < 0) {
		return held_free(h), r;
	}
	*ret = h;
	return 0;
}

struct held *held_free(struct held *h)
{
	if (h) {
		table_free(h->table);
		free(h);
	}
	return NULL;
}

static bool grow(struct held *h)
{
	struct table *bigger;
	bool added;

	if (h->capacity >= HELD_MAX ||
	    table_new(h->capacity * 2, sizeof(struct key), h->seed, &bigger) < 0) {
		return false;
	}
	for (uint32_t slot = 0; slot < table_bound(h->table); slot++) {
		const void *key = table_key(h->table, slot);

		if (key) {
			(void)table_add(bigger, key, &added);
		}
	}
	table_free(h->table);
	h->table = bigger;
	h->capacity *= 2;
	return true;
}

void held_add(struct held *h, const struct prefix *p, uint16_t scope)
{
	struct key k = key_of(p, scope);
	bool added;

	if (table_add(h->table, &k, &added) == TABLE_NONE && grow(h)) {
		(void)table_add(h->table, &k, &added);
	}
}

void held_remove(struct held *h, const struct prefix *p, uint16_t scope)
{
	struct key k = key_of(p, scope);
	uint32_t slot = table_find(h->table, &k);

	if (slot != TABLE_NONE) {
		table_remove(h->table, slot);
	}
}

void held_forget(struct held *h, uint16_t scope)
{
	for (uint32_t slot = 0; slot < table_bound(h->table); slot++) {
		const struct key *key = table_key(h->table, slot);

		if (key && key->scope == scope) {
			table_remove(h->table, slot);
		}
	}
}

void held_clear(struct held *h)
{
	table_clear(h->table);
}

size_t held_count(const struct held *h)
{
	return table_count(h->table);
}
