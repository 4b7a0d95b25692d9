/* SPDX-License-Identifier: MIT */
/* samples.c - does a filter do with its sample lines what its file says?
 *
 * A hit may be followed by what must come out: `=> TYPE ADDRESS [SERVICE] [ACCOUNT]`, `-` for none.
 * The account is the rest of the line: accounts have blanks when an attacker wants them to.
 *
 * Stamps without a year are read as of the last day of a leap year, so that every date that can
 * stand in a sample exists and is not in the future. */
#include "config/samples.h"

#include <errno.h>

#include "detect/detector.h"

#define SAMPLES_TIME 1735603200 /* 2024-12-31 */

/* A run over one filter's samples. */
struct run {
	const struct filter_file *file;
	struct filter *filter;
	const struct ruleset *rules;
	struct reader *r;
	struct matcher *matcher;
	bool shown[FILTER_PATTERNS_MAX]; /* a hit of its own section took this pattern */
};

static struct stamp_context sample_context(const struct run *run)
{
	return (struct stamp_context){
		.file_time = instant_at(SAMPLES_TIME),
		.date = STAMP_NO_DATE,
		.zone = run->file->spec.zone,
	};
}

static enum filter_result match(struct run *run, struct str line, struct event *ret)
{
	const struct stamp_context when = sample_context(run);

	return filter_match(run->filter, run->matcher, line, NULL, &when, ret);
}

static unsigned pattern_line(const struct run *run, const struct event *e)
{
	return filter_pattern_place(run->filter, e->pattern)->line;
}

static const struct section_spec *section_of(const struct run *run, const struct event *e)
{
	return &run->file->spec.sections[filter_pattern_section(run->filter, e->pattern)];
}

/* ---- what a hit must yield ---- */

static void expect_word(struct run *run, const struct spec_text *want, const struct event *e,
			const char *what, const struct str pair[static 2])
{
	if (pair[0].n > 0 && !str_eq(pair[0], pair[1])) {
		diag_add(run->r->diag, DIAG_ERROR, &want->at,
			 "the pattern of line %u yields the %s %.*s here, not %.*s",
			 pattern_line(run, e), what, STR_ARG(pair[1]), STR_ARG(pair[0]));
	}
}

static struct str or_dash(struct str s)
{
	return s.n > 0 ? s : STR("-");
}

static void expect_addr(struct run *run, const struct spec_text *want, const struct event *e,
			struct str word)
{
	char text[ADDR_TEXT_MAX];
	struct addr wanted = { .family = 0 };

	if (!str_eq(word, STR("-")) && addr_parse(word, &wanted) < 0) {
		diag_add(run->r->diag, DIAG_ERROR, &want->at, "\"%.*s\" is no address",
			 STR_ARG(word));
	} else if (!addr_eq(&wanted, &e->addr)) {
		expect_word(run, want, e, "address",
			    (const struct str[]){ word,
						  or_dash(str_of(addr_format(&e->addr, text))) });
	}
}

static void expect(struct run *run, const struct spec_text *want, const struct event *e)
{
	struct str rest = str_slice(want->text, 2, SIZE_MAX);
	struct str type, addr = STR_NONE, service = STR_NONE, account;

	if (!str_word(&rest, &type)) {
		diag_add(run->r->diag, DIAG_ERROR, &want->at,
			 "right would be: => TYPE ADDRESS [SERVICE] [ACCOUNT]");
		return;
	}
	(void)str_word(&rest, &addr);
	(void)str_word(&rest, &service);
	account = str_trim(rest);
	expect_word(run, want, e, "type",
		    (const struct str[]){ type, names_at(&run->rules->types, e->type) });
	if (addr.n > 0) {
		expect_addr(run, want, e, addr);
	}
	expect_word(run, want, e, "service",
		    (const struct str[]){ service,
					  or_dash(names_at(&run->rules->services, e->service)) });
	expect_word(run, want, e, "account", (const struct str[]){ account, or_dash(e->account) });
}

/* ---- hits ---- */

static void tell_no_hit(struct run *run, const struct spec_text *line, enum filter_result result)
{
	static const char *const WHY[] = {
		[FILTER_MISS] = "no pattern matches this line",
		[FILTER_IGNORED] = "a pattern matches this line, but an `ignore` does, too",
		[FILTER_NOT_ADDR] = "a pattern matches this line, but what it takes for the "
				    "address is none",
		[FILTER_BAD_STAMP] = "a pattern matches this line, but what it takes for the stamp "
				     "is no time",
		[FILTER_GAVE_UP] = "a pattern needs too many steps for this line and gives up",
	};

	diag_add(run->r->diag, DIAG_ERROR, &line->at, "%s", WHY[result]);
}

static void run_hit(struct run *run, size_t section, const struct spec_text *line,
		    const struct spec_text *want)
{
	struct event e;
	enum filter_result result = match(run, line->text, &e);

	if (result != FILTER_EVENT) {
		tell_no_hit(run, line, result);
		return;
	}
	if (filter_pattern_section(run->filter, e.pattern) != section) {
		diag_add(run->r->diag, DIAG_ERROR, &line->at,
			 "[event %.*s] takes this line first, by its pattern in line %u",
			 STR_ARG(section_of(run, &e)->name), pattern_line(run, &e));
		return;
	}
	run->shown[e.pattern] = true;
	if (want) {
		expect(run, want, &e);
	}
}

static bool is_expectation(struct str text)
{
	return str_has_prefix(text, STR("=>"));
}

static void run_hits(struct run *run, size_t section)
{
	const struct spec_texts *hits = &run->file->events[section].hit;

	for (size_t i = 0; i < hits->n; i++) {
		bool more = i + 1 < hits->n && is_expectation(hits->at[i + 1].text);

		if (is_expectation(hits->at[i].text)) {
			diag_add(run->r->diag, DIAG_ERROR, &hits->at[i].at,
				 "there is no sample line above it");
			continue;
		}
		run_hit(run, section, &hits->at[i], more ? &hits->at[i + 1] : NULL);
		i += more;
	}
}

/* ---- misses ---- */

static void run_miss(struct run *run, const struct spec_text *line, bool any, size_t section)
{
	struct event e;
	enum filter_result result = match(run, line->text, &e);

	if (result == FILTER_GAVE_UP) {
		tell_no_hit(run, line, result);
	}
	if (result == FILTER_EVENT &&
	    (any || filter_pattern_section(run->filter, e.pattern) == section)) {
		diag_add(run->r->diag, DIAG_ERROR, &line->at,
			 "the pattern of line %u makes this line %.*s", pattern_line(run, &e),
			 STR_ARG(names_at(&run->rules->types, e.type)));
	}
}

static void run_misses(struct run *run)
{
	const struct spec_texts *all = &run->file->values.miss;

	for (size_t i = 0; i < all->n; i++) {
		run_miss(run, &all->at[i], true, 0);
	}
	for (size_t s = 0; s < run->file->spec.n_sections; s++) {
		const struct spec_texts *own = &run->file->events[s].miss;

		for (size_t i = 0; i < own->n; i++) {
			run_miss(run, &own->at[i], false, s);
		}
	}
}

/* ---- sessions ---- */

/* What a line of a session brings: its own event, and that of the session's end. */
struct brought {
	struct event at[2];
	size_t n;
};

static bool bring(void *arg, const struct event *e)
{
	struct brought *b = arg;

	if (b->n < ARRAY_SIZE(b->at)) {
		b->at[b->n++] = *e;
	}
	return true;
}

static void run_session_line(struct run *run, struct detector *d, const struct spec_texts *lines,
			     size_t *i)
{
	const struct spec_text *line = &lines->at[*i];
	const struct stamp_context when = sample_context(run);
	struct brought b = { .n = 0 };
	size_t wanted = 0;

	(void)detector_feed(d, run->matcher, line->text, &when, bring, &b);
	for (; *i + 1 < lines->n && is_expectation(lines->at[*i + 1].text); ++*i, wanted++) {
		if (wanted < b.n) {
			expect(run, &lines->at[*i + 1], &b.at[wanted]);
		}
	}
	if (wanted > 0 && wanted != b.n) {
		diag_add(run->r->diag, DIAG_ERROR, &line->at,
			 "this line of a session brings %zu event%s, not %zu", b.n,
			 b.n == 1 ? "" : "s", wanted);
	}
}

static int run_session(struct run *run)
{
	const struct spec_texts *lines = &run->file->session.hit;
	CLEANUP(detector_freep) struct detector *d = NULL;
	int r;

	if (lines->n == 0) {
		return 0;
	}
	r = detector_new(&run->filter, 1, &d);
	if (r < 0) {
		return r;
	}
	for (size_t i = 0; i < lines->n; i++) {
		if (is_expectation(lines->at[i].text)) {
			diag_add(run->r->diag, DIAG_ERROR, &lines->at[i].at,
				 "there is no sample line above it");
			continue;
		}
		run_session_line(run, d, lines, &i);
	}
	return 0;
}

/* ---- patterns ---- */

static void check_patterns(struct run *run)
{
	for (size_t i = 0; i < filter_pattern_count(run->filter); i++) {
		if (!run->shown[i]) {
			diag_add(run->r->diag, DIAG_ERROR, filter_pattern_place(run->filter, i),
				 "no `hit` shows what this pattern is for; each has one");
		}
	}
}

int samples_run(const struct filter_file *file, struct filter *filter, const struct ruleset *rules,
		struct reader *r)
{
	CLEANUP(matcher_freep) struct matcher *matcher = NULL;
	struct run run = { .file = file, .filter = filter, .rules = rules, .r = r };
	int e = matcher_new(&matcher);

	if (e < 0) {
		return e;
	}
	run.matcher = matcher;
	for (size_t s = 0; s < file->spec.n_sections; s++) {
		run_hits(&run, s);
	}
	run_misses(&run);
	check_patterns(&run);
	return run_session(&run);
}
