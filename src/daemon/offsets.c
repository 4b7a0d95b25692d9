/* SPDX-License-Identifier: MIT */
/* Saved under the name of the source: the seconds that are added, and the offset of the configured
 * zone. Who sets `timezone` as he was told to changes that, and what was learnt is forgotten. */
#include "daemon/offsets.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/span.h"
#include "sys/clock.h"

static int32_t configured(const struct ruleset *rules, const struct source *source)
{
	return filter_zone_offset(rules->filters[source->routes[0].filter].filter, clock_now());
}

static void key_of(const struct source *source, struct buf *key)
{
	buf_printf(key, "offset %.*s", STR_ARG(source->text));
}

static duration recalled(struct daemon *d, const struct source *source)
{
	CLEANUP(buf_done) struct buf key = { 0 };
	CLEANUP(buf_done) struct buf value = { 0 };
	char *end;
	long long offset, zone;

	key_of(source, &key);
	if (buf_ok(&key) < 0 || store_get(d->store, buf_text(&key), &value) != 1 ||
	    buf_ok(&value) < 0) {
		return seconds(0);
	}
	offset = strtoll(buf_text(&value), &end, 10);
	zone = strtoll(end, NULL, 10);
	return zone == configured(engine_ruleset(d->engine), source) ? seconds(offset) : seconds(0);
}

void offsets_recall(struct daemon *d)
{
	const struct ruleset *rules = engine_ruleset(d->engine);

	for (size_t i = 0; i < rules->n_sources; i++) {
		const struct source *source = &rules->sources[i];

		if (source->detector && source->n_routes > 0) {
			detector_set_offset(source->detector, recalled(d, source));
		}
	}
}

duration offsets_of(const struct daemon *d, uint16_t source)
{
	return detector_offset(engine_ruleset(d->engine)->sources[source].detector);
}

/* "2h behind". */
static void add_words(struct buf *text, duration offset)
{
	char span[SPAN_TEXT_MAX];
	bool behind = offset.us > 0;

	buf_printf(text, "%s %s",
		   span_format((duration){ .us = behind ? offset.us : -offset.us }, span),
		   behind ? "behind" : "ahead");
}

const char *offsets_why(const struct daemon *d, uint16_t source, struct buf *text)
{
	const struct ruleset *rules = engine_ruleset(d->engine);
	duration offset = offsets_of(d, source);

	if (offset.us == 0) {
		return NULL;
	}
	buf_printf(text, "its stamps are ");
	add_words(text, offset);
	buf_printf(text,
		   ", taken for another time zone and put right; set `timezone` in [filter] of "
		   "filters/%.*s.conf.d/local.conf",
		   STR_ARG(rules->filters[rules->sources[source].routes[0].filter].name));
	return buf_ok(text) < 0 ? NULL : buf_text(text);
}

static void tell(const struct daemon *d, uint16_t source)
{
	struct str name = engine_ruleset(d->engine)->sources[source].text;
	CLEANUP(buf_done) struct buf why = { 0 };

	if (offsets_why(d, source, &why)) {
		log_warning("%.*s: %s", STR_ARG(name), buf_text(&why));
	} else {
		log_notice("%.*s: its stamps are those of this host's clock again", STR_ARG(name));
	}
}

int offsets_note(struct daemon *d, uint16_t source, duration before)
{
	const struct ruleset *rules = engine_ruleset(d->engine);
	duration offset = offsets_of(d, source);
	CLEANUP(buf_done) struct buf key = { 0 };
	CLEANUP(buf_done) struct buf value = { 0 };
	int r;

	if (offset.us == before.us) {
		return 0;
	}
	r = wheel_apply(d, false);
	key_of(&rules->sources[source], &key);
	buf_printf(&value, "%" PRId64 " %" PRId32, offset.us / 1000000,
		   configured(rules, &rules->sources[source]));
	if (buf_ok(&key) < 0 || buf_ok(&value) < 0 ||
	    store_set(d->store, buf_text(&key), buf_str(&value)) < 0) {
		log_error("the time zone of %.*s cannot be saved: %s",
			  STR_ARG(rules->sources[source].text), store_error(d->store));
	}
	tell(d, source);
	return r;
}
