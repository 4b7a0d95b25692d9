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
 * nobody knows what it had done.
 *
 * What is kept elsewhere is told by its changes. Whoever is heard of goes to the end of the list,
 * so the changed ones are the list from its end on, up to the first that was heard of before. Of
 * those that ended since, only the places that hold something elsewhere are noted, each once, so
 * there is always room. */
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

_Static_assert(sizeof(struct digest) == SESSION_DIGEST, "as it is kept");

struct session {
	instant last;          /* the stamp of its last line */
	uint64_t heard;        /* number of its last line */
	uint32_t older, newer; /* in the order of hearing */
	struct addr addr;
	uint16_t service, count, pattern;
	uint16_t n_account, n_text;
	bool opened, satisfied;
	bool is_kept; /* the place; elsewhere, and not among the ended */
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
	uint64_t heard, kept; /* number of the last line; when all was kept */
	uint32_t *ended;      /* kept places whose session has ended since */
	uint32_t n_ended;
	bool changed;
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
	s->ended = calloc(SESSIONS_MAX, sizeof(*s->ended));
	if (!s->at || !s->ended) {
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
		free(s->ended);
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
	if (s->at[slot].is_kept) {
		s->at[slot].is_kept = false;
		s->ended[s->n_ended++] = slot;
	}
	s->changed = true;
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

static void learn(struct sessions *s, struct session *it, const struct event *e)
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
	it->heard = ++s->heard;
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
	s->changed = true;
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
		.unsaid = true,
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

duration sessions_lag(const struct sessions *s)
{
	return s->lag;
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
void sessions_inherit(struct sessions *s, struct sessions *other, const struct names *before,
		      const struct names *now)
{
	const struct sessions swap = *s;

	*s = *other;
	s->rule = swap.rule;
	*other = swap;
	for (uint32_t slot = s->oldest; slot != TABLE_NONE; slot = s->at[slot].newer) {
		struct session *it = &s->at[slot];

		it->pattern = 0;
		if (before && now) {
			it->service = names_find(now, names_at(before, it->service));
		}
	}
}

/* ---- over a restart ---- */

bool sessions_changed(const struct sessions *s)
{
	return s->changed;
}

bool sessions_each_ended(const struct sessions *s, uint32_t *cursor, uint32_t *ret_place)
{
	while (*cursor < s->n_ended) {
		uint32_t place = s->ended[(*cursor)++];

		if (!table_key(s->slots, place)) {
			*ret_place = place;
			return true;
		}
	}
	return false;
}

bool sessions_each(const struct sessions *s, bool all, uint32_t *cursor, struct session_kept *ret)
{
	uint32_t slot = *cursor == 0 ? s->latest : s->at[*cursor - 1].older;
	const struct session *it;

	if (slot == TABLE_NONE || (!all && s->at[slot].heard <= s->kept)) {
		return false;
	}
	it = &s->at[slot];
	*ret = (struct session_kept){
		.place = slot,
		.heard = it->heard,
		.last = it->last,
		.addr = it->addr,
		.service = it->service,
		.count = it->count,
		.opened = it->opened,
		.satisfied = it->satisfied,
		.account = { it->account, it->n_account },
		.text = { it->text, it->n_text },
	};
	memcpy(ret->digest, table_key(s->slots, slot), sizeof(ret->digest));
	*cursor = slot + 1;
	return true;
}

void sessions_were_kept(struct sessions *s)
{
	for (uint32_t slot = s->latest; slot != TABLE_NONE && s->at[slot].heard > s->kept;
	     slot = s->at[slot].older) {
		s->at[slot].is_kept = true;
	}
	s->kept = s->heard;
	s->n_ended = 0;
	s->changed = false;
}

void sessions_recall(struct sessions *s, const struct session_kept *kept)
{
	struct digest key;
	struct session *it;

	memcpy(&key, kept->digest, sizeof(key));
	it = &s->at[slot_of(s, &key)];
	it->heard = ++s->heard;
	it->last = kept->last;
	it->addr = kept->addr;
	it->service = kept->service;
	it->count = kept->count;
	it->opened = kept->opened;
	it->satisfied = kept->satisfied;
	it->n_account = keep(it->account, sizeof(it->account), kept->account);
	it->n_text = keep(it->text, sizeof(it->text), kept->text);
	it->pattern = 0;
}

void sessions_recall_time(struct sessions *s, instant time, duration lag)
{
	s->time = time;
	s->lag = lag;
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
