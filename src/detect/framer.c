/* SPDX-License-Identifier: MIT */
/* framer - bytes become chunks of whole lines.
 *
 * The scanner is fast because it sees many lines at once, so the framer must not look for each
 * LF: it looks backwards for the last one, and hands out everything before it. What could hide in
 * between is a line that is too long. A line of more than LINE_MAX_BYTES has no LF within
 * LINE_MAX_BYTES of its beginning, so the walk jumps: from the end of known good lines it looks
 * back from LINE_MAX_BYTES further on for any LF, and only where there is none is a line cut.
 * That is a handful of short searches in a chunk of 256 KiB.
 *
 * How the bytes were cut into reads must not matter: byte by byte or all at once, the lines are the
 * same. The one delicate place is a line of exactly LINE_MAX_BYTES with CR LF: after the CR the
 * framer waits for one byte more before it calls the line too long. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detect/framer.h"

int framer_init(struct framer *f)
{
	char *buf = malloc(CHUNK_MAX_BYTES);

	if (!buf) {
		return -ENOMEM;
	}
	*f = (struct framer){ .buf = buf };
	return 0;
}

void framer_done(struct framer *f)
{
	free(f->buf);
	*f = (struct framer){ 0 };
}

void framer_reset(struct framer *f)
{
	*f = (struct framer){ .buf = f->buf, .cut = f->cut };
}

size_t framer_pending(const struct framer *f)
{
	return f->n - f->taken;
}

char *framer_space(struct framer *f, size_t *ret_n)
{
	size_t pending = framer_pending(f);

	if (f->taken > 0 && pending > 0) {
		memmove(f->buf, f->buf + f->taken, pending);
	}
	f->n = pending;
	f->taken = 0;
	*ret_n = CHUNK_MAX_BYTES - f->n;
	return f->buf + f->n;
}

void framer_fill(struct framer *f, size_t n)
{
	assert(n <= CHUNK_MAX_BYTES - f->n);
	f->n += n;
}

static struct str pass_on(struct framer *f, size_t n)
{
	struct str out = { .p = f->buf + f->taken, .n = n };

	f->taken += n;
	f->consumed += n;
	return out;
}

/* Drops the rest of a cut line. False when it has not ended yet. */
static bool skip_rest(struct framer *f)
{
	const char *rest = f->buf + f->taken;
	size_t pending = framer_pending(f);
	const char *lf = pending > 0 ? memchr(rest, '\n', pending) : NULL;

	(void)pass_on(f, lf ? (size_t)(lf - rest) + 1 : pending);
	f->skipping = !lf;
	return lf;
}

/* One more than the place of the last LF in the n bytes, 0 without one. */
static size_t after_last_lf(const char *p, size_t n)
{
	const char *lf = n > 0 ? memrchr(p, '\n', n) : NULL;

	return lf ? (size_t)(lf - p) + 1 : 0;
}

/* Bytes of whole lines at the beginning of the n bytes. *ret_cut: a line that is too long follows.
 */
static size_t whole_lines(const char *p, size_t n, bool *ret_cut)
{
	size_t end = 0;

	*ret_cut = false;
	while (n - end > LINE_MAX_BYTES) {
		const char *from = p + end;
		size_t step = after_last_lf(from, LINE_MAX_BYTES + 1);

		if (step == 0 && from[LINE_MAX_BYTES] == '\r') {
			if (n - end == LINE_MAX_BYTES + 1) {
				return end;
			}
			step = from[LINE_MAX_BYTES + 1] == '\n' ? LINE_MAX_BYTES + 2 : 0;
		}
		if (step == 0) {
			*ret_cut = true;
			return end;
		}
		end += step;
	}
	return end + after_last_lf(p + end, n - end);
}

struct str framer_take(struct framer *f)
{
	bool cut;
	size_t n;

	if (f->skipping && !skip_rest(f)) {
		return STR_NONE;
	}
	n = whole_lines(f->buf + f->taken, framer_pending(f), &cut);
	if (cut) {
		n += LINE_MAX_BYTES;
		f->cut++;
		f->skipping = true;
	}
	return n > 0 ? pass_on(f, n) : STR_NONE;
}

struct str framer_seal(struct framer *f)
{
	struct str line;

	if (f->skipping) {
		(void)skip_rest(f);
		f->skipping = false;
	}
	line = pass_on(f, framer_pending(f));
	if (line.n > 0 && line.p[line.n - 1] == '\r') {
		line.n--;
	}
	return line.n > 0 ? line : STR_NONE;
}

struct str line_around(struct str chunk, size_t at, size_t *ret_next)
{
	const char *lf;
	size_t start, end;

	if (at >= chunk.n) {
		*ret_next = chunk.n;
		return STR_NONE;
	}
	start = after_last_lf(chunk.p, at);
	lf = memchr(chunk.p + at, '\n', chunk.n - at);
	end = lf ? (size_t)(lf - chunk.p) : chunk.n;
	*ret_next = lf ? end + 1 : chunk.n;
	if (lf && end > start && chunk.p[end - 1] == '\r') {
		end--;
	}
	return str_slice(chunk, start, end - start < LINE_MAX_BYTES ? end - start : LINE_MAX_BYTES);
}

size_t line_count(struct str chunk)
{
	enum {
		BLOCK = 128
	}; /* an 8-bit sum cannot overflow, and the compiler makes vectors of it */

	size_t count = 0, at = 0;

	for (; chunk.n - at >= BLOCK; at += BLOCK) {
		const char *p = chunk.p + at;
		uint8_t sum = 0;

		for (size_t i = 0; i < BLOCK; i++) {
			sum = (uint8_t)(sum + (p[i] == '\n'));
		}
		count += sum;
	}
	for (; at < chunk.n; at++) {
		count += chunk.p[at] == '\n';
	}
	return count + (chunk.n > 0 && chunk.p[chunk.n - 1] != '\n');
}
