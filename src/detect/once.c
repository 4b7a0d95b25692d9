/* SPDX-License-Identifier: MIT */
/* once.c - has this event been told before, in other words?
 *
 * An event is known by 128 bits, SipHash twice under two keys. The keys are constants: a replay
 * must fold what the daemon folded. Whoever wants one of his failed logins to pass for another
 * would have to find two accounts that collide in all 128 bits. The table of digests forgets in the
 * order in which it learnt. */
#include "detect/once.h"

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
	uint16_t type, service;
	uint32_t family;
};

_Static_assert(sizeof(struct view) == 64, "a gap would be hashed");

struct once {
	unsigned fields;
	struct table *table;       /* from digest to slot */
	instant at[ONCE_KEYS];     /* by slot: when it was added */
	uint32_t order[ONCE_KEYS]; /* slots in the order of their adding */
	size_t next;               /* the oldest of them, once all are in use */
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

static struct digest digest_of(const void *bytes, size_t n)
{
	return (struct digest){ { siphash(bytes, n, KEYS[0]), siphash(bytes, n, KEYS[1]) } };
}

static struct digest digest_of_event(unsigned fields, const struct event *e)
{
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
	v.type = fields & ONCE_TYPE ? e->type : 0;
	v.service = fields & ONCE_SERVICE ? e->service : 0;
	return digest_of(&v, sizeof(v));
}

static bool is_near(instant a, instant b)
{
	int64_t us = instant_since(instant_max(a, b), instant_min(a, b)).us;

	return us <= seconds(ONCE_SECONDS).us;
}

bool once_has(const struct once *o, const struct event *e)
{
	const struct digest key = digest_of_event(o->fields, e);
	uint32_t slot = table_find(o->table, &key);

	return slot != TABLE_NONE && is_near(o->at[slot], e->time);
}

void once_add(struct once *o, const struct event *e)
{
	const struct digest key = digest_of_event(o->fields, e);
	uint32_t slot = table_find(o->table, &key);
	bool added;

	if (slot == TABLE_NONE) {
		if (table_count(o->table) == ONCE_KEYS) {
			table_remove(o->table, o->order[o->next]);
		}
		slot = table_add(o->table, &key, &added);
		o->order[o->next] = slot;
		o->next = (o->next + 1) % ONCE_KEYS;
	}
	o->at[slot] = e->time;
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
