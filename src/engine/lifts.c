/* SPDX-License-Identifier: MIT */
/* lifts.c - bans that end before their time: one sentence each, and one pardon a prefix. */
#include "engine/lifts.h"

#include <stdlib.h>

struct decision lifts_decision(const struct ban *ban, const struct order *order,
			       enum because because)
{
	struct decision lift = bans_decision(ban);

	lift.kind = DECISION_LIFT;
	lift.because = because;
	lift.time = order->time;
	lift.by = order->by;
	lift.reason = order->reason;
	return lift;
}

void lifts_say(struct judge *j, const struct ban *ban, const struct order *order,
	       enum because because)
{
	const struct decision lift = lifts_decision(ban, order, because);

	outbox_decision(&j->out, &lift);
}

static int compare_prefixes(const void *left, const void *right)
{
	const struct decision *a = left, *b = right;

	return prefix_cmp(&a->prefix, &b->prefix);
}

static int compare_ids(const void *left, const void *right)
{
	const struct decision *a = left, *b = right;

	return (a->ban > b->ban) - (a->ban < b->ban);
}

void lifts_pardon(struct judge *j, instant at)
{
	size_t n;
	struct decision *lifts = outbox_decisions(&j->out, &n);

	if (n == 0) {
		return;
	}
	qsort(lifts, n, sizeof(*lifts), compare_prefixes);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || !prefix_eq(&lifts[i - 1].prefix, &lifts[i].prefix)) {
			judge_shorten(j, &lifts[i].prefix, at, true);
		}
	}
	qsort(lifts, n, sizeof(*lifts), compare_ids);
}
