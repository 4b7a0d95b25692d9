/* SPDX-License-Identifier: MIT */
/* shadow.c - what becomes of checked records in the kernel?
 *
 * Records of one kind that follow each other are worked off together: wishes in as few transactions
 * as they need, questions in as few calls. Of several wishes about one element only the last goes
 * to the kernel, and its fate is theirs: a hash set keeps what a transaction deletes until the
 * commit, and answers "busy" when some thirty entries of one key have piled up.
 *
 * Before a wish goes out the kernel is asked for its element, at a third of the price. What stands
 * already is left alone, so that sending all wishes again is cheap. What is renewed takes its
 * counter along; packets that are dropped between question and renewal are not counted.
 *
 * Somebody may take the table away under us (`nft flush ruleset`). The kernel then refuses our
 * elements because there is no such set; the table is made again and what was refused is tried once
 * more. What was held before is gone, and the caller hears of it.
 *
 * Whoever does that is heard of as well (foreign.h). Then the table's shape is compared with the
 * one that it had when it was made (standing.h). What we made between two changes of somebody else
 * has no shape that can be trusted: it is made once more when it is looked at.
 *
 * The set for an address and the one for an IPv6 host are made at the start: the first ban of a day
 * shall not wait for libnftables, which reads everybody's ruleset each time. */
#include "output/shadow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/table.h"
#include "output/foreign.h"
#include "output/nft.h"
#include "output/nft_elem.h"
#include "sys/clock.h"
#include "sys/files.h"

struct shadow {
	struct kernel_plan plan;
	struct kernel_table *table;
	struct elements *elements;
	struct standing *standing;
	int foreign;       /* where changes are heard of */
	uint64_t heard;    /* changes of somebody else, not told yet */
	uint64_t shape;    /* of the table as it was made */
	bool shaped;       /* that is known */
	struct buf *words; /* of the call under way */
	bool mended;       /* in the call under way */
	struct element_wish wishes[SHADOW_BATCH];
	struct element_state states[SHADOW_BATCH];
	uint32_t wish_of[SHADOW_BATCH]; /* of a record; NONE */
	struct table *keys;             /* of the wishes; a key's slot is its wish */
};

enum {
	NONE = SHADOW_BATCH,
	SAME_END = 100, /* milliseconds: the kernel counts in ticks, and wishes wait in queues */
};

struct key {
	uint8_t family, len;
	uint16_t scope;
	uint8_t bytes[16];
};

_Static_assert(sizeof(struct key) == 20, "no padding, it is hashed");

_Static_assert((int)TRANSACT_SET_NAME == (int)KERNEL_NAME_MAX, "a set's name");

uint64_t shadow_heard(struct shadow *s)
{
	uint64_t n = s->heard + foreign_take(s->foreign);

	s->heard = 0;
	return n;
}

/* Nobody else has changed anything since that was asked last. */
static bool is_quiet(struct shadow *s)
{
	uint64_t n = foreign_take(s->foreign);

	s->heard += n;
	return n == 0;
}

/* Knows the shape of what was just made, if nobody else had a hand in it. */
static void note_shape(struct shadow *s)
{
	if (!s->shaped) {
		s->shaped = is_quiet(s) && standing_shape(s->standing, &s->plan, &s->shape) == 0 &&
			    is_quiet(s);
	}
}

static int new_keys(struct table **ret)
{
	uint8_t seed[TABLE_SEED_SIZE];

	files_random(seed, sizeof(seed));
	return table_new(SHADOW_BATCH, sizeof(struct key), seed, ret);
}

static int adopt(void *arg, struct str name)
{
	return kernel_table_adopt(arg, name);
}

static int make_sets(struct shadow *s, uint8_t host_v6)
{
	int r = kernel_table_set(s->table, SCOPE_ALL, 4, 32, s->words);

	return r < 0 ? r : kernel_table_set(s->table, SCOPE_ALL, 6, host_v6, s->words);
}

static struct shadow *shadow_close(struct shadow *s)
{
	if (s) {
		if (s->foreign >= 0) {
			(void)close(s->foreign);
		}
		(void)standing_close(s->standing);
		elements_close(s->elements);
		kernel_table_free(s->table);
		table_free(s->keys);
		free(s);
	}
	return NULL;
}

int shadow_open(const struct kernel_plan *plan, uint8_t host_v6, struct buf *words,
		struct shadow **ret)
{
	struct shadow *s = calloc(1, sizeof(*s));
	int r, anew = 0;

	if (!s) {
		return -ENOMEM;
	}
	s->plan = *plan;
	s->words = words;
	s->foreign = -1;
	r = s->foreign = foreign_open();
	r = r < 0 ? r : standing_open(plan->table, &s->standing);
	r = r < 0 ? r : new_keys(&s->keys);
	if (r == 0) {
		r = kernel_table_new(&s->plan, &s->table);
	}
	if (r == 0) {
		r = elements_open(plan->table, &s->elements);
	}
	if (r == 0) {
		r = elements_each_set(s->elements, adopt, s->table);
	}
	if (r == 0) {
		r = anew = kernel_table_ensure(s->table, words);
	}
	if (r >= 0) {
		r = make_sets(s, host_v6);
	}
	if (r < 0) {
		return shadow_close(s), r;
	}
	note_shape(s);
	*ret = s;
	return anew;
}

int shadow_plan(struct shadow *s, const struct kernel_plan *plan, struct buf *words)
{
	int r = kernel_table_replan(s->table, plan, words);

	if (r >= 0) {
		s->plan = *plan;
		s->shaped = false;
		note_shape(s);
	}
	return r;
}

uint64_t shadow_transactions(const struct shadow *s)
{
	return elements_transactions(s->elements);
}

/* Makes the table again, once in a call. True: it stands. */
static bool mend(struct shadow *s)
{
	if (s->mended) {
		return false;
	}
	buf_clear(s->words);
	if (kernel_table_ensure(s->table, s->words) < 0) {
		return false;
	}
	s->mended = true;
	s->shaped = false;
	return true;
}

/* Makes the set if need be. */
static int make_set(struct shadow *s, const struct record *r)
{
	int e = kernel_table_set(s->table, r->scope, r->family, r->len, s->words);

	if (e == -ENOENT && mend(s)) {
		e = kernel_table_set(s->table, r->scope, r->family, r->len, s->words);
	}
	s->shaped = s->shaped && e <= 0;
	return e;
}

static bool has_set(const struct shadow *s, const struct record *r)
{
	size_t n;
	const struct kernel_set *sets = kernel_table_sets(s->table, &n);

	for (size_t i = 0; i < n; i++) {
		if (sets[i].scope == r->scope && sets[i].family == r->family &&
		    sets[i].len == r->len) {
			return true;
		}
	}
	return false;
}

/* Microseconds until the record's end; negative when it is over. */
static int64_t left(const struct record *r)
{
	return r->deadline == RECORD_NO_END ? RECORD_NO_END : r->deadline - clock_monotonic();
}

/* 1: there is a wish for the transaction; 0: there is nothing to do. */
static int prepare(struct shadow *s, const struct record *r, struct element_wish *w)
{
	struct prefix p = record_prefix(r);
	int64_t us = r->kind == RECORD_HOLD ? left(r) : 0;
	int e;

	if (us > 0 && netset_covering(s->plan.never_block, &p, NULL)) {
		return -EACCES;
	}
	if (!has_set(s, r)) {
		if (us <= 0) {
			return 0;
		}
		e = make_set(s, r);
		if (e < 0) {
			return e;
		}
	}
	*w = (struct element_wish){ .key = p.addr, .hold = us > 0, .error = TRANSACT_UNDECIDED };
	w->timeout_ms = us > 0 && us != RECORD_NO_END ? ((uint64_t)us + 999) / 1000 : 0;
	kernel_set_name(&s->plan.scopes[r->scope], r->family, r->len, w->set);
	return 1;
}

/* The place for the record's wish: a new one, or that of an earlier record about the same element.
 */
static uint32_t place_of(struct shadow *s, const struct record *r)
{
	struct key key = { .family = r->family, .len = r->len, .scope = r->scope };
	bool added;

	memcpy(key.bytes, r->bytes, sizeof(key.bytes));
	return table_add(s->keys, &key, &added);
}

/* Puts those that met no set in front; how many. Their records' wishes are told anew. */
static size_t gather_homeless(struct shadow *s, size_t n_wishes, size_t n_records)
{
	uint32_t place[SHADOW_BATCH] = { 0 };
	size_t homeless = 0;

	for (size_t i = 0; i < n_wishes; i++) {
		place[i] = NONE;
		if (s->wishes[i].error == -ENOENT) {
			place[i] = (uint32_t)homeless;
			s->wishes[homeless] = s->wishes[i];
			s->wishes[homeless++].error = TRANSACT_UNDECIDED;
		}
	}
	for (size_t i = 0; i < n_records; i++) {
		s->wish_of[i] = s->wish_of[i] == NONE ? NONE : place[s->wish_of[i]];
	}
	return homeless;
}

/* True: some met no set. */
static bool apply(struct shadow *s, size_t n_wishes, struct reply *replies, size_t n_records)
{
	bool homeless = false;

	elements_apply(s->elements, s->wishes, n_wishes);
	for (size_t i = 0; i < n_records; i++) {
		if (s->wish_of[i] != NONE) {
			replies[i].error = -s->wishes[s->wish_of[i]].error;
			homeless |= replies[i].error == ENOENT;
		}
	}
	return homeless;
}

static bool stands(const struct element_state *state, const struct element_wish *w)
{
	if (!state->held || !w->hold || state->has_timeout != (w->timeout_ms > 0)) {
		return false;
	}
	return state->left_ms <= w->timeout_ms + SAME_END &&
	       w->timeout_ms <= state->left_ms + SAME_END;
}

/* What stands as it is wished is done. What is renewed is made anew: its counter goes on from what
 * the old one has counted. */
static void compare(struct shadow *s, struct reply *replies, size_t n_records)
{
	size_t n = table_count(s->keys);

	for (size_t i = 0; i < n; i++) {
		s->states[i] = (struct element_state){ .key = s->wishes[i].key };
		memcpy(s->states[i].set, s->wishes[i].set, sizeof(s->states[i].set));
	}
	elements_ask(s->elements, s->states, n);
	for (size_t i = 0; i < n; i++) {
		s->wishes[i].packets = s->states[i].packets;
		s->wishes[i].bytes = s->states[i].bytes;
		if (stands(&s->states[i], &s->wishes[i])) {
			s->wishes[i].error = 0;
		}
	}
	for (size_t i = 0; i < n_records; i++) {
		replies[i].held = s->wish_of[i] != NONE && s->states[s->wish_of[i]].held;
	}
}

static void apply_wishes(struct shadow *s, const struct record *records, size_t n,
			 struct reply *replies)
{
	table_clear(s->keys);
	for (size_t i = 0; i < n; i++) {
		struct element_wish wish;
		int r = prepare(s, &records[i], &wish);

		replies[i].error = r < 0 ? -r : 0;
		s->wish_of[i] = NONE;
		if (r > 0) {
			s->wish_of[i] = place_of(s, &records[i]);
			s->wishes[s->wish_of[i]] = wish;
		}
	}
	compare(s, replies, n);
	if (apply(s, table_count(s->keys), replies, n) && mend(s)) {
		(void)apply(s, gather_homeless(s, table_count(s->keys), n), replies, n);
	}
}

static void answer(struct shadow *s, const struct record *records, size_t n, struct reply *replies)
{
	for (size_t i = 0; i < n; i++) {
		struct element_state *q = &s->states[i];
		struct prefix p = record_prefix(&records[i]);

		*q = (struct element_state){ .key = p.addr };
		kernel_set_name(&s->plan.scopes[records[i].scope], p.addr.family, p.len, q->set);
	}
	elements_ask(s->elements, s->states, n);
	for (size_t i = 0; i < n; i++) {
		const struct element_state *a = &s->states[i];

		replies[i].error = -a->error;
		replies[i].held = a->held;
		replies[i].has_end = a->has_timeout;
		replies[i].left = a->left_ms < INT64_MAX / 1000 ? (int64_t)a->left_ms * 1000
								: INT64_MAX;
		replies[i].packets = a->packets;
		replies[i].bytes = a->bytes;
	}
}

static void release_all(struct shadow *s, struct reply *reply)
{
	int r = kernel_table_empty(s->table, s->words);

	if (r == -ENOENT && mend(s)) {
		r = 0;
	}
	s->shaped = false;
	reply->error = r < 0 ? -r : 0;
}

static bool is_wish(const struct record *r)
{
	return r->kind == RECORD_HOLD || r->kind == RECORD_RELEASE;
}

int shadow_apply(struct shadow *s, const struct record *records, size_t n, struct reply *replies,
		 struct buf *words)
{
	s->words = words;
	s->mended = false;
	for (size_t i = 0, run; i < n; i += run) {
		run = 1;
		while (i + run < n && records[i + run].kind != RECORD_RELEASE_ALL &&
		       is_wish(&records[i + run]) == is_wish(&records[i])) {
			run++;
		}
		if (is_wish(&records[i])) {
			apply_wishes(s, records + i, run, replies + i);
		} else if (records[i].kind == RECORD_ASK) {
			answer(s, records + i, run, replies + i);
		} else {
			run = 1;
			release_all(s, replies + i);
		}
	}
	note_shape(s);
	return s->mended;
}

int shadow_look(struct shadow *s, struct buf *words)
{
	uint64_t shape;
	int r = standing_shape(s->standing, &s->plan, &shape);
	bool known = s->shaped;

	if (r == 0 && known && shape == s->shape) {
		return 0;
	}
	s->shaped = false;
	r = kernel_table_ensure(s->table, words);
	if (r >= 0) {
		note_shape(s);
	}
	return r < 0 ? r : known || r > 0;
}

int shadow_elements(struct shadow *s, size_t max, struct standing_list *ret)
{
	size_t n;
	const struct kernel_set *sets = kernel_table_sets(s->table, &n);

	return standing_elements(s->standing, &s->plan, sets, n, max, ret);
}

int shadow_fd(const struct shadow *s)
{
	return s->foreign;
}
