/* SPDX-License-Identifier: MIT */
#pragma once
/* framer.h - where does a line end?
 *
 * Collects bytes as they are read and hands out chunks of whole lines. Lines end with LF; a CR
 * before it is not part of the line; NUL bytes are bytes. A line longer than LINE_MAX_BYTES is cut:
 * its first LINE_MAX_BYTES are the line, the rest up to the LF is skipped and counted. Memory: one
 * buffer, taken by framer_init(). Pure. */
#include "base/attr.h"
#include "base/str.h"

enum { LINE_MAX_BYTES = 64 * 1024, CHUNK_MAX_BYTES = 256 * 1024 };

struct framer {
	char *buf;
	size_t n;          /* bytes in the buffer */
	size_t taken;      /* of those, handed out or skipped: dropped by the next framer_space() */
	uint64_t consumed; /* bytes of the stream that were handed out or skipped, since the last
			      reset */
	uint64_t cut;      /* lines that were cut */
	bool skipping;     /* inside the rest of a cut line */
};

/* -ENOMEM. */
NODISCARD int framer_init(struct framer *f);
void framer_done(struct framer *f);
/* Forgets what is in the buffer (a partial line) and starts at stream offset 0. Keeps `cut`. */
void framer_reset(struct framer *f);
/* Where to read the next bytes to; *ret_n > 0 as long as framer_take() was called until it gave
 * nothing. What was taken is no longer valid. */
char *framer_space(struct framer *f, size_t *ret_n);
/* n bytes were read there. */
void framer_fill(struct framer *f, size_t n);
/* The next chunk of whole lines (each with its LF, a cut line without), or an empty str. Valid
 * until the next framer_space() or reset. */
struct str framer_take(struct framer *f);
/* The partial last line, as if it had ended; then the framer is empty. To be called when
 * framer_take() gives nothing. */
struct str framer_seal(struct framer *f);
/* Bytes that wait for the end of their line. */
size_t framer_pending(const struct framer *f);

/* The line of `chunk` that contains byte `at`: without LF and the CR before it, cut to
 * LINE_MAX_BYTES. *ret_next: where the next begins. Behind the end of the chunk there is an empty
 * line. */
struct str line_around(struct str chunk, size_t at, size_t *ret_next);
/* Number of lines in the chunk; a last one without LF counts. */
size_t line_count(struct str chunk);
