/* SPDX-License-Identifier: MIT */
/* unwritten.c - what could the database not take in yet?
 *
 * Memory is an arena that goes in one stroke when all has been written. While there is room every
 * event keeps its own row, so that a short trouble changes nothing. The index is made when the
 * room ends: it knows the latest row of each kind, and counts go there. An event whose row is full
 * (EVENT_COUNT_MAX) begins another one, which stands for as many again. */
#include "output/unwritten.h"

#include <stdlib.h>
#include <string.h>

enum { INDEX_SIZE = 1 << 19, ROWS_FIRST = 64, PROBES_MAX = 64 };

static const int64_t minute_us = 60000000;

_Static_assert(INDEX_SIZE > 4 * UNWRITTEN_EVENTS, "half empty at the hard bound");

void unwritten_init(struct unwritten *u)
{
	*u = (struct unwritten){ .limit = UNWRITTEN_EVENTS };
}

void unwritten_clear(struct unwritten *u)
{
	size_t limit = u->limit;

	for (size_t i = 0; i < u->n_notes; i++) {
		buf_done(&u->notes[i].key);
		buf_done(&u->notes[i].value);
	}
	arena_free(u->arena);
	free(u->items);
	free(u->notes);
	free(u->index);
	unwritten_init(u);
	u->limit = limit;
}

bool unwritten_is_empty(const struct unwritten *u)
{
	return u->n_items == 0 && u->n_notes == 0;
}

static bool is_tight(const struct unwritten *u)
{
	return u->rows >= u->limit || arena_size(u->arena) >= UNWRITTEN_BYTES / 2;
}

static bool is_full(const struct unwritten *u)
{
	return u->rows >= 2 * u->limit || arena_size(u->arena) >= UNWRITTEN_BYTES;
}

/* Room for one more. */
static bool grow(void **rows, size_t *cap, size_t n, size_t size)
{
	size_t more = *cap ? 2 * *cap : ROWS_FIRST;
	void *grown;

	if (n < *cap) {
		return true;
	}
	grown = reallocarray(*rows, more, size);
	if (!grown) {
		return false;
	}
	*rows = grown;
	*cap = more;
	return true;
}

static bool has_item(struct unwritten *u)
{
	void *items = u->items;
	bool grown = grow(&items, &u->items_cap, u->n_items, sizeof(*u->items));

	u->items = items;
	u->arena = u->arena ? u->arena : arena_new();
	if (!grown || !u->arena) {
		return false;
	}
	u->items[u->n_items] = (struct unwritten_item){ 0 };
	return true;
}

/* ---- events of a kind ---- */

static bool is_kind(const struct event *a, const struct event *b)
{
	return a->type == b->type && a->service == b->service && a->filter == b->filter &&
	       a->source == b->source && addr_eq(&a->addr, &b->addr);
}

static size_t kind_hash(const struct event *e)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ e->type ^ (uint64_t)e->service << 16 ^
		     (uint64_t)e->filter << 32 ^ (uint64_t)e->source << 48;

	for (size_t i = 0; i < sizeof(e->addr.bytes); i++) {
		h = (h ^ e->addr.bytes[i]) * UINT64_C(0x100000001b3);
	}
	return (size_t)(h ^ h >> 32) % INDEX_SIZE;
}

/* The place of the latest row of the kind, or an empty one; NULL: neither is near. */
static struct counted **place_of(const struct unwritten *u, const struct event *e)
{
	size_t at = kind_hash(e);

	for (size_t i = 0; i < PROBES_MAX; i++) {
		struct counted **place = &u->index[(at + i) % INDEX_SIZE];

		if (!*place || is_kind(&(*place)->event, e)) {
			return place;
		}
	}
	return NULL;
}

static void make_index(struct unwritten *u)
{
	u->index = calloc(INDEX_SIZE, sizeof(*u->index));
	for (size_t i = 0; u->index && i < u->n_items; i++) {
		struct counted *c = u->items[i].event;
		struct counted **place = c ? place_of(u, &c->event) : NULL;

		if (place) {
			*place = c;
		}
	}
}

static bool is_same_minute(const struct event *a, const struct event *b)
{
	return a->time.us / minute_us == b->time.us / minute_us && str_eq(a->account, b->account);
}

/* Adds the event to a row that stands there. */
static bool fold(struct unwritten *u, const struct event *e)
{
	struct counted **place;

	if (!u->index) {
		make_index(u);
	}
	place = u->index ? place_of(u, e) : NULL;
	if (!place || !*place || (*place)->event.count + e->count > EVENT_COUNT_MAX ||
	    !(is_full(u) || is_same_minute(&(*place)->event, e))) {
		return false;
	}
	(*place)->event.count = (uint16_t)((*place)->event.count + e->count);
	u->counts.folded++;
	return true;
}

/* A row of a kind that has one is always let in: that one is full. */
static bool has_room(const struct unwritten *u, const struct event *e)
{
	struct counted **place = u->index ? place_of(u, e) : NULL;

	return !is_full(u) || (place && *place);
}

static bool copy_text(struct unwritten *u, struct str *text)
{
	size_t n = text->n;

	*text = n > 0 ? arena_str(u->arena, *text) : STR_NONE;
	return text->n == n;
}

static struct counted *copy_event(struct unwritten *u, const struct counted *from)
{
	struct counted *to = arena_alloc(u->arena, 1, sizeof(*to));

	if (!to) {
		return NULL;
	}
	*to = *from;
	to->event.session = STR_NONE;
	return copy_text(u, &to->event.account) && copy_text(u, &to->event.data) &&
			       copy_text(u, &to->event.text)
		       ? to
		       : NULL;
}

static void add_event(struct unwritten *u, const struct counted *c)
{
	struct counted *copy = NULL, **place;

	u->counts.events++;
	if (has_item(u)) {
		if (is_tight(u) && fold(u, &c->event)) {
			return;
		}
		copy = has_room(u, &c->event) ? copy_event(u, c) : NULL;
	}
	if (!copy) {
		u->counts.lost_events++;
		return;
	}
	place = u->index ? place_of(u, &copy->event) : NULL;
	if (place) {
		*place = copy;
	}
	u->items[u->n_items++].event = copy;
	u->rows++;
}

/* ---- decisions ---- */

static struct decision *copy_decision(struct unwritten *u, const struct decision *from)
{
	struct decision *to = arena_alloc(u->arena, 1, sizeof(*to));
	struct evidence *evidence = arena_alloc(u->arena, from->n_evidence, sizeof(*evidence));

	if (!to || !evidence) {
		return NULL;
	}
	*to = *from;
	to->evidence = evidence;
	if (from->n_evidence > 0) {
		memcpy(evidence, from->evidence, from->n_evidence * sizeof(*evidence));
	}
	return copy_text(u, &to->by) && copy_text(u, &to->reason) ? to : NULL;
}

static void add_decision(struct unwritten *u, const struct decision *d)
{
	struct decision *copy = NULL;

	u->counts.decisions++;
	if (has_item(u) && arena_size(u->arena) < UNWRITTEN_BYTES) {
		copy = copy_decision(u, d);
	}
	if (!copy) {
		u->counts.lost_decisions++;
		return;
	}
	u->items[u->n_items++].decision = copy;
}

void unwritten_add(struct unwritten *u, const struct batch *batch)
{
	for (size_t i = 0; i < batch->n_events; i++) {
		if (batch->events[i].id) {
			add_event(u, &batch->events[i]);
		}
	}
	for (size_t i = 0; i < batch->n_decisions; i++) {
		add_decision(u, &batch->decisions[i]);
	}
}

bool unwritten_ignore(struct unwritten *u, const struct ignored *ignored)
{
	struct ignored *copy = has_item(u) ? arena_alloc(u->arena, 1, sizeof(*copy)) : NULL;

	if (!copy) {
		return false;
	}
	*copy = *ignored;
	if (!copy_text(u, &copy->jail)) {
		return false;
	}
	u->items[u->n_items++].ignored = copy;
	return true;
}

/* ---- settings and positions ---- */

static struct unwritten_note *find_note(const struct unwritten *u, struct str key, bool is_setting)
{
	for (size_t i = 0; i < u->n_notes; i++) {
		if (u->notes[i].is_setting == is_setting &&
		    str_eq(buf_str(&u->notes[i].key), key)) {
			return &u->notes[i];
		}
	}
	return NULL;
}

const struct unwritten_note *unwritten_find(const struct unwritten *u, struct str key,
					    bool is_setting)
{
	return find_note(u, key, is_setting);
}

static struct unwritten_note *note_of(struct unwritten *u, struct str key, bool is_setting)
{
	struct unwritten_note *n = find_note(u, key, is_setting);
	void *notes = u->notes;

	if (n) {
		return n;
	}
	if (!grow(&notes, &u->notes_cap, u->n_notes, sizeof(*u->notes))) {
		return NULL;
	}
	u->notes = notes;
	n = &u->notes[u->n_notes];
	*n = (struct unwritten_note){ .is_setting = is_setting };
	buf_add_str(&n->key, key);
	if (buf_ok(&n->key) < 0) {
		buf_done(&n->key);
		return NULL;
	}
	u->n_notes++;
	return n;
}

bool unwritten_set(struct unwritten *u, struct str key, struct str value)
{
	struct unwritten_note *n = note_of(u, key, true);

	if (!n) {
		return false;
	}
	buf_clear(&n->value);
	buf_add_str(&n->value, value);
	return buf_ok(&n->value) >= 0;
}

bool unwritten_position(struct unwritten *u, struct str path, const struct position *position)
{
	struct unwritten_note *n = note_of(u, path, false);

	if (n) {
		n->position = *position;
	}
	return n != NULL;
}
