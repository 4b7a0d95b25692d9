/* SPDX-License-Identifier: MIT */
#include "daemon/telling.h"

#include "base/span.h"
#include "output/print.h"
#include "sys/clock.h"

static const duration second = { .us = 1000000 };

static void tell(const struct ruleset *rules, const struct decision *d)
{
	CLEANUP(buf_done) struct buf line = { 0 };

	print_decision(rules, d, &line);
	log_notice("%s", buf_text(&line));
}

/* "and 2,000 more: 1990 ban, 10 lift; ..." */
static void tell_rest(struct telling *t)
{
	CLEANUP(buf_done) struct buf kinds = { 0 };
	uint64_t all = 0;

	for (enum decision_kind k = DECISION_BAN; k <= DECISION_OBSERVED; k++) {
		if (t->left_out[k]) {
			buf_printf(&kinds, "%s%llu %s", all ? ", " : "",
				   (unsigned long long)t->left_out[k], decision_word(k));
		}
		all += t->left_out[k];
		t->left_out[k] = 0;
	}
	if (all) {
		log_notice(
			"and %llu more within a second (%s); `ipsctl events --decisions` tells them",
			(unsigned long long)all, buf_text(&kinds));
	}
}

static bool has_left_out(const struct telling *t)
{
	return t->left_out[DECISION_BAN] || t->left_out[DECISION_LIFT] ||
	       t->left_out[DECISION_SPARED] || t->left_out[DECISION_OBSERVED];
}

instant telling_due(struct daemon *d, instant now)
{
	struct telling *t = &d->telling;
	instant end = instant_add(t->since, second);

	if (now.us < t->since.us || now.us >= end.us) {
		tell_rest(t);
		t->since = now;
		t->lines = 0;
		return INSTANT_NEVER;
	}
	return has_left_out(t) ? end : INSTANT_NEVER;
}

void telling_decisions(struct daemon *d, const struct batch *batch)
{
	const struct ruleset *rules = engine_ruleset(d->engine);
	struct telling *t = &d->telling;

	(void)telling_due(d, clock_now());
	for (size_t i = 0; i < batch->n_decisions; i++) {
		if (t->lines < TELLING_LINES) {
			tell(rules, &batch->decisions[i]);
			t->lines++;
		} else {
			t->left_out[batch->decisions[i].kind]++;
		}
	}
}

void telling_end(struct daemon *d)
{
	tell_rest(&d->telling);
}

static uint64_t running_bans(const struct daemon *d)
{
	uint32_t cursor = 0;
	uint64_t n = 0;
	const struct ban *ban;

	while ((ban = engine_each_ban(d->engine, &cursor))) {
		n += ban->kind == DECISION_BAN && !ban->ended;
	}
	return n;
}

void telling_ready(const struct daemon *d)
{
	const struct ruleset *rules = engine_ruleset(d->engine);
	bool observes = engine_observes(d->engine);

	log_notice("ipsd " IPSD_VERSION
		   " is ready: jails %zu, filters %zu, sources %zu, bans of before %llu; %s",
		   rules->n_jails, rules->n_filters, rules->n_sources,
		   (unsigned long long)running_bans(d),
		   observes ? "observing: nobody is blocked" : "enforcing");
}

void telling_stay(const struct daemon *d)
{
	uint32_t cursor = 0, n = 0;
	instant last = instant_at(0);
	const struct ban *ban;
	char until[INSTANT_TEXT_MAX];

	while (d->enforcer && !engine_observes(d->engine) &&
	       (ban = engine_each_ban(d->engine, &cursor))) {
		if (ban->kind == DECISION_BAN && !ban->ended) {
			n++;
			last = instant_max(last, ban->until);
		}
	}
	if (n) {
		log_notice(
			"ended; bans that stay in the kernel until they end by themselves: %u (the last %s%s); `ipsctl teardown` "
			"removes them, `ipsctl observe` before the stop lets everybody in",
			n, instant_is_never(last) ? "never" : "at ", instant_format(last, until));
	} else {
		log_notice("ended; no bans stay in the kernel");
	}
	if (n && d->resync) {
		log_warning("not all of them have been sent to the kernel, in which %llu stand; "
			    "the next start sends the rest",
			    (unsigned long long)enforcer_state(d->enforcer)->elements);
	}
}
