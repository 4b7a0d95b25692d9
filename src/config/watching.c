/* SPDX-License-Identifier: MIT */
/* watching.c - what does a jail watch, and can what it watches ever give what it counts?
 *
 * `watch` has an entry a line: a filter, and the places to read it from; without places those that
 * the filter names itself. An entry is refused whole, and the others are still looked at. */
#include "config/watching.h"

#include <errno.h>

#include "config/listening.h"
#include "config/similar.h"

/* The filter of that name, or NAMES_NONE. */
static uint16_t find_filter(const struct parts *p, struct str name)
{
	for (size_t i = 0; i < p->n_filters; i++) {
		if (str_eq(p->filters[i].part->name, name)) {
			return (uint16_t)i;
		}
	}
	return NAMES_NONE;
}

static void tell_unknown(const struct parts *p, const struct spec_text *name)
{
	struct similar similar = similar_to(name->text);

	for (size_t i = 0; i < p->n_filters; i++) {
		similar_offer(&similar, p->filters[i].part->name);
	}
	diag_add(p->r->diag, DIAG_ERROR, &name->at, "there is no filter \"%.*s\"%s%.*s%s",
		 STR_ARG(name->text), SIMILAR_ARG(similar));
}

/* The filter that an entry names; NAMES_NONE: it names a jail, or the reason was told. */
static uint16_t read_filter(const struct parts *p, const struct spec_text *name)
{
	uint16_t filter;

	if (listening_is_meant(name)) {
		return NAMES_NONE;
	}
	if (str_has_prefix(name->text, STR("f2b:"))) {
		diag_add(p->r->diag, DIAG_ERROR, &name->at, "\"%.*s\" is not supported yet",
			 STR_ARG(name->text));
		return NAMES_NONE;
	}
	filter = find_filter(p, name->text);
	if (filter == NAMES_NONE) {
		tell_unknown(p, name);
	} else if (p->filters[filter].part->state != PART_OK) {
		diag_add(p->r->diag, DIAG_ERROR, &name->at, "the filter %.*s is broken: %.*s",
			 STR_ARG(name->text), STR_ARG(p->filters[filter].part->why));
		return NAMES_NONE;
	}
	return filter;
}

static size_t count_places(const struct parts *p, uint16_t filter, const struct place_line *line)
{
	const struct place_line *own;

	if (line->words.n > 1) {
		return line->words.n - 1;
	}
	own = p->filters[filter].read;
	return own ? own->words.n : 0;
}

/* Adds the places behind the filter's name. */
static void add_own(const struct parts *p, const struct place_line *line, uint16_t filter,
		    struct watch *to, size_t *n)
{
	for (size_t i = 1; i < line->words.n; i++) {
		const struct spec_text *place = &line->words.at[i];

		if (str_eq(place->text, STR("as"))) {
			diag_add(p->r->diag, DIAG_ERROR, &place->at,
				 "`as TYPE` is for filters of fail2ban, which are not supported "
				 "yet");
			return;
		}
		if (filter_file_is_place(place, p->r)) {
			to[(*n)++] = (struct watch){ .place = place->text, .filter = filter };
		}
	}
}

/* Adds the places that the filter names. */
static void add_filters(const struct parts *p, uint16_t filter, struct watch *to, size_t *n)
{
	const struct place_line *own = p->filters[filter].read;

	for (size_t i = 0; own && i < own->words.n; i++) {
		to[(*n)++] = (struct watch){
			.place = own->words.at[i].text,
			.filter = filter,
		};
	}
}

/* The entries of one line, in room that was counted before. */
static void resolve_line(const struct parts *p, const struct place_line *line, uint16_t filter,
			 struct watch *to, size_t *n)
{
	size_t before = *n;

	if (line->words.n > 1) {
		add_own(p, line, filter, to, n);
		return;
	}
	add_filters(p, filter, to, n);
	if (*n == before) {
		diag_add(p->r->diag, DIAG_ERROR, &line->at,
			 "the filter %.*s names no source; write one behind it",
			 STR_ARG(p->filters[filter].part->name));
	}
}

static size_t count_all(const struct parts *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_jails; i++) {
		n += p->jails[i].n_watches;
	}
	return n;
}

static bool has_user(const struct spec_texts *texts)
{
	for (size_t i = 0; i < texts->n; i++) {
		if (str_find(texts->at[i].text, STR("<USER>")) != STR_NOT_FOUND) {
			return true;
		}
	}
	return false;
}

static bool section_has_user(const struct filter_spec *spec, const struct section_spec *section)
{
	const struct spec_text prefixes[] = { spec->prefix, section->prefix };
	const struct spec_texts prefix = { .at = prefixes, .n = ARRAY_SIZE(prefixes) };
	const struct spec_texts defines = { .at = spec->defines, .n = spec->n_defines };

	return has_user(&section->match) || has_user(&prefix) || has_user(&defines);
}

/* Might the section's events name an account, themselves or by their session? */
static bool section_names_account(const struct filter_spec *spec,
				  const struct section_spec *section)
{
	bool carries = spec->session && spec->session->carry & SESSION_ACCOUNT;

	if (section_has_user(spec, section)) {
		return true;
	}
	for (size_t i = 0; carries && i < spec->n_sections; i++) {
		if (section_has_user(spec, &spec->sections[i])) {
			return true;
		}
	}
	return false;
}

/* Does the jail count events of the type, or the bad sessions that they are part of? */
static bool gives_points(const struct jail_part *jail, const struct filter_spec *spec,
			 uint16_t type)
{
	return jail_points(&jail->file.jail, type) != 0 ||
	       (spec->session && spec->session->otherwise != NAMES_NONE &&
		jail_points(&jail->file.jail, spec->session->otherwise) != 0);
}

/* Does anything that the jail counts name an account? */
static bool names_accounts(const struct parts *p, const struct jail_part *jail)
{
	for (size_t i = 0; i < jail->n_watches; i++) {
		const struct filter_spec *spec = &p->filters[jail->watches[i].filter].file.spec;

		for (size_t k = 0; k < spec->n_sections; k++) {
			uint16_t type = spec->sections[k].type;
			bool counts = type == NAMES_NONE || gives_points(jail, spec, type);

			if (counts && section_names_account(spec, &spec->sections[k])) {
				return true;
			}
		}
	}
	return false;
}

/* A jail that counts accounts where there are none can never ban. */
static void check_accounts(const struct parts *p, const struct jail_part *jail)
{
	const struct jail_values *v = &jail->file.values;
	bool subject = v->subject == SUBJECT_ACCOUNT;
	struct diag_place at = jail_file_place(&jail->file, subject ? "subject" : "distinct");

	if ((!subject && v->distinct != DISTINCT_ACCOUNT) || jail->n_watches == 0 ||
	    listening_watches_jails(jail) || names_accounts(p, jail)) {
		return;
	}
	diag_add(p->r->diag, DIAG_ERROR, &at,
		 "account: no filter that this jail watches names an account (<USER>) in what it "
		 "counts");
}

/* ---- what filters yield ---- */

static bool has_word(const struct spec_word *words, size_t n, uint16_t number)
{
	for (size_t i = 0; i < n; i++) {
		if (words[i].number == number) {
			return true;
		}
	}
	return false;
}

static bool yields_type(const struct filter_spec *spec, uint16_t type)
{
	for (size_t i = 0; i < spec->n_sections; i++) {
		uint16_t own = spec->sections[i].type;

		if (own == type ||
		    (own == NAMES_NONE && has_word(spec->types, spec->n_types, type))) {
			return true;
		}
	}
	return spec->session && spec->session->otherwise == type;
}

static bool yields_service(const struct filter_spec *spec, uint16_t service)
{
	for (size_t i = 0; i < spec->n_sections; i++) {
		uint16_t own = spec->sections[i].service;

		if ((own != EVENT_SERVICE_NONE ? own : spec->service) == service) {
			return true;
		}
	}
	return has_word(spec->services, spec->n_services, service);
}

typedef bool (*yields)(const struct filter_spec *spec, uint16_t number);

static bool any_yields(const struct parts *p, const struct jail_part *jail, yields what,
		       uint16_t number)
{
	for (size_t i = 0; i < jail->n_watches; i++) {
		if (what(&p->filters[jail->watches[i].filter].file.spec, number)) {
			return true;
		}
	}
	return false;
}

/* The name that looks most like this one among those that the jail's filters yield. */
static struct similar similar_yield(const struct parts *p, const struct jail_part *jail,
				    yields what, const struct names *names, struct str name)
{
	struct similar similar = similar_to(name);

	for (uint16_t i = 0; i < names->n; i++) {
		if (any_yields(p, jail, what, i)) {
			similar_offer(&similar, names_at(names, i));
		}
	}
	return similar;
}

static void check_services(const struct parts *p, const struct jail_part *jail)
{
	const struct spec_texts *services = &jail->file.values.services;

	for (size_t i = 0; i < services->n; i++) {
		struct str name = services->at[i].text;
		uint16_t number = names_find(&p->rules->services, name);
		struct similar similar =
			similar_yield(p, jail, yields_service, &p->rules->services, name);

		if (!str_eq(name, STR("all")) && !listening_watches_jails(jail) &&
		    !any_yields(p, jail, yields_service, number)) {
			diag_add(p->r->diag, DIAG_WARNING, &services->at[i].at,
				 "no filter that this jail watches yields the service "
				 "%.*s%s%.*s%s",
				 STR_ARG(name), SIMILAR_ARG(similar));
		}
	}
}

static void check_types(const struct parts *p, const struct jail_part *jail)
{
	for (size_t i = 0; i < jail->file.n_multipliers; i++) {
		const struct jail_multiplier *m = &jail->file.multipliers[i];
		struct str name = names_at(&p->rules->types, m->type);
		struct similar similar =
			similar_yield(p, jail, yields_type, &p->rules->types, name);

		if (m->points != 0 && !any_yields(p, jail, yields_type, m->type) &&
		    (m->type != EVENT_BANNED || !listening_watches_jails(jail))) {
			diag_add(p->r->diag, m->type < EVENT_KNOWN_TYPES ? DIAG_NOTE : DIAG_WARNING,
				 &m->at, "no filter that this jail watches yields %.*s%s%.*s%s",
				 STR_ARG(name), SIMILAR_ARG(similar));
		}
	}
}

static bool yields_wanted_service(const struct parts *p, const struct jail_part *jail)
{
	const struct spec_texts *services = &jail->file.values.services;
	bool any = services->n == 0;

	for (size_t i = 0; i < services->n; i++) {
		struct str name = services->at[i].text;

		any = any || str_eq(name, STR("all")) ||
		      any_yields(p, jail, yields_service, names_find(&p->rules->services, name));
	}
	return any;
}

static bool yields_wanted_type(const struct parts *p, const struct jail_part *jail)
{
	bool wants = false;

	for (size_t i = 0; i < jail->file.n_multipliers; i++) {
		const struct jail_multiplier *m = &jail->file.multipliers[i];
		bool adds = m->points > 0 || m->points == POINTS_BAN;

		if (adds && any_yields(p, jail, yields_type, m->type)) {
			return true;
		}
		wants = wants || adds;
	}
	return !wants;
}

/* A jail whose filters never say what it counts can never ban. */
static void check_reach(const struct parts *p, const struct jail_part *jail)
{
	struct diag_place at = jail_file_place(&jail->file, "threshold");

	if (jail->n_watches == 0 || listening_watches_jails(jail)) {
		return;
	}
	if (!yields_wanted_type(p, jail)) {
		check_types(p, jail);
		diag_add(p->r->diag, DIAG_ERROR, &at,
			 "cannot be reached: no filter that this jail watches yields any event "
			 "that [multipliers] gives points");
	} else if (!yields_wanted_service(p, jail)) {
		check_services(p, jail);
		diag_add(p->r->diag, DIAG_ERROR, &at,
			 "cannot be reached: no filter that this jail watches yields any of its "
			 "services");
	}
}

int watching_resolve(struct parts *p, struct jail_part *jail)
{
	const struct places *lines = &jail->file.values.watch;
	uint16_t *filters = arena_alloc(p->r->arena, lines->n, sizeof(*filters));
	struct watch *watches;
	size_t n = 0, max = 0;

	for (size_t i = 0; filters && i < lines->n; i++) {
		filters[i] = read_filter(p, &lines->at[i].words.at[0]);
		if (filters[i] != NAMES_NONE) {
			max += count_places(p, filters[i], &lines->at[i]);
		}
	}
	if (filters && max + count_all(p) > WATCHES_MAX) {
		diag_add(p->r->diag, DIAG_ERROR, &lines->at[0].at,
			 "all jails together watch more than %d sources", WATCHES_MAX);
		return 0;
	}
	watches = arena_alloc(p->r->arena, max, sizeof(*watches));
	if (!filters || !watches) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < lines->n; i++) {
		if (filters[i] != NAMES_NONE) {
			resolve_line(p, &lines->at[i], filters[i], watches, &n);
		}
	}
	jail->watches = watches;
	jail->n_watches = n;
	check_accounts(p, jail);
	check_reach(p, jail);
	return 0;
}

void watching_check_jail(const struct parts *p, const struct jail_part *jail)
{
	check_services(p, jail);
	check_types(p, jail);
}

static bool watches(const struct jail_part *jail, uint16_t filter)
{
	for (size_t i = 0; i < jail->n_watches; i++) {
		if (jail->watches[i].filter == filter) {
			return true;
		}
	}
	return false;
}

/* A login makes an address known, whatever jails say. */
static bool is_counted(const struct parts *p, uint16_t filter, uint16_t type)
{
	if (type == EVENT_LOGIN) {
		return true;
	}
	for (size_t i = 0; i < p->n_jails; i++) {
		const struct jail_part *jail = &p->jails[i];

		if (watches(jail, filter) && jail_points(&jail->file.jail, type) != 0) {
			return true;
		}
	}
	return false;
}

static bool is_watched(const struct parts *p, uint16_t filter)
{
	for (size_t i = 0; i < p->n_jails; i++) {
		if (watches(&p->jails[i], filter)) {
			return true;
		}
	}
	return false;
}

/* Which of several alternatives is read. */
static void tell_choice(const struct parts *p, const struct filter_part *filter)
{
	const struct places *sources = &filter->file.values.sources;
	const struct place_line *line = filter->read;

	if (sources->n < 2 || !p->access->exists) {
		return;
	}
	diag_add(p->r->diag, DIAG_NOTE, &line->at,
		 filter->exists
			 ? "of %zu alternatives this one is read: %.*s%s"
			 : "none of %zu alternatives exists yet; this one is waited for: %.*s%s",
		 sources->n, STR_ARG(line->words.at[0].text), line->words.n > 1 ? " ..." : "");
}

void watching_check_filter(const struct parts *p, uint16_t filter)
{
	CLEANUP(buf_done) struct buf idle = { 0 };
	const struct filter_spec *spec = &p->filters[filter].file.spec;

	if (!is_watched(p, filter)) {
		return;
	}
	tell_choice(p, &p->filters[filter]);
	for (uint16_t type = 0; type < p->rules->types.n; type++) {
		if (yields_type(spec, type) && !is_counted(p, filter, type)) {
			buf_printf(&idle, "%s%.*s", idle.n > 0 ? ", " : "",
				   STR_ARG(names_at(&p->rules->types, type)));
		}
	}
	if (idle.n > 0) {
		diag_add(p->r->diag, DIAG_NOTE, &spec->at, "no jail counts %s", buf_text(&idle));
	}
}
