/* SPDX-License-Identifier: MIT */
/* The matches of all sources are one question to libsystemd, which answers it by its index; whose
 * an entry is says a look at its fields.
 *
 * A cursor of an entry that is gone (vacuumed, or its file removed) is no error to libsystemd: it
 * seeks to the nearest time. So the entry found there is compared with the cursor, once without
 * matches, to know whether the entry is gone, and once with them, because the nearest match is
 * either the entry that was read last or the first that was not.
 *
 * When nothing was ever read, the cursor of the newest entry of all, meant or not, is where reading
 * begins, or that of the entry before the first that is wanted; where there is none, the mark
 * BEGINNING stands instead. libsystemd would
 * stay at the end for good after looking for a last entry that is not there.
 *
 * libsystemd watches only directories that exist when the journal is opened, and does not tell that
 * files cannot be read. Both are looked for here, every two seconds as long as something is
 * missing.
 */
#include "input/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <systemd/sd-journal.h>

#include "base/journal_place.h"
#include "detect/framer.h"
#include "input/journal_files.h"
#include "input/journal_text.h"
#include "sys/clock.h"

enum { SLICE_US = 20000, FIELD_ROOM = 64 };

#define BEGINNING "-"

static const duration retry_every = { .us = 2000000 };

struct meant {
	uint16_t source;
	char *text;
	struct journal_place place; /* pieces of text */
	uint32_t marks;             /* of the entry that is looked at */
	uint64_t lines, cut;
};

struct journal {
	struct loop *loop;
	char *dir; /* NULL: the host's */
	journal_sink sink;
	void *arg;
	sd_journal *sd; /* NULL: not open */
	struct loop_watch *watch;
	struct loop_timer *retry;
	struct meant *meant[JOURNAL_SOURCES_MAX];
	size_t n;
	struct journal_files files;
	bool held; /* the entry that `sd` stands at was not given yet */
	bool look;
	char cursor[512]; /* of the entry that was given last; "" never read */
	instant since;    /* from when on it is wanted then */
	struct journal_text text;
};

/* ---- opening ---- */

static void journal_close(struct journal *j)
{
	j->watch = loop_watch_free(j->watch);
	sd_journal_close(j->sd);
	j->sd = NULL;
	j->held = j->look = false;
}

static int add_matches(struct journal *j)
{
	int r = 0;

	sd_journal_flush_matches(j->sd);
	for (size_t i = 0; i < j->n; i++) {
		if (!j->meant[i]->place.n_terms) {
			return 0;
		}
	}
	for (size_t i = 0; r >= 0 && i < j->n; i++) {
		const struct journal_place *p = &j->meant[i]->place;

		r = i > 0 ? sd_journal_add_disjunction(j->sd) : 0;
		for (size_t k = 0; r >= 0 && k < p->n_terms; k++) {
			r = sd_journal_add_match(j->sd, p->terms[k].p, p->terms[k].n);
		}
	}
	return r;
}

static int note_cursor(struct journal *j)
{
	char *cursor = NULL;
	int r = sd_journal_get_cursor(j->sd, &cursor);

	if (r >= 0) {
		r = strlen(cursor) < sizeof(j->cursor) ? 0 : -E2BIG;
		if (r == 0) {
			snprintf(j->cursor, sizeof(j->cursor), "%s", cursor);
		}
		free(cursor);
	}
	return r;
}

/* Decides where reading begins that was never begun: behind the last entry that is not wanted. */
static int choose_start(struct journal *j)
{
	int r = instant_is_never(j->since)
			? sd_journal_seek_tail(j->sd)
			: sd_journal_seek_realtime_usec(j->sd, (uint64_t)j->since.us);

	if (r >= 0) {
		r = sd_journal_previous(j->sd);
	}
	if (r > 0) {
		return note_cursor(j);
	}
	snprintf(j->cursor, sizeof(j->cursor), "%s", BEGINNING);
	return r;
}

/* Stands at the first entry at or behind the cursor. 1: it is the cursor's own; 2: another one; 0:
 * there is none. */
static int find_cursor(struct journal *j)
{
	int r = sd_journal_seek_cursor(j->sd, j->cursor);

	if (r >= 0) {
		r = sd_journal_next(j->sd);
	}
	if (r > 0) {
		r = sd_journal_test_cursor(j->sd, j->cursor);
		r = r == 0 ? 2 : r;
	}
	return r;
}

/* 1: the entry of the cursor is gone. */
static int journal_seek(struct journal *j)
{
	bool gone;
	int r = j->cursor[0] ? 0 : choose_start(j);

	if (r >= 0 && strcmp(j->cursor, BEGINNING) == 0) {
		r = add_matches(j);
		return r < 0 ? r : sd_journal_seek_head(j->sd);
	}
	r = r < 0 ? r : find_cursor(j);
	if (r == -EINVAL) {
		j->cursor[0] = '\0';
		r = choose_start(j);
		return r < 0 ? r : journal_seek(j);
	}
	gone = r != 1;
	r = r < 0 ? r : add_matches(j);
	r = r < 0 ? r : find_cursor(j);
	j->held = r == 2;
	return r < 0 ? r : gone;
}

static int journal_notified(void *arg, int fd, uint32_t events);
static int journal_work(void *arg);

/* 1: the entry of the cursor is gone. */
static int journal_open(struct journal *j)
{
	int fd, gone, r;

	j->files = journal_files_look(j->dir);
	if (j->files.state != TAIL_READING) {
		return 0;
	}
	r = j->dir ? sd_journal_open_directory(&j->sd, j->dir, 0)
		   : sd_journal_open(&j->sd, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
	if (r < 0) {
		return r;
	}
	fd = sd_journal_get_fd(j->sd);
	r = fd < 0 ? fd : sd_journal_set_data_threshold(j->sd, LINE_MAX_BYTES + FIELD_ROOM);
	gone = r < 0 ? r : journal_seek(j);
	if (gone >= 0) {
		r = loop_add_fd(j->loop, fd, EPOLLIN, journal_notified, j, &j->watch);
	}
	j->look = true;
	return gone < 0 ? gone : r < 0 ? r : gone;
}

/* Opens it if it is there. What goes wrong is tried again. */
static int journal_try(struct journal *j)
{
	int gone = j->sd ? 0 : journal_open(j), r;

	if (gone == -ENOMEM) {
		return gone;
	}
	if (gone < 0) {
		journal_close(j);
		j->files.state = TAIL_UNREADABLE;
		j->files.error = -gone;
		gone = 0;
	}
	r = j->look ? loop_defer(j->loop, journal_work, j) : 0;
	if (r >= 0 && (!j->sd || !j->files.all_roots || sd_journal_reliable_fd(j->sd) <= 0)) {
		r = loop_timer_set(j->retry, instant_add(clock_now(), retry_every));
	}
	return r < 0 ? r : gone;
}

/* ---- reading ---- */

static void look_at_field(struct journal *j, struct str field)
{
	for (size_t i = 0; i < j->n; i++) {
		j->meant[i]->marks |= journal_place_mark(&j->meant[i]->place, field);
	}
	journal_text_take(&j->text, field);
}

/* Reads the fields of the entry that `sd` stands at. */
static int look_at_entry(struct journal *j)
{
	const void *data;
	uint64_t received = 0;
	size_t n;
	int r;

	journal_text_clear(&j->text);
	for (size_t i = 0; i < j->n; i++) {
		j->meant[i]->marks = 0;
	}
	sd_journal_restart_data(j->sd);
	while ((r = sd_journal_enumerate_available_data(j->sd, &data, &n)) > 0) {
		look_at_field(j, (struct str){ .p = data, .n = n });
	}
	if (!j->text.sent_us && sd_journal_get_realtime_usec(j->sd, &received) >= 0) {
		j->text.sent_us = received;
	}
	return r < 0 ? r : buf_ok(&j->text.message);
}

/* Hands the entry to all that mean it. */
static int give(struct journal *j)
{
	struct journal_entry given = {
		.message = buf_str(&j->text.message),
		.program = journal_text_program(&j->text),
		.time = { .us = (int64_t)j->text.sent_us },
	};
	struct meant *last = NULL;
	int r = 0;

	for (size_t i = 0; r >= 0 && i <= j->n; i++) {
		struct meant *m = i < j->n ? j->meant[i] : NULL;

		if (m && !journal_place_fits(&m->place, m->marks)) {
			continue;
		}
		if (last) {
			given.source = last->source;
			given.cursor = m ? STR_NONE : str_of(j->cursor);
			last->lines++;
			last->cut += j->text.cut;
			r = j->sink(j->arg, &given);
		}
		last = m;
	}
	return r;
}

/* It is tried again later. */
static int journal_fail(struct journal *j, int error)
{
	journal_close(j);
	j->files.state = TAIL_UNREADABLE;
	j->files.error = -error;
	return loop_timer_set(j->retry, instant_add(clock_now(), retry_every));
}

/* One entry. 1: it was given, or is not worth giving; 0: there is none. */
static int journal_step(struct journal *j)
{
	int r = j->held ? 1 : sd_journal_next(j->sd);

	if (r <= 0) {
		return r < 0 ? journal_fail(j, r) : 0;
	}
	j->held = false;
	r = look_at_entry(j);
	if (r == -ENOMEM) {
		return r;
	}
	if (r >= 0) {
		r = note_cursor(j);
	}
	if (r >= 0 && j->text.message.n > 0) {
		r = give(j);
		return r < 0 ? r : 1;
	}
	return 1;
}

static int journal_work(void *arg)
{
	struct journal *j = arg;
	int64_t until = clock_monotonic() + SLICE_US;
	int r = 1;

	while (j->sd && r == 1 && clock_monotonic() < until) {
		r = journal_step(j);
	}
	j->look = j->sd && r == 1;
	return j->look ? loop_defer(j->loop, journal_work, j) : r < 0 ? r : 0;
}

/* A root that was not there when the journal was opened is not watched: it is opened again. */
static int journal_check(struct journal *j)
{
	int r;

	struct journal_files files = journal_files_look(j->dir);

	if (j->sd && (files.roots != j->files.roots || files.state != TAIL_READING)) {
		journal_close(j);
	}
	r = journal_try(j);
	return r < 0 ? r : 0;
}

static int journal_notified(void *arg, int fd, uint32_t events)
{
	struct journal *j = arg;
	int r = sd_journal_process(j->sd);

	(void)fd;
	(void)events;
	if (r < 0 || r == SD_JOURNAL_INVALIDATE) {
		r = journal_check(j);
	}
	j->look = j->sd != NULL;
	return r < 0 ? r : journal_work(j);
}

static int journal_retry(void *arg)
{
	struct journal *j = arg;

	if (j->sd) {
		(void)sd_journal_process(j->sd);
		j->look = true;
	}
	return journal_check(j);
}

/* ---- making, asking ---- */

int journal_new(struct loop *loop, struct str dir, journal_sink sink, void *arg,
		struct journal **ret)
{
	CLEANUP(journal_freep) struct journal *j = calloc(1, sizeof(*j));
	int r;

	if (!j) {
		return -ENOMEM;
	}
	*j = (struct journal){ .loop = loop, .sink = sink, .arg = arg };
	if (dir.n) {
		j->dir = strndup(dir.p, dir.n);
		if (!j->dir) {
			return -ENOMEM;
		}
	}
	r = loop_add_timer(loop, journal_retry, j, &j->retry);
	if (r < 0) {
		return r;
	}
	*ret = TAKE(j);
	return 0;
}

struct journal *journal_free(struct journal *j)
{
	if (j) {
		loop_undefer(j->loop, journal_work, j);
		journal_close(j);
		loop_timer_free(j->retry);
		for (size_t i = 0; i < j->n; i++) {
			free(j->meant[i]->text);
			free(j->meant[i]);
		}
		journal_text_done(&j->text);
		free(j->dir);
		free(j);
	}
	return NULL;
}

int journal_add(struct journal *j, uint16_t source, struct str place)
{
	struct meant *m;
	struct str bad;
	int r;

	if (j->n == JOURNAL_SOURCES_MAX) {
		return -ENOSPC;
	}
	m = calloc(1, sizeof(*m));
	if (m) {
		m->source = source;
		m->text = strndup(place.p, place.n);
	}
	r = m && m->text ? journal_place_parse(str_of(m->text), &m->place, &bad) : -ENOMEM;
	if (r < 0) {
		if (m) {
			free(m->text);
		}
		free(m);
		return r;
	}
	j->meant[j->n++] = m;
	return 0;
}

int journal_start(struct journal *j, struct str cursor, instant since)
{
	int gone;

	j->since = cursor.n ? INSTANT_NEVER : since;
	if (cursor.n < sizeof(j->cursor)) {
		snprintf(j->cursor, sizeof(j->cursor), "%.*s", STR_ARG(cursor));
	}
	gone = journal_try(j);
	if (j->files.state == TAIL_MISSING && !j->cursor[0]) {
		snprintf(j->cursor, sizeof(j->cursor), "%s", BEGINNING);
	}
	return gone;
}

struct str journal_cursor(const struct journal *j)
{
	return str_of(j->cursor);
}

bool journal_is_idle(const struct journal *j)
{
	return !j->look;
}

struct str journal_dir(const struct journal *j)
{
	return str_of(j->dir);
}

size_t journal_count(const struct journal *j)
{
	return j->n;
}

struct journal_status journal_status(const struct journal *j, size_t i)
{
	return (struct journal_status){
		.source = j->meant[i]->source,
		.state = j->files.state,
		.error = j->files.error,
		.lines = j->meant[i]->lines,
		.cut = j->meant[i]->cut,
	};
}
