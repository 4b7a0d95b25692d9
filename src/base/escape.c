/* SPDX-License-Identifier: MIT */
/* escape.c - how hostile bytes are shown.
 *
 * The text is taken apart into units: one well-formed character, or one byte that begins none. The
 * decoder is strict (no overlong forms, no surrogates, nothing above U+10FFFF), because what is
 * ill-formed here may be read differently there. HIDDEN lists what is well-formed but obeyed
 * instead of shown: controls, marks that change the direction of the text around them, and
 * characters without a shape, which make two different names look the same. */
#include "base/escape.h"

#include <assert.h>
#include <stdint.h>

enum { UNIT_MAX = 16 }; /* four bytes as \xNN */

static const struct {
	uint32_t from, to;
} HIDDEN[] = {
	{ 0x0000, 0x001f },   /* C0 */
	{ 0x007f, 0x009f },   /* DEL, C1 */
	{ 0x00ad, 0x00ad },   /* soft hyphen */
	{ 0x034f, 0x034f },   /* grapheme joiner */
	{ 0x061c, 0x061c },   /* Arabic letter mark */
	{ 0x115f, 0x1160 },   /* Hangul fillers */
	{ 0x17b4, 0x17b5 },   /* Khmer inherent vowels */
	{ 0x180b, 0x180f },   /* Mongolian selectors and separator */
	{ 0x200b, 0x200f },   /* zero width, direction marks */
	{ 0x2028, 0x202e },   /* line and paragraph separator, embeddings, overrides */
	{ 0x2060, 0x206f },   /* word joiner, isolates, deprecated format characters */
	{ 0x3164, 0x3164 },   /* Hangul filler */
	{ 0xfdd0, 0xfdef },   /* no characters */
	{ 0xfe00, 0xfe0f },   /* variation selectors */
	{ 0xfeff, 0xfeff },   /* byte order mark */
	{ 0xffa0, 0xffa0 },   /* halfwidth Hangul filler */
	{ 0xfff0, 0xfffb },   /* interlinear annotation */
	{ 0xfffe, 0xffff },   /* no characters */
	{ 0x13430, 0x1345f }, /* hieroglyph format controls */
	{ 0x1bca0, 0x1bca3 }, /* shorthand format controls */
	{ 0x1d173, 0x1d17a }, /* musical format controls */
	{ 0xe0000, 0xe0fff }, /* tags, variation selectors */
};

static bool is_hidden(uint32_t c)
{
	for (size_t i = 0; i < ARRAY_SIZE(HIDDEN) && c >= HIDDEN[i].from; i++) {
		if (c <= HIDDEN[i].to) {
			return true;
		}
	}
	return false;
}

/* How many bytes the character at the start of `s` has, by its first byte; 0 for a byte that begins
 * none. */
static size_t lead_length(unsigned char first)
{
	if (first < 0x80) {
		return 1;
	}
	if (first < 0xc2) {
		return 0;
	}
	if (first < 0xe0) {
		return 2;
	}
	if (first < 0xf0) {
		return 3;
	}
	return first < 0xf5 ? 4 : 0;
}

/* Decodes one character. Returns its length, 0 when the bytes are not well-formed. */
static size_t decode(struct str s, uint32_t *ret)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)s.p[0];
	size_t n = lead_length(first);
	uint32_t c;

	if (n == 0 || n > s.n) {
		return 0;
	}
	c = n == 1 ? first : first & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		unsigned char next = (unsigned char)s.p[i];

		if ((next & 0xc0) != 0x80) {
			return 0;
		}
		c = c << 6 | (next & 0x3f);
	}
	if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
		return 0;
	}
	*ret = c;
	return n;
}

static size_t put_hex(char *to, struct str bytes)
{
	size_t n = 0;

	for (size_t i = 0; i < bytes.n; i++) {
		unsigned char byte = (unsigned char)bytes.p[i];

		to[n++] = '\\';
		to[n++] = 'x';
		to[n++] = "0123456789abcdef"[byte >> 4];
		to[n++] = "0123456789abcdef"[byte & 0xf];
	}
	return n;
}

/* Takes one unit off `*rest` and writes it as it is shown. Returns how many bytes that are. */
static size_t take_unit(struct str *rest, bool double_backslash, char out[static UNIT_MAX])
{
	uint32_t c = 0;
	size_t n = decode(*rest, &c);
	struct str unit = str_slice(*rest, 0, n > 0 ? n : 1);

	*rest = str_slice(*rest, unit.n, SIZE_MAX);
	if (n == 0 || is_hidden(c)) {
		return put_hex(out, unit);
	}
	if (c == '\\' && double_backslash) {
		out[0] = '\\';
		out[1] = '\\';
		return 2;
	}
	for (size_t i = 0; i < n; i++) {
		out[i] = unit.p[i];
	}
	return n;
}

/* How many bytes at the start are shown as they are and one by one. */
static size_t plain_run(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= ' ' && s.p[n] < 0x7f && s.p[n] != '\\') {
		n++;
	}
	return n;
}

static void escape(struct buf *out, struct str text, bool double_backslash)
{
	while (text.n > 0) {
		char unit[UNIT_MAX];
		size_t n = plain_run(text);

		if (n > 0) {
			buf_add(out, text.p, n);
			text = str_slice(text, n, SIZE_MAX);
		} else {
			n = take_unit(&text, double_backslash, unit);
			buf_add(out, unit, n);
		}
	}
}

void escape_text(struct buf *out, struct str text)
{
	escape(out, text, true);
}

void escape_utf8(struct buf *out, struct str text)
{
	escape(out, text, false);
}

void escape_cut(struct buf *out, struct str text, size_t width)
{
	const size_t dots = 3, start = out->n;
	size_t used = 0, kept = 0;

	assert(width >= dots);
	while (text.n > 0) {
		char unit[UNIT_MAX];
		size_t n = take_unit(&text, true, unit);

		if (used + n > width) {
			buf_truncate(out, start + kept);
			buf_add(out, "...", dots);
			return;
		}
		buf_add(out, unit, n);
		used += n;
		if (used <= width - dots) {
			kept = used;
		}
	}
}
