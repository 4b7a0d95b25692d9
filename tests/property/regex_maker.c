/* SPDX-License-Identifier: MIT */
/* regex_maker - expressions made to mislead whoever looks for literals in them.
 *
 * Words are long enough to be literals and over few letters, so that a text has parts of them by
 * chance. Each construct writes itself into the expression and what it matches this time into the
 * text; what is not taken (another branch, a piece that is missing this time) is cut off the text
 * again. */
#include <string.h>

#include "property/regex_maker.h"

enum { DEPTH_MAX = 4 };

static void sequence(struct regex_maker *m);

void regex_maker_done(struct regex_maker *m)
{
	buf_done(&m->regex);
	buf_done(&m->text);
}

static uint32_t shape(struct regex_maker *m, uint32_t n)
{
	return dice_below(&m->shape, n);
}

static uint32_t choose(struct regex_maker *m, uint32_t n)
{
	return dice_below(&m->choice, n);
}

static void write(struct regex_maker *m, const char *regex)
{
	buf_add_str(&m->regex, str_of(regex));
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A byte of the text; where case does not matter, in either. */
static void say(struct regex_maker *m, char c)
{
	bool other = m->nocase && is_letter(c) && choose(m, 2) == 0;

	buf_add_char(&m->text, other ? (char)(c ^ 0x20) : c);
}

/* ---- what consumes text ---- */

static void plain(struct regex_maker *m, char c, bool quoted)
{
	bool special = strchr(".[](){}*+?|^$\\", c) || (m->extended && strchr(" #", c));

	if (!quoted && shape(m, 20) == 0) {
		buf_printf(&m->regex, shape(m, 2) ? "\\x%02x" : "\\x{%x}", (unsigned)(uint8_t)c);
	} else {
		if (!quoted && (special || (!is_letter(c) && c > '9' && shape(m, 5) == 0))) {
			buf_add_char(&m->regex, '\\');
		}
		buf_add_char(&m->regex, c);
	}
	say(m, c);
}

static void word(struct regex_maker *m)
{
	static const char alphabet[] = "abcabcabcABC12 :#.[+\xe9";
	bool quoted = shape(m, 10) == 0;
	uint32_t n = 1 + shape(m, 7);

	write(m, quoted ? "\\Q" : "");
	for (uint32_t i = 0; i < n; i++) {
		plain(m, alphabet[shape(m, sizeof(alphabet) - 1)], quoted);
	}
	write(m, quoted ? "\\E" : "");
}

/* Pieces that match one byte, and bytes that they match; none: a NUL. */
static const struct {
	const char *regex, *members;
} classes[] = {
	{ "\\d", "12" },
	{ "\\w", "abC1" },
	{ "\\s", " \t" },
	{ ".", "abc #" },
	{ "\\S", "abc]" },
	{ "\\N", "abc" },
	{ "\\D", "abc" },
	{ "\\h", " " },
	{ "\\R", "\n" },
	{ "\\X", "a" },
	{ "[abc]", "abc" },
	{ "[^abc]", "12]" },
	{ "[]abcd]", "]abcd" },
	{ "[^]abcd]", "12" },
	{ "[\\]abcd]", "]ab" },
	{ "[[abcd]", "[abcd" },
	{ "[[:alpha:]abcd]", "ab" },
	{ "[[:^alpha:]a]", "1 a" },
	{ "[a-c\\\\]", "abc\\" },
	{ "[\\x61bcd]", "ab" },
	{ "\\pL", "ab" },
	{ "\\p{Lu}", "AB" },
	{ "\\P{^L}", "ab" },
	{ "\\o{141}", "a" },
	{ "\\141", "a" },
	{ "\\061", "1" },
	{ "\\0", "" },
	{ "\\041", "!" },
	{ "(?xx:[ ]abcd])", "]abcd" },
	{ "(?xx:[^ ]abcd])", "12" },
	{ "[ ]abcd]", " " },
	{ "\\cA", "\x01" },
	{ "[\\cA]", "\x01" },
	{ "[\\c]ab]", "\x1d" },
	{ "[[:abc]", ":[a" },
	{ "[\\Qa]b\\Ec]", "a]bc" },
	{ "[\\E]abc]", "]abc" },
	{ "\\t", "\t" },
	{ "\\e", "\x1b" },
	{ "[ab[.]cd", "" },
};

static void class(struct regex_maker *m)
{
	uint32_t i = shape(m, ARRAY_SIZE(classes));
	size_t n = strlen(classes[i].members);

	write(m, classes[i].regex);
	if (n > 0) {
		say(m, classes[i].members[choose(m, (uint32_t)n)]);
	} else {
		buf_add_char(&m->text, '\0');
	}
}

static void alternation(struct regex_maker *m)
{
	uint32_t n = shape(m, 3) == 0 ? 2 + shape(m, 3) : 1, taken = choose(m, 12) % n;

	for (uint32_t i = 0; i < n; i++) {
		size_t from = m->text.n;

		write(m, i > 0 ? "|" : "");
		if (shape(m, 15) > 0) {
			sequence(m);
		}
		if (i != taken) {
			buf_truncate(&m->text, from);
		}
	}
}

/* What an option does to the options in force: sets it (1), clears it (-1), leaves it (0). */
struct change {
	const char *regex;
	int nocase, extended;
};

static void change_options(struct regex_maker *m, const struct change *change)
{
	m->nocase = change->nocase == 0 ? m->nocase : change->nocase > 0;
	m->extended = change->extended == 0 ? m->extended : change->extended > 0;
}

/* Writes a regex that may name the last group by its number (%u). */
static void write_numbered(struct regex_maker *m, const char *regex)
{
	for (const char *c = regex; *c != '\0'; c++) {
		if (*c == '%') {
			buf_printf(&m->regex, "%u", m->groups);
			c++;
		} else {
			buf_add_char(&m->regex, *c);
		}
	}
}

/* A group of any kind whose contents are matched where it stands. */
static void group(struct regex_maker *m)
{
	static const struct change kinds[] = {
		{ "(?:", 0, 0 },      { "(?:", 0, 0 },     { "(", 0, 0 },       { "(", 0, 0 },
		{ "(?>", 0, 0 },      { "(?|", 0, 0 },     { "(?i:", 1, 0 },    { "(?-i:", -1, 0 },
		{ "(?x:", 0, 1 },     { "(?^:", -1, -1 },  { "(?s-x:", 0, -1 }, { "(?<g%u>", 0, 0 },
		{ "(?P<g%u>", 0, 0 }, { "(?'g%u'", 0, 0 },
	};
	const struct change *kind = &kinds[shape(m, ARRAY_SIZE(kinds))];
	bool nocase = m->nocase, extended = m->extended;

	m->groups += strcmp(kind->regex, "(") == 0 || strchr(kind->regex, '%');
	write_numbered(m, kind->regex);
	change_options(m, kind);
	alternation(m);
	write(m, ")");
	m->nocase = nocase;
	m->extended = extended;
}

/* Writes an alternation whose text does not count. */
static void aside(struct regex_maker *m, const char *open, const char *close)
{
	size_t from = m->text.n;
	bool nocase = m->nocase, extended = m->extended;

	write(m, open);
	alternation(m);
	write(m, close);
	buf_truncate(&m->text, from);
	m->nocase = nocase;
	m->extended = extended;
}

static void conditional(struct regex_maker *m)
{
	static const char *const conditions[] = { "(?(1)", "(?(R)", "(?(?=a)", "(?(?!a)",
						  "(?(?<=1)" };
	bool yes = choose(m, 2) == 0;
	size_t from = m->text.n;

	write(m, conditions[shape(m, ARRAY_SIZE(conditions))]);
	word(m);
	buf_truncate(&m->text, yes ? m->text.n : from);
	if (shape(m, 2) == 0) {
		from = m->text.n;
		write(m, "|");
		word(m);
		buf_truncate(&m->text, yes ? from : m->text.n);
	}
	write(m, ")");
}

static void reference(struct regex_maker *m)
{
	static const char *const kinds[] = { "\\%u",    "\\g%u",   "\\g{%u}", "(?%u)",
					     "\\g<%u>", "\\g'%u'", "(?:\\%u)" };
	const char *kind = kinds[shape(m, ARRAY_SIZE(kinds))];
	size_t from, n;

	m->groups++;
	write(m, "(");
	from = m->text.n;
	word(m);
	n = m->text.n - from;
	write(m, ")");
	write_numbered(m, kind);
	for (size_t i = 0; i < n && m->text.n > 0; i++) {
		buf_add_char(&m->text, m->text.p[from + i]);
	}
}

/* ---- what consumes none ---- */

static void aside_of_some_kind(struct regex_maker *m)
{
	switch (shape(m, 6)) {
	case 0: aside(m, "(?!", "zz)"); break;
	case 1: aside(m, "(?=(?:", ")?)"); break;
	case 2: aside(m, "(?<!z", ")"); break;
	case 3: aside(m, "(?(DEFINE)(?:", "))"); break;
	case 4: aside(m, "(?:", "){0}"); break;
	default: aside(m, "(?:(*F)", ")?"); break;
	}
}

static void nothing(struct regex_maker *m)
{
	static const char *const words[] = { "\\K",    "\\B",       "(?:)",     "\\E",
					     "\\Q\\E", "(?#abcd)",  "()",       "^",
					     "$",      "(*COMMIT)", "(*ACCEPT)" };
	const char *word = words[shape(m, shape(m, 8) == 0 ? ARRAY_SIZE(words) : 7)];

	m->groups += strcmp(word, "()") == 0;
	write(m, word);
	if (m->extended) {
		write(m, shape(m, 2) ? " " : "#abcd abcd\n");
	}
}

static void option(struct regex_maker *m)
{
	static const struct change options[] = {
		{ "(?i)", 1, 0 },      { "(?-i)", -1, 0 }, { "(?x)", 0, 1 },
		{ "(?-x)", 0, -1 },    { "(?^)", -1, -1 }, { "(?xi)", 1, 1 },
		{ "(?s-ix)", -1, -1 }, { "(?m)", 0, 0 },   { "(?xx)", 0, 1 },
	};
	const struct change *change = &options[shape(m, ARRAY_SIZE(options))];

	write(m, change->regex);
	change_options(m, change);
}

/* ---- all of it ---- */

/* A quantifier for what was written since `from` of the text. */
static void quantifier(struct regex_maker *m, size_t from)
{
	static const struct {
		const char *regex;
		uint32_t min, max;
	} all[] = { { "?", 0, 1 },     { "*", 0, 2 },    { "+", 1, 3 },      { "{0}", 0, 0 },
		    { "{0,2}", 0, 2 }, { "{1}", 1, 1 },  { "{2}", 2, 2 },    { "{1,}", 1, 3 },
		    { "{2,3}", 2, 3 }, { "{0,}", 0, 2 }, { "{00,1}", 0, 1 }, { "{,2}", 0, 2 } };

	uint32_t i = shape(m, shape(m, 6) == 0 ? ARRAY_SIZE(all) : 3);
	uint32_t times = all[i].min + choose(m, all[i].max - all[i].min + 1);
	size_t n = m->text.n - from;

	if (m->extended && shape(m, 3) == 0) {
		write(m, " #c\n");
	}
	write(m, shape(m, 20) == 0 ? "(?#c)" : "");
	write(m, all[i].regex);
	write(m, shape(m, 4) == 0 ? "?" : shape(m, 8) == 0 ? "+" : "");
	for (uint32_t k = 1; k < times; k++) {
		for (size_t j = 0; j < n; j++) {
			buf_add_char(&m->text, m->text.p[from + j]);
		}
	}
	if (times == 0) {
		buf_truncate(&m->text, from);
	}
}

static void piece(struct regex_maker *m)
{
	uint32_t kind = shape(m, m->depth < DEPTH_MAX ? 24 : 14);
	size_t from;

	if (kind == 0) {
		option(m);
		return;
	}
	if (kind < 3) {
		nothing(m);
		return;
	}
	from = m->text.n;
	m->depth++;
	if (kind < 11) {
		word(m);
		from = m->text.n > 0 ? m->text.n - 1 : 0;
	} else if (kind < 14) {
		class(m);
	} else if (kind < 20) {
		group(m);
	} else if (kind == 20) {
		conditional(m);
	} else if (kind == 21) {
		reference(m);
	} else {
		aside_of_some_kind(m);
	}
	m->depth--;
	if (shape(m, 3) == 0) {
		quantifier(m, from);
	}
}

static void sequence(struct regex_maker *m)
{
	uint32_t n = 1 + shape(m, m->depth == 0 ? 6 : 3);

	for (uint32_t i = 0; i < n; i++) {
		piece(m);
	}
}

void regex_maker_run(struct regex_maker *m, uint64_t shape_seed, uint64_t choice_seed, bool nocase)
{
	buf_clear(&m->regex);
	buf_clear(&m->text);
	m->shape.state = shape_seed;
	m->choice.state = choice_seed;
	m->nocase = nocase;
	m->extended = false;
	m->groups = m->depth = 0;
	alternation(m);
}

void regex_maker_edit(struct dice *dice, struct buf *bytes, unsigned edits, struct str alphabet)
{
	for (unsigned i = 0; i < edits && bytes->n > 0; i++) {
		size_t at = dice_below(dice, (uint32_t)bytes->n);
		char c = alphabet.p[dice_below(dice, (uint32_t)alphabet.n)];

		switch (dice_below(dice, 4)) {
		case 0:
			memmove(bytes->p + at, bytes->p + at + 1, bytes->n - at - 1);
			buf_truncate(bytes, bytes->n - 1);
			break;
		case 1: bytes->p[at] = c; break;
		case 2:
			bytes->p[at] = is_letter(bytes->p[at]) ? (char)(bytes->p[at] ^ 0x20) : c;
			break;
		default:
			buf_add_char(bytes, c);
			memmove(bytes->p + at + 1, bytes->p + at, bytes->n - at - 1);
			bytes->p[at] = c;
			break;
		}
	}
}
