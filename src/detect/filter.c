/* SPDX-License-Identifier: MIT */
/* filter.c - what does this line mean to this kind of log?
 *
 * A pattern only says what a line looks like. Whether it is an event is decided by what its groups
 * caught: the address must be one, the stamp a time. If it is not, the line is no event and no
 * later pattern is asked: a line that nearly means one thing must not come to mean another.
 *
 * An ignore pattern is asked only about lines that hit. One that gives up cannot say that the line
 * is harmless; then there is no event, and the pattern that hit is counted as having given up. */
#include "detect/filter.h"

#include <errno.h>

#include "detect/calendar.h"
#include "detect/filter_make.h"
#include "detect/syslog.h"

int filter_new(const struct filter_spec *spec, struct arena *arena, struct diag *diag,
	       struct filter **ret)
{
	CLEANUP(filter_freep) struct filter *f = arena_alloc(arena, 1, sizeof(*f));
	size_t errors = diag_count(diag, DIAG_ERROR);
	int r;

	if (!f) {
		return -ENOMEM;
	}
	r = filter_make(f, spec, arena, diag);
	if (r < 0) {
		return r;
	}
	if (diag_count(diag, DIAG_ERROR) > errors) {
		return -EINVAL;
	}
	*ret = TAKE(f);
	return 0;
}

struct filter *filter_free(struct filter *f)
{
	if (f) {
		filter_unmake(f);
	}
	return NULL;
}

size_t filter_pattern_count(const struct filter *f)
{
	return f->n;
}

const struct diag_place *filter_pattern_place(const struct filter *f, size_t i)
{
	return &f->patterns[i].at;
}

const struct literal_set *filter_pattern_literals(const struct filter *f, size_t i)
{
	return &f->patterns[i].literals;
}

struct str filter_pattern_regex(const struct filter *f, size_t i)
{
	return f->patterns[i].regex;
}

struct filter_pattern_cost filter_pattern_cost(const struct filter *f, size_t i)
{
	return (struct filter_pattern_cost){
		.bytes = pattern_size(f->patterns[i].compiled),
		.jit = pattern_has_jit(f->patterns[i].compiled),
	};
}

uint64_t filter_pattern_gave_up(const struct filter *f, size_t i)
{
	return f->patterns[i].gave_up;
}

size_t filter_pattern_section(const struct filter *f, size_t i)
{
	return f->patterns[i].section;
}

bool filter_always(const struct filter *f, struct filter_candidates *ret)
{
	bool any = false;

	*ret = (struct filter_candidates){ 0 };
	for (size_t i = 0; i < f->n; i++) {
		if (f->patterns[i].literals.n == 0) {
			ret->bit[i / 64] |= UINT64_C(1) << i % 64;
			any = true;
		}
	}
	return any;
}

unsigned filter_once(const struct filter *f)
{
	return f->once;
}

const struct session_rule *filter_session(const struct filter *f)
{
	return f->session;
}

int32_t filter_zone_offset(const struct filter *f, instant t)
{
	return f->zone ? zone_offset(f->zone, t) : 0;
}

int32_t filter_file_date(const struct filter *f, struct str file_name)
{
	size_t start = file_name.n;

	while (start > 0 && file_name.p[start - 1] != '/') {
		start--;
	}
	return f->stamp_date ? stamp_find_date(f->stamp_date, str_slice(file_name, start, SIZE_MAX))
			     : STAMP_NO_DATE;
}

/* ---- matching ---- */

/* What the groups of a pattern caught. */
struct caught {
	struct str text[FILTER_TAGS];
	unsigned has; /* one bit each: the group took part */
};

static bool has(const struct caught *c, enum filter_tag tag)
{
	return c->has & 1U << (unsigned)tag;
}

static struct caught catch_groups(const struct filter_pattern *p, const struct matcher *m)
{
	struct caught c = { 0 };

	for (size_t tag = 0; tag < FILTER_TAGS; tag++) {
		if (p->group[tag] > 0 && matcher_has(m, p->group[tag])) {
			c.text[tag] = matcher_group(m, p->group[tag]);
			c.has |= 1U << tag;
		}
	}
	return c;
}

static enum pattern_result ask_veto(const struct filter_veto *v, struct matcher *m, struct str line)
{
	enum pattern_result result = PATTERN_MISS;

	for (size_t i = 0; i < v->n && result != PATTERN_HIT; i++) {
		enum pattern_result r = pattern_match(v->at[i].compiled, m, line);

		result = r == PATTERN_MISS ? result : r;
	}
	return result;
}

/* The number of the word, or `otherwise`. */
static uint16_t find_word(const struct spec_word *words, size_t n, struct str text,
			  uint16_t otherwise)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq(words[i].word, text)) {
			return words[i].number;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (str_eq_nocase(words[i].word, text)) {
			return words[i].number;
		}
	}
	return otherwise;
}

static unsigned digit(struct str s, size_t i)
{
	return i < s.n ? (unsigned char)s.p[i] - (unsigned)'0' : 10;
}

/* The days of YYYY?MM?DD. -EINVAL: there is no such day. */
static int read_date(struct str s, int32_t *ret)
{
	unsigned n[8], year, month, day;

	for (size_t i = 0; i < 8; i++) {
		n[i] = digit(s, i + (i > 3) + (i > 5));
		if (n[i] > 9) {
			return -EINVAL;
		}
	}
	year = n[0] * 1000 + n[1] * 100 + n[2] * 10 + n[3];
	month = n[4] * 10 + n[5];
	day = n[6] * 10 + n[7];
	if (month < 1 || month > 12 || day < 1 || day > calendar_month_days(year, month)) {
		return -EINVAL;
	}
	*ret = (int32_t)days_from_civil(year, month, day);
	return 0;
}

/* The whole text is a stamp. */
static int read_stamp(const struct stamp_format *format, struct str text,
		      const struct stamp_context *ctx, instant *ret)
{
	instant t;
	size_t n;

	if (stamp_read(format, text, ctx, &t, &n) < 0 || n != text.n) {
		return -EINVAL;
	}
	*ret = t;
	return 0;
}

/* One line and all that is asked about it. */
struct question {
	struct filter *f;
	struct matcher *m;
	struct str line;
	const struct stamp_context *when;
	struct syslog_line said; /* its message is what patterns see */
	size_t vetoed;           /* the section that an ignore pattern took out; SIZE_MAX */
	bool gave_up;
};

static int read_time(const struct question *q, const struct caught *c, instant *ret)
{
	const struct filter *f = q->f;
	struct stamp_context ctx = *q->when;

	ctx.zone = f->zone;
	if (q->said.stamp.n > 0) {
		int r = read_stamp(f->stamp, q->said.stamp, &ctx, ret);

		return r < 0 ? read_stamp(f->stamp_head, q->said.stamp, &ctx, ret) : r;
	}
	if (!has(c, FILTER_TAG_STAMP)) {
		*ret = q->when->file_time;
		return 0;
	}
	if (has(c, FILTER_TAG_DATE) && read_date(c->text[FILTER_TAG_DATE], &ctx.date) < 0) {
		return -EINVAL;
	}
	return read_stamp(f->stamp, c->text[FILTER_TAG_STAMP], &ctx, ret);
}

static int read_count(const struct caught *c, uint16_t times, uint16_t *ret)
{
	uint64_t n = 1;

	if (has(c, FILTER_TAG_COUNT)) {
		int r = str_to_uint(c->text[FILTER_TAG_COUNT], EVENT_COUNT_MAX, &n);

		if (r == -EINVAL) {
			return r;
		}
		n = r == -ERANGE ? EVENT_COUNT_MAX : n;
	}
	n *= times;
	*ret = (uint16_t)(n < EVENT_COUNT_MAX ? n : EVENT_COUNT_MAX);
	return 0;
}

static enum filter_result make_event(const struct question *q, const struct filter_section *s,
				     const struct caught *c, struct event *ret)
{
	const struct filter *f = q->f;

	ret->type = s->type;
	ret->service = s->service;
	ret->addr = (struct addr){ 0 };
	if (ret->type == NAMES_NONE) {
		ret->type = find_word(f->types, f->n_types, c->text[FILTER_TAG_TYPE], NAMES_NONE);
	}
	if (ret->type == NAMES_NONE) {
		return FILTER_MISS;
	}
	if (has(c, FILTER_TAG_SERVICE)) {
		ret->service = find_word(f->services, f->n_services, c->text[FILTER_TAG_SERVICE],
					 ret->service);
	}
	if (read_count(c, q->said.count, &ret->count) < 0 || ret->count == 0) {
		return FILTER_IGNORED;
	}
	if (has(c, FILTER_TAG_ADDR) && addr_parse(c->text[FILTER_TAG_ADDR], &ret->addr) < 0) {
		return FILTER_NOT_ADDR;
	}
	if (read_time(q, c, &ret->time) < 0) {
		return FILTER_BAD_STAMP;
	}
	ret->account = c->text[FILTER_TAG_USER];
	ret->session = c->text[FILTER_TAG_SESSION];
	ret->data = c->text[FILTER_TAG_DATA];
	return FILTER_EVENT;
}

/* FILTER_MISS: go on with the next pattern. */
static enum filter_result ask_pattern(struct question *q, size_t i, struct event *ret)
{
	struct filter_pattern *p = &q->f->patterns[i];
	const struct filter_section *s = &q->f->sections[p->section];
	enum pattern_result hit = pattern_match(p->compiled, q->m, q->said.message);
	enum pattern_result line, section = PATTERN_MISS;
	struct caught c;

	if (hit == PATTERN_MISS) {
		return FILTER_MISS;
	}
	c = catch_groups(p, q->m);
	line = hit == PATTERN_HIT ? ask_veto(&q->f->veto, q->m, q->said.message) : PATTERN_GAVE_UP;
	if (line == PATTERN_HIT) {
		return FILTER_IGNORED;
	}
	if (line == PATTERN_MISS) {
		section = ask_veto(&s->veto, q->m, q->said.message);
	}
	if (section == PATTERN_HIT) {
		q->vetoed = p->section;
		return FILTER_MISS;
	}
	if (line == PATTERN_GAVE_UP || section == PATTERN_GAVE_UP) {
		p->gave_up++;
		q->gave_up = true;
		return FILTER_MISS;
	}
	return make_event(q, s, &c, ret);
}

static bool is_meant(const struct filter *f, struct str program)
{
	bool meant = f->programs.n == 0;

	for (size_t i = 0; i < f->programs.n && !meant; i++) {
		meant = str_glob(f->programs.at[i].text, program);
	}
	return meant;
}

/* What patterns see of the line. False: nothing, it is not for this filter. */
static bool listen(struct question *q)
{
	const struct filter *f = q->f;

	q->said = (struct syslog_line){ .message = q->line, .count = 1 };
	if (f->layout == LAYOUT_BARE) {
		return true;
	}
	if (q->when->said) {
		q->said.program = q->when->program;
	} else if (!syslog_read(q->line, f->stamp, &q->said)) {
		return false;
	}
	return is_meant(f, q->said.program);
}

enum filter_result filter_match(struct filter *f, struct matcher *m, struct str line,
				const struct filter_candidates *candidates,
				const struct stamp_context *when, struct event *ret)
{
	struct question q = { .f = f, .m = m, .line = line, .when = when, .vetoed = SIZE_MAX };
	bool vetoed = false;
	struct event e = { 0 };

	if (!listen(&q)) {
		return FILTER_MISS;
	}
	for (size_t i = 0; i < f->n; i++) {
		enum filter_result result;

		if ((candidates && !(candidates->bit[i / 64] >> i % 64 & 1)) ||
		    f->patterns[i].section == q.vetoed) {
			continue;
		}
		result = ask_pattern(&q, i, &e);
		vetoed = vetoed || q.vetoed != SIZE_MAX;
		if (result == FILTER_EVENT) {
			e.filter = ret->filter;
			e.source = ret->source;
			e.pattern = (uint16_t)i;
			e.text = line;
			*ret = e;
		}
		if (result != FILTER_MISS) {
			return result;
		}
	}
	if (vetoed) {
		return FILTER_IGNORED;
	}
	return q.gave_up ? FILTER_GAVE_UP : FILTER_MISS;
}
