/* SPDX-License-Identifier: MIT */
/* What the engine said, as lines of text: see answer() in sequence.py. Behind each ban and shadow
 * stands one more line that the oracle's answer has not: `evidence SCORE
 * EVENT:TIME:TYPE:COUNT:POINTS...`, the score uncapped, times in microseconds. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "property/driver.h"

/* Prints ` SECONDS`, or ` never`. */
static void print_time(instant t)
{
	char text[32];
	int n;

	if (instant_is_never(t)) {
		(void)fputs(" never", stdout);
		return;
	}
	n = snprintf(text, sizeof(text), "%" PRId64 ".%06" PRId64, t.us / 1000000, t.us % 1000000);
	while (text[n - 1] == '0') {
		n--;
	}
	(void)printf(" %.*s", text[n - 1] == '.' ? n - 1 : n, text);
}

/* Prints ` PREFIX`, or ` -`. */
static void print_prefix(const struct prefix *p)
{
	char text[PREFIX_TEXT_MAX];

	(void)printf(" %s", p && p->addr.family ? prefix_format(p, text) : "-");
}

static void print_jail(uint16_t jail, uint16_t scope)
{
	if (jail == JAIL_BY_HAND) {
		(void)printf(" hand %u", scope);
	} else {
		(void)printf(" %u %u", jail, scope);
	}
}

static void print_evidence(const struct decision *d)
{
	(void)printf("evidence %" PRId64, d->score);
	for (size_t i = 0; i < d->n_evidence; i++) {
		const struct evidence *e = &d->evidence[i];

		(void)printf(" %" PRIu64 ":%" PRId64 ":%u:%u:%" PRId64, e->event, e->time.us,
			     e->type, e->count, e->points);
	}
	(void)putchar('\n');
}

static void print_decision(const struct decision *d)
{
	const char *because = because_word(d->because);

	(void)printf("%s %s %" PRIu64, decision_word(d->kind), because ? because : "-", d->ban);
	print_time(d->time);
	print_prefix(&d->prefix);
	print_jail(d->jail, d->scope);
	if (d->kind == DECISION_LIFT) {
		(void)putchar('\n');
		return;
	}
	print_time(d->until);
	(void)printf(" %s %u ", action_word(d->action), d->type);
	if (d->service == EVENT_SERVICE_NONE) {
		(void)fputs("none", stdout);
	} else {
		(void)printf("%u", d->service);
	}
	(void)printf(" %" PRIu32 " %" PRId64, d->threshold,
		     d->score > d->threshold ? (int64_t)d->threshold : d->score);
	print_prefix(d->kind == DECISION_SPARED ? &d->cover : NULL);
	(void)putchar('\n');
	print_evidence(d);
}

static void copy_text(struct str text, char out[static TEXT + 1])
{
	size_t n = text.n < TEXT ? text.n : TEXT;

	memcpy(out, text.p ? text.p : "", n);
	out[n] = '\0';
}

static void keep(struct driver *d, const struct counted *counted)
{
	struct kept *kept = &d->events[d->n_events];

	if (d->n_events++ == EVENTS) {
		fail("too many events", STR_NONE);
	}
	kept->counted = *counted;
	kept->forgotten = 0;
	copy_text(counted->event.account, kept->account);
	copy_text(counted->event.data, kept->jail);
}

void answer_batch(struct driver *d)
{
	struct batch batch = engine_take(d->engine);
	uint64_t last = 0;

	for (size_t i = 0; i < batch.n_decisions; i++) {
		print_decision(&batch.decisions[i]);
	}
	for (size_t i = 0; i < batch.n_events; i++) {
		if (batch.events[i].id > 0) {
			last = batch.events[i].id;
			keep(d, &batch.events[i]);
		}
	}
	if (last > 0) {
		(void)printf("counted %" PRIu64 "\n", last);
	}
}

static void print_entries(const struct engine *e)
{
	const struct ban *ban;
	uint32_t cursor = 0;
	instant until;

	while ((ban = engine_each_ban(e, &cursor))) {
		(void)printf("entry %" PRIu64 " %s %d", ban->id, decision_word(ban->kind),
			     ban->ended);
		print_time(ban->until);
		print_prefix(&ban->prefix);
		print_jail(ban->jail, ban->scope);
		(void)fputs("\nwish", stdout);
		print_prefix(&ban->prefix);
		(void)printf(" %u", ban->scope);
		if (engine_wish(e, &ban->prefix, ban->scope, &until)) {
			print_time(until);
		} else {
			(void)fputs(" -", stdout);
		}
		(void)putchar('\n');
	}
}

static void print_never(const struct engine *e)
{
	const struct never_entry *entry;
	uint32_t cursor = 0;

	while ((entry = never_block_each(engine_never(e), &cursor))) {
		if (entry->from != NEVER_BY_HAND) {
			continue;
		}
		(void)fputs("never", stdout);
		print_prefix(&entry->prefix);
		print_time(entry->until);
		if (entry->jail == NEVER_ANY_JAIL) {
			(void)fputs(" any", stdout);
		} else {
			(void)printf(" %u", entry->jail);
		}
		if (entry->service == NEVER_ANY_SERVICE) {
			(void)puts(" any");
		} else {
			(void)printf(" %u\n", entry->service);
		}
	}
}

static void print_score(const struct jail *jail, uint16_t number, int64_t score)
{
	int64_t threshold = jail->threshold;

	(void)printf(" %u %" PRId64 "\n", number, score > threshold ? threshold : score);
}

static void print_account(const struct engine *e, struct str account, instant now)
{
	const struct ruleset *r = engine_ruleset(e);

	for (uint16_t i = 0; i < r->n_jails; i++) {
		if (r->jails[i].subject == SUBJECT_ACCOUNT) {
			(void)printf("score @%.*s", STR_ARG(account));
			print_score(&r->jails[i], i,
				    engine_score_account(e, i, account, now, NULL, 0).score);
		}
	}
}

static void print_known(const struct engine *e, struct str account, const struct words *w,
			instant now)
{
	for (size_t i = 2; i < w->n; i++) {
		struct prefix p;

		if (w->at[i].p[0] != '@') {
			p = word_prefix(w->at[i]);
			(void)printf("known @%.*s %.*s %d\n", STR_ARG(account), STR_ARG(w->at[i]),
				     engine_is_known(e, account, &p, now));
		}
	}
}

static void print_brakes(const struct engine *e, instant now)
{
	for (uint16_t i = 0; i < engine_ruleset(e)->n_jails; i++) {
		instant until = engine_jail_stats(e, i).braked_until;

		(void)printf("braked %u", i);
		if (until.us > now.us) {
			print_time(until);
			(void)putchar('\n');
		} else {
			(void)puts(" -");
		}
	}
}

static void print_about(const struct engine *e, const struct prefix *p, instant now)
{
	const struct ruleset *r = engine_ruleset(e);
	const struct ban *ban = bans_covering(engine_bans(e), p);

	(void)fputs("cover", stdout);
	print_prefix(p);
	print_prefix(ban ? &ban->prefix : NULL);
	(void)fputs("\nblocks", stdout);
	print_prefix(p);
	(void)printf(" %u\n", engine_blocks_30d(e, p, now));
	for (uint16_t i = 0; i < r->n_jails; i++) {
		if (r->jails[i].subject != SUBJECT_ACCOUNT) {
			(void)fputs("score", stdout);
			print_prefix(p);
			print_score(&r->jails[i], i, engine_score(e, i, p, now, NULL, 0).score);
		}
	}
}

void answer_state(const struct engine *e, const struct words *w)
{
	struct engine_stats stats = engine_stats(e);
	const instant now = { word_time(w->at[1]) };

	(void)fputs("deadline", stdout);
	print_time(engine_deadline(e));
	(void)printf("\ncount %" PRIu64 " %" PRIu32 "\n", stats.counted, stats.subjects);
	print_entries(e);
	print_never(e);
	print_brakes(e, now);
	for (size_t i = 2; i < w->n; i++) {
		if (w->at[i].p[0] == '@') {
			print_account(e, str_slice(w->at[i], 1, SIZE_MAX), now);
			print_known(e, str_slice(w->at[i], 1, SIZE_MAX), w, now);
		} else {
			struct prefix p = word_prefix(w->at[i]);

			print_about(e, &p, now);
		}
	}
}

void answer_order(const struct order *o, const struct order_result *result)
{
	(void)printf("result made=%zu renewed=%zu removed=%zu lifted=%zu known=%d never-block=%d "
		     "covered=%d cover=",
		     result->made, result->renewed, result->removed,
		     o->kind == ORDER_BAN ? 0 : result->lifted, result->known, result->never_block,
		     result->covered);
	if (result->covered || result->never_block) {
		char text[PREFIX_TEXT_MAX];

		(void)puts(prefix_format(&result->cover, text));
	} else {
		(void)puts("-");
	}
}
