/* SPDX-License-Identifier: MIT */
/* build.c - how do filters and jails, read one by one, become one ruleset?
 *
 * Who watches what is a list of links (place, filter, jail). Sorted, the links of one place stand
 * together, in them those of one filter, and in those the jails: sources, routes and lists of jails
 * are runs of it. The order of sources is that of their paths and not of jails, so it does not
 * change because a jail was renamed. */
#include "config/build.h"

#include <errno.h>
#include <stdlib.h>

#include "base/journal_place.h"
#include "config/alternatives.h"
#include "config/enough.h"
#include "config/listening.h"
#include "config/watching.h"

/* A jail gets the events of a filter on a place. Numbers are the ruleset's. */
struct link {
	struct str place;
	uint16_t filter, jail; /* jail NAMES_NONE: nobody gets them */
};

struct links {
	struct link *at;
	size_t n;
};

static int by_link(const void *a, const void *b)
{
	const struct link *x = a, *y = b;
	int diff = str_cmp(x->place, y->place);

	if (diff == 0) {
		diff = (x->filter > y->filter) - (x->filter < y->filter);
	}
	if (diff == 0) {
		diff = (x->jail > y->jail) - (x->jail < y->jail);
	}
	return diff;
}

/* Sorts, and takes out what stands there twice. */
static void sort_links(struct links *l)
{
	size_t n = 0;

	if (l->n > 1) {
		qsort(l->at, l->n, sizeof(*l->at), by_link);
	}
	for (size_t i = 0; i < l->n; i++) {
		if (n == 0 || by_link(&l->at[i], &l->at[n - 1]) != 0) {
			l->at[n++] = l->at[i];
		}
	}
	l->n = n;
}

/* How many links at the start share their place, and with `filter` also the filter. */
static size_t run_length(const struct link *at, size_t n, bool filter)
{
	size_t i = 1;

	while (i < n && str_eq(at[i].place, at[0].place) &&
	       (!filter || at[i].filter == at[0].filter)) {
		i++;
	}
	return i;
}

static size_t count_runs(const struct link *at, size_t n, bool filter)
{
	size_t runs = 0;

	for (size_t i = 0; i < n; i += run_length(at + i, n - i, filter)) {
		runs++;
	}
	return runs;
}

static int make_route(struct ruleset *rules, const struct link *at, size_t n, struct route *ret)
{
	uint16_t *jails = arena_alloc(rules->arena, n, sizeof(*jails));

	if (!jails) {
		return -ENOMEM;
	}
	*ret = (struct route){ .filter = at[0].filter, .jails = jails };
	for (size_t i = 0; i < n && at[i].jail != NAMES_NONE; i++) {
		jails[ret->n_jails++] = at[i].jail;
	}
	return 0;
}

static int make_detector(struct ruleset *rules, struct source *s)
{
	struct filter **filters = arena_alloc(rules->arena, s->n_routes, sizeof(struct filter *));
	int r;

	if (!filters) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < s->n_routes; i++) {
		filters[i] = rules->filters[s->routes[i].filter].filter;
	}
	r = detector_new(filters, s->n_routes, &s->detector);
	if (r >= 0) {
		detector_name(s->detector, &rules->types, &rules->services);
	}
	return r;
}

/* The source of the `n` links at `at`, which share their place. */
static int make_source(struct ruleset *rules, const struct link *at, size_t n, struct source *ret)
{
	struct route *routes = arena_alloc(rules->arena, count_runs(at, n, true), sizeof(*routes));

	ret->text = arena_str(rules->arena, at[0].place);
	ret->kind = journal_place_is(at[0].place)      ? SOURCE_JOURNAL
		    : filter_file_is_glob(at[0].place) ? SOURCE_GLOB
						       : SOURCE_FILE;
	if (!routes || !ret->text.p) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < n;) {
		size_t run = run_length(at + i, n - i, true);
		int r = make_route(rules, at + i, run, &routes[ret->n_routes]);

		if (r < 0) {
			return r;
		}
		ret->n_routes++;
		i += run;
	}
	ret->routes = routes;
	return make_detector(rules, ret);
}

static int make_sources(struct ruleset *rules, struct links *l)
{
	sort_links(l);
	rules->sources =
		arena_alloc(rules->arena, count_runs(l->at, l->n, false), sizeof(*rules->sources));
	if (!rules->sources) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < l->n;) {
		size_t run = run_length(l->at + i, l->n - i, false);
		int r = make_source(rules, l->at + i, run, &rules->sources[rules->n_sources++]);

		if (r < 0) {
			return r;
		}
		i += run;
	}
	return 0;
}

/* ---- jails ---- */

static int resolve_jails(struct parts *p)
{
	for (size_t i = 0; i < p->n_jails; i++) {
		struct config_part *part = p->jails[i].part;
		struct parts_mark mark = parts_mark(p->r);
		int r;

		if (part->state == PART_DISABLED || !part->document) {
			continue;
		}
		r = watching_resolve(p, &p->jails[i]);
		if (r < 0) {
			return r;
		}
		enough_check(p, &p->jails[i]);
		parts_judge(part, p->r, mark);
		if (part->state != PART_OK) {
			p->jails[i].n_watches = 0;
		}
	}
	return 0;
}

static int add_jail(struct parts *p, struct jail_part *jail)
{
	struct jail *to = &p->rules->jails[p->rules->n_jails];
	int r;

	*to = jail->file.jail;
	r = jail_file_never_block(&jail->file, &to->never_block);
	if (r < 0) {
		return r;
	}
	if (to->never_block) {
		to->never_file =
			arena_str(p->rules->arena, jail->file.values.never_block.at[0].at.file);
		if (!to->never_file.p) {
			to->never_block = netset_free(to->never_block);
			return -ENOMEM;
		}
	}
	jail->part->index = (uint16_t)p->rules->n_jails++;
	return 0;
}

static int add_jails(struct parts *p)
{
	int r = 0;

	p->rules->jails = arena_alloc(p->rules->arena, p->n_jails, sizeof(*p->rules->jails));
	if (!p->rules->jails) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < p->n_jails && r == 0; i++) {
		if (p->jails[i].part->state == PART_OK) {
			r = add_jail(p, &p->jails[i]);
		}
	}
	return r;
}

static void check_all(const struct parts *p)
{
	for (size_t i = 0; i < p->n_jails; i++) {
		if (p->jails[i].part->state == PART_OK) {
			watching_check_jail(p, &p->jails[i]);
		}
	}
	for (size_t i = 0; i < p->n_filters; i++) {
		if (p->filters[i].part->state == PART_OK) {
			watching_check_filter(p, (uint16_t)i);
		}
	}
}

static int link_jails(const struct parts *p, struct links *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_jails; i++) {
		n += p->jails[i].n_watches;
	}
	ret->at = arena_alloc(p->r->arena, n, sizeof(*ret->at));
	if (!ret->at) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < p->n_jails; i++) {
		const struct jail_part *jail = &p->jails[i];

		for (size_t k = 0; k < jail->n_watches; k++) {
			ret->at[ret->n++] = (struct link){
				.place = jail->watches[k].place,
				.filter = p->filters[jail->watches[k].filter].part->index,
				.jail = jail->part->index,
			};
		}
	}
	return 0;
}

int build_ruleset(struct parts *p)
{
	struct links links = { .n = 0 };
	int r;

	for (size_t i = 0; i < p->n_filters; i++) {
		struct filter_part *f = &p->filters[i];

		f->read = alternatives_choose(p->access, &f->file.values.sources, &f->exists);
	}
	r = resolve_jails(p);
	if (r == 0) {
		r = listening_check(p);
	}
	if (r == 0) {
		r = add_jails(p);
	}
	if (r == 0) {
		r = listening_link(p);
	}
	if (r == 0) {
		check_all(p);
		r = link_jails(p, &links);
	}
	return r < 0 ? r : make_sources(p->rules, &links);
}

int build_alone(struct parts *p)
{
	const struct places *sources = &p->filters[0].file.values.sources;
	struct link link = { .place = STR("-"), .jail = NAMES_NONE };
	struct links links = { .at = &link, .n = 1 };

	if (sources->n > 0) {
		link.place = sources->at[0].words.at[0].text;
	}
	return make_sources(p->rules, &links);
}
