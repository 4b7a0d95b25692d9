/* SPDX-License-Identifier: MIT */
/* filter_make.c - of what does a filter consist, and how does it come from what a file said?
 *
 * A pattern is `(?:prefix)(?:match)` with its tags written out (filter_expand.h), compiled, with
 * the numbers of the tags' groups beside it. All problems are told in one run, so a pattern that is
 * broken is left out and the next one looked at; a problem of a prefix or a define, which many
 * patterns share, is told once (filter_tell). What PCRE2 complains about is shown in the text that
 * PCRE2 saw. */
#include "detect/filter_make.h"

#include <errno.h>

#include "detect/filter_expand.h"
#include "detect/once.h"

/* What is at hand while a filter is made. */
struct maker {
	const struct filter_spec *spec;
	struct arena *arena;
	struct filter *f;
	struct filter_expander x;
	struct filter_tags tags;
	bool uses_stamp, uses_session;
};

/* 0, or -ENOMEM: errors that were told are counted in the diag, so that the rest is looked at too.
 */
static int told(int r)
{
	return r == -EINVAL ? 0 : r;
}

/* ---- stamps ---- */

static int make_stamp(struct maker *m, const struct spec_text *text, struct stamp_format **ret)
{
	struct diag *diag = m->x.diag;
	size_t bad = 0;
	int r = stamp_format_parse(text->text, m->arena, ret, &bad);

	if (r != -EINVAL) {
		return r;
	}
	if (bad < text->text.n) {
		filter_tell(
			diag, &text->at,
			"\"%.*s\" is unknown or tells a second time what was told; known are auto, or "
			"%%Y %%y %%m %%b %%d %%e %%j %%H %%I %%p %%M %%S %%f %%s %%z %%Z %%a %%T %%F %%%%",
			STR_ARG(str_slice(text->text, bad, 2)));
	} else {
		filter_tell(
			diag, &text->at,
			"is no time: %%M needs %%H, %%S needs %%M, %%I and %%p need each other, "
			"and a day needs its month");
	}
	return 0;
}

static int make_stamps(struct maker *m)
{
	static const struct spec_text automatic = { .text = { "auto", 4 } };
	const struct filter_spec *spec = m->spec;
	bool given = spec->stamp.text.p;
	int r = make_stamp(m, given ? &spec->stamp : &automatic, &m->f->stamp);

	if (r == 0 && m->f->stamp && !stamp_format_has_time(m->f->stamp)) {
		filter_tell(m->x.diag, &spec->stamp.at, "tells no time of day");
	}
	if (r == 0) {
		r = make_stamp(m, &automatic, &m->f->stamp_head);
	}
	if (r == 0 && spec->stamp_date.text.p) {
		r = make_stamp(m, &spec->stamp_date, &m->f->stamp_date);
	}
	if (r == 0 && m->f->stamp_date && !stamp_format_has_date(m->f->stamp_date)) {
		filter_tell(m->x.diag, &spec->stamp_date.at,
			    "must tell year, month and day, such as %%Y.%%m.%%d");
	}
	return r;
}

/* ---- patterns ---- */

/* Points at the place in the written-out pattern, seen from the part (prefix or match) that it lies
 * in. */
static void tell_bad_regex(struct maker *m, const struct pattern_error *error, size_t prefix,
			   const struct spec_text *texts[static 2])
{
	struct str regex = buf_str(&m->x.regex);
	bool in_prefix = error->offset < prefix;
	size_t end = in_prefix ? prefix : regex.n, start = in_prefix ? 0 : prefix;
	size_t at = error->offset < end ? error->offset : end;
	size_t before = at - start < 40 ? at - start : 40;

	filter_tell(m->x.diag, &texts[in_prefix ? 0 : 1]->at, "%s: %.*s <-- HERE %.*s", error->text,
		    STR_ARG(str_slice(regex, at - before, before)),
		    STR_ARG(str_slice(regex, at, end - at < 40 ? end - at : 40)));
}

/* Compiles prefix (may be NULL) and text as one pattern. NULL: there was an error, and it was told.
 */
static int compile(struct maker *m, const struct spec_text *prefix, const struct spec_text *text,
		   struct pattern **ret)
{
	const struct spec_text *texts[2] = { prefix, text };
	struct pattern_error error = { 0 };
	size_t prefix_end;
	int r = 0;

	filter_expander_clear(&m->x);
	if (prefix) {
		r = filter_expand(&m->x, prefix);
	}
	prefix_end = m->x.regex.n;
	if (r == 0) {
		r = filter_expand(&m->x, text);
	}
	if (r == 0) {
		r = buf_ok(&m->x.regex);
	}
	if (r < 0) {
		return told(r);
	}
	r = pattern_new(buf_str(&m->x.regex), m->spec->nocase, &error, ret);
	if (r == -EINVAL) {
		tell_bad_regex(m, &error, prefix_end, texts);
	}
	return told(r);
}

static bool sees(const struct maker *m, enum filter_tag tag)
{
	return m->x.seen & 1U << (unsigned)tag;
}

static void check_tags(struct maker *m, const struct section_spec *section,
		       const struct spec_text *at)
{
	bool typed = section->type != NAMES_NONE;

	if (typed && sees(m, FILTER_TAG_TYPE)) {
		filter_tell(m->x.diag, &at->at,
			    "<TYPE> and the section both say which type of event this is");
	}
	if (!typed && !sees(m, FILTER_TAG_TYPE)) {
		filter_tell(m->x.diag, &at->at,
			    "without <TYPE> nobody knows which type of event this is");
	}
	if (sees(m, FILTER_TAG_DATE) && !sees(m, FILTER_TAG_STAMP)) {
		filter_tell(m->x.diag, &at->at,
			    "<DATE> is the date of a <STAMP>, which is not there");
	}
	if (sees(m, FILTER_TAG_STAMP) && m->spec->layout == LAYOUT_SYSLOG) {
		filter_tell(m->x.diag, &at->at,
			    "with layout = syslog the stamp is no longer there: patterns see what "
			    "the program said");
	}
	m->uses_stamp = m->uses_stamp || sees(m, FILTER_TAG_STAMP);
	m->uses_session = m->uses_session || sees(m, FILTER_TAG_SESSION);
}

static int add_pattern(struct maker *m, size_t section, const struct spec_text *text)
{
	const struct section_spec *s = &m->spec->sections[section];
	const struct spec_text *prefix = s->prefix.text.p ? &s->prefix : &m->spec->prefix;
	struct filter_pattern *p = &m->f->patterns[m->f->n];
	int r = compile(m, prefix->text.p ? prefix : NULL, text, &p->compiled);

	if (r < 0 || !p->compiled) {
		return r;
	}
	m->f->n++;
	p->at = text->at;
	p->section = (uint16_t)section;
	for (size_t tag = 0; tag < FILTER_TAGS; tag++) {
		const char *name = filter_tag_name((enum filter_tag)tag);

		p->group[tag] = (uint8_t)pattern_group(p->compiled, name);
	}
	check_tags(m, s, text);
	p->regex = arena_str(m->arena, buf_str(&m->x.regex));
	if (!p->regex.p) {
		return -ENOMEM;
	}
	return literal_extract(p->regex, m->spec->nocase, m->arena, &p->literals);
}

static int add_vetoes(struct maker *m, const struct spec_texts *texts, struct filter_veto *ret)
{
	int r = 0;

	ret->at = arena_alloc(m->arena, texts->n, sizeof(*ret->at));
	if (!ret->at) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < texts->n && r == 0; i++) {
		r = compile(m, NULL, &texts->at[i], &ret->at[ret->n].compiled);
		if (r == 0 && ret->at[ret->n].compiled) {
			ret->at[ret->n++].at = texts->at[i].at;
		}
	}
	return r;
}

static int add_section(struct maker *m, size_t i)
{
	const struct section_spec *spec = &m->spec->sections[i];
	struct filter_section *s = &m->f->sections[i];
	int r;

	s->type = spec->type;
	s->service = spec->service != EVENT_SERVICE_NONE ? spec->service : m->spec->service;
	m->f->n_sections++;
	if (spec->match.n == 0) {
		filter_tell(m->x.diag, &spec->at, "has no match, so it recognises nothing");
	}
	r = add_vetoes(m, &spec->ignore, &s->veto);
	for (size_t k = 0; k < spec->match.n && r == 0; k++) {
		r = add_pattern(m, i, &spec->match.at[k]);
	}
	return r;
}

/* ---- the whole ---- */

/* Problems of a define are told even when no pattern uses it. */
static int check_defines(struct maker *m)
{
	for (size_t i = 0; i < m->spec->n_defines; i++) {
		const struct spec_text *define = &m->spec->defines[i];
		int r;

		if (filter_tag_find(define->at.key) != FILTER_TAGS) {
			filter_tell(m->x.diag, &define->at, "is the name of a tag; take another");
		}
		filter_expander_clear(&m->x);
		r = filter_expand(&m->x, define);
		if (told(r) < 0 || buf_ok(&m->x.regex) < 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

/* -EINVAL: too many, told. */
static int count_patterns(const struct maker *m, size_t *ret)
{
	const struct filter_spec *spec = m->spec;
	size_t n = 0;

	if (spec->n_sections == 0) {
		filter_tell(m->x.diag, &spec->at, "no [event] section, so it recognises nothing");
	}
	for (size_t i = 0; i < spec->n_sections; i++) {
		n += spec->sections[i].match.n;
	}
	if (spec->n_sections > FILTER_SECTIONS_MAX || n > FILTER_PATTERNS_MAX) {
		filter_tell(m->x.diag, &spec->at,
			    "%zu sections with %zu patterns; there may be %d and %d",
			    spec->n_sections, n, FILTER_SECTIONS_MAX, FILTER_PATTERNS_MAX);
		return -EINVAL;
	}
	*ret = n;
	return 0;
}

/* What can be said only of all patterns together. */
static void check_whole(const struct maker *m)
{
	const struct filter_spec *spec = m->spec;
	bool stamped = m->uses_stamp || spec->layout == LAYOUT_SYSLOG;

	if (spec->stamp.text.p && m->f->n > 0 && !stamped) {
		diag_add(m->x.diag, DIAG_WARNING, &spec->stamp.at,
			 "no pattern has <STAMP>: the time of a line is its arrival");
	}
	if (spec->once & ONCE_STAMP && m->f->n > 0 && !stamped) {
		filter_tell(m->x.diag, &spec->once_at,
			    "no pattern has <STAMP>, so lines that arrive together would be one");
	}
	if (spec->session && m->f->n > 0 && !m->uses_session) {
		filter_tell(m->x.diag, &spec->session_at,
			    "no pattern has <SESSION>, so no lines belong together");
	}
	if (spec->programs.n > 0 && spec->layout != LAYOUT_SYSLOG) {
		filter_tell(m->x.diag, &spec->programs.at[0].at,
			    "which program it was is known only with layout = syslog");
	}
}

static int make_all(struct maker *m)
{
	const struct filter_spec *spec = m->spec;
	size_t n = 0;
	int r = make_stamps(m);

	if (r < 0 || count_patterns(m, &n) < 0) {
		return told(r);
	}
	m->f->patterns = arena_alloc(m->arena, n, sizeof(*m->f->patterns));
	m->f->sections = arena_alloc(m->arena, spec->n_sections, sizeof(*m->f->sections));
	if (!m->f->patterns || !m->f->sections) {
		return -ENOMEM;
	}
	r = filter_tags_make(spec, m->f->stamp ? stamp_format_regex(m->f->stamp) : STR("\\S+"),
			     m->arena, &m->tags);
	if (r == 0) {
		r = check_defines(m);
	}
	if (r == 0) {
		r = add_vetoes(m, &spec->ignore, &m->f->veto);
	}
	for (size_t i = 0; i < spec->n_sections && r == 0; i++) {
		r = add_section(m, i);
	}
	if (r == 0) {
		check_whole(m);
	}
	return r;
}

int filter_make(struct filter *f, const struct filter_spec *spec, struct arena *arena,
		struct diag *diag)
{
	struct maker m = {
		.spec = spec,
		.arena = arena,
		.f = f,
		.x = { .tags = &m.tags,
		       .defines = spec->defines,
		       .n_defines = spec->n_defines,
		       .diag = diag },
	};
	int r;

	f->zone = spec->zone;
	f->layout = spec->layout;
	f->programs = spec->programs;
	f->once = spec->once;
	f->nocase = spec->nocase;
	f->session = spec->session;
	f->services = spec->services;
	f->n_services = spec->n_services;
	f->types = spec->types;
	f->n_types = spec->n_types;
	r = make_all(&m);
	buf_done(&m.x.regex);
	return r;
}

static void veto_done(struct filter_veto *v)
{
	for (size_t i = 0; i < v->n; i++) {
		v->at[i].compiled = pattern_free(v->at[i].compiled);
	}
}

void filter_unmake(struct filter *f)
{
	for (size_t i = 0; i < f->n; i++) {
		f->patterns[i].compiled = pattern_free(f->patterns[i].compiled);
	}
	for (size_t i = 0; i < f->n_sections; i++) {
		veto_done(&f->sections[i].veto);
	}
	veto_done(&f->veto);
}
