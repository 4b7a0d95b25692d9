/* SPDX-License-Identifier: MIT */
/* hand_scopes.c - scopes that people name.
 *
 * The same ports and verdict give the same name, so scopes are compared by that. A number that
 * nothing uses any more is given away only when a new scope is wanted: until then its empty set in
 * the kernel harms nobody, and the next ban of these ports finds it. */
#include "engine/hand_scopes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct hand_scopes {
	struct ruleset *rules;
	size_t first; /* those before it are the jails' */

	struct {
		char name[SCOPE_NAME_MAX], label[SCOPE_LABEL_MAX];
		struct port_range ranges[SCOPE_RANGES_MAX];
	} at[SCOPES_MAX];
};

int hand_scopes_new(struct ruleset *rules, struct hand_scopes **ret)
{
	struct hand_scopes *h = calloc(1, sizeof(*h));

	if (!h) {
		return -ENOMEM;
	}
	h->rules = rules;
	h->first = rules->n_scopes;
	*ret = h;
	return 0;
}

struct hand_scopes *hand_scopes_free(struct hand_scopes *h)
{
	free(h);
	return NULL;
}

static bool find(const struct ruleset *r, struct str name, uint16_t *ret)
{
	for (uint16_t i = 0; i < r->n_scopes; i++) {
		if (str_eq(r->scopes[i].name, name)) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static void find_used(const struct bans *bans, bool ret_used[static SCOPES_MAX])
{
	uint32_t cursor = 0;
	const struct ban *ban;

	while ((ban = bans_each(bans, &cursor))) {
		if (ban->scope < SCOPES_MAX) {
			ret_used[ban->scope] = true;
		}
	}
}

/* The first number that nothing uses; SCOPES_MAX: there is none. Those at the end go altogether. */
static size_t take_number(struct hand_scopes *h, const struct bans *bans)
{
	bool used[SCOPES_MAX] = { false };
	size_t i = h->first;

	find_used(bans, used);
	while (h->rules->n_scopes > h->first && !used[h->rules->n_scopes - 1]) {
		h->rules->n_scopes--;
	}
	while (i < h->rules->n_scopes && used[i]) {
		i++;
	}
	return i;
}

static void put(struct hand_scopes *h, size_t i, const struct scope *wanted)
{
	memcpy(h->at[i].name, wanted->name.p, wanted->name.n);
	memcpy(h->at[i].label, wanted->label.p, wanted->label.n);
	for (size_t k = 0; k < wanted->n_ranges; k++) {
		h->at[i].ranges[k] = wanted->ranges[k];
	}
	h->rules->scopes[i] = (struct scope){
		.name = { .p = h->at[i].name, .n = wanted->name.n },
		.label = { .p = h->at[i].label, .n = wanted->label.n },
		.ranges = h->at[i].ranges,
		.n_ranges = wanted->n_ranges,
		.verdict = wanted->verdict,
	};
	if (i == h->rules->n_scopes) {
		h->rules->n_scopes++;
	}
}

static bool fits(const struct scope *wanted)
{
	return wanted->name.n <= SCOPE_NAME_MAX && wanted->label.n <= SCOPE_LABEL_MAX &&
	       wanted->n_ranges <= SCOPE_RANGES_MAX;
}

int hand_scopes_want(struct hand_scopes *h, const struct scope *wanted, const struct bans *bans,
		     uint16_t *ret)
{
	size_t i;

	if (find(h->rules, wanted->name, ret)) {
		return 0;
	}
	if (!fits(wanted)) {
		return -EINVAL;
	}
	i = take_number(h, bans);
	if (i == SCOPES_MAX) {
		return -ENOSPC;
	}
	put(h, i, wanted);
	*ret = (uint16_t)i;
	return 1;
}

void hand_scopes_carry(struct hand_scopes *h, const struct ruleset *from, const struct bans *bans)
{
	uint32_t cursor = 0;
	const struct ban *ban;
	uint16_t there;

	while ((ban = bans_each(bans, &cursor))) {
		const struct scope *scope = &from->scopes[ban->scope];

		if (ban->jail == JAIL_BY_HAND && !ban->ended && h->rules->n_scopes < SCOPES_MAX &&
		    fits(scope) && !find(h->rules, scope->name, &there)) {
			put(h, h->rules->n_scopes, scope);
		}
	}
}
