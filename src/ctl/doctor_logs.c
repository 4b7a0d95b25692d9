/* SPDX-License-Identifier: MIT */
/* What the logs give away: of those that are read, what comes of them; of the latest events, from
 * where they come. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "ctl/client.h"
#include "ctl/doctor.h"
#include "ctl/terminal.h"
#include "policy/sample.h"
#include "sys/clock.h"

enum { SAMPLES_MAX = 10000, FOUND_MAX = 5, MANY_LINES = 1000, QUIET_SECONDS = 7 * 86400 };

/* ---- what is read ---- */

static void judge_reading(struct doctor *d, const struct value *row, size_t *n_bad)
{
	int64_t lines = value_int(value_get(row, "lines"), 0),
		events = value_int(value_get(row, "events"), 0);
	struct str source = member(row, "source", ""), filter = member(row, "filter", "");
	CLEANUP(buf_done) struct buf command = { 0 };
	instant written;
	char local[32];

	if (lines >= MANY_LINES && events == 0) {
		buf_printf(&command, "ipsctl try --missed %.*s %.*s", STR_ARG(filter),
			   STR_ARG(source));
		doctor_find(
			d, "logs",
			(struct remedy){
				"the filter does not know this log, or the server is set to log too little",
				buf_text(&command) },
			"of %lld lines of %.*s the filter %.*s knew none", (long long)lines,
			STR_ARG(source), STR_ARG(filter));
		++*n_bad;
	} else if (member_instant(row, "written", &written) &&
		   instant_since(clock_now(), written).us > seconds(QUIET_SECONDS).us) {
		terminal_local_time(written, local);
		buf_printf(&command, "ls -lt %.*s* | head", STR_ARG(source));
		doctor_find(
			d, "logs",
			(struct remedy){
				"does its server log elsewhere by now? name that as sources in [filter]",
				buf_text(&command) },
			"nothing was written to %.*s since %s", STR_ARG(source), local);
		++*n_bad;
	}
}

void doctor_readings(struct doctor *d)
{
	const struct value *readings = value_get(d->facts, "readings");
	long long lines = 0, events = 0;
	size_t n_bad = 0, n_read = 0;

	for (size_t i = 0; i < value_length(readings); i++) {
		const struct value *row = value_at(readings, i);

		judge_reading(d, row, &n_bad);
		lines += value_int(value_get(row, "lines"), 0);
		events += value_int(value_get(row, "events"), 0);
		n_read += value_int(value_get(row, "files"), 0) > 0 ||
			  str_has_prefix(member(row, "source", ""), STR("journal:"));
	}
	if (!d->facts) {
		doctor_unseen(
			d, "logs", d->ask,
			"what comes of them, and from where the latest events come, only ipsd knows");
	} else if (!n_bad) {
		doctor_fine(d, "logs",
			    "sources read: %zu of %zu; lines %lld, events of known kinds %lld",
			    n_read, value_length(readings), lines, events);
	}
}

void doctor_zones(struct doctor *d)
{
	const struct value *sources = value_get(d->status, "sources");

	for (size_t i = 0; i < value_length(sources); i++) {
		const struct value *row = value_at(sources, i);
		struct str why = member(row, "why", "");

		if (str_has_prefix(why, STR("its stamps are"))) {
			doctor_find(d, "clock", (struct remedy){ .command = "ipsctl reload" },
				    "%.*s: %.*s", STR_ARG(member(row, "path", "")), STR_ARG(why));
		}
	}
}

/* ---- the latest events ---- */

struct latest {
	struct sample *samples;
	size_t n;
	struct value *rows; /* owns the texts below */
	struct str logs[SAMPLE_LOGS_MAX], types[SAMPLE_LOGS_MAX];
	size_t n_logs, n_types;
};

/* The number of the word; that of the last one when there are too many. */
static uint16_t number_of(struct str *words, size_t *n, struct str word)
{
	size_t i = 0;

	while (i < *n && !str_eq(words[i], word)) {
		i++;
	}
	if (i == *n && *n < SAMPLE_LOGS_MAX) {
		words[(*n)++] = word;
	}
	return (uint16_t)(i < SAMPLE_LOGS_MAX ? i : SAMPLE_LOGS_MAX - 1);
}

/* FNV-1a; 0 for no account. */
static uint64_t account_number(struct str account)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < account.n; i++) {
		h = (h ^ (uint8_t)account.p[i]) * UINT64_C(0x100000001b3);
	}
	return account.n ? h | 1 : 0;
}

static void take_event(struct latest *l, const struct value *row)
{
	struct sample *s = &l->samples[l->n];
	int64_t count = value_int(value_get(row, "count"), 1);

	*s = (struct sample){ .count = count > 0 && count < UINT16_MAX ? (uint32_t)count : 1 };
	if (l->n == SAMPLES_MAX || addr_parse(member(row, "address", ""), &s->addr) < 0 ||
	    !member(row, "source", "").n || !member_instant(row, "time", &s->time)) {
		return;
	}
	s->log = number_of(l->logs, &l->n_logs, member(row, "source", ""));
	s->type = number_of(l->types, &l->n_types, member(row, "type", ""));
	s->account = account_number(member(row, "account", ""));
	l->n++;
}

static bool take_events(void *arg, const struct value *p)
{
	const struct value *events = value_get(p, "events");
	struct latest *l = arg;

	for (size_t i = 0; i < value_length(events); i++) {
		struct value *row = value_share_at(events, i);

		value_add(l->rows, row);
		take_event(l, row);
	}
	return true;
}

static void find_crowds(struct doctor *d, struct latest *l)
{
	struct crowd crowds[FOUND_MAX];
	size_t n = sample_crowds(l->samples, l->n, crowds, FOUND_MAX);

	for (size_t i = 0; i < n; i++) {
		CLEANUP(buf_done) struct buf command = { 0 };
		char address[ADDR_TEXT_MAX];

		buf_printf(&command, "ipsctl events --address %s",
			   addr_format(&crowds[i].addr, address));
		doctor_find(
			d, "proxy",
			(struct remedy){
				"have it pass the client's address on, and the server log that (PROXY protocol; X-Forwarded-For by real_ip in nginx, mod_remoteip in Apache)",
				buf_text(&command) },
			"%u of the latest %u events in %.*s come from %s, an inner address: a proxy hides the clients, nobody behind it can be blocked",
			crowds[i].events, crowds[i].all, STR_ARG(l->logs[crowds[i].log]), address);
	}
	if (!n) {
		doctor_fine(d, "proxy",
			    "no log has most of its latest %zu events from one inner address",
			    l->n);
	}
}

static void find_twins(struct doctor *d, struct latest *l)
{
	struct twins twins[FOUND_MAX];
	size_t n = sample_twins(l->samples, l->n, twins, FOUND_MAX);

	for (size_t i = 0; i < n; i++) {
		struct str a = l->logs[twins[i].logs[0]], b = l->logs[twins[i].logs[1]];

		doctor_find(
			d, "twice",
			(struct remedy){
				"each counts twice, and people are blocked at half the threshold; leave one of the two in sources",
				"ipsctl status" },
			"%.*s and %.*s tell the same: %u of %u events", STR_ARG(a), STR_ARG(b),
			twins[i].both, twins[i].all);
	}
	if (!n) {
		doctor_fine(d, "twice", "no two logs tell the same events");
	}
}

void doctor_events(struct doctor *d)
{
	static struct latest latest;
	CLEANUP(value_freep) struct value *rows = value_array();
	struct value *parameters = value_object();

	latest = (struct latest){ .rows = rows,
				  .samples = calloc(SAMPLES_MAX + 1, sizeof(*latest.samples)) };
	value_set_int(parameters, "limit", SAMPLES_MAX);
	if (!d->status) {
		value_free(parameters);
	} else if (!latest.samples || client_call(d->ctl, "Events", parameters, true, take_events,
						  &latest) != CTL_DONE) {
		doctor_unseen(d, "proxy", "ipsctl events", "the latest events cannot be read");
	} else if (!latest.n) {
		doctor_fine(d, "proxy", "there are no events to see one by");
	} else {
		find_crowds(d, &latest);
		find_twins(d, &latest);
	}
	free(latest.samples);
}
