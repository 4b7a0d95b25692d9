/* SPDX-License-Identifier: MIT */
/* A position is trusted only as far as the file's own bytes confirm it. Before each read the bytes
 * in front of the position are compared with their fingerprint (one small pread): a file that was
 * truncated and has grown past the old offset is told from one that just grew.
 *
 * The rest of a line that was cut is not part of any chunk. The framer counts it, so a chunk's
 * place in the file is known all the same; and whoever goes on in the middle of a line skips to its
 * end, so that the tail of a hostile line never becomes a line. */
#include "input/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/files.h"

static void stream_look(struct stream *s, const struct stat *st)
{
	s->position.device = st->st_dev;
	s->position.inode = st->st_ino;
	s->size = (uint64_t)st->st_size;
	s->file_time = (instant){ .us = (int64_t)st->st_mtim.tv_sec * 1000000 +
					st->st_mtim.tv_nsec / 1000 };
}

/* Are these n bytes at the offset what the fingerprint says? */
static bool has_bytes(int fd, uint64_t offset, uint32_t n, uint64_t fingerprint)
{
	char bytes[POSITION_HEAD_BYTES];

	if (n > sizeof(bytes) || files_pread(fd, bytes, n, offset) != (int64_t)n) {
		return false;
	}
	return position_fingerprint((struct str){ .p = bytes, .n = n }) == fingerprint;
}

/* Without a fingerprint only the very same file will do. */
static bool fits(const struct stream *s, const struct position *p)
{
	if (!p->head_n && !p->tail_n &&
	    (p->device != s->position.device || p->inode != s->position.inode)) {
		return false;
	}
	return p->offset <= s->size && p->tail_n <= p->offset &&
	       (!p->head_n || has_bytes(s->fd, 0, p->head_n, p->head)) &&
	       (!p->tail_n || has_bytes(s->fd, p->offset - p->tail_n, p->tail_n, p->tail));
}

/* Takes the fingerprints of a file that is read from its end on. */
static void take_fingerprints(struct stream *s, uint64_t offset)
{
	char bytes[POSITION_HEAD_BYTES];
	uint32_t head = (uint32_t)(offset < POSITION_HEAD_BYTES ? offset : POSITION_HEAD_BYTES);
	uint32_t tail = (uint32_t)(offset < POSITION_TAIL_BYTES ? offset : POSITION_TAIL_BYTES);

	if (files_pread(s->fd, bytes, head, 0) == (int64_t)head) {
		s->position.head = position_fingerprint((struct str){ .p = bytes, .n = head });
		s->position.head_n = head;
	}
	if (files_pread(s->fd, bytes, tail, offset - tail) == (int64_t)tail) {
		s->position.tail = position_fingerprint((struct str){ .p = bytes, .n = tail });
		s->position.tail_n = tail;
	}
}

/* Starts to read at the offset; inside a line, behind its end. */
static void stream_begin(struct stream *s, uint64_t offset)
{
	char before = '\n';

	framer_reset(&s->framer);
	s->start = offset;
	s->position.offset = offset;
	if (offset && files_pread(s->fd, &before, 1, offset - 1) != 1) {
		before = '\n';
	}
	s->framer.skipping = before != '\n';
}

static void stream_restart(struct stream *s)
{
	struct position fresh = { .device = s->position.device, .inode = s->position.inode };

	s->position = fresh;
	stream_begin(s, 0);
}

static int stream_prepare(struct stream *s, const struct position *from, bool at_end)
{
	struct stat st;

	if (fstat(s->fd, &st) < 0) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode)) {
		return -EINVAL;
	}
	stream_look(s, &st);
	if (from && fits(s, from)) {
		struct position p = *from;

		p.device = s->position.device;
		p.inode = s->position.inode;
		s->position = p;
		stream_begin(s, p.offset);
		return 0;
	}
	if (!from && at_end) {
		take_fingerprints(s, s->size);
		stream_begin(s, s->size);
	} else {
		stream_begin(s, 0);
	}
	return from ? 1 : 0;
}

int stream_open(struct stream *s, const char *path, const struct position *from, bool at_end)
{
	struct stream fresh = { .fd = -1 };
	int r;

	*s = fresh;
	s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (s->fd < 0) {
		return -errno;
	}
	r = framer_init(&s->framer);
	if (r >= 0) {
		r = stream_prepare(s, from, at_end);
	}
	if (r < 0) {
		stream_close(s);
	}
	return r;
}

void stream_close(struct stream *s)
{
	if (s->fd >= 0) {
		framer_done(&s->framer);
	}
	fd_close(&s->fd);
}

/* The chunk lies where the framer's count says; what was skipped before it belongs to no
 * fingerprint. */
static int stream_give(struct stream *s, struct str chunk, stream_sink sink, void *arg)
{
	uint64_t at = s->start + s->framer.consumed - chunk.n;
	struct position before = s->position;

	if (before.offset != at) {
		before.offset = at;
		before.tail_n = 0;
	}
	s->position = before;
	position_advance(&s->position, chunk);
	return sink(arg, s, chunk, &before);
}

static int stream_check(struct stream *s)
{
	struct stat st;

	if (fstat(s->fd, &st) < 0) {
		return -errno;
	}
	stream_look(s, &st);
	if (s->size < s->position.offset + framer_pending(&s->framer) ||
	    (s->position.tail_n && !has_bytes(s->fd, s->position.offset - s->position.tail_n,
					      s->position.tail_n, s->position.tail))) {
		s->truncations++;
		stream_restart(s);
	}
	return 0;
}

int stream_read(struct stream *s, stream_sink sink, void *arg)
{
	struct str chunk;
	char *space;
	size_t room;
	int64_t n;
	int r = stream_check(s);

	if (r < 0) {
		return r;
	}
	space = framer_space(&s->framer, &room);
	n = files_pread(s->fd, space, room,
			s->start + s->framer.consumed + framer_pending(&s->framer));
	if (n <= 0) {
		return (int)n;
	}
	framer_fill(&s->framer, (size_t)n);
	while ((chunk = framer_take(&s->framer)).n) {
		r = stream_give(s, chunk, sink, arg);
		if (r < 0) {
			return r;
		}
	}
	return 1;
}

int stream_seal(struct stream *s, stream_sink sink, void *arg)
{
	struct str chunk = framer_seal(&s->framer);

	return chunk.n ? stream_give(s, chunk, sink, arg) : 0;
}

bool stream_is_at(const struct stream *s, const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_dev == s->position.device &&
	       st.st_ino == s->position.inode;
}

uint64_t stream_lag(const struct stream *s)
{
	return s->size > s->position.offset ? s->size - s->position.offset : 0;
}
