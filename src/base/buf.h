/* SPDX-License-Identifier: MIT */
#pragma once
/* buf.h - a growing byte buffer for text that is being made (answers, tables, messages).
 *
 * Zero-initialise it ({0}), end it by buf_done() or CLEANUP(buf_done). Allocates; when memory runs
 * out the buffer remembers (`failed`) and further adds do nothing, so callers ask once, at the end,
 * by buf_ok(). After every add the bytes are followed by a NUL that is not counted. Not for the hot
 * path. */
#include <stdarg.h>

#include "base/attr.h"
#include "base/str.h"

struct buf {
	char *p;
	size_t n, cap;
	bool failed;
};

void buf_done(struct buf *b);
/* Forgets the bytes and a failure, keeps the memory. */
void buf_clear(struct buf *b);
void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_add_str(struct buf *b, struct str s);
void buf_add_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list args) PRINTF(2, 0);
/* Removes n bytes from the front; all when there are fewer. */
void buf_consume(struct buf *b, size_t n);
/* Cuts to the first n bytes; nothing happens when there are fewer. */
void buf_truncate(struct buf *b, size_t n);
/* Room for n more bytes at p + n of the buffer; NULL without memory. The caller adds to `n` what it
 * filled. */
char *buf_reserve(struct buf *b, size_t n);

static inline struct str buf_str(const struct buf *b)
{
	return (struct str){ .p = b->p, .n = b->n };
}

/* The NUL-terminated text; "" when nothing was added. Valid until the next change. */
const char *buf_text(const struct buf *b);
/* 0, or -ENOMEM if any add failed. */
NODISCARD int buf_ok(const struct buf *b);
/* The caller owns the NUL-terminated text now (free()); NULL if an add failed or there is none. */
char *buf_take(struct buf *b);
