/* SPDX-License-Identifier: MIT */
/* once.c - has this event been told before, in other words?
 *
 * An event is known by 128 bits, SipHash twice under two keys. The keys are constants: a replay
 * must fold what the daemon folded. Whoever wants one of his failed logins to pass for another
 * would have to find two accounts that collide in all 128 bits. For the same reason they can be
 * kept over a restart.
 *
 * The table of digests forgets in the order in which it learnt. As long as it has room it gives
 * places in ascending order, and a place that was freed at once again, so the places are a ring and
 * `next` is always the oldest. */
#include "detect/once.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"

static const uint8_t KEYS[2][TABLE_SEED_SIZE] = {
	{ 'o', 'n', 'c', 'e', ' ', 'i', 's', ' ', 'e', 'n', 'o', 'u', 'g', 'h', '.', '1' },
	{ 'o', 'n', 'c', 'e', ' ', 'i', 's', ' ', 'e', 'n', 'o', 'u', 'g', 'h', '.', '2' },
};

static const char *const NAMES[] = {
	"address", "service", "account", "stamp", "session", "type",
};

struct digest {
	uint64_t half[2];
};

/* What is looked at; what a filter does not name is 0. No gaps. */
struct view {
	uint8_t addr[16];
	struct digest account, session;
	int64_t time;
	uint64_t type, service;
	uint64_t family;
};

_Static_assert(sizeof(struct view) == 80, "a gap would be hashed");
_Static_assert(sizeof(struct digest) == ONCE_DIGEST, "as it is kept");

struct once {
	unsigned fields;
	const struct names *types, *services; /* NULL: numbers are as good */
	struct table *table;                  /* from digest to place */

	struct {
		instant time;
		uint64_t added;
		bool changed; /* since it was kept */
	} at[ONCE_KEYS];

	uint32_t next;  /* the oldest place, once all are in use */
	uint64_t added; /* the latest */
};

int once_new(unsigned fields, struct once **ret)
{
	CLEANUP(once_freep) struct once *o = calloc(1, sizeof(*o));
	int r;

	if (!o) {
		return -ENOMEM;
	}
	o->fields = fields;
	r = table_new(ONCE_KEYS, sizeof(struct digest), KEYS[0], &o->table);
	if (r < 0) {
		return r;
	}
	*ret = TAKE(o);
	return 0;
}

struct once *once_free(struct once *o)
{
	if (o) {
		o->table = table_free(o->table);
		free(o);
	}
	return NULL;
}

void once_name(struct once *o, const struct names *types, const struct names *services)
{
	o->types = types;
	o->services = services;
}

unsigned once_fields(const struct once *o)
{
	return o->fields;
}

static struct digest digest_of(const void *bytes, size_t n)
{
	return (struct digest){ { siphash(bytes, n, KEYS[0]), siphash(bytes, n, KEYS[1]) } };
}

static uint64_t word(const struct names *names, uint16_t number)
{
	struct str name = names ? names_at(names, number) : STR_NONE;

	return names ? siphash(name.p, name.n, KEYS[0]) : number;
}

static struct digest digest_of_event(const struct once *o, const struct event *e)
{
	unsigned fields = o->fields;
	struct view v = { .time = 0 };

	if (fields & ONCE_ADDRESS) {
		memcpy(v.addr, e->addr.bytes, sizeof(v.addr));
		v.family = e->addr.family;
	}
	if (fields & ONCE_ACCOUNT) {
		v.account = digest_of(e->account.p, e->account.n);
	}
	if (fields & ONCE_SESSION) {
		v.session = digest_of(e->session.p, e->session.n);
	}
	v.time = fields & ONCE_STAMP ? e->time.us : 0;
	v.type = fields & ONCE_TYPE ? word(o->types, e->type) : 0;
	v.service = fields & ONCE_SERVICE ? word(o->services, e->service) : 0;
	return digest_of(&v, sizeof(v));
}

static bool is_near(instant a, instant b)
{
	int64_t us = instant_since(instant_max(a, b), instant_min(a, b)).us;

	return us <= seconds(ONCE_SECONDS).us;
}

bool once_has(const struct once *o, const struct event *e)
{
	const struct digest key = digest_of_event(o, e);
	uint32_t place = table_find(o->table, &key);

	return place != TABLE_NONE && is_near(o->at[place].time, e->time);
}

static void add(struct once *o, const void *key, instant time, uint64_t added)
{
	uint32_t place = table_find(o->table, key);
	bool is_added;

	if (place == TABLE_NONE) {
		if (table_count(o->table) == ONCE_KEYS) {
			table_remove(o->table, o->next);
		}
		place = table_add(o->table, key, &is_added);
		assert(place == o->next);
		o->next = (o->next + 1) % ONCE_KEYS;
		o->added = added;
		o->at[place].added = added;
	}
	o->at[place].time = time;
	o->at[place].changed = true;
}

void once_add(struct once *o, const struct event *e)
{
	const struct digest key = digest_of_event(o, e);

	add(o, &key, e->time, o->added + 1);
}

/* ---- over a restart ---- */

bool once_each(const struct once *o, bool all, uint32_t *cursor, struct once_kept *ret)
{
	uint32_t n = table_count(o->table), place = *cursor;

	while (place < n && !all && !o->at[place].changed) {
		place++;
	}
	if (place >= n) {
		return false;
	}
	*ret = (struct once_kept){ .place = place,
				   .added = o->at[place].added,
				   .time = o->at[place].time };
	memcpy(ret->digest, table_key(o->table, place), sizeof(ret->digest));
	*cursor = place + 1;
	return true;
}

void once_was_kept(struct once *o)
{
	for (uint32_t place = 0; place < table_count(o->table); place++) {
		o->at[place].changed = false;
	}
}

void once_recall(struct once *o, const struct once_kept *kept)
{
	add(o, kept->digest, kept->time, kept->added);
}

const char *once_field_name(size_t i)
{
	return i < ARRAY_SIZE(NAMES) ? NAMES[i] : NULL;
}

unsigned once_field_find(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) {
		if (str_eq(name, str_of(NAMES[i]))) {
			return 1U << i;
		}
	}
	return 0;
}
