/* SPDX-License-Identifier: MIT */
/* The reading half of the store: what a restart needs back, and what people ask. Questions about
 * events walk ids backwards in slices that the caller chooses, because there is no index to jump
 * by; questions about bans use the index over their addresses. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output/store_db.h"
#include "sys/clock.h"

#define NAME_OF(column) "(SELECT name FROM names WHERE id = " column ")"
#define EVENT_COLUMNS                                                                              \
	"id, time, " NAME_OF("type") ", " NAME_OF("service") ", " NAME_OF("filter") ", " NAME_OF(  \
		"source") ", addr, account, data, text, count"
#define BAN_COLUMNS                                                                                \
	"id, kind, because, action, since, until, addr, len, " NAME_OF("jail") ", " NAME_OF(       \
		"scope") ", " NAME_OF("type") ", " NAME_OF("service") ", threshold, score, by, reason, ended, ended_because"

static const duration thirty_days = { .us = INT64_C(30) * 86400 * 1000000 };

bool store_addr(struct str bytes, struct addr *ret)
{
	*ret = (struct addr){ .family = bytes.n == 4 ? 4 : bytes.n == 16 ? 6 : 0 };
	if (ret->family) {
		memcpy(ret->bytes, bytes.p, bytes.n);
	}
	return ret->family != 0;
}

void store_range(const struct prefix *p, uint8_t low[static 16], uint8_t high[static 16],
		 struct str *ret_low, struct str *ret_high)
{
	size_t n = p->addr.family == 4 ? 4 : 16;

	for (size_t i = 0; i < n; i++) {
		unsigned bits = p->len >= 8 * (i + 1) ? 8
				: p->len > 8 * i      ? p->len - 8U * (unsigned)i
						      : 0;

		low[i] = p->addr.bytes[i];
		high[i] = (uint8_t)(p->addr.bytes[i] | (0xffU >> bits));
	}
	*ret_low = (struct str){ .p = (const char *)low, .n = n };
	*ret_high = (struct str){ .p = (const char *)high, .n = n };
}

int store_get(struct store *s, const char *key, struct buf *ret)
{
	struct sql_statement *st;
	int r = sql_prepare(s->sql, "SELECT value FROM meta WHERE key = ?", &st);

	if (r < 0) {
		return store_fail(s, r);
	}
	sql_bind_bytes(st, 1, str_of(key));
	r = sql_step(st);
	if (r == 1) {
		buf_add_str(ret, sql_bytes(st, 0));
	}
	sql_done(st);
	return store_fail(s, r);
}

int store_position(struct store *s, struct str path, struct position *ret)
{
	struct sql_statement *st;
	int r = sql_prepare(
		s->sql,
		"SELECT device, inode, offset, head, tail, head_n, tail_n FROM positions WHERE path = ?",
		&st);

	if (r < 0) {
		return store_fail(s, r);
	}
	sql_bind_bytes(st, 1, path);
	r = sql_step(st);
	if (r == 1) {
		*ret = (struct position){
			.device = (uint64_t)sql_int(st, 0),
			.inode = (uint64_t)sql_int(st, 1),
			.offset = (uint64_t)sql_int(st, 2),
			.head = (uint64_t)sql_int(st, 3),
			.tail = (uint64_t)sql_int(st, 4),
			.head_n = (uint32_t)sql_int(st, 5),
			.tail_n = (uint32_t)sql_int(st, 6),
		};
	}
	sql_done(st);
	return store_fail(s, r);
}

static void read_event(struct sql_statement *st, int first, struct stored_event *ret)
{
	*ret = (struct stored_event){
		.id = (uint64_t)sql_int(st, first),
		.time = { .us = sql_int(st, first + 1) },
		.type = sql_bytes(st, first + 2),
		.service = sql_bytes(st, first + 3),
		.filter = sql_bytes(st, first + 4),
		.source = sql_bytes(st, first + 5),
		.account = sql_bytes(st, first + 7),
		.data = sql_bytes(st, first + 8),
		.text = sql_bytes(st, first + 9),
		.count = (uint16_t)sql_int(st, first + 10),
	};
	(void)store_addr(sql_bytes(st, first + 6), &ret->addr);
}

/* Has an unban said that this event counts no more? */
static bool is_ignored(struct store *s, const struct stored_event *event)
{
	struct sql_statement *st;
	bool found = false;

	if (!event->addr.family ||
	    sql_prepare(s->sql,
			"SELECT addr, len FROM ignored WHERE up_to >= ? AND length(addr) = ?",
			&st) < 0) {
		return false;
	}
	sql_bind_int(st, 1, (int64_t)event->id);
	sql_bind_int(st, 2, event->addr.family == 4 ? 4 : 16);
	while (!found && sql_step(st) == 1) {
		struct prefix p = { .len = (uint8_t)sql_int(st, 1) },
			      host = prefix_of(&event->addr, 128);

		found = store_addr(sql_bytes(st, 0), &p.addr) && prefix_contains(&p, &host);
	}
	sql_done(st);
	return found;
}

int store_events(struct store *s, const struct prefix *subject, uint64_t before_id, size_t scan,
		 store_event_fn fn, void *arg, uint64_t *ret_next)
{
	struct sql_statement *st;
	size_t seen = 0;
	bool go_on = true;
	int r = sql_prepare(s->sql,
			    "SELECT " EVENT_COLUMNS
			    " FROM events WHERE id < ? ORDER BY id DESC LIMIT ?",
			    &st);

	if (r < 0) {
		return store_fail(s, r);
	}
	*ret_next = 0;
	sql_bind_int(st, 1, before_id && before_id < INT64_MAX ? (int64_t)before_id : INT64_MAX);
	sql_bind_int(st, 2, (int64_t)scan);
	while (go_on && (r = sql_step(st)) == 1) {
		struct stored_event event;
		struct addr addr;

		seen++;
		*ret_next = (uint64_t)sql_int(st, 0);
		if (subject) {
			struct prefix host;

			if (!store_addr(sql_bytes(st, 6), &addr)) {
				continue;
			}
			host = prefix_of(&addr, 128);
			if (!prefix_contains(subject, &host)) {
				continue;
			}
		}
		read_event(st, 0, &event);
		event.ignored = is_ignored(s, &event);
		go_on = fn(arg, &event);
	}
	sql_done(st);
	*ret_next = go_on && seen < scan ? 0 : *ret_next;
	return r < 0 ? store_fail(s, r) : 0;
}

int store_events_since(struct store *s, uint64_t after, size_t limit, store_event_fn fn, void *arg)
{
	struct sql_statement *st;
	struct stored_event event;
	int r = sql_prepare(s->sql,
			    "SELECT " EVENT_COLUMNS " FROM events WHERE id > ? ORDER BY id LIMIT ?",
			    &st);

	if (r < 0) {
		return store_fail(s, r);
	}
	sql_bind_int(st, 1, (int64_t)after);
	sql_bind_int(st, 2, (int64_t)limit);
	while ((r = sql_step(st)) == 1) {
		read_event(st, 0, &event);
		event.ignored = is_ignored(s, &event);
		if (!fn(arg, &event)) {
			break;
		}
	}
	sql_done(st);
	return r < 0 ? store_fail(s, r) : 0;
}

int store_evidence(struct store *s, uint64_t ban, store_event_fn fn, void *arg)
{
	struct sql_statement *st;
	struct stored_event event;
	int r = sql_prepare(
		s->sql,
		"SELECT event AS id, time, " NAME_OF("type") ", " NAME_OF("service") ", " NAME_OF(
			"filter") ", " NAME_OF("source") ", addr, account, data, text, count, points FROM evidence WHERE ban = ? ORDER BY time, event",
		&st);

	if (r < 0) {
		return store_fail(s, r);
	}
	sql_bind_int(st, 1, (int64_t)ban);
	while ((r = sql_step(st)) == 1) {
		read_event(st, 0, &event);
		event.points = sql_int(st, 11);
		event.ignored = is_ignored(s, &event);
		if (!fn(arg, &event)) {
			break;
		}
	}
	sql_done(st);
	return r < 0 ? store_fail(s, r) : 0;
}

static void read_ban(struct sql_statement *st, struct stored_ban *ret)
{
	struct decision *d = &ret->decision;

	*ret = (struct stored_ban){
		.jail = sql_bytes(st, 8),
		.scope = sql_bytes(st, 9),
		.type = sql_bytes(st, 10),
		.service = sql_bytes(st, 11),
		.ended = { .us = sql_is_null(st, 16) ? 0 : sql_int(st, 16) },
		.ended_because = (enum because)sql_int(st, 17),
	};
	*d = (struct decision){
		.ban = (uint64_t)sql_int(st, 0),
		.kind = (enum decision_kind)sql_int(st, 1),
		.because = (enum because)sql_int(st, 2),
		.action = (enum ban_action)sql_int(st, 3),
		.time = { .us = sql_int(st, 4) },
		.until = { .us = sql_int(st, 5) },
		.prefix.len = (uint8_t)sql_int(st, 7),
		.jail = ret->jail.n ? 0 : JAIL_BY_HAND,
		.threshold = (uint32_t)sql_int(st, 12),
		.score = sql_int(st, 13),
		.by = sql_bytes(st, 14),
		.reason = sql_bytes(st, 15),
	};
	(void)store_addr(sql_bytes(st, 6), &d->prefix.addr);
	if (!ret->jail.n) {
		ret->jail = STR("by hand");
	}
	/* The end of a spared or observed one is its time, nobody writes it. */
	if (!ret->ended.us && d->kind != DECISION_BAN && d->until.us <= clock_now().us) {
		ret->ended = d->until;
		ret->ended_because = BECAUSE_EXPIRED;
	}
}

/* Hands the rows of a bound statement to the callback. */
static int give_bans(struct store *s, struct sql_statement *st, const struct prefix *subject,
		     store_ban_fn fn, void *arg)
{
	struct stored_ban ban;
	int r;

	while ((r = sql_step(st)) == 1) {
		read_ban(st, &ban);
		if ((!subject || prefix_overlaps(subject, &ban.decision.prefix)) &&
		    !fn(arg, &ban)) {
			break;
		}
	}
	sql_done(st);
	return r < 0 ? store_fail(s, r) : 0;
}

int store_bans(struct store *s, const struct prefix *subject, uint64_t before_id, size_t limit,
	       store_ban_fn fn, void *arg)
{
	static const char all[] = "SELECT " BAN_COLUMNS
				  " FROM bans WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
	/* What is inside the subject lies in its range; what is around it has a length of its own
	 * for each of which the index is asked. */
	static const char some[] =
		"SELECT " BAN_COLUMNS
		" FROM bans WHERE id < ?1 AND (addr BETWEEN ?3 AND ?4 OR len < ?5) ORDER BY id DESC LIMIT ?2";
	uint8_t low[16], high[16];
	struct str first, last;
	struct sql_statement *st;
	int r = sql_prepare(s->sql, subject ? some : all, &st);

	if (r < 0) {
		return store_fail(s, r);
	}
	sql_bind_int(st, 1, before_id && before_id < INT64_MAX ? (int64_t)before_id : INT64_MAX);
	sql_bind_int(st, 2, (int64_t)limit);
	if (subject) {
		store_range(subject, low, high, &first, &last);
		sql_bind_bytes(st, 3, first);
		sql_bind_bytes(st, 4, last);
		sql_bind_int(st, 5, subject->len);
	}
	return give_bans(s, st, subject, fn, arg);
}

int store_bans_since(struct store *s, uint64_t after, size_t limit, store_ban_fn fn, void *arg)
{
	struct sql_statement *st;
	int r = sql_prepare(s->sql,
			    "SELECT " BAN_COLUMNS " FROM bans WHERE id > ? ORDER BY id LIMIT ?",
			    &st);

	if (r < 0) {
		return store_fail(s, r);
	}
	sql_bind_int(st, 1, (int64_t)after);
	sql_bind_int(st, 2, (int64_t)limit);
	return give_bans(s, st, NULL, fn, arg);
}

/* ---- the way back into the engine ---- */

static uint16_t find_scope(const struct ruleset *rules, struct str label)
{
	for (size_t i = 0; i < rules->n_scopes; i++) {
		if (str_eq(rules->scopes[i].label, label)) {
			return (uint16_t)i;
		}
	}
	return SCOPE_ALL;
}

struct recall {
	struct engine *engine;
	size_t dropped;
	int error;
};

static bool recall_ban(void *arg, const struct stored_ban *stored)
{
	struct recall *recall = arg;
	const struct ruleset *rules = engine_ruleset(recall->engine);
	const struct decision *d = &stored->decision;
	bool by_hand = d->jail == JAIL_BY_HAND;
	CLEANUP(buf_done) struct buf by = { 0 }, reason = { 0 };
	struct ban ban = {
		.id = d->ban,
		.kind = d->kind,
		.action = d->action,
		.because = d->because,
		.ended = stored->ended.us != 0,
		.prefix = d->prefix,
		.jail = by_hand ? (uint16_t)JAIL_BY_HAND : ruleset_jail(rules, stored->jail),
		.scope = find_scope(rules, stored->scope),
		.type = names_find(&rules->types, stored->type),
		.service = stored->service.n ? names_find(&rules->services, stored->service)
					     : (uint16_t)EVENT_SERVICE_NONE,
		.threshold = d->threshold,
		.score = d->score,
		.since = d->time,
		.until = stored->ended.us ? stored->ended : d->until,
	};

	if (!by_hand && ban.jail == JAIL_BY_HAND) {
		recall->dropped += !ban.ended;
		return true;
	}
	buf_add_str(&by, d->by);
	buf_add_str(&reason, d->reason);
	ban.by = by.n ? buf_text(&by) : NULL;
	ban.reason = reason.n ? buf_text(&reason) : NULL;
	if (stored->ended_because != BECAUSE_UNBAN) {
		recall->error = engine_recall_ban(recall->engine, &ban);
	}
	return recall->error >= 0;
}

static int recall_bans(struct store *s, struct recall *recall, instant now)
{
	struct sql_statement *st;
	int r = sql_prepare(s->sql,
			    "SELECT " BAN_COLUMNS
			    " FROM bans WHERE ended IS NULL OR since > ? ORDER BY id",
			    &st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, now.us - thirty_days.us);
	r = give_bans(s, st, NULL, recall_ban, recall);
	return r < 0 ? r : recall->error;
}

static bool recall_event(void *arg, const struct stored_event *stored)
{
	struct recall *recall = arg;
	const struct ruleset *rules = engine_ruleset(recall->engine);
	struct event event = {
		.time = stored->time,
		.type = names_find(&rules->types, stored->type),
		.service = stored->service.n ? names_find(&rules->services, stored->service)
					     : (uint16_t)EVENT_SERVICE_NONE,
		.filter = NAMES_NONE,
		.source = EVENT_SOURCE_NONE,
		.count = stored->count,
		.addr = stored->addr,
		.account = stored->account,
		.text = stored->text,
	};

	for (uint16_t i = 0; i < rules->n_filters; i++) {
		if (str_eq(rules->filters[i].name, stored->filter)) {
			event.filter = i;
		}
	}
	for (uint16_t i = 0; i < rules->n_sources; i++) {
		if (str_eq(rules->sources[i].text, stored->source)) {
			event.source = i;
		}
	}
	if (event.type != NAMES_NONE && event.filter != NAMES_NONE &&
	    event.source != EVENT_SOURCE_NONE && !stored->ignored) {
		engine_recall_event(recall->engine, stored->id, &event);
	}
	return true;
}

/* The id after which all events are newer than `oldest`, an hour's disorder allowed for: ids ascend
 * with time, so the id is searched for. */
static int64_t first_event_after(struct store *s, instant oldest)
{
	int64_t low = 0, high = 0, time;
	struct sql_statement *st;

	oldest.us -= INT64_C(3600) * 1000000;
	if (sql_number(s->sql, "SELECT max(id) FROM events", 0, &high) < 0 ||
	    sql_prepare(s->sql, "SELECT time FROM events WHERE id >= ? ORDER BY id LIMIT 1", &st) <
		    0) {
		return 0;
	}
	while (low < high) {
		int64_t middle = low + (high - low) / 2;

		sql_bind_int(st, 1, middle + 1);
		time = sql_step(st) == 1 ? sql_int(st, 0) : INT64_MAX;
		sql_done(st);
		if (time < oldest.us) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static duration longest_window(const struct ruleset *rules)
{
	duration longest = { 0 };

	for (size_t i = 0; i < rules->n_jails; i++) {
		longest.us = rules->jails[i].window.us > longest.us ? rules->jails[i].window.us
								    : longest.us;
	}
	return longest;
}

int store_recall(struct store *s, struct engine *e, instant now, size_t *ret_dropped)
{
	struct recall recall = { .engine = e };
	instant oldest = { .us = now.us - longest_window(engine_ruleset(e)).us };
	int64_t last_event, last_ban;
	int r = sql_number(s->sql, "SELECT max(id) FROM events", 0, &last_event);

	if (r >= 0) {
		r = sql_number(s->sql, "SELECT max(id) FROM bans", 0, &last_ban);
	}
	if (r >= 0) {
		r = store_events_since(s, (uint64_t)first_event_after(s, oldest), SIZE_MAX / 2,
				       recall_event, &recall);
	}
	if (r >= 0) {
		r = recall_bans(s, &recall, now);
	}
	if (r < 0) {
		return store_fail(s, r);
	}
	engine_recall_ids(e, (uint64_t)last_event, (uint64_t)last_ban);
	*ret_dropped = recall.dropped;
	return 0;
}
