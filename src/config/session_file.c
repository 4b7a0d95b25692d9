/* SPDX-License-Identifier: MIT */
/* session_file.c - what does a filter's [session] say?
 *
 * A session is made of events: its keys name types that the filter's own sections yield. A word
 * that none of them yields would silently mean "never", so it is an error. */
#include "config/session_file.h"

#include <errno.h>

#include "config/schema.h"
#include "config/similar.h"

struct making {
	const struct filter_spec *spec;
	struct reader *r;
	struct ruleset *rules;
	const struct session_values *values;
};

/* Does a section of the filter yield events of this type? One with <TYPE> may yield any. */
static bool is_yielded(const struct filter_spec *spec, uint16_t type)
{
	for (size_t i = 0; i < spec->n_sections; i++) {
		if (spec->sections[i].type == type || spec->sections[i].type == NAMES_NONE) {
			return true;
		}
	}
	return false;
}

static void tell_unknown_type(struct making *m, const struct spec_text *word)
{
	struct similar similar = similar_to(word->text);

	for (size_t i = 0; i < m->spec->n_sections; i++) {
		similar_offer(&similar, names_at(&m->rules->types, m->spec->sections[i].type));
	}
	diag_add(m->r->diag, DIAG_ERROR, &word->at, "this filter has no [event %.*s]%s%.*s%s",
		 STR_ARG(word->text), SIMILAR_ARG(similar));
}

static struct session_types read_types(struct making *m, const struct spec_texts *words)
{
	uint16_t *all = arena_alloc(m->rules->arena, words->n, sizeof(*all));
	struct session_types types = { .at = all };

	if (!all) {
		m->r->failed = true;
		return types;
	}
	for (size_t i = 0; i < words->n; i++) {
		uint16_t type = names_find(&m->rules->types, words->at[i].text);

		if (type != NAMES_NONE && is_yielded(m->spec, type)) {
			all[types.n++] = type;
		} else {
			tell_unknown_type(m, &words->at[i]);
		}
	}
	return types;
}

static unsigned read_carry(const struct making *m)
{
	const struct spec_texts *words = &m->values->carry;
	unsigned fields = 0;

	for (size_t i = 0; i < words->n; i++) {
		struct similar similar = similar_to(words->at[i].text);
		unsigned field = session_field_find(words->at[i].text);
		const char *known;

		fields |= field;
		for (size_t k = 0; field == 0 && (known = session_field_name(k)); k++) {
			similar_offer(&similar, str_of(known));
		}
		if (field == 0) {
			diag_add(m->r->diag, DIAG_ERROR, &words->at[i].at,
				 "the lines of a session share no \"%.*s\"%s%.*s%s",
				 STR_ARG(words->at[i].text), SIMILAR_ARG(similar));
		}
	}
	return fields;
}

static uint16_t read_otherwise(struct making *m)
{
	const struct spec_text *word = &m->values->otherwise;
	uint16_t type = NAMES_NONE;
	int r;

	if (!word->text.p) {
		return NAMES_NONE;
	}
	r = names_add(&m->rules->types, m->rules->arena, word->text, &type);
	if (r == -ENOSPC) {
		diag_add(m->r->diag, DIAG_ERROR, &word->at, "there are more than %d such names",
			 NAMES_MAX);
	}
	m->r->failed = m->r->failed || r == -ENOMEM;
	return type;
}

static void check(const struct making *m, const struct diag_place *at)
{
	const struct session_values *v = m->values;

	if (v->id.text.p && !str_eq(v->id.text, STR("<SESSION>"))) {
		diag_add(m->r->diag, DIAG_ERROR, &v->id.at,
			 "what ties lines together is what <SESSION> catches: id = <SESSION>");
	}
	if (v->otherwise.text.p && v->satisfied.n == 0) {
		diag_add(m->r->diag, DIAG_ERROR, &v->otherwise.at,
			 "without `satisfied` every session would be one");
	}
	if (!v->otherwise.text.p && v->satisfied.n > 0) {
		diag_add(m->r->diag, DIAG_ERROR, &v->satisfied.at[0].at,
			 "without `otherwise` nothing comes of it: otherwise = bad-session");
	}
	if (!v->otherwise.text.p && v->carry.n == 0) {
		diag_add(m->r->diag, DIAG_ERROR, at,
			 "does nothing: it has neither `otherwise` nor `carry`");
	}
	if (v->hit.n == 0) {
		diag_add(m->r->diag, DIAG_ERROR, at,
			 "no `hit` shows what it is for: the lines of a session, and under a line "
			 "what comes out of it");
	}
}

void session_file_read(const struct document *d, const struct filter_spec *spec, struct reader *r,
		       struct ruleset *rules, struct session_values *ret_values,
		       const struct session_rule **ret)
{
	const struct schema_source from = {
		.kind = CONFIG_FILTER,
		.name = "session",
		.section = document_section(d, STR("session")),
	};
	struct making m = { .spec = spec, .r = r, .rules = rules, .values = ret_values };
	struct session_rule *rule;
	struct diag_place at;

	schema_read(&from, r, ret_values);
	if (!from.section) {
		return;
	}
	at = section_place(from.section);
	rule = arena_alloc(rules->arena, 1, sizeof(*rule));
	if (!rule) {
		r->failed = true;
		return;
	}
	check(&m, &at);
	*rule = (struct session_rule){
		.opens = read_types(&m, &ret_values->opens),
		.closes = read_types(&m, &ret_values->closes),
		.satisfied = read_types(&m, &ret_values->satisfied),
		.otherwise = read_otherwise(&m),
		.carry = read_carry(&m),
	};
	*ret = rule;
}
