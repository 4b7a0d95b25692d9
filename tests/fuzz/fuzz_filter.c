/* SPDX-License-Identifier: MIT */
/* A filter, an empty line, then a log. A line of the filter is one letter and a text: p prefix, m
 * match, i ignore, e a section, I ignore of all, s stamp, d stamp-date, D define (NAME TEXT), S
 * service, T type, n no case. Whatever it says: no event without a pattern, and all that an event
 * names is valid and lies inside its line. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "detect/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MANY = 32 };

struct file {
	struct filter_spec spec;
	struct section_spec sections[MANY];
	struct spec_text matches[MANY][MANY], ignores[MANY][MANY], lines[MANY], defines[MANY];
	struct spec_word services[MANY], types[MANY];
};

static void add(struct spec_texts *list, struct spec_text *at, struct spec_text text)
{
	list->at = at;
	if (list->n < MANY) {
		at[list->n++] = text;
	}
}

static void add_section(struct file *f, struct str text)
{
	if (f->spec.n_sections < MANY) {
		f->sections[f->spec.n_sections++] = (struct section_spec){
			.type = text.n > 0 ? EVENT_SPAM : NAMES_NONE,
			.service = EVENT_SERVICE_NONE,
		};
	}
}

static void add_word(struct spec_word *words, size_t *n, struct str word)
{
	if (*n < MANY && word.n > 0) {
		words[*n] = (struct spec_word){ word, (uint16_t)*n };
		++*n;
	}
}

static void add_define(struct file *f, struct spec_text text)
{
	if (f->spec.n_defines < MANY && str_split(&text.text, ' ', &text.at.key)) {
		f->defines[f->spec.n_defines++] = text;
	}
}

static void add_line(struct file *f, char what, struct spec_text text)
{
	size_t last = f->spec.n_sections - 1;

	switch (what) {
	case 'p': f->spec.prefix = text; break;
	case 's': f->spec.stamp = text; break;
	case 'd': f->spec.stamp_date = text; break;
	case 'n': f->spec.nocase = true; break;
	case 'e': add_section(f, text.text); break;
	case 'D': add_define(f, text); break;
	case 'S': add_word(f->services, &f->spec.n_services, text.text); break;
	case 'T': add_word(f->types, &f->spec.n_types, text.text); break;
	case 'I': add(&f->spec.ignore, f->lines, text); break;
	case 'm':
		if (f->spec.n_sections > 0) {
			add(&f->sections[last].match, f->matches[last], text);
		}
		break;
	case 'i':
		if (f->spec.n_sections > 0) {
			add(&f->sections[last].ignore, f->ignores[last], text);
		}
		break;
	default: break;
	}
}

static void read_file(struct file *f, struct str *rest)
{
	struct spec_text text = { .at = { .file = STR("fuzz") } };

	f->spec = (struct filter_spec){
		.service = EVENT_SERVICE_NONE,
		.sections = f->sections,
		.defines = f->defines,
		.services = f->services,
		.types = f->types,
	};
	for (struct str line; str_split(rest, '\n', &line) && line.n > 0;) {
		text.at.line++;
		text.text = str_slice(line, 1, SIZE_MAX);
		add_line(f, line.p[0], text);
	}
}

static bool is_inside(struct str part, struct str line)
{
	return part.n == 0 || (part.p >= line.p && part.p + part.n <= line.p + line.n);
}

static void check_event(const struct filter *f, const struct event *e, struct str line)
{
	assert(e->addr.family == 0 || e->addr.family == 4 || e->addr.family == 6);
	assert(e->text.p == line.p && e->text.n == line.n);
	assert(is_inside(e->account, line) && is_inside(e->session, line) &&
	       is_inside(e->data, line));
	assert(e->count >= 1 && e->count <= EVENT_COUNT_MAX);
	assert(e->pattern < filter_pattern_count(f));
	assert(e->type < MANY);
	assert(e->service == EVENT_SERVICE_NONE || e->service < MANY);
}

static bool has_literal(const struct literal_set *set, struct str line)
{
	for (size_t i = 0; i < set->n; i++) {
		struct str text = set->at[i].text;

		for (size_t k = 0; k + text.n <= line.n; k++) {
			struct str part = str_slice(line, k, text.n);

			if (set->at[i].nocase ? str_eq_nocase(part, text) : str_eq(part, text)) {
				return true;
			}
		}
	}
	return set->n == 0;
}

static void read_log(struct filter *f, struct str log)
{
	struct stamp_context when = { .file_time = instant_at(1795316645), .date = STAMP_NO_DATE };
	CLEANUP(matcher_freep) struct matcher *m = NULL;

	assert(matcher_new(&m) == 0);
	for (struct str line; str_split(&log, '\n', &line);) {
		struct event e = { 0 };

		when.date = filter_file_date(f, line);
		if (filter_match(f, m, line, NULL, &when, &e) == FILTER_EVENT) {
			check_event(f, &e, line);
			assert(has_literal(filter_pattern_literals(f, e.pattern), line));
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct file file;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(diag_freep) struct diag *diag = diag_new();
	CLEANUP(filter_freep) struct filter *f = NULL;
	struct str rest = { .p = (const char *)data, .n = size };

	assert(arena && diag);
	file = (struct file){ 0 };
	read_file(&file, &rest);
	if (filter_new(&file.spec, arena, diag, &f) < 0) {
		assert(!f && diag_count(diag, DIAG_ERROR) > 0);
		return 0;
	}
	assert(diag_count(diag, DIAG_ERROR) == 0);
	read_log(f, rest);
	return 0;
}
