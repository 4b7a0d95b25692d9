/* SPDX-License-Identifier: MIT */
#pragma once
/* older.h - which files hold what was written to a log before what stands at its path?
 *
 * At most one of them is open at a time, as a stream or unpacked; what was written between it and
 * the file at the path is a chain of names, followed by older_next(). Opens files, reads none. */
#include "input/packed.h"
#include "input/rotated.h"
#include "input/stream.h"

struct older {
	struct stream stream; /* fd -1: not open */
	struct packed packed; /* instead, of a compressed file */
	struct rotated chain; /* chain_next to chain_end: what comes after it */
	size_t chain_next, chain_end;
	unsigned sought; /* 0: nothing was looked for yet */
};

struct older_place {
	const char *path, *dir;
};

/* What is looked for. */
enum older_what {
	OLDER_SAME, /* the file of the position, under another name */
	OLDER_COPY, /* a copy of what it held; it was emptied, and is being read itself */
	/* A copy, and the file itself: it was emptied, written and renamed. */
	OLDER_COPY_AND_EMPTIED,
};

bool older_is_open(const struct older *o);
/* Opens what holds what comes after `from`, which is not what stands at the path, and finds what
 * came between the two. Looks once for each, until `sought` is 0 again. 1; 0: there is nothing; 2:
 * only the emptied file, what it held before is gone. */
NODISCARD int older_take_up(struct older *o, const struct older_place *place,
			    const struct position *from, enum older_what what);
/* The stream has lost its path: two rotations may have come between two looks, or what stands at
 * the path now was copied and emptied before anything of it was read. True: they have. */
bool older_find_chain(struct older *o, const char *path, const struct stream *now);
/* The path names nothing. Did another file stand there since the stream's? */
bool older_has_later(const char *path, const struct stream *s);
/* The next of those that came between, opened if it can be read; NULL: there is none. */
const struct rotated_file *older_next(struct older *o, const char *path, const struct stream *now);
/* The one that older_next() gave last, or the first; NULL: its name is not that of a relative. */
const struct rotated_file *older_last(const struct older *o);
void older_done(struct older *o);
