/* SPDX-License-Identifier: MIT */
/* held.c - how many wishes stand in the kernel.
 *
 * The table has room for all bans that there can be, twice over: what is let in waits for its
 * answer while something else is blocked. Of that room only what is in use is touched. */
#include "output/held.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "sys/files.h"

enum { HELD_MAX = 4000000 };

struct key {
	uint8_t family, len;
	uint16_t scope;
	uint8_t bytes[16];
};

_Static_assert(sizeof(struct key) == 20, "no padding, it is hashed");

struct held {
	struct table *table;
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
	uint8_t seed[TABLE_SEED_SIZE];
	int r;

	if (!h) {
		return -ENOMEM;
	}
	files_random(seed, sizeof(seed));
	r = table_new(HELD_MAX, sizeof(struct key), seed, &h->table);
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

void held_add(struct held *h, const struct prefix *p, uint16_t scope)
{
	struct key k = key_of(p, scope);
	bool added;

	(void)table_add(h->table, &k, &added);
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
