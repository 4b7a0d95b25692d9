/* SPDX-License-Identifier: MIT */
/* A position is trusted only as far as the file's own bytes confirm it. With each read the bytes
 * in front of the position are compared with their fingerprint, and the beginning of a line that
 * waits for its end with the file (two preads): a file that was truncated and has grown past the
 * old offset is told from one that just grew.
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

enum {
	NULS_MIN = 4096,
	/* Of one turn: several hundred lines, each of which may decide a ban. Others wait so long.
	 */
	READ_MAX = 65536,
};

static void stream_look(struct stream *s, const struct stat *st)
{
	s->position.device = st->st_dev;
	s->position.inode = st->st_ino;
	s->size = (uint64_t)st->st_size;
	s->file_time = (instant){ .us = (int64_t)st->st_mtim.tv_sec * 1000000 +
					st->st_mtim.tv_nsec / 1000 };
}

/* Are these n bytes at the offset what the fingerprint says? 1, 0, or a negative errno: who cannot
 * read does not know. */
static int has_bytes(int fd, uint64_t offset, uint32_t n, uint64_t fingerprint)
{
	char bytes[POSITION_HEAD_BYTES];
	int64_t got;

	if (n > sizeof(bytes)) {
		return 0;
	}
	got = files_pread(fd, bytes, n, offset);
	if (got < 0) {
		return (int)got;
	}
	return got == (int64_t)n &&
	       position_fingerprint((struct str){ .p = bytes, .n = n }) == fingerprint;
}

/* Without both fingerprints only the very same file will do. 1, 0, or a negative errno. */
static int fits(const struct stream *s, const struct position *p)
{
	bool same = p->device == s->position.device && p->inode == s->position.inode;
	int r = 1;

	if ((!same && !(p->head_n && p->tail_n)) || p->offset > s->size || p->tail_n > p->offset) {
		return 0;
	}
	if (p->head_n) {
		r = has_bytes(s->fd, 0, p->head_n, p->head);
	}
	if (r == 1 && p->tail_n) {
		r = has_bytes(s->fd, p->offset - p->tail_n, p->tail_n, p->tail);
	}
	return r;
}

/* Takes the fingerprints of a file that is read from here on, for the first time. */
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

/* Does a line begin at the offset? Behind NUL bytes that stand in front of it, too; these are
 * looked at as far as a line that was cut reaches. Uses the framer's room. */
static bool is_line_start(struct stream *s, uint64_t offset)
{
	size_t n = offset < LINE_MAX_BYTES ? (size_t)offset : LINE_MAX_BYTES, room;
	char *bytes = framer_space(&s->framer, &room);

	if (files_pread(s->fd, bytes, n, offset - n) != (int64_t)n) {
		return true;
	}
	while (n > 0 && bytes[n - 1] == '\0') {
		n--;
	}
	return n == 0 || bytes[n - 1] == '\n';
}

/* Starts to read at the offset; inside a line, behind its end. */
static void stream_begin(struct stream *s, uint64_t offset)
{
	framer_reset(&s->framer);
	s->start = offset;
	s->nuls = 0;
	s->position.offset = offset;
	s->framer.skipping = !is_line_start(s, offset);
}

static void stream_restart(struct stream *s)
{
	struct position fresh = { .device = s->position.device, .inode = s->position.inode };

	s->position = fresh;
	stream_begin(s, 0);
}

static int stream_prepare(struct stream *s, const struct position *from)
{
	uint64_t offset = 0;
	struct stat st;
	int fit;

	if (fstat(s->fd, &st) < 0) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode)) {
		return -EINVAL;
	}
	stream_look(s, &st);
	fit = from ? fits(s, from) : 0;
	if (fit < 0) {
		return fit;
	}
	if (fit) {
		struct position p = *from;

		offset = p.offset;
		p.device = s->position.device;
		p.inode = s->position.inode;
		s->position = p;
		if (!p.tail_n) {
			take_fingerprints(s, p.offset);
		}
	}
	stream_begin(s, offset);
	return from && !fit ? 1 : 0;
}

int stream_open(struct stream *s, const char *path, const struct position *from)
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
		r = stream_prepare(s, from);
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

/* Where the next byte is read from. */
static uint64_t read_offset(const struct stream *s)
{
	return s->start + s->framer.consumed + framer_pending(&s->framer);
}

/* Does the file still say what the beginning of a line that waits here says? All of it: what is
 * there instead may be alike at its end. 1, 0, or a negative errno. */
static int pending_stands(const struct stream *s)
{
	char bytes[4096];
	size_t pending = framer_pending(&s->framer);
	const char *waits = s->framer.buf + s->framer.n - pending;

	for (size_t at = 0; at < pending;) {
		size_t n = pending - at < sizeof(bytes) ? pending - at : sizeof(bytes);
		int64_t got = files_pread(s->fd, bytes, n, read_offset(s) - pending + at);

		if (got < 0) {
			return (int)got;
		}
		if (got != (int64_t)n || memcmp(bytes, waits + at, n) != 0) {
			return 0;
		}
		at += n;
	}
	return 1;
}

/* 1: what was read still stands before the place where we are; 0: it does not. */
static int still_there(const struct stream *s)
{
	const struct position *p = &s->position;
	int r = s->size >= read_offset(s) ? pending_stands(s) : 0;

	if (r == 1 && p->tail_n) {
		r = has_bytes(s->fd, p->offset - p->tail_n, p->tail_n, p->tail);
	}
	return r;
}

/* 0; 2: it was truncated; negative errno. */
static int stream_check(struct stream *s)
{
	struct stat st;
	int r;

	if (fstat(s->fd, &st) < 0) {
		return -errno;
	}
	stream_look(s, &st);
	r = still_there(s);
	if (r == 0) {
		s->truncations++;
		s->before = s->position;
		stream_restart(s);
		return 2;
	}
	return r < 0 ? r : 0;
}

/* These bytes stand where a line begins. 2: they are what it begins with; 1: look again, behind the
 * NUL bytes; 0: there are only such to the end, and what will stand in their place nobody knows. */
static int pass_nuls(struct stream *s, struct str bytes)
{
	uint64_t here = read_offset(s) + s->nuls;
	size_t n = 0;
	off_t data;

	while (n < bytes.n && bytes.p[n] == '\0') {
		n++;
	}
	if (n < bytes.n && s->nuls + n < NULS_MIN) {
		return 2;
	}
	if (n < bytes.n) {
		s->start += s->nuls + n;
		s->nuls = 0;
		return 1;
	}
	data = lseek(s->fd, (off_t)(here + n), SEEK_DATA);
	if (data < 0 && errno == ENXIO) {
		s->nuls = 0;
		return 0;
	}
	s->nuls += data < 0 ? n : (uint64_t)data - here;
	return 1;
}

/* How much of what was read belongs to lines: what will stand in the place of NUL bytes that follow
 * the end of a line nobody knows. */
static size_t without_nuls(struct str bytes)
{
	size_t n = bytes.n;

	while (n > 0 && bytes.p[n - 1] == '\0') {
		n--;
	}
	return n > 0 && bytes.p[n - 1] == '\n' ? n : bytes.n;
}

/* What was read is looked at after the reading: it was the file's end only if what stands before it
 * still does. */
int stream_fill(struct stream *s)
{
	size_t room;
	char *space = framer_space(&s->framer, &room);
	int64_t n = files_pread(s->fd, space, room < READ_MAX ? room : READ_MAX,
				read_offset(s) + s->nuls);
	int r = stream_check(s);

	if (r != 0) {
		return r;
	}
	if (n <= 0) {
		s->nuls = 0;
		return (int)n;
	}
	if (space[0] == '\0' && !framer_pending(&s->framer) && !s->framer.skipping) {
		r = pass_nuls(s, (struct str){ .p = space, .n = (size_t)n });
		if (r < 2) {
			return r;
		}
	}
	s->start += s->nuls;
	s->nuls = 0;
	framer_fill(&s->framer, without_nuls((struct str){ .p = space, .n = (size_t)n }));
	return 1;
}

int stream_take(struct stream *s, stream_sink sink, void *arg)
{
	struct str chunk;

	while ((chunk = framer_take(&s->framer)).n) {
		int r = stream_give(s, chunk, sink, arg);

		if (r < 0) {
			return r;
		}
	}
	return 1;
}

int stream_read(struct stream *s, stream_sink sink, void *arg)
{
	int r = stream_fill(s);

	return r == 1 ? stream_take(s, sink, arg) : r;
}

void stream_unread(struct stream *s)
{
	stream_begin(s, s->position.offset);
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
