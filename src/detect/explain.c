/* SPDX-License-Identifier: MIT */
#include "detect/explain.h"

#include "detect/filter_make.h"
#include "detect/syslog.h"

enum explain_heard explain_hear(const struct filter *f, struct str line, struct str *ret_message)
{
	struct syslog_line said = { .message = line };
	bool meant = f->programs.n == 0;

	if (f->layout == LAYOUT_SYSLOG && !syslog_read(line, f->stamp, &said)) {
		*ret_message = line;
		return HEARD_NO_HEAD;
	}
	*ret_message = said.message;
	for (size_t i = 0; i < f->programs.n && !meant; i++) {
		meant = str_glob(f->programs.at[i].text, said.program);
	}
	return meant ? HEARD : HEARD_OTHER;
}

enum pattern_result explain_try(const struct filter *f, struct matcher *m, struct str message,
				size_t i)
{
	return pattern_match(f->patterns[i].compiled, m, message);
}

static bool holds(struct str text, const struct literal *literal)
{
	struct str wanted = literal->text;

	if (!literal->nocase) {
		return str_find(text, wanted) != STR_NOT_FOUND;
	}
	for (size_t i = 0; i + wanted.n <= text.n; i++) {
		if (str_eq_nocase(str_slice(text, i, wanted.n), wanted)) {
			return true;
		}
	}
	return false;
}

static const struct literal *find_lack(const struct literal_set *set, struct str text)
{
	for (size_t i = 0; i < set->n; i++) {
		if (holds(text, &set->at[i])) {
			return NULL;
		}
	}
	return set->n ? &set->at[0] : NULL;
}

static void ask_veto(const struct filter_veto *veto, struct matcher *m, struct str message,
		     struct explanation *e)
{
	for (size_t i = 0; i < veto->n && !e->veto; i++) {
		enum pattern_result result = pattern_match(veto->at[i].compiled, m, message);

		if (result == PATTERN_HIT) {
			e->veto = &veto->at[i].at;
		}
		e->gave_up = e->gave_up || result == PATTERN_GAVE_UP;
	}
}

int explain_pattern(const struct filter *f, struct matcher *m, struct str message, size_t i,
		    struct explanation *ret)
{
	const struct filter_pattern *p = &f->patterns[i];
	struct explanation e = { .lacks = find_lack(&p->literals, message) };
	int r;

	e.gave_up = pattern_match(p->compiled, m, message) == PATTERN_GAVE_UP;
	r = reach_find(p->regex, f->nocase, m, message, &e.reach);
	if (r < 0) {
		return r;
	}
	if (e.reach.whole) {
		ask_veto(&f->veto, m, message, &e);
		ask_veto(&f->sections[p->section].veto, m, message, &e);
	}
	*ret = e;
	return 0;
}
