/* SPDX-License-Identifier: MIT */
/* position.c - how far was this file read, and is it still the same file?
 *
 * Device and inode are not enough: a rotated file's inode is given to the next one, and a file that
 * was truncated may have grown beyond the old offset by the time anybody looks. So two fingerprints
 * go along, one of how the file begins and one of what stands directly before the offset; whoever
 * opens it again reads both places and compares.
 *
 * The seed is no secret: a fingerprint must be the same after a restart, and whoever can write the
 * log needs no collision to write lines into it. */
#include "base/position.h"

#include "base/table.h"

uint64_t position_fingerprint(struct str bytes)
{
	static const uint8_t seed[TABLE_SEED_SIZE] = { 'p', 'o', 's', 'i', 't', 'i', 'o', 'n' };

	return siphash(bytes.p, bytes.n, seed);
}

void position_advance(struct position *p, struct str taken)
{
	struct str last = taken;

	if (taken.n == 0) {
		return;
	}
	if (p->offset == 0) {
		struct str first = str_slice(taken, 0, POSITION_HEAD_BYTES);

		p->head = position_fingerprint(first);
		p->head_n = (uint32_t)first.n;
	}
	if (last.n > POSITION_TAIL_BYTES) {
		last = str_slice(taken, taken.n - POSITION_TAIL_BYTES, POSITION_TAIL_BYTES);
	}
	p->offset += taken.n;
	p->tail = position_fingerprint(last);
	p->tail_n = (uint32_t)last.n;
}
