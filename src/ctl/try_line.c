/* SPDX-License-Identifier: MIT */
/* Patterns that match come first, in the order in which they are tried, because that order decides;
 * then those that stop, the furthest first, because that is the one that somebody meant. Patterns
 * that stop at the same place for want of the same, as all do that share a prefix, are told once.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "ctl/terminal.h"
#include "ctl/try.h"
#include "detect/explain.h"

enum {
	WINDOW = 72,     /* bytes shown before the place, and behind it */
	STOPS_SHOWN = 6, /* places; JSON tells all */
	LITERALS_SHOWN = 3,
};

struct told {
	size_t pattern;
	struct explanation e;
};

struct teller {
	const struct trial *t;
	struct str line, message;
	enum filter_result result;
	size_t taken; /* the pattern of the event; SIZE_MAX */
	struct told *told;
	size_t n;
};

static bool is_same_stop(const struct told *a, const struct told *b)
{
	const struct reach *x = &a->e.reach, *y = &b->e.reach;

	return !x->whole && !y->whole && x->at == y->at && x->n_wants == y->n_wants &&
	       memcmp(x->wants, y->wants, x->n_wants) == 0;
}

static int by_reach(const void *a, const void *b)
{
	const struct told *x = a, *y = b;
	bool whole = x->e.reach.whole;

	if (whole != y->e.reach.whole) {
		return whole ? -1 : 1;
	}
	if (!whole && x->e.reach.at != y->e.reach.at) {
		return x->e.reach.at > y->e.reach.at ? -1 : 1;
	}
	return (x->pattern > y->pattern) - (x->pattern < y->pattern);
}

/* ---- words ---- */

static unsigned line_of(const struct teller *w, size_t pattern)
{
	return filter_pattern_place(w->t->filter, pattern)->line;
}

static void print_place(const struct teller *w, size_t pattern)
{
	const struct diag_place *at = filter_pattern_place(w->t->filter, pattern);

	printf("%.*s:%u [%.*s] ", STR_ARG(at->file), at->line, STR_ARG(at->section));
}

/* What became of a line that the pattern matches. */
static const char *word_of(const struct teller *w, const struct told *told)
{
	if (told->e.gave_up) {
		return "gave-up";
	}
	if (!told->e.reach.whole) {
		return "stops";
	}
	if (told->e.veto) {
		return "vetoed";
	}
	if (told->pattern == w->taken) {
		return "event";
	}
	return w->taken != SIZE_MAX ? "too-late" : "no-event";
}

static void print_whole(const struct teller *w, const struct told *told)
{
	const char *why = try_why_not(w->result);

	print_place(w, told->pattern);
	if (told->e.veto) {
		printf("matches, but the %.*s of line %u vetoes it\n",
		       STR_ARG(told->e.veto->key.n ? told->e.veto->key : STR("ignore")),
		       told->e.veto->line);
	} else if (told->pattern == w->taken) {
		printf("takes it\n");
	} else if (w->taken != SIZE_MAX) {
		printf("matches, too, but line %u is tried first\n", line_of(w, w->taken));
	} else {
		printf("matches, but %s\n", why ? why : "it is no event");
	}
}

/* ---- the place where it stops ---- */

static size_t columns(struct str text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
	}
	return n;
}

static void print_caret(const struct teller *w, const struct reach *reach)
{
	CLEANUP(buf_done) struct buf before = { 0 }, after = { 0 }, wants = { 0 };
	size_t at = (size_t)(w->message.p - w->line.p) + reach->at;
	size_t from = at > WINDOW ? at - WINDOW : 0;
	const char *quote = reach->wants_text ? "\"" : "";

	if (from > 0) {
		buf_add_str(&before, STR("..."));
	}
	escape_text(&before, str_slice(w->line, from, at - from));
	escape_text(&after, str_slice(w->line, at, WINDOW));
	escape_utf8(&wants, (struct str){ reach->wants, reach->n_wants });
	printf("  %s%s%s\n  %*s^ ", buf_text(&before), buf_text(&after),
	       w->line.n - at > WINDOW ? "..." : "", (int)columns(buf_str(&before)), "");
	if (reach->searched) {
		printf("from here on nothing is %s%s%s\n", quote, buf_text(&wants), quote);
	} else if (at == w->line.n) {
		printf("the line ends; %s%s%s must follow\n", quote, buf_text(&wants), quote);
	} else {
		printf("here must stand %s%s%s\n", quote, buf_text(&wants), quote);
	}
}

/* What must be in a line before the pattern is tried on it. */
static void print_lack(const struct teller *w, size_t pattern)
{
	const struct literal_set *set = filter_pattern_literals(w->t->filter, pattern);

	printf("; it is tried only on lines that hold ");
	for (size_t i = 0; i < set->n && i < LITERALS_SHOWN; i++) {
		printf("%s\"", i ? " or " : "");
		terminal_text(set->at[i].text, 0);
		printf("\"");
	}
	printf("%s", set->n > LITERALS_SHOWN ? " or ..." : "");
}

static void print_stop(const struct teller *w, size_t first, size_t n)
{
	const struct told *told = &w->told[first];

	print_place(w, told->pattern);
	printf("%s", told->e.gave_up ? "gives up: too many ways to match" : "stops");
	if (n > 1) {
		printf(", and so do%s %s", n > 2 ? "" : "es", n > 2 ? "lines" : "line");
		for (size_t i = 1; i < n; i++) {
			printf("%s %u", i > 1 ? "," : "", line_of(w, w->told[first + i].pattern));
		}
	} else if (told->e.lacks) {
		print_lack(w, told->pattern);
	}
	printf("\n");
	print_caret(w, &told->e.reach);
}

static void print_all(const struct teller *w)
{
	size_t stops = 0;

	for (size_t i = 0; i < w->n;) {
		size_t n = 1;

		while (i + n < w->n && is_same_stop(&w->told[i], &w->told[i + n])) {
			n++;
		}
		if (w->told[i].e.reach.whole) {
			print_whole(w, &w->told[i]);
		} else if (stops++ < STOPS_SHOWN) {
			print_stop(w, i, n);
		} else {
			printf("%zu more get less far; --json tells all\n", w->n - i);
			return;
		}
		i += n;
	}
}

/* ---- JSON ---- */

static struct value *told_value(const struct teller *w, const struct told *told)
{
	const struct reach *reach = &told->e.reach;
	const struct diag_place *at = filter_pattern_place(w->t->filter, told->pattern);
	CLEANUP(buf_done) struct buf place = { 0 };
	struct value *row = value_object();

	buf_printf(&place, "%.*s:%u", STR_ARG(at->file), at->line);
	value_set_text(row, "pattern", buf_str(&place));
	value_set_text(row, "section", at->section);
	value_set_word(row, "result", word_of(w, told));
	value_set_int(row, "reached", (int64_t)((size_t)(w->message.p - w->line.p) + reach->at));
	value_set_null(row, "wants");
	value_set_null(row, "lacks");
	value_set_null(row, "ignore");
	if (!reach->whole) {
		value_set_text(row, "wants", (struct str){ reach->wants, reach->n_wants });
	}
	if (told->e.lacks) {
		value_set_text(row, "lacks", told->e.lacks->text);
	}
	if (told->e.veto) {
		buf_clear(&place);
		buf_printf(&place, "%.*s:%u", STR_ARG(told->e.veto->file), told->e.veto->line);
		value_set_text(row, "ignore", buf_str(&place));
	}
	return row;
}

static void fill_json(const struct teller *w, struct value *out)
{
	struct value *rows = value_array();

	for (size_t i = 0; i < w->n; i++) {
		value_add(rows, told_value(w, &w->told[i]));
	}
	value_set(out, "patterns", rows);
}

/* ---- the whole ---- */

static int ask_all(struct teller *w)
{
	const struct trial *t = w->t;

	w->told = calloc(filter_pattern_count(t->filter), sizeof(*w->told));
	if (!w->told) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < filter_pattern_count(t->filter); i++) {
		int r = explain_pattern(t->filter, t->matcher, w->message, i, &w->told[i].e);

		if (r < 0) {
			return r;
		}
		w->told[i].pattern = i;
		w->n++;
	}
	if (w->n > 1) {
		qsort(w->told, w->n, sizeof(*w->told), by_reach);
	}
	return 0;
}

static void print_verdict(const struct teller *w, enum explain_heard heard)
{
	const char *why = try_why_not(w->result);

	if (w->taken == SIZE_MAX) {
		terminal_tone(TONE_WARN);
		printf("no event: %s",
		       heard == HEARD_NO_HEAD ? "it does not begin as a line of syslog does, which "
						"layout = syslog wants"
		       : heard == HEARD_OTHER ? "`program` does not name the program that said it"
		       : why                  ? why
					      : "no pattern matches this line");
		terminal_tone(TONE_PLAIN);
		printf("\n");
	}
}

int try_explain(const struct trial *t, struct str line, enum filter_result result,
		const struct event *event, struct value *out)
{
	struct teller w = {
		.t = t,
		.line = line,
		.result = result,
		.taken = result == FILTER_EVENT ? event->pattern : SIZE_MAX,
	};
	enum explain_heard heard = explain_hear(t->filter, line, &w.message);
	int r = heard == HEARD ? ask_all(&w) : 0;

	if (r == 0 && out) {
		fill_json(&w, out);
	} else if (r == 0) {
		print_verdict(&w, heard);
		print_all(&w);
	}
	free(w.told);
	return r < 0 ? CTL_NO : CTL_DONE;
}
