/* SPDX-License-Identifier: MIT */
/* The journal's lines: one reader for each journal, whatever number of sources and jails ask for
 * its entries. A journal has one position, the cursor of the last entry that was taken in whole,
 * saved in the transaction of what that entry brought. */
#include <errno.h>
#include <string.h>

#include "base/journal_place.h"
#include "daemon/first_read.h"
#include "sys/clock.h"

static void journals_note(struct daemon *d, struct reading *r, struct str cursor)
{
	buf_clear(&r->cursor);
	buf_add_str(&r->cursor, cursor);
	if (r->cursor.n && buf_ok(&r->cursor) == 0) {
		sources_note(d, &(struct stored_position){ .path = r->name,
							   .cursor = buf_str(&r->cursor) });
	}
}

void journals_note_all(struct daemon *d)
{
	for (size_t i = 0; i < d->n_readings; i++) {
		struct reading *r = &d->readings[i];

		if (r->cursor.n > 0) {
			sources_note(d, &(struct stored_position){ .path = r->name,
								   .cursor = buf_str(&r->cursor) });
		}
	}
}

/* The reading that a source of the ruleset belongs to. */
static struct reading *reading_of(struct daemon *d, uint16_t source)
{
	for (size_t i = 0; i < d->n_readings; i++) {
		const struct journal *j = d->readings[i].journal;

		for (size_t k = 0; k < journal_count(j); k++) {
			if (journal_status(j, k).source == source) {
				return &d->readings[i];
			}
		}
	}
	return NULL;
}

static int journals_take(void *arg, const struct journal_entry *entry)
{
	struct daemon *d = arg;
	struct reading *reading;
	struct feed feed;

	steps_follow(d);
	feed = (struct feed){
		.source = entry->source,
		.chunk = entry->message,
		.arrival = clock_now(),
		.file_time = entry->time,
		.said = true,
		.program = entry->program,
	};

	if (!d->in_entry && engine_is_half_full(d->engine)) {
		int r = wheel_apply(d, false);

		if (r < 0) {
			return r;
		}
	}
	d->in_entry = !entry->cursor.n;
	while (engine_feed(d->engine, &feed) < feed.chunk.n) {
		int r = wheel_apply(d, false);

		if (r < 0) {
			return r;
		}
	}
	reading = entry->cursor.n ? reading_of(d, entry->source) : NULL;
	if (reading) {
		journals_note(d, reading, entry->cursor);
	}
	return 0;
}

static struct reading *journals_find(struct daemon *d, struct str dir)
{
	for (size_t i = 0; i < d->n_readings; i++) {
		if (str_eq(journal_dir(d->readings[i].journal), dir)) {
			return &d->readings[i];
		}
	}
	return NULL;
}

static int journals_make(struct daemon *d, struct str dir, struct reading **ret)
{
	struct reading *r = &d->readings[d->n_readings];
	int e;

	if (d->n_readings == JOURNALS_MAX) {
		return -ENOSPC;
	}
	buf_printf(&r->text, "journal:%.*s", STR_ARG(dir));
	e = buf_ok(&r->text);
	e = e < 0 ? e : journal_new(d->loop, dir, journals_take, d, &r->journal);
	if (e < 0) {
		buf_done(&r->text);
		return e;
	}
	r->name = buf_str(&r->text);
	d->n_readings++;
	*ret = r;
	return 0;
}

int journals_add(struct daemon *d, uint16_t number, struct str text)
{
	struct journal_place place;
	struct reading *reading;
	struct str bad;
	int r = journal_place_parse(text, &place, &bad);

	if (r < 0) {
		return r;
	}
	reading = journals_find(d, place.dir);
	r = reading ? 0 : journals_make(d, place.dir, &reading);
	return r < 0 ? r : journal_add(reading->journal, number, text);
}

/* One reader for all: what the first of its sources wants. */
static instant journals_since(const struct daemon *d, const struct reading *reading)
{
	instant since = INSTANT_NEVER;

	for (size_t i = 0; i < journal_count(reading->journal); i++) {
		uint16_t source = journal_status(reading->journal, i).source;

		since = instant_min(since, first_read_since(d, source));
	}
	return since;
}

static int journals_begin(struct daemon *d, struct reading *reading)
{
	CLEANUP(buf_done) struct buf cursor = { 0 };
	int known = store_cursor(d->store, reading->name, &cursor), r;

	if (known < 0) {
		log_error("cannot read the position of %s: %s", buf_text(&reading->text),
			  store_error(d->store));
	}
	r = journal_start(reading->journal, buf_str(&cursor), journals_since(d, reading));
	if (r == 1 && known == 1) {
		log_warning("%s: the entry that was read last is gone (the journal was rotated "
			    "away); reading goes on with what came after it",
			    buf_text(&reading->text));
	}
	if (r >= 0 && known == 0) {
		journals_note(d, reading, journal_cursor(reading->journal));
	}
	return r < 0 ? r : 0;
}

int journals_start(struct daemon *d)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < d->n_readings; i++) {
		r = journals_begin(d, &d->readings[i]);
	}
	return r;
}

bool journals_are_idle(const struct daemon *d)
{
	for (size_t i = 0; i < d->n_readings; i++) {
		if (!journal_is_idle(d->readings[i].journal)) {
			return false;
		}
	}
	return true;
}

void journals_stop(struct daemon *d)
{
	for (size_t i = 0; i < d->n_readings; i++) {
		struct reading *r = &d->readings[i];

		journal_free(r->journal);
		buf_done(&r->text);
		buf_done(&r->cursor);
	}
	d->n_readings = 0;
}
