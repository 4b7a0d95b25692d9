/* SPDX-License-Identifier: MIT */
#include "ctl/replay_row.h"

static struct value *count_types(const struct ruleset *rules, const struct decision *d)
{
	struct value *counts = value_object();

	for (size_t i = 0; i < d->n_evidence; i++) {
		CLEANUP(buf_done) struct buf name = { 0 };

		buf_add_str(&name, names_at(&rules->types, d->evidence[i].type));
		value_set_int(counts, buf_text(&name),
			      value_int(value_get(counts, buf_text(&name)), 0) +
				      d->evidence[i].count);
	}
	return counts;
}

struct value *replay_row(const struct ruleset *rules, const struct decision *d)
{
	struct value *row = value_object();
	char prefix[PREFIX_TEXT_MAX];

	value_set_word(row, "decision", decision_word(d->kind));
	value_set_instant(row, "time", d->time);
	value_set_word(row, "prefix", prefix_format(&d->prefix, prefix));
	value_set_word(row, "action", action_word(d->action));
	value_set_text(row, "jail", ruleset_jail_name(rules, d->jail));
	if (d->kind != DECISION_LIFT) {
		value_set_text(row, "type", rules->jails[d->jail].type);
		value_set_int(row, "score", d->score);
		value_set_int(row, "threshold", d->threshold);
		value_set_instant(row, "until", d->until);
		value_set(row, "events", count_types(rules, d));
	}
	if (because_word(d->because)) {
		value_set_word(row, "because", because_word(d->because));
	}
	return row;
}
