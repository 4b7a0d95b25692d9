/* SPDX-License-Identifier: MIT */
#pragma once
/* packed.h - a rotated log that was compressed meanwhile: what came behind the position?
 *
 * Offsets are those of the unpacked text, so the position in a log is that in its compressed copy.
 * Nothing is given before the bytes in front of the position have been found to be the same. */
#include "base/position.h"
#include "base/str.h"
#include "base/time.h"
#include "input/replay.h"

struct packed {
	struct replay *replay;    /* NULL: closed */
	struct position position; /* behind the last chunk that was given out */
	struct position from;     /* where it begins; offset 0: at the beginning */
	char last[POSITION_TAIL_BYTES];
	size_t n_last; /* bytes that were unpacked last, while it is sought */
	uint64_t unpacked;
};

/* `from` NULL: at the beginning. 0; 1: it does not begin as `from` says; negative errno. */
NODISCARD int packed_open(struct packed *p, const char *path, const struct position *from);
void packed_close(struct packed *p);
/* 1: *ret is the next chunk, *ret_before the position in front of it; empty: come again. 0: the
 * end; -ESTALE: what stands in front of the position is not what was read; -EBADMSG: the
 * compressed data is damaged; negative errno. */
NODISCARD int packed_read(struct packed *p, struct str *ret, struct position *ret_before);
instant packed_file_time(const struct packed *p);
