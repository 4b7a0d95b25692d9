/* SPDX-License-Identifier: MIT */
/* filter_file.c - what does a filter's file say?
 *
 * The spec outlives the documents, so all its texts are copied; a filter is small. Memory that runs
 * out is remembered by the reader and asked for once, at the end of each part. */
#include "config/filter_file.h"

#include <errno.h>

#include "base/journal_place.h"
#include "config/reader.h"
#include "config/reader_one.h"
#include "config/schema.h"
#include "config/session_file.h"
#include "config/similar.h"
#include "detect/once.h"

/* A filter while it is read. */
struct making {
	const struct document *document;
	struct reader *r;
	struct ruleset *rules;
	struct filter_file *file;
};

static struct str keep(struct making *m, struct str text)
{
	struct str copy = arena_str(m->rules->arena, text);

	m->r->failed = m->r->failed || !copy.p;
	return copy;
}

static struct diag_place keep_place(struct making *m, const struct diag_place *at)
{
	return (struct diag_place){
		.file = keep(m, at->file),
		.line = at->line,
		.section = keep(m, at->section),
		.key = keep(m, at->key),
	};
}

/* A text that was not given stays one that is not there. */
static struct spec_text keep_text(struct making *m, const struct spec_text *t)
{
	if (!t->text.p) {
		return (struct spec_text){ .text = STR_NONE };
	}
	return (struct spec_text){ .text = keep(m, t->text), .at = keep_place(m, &t->at) };
}

static void *take_room(struct making *m, size_t n, size_t size)
{
	void *room = arena_alloc(m->rules->arena, n, size);

	m->r->failed = m->r->failed || !room;
	return room;
}

static struct spec_texts keep_texts(struct making *m, const struct spec_texts *t)
{
	struct spec_text *all = take_room(m, t->n, sizeof(*all));

	if (!all) {
		return (struct spec_texts){ .n = 0 };
	}
	for (size_t i = 0; i < t->n; i++) {
		all[i] = keep_text(m, &t->at[i]);
	}
	return (struct spec_texts){ .at = all, .n = t->n };
}

/* The number of a word among the ruleset's types or services. */
static uint16_t number_of(struct making *m, struct names *names, const struct spec_text *word)
{
	uint16_t number = NAMES_NONE;
	int r = names_add(names, m->rules->arena, word->text, &number);

	if (r == -ENOSPC) {
		diag_add(m->r->diag, DIAG_ERROR, &word->at, "there are more than %d such names",
			 NAMES_MAX);
	}
	m->r->failed = m->r->failed || r == -ENOMEM;
	return number;
}

static uint16_t service_of(struct making *m, const struct spec_text *word)
{
	_Static_assert((int)EVENT_SERVICE_NONE == (int)NAMES_NONE, "no service is no name");

	return word->text.p ? number_of(m, &m->rules->services, word) : EVENT_SERVICE_NONE;
}

/* The words of [services] and [types]: what stands in the log, and what it means. */
static struct spec_word *read_words(struct making *m, const char *section, struct names *names,
				    size_t *ret_n)
{
	static const struct reader_rule rule = { .kind = READ_NAME };
	const struct section *s = document_section(m->document, str_of(section));
	struct spec_word *words = take_room(m, s ? s->n : 0, sizeof(*words));
	struct spec_text name;

	for (const struct setting *k = s && words ? s->first : NULL; k; k = k->next) {
		if (schema_is_set(k) && reader_read(m->r, &rule, k, &name)) {
			words[(*ret_n)++] = (struct spec_word){
				.word = keep(m, k->key),
				.number = number_of(m, names, &name),
			};
		}
	}
	return words;
}

static void read_defines(struct making *m)
{
	static const struct reader_rule rule = { .kind = READ_TEXT };
	static const struct reader_rule name_rule = { .kind = READ_NAME };
	const struct section *s = document_section(m->document, STR("define"));
	struct spec_text *all = take_room(m, s ? s->n : 0, sizeof(*all));
	struct filter_spec *spec = &m->file->spec;
	struct spec_text text;

	for (const struct setting *k = s && all ? s->first : NULL; k; k = k->next) {
		const struct spec_text name = { .text = k->key, .at = setting_place(k, k->n) };

		if (reader_one_name(m->r, &name_rule, &name, &text) && schema_is_set(k) &&
		    reader_read(m->r, &rule, k, &text)) {
			all[spec->n_defines++] = keep_text(m, &text);
		}
	}
	spec->defines = all;
}

/* The type of `event TYPE` or `event TYPE WORD`; some type when there was an error, so that the
 * section is not taken for one without. */
static uint16_t read_type(struct making *m, const struct section *s)
{
	static const struct reader_rule rule = { .kind = READ_NAME };
	struct spec_text type = { .at = section_place(s) }, unused;
	struct str rest = str_slice(s->name, sizeof("event ") - 1, SIZE_MAX);

	if (!str_word(&rest, &type.text)) {
		diag_add(m->r->diag, DIAG_ERROR, &type.at,
			 "the type is missing: [event auth-failure]");
		return EVENT_AUTH_FAILURE;
	}
	if (str_eq(type.text, STR("<TYPE>"))) {
		return NAMES_NONE;
	}
	return reader_one_name(m->r, &rule, &type, &unused) ? number_of(m, &m->rules->types, &type)
							    : EVENT_AUTH_FAILURE;
}

static void read_event(struct making *m, const struct section *s, struct event_values *values,
		       struct section_spec *spec)
{
	const struct schema_source from = { .kind = CONFIG_FILTER, .name = "event", .section = s };
	const struct diag_place at = section_place(s);

	schema_read(&from, m->r, values);
	*spec = (struct section_spec){
		.type = read_type(m, s),
		.name = keep(m, str_trim(str_slice(s->name, sizeof("event ") - 1, SIZE_MAX))),
		.at = keep_place(m, &at),
		.service = service_of(m, &values->service),
		.prefix = keep_text(m, &values->prefix),
		.match = keep_texts(m, &values->match),
		.ignore = keep_texts(m, &values->ignore),
	};
}

static bool is_event(const struct section *s)
{
	return str_has_prefix(s->name, STR("event "));
}

static void read_events(struct making *m)
{
	struct filter_spec *spec = &m->file->spec;
	struct section_spec *sections;
	struct event_values *events;
	size_t n = 0;

	for (const struct section *s = m->document->first; s; s = s->next) {
		n += is_event(s);
	}
	sections = take_room(m, n, sizeof(*sections));
	events = arena_alloc(m->r->arena, n, sizeof(*events));
	if (!sections || !events) {
		m->r->failed = true;
		return;
	}
	for (const struct section *s = m->document->first; s; s = s->next) {
		if (is_event(s)) {
			read_event(m, s, &events[spec->n_sections], &sections[spec->n_sections]);
			spec->n_sections++;
		}
	}
	spec->sections = sections;
	m->file->events = events;
}

bool filter_file_is_glob(struct str place)
{
	return str_find_char(place, '*') != STR_NOT_FOUND ||
	       str_find_char(place, '?') != STR_NOT_FOUND;
}

/* Is the pattern in a directory's name? */
static bool is_glob_of_folders(struct str place)
{
	size_t last = place.n;

	while (last > 0 && place.p[last - 1] != '/') {
		last--;
	}
	return filter_file_is_glob(str_slice(place, 0, last));
}

static bool is_journal(const struct spec_text *text, struct reader *r)
{
	struct journal_place place;
	struct str bad;
	int e = journal_place_parse(text->text, &place, &bad);

	if (e == -E2BIG) {
		return READER_WRONG(r, text, "a place in the journal has at most %d FIELD=value",
				    JOURNAL_TERMS_MAX);
	}
	if (e < 0) {
		return READER_WRONG(r, text,
				    "\"%.*s\" is no FIELD=value as the journal has them "
				    "(journal:_SYSTEMD_UNIT=ssh.service)",
				    STR_ARG(bad));
	}
	return true;
}

bool filter_file_is_place(const struct spec_text *place, struct reader *r)
{
	if (journal_place_is(place->text)) {
		return is_journal(place, r);
	}
	if (place->text.n == 0 || place->text.p[0] != '/') {
		return READER_WRONG(r, place, "\"%.*s\" is no path that begins with /",
				    STR_ARG(place->text));
	}
	if (is_glob_of_folders(place->text)) {
		return READER_WRONG(r, place,
				    "a pattern in the name of a folder (%.*s) is not supported yet",
				    STR_ARG(place->text));
	}
	return true;
}

static void check_sources(struct making *m)
{
	const struct places *sources = &m->file->values.sources;

	for (size_t i = 0; i < sources->n; i++) {
		for (size_t k = 0; k < sources->at[i].words.n; k++) {
			(void)filter_file_is_place(&sources->at[i].words.at[k], m->r);
		}
	}
}

/* The bits of `once-per`. */
static unsigned read_once(const struct making *m)
{
	const struct spec_texts *names = &m->file->values.once_per;
	unsigned fields = 0;

	for (size_t i = 0; i < names->n; i++) {
		struct similar similar = similar_to(names->at[i].text);
		unsigned field = once_field_find(names->at[i].text);
		const char *known;

		fields |= field;
		for (size_t k = 0; field == 0 && (known = once_field_name(k)); k++) {
			similar_offer(&similar, str_of(known));
		}
		if (field == 0) {
			diag_add(m->r->diag, DIAG_ERROR, &names->at[i].at,
				 "events have no \"%.*s\"%s%.*s%s", STR_ARG(names->at[i].text),
				 SIMILAR_ARG(similar));
		}
	}
	return fields;
}

static void read_spec(struct making *m, struct str name)
{
	const struct filter_values *v = &m->file->values;
	const struct section *s = document_section(m->document, STR("filter"));
	const struct diag_place at = s ? section_place(s)
				       : (struct diag_place){ .file = m->document->file };
	struct filter_spec *spec = &m->file->spec;

	*spec = (struct filter_spec){
		.name = keep(m, name),
		.at = keep_place(m, &at),
		.layout = (enum filter_layout)v->layout,
		.prefix = keep_text(m, &v->prefix),
		.programs = keep_texts(m, &v->programs),
		.stamp = keep_text(m, &v->stamp),
		.stamp_date = keep_text(m, &v->stamp_date),
		.service = service_of(m, &v->service),
		.ignore = keep_texts(m, &v->ignore),
		.once = read_once(m),
	};
	if (v->once_per.n > 0) {
		spec->once_at = keep_place(m, &v->once_per.at[0].at);
	}
	spec->services = read_words(m, "services", &m->rules->services, &spec->n_services);
	spec->types = read_words(m, "types", &m->rules->types, &spec->n_types);
	read_defines(m);
	read_events(m);
}

/* A filter of fail2ban is one whole thing that cannot be read; what is in it does not matter. */
static bool is_fail2ban(const struct making *m)
{
	const struct section *s = document_section(m->document, STR("Definition"));
	struct diag_place at;

	if (!s) {
		return false;
	}
	at = section_place(s);
	diag_add(m->r->diag, DIAG_ERROR, &at, "filters of fail2ban are not supported yet");
	return true;
}

static void read_section(struct making *m, const char *name, void *ret)
{
	const struct schema_source from = {
		.kind = CONFIG_FILTER,
		.name = name,
		.section = document_section(m->document, str_of(name)),
	};

	schema_read(&from, m->r, ret);
}

static void read_session(struct making *m)
{
	const struct section *s = document_section(m->document, STR("session"));
	struct filter_spec *spec = &m->file->spec;
	struct diag_place at;

	session_file_read(m->document, spec, m->r, m->rules, &m->file->session, &spec->session);
	if (s) {
		at = section_place(s);
		spec->session_at = keep_place(m, &at);
	}
}

int filter_file_read(const struct document *d, struct str name, struct reader *r,
		     struct ruleset *rules, struct filter_file *ret)
{
	struct making m = { .document = d, .r = r, .rules = rules, .file = ret };

	if (is_fail2ban(&m)) {
		return 0;
	}
	schema_check(d, CONFIG_FILTER, r);
	read_section(&m, "filter", &ret->values);
	check_sources(&m);
	read_spec(&m, name);
	read_session(&m);
	return r->failed ? -ENOMEM : 0;
}
