/* SPDX-License-Identifier: MIT */
/* postfix.c - the little of main.cf that concerns us.
 *
 * A line that begins with a blank goes on with the one before; comments and empty lines lie between
 * the two without ending it. */
#include "config/postfix.h"

#include <errno.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == ',' || c == '\n';
}

static struct postfix_value *value_of(struct postfix *p, struct str key)
{
	if (str_eq(key, STR("relayhost"))) {
		return &p->relayhost;
	}
	return str_eq(key, STR("mynetworks")) ? &p->mynetworks : NULL;
}

/* The value that the line begins, or NULL. */
static struct postfix_value *begin(struct postfix *p, struct str line, unsigned number)
{
	size_t equals = str_find_char(line, '=');
	struct postfix_value *v;

	if (equals == STR_NOT_FOUND) {
		return NULL;
	}
	v = value_of(p, str_trim(str_slice(line, 0, equals)));
	if (v) {
		v->line = number;
		buf_clear(&v->text);
		buf_add_str(&v->text, str_slice(line, equals + 1, line.n));
	}
	return v;
}

int postfix_parse(struct str main_cf, struct postfix *ret)
{
	struct postfix_value *open = NULL;
	struct str line;

	for (unsigned n = 1; str_split(&main_cf, '\n', &line); n++) {
		struct str text = str_trim(line);

		if (text.n == 0 || text.p[0] == '#') {
			continue;
		}
		if (!is_blank(line.p[0])) {
			open = begin(ret, text, n);
		} else if (open) {
			buf_add_char(&open->text, ' ');
			buf_add_str(&open->text, text);
		}
	}
	return buf_ok(&ret->relayhost.text) < 0 ? -ENOMEM : buf_ok(&ret->mynetworks.text);
}

void postfix_done(struct postfix *p)
{
	buf_done(&p->relayhost.text);
	buf_done(&p->mynetworks.text);
}

static bool next_word(struct str *rest, struct str *ret)
{
	size_t from = 0, to;

	while (from < rest->n && is_blank(rest->p[from])) {
		from++;
	}
	for (to = from; to < rest->n && !is_blank(rest->p[to]); to++) {
	}
	*ret = str_slice(*rest, from, to - from);
	*rest = str_slice(*rest, to, rest->n);
	return ret->n > 0;
}

/* What stands in brackets, and what behind them; the word itself where there are none. */
static struct str unwrap(struct str word, struct str *ret_rest)
{
	size_t end = str_find_char(word, ']');

	*ret_rest = STR_NONE;
	if (word.p[0] != '[' || end == STR_NOT_FOUND) {
		return word;
	}
	*ret_rest = str_slice(word, end + 1, word.n);
	return str_slice(word, 1, end - 1);
}

bool postfix_destination(struct str *rest, struct str *ret, bool *ret_mx)
{
	struct str word, behind;

	while (next_word(rest, &word)) {
		if (str_find_char(word, '$') != STR_NOT_FOUND) {
			continue;
		}
		*ret = unwrap(word, &behind);
		*ret_mx = word.p[0] != '[';
		if (*ret_mx) {
			*ret = str_slice(word, 0, str_find_char(word, ':'));
		}
		if (ret->n > 0) {
			return true;
		}
	}
	return false;
}

bool postfix_network(struct str *rest, struct prefix *ret)
{
	char text[PREFIX_TEXT_MAX];
	struct str word, inner, length;

	while (next_word(rest, &word)) {
		size_t n = 0;
		int r;

		inner = unwrap(word, &length);
		if (inner.n + length.n >= sizeof(text)) {
			continue;
		}
		for (size_t i = 0; i < inner.n; i++) {
			text[n++] = inner.p[i];
		}
		for (size_t i = 0; i < length.n; i++) {
			text[n++] = length.p[i];
		}
		r = prefix_parse((struct str){ .p = text, .n = n }, ret);
		if (r == 0 || r == -ERANGE) {
			return true;
		}
	}
	return false;
}
