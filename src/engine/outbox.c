/* SPDX-License-Identifier: MIT */
/* outbox.c - what has come about since the last take.
 *
 * One buffer is enough: a batch is good until the next call that adds, so the box empties itself
 * only then. Texts go one behind the other into one pool; each batch begins at its start, so quiet
 * days touch little of it.
 *
 * In a flood, what one address does again and again within a second is one row with a count and the
 * first text: the same id in the windows, the same row in the database. The rows are found through
 * a table with one place for each hash; who comes later has it. A place may speak of a batch of
 * before: the row itself is compared. Windows that are filled from such rows have the same scores,
 * for types, accounts and addresses are the same in it; and what changes how events count, a login
 * that forgives, the end of a ban, parts the rows. Only times are less precise, by less than a
 * second. */
#include "engine/outbox.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FOLDS = 8192 };

static const int64_t second_us = 1000000;

int outbox_init(struct outbox *o, const struct outbox_room *room)
{
	*o = (struct outbox){
		.room = *room,
		.events = calloc(room->events, sizeof(*o->events)),
		.decisions = calloc(room->decisions, sizeof(*o->decisions)),
		.evidence = calloc(room->evidence, sizeof(*o->evidence)),
		.texts = calloc(room->texts, 1),
		.folds = calloc(FOLDS, sizeof(*o->folds)),
	};
	if (!o->folds || !o->events || !o->decisions || !o->evidence || !o->texts) {
		outbox_done(o);
		return -ENOMEM;
	}
	return 0;
}

void outbox_done(struct outbox *o)
{
	free(o->events);
	free(o->decisions);
	free(o->more);
	free(o->evidence);
	free(o->texts);
	free(o->folds);
	*o = (struct outbox){ 0 };
}

void outbox_begin(struct outbox *o)
{
	if (!o->taken) {
		return;
	}
	free(o->more);
	o->more = NULL;
	o->n_more = 0;
	o->used = (struct outbox_room){ 0 };
	o->parted = 0;
	o->taken = false;
}

bool outbox_is_empty(const struct outbox *o)
{
	return o->used.events == 0 && o->used.decisions == 0;
}

size_t outbox_decisions_left(const struct outbox *o)
{
	return (o->more ? o->n_more : o->room.decisions) - o->used.decisions;
}

bool outbox_has(const struct outbox *o, const struct outbox_room *room)
{
	return o->room.events - o->used.events >= room->events &&
	       outbox_decisions_left(o) >= room->decisions &&
	       o->room.evidence - o->used.evidence >= room->evidence &&
	       o->room.texts - o->used.texts >= room->texts;
}

bool outbox_is_half_full(const struct outbox *o)
{
	const struct outbox_room half = {
		.events = o->room.events / 2,
		.decisions = o->room.decisions / 2,
		.evidence = o->room.evidence / 2,
		.texts = o->room.texts / 2,
	};

	return !o->taken && !outbox_has(o, &half);
}

int outbox_reserve(struct outbox *o, size_t n)
{
	assert(o->used.decisions == 0);
	if (n <= outbox_decisions_left(o)) {
		return 0;
	}
	free(o->more);
	o->more = calloc(n, sizeof(*o->more));
	o->n_more = o->more ? n : 0;
	return o->more ? 0 : -ENOMEM;
}

struct str outbox_text(struct outbox *o, struct str text, size_t max)
{
	struct str kept = { .p = o->texts + o->used.texts, .n = text.n < max ? text.n : max };

	assert(kept.n <= o->room.texts - o->used.texts);
	if (kept.n > 0) {
		memcpy(o->texts + o->used.texts, text.p, kept.n);
	}
	o->used.texts += kept.n;
	return kept;
}

/* A login makes its address known at its time, and a ban that is an event is one of a kind. */
static bool is_foldable(const struct event *e)
{
	return e->type != EVENT_LOGIN && e->type != EVENT_BANNED && e->addr.family != 0;
}

static uint32_t *fold_place(const struct outbox *o, const struct event *e)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ e->type ^ (uint64_t)e->source << 16 ^
		     (uint64_t)(e->time.us / second_us) << 32;

	for (size_t i = 0; i < sizeof(e->addr.bytes); i++) {
		h = (h ^ e->addr.bytes[i]) * UINT64_C(0x100000001b3);
	}
	for (size_t i = 0; i < e->account.n && i < EVENT_ACCOUNT_KEPT; i++) {
		h = (h ^ (unsigned char)e->account.p[i]) * UINT64_C(0x100000001b3);
	}
	return &o->folds[(h ^ h >> 32) % FOLDS];
}

static bool says_the_same(const struct event *a, const struct event *b)
{
	return a->type == b->type && a->service == b->service && a->filter == b->filter &&
	       a->source == b->source && a->time.us / second_us == b->time.us / second_us &&
	       addr_eq(&a->addr, &b->addr) && str_eq(a->account, b->account) &&
	       str_eq(a->data, b->data);
}

uint64_t outbox_fold(struct outbox *o, const struct event *event)
{
	struct counted *c;
	size_t row;

	if (o->used.events < OUTBOX_FLOOD || !is_foldable(event)) {
		return 0;
	}
	row = *fold_place(o, event);
	if (row < OUTBOX_FLOOD || row < o->parted || row >= o->used.events) {
		return 0;
	}
	c = &o->events[row];
	if (!says_the_same(&c->event, event) || c->event.count + event->count > EVENT_COUNT_MAX) {
		return 0;
	}
	c->event.count = (uint16_t)(c->event.count + event->count);
	return c->id;
}

void outbox_part(struct outbox *o)
{
	o->parted = o->used.events;
}

void outbox_event(struct outbox *o, uint64_t id, const struct event *event)
{
	struct counted *c = &o->events[o->used.events];

	assert(o->used.events < o->room.events);
	if (o->used.events >= OUTBOX_FLOOD && id != 0) {
		*fold_place(o, event) = (uint32_t)o->used.events;
	}
	o->used.events++;
	c->id = id;
	c->event = *event;
	c->event.account = outbox_text(o, event->account, EVENT_ACCOUNT_KEPT);
	c->event.session = outbox_text(o, event->session, EVENT_ACCOUNT_KEPT);
	c->event.data = outbox_text(o, event->data, EVENT_ACCOUNT_KEPT);
	c->event.text = outbox_text(o, event->text, EVENT_TEXT_KEPT);
}

static struct decision *decisions(struct outbox *o)
{
	return o->more ? o->more : o->decisions;
}

void outbox_decision(struct outbox *o, const struct decision *decision)
{
	struct decision *d = &decisions(o)[o->used.decisions];

	assert(outbox_decisions_left(o) > 0);
	assert(decision->n_evidence <= o->room.evidence - o->used.evidence);
	o->used.decisions++;
	*d = *decision;
	d->evidence = NULL;
	if (d->n_evidence > 0) {
		struct evidence *to = o->evidence + o->used.evidence;

		memcpy(to, decision->evidence, d->n_evidence * sizeof(*to));
		d->evidence = to;
		o->used.evidence += d->n_evidence;
	}
}

struct decision *outbox_decisions(struct outbox *o, size_t *ret_n)
{
	*ret_n = o->used.decisions;
	return decisions(o);
}

struct batch outbox_take(struct outbox *o)
{
	if (o->taken) {
		return (struct batch){ 0 };
	}
	o->taken = true;
	return (struct batch){
		.events = o->events,
		.n_events = o->used.events,
		.decisions = decisions(o),
		.n_decisions = o->used.decisions,
	};
}
