/* SPDX-License-Identifier: MIT */
/* table.c - a hash table of fixed capacity.
 *
 * Two arrays: `keys` and `links` by slot, `index` by hash. The index has at least twice as many
 * places as there are entries, so at most half of it is in use and a probe looks at one or two
 * places on average. A place holds the slot and 32 bits of the hash: a probe reads a key only when
 * those agree, which is nearly always the key that was asked for.
 *
 * A hash touches the index all over, so only the front of it is used, which doubles in place when
 * it is half full. Each entry stays where it is or goes as far into the new half. They are taken
 * out and put back in the order in which they stand, beginning behind the last empty place: then
 * each finds room no further from its home than before, and none jumps over one that is still to
 * move.
 *
 * Removal leaves no tombstones: the entries behind the hole that may stand closer to their home are
 * moved up (Knuth 6.4, algorithm R). The stored hash tells their home, no key is hashed again.
 *
 * `links` tells used slots from free ones and chains the free ones. Freed slots are reused before
 * new ones are broken in, so a table that lives with few entries touches little memory, however
 * many come and go.
 *
 * The hash is SipHash-2-4 (Aumasson, Bernstein) because the keys come from attackers: without the
 * seed they cannot aim at one chain. */
#include "base/table.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINK_USED UINT32_MAX
#define LINK_END  (UINT32_MAX - 1)

enum { FIRST_MASK = 511 }; /* a page */

struct place {
	uint32_t slot_plus_1; /* 0: empty */
	uint32_t hash;
};

struct table {
	uint32_t capacity, count, bound;
	uint32_t first_free;
	uint32_t mask, last_mask; /* places in use - 1, in the end */
	size_t key_size;
	struct place *index;
	uint32_t *links;
	unsigned char *keys;
	uint8_t seed[TABLE_SEED_SIZE];
};

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t load(const unsigned char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return le64toh(word);
}

static inline uint64_t rotl(uint64_t x, unsigned bits)
{
	return (x << bits) | (x >> (64 - bits));
}

static inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v2 = rotl(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	sip_round(s);
	s->v0 ^= word;
}

uint64_t siphash(const void *bytes, size_t n, const uint8_t seed[static TABLE_SEED_SIZE])
{
	const unsigned char *p = bytes;
	const uint64_t k0 = load(seed), k1 = load(seed + 8);
	struct sip s = {
		.v0 = k0 ^ 0x736f6d6570736575,
		.v1 = k1 ^ 0x646f72616e646f6d,
		.v2 = k0 ^ 0x6c7967656e657261,
		.v3 = k1 ^ 0x7465646279746573,
	};
	size_t left = n;
	uint64_t last = (uint64_t)n << 56;

	for (; left >= 8; left -= 8, p += 8) {
		sip_word(&s, load(p));
	}
	for (size_t i = 0; i < left; i++) {
		last |= (uint64_t)p[i] << (8 * i);
	}
	sip_word(&s, last);
	s.v2 ^= 0xff;
	for (unsigned i = 0; i < 4; i++) {
		sip_round(&s);
	}
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

static unsigned char *key_at(const struct table *t, uint32_t slot)
{
	return t->keys + (size_t)slot * t->key_size;
}

static uint32_t hash_of(const struct table *t, const void *key)
{
	return (uint32_t)siphash(key, t->key_size, t->seed);
}

int table_new(uint32_t capacity, size_t key_size, const uint8_t seed[static TABLE_SEED_SIZE],
	      struct table **ret)
{
	CLEANUP(table_freep) struct table *t = NULL;
	uint64_t places = 2;

	if (capacity == 0 || capacity > INT32_MAX || key_size == 0 || key_size > UINT8_MAX) {
		return -EINVAL;
	}
	while (places < 2 * (uint64_t)capacity) {
		places *= 2;
	}
	t = calloc(1, sizeof(*t));
	if (!t) {
		return -ENOMEM;
	}
	t->capacity = capacity;
	t->first_free = LINK_END;
	t->last_mask = (uint32_t)(places - 1);
	t->mask = t->last_mask < FIRST_MASK ? t->last_mask : FIRST_MASK;
	t->key_size = key_size;
	memcpy(t->seed, seed, TABLE_SEED_SIZE);
	t->index = calloc(places, sizeof(*t->index));
	t->links = calloc(capacity, sizeof(*t->links));
	t->keys = calloc(capacity, key_size);
	if (!t->index || !t->links || !t->keys) {
		return -ENOMEM;
	}
	*ret = TAKE(t);
	return 0;
}

struct table *table_free(struct table *t)
{
	if (t) {
		free(t->index);
		free(t->links);
		free(t->keys);
		free(t);
	}
	return NULL;
}

/* The place of the key, or the empty one where it would go. */
static uint32_t place_of_key(const struct table *t, const void *key, uint32_t hash)
{
	uint32_t at = hash & t->mask;

	while (t->index[at].slot_plus_1 != 0) {
		if (t->index[at].hash == hash &&
		    memcmp(key_at(t, t->index[at].slot_plus_1 - 1), key, t->key_size) == 0) {
			break;
		}
		at = (at + 1) & t->mask;
	}
	return at;
}

static uint32_t place_of_slot(const struct table *t, uint32_t slot)
{
	uint32_t at = hash_of(t, key_at(t, slot)) & t->mask;

	while (t->index[at].slot_plus_1 != slot + 1) {
		at = (at + 1) & t->mask;
	}
	return at;
}

uint32_t table_find(const struct table *t, const void *key)
{
	uint32_t found = t->index[place_of_key(t, key, hash_of(t, key))].slot_plus_1;

	return found != 0 ? found - 1 : TABLE_NONE;
}

static uint32_t take_slot(struct table *t)
{
	uint32_t slot = t->first_free;

	if (slot != LINK_END) {
		t->first_free = t->links[slot];
	} else if (t->bound < t->capacity) {
		slot = t->bound++;
	} else {
		return TABLE_NONE;
	}
	t->links[slot] = LINK_USED;
	t->count++;
	return slot;
}

static void double_index(struct table *t)
{
	uint32_t old = t->mask, last_empty = old;

	while (t->index[last_empty].slot_plus_1 != 0) {
		last_empty--;
	}
	t->mask = 2 * old + 1;
	for (uint32_t i = 1; i <= old; i++) {
		uint32_t from = (last_empty + i) & old, to;
		const struct place place = t->index[from];

		if (place.slot_plus_1 == 0) {
			continue;
		}
		t->index[from] = (struct place){ 0 };
		for (to = place.hash & t->mask; t->index[to].slot_plus_1 != 0;) {
			to = (to + 1) & t->mask;
		}
		t->index[to] = place;
	}
}

uint32_t table_add(struct table *t, const void *key, bool *ret_added)
{
	uint32_t hash = hash_of(t, key);
	struct place *place = &t->index[place_of_key(t, key, hash)];
	uint32_t slot;

	*ret_added = false;
	if (place->slot_plus_1 != 0) {
		return place->slot_plus_1 - 1;
	}
	slot = take_slot(t);
	if (slot == TABLE_NONE) {
		return TABLE_NONE;
	}
	memcpy(key_at(t, slot), key, t->key_size);
	*place = (struct place){ .slot_plus_1 = slot + 1, .hash = hash };
	if (t->count > t->mask / 2 && t->mask < t->last_mask) {
		double_index(t);
	}
	*ret_added = true;
	return slot;
}

/* Closes the hole: an entry behind it moves in unless its home lies behind the hole. */
static void close_hole(struct table *t, uint32_t hole)
{
	uint32_t at = hole;

	for (;;) {
		at = (at + 1) & t->mask;
		if (t->index[at].slot_plus_1 == 0) {
			break;
		}
		if (((at - t->index[at].hash) & t->mask) >= ((at - hole) & t->mask)) {
			t->index[hole] = t->index[at];
			hole = at;
		}
	}
	t->index[hole] = (struct place){ 0 };
}

void table_remove(struct table *t, uint32_t slot)
{
	assert(slot < t->bound && t->links[slot] == LINK_USED);
	close_hole(t, place_of_slot(t, slot));
	t->links[slot] = t->first_free;
	t->first_free = slot;
	t->count--;
}

const void *table_key(const struct table *t, uint32_t slot)
{
	if (slot >= t->bound || t->links[slot] != LINK_USED) {
		return NULL;
	}
	return key_at(t, slot);
}

uint32_t table_count(const struct table *t)
{
	return t->count;
}

uint32_t table_bound(const struct table *t)
{
	return t->bound;
}

/* Many places are emptied at once, few one by one, for the index may be large. */
void table_clear(struct table *t)
{
	if (t->count > t->mask / 16) {
		memset(t->index, 0, ((size_t)t->mask + 1) * sizeof(*t->index));
	} else {
		for (uint32_t slot = 0; slot < t->bound; slot++) {
			if (t->links[slot] == LINK_USED) {
				t->index[place_of_slot(t, slot)] = (struct place){ 0 };
			}
		}
	}
	t->count = 0;
	t->bound = 0;
	t->first_free = LINK_END;
}
