/* SPDX-License-Identifier: MIT */
/* filter_expand.c - what is this pattern once its tags are written out?
 *
 * The text is read piece by piece, as far as it must be to know where a `<` is a tag, where
 * brackets open and close, and where a group is captured; everything else is copied. PCRE2 judges
 * the result, but cannot judge the seams: "a)|(?:b" is good as the inside of a group and would tear
 * the prefix from the pattern, so brackets are counted here.
 *
 * A tag is a group and would shift the numbers of the groups behind it. Each text therefore keeps a
 * list of which number its own groups got, and references are written anew. That works backwards
 * only; forward there are names.
 *
 * A define opens a frame on a stack of fixed depth. Since a define that holds itself would open
 * frames without end, the frames that are open are asked first; since one that holds another twice
 * doubles the text each time, its length is bounded. */
#include "detect/filter_expand.h"

#include <errno.h>

#include "base/escape.h"
#include "detect/pattern.h"

enum { DEPTH_MAX = 16, WORD_MAX = 64 };

/* A text that is being read. */
struct frame {
	const struct spec_text *text;
	size_t at;
	unsigned open; /* brackets */
	bool resets;   /* (?| was seen: numbers mean nothing any more */
	unsigned groups;
	uint8_t group[PATTERN_GROUPS_MAX]; /* numbers of this text's own groups */
};

struct walk {
	struct filter_expander *x;
	struct frame frames[DEPTH_MAX];
	size_t n;
};

static struct frame *top(struct walk *w)
{
	return &w->frames[w->n - 1];
}

static struct str rest(struct walk *w)
{
	struct frame *f = top(w);

	return str_slice(f->text->text, f->at, SIZE_MAX);
}

/* The byte `ahead` places from here, or -1 behind the end. */
static int peek(struct walk *w, size_t ahead)
{
	struct str s = rest(w);

	return ahead < s.n ? (uint8_t)s.p[ahead] : -1;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(int c)
{
	return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static void skip(struct walk *w, size_t n)
{
	top(w)->at += n;
}

static void copy(struct walk *w, size_t n)
{
	buf_add_str(&w->x->regex, str_slice(rest(w), 0, n));
	skip(w, n);
}

static int fail(struct walk *w, const char *what)
{
	CLEANUP(buf_done) struct buf here = { 0 };
	struct str s = rest(w);

	escape_cut(&here, s, 40);
	if (s.n > 0) {
		filter_tell(w->x->diag, &top(w)->text->at, "%s, at %s", what, buf_text(&here));
	} else {
		filter_tell(w->x->diag, &top(w)->text->at, "%s", what);
	}
	return -EINVAL;
}

/* Copies up to and with the next `end` behind the first `from` bytes. */
static int copy_past(struct walk *w, size_t from, struct str end, const char *otherwise)
{
	size_t n = str_find(str_slice(rest(w), from, SIZE_MAX), end);

	if (n == STR_NOT_FOUND) {
		return fail(w, otherwise);
	}
	copy(w, from + n + end.n);
	return 0;
}

/* ---- groups and what refers to them ---- */

static int add_group(struct walk *w)
{
	struct frame *f = top(w);

	if (w->x->groups + 1 >= PATTERN_GROUPS_MAX) {
		return fail(w, "too many groups; (?:...) groups without catching");
	}
	w->x->groups++;
	f->group[f->groups++] = (uint8_t)w->x->groups;
	return 0;
}

static int see_tag(struct walk *w, enum filter_tag tag)
{
	unsigned bit = 1U << (unsigned)tag;

	if (w->x->seen & bit) {
		filter_tell(
			w->x->diag, &top(w)->text->at,
			"<%s> may stand once in a pattern, and its prefix or a define has it already",
			filter_tag_name(tag));
		return -EINVAL;
	}
	w->x->seen |= bit;
	return 0;
}

/* Reads [+-]digits that begin `from` bytes on. Length 0: there are none. */
static size_t read_reference(struct walk *w, size_t from, int *ret_sign, unsigned *ret)
{
	int c = peek(w, from);
	size_t n = c == '+' || c == '-' ? 1 : 0;

	*ret_sign = n > 0 ? c : 0;
	*ret = 0;
	if (!is_digit(peek(w, from + n))) {
		return 0;
	}
	for (; is_digit(peek(w, from + n)) && *ret < 1000; n++) {
		*ret = *ret * 10 + (unsigned)(peek(w, from + n) - '0');
	}
	return n;
}

/* Writes `before` and the number that the reference has in the whole pattern, skipping `n` bytes of
 * text. */
static int put_reference(struct walk *w, size_t n, const char *before, int sign, unsigned number)
{
	struct frame *f = top(w);
	unsigned own = sign == '-' ? f->groups + 1 - number : number;

	if (sign == 0 && number == 0) {
		buf_printf(&w->x->regex, "%s0", before);
		skip(w, n);
		return 0;
	}
	if (f->resets) {
		return fail(
			w, "groups cannot be counted behind (?|; give it a name, (?<name>...), and "
			   "refer to that");
	}
	if (sign == '+' || own == 0 || own > f->groups) {
		return fail(
			w,
			"no such group stands before this; a number counts the groups of its own "
			"line, without tags");
	}
	buf_printf(&w->x->regex, "%s%u", before, f->group[own - 1]);
	skip(w, n);
	return 0;
}

/* \g1 \g{-1} \g<1> \g'1', or the same with a name; \k with a name. */
static int walk_named_escape(struct walk *w)
{
	static const struct {
		char open;
		struct str close;
	} PAIRS[] = { { '{', { "}", 1 } }, { '<', { ">", 1 } }, { '\'', { "'", 1 } } };

	char before[] = { '\\', 'g', '\0', '\0' };
	unsigned number;
	int sign;

	for (size_t i = 0; i < ARRAY_SIZE(PAIRS); i++) {
		if (peek(w, 2) == PAIRS[i].open) {
			size_t n = read_reference(w, 3, &sign, &number);

			before[2] = PAIRS[i].open;
			if (n > 0 && put_reference(w, 3 + n, before, sign, number) < 0) {
				return -EINVAL;
			}
			return copy_past(w, n > 0 ? 0 : 3, PAIRS[i].close,
					 "the name of the group does not end");
		}
	}
	if (read_reference(w, 2, &sign, &number) > 0 && peek(w, 1) == 'g') {
		size_t n = read_reference(w, 2, &sign, &number);

		if (put_reference(w, 2 + n, "\\g{", sign, number) < 0) {
			return -EINVAL;
		}
		buf_add_char(&w->x->regex, '}');
		return 0;
	}
	copy(w, 2);
	return 0;
}

static int walk_escape(struct walk *w)
{
	int c = peek(w, 1), sign;
	unsigned number;
	size_t n;

	if (c < 0) {
		return fail(w, "ends with a single backslash");
	}
	if (c == 'k' || c == 'g') {
		return walk_named_escape(w);
	}
	if (c == 'Q') {
		n = str_find(rest(w), STR("\\E"));
		copy(w, n == STR_NOT_FOUND ? rest(w).n : n + 2);
		if (n == STR_NOT_FOUND) {
			buf_add_str(&w->x->regex, STR("\\E"));
		}
		return 0;
	}
	if (c >= '1' && c <= '9') {
		n = read_reference(w, 1, &sign, &number);
		if (put_reference(w, 1 + n, "\\g{", sign, number) < 0) {
			return -EINVAL;
		}
		buf_add_char(&w->x->regex, '}');
		return 0;
	}
	copy(w, c == 'c' ? 3 : 2);
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

static int walk_class(struct walk *w)
{
	struct str s = rest(w);
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
		return fail(w, "a [ without its ]; write \\[ for the bracket itself");
	}
	copy(w, n + 1);
	return 0;
}

/* ---- brackets ---- */

/* A named group; the name begins `from` bytes on and ends with `end`. */
static int open_named(struct walk *w, size_t from, struct str end)
{
	struct str s = str_slice(rest(w), from, SIZE_MAX);
	size_t n = str_find(s, end);
	enum filter_tag tag;

	if (n == STR_NOT_FOUND) {
		return fail(w, "the name of the group does not end");
	}
	tag = filter_tag_find(str_slice(s, 0, n));
	if (tag != FILTER_TAGS && see_tag(w, tag) < 0) {
		return -EINVAL;
	}
	copy(w, from + n + 1);
	return add_group(w);
}

/* (?(1)yes|no) (?(-1)...) (?(<name>)...); (?(?=...)...) goes on with the group inside. */
static int open_condition(struct walk *w)
{
	unsigned number;
	int sign;
	size_t n = read_reference(w, 3, &sign, &number);

	if (peek(w, 3) == '?' || peek(w, 3) == '*') {
		copy(w, 2);
		return 0;
	}
	if (peek(w, 3) == 'R' && is_digit(peek(w, 4))) {
		return fail(w, "give the group a name and write (?(R&name)");
	}
	if (n > 0 && put_reference(w, 3 + n, "(?(", sign, number) < 0) {
		return -EINVAL;
	}
	return copy_past(w, 0, STR(")"), "the condition does not end");
}

static int open_special(struct walk *w)
{
	int c = peek(w, 2), next = peek(w, 3), sign;
	unsigned number;
	size_t n = read_reference(w, 2, &sign, &number);

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
	if (n > 0) {
		return put_reference(w, 2 + n, "(?", sign, number);
	}
	top(w)->resets = top(w)->resets || c == '|';
	copy(w, c == '<' ? 4 : 2);
	return 0;
}

static int walk_open(struct walk *w)
{
	struct str s = rest(w);

	if (str_has_prefix(s, STR("(?#"))) {
		return copy_past(w, 0, STR(")"), "the comment does not end");
	}
	top(w)->open++;
	if (str_has_prefix(s, STR("(?"))) {
		return open_special(w);
	}
	copy(w, 1);
	return peek(w, 0) == '*' ? 0 : add_group(w);
}

static int walk_close(struct walk *w)
{
	if (top(w)->open == 0) {
		return fail(w, "a ) without its (; write \\) for the bracket itself");
	}
	top(w)->open--;
	copy(w, 1);
	return 0;
}

/* ---- tags and defines ---- */

static const struct spec_text *find_define(const struct walk *w, struct str name)
{
	for (size_t i = 0; i < w->x->n_defines; i++) {
		if (str_eq(w->x->defines[i].at.key, name)) {
			return &w->x->defines[i];
		}
	}
	return NULL;
}

static int fail_unknown(struct walk *w, struct str name)
{
	enum filter_tag tag = filter_tag_similar(name);
	struct str like = tag == FILTER_TAGS ? STR_NONE : str_of(filter_tag_name(tag));

	for (size_t i = 0; i < w->x->n_defines && like.n == 0; i++) {
		if (str_distance(w->x->defines[i].at.key, name, 2) <= 2) {
			like = w->x->defines[i].at.key;
		}
	}
	if (like.n > 0) {
		filter_tell(w->x->diag, &top(w)->text->at,
			    "<%.*s> is no tag and not in [define]; did you mean <%.*s>? "
			    "For the text itself write \\<%.*s>",
			    STR_ARG(name), STR_ARG(like), STR_ARG(name));
	} else {
		filter_tell(
			w->x->diag, &top(w)->text->at,
			"<%.*s> is no tag and not in [define]; for the text itself write \\<%.*s>",
			STR_ARG(name), STR_ARG(name));
	}
	return -EINVAL;
}

static int put_tag(struct walk *w, enum filter_tag tag)
{
	struct str regex = w->x->tags->regex[tag];

	if (regex.n == 0) {
		filter_tell(w->x->diag, &top(w)->text->at, "<%s> needs a section [%s] with words",
			    filter_tag_name(tag), tag == FILTER_TAG_SERVICE ? "services" : "types");
		return -EINVAL;
	}
	if (see_tag(w, tag) < 0) {
		return -EINVAL;
	}
	if (w->x->groups + 1 >= PATTERN_GROUPS_MAX) {
		return fail(w, "too many groups; (?:...) groups without catching");
	}
	w->x->groups++;
	buf_printf(&w->x->regex, "(?<%s>", filter_tag_name(tag));
	buf_add_str(&w->x->regex, regex);
	buf_add_char(&w->x->regex, ')');
	return 0;
}

static int fail_circle(struct walk *w, size_t first)
{
	CLEANUP(buf_done) struct buf circle = { 0 };
	struct str name = w->frames[first].text->at.key;

	for (size_t i = first; i < w->n; i++) {
		buf_printf(&circle, "<%.*s> holds ", STR_ARG(w->frames[i].text->at.key));
	}
	filter_tell(w->x->diag, &w->frames[first].text->at, "goes round in a circle: %s<%.*s>",
		    buf_text(&circle), STR_ARG(name));
	return -EINVAL;
}

static int open_text(struct walk *w, const struct spec_text *text)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->frames[i].text == text) {
			return fail_circle(w, i);
		}
	}
	if (w->n == DEPTH_MAX) {
		return fail(w, "defines inside of defines, too deep");
	}
	w->frames[w->n++] = (struct frame){ .text = text };
	buf_add_str(&w->x->regex, STR("(?:"));
	return 0;
}

static int walk_angle(struct walk *w)
{
	const struct spec_text *define;
	enum filter_tag tag;
	struct str name;
	size_t n = 0;

	while (n <= WORD_MAX && (is_word(peek(w, n + 1)) || peek(w, n + 1) == '-')) {
		n++;
	}
	if (n == 0 || n > WORD_MAX || peek(w, n + 1) != '>') {
		copy(w, 1);
		return 0;
	}
	name = str_slice(rest(w), 1, n);
	tag = filter_tag_find(name);
	define = find_define(w, name);
	if (tag == FILTER_TAGS && !define) {
		return fail_unknown(w, name);
	}
	skip(w, n + 2);
	return tag != FILTER_TAGS ? put_tag(w, tag) : open_text(w, define);
}

static int walk_end(struct walk *w)
{
	if (top(w)->open > 0) {
		return fail(w, "a ( without its ); write \\( for the bracket itself");
	}
	buf_add_char(&w->x->regex, ')');
	w->n--;
	return 0;
}

static int walk_piece(struct walk *w)
{
	switch (peek(w, 0)) {
	case -1: return walk_end(w);
	case '\\': return walk_escape(w);
	case '[': return walk_class(w);
	case '(': return walk_open(w);
	case ')': return walk_close(w);
	case '<': return walk_angle(w);
	default: copy(w, 1); return 0;
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
	struct walk w = { .x = x };
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
