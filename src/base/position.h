/* SPDX-License-Identifier: MIT */
#pragma once
/* position.h - how far was this file read, and is it still the same file?
 *
 * Plain data and arithmetic over bytes that were read elsewhere. The fingerprints tell a file from
 * another one that got its inode, and one that was truncated and grew again. Pure. */
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { POSITION_HEAD_BYTES = 256, POSITION_TAIL_BYTES = 64 };

struct position {
	uint64_t device, inode;
	uint64_t offset; /* bytes of the file that were taken in, all whole lines */
	uint64_t head;   /* fingerprint of the first head_n bytes, head_n <= POSITION_HEAD_BYTES */
	uint64_t tail;   /* fingerprint of the tail_n bytes before the offset, tail_n <=
			    POSITION_TAIL_BYTES */
	uint32_t head_n, tail_n;
};

uint64_t position_fingerprint(struct str bytes);
/* `taken` is what was taken in directly after the offset: moves on, renews the tail; the first
 * piece gives the head. */
void position_advance(struct position *p, struct str taken);
