/* SPDX-License-Identifier: MIT */
#pragma once
/* zone.h - what is local time in this place, at this moment?
 *
 * Made from the bytes of a TZif file (RFC 8536, version 1 to 4, with the footer's POSIX rule for
 * times after the last transition). Lives in an arena. Pure: whoever makes one has read the file.
 */
#include "base/arena.h"
#include "base/str.h"
#include "base/time.h"

struct zone;

/* -ENOMEM; -EINVAL: not a TZif file. */
NODISCARD int zone_parse(struct str tzif, struct arena *arena, const struct zone **ret);
/* The instant of a local wall clock time, given as microseconds as if it were UTC. A time that
 * occurs twice (clock set back) is the first of the two; one that is skipped counts as if the clock
 * had not been set. NULL zone: UTC. */
instant zone_to_utc(const struct zone *z, int64_t local_us);
/* Seconds east of UTC at that instant. NULL zone: 0. */
int32_t zone_offset(const struct zone *z, instant t);
