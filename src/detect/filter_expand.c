/* SPDX-License-Identifier: MIT */
/* filter_expand.c - what is this pattern once its tags are written out?
 *
 * The text is read piece by piece, as far as it must be to know where a `<` is a tag, where
 * brackets open and close, and where a group is captured; everything else is copied. PCRE2 judges
 * the result, but cannot judge the seams: "a)|(?:b" is good as the inside of a group and would tear
 * the prefix from the pattern, so brackets are counted here.
 *
 * A define opens a frame on a stack of fixed depth. Since a define that holds itself would open
 * frames without end, the frames that are open are asked first; since one that holds another twice
 * doubles the text each time, its length is bounded. */
#include "detect/filter_expand.h"

#include <errno.h>

enum { WORD_MAX = 64 };

static bool is_word(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '_';
}

/* ---- escapes ---- */

static int put_number(struct filter_walk *w, size_t from, struct filter_reference ref)
{
	if (filter_walk_refer(w, from + ref.n, "\\g{", ref) < 0) {
		return -EINVAL;
	}
	buf_add_char(&w->x->regex, '}');
	return 0;
}

/* \g1 \g{-1} \g<1> \g'1', or the same with a name; \k with a name. */
static int walk_named_escape(struct filter_walk *w)
{
	static const struct {
		char open;
		struct str close;
	} pairs[] = { { '{', { "}", 1 } }, { '<', { ">", 1 } }, { '\'', { "'", 1 } } };

	char before[] = { '\\', 'g', '\0', '\0' };
	struct filter_reference ref;

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		if (filter_walk_peek(w, 2) == pairs[i].open) {
			ref = filter_walk_reference(w, 3);
			before[2] = pairs[i].open;
			if (ref.n > 0 && filter_walk_refer(w, 3 + ref.n, before, ref) < 0) {
				return -EINVAL;
			}
			return filter_walk_copy_past(w, ref.n > 0 ? 0 : 3, pairs[i].close,
						     "the name of the group does not end");
		}
	}
	ref = filter_walk_reference(w, 2);
	return ref.n > 0 ? put_number(w, 2, ref) : filter_walk_fail(w, "no group is named here");
}

static int walk_escape(struct filter_walk *w)
{
	int c = filter_walk_peek(w, 1);
	size_t n;

	if (c < 0) {
		return filter_walk_fail(w, "ends with a single backslash");
	}
	if (c == 'k' || c == 'g') {
		return walk_named_escape(w);
	}
	if (c >= '1' && c <= '9') {
		return put_number(w, 1, filter_walk_reference(w, 1));
	}
	if (c == 'Q') {
		n = str_find(filter_walk_rest(w), STR("\\E"));
		filter_walk_copy(w, n == STR_NOT_FOUND ? filter_walk_rest(w).n : n + 2);
		buf_add_str(&w->x->regex, n == STR_NOT_FOUND ? STR("\\E") : STR_NONE);
		return 0;
	}
	filter_walk_copy(w, c == 'c' ? 3 : 2);
	return 0;
}

/* ---- classes ---- */

/* The length of an escape or a [:name:] inside a class. */
static size_t class_piece(struct str s)
{
	size_t n;

	if (str_has_prefix(s, STR("\\Q"))) {
		n = str_find(s, STR("\\E"));
		return n == STR_NOT_FOUND ? s.n : n + 2;
	}
	if (s.p[0] == '\\') {
		return s.n > 1 && s.p[1] == 'c' ? 3 : 2;
	}
	if (str_has_prefix(s, STR("[:"))) {
		n = 2;
		while (n < s.n && (is_word((uint8_t)s.p[n]) || s.p[n] == '^')) {
			n++;
		}
		return str_has_prefix(str_slice(s, n, SIZE_MAX), STR(":]")) ? n + 2 : 1;
	}
	return 1;
}

static int walk_class(struct filter_walk *w)
{
	struct str s = filter_walk_rest(w);
	size_t n = 1;

	if (n < s.n && s.p[n] == '^') {
		n++;
	}
	if (n < s.n && s.p[n] == ']') {
		n++;
	}
	while (n < s.n && s.p[n] != ']') {
		n += class_piece(str_slice(s, n, SIZE_MAX));
	}
	if (n >= s.n) {
		return filter_walk_fail(w, "a [ without its ]; write \\[ for the bracket itself");
	}
	filter_walk_copy(w, n + 1);
	return 0;
}

/* ---- brackets ---- */

/* A named group; the name begins `from` bytes on and ends with `end`. */
static int open_named(struct filter_walk *w, size_t from, struct str end)
{
	struct str s = str_slice(filter_walk_rest(w), from, SIZE_MAX);
	size_t n = str_find(s, end);
	enum filter_tag tag;

	if (n == STR_NOT_FOUND) {
		return filter_walk_fail(w, "the name of the group does not end");
	}
	tag = filter_tag_find(str_slice(s, 0, n));
	if (tag != FILTER_TAGS && filter_walk_tag(w, tag) < 0) {
		return -EINVAL;
	}
	filter_walk_copy(w, from + n + 1);
	return filter_walk_group(w, true);
}

/* (?(1)yes|no) (?(-1)...) (?(<name>)...); (?(?=...)...) goes on with the group inside. */
static int open_condition(struct filter_walk *w)
{
	struct filter_reference ref = filter_walk_reference(w, 3);
	int c = filter_walk_peek(w, 3);

	if (c == '?' || c == '*') {
		filter_walk_copy(w, 2);
		return 0;
	}
	if (c == 'R' && filter_walk_peek(w, 4) >= '0' && filter_walk_peek(w, 4) <= '9') {
		return filter_walk_fail(w, "give the group a name and write (?(R&name)");
	}
	if (ref.n > 0 && filter_walk_refer(w, 3 + ref.n, "(?(", ref) < 0) {
		return -EINVAL;
	}
	return filter_walk_copy_past(w, 0, STR(")"), "the condition does not end");
}

static int open_special(struct filter_walk *w)
{
	struct filter_reference ref = filter_walk_reference(w, 2);
	int c = filter_walk_peek(w, 2), next = filter_walk_peek(w, 3);

	if (c == '<' && next != '=' && next != '!' && next != '*') {
		return open_named(w, 3, STR(">"));
	}
	if (c == 'P' && next == '<') {
		return open_named(w, 4, STR(">"));
	}
	if (c == '\'') {
		return open_named(w, 3, STR("'"));
	}
	if (c == '(') {
		return open_condition(w);
	}
	if (ref.n > 0) {
		return filter_walk_refer(w, 2 + ref.n, "(?", ref);
	}
	filter_walk_top(w)->resets = filter_walk_top(w)->resets || c == '|';
	filter_walk_copy(w, c == '<' ? 4 : 2);
	return 0;
}

static int walk_open(struct filter_walk *w)
{
	struct str s = filter_walk_rest(w);

	if (str_has_prefix(s, STR("(?#"))) {
		return filter_walk_copy_past(w, 0, STR(")"), "the comment does not end");
	}
	filter_walk_top(w)->open++;
	if (str_has_prefix(s, STR("(?"))) {
		return open_special(w);
	}
	filter_walk_copy(w, 1);
	return filter_walk_peek(w, 0) == '*' ? 0 : filter_walk_group(w, true);
}

static int walk_close(struct filter_walk *w)
{
	if (filter_walk_top(w)->open == 0) {
		return filter_walk_fail(w, "a ) without its (; write \\) for the bracket itself");
	}
	filter_walk_top(w)->open--;
	filter_walk_copy(w, 1);
	return 0;
}

/* ---- tags and defines ---- */

static const struct spec_text *find_define(const struct filter_walk *w, struct str name)
{
	for (size_t i = 0; i < w->x->n_defines; i++) {
		if (str_eq(w->x->defines[i].at.key, name)) {
			return &w->x->defines[i];
		}
	}
	return NULL;
}

static int fail_unknown(struct filter_walk *w, struct str name)
{
	enum filter_tag tag = filter_tag_similar(name);
	struct str like = tag == FILTER_TAGS ? STR_NONE : str_of(filter_tag_name(tag));

	for (size_t i = 0; i < w->x->n_defines && like.n == 0; i++) {
		if (str_distance(w->x->defines[i].at.key, name, 2) <= 2) {
			like = w->x->defines[i].at.key;
		}
	}
	if (like.n > 0) {
		filter_tell(w->x->diag, &filter_walk_top(w)->text->at,
			    "<%.*s> is no tag and not in [define]; did you mean <%.*s>? "
			    "For the text itself write \\<%.*s>",
			    STR_ARG(name), STR_ARG(like), STR_ARG(name));
	} else {
		filter_tell(
			w->x->diag, &filter_walk_top(w)->text->at,
			"<%.*s> is no tag and not in [define]; for the text itself write \\<%.*s>",
			STR_ARG(name), STR_ARG(name));
	}
	return -EINVAL;
}

static int put_tag(struct filter_walk *w, enum filter_tag tag)
{
	struct str regex = w->x->tags->regex[tag];

	if (regex.n == 0) {
		filter_tell(w->x->diag, &filter_walk_top(w)->text->at,
			    "<%s> needs a section [%s] with words", filter_tag_name(tag),
			    tag == FILTER_TAG_SERVICE ? "services" : "types");
		return -EINVAL;
	}
	if (filter_walk_tag(w, tag) < 0) {
		return -EINVAL;
	}
	if (filter_walk_group(w, false) < 0) {
		return -EINVAL;
	}
	buf_printf(&w->x->regex, "(?<%s>", filter_tag_name(tag));
	buf_add_str(&w->x->regex, regex);
	buf_add_char(&w->x->regex, ')');
	return 0;
}

/* Told at the define that stands first in the file, so that it is told once. */
static int fail_circle(struct filter_walk *w, size_t start)
{
	CLEANUP(buf_done) struct buf circle = { 0 };
	size_t n = w->n - start, first = 0;

	for (size_t i = 1; i < n; i++) {
		if (w->frames[start + i].text < w->frames[start + first].text) {
			first = i;
		}
	}
	for (size_t i = 0; i <= n; i++) {
		struct str name = w->frames[start + (first + i) % n].text->at.key;

		buf_printf(&circle, "%s<%.*s>", i > 0 ? " holds " : "", STR_ARG(name));
	}
	filter_tell(w->x->diag, &w->frames[start + first].text->at, "goes round in a circle: %s",
		    buf_text(&circle));
	return -EINVAL;
}

static int open_text(struct filter_walk *w, const struct spec_text *text)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->frames[i].text == text) {
			return fail_circle(w, i);
		}
	}
	if (w->n == FILTER_DEPTH_MAX) {
		return filter_walk_fail(w, "defines inside of defines, too deep");
	}
	w->frames[w->n++] = (struct filter_frame){ .text = text };
	buf_add_str(&w->x->regex, STR("(?:"));
	return 0;
}

static int walk_angle(struct filter_walk *w)
{
	const struct spec_text *define;
	enum filter_tag tag;
	struct str name;
	size_t n = 0;

	while (n <= WORD_MAX &&
	       (is_word(filter_walk_peek(w, n + 1)) || filter_walk_peek(w, n + 1) == '-')) {
		n++;
	}
	if (n == 0 || n > WORD_MAX || filter_walk_peek(w, n + 1) != '>') {
		filter_walk_copy(w, 1);
		return 0;
	}
	name = str_slice(filter_walk_rest(w), 1, n);
	tag = filter_tag_find(name);
	define = find_define(w, name);
	if (tag == FILTER_TAGS && !define) {
		return fail_unknown(w, name);
	}
	filter_walk_skip(w, n + 2);
	return tag != FILTER_TAGS ? put_tag(w, tag) : open_text(w, define);
}

static int walk_end(struct filter_walk *w)
{
	if (filter_walk_top(w)->open > 0) {
		return filter_walk_fail(w, "a ( without its ); write \\( for the bracket itself");
	}
	buf_add_char(&w->x->regex, ')');
	w->n--;
	return 0;
}

static int walk_piece(struct filter_walk *w)
{
	switch (filter_walk_peek(w, 0)) {
	case -1: return walk_end(w);
	case '\\': return walk_escape(w);
	case '[': return walk_class(w);
	case '(': return walk_open(w);
	case ')': return walk_close(w);
	case '<': return walk_angle(w);
	default: filter_walk_copy(w, 1); return 0;
	}
}

void filter_expander_clear(struct filter_expander *x)
{
	buf_clear(&x->regex);
	x->seen = 0;
	x->groups = 0;
}

int filter_expand(struct filter_expander *x, const struct spec_text *text)
{
	struct filter_walk w = { .x = x };
	int r = open_text(&w, text);

	while (r == 0 && w.n > 0) {
		r = walk_piece(&w);
		if (r == 0 && x->regex.n > PATTERN_TEXT_MAX) {
			filter_tell(x->diag, &text->at,
				    "longer than %d bytes once its tags are written out",
				    PATTERN_TEXT_MAX);
			r = -EINVAL;
		}
	}
	return r;
}
