/* SPDX-License-Identifier: MIT */
#include "input/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "detect/framer.h"
#include "sys/files.h"

enum { PACKED_BYTES = 64 * 1024, GZIP_WINDOW = 15 + 16, GZIP_FIRST = 0x1f, GZIP_SECOND = 0x8b };

struct replay {
	int fd;
	bool owns_fd, packed, at_end, damaged;
	bool in_member; /* packed: between a member's header and its trailer */
	struct stat stat;
	uint64_t read_bytes;
	struct framer framer;
	struct str kept; /* peeked chunk that was not taken */
	uint64_t offset; /* of the last chunk */
	z_stream unpack;
	unsigned char in[PACKED_BYTES];
};

static int64_t read_some(struct replay *r, void *to, size_t n)
{
	ssize_t got;

	do {
		got = read(r->fd, to, n);
	} while (got < 0 && errno == EINTR);
	if (got < 0) {
		return -errno;
	}
	r->read_bytes += (uint64_t)got;
	return got;
}

/* The first bytes tell: 1f 8b is gzip. They stay in `in` for the unpacker, or go into the framer.
 */
static int look_at_start(struct replay *r)
{
	size_t have = 0, room;
	int64_t n = 1;

	while (have < 2 && n > 0) {
		n = read_some(r, r->in + have, sizeof(r->in) - have);
		if (n < 0) {
			return (int)n;
		}
		have += (size_t)n;
	}
	r->at_end = n == 0;
	r->packed = have >= 2 && r->in[0] == GZIP_FIRST && r->in[1] == GZIP_SECOND;
	if (r->packed) {
		r->unpack.next_in = r->in;
		r->unpack.avail_in = (unsigned)have;
		r->in_member = true;
		return inflateInit2(&r->unpack, GZIP_WINDOW) == Z_OK ? 0 : -ENOMEM;
	}
	memcpy(framer_space(&r->framer, &room), r->in, have);
	framer_fill(&r->framer, have);
	return 0;
}

int replay_open(const char *path, struct replay **ret)
{
	CLEANUP(replay_freep) struct replay *r = calloc(1, sizeof(*r));
	int error;

	if (!r) {
		return -ENOMEM;
	}
	r->fd = -1;
	error = framer_init(&r->framer);
	if (error < 0) {
		return error;
	}
	r->owns_fd = strcmp(path, "-") != 0;
	r->fd = r->owns_fd ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO;
	if (r->fd < 0 || fstat(r->fd, &r->stat) < 0) {
		return -errno;
	}
	if (S_ISDIR(r->stat.st_mode)) {
		return -EISDIR;
	}
	error = look_at_start(r);
	if (error < 0) {
		return error;
	}
	*ret = TAKE(r);
	return 0;
}

struct replay *replay_free(struct replay *r)
{
	if (r) {
		if (r->packed) {
			inflateEnd(&r->unpack);
		}
		if (r->owns_fd) {
			fd_close(&r->fd);
		}
		framer_done(&r->framer);
		free(r);
	}
	return NULL;
}

/* More packed bytes, if there are none. 1; 0: the end; negative errno. */
static int more_packed(struct replay *r)
{
	int64_t got;

	if (r->unpack.avail_in) {
		return 1;
	}
	got = read_some(r, r->in, sizeof(r->in));
	if (got < 0) {
		return (int)got;
	}
	r->unpack.next_in = r->in;
	r->unpack.avail_in = (unsigned)got;
	return got > 0;
}

/* One step of unpacking into `to`: bytes made, 0 at the end, negative errno. Members follow one
 * another (logrotate's copies, `cat a.gz b.gz`); what follows the last one and is no member is left
 * alone, as gzip does. What came out before the damage is good. */
static int64_t unpack_some(struct replay *r, char *to, size_t n)
{
	r->unpack.next_out = (unsigned char *)to;
	r->unpack.avail_out = (unsigned)n;
	while (r->unpack.avail_out == n && !r->damaged) {
		int code = more_packed(r);

		if (code < 0) {
			return code;
		}
		if (code == 0 || (!r->in_member && r->unpack.next_in[0] != GZIP_FIRST)) {
			r->damaged = r->in_member;
			return 0;
		}
		if (!r->in_member) {
			inflateReset(&r->unpack);
			r->in_member = true;
		}
		code = inflate(&r->unpack, Z_NO_FLUSH);
		r->in_member = code != Z_STREAM_END;
		r->damaged = code != Z_OK && code != Z_BUF_ERROR && code != Z_STREAM_END;
	}
	return (int64_t)(n - r->unpack.avail_out);
}

/* Reads until there is a chunk, or the end. 1, 0, negative errno. */
static int fill(struct replay *r)
{
	while (!r->kept.n) {
		size_t room;
		char *space;
		int64_t n;

		r->kept = framer_take(&r->framer);
		if (r->kept.n) {
			r->offset = r->framer.consumed - r->kept.n;
			return 1;
		}
		if (r->at_end && r->damaged) {
			return -EBADMSG; /* a line that was cut off could name another address */
		}
		if (r->at_end) {
			r->offset = r->framer.consumed;
			r->kept = framer_seal(&r->framer);
			return r->kept.n > 0;
		}
		space = framer_space(&r->framer, &room);
		n = r->packed ? unpack_some(r, space, room) : read_some(r, space, room);
		if (n < 0) {
			return (int)n;
		}
		r->at_end = n == 0;
		framer_fill(&r->framer, (size_t)n);
	}
	return 1;
}

int replay_next(struct replay *r, struct str *ret_chunk)
{
	int n = fill(r);

	if (n == 1) {
		*ret_chunk = r->kept;
		r->kept = STR_NONE;
	}
	return n;
}

int replay_peek(struct replay *r, struct str *ret_line)
{
	size_t next;
	int n = fill(r);

	*ret_line = n == 1 ? line_around(r->kept, 0, &next) : STR_NONE;
	return n < 0 ? n : 0;
}

int replay_peek_bytes(struct replay *r, struct str *ret)
{
	int n = fill(r);

	*ret = n == 1 ? r->kept : STR_NONE;
	return n < 0 ? n : 0;
}

uint64_t replay_offset(const struct replay *r)
{
	return r->offset;
}

instant replay_file_time(const struct replay *r)
{
	return (instant){ .us = (int64_t)r->stat.st_mtim.tv_sec * 1000000 +
				r->stat.st_mtim.tv_nsec / 1000 };
}

void replay_progress(const struct replay *r, uint64_t *ret_read, uint64_t *ret_size)
{
	*ret_read = r->read_bytes;
	*ret_size = S_ISREG(r->stat.st_mode) ? (uint64_t)r->stat.st_size : 0;
}
