/* SPDX-License-Identifier: MIT */
/* A shape is known by the SipHash of its text under a secret of this run, so no log can make two
 * kinds of lines look like one. When the table is full, all shapes that were seen as often as the
 * rarest go: what is frequent survives, however many singular lines stand between. */
#include "ctl/shapes.h"

#include <errno.h>
#include <stdlib.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/table.h"
#include "sys/files.h"

struct shapes {
	struct table *table;
	uint8_t seed[TABLE_SEED_SIZE];
	struct buf shape; /* at hand */

	struct slot {
		uint64_t count, line;
		char *text; /* the shape, then the example */
		size_t n_shape, n_example;
	} slots[SHAPES_MAX];
	struct shape sorted[SHAPES_MAX];
	uint64_t forgotten;
};

int shapes_new(struct shapes **ret)
{
	CLEANUP(shapes_freep) struct shapes *s = calloc(1, sizeof(*s));
	int r;

	if (!s) {
		return -ENOMEM;
	}
	files_random(s->seed, sizeof(s->seed));
	r = table_new(SHAPES_MAX, sizeof(uint64_t), s->seed, &s->table);
	if (r < 0) {
		return r;
	}
	*ret = TAKE(s);
	return 0;
}

struct shapes *shapes_free(struct shapes *s)
{
	if (s) {
		for (size_t i = 0; i < SHAPES_MAX; i++) {
			free(s->slots[i].text);
		}
		table_free(s->table);
		buf_done(&s->shape);
		free(s);
	}
	return NULL;
}

/* ---- from line to shape ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_in_address(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' ||
	       c == '.';
}

/* The length of the address that the text begins with; 0. */
static size_t address_length(struct str s)
{
	struct addr addr;
	size_t n = 0;

	while (n < s.n && n < ADDR_TEXT_MAX && is_in_address(s.p[n])) {
		n++;
	}
	while (n > 0 && (s.p[n - 1] == ':' || s.p[n - 1] == '.')) {
		n--;
	}
	return n > 0 && addr_parse(str_slice(s, 0, n), &addr) == 0 ? n : 0;
}

/* A word, or a word with an @ in it; dots and dashes belong to the latter. */
static size_t add_word(struct buf *out, struct str s)
{
	size_t n = 0, wide = 0;
	bool digit = false, at = false;

	while (n < s.n && is_word(s.p[n])) {
		digit = digit || is_digit(s.p[n]);
		n++;
	}
	while (wide < s.n &&
	       (is_word(s.p[wide]) || str_find_char(STR("@.-+="), s.p[wide]) != STR_NOT_FOUND)) {
		at = at || s.p[wide] == '@';
		wide++;
	}
	if (at) {
		buf_add_str(out, STR("X@X"));
		return wide;
	}
	buf_add_str(out, digit ? STR("N") : str_slice(s, 0, n));
	return n;
}

/* What stands between this bracket or quote and the one that closes it; 0: nothing closes it. */
static size_t quoted_length(struct str s)
{
	static const struct str open = { "\"[<({", 5 }, close = { "\"]>)}", 5 };
	size_t kind = str_find_char(open, s.p[0]), end;

	if (kind == STR_NOT_FOUND) {
		return 0;
	}
	end = str_find_char(str_slice(s, 1, SIZE_MAX), close.p[kind]);
	return end == STR_NOT_FOUND ? 0 : end + 2;
}

static void make_shape(struct buf *out, struct str line)
{
	buf_clear(out);
	for (size_t i = 0; i < line.n && out->n < SHAPE_TEXT_MAX;) {
		struct str rest = str_slice(line, i, SIZE_MAX);
		size_t n = address_length(rest);

		if (n > 0) {
			buf_add_str(out, STR("ADDR"));
		} else if (is_word(line.p[i])) {
			n = add_word(out, rest);
		} else {
			n = quoted_length(rest);
			if (n > 0) {
				buf_add_char(out, line.p[i]);
				buf_add_str(out, STR("..."));
				buf_add_char(out, line.p[i + n - 1]);
			} else {
				buf_add_char(out, line.p[i]);
				n = 1;
			}
		}
		i += n;
	}
	buf_truncate(out, SHAPE_TEXT_MAX);
}

/* ---- keeping ---- */

static void forget_the_rarest(struct shapes *s)
{
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < SHAPES_MAX; i++) {
		least = s->slots[i].count < least ? s->slots[i].count : least;
	}
	for (uint32_t i = 0; i < SHAPES_MAX; i++) {
		if (s->slots[i].count == least) {
			s->forgotten += least;
			free(s->slots[i].text);
			s->slots[i] = (struct slot){ 0 };
			table_remove(s->table, i);
		}
	}
}

static int fill(struct slot *slot, struct str shape, struct str line, uint64_t number)
{
	CLEANUP(buf_done) struct buf text = { 0 };

	line = str_slice(line, 0, SHAPE_EXAMPLE_MAX);
	buf_add_str(&text, shape);
	buf_add_str(&text, line);
	*slot = (struct slot){ .line = number, .n_shape = shape.n, .n_example = line.n };
	slot->text = buf_take(&text);
	return slot->text || shape.n == 0 ? 0 : -ENOMEM;
}

int shapes_add(struct shapes *s, struct str line, uint64_t number)
{
	bool added = false;
	uint64_t key;
	uint32_t at;

	make_shape(&s->shape, line);
	if (buf_ok(&s->shape) < 0) {
		return -ENOMEM;
	}
	key = siphash(s->shape.p, s->shape.n, s->seed);
	at = table_add(s->table, &key, &added);
	if (at == TABLE_NONE) {
		forget_the_rarest(s);
		at = table_add(s->table, &key, &added);
	}
	if (added && fill(&s->slots[at], buf_str(&s->shape), line, number) < 0) {
		table_remove(s->table, at);
		return -ENOMEM;
	}
	s->slots[at].count++;
	return 0;
}

static int by_count(const void *a, const void *b)
{
	const struct shape *x = a, *y = b;

	if (x->count != y->count) {
		return x->count > y->count ? -1 : 1;
	}
	return (x->line > y->line) - (x->line < y->line);
}

const struct shape *shapes_sorted(struct shapes *s, size_t *ret_n)
{
	size_t n = 0;

	for (size_t i = 0; i < SHAPES_MAX; i++) {
		const struct slot *slot = &s->slots[i];

		if (slot->count > 0) {
			struct str text = { slot->text, slot->n_shape + slot->n_example };

			s->sorted[n++] = (struct shape){
				.count = slot->count,
				.line = slot->line,
				.text = str_slice(text, 0, slot->n_shape),
				.example = str_slice(text, slot->n_shape, SIZE_MAX),
			};
		}
	}
	if (n > 1) {
		qsort(s->sorted, n, sizeof(*s->sorted), by_count);
	}
	*ret_n = n;
	return s->sorted;
}

uint64_t shapes_forgotten(const struct shapes *s)
{
	return s->forgotten;
}
