/* SPDX-License-Identifier: MIT */
/* known.c - has this account logged in from there, and has anybody?
 *
 * Both questions are asked of one hash table: the key is a share (address and account), or the
 * address alone. All entries stand in one list in the order in which they were heard of. */
#include "policy/known.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define NONE UINT32_MAX

struct login {
	instant latest, told;
	uint32_t before, after; /* entries heard of earlier and later */
};

struct known {
	struct table *slots;
	struct login *logins;
	uint32_t first, last;
};

int known_new(uint32_t capacity, const uint8_t seed[static TABLE_SEED_SIZE], struct known **ret)
{
	CLEANUP(known_freep) struct known *k = calloc(1, sizeof(*k));
	int r;

	if (!k) {
		return -ENOMEM;
	}
	k->first = NONE;
	k->last = NONE;
	r = table_new(capacity, sizeof(struct subject), seed, &k->slots);
	if (r < 0) {
		return r;
	}
	k->logins = calloc(capacity, sizeof(*k->logins));
	if (!k->logins) {
		return -ENOMEM;
	}
	*ret = TAKE(k);
	return 0;
}

struct known *known_free(struct known *k)
{
	if (k) {
		table_free(k->slots);
		free(k->logins);
		free(k);
	}
	return NULL;
}

static void unlink_login(struct known *k, uint32_t slot)
{
	const struct login *l = &k->logins[slot];

	*(l->before != NONE ? &k->logins[l->before].after : &k->first) = l->after;
	*(l->after != NONE ? &k->logins[l->after].before : &k->last) = l->before;
}

static void link_login(struct known *k, uint32_t slot)
{
	k->logins[slot].before = k->last;
	k->logins[slot].after = NONE;
	*(k->last != NONE ? &k->logins[k->last].after : &k->first) = slot;
	k->last = slot;
}

/* The entry, now the one heard of last; *ret_added says whether it is new. */
static struct login *hear(struct known *k, const struct subject *who, bool *ret_added)
{
	uint32_t slot = table_add(k->slots, who, ret_added);

	if (slot == TABLE_NONE) {
		uint32_t oldest = k->first;

		unlink_login(k, oldest);
		table_remove(k->slots, oldest);
		slot = table_add(k->slots, who, ret_added);
		assert(slot != TABLE_NONE);
	}
	if (!*ret_added) {
		unlink_login(k, slot);
	}
	link_login(k, slot);
	return &k->logins[slot];
}

static void add(struct known *k, const struct subject *who, instant at, duration pause,
		bool *ret_tell)
{
	bool added;
	struct login *l = hear(k, who, &added);

	l->latest = added ? at : instant_max(l->latest, at);
	*ret_tell = added || instant_since(at, l->told).us >= pause.us;
	if (*ret_tell) {
		l->told = at;
	}
}

bool known_add(struct known *k, const struct prefix *address, const struct account_id *account,
	       instant at, duration pause)
{
	const struct subject anybody = subject_of_prefix(address);
	const struct subject one = subject_of_share(address, account);
	bool tell;

	add(k, &anybody, at, pause, &tell);
	add(k, &one, at, pause, &tell);
	return tell;
}

bool known_has(const struct known *k, const struct prefix *address,
	       const struct account_id *account, instant at, duration memory)
{
	const struct subject who = account ? subject_of_share(address, account)
					   : subject_of_prefix(address);
	uint32_t slot = table_find(k->slots, &who);

	return slot != TABLE_NONE && instant_since(at, k->logins[slot].latest).us < memory.us;
}

uint32_t known_count(const struct known *k)
{
	return table_count(k->slots);
}
