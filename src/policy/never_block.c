/* SPDX-License-Identifier: MIT */
/* never_block.c - who is never banned?
 *
 * A keyed hash table finds the chain of entries on exactly one prefix; whether any entry of a
 * length exists is counted, so a question looks only at lengths in use. A host name has no prefix:
 * its key is a digest of the name under family 0, which no question asks for. Entries that end are
 * in a heap.
 *
 * Spared bans are counted by the hour, in a ring of 24 hours that is cleared as it is entered
 * again. */
#include "policy/never_block.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"

enum { LENGTHS = 129, HOURS = 24 };

#define NODE_NONE UINT32_MAX

static const int64_t hour_us = INT64_C(3600) * 1000000;

struct node {
	struct never_entry entry; /* the first member: a pointer to it is one to the node */
	char *texts;              /* what the entry's texts point into */
	uint32_t next;            /* in the chain of its prefix, or of free nodes */
	bool used;
	uint64_t round; /* of never_block_replace() that named it last */
	int64_t hour;   /* the newest of the ring */
	uint32_t spared[HOURS];
};

struct never_block {
	uint8_t seed[TABLE_SEED_SIZE];
	uint8_t host_v6;
	uint32_t capacity, bound, free, count;
	struct node *nodes;
	struct table *table; /* struct prefix -> slot */
	uint32_t *heads;     /* by slot: the first node of the chain */
	struct heap *ends;
	uint32_t lengths[2][LENGTHS]; /* entries of that family and length */
	uint64_t round, changes;
};

struct never_entry never_entry_of(enum never_from from, const struct prefix *prefix)
{
	return (struct never_entry){
		.from = from,
		.prefix = *prefix,
		.until = INSTANT_NEVER,
		.jail = NEVER_ANY_JAIL,
		.service = NEVER_ANY_SERVICE,
	};
}

bool never_entry_is_global(const struct never_entry *entry)
{
	return entry->jail == NEVER_ANY_JAIL && entry->service == NEVER_ANY_SERVICE;
}

bool never_entry_is_host(const struct never_entry *entry)
{
	return entry->prefix.addr.family == 0;
}

static bool is_same(const struct never_entry *a, const struct never_entry *b)
{
	return a->from == b->from && prefix_eq(&a->prefix, &b->prefix) && a->jail == b->jail &&
	       a->service == b->service && str_eq(a->text, b->text);
}

const char *never_from_word(enum never_from from)
{
	switch (from) {
	case NEVER_CONFIG: return "config";
	case NEVER_PRIVATE: return "private";
	case NEVER_BY_HAND: return "by-hand";
	case NEVER_HOST: return "host";
	case NEVER_OWN: return "own-address";
	case NEVER_RESOLVER: return "resolver";
	case NEVER_GATEWAY: return "gateway";
	case NEVER_SSH_PEER: return "ssh-peer";
	}
	return NULL;
}

int never_block_new(uint32_t capacity, uint8_t host_v6, const uint8_t seed[static TABLE_SEED_SIZE],
		    struct never_block **ret)
{
	CLEANUP(never_block_freep) struct never_block *nb = calloc(1, sizeof(*nb));
	int r;

	if (!nb) {
		return -ENOMEM;
	}
	nb->capacity = capacity;
	nb->host_v6 = host_v6;
	nb->free = NODE_NONE;
	memcpy(nb->seed, seed, sizeof(nb->seed));
	nb->nodes = calloc(capacity, sizeof(*nb->nodes));
	nb->heads = calloc(capacity, sizeof(*nb->heads));
	if (!nb->nodes || !nb->heads) {
		return -ENOMEM;
	}
	r = table_new(capacity, sizeof(struct prefix), seed, &nb->table);
	if (r == 0) {
		r = heap_new(capacity, &nb->ends);
	}
	if (r < 0) {
		return r;
	}
	*ret = TAKE(nb);
	return 0;
}

struct never_block *never_block_free(struct never_block *nb)
{
	if (!nb) {
		return NULL;
	}
	for (uint32_t i = 0; i < nb->bound; i++) {
		free(nb->nodes[i].texts);
	}
	table_free(nb->table);
	heap_free(nb->ends);
	free(nb->nodes);
	free(nb->heads);
	free(nb);
	return NULL;
}

static struct node *node_of(const struct never_block *nb, const struct never_entry *entry)
{
	size_t i = (size_t)((const struct node *)(const void *)entry - nb->nodes);

	assert(i < nb->bound && nb->nodes[i].used);
	return &nb->nodes[i];
}

static uint32_t index_of(const struct never_block *nb, const struct node *node)
{
	return (uint32_t)(node - nb->nodes);
}

static struct never_entry form_of(const struct never_block *nb, const struct never_entry *entry)
{
	struct never_entry form = *entry;

	if (form.prefix.addr.family == 6 && form.prefix.len > nb->host_v6 &&
	    !never_entry_is_global(entry)) {
		form.prefix = prefix_of(&form.prefix.addr, nb->host_v6);
	}
	return form;
}

static struct prefix key_of(const struct never_block *nb, const struct never_entry *entry)
{
	struct prefix key = entry->prefix;

	if (never_entry_is_host(entry)) {
		uint64_t digest = siphash(entry->text.p, entry->text.n, nb->seed);

		key = (struct prefix){ 0 };
		memcpy(key.addr.bytes, &digest, sizeof(digest));
	}
	return key;
}

static struct node *same(const struct never_block *nb, const struct never_entry *entry)
{
	const struct prefix key = key_of(nb, entry);
	uint32_t slot = table_find(nb->table, &key);
	uint32_t i = slot == TABLE_NONE ? NODE_NONE : nb->heads[slot];

	while (i != NODE_NONE && !is_same(&nb->nodes[i].entry, entry)) {
		i = nb->nodes[i].next;
	}
	return i == NODE_NONE ? NULL : &nb->nodes[i];
}

const struct never_entry *never_block_same(const struct never_block *nb,
					   const struct never_entry *entry)
{
	const struct never_entry form = form_of(nb, entry);
	const struct node *node = same(nb, &form);

	return node ? &node->entry : NULL;
}

static struct str copy(char **at, struct str text)
{
	struct str kept = { .p = *at, .n = text.n };

	if (text.n == 0) {
		return STR_NONE;
	}
	memcpy(*at, text.p, text.n);
	*at += text.n;
	return kept;
}

/* Writes the entry into the node, its texts copied. */
static int fill(struct never_block *nb, struct node *node, const struct never_entry *entry)
{
	size_t n = entry->file.n + entry->text.n + entry->reason.n + entry->by.n;
	char *texts = malloc(n > 0 ? n : 1), *at = texts;
	struct never_entry kept = *entry;

	if (!texts) {
		return -ENOMEM;
	}
	kept.file = copy(&at, entry->file);
	kept.text = copy(&at, entry->text);
	kept.reason = copy(&at, entry->reason);
	kept.by = copy(&at, entry->by);
	free(node->texts);
	node->texts = texts;
	node->entry = kept;
	node->round = nb->round;
	if (instant_is_never(kept.until)) {
		heap_remove(nb->ends, index_of(nb, node));
	} else {
		heap_set(nb->ends, index_of(nb, node), kept.until.us, index_of(nb, node));
	}
	return 0;
}

static struct node *free_node(struct never_block *nb)
{
	return nb->free != NODE_NONE ? &nb->nodes[nb->free]
				     : (nb->bound < nb->capacity ? &nb->nodes[nb->bound] : NULL);
}

static void count_in(struct never_block *nb, const struct never_entry *entry, bool in)
{
	nb->count += in ? 1 : UINT32_MAX;
	if (!never_entry_is_host(entry)) {
		nb->lengths[entry->prefix.addr.family == 6][entry->prefix.len] += in ? 1
										     : UINT32_MAX;
		nb->changes += never_entry_is_global(entry) ? 1 : 0;
	}
}

int never_block_put(struct never_block *nb, const struct never_entry *entry)
{
	const struct never_entry form = form_of(nb, entry);
	const struct prefix key = key_of(nb, &form);
	struct node *node = same(nb, &form);
	uint32_t slot, next;
	bool added;
	int r;

	if (node) {
		r = fill(nb, node, &form);
		return r < 0 ? r : NEVER_RENEWED;
	}
	node = free_node(nb);
	if (!node) {
		return -ENOSPC;
	}
	next = node->next;
	r = fill(nb, node, &form);
	if (r < 0) {
		return r;
	}
	if (index_of(nb, node) == nb->bound) {
		nb->bound++;
	} else {
		nb->free = next;
	}
	slot = table_add(nb->table, &key, &added);
	node->used = true;
	node->next = added ? NODE_NONE : nb->heads[slot];
	node->hour = INT64_C(-2) * HOURS;
	nb->heads[slot] = index_of(nb, node);
	count_in(nb, &node->entry, true);
	return NEVER_MADE;
}

static void unchain(struct never_block *nb, const struct node *node)
{
	const struct prefix key = key_of(nb, &node->entry);
	uint32_t slot = table_find(nb->table, &key), *link = &nb->heads[slot];

	while (*link != index_of(nb, node)) {
		link = &nb->nodes[*link].next;
	}
	*link = node->next;
	if (nb->heads[slot] == NODE_NONE) {
		table_remove(nb->table, slot);
	}
}

void never_block_remove(struct never_block *nb, const struct never_entry *entry)
{
	struct node *node = node_of(nb, entry);
	uint32_t i = index_of(nb, node);

	unchain(nb, node);
	heap_remove(nb->ends, i);
	count_in(nb, entry, false);
	free(node->texts);
	*node = (struct node){ .next = nb->free };
	nb->free = i;
}

int never_block_replace(struct never_block *nb, enum never_from from,
			const struct never_entry *entries, size_t n)
{
	nb->round++;
	for (size_t i = 0; i < n; i++) {
		int r;

		assert(entries[i].from == from);
		r = never_block_put(nb, &entries[i]);
		if (r < 0) {
			return r;
		}
	}
	for (uint32_t i = 0; i < nb->bound; i++) {
		struct node *node = &nb->nodes[i];

		if (node->used && node->entry.from == from && node->round != nb->round) {
			never_block_remove(nb, &node->entry);
		}
	}
	return 0;
}

/* Of several on one prefix: an entry for the jail first, then by origin. */
static unsigned rank(const struct never_entry *e)
{
	return (e->jail == NEVER_ANY_JAIL ? NEVER_FROM_COUNT : 0) + e->from;
}

/* The first of the chain that holds for everybody, or (`scoped`) for this jail or service only. */
static const struct never_entry *first(const struct never_block *nb, uint32_t i, bool scoped,
				       uint16_t jail, uint16_t service)
{
	const struct never_entry *found = NULL;

	for (; i != NODE_NONE; i = nb->nodes[i].next) {
		const struct never_entry *e = &nb->nodes[i].entry;
		bool holds = (e->jail == NEVER_ANY_JAIL || e->jail == jail) &&
			     (e->service == NEVER_ANY_SERVICE || e->service == service);

		if (holds && never_entry_is_global(e) != scoped &&
		    (!found || rank(e) < rank(found))) {
			found = e;
		}
	}
	return found;
}

const struct never_entry *never_block_find(const struct never_block *nb, const struct prefix *p,
					   uint16_t jail, uint16_t service)
{
	const struct never_entry *scoped = NULL;

	for (unsigned len = p->len + 1U; len-- > 0;) {
		const struct never_entry *found;
		struct prefix key;
		uint32_t slot;

		if (nb->lengths[p->addr.family == 6][len] == 0) {
			continue;
		}
		key = prefix_of(&p->addr, (uint8_t)len);
		slot = table_find(nb->table, &key);
		if (slot == TABLE_NONE) {
			continue;
		}
		found = first(nb, nb->heads[slot], false, jail, service);
		if (found) {
			return found;
		}
		scoped = scoped ? scoped : first(nb, nb->heads[slot], true, jail, service);
	}
	return scoped;
}

const struct never_entry *never_block_each(const struct never_block *nb, uint32_t *cursor)
{
	while (*cursor < nb->bound) {
		const struct node *node = &nb->nodes[(*cursor)++];

		if (node->used) {
			return &node->entry;
		}
	}
	return NULL;
}

uint32_t never_block_count(const struct never_block *nb)
{
	return nb->count;
}

instant never_block_next_end(const struct never_block *nb)
{
	uint32_t i = heap_top(nb->ends);

	return i == HEAP_NONE ? INSTANT_NEVER : (instant){ .us = heap_major(nb->ends, i) };
}

bool never_block_expire(struct never_block *nb, instant now)
{
	bool any = false;

	while (never_block_next_end(nb).us <= now.us && heap_top(nb->ends) != HEAP_NONE) {
		never_block_remove(nb, &nb->nodes[heap_top(nb->ends)].entry);
		any = true;
	}
	return any;
}

uint64_t never_block_changes(const struct never_block *nb)
{
	return nb->changes;
}

/* Hours before 1970 have a place, too. */
static uint32_t *hour_of(struct node *node, int64_t hour)
{
	return &node->spared[(hour % HOURS + HOURS) % HOURS];
}

void never_block_follow(struct never_block *nb, const struct never_block *other)
{
	nb->changes += other->changes + 1;
}

int never_block_holes(const struct never_block *nb, struct netset **ret)
{
	CLEANUP(netset_freep) struct netset *holes = netset_new();
	const struct never_entry *entry;
	uint32_t cursor = 0;

	while (holes && (entry = never_block_each(nb, &cursor))) {
		if (never_entry_is_global(entry) && !never_entry_is_host(entry) &&
		    netset_add(holes, &entry->prefix, 0) < 0) {
			return -ENOMEM;
		}
	}
	if (!holes) {
		return -ENOMEM;
	}
	netset_seal(holes);
	*ret = TAKE(holes);
	return 0;
}

void never_block_inherit(struct never_block *nb, const struct never_entry *entry,
			 const struct never_block *other, const struct never_entry *its)
{
	struct node *to = node_of(nb, entry);
	const struct node *from = node_of(other, its);

	to->hour = from->hour;
	memcpy(to->spared, from->spared, sizeof(to->spared));
}

void never_block_count_spared(struct never_block *nb, const struct never_entry *entry, instant at)
{
	struct node *node = node_of(nb, entry);
	int64_t hour = at.us / hour_us;

	if (hour <= node->hour - HOURS) {
		return;
	}
	if (node->hour < hour - HOURS) {
		node->hour = hour - HOURS;
	}
	while (node->hour < hour) {
		*hour_of(node, ++node->hour) = 0;
	}
	(*hour_of(node, hour))++;
}

uint32_t never_block_spared(const struct never_block *nb, const struct never_entry *entry,
			    instant now)
{
	struct node *node = node_of(nb, entry);
	int64_t hour = now.us / hour_us;
	uint32_t n = 0;

	for (int64_t h = hour - HOURS + 1; h <= hour; h++) {
		n += h <= node->hour && h > node->hour - HOURS ? *hour_of(node, h) : 0;
	}
	return n;
}
