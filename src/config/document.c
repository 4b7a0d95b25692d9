/* SPDX-License-Identifier: MIT */
/* document.c - which keys do a file and its drop-ins set, to what, and where?
 *
 * Lists in the order in which people wrote them: event sections are tried in that order, and a
 * message that goes through a file goes down it. A key that a drop-in replaces keeps its place, so
 * a drop-in can change what a section says, not when it is asked.
 *
 * Each file is a layer. What the current layer has set is a repetition, what an earlier one has set
 * is replaced. */
#include "config/document.h"

#include <errno.h>
#include <string.h>

#include "config/ini.h"

enum { ENTRIES_FIRST = 4 };

/* A document while a file is read into it. */
struct filling {
	struct document *document;
	struct diag *diag;
	struct str file;
	struct section *section; /* NULL: there is no room for it */
	struct setting *setting; /* NULL: what belongs to the key is dropped */
	unsigned problems;
	bool failed; /* no memory */
};

struct document *document_new(struct arena *arena)
{
	struct document *d = arena_alloc(arena, 1, sizeof(*d));

	if (d) {
		d->arena = arena;
	}
	return d;
}

static struct section *find_section(const struct document *d, struct str name)
{
	struct section *s = d->first;

	while (s && !str_eq(s->name, name)) {
		s = s->next;
	}
	return s;
}

const struct section *document_section(const struct document *d, struct str name)
{
	return find_section(d, name);
}

static struct setting *find_setting(const struct section *s, struct str key)
{
	struct setting *found = s->first;

	while (found && !str_eq(found->key, key)) {
		found = found->next;
	}
	return found;
}

const struct setting *section_setting(const struct section *s, struct str key)
{
	return s ? find_setting(s, key) : NULL;
}

struct diag_place section_place(const struct section *s)
{
	return (struct diag_place){ .file = s->file, .line = s->line, .section = s->name };
}

struct diag_place setting_place(const struct setting *s, size_t i)
{
	return (struct diag_place){
		.file = s->file,
		.line = i < s->n ? s->entries[i].line : s->line,
		.section = s->section,
		.key = s->key,
	};
}

/* A copy in the arena; an empty text is one, too. */
static struct str keep(struct filling *f, struct str text)
{
	struct str copy = arena_str(f->document->arena, text);

	f->failed = f->failed || !copy.p;
	return copy;
}

static void *take_room(struct filling *f, size_t n, size_t size)
{
	void *p = arena_alloc(f->document->arena, n, size);

	f->failed = f->failed || !p;
	return p;
}

static struct section *add_section(struct filling *f, const struct inifile_line *line)
{
	struct document *d = f->document;
	struct section *s = take_room(f, 1, sizeof(*s));

	if (!s) {
		return NULL;
	}
	s->name = keep(f, line->section);
	s->file = f->file;
	s->line = line->line;
	if (d->last) {
		d->last->next = s;
	} else {
		d->first = s;
	}
	d->last = s;
	d->n++;
	return s;
}

/* Event sections are tried one after the other, so two of one name would be two in one. */
static bool is_repeated(const struct filling *f, const struct section *s)
{
	return s->layer == f->document->layers && str_has_prefix(s->name, STR("event "));
}

static void take_section(struct filling *f, const struct inifile_line *line)
{
	struct diag_place at = { .file = f->file, .line = line->line, .section = line->section };

	f->setting = NULL;
	f->section = find_section(f->document, line->section);
	if (f->section && is_repeated(f, f->section)) {
		f->problems++;
		diag_add(f->diag, DIAG_ERROR, &at,
			 "the section stands in line %u already; a word behind the type makes it "
			 "another one: [%.*s again]",
			 f->section->line, STR_ARG(line->section));
	}
	if (!f->section && f->document->n == DOCUMENT_SECTIONS_MAX) {
		diag_add(f->diag, DIAG_ERROR, &at, "there are more than %d sections",
			 DOCUMENT_SECTIONS_MAX);
		f->problems = INIFILE_PROBLEMS_MAX;
		return;
	}
	if (!f->section) {
		f->section = add_section(f, line);
	}
	if (f->section) {
		f->section->layer = f->document->layers;
	}
}

static struct setting *add_setting(struct filling *f, struct str key)
{
	struct section *section = f->section;
	struct setting *s = take_room(f, 1, sizeof(*s));

	if (!s) {
		return NULL;
	}
	s->key = keep(f, key);
	s->section = section->name;
	if (section->last) {
		section->last->next = s;
	} else {
		section->first = s;
	}
	section->last = s;
	section->n++;
	return s;
}

/* The setting that a key's line begins: a new one, or one of an earlier file without its value. */
static struct setting *begin_setting(struct filling *f, const struct inifile_line *line)
{
	struct setting *s = find_setting(f->section, line->key);
	struct diag_place at = {
		.file = f->file,
		.line = line->line,
		.section = f->section->name,
		.key = line->key,
	};

	if (s && s->layer == f->document->layers) {
		diag_add(f->diag, DIAG_ERROR, &at, "is set twice: in line %u and in line %u",
			 s->line, line->line);
		f->problems++;
		return NULL;
	}
	if (!s && f->section->n == DOCUMENT_SETTINGS_MAX) {
		diag_add(f->diag, DIAG_ERROR, &at, "there are more than %d keys in this section",
			 DOCUMENT_SETTINGS_MAX);
		f->problems = INIFILE_PROBLEMS_MAX;
		return NULL;
	}
	if (!s) {
		s = add_setting(f, line->key);
	}
	if (s) {
		s->layer = f->document->layers;
		s->file = f->file;
		s->line = line->line;
		s->n = 0;
	}
	return s;
}

static void add_entry(struct filling *f, const struct inifile_line *line)
{
	struct setting *s = f->setting;

	if (line->value.n == 0 && !line->quoted) {
		return;
	}
	if (s->n == s->cap) {
		size_t cap = s->cap > 0 ? s->cap * 2 : ENTRIES_FIRST;
		struct entry *grown = take_room(f, cap, sizeof(*grown));

		if (!grown) {
			return;
		}
		if (s->n > 0) {
			memcpy(grown, s->entries, s->n * sizeof(*grown));
		}
		s->entries = grown;
		s->cap = cap;
	}
	s->entries[s->n++] = (struct entry){
		.text = keep(f, line->value),
		.quoted = line->quoted,
		.line = line->line,
	};
}

static bool take_line(void *arg, const struct inifile_line *line)
{
	struct filling *f = arg;

	switch (line->kind) {
	case INIFILE_SECTION: take_section(f, line); break;
	case INIFILE_KEY:
		f->setting = f->section ? begin_setting(f, line) : NULL;
		if (f->setting) {
			add_entry(f, line);
		}
		break;
	case INIFILE_MORE:
		if (f->setting) {
			add_entry(f, line);
		}
		break;
	}
	return !f->failed && f->problems < INIFILE_PROBLEMS_MAX;
}

int document_add(struct document *d, struct str file, struct str text, struct diag *diag)
{
	struct filling f = { .document = d, .diag = diag };

	d->layers++;
	f.file = keep(&f, file);
	if (d->layers == 1) {
		d->file = f.file;
	}
	if (!f.failed) {
		inifile_read(f.file, text, diag, take_line, &f);
	}
	return f.failed ? -ENOMEM : 0;
}
