/* SPDX-License-Identifier: MIT */
/* reach - the longest beginning of a pattern that still matches.
 *
 * A pattern is a row of pieces; what stands in (?:...) without alternatives and without a
 * quantifier, as prefixes, matches and defines do, is a part of the row. Behind each piece the
 * pattern can be cut, the groups that are open there closed, and the result is a pattern. If one
 * beginning matches, so does each shorter one, since a match of the longer passes through it; so
 * the longest is found by halving. What the reader of patterns (token.h) does not understand is
 * the last piece, together with all that follows.
 *
 * A piece such as .* runs to the end of the text before the next one is asked for. "It fails at
 * the end" would be true and useless; then the place is where that piece began, and what is wanted
 * was searched for from there on. */
#include "detect/reach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "detect/filter_tags.h"
#include "detect/token.h"

enum { PIECES_MAX = 1024, DEPTH_MAX = 100 };

struct piece {
	size_t from, to; /* in the regex */
	unsigned depth;  /* groups that are open behind it */
	bool text;       /* it is exactly this byte */
	char byte;
};

struct row {
	struct token_reader reader;
	struct piece *pieces;
	size_t n;
	unsigned depth;
};

/* ---- taking the pattern apart ---- */

/* Reads on behind the end of the group that was just opened. False: not understood. */
static bool skip_group(struct token_reader *r, unsigned depth, bool *ret_branches)
{
	for (;;) {
		struct token_options outer = r->options;
		struct token token = token_next(r);
		bool inner = false;

		switch (token.kind) {
		case TOKEN_CLOSE: return true;
		case TOKEN_END:
		case TOKEN_ALIEN: return false;
		case TOKEN_BRANCH: *ret_branches = true; continue;
		case TOKEN_OPTIONS: continue;
		case TOKEN_OPEN:
		case TOKEN_LOOK:
		case TOKEN_CHOICE:
			if (depth == DEPTH_MAX || !skip_group(r, depth + 1, &inner)) {
				return false;
			}
			break;
		case TOKEN_BYTE:
		case TOKEN_OTHER:
		case TOKEN_NOTHING: break;
		}
		r->options = outer;
		if (token_repeat(r) == REPEAT_ALIEN) {
			return false;
		}
	}
}

/* Was a (?: just opened whose inside is a part of the row? */
static bool is_flat(const struct row *row)
{
	struct token_reader ahead = row->reader;
	struct str before = str_slice(ahead.in.text, 0, ahead.in.at);
	bool branches = false;

	return str_has_suffix(before, STR("(?:")) && skip_group(&ahead, 0, &branches) &&
	       !branches && token_repeat(&ahead) == REPEAT_ONCE;
}

static void add_piece(struct row *row, size_t from, struct token token, bool once)
{
	row->pieces[row->n++] = (struct piece){
		.from = from,
		.to = row->reader.in.at,
		.depth = row->depth,
		.text = token.kind == TOKEN_BYTE && once,
		.byte = token.byte,
	};
}

/* The piece of that token. False: not understood. */
static bool take_piece(struct row *row, size_t from, struct token token)
{
	struct token_options options = row->reader.options;
	enum token_repeat repeat;
	bool branches = false;

	if (token.kind == TOKEN_OPEN || token.kind == TOKEN_LOOK || token.kind == TOKEN_CHOICE) {
		if (!skip_group(&row->reader, 0, &branches)) {
			return false;
		}
		row->reader.options = options;
	}
	repeat = token_repeat(&row->reader);
	if (repeat == REPEAT_ALIEN) {
		return false;
	}
	add_piece(row, from, token, repeat == REPEAT_ONCE);
	return true;
}

static void take_apart(struct row *row)
{
	struct token_options outer[DEPTH_MAX];

	while (row->n + 1 < PIECES_MAX) {
		size_t from = row->reader.in.at;
		struct token_options options = row->reader.options;
		struct token token = token_next(&row->reader);

		if (token.kind == TOKEN_CLOSE && row->depth > 0) {
			row->reader.options = outer[--row->depth];
			(void)token_repeat(&row->reader);
		} else if (token.kind == TOKEN_OPEN && row->depth < DEPTH_MAX && is_flat(row)) {
			outer[row->depth++] = options;
		} else if (token.kind == TOKEN_OPTIONS) {
			continue;
		} else if (token.kind == TOKEN_END || token.kind == TOKEN_ALIEN ||
			   token.kind == TOKEN_BRANCH || token.kind == TOKEN_CLOSE ||
			   !take_piece(row, from, token)) {
			return;
		}
	}
}

/* ---- asking ---- */

/* Where the first n pieces end in the text; STR_NOT_FOUND: they do not match. */
static int ask(const struct row *row, size_t n, bool nocase, struct matcher *m, struct str text,
	       size_t *ret)
{
	CLEANUP(pattern_freep) struct pattern *pattern = NULL;
	CLEANUP(buf_done) struct buf regex = { 0 };
	const struct piece *last = n ? &row->pieces[n - 1] : NULL;
	struct str got;
	int r;

	*ret = 0;
	if (!last) {
		return 0;
	}
	buf_add_str(&regex, str_slice(row->reader.in.text, 0, last->to));
	for (unsigned i = 0; i < last->depth; i++) {
		buf_add_char(&regex, ')');
	}
	r = buf_ok(&regex);
	r = r < 0 ? r : pattern_new(buf_str(&regex), nocase, NULL, &pattern);
	if (r < 0) {
		*ret = STR_NOT_FOUND;
		return r == -EINVAL ? 0 : r;
	}
	if (pattern_match(pattern, m, text) != PATTERN_HIT) {
		*ret = STR_NOT_FOUND;
		return 0;
	}
	got = matcher_group(m, 0);
	*ret = got.p ? (size_t)(got.p - text.p) + got.n : 0;
	return 0;
}

/* How many pieces match. */
static int find_longest(const struct row *row, bool nocase, struct matcher *m, struct str text,
			size_t *ret)
{
	size_t good = 0, bad = row->n + 1;

	while (good + 1 < bad) {
		size_t middle = good + (bad - good) / 2, end;
		int r = ask(row, middle, nocase, m, text, &end);

		if (r < 0) {
			return r;
		}
		if (end == STR_NOT_FOUND) {
			bad = middle;
		} else {
			good = middle;
		}
	}
	*ret = good;
	return 0;
}

/* ---- telling ---- */

static void put_wants(struct reach *reach, struct str text)
{
	size_t n = sizeof(reach->wants) - reach->n_wants;

	n = text.n < n ? text.n : n;
	if (n > 0) {
		memcpy(reach->wants + reach->n_wants, text.p, n);
	}
	reach->n_wants += n;
}

/* A tag as a person wrote it; else the regex. */
static void put_piece(struct reach *reach, struct str piece)
{
	size_t end = str_find_char(piece, '>');

	if (str_has_prefix(piece, STR("(?<")) && end != STR_NOT_FOUND &&
	    filter_tag_find(str_slice(piece, 3, end - 3)) != FILTER_TAGS) {
		put_wants(reach, str_slice(piece, 2, end - 1));
	} else {
		put_wants(reach, piece);
	}
}

static void tell_wants(const struct row *row, size_t n, struct reach *reach)
{
	struct str regex = row->reader.in.text;

	if (n == row->n) {
		put_wants(reach, str_slice(regex, row->n ? row->pieces[n - 1].to : 0, SIZE_MAX));
	} else if (!row->pieces[n].text) {
		put_piece(reach, str_slice(regex, row->pieces[n].from,
					   row->pieces[n].to - row->pieces[n].from));
	} else {
		reach->wants_text = true;
		while (n < row->n && row->pieces[n].text) {
			put_wants(reach, (struct str){ .p = &row->pieces[n++].byte, .n = 1 });
		}
	}
}

static int tell_place(const struct row *row, size_t n, bool nocase, struct matcher *m,
		      struct str text, struct reach *reach)
{
	size_t before;
	int r = ask(row, n, nocase, m, text, &reach->at);

	if (r < 0 || n == 0 || reach->at < text.n || row->pieces[n - 1].text) {
		return r;
	}
	r = ask(row, n - 1, nocase, m, text, &before);
	if (r == 0 && before < reach->at) {
		reach->at = before;
		reach->searched = true;
	}
	return r;
}

int reach_find(struct str regex, bool nocase, struct matcher *m, struct str text, struct reach *ret)
{
	CLEANUP(pattern_freep) struct pattern *whole = NULL;
	struct row row = { .reader = { .in.text = regex, .options.nocase = nocase } };
	struct reach reach = { .whole = false };
	size_t n = 0;
	int r = pattern_new(regex, nocase, NULL, &whole);

	if (r < 0) {
		return r;
	}
	if (pattern_match(whole, m, text) == PATTERN_HIT) {
		*ret = (struct reach){ .whole = true, .at = text.n };
		return 0;
	}
	row.pieces = calloc(PIECES_MAX, sizeof(*row.pieces));
	if (!row.pieces) {
		return -ENOMEM;
	}
	take_apart(&row);
	r = find_longest(&row, nocase, m, text, &n);
	if (r == 0) {
		r = tell_place(&row, n, nocase, m, text, &reach);
	}
	if (r == 0) {
		tell_wants(&row, n, &reach);
		*ret = reach;
	}
	free(row.pieces);
	return r;
}
