/* SPDX-License-Identifier: MIT */
/* Any bytes, read in pieces of any size: the lines are those of the plainest split. The first byte
 * is the seed of the sizes; a byte 0x02 stands for 65,534 times the byte before it (if it is no
 * LF), or nothing short ever gets near to a line that is cut. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "detect/framer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MANY = LINE_MAX_BYTES - 2, BYTES_MAX = CHUNK_MAX_BYTES + 5000 };

static void expand(struct buf *out, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size && out->n < BYTES_MAX; i++) {
		char c = (char)data[i];
		size_t n = c == 2 && out->n > 0 && out->p[out->n - 1] != '\n' ? MANY : 1;
		char *p = buf_reserve(out, n);

		assert(p);
		memset(p, n == MANY ? p[-1] : c, n);
		out->n += n;
	}
}

static void note(struct buf *out, struct str line)
{
	buf_add_str(out, line);
	buf_add(out, &line.n, sizeof(line.n));
}

static void split_naively(struct str bytes, struct buf *out)
{
	while (bytes.n > 0) {
		size_t lf = str_find_char(bytes, '\n');
		struct str line = str_slice(bytes, 0, lf);
		bool sealed = lf == STR_NOT_FOUND;

		if (line.n > 0 && line.p[line.n - 1] == '\r') {
			line.n--;
		}
		if (line.n > LINE_MAX_BYTES) {
			line.n = LINE_MAX_BYTES;
		}
		if (!sealed || line.n > 0) {
			note(out, line);
		}
		bytes = sealed ? STR_NONE : str_slice(bytes, lf + 1, SIZE_MAX);
	}
}

static void take_all(struct framer *f, struct buf *out)
{
	for (struct str chunk = framer_take(f); chunk.n > 0; chunk = framer_take(f)) {
		size_t at = 0, lines = 0;

		while (at < chunk.n) {
			note(out, line_around(chunk, at, &at));
			lines++;
		}
		assert(lines == line_count(chunk));
	}
}

static void split_by_framer(struct str bytes, uint32_t seed, struct buf *out)
{
	struct framer f;
	struct str rest;
	int r = framer_init(&f);

	assert(r == 0);
	for (size_t at = 0; at < bytes.n;) {
		size_t space, n;
		char *p = framer_space(&f, &space);

		assert(space > 0);
		seed = seed * 1664525 + 1013904223;
		n = 1 + (seed >> 8) % (seed % 3 == 0 ? 7 : CHUNK_MAX_BYTES);
		n = n < space ? n : space;
		n = n < bytes.n - at ? n : bytes.n - at;
		memcpy(p, bytes.p + at, n);
		framer_fill(&f, n);
		at += n;
		take_all(&f, out);
	}
	rest = framer_seal(&f);
	if (rest.n > 0) {
		note(out, rest);
	}
	assert(f.consumed == bytes.n && framer_pending(&f) == 0);
	framer_done(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_done) struct buf bytes = { 0 };
	CLEANUP(buf_done) struct buf got = { 0 };
	CLEANUP(buf_done) struct buf want = { 0 };

	if (size == 0) {
		return 0;
	}
	expand(&bytes, data + 1, size - 1);
	split_naively(buf_str(&bytes), &want);
	split_by_framer(buf_str(&bytes), data[0], &got);
	assert(buf_ok(&bytes) == 0 && buf_ok(&got) == 0 && buf_ok(&want) == 0);
	assert(str_eq(buf_str(&got), buf_str(&want)));
	return 0;
}
