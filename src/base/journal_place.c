/* SPDX-License-Identifier: MIT */
#include "base/journal_place.h"

#include <errno.h>

static const struct str head = { .p = "journal:", .n = sizeof("journal:") - 1 };

bool journal_place_is(struct str text)
{
	return str_has_prefix(text, head);
}

static struct str field_of(struct str term)
{
	return str_slice(term, 0, str_find_char(term, '='));
}

bool journal_place_is_term(struct str word)
{
	struct str field = field_of(word);

	if (field.n == 0 || field.n == word.n || str_has_prefix(field, STR("__"))) {
		return false;
	}
	for (size_t i = 0; i < field.n; i++) {
		char c = field.p[i];
		bool digit = c >= '0' && c <= '9';

		if (!(c >= 'A' && c <= 'Z') && c != '_' && (!digit || i == 0)) {
			return false;
		}
	}
	return true;
}

static int add_term(struct journal_place *p, struct str word)
{
	if (!journal_place_is_term(word)) {
		return -EINVAL;
	}
	if (p->n_terms == JOURNAL_TERMS_MAX) {
		return -E2BIG;
	}
	p->terms[p->n_terms++] = word;
	return 0;
}

int journal_place_parse(struct str text, struct journal_place *ret, struct str *ret_bad)
{
	struct journal_place p = { .n_terms = 0 };
	struct str rest = str_slice(text, head.n, SIZE_MAX), word = text;
	bool first = rest.n > 0 && rest.p[0] != ' ';
	int r = journal_place_is(text) ? 0 : -EINVAL;

	while (r == 0 && str_word(&rest, &word)) {
		if (first && word.p[0] == '/') {
			p.dir = word;
		} else {
			r = add_term(&p, word);
		}
		first = false;
	}
	if (r < 0) {
		*ret_bad = word;
		return r;
	}
	*ret = p;
	return 0;
}

uint32_t journal_place_mark(const struct journal_place *p, struct str field)
{
	uint32_t marks = 0;

	for (size_t i = 0; i < p->n_terms; i++) {
		if (str_eq(p->terms[i], field)) {
			marks |= UINT32_C(1) << i;
		}
	}
	return marks;
}

bool journal_place_fits(const struct journal_place *p, uint32_t marks)
{
	for (size_t i = 0; i < p->n_terms; i++) {
		bool any = false;

		for (size_t k = 0; k < p->n_terms; k++) {
			any = any || (marks >> k & 1 &&
				      str_eq(field_of(p->terms[k]), field_of(p->terms[i])));
		}
		if (!any) {
			return false;
		}
	}
	return true;
}
