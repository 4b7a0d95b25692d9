/* SPDX-License-Identifier: MIT */
/* session.c - which lines belong together, and how did it end?
 *
 * A session is known by 128 bits of its id, as events are in once.c. The places in use form a list
 * in the order in which they were heard of last: its head is the next to fall silent and the first
 * to be forgotten. Where stamps go back, that of the last line counts, for the session and for the
 * source: silence may then be found later, but nobody is silent because others were ahead.
 *
 * Between lines only the clock goes on. How far the last stamp was behind it is how far stamps are
 * behind it still; a log whose zone is an hour off would else end each session at once.
 *
 * Only one that was seen to open can end unsatisfied: of a session that began before the log did,
 * nobody knows what it had done. */
#include "detect/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/table.h"

static const uint8_t KEYS[2][TABLE_SEED_SIZE] = {
	{ 's', 'e', 's', 's', 'i', 'o', 'n', ' ', 'i', 's', ' ', 'k', 'e', 'y', '.', '1' },
	{ 's', 'e', 's', 's', 'i', 'o', 'n', ' ', 'i', 's', ' ', 'k', 'e', 'y', '.', '2' },
};

static const struct {
	const char *name;
	unsigned field;
} FIELDS[] = {
	{ "address", SESSION_ADDRESS }, { "addr", SESSION_ADDRESS },
	{ "account", SESSION_ACCOUNT }, { "user", SESSION_ACCOUNT },
	{ "service", SESSION_SERVICE }, { "count", SESSION_COUNT },
};

struct digest {
	uint64_t half[2];
};

struct session {
	instant last;          /* the stamp of its last line */
	uint32_t older, newer; /* in the order of hearing */
	struct addr addr;
	uint16_t service, count, pattern;
	uint16_t n_account, n_text;
	bool opened, satisfied;
	char account[SESSION_ACCOUNT_KEPT];
	char text[SESSION_TEXT_KEPT];
};

struct sessions {
	const struct session_rule *rule;
	struct table *slots;
	struct session *at;
	uint32_t oldest, latest; /* heard of longest ago, last */
	instant time;            /* of the last event */
	duration lag;            /* of stamps, behind the clock */
	uint64_t evicted;
};

int sessions_new(const struct session_rule *rule, struct sessions **ret)
{
	CLEANUP(sessions_freep) struct sessions *s = calloc(1, sizeof(*s));
	int r;

	if (!s) {
		return -ENOMEM;
	}
	s->rule = rule;
	s->oldest = TABLE_NONE;
	s->latest = TABLE_NONE;
	s->at = calloc(SESSIONS_MAX, sizeof(*s->at));
	if (!s->at) {
		return -ENOMEM;
	}
	r = table_new(SESSIONS_MAX, sizeof(struct digest), KEYS[0], &s->slots);
	if (r < 0) {
		return r;
	}
	*ret = TAKE(s);
	return 0;
}

struct sessions *sessions_free(struct sessions *s)
{
	if (s) {
		s->slots = table_free(s->slots);
		free(s->at);
		free(s);
	}
	return NULL;
}

static struct digest digest_of(struct str id)
{
	return (struct digest){ { siphash(id.p, id.n, KEYS[0]), siphash(id.p, id.n, KEYS[1]) } };
}

static bool is_among(const struct session_types *types, uint16_t type)
{
	for (size_t i = 0; i < types->n; i++) {
		if (types->at[i] == type) {
			return true;
		}
	}
	return false;
}

/* ---- the list ---- */

static void unlink_slot(struct sessions *s, uint32_t slot)
{
	const struct session *it = &s->at[slot];

	*(it->older != TABLE_NONE ? &s->at[it->older].newer : &s->oldest) = it->newer;
	*(it->newer != TABLE_NONE ? &s->at[it->newer].older : &s->latest) = it->older;
}

static void link_latest(struct sessions *s, uint32_t slot)
{
	s->at[slot].older = s->latest;
	s->at[slot].newer = TABLE_NONE;
	*(s->latest != TABLE_NONE ? &s->at[s->latest].newer : &s->oldest) = slot;
	s->latest = slot;
}

static void forget(struct sessions *s, uint32_t slot)
{
	unlink_slot(s, slot);
	table_remove(s->slots, slot);
}

static uint32_t slot_of(struct sessions *s, const struct digest *key)
{
	uint32_t slot = table_find(s->slots, key);
	bool added;

	if (slot != TABLE_NONE) {
		unlink_slot(s, slot);
		link_latest(s, slot);
		return slot;
	}
	if (table_count(s->slots) == SESSIONS_MAX) {
		forget(s, s->oldest);
		s->evicted++;
	}
	slot = table_add(s->slots, key, &added);
	s->at[slot].addr = (struct addr){ .family = 0 };
	s->at[slot].service = EVENT_SERVICE_NONE;
	s->at[slot].count = 1;
	s->at[slot].n_account = 0;
	s->at[slot].opened = false;
	s->at[slot].satisfied = false;
	link_latest(s, slot);
	return slot;
}

/* ---- what is shared ---- */

void sessions_carry(const struct sessions *s, struct event *e)
{
	const struct digest key = digest_of(e->session);
	uint32_t slot = e->session.n > 0 ? table_find(s->slots, &key) : TABLE_NONE;
	const struct session *it;

	if (slot == TABLE_NONE) {
		return;
	}
	it = &s->at[slot];
	if (s->rule->carry & SESSION_ADDRESS && e->addr.family == 0) {
		e->addr = it->addr;
	}
	if (s->rule->carry & SESSION_ACCOUNT && e->account.n == 0) {
		e->account = (struct str){ it->account, it->n_account };
	}
	if (s->rule->carry & SESSION_SERVICE && e->service == EVENT_SERVICE_NONE) {
		e->service = it->service;
	}
	if (s->rule->carry & SESSION_COUNT && e->count == 1) {
		e->count = it->count;
	}
}

static uint16_t keep(char *to, size_t max, struct str text)
{
	size_t n = text.n < max ? text.n : max;

	if (n > 0) {
		memmove(to, text.p, n);
	}
	return (uint16_t)n;
}

static bool opens(const struct session_rule *rule, const struct event *e)
{
	return rule->opens.n == 0 || is_among(&rule->opens, e->type);
}

static void learn(const struct sessions *s, struct session *it, const struct event *e)
{
	if (e->addr.family != 0) {
		it->addr = e->addr;
	}
	if (e->account.n > 0) {
		it->n_account = keep(it->account, sizeof(it->account), e->account);
	}
	if (e->service != EVENT_SERVICE_NONE) {
		it->service = e->service;
	}
	if (e->count > 1) {
		it->count = e->count;
	}
	it->n_text = keep(it->text, sizeof(it->text), e->text);
	it->pattern = e->pattern;
	it->last = e->time;
	it->opened = it->opened || opens(s->rule, e);
	it->satisfied = it->satisfied || is_among(&s->rule->satisfied, e->type);
}

/* ---- how it ends ---- */

bool sessions_ends_badly(const struct sessions *s, const struct event *e, struct event *ret)
{
	static const struct session unknown = { .service = EVENT_SERVICE_NONE };
	const struct digest key = digest_of(e->session);
	uint32_t slot = e->session.n > 0 ? table_find(s->slots, &key) : TABLE_NONE;
	const struct session *it = slot != TABLE_NONE ? &s->at[slot] : &unknown;

	if (e->session.n == 0 || s->rule->otherwise == NAMES_NONE ||
	    !is_among(&s->rule->closes, e->type) || !(it->opened || opens(s->rule, e)) ||
	    it->satisfied || is_among(&s->rule->satisfied, e->type)) {
		return false;
	}
	*ret = *e;
	ret->type = s->rule->otherwise;
	ret->count = 1;
	if (e->addr.family == 0) {
		ret->addr = it->addr;
	}
	if (e->service == EVENT_SERVICE_NONE) {
		ret->service = it->service;
	}
	if (e->account.n == 0) {
		ret->account = (struct str){ it->account, it->n_account };
	}
	return true;
}

void sessions_add(struct sessions *s, const struct event *e, instant arrival)
{
	const struct digest key = digest_of(e->session);
	bool is_known = arrival.us != 0 && !instant_is_never(arrival);
	uint32_t slot;

	s->time = e->time;
	s->lag = is_known ? instant_since(arrival, e->time) : seconds(0);
	if (e->session.n == 0) {
		return;
	}
	slot = slot_of(s, &key);
	learn(s, &s->at[slot], e);
	if (is_among(&s->rule->closes, e->type)) {
		forget(s, slot);
	}
}

static bool is_bad(const struct sessions *s, const struct session *it)
{
	return it->opened && !it->satisfied && s->rule->otherwise != NAMES_NONE;
}

static instant silent_at(const struct session *it)
{
	return instant_add(it->last, seconds(SESSION_SILENCE));
}

bool sessions_silent(struct sessions *s, instant time, struct event *ret)
{
	const struct session *it;

	for (;;) {
		if (s->oldest == TABLE_NONE) {
			return false;
		}
		it = &s->at[s->oldest];
		if (silent_at(it).us > time.us) {
			return false;
		}
		if (is_bad(s, it)) {
			break;
		}
		forget(s, s->oldest);
	}
	*ret = (struct event){
		.time = silent_at(it),
		.type = s->rule->otherwise,
		.service = it->service,
		.source = EVENT_SOURCE_NONE,
		.pattern = it->pattern,
		.count = 1,
		.addr = it->addr,
		.account = { it->account, it->n_account },
		.text = { it->text, it->n_text },
	};
	return true;
}

void sessions_end(struct sessions *s)
{
	forget(s, s->oldest);
}

instant sessions_time(const struct sessions *s)
{
	return s->time;
}

instant sessions_time_at(const struct sessions *s, instant now)
{
	return instant_add(now, (duration){ .us = -s->lag.us });
}

instant sessions_deadline(const struct sessions *s)
{
	return s->oldest != TABLE_NONE ? instant_add(silent_at(&s->at[s->oldest]), s->lag)
				       : INSTANT_NEVER;
}

/* The lines of before were found by other patterns. */
void sessions_inherit(struct sessions *s, struct sessions *other)
{
	const struct sessions swap = *s;

	*s = *other;
	s->rule = swap.rule;
	*other = swap;
	for (uint32_t slot = s->oldest; slot != TABLE_NONE; slot = s->at[slot].newer) {
		s->at[slot].pattern = 0;
	}
}

uint64_t sessions_evicted(const struct sessions *s)
{
	return s->evicted;
}

unsigned session_field_find(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(FIELDS); i++) {
		if (str_eq(name, str_of(FIELDS[i].name))) {
			return FIELDS[i].field;
		}
	}
	return 0;
}

const char *session_field_name(size_t i)
{
	return i < ARRAY_SIZE(FIELDS) ? FIELDS[i].name : NULL;
}
