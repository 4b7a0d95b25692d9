/* SPDX-License-Identifier: MIT */
#pragma once
/* tail.h - what was written to these files since we looked?
 *
 * Follows files by inotify on the loop: growth, rename rotation (the old file is read to its end,
 * then the new one from its start), truncation, a file that is missing or unreadable for a while.
 * Hands out chunks of whole lines with the position after them; a partial last line waits for its
 * end. Each wake-up reads at most one chunk of each file, then lets others have their turn. Never
 * blocks on a file. */
#include <stddef.h>

#include "base/attr.h"
#include "input/tail_chunk.h"
#include "sys/loop.h"

enum { TAIL_NO_SOURCE = 0xffff };

struct tail;

struct tail_status {
	uint16_t source;
	const char *path;
	enum tail_state state;
	int error;           /* errno of TAIL_UNREADABLE */
	uint64_t lag_bytes;  /* written, not yet taken in */
	uint64_t lines, cut; /* taken in since the start; lines longer than 64 KiB among them */
	uint64_t lost;       /* times that the file was truncated under us */
	struct position position; /* where a restart would go on; all zero: at the beginning */
};

NODISCARD int tail_new(struct loop *loop, tail_sink sink, void *arg, struct tail **ret);
struct tail *tail_free(struct tail *t);
DEFINE_FREEP(struct tail, tail_free)
/* Follows one path. `from`: go on there if it is still the same file, else at the start of the file
 * that stands there now; NULL (never read before): at the end, or with `from_start` at the
 * beginning. A missing file is waited for and read from its beginning. */
NODISCARD int tail_add(struct tail *t, uint16_t source, const char *path,
		       const struct position *from, bool from_start);
/* Follows the path no more; what was not read of it is left. Not from inside the sink. False: it is
 * not followed, or not read to its end. */
bool tail_remove(struct tail *t, const char *path);
/* Source number i is sources[i] from here on; files of those that became TAIL_NO_SOURCE are
 * followed no more, read to their end or not. Not from inside the sink. */
void tail_renumber(struct tail *t, const uint16_t *sources);
/* Everything that had been written when it was last looked at has been taken in. */
bool tail_is_idle(const struct tail *t);
size_t tail_count(const struct tail *t);
void tail_status(const struct tail *t, size_t i, struct tail_status *ret);
