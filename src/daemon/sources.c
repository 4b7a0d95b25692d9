/* SPDX-License-Identifier: MIT */
/* How lines get in: each file source of the ruleset is followed once (journals.c has the journal);
 * its chunks are fed to the engine. When the batch is full in the middle of a chunk it is applied
 * there, with the position of exactly what was taken in, so that no transaction ever holds events
 * without the position that belongs to them. */
#include "daemon/offsets.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/first_read.h"
#include "sys/clock.h"

void sources_note(struct daemon *d, const struct stored_position *position)
{
	if (!d->n_positions && !d->store_trouble.on) {
		d->positions_since = clock_now();
	}
	for (size_t i = 0; i < d->n_positions; i++) {
		if (str_eq(d->positions[i].path, position->path)) {
			d->positions[i] = *position;
			return;
		}
	}
	assert(d->n_positions < POSITIONS_MAX);
	d->positions[d->n_positions++] = *position;
}

static void sources_note_position(struct daemon *d, const char *path,
				  const struct position *position)
{
	struct stored_position stored = { .path = str_of(path), .position = *position };

	sources_note(d, &stored);
}

static struct str last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return str_of(slash ? slash + 1 : path);
}

/* What a file has lost is never lost in silence. */
static void sources_tell(const struct tail_chunk *chunk)
{
	unsigned long long bytes = chunk->other_bytes;

	switch (chunk->news) {
	case TAIL_NO_NEWS: break;
	case TAIL_TRUNCATED:
		log_notice(
			"%s was truncated after %llu bytes of it were read, and is read from its "
			"beginning",
			chunk->path, bytes);
		break;
	case TAIL_REST_GONE:
		log_warning(
			"%s is another file than the one that was read up to byte %llu, and that "
			"one is found nowhere: what else it held is not read",
			chunk->path, bytes);
		break;
	case TAIL_NOT_READ:
		log_warning("%s was rotated away from %s and cannot be read: what it holds (%llu "
			    "bytes) is left out; `ipsctl replay` may read what a program unpacks",
			    chunk->other, chunk->path, bytes);
		break;
	}
}

static int sources_take(void *arg, const struct tail_chunk *chunk)
{
	struct daemon *d = arg;
	struct position position = chunk->before;
	struct feed feed;
	duration offset = offsets_of(d, chunk->source);

	steps_follow(d);
	feed = (struct feed){
		.source = chunk->source,
		.chunk = chunk->chunk,
		.arrival = clock_now(),
		.file_time = chunk->file_time,
		.file_name = last_component(chunk->path),
	};

	sources_tell(chunk);
	if (!feed.chunk.n && !chunk->is_old) {
		sources_note_position(d, chunk->path, &position);
	}
	while (feed.chunk.n) {
		size_t n = engine_feed(d->engine, &feed);

		position_advance(&position, str_slice(feed.chunk, 0, n));
		if (!chunk->is_old) {
			sources_note_position(d, chunk->path, &position);
		}
		feed.chunk = str_slice(feed.chunk, n, feed.chunk.n);
		if (feed.chunk.n) {
			int r = wheel_apply(d, false);

			if (r < 0) {
				return r;
			}
		}
	}
	return offsets_note(d, chunk->source, offset);
}

/* Where reading begins is saved at once: what is written before the first event comes is read after
 * a restart, too. Where it goes on is saved when it has: until then the old position may be the
 * only one that knows the rest of a rotated file. */
static void sources_note_start(struct daemon *d)
{
	struct tail_status status;

	tail_status(d->tail, tail_count(d->tail) - 1, &status);
	sources_note_position(d, status.path, &status.position);
}

/* `appeared`: it came while we watched, so that all of it is to be read. */
static int sources_add(struct daemon *d, uint16_t number, const char *path, bool appeared)
{
	struct position from;
	int known = store_position(d->store, str_of(path), &from), r;
	bool has_place = known == 1;

	if (known < 0) {
		log_error("cannot read the position of %s: %s", path, store_error(d->store));
	}
	if (known == 0 && !appeared) {
		has_place = first_read_place(d, number, path, &from);
	}
	r = tail_add(d->tail, number, path, has_place ? &from : NULL, appeared);
	if (r >= 0 && known == 0) {
		sources_note_start(d);
	}
	return r;
}

static int sources_found(void *arg, uint16_t source, const char *path, bool appeared)
{
	int r = sources_add(arg, source, path, appeared);

	if (r == -ENOSPC) {
		log_error("%s is not read: too many files", path);
		return 0;
	}
	return r;
}

/* Its position is saved before its name goes away with it. */
static bool sources_gone(void *arg, const char *path)
{
	struct daemon *d = arg;

	return wheel_apply(d, true) >= 0 && !d->store_trouble.on && tail_remove(d->tail, path);
}

static int begin(struct daemon *d, uint16_t number, const struct source *source)
{
	CLEANUP(buf_done) struct buf path = { 0 };
	int r;

	switch (source->kind) {
	case SOURCE_FILE:
		buf_add_str(&path, source->text);
		r = buf_ok(&path);
		return r < 0 ? r : sources_add(d, number, buf_text(&path), false);
	case SOURCE_GLOB: return globs_add(d->globs, number, source->text);
	case SOURCE_JOURNAL: return journals_add(d, number, source->text);
	}
	return 0;
}

int sources_begin(struct daemon *d, uint16_t number, const struct source *source)
{
	int r = begin(d, number, source);

	if (r == -ENOSPC) {
		log_error("%.*s is not read: too many sources", STR_ARG(source->text));
		r = 0;
	}
	return r;
}

int sources_start(struct daemon *d)
{
	const struct ruleset *rules = engine_ruleset(d->engine);
	int r;

	offsets_recall(d);
	r = tail_new(d->loop, sources_take, d, &d->tail);

	if (r >= 0) {
		r = globs_new(d->loop, sources_found, sources_gone, d, &d->globs);
	}
	for (size_t i = 0; r >= 0 && i < rules->n_sources; i++) {
		r = sources_begin(d, (uint16_t)i, &rules->sources[i]);
	}
	r = r < 0 ? r : journals_start(d);
	return r < 0 ? r : wheel_apply(d, true);
}
