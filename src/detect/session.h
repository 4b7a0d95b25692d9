/* SPDX-License-Identifier: MIT */
#pragma once
/* session.h - which lines belong together, and how did it end?
 *
 * Events that caught the same <SESSION> share what one of them knows (carry), and a session that
 * ends without what satisfies it is an event of its own. It ends at an event that closes it, or
 * SESSION_SILENCE seconds after its last one; time is that of the events, also where their stamps
 * are behind the clock (a time zone that is told wrongly, a log that comes late) or go back for an
 * hour (the end of summer time). When all SESSIONS_MAX places are taken, the session heard of
 * longest ago is forgotten, without an event. What is open can be kept elsewhere, by its changes,
 * and come back. Memory is taken by sessions_new() and touched as it is used. Pure. */
#include "base/attr.h"
#include "base/names.h"
#include "detect/event.h"

enum {
	SESSIONS_MAX = 16384,
	SESSION_SILENCE = 600,
	SESSION_ACCOUNT_KEPT = 128, /* bytes of an account that are carried */
	SESSION_TEXT_KEPT = 256,    /* bytes of the last line */
	SESSION_DIGEST = 16,
};

enum session_field {
	SESSION_ADDRESS = 1 << 0,
	SESSION_ACCOUNT = 1 << 1,
	SESSION_SERVICE = 1 << 2,
	SESSION_COUNT = 1 << 3,
};

struct session_types {
	const uint16_t *at;
	size_t n;
};

/* What a filter's [session] says. */
struct session_rule {
	struct session_types opens; /* none: every event of a session does */
	struct session_types closes, satisfied;
	uint16_t otherwise; /* type of the event of one that ends unsatisfied; NAMES_NONE: none */
	unsigned carry;     /* bits of session_field */
};

/* An open one, as it is kept. The texts are the table's until the next sessions_add(). */
struct session_kept {
	uint32_t place; /* below SESSIONS_MAX; one that is opened later may take it */
	uint64_t heard; /* ascends with each line of a session */
	uint8_t digest[SESSION_DIGEST];
	instant last;
	struct addr addr;
	uint16_t service, count;
	bool opened, satisfied;
	struct str account, text;
};

struct sessions;

/* The rule is borrowed. -ENOMEM. */
NODISCARD int sessions_new(const struct session_rule *rule, struct sessions **ret);
struct sessions *sessions_free(struct sessions *s);
DEFINE_FREEP(struct sessions, sessions_free)

/* Fills what the event lacks and its session knows; borrowed until the next sessions_add(). */
void sessions_carry(const struct sessions *s, struct event *e);
/* Would the event, carried already, close a session that is not satisfied? *ret is the event of
 * that, with the texts of `e`; valid until the next sessions_add(). */
bool sessions_ends_badly(const struct sessions *s, const struct event *e, struct event *ret);
/* Takes the event, carried already, into its session. `arrival`: 0 or never when nobody knows. */
void sessions_add(struct sessions *s, const struct event *e, instant arrival);
/* The session that is silent for longest, if its silence was over at `time`: *ret is its event,
 * valid until the next sessions_add(); sessions_end() takes it out. Satisfied ones, and those
 * without `otherwise`, are taken out on the way. */
bool sessions_silent(struct sessions *s, instant time, struct event *ret);
void sessions_end(struct sessions *s);
/* The time of the last event; 0. And what stamps say, as far as that tells, when the clock says
 * `now`. */
instant sessions_time(const struct sessions *s);
duration sessions_lag(const struct sessions *s);
instant sessions_time_at(const struct sessions *s, instant now);
/* When, by the clock, the next silence is over; INSTANT_NEVER. */
instant sessions_deadline(const struct sessions *s);
/* Goes on with the open sessions of the other one, under its own rule. Services are found in `now`
 * by the names they had `before`; NULL: the numbers are the same. */
void sessions_inherit(struct sessions *s, struct sessions *other, const struct names *before,
		      const struct names *now);
/* Did anything change since sessions_were_kept()? Walks the places of kept ones where none is open
 * now, and those that are open and changed, or `all`; cursor 0 begins. */
bool sessions_changed(const struct sessions *s);
bool sessions_each_ended(const struct sessions *s, uint32_t *cursor, uint32_t *ret_place);
bool sessions_each(const struct sessions *s, bool all, uint32_t *cursor, struct session_kept *ret);
void sessions_were_kept(struct sessions *s);
/* Takes an open one that was kept, in the order of `heard`; it may get another place. And how
 * stamps were. */
void sessions_recall(struct sessions *s, const struct session_kept *kept);
void sessions_recall_time(struct sessions *s, instant time, duration lag);
/* Forgotten for lack of room. */
uint64_t sessions_evicted(const struct sessions *s);
/* The field of that name ("address", "addr", "account", "user", "service", "count"), or 0. */
unsigned session_field_find(struct str name);
/* Name number i, NULL past the end. */
const char *session_field_name(size_t i);
