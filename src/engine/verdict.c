/* SPDX-License-Identifier: MIT */
/* verdict.c - what becomes of a subject that has reached the threshold?
 *
 * The order of acts matters when there is no room: the entry comes first, so that a decision that
 * finds no room leaves no trace but a count, and the subject decides again at its next event. What
 * the brake takes back was a mistake of this very jail: such bans leave the table and count for
 * nothing, not even in the jails that watch this one, and what these banned only because of them is
 * free, too. */
#include "engine/verdict.h"

#include <errno.h>

enum { RECALL_SWEEP = 1000 };

bool verdict_is_trusted(const struct judge *j, uint16_t index, const struct event *event)
{
	const struct addr own = addr_unwrap(&event->addr);
	const struct prefix prefix = prefix_of(&own, addr_bits(&own));

	return never_block_find(j->never, &prefix, index, event->service) != NULL;
}

static bool is_known(const struct judge *j, const struct prefix *host,
		     const struct account_id *account, instant at)
{
	return known_has(j->known, host, account, at, j->rules->known_for);
}

/* ---- the brake ---- */

static bool is_running(const struct ban *ban)
{
	return ban && ban->kind == DECISION_BAN && !ban->ended;
}

static void remove_ban(struct judge *j, const struct ban *ban, instant at)
{
	struct decision lift = bans_decision(ban);

	lift.kind = DECISION_LIFT;
	lift.because = BECAUSE_BRAKE;
	lift.time = at;
	outbox_decision(&j->out, &lift);
	bans_drop(j->bans, ban);
}

/* The subject may have been heard of before that time only, or after it. */
static int64_t score_since(const struct judge *j, const struct jail *jail, uint32_t slot,
			   instant since)
{
	instant newest = slot == TABLE_NONE ? since : tracker_newest(j->tracker, slot);

	return slot == TABLE_NONE ? 0
				  : tracker_score_at(j->tracker, jail, slot,
						     newest.us > since.us ? newest : since);
}

/* The jail has not heard of the bans of the prefix since then, and what it would not have banned
 * without them is free, too. */
static void unsay_in(struct judge *j, uint16_t index, const struct prefix *prefix, instant since,
		     instant at)
{
	const struct jail *jail = &j->rules->jails[index];
	const struct tracker_match match = {
		.address = prefix_tag(prefix, j->seed),
		.type = EVENT_BANNED,
		.from = since,
		.to = INSTANT_NEVER,
	};
	const struct prefix target = jail->subject == SUBJECT_NETWORK
					     ? ruleset_network(j->rules, &prefix->addr)
					     : *prefix;
	const struct ban *ban = bans_find(j->bans, index, &target, jail->scope);
	uint32_t slot = judge_slot(j, index, prefix);

	if (slot != TABLE_NONE) {
		(void)tracker_withdraw(j->tracker, jail, slot, &match);
	}
	if (is_running(ban) && ban->since.us >= since.us &&
	    score_since(j, jail, slot, ban->since) < jail->threshold) {
		remove_ban(j, ban, at);
		if (!prefix_eq(&target, prefix)) {
			judge_shorten(j, &target, at, true);
		}
	}
}

/* Does a jail ban it of its own, or a person? */
static bool is_banned_apart(const struct judge *j, const struct prefix *prefix, instant at)
{
	const struct ban *ban = NULL;

	while ((ban = bans_on(j->bans, prefix, ban))) {
		if (at.us < ban->until.us &&
		    (ban->jail == JAIL_BY_HAND || !j->rules->jails[ban->jail].watches_jails)) {
			return true;
		}
	}
	return false;
}

static void unsay(struct judge *j, const struct prefix *prefix, instant at)
{
	instant since;
	uint32_t told;

	if (!history_told(j->history, prefix, at, &since, &told)) {
		return;
	}
	for (uint16_t i = 0; i < j->rules->n_jails; i++) {
		if ((told & j->listener[i]) != 0 && j->rules->jails[i].subject != SUBJECT_ACCOUNT) {
			unsay_in(j, i, prefix, since, at);
		}
	}
}

static void take_back(struct judge *j, uint16_t index, const struct prefix *prefix, instant at)
{
	const struct ban *ban = bans_find(j->bans, index, prefix, j->rules->jails[index].scope);

	if (!is_running(ban)) {
		return;
	}
	remove_ban(j, ban, at);
	if (!is_banned_apart(j, prefix, at)) {
		unsay(j, prefix, at);
	}
	judge_shorten(j, prefix, at, true);
}

void verdict_brake(struct judge *j, uint16_t index, const struct prefix *target, instant at)
{
	struct brake *b = &j->brakes[index];
	bool held = brake_holds(b, at);

	if (j->rules->jails[index].subject == SUBJECT_NETWORK || !is_known(j, target, NULL, at) ||
	    !brake_note(b, target, at, j->rules->brake)) {
		return;
	}
	j->jails[index].brakes += held ? 0 : 1;
	for (uint32_t i = 0; i < b->n; i++) {
		if (brake_is_among(b, i)) {
			take_back(j, index, &b->noted[i].prefix, at);
		}
	}
}

bool verdict_recall(struct judge *j, const struct ban *ban)
{
	bool taken_back = ban->kind == DECISION_BAN && ban->because == BECAUSE_BRAKE;

	if (ban->jail != JAIL_BY_HAND &&
	    (ban->kind == DECISION_BAN || ban->because == BECAUSE_BRAKE) &&
	    j->rules->jails[ban->jail].subject != SUBJECT_NETWORK &&
	    is_known(j, &ban->prefix, NULL, ban->since)) {
		(void)brake_note(&j->brakes[ban->jail], &ban->prefix, ban->since, j->rules->brake);
	}
	return !taken_back;
}

/* What was over when this one was decided makes room for it. */
int verdict_recall_put(struct judge *j, const struct ban *ban)
{
	if (bans_is_full(j->bans)) {
		(void)bans_sweep(j->bans, j->rules->jails, ban->since, RECALL_SWEEP);
	}
	if (bans_is_full(j->bans) && !bans_find(j->bans, ban->jail, &ban->prefix, ban->scope)) {
		j->stats.no_room += ban->ended ? 0 : 1;
		return 0;
	}
	return bans_put(j->bans, ban) ? 0 : -ENOMEM;
}

/* ---- decisions ---- */

/* Kind and reason. */
static void judge_kind(struct judge *j, struct ban *ban, const struct sight *s,
		       const struct never_entry *cover)
{
	const struct jail *jail = &j->rules->jails[ban->jail];

	ban->kind = DECISION_SPARED;
	if (cover) {
		ban->because = judge_because(cover);
	} else if (jail->subject == SUBJECT_ACCOUNT && jail->spare_known &&
		   is_known(j, &ban->prefix, &s->account, ban->since)) {
		ban->because = BECAUSE_KNOWN_GOOD;
	} else if (jail->mode == JAIL_OBSERVE || j->observes) {
		ban->kind = DECISION_OBSERVED;
		ban->because = jail->mode == JAIL_OBSERVE ? BECAUSE_JAIL_OBSERVES
							  : BECAUSE_DAEMON_OBSERVES;
	} else {
		verdict_brake(j, ban->jail, &ban->prefix, ban->since);
		ban->kind = DECISION_BAN;
		ban->because = BECAUSE_NONE;
		if (brake_holds(&j->brakes[ban->jail], ban->since)) {
			ban->kind = DECISION_OBSERVED;
			ban->because = BECAUSE_BRAKE;
		}
	}
}

/* The step of the ladder that this episode takes. */
static void judge_length(const struct judge *j, struct ban *ban)
{
	const struct jail *jail = &j->rules->jails[ban->jail];
	unsigned n = history_next(j->history, judge_observer(ban), &ban->prefix, ban->since,
				  jail->ban_memory);
	duration step = jail->ladder[(n < jail->steps ? n : jail->steps) - 1U];

	ban->until = instant_add(ban->since, step);
	ban->action = ACTION_BLOCK;
	if (step.us == DURATION_FOREVER.us) {
		ban->until = INSTANT_NEVER;
		ban->action = ACTION_BLACKLIST;
	}
}

static void count_kind(struct judge *j, const struct ban *ban)
{
	struct jail_stats *jail = &j->jails[ban->jail];

	switch (ban->kind) {
	case DECISION_BAN: j->stats.bans++; break;
	case DECISION_SPARED:
		j->stats.spared++;
		jail->spared++;
		break;
	case DECISION_OBSERVED:
		j->stats.observed++;
		jail->observed++;
		break;
	case DECISION_LIFT: break;
	}
}

/* Makes the entry, in the place of an ended or overdue one. False: no room. */
static bool put(struct judge *j, struct ban *ban)
{
	const struct ban *old = bans_find(j->bans, ban->jail, &ban->prefix, ban->scope);

	if (!old && bans_is_full(j->bans)) {
		return false;
	}
	if (old && old->kind == DECISION_BAN && !old->ended) {
		judge_say_expired(j, old);
	}
	ban->id = ++j->last_ban;
	return bans_put(j->bans, ban) != NULL;
}

/* The decision as it is told, with what led to it. */
static void say(struct judge *j, const struct ban *ban, uint32_t slot,
		const struct never_entry *cover)
{
	struct decision d = bans_decision(ban);
	size_t n = judge_evidence(j, ban->jail, slot, tracker_newest(j->tracker, slot), j->evidence,
				  j->max_evidence);

	if (cover) {
		never_block_count_spared(j->never, cover, ban->since);
		d.cover = cover->prefix;
	}
	d.evidence = j->evidence;
	d.n_evidence = n < j->max_evidence ? n : j->max_evidence;
	outbox_decision(&j->out, &d);
}

/* Is the ban an event for other jails? */
static bool is_news(const struct jail *jail, const struct ban *ban)
{
	return ban->kind == DECISION_BAN && jail->n_watchers > 0 && !jail->watches_jails &&
	       jail->subject != SUBJECT_NETWORK;
}

/* An account goes on, only the address begins anew. */
static void clear(struct judge *j, uint16_t index, const struct sight *s)
{
	const struct jail *jail = &j->rules->jails[index];
	const struct subject subject = jail->subject == SUBJECT_ACCOUNT
					       ? subject_of_share(&s->host, &s->account)
					       : judge_subject(j, jail, s);

	tracker_forget(j->tracker, index, &subject);
}

void verdict_decide(struct judge *j, uint16_t index, const struct prefix *target, uint32_t slot,
		    const struct sight *s)
{
	const struct jail *jail = &j->rules->jails[index];
	struct ban ban = {
		.prefix = *target,
		.jail = index,
		.scope = jail->scope,
		.type = s->event->type,
		.service = s->event->service,
		.threshold = jail->threshold,
		.score = tracker_score(j->tracker, slot),
		.event = s->id,
		.since = s->event->time,
	};
	const struct never_entry *cover = judge_spared_by(j, &ban);

	judge_kind(j, &ban, s, cover);
	judge_length(j, &ban);
	if (!put(j, &ban)) {
		j->stats.no_room++;
		return;
	}
	history_add(j->history, judge_observer(&ban), target, ban.since, ban.until);
	count_kind(j, &ban);
	say(j, &ban, slot, cover);
	if (is_news(jail, &ban)) {
		j->news[j->n_news++] = (struct judge_news){
			.jail = index,
			.prefix = *target,
			.time = ban.since,
		};
	}
	if (jail->after_ban == AFTER_BAN_CLEAR) {
		clear(j, index, s);
	}
}
