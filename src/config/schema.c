/* SPDX-License-Identifier: MIT */
/* schema.c - does this document hold only what its kind of file may hold?
 *
 * A section of a file and one of the table are not always the same: each [event ...] of a filter is
 * the table's `event`, and [defaults] of ipsd.conf is the jail's `jail` without what is each jail's
 * own. Lookups translate first, so nothing else knows.
 *
 * The words of fail2ban are known to most who write such files for the first time; where one has
 * its like here, the message says so. */
#include "config/schema.h"

#include <string.h>

#include "config/reader.h"
#include "config/similar.h"

/* A section of the table. */
struct place_in_table {
	enum config_kind kind;
	struct str section;
	bool shared; /* [defaults] */
};

static const struct {
	const char *theirs, *ours;
} FAIL2BAN[] = {
	{ "bantime", "ban" },          { "findtime", "window" },      { "maxretry", "threshold" },
	{ "port", "ports" },           { "filter", "watch" },         { "logpath", "watch" },
	{ "ignoreip", "never-block" }, { "ignoreip", "addresses" },   { "failregex", "match" },
	{ "ignoreregex", "ignore" },   { "datepattern", "stamp" },    { "banaction", "verdict" },
	{ "prefregex", "prefix" },     { "dbpurgeage", "retention" },
};

static const char *const FILES[] = {
	[CONFIG_MAIN] = "ipsd.conf",
	[CONFIG_FILTER] = "a filter",
	[CONFIG_JAIL] = "a jail",
};

static struct place_in_table translate(enum config_kind kind, struct str section)
{
	struct place_in_table p = { .kind = kind, .section = section };

	if (kind == CONFIG_FILTER && str_has_prefix(section, STR("event "))) {
		p.section = STR("event");
	} else if (kind == CONFIG_MAIN && str_eq(section, STR("defaults"))) {
		p = (struct place_in_table){
			.kind = CONFIG_JAIL,
			.section = STR("jail"),
			.shared = true,
		};
	}
	return p;
}

static bool is_row_of(const struct key *row, const struct place_in_table *p)
{
	return row->kind == p->kind && str_eq(str_of(row->section), p->section) &&
	       !(p->shared && (row->flags & KEY_OWN));
}

static bool is_any(const struct key *row)
{
	return strcmp(row->name, "*") == 0;
}

const struct key *schema_key(enum config_kind kind, struct str section, struct str key)
{
	const struct place_in_table p = translate(kind, section);
	const struct key *row;

	for (size_t i = 0; (row = schema_row(i)); i++) {
		if (is_row_of(row, &p) && (is_any(row) || str_eq(str_of(row->name), key))) {
			return row;
		}
	}
	return NULL;
}

static bool is_section(enum config_kind kind, struct str section)
{
	const struct place_in_table p = translate(kind, section);
	const struct key *row;

	for (size_t i = 0; (row = schema_row(i)); i++) {
		if (is_row_of(row, &p)) {
			return true;
		}
	}
	return false;
}

/* The section of this kind that looks most like it; [event ...] by its first word. */
static struct similar similar_section(struct str name, enum config_kind kind)
{
	struct similar similar = similar_to(str_slice(name, 0, str_find_char(name, ' ')));
	const struct key *row;

	for (size_t i = 0; (row = schema_row(i)); i++) {
		if (row->kind == kind) {
			similar_offer(&similar, str_of(row->section));
		}
	}
	if (kind == CONFIG_MAIN) {
		similar_offer(&similar, STR("defaults"));
	}
	return similar;
}

/* The kind of file that has such a section, or the kind itself. */
static enum config_kind home_of(struct str section, enum config_kind kind)
{
	const struct key *row;

	for (size_t i = 0; (row = schema_row(i)); i++) {
		if (str_eq(str_of(row->section), section)) {
			return row->kind;
		}
	}
	return kind;
}

static void tell_unknown_section(const struct section *s, enum config_kind kind, struct reader *r)
{
	struct diag_place at = section_place(s);
	struct similar similar = similar_section(s->name, kind);
	enum config_kind home = home_of(s->name, kind);

	if (home != kind) {
		diag_add(r->diag, DIAG_ERROR, &at, "this section belongs in %s", FILES[home]);
	} else if (kind == CONFIG_FILTER && str_eq(s->name, STR("event"))) {
		diag_add(r->diag, DIAG_ERROR, &at,
			 "the type is missing: [event auth-failure], or [event <TYPE>] when each "
			 "line names it");
	} else if (similar.found.n > 0) {
		diag_add(r->diag, DIAG_ERROR, &at, "unknown section; did you mean [%.*s%s]?",
			 STR_ARG(similar.found),
			 str_eq(similar.found, STR("event")) ? " TYPE" : "");
	} else {
		diag_add(r->diag, DIAG_ERROR, &at, "unknown section");
	}
}

/* Our key for a word of fail2ban's, when this section has it. */
static const char *find_ours(enum config_kind kind, const struct setting *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(FAIL2BAN); i++) {
		if (str_eq(str_of(FAIL2BAN[i].theirs), s->key) &&
		    schema_key(kind, s->section, str_of(FAIL2BAN[i].ours))) {
			return FAIL2BAN[i].ours;
		}
	}
	return NULL;
}

/* Another section of this kind of file that has the key; NULL: none. */
static const char *find_elsewhere(enum config_kind kind, struct str key)
{
	const struct key *row;

	for (size_t i = 0; (row = schema_row(i)); i++) {
		if (row->kind == kind && str_eq(str_of(row->name), key)) {
			return row->section;
		}
	}
	return kind == CONFIG_MAIN && schema_key(kind, STR("defaults"), key) ? "defaults" : NULL;
}

static struct similar similar_key(enum config_kind kind, const struct setting *s)
{
	const struct place_in_table p = translate(kind, s->section);
	struct similar similar = similar_to(s->key);
	const struct key *row;

	for (size_t i = 0; (row = schema_row(i)); i++) {
		if (is_row_of(row, &p)) {
			similar_offer(&similar, str_of(row->name));
		}
	}
	return similar;
}

static void tell_unknown_key(const struct setting *s, enum config_kind kind, struct reader *r)
{
	struct diag_place at = setting_place(s, s->n);
	struct similar similar = similar_key(kind, s);
	const char *ours = find_ours(kind, s), *elsewhere = find_elsewhere(kind, s->key);

	if (translate(kind, s->section).shared && schema_key(CONFIG_JAIL, STR("jail"), s->key)) {
		diag_add(r->diag, DIAG_ERROR, &at, "each jail has its own; it cannot stand here");
	} else if (ours) {
		diag_add(r->diag, DIAG_ERROR, &at,
			 "unknown key; what fail2ban calls %.*s is %s here", STR_ARG(s->key), ours);
	} else if (similar.found.n == 0 && elsewhere) {
		diag_add(r->diag, DIAG_ERROR, &at, "unknown key here; it belongs in [%s]",
			 elsewhere);
	} else {
		diag_add(r->diag, DIAG_ERROR, &at, "unknown key%s%.*s%s", SIMILAR_ARG(similar));
	}
}

/* A line of a list that reads `key = ...` was probably indented by habit. */
static void check_indents(const struct setting *s, enum config_kind kind, struct reader *r)
{
	for (size_t i = 1; i < s->n; i++) {
		struct str text = s->entries[i].text;
		struct str word = str_trim(str_slice(text, 0, str_find_char(text, '=')));
		struct diag_place at = setting_place(s, i);
		const struct key *row = word.n < text.n ? schema_key(kind, s->section, word) : NULL;

		if (row && !is_any(row)) {
			diag_add(r->diag, DIAG_WARNING, &at,
				 "this indented line is one more entry of the list, not the key "
				 "%.*s",
				 STR_ARG(word));
		}
	}
}

static void check_keys(const struct section *s, enum config_kind kind, struct reader *r)
{
	for (const struct setting *k = s->first; k; k = k->next) {
		if (schema_key(kind, s->name, k->key)) {
			check_indents(k, kind, r);
		} else {
			tell_unknown_key(k, kind, r);
		}
	}
}

void schema_check(const struct document *d, enum config_kind kind, struct reader *r)
{
	for (const struct section *s = d->first; s; s = s->next) {
		if (is_section(kind, s->name)) {
			check_keys(s, kind, r);
		} else if (s->name.n > 0) {
			tell_unknown_section(s, kind, r);
		}
	}
}

bool schema_is_set(const struct setting *s)
{
	return s && s->n > 0;
}

static void read_default(const struct key *row, struct reader *r, void *field)
{
	struct entry entry = { .text = str_of(row->value) };
	const struct setting made = {
		.key = str_of(row->name),
		.section = str_of(row->section),
		.file = STR("default"),
		.entries = &entry,
		.n = 1,
	};

	(void)reader_read(r, &row->rule, &made, field);
}

static void read_setting(const struct key *row, const struct setting *s, struct reader *r,
			 void *field)
{
	if (schema_is_set(s) && reader_read(r, &row->rule, s, field) && (row->flags & KEY_LATER)) {
		struct diag_place at = setting_place(s, s->n);

		diag_add(r->diag, DIAG_ERROR, &at, "this key is not supported yet");
	}
}

/* What the section leaves out. */
static void read_left_out(const struct place_in_table *p, const struct section *s,
			  const struct section *fallback, struct reader *r, void *ret)
{
	const struct key *row;

	for (size_t i = 0; (row = schema_row(i)); i++) {
		void *field = (char *)ret + row->offset;
		const struct str name = str_of(row->name);

		if (!is_row_of(row, p) || is_any(row)) {
			continue;
		}
		if (row->value) {
			read_default(row, r, field);
		}
		if (!schema_is_set(section_setting(s, name)) && !(row->flags & KEY_OWN)) {
			read_setting(row, section_setting(fallback, name), r, field);
		}
	}
}

static void tell_missing(const struct place_in_table *p, const struct section *s,
			 const struct diag_place *missing, struct reader *r)
{
	const struct key *row;

	for (size_t i = 0; (row = schema_row(i)); i++) {
		if (is_row_of(row, p) && (row->flags & KEY_REQUIRED) &&
		    !schema_is_set(section_setting(s, str_of(row->name)))) {
			struct diag_place at = *missing;

			at.key = str_of(row->name);
			diag_add(r->diag, DIAG_ERROR, &at, "is missing");
		}
	}
}

void schema_read(const struct schema_source *from, struct reader *r, void *ret)
{
	const struct place_in_table p = { .kind = from->kind, .section = str_of(from->name) };
	const struct section *s = from->section;

	read_left_out(&p, s, from->fallback, r, ret);
	for (const struct setting *k = s ? s->first : NULL; k; k = k->next) {
		const struct key *row = schema_key(from->kind, p.section, k->key);

		if (row && !is_any(row)) {
			read_setting(row, k, r, (char *)ret + row->offset);
		}
	}
	if (from->missing) {
		tell_missing(&p, s, from->missing, r);
	}
}
