/* SPDX-License-Identifier: MIT */
/* diag.c - what is wrong with something that a person wrote.
 *
 * An arena keeps the texts, an array the items. The counts are kept apart from the items, so that a
 * file with errors never passes for a good one because memory ran out while its errors were written
 * down.
 *
 * Files, sections and keys may hold anything, so all that is printed is escaped; backslashes stay
 * single, because half of what is complained about are regular expressions. */
#include "base/diag.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/escape.h"

enum { DIAG_FIRST = 16, DIAG_LEVELS = DIAG_ERROR + 1 };

struct diag {
	struct arena *arena;
	struct diag_item *items;
	size_t n, cap;
	size_t counts[DIAG_LEVELS];
};

struct diag *diag_new(void)
{
	CLEANUP(diag_freep) struct diag *d = calloc(1, sizeof(*d));

	if (!d) {
		return NULL;
	}
	d->arena = arena_new();
	return d->arena ? TAKE(d) : NULL;
}

struct diag *diag_free(struct diag *d)
{
	if (d) {
		arena_free(d->arena);
		free(d->items);
		free(d);
	}
	return NULL;
}

static struct diag_item *new_item(struct diag *d)
{
	if (d->n == d->cap) {
		size_t cap = d->cap > 0 ? d->cap * 2 : DIAG_FIRST;
		struct diag_item *grown = reallocarray(d->items, cap, sizeof(*grown));

		if (!grown) {
			return NULL;
		}
		d->items = grown;
		d->cap = cap;
	}
	return &d->items[d->n++];
}

void diag_add(struct diag *d, enum diag_level level, const struct diag_place *at, const char *fmt,
	      ...)
{
	CLEANUP(buf_done) struct buf raw = { 0 };
	CLEANUP(buf_done) struct buf text = { 0 };
	struct diag_item *item;
	struct str kept;
	va_list args;

	d->counts[level]++;
	item = new_item(d);
	if (!item) {
		return;
	}
	va_start(args, fmt);
	buf_vprintf(&raw, fmt, args);
	va_end(args);
	escape_utf8(&text, buf_str(&raw));
	kept = buf_ok(&raw) == 0 && buf_ok(&text) == 0 ? arena_str(d->arena, buf_str(&text))
						       : STR_NONE;
	*item = (struct diag_item){ .level = level, .text = kept.p ? kept.p : "out of memory" };
	if (at) {
		item->place = (struct diag_place){
			.file = arena_str(d->arena, at->file),
			.line = at->line,
			.section = arena_str(d->arena, at->section),
			.key = arena_str(d->arena, at->key),
		};
	}
}

size_t diag_count(const struct diag *d, enum diag_level level)
{
	return d->counts[level];
}

size_t diag_total(const struct diag *d)
{
	size_t total = 0;

	for (size_t i = 0; i < DIAG_LEVELS; i++) {
		total += d->counts[i];
	}
	return total;
}

const struct diag_item *diag_item(const struct diag *d, size_t i)
{
	return i < d->n ? &d->items[i] : NULL;
}

static void format_where(const struct diag_place *at, struct buf *out)
{
	escape_utf8(out, at->file);
	if (at->line > 0) {
		buf_printf(out, at->file.n > 0 ? ":%u" : "line %u", at->line);
	}
	if (at->file.n > 0 || at->line > 0) {
		buf_add_str(out, STR(": "));
	}
}

static void format_what(const struct diag_place *at, struct buf *out)
{
	if (at->section.n > 0) {
		buf_add_char(out, '[');
		escape_utf8(out, at->section);
		buf_add_char(out, ']');
	}
	if (at->section.n > 0 && at->key.n > 0) {
		buf_add_char(out, ' ');
	}
	escape_utf8(out, at->key);
	if (at->section.n > 0 || at->key.n > 0) {
		buf_add_str(out, STR(": "));
	}
}

void diag_format(const struct diag_item *item, struct buf *out)
{
	format_where(&item->place, out);
	format_what(&item->place, out);
	buf_add_str(out, str_of(item->text));
}
