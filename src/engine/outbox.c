/* SPDX-License-Identifier: MIT */
/* outbox.c - what has come about since the last take.
 *
 * One buffer is enough: a batch is good until the next call that adds, so the box empties itself
 * only then. Texts go one behind the other into one pool; each batch begins at its start, so quiet
 * days touch little of it. */
#include "engine/outbox.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int outbox_init(struct outbox *o, const struct outbox_room *room)
{
	*o = (struct outbox){
		.room = *room,
		.events = calloc(room->events, sizeof(*o->events)),
		.decisions = calloc(room->decisions, sizeof(*o->decisions)),
		.evidence = calloc(room->evidence, sizeof(*o->evidence)),
		.texts = calloc(room->texts, 1),
	};
	if (!o->events || !o->decisions || !o->evidence || !o->texts) {
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

void outbox_event(struct outbox *o, uint64_t id, const struct event *event)
{
	struct counted *c = &o->events[o->used.events];

	assert(o->used.events < o->room.events);
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
