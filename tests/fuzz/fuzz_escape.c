/* SPDX-License-Identifier: MIT */
/* Any bytes: what is shown is valid UTF-8 without a character that a terminal obeys, tells the
 * bytes it was made of, and when cut is a beginning of the whole. The first byte is the width of
 * the cut. */
#include <assert.h>
#include <string.h>

#include "base/escape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A second opinion on UTF-8: Unicode's table of well-formed sequences, row by row. */
static const struct {
	uint8_t first_from, first_to, second_from, second_to;
	size_t n;
} WELL_FORMED[] = {
	{ 0x20, 0x7e, 0, 0, 1 },       { 0xc2, 0xc2, 0xa0, 0xbf, 2 }, { 0xc3, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
	{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

/* The length of the shown character at the start, 0 when it is none. C0, DEL and C1 have no row. */
static size_t shown_length(const uint8_t *p, size_t left)
{
	for (size_t i = 0; i < ARRAY_SIZE(WELL_FORMED); i++) {
		size_t n = WELL_FORMED[i].n;

		if (p[0] < WELL_FORMED[i].first_from || p[0] > WELL_FORMED[i].first_to ||
		    n > left) {
			continue;
		}
		if (n > 1 &&
		    (p[1] < WELL_FORMED[i].second_from || p[1] > WELL_FORMED[i].second_to)) {
			continue;
		}
		for (size_t k = 2; k < n; k++) {
			if (p[k] < 0x80 || p[k] > 0xbf) {
				return 0;
			}
		}
		return n;
	}
	return 0;
}

static void check_shown(const struct buf *out)
{
	static const char *const never[] = { "\u202e", "\u202a", "\u2066", "\u2069", "\u200b",
					     "\u200f", "\u2028", "\ufeff", "\u00ad", "\u061c" };
	const uint8_t *p = (const uint8_t *)buf_text(out);

	assert(buf_ok(out) == 0);
	for (size_t i = 0, n; i < out->n; i += n) {
		n = shown_length(p + i, out->n - i);
		assert(n > 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(never); i++) {
		assert(str_find(buf_str(out), str_of(never[i])) == STR_NOT_FOUND);
	}
}

static uint8_t hex(char c)
{
	const char *digits = "0123456789abcdef", *at = strchr(digits, c);

	assert(at && c != '\0');
	return (uint8_t)(at - digits);
}

/* Reads the escapes back: exactly the bytes that were given. */
static void check_lossless(struct str shown, struct str text)
{
	size_t at = 0;

	for (size_t i = 0; i < shown.n; at++) {
		uint8_t byte = (uint8_t)shown.p[i++];

		if (byte == '\\' && shown.p[i] == 'x') {
			byte = (uint8_t)(hex(shown.p[i + 1]) << 4 | hex(shown.p[i + 2]));
			i += 3;
		} else if (byte == '\\') {
			assert(shown.p[i] == '\\');
			i++;
		}
		assert(at < text.n && (uint8_t)text.p[at] == byte);
	}
	assert(at == text.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_done) struct buf whole = { 0 };
	CLEANUP(buf_done) struct buf cut = { 0 };
	CLEANUP(buf_done) struct buf utf8 = { 0 };
	struct str text = { .p = (const char *)data, .n = size };
	size_t width;

	if (size == 0) {
		return 0;
	}
	width = 3 + data[0] % 80U;
	text = str_slice(text, 1, SIZE_MAX);
	escape_text(&whole, text);
	check_shown(&whole);
	check_lossless(buf_str(&whole), text);
	escape_utf8(&utf8, text);
	check_shown(&utf8);
	escape_cut(&cut, text, width);
	check_shown(&cut);
	if (whole.n <= width) {
		assert(str_eq(buf_str(&cut), buf_str(&whole)));
	} else {
		assert(cut.n <= width && str_has_suffix(buf_str(&cut), STR("...")));
		assert(str_has_prefix(buf_str(&whole), str_slice(buf_str(&cut), 0, cut.n - 3)));
	}
	return 0;
}
