/* SPDX-License-Identifier: MIT */
/* leaking.c - does a banned address still make log lines?
 *
 * Only what the ban should have prevented counts: events of logs that its jail watches, or any
 * event when it stops all ports; not of what is on never-block, inside a banned network. Before
 * anybody is told the kernel is asked for the ban: one that somebody has taken out is missing, not
 * without effect, and is put back elsewhere; while that is looked at nothing is counted. */
#include "daemon/leaking.h"

#include "base/span.h"
#include "sys/clock.h"

/* What a log tells late says nothing of the packets that come now. */
static const duration fresh = { .us = 60000000 };

/* Does this ban stop what the event tells of? */
static bool is_meant(const struct daemon *d, const struct ban *ban, const struct event *event,
		     const struct prefix *host)
{
	const struct route *route = ruleset_route(engine_ruleset(d->engine), event);
	instant until;

	return engine_wish(d->engine, &ban->prefix, ban->scope, &until) &&
	       (ban->scope == SCOPE_ALL || (route && route_has(route, ban->jail))) &&
	       !never_block_find(engine_never(d->engine), host, ban->jail, event->service);
}

static const struct ban *earlier(const struct ban *a, const struct ban *b)
{
	return !a || b->since.us < a->since.us ? b : a;
}

/* Of the bans that should have prevented the event the one that began first; NULL. */
static const struct ban *ban_against(const struct daemon *d, const struct event *event)
{
	const struct prefix host = ruleset_subject(engine_ruleset(d->engine), &event->addr);
	const struct bans *bans = engine_bans(d->engine);
	const struct ban *ban = NULL, *found = NULL;

	while ((ban = bans_on(bans, &host, ban))) {
		found = is_meant(d, ban, event, &host) ? earlier(found, ban) : found;
	}
	while ((ban = bans_around(bans, &host, ban))) {
		found = is_meant(d, ban, event, &host) ? earlier(found, ban) : found;
	}
	return found;
}

void leaking_note(struct daemon *d, const struct batch *batch)
{
	instant now = clock_now();

	if (!d->enforcer || d->resync || d->reconcile.under_way || engine_observes(d->engine)) {
		return;
	}
	for (size_t i = 0; i < batch->n_events; i++) {
		const struct event *event = &batch->events[i].event;
		bool tells = event->source != EVENT_SOURCE_NONE && !event->unsaid &&
			     instant_since(now, event->time).us < fresh.us;
		const struct ban *ban = tells ? ban_against(d, event) : NULL;

		if (ban && leaks_note(&d->leaks, ban, event, now) &&
		    enforcer_ask(d->enforcer, &ban->prefix, ban->scope, COOKIE_LEAKING) < 0) {
			(void)leaks_confirm(&d->leaks, &ban->prefix, ban->scope, false, 0);
		}
	}
}

/* "63 events since 2026-11-22 03:02:51; the kernel drops none of its packets: ..." */
static void add_words(const struct daemon *d, const struct leak *leak, struct buf *text)
{
	const struct ruleset *rules = engine_ruleset(d->engine);
	char prefix[PREFIX_TEXT_MAX], since[INSTANT_TEXT_MAX];

	buf_printf(text,
		   "%s is blocked (jail %.*s, ports %.*s), and %.*s goes on telling of it: "
		   "%llu event%s since %s; ",
		   prefix_format_short(&leak->prefix, prefix),
		   STR_ARG(ruleset_jail_name(rules, leak->jail)),
		   STR_ARG(ruleset_ports(rules, leak->scope)),
		   STR_ARG(leak->source < rules->n_sources ? rules->sources[leak->source].text
							   : STR("a log")),
		   (unsigned long long)leak->events, str_plural(leak->events),
		   instant_format(leak->first, since));
	if (leak->packets) {
		buf_printf(text,
			   "the kernel drops packets of it (%llu), but not those: they come to "
			   "ports that the block leaves out, or by a proxy",
			   (unsigned long long)leak->packets);
	} else {
		buf_printf(text,
			   "the kernel holds the block%s: its packets come by a proxy, into "
			   "another network namespace, or past nftables",
			   d->counts_packets ? " and has not met one packet of it" : "");
	}
}

void leaking_answer(struct daemon *d, const struct enforcer_answer *answer)
{
	const struct leak *leak = leaks_confirm(&d->leaks, &answer->prefix, answer->scope,
						answer->held && !answer->error, answer->packets);
	CLEANUP(buf_done) struct buf text = { 0 };

	if (leak) {
		add_words(d, leak, &text);
		log_warning("%s; ipsctl doctor looks for the way", buf_text(&text));
	}
}

/* Forgets those whose ban is over. */
static void sweep(struct daemon *d)
{
	for (size_t i = d->leaks.n; i-- > 0;) {
		const struct leak *leak = &d->leaks.at[i];
		const struct ban *ban =
			engine_find_ban(d->engine, leak->jail, &leak->prefix, leak->scope);

		if (!ban || ban->id != leak->ban) {
			leaks_drop(&d->leaks, i);
		}
	}
}

size_t leaking_count(struct daemon *d)
{
	size_t n = 0;

	sweep(d);
	for (size_t i = 0; i < d->leaks.n; i++) {
		n += d->leaks.at[i].is_certain;
	}
	return n;
}

void leaking_findings(struct daemon *d, leaking_finding_fn fn, void *arg)
{
	size_t n = leaking_count(d), told = 0;
	CLEANUP(buf_done) struct buf text = { 0 }, command = { 0 };
	char prefix[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < d->leaks.n && told < LEAKING_TOLD; i++) {
		const struct leak *leak = &d->leaks.at[i];

		if (leak->is_certain) {
			buf_clear(&text);
			buf_clear(&command);
			add_words(d, leak, &text);
			buf_printf(&command, "ipsctl show %s",
				   prefix_format_short(&leak->prefix, prefix));
			fn(arg, buf_text(&command), buf_text(&text));
			told++;
		}
	}
	if (n > told) {
		buf_clear(&text);
		buf_printf(&text,
			   n - told == 1 ? "%zu more block does not stop its address either"
					 : "%zu more blocks do not stop their addresses either",
			   n - told);
		fn(arg, "ipsctl doctor", buf_text(&text));
	}
}
