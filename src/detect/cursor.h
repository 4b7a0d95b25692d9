/* SPDX-License-Identifier: MIT */
#pragma once
/* cursor.h - what stands at this place of a text, and how does one go on?
 *
 * Never leaves the text: looking behind its end gives -1, stepping stops there. Pure, allocates
 * nothing. */
#include "base/str.h"

struct cursor {
	struct str text;
	size_t at;
};

/* The byte `ahead` places from here, 0..255, or -1 behind the end. */
static inline int cursor_peek(const struct cursor *c, size_t ahead)
{
	return ahead < c->text.n - c->at ? (uint8_t)c->text.p[c->at + ahead] : -1;
}

static inline void cursor_step(struct cursor *c, size_t n)
{
	c->at += n < c->text.n - c->at ? n : c->text.n - c->at;
}

static inline bool cursor_is_at(const struct cursor *c, struct str word)
{
	return str_has_prefix(str_slice(c->text, c->at, word.n), word);
}

/* Steps behind the next `end`. False when there is none: then it is at the end. */
static inline bool cursor_skip_past(struct cursor *c, char end)
{
	size_t n = str_find_char(str_slice(c->text, c->at, SIZE_MAX), end);

	cursor_step(c, n == STR_NOT_FOUND ? SIZE_MAX : n + 1);
	return n != STR_NOT_FOUND;
}

static inline void cursor_skip_digits(struct cursor *c)
{
	while (cursor_peek(c, 0) >= '0' && cursor_peek(c, 0) <= '9') {
		cursor_step(c, 1);
	}
}
