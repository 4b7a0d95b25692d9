/* SPDX-License-Identifier: MIT */
#include "daemon/rows.h"

#include <stdio.h>

#include "daemon/countries.h"
#include "sys/clock.h"

static void set_name(struct value *row, const char *key, struct str name)
{
	if (name.n) {
		value_set_text(row, key, name);
	} else {
		value_set_null(row, key);
	}
}

static void set_prefix(struct value *row, const char *key, const struct prefix *p)
{
	char text[PREFIX_TEXT_MAX];

	value_set_word(row, key, prefix_format(p, text));
}

static void set_left(struct value *row, instant until, instant now)
{
	if (instant_is_never(until)) {
		value_set_null(row, "seconds_left");
	} else {
		int64_t left = instant_since(until, now).us;

		value_set_int(row, "seconds_left", left > 0 ? (left + 999999) / 1000000 : 0);
	}
}

/* What both kinds of rows share. `score` and `threshold` are null for bans by hand. */
static void set_score(struct value *row, bool by_hand, int64_t score, uint32_t threshold)
{
	if (by_hand) {
		value_set_null(row, "score");
		value_set_null(row, "threshold");
	} else {
		value_set_int(row, "score", score);
		value_set_int(row, "threshold", threshold);
	}
}

void row_set_country(struct value *row, struct daemon *d, const struct addr *addr, instant now)
{
	char text[3];

	value_set_word(row, "country", countries_find(d, addr, now, text));
}

static void set_blocks(struct value *row, struct daemon *d, const struct prefix *p, instant now)
{
	row_set_country(row, d, &p->addr, now);
	value_set_int(row, "blocks_30d", engine_blocks_30d(d->engine, p, now));
	value_set_null(row, "dropped_packets");
	value_set_int(row, "folded", 0);
}

/* The jail's words; of a ban inside a wider one also which that is. */
static void set_description(struct value *row, const struct daemon *d, const struct ban *ban,
			    struct str about)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	char around[PREFIX_TEXT_MAX];
	const struct ban *wider = NULL;

	if (ban->prefix.len > 0) {
		const struct prefix outer =
			prefix_of(&ban->prefix.addr, (uint8_t)(ban->prefix.len - 1));

		wider = bans_covering(engine_bans(d->engine), &outer);
	}
	if (!wider || ban->kind != DECISION_BAN) {
		set_name(row, "description", about);
		return;
	}
	buf_printf(&text, "%.*s%sinside %s, banned as a whole", STR_ARG(about), about.n ? "; " : "",
		   prefix_format(&wider->prefix, around));
	value_set_word(row, "description", buf_text(&text));
}

struct value *row_ban(struct daemon *d, const struct ban *ban, instant now)
{
	const struct ruleset *rules = engine_ruleset(d->engine);
	bool by_hand = ban->jail == JAIL_BY_HAND;
	const struct jail *jail = by_hand ? NULL : &rules->jails[ban->jail];
	struct value *row = value_object();

	value_set_int(row, "id", (int64_t)ban->id);
	value_set_word(row, "kind", decision_word(ban->kind));
	set_prefix(row, "prefix", &ban->prefix);
	value_set_word(row, "action", action_word(ban->action));
	value_set_text(row, "jail", ruleset_jail_name(rules, ban->jail));
	set_name(row, "type", jail ? jail->type : STR("Manual"));
	set_name(row, "service", names_at(&rules->services, ban->service));
	set_description(row, d, ban, jail ? jail->about : STR_NONE);
	value_set_text(row, "ports", rules->scopes[ban->scope].label);
	value_set_instant(row, "since", ban->since);
	value_set_instant(row, "until", ban->until);
	set_left(row, ban->until, now);
	set_score(row, by_hand, ban->score, ban->threshold);
	set_blocks(row, d, &ban->prefix, now);
	value_set_word(row, "reason", ban->reason);
	value_set_word(row, "by", ban->by ? ban->by : "ipsd");
	value_set_word(row, "because", because_word(ban->because));
	return row;
}

struct value *row_stored_ban(struct daemon *d, const struct stored_ban *ban, instant now)
{
	const struct ruleset *rules = engine_ruleset(d->engine);
	const struct decision *decision = &ban->decision;
	uint16_t number = ruleset_jail(rules, ban->jail);
	const struct jail *jail = number == JAIL_BY_HAND ? NULL : &rules->jails[number];
	bool by_hand = decision->jail == JAIL_BY_HAND;
	struct value *row = value_object();

	value_set_int(row, "id", (int64_t)decision->ban);
	value_set_word(row, "kind", ban->ended.us ? "ended" : decision_word(decision->kind));
	set_prefix(row, "prefix", &decision->prefix);
	value_set_word(row, "action", action_word(decision->action));
	value_set_text(row, "jail", ban->jail);
	set_name(row, "type", by_hand ? STR("Manual") : jail ? jail->type : STR_NONE);
	set_name(row, "service", ban->service);
	set_name(row, "description", jail ? jail->about : STR_NONE);
	value_set_text(row, "ports", ban->scope);
	value_set_instant(row, "since", decision->time);
	value_set_instant(row, "until", ban->ended.us ? ban->ended : decision->until);
	set_left(row, ban->ended.us ? ban->ended : decision->until, now);
	set_score(row, by_hand, decision->score, decision->threshold);
	set_blocks(row, d, &decision->prefix, now);
	set_name(row, "reason", decision->reason);
	set_name(row, "by", decision->by.n ? decision->by : STR("ipsd"));
	value_set_word(row, "because",
		       because_word(ban->ended.us ? ban->ended_because : decision->because));
	return row;
}

struct value *row_event(struct daemon *d, const struct stored_event *event, bool counted)
{
	struct value *row = value_object();
	char text[ADDR_TEXT_MAX];

	value_set_int(row, "id", (int64_t)event->id);
	value_set_instant(row, "time", event->time);
	value_set_word(row, "address", event->addr.family ? addr_format(&event->addr, text) : NULL);
	row_set_country(row, d, &event->addr, clock_now());
	value_set_text(row, "type", event->type);
	value_set_int(row, "count", event->count);
	set_name(row, "service", event->service);
	set_name(row, "account", event->account);
	value_set_text(row, "filter", event->filter);
	value_set_text(row, "source", event->source);
	set_name(row, "data", event->data);
	value_set_text(row, "text", event->text);
	value_set_bool(row, "counted", counted && !event->ignored);
	value_set_bool(row, "ignored", event->ignored);
	if (counted) {
		value_set_int(row, "points", event->points);
	} else {
		value_set_null(row, "points");
	}
	return row;
}

static bool count_event(void *arg, const struct stored_event *event)
{
	struct value *counts = arg;
	CLEANUP(buf_done) struct buf type = { 0 };

	buf_add_str(&type, event->type);
	value_set_int(counts, buf_text(&type),
		      value_int(value_get(counts, buf_text(&type)), 0) + event->count);
	return true;
}

/* How many events of each type counted towards it. */
static struct value *decision_events(struct store *store, uint64_t ban)
{
	struct value *counts = value_object();

	if (store_evidence(store, ban, count_event, counts) < 0) {
		log_error("cannot read the evidence of a ban: %s", store_error(store));
	}
	return counts;
}

struct value *row_decision(struct daemon *daemon, const struct stored_ban *ban)
{
	const struct ruleset *rules = engine_ruleset(daemon->engine);
	const struct decision *d = &ban->decision;
	uint16_t number = ruleset_jail(rules, ban->jail);
	bool by_hand = d->jail == JAIL_BY_HAND;
	struct value *row = value_object();

	value_set_word(row, "decision", decision_word(d->kind));
	value_set_instant(row, "time", d->time);
	set_prefix(row, "prefix", &d->prefix);
	row_set_country(row, daemon, &d->prefix.addr, clock_now());
	value_set_word(row, "action", action_word(d->action));
	value_set_text(row, "jail", ban->jail);
	set_name(row, "type",
		 by_hand                  ? STR("Manual")
		 : number == JAIL_BY_HAND ? STR_NONE
					  : rules->jails[number].type);
	set_score(row, by_hand, d->score, d->threshold);
	value_set_instant(row, "until", d->until);
	value_set_instant(row, "ended", ban->ended);
	value_set_word(row, "because", because_word(d->because));
	set_name(row, "by", d->by);
	set_name(row, "reason", d->reason);
	value_set_text(row, "ports", ban->scope);
	value_set(row, "events", decision_events(daemon->store, d->ban));
	return row;
}

static void add_points(struct value *list, const struct ruleset *rules, const struct jail *jail,
		       uint16_t type, int64_t count, int64_t sum)
{
	struct value *row = value_object();
	const struct event_kind *kind = type < EVENT_KNOWN_TYPES ? event_kind(type) : NULL;
	int32_t multiplier = jail_points(jail, type);

	value_set_text(row, "type", names_at(&rules->types, type));
	value_set_word(row, "about", kind ? kind->about : "");
	value_set_word(row, "innocent", kind && *kind->innocent ? kind->innocent : NULL);
	value_set_int(row, "count", count);
	value_set_int(row, "multiplier", multiplier > 0 ? multiplier : 0);
	value_set_int(row, "points", sum);
	value_add(list, row);
}

struct value *row_points(const struct ruleset *rules, const struct jail *jail,
			 const struct evidence *entries, size_t n)
{
	struct value *list = value_array();
	uint64_t done[NAMES_MAX / 64] = { 0 };

	for (size_t i = 0; i < n; i++) {
		uint16_t type = entries[i].type;
		int64_t count = 0, sum = 0;

		if (done[type / 64] & UINT64_C(1) << type % 64) {
			continue;
		}
		done[type / 64] |= UINT64_C(1) << type % 64;
		for (size_t k = i; k < n; k++) {
			if (entries[k].type == type) {
				count += entries[k].count;
				sum += entries[k].points;
			}
		}
		add_points(list, rules, jail, type, count, sum);
	}
	return list;
}

static void add_hole(struct value *notes, const struct never_entry *entry)
{
	CLEANUP(buf_done) struct buf line = { 0 };
	char text[PREFIX_TEXT_MAX];

	buf_printf(&line, "banned without %s (never-block, ",
		   prefix_format_short(&entry->prefix, text));
	if (entry->file.n) {
		buf_printf(&line, "%.*s:%u)", STR_ARG(entry->file), entry->line);
	} else {
		buf_printf(&line, "%s)", never_from_word(entry->from));
	}
	value_add_text(notes, buf_str(&line));
}

void row_add_holes(const struct engine *e, const struct prefix *prefixes, size_t n,
		   struct value *notes)
{
	const struct never_entry *entry;
	uint32_t cursor = 0;

	while (n > 0 && value_length(notes) < HOLES_MAX &&
	       (entry = never_block_each(engine_never(e), &cursor))) {
		bool inside = false;

		for (size_t i = 0; i < n && entry->prefix.addr.family; i++) {
			inside |= prefix_contains(&prefixes[i], &entry->prefix);
		}
		if (inside && never_entry_is_global(entry)) {
			add_hole(notes, entry);
		}
	}
}

struct value *row_never(const struct daemon *d, const struct never_entry *entry, instant now)
{
	const struct ruleset *rules = engine_ruleset(d->engine);
	struct value *row = value_object();
	char prefix[PREFIX_TEXT_MAX];

	value_set_text(row, "entry",
		       never_entry_is_host(entry) ? entry->text
						  : str_of(prefix_format(&entry->prefix, prefix)));
	value_set_instant(row, "until", entry->until);
	set_left(row, entry->until, now);
	set_name(row, "jail",
		 entry->jail < rules->n_jails ? rules->jails[entry->jail].name : STR_NONE);
	set_name(row, "service", names_at(&rules->services, entry->service));
	set_name(row, "reason", entry->reason);
	set_name(row, "by", entry->by);
	value_set_word(row, "from", never_from_word(entry->from));
	set_name(row, "file", entry->file);
	value_set_null(row, "line");
	if (entry->line > 0) {
		value_set_int(row, "line", entry->line);
	}
	set_name(row, "text", entry->text);
	value_set_int(row, "spared_24h", never_block_spared(engine_never(d->engine), entry, now));
	return row;
}

struct value *row_never_entries(const struct daemon *d, const struct prefix *p, instant now)
{
	struct value *rows = value_array();
	const struct never_entry *entry;
	uint32_t cursor = 0;

	while ((entry = never_block_each(engine_never(d->engine), &cursor))) {
		if (!never_entry_is_host(entry) && prefix_contains(&entry->prefix, p)) {
			value_add(rows, row_never(d, entry, now));
		}
	}
	return rows;
}
