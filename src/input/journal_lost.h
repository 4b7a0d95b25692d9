/* SPDX-License-Identifier: MIT */
#pragma once
/* journal_lost.h - what did journald throw away lately, by its own words?
 *
 * Only what journald itself wrote counts (_TRANSPORT=driver, which nobody else can say). */
#include "base/str.h"
#include "base/time.h"
#include "detect/lost.h"

enum { JOURNAL_LOST_MAX = 1000 }; /* entries that are looked at */

/* Calls back with each loss since then, newest first; `dir` empty: the host's journal. -ENOENT:
 * there is no journal; -EACCES: it may not be read; others. */
NODISCARD int journal_lost(struct str dir, instant since,
			   void (*fn)(void *arg, const struct lost *lost, instant at), void *arg);
