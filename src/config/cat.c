/* SPDX-License-Identifier: MIT */
/* cat.c - what do the files say together, as one file that says the same?
 *
 * What people set comes in their order, then what they left out, as far as it has a default that is
 * supported. A jail shows what it has from [defaults] as if it stood in the jail. Entries are
 * printed as they were written, quotes included, so they are read again as what they were. */
#include <errno.h>

#include "config/config.h"
#include "config/document.h"
#include "config/reader.h"
#include "config/schema.h"

/* A document that is printed. */
struct printing {
	enum config_kind kind;
	const struct document *document;
	const struct section *fallback; /* [defaults], for a jail */
	bool where;
	struct buf *out;
	size_t start; /* what stood in the buffer before */
};

static void put_where(const struct printing *p, const struct setting *s)
{
	if (!p->where) {
		return;
	}
	if (s) {
		buf_printf(p->out, "; %.*s:%u\n", STR_ARG(s->file), s->line);
	} else {
		buf_add_str(p->out, STR("; default\n"));
	}
}

static void put_entry(const struct printing *p, const struct entry *e)
{
	buf_add_str(p->out, e->quoted ? STR("\"") : STR_NONE);
	buf_add_str(p->out, e->text);
	buf_add_str(p->out, e->quoted ? STR("\"\n") : STR("\n"));
}

static void put_setting(const struct printing *p, const struct setting *s)
{
	put_where(p, s);
	buf_printf(p->out, "%.*s = ", STR_ARG(s->key));
	for (size_t i = 0; i < s->n; i++) {
		buf_add_str(p->out, i > 0 ? STR("\t") : STR_NONE);
		put_entry(p, &s->entries[i]);
	}
}

static void put_header(const struct printing *p, struct str name)
{
	buf_printf(p->out, "%s[%.*s]\n", p->out->n > p->start ? "\n" : "", STR_ARG(name));
}

/* The keys of a section of the table that the section `s` (NULL: the file has none) leaves out. */
static void put_rest(const struct printing *p, const char *name, const struct section *s)
{
	const struct key *row;

	for (size_t i = 0; (row = schema_row(i)); i++) {
		const struct str key = str_of(row->name);
		const struct setting *inherited = section_setting(p->fallback, key);

		if (row->kind != p->kind || !str_eq(str_of(row->section), str_of(name)) ||
		    schema_is_set(section_setting(s, key)) || (row->flags & KEY_LATER)) {
			continue;
		}
		if (schema_is_set(inherited) && !(row->flags & KEY_OWN)) {
			put_setting(p, inherited);
		} else if (row->value) {
			put_where(p, NULL);
			buf_printf(p->out, "%s = %s\n", row->name, row->value);
		}
	}
}

static bool has_defaults(const struct printing *p, const char *name)
{
	const struct key *row;

	for (size_t i = 0; (row = schema_row(i)); i++) {
		if (row->kind == p->kind && row->value &&
		    str_eq(str_of(row->section), str_of(name))) {
			return true;
		}
	}
	return false;
}

static void put_section(const struct printing *p, const struct section *s)
{
	const struct key *row = NULL;

	put_header(p, s->name);
	for (const struct setting *k = s->first; k; k = k->next) {
		const struct key *known = schema_key(p->kind, s->name, k->key);

		if (known && schema_is_set(k)) {
			put_setting(p, k);
		}
	}
	for (size_t i = 0; (row = schema_row(i)); i++) {
		if (row->kind == p->kind && str_eq(str_of(row->section), s->name)) {
			put_rest(p, row->section, s);
			return;
		}
	}
}

/* Sections that the file leaves out and that hold defaults. */
static void put_missing(const struct printing *p)
{
	const struct key *row;
	const char *last = "";

	for (size_t i = 0; (row = schema_row(i)); i++) {
		bool fresh = !str_eq(str_of(row->section), str_of(last));

		last = row->section;
		if (fresh && row->kind == p->kind && has_defaults(p, row->section) &&
		    !str_eq(str_of(row->section), STR("event")) &&
		    !document_section(p->document, str_of(row->section))) {
			put_header(p, str_of(row->section));
			put_rest(p, row->section, NULL);
		}
	}
}

static const struct document *find_document(const struct config *c, enum config_kind kind,
					    struct str name)
{
	const struct config_part *parts = kind == CONFIG_FILTER ? c->filters : c->jails;
	size_t n = kind == CONFIG_FILTER ? c->n_filters : c->n_jails;

	if (kind == CONFIG_MAIN) {
		return c->document;
	}
	for (size_t i = 0; i < n; i++) {
		if (str_eq(parts[i].name, name)) {
			return parts[i].document;
		}
	}
	return NULL;
}

int config_cat(const struct config *c, enum config_kind kind, struct str name, bool where,
	       struct buf *out)
{
	struct printing p = {
		.kind = kind,
		.document = find_document(c, kind, name),
		.where = where,
		.out = out,
		.start = out->n,
	};

	if (!p.document) {
		return -ENOENT;
	}
	if (kind == CONFIG_JAIL && c->document) {
		p.fallback = document_section(c->document, STR("defaults"));
	}
	for (const struct section *s = p.document->first; s; s = s->next) {
		put_section(&p, s);
	}
	put_missing(&p);
	return buf_ok(out);
}

bool config_key(size_t i, struct config_key *ret, struct buf *takes)
{
	const struct key *row = schema_row(i);

	if (!row) {
		return false;
	}
	*ret = (struct config_key){
		.kind = row->kind,
		.section = row->section,
		.name = row->name,
		.value = row->value,
		.about = row->about,
		.theirs = row->theirs,
		.required = row->flags & KEY_REQUIRED,
		.later = row->flags & KEY_LATER,
	};
	if (takes) {
		reader_describe(&row->rule, takes);
	}
	return true;
}
