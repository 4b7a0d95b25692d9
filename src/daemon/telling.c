/* SPDX-License-Identifier: MIT */
#include "daemon/telling.h"

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
