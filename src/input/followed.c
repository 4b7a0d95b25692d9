/* SPDX-License-Identifier: MIT */
/* After a rotation whoever writes the log may go on writing to the renamed file until it is told to
 * open the new one, so the old one is read on until there is a new one, and for a minute after it
 * last grew. It goes first: a line of the new file is given only when the old one is at its end, so
 * the position in the new one that is saved never hides lines of the old one. Until the new one has
 * given its first line, the path's position is the old one's.
 *
 * A file that cannot be opened at the start keeps the place where reading is to begin. Of one that
 * was never read that is its size, which can be asked without the right to read. */
#include "input/followed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sys/clock.h"

static const duration old_for = { .us = 60000000 };

int followed_init(struct followed *f, uint16_t source, const char *path, tail_sink sink, void *arg)
{
	const char *slash = strrchr(path, '/');

	*f = (struct followed){ .source = source,
				.sink = sink,
				.arg = arg,
				.now.fd = -1,
				.old.stream.fd = -1,
				.state = TAIL_MISSING };
	f->path = strdup(path);
	f->dir = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	if (!f->path || !f->dir) {
		followed_done(f);
		return -ENOMEM;
	}
	return 0;
}

void followed_done(struct followed *f)
{
	stream_close(&f->now);
	older_done(&f->old);
	free(f->path);
	free(f->dir);
	f->path = NULL;
	f->dir = NULL;
}

static int hand_out(struct followed *f, struct tail_chunk *out)
{
	int r;

	out->source = f->source;
	out->path = f->path;
	r = f->sink(f->arg, out);
	f->lines += line_count(out->chunk);
	f->sink_failed = r < 0 ? r : 0;
	return r;
}

static int give(void *arg, const struct stream *stream, struct str chunk,
		const struct position *before)
{
	struct followed *f = arg;
	struct tail_chunk out = {
		.chunk = chunk,
		.before = *before,
		.file_time = stream->file_time,
		.is_old = stream == &f->old.stream && f->moved_on,
	};
	int r = hand_out(f, &out);

	f->moved_on = f->moved_on || stream == &f->now;
	return r;
}

/* Says something that moves no position. */
static int tell(struct followed *f, enum tail_news news, const char *other, uint64_t bytes)
{
	struct tail_chunk out = {
		.news = news, .other = other, .other_bytes = bytes, .is_old = true
	};

	return hand_out(f, &out);
}

static void forget(struct followed *f, struct stream *s)
{
	if (s->fd >= 0) {
		f->cut += s->framer.cut;
		f->lost += s->truncations;
		stream_close(s);
		f->opened++;
	}
}

static void set_state(struct followed *f, int error)
{
	bool missing = error == -ENOENT || error == -ENOTDIR;

	f->error = -error;
	f->state = error == 0               ? TAIL_READING
		   : !missing               ? TAIL_UNREADABLE
		   : older_is_open(&f->old) ? TAIL_GONE
					    : TAIL_MISSING;
}

static bool is_file(const struct position *p, const struct stat *st)
{
	return st->st_dev == p->device && st->st_ino == p->inode;
}

/* Another file has become the old one. */
static void note_old(struct followed *f)
{
	f->moved_on = false;
	f->old_grew = clock_now();
	f->opened++;
}

/* What stands at the path is not what was read: the rest of that one is read first. As
 * older_take_up(). */
static int take_up(struct followed *f, enum older_what what)
{
	const struct older_place place = { .path = f->path, .dir = f->dir };
	int r = older_take_up(&f->old, &place, &f->from, what);

	if (r > 0) {
		f->has_from = false;
		note_old(f);
	}
	return r;
}

/* Opens what stands at the path; the state says how it went. */
static void open_now(struct followed *f)
{
	bool is_elsewhere;
	struct stat st;
	int taken = 0, r;

	if (f->old.stream.fd >= 0 && stream_is_at(&f->old.stream, f->path)) {
		f->now = f->old.stream; /* it was renamed back */
		f->old.stream.fd = -1;
		f->opened++;
		set_state(f, 0);
		return;
	}
	is_elsewhere = f->has_from && (stat(f->path, &st) < 0 || !is_file(&f->from, &st));
	if (is_elsewhere) {
		taken = take_up(f, OLDER_SAME);
	}
	r = stream_open(&f->now, f->path, f->has_from ? &f->from : NULL);
	if (f->has_from && (r == 1 || r == -ENOENT)) {
		taken = take_up(f, is_elsewhere ? OLDER_COPY_AND_EMPTIED : OLDER_COPY);
	}
	set_state(f, r < 0 ? r : 0);
	f->begun_anew = r == 1 && (taken == 2 || !older_is_open(&f->old));
	f->rest_gone = f->begun_anew ? f->from.offset : 0;
	if (r >= 0) {
		f->has_from = false;
		f->old_grew = clock_now();
		f->opened++;
	}
}

void followed_start(struct followed *f, const struct position *from, bool from_start)
{
	struct stat st;

	f->has_from = from || (!from_start && stat(f->path, &st) == 0);
	if (from) {
		f->from = *from;
	} else if (f->has_from) {
		f->from = (struct position){ .device = st.st_dev,
					     .inode = st.st_ino,
					     .offset = (uint64_t)st.st_size };
	}
	open_now(f);
}

/* Opens the next of those that were written before what stands at the path. 1; 0: there is none; a
 * negative errno is the sink's. */
static int next_in_chain(struct followed *f)
{
	const struct rotated_file *file;

	while ((file = older_next(&f->old, f->path, &f->now))) {
		int r;

		if (older_is_open(&f->old)) {
			note_old(f);
			return 1;
		}
		r = tell(f, TAIL_NOT_READ, file->path, file->size);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

/* Ends the reading of the old file; what it has without an end of line is a line now. 1: another
 * one follows. */
static int old_end(struct followed *f)
{
	int r = f->old.stream.fd >= 0 ? stream_seal(&f->old.stream, give, f) : 0;

	packed_close(&f->old.packed);
	forget(f, &f->old.stream);
	return r < 0 ? r : next_in_chain(f);
}

/* What was read before cannot be read on. */
static int old_fail(struct followed *f)
{
	const struct rotated_file *file = older_last(&f->old);
	int r = file ? tell(f, TAIL_NOT_READ, file->path, file->size) : 0;

	f->lost++;
	packed_close(&f->old.packed);
	forget(f, &f->old.stream);
	return r < 0 ? r : next_in_chain(f);
}

static int read_packed(struct followed *f)
{
	struct tail_chunk out = { .is_old = f->moved_on,
				  .file_time = packed_file_time(&f->old.packed) };
	int r = packed_read(&f->old.packed, &out.chunk, &out.before);

	return r == 1 && out.chunk.n && hand_out(f, &out) < 0 ? f->sink_failed : r;
}

/* Nothing was read of what stands at the path: it may have been copied and emptied. */
static bool find_unread(struct followed *f)
{
	return f->now.fd >= 0 && f->now.position.offset == 0 &&
	       older_find_chain(&f->old, f->path, &f->now);
}

/* The old file is at its end for now. */
static bool old_is_over(struct followed *f)
{
	return f->old.packed.replay || f->old.chain_next < f->old.chain_end ||
	       (f->state != TAIL_GONE && instant_since(clock_now(), f->old_grew).us > old_for.us) ||
	       find_unread(f);
}

static int old_work(struct followed *f)
{
	bool packed = f->old.packed.replay;
	int r = packed ? read_packed(f) : stream_read(&f->old.stream, give, f);

	if (r == 2) { /* somebody makes another file of it */
		forget(f, &f->old.stream);
		return next_in_chain(f);
	}
	if (r == 1) {
		f->old_grew = clock_now();
		return 1;
	}
	if (r < 0) {
		return f->sink_failed ? r : old_fail(f);
	}
	return old_is_over(f) ? old_end(f) : 0;
}

/* The path names another file now: what is open becomes the old one. */
static int rotate(struct followed *f)
{
	struct stream before = f->now;
	int r;

	if (f->old.stream.fd >= 0 && stream_is_at(&f->old.stream, f->path)) {
		f->now = f->old.stream;
	} else {
		r = old_end(f);
		if (r != 0) {
			return r;
		}
		f->now.fd = -1;
	}
	f->old.stream = before;
	(void)older_find_chain(&f->old, f->path, &f->now);
	f->moved_on = f->now.fd >= 0;
	f->old_grew = clock_now();
	f->opened++;
	if (f->now.fd < 0) {
		open_now(f);
	}
	return 1;
}

/* It cannot be read any more: closed, and opened again where it was left. */
static int fail(struct followed *f, int error)
{
	f->from = f->now.position;
	f->has_from = true;
	f->old.sought = 0;
	forget(f, &f->now);
	set_state(f, error);
	return 0;
}

/* Does the path still name the file that was read to its end? */
static int look_at_path(struct followed *f)
{
	struct stat st;
	bool gone = stat(f->path, &st) < 0;

	if (gone ? older_has_later(f->path, &f->now) : !is_file(&f->now.position, &st)) {
		return rotate(f);
	}
	f->state = gone ? TAIL_GONE : TAIL_READING;
	return 0;
}

/* It was truncated: a copy of what it held has perhaps more than was read. 1, or the sink's errno.
 */
static int cut_short(struct followed *f)
{
	int r;

	if (f->now.before.offset == 0 && find_unread(f)) {
		return 1;
	}
	r = old_end(f);
	f->from = f->now.before;
	f->old.sought = 0;
	if (r >= 0 && !take_up(f, OLDER_COPY)) {
		f->begun_anew = true;
		r = tell(f, TAIL_TRUNCATED, NULL, f->from.offset);
	}
	return r < 0 ? r : 1;
}

/* Its beginning is a position that a restart must know, though it has no lines yet. */
static int begin_anew(struct followed *f)
{
	int r = f->rest_gone ? tell(f, TAIL_REST_GONE, NULL, f->rest_gone) : 0;

	f->rest_gone = 0;
	f->begun_anew = false;
	r = r < 0 ? r : give(f, &f->now, STR_NONE, &f->now.position);
	return r < 0 ? r : 1;
}

/* What was read from the beginning may stand there since a moment ago, in the place of something
 * that was copied first: as long as nothing is given, that can still be found. */
static int read_now(struct followed *f)
{
	int r = stream_fill(&f->now);

	if (r == 1 && find_unread(f)) {
		stream_unread(&f->now);
		return 1;
	}
	return r == 1 ? stream_take(&f->now, give, f) : r;
}

/* Reads the file at the path. */
static int now_work(struct followed *f)
{
	int r;

	if (f->begun_anew) {
		return begin_anew(f);
	}
	r = read_now(f);
	if (r == 2) {
		return cut_short(f);
	}
	if (r < 0 && !f->sink_failed) {
		return fail(f, r);
	}
	return r == 0 ? look_at_path(f) : r;
}

int followed_work(struct followed *f)
{
	bool old = older_is_open(&f->old);
	int r = old ? old_work(f) : 0;

	if (r != 0) {
		return r;
	}
	if (f->now.fd < 0) {
		if (older_find_chain(&f->old, f->path, &f->now)) {
			return 1;
		}
		open_now(f);
		return f->now.fd >= 0 || (!old && older_is_open(&f->old));
	}
	return now_work(f);
}

bool followed_is_waiting(const struct followed *f)
{
	return f->state != TAIL_READING || older_is_open(&f->old);
}

struct position followed_position(const struct followed *f)
{
	return f->has_from ? f->from : f->now.position;
}
