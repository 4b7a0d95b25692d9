/* SPDX-License-Identifier: MIT */
/* literal - the part of a regular expression that a search for plain text can find.
 *
 * A sequence is walked from left to right. Bytes that must follow each other make a run; whatever
 * may consume other text ends it. A group that is matched exactly once and is nothing but text goes
 * on with the run ("Log(?:in) failed" is one). Each run, and what each group of other kinds needs,
 * is a candidate; a sequence keeps the best. An alternation needs one of its branches, so its set
 * is the union of theirs; one branch without, and there is none. Of a piece that repeats (x+,
 * x{2,}) the first copy ends the run before it and the last begins the one after it; of a piece
 * that may be missing nothing is kept.
 *
 * Best is the set whose shortest literal is longest; then the smaller; then the later one, because
 * patterns begin with what all lines have and end with what tells them apart.
 *
 * A run whose letters match in either case somewhere is a literal in either case: that finds more
 * lines, never fewer. Runs are cut to LITERAL_MAX_BYTES, for libhs has a limit and no line is told
 * from another by its 65th byte; and at a NUL, for libhs calls what begins with one empty. */
#include <errno.h>
#include <string.h>

#include "detect/literal.h"
#include "detect/token.h"

enum { DEPTH_MAX = 100 };

struct run {
	char text[LITERAL_MAX_BYTES];
	size_t n;
	bool nocase;
};

struct node {
	struct literal literal;
	struct node *next;
};

/* Literals of which one must be there. None: nothing is known. */
struct need {
	struct node *first, *last;
	size_t n, shortest;
};

struct part {
	struct need need;
	bool exact; /* it matches `run` and nothing else */
	struct run run;
};

struct walk {
	struct token_reader reader;
	struct arena *arena; /* for candidates */
	unsigned depth;
};

/* ---- needs ---- */

static struct need better(struct need a, struct need b)
{
	if (a.shortest != b.shortest) {
		return a.shortest > b.shortest ? a : b;
	}
	return a.n < b.n ? a : b;
}

static struct need either(struct need a, struct need b)
{
	if (a.n == 0 || b.n == 0 || a.n + b.n > LITERAL_SET_MAX) {
		return (struct need){ 0 };
	}
	a.last->next = b.first;
	return (struct need){
		.first = a.first,
		.last = b.last,
		.n = a.n + b.n,
		.shortest = a.shortest < b.shortest ? a.shortest : b.shortest,
	};
}

/* ---- runs ---- */

/* Whatever follows the run is not known: it becomes a candidate, and a new one begins. */
static int run_end(struct walk *w, struct part *part)
{
	struct run *run = &part->run;
	struct node *node;

	part->exact = false;
	if (run->n >= LITERAL_MIN_BYTES) {
		node = arena_alloc(w->arena, 1, sizeof(*node));
		if (!node) {
			return -ENOMEM;
		}
		node->literal.nocase = run->nocase;
		node->literal.text =
			arena_str(w->arena, (struct str){ .p = run->text, .n = run->n });
		if (!node->literal.text.p) {
			return -ENOMEM;
		}
		part->need = better(part->need, (struct need){ node, node, 1, run->n });
	}
	run->n = 0;
	run->nocase = false;
	return 0;
}

static int run_add(struct walk *w, struct part *part, const struct run *more)
{
	for (size_t i = 0; i < more->n; i++) {
		if (part->run.n == LITERAL_MAX_BYTES) {
			int r = run_end(w, part);

			if (r < 0) {
				return r;
			}
		}
		part->run.text[part->run.n++] = more->text[i];
		part->run.nocase = part->run.nocase || more->nocase;
	}
	return 0;
}

/* ---- the walk: 0, or NOT_UNDERSTOOD ---- */

enum { NOT_UNDERSTOOD = 1 };

static int walk_alternation(struct walk *w, struct part *ret, enum token_kind *ret_end);

static int walk_group(struct walk *w, struct part *ret)
{
	enum token_kind end = TOKEN_END;
	int r;

	if (w->depth == DEPTH_MAX) {
		return NOT_UNDERSTOOD;
	}
	w->depth++;
	r = walk_alternation(w, ret, &end);
	w->depth--;
	if (r != 0) {
		return r;
	}
	return end == TOKEN_CLOSE ? 0 : NOT_UNDERSTOOD;
}

static int walk_piece(struct walk *w, struct token token, struct part *ret)
{
	static const struct part nothing = { .exact = true }, anything = { .exact = false };
	int r = 0;

	*ret = nothing;
	switch (token.kind) {
	case TOKEN_BYTE:
		if (token.byte == '\0') {
			*ret = anything;
			break;
		}
		ret->run.text[ret->run.n++] = token.byte;
		ret->run.nocase = token.nocase;
		break;
	case TOKEN_OPEN: r = walk_group(w, ret); break;
	case TOKEN_LOOK:
		r = walk_group(w, ret);
		*ret = nothing;
		break;
	case TOKEN_CHOICE:
		r = walk_group(w, ret);
		*ret = anything;
		break;
	case TOKEN_OTHER: *ret = anything; break;
	case TOKEN_NOTHING:
	case TOKEN_OPTIONS: break;
	case TOKEN_END:
	case TOKEN_BRANCH:
	case TOKEN_CLOSE:
	case TOKEN_ALIEN: r = NOT_UNDERSTOOD; break;
	}
	return r;
}

static int add_once(struct walk *w, struct part *part, const struct part *piece)
{
	int r;

	if (piece->exact) {
		return run_add(w, part, &piece->run);
	}
	r = run_end(w, part);
	part->need = better(part->need, piece->need);
	return r;
}

static int add_piece(struct walk *w, struct part *part, const struct part *piece)
{
	int r;

	switch (token_repeat(&w->reader)) {
	case REPEAT_ONCE: return add_once(w, part, piece);
	case REPEAT_MORE:
		r = add_once(w, part, piece);
		if (r == 0) {
			r = run_end(w, part);
		}
		return r == 0 && piece->exact ? run_add(w, part, &piece->run) : r;
	case REPEAT_MAYBE: return run_end(w, part);
	case REPEAT_ALIEN: break;
	}
	return NOT_UNDERSTOOD;
}

/* The last run is a candidate, and may still go on in the sequence around this one. */
static int finish(struct walk *w, struct part *part)
{
	struct run run = part->run;
	bool exact = part->exact;
	int r = run_end(w, part);

	part->run = run;
	part->exact = exact;
	return r;
}

static int walk_sequence(struct walk *w, struct part *ret, enum token_kind *ret_end)
{
	int r = 0;

	*ret = (struct part){ .exact = true };
	while (r == 0) {
		struct token_options outer = w->reader.options;
		struct token token = token_next(&w->reader);
		struct part piece;

		if (token.kind == TOKEN_END || token.kind == TOKEN_BRANCH ||
		    token.kind == TOKEN_CLOSE) {
			*ret_end = token.kind;
			return finish(w, ret);
		}
		r = walk_piece(w, token, &piece);
		if (token.kind == TOKEN_OPTIONS) {
			continue;
		}
		w->reader.options = outer;
		if (r == 0) {
			r = add_piece(w, ret, &piece);
		}
	}
	return r;
}

static int walk_alternation(struct walk *w, struct part *ret, enum token_kind *ret_end)
{
	enum token_kind end = TOKEN_END;
	int r = walk_sequence(w, ret, &end);

	while (r == 0 && end == TOKEN_BRANCH) {
		struct part branch;

		r = walk_sequence(w, &branch, &end);
		if (r == 0) {
			ret->need = either(ret->need, branch.need);
			ret->exact = false;
		}
	}
	*ret_end = end;
	return r;
}

static int copy_out(const struct need *need, struct arena *arena, struct literal_set *ret)
{
	struct literal *at = arena_alloc(arena, need->n, sizeof(*at));
	size_t n = 0;

	if (!at) {
		return -ENOMEM;
	}
	for (const struct node *node = need->first; n < need->n; node = node->next) {
		at[n].nocase = node->literal.nocase;
		at[n].text = arena_str(arena, node->literal.text);
		if (!at[n].text.p) {
			return -ENOMEM;
		}
		n++;
	}
	*ret = (struct literal_set){ .at = at, .n = n };
	return 0;
}

int literal_extract(struct str regex, bool nocase, struct arena *arena, struct literal_set *ret)
{
	CLEANUP(arena_freep) struct arena *candidates = arena_new();
	struct walk w = {
		.reader = { .in.text = regex, .options.nocase = nocase },
		.arena = candidates,
	};
	enum token_kind end = TOKEN_END;
	struct part whole;
	int r;

	if (!candidates) {
		return -ENOMEM;
	}
	r = walk_alternation(&w, &whole, &end);
	if (r < 0) {
		return r;
	}
	if (r == NOT_UNDERSTOOD || end != TOKEN_END) {
		*ret = (struct literal_set){ 0 };
		return 0;
	}
	return copy_out(&whole.need, arena, ret);
}
