/* SPDX-License-Identifier: MIT */
/* Whenever PCRE2 matches, one of the literals is in the text: the promise on which the detector
 * skips a line. Random expressions, some of them damaged afterwards, and for each many texts that
 * it probably matches, some of them damaged too. A failure is made small and printed. An argument
 * is the seed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/literal.h"
#include "detect/pattern.h"
#include "property/regex_maker.h"

enum { TEXTS = 12, PAIRS = 500000 };

struct subject {
	struct buf regex, text;
	bool nocase;
};

struct counts {
	unsigned refused, pairs, matches, promises; /* promises: matches of a regex with literals */
};

static uint64_t seed = 0x11e2a1;

static bool contains(struct str text, const struct literal *literal)
{
	if (!literal->nocase) {
		return str_find(text, literal->text) != STR_NOT_FOUND;
	}
	for (size_t at = 0; at + literal->text.n <= text.n; at++) {
		if (str_eq_nocase(str_slice(text, at, literal->text.n), literal->text)) {
			return true;
		}
	}
	return false;
}

static bool contains_any(struct str text, const struct literal_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		if (contains(text, &set->at[i])) {
			return true;
		}
	}
	return false;
}

struct trial {
	struct pattern *pattern;
	struct arena *arena;
	struct literal_set set;
};

static void trial_done(struct trial *t)
{
	t->pattern = pattern_free(t->pattern);
	t->arena = arena_free(t->arena);
}

/* False: PCRE2 refuses the regex. */
static bool trial_init(struct trial *t, struct str regex, bool nocase)
{
	*t = (struct trial){ .arena = arena_new() };
	assert_non_null(t->arena);
	assert_int_equal(literal_extract(regex, nocase, t->arena, &t->set), 0);
	for (size_t i = 0; i < t->set.n; i++) {
		assert_in_range(t->set.at[i].text.n, LITERAL_MIN_BYTES, LITERAL_MAX_BYTES);
	}
	return pattern_new(regex, nocase, NULL, &t->pattern) == 0;
}

static bool is_broken(struct matcher *m, const struct trial *t, struct str text)
{
	return t->set.n > 0 && pattern_match(t->pattern, m, text) == PATTERN_HIT &&
	       !contains_any(text, &t->set);
}

static bool is_subject_broken(struct matcher *m, const struct subject *s)
{
	CLEANUP(trial_done) struct trial t;

	return trial_init(&t, buf_str(&s->regex), s->nocase) && is_broken(m, &t, buf_str(&s->text));
}

/* Takes bytes out as long as the promise stays broken. */
static void shrink(struct matcher *m, const struct subject *s, struct buf *bytes)
{
	for (size_t at = 0; at < bytes->n;) {
		char gone = bytes->p[at];

		memmove(bytes->p + at, bytes->p + at + 1, bytes->n - at - 1);
		bytes->n--;
		if (!is_subject_broken(m, s)) {
			memmove(bytes->p + at + 1, bytes->p + at, bytes->n - at);
			bytes->p[at++] = gone;
			bytes->n++;
		}
	}
}

static void print_bytes(const char *what, struct str bytes)
{
	print_error("%s: ", what);
	for (size_t i = 0; i < bytes.n; i++) {
		uint8_t c = (uint8_t)bytes.p[i];

		print_error(c >= ' ' && c < 0x7f ? "%c" : "\\x%02x", c);
	}
	print_error("\n");
}

static void report(struct matcher *m, struct subject *s)
{
	CLEANUP(trial_done) struct trial t;

	print_bytes("as it was", buf_str(&s->regex));
	for (int i = 0; i < 4; i++) {
		shrink(m, s, &s->text);
		shrink(m, s, &s->regex);
	}
	assert_true(trial_init(&t, buf_str(&s->regex), s->nocase));
	print_bytes("regex", buf_str(&s->regex));
	print_bytes("text", buf_str(&s->text));
	for (size_t i = 0; i < t.set.n; i++) {
		print_bytes(t.set.at[i].nocase ? "literal, any case" : "literal", t.set.at[i].text);
	}
	fail_msg("PCRE2 matches%s, and no literal is in the text", s->nocase ? " caseless" : "");
}

static void try_text(struct matcher *m, const struct trial *t, struct subject *s,
		     struct counts *counts)
{
	struct str text = buf_str(&s->text);

	counts->pairs++;
	if (pattern_match(t->pattern, m, text) != PATTERN_HIT) {
		return;
	}
	counts->matches++;
	counts->promises += t->set.n > 0;
	if (is_broken(m, t, text)) {
		report(m, s);
	}
}

/* The maker's text among others, damaged half of the time. */
static void make_text(struct dice *dice, const struct regex_maker *maker, struct buf *text)
{
	static const struct str alphabet = STR("abcABC12 :#.[]+{}\xe9\n\t");

	buf_clear(text);
	for (uint32_t n = dice_below(dice, 4); n > 0; n--) {
		buf_add_char(text, alphabet.p[dice_below(dice, (uint32_t)alphabet.n)]);
	}
	buf_add_str(text, buf_str(&maker->text));
	for (uint32_t n = dice_below(dice, 4); n > 0; n--) {
		buf_add_char(text, alphabet.p[dice_below(dice, (uint32_t)alphabet.n)]);
	}
	if (dice_below(dice, 2) == 0) {
		regex_maker_edit(dice, text, 1 + dice_below(dice, 3), alphabet);
	}
	assert_int_equal(buf_ok(text), 0);
}

static void subject_done(struct subject *s)
{
	buf_done(&s->regex);
	buf_done(&s->text);
}

/* One expression, a third of them damaged, and its texts. */
static void try_regex(struct dice *dice, struct regex_maker *maker, struct matcher *m,
		      struct counts *counts)
{
	static const struct str alphabet = STR("abc()[]{}|?*+\\^$.#:-,0123 QEixPK<>='!\n");
	CLEANUP(subject_done) struct subject s = { .nocase = dice_below(dice, 4) == 0 };
	CLEANUP(trial_done) struct trial t = { 0 };
	uint64_t shape = dice_roll(dice);

	regex_maker_run(maker, shape, dice_roll(dice), s.nocase);
	buf_add_str(&s.regex, buf_str(&maker->regex));
	if (dice_below(dice, 3) == 0) {
		regex_maker_edit(dice, &s.regex, 1 + dice_below(dice, 3), alphabet);
	}
	assert_int_equal(buf_ok(&s.regex), 0);
	if (!trial_init(&t, buf_str(&s.regex), s.nocase)) {
		counts->refused++;
		return;
	}
	for (int i = 0; i < TEXTS; i++) {
		regex_maker_run(maker, shape, dice_roll(dice), s.nocase);
		make_text(dice, maker, &s.text);
		try_text(m, &t, &s, counts);
	}
}

static void a_match_always_has_a_literal(void **state)
{
	CLEANUP(matcher_freep) struct matcher *m = NULL;
	CLEANUP(regex_maker_done) struct regex_maker maker = { 0 };
	struct dice dice = dice_new(seed);
	struct counts counts = { 0 };

	(void)state;
	assert_int_equal(matcher_new(&m), 0);
	while (counts.pairs < PAIRS) {
		try_regex(&dice, &maker, m, &counts);
		assert_true(counts.refused < PAIRS);
	}
	print_message("# %u pairs, %u matches, %u with literals; %u expressions refused\n",
		      counts.pairs, counts.matches, counts.promises, counts.refused);
	assert_true(counts.matches > counts.pairs / 5);
	assert_true(counts.promises > counts.pairs / 10);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_match_always_has_a_literal),
	};

	if (argc > 1) {
		seed = strtoull(argv[1], NULL, 0);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
