/* SPDX-License-Identifier: MIT */
/* filter_walk.c - where in a pattern's text are we, and which groups did it open?
 *
 * A tag is a group and would shift the numbers of the groups behind it; so would those of a prefix
 * or a define. Each text therefore keeps a list of which number its own groups got, and references
 * are written anew. That works backwards only; forward there are names. */
#include "detect/filter_walk.h"

#include <errno.h>

#include "base/escape.h"

enum { SHOWN_MAX = 40, REFERENCE_MAX = 1000 };

struct filter_frame *filter_walk_top(struct filter_walk *w)
{
	return &w->frames[w->n - 1];
}

struct str filter_walk_rest(struct filter_walk *w)
{
	struct filter_frame *f = filter_walk_top(w);

	return str_slice(f->text->text, f->at, SIZE_MAX);
}

int filter_walk_peek(struct filter_walk *w, size_t ahead)
{
	struct str s = filter_walk_rest(w);

	return ahead < s.n ? (uint8_t)s.p[ahead] : -1;
}

void filter_walk_skip(struct filter_walk *w, size_t n)
{
	filter_walk_top(w)->at += n;
}

void filter_walk_copy(struct filter_walk *w, size_t n)
{
	buf_add_str(&w->x->regex, str_slice(filter_walk_rest(w), 0, n));
	filter_walk_skip(w, n);
}

int filter_walk_copy_past(struct filter_walk *w, size_t from, struct str end, const char *otherwise)
{
	size_t n = str_find(str_slice(filter_walk_rest(w), from, SIZE_MAX), end);

	if (n == STR_NOT_FOUND) {
		return filter_walk_fail(w, otherwise);
	}
	filter_walk_copy(w, from + n + end.n);
	return 0;
}

int filter_walk_fail(struct filter_walk *w, const char *what)
{
	CLEANUP(buf_done) struct buf here = { 0 };
	const struct diag_place *at = &filter_walk_top(w)->text->at;
	struct str s = filter_walk_rest(w);

	escape_cut(&here, s, SHOWN_MAX);
	if (s.n > 0) {
		filter_tell(w->x->diag, at, "%s, at %s", what, buf_text(&here));
	} else {
		filter_tell(w->x->diag, at, "%s", what);
	}
	return -EINVAL;
}

int filter_walk_group(struct filter_walk *w, bool own)
{
	struct filter_frame *f = filter_walk_top(w);

	if (w->x->groups + 1 >= PATTERN_GROUPS_MAX) {
		return filter_walk_fail(w, "too many groups; (?:...) groups without catching");
	}
	w->x->groups++;
	if (own) {
		f->group[f->groups++] = (uint8_t)w->x->groups;
	}
	return 0;
}

int filter_walk_tag(struct filter_walk *w, enum filter_tag tag)
{
	unsigned bit = 1U << (unsigned)tag;

	if (w->x->seen & bit) {
		filter_tell(w->x->diag, &filter_walk_top(w)->text->at,
			    "<%s> may stand once in a pattern, and its prefix or a define has it "
			    "already",
			    filter_tag_name(tag));
		return -EINVAL;
	}
	w->x->seen |= bit;
	return 0;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

struct filter_reference filter_walk_reference(struct filter_walk *w, size_t from)
{
	int c = filter_walk_peek(w, from);
	size_t sign = c == '+' || c == '-' ? 1 : 0, n = sign;
	struct filter_reference ref = { .sign = sign > 0 ? c : 0 };

	while (is_digit(filter_walk_peek(w, from + n)) && ref.number < REFERENCE_MAX) {
		ref.number = ref.number * 10 + (unsigned)(filter_walk_peek(w, from + n) - '0');
		n++;
	}
	ref.n = n > sign ? n : 0;
	return ref;
}

int filter_walk_refer(struct filter_walk *w, size_t n, const char *before,
		      struct filter_reference ref)
{
	struct filter_frame *f = filter_walk_top(w);
	unsigned own = ref.sign == '-' ? f->groups + 1 - ref.number : ref.number;

	if (f->resets) {
		return filter_walk_fail(w, "groups cannot be counted behind (?|; give it a name, "
					   "(?<name>...), and refer to that");
	}
	if (ref.sign == '+' || own == 0 || own > f->groups) {
		return filter_walk_fail(w, "no such group stands before this; a number counts the "
					   "groups of its own line, without tags");
	}
	buf_printf(&w->x->regex, "%s%u", before, f->group[own - 1]);
	filter_walk_skip(w, n);
	return 0;
}
