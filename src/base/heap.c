/* SPDX-License-Identifier: MIT */
/* heap.c - a binary heap with removal from the middle.
 *
 * The nodes carry their keys, so sifting reads only the node array; `where` says for each item at
 * which node it stands. A node on its way is held in hand and written once, at the end. */
#include "base/heap.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct node {
	int64_t major;
	uint64_t minor;
	uint32_t item;
};

struct heap {
	uint32_t capacity, count;
	struct node *nodes;
	uint32_t *where; /* node number + 1; 0: not in */
};

int heap_new(uint32_t capacity, struct heap **ret)
{
	CLEANUP(heap_freep) struct heap *h = NULL;

	if (capacity == 0) {
		return -EINVAL;
	}
	h = calloc(1, sizeof(*h));
	if (!h) {
		return -ENOMEM;
	}
	h->capacity = capacity;
	h->nodes = calloc(capacity, sizeof(*h->nodes));
	h->where = calloc(capacity, sizeof(*h->where));
	if (!h->nodes || !h->where) {
		return -ENOMEM;
	}
	*ret = TAKE(h);
	return 0;
}

struct heap *heap_free(struct heap *h)
{
	if (h) {
		free(h->nodes);
		free(h->where);
		free(h);
	}
	return NULL;
}

static bool is_less(const struct node *a, const struct node *b)
{
	return a->major < b->major || (a->major == b->major && a->minor < b->minor);
}

static void put(struct heap *h, uint32_t at, struct node node)
{
	h->nodes[at] = node;
	h->where[node.item] = at + 1;
}

static void sift_up(struct heap *h, uint32_t at, struct node node)
{
	while (at > 0) {
		uint32_t parent = (at - 1) / 2;

		if (!is_less(&node, &h->nodes[parent])) {
			break;
		}
		put(h, at, h->nodes[parent]);
		at = parent;
	}
	put(h, at, node);
}

static void sift_down(struct heap *h, uint32_t at, struct node node)
{
	for (;;) {
		uint64_t child = 2 * (uint64_t)at + 1;

		if (child >= h->count) {
			break;
		}
		if (child + 1 < h->count && is_less(&h->nodes[child + 1], &h->nodes[child])) {
			child++;
		}
		if (!is_less(&h->nodes[child], &node)) {
			break;
		}
		put(h, at, h->nodes[child]);
		at = (uint32_t)child;
	}
	put(h, at, node);
}

static void settle(struct heap *h, uint32_t at, struct node node)
{
	if (at > 0 && is_less(&node, &h->nodes[(at - 1) / 2])) {
		sift_up(h, at, node);
	} else {
		sift_down(h, at, node);
	}
}

void heap_set(struct heap *h, uint32_t item, int64_t major, uint64_t minor)
{
	const struct node node = { .major = major, .minor = minor, .item = item };

	assert(item < h->capacity);
	if (h->where[item] != 0) {
		settle(h, h->where[item] - 1, node);
	} else {
		sift_up(h, h->count++, node);
	}
}

void heap_remove(struct heap *h, uint32_t item)
{
	uint32_t at;

	if (!heap_has(h, item)) {
		return;
	}
	at = h->where[item] - 1;
	h->where[item] = 0;
	h->count--;
	if (at < h->count) {
		settle(h, at, h->nodes[h->count]);
	}
}

bool heap_has(const struct heap *h, uint32_t item)
{
	return item < h->capacity && h->where[item] != 0;
}

uint32_t heap_top(const struct heap *h)
{
	return h->count > 0 ? h->nodes[0].item : HEAP_NONE;
}

int64_t heap_major(const struct heap *h, uint32_t item)
{
	assert(heap_has(h, item));
	return h->nodes[h->where[item] - 1].major;
}

uint32_t heap_count(const struct heap *h)
{
	return h->count;
}
