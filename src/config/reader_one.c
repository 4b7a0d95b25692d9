/* SPDX-License-Identifier: MIT */
/* reader_one.c - what does the text of a single value mean?
 *
 * The words of a choice stand in one string of the rule, in the order of the enum that they become;
 * one that ends in `!` is refused by name, because the program does not do it. */
#include "config/reader_one.h"

#include <errno.h>

#include "base/span.h"
#include "config/similar.h"
#include "config/zones.h"

enum { NAME_MAX_BYTES = 64, SET_NAME_MAX = 24 };

bool reader_one_yes_no(struct reader *r, const struct reader_rule *rule, const struct spec_text *t,
		       void *ret)
{
	static const char *const yes[] = { "yes", "true", "on" };
	static const char *const no[] = { "no", "false", "off" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (str_eq(t->text, str_of(yes[i])) && rule->words) {
			return READER_WRONG(r, t, "\"%s\" is not supported yet", yes[i]);
		}
		if (str_eq(t->text, str_of(yes[i])) || str_eq(t->text, str_of(no[i]))) {
			*(bool *)ret = str_eq(t->text, str_of(yes[i]));
			return true;
		}
	}
	return READER_WRONG(r, t, "\"%.*s\" is neither yes nor no", STR_ARG(t->text));
}

/* Takes the next word of a choice; *ret_later says whether a `!` follows it. */
static bool next_choice(struct str *rest, struct str *ret, bool *ret_later)
{
	if (!str_word(rest, ret)) {
		return false;
	}
	*ret_later = ret->p[ret->n - 1] == '!';
	ret->n -= *ret_later;
	return true;
}

void reader_one_choices(const char *words, struct buf *out)
{
	struct str rest = str_of(words), word;
	bool later;

	for (bool first = true; next_choice(&rest, &word, &later);) {
		if (!later) {
			buf_add_str(out, first ? STR_NONE : STR(", "));
			buf_add_str(out, word);
			first = false;
		}
	}
}

bool reader_one_choice(struct reader *r, const struct reader_rule *rule, const struct spec_text *t,
		       void *ret)
{
	CLEANUP(buf_done) struct buf known = { 0 };
	struct similar similar = similar_to(t->text);
	struct str rest = str_of(rule->words), word;
	bool later;

	for (int i = 0; next_choice(&rest, &word, &later); i++) {
		if (str_eq(word, t->text) && later) {
			return READER_WRONG(r, t, "\"%.*s\" is not supported yet", STR_ARG(word));
		}
		if (str_eq(word, t->text)) {
			*(int *)ret = i;
			return true;
		}
		similar_offer(&similar, word);
	}
	reader_one_choices(rule->words, &known);
	return READER_WRONG(r, t, "\"%.*s\" is none of %s%s%.*s%s", STR_ARG(t->text),
			    buf_text(&known), SIMILAR_ARG(similar));
}

bool reader_one_count(struct reader *r, const struct reader_rule *rule, const struct spec_text *t,
		      void *ret)
{
	uint64_t n = 0;
	int e = str_to_uint(t->text, rule->high, &n);

	if (e == -EINVAL) {
		return READER_WRONG(r, t, "\"%.*s\" is no whole number", STR_ARG(t->text));
	}
	if (e < 0 || n < rule->low) {
		return READER_WRONG(r, t, "%.*s is not within %llu to %llu", STR_ARG(t->text),
				    (unsigned long long)rule->low, (unsigned long long)rule->high);
	}
	*(uint64_t *)ret = n;
	return true;
}

bool reader_one_span(struct reader *r, const struct reader_rule *rule, const struct spec_text *t,
		     void *ret)
{
	char low[SPAN_TEXT_MAX], high[SPAN_TEXT_MAX];
	duration d;
	int e = span_parse(t->text, &d);

	if (e == -ENODATA) {
		return READER_WRONG(
			r, t, "%.*s what? VPOP3 means minutes, %.*sm; fail2ban seconds, %.*ss",
			STR_ARG(t->text), STR_ARG(t->text), STR_ARG(t->text));
	}
	if (e == -EINVAL) {
		return READER_WRONG(r, t,
				    "\"%.*s\" is no length of time; right would be 90s, 30m, 12h, "
				    "7d or 1h30m",
				    STR_ARG(t->text));
	}
	if (e < 0 || d.us < seconds((int64_t)rule->low).us ||
	    d.us > seconds((int64_t)rule->high).us) {
		return READER_WRONG(r, t, "%.*s is not within %s to %s", STR_ARG(t->text),
				    span_format(seconds((int64_t)rule->low), low),
				    span_format(seconds((int64_t)rule->high), high));
	}
	*(duration *)ret = d;
	return true;
}

bool reader_one_points(struct reader *r, const struct reader_rule *rule, const struct spec_text *t,
		       void *ret)
{
	uint64_t n;

	(void)rule;
	if (str_eq(t->text, STR("ban"))) {
		*(points *)ret = POINTS_BAN;
		return true;
	}
	if (str_eq(t->text, STR("forgive"))) {
		*(points *)ret = POINTS_FORGIVE;
		return true;
	}
	if (str_to_uint(t->text, POINTS_MAX, &n) < 0) {
		return READER_WRONG(r, t,
				    "\"%.*s\" is no multiplier; right would be a whole number from "
				    "0 to %d, `ban` or `forgive`",
				    STR_ARG(t->text), POINTS_MAX);
	}
	*(points *)ret = (points)n;
	return true;
}

bool reader_one_text(struct reader *r, const struct reader_rule *rule, const struct spec_text *t,
		     void *ret)
{
	(void)r;
	(void)rule;
	*(struct spec_text *)ret = *t;
	return true;
}

/* Whether the text begins with a small letter or a digit and goes on with those or `link`. */
static bool is_word(struct str text, char link, size_t max)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && (i == 0 || c != link)) {
			return false;
		}
	}
	return text.n > 0 && text.n <= max;
}

bool reader_one_is_name(struct str text)
{
	return is_word(text, '-', NAME_MAX_BYTES);
}

bool reader_one_name(struct reader *r, const struct reader_rule *rule, const struct spec_text *t,
		     void *ret)
{
	if (!reader_one_is_name(t->text)) {
		return READER_WRONG(
			r, t, "\"%.*s\" is no name: small letters, digits and dashes make one",
			STR_ARG(t->text));
	}
	return reader_one_text(r, rule, t, ret);
}

bool reader_one_set_name(struct reader *r, const struct reader_rule *rule,
			 const struct spec_text *t, void *ret)
{
	if (!is_word(t->text, '_', SET_NAME_MAX) || (t->text.p[0] >= '0' && t->text.p[0] <= '9')) {
		return READER_WRONG(r, t,
				    "\"%.*s\" is no name of a table: a small letter, then letters, "
				    "digits and underscores, at most %d",
				    STR_ARG(t->text), SET_NAME_MAX);
	}
	return reader_one_text(r, rule, t, ret);
}

bool reader_one_path(struct reader *r, const struct reader_rule *rule, const struct spec_text *t,
		     void *ret)
{
	if (t->text.n == 0 || t->text.p[0] != '/') {
		return READER_WRONG(r, t, "\"%.*s\" is no path that begins with /",
				    STR_ARG(t->text));
	}
	return reader_one_text(r, rule, t, ret);
}

bool reader_one_zone(struct reader *r, const struct reader_rule *rule, const struct spec_text *t,
		     void *ret)
{
	if (!zones_is_name(t->text)) {
		return READER_WRONG(r, t, "\"%.*s\" is no name of a time zone, as Europe/Berlin is",
				    STR_ARG(t->text));
	}
	return reader_one_text(r, rule, t, ret);
}
