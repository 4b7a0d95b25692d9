/* SPDX-License-Identifier: MIT */
/* What is written, as rows. An event's row has numbers of the table of names; evidence is copied
 * from the rows of the events, which come before the decisions. An event that has no row of its own
 * (unwritten.h) is evidence all the same, with what the decision says of it: the sum of the points
 * is that of the decision. */
#include <errno.h>

#include "output/store_db.h"
#include "output/store_known.h"

struct str store_addr_bytes(const struct addr *a)
{
	return (struct str){ .p = a->family ? (const char *)a->bytes : NULL,
			     .n = a->family == 4 ? 4 : 16 };
}

/* Binds the number of a name; what is not there binds 0. */
static int bind_name(struct store *s, struct sql_statement *st, int i, struct str name)
{
	int64_t id;
	int r = store_name(s, name, &id);

	sql_bind_int(st, i, id);
	return r;
}

int store_put_event(struct store *s, const struct ruleset *rules, const struct counted *c)
{
	const struct event *e = &c->event;
	struct str source = e->source < rules->n_sources ? rules->sources[e->source].text
							 : STR_NONE;
	struct sql_statement *st;
	int r = sql_prepare(
		s->sql,
		"INSERT OR REPLACE INTO events (id, time, type, service, filter, source, addr, count, account, data, text)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		&st);

	if (r < 0 || (r = bind_name(s, st, 3, names_at(&rules->types, e->type))) < 0 ||
	    (r = bind_name(s, st, 4, names_at(&rules->services, e->service))) < 0 ||
	    (r = bind_name(s, st, 5,
			   e->filter < rules->n_filters ? rules->filters[e->filter].name
							: STR_NONE)) < 0 ||
	    (r = bind_name(s, st, 6, source)) < 0) {
		return r;
	}
	sql_bind_int(st, 1, (int64_t)c->id);
	sql_bind_int(st, 2, e->time.us);
	sql_bind_bytes(st, 7, store_addr_bytes(&e->addr));
	sql_bind_int(st, 8, e->count);
	sql_bind_bytes(st, 9, e->account);
	sql_bind_bytes(st, 10, e->data);
	sql_bind_bytes(st, 11, e->text);
	r = sql_finish(st);
	if (r >= 0) {
		r = store_marks_note(s, c->id, e->time);
	}
	if (r >= 0 && e->type == EVENT_LOGIN && e->account.n > 0 && e->addr.family) {
		r = store_known_put(s, rules, e);
	}
	return r;
}

/* Of one event that counted more than once in the window, there is one row. */
#define EVIDENCE_AGAIN                                                                             \
	" ON CONFLICT DO UPDATE SET count = count + excluded.count,"                               \
	" points = points + excluded.points"

/* What the decision says of an event that has no row. */
static int put_bare_evidence(struct store *s, const struct ruleset *rules, const struct decision *d,
			     const struct evidence *e)
{
	struct sql_statement *st;
	int r = sql_prepare(
		s->sql,
		"INSERT INTO evidence VALUES (?, ?, ?, ?, 0, 0, 0, ?, ?, NULL, NULL, NULL, ?)" EVIDENCE_AGAIN,
		&st);

	if (r < 0 || (r = bind_name(s, st, 4, names_at(&rules->types, e->type))) < 0) {
		return r;
	}
	sql_bind_int(st, 1, (int64_t)d->ban);
	sql_bind_int(st, 2, (int64_t)e->event);
	sql_bind_int(st, 3, e->time.us);
	sql_bind_bytes(st, 5, store_addr_bytes(&d->prefix.addr));
	sql_bind_int(st, 6, e->count);
	sql_bind_int(st, 7, e->points);
	return sql_finish(st);
}

static int put_evidence(struct store *s, const struct ruleset *rules, const struct decision *d,
			const struct evidence *e)
{
	struct sql_statement *st;
	int r = sql_prepare(
		s->sql,
		"INSERT INTO evidence SELECT ?, id, time, type, service, filter, source, addr, ?, account,"
		" data, text, ? FROM events WHERE id = ?" EVIDENCE_AGAIN,
		&st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, (int64_t)d->ban);
	sql_bind_int(st, 2, e->count);
	sql_bind_int(st, 3, e->points);
	sql_bind_int(st, 4, (int64_t)e->event);
	r = sql_finish(st);
	return r >= 0 && sql_changes(s->sql) == 0 ? put_bare_evidence(s, rules, d, e) : r;
}

/* A decision that is written again (store_heal) has the same evidence, not twice as much. */
static int drop_evidence(struct store *s, uint64_t ban)
{
	struct sql_statement *st;
	int r = sql_prepare(s->sql, "DELETE FROM evidence WHERE ban = ?", &st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, (int64_t)ban);
	return sql_finish(st);
}

/* The lift's evidence is that of its heir, too. */
static int apply_heritage(struct store *s, const struct decision *d)
{
	struct sql_statement *st;
	int r = sql_prepare(
		s->sql,
		"INSERT OR REPLACE INTO evidence SELECT ?, event, time, type, service, filter, source, addr, count, account,"
		" data, text, points FROM evidence WHERE ban = ?",
		&st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, (int64_t)d->heir);
	sql_bind_int(st, 2, (int64_t)d->ban);
	return sql_finish(st);
}

static int apply_lift(struct store *s, const struct decision *d)
{
	struct sql_statement *st;
	int r = sql_prepare(s->sql, "UPDATE bans SET ended = ?, ended_because = ? WHERE id = ?",
			    &st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, d->time.us);
	sql_bind_int(st, 2, d->because);
	sql_bind_int(st, 3, (int64_t)d->ban);
	r = sql_finish(st);
	return r >= 0 && d->heir ? apply_heritage(s, d) : r;
}

int store_put_ban(struct store *s, const struct ruleset *rules, const struct decision *d)
{
	bool by_hand = d->jail == JAIL_BY_HAND;
	struct sql_statement *st;
	int r = sql_prepare(
		s->sql,
		"INSERT OR REPLACE INTO bans (id, kind, because, action, since, until, addr, len, jail, scope, type, service,"
		" threshold, score, by, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		&st);

	if (r < 0 ||
	    (r = bind_name(s, st, 9, by_hand ? STR_NONE : ruleset_jail_name(rules, d->jail))) < 0 ||
	    (r = bind_name(s, st, 10, rules->scopes[d->scope].label)) < 0 ||
	    (r = bind_name(s, st, 11, names_at(&rules->types, d->type))) < 0 ||
	    (r = bind_name(s, st, 12, names_at(&rules->services, d->service))) < 0) {
		return r;
	}
	sql_bind_int(st, 1, (int64_t)d->ban);
	sql_bind_int(st, 2, d->kind);
	sql_bind_int(st, 3, d->because);
	sql_bind_int(st, 4, d->action);
	sql_bind_int(st, 5, d->time.us);
	sql_bind_int(st, 6, d->until.us);
	sql_bind_bytes(st, 7, store_addr_bytes(&d->prefix.addr));
	sql_bind_int(st, 8, d->prefix.len);
	sql_bind_int(st, 13, d->threshold);
	sql_bind_int(st, 14, d->score);
	sql_bind_bytes(st, 15, d->by);
	sql_bind_bytes(st, 16, d->reason);
	r = sql_finish(st);
	if (r >= 0 && d->n_evidence > 0) {
		r = drop_evidence(s, d->ban);
	}
	for (size_t i = 0; r >= 0 && i < d->n_evidence; i++) {
		r = put_evidence(s, rules, d, &d->evidence[i]);
	}
	return r;
}

int store_put_decision(struct store *s, const struct ruleset *rules, const struct decision *d)
{
	return d->kind == DECISION_LIFT ? apply_lift(s, d) : store_put_ban(s, rules, d);
}

int store_put_setting(struct store *s, struct str key, struct str value)
{
	struct sql_statement *st;
	int r = sql_prepare(s->sql, "INSERT OR REPLACE INTO meta VALUES (?, ?)", &st);

	if (r < 0) {
		return r;
	}
	sql_bind_bytes(st, 1, key);
	sql_bind_bytes(st, 2, value);
	return sql_finish(st);
}

int store_put_position(struct store *s, struct str path, const struct position *p)
{
	struct sql_statement *st;
	int r = sql_prepare(s->sql,
			    "INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			    &st);

	if (r < 0) {
		return r;
	}
	sql_bind_bytes(st, 1, path);
	sql_bind_int(st, 2, (int64_t)p->device);
	sql_bind_int(st, 3, (int64_t)p->inode);
	sql_bind_int(st, 4, (int64_t)p->offset);
	sql_bind_int(st, 5, (int64_t)p->head);
	sql_bind_int(st, 6, (int64_t)p->tail);
	sql_bind_int(st, 7, p->head_n);
	sql_bind_int(st, 8, p->tail_n);
	return sql_finish(st);
}
