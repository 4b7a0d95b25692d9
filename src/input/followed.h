/* SPDX-License-Identifier: MIT */
#pragma once
/* followed.h - one path that is followed: the file that stands there, and for a while those that
 * stood there before.
 *
 * Nothing here waits: who calls followed_work() when something may have happened gets all there is,
 * a buffer at a time. Rotation is seen by what the path names, never by a notification. */
#include "base/attr.h"
#include "input/older.h"
#include "input/tail_chunk.h"

struct followed {
	uint16_t source;
	char *path, *dir; /* dir: up to the last slash, "." without one */
	tail_sink sink;
	void *arg;
	int sink_failed;
	struct stream now;
	struct older old;
	instant old_grew;
	bool moved_on;        /* `now` has given something since there is an `old` */
	unsigned opened;      /* grows whenever `now` or `old` becomes another file */
	struct position from; /* where reading is to begin once the file can be opened */
	bool begun_anew;      /* `now` is not what `from` said */
	bool has_from;
	uint64_t rest_gone; /* `begun_anew`, and what was read up to here is found nowhere */
	enum tail_state state;
	int error; /* errno of TAIL_UNREADABLE */
	uint64_t lines, cut, lost;
};

/* -ENOMEM. Nothing is opened yet. */
NODISCARD int followed_init(struct followed *f, uint16_t source, const char *path, tail_sink sink,
			    void *arg);
void followed_done(struct followed *f);
/* `from`: go on there if it is the same file, else at the start of the file that stands there now;
 * the rest of one that was renamed in its directory is read first. NULL: at the end of what stands
 * there now, or with `from_start` at the beginning. The state says how it went. */
void followed_start(struct followed *f, const struct position *from, bool from_start);
/* Reads at most one buffer. 1: come again; 0: all is read; a negative errno is the sink's. */
NODISCARD int followed_work(struct followed *f);
/* Must it be looked at every few seconds, for nothing will tell when it can go on? */
bool followed_is_waiting(const struct followed *f);
/* Where a restart would go on. */
struct position followed_position(const struct followed *f);
