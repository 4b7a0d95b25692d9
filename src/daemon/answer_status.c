/* SPDX-License-Identifier: MIT */
/* Status: is everything well, and if not, what is to be done? Findings are what a person should act
 * on; each names the command. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/span.h"
#include "daemon/braking.h"
#include "daemon/call.h"
#include "daemon/cutting.h"
#include "daemon/leaking.h"
#include "daemon/learning.h"
#include "daemon/offsets.h"
#include "daemon/reconcile.h"
#include "daemon/reload.h"
#include "daemon/room.h"
#include "sys/clock.h"

enum { SPARED_OFTEN = 10, SPARED_TOLD = 5 };

static void PRINTF(4, 5) add_finding(struct value *findings, const char *level, const char *command,
				     const char *fmt, ...)
{
	struct value *row = value_object();
	CLEANUP(buf_done) struct buf text = { 0 };
	va_list args;

	va_start(args, fmt);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	value_set_word(row, "level", level);
	value_set_word(row, "text", buf_text(&text));
	value_set_word(row, "command", command);
	value_add(findings, row);
}

static void add_unreadable(struct value *findings, const char *path, int error)
{
	CLEANUP(buf_done) struct buf command = { 0 };

	buf_printf(&command, "namei -l %s", path);
	add_finding(
		findings, "error", buf_text(&command),
		"%s cannot be read: %s; the user ipsd must be able to read it, or read-any-log be yes",
		path, strerror(error));
}

static const char *tail_state_word(enum tail_state state)
{
	switch (state) {
	case TAIL_READING: return "reading";
	case TAIL_MISSING: return "missing";
	case TAIL_GONE: return "gone";
	case TAIL_UNREADABLE: return "unreadable";
	}
	return "";
}

/* Patterns that no file fits, or too many. */
static void status_globs(const struct daemon *d, struct value *sources, struct value *findings)
{
	for (size_t i = 0; i < globs_count(d->globs); i++) {
		const struct globs_status s = globs_status(d->globs, i);
		struct value *row;

		if (s.left_out) {
			add_finding(
				findings, "error", "ipsctl check",
				"not all files that fit %s are read (left out: %zu): patterns may fit at most "
				"%d files at a time; name narrower ones as sources in [filter]",
				s.pattern, s.left_out, (int)GLOBS_FILES_MAX);
		}
		if (s.files || s.left_out) {
			continue;
		}
		row = value_object();
		value_set_word(row, "path", s.pattern);
		value_set_word(row, "state", "missing");
		value_set_int(row, "lag_bytes", 0);
		value_set_int(row, "lines", 0);
		value_set_word(
			row, "why",
			s.is_there
				? "no file fits the pattern yet; one that comes is read from its beginning"
				: "its folder does not exist yet");
		value_add(sources, row);
	}
}

static void add_unreadable_journal(struct value *findings, const struct journal *journal, int error)
{
	CLEANUP(buf_done) struct buf command = { 0 };
	struct str dir = journal_dir(journal);

	if (dir.n) {
		buf_printf(&command, "ls -l %.*s", STR_ARG(dir));
	} else {
		buf_printf(&command, "usermod -aG systemd-journal ipsd && systemctl restart ipsd");
	}
	add_finding(findings, "error", buf_text(&command),
		    "the journal%s%.*s cannot be read: %s; the user ipsd must be able to read it",
		    dir.n ? " in " : "", STR_ARG(dir), strerror(error));
}

static struct value *journal_row(const struct daemon *d, const struct journal *journal, size_t i)
{
	struct journal_status s = journal_status(journal, i);
	struct value *row = value_object();

	value_set_text(row, "path", engine_ruleset(d->engine)->sources[s.source].text);
	value_set_word(row, "state", tail_state_word(s.state));
	value_set_int(row, "lag_bytes", 0);
	value_set_int(row, "lines", (int64_t)s.lines);
	value_set_word(
		row, "why",
		s.state == TAIL_UNREADABLE ? strerror(s.error)
		: s.state == TAIL_MISSING
			? "there is no journal yet; it is read from its beginning when it appears"
			: NULL);
	return row;
}

static void status_journals(const struct daemon *d, struct value *sources, struct value *findings)
{
	for (size_t k = 0; k < d->n_readings; k++) {
		const struct journal *journal = d->readings[k].journal;
		struct journal_status first = journal_status(journal, 0);

		for (size_t i = 0; i < journal_count(journal); i++) {
			value_add(sources, journal_row(d, journal, i));
		}
		if (first.state == TAIL_UNREADABLE) {
			add_unreadable_journal(findings, journal, first.error);
		}
	}
}

static bool all_missing(const struct value *sources)
{
	for (size_t i = 0; i < value_length(sources); i++) {
		const struct value *state = value_get(value_at(sources, i), "state");

		if (!str_eq(value_text(state, STR("")), STR("missing"))) {
			return false;
		}
	}
	return true;
}

static void find_nothing_read(const struct value *sources, struct value *findings)
{
	if (!value_length(sources)) {
		add_finding(findings, "warning", "ipsctl check",
			    "no log is watched: no jail names a source");
	} else if (all_missing(sources)) {
		add_finding(
			findings, "warning", "ipsctl try --all FILE",
			"no log is read: none of the sources below exists. If your servers log "
			"elsewhere, see which filter knows that file, and name it as sources in "
			"[filter] of filters/FILTER.conf.d/local.conf");
	}
}

static void status_sources(const struct daemon *d, struct value *sources, struct value *findings)
{
	for (size_t i = 0; i < tail_count(d->tail); i++) {
		CLEANUP(buf_done) struct buf zone = { 0 };
		struct value *row = value_object();
		struct tail_status s;

		tail_status(d->tail, i, &s);
		value_set_word(row, "path", s.path);
		value_set_word(row, "state", tail_state_word(s.state));
		value_set_int(row, "lag_bytes", (int64_t)s.lag_bytes);
		value_set_int(row, "lines", (int64_t)s.lines);
		value_set_word(
			row, "why",
			s.state == TAIL_UNREADABLE ? strerror(s.error)
			: s.state == TAIL_MISSING
				? "there is no such file yet; it is read from its beginning when it appears"
			: s.state == TAIL_GONE
				? "it was moved or removed; the file that takes its place is read from its beginning"
				: offsets_why(d, s.source, &zone));
		value_add(sources, row);
		if (s.state == TAIL_UNREADABLE) {
			add_unreadable(findings, s.path, s.error);
		}
		if (s.cut) {
			add_finding(findings, "note", NULL,
				    "%s: lines longer than 64 KiB were cut: %llu", s.path,
				    (unsigned long long)s.cut);
		}
	}
	status_globs(d, sources, findings);
	status_journals(d, sources, findings);
	find_nothing_read(sources, findings);
}

static const char *part_word(enum part_state state)
{
	switch (state) {
	case PART_OK: return "watching";
	case PART_FAILED: return "failed";
	case PART_DISABLED: return "disabled";
	}
	return "";
}

/* Is there anything to be read of this source? */
static bool source_exists(const struct daemon *d, uint16_t source)
{
	for (size_t i = 0; i < tail_count(d->tail); i++) {
		struct tail_status s;

		tail_status(d->tail, i, &s);
		if (s.source == source && s.state != TAIL_MISSING) {
			return true;
		}
	}
	for (size_t k = 0; k < d->n_readings; k++) {
		const struct journal *journal = d->readings[k].journal;

		for (size_t i = 0; i < journal_count(journal); i++) {
			struct journal_status s = journal_status(journal, i);

			if (s.source == source && s.state != TAIL_MISSING) {
				return true;
			}
		}
	}
	return false;
}

/* None of the jail's sources exists yet. */
static bool jail_waits(const struct daemon *d, uint16_t jail)
{
	const struct ruleset *rules = engine_ruleset(d->engine);

	if (rules->jails[jail].watches_jails) {
		return false;
	}
	for (size_t i = 0; i < rules->n_sources; i++) {
		for (size_t k = 0; k < rules->sources[i].n_routes; k++) {
			if (route_has(&rules->sources[i].routes[k], jail) &&
			    source_exists(d, (uint16_t)i)) {
				return false;
			}
		}
	}
	return true;
}

static struct value *jail_row(const struct daemon *d, const struct config_part *part)
{
	bool runs = part->state == PART_OK;
	struct jail_stats stats = { 0 };
	struct value *row = value_object();
	bool observes = false, braked = false;
	instant until;

	if (runs) {
		stats = engine_jail_stats(d->engine, part->index);
		braked = braking_holds(d, part->index, clock_now(), &until);
		observes = engine_ruleset(d->engine)->jails[part->index].mode == JAIL_OBSERVE ||
			   braked;
	}
	value_set_text(row, "name", part->name);
	value_set_word(row, "state",
		       runs && part->automatic && jail_waits(d, part->index)
			       ? "waiting"
			       : part_word(part->state));
	value_set_word(row, "mode", observes ? "observe" : "enforce");
	value_set_int(row, "subjects", stats.subjects);
	value_set_int(row, "near", stats.near);
	value_set_int(row, "bans", stats.bans);
	value_set_int(row, "spared", (int64_t)stats.spared);
	value_set_int(row, "observed", (int64_t)stats.observed);
	if (part->state == PART_FAILED) {
		value_set_text(row, "why", part->why);
	} else {
		value_set_word(row, "why",
			       braked ? "too many known addresses failed at once" : NULL);
	}
	return row;
}

static void add_braked(const struct daemon *d, const struct config_part *part,
		       struct value *findings)
{
	CLEANUP(buf_done) struct buf command = { 0 };
	char text[INSTANT_TEXT_MAX];
	instant until;

	if (part->state == PART_OK && braking_holds(d, part->index, clock_now(), &until)) {
		buf_printf(&command, "ipsctl list --observed --jail %.*s", STR_ARG(part->name));
		add_finding(
			findings, "error", buf_text(&command),
			"jail %.*s bans nobody until %s at least: more than %u addresses from which people log in failed within five minutes;"
			" look whether the server's own login works",
			STR_ARG(part->name), instant_format(until, text),
			engine_ruleset(d->engine)->brake);
	}
}

static void status_jails(const struct daemon *d, struct value *jails, struct value *findings)
{
	for (size_t i = 0; i < d->config->n_jails; i++) {
		const struct config_part *part = &d->config->jails[i];

		value_add(jails, jail_row(d, part));
		add_braked(d, part, findings);
		if (part->state == PART_FAILED) {
			add_finding(findings, "error", "ipsctl check",
				    "jail %.*s does not run: %.*s", STR_ARG(part->name),
				    STR_ARG(part->why));
		}
	}
	for (size_t i = 0; i < d->config->n_filters; i++) {
		const struct config_part *part = &d->config->filters[i];

		if (part->state == PART_FAILED) {
			add_finding(findings, "error", "ipsctl check",
				    "filter %.*s is broken: %.*s", STR_ARG(part->name),
				    STR_ARG(part->why));
		}
	}
}

static void status_patterns(const struct daemon *d, struct value *findings)
{
	const struct ruleset *rules = engine_ruleset(d->engine);

	for (size_t f = 0; f < rules->n_filters; f++) {
		const struct filter *filter = rules->filters[f].filter;

		for (size_t i = 0; i < filter_pattern_count(filter); i++) {
			const struct diag_place *at = filter_pattern_place(filter, i);

			if (filter_pattern_gave_up(filter, i)) {
				add_finding(
					findings, "warning", "ipsctl check",
					"%.*s:%u: the pattern gave up on %llu line%s (too many ways to match)",
					STR_ARG(at->file), at->line,
					(unsigned long long)filter_pattern_gave_up(filter, i),
					str_plural(filter_pattern_gave_up(filter, i)));
			}
		}
	}
}

static void status_note(void *findings, const char *level, const char *command, const char *text)
{
	add_finding(findings, level, command, "%s", text);
}

static void status_kernel(const struct daemon *d, struct value *kernel, struct value *findings)
{
	const struct enforcer_state *s = d->enforcer ? enforcer_state(d->enforcer) : NULL;
	const char *error = s && s->last_error[0] ? s->last_error : NULL;

	value_set_bool(kernel, "agrees", enforcement_agrees(d));
	value_set_int(kernel, "elements", s ? (int64_t)s->elements : 0);
	value_set_int(kernel, "pending", s ? (int64_t)s->pending : 0);
	value_set_int(kernel, "foreign_changes", s ? (int64_t)s->foreign : 0);
	value_set_int(kernel, "mends", s ? (int64_t)s->mends : 0);
	value_set_int(kernel, "put_back", s ? (int64_t)s->put_back : 0);
	value_set_int(kernel, "taken_out", (int64_t)d->reconcile.removed);
	value_set_word(kernel, "last_error", error);
	if (!s) {
		return;
	}
	if (!s->running || !s->ready) {
		add_finding(findings, "error", "nft list table inet ipsd",
			    "the kernel does not block: %s",
			    error ? error : "the enforcer does not answer");
	} else if (d->kernel_trouble.on) {
		add_finding(findings, "error", "nft list table inet ipsd",
			    "the kernel refused a change: %s", d->kernel_trouble.text);
	}
	reconcile_findings(d, status_note, findings);
	cutting_findings(d, status_note, findings);
	if (s->restarts) {
		add_finding(findings, "note", NULL, "the enforcer was started again %llu time%s",
			    (unsigned long long)s->restarts, str_plural(s->restarts));
	}
}

/* What is spared again and again is more than a friend who errs. */
static void status_spared(const struct daemon *d, struct value *findings)
{
	const struct never_block *list = engine_never(d->engine);
	const struct never_entry *entry;
	uint32_t cursor = 0;
	size_t told = 0;

	while (told < SPARED_TOLD && (entry = never_block_each(list, &cursor))) {
		uint32_t n = never_block_spared(list, entry, clock_now());
		char text[PREFIX_TEXT_MAX];

		if (n < SPARED_OFTEN) {
			continue;
		}
		add_finding(
			findings, "warning", "ipsctl list --spared",
			"never-block %s spared %u blocks in 24 hours: a monitor that is broken, a "
			"backup MX that passes an attack on, or a proxy that hides the clients",
			prefix_format_short(&entry->prefix, text), (unsigned)n);
		told++;
	}
}

static void status_store(const struct daemon *d, struct value *findings)
{
	if (d->store_trouble.on) {
		const struct unwritten_counts waits = store_waiting(d->store);

		add_finding(
			findings, "error", "df -h",
			"the database cannot be written: %s; what waits: events %llu, decisions %llu",
			d->store_trouble.text, (unsigned long long)waits.events,
			(unsigned long long)waits.decisions);
	}
	if (store_is_unlinked(d->store)) {
		add_finding(findings, "error", "systemctl restart ipsd",
			    "state.db was removed or replaced while ipsd runs: it goes on, but "
			    "when it ends it forgets events, blocks and the mode");
	}
}

static void status_mode(const struct daemon *d, struct value *reply, struct value *findings)
{
	bool observes = engine_observes(d->engine);

	value_set_word(reply, "mode", observes ? "observe" : "enforce");
	value_set_instant(reply, "mode_until", d->mode_until);
	if (observes && d->forced_why) {
		add_finding(findings, "warning",
			    d->config->settings.never_block_broken ? "ipsctl check"
								   : "systemctl restart ipsd",
			    "nobody is blocked: %s", d->forced_why);
	} else if (observes) {
		add_finding(findings, "note", "ipsctl enforce",
			    "ipsd decides and shows (ipsctl list --observed), and blocks nobody "
			    "until you say so");
	}
	if (reload_stamp(d) != d->config_stamp) {
		add_finding(findings, "note", "ipsctl reload",
			    "config files were changed since they were read");
	}
	status_store(d, findings);
	if (engine_stats(d->engine).evicted) {
		add_finding(findings, "warning", NULL,
			    "more addresses than max-subjects: %llu were forgotten early",
			    (unsigned long long)engine_stats(d->engine).evicted);
	}
	if (engine_stats(d->engine).sessions_lost) {
		add_finding(findings, "note", NULL,
			    "more sessions of one log at once than are remembered (%d): of %llu it "
			    "was not seen how they ended",
			    SESSIONS_MAX,
			    (unsigned long long)engine_stats(d->engine).sessions_lost);
	}
}

static void status_leaking(void *findings, const char *command, const char *text)
{
	add_finding(findings, "warning", command, "%s", text);
}

enum call_next answer_status(struct call *call)
{
	struct daemon *d = call->daemon;
	struct value *reply = value_object(), *sources = value_array(), *jails = value_array();
	struct value *kernel = value_object(), *findings = value_array();

	value_set_word(reply, "version", IPSD_VERSION);
	status_mode(d, reply, findings);
	value_set_int(reply, "uptime", instant_since(clock_now(), d->started).us / 1000000);
	status_kernel(d, kernel, findings);
	status_sources(d, sources, findings);
	status_jails(d, jails, findings);
	status_patterns(d, findings);
	learning_findings(d, status_note, findings);
	status_spared(d, findings);
	room_findings(d, status_note, findings);
	leaking_findings(d, status_leaking, findings);
	value_set(reply, "sources", sources);
	value_set(reply, "jails", jails);
	value_set(reply, "bans", room_bans(d));
	value_set(reply, "kernel", kernel);
	value_set(reply, "findings", findings);
	call_reply(call, reply, false);
	return CALL_DONE;
}
