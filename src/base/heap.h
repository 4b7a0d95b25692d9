/* SPDX-License-Identifier: MIT */
#pragma once
/* heap.h - which of these items has the lowest key? A binary heap of fixed capacity with removal
 * from the middle.
 *
 * Items are numbers below `capacity` (a table's slots), each in the heap at most once, ordered by
 * (major, minor) ascending. All memory is taken by heap_new(). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define HEAP_NONE UINT32_MAX

struct heap;

/* -ENOMEM; -EINVAL when capacity is 0. */
NODISCARD int heap_new(uint32_t capacity, struct heap **ret);
struct heap *heap_free(struct heap *h);
DEFINE_FREEP(struct heap, heap_free)
/* Puts the item in, or moves it if it is there already. An item beyond the capacity is a bug. */
void heap_set(struct heap *h, uint32_t item, int64_t major, uint64_t minor);
/* Takes the item out; nothing happens when it is not in. */
void heap_remove(struct heap *h, uint32_t item);
bool heap_has(const struct heap *h, uint32_t item);
/* The item with the lowest key, or HEAP_NONE. */
uint32_t heap_top(const struct heap *h);
/* The major key of an item that is in. */
int64_t heap_major(const struct heap *h, uint32_t item);
uint32_t heap_count(const struct heap *h);
