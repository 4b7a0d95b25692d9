/* SPDX-License-Identifier: MIT */
/* buf.c - a growing byte buffer.
 *
 * Room is doubled, so n adds cost O(n). One byte more than asked for is always kept for the NUL.
 * After a failure the bytes so far stay readable, but nothing is added any more: half an answer is
 * told from a whole one by buf_ok(). */
#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST = 128 };

void buf_done(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ 0 };
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->failed = false;
	if (b->p) {
		b->p[0] = '\0';
	}
}

char *buf_reserve(struct buf *b, size_t n)
{
	size_t want, cap = b->cap > 0 ? b->cap : BUF_FIRST;
	char *p;

	if (b->failed) {
		return NULL;
	}
	if (b->cap - b->n > n) {
		return b->p + b->n;
	}
	if (__builtin_add_overflow(b->n, n, &want) || want > SIZE_MAX / 4) {
		b->failed = true;
		return NULL;
	}
	while (cap <= want) {
		cap *= 2;
	}
	p = realloc(b->p, cap);
	if (!p) {
		b->failed = true;
		return NULL;
	}
	b->p = p;
	b->cap = cap;
	b->p[b->n] = '\0';
	return b->p + b->n;
}

void buf_add(struct buf *b, const void *bytes, size_t n)
{
	char *to = buf_reserve(b, n);

	if (!to) {
		return;
	}
	if (n > 0) {
		memcpy(to, bytes, n);
	}
	to[n] = '\0';
	b->n += n;
}

void buf_add_str(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list args)
{
	va_list again;
	char *to;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) {
		b->failed = true;
		return;
	}
	to = buf_reserve(b, (size_t)n);
	if (to) {
		(void)vsnprintf(to, (size_t)n + 1, fmt, args);
		b->n += (size_t)n;
	}
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	buf_vprintf(b, fmt, args);
	va_end(args);
}

void buf_consume(struct buf *b, size_t n)
{
	if (n == 0 || b->n == 0) {
		return;
	}
	if (n > b->n) {
		n = b->n;
	}
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
	b->p[b->n] = '\0';
}

void buf_truncate(struct buf *b, size_t n)
{
	if (n < b->n) {
		b->n = n;
		b->p[n] = '\0';
	}
}

const char *buf_text(const struct buf *b)
{
	return b->p ? b->p : "";
}

int buf_ok(const struct buf *b)
{
	return b->failed ? -ENOMEM : 0;
}

char *buf_take(struct buf *b)
{
	char *p = b->failed ? NULL : TAKE(b->p);

	buf_done(b);
	return p;
}
