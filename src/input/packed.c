/* SPDX-License-Identifier: MIT */
#include "input/packed.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static int check_head(struct packed *p)
{
	struct str bytes;
	int r = replay_peek_bytes(p->replay, &bytes);

	if (r < 0 || !p->from.head_n) {
		return r;
	}
	if (bytes.n < p->from.head_n ||
	    position_fingerprint(str_slice(bytes, 0, p->from.head_n)) != p->from.head) {
		return 1;
	}
	return 0;
}

int packed_open(struct packed *p, const char *path, const struct position *from)
{
	struct packed fresh = { .from = from ? *from : (struct position){ 0 } };
	struct stat st;
	int r;

	*p = fresh;
	if (stat(path, &st) < 0) {
		return -errno;
	}
	r = replay_open(path, &p->replay);
	if (r < 0) {
		return r;
	}
	p->position = p->from;
	p->position.device = st.st_dev;
	p->position.inode = st.st_ino;
	r = check_head(p);
	if (r != 0) {
		packed_close(p);
	}
	return r;
}

void packed_close(struct packed *p)
{
	p->replay = replay_free(p->replay);
}

static void remember(struct packed *p, struct str bytes)
{
	size_t n = bytes.n < sizeof(p->last) ? bytes.n : sizeof(p->last);
	size_t kept = p->n_last < sizeof(p->last) - n ? p->n_last : sizeof(p->last) - n;

	memmove(p->last, p->last + p->n_last - kept, kept);
	memcpy(p->last + kept, bytes.p + bytes.n - n, n);
	p->n_last = kept + n;
}

/* Drops of the chunk what lies in front of the place that is sought. */
static int seek(struct packed *p, struct str *chunk)
{
	uint64_t missing = p->from.offset - p->unpacked;
	struct str before = str_slice(*chunk, 0, missing < chunk->n ? (size_t)missing : chunk->n);
	size_t n = p->from.tail_n;

	remember(p, before);
	p->unpacked += before.n;
	*chunk = str_slice(*chunk, before.n, SIZE_MAX);
	if (p->unpacked < p->from.offset) {
		return 0;
	}
	if (n > p->n_last || (n && position_fingerprint((struct str){ .p = p->last + p->n_last - n,
								      .n = n }) != p->from.tail)) {
		return -ESTALE;
	}
	return 0;
}

int packed_read(struct packed *p, struct str *ret, struct position *ret_before)
{
	struct str chunk;
	uint64_t gap;
	int r = replay_next(p->replay, &chunk);

	if (r == 0 && p->unpacked < p->from.offset) {
		return -ESTALE;
	}
	if (r <= 0) {
		return r;
	}
	gap = replay_offset(p->replay) - p->unpacked;
	p->unpacked += gap;
	if (p->unpacked < p->from.offset + gap) {
		p->n_last = gap ? 0 : p->n_last;
		r = p->unpacked > p->from.offset ? -ESTALE : seek(p, &chunk);
		if (r < 0) {
			return r;
		}
	} else if (gap) {
		p->position.offset += gap;
		p->position.tail_n = 0;
	}
	*ret_before = p->position;
	*ret = chunk;
	p->unpacked += chunk.n;
	position_advance(&p->position, chunk);
	return 1;
}

instant packed_file_time(const struct packed *p)
{
	return replay_file_time(p->replay);
}
