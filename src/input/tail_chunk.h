/* SPDX-License-Identifier: MIT */
#pragma once
/* tail_chunk.h - what a followed file hands out, and how it is with it. Plain data. */
#include <stdbool.h>

#include "base/position.h"
#include "base/str.h"
#include "base/time.h"

enum tail_state {
	TAIL_READING,    /* open, read to its end or on the way there */
	TAIL_MISSING,    /* there is no such file yet; waited for */
	TAIL_GONE,       /* it was moved away or removed, and nothing stands in its place yet; what
			    is still written to it is read */
	TAIL_UNREADABLE, /* there is one, it cannot be opened or read; tried again when something
			    changes and every few seconds */
};

/* What else is to be told about a file; its chunk is empty. */
enum tail_news {
	TAIL_NO_NEWS,
	TAIL_TRUNCATED, /* while it was followed, and no copy of what it held was found */
	TAIL_REST_GONE, /* it is not the file that was read up to `other_bytes`, and that one is
			   found nowhere */
	TAIL_NOT_READ,  /* `other`, a file of `other_bytes` that was rotated away before it was read
			   (to its end), cannot be read */
};

struct tail_chunk {
	uint16_t source; /* the caller's number */
	const char *path;
	struct str chunk; /* whole lines, valid during the call; empty: only the position is new */
	struct position before; /* position_advance() by the parts of the chunk that were taken
				   gives the position to be saved */
	instant file_time;      /* when the file was last written */
	enum tail_news news;
	const char *other;
	uint64_t other_bytes;
	bool is_old; /* from a file that was rotated away, and lines of the one after it were given
			already: its position is not the path's any more */
};

/* Takes all of the chunk. A negative errno ends the loop. */
typedef int (*tail_sink)(void *arg, const struct tail_chunk *chunk);
