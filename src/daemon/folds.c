/* SPDX-License-Identifier: MIT */
/* The widest ban that does is taken. Stopping the same for at least as long is transitive, so that
 * one is told in no other row, and each block is found in exactly one. */
#include "daemon/folds.h"

#include <errno.h>
#include <stdlib.h>

#include "base/table.h"

enum { FOLDS_ROWS = 16 /* different rows that the bans of one prefix are told in and counted */ };

struct folds {
	const struct engine *engine;
	folds_shown shown;
	const void *arg;
	uint32_t cursor;
	struct table *ids; /* of the wider bans */
	struct fold *counts;
};

int folds_new(const struct engine *engine, folds_shown shown, const void *arg, struct folds **ret)
{
	/* Ids are the engine's own: no secret is needed. */
	static const uint8_t seed[TABLE_SEED_SIZE];
	CLEANUP(folds_freep) struct folds *f = calloc(1, sizeof(*f));
	uint32_t room = bans_count(engine_bans(engine), DECISION_BAN) + 1;
	int r;

	if (!f) {
		return -ENOMEM;
	}
	*f = (struct folds){ .engine = engine, .shown = shown, .arg = arg };
	r = table_new(room, sizeof(uint64_t), seed, &f->ids);
	if (r < 0) {
		return r;
	}
	f->counts = calloc(room, sizeof(*f->counts));
	if (!f->counts) {
		return -ENOMEM;
	}
	*ret = TAKE(f);
	return 0;
}

struct folds *folds_free(struct folds *f)
{
	if (f) {
		table_free(f->ids);
		free(f->counts);
		free(f);
	}
	return NULL;
}

const struct ban *folds_find(const struct folds *f, const struct ban *ban)
{
	const struct bans *bans = engine_bans(f->engine);
	const struct scope *scopes = engine_ruleset(f->engine)->scopes;
	const struct ban *outer = NULL;

	if (ban->kind != DECISION_BAN || ban->ended) {
		return NULL;
	}
	while ((outer = bans_around(bans, &ban->prefix, outer))) {
		if (outer->until.us >= ban->until.us &&
		    scope_covers(&scopes[outer->scope], &scopes[ban->scope]) &&
		    f->shown(f->arg, outer)) {
			return outer;
		}
	}
	return NULL;
}

static void count_in(struct folds *f, const struct ban *outer, const struct prefix *inner)
{
	const struct ruleset *rules = engine_ruleset(f->engine);
	const struct prefix host = ruleset_subject(rules, &inner->addr);
	bool added;
	uint32_t slot = table_add(f->ids, &outer->id, &added);

	if (slot != TABLE_NONE) {
		f->counts[slot].prefixes++;
		f->counts[slot].networks = f->counts[slot].networks || inner->len < host.len;
	}
}

/* A prefix counts once in a row, however many jails banned it. */
static void count_prefix(struct folds *f, const struct ban *first)
{
	const struct ban *rows[FOLDS_ROWS];
	size_t n = 0;

	for (const struct ban *ban = first; ban;
	     ban = bans_on(engine_bans(f->engine), &first->prefix, ban)) {
		const struct ban *outer =
			f->shown(f->arg, ban) && n < FOLDS_ROWS ? folds_find(f, ban) : NULL;

		for (size_t i = 0; outer && i < n; i++) {
			outer = rows[i] == outer ? NULL : outer;
		}
		if (outer) {
			rows[n++] = outer;
			count_in(f, outer, &first->prefix);
		}
	}
}

bool folds_count(struct folds *f, size_t max)
{
	const struct bans *bans = engine_bans(f->engine);

	for (size_t i = 0; i < max; i++) {
		const struct ban *ban = bans_each(bans, &f->cursor);

		if (!ban) {
			return false;
		}
		if (ban->kind == DECISION_BAN && !ban->ended &&
		    bans_on(bans, &ban->prefix, NULL) == ban) {
			count_prefix(f, ban);
		}
	}
	return true;
}

struct fold folds_of(const struct folds *f, const struct ban *ban)
{
	uint32_t slot = table_find(f->ids, &ban->id);

	return slot != TABLE_NONE ? f->counts[slot] : (struct fold){ 0 };
}
