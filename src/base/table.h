/* SPDX-License-Identifier: MIT */
#pragma once
/* table.h - a hash table of fixed capacity, keyed by bytes that an attacker may choose.
 *
 * Maps a key of `key_size` bytes to a slot number below `capacity`. The slot is the caller's index
 * into arrays of its own. SipHash-2-4 with a secret seed, open addressing; all memory is taken by
 * table_new(), in proportion to the capacity but touched only as it is used. Freed slots are handed
 * out again (the last freed first) before never-used ones (the lowest first). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define TABLE_SEED_SIZE 16
#define TABLE_NONE      UINT32_MAX

struct table;

/* -ENOMEM; -EINVAL when capacity is 0 or >= 2^31 or key_size is 0 or over 255. */
NODISCARD int table_new(uint32_t capacity, size_t key_size,
			const uint8_t seed[static TABLE_SEED_SIZE], struct table **ret);
struct table *table_free(struct table *t);
DEFINE_FREEP(struct table, table_free)
/* The slot of the key, or TABLE_NONE. */
uint32_t table_find(const struct table *t, const void *key);
/* The slot of the key, made when there was none (*ret_added says, always written). TABLE_NONE: the
 * key is new and the table is full. */
uint32_t table_add(struct table *t, const void *key, bool *ret_added);
/* Frees the slot. Removing an unused slot is a bug. */
void table_remove(struct table *t, uint32_t slot);
/* The key of a used slot, until that slot is removed; NULL for an unused one. */
const void *table_key(const struct table *t, uint32_t slot);
uint32_t table_count(const struct table *t);
/* One more than the highest slot ever used: the bound of a walk over all slots. */
uint32_t table_bound(const struct table *t);
void table_clear(struct table *t);

/* SipHash-2-4 of n bytes. */
uint64_t siphash(const void *bytes, size_t n, const uint8_t seed[static TABLE_SEED_SIZE]);
