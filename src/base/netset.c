/* SPDX-License-Identifier: MIT */
/* netset.c - a set of prefixes.
 *
 * One array, sorted by prefix_cmp(), and for each family the lengths that occur in it. The entry
 * that covers a prefix has the prefix's own first bits, so for each length in use, the longest
 * first, there is exactly one candidate to search for.
 *
 * In this order everything inside a prefix stands in one run that begins at the prefix itself: a
 * wider entry with the same bytes sorts before it, and any other wider entry begins outside of it.
 */
#include "base/netset.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NETSET_FIRST = 16, LENGTHS = 129 };

struct entry {
	struct prefix prefix;
	uint32_t tag;
	size_t turn; /* which add it came from: qsort() is not stable */
};

struct netset {
	struct entry *entries;
	size_t n, cap, turns;
	bool sealed;
	bool in_use[2][LENGTHS];
};

struct netset *netset_new(void)
{
	return calloc(1, sizeof(struct netset));
}

struct netset *netset_free(struct netset *s)
{
	if (s) {
		free(s->entries);
		free(s);
	}
	return NULL;
}

int netset_add(struct netset *s, const struct prefix *p, uint32_t tag)
{
	if (s->n == s->cap) {
		size_t cap = s->cap > 0 ? s->cap * 2 : NETSET_FIRST;
		struct entry *grown = reallocarray(s->entries, cap, sizeof(*grown));

		if (!grown) {
			return -ENOMEM;
		}
		s->entries = grown;
		s->cap = cap;
	}
	s->entries[s->n++] = (struct entry){ .prefix = *p, .tag = tag, .turn = s->turns++ };
	s->in_use[p->addr.family == 6][p->len] = true;
	s->sealed = false;
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int diff = prefix_cmp(&a->prefix, &b->prefix);

	return diff != 0 ? diff : (a->turn > b->turn) - (a->turn < b->turn);
}

void netset_seal(struct netset *s)
{
	size_t kept = 0;

	if (s->n > 0) {
		qsort(s->entries, s->n, sizeof(*s->entries), compare);
	}
	for (size_t i = 0; i < s->n; i++) {
		if (kept == 0 || !prefix_eq(&s->entries[kept - 1].prefix, &s->entries[i].prefix)) {
			s->entries[kept++] = s->entries[i];
		}
	}
	s->n = kept;
	s->sealed = true;
}

/* The number of the first entry that does not sort before `p`. */
static size_t lower_bound(const struct netset *s, const struct prefix *p)
{
	size_t from = 0, to = s->n;

	assert(s->sealed);
	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (prefix_cmp(&s->entries[middle].prefix, p) < 0) {
			from = middle + 1;
		} else {
			to = middle;
		}
	}
	return from;
}

const struct prefix *netset_covering(const struct netset *s, const struct prefix *p,
				     uint32_t *ret_tag)
{
	assert(s->sealed);
	for (unsigned len = p->len + 1U; len-- > 0;) {
		struct prefix wanted;
		size_t at;

		if (!s->in_use[p->addr.family == 6][len]) {
			continue;
		}
		wanted = prefix_of(&p->addr, (uint8_t)len);
		at = lower_bound(s, &wanted);
		if (at < s->n && prefix_eq(&s->entries[at].prefix, &wanted)) {
			if (ret_tag) {
				*ret_tag = s->entries[at].tag;
			}
			return &s->entries[at].prefix;
		}
	}
	return NULL;
}

size_t netset_count(const struct netset *s)
{
	return s->n;
}

const struct prefix *netset_at(const struct netset *s, size_t i, uint32_t *ret_tag)
{
	assert(s->sealed && i < s->n);
	if (ret_tag) {
		*ret_tag = s->entries[i].tag;
	}
	return &s->entries[i].prefix;
}
