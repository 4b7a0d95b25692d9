/* SPDX-License-Identifier: MIT */
#pragma once
/* journal.h - what was written to the journal since we looked?
 *
 * One reader for all sources of one journal (the host's, or that of a directory). It asks for the
 * entries that any of them means and hands each to those that mean it, in the journal's order.
 * Rotation and vacuuming are survived; a journal that is missing or unreadable is waited for. Each
 * wake-up reads for at most 20 ms, then lets others have their turn. */
#include "base/str.h"
#include "base/time.h"
#include "input/tail_chunk.h"
#include "sys/loop.h"

enum { JOURNAL_SOURCES_MAX = 256 };

struct journal;

/* What one source is given of an entry. Texts are valid during the call. */
struct journal_entry {
	uint16_t source;    /* the caller's number */
	struct str message; /* one line with its LF; LFs inside are blanks; cut to 64 KiB */
	struct str program; /* SYSLOG_IDENTIFIER, or else _COMM */
	instant time;       /* when it was sent, or else when it was received */
	struct str cursor;  /* with the last source that is given the entry: where a restart goes on
			       once that is taken; else empty */
};

struct journal_status {
	uint16_t source;
	enum tail_state state;
	int error;           /* errno of TAIL_UNREADABLE */
	uint64_t lines, cut; /* given since the start; longer than 64 KiB among them */
};

/* Takes the entry. A negative errno ends the loop. */
typedef int (*journal_sink)(void *arg, const struct journal_entry *entry);

/* `dir`: empty for the host's journal. */
NODISCARD int journal_new(struct loop *loop, struct str dir, journal_sink sink, void *arg,
			  struct journal **ret);
struct journal *journal_free(struct journal *j);
DEFINE_FREEP(struct journal, journal_free)
/* Before the start. -EINVAL: `place` is none of a journal; -ENOSPC; -ENOMEM. */
NODISCARD int journal_add(struct journal *j, uint16_t source, struct str place);
/* Reads on behind `cursor`; empty (never read): what was received at `since` or later, of a never
 * what comes from here on. A journal that is not there is read from its beginning when it comes. 1:
 * the entry of the cursor is gone; what the journal has after it is read. */
NODISCARD int journal_start(struct journal *j, struct str cursor, instant since);
/* Where a restart would go on, had all been taken; empty: not known yet. */
struct str journal_cursor(const struct journal *j);
/* All entries that were there when it was last looked at were given. */
bool journal_is_idle(const struct journal *j);
struct str journal_dir(const struct journal *j);
size_t journal_count(const struct journal *j);
struct journal_status journal_status(const struct journal *j, size_t i);
