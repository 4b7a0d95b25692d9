/* SPDX-License-Identifier: MIT */
#pragma once
/* offsets.h - logs whose stamps are those of another time zone (detect/drift.h): said once, told by
 * `status`, and kept over a restart. */
#include "daemon/daemon.h"

/* What was learnt before of all sources, if their zone is still configured as it was then. After
 * the rules were taken, before anything is fed. */
void offsets_recall(struct daemon *d);
/* What is added to the stamps of a source. */
duration offsets_of(const struct daemon *d, uint16_t source);
/* The source was fed; `before` is what offsets_of() said ahead of that. What was fed until now is
 * applied before another offset is saved, so that a crash between the two changes nothing. */
NODISCARD int offsets_note(struct daemon *d, uint16_t source, duration before);
/* What `status` says of it, in `text`; NULL: nothing. */
const char *offsets_why(const struct daemon *d, uint16_t source, struct buf *text);
