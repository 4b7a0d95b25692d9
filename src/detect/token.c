/* SPDX-License-Identifier: MIT */
/* token - PCRE2's pattern syntax, read with suspicion.
 *
 * The reader must agree with PCRE2 on where each piece ends, in every version that we may meet; an
 * escape that is read one byte too short turns a class or a quantifier into text that "must be
 * there", and a line that PCRE2 would match is never shown to it. So the rule is: what is common is
 * read exactly, what is rare or differs between versions (a brace that is a quantifier only
 * since 10.43, \Q inside a class, verbs, callouts) is alien.
 *
 * Nothing stands between a piece and its quantifier but what PCRE2 ignores: comments, \E, an empty
 * \Q\E, and with (?x) blanks and # comments. */
#include <string.h>

#include "detect/token.h"

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* 0x85 is "next line", which PCRE2 ignores in bytes, too. */
static bool is_blank(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85;
}

static bool is_one_of(int c, const char *set)
{
	return c > 0 && strchr(set, c);
}

static struct token make(enum token_kind kind)
{
	return (struct token){ .kind = kind };
}

/* A piece of that kind, if its end was found. */
static struct token made_if(bool found, enum token_kind kind)
{
	return make(found ? kind : TOKEN_ALIEN);
}

/* Only ASCII folds: what a byte above means depends on PCRE2's tables. */
static struct token make_byte(const struct token_reader *r, int byte)
{
	if (r->options.nocase && byte >= 0x80) {
		return make(TOKEN_OTHER);
	}
	return (struct token){
		.kind = TOKEN_BYTE,
		.byte = (char)byte,
		.nocase = r->options.nocase && is_letter(byte),
	};
}

/* Steps over what PCRE2 ignores. */
static void skip_ignored(struct token_reader *r)
{
	for (;;) {
		if (cursor_is_at(&r->in, STR("\\E"))) {
			cursor_step(&r->in, 2);
			r->quoted = false;
		} else if (r->quoted) {
			return;
		} else if (cursor_is_at(&r->in, STR("\\Q"))) {
			cursor_step(&r->in, 2);
			r->quoted = true;
		} else if (cursor_is_at(&r->in, STR("(?#"))) {
			(void)cursor_skip_past(&r->in, ')');
		} else if (r->options.extended && cursor_peek(&r->in, 0) == '#') {
			(void)cursor_skip_past(&r->in, '\n');
		} else if (r->options.extended && is_blank(cursor_peek(&r->in, 0))) {
			cursor_step(&r->in, 1);
		} else {
			return;
		}
	}
}

/* ---- escapes ---- */

static int hex_value(int c)
{
	if (is_digit(c)) {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* At most `max` hexadecimal digits; -1: more than a byte holds. */
static int read_hex(struct token_reader *r, size_t max)
{
	int value = 0;

	for (size_t i = 0; i < max && hex_value(cursor_peek(&r->in, 0)) >= 0;
	     i++, cursor_step(&r->in, 1)) {
		value = value < 0 || value > 0x0f ? -1
						  : value * 16 + hex_value(cursor_peek(&r->in, 0));
	}
	return value;
}

/* Behind \x: two digits at most, or any number in braces. */
static struct token read_x(struct token_reader *r)
{
	int value;

	if (cursor_peek(&r->in, 0) != '{') {
		return make_byte(r, read_hex(r, 2));
	}
	cursor_step(&r->in, 1);
	value = hex_value(cursor_peek(&r->in, 0)) >= 0 ? read_hex(r, r->in.text.n) : -1;
	if (value < 0 || cursor_peek(&r->in, 0) != '}') {
		return make(TOKEN_ALIEN);
	}
	cursor_step(&r->in, 1);
	return make_byte(r, value);
}

/* Behind \g and \k: a reference by number or name, or a call. */
static struct token read_reference(struct token_reader *r)
{
	static const char open[] = "{<'", close[] = "}>'";
	int c = cursor_peek(&r->in, 0);

	if (is_one_of(c, open)) {
		cursor_step(&r->in, 1);
		return made_if(cursor_skip_past(&r->in, close[strchr(open, c) - open]),
			       TOKEN_OTHER);
	}
	if (c == '+' || c == '-') {
		cursor_step(&r->in, 1);
	}
	if (!is_digit(cursor_peek(&r->in, 0))) {
		return make(TOKEN_ALIEN);
	}
	cursor_skip_digits(&r->in);
	return make(TOKEN_OTHER);
}

/* Behind \p and \P. */
static struct token read_property(struct token_reader *r)
{
	if (cursor_peek(&r->in, 0) == '{') {
		return made_if(cursor_skip_past(&r->in, '}'), TOKEN_OTHER);
	}
	cursor_step(&r->in, 1);
	return make(TOKEN_OTHER);
}

/* Behind the backslash and `c`, a digit: \0 and two octal digits, or else a reference or an octal
 * number, which only PCRE2's count of groups can tell apart: no digit is a promise then. */
static struct token read_digits(struct token_reader *r, int c)
{
	if (c != '0') {
		cursor_skip_digits(&r->in);
		return make(TOKEN_OTHER);
	}
	for (int n = 0; n < 2 && is_one_of(cursor_peek(&r->in, 0), "01234567"); n++) {
		cursor_step(&r->in, 1);
	}
	return make(TOKEN_OTHER);
}

/* Letters whose escapes have more behind them. */
static struct token read_long_escape(struct token_reader *r, int c)
{
	switch (c) {
	case 'x': return read_x(r);
	case 'g':
	case 'k': return read_reference(r);
	case 'p':
	case 'P': return read_property(r);
	case 'o': return made_if(cursor_skip_past(&r->in, '}'), TOKEN_OTHER);
	case 'c': cursor_step(&r->in, 1); return make(TOKEN_OTHER);
	case 'N':
		return made_if(cursor_peek(&r->in, 0) != '{' || is_digit(cursor_peek(&r->in, 1)),
			       TOKEN_OTHER);
	default: return make(TOKEN_ALIEN);
	}
}

static struct token read_escape(struct token_reader *r)
{
	static const char controls[] = "aefnrt", bytes[] = "\a\x1b\f\n\r\t";
	int c = cursor_peek(&r->in, 1);

	cursor_step(&r->in, 2);
	if (c < 0) {
		return make(TOKEN_ALIEN);
	}
	if (is_digit(c)) {
		return read_digits(r, c);
	}
	if (!is_letter(c)) {
		return make_byte(r, c);
	}
	if (is_one_of(c, controls)) {
		return make_byte(r, bytes[strchr(controls, c) - controls]);
	}
	if (is_one_of(c, "dDwWsShHvVRX")) {
		return make(TOKEN_OTHER);
	}
	if (is_one_of(c, "AbBGKzZ")) {
		return make(TOKEN_NOTHING);
	}
	return read_long_escape(r, c);
}

/* ---- classes ---- */

/* At the [ of what may be [:name:] inside a class. */
static bool skip_posix(struct token_reader *r)
{
	size_t n = cursor_peek(&r->in, 2) == '^' ? 3 : 2;

	if (cursor_peek(&r->in, 1) != ':') {
		return false;
	}
	while (is_letter(cursor_peek(&r->in, n))) {
		n++;
	}
	if (cursor_peek(&r->in, n) != ':' || cursor_peek(&r->in, n + 1) != ']') {
		return false;
	}
	cursor_step(&r->in, n + 2);
	return true;
}

/* One member, or part of one. False: PCRE2 may see it otherwise. */
static bool skip_member(struct token_reader *r)
{
	int next = cursor_peek(&r->in, 1);

	switch (cursor_peek(&r->in, 0)) {
	case '\\':
		if (next == 'Q' || next == 'E') {
			return false;
		}
		cursor_step(&r->in, next == 'c' ? 3 : 2);
		return true;
	case '[':
		if (is_one_of(next, ":.=")) {
			return skip_posix(r);
		}
		cursor_step(&r->in, 1);
		return true;
	default: cursor_step(&r->in, 1); return true;
	}
}

static struct token read_class(struct token_reader *r)
{
	size_t first;

	if (r->options.extended_more) {
		return make(TOKEN_ALIEN);
	}
	cursor_step(&r->in, cursor_peek(&r->in, 1) == '^' ? 2 : 1);
	first = r->in.at;
	while (r->in.at < r->in.text.n && (cursor_peek(&r->in, 0) != ']' || r->in.at == first)) {
		if (!skip_member(r)) {
			return make(TOKEN_ALIEN);
		}
	}
	if (r->in.at == r->in.text.n) {
		return make(TOKEN_ALIEN);
	}
	cursor_step(&r->in, 1);
	return make(TOKEN_OTHER);
}

/* ---- groups ---- */

/* One letter of (?imsx-n), at the place. False: we do not know it. */
static bool read_option(struct token_reader *r, bool on)
{
	int c = cursor_peek(&r->in, 0);

	if (c == 'i') {
		r->options.nocase = on;
	} else if (c == 'x') {
		bool twice = cursor_peek(&r->in, 1) == 'x';

		r->options.extended = on;
		r->options.extended_more = r->options.extended_more || twice;
		cursor_step(&r->in, twice ? 1 : 0);
	} else if (!is_one_of(c, "JUmns")) {
		return false;
	}
	cursor_step(&r->in, 1);
	return true;
}

/* Behind "(?": options, for the rest of the group or for a group of their own. */
static struct token read_options(struct token_reader *r)
{
	bool on = true;

	if (cursor_peek(&r->in, 0) == '^') {
		r->options.nocase = r->options.extended = false;
		cursor_step(&r->in, 1);
	}
	while (cursor_peek(&r->in, 0) != ')' && cursor_peek(&r->in, 0) != ':') {
		if (cursor_peek(&r->in, 0) == '-' && on) {
			on = false;
			cursor_step(&r->in, 1);
		} else if (!read_option(r, on)) {
			return make(TOKEN_ALIEN);
		}
	}
	cursor_step(&r->in, 1);
	return make(r->in.text.p[r->in.at - 1] == ':' ? TOKEN_OPEN : TOKEN_OPTIONS);
}

/* Behind "(?": a call or reference up to the next parenthesis. */
static struct token read_call(struct token_reader *r)
{
	size_t from = r->in.at;
	bool found = cursor_skip_past(&r->in, ')');
	struct str inside = str_slice(r->in.text, from, r->in.at - from);

	return made_if(found && str_find_char(inside, '(') == STR_NOT_FOUND, TOKEN_OTHER);
}

/* Behind "(?(": the condition. An assertion is left to be read as the group that it is. */
static struct token read_condition(struct token_reader *r)
{
	int c = cursor_peek(&r->in, 0);

	if (c == '*' || (c == '?' && cursor_peek(&r->in, 1) == 'C')) {
		return make(TOKEN_ALIEN);
	}
	if (c == '?') {
		r->in.at--;
		return make(TOKEN_CHOICE);
	}
	return made_if(cursor_skip_past(&r->in, ')'), TOKEN_CHOICE);
}

/* Behind "(?<": a name or a look behind. */
static struct token read_angle(struct token_reader *r)
{
	if (is_one_of(cursor_peek(&r->in, 0), "=!*")) {
		cursor_step(&r->in, 1);
		return make(TOKEN_LOOK);
	}
	return made_if(cursor_skip_past(&r->in, '>'), TOKEN_OPEN);
}

/* Behind "(?P": Python's forms. */
static struct token read_python(struct token_reader *r)
{
	if (cursor_peek(&r->in, 0) == '<') {
		return made_if(cursor_skip_past(&r->in, '>'), TOKEN_OPEN);
	}
	return is_one_of(cursor_peek(&r->in, 0), "=>") ? read_call(r) : make(TOKEN_ALIEN);
}

/* Behind "(?". */
static struct token read_special(struct token_reader *r)
{
	int c = cursor_peek(&r->in, 0), next = cursor_peek(&r->in, 1);

	if (is_digit(c) || is_one_of(c, "R&") || (is_one_of(c, "+-") && is_digit(next))) {
		return read_call(r);
	}
	if (!is_one_of(c, ":|>=!*<P'(")) {
		return read_options(r);
	}
	cursor_step(&r->in, 1);
	switch (c) {
	case '=':
	case '!':
	case '*': return make(TOKEN_LOOK);
	case '<': return read_angle(r);
	case 'P': return read_python(r);
	case '\'': return made_if(cursor_skip_past(&r->in, '\''), TOKEN_OPEN);
	case '(': return read_condition(r);
	default: return make(TOKEN_OPEN);
	}
}

static struct token read_group(struct token_reader *r)
{
	int next = cursor_peek(&r->in, 1);

	cursor_step(&r->in, 1);
	if (next == '*') {
		return make(TOKEN_ALIEN);
	}
	if (next != '?') {
		return make(TOKEN_OPEN);
	}
	cursor_step(&r->in, 1);
	return read_special(r);
}

/* ---- the two questions ---- */

/* Could a brace with this behind it be a quantifier, in any version of PCRE2? */
static bool is_brace_begin(int c)
{
	return is_digit(c) || is_one_of(c, ", \t");
}

static struct token read_plain(struct token_reader *r, int c)
{
	switch (c) {
	case '.': return make(TOKEN_OTHER);
	case '^':
	case '$': return make(TOKEN_NOTHING);
	case '|': return make(TOKEN_BRANCH);
	case ')': return make(TOKEN_CLOSE);
	case '*':
	case '+':
	case '?': return make(TOKEN_ALIEN);
	case '{':
		return is_brace_begin(cursor_peek(&r->in, 0)) ? make(TOKEN_ALIEN) : make_byte(r, c);
	default: return make_byte(r, c);
	}
}

struct token token_next(struct token_reader *r)
{
	int c;

	skip_ignored(r);
	c = cursor_peek(&r->in, 0);
	if (c < 0) {
		return make(TOKEN_END);
	}
	if (!r->quoted && c == '\\') {
		return read_escape(r);
	}
	if (!r->quoted && c == '[') {
		return read_class(r);
	}
	if (!r->quoted && c == '(') {
		return read_group(r);
	}
	cursor_step(&r->in, 1);
	return r->quoted ? make_byte(r, c) : read_plain(r, c);
}

/* At a brace: {n}, {n,} or {n,m}. */
static enum token_repeat read_braces(struct token_reader *r)
{
	struct token_reader ahead = *r;
	bool zero = true;

	cursor_step(&ahead.in, 1);
	if (!is_brace_begin(cursor_peek(&ahead.in, 0))) {
		return REPEAT_ONCE;
	}
	for (; is_digit(cursor_peek(&ahead.in, 0)); cursor_step(&ahead.in, 1)) {
		zero = zero && cursor_peek(&ahead.in, 0) == '0';
	}
	if (ahead.in.at == r->in.at + 1) {
		return REPEAT_ALIEN;
	}
	if (cursor_peek(&ahead.in, 0) == ',') {
		cursor_step(&ahead.in, 1);
		cursor_skip_digits(&ahead.in);
	}
	if (cursor_peek(&ahead.in, 0) != '}') {
		return REPEAT_ALIEN;
	}
	cursor_step(&ahead.in, 1);
	*r = ahead;
	return zero ? REPEAT_MAYBE : REPEAT_MORE;
}

enum token_repeat token_repeat(struct token_reader *r)
{
	enum token_repeat repeat = REPEAT_ONCE;

	skip_ignored(r);
	if (r->quoted) {
		return REPEAT_ONCE;
	}
	if (cursor_peek(&r->in, 0) == '{') {
		repeat = read_braces(r);
	} else if (is_one_of(cursor_peek(&r->in, 0), "*+?")) {
		repeat = cursor_peek(&r->in, 0) == '+' ? REPEAT_MORE : REPEAT_MAYBE;
		cursor_step(&r->in, 1);
	}
	if (repeat != REPEAT_ONCE && is_one_of(cursor_peek(&r->in, 0), "+?")) {
		cursor_step(&r->in, 1);
	}
	return repeat;
}
