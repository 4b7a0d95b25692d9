/* SPDX-License-Identifier: MIT */
#pragma once
/* stream.h - one open file that grows: what came behind the position?
 *
 * Gives chunks of whole lines, each with the position in front of it. Notices that the file was
 * truncated under it: shorter than the position, or with other bytes before it. 4096 NUL bytes
 * and more in front of a line (a hole that a truncation left, or a crash) are no part of it; at the
 * end of the file they are nothing yet. */
#include <stdbool.h>

#include "base/position.h"
#include "base/time.h"
#include "detect/framer.h"

struct stream {
	int fd; /* -1: closed */
	struct framer framer;
	struct position position; /* behind the last chunk that was given out */
	uint64_t start;           /* where in the file the framer's count began */
	instant file_time;        /* when it was last written */
	uint64_t size;            /* when it was last looked at */
	uint64_t truncations;
	struct position before; /* the last truncation */
	uint64_t nuls;          /* in front of the next line, looked at so far */
};

/* Called for each chunk; a negative errno stops and is passed up. */
typedef int (*stream_sink)(void *arg, const struct stream *stream, struct str chunk,
			   const struct position *before);

/* Opens the file. `from`: go on there if the file still has the bytes of its fingerprints (or, of a
 * position without them, is the very same file), else at the beginning; NULL: at the beginning. 0;
 * 1: `from` did not fit; negative errno. */
NODISCARD int stream_open(struct stream *s, const char *path, const struct position *from);
void stream_close(struct stream *s);
/* Reads once, at most a buffer full. 1: there was something, come again; 0: the end for now; 2: the
 * file was truncated, the next call reads it from its beginning. */
NODISCARD int stream_read(struct stream *s, stream_sink sink, void *arg);
/* Its two halves: reads, and gives the lines that are whole; the second returns 1 or the sink's
 * errno. Between them what was read can be left for later. */
NODISCARD int stream_fill(struct stream *s);
NODISCARD int stream_take(struct stream *s, stream_sink sink, void *arg);
void stream_unread(struct stream *s);
/* Gives the partial last line as if it had ended. */
NODISCARD int stream_seal(struct stream *s, stream_sink sink, void *arg);
/* Does `path` name the file that is open? False also when it names none. */
bool stream_is_at(const struct stream *s, const char *path);
/* Bytes written and not yet given out. */
uint64_t stream_lag(const struct stream *s);
