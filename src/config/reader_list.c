/* SPDX-License-Identifier: MIT */
/* reader_list.c - what does a value of many words mean?
 *
 * Lists that are words run over all lines of a setting; a walk takes them one after the other, each
 * with the place of its own line. What is read is counted first and then stored, so a list takes
 * the room it needs. */
#include "config/reader_list.h"

#include <errno.h>

#include "base/hostname.h"
#include "base/journal_place.h"
#include "base/span.h"
#include "config/reader_one.h"

/* The words of a setting, one after the other. */
struct walk {
	const struct setting *setting;
	size_t i; /* the entry that `rest` is of, plus one */
	struct str rest;
	const char *gaps;
	unsigned problems;
};

static const char BLANKS[] = " \t", BLANKS_AND_COMMAS[] = " \t,", COMMAS[] = ",";

struct spec_text reader_list_text(const struct setting *s, size_t i)
{
	return (struct spec_text){ .text = s->entries[i].text, .at = setting_place(s, i) };
}

static void *take_room(struct reader *r, size_t n, size_t size)
{
	void *room = arena_alloc(r->arena, n, size);

	r->failed = r->failed || !room;
	return room;
}

static bool is_gap(const char *gaps, char c)
{
	for (; *gaps; gaps++) {
		if (c == *gaps) {
			return true;
		}
	}
	return false;
}

/* Takes the next word; one in quotes goes up to the quote that closes it. */
static bool next_in_line(struct str *rest, const char *gaps, struct str *ret)
{
	size_t from = 0, n;

	while (from < rest->n && is_gap(gaps, rest->p[from])) {
		from++;
	}
	*rest = str_slice(*rest, from, SIZE_MAX);
	if (rest->n == 0) {
		return false;
	}
	if (rest->p[0] == '"') {
		n = str_find_char(str_slice(*rest, 1, SIZE_MAX), '"');
		if (n != STR_NOT_FOUND) {
			*ret = str_slice(*rest, 1, n);
			*rest = str_slice(*rest, n + 2, SIZE_MAX);
			return true;
		}
	}
	for (n = 0; n < rest->n && !is_gap(gaps, rest->p[n]); n++) {
	}
	*ret = str_trim(str_slice(*rest, 0, n));
	*rest = str_slice(*rest, n, SIZE_MAX);
	return true;
}

/* The next word of the setting; false at its end, or when too much was wrong with those before. */
static bool next(struct walk *w, struct spec_text *ret)
{
	while (w->problems < READER_PROBLEMS_MAX) {
		if (w->i > 0 && next_in_line(&w->rest, w->gaps, &ret->text)) {
			ret->at = setting_place(w->setting, w->i - 1);
			return true;
		}
		if (w->i == w->setting->n) {
			return false;
		}
		w->rest = w->setting->entries[w->i++].text;
	}
	return false;
}

static struct walk walk(const struct setting *s, const char *gaps)
{
	return (struct walk){ .setting = s, .gaps = gaps };
}

static size_t count_words(const struct setting *s, const char *gaps)
{
	struct walk w = walk(s, gaps);
	struct spec_text word;
	size_t n = 0;

	while (next(&w, &word)) {
		n++;
	}
	return n;
}

/* A step of a ladder: it must be longer than the one before. */
static bool read_step(struct reader *r, const struct reader_rule *rule, const struct spec_text *t,
		      struct ladder *ladder)
{
	duration step = DURATION_FOREVER;

	if (!str_eq(t->text, STR("permanent")) && !reader_one_span(r, rule, t, &step)) {
		return false;
	}
	if (ladder->n == LADDER_MAX) {
		return READER_WRONG(r, t, "a ladder has at most %d steps", LADDER_MAX);
	}
	if (ladder->n > 0 && step.us <= ladder->at[ladder->n - 1].us) {
		return READER_WRONG(r, t,
				    "%.*s is not longer than the step before it; a ladder goes up",
				    STR_ARG(t->text));
	}
	ladder->at[ladder->n++] = step;
	return true;
}

bool reader_list_ladder(struct reader *r, const struct reader_rule *rule, const struct setting *s,
			void *ret)
{
	struct walk w = walk(s, COMMAS);
	struct ladder ladder = { .n = 0 };
	struct spec_text word;

	while (next(&w, &word)) {
		if (!read_step(r, rule, &word, &ladder)) {
			return false;
		}
	}
	if (ladder.n == 0) {
		word = reader_list_text(s, 0);
		return READER_WRONG(r, &word, "there is no length of time in it");
	}
	*(struct ladder *)ret = ladder;
	return true;
}

bool reader_list_retention(struct reader *r, const struct reader_rule *rule,
			   const struct setting *s, void *ret)
{
	static const struct reader_rule events = { .low = 1000, .high = UINT64_C(1000000000) };
	struct walk w = walk(s, COMMAS);
	struct retention both = *(const struct retention *)ret;
	struct spec_text word;

	if (!next(&w, &word) || !reader_one_span(r, rule, &word, &both.span)) {
		return false;
	}
	if (next(&w, &word) && !reader_one_count(r, &events, &word, &both.events)) {
		return false;
	}
	if (next(&w, &word)) {
		return READER_WRONG(
			r, &word,
			"a length of time and a number of events are enough, such as 30d, 5000000");
	}
	*(struct retention *)ret = both;
	return true;
}

bool reader_list_lines(struct reader *r, const struct reader_rule *rule, const struct setting *s,
		       void *ret)
{
	struct spec_text *lines = take_room(r, s->n, sizeof(*lines));

	(void)rule;
	if (!lines) {
		return false;
	}
	for (size_t i = 0; i < s->n; i++) {
		lines[i] = reader_list_text(s, i);
	}
	*(struct spec_texts *)ret = (struct spec_texts){ .at = lines, .n = s->n };
	return true;
}

bool reader_list_words(struct reader *r, const struct reader_rule *rule, const struct setting *s,
		       void *ret)
{
	struct walk w = walk(s, BLANKS_AND_COMMAS);
	size_t n = 0, max = count_words(s, BLANKS_AND_COMMAS);
	struct spec_text *words = take_room(r, max, sizeof(*words));

	(void)rule;
	if (!words) {
		return false;
	}
	while (n < max && next(&w, &words[n])) {
		n++;
	}
	*(struct spec_texts *)ret = (struct spec_texts){ .at = words, .n = n };
	return true;
}

bool reader_list_names(struct reader *r, const struct reader_rule *rule, const struct setting *s,
		       void *ret)
{
	struct walk w = walk(s, BLANKS_AND_COMMAS);
	struct spec_text word, name;

	while (next(&w, &word)) {
		w.problems += !reader_one_name(r, rule, &word, &name);
	}
	return w.problems == 0 && reader_list_words(r, rule, s, ret);
}

static size_t count_in_line(struct str line)
{
	struct str word;
	size_t n = 0;

	while (next_in_line(&line, BLANKS, &word)) {
		n++;
	}
	return n;
}

/* A place of a journal is `journal:` with the FIELD=value words behind it: one text, as it stands.
 */
static size_t join_journal(struct spec_text *words, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		struct str word = words[i].text;
		struct str *last = kept > 0 ? &words[kept - 1].text : NULL;

		if (last && journal_place_is(*last) && journal_place_is_term(word)) {
			last->n = (size_t)(word.p + word.n - last->p);
		} else {
			words[kept++] = words[i];
		}
	}
	return kept;
}

/* The words of one line; a line in quotes is one word. */
static bool read_place_line(struct reader *r, const struct setting *s, size_t i,
			    struct place_line *ret)
{
	const struct spec_text line = reader_list_text(s, i);
	bool whole = s->entries[i].quoted;
	size_t n = whole ? 1 : count_in_line(line.text);
	struct spec_text *words = take_room(r, n, sizeof(*words));
	struct str rest = line.text;

	if (!words) {
		return false;
	}
	for (size_t k = 0; k < n; k++) {
		words[k] = line;
		if (!whole) {
			(void)next_in_line(&rest, BLANKS, &words[k].text);
		}
	}
	n = join_journal(words, n);
	*ret = (struct place_line){ .words = { .at = words, .n = n }, .at = line.at };
	return true;
}

bool reader_list_places(struct reader *r, const struct reader_rule *rule, const struct setting *s,
			void *ret)
{
	struct place_line *lines = take_room(r, s->n, sizeof(*lines));

	(void)rule;
	if (!lines) {
		return false;
	}
	for (size_t i = 0; i < s->n; i++) {
		if (!read_place_line(r, s, i, &lines[i])) {
			return false;
		}
	}
	*(struct places *)ret = (struct places){ .at = lines, .n = s->n };
	return true;
}

static bool read_network(struct reader *r, const struct spec_text *t, struct network *ret)
{
	char net[PREFIX_TEXT_MAX], host[ADDR_TEXT_MAX];
	struct addr a;
	int e = prefix_parse(t->text, &ret->prefix);

	ret->at = t->at;
	if (e == 0) {
		return true;
	}
	if (e == -ERANGE &&
	    addr_parse(str_slice(t->text, 0, str_find_char(t->text, '/')), &a) == 0) {
		return READER_WRONG(
			r, t, "%.*s has bits behind its length; %s is the network, %s the address",
			STR_ARG(t->text), prefix_format(&ret->prefix, net), addr_format(&a, host));
	}
	return READER_WRONG(r, t,
			    "\"%.*s\" is neither an address nor a network such as 192.0.2.0/24%s",
			    STR_ARG(t->text),
			    hostname_is_entry(t->text)
				    ? "; names of hosts go to [never-block] hosts"
				    : "");
}

bool reader_list_networks(struct reader *r, const struct reader_rule *rule, const struct setting *s,
			  void *ret)
{
	struct walk w = walk(s, BLANKS_AND_COMMAS);
	size_t n = 0, max = count_words(s, BLANKS_AND_COMMAS);
	struct network *networks = take_room(r, max, sizeof(*networks));
	struct spec_text word;

	(void)rule;
	if (!networks) {
		return false;
	}
	while (n < max && next(&w, &word)) {
		bool good = read_network(r, &word, &networks[n]);

		n += good;
		w.problems += !good;
	}
	*(struct networks *)ret = (struct networks){ .at = networks, .n = n };
	return w.problems == 0;
}
